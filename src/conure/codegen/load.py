"""Object code into this process, by LLVM's JIT linker.

Loading is all that a process with a warm cache needs of LLVM, and importing `llvmlite.binding`
costs 27 to 38 ms, most of it for parts that loading does not touch. So for the llvmlite
versions in `KNOWN` the four functions of its library that link an object file are called
directly: 6 ms. With any other version, the same goes through llvmlite's public names.

    >>> load(b"not an object file", ["entry"])
    Traceback (most recent call last):
    conure.errors.DeviceError: compiled code does not load: ...
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import itertools
import os
import threading
from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

import llvmlite

from conure.errors import DeviceError
from conure.target import host

KNOWN: Final = ("0.50.",)
"""Versions of llvmlite whose library is known to have the functions that `DirectLinker` calls."""

_lock = threading.Lock()
_library_numbers = itertools.count()
_loaded: list[Any] = []
"""What keeps loaded code alive: code is never unloaded, as a thread may still be in it."""


class Linker(Protocol):
    """Links an object file as a library of this name and gives the addresses of symbols in it."""

    def link(self, library: str, code: bytes, names: Sequence[str]) -> list[int]:
        """The addresses, in the order of the names; RuntimeError if one is missing."""


def load(code: bytes, names: Iterable[str]) -> dict[str, int]:
    """Load an object file into this process; the addresses of these symbols in it (0.3 ms).

    Symbols that the code needs come from the process: libm, libc, Python, the vector math
    library. Each object file is a library of its own: equal names in two do not meet.

    Raises
    ------
    DeviceError
        If a symbol is missing in the process or the object file.
    """
    names = list(dict.fromkeys(names))
    with _lock:
        try:
            addresses = _linker().link(f"conure{next(_library_numbers)}", code, names)
        except RuntimeError as error:
            raise DeviceError(f"compiled code does not load: {error}") from error
    return dict(zip(names, addresses, strict=True))


@functools.cache
def _linker() -> Linker:
    if library := host().math_library:
        # Symbols are looked up in what the process has loaded globally.
        _loaded.append(ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL))
    path = os.path.join(os.path.dirname(llvmlite.__file__), "binding", "libllvmlite.so")
    if llvmlite.__version__.startswith(KNOWN) and os.path.exists(path):
        return DirectLinker(path)
    return PublicLinker()


class PublicLinker:
    """Through llvmlite's public names.

    JITLink lays a whole object file out in one block, so that its parts reach each other by
    32-bit offsets wherever the system puts it.
    """

    def __init__(self) -> None:
        self._llvm = importlib.import_module("llvmlite.binding")
        self._llvm.initialize_native_target()
        self._llvm.initialize_native_asmprinter()
        self._jit = self._llvm.create_lljit_compiler(use_jit_link=True, suppress_errors=True)

    def link(self, library: str, code: bytes, names: Sequence[str]) -> list[int]:
        builder = self._llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        for name in names:
            builder.export_symbol(name)
        tracker = builder.link(self._jit, library)
        _loaded.append(tracker)
        return [tracker[name] for name in names]


class _Element(ctypes.Structure):
    """A part of a library to link: kind 2 is an object file, 3 the symbols of the process."""

    _fields_ = (("kind", ctypes.c_uint8), ("value", ctypes.c_char_p), ("size", ctypes.c_size_t))


class _Symbol(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("address", ctypes.c_uint64))


class DirectLinker:
    """The same calls as `PublicLinker` ends up making."""

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(path)
        self._library.LLVMPY_InitializeNativeTarget()
        self._library.LLVMPY_InitializeNativeAsmPrinter()
        create = self._library.LLVMPY_CreateLLJITCompiler
        create.restype = ctypes.c_void_p
        create.argtypes = [ctypes.c_void_p, ctypes.c_bool, ctypes.c_bool, ctypes.c_void_p]
        self._link = self._library.LLVMPY_LLJIT_Link
        self._link.restype = ctypes.c_void_p
        address, size, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
        self._link.argtypes = [address, text, *(address, size) * 3, address]
        self._library.LLVMPY_DisposeString.argtypes = [ctypes.c_void_p]
        message = ctypes.c_char_p()
        suppress_errors = use_jit_link = True
        self._jit = self._checked(
            create(None, suppress_errors, use_jit_link, ctypes.byref(message)), message
        )

    def link(self, library: str, code: bytes, names: Sequence[str]) -> list[int]:
        elements = (_Element * 2)(_Element(2, code, len(code)), _Element(3, b"", 0))
        symbols = (_Symbol * len(names))(*(_Symbol(name.encode(), 0) for name in names))
        message = ctypes.c_char_p()
        tracker = self._link(
            self._jit, library.encode(), elements, 2, None, 0, symbols, len(names),
            ctypes.byref(message),
        )  # fmt: skip
        self._checked(tracker, message)  # never disposed of: the code stays
        return [int(symbol.address) for symbol in symbols]

    def _checked(self, made: int | None, message: ctypes.c_char_p) -> int:
        if made:
            return made
        text = (message.value or b"LLVM gives no reason").decode(errors="replace")
        self._library.LLVMPY_DisposeString(message)
        raise RuntimeError(text)
