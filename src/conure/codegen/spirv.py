"""SPIR-V for OpenCL devices: kernels call OpenCL's built-in functions by their mangled names.

>>> symbol("exp", "double", 1), symbol("hypot", "float", 2)
('_Z3expd', '_Z5hypotff')
"""

from __future__ import annotations

from typing import Final

from conure.codegen.dialect import Dialect
from conure.codegen.module import Function, Module

_ASKED: Final = {
    "thread": "_Z12get_local_idj",
    "threads": "_Z14get_local_sizej",
    "group": "_Z12get_group_idj",
    "groups": "_Z14get_num_groupsj",
}
_LOCAL_MEMORY: Final = 1  # CLK_LOCAL_MEM_FENCE

INTRINSICS: Final = frozenset(
    ("fabs", "floor", "ceil", "trunc", "rint", "sqrt", "copysign", "abs", "smax", "smin", "umax",
     "umin", "assume", "lifetime.start", "lifetime.end", "experimental.noalias.scope.decl")
)  # fmt: skip
"""LLVM's own functions that its back end is known to translate: at others it ends the process."""


def symbol(name: str, kind: str, operands: int) -> str:
    """OpenCL's function of reals, mangled as in C++."""
    return f"_Z{len(name)}{name}{kind[0] * operands}"


def _ask(module: Module, function: Function, word: str, axis: int) -> str:
    name = _ASKED[word]
    module.declare(f"i64 @{name}(i32) nounwind willreturn memory(none)")
    return function.value(f"call i64 @{name}(i32 {axis})")


def _wait(module: Module, function: Function) -> None:
    group = module.attributes("convergent nounwind")
    module.declare(f"void @_Z7barrierj(i32) {group}")
    function.emit(f"call void @_Z7barrierj(i32 {_LOCAL_MEMORY}) {group}")


DIALECT: Final = Dialect("spir_kernel", lambda group: "", symbol, _ask, _wait)
