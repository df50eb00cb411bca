"""Operators on numbers: types from `promotion`, values from `conversion`, mixed kinds split.

An operation on a mixed number is lowered once for each type that it may have. If both come to
the same, nothing is left of the question; otherwise the result is mixed too, or is refused.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np

from conure.frontend.context import Lowering, atom, body_of, is_fixed
from conure.frontend.conversion import (
    alternative,
    convert,
    erased,
    represented,
    truth,
)
from conure.frontend.promotion import COMPARISONS, join_types, overflows, plan
from conure.frontend.values import Number
from conure.ir.nodes import Apply, Const, Expr, If, Load, Var
from conure.ir.ops import OPS, apply, cast
from conure.ir.rules import can_fail
from conure.ir.types import B1, BOOL, C64, FLOAT, INT, Scalar
from conure.ir.walk import walk

_TRUE = Const(True, BOOL)
Operation = Callable[[Sequence[Number]], Number]


def definite(number: Number) -> bool:
    """Not mixed."""
    return number.kind is None


def lift(ctx: Lowering, operation: Operation, numbers: Sequence[Number]) -> Number:
    """Apply an operation defined on numbers of one type to numbers that may be mixed."""
    for position, number in enumerate(numbers):
        if number.kind is None:
            continue
        kind = number.kind if atom(number.kind) else ctx.temporary(number.kind)
        before, after = list(numbers[:position]), list(numbers[position + 1 :])
        yes = lift(ctx, operation, [*before, Number(number.expr), *after])
        no = lift(ctx, operation, [*before, Number(alternative(number)), *after])
        return choose(ctx, kind, yes, no)
    return operation(numbers)


def negation(condition: Expr) -> Expr:
    """`not c`."""
    match condition:
        case Const(value):
            return Const(not value, BOOL)
        case Apply("not", (inner,)):
            return inner
        case _:
            return apply("not", condition)


def choose(ctx: Lowering, condition: Expr, yes: Number, no: Number) -> Number:
    """`yes if condition else no`, whatever their types."""
    if isinstance(condition, Const):
        return yes if condition.value else no
    joined = _joined(yes, no)
    if joined is None:
        ctx.refuse(
            f"the value may be of type {_types(yes)} or of type {_types(no)}",
            "convert it so that its type is always the same",
        )
    target, python = joined
    one = _in_storage(ctx, yes, target, condition)
    other = _in_storage(ctx, no, target, negation(condition))
    value = _select(condition, one, other)
    kind = None if python is None else _select(condition, _kind(yes, python), _kind(no, python))
    if can_fail(condition) and condition not in walk(value):
        ctx.temporary(condition)  # both sides are the same, yet asking may raise
    return Number(value, kind, python)


def _types(number: Number) -> str:
    return f"{number.type}" if number.python is None else f"{number.python} or {number.type}"


def _joined(yes: Number, no: Number) -> tuple[Scalar, Scalar | None] | None:
    """The storage type and Python type of a number that is one of two."""
    found = {yes.type, no.type} | ({yes.python, no.python} - {None})
    kinds = [kind for kind in found if kind is not None]
    if len(kinds) == 1:
        return kinds[0], None
    return join_types(kinds[0], kinds[1]) if len(kinds) == 2 else None


def _in_storage(ctx: Lowering, number: Number, target: Scalar, condition: Expr) -> Expr:
    """The number in storage of another type; what it takes to make sure only if it is chosen."""
    if number.type is target:
        return number.expr
    with ctx.nested() as statements:
        result = represented(ctx, number.expr, target)
    if statements:
        ctx.emit(If(condition, body_of(statements), (), ctx.loc))
    return result


def _kind(number: Number, python: Scalar) -> Expr:
    if number.kind is not None:
        return number.kind
    return Const(number.type is not python, BOOL)


def _select(condition: Expr, yes: Expr, no: Expr) -> Expr:
    """`select`, unless both are the same; then the one that checks more."""
    if yes == no:
        return yes
    if erased(yes) == erased(no):
        return no
    if yes.type.kind == "bool" and erased(condition) == erased(yes):
        return apply("or", yes, no)
    if no.type.kind == "bool" and erased(condition) == erased(no):
        return apply("and", no, yes)
    if yes == _TRUE and no == Const(False, BOOL):
        return condition
    if yes == _TRUE:
        return no if no == condition else apply("or", condition, no)
    if yes == Const(False, BOOL) and no == _TRUE:
        return negation(condition)
    if no == Const(False, BOOL) and yes.type is BOOL:
        return apply("and", condition, yes)
    return apply("select", condition, yes, no)


# ---- binary operators ------------------------------------------------------------------------


def binary(ctx: Lowering, op: str, left: Number, right: Number) -> Number:
    """`left op right` on scalars."""
    return lift(ctx, lambda pair: _binary(ctx, op, pair[0], pair[1]), [left, right])


def _binary(ctx: Lowering, op: str, left: Number, right: Number) -> Number:
    if (folded := _folded(op, left, right)) is not None:
        return folded
    return Number(operate(ctx, op, left.expr, right.expr, elementwise=False))


def _folded(op: str, *numbers: Number) -> Number | None:
    """Python scalars known at compile time."""
    if not all(isinstance(number.expr, Const) and number.type.python for number in numbers):
        return None
    try:
        value = OPS[op].python(*(number.constant for number in numbers))
    except (ArithmeticError, ValueError, TypeError):
        return None
    kinds = {bool: BOOL, int: INT, float: FLOAT}
    if type(value) not in kinds or (type(value) is int and not -(2**63) <= value < 2**63):
        return None
    return Number(Const(value, kinds[type(value)]))


def operate(ctx: Lowering, op: str, left: Expr, right: Expr, elementwise: bool) -> Expr:
    """`left op right` on operands of one type each; `elementwise`: as a ufunc does."""
    how = plan(op, left.type, right.type, elementwise)
    if how.error:
        ctx.refuse(how.error)
    if how.exact:
        return _exact_comparison(op, left, right)
    if how.operand.kind != "real":
        op = {"fmin": "minimum", "fmax": "maximum"}.get(op, op)
    checked = overflows(op, elementwise, how.operand)
    left, right = convert(left, how.operand), convert(right, how.operand)
    if elementwise and how.operand.kind == "complex" and _fused(op, left, right):
        return _array_product(ctx, op, left, right)
    if elementwise and op == "pow" and how.operand.kind == "real":
        return _array_power(left, right)
    node = _node(op, left, right, checked, ctx)
    return node if node.type is how.result else cast(node, how.result)


def _array_power(base: Expr, exponent: Expr) -> Expr:
    """NumPy's `power` takes the root where the exponent is the number 0.5, also of -0.0."""
    power = apply("pow", base, exponent, checked=False)
    if any(isinstance(node, Load) for node in walk(exponent)):
        return power  # of an array of exponents
    root = apply("sqrt", base, checked=False)
    half = apply("equal", exponent, Const(0.5, exponent.type))
    if isinstance(exponent, Const):
        return root if exponent.value == 0.5 else power
    return apply("select", half, root, power)


def _array_product(ctx: Lowering, op: str, left: Expr, right: Expr) -> Expr:
    """Of complex arrays; NumPy takes the square for the power 2. Whether it fuses those of
    complex64 depends on their strides."""
    if left.type is C64:
        ctx.refuse("NumPy rounds products of complex64 arrays by their strides", "use complex128")
    if op == "pow" and _is_two(right):
        right = left = left if isinstance(left, Var | Const) else ctx.temporary(left)
    elif op == "pow":
        ctx.refuse("powers of complex arrays are not compiled", "write the loop over the elements")
    product = product_of_arrays()
    if not product:
        ctx.refuse("NumPy multiplies complex arrays in an unknown way", "write the loop")
    return apply(product, left, right, checked=False)


def _is_two(exponent: Expr) -> bool:
    match exponent:
        case Const(value):
            return value == 2
        case Apply("complex", (Const(real), Const(imaginary))):
            return (real, imaginary) == (2, 0)
        case Apply("cast", (inner,)):
            return _is_two(inner)
        case _:
            return False


@functools.cache
def product_of_arrays() -> str:
    """The operator by which NumPy multiplies complex arrays on this processor: one rounding less
    where it fuses a multiplication and an addition."""
    small = 2.0**-30
    near = 1 + small  # whose square has more digits than there is room for
    left, right = np.array([near + 1j, -1 + near * 1j] * 8), np.full(16, near + 1j)
    found = set(zip(*((left * right)[k::2].tolist() for k in (0, 1)), strict=True))
    if len(found) != 1:
        return ""
    ((first, second),) = found
    fused, rounded = 2 * small + small**2, 2 * small
    if second.imag != rounded:
        return ""
    return {fused: "product", rounded: "mul"}.get(first.real, "")


def _fused(op: str, *operands: Expr) -> bool:
    """Whether a product is one of two complex numbers: with a real one nothing is fused."""

    def real(expr: Expr) -> bool:
        match expr:
            case Const(value):
                return complex(value).imag == 0
            case Apply("complex", (_, Const(value))):
                return value == 0
            case _:
                return False

    return op == "pow" or (op == "mul" and not any(map(real, operands)))


def _node(op: str, left: Expr, right: Expr, checked: bool, ctx: Lowering) -> Expr:
    if op in ("add", "sub") and right == Const(0, INT):
        return left
    if op == "mul" and right == Const(1, INT):
        return left
    return apply(op, left, right, checked=checked, loc=ctx.loc)


def _exact_comparison(op: str, left: Expr, right: Expr) -> Expr:
    """A Python int against a float: exact, whatever their sizes. Rounding keeps the order, so
    only where the rounded int equals the float must the ints themselves be compared."""
    whole, other = (left, right) if left.type is INT else (right, left)
    rounded = cast(whole, FLOAT)
    pair = (rounded, other) if left.type is INT else (other, rounded)
    small = isinstance(whole, Const) and abs(float(whole.value.real)) <= 2.0**53
    if isinstance(other, Const) and abs(float(other.value.real)) < 2.0**53:
        small = True
    if small:
        return apply(op, *pair)
    exactly = cast(other, INT)
    ints = (whole, exactly) if left.type is INT else (exactly, whole)
    return apply("select", apply("equal", rounded, other), apply(op, *ints), apply(op, *pair))


def compare(ctx: Lowering, op: str, left: Number, right: Number) -> Number:
    """A comparison."""
    assert op in COMPARISONS, op
    return binary(ctx, op, left, right)


# ---- unary operators -------------------------------------------------------------------------


def unary(ctx: Lowering, op: str, number: Number) -> Number:
    """`-x`, `+x`, `~x`, `abs(x)`."""
    return lift(ctx, lambda one: _unary(ctx, op, one[0]), [number])


def _unary(ctx: Lowering, op: str, number: Number) -> Number:
    if op != "bitnot" and op != "plus" and (folded := _folded(op, number)) is not None:
        return folded
    return Number(operate_one(ctx, op, number.expr, elementwise=False))


def operate_one(ctx: Lowering, op: str, operand: Expr, elementwise: bool) -> Expr:
    """A unary operator on an operand of one type."""
    kind = operand.type
    if kind is B1:
        if op == "bitnot":
            return cast(apply("not", operand), B1)
        ctx.refuse(f"{op} of a NumPy bool is not compiled")
    if kind is BOOL:
        if op == "bitnot":
            ctx.refuse("~ of a Python bool gives -1 or -2", "write `not x`")
        operand = cast(operand, INT)
    if op == "plus":
        return operand
    if op == "bitnot" and kind.is_inexact:
        ctx.refuse("~ needs an int or a bool")
    if op == "abs" and operand.type.kind == "unsigned":
        return operand
    return apply(op, operand, checked=not elementwise, loc=ctx.loc)


def logical_not(number: Number) -> Number:
    """`not x`."""
    return Number(negation(truth(number)))


def smallest(ctx: Lowering, numbers: Sequence[Number], largest: bool = False) -> Number:
    """Python's `min` or `max`: the first of equals, and NaN as the comparisons make it."""
    best = numbers[0]
    for number in numbers[1:]:
        kinds = {best.type, number.type}
        if len(kinds) == 1 and best.type.is_integer and definite(best) and definite(number):
            op = "maximum" if largest else "minimum"
            folded = _folded(op, best, number) if best.type is INT else None
            best = folded or Number(apply(op, best.expr, number.expr))
            continue
        best, number = repeatable(ctx, best), repeatable(ctx, number)
        order = compare(ctx, "greater" if largest else "less", number, best)
        condition = truth(order)
        condition = condition if is_fixed(ctx, condition) else ctx.temporary(condition)
        best = choose(ctx, condition, number, best)
    return best


def repeatable(ctx: Lowering, number: Number) -> Number:
    """The number in a form that costs nothing to repeat."""
    expr = number.expr if atom(number.expr) else ctx.temporary(number.expr)
    kind = number.kind
    if kind is not None and not atom(kind):
        kind = ctx.temporary(kind)
    return Number(expr, kind, number.python)
