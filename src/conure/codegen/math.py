"""Math functions of reals: LLVM's own instructions, and C's, with their vector forms.

A call carries the list of vector forms that the target's library has
(`vector-function-abi-variant`); LLVM's loop vectorizer then uses them (but not on a call marked
`nobuiltin`, which would keep LLVM from such things as `exp2(x)` for `pow(2, x)`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from conure.codegen.dialects import dialect_of
from conure.codegen.scope import Scope, machine_type
from conure.ir.nodes import Apply, Const
from conure.ir.ops import OPS
from conure.ir.types import FLOAT, Scalar
from conure.target import DeviceFacts, vector_functions

INFINITY: Final = "0x7FF0000000000000"

_PURE: Final = "nounwind willreturn memory(none)"
_INTRINSICS: Final = frozenset(("sqrt", "floor", "ceil", "trunc", "rint", "copysign"))


def intrinsic(scope: Scope, name: str, kind: str, args: tuple[str, ...]) -> str:
    """A call of an LLVM intrinsic whose operands and result have one type."""
    suffix = {"double": "f64", "float": "f32"}.get(kind, kind)
    if name == "sqrt" and _is_coarse(scope, kind):
        return _by_double(scope, args, lambda wide: intrinsic(scope, name, "double", wide))
    full = f"@llvm.{name}.{suffix}"
    scope.module.declare(f"{kind} {full}({', '.join([kind] * len(args))})")
    operands = ", ".join(f"{kind} {arg}" for arg in args)
    return scope.function.value(f"call {kind} {full}({operands})")


def math_function(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    """A row of the operator table that is a function of reals."""
    scalar = node.args[0].type
    kind = machine_type(scalar)
    if node.op in _INTRINSICS:
        result = intrinsic(scope, node.op, kind, args)
    elif node.op == "pow" and _is_two(node):
        result = scope.function.value(f"fmul {kind} {args[0]}, {args[0]}")
    elif node.op == "fmod":
        result = remainder(scope, kind, *args)
    else:
        result = library_call(scope, OPS[node.op].math, scalar, args)
    if node.checked and scalar is FLOAT:
        _check(scope, node.op, kind, args, result)
    return result


def _is_two(node: Apply) -> bool:
    return isinstance(node.args[1], Const) and node.args[1].value == 2.0


def library_call(
    scope: Scope, name: str, scalar: Scalar, args: tuple[str, ...], vector: bool = True
) -> str:
    """A call of C's function; for float32 the one with an `f` behind its name. `vector`: it may
    become one of the vector form, which may differ in the last bits."""
    kind = machine_type(scalar)
    if scope.target.device is not None:
        return _device_call(scope, scope.target.device, name, kind, args)
    name += "f" if kind == "float" else ""
    scope.module.declare(f"{kind} @{name}({', '.join([kind] * len(args))})")
    attributes = _PURE
    if vector and (forms := vector_functions(scope.target).get(name, ())):
        attributes += f' "vector-function-abi-variant"="{",".join(forms)}"'
        for form in forms:
            _declare_vector(scope, form, kind)
    group = scope.module.attributes(attributes)
    operands = ", ".join(f"{kind} {arg}" for arg in args)
    return scope.function.value(f"call {kind} @{name}({operands}) {group}")


def _device_call(
    scope: Scope, device: DeviceFacts, name: str, kind: str, args: tuple[str, ...]
) -> str:
    """The device's own function; of float32, where it is too coarse, that of float64."""
    if kind == "float" and name not in device.single:
        return _by_double(
            scope, args, lambda wide: _device_call(scope, device, name, "double", wide)
        )
    symbol = dialect_of(scope.target).symbol(name, kind, len(args))
    scope.module.declare(f"{kind} @{symbol}({', '.join([kind] * len(args))})")
    operands = ", ".join(f"{kind} {arg}" for arg in args)
    return scope.function.value(f"call {kind} @{symbol}({operands})")


def _is_coarse(scope: Scope, kind: str) -> bool:
    """Whether quotient and square root of this type are not rounded correctly."""
    device = scope.target.device
    return device is not None and kind == "float" and not device.exact_single


def _by_double(
    scope: Scope, args: tuple[str, ...], compute: Callable[[tuple[str, ...]], str]
) -> str:
    """A float32 result by way of float64. For quotients and square roots this is exact: rounding
    twice does not show where the wider type has more than twice the digits and two."""
    wide = tuple(scope.function.value(f"fpext float {arg} to double") for arg in args)
    return scope.function.value(f"fptrunc double {compute(wide)} to float")


def quotient(scope: Scope, kind: str, a: str, b: str) -> str:
    """a / b, rounded correctly."""
    value = scope.function.value
    if _is_coarse(scope, kind):
        return _by_double(scope, (a, b), lambda wide: value(f"fdiv double {wide[0]}, {wide[1]}"))
    return value(f"fdiv {kind} {a}, {b}")


def remainder(scope: Scope, kind: str, a: str, b: str) -> str:
    """C's fmod, which is exact. (Some devices' own instruction is not.)"""
    device = scope.target.device
    if device is not None:
        return _device_call(scope, device, "fmod", kind, (a, b))
    return scope.function.value(f"frem {kind} {a}, {b}")


def complex_library_call(
    scope: Scope, name: str, kind: str, args: Sequence[tuple[str, ...]]
) -> tuple[str, str]:
    """A call of C's function of complex numbers, as the System V and ARM ABIs pass them: the parts
    apart, but of float32 on x86-64 together in a vector."""
    value, module = scope.function.value, scope.module
    joined = kind == "float" and scope.target.triple.startswith("x86_64")
    name += "f" if kind == "float" else ""
    result = f"<2 x {kind}>" if joined else f"{{{kind}, {kind}}}"
    operands = [part for arg in args for part in arg]
    if joined:
        operands = []
        for real, imaginary in args:
            half = value(f"insertelement {result} undef, {kind} {real}, i32 0")
            operands.append(value(f"insertelement {result} {half}, {kind} {imaginary}, i32 1"))
    each = result if joined else kind
    module.declare(f"{result} @{name}({', '.join([each] * len(operands))})")
    given = ", ".join(f"{each} {operand}" for operand in operands)
    pair = value(f"call {result} @{name}({given}) {module.attributes(_PURE)}")
    if joined:
        real, imaginary = (value(f"extractelement {result} {pair}, i32 {k}") for k in range(2))
    else:
        real, imaginary = (value(f"extractvalue {result} {pair}, {k}") for k in range(2))
    return real, imaginary


def _declare_vector(scope: Scope, form: str, kind: str) -> None:
    """Declare `_ZGVeN8vv_pow`: eight lanes, two vector operands."""
    found = re.fullmatch(r"_ZGV[a-z]N(\d+)(v+)_\w+", form)
    assert found is not None, form
    vector = f"<{found[1]} x {kind}>"
    scope.module.declare(f"{vector} @{form}({', '.join([vector] * len(found[2]))})")
    scope.module.keep(form)


def _check(scope: Scope, op: str, kind: str, args: tuple[str, ...], result: str) -> None:
    """What the functions of Python's `math` raise for: a result that is nan though no operand
    is, or infinite though all operands are finite."""
    value = scope.function.value
    if op == "sqrt":
        scope.fails(value(f"fcmp olt {kind} {args[0]}, 0.0"), False)
        return
    if op in ("log", "log2", "log10"):
        scope.fails(value(f"fcmp ole {kind} {args[0]}, 0.0"), False)
        return
    wild = value(f"fcmp ueq {kind} {intrinsic(scope, 'fabs', kind, (result,))}, {INFINITY}")
    if op in ("exp", "exp2", "expm1", "sinh", "cosh", "gamma", "lgamma", "hypot", "pow"):
        scope.fails(_and(scope, wild, _finite(scope, kind, args)), False)
        if op != "gamma":
            return
    nan = value(f"fcmp uno {kind} {result}, 0.0")
    known = value(f"fcmp ord {kind} {args[0]}, {args[-1]}")
    infinite = _and(scope, wild, _finite(scope, kind, args))
    scope.fails(value(f"or i1 {_and(scope, nan, known)}, {infinite}"), False)


def _finite(scope: Scope, kind: str, args: tuple[str, ...]) -> str:
    value = scope.function.value
    sizes = (intrinsic(scope, "fabs", kind, (arg,)) for arg in args)
    tests = [value(f"fcmp olt {kind} {size}, {INFINITY}") for size in sizes]
    return tests[0] if len(tests) == 1 else _and(scope, *tests)


def _and(scope: Scope, a: str, b: str) -> str:
    return scope.function.value(f"and i1 {a}, {b}")
