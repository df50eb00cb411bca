"""Expressions to instructions. `and`, `or` and `select` branch where an operand that may not be
needed could fail, read outside an array, or cost much; otherwise they compute both sides."""

from __future__ import annotations

from typing import Final, assert_never

from conure.codegen import integers, reals
from conure.codegen.casts import cast, real_constant
from conure.codegen.complexes import complex_apply
from conure.codegen.facts import expression_cost
from conure.codegen.math import math_function
from conure.codegen.memory import dimension, load
from conure.codegen.scope import Operands, Scope, machine_type, parts
from conure.ir.nodes import Apply, Const, Dim, Expr, Load, Var
from conure.ir.types import Scalar
from conure.ir.walk import walk

_CHEAP: Final = 8.0


def evaluate(scope: Scope, expr: Expr) -> Operands:
    """The value of an expression."""
    match expr:
        case Const(value, scalar):
            return constant(value, scalar)
        case Var(name):
            return scope.read(name)
        case Dim(array, axis):
            return (dimension(scope, array, axis),)
        case Load(array, index, _, checked):
            return load(scope, array, steer(scope, *index), checked)
        case Apply("and" | "or" | "select"):
            return _lazy(scope, expr)
        case Apply("choice", (condition, yes, no)):
            test = single(scope, condition)
            return _choose(scope, test, evaluate(scope, yes), evaluate(scope, no), expr.type)
        case Apply():
            return apply_operator(scope, expr, [evaluate(scope, arg) for arg in expr.args])
        case _:
            assert_never(expr)


def single(scope: Scope, expr: Expr) -> str:
    """The value of an expression that is not complex."""
    (value,) = evaluate(scope, expr)
    return value


def steer(scope: Scope, *exprs: Expr) -> tuple[str, ...]:
    """Values that decide about addresses or control: their failures leave at once."""
    with scope.at(steering=True):
        return tuple(single(scope, expr) for expr in exprs)


def constant(value: complex, scalar: Scalar) -> Operands:
    """A constant's operands."""
    if scalar.kind == "complex":
        number = complex(value)
        return real_constant(number.real), real_constant(number.imag)
    if scalar.kind == "real":
        return (real_constant(float(value.real)),)
    return (str(int(value.real)),)


def apply_operator(scope: Scope, node: Apply, args: list[Operands]) -> Operands:
    """An operator on operands that are there already."""
    scalar = node.args[0].type
    if node.op == "cast":
        return cast(scope, args[0], scalar, node.type, node.checked)
    if node.op == "complex":
        return args[0][0], args[1][0]
    if scalar.kind == "complex":
        return complex_apply(scope, node, args)
    operands = tuple(arg[0] for arg in args)
    if scalar.kind == "real":
        return (reals.RULES.get(node.op, math_function)(scope, node, operands),)
    return (integers.RULES[node.op](scope, node, operands),)


def _lazy(scope: Scope, node: Apply) -> Operands:
    (condition,) = steer(scope, node.args[0])
    if node.op == "select":
        yes, no = node.args[1:]
    elif node.op == "and":
        yes, no = node.args[1], Const(False, node.type)
    else:
        yes, no = Const(True, node.type), node.args[1]
    if all(_is_harmless(expr) for expr in (yes, no)):
        return _choose(scope, condition, evaluate(scope, yes), evaluate(scope, no), node.type)
    return _branch(scope, condition, yes, no, node.type)


def _is_harmless(expr: Expr) -> bool:
    """Whether computing this without need costs little and can neither fail nor trap."""
    if expression_cost(expr) > _CHEAP:
        return False
    return not any(
        isinstance(node, Load) or (isinstance(node, Apply) and node.checked) for node in walk(expr)
    )


def _choose(scope: Scope, condition: str, yes: Operands, no: Operands, scalar: Scalar) -> Operands:
    kind = machine_type(scalar)
    return tuple(
        scope.function.value(f"select i1 {condition}, {kind} {a}, {kind} {b}")
        for a, b in zip(yes, no, strict=True)
    )


def _branch(scope: Scope, condition: str, yes: Expr, no: Expr, scalar: Scalar) -> Operands:
    function, kind = scope.function, machine_type(scalar)
    labels = [function.label(hint) for hint in ("yes", "no", "joined")]
    function.branch_if(condition, labels[0], labels[1])
    ends = []
    for label, expr in zip(labels, (yes, no), strict=False):
        function.begin(label)
        value = evaluate(scope, expr)
        ends.append((value, function.block))
        function.branch(labels[2])
    function.begin(labels[2])
    (first, first_block), (second, second_block) = ends
    return tuple(
        function.value(
            f"phi {kind} [ {first[part]}, %{first_block} ], [ {second[part]}, %{second_block} ]"
        )
        for part in range(parts(scalar))
    )
