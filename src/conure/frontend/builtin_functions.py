"""Python's own functions and the constructors of NumPy's scalar types, on numbers."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from conure.frontend.arithmetic import binary, lift, operate_one, repeatable, smallest, unary
from conure.frontend.arrays import elements, elementwise
from conure.frontend.context import Lowering
from conure.frontend.conversion import convert, nonzero
from conure.frontend.promotion import rank
from conure.frontend.rounding import rounded
from conure.frontend.values import (
    Elements,
    Items,
    Number,
    Object,
    Tuple,
    Value,
    View,
    integer_number,
)
from conure.ir.nodes import Apply, Const, Expr
from conure.ir.ops import apply, cast
from conure.ir.types import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    NUMPY_SCALARS,
    U64,
    Scalar,
    component,
)

Builtin = Callable[[Lowering, Sequence[Value]], Value]


def _numbers(ctx: Lowering, args: Sequence[Value], least: int, most: int) -> list[Number]:
    numbers = [arg for arg in args if isinstance(arg, Number)]
    if len(numbers) < len(args) or not least <= len(numbers) <= most:
        ctx.refuse("this call is compiled for numbers only")
    return numbers


def _abs(ctx: Lowering, args: Sequence[Value]) -> Value:
    if len(args) == 1 and isinstance(args[0], View | Elements):
        source = elements(ctx, args[0])
        if source.dtype.kind == "bool":
            return source
        real = component(source.dtype) if source.dtype.kind == "complex" else source.dtype
        return elementwise(ctx, real, [source], lambda x: operate_one(ctx, "abs", x, True))
    return unary(ctx, "abs", _numbers(ctx, args, 1, 1)[0])


def _extreme(largest: bool) -> Builtin:
    def extreme(ctx: Lowering, args: Sequence[Value]) -> Value:
        given = args[0].items if len(args) == 1 and isinstance(args[0], Tuple) else args
        return smallest(ctx, _numbers(ctx, given, 1 if given is not args else 2, 99), largest)

    return extreme


def _pow(ctx: Lowering, args: Sequence[Value]) -> Value:
    base, exponent = _numbers(ctx, args, 2, 2)
    return binary(ctx, "pow", base, exponent)


def _divmod(ctx: Lowering, args: Sequence[Value]) -> Value:
    left, right = (repeatable(ctx, number) for number in _numbers(ctx, args, 2, 2))
    return Tuple((binary(ctx, "floordiv", left, right), binary(ctx, "mod", left, right)))


def _len(ctx: Lowering, args: Sequence[Value]) -> Value:
    match args:
        case [View() as view] if view.rank > 0:
            return Number(view.shape[0])
        case [Tuple(items) | Items(items)]:
            return integer_number(len(items))
        case _:
            ctx.refuse("len is compiled for arrays, tuples and short lists")


def _round(ctx: Lowering, args: Sequence[Value]) -> Value:
    def whole(one: Sequence[Number]) -> Number:
        expr = one[0].expr
        if expr.type.kind == "complex" or (expr.type.kind == "bool" and not expr.type.python):
            ctx.refuse("round of this type is not compiled")
        if rank(expr.type) < 2:
            return Number(convert(expr, INT))
        return Number(cast(apply("rint", expr), INT, loc=ctx.loc))

    if len(args) == 2 and not (isinstance(args[1], Object) and args[1].value is None):
        return rounded(ctx, args)
    args = args[:1] if len(args) == 2 else args
    return lift(ctx, whole, _numbers(ctx, args, 1, 1))


def _int(ctx: Lowering, args: Sequence[Value]) -> Value:
    return lift(ctx, lambda one: Number(_to_int(ctx, one[0].expr)), _numbers(ctx, args, 1, 1))


def _to_int(ctx: Lowering, expr: Expr) -> Expr:
    if expr.type.kind == "complex":
        ctx.refuse("int of a complex number raises TypeError")
    if expr.type.kind == "real" and not isinstance(expr, Const):
        return Apply("cast", (apply("trunc", expr),), INT, True, ctx.loc)
    return cast(expr, INT, loc=ctx.loc)


def _index(ctx: Lowering, args: Sequence[Value]) -> Value:
    def whole(one: Sequence[Number]) -> Number:
        if not one[0].type.is_integer and one[0].type is not BOOL:
            ctx.refuse("this needs an int")
        return Number(cast(one[0].expr, INT, loc=ctx.loc))

    return lift(ctx, whole, _numbers(ctx, args, 1, 1))


def _float(ctx: Lowering, args: Sequence[Value]) -> Value:
    def converted(one: Sequence[Number]) -> Number:
        if one[0].type.kind == "complex":
            ctx.refuse("float of a complex number raises TypeError")
        return Number(cast(one[0].expr, FLOAT))

    return lift(ctx, converted, _numbers(ctx, args, 1, 1))


def _bool(ctx: Lowering, args: Sequence[Value]) -> Value:
    number = _numbers(ctx, args, 1, 1)[0]
    return Number(nonzero(number.expr))


def _complex(ctx: Lowering, args: Sequence[Value]) -> Value:
    def made(given: Sequence[Number]) -> Number:
        if len(given) == 1:
            return Number(as_complex(given[0].expr))
        if any(number.type.kind == "complex" for number in given):
            ctx.refuse("complex of complex numbers is not compiled")
        parts = tuple(convert(number.expr, FLOAT) for number in given)
        return Number(Apply("complex", parts, COMPLEX))

    return lift(ctx, made, _numbers(ctx, args, 1, 2))


def as_complex(expr: Expr) -> Expr:
    """A number as Python's `complex`."""
    if expr.type.kind == "complex":
        return cast(expr, COMPLEX)
    return Apply("complex", (convert(expr, FLOAT), Const(0.0, FLOAT)), COMPLEX)


def _refused(what: str) -> Builtin:
    def refuse(ctx: Lowering, args: Sequence[Value]) -> Value:
        ctx.refuse(what)

    return refuse


BUILTINS: Final[dict[Any, Builtin]] = {
    abs: _abs,
    min: _extreme(False),
    max: _extreme(True),
    pow: _pow,
    divmod: _divmod,
    len: _len,
    round: _round,
    int: _int,
    operator.index: _index,
    float: _float,
    bool: _bool,
    complex: _complex,
    builtins.print: _refused("print writes output, which must stay in order"),
    builtins.sum: _refused("sum over this is not compiled"),
    range: _refused("range is compiled as the iterable of a for loop only"),
}


def large_integer(value: Value) -> Number | None:
    """A literal that only an unsigned integer of 64 bits holds."""
    if isinstance(value, Object) and type(value.value) is int and 2**63 <= value.value < 2**64:
        return Number(Const(value.value, U64))
    return None


def construct(ctx: Lowering, target: Scalar, args: Sequence[Value]) -> Value:
    """`np.float32(x)`, `x.astype(np.float32)`."""
    if len(args) == 1 and isinstance(args[0], View | Elements):
        ctx.refuse("a NumPy type called on an array is not compiled", "use astype")
    if target is U64 and len(args) == 1 and (large := large_integer(args[0])) is not None:
        return large
    numbers = _numbers(ctx, args, 0, 1)
    if not numbers:
        zero = {"bool": False, "real": 0.0, "complex": 0j}.get(target.kind, 0)
        return Number(Const(zero, target))
    return lift(ctx, lambda one: Number(_cast_to(ctx, one[0].expr, target)), numbers)


def _cast_to(ctx: Lowering, expr: Expr, target: Scalar) -> Expr:
    if expr.type.kind == "complex" and target.kind != "complex":
        ctx.refuse("the imaginary part would be lost", "use x.real")
    return convert(expr, target)


def number_method(
    ctx: Lowering, number: Number, name: str, args: Sequence[Value], dtype: Scalar | None
) -> Value:
    """`x.item()`, `x.conjugate()`, `x.astype(...)`, `x.is_integer()`."""
    match name:
        case "is_integer" if not args:
            return lift(ctx, lambda one: Number(_is_whole(ctx, one[0].expr)), [number])
        case "item":
            return lift(ctx, lambda one: Number(_item(ctx, one[0].expr)), [number])
        case "conjugate" | "conj":
            return lift(ctx, lambda one: Number(_conjugate(ctx, one[0].expr)), [number])
        case "astype" if dtype is not None and not number.type.python and number.kind is None:
            return construct(ctx, dtype, [number])
        case _:
            ctx.refuse(f"method {name!r} of a number is not compiled")


def _item(ctx: Lowering, expr: Expr) -> Expr:
    if expr.type.python:
        ctx.refuse("a Python number has no item()")
    twin = {"bool": BOOL, "real": FLOAT, "complex": COMPLEX}.get(expr.type.kind, INT)
    return cast(expr, twin)


def _is_whole(ctx: Lowering, expr: Expr) -> Expr:
    kind = expr.type
    if kind.kind != "real" and not hasattr(
        kind.dtype.type if not kind.python else int, "is_integer"
    ):
        ctx.refuse(f"{kind} has no method 'is_integer'")
    if kind.kind in ("bool", "complex"):
        ctx.refuse(f"is_integer of {kind} is not compiled")
    held = ctx.held(expr)
    if kind.kind != "real":
        return cast(apply("equal", held, held), BOOL)
    whole = cast(apply("equal", apply("trunc", held), held), BOOL)
    return apply("and", whole, cast(apply("isfinite", held), BOOL))


def _conjugate(ctx: Lowering, expr: Expr) -> Expr:
    if expr.type.kind == "complex":
        return apply("conj", expr)
    return convert(expr, INT) if expr.type is BOOL else expr


def scalar_type(value: object) -> Scalar | None:
    """The NumPy scalar type that a class is, if it is one of ours."""
    try:
        return _SCALAR_TYPES.get(value)
    except TypeError:
        return None


_SCALAR_TYPES: Final[Mapping[Any, Scalar]] = {scalar.dtype.type: scalar for scalar in NUMPY_SCALARS}
