"""A device's module, through llvmlite: LLVM IR text to what the device's driver compiles.

    >>> text = "define spir_kernel void @k(i64 %n) { ret void }"
    >>> assemble_kernels(text, device("opencl"))[:4].hex()
    '03022307'

LLVM's back end for SPIR-V ends the process at what it cannot translate, and keeps things of one
module, by addresses that are soon another's, when it translates the next: ids then collide. So it
runs in a process of its own for each module (0.1 s; the result is kept on disk). What the
optimizer made is looked through before: its own functions and integers of odd widths, which it
likes to invent (`llvm.uadd.sat`, a product in i65). Text with such things is made again with few
passes.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import llvmlite

from conure.codegen.assemble import binding, llvm_lock
from conure.codegen.spirv import INTRINSICS
from conure.errors import CompileError, DeviceError
from conure.target import Target, device  # noqa: F401 # device is the doctest's

_FUNCTION: Final = re.compile(r"@llvm\.([a-z_.]+[a-z])(?:\.[a-z]*\d+)*\(")
_INTEGER: Final = re.compile(r"(?<![\w.%@])i(\d+)\b")  # a type, not the end of a name
_WIDTHS: Final = frozenset(("1", "8", "16", "32", "64"))
_COMPOUND: Final = re.compile(r"<\d+ x |phi \{|select i1 \S+ \{")


def assemble_kernels(text: str, target: Target) -> bytes:
    """SPIR-V, or the text of PTX.

    Raises
    ------
    CompileError
        If LLVM refuses the text, or made something of it that the device's language has not.
    DeviceError
        If the library of functions that the kernels call is missing.
    """
    facts = target.device
    assert facts is not None
    with llvm_lock:
        machine = _machine(target)
        if facts.language == "ptx":
            module = _optimized(_with_functions(_parsed(text, machine), machine), machine)
            return str(machine.emit_assembly(module)).encode()
        module = _optimized(_parsed(text, machine), machine)
        if _strange(str(module)):
            module = _barely_optimized(_parsed(text, machine), machine)
            if strange := _strange(str(module)):
                raise CompileError(f"{strange} cannot be said in the device's language")
        return _emitted(str(module), target)


_EMIT: Final = """
import sys
sys.path.insert(0, sys.argv[1])
import llvmlite.binding as llvm
llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()
module = llvm.parse_assembly(sys.stdin.buffer.read().decode())
machine = llvm.Target.from_triple(module.triple).create_target_machine(opt=3)
sys.stdout.buffer.write(machine.emit_object(module))
"""
_SECONDS: Final = 120


def _emitted(text: str, target: Target) -> bytes:
    """The object of an optimized module, made by another process."""
    folder = os.path.dirname(os.path.dirname(llvmlite.__file__))
    command = [sys.executable, "-I", "-c", _EMIT, folder]
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise CompileError(f"LLVM cannot be run in a process of its own: {error}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it crashed"]
        raise CompileError(f"LLVM cannot say a kernel in {target.name}'s language: {said[0]}")
    return done.stdout


def _machine(target: Target) -> Any:
    """A machine for one module."""
    return (
        _all_targets()
        .Target.from_triple(target.triple)
        .create_target_machine(cpu=target.cpu, features=target.features, opt=3)
    )


@functools.cache
def _all_targets() -> Any:
    llvm = binding()
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm


def _parsed(text: str, machine: Any) -> Any:
    llvm = binding()
    try:
        module = llvm.parse_assembly(text, llvm.create_context())
        module.verify()
    except RuntimeError as error:
        raise CompileError(f"LLVM refuses the generated code: {error}") from error
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    return module


def _optimized(module: Any, machine: Any) -> Any:
    llvm = binding()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module


def _barely_optimized(module: Any, machine: Any) -> Any:
    """With passes that invent nothing: calls inlined, variables in registers."""
    llvm = binding()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options())
    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    passes.add_sroa_pass()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, builder)
    return module


def _strange(text: str) -> str:
    """What the back end may not know; empty if there is nothing."""
    for match in _FUNCTION.finditer(text):
        if match[1] not in INTRINSICS:
            return f"llvm.{match[1]}"
    body = "\n".join(line for line in text.splitlines() if not line.startswith(("!", "target")))
    for match in _INTEGER.finditer(body):
        if match[1] not in _WIDTHS:
            return match[0]
    compound = _COMPOUND.search(body)
    return compound[0] if compound else ""


# ---- libdevice ----


def _with_functions(module: Any, machine: Any) -> Any:
    """The module with the functions that it calls, of the library that comes with `nvidia-nvvm`."""
    names = {each.name for each in module.functions if not each.is_declaration}
    if not any(each.name.startswith("__nv_") for each in module.functions):
        return module
    llvm = binding()
    text = str(module)
    context = llvm.create_context()
    module = llvm.parse_assembly(text, context)
    module.link_in(llvm.parse_bitcode(_library(), context))
    for function in module.functions:
        if not function.is_declaration and function.name not in names:
            function.linkage = "internal"
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    return module


@functools.cache
def _library() -> bytes:
    for path in _places():
        if path.is_file():
            return path.read_bytes()
    raise DeviceError(
        "math functions of NVIDIA's devices need libdevice.10.bc, which was not found;"
        " pip install conure[cuda] brings it"
    )


def _places() -> Iterator[Path]:
    """Where the library may be: in the packages of NVIDIA, or in an installed toolkit."""
    found = importlib.util.find_spec("nvidia")
    for folder in found.submodule_search_locations or () if found else ():
        yield from sorted(Path(folder).glob("*/nvvm/libdevice/libdevice.10.bc"))
    for variable in ("CUDA_HOME", "CUDA_PATH"):
        if home := os.environ.get(variable):
            yield Path(home, "nvvm", "libdevice", "libdevice.10.bc")
