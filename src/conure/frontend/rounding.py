"""`round(x, digits)` and `np.round`: of Python's numbers exactly, of NumPy's by its recipe.

CPython rounds the exact decimal value of a float: the result is the float nearest to k / 10**n,
where k is the whole number nearest to x * 10**n, the even one of two. Both steps are exact here:

- x * 10**n = high + low without error (T. J. Dekker, "A floating-point technique for extending the
  available precision", Numerische Mathematik 18, 1971). Unless `high` lies halfway between two
  whole numbers, it is at least one of its own units away from there, and `low` is half of one at
  most: then k = rint(high). If it lies halfway, the sign of `low` decides, and if that is zero it
  is a true tie, which `rint` settles.
- Up to 2**53, k and 10**n (n <= 22) are floats, so that one division rounds k / 10**n correctly.
- Beyond 2**53, the step 10**-n is less than a float's distance to its neighbours, or twice that at
  a power of two, so that x itself is the float nearest to the decimal.

Negative digits divide first; there `x - quotient * 10**n`, which is a float, takes the place of
`low`, and quotients beyond 2**53 are left to Python.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from conure.frontend.arithmetic import lift
from conure.frontend.arrays import elements, elementwise
from conure.frontend.context import Lowering
from conure.frontend.conversion import convert
from conure.frontend.values import Elements, Number, Object, Value, View
from conure.ir.nodes import Apply, Const, Expr
from conure.ir.ops import apply, cast, integer
from conure.ir.types import BOOL, FLOAT, INT, Scalar, component, numpy_type

_MOST_DIGITS: Final = 22
"""The last power of ten that is a float."""
_LARGEST_WHOLE: Final = Const(2.0**53, FLOAT)
_SPLITTER: Final = 2.0**27 + 1


def rounded(ctx: Lowering, args: Sequence[Value]) -> Value:
    """`round(x, digits)`."""
    number, digits = args[0], _digits(ctx, args[1])
    if not isinstance(number, Number):
        ctx.refuse("this call is compiled for numbers only")
    return lift(ctx, lambda one: Number(_rounded(ctx, one[0].expr, digits)), [number])


def _digits(ctx: Lowering, value: Value) -> int:
    match value:
        case Number(Const(int() as digits, kind)) if kind in (INT, BOOL):
            if abs(digits) <= _MOST_DIGITS:
                return int(digits)
            ctx.refuse(f"round to more than {_MOST_DIGITS} digits is not compiled")
        case _:
            ctx.refuse("round is compiled for a number of digits that is a literal")


def _rounded(ctx: Lowering, expr: Expr, digits: int) -> Expr:
    kind = expr.type
    if kind is FLOAT:
        held = ctx.held(expr)
        return _by_product(held, digits) if digits >= 0 else _by_quotient(ctx, held, -digits)
    if kind in (INT, BOOL):
        whole = convert(expr, INT)
        return whole if digits >= 0 else _whole(ctx, ctx.held(whole), -digits)
    if kind.kind in ("bool", "complex"):
        ctx.refuse(f"round of {kind} raises TypeError")
    return _numpy_rounded(ctx, expr, digits)


def _op(name: str, *args: Expr) -> Expr:
    return apply(name, *args, checked=False)


def _split(value: float) -> tuple[Const, Const]:
    scaled = _SPLITTER * value
    high = scaled - (scaled - value)
    return Const(high, FLOAT), Const(value - high, FLOAT)


def _rest(x: Expr, power: float, product: Expr) -> Expr:
    """What rounding took from `x * power`."""
    scaled = _op("mul", x, Const(_SPLITTER, FLOAT))
    high = _op("sub", scaled, _op("sub", scaled, x))
    low = _op("sub", x, high)
    power_high, power_low = _split(power)
    rest = _op("sub", _op("mul", high, power_high), product)
    rest = _op("add", rest, _op("mul", high, power_low))
    rest = _op("add", rest, _op("mul", low, power_high))
    return _op("add", rest, _op("mul", low, power_low))


def _nearest(high: Expr, low: Expr) -> Expr:
    """The whole number nearest to high + low."""
    whole = _op("rint", high)
    beyond = _op("sub", high, whole)
    halfway = _op("equal", _op("abs", beyond), Const(0.5, FLOAT))
    pushed = _op("greater", _op("mul", low, beyond), Const(0.0, FLOAT))
    further = _op("add", whole, _op("add", beyond, beyond))
    return _op("select", _op("and", halfway, pushed), further, whole)


def _by_product(x: Expr, digits: int) -> Expr:
    power = Const(10.0**digits, FLOAT)
    high = _op("mul", x, power)
    whole = _nearest(high, _rest(x, 10.0**digits, high))
    large = _op("greater", _op("abs", high), _LARGEST_WHOLE)
    return _op("select", large, x, _op("divide", whole, power))


def _by_quotient(ctx: Lowering, x: Expr, digits: int) -> Expr:
    power = Const(10.0**digits, FLOAT)
    high = ctx.held(_op("divide", x, power))
    size = _op("abs", high)
    large = _op("greater", size, _LARGEST_WHOLE)
    ctx.fail_if(_op("and", large, _op("less", size, Const(float("inf"), FLOAT))))
    product = _op("mul", high, power)
    low = _op("sub", _op("sub", x, product), _rest(high, 10.0**digits, product))
    return _op("mul", _nearest(high, low), power)


def _whole(ctx: Lowering, x: Expr, digits: int) -> Expr:
    """An int to tens, hundreds, ..., of two the even one."""
    if digits > 18:
        ctx.refuse("round of an int to more than 18 negative digits is not compiled")
    power = integer(10**digits)
    below = ctx.held(_op("floordiv", x, power))
    twice = ctx.held(_op("mul", _op("sub", x, _op("mul", below, power)), integer(2)))
    odd = _op("equal", _op("bitand", below, integer(1)), integer(1))
    up = _op("or", _op("greater", twice, power), _op("and", _op("equal", twice, power), odd))
    whole = _op("select", up, _op("add", below, integer(1)), below)
    return apply("mul", whole, power, loc=ctx.loc)


# ---- NumPy -----------------------------------------------------------------------------------


def numpy_round(ctx: Lowering, given: Sequence[Value], named: Mapping[str, Value]) -> Value:
    """`np.round(x, decimals)`, `x.round(decimals)`."""
    values = [*given, *(named[name] for name in named if name == "decimals")]
    if not 1 <= len(values) <= 2 or len(values) < len(given) + len(named):
        ctx.refuse("round with these arguments is not compiled")
    digits = _digits(ctx, values[1]) if len(values) == 2 else 0
    match values[0]:
        case Number() as number:
            return lift(ctx, lambda one: Number(_as_numpy(ctx, one[0].expr, digits)), [number])
        case View() | Elements() as array:
            source = elements(ctx, array)
            _check(ctx, source.dtype, digits)
            return elementwise(
                ctx, source.dtype, [source], lambda x: _numpy_rounded(ctx, x, digits)
            )
        case Object() | _:
            ctx.refuse("round is compiled for numbers and arrays")


def _as_numpy(ctx: Lowering, expr: Expr, digits: int) -> Expr:
    return _numpy_rounded(ctx, convert(expr, numpy_type(expr.type)), digits)


def _check(ctx: Lowering, kind: Scalar, digits: int) -> None:
    if kind.kind == "bool" or (kind.is_integer and digits < 0):
        ctx.refuse(f"round of {kind} to {digits} digits is not compiled")


def _numpy_rounded(ctx: Lowering, expr: Expr, digits: int) -> Expr:
    """Multiply, round, divide, with the rounding errors of each."""
    _check(ctx, expr.type, digits)
    if expr.type.is_integer:
        return expr
    if expr.type.kind == "complex":
        held = ctx.held(expr)
        parts = (_numpy_rounded(ctx, apply(part, held), digits) for part in ("real", "imag"))
        return Apply("complex", tuple(parts), expr.type)
    if digits == 0:
        return _op("rint", expr)
    power = cast(Const(10.0 ** abs(digits), FLOAT), component(expr.type))
    first, last = ("mul", "divide") if digits > 0 else ("divide", "mul")
    return _op(last, _op("rint", _op(first, expr, power)), power)
