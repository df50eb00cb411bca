"""LLVM, through llvmlite: IR text to object code, to readable assembly, to loaded functions.

This is the only file that knows llvmlite. Measured on two cores at 3 GHz with LLVM 22:
importing it 27 ms; the first assembly of a process 22 ms (LLVM's own first-time work), later
ones of a small kernel 4 ms (parse 0.2, O3 1.8, machine code 2.1); a loader 1 ms, once, and
0.3 ms per object file.

    >>> code = assemble("define i32 @answer() { ret i32 42 }", host())
    >>> ctypes.CFUNCTYPE(ctypes.c_int)(load(code, ["answer"])["answer"])()
    42
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import llvmlite
import llvmlite.binding as llvm

from conure.errors import DeviceError
from conure.target import Target, host

VERSION: Final = f"llvmlite {llvmlite.__version__}, LLVM {llvm.llvm_version_info}"
"""Part of every cache key: other versions make other code."""

Result = TypeVar("Result")

_llvm_lock = threading.RLock()
_library_numbers = itertools.count()
_loaded: list[Any] = []
"""What keeps loaded code alive: code is never unloaded, as a thread may still be in it."""


def assemble(ir_text: str, target: Target, level: int = 3) -> bytes:
    """A relocatable object file for the target, optimised by LLVM's O3 with vectorization.

    Raises
    ------
    DeviceError
        If LLVM refuses the text; that is a mistake of Conure, and the message shows the line.
    """
    return _compile(
        ir_text, target, level, lambda machine, module: bytes(machine.emit_object(module))
    )


def assembly(ir_text: str, target: Target, level: int = 3) -> str:
    """The machine code as text, for people."""
    return _compile(
        ir_text, target, level, lambda machine, module: str(machine.emit_assembly(module))
    )


def optimized(ir_text: str, target: Target, level: int = 3) -> str:
    """The IR text after LLVM's passes, for people."""
    return _compile(ir_text, target, level, lambda machine, module: str(module))


def load(code: bytes, names: Iterable[str]) -> dict[str, int]:
    """Load an object file into this process; the addresses of these symbols in it.

    Symbols that the code needs come from the process: libm, libc, Python, the vector math
    library. Each object file is a library of its own: equal names in two do not meet.

    Raises
    ------
    DeviceError
        If a symbol is missing in the process or the object file.
    """
    names = list(names)
    library = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
    for name in names:
        library.export_symbol(name)
    with _llvm_lock:
        try:
            tracker = library.link(_loader(), f"conure{next(_library_numbers)}")
        except RuntimeError as error:
            raise DeviceError(f"compiled code does not load: {error}") from error
        _loaded.append(tracker)
        return {name: tracker[name] for name in names}


def _compile(
    ir_text: str, target: Target, level: int, emit: Callable[[Any, Any], Result]
) -> Result:
    with _llvm_lock:
        machine = _machine(target)
        module = _parse(ir_text, machine)
        options = llvm.create_pipeline_tuning_options(speed_level=level)
        options.loop_vectorization = options.slp_vectorization = True
        options.loop_interleaving = options.loop_unrolling = True
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
        return emit(machine, module)


def _parse(ir_text: str, machine: Any) -> Any:
    # A context of its own, which goes with the module; the global one would only grow.
    context = llvm.create_context()
    try:
        module = llvm.parse_assembly(ir_text, context)
        module.verify()
    except RuntimeError as error:
        raise DeviceError(f"LLVM refuses the generated code: {error}") from error
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    return module


@functools.cache
def _machine(target: Target) -> Any:
    _initialize()
    cpu, features = target.cpu, target.features
    if cpu == "host":
        cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    return llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=cpu, features=features, opt=3, reloc="pic", codemodel="small"
    )


@functools.cache
def _loader() -> Any:
    """One JIT for the process; JITLink lays a whole object file out in one block, so that its
    parts reach each other by 32-bit offsets wherever the system puts it."""
    _initialize()
    if library := host().math_library:
        # Symbols are looked up in what the process has loaded globally.
        _loaded.append(ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL))
    return llvm.create_lljit_compiler(use_jit_link=True, suppress_errors=True)


@functools.cache
def _initialize() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()  # the worker pool has one line of assembly
