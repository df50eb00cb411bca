"""Converting a number to a type, as Python or NumPy do it in each place.

`convert` is the implicit conversion of operands; `stored` that of `a[i] = x`; `truth` that of a
condition; `represented` puts a value of a Python type into the storage of another type and
leaves to Python what does not fit exactly.
"""

from __future__ import annotations

import math

from conure.frontend.context import Lowering, children
from conure.frontend.promotion import holds, rank
from conure.frontend.values import Number
from conure.ir.nodes import Apply, Const, Expr
from conure.ir.ops import apply, cast
from conure.ir.types import B1, BOOL, F32, F64, FLOAT, I64, INT, U64, Scalar, component

_EXACT_INTEGERS = 2**53


def convert(expr: Expr, target: Scalar) -> Expr:
    """The operand's value in the type that an operation works in. Python ints that do not fit
    fail; going back from a kind that holds the type exactly costs nothing."""
    source = expr.type
    if source is target:
        return expr
    if isinstance(expr, Apply) and expr.op == "cast" and expr.args[0].type is target:
        inner = expr.args[0].type
        same_kind = not inner.python and source.python and rank(inner) == rank(source)
        marker = rank(source) < rank(inner) and not expr.checked and source.python
        if same_kind or marker:
            return expr.args[0]
    if target.kind == "bool" and source.kind != "bool":
        return cast(nonzero(expr), target)
    if source is INT and target.name in ("f32", "c64") and not isinstance(expr, Const):
        return cast(cast(expr, FLOAT), target)
    if target.kind == "complex" and source.kind != "complex":
        part = convert(expr, component(target))
        zero = Const(0.0, part.type)
        return Apply("complex", (part, zero), target)
    return cast(expr, target)


def nonzero(expr: Expr) -> Expr:
    """`bool(x)` as BOOL."""
    source = expr.type
    if source.kind == "bool":
        return cast(expr, BOOL)
    if isinstance(expr, Const):
        return Const(bool(expr.value), BOOL)
    zero: int | float | complex = 0 if source.is_integer else 0.0
    if source.kind == "complex":
        zero = 0j
    return cast(apply("not_equal", expr, Const(zero, source)), BOOL)


def truth(number: Number) -> Expr:
    """A number as a condition."""
    return nonzero(number.expr)


def erased(expr: Expr) -> Expr:
    """Python and NumPy scalars of the same bits made one, to compare what is computed."""
    twins = {FLOAT: F64, INT: I64, BOOL: B1}
    match expr:
        case Apply("cast", (inner,)) if twins.get(inner.type, inner.type) is twins.get(
            expr.type, expr.type
        ):
            return erased(inner)
        case Apply(op, args):
            kind = twins.get(expr.type, expr.type)
            return Apply(op, tuple(erased(arg) for arg in args), kind)
        case Const(value):
            return Const(value, twins.get(expr.type, expr.type))
        case _:
            return expr


def alternative(number: Number) -> Expr:
    """The value of a mixed number while it is of the Python type."""
    assert number.python is not None, number
    source, target = number.expr.type, number.python
    if source is target:
        return number.expr
    if isinstance(number.expr, Const):
        return cast(number.expr, target)
    if rank(source) == rank(target):
        return cast(number.expr, target)
    return Apply("cast", (number.expr,), target)  # unchecked: exact by construction


def fits_exactly(expr: Expr, target: Scalar) -> bool | None:
    """Whether a value keeps its meaning in a type: True, False, or None if only the run tells."""
    source = expr.type
    if source.kind == "bool" or source.dtype == target.dtype:
        return True
    if not source.python and not target.python:
        return holds(target, source)
    if isinstance(expr, Const) and not isinstance(expr.value, complex):
        return _constant_fits(expr.value, target)
    if source is FLOAT and target in (F32,):
        return None
    if rank(source) < rank(target) or source is INT:
        return None
    return True


def _constant_fits(value: bool | int | float, target: Scalar) -> bool:
    if target.is_integer:
        low, high = target.range
        return isinstance(value, int) and low <= value <= high
    if isinstance(value, float) and not math.isfinite(value):
        return True
    if abs(value) > _EXACT_INTEGERS and isinstance(value, int):
        return False
    return bool(float(component(target).dtype.type(value)) == value)


def represented(ctx: Lowering, expr: Expr, target: Scalar) -> Expr:
    """The value in storage of `target`, from which it can be had back exactly; what cannot is
    refused or, if only the run tells, left to Python then."""
    fits = fits_exactly(expr, target)
    if fits is False:
        ctx.refuse(
            f"the value is a Python {expr.type} at first and a {target} later, and "
            f"{target} does not hold it exactly",
            f"start from a value of type {target.numpy}",
        )
    result = convert(expr, target)
    if fits is None and rank(target) >= 2:
        held = ctx.temporary(expr)
        result = convert(held, target)
        _check_round_trip(ctx, held, target)
    return result


def _check_round_trip(ctx: Lowering, held: Expr, target: Scalar) -> None:
    if held.type is INT:
        limit = 2**24 if component(target) is F32 else _EXACT_INTEGERS
        low = apply("less", held, Const(-limit, INT))
        high = apply("greater", held, Const(limit, INT))
        ctx.fail_if(apply("or", low, high))
        return
    back = cast(cast(held, target), FLOAT)
    ctx.fail_if(apply("and", apply("not_equal", back, held), apply("equal", held, held)))


def stored(ctx: Lowering, expr: Expr, target: Scalar, elementwise: bool = False) -> Expr:
    """The value of `a[i] = x`. A number that is out of the range of a signed dtype raises;
    elements of an array (`elementwise`), and NumPy's integers in unsigned dtypes, wrap."""
    source = expr.type
    if source.kind == "complex" and target.kind != "complex":
        ctx.refuse("a complex number is stored into an array of reals", "store x.real")
    if not elementwise and target.kind == "signed" and source.is_integer:
        low, high = target.range
        if source.range[0] < low or source.range[1] > high:
            return cast(cast(expr, INT, loc=ctx.loc), target, loc=ctx.loc)
    return convert(expr, target)


def index(ctx: Lowering, number: Number) -> Expr:
    """A subscript as an `int`."""
    if not number.type.is_integer or (number.python is not None and not number.python.is_integer):
        ctx.refuse(
            f"a subscript of type {number.type} is not an int",
            "write int(...) around it if it is a whole number",
        )
    return convert(number.expr, INT)


def unsigned_64(expr: Expr) -> bool:
    """Whether any part is of the one integer type that an `int` does not hold."""
    return expr.type is U64 or any(unsigned_64(child) for child in children(expr))
