"""PTX for NVIDIA's processors: special registers, and functions of libdevice.

>>> symbol("exp", "double", 1), symbol("exp", "float", 1)
('__nv_exp', '__nv_expf')
"""

from __future__ import annotations

from typing import Final

from conure.codegen.dialect import Dialect
from conure.codegen.module import Function, Module

_REGISTERS: Final = {"thread": "tid", "threads": "ntid", "group": "ctaid", "groups": "nctaid"}


def symbol(name: str, kind: str, operands: int) -> str:
    """libdevice's function of reals."""
    return f"__nv_{name}{'f' if kind == 'float' else ''}"


def _ask(module: Module, function: Function, word: str, axis: int) -> str:
    register = f"@llvm.nvvm.read.ptx.sreg.{_REGISTERS[word]}.{'xyz'[axis]}"
    module.declare(f"i32 {register}()")
    return function.value(f"zext i32 {function.value(f'call i32 {register}()')} to i64")


def _wait(module: Module, function: Function) -> None:
    module.declare("void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)")
    function.emit("call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)")


def _attributes(group: int) -> str:
    return f'"nvvm.maxntid"="{group}"'


DIALECT: Final = Dialect("ptx_kernel", _attributes, symbol, _ask, _wait)
