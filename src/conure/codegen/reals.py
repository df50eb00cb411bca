"""Instructions for real numbers, bit for bit as CPython and NumPy compute them.

No instruction carries a fast-math flag, but for the combining one of a reduction that was marked:
it may be re-associated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from conure.codegen.math import INFINITY, intrinsic, math_function, quotient, remainder
from conure.codegen.scope import Scope, machine_type
from conure.ir.nodes import Apply, Expr, Var
from conure.ir.types import FLOAT

Rule = Callable[[Scope, Apply, tuple[str, ...]], str]


def _type(node: Apply) -> str:
    return machine_type(node.args[0].type)


def flags(scope: Scope, node: Apply) -> str:
    """`reassoc ` on the additions or products through which a marked reduction runs."""
    wanted = {"add": "add", "sub": "add", "mul": "mul"}.get(node.op, "")
    if wanted not in scope.place.reductions.values():
        return ""
    names = {name for name, op in scope.place.reductions.items() if op == wanted}
    return "reassoc " if _carries(node, node.op, names) else ""


def _carries(expr: Expr, op: str, names: set[str]) -> bool:
    """Whether a chain of additions (or of products) leads down to one of these variables."""
    if isinstance(expr, Var):
        return expr.name in names
    chain = ("mul",) if op == "mul" else ("add", "sub")
    if not isinstance(expr, Apply) or expr.op not in chain:
        return False
    down = expr.args[:1] if expr.op == "sub" else expr.args
    return any(_carries(arg, op, names) for arg in down)


def _arithmetic(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    mark = flags(scope, node)
    return scope.function.value(f"f{node.op} {mark}{_type(node)} {args[0]}, {args[1]}")


def _divide(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    _check_zero(scope, node, args)
    return quotient(scope, _type(node), args[0], args[1])


def _check_zero(scope: Scope, node: Apply, args: tuple[str, ...]) -> None:
    if node.checked and node.args[0].type is FLOAT:
        scope.fails(scope.function.value(f"fcmp oeq {_type(node)} {args[1]}, 0.0"), False)


def _wrapped(scope: Scope, kind: str, args: tuple[str, ...]) -> tuple[str, str, str]:
    """`fmod` of the operands, whether it must be moved up by the divisor, and it moved."""
    value, (a, b) = scope.function.value, args
    left = remainder(scope, kind, a, b)
    some = value(f"fcmp une {kind} {left}, 0.0")
    below = value(f"fcmp olt {kind} {left}, 0.0")
    other = value(f"xor i1 {below}, {value(f'fcmp olt {kind} {b}, 0.0')}")
    crosses = value(f"and i1 {some}, {other}")
    moved = value(f"fadd {kind} {left}, {b}")
    return left, crosses, value(f"select i1 {crosses}, {kind} {moved}, {kind} {left}")


def _mod(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    """The remainder has the divisor's sign, a zero too; of a zero divisor it is nan."""
    kind, value = _type(node), scope.function.value
    _check_zero(scope, node, args)
    left, _, moved = _wrapped(scope, kind, args)
    zero = intrinsic(scope, "copysign", kind, ("0.0", args[1]))
    exact = value(f"fcmp oeq {kind} {left}, 0.0")
    return value(f"select i1 {exact}, {kind} {zero}, {kind} {moved}")


def _floordiv(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    """(a - a mod b) / b is an integer but for rounding, so it is rounded; NumPy divides by 0."""
    kind, value, (a, b) = _type(node), scope.function.value, args
    _check_zero(scope, node, args)
    left, crosses, _ = _wrapped(scope, kind, args)
    plain = quotient(scope, kind, a, b)
    whole = quotient(scope, kind, value(f"fsub {kind} {a}, {left}"), b)
    less = value(f"fsub {kind} {whole}, 1.0")
    whole = value(f"select i1 {crosses}, {kind} {less}, {kind} {whole}")
    floor = intrinsic(scope, "floor", kind, (whole,))
    above = value(f"fcmp ogt {kind} {value(f'fsub {kind} {whole}, {floor}')}, 0.5")
    more = value(f"fadd {kind} {floor}, 1.0")
    rounded = value(f"select i1 {above}, {kind} {more}, {kind} {floor}")
    some = value(f"fcmp une {kind} {whole}, 0.0")
    zero = intrinsic(scope, "copysign", kind, ("0.0", plain))
    result = value(f"select i1 {some}, {kind} {rounded}, {kind} {zero}")
    by_zero = value(f"fcmp oeq {kind} {b}, 0.0")
    return value(f"select i1 {by_zero}, {kind} {plain}, {kind} {result}")


def _unary(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    if node.op == "abs":
        return intrinsic(scope, "fabs", _type(node), args)
    return scope.function.value(f"fneg {_type(node)} {args[0]}")


def _extreme(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    """NumPy's: a nan wins in `minimum` and loses in `fmin`; of equal ones, `minimum` takes the
    second and `fmin` the first. In a marked reduction the sign of a zero is left open, and
    LLVM's own instruction vectorizes."""
    kind, value, (a, b) = _type(node), scope.function.value, args
    on_host = scope.target.device is None
    if on_host and any(
        scope.place.reductions.get(arg.name) for arg in node.args if isinstance(arg, Var)
    ):
        name = {"fmin": "minimumnum", "fmax": "maximumnum"}.get(node.op, node.op)
        return intrinsic(scope, name, kind, args)
    better = {"minimum": "olt", "maximum": "ogt", "fmin": "ole", "fmax": "oge"}[node.op]
    first = value(f"fcmp {better} {kind} {a}, {b}")
    nan = value(f"fcmp uno {kind} {a if len(node.op) > 4 else b}, 0.0")
    return value(f"select i1 {value(f'or i1 {first}, {nan}')}, {kind} {a}, {kind} {b}")


_PREDICATES: Final = {
    "less": "olt",
    "less_equal": "ole",
    "greater": "ogt",
    "greater_equal": "oge",
    "equal": "oeq",
    "not_equal": "une",
}


def _compare(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    predicate = _PREDICATES[node.op]
    return scope.function.value(f"fcmp {predicate} {_type(node)} {args[0]}, {args[1]}")


def _class(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    kind, value = _type(node), scope.function.value
    if node.op == "isnan":
        return value(f"fcmp uno {kind} {args[0]}, 0.0")
    if node.op == "signbit":
        bits = f"i{node.args[0].type.bits}"
        return value(f"icmp slt {bits} {value(f'bitcast {kind} {args[0]} to {bits}')}, 0")
    size = intrinsic(scope, "fabs", kind, args)
    return value(f"fcmp {'oeq' if node.op == 'isinf' else 'olt'} {kind} {size}, {INFINITY}")


RULES: Final[Mapping[str, Rule]] = {
    "add": _arithmetic,
    "sub": _arithmetic,
    "mul": _arithmetic,
    "divide": _divide,
    "mod": _mod,
    "floordiv": _floordiv,
    "pow": math_function,
    "neg": _unary,
    "abs": _unary,
    "minimum": _extreme,
    "maximum": _extreme,
    "fmin": _extreme,
    "fmax": _extreme,
    **dict.fromkeys(_PREDICATES, _compare),
    **dict.fromkeys(("isnan", "isinf", "isfinite", "signbit"), _class),
}
"""Operator to its instructions on reals; what is not here is a math function."""
