"""LLVM, through llvmlite: IR text to object code, to readable assembly, to loaded functions.

This file and `load` are all that knows llvmlite. Measured on two cores at 3 GHz with LLVM 22:
importing `llvmlite.binding` 27 ms, which only the first assembly of a process does; that
assembly itself 22 ms (LLVM's own first-time work), later ones of a small kernel 4 ms (parse
0.2, O3 1.8, machine code 2.1).

    >>> code = assemble("define i32 @answer() { ret i32 42 }", host())
    >>> ctypes.CFUNCTYPE(ctypes.c_int)(load(code, ["answer"])["answer"])()
    42
"""

from __future__ import annotations

import contextlib
import ctypes  # noqa: F401 # for the doctest
import functools
import importlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import llvmlite

from conure.codegen.load import load
from conure.errors import DeviceError
from conure.target import Target, host  # noqa: F401 # for the doctest

__all__ = ["VERSION", "assemble", "assembly", "load", "optimized"]

VERSION: Final = f"llvmlite {llvmlite.__version__}"
"""Part of every cache key: each llvmlite version has its own LLVM, which makes other code."""

Result = TypeVar("Result")

llvm_lock = threading.RLock()


def assemble(ir_text: str, target: Target, level: int = 3) -> bytes:
    """A relocatable object file for the target, optimised by LLVM's O3 with vectorization; at
    level 0 it is not optimised, and made in an eighth of the time.

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


def _compile(
    ir_text: str, target: Target, level: int, emit: Callable[[Any, Any], Result]
) -> Result:
    llvm = binding()
    with llvm_lock:
        machine = _machine(target, level)
        module = _parse(ir_text, machine)
        options = llvm.create_pipeline_tuning_options(speed_level=level)
        options.loop_vectorization = options.slp_vectorization = True
        options.loop_interleaving = options.loop_unrolling = True
        builder = llvm.create_pass_builder(machine, options)
        with _with(_options(target)):
            builder.getModulePassManager().run(module, builder)
            return emit(machine, module)


def _options(target: Target) -> dict[str, bool]:
    """What LLVM is told to do otherwise than by itself: no second version of a loop for a row
    length of 1, in whose stead short loops stay scalar. On x86 no branch for a choice that the next
    turn waits for, which a dynamic program (`d[i, j] = min(d[i - 1, j], d[i, j - 1])`) mispredicts,
    at three times the time; and no search for other addresses in loops, which takes up to a quarter
    of the time of compiling and makes short rows of stencils slower."""
    if not target.triple.startswith("x86_64"):  # LLVM ends the process at an option unknown to it
        return {"enable-mem-access-versioning": False}
    return {
        "enable-mem-access-versioning": False,
        "x86-cmov-converter": False,
        "disable-lsr": True,
    }


@contextlib.contextmanager
def _with(options: dict[str, bool]) -> Iterator[None]:
    """LLVM with other options; they are the whole process's, so they are put back."""
    for option, wanted in options.items():
        binding().set_option("conure", f"-{option}={str(wanted).lower()}")
    try:
        yield
    finally:
        for option, wanted in options.items():
            binding().set_option("conure", f"-{option}={str(not wanted).lower()}")


def _parse(ir_text: str, machine: Any) -> Any:
    # A context of its own, which goes with the module; the global one would only grow.
    llvm = binding()
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
def _machine(target: Target, level: int = 3) -> Any:
    llvm = binding()
    cpu, features = target.cpu, target.features
    if cpu == "host":
        cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    return llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=cpu, features=features, opt=level, reloc="pic", codemodel="small"
    )


@functools.cache
def binding() -> Any:
    """llvmlite's binding of LLVM, ready for this machine."""
    llvm = importlib.import_module("llvmlite.binding")
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()  # the worker pool has one line of assembly
    return llvm
