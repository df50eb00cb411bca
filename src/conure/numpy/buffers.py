"""The buffer protocol: `memoryview(a)`, `file.write(a)`, `hashlib.sha256(a)`, `struct.unpack_from`.

Python has a method for it since 3.12. Before, only a class that is written in C can lend its
memory: there the slot of our class is filled through ctypes, with a function that asks NumPy's
array. What NumPy refuses (memory that has gaps) is refused there too, though as a SystemError.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Final

from conure.numpy.handle import ndarray
from conure.numpy.seam import expose

LENT: Final = "?biufcSU"
"""Kinds of dtypes whose memory is lent: of others the buffer's format would not tell all."""

BUFFER_PROCEDURES: Final = 20
"""Where a class has the pointer to its buffer procedures, in words (CPython 3.11)."""


def __buffer__(self: Any, flags: int, /) -> Any:
    """The memory of the array; see `memoryview`."""
    if self.dtype.kind not in LENT:
        raise BufferError(f"dtype {self.dtype} is told by __array__ only")
    return expose(self).__buffer__(flags)


def _lend(array: Any, view: int | None, flags: int) -> int:
    """Python's `bf_getbuffer`; no exception passes through it."""
    if view is not None:  # whoever is refused finds no owner there
        ctypes.c_void_p.from_address(view + ctypes.sizeof(ctypes.c_void_p)).value = None
    try:
        if array.dtype.kind not in LENT:
            return -1
        result: int = ctypes.pythonapi.PyObject_GetBuffer(
            ctypes.py_object(expose(array)), ctypes.c_void_p(view), flags
        )
    except BaseException:  # also Ctrl-C, and errors of an evaluation: the caller asks otherwise
        return -1
    return result


_SLOT: Final = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_void_p, ctypes.c_int)(
    _lend
)


def lend_memory() -> None:
    """Let Python's own functions reach the memory of arrays."""
    if sys.version_info >= (3, 12):
        setattr(ndarray, "__buffer__", __buffer__)  # noqa: B010 # the class has no such name yet
    elif sys.implementation.name == "cpython" and sys.version_info >= (3, 11):
        words = (ctypes.c_void_p * (BUFFER_PROCEDURES + 1)).from_address(id(ndarray))
        procedures = (ctypes.c_void_p * 2).from_address(words[BUFFER_PROCEDURES] or 0)
        procedures[0] = ctypes.cast(_SLOT, ctypes.c_void_p).value or 0
