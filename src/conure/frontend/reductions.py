"""Reductions of arrays, over all elements or along axes: `x.sum()`, `np.max(a, axis=1)`.

`t = a.sum(axis=0)` becomes, with its other axes as loops around the accumulation,

    for k in 0:dim(a, 1) { s = 0.0  for e in 0:dim(a, 0) { s = s + a?[e, k] }  t[k] = s }
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from conure.frontend.arithmetic import operate
from conure.frontend.arrays import (
    ONE,
    ZERO,
    allocate,
    elements,
    elementwise,
    over,
    plus,
    store,
    times,
)
from conure.frontend.attributes import size_of
from conure.frontend.context import Lowering
from conure.frontend.conversion import convert, nonzero
from conure.frontend.new_arrays import as_array, constant_of, known_dtype
from conure.frontend.values import Elements, Number, Object, Tuple, Value, View
from conure.ir.nodes import Assign, Const, Expr, If, Var
from conure.ir.ops import OPS, apply, cast
from conure.ir.types import B1, BOOL, C64, C128, F32, F64, I64, INT, U64, Scalar
from conure.record import Record

Index = tuple[Expr, ...]
One = Callable[[Lowering, Elements], Expr]

REDUCTIONS: Final = frozenset(
    ("sum", "prod", "min", "max", "mean", "any", "all", "std", "var", "argmin", "argmax")
)
_STEP = {"sum": "add", "prod": "mul", "min": "minimum", "max": "maximum", "any": "or",
         "all": "and", "nanmin": "fmin", "nanmax": "fmax"}  # fmt: skip
_POSITIONS = {
    "sum": ("axis", "dtype", "out", "keepdims"),
    "prod": ("axis", "dtype", "out", "keepdims"),
    "mean": ("axis", "dtype", "out", "keepdims"),
    "std": ("axis", "dtype", "out", "ddof", "keepdims"),
    "var": ("axis", "dtype", "out", "ddof", "keepdims"),
}
_WIDER = {F32: F64, C64: C128}
_COUNTED: Final[object] = np.count_nonzero(np.ones(1))  # of which type depends on the version
_COUNT: Final = I64 if isinstance(_COUNTED, np.generic) else INT


class Options(Record):
    """What a reduction was asked: `axes` are counted from the front; None is all of them."""

    axes: tuple[int, ...] | None
    keep: bool
    dtype: Scalar | None
    ddof: int


def reduce(
    ctx: Lowering, op: str, value: Value, given: Sequence[Value], named: Mapping[str, Value]
) -> Value:
    """`op` of an array, with the arguments that follow it."""
    source = elements(ctx, as_array(ctx, value))
    if source.rank == 0:
        ctx.refuse(f"{op} of a 0-d array is not compiled")
    options = _options(ctx, op, source.rank, given, named)
    one = _reduction(ctx, op, source.dtype, options)
    if options.axes is None or len(options.axes) == source.rank:
        whole = ctx.held(one(ctx, source))
        if not options.keep:
            return Number(whole)
        return Elements(whole.type, (ONE,) * source.rank, lambda _: whole, ())
    if op in ("argmin", "argmax") and len(options.axes) != 1:
        ctx.refuse(f"{op} along several axes raises TypeError")
    return _along(ctx, op, source, options, one)


# ---- arguments -------------------------------------------------------------------------------


def _options(
    ctx: Lowering, op: str, rank: int, given: Sequence[Value], named: Mapping[str, Value]
) -> Options:
    names = _POSITIONS.get(op, ("axis", "out", "keepdims"))
    if len(given) > len(names):
        ctx.refuse(f"{op} with these arguments is not compiled")
    every = {**dict(zip(names, given, strict=False)), **named}
    every = {k: v for k, v in every.items() if not (isinstance(v, Object) and v.value is None)}
    if len(given) + len(named) > len({*names[: len(given)], *named}):
        ctx.refuse(f"{op} is given an argument twice: TypeError")
    known = {"axis", "keepdims", *(("dtype",) if op in ("sum", "prod", "mean") else ())}
    known |= {"ddof"} if op in ("std", "var") else set()
    if not set(every) <= known:
        ctx.refuse(f"{op} with {', '.join(sorted(every))} is not compiled", "write the loop")
    return Options(
        _axes(ctx, rank, every.get("axis")),
        bool(_constant(ctx, every.get("keepdims"), bool)),
        known_dtype(ctx, every["dtype"]) if "dtype" in every else None,
        _constant(ctx, every.get("ddof"), int),
    )


def _constant(ctx: Lowering, value: Value | None, kind: type[int]) -> int:
    if value is None:
        return kind(0)
    if not isinstance(value, Number) or type(value.constant) is not kind:
        ctx.refuse("this argument is compiled for a constant only")
    return kind(value.constant)


def _axes(ctx: Lowering, rank: int, value: Value | None) -> tuple[int, ...] | None:
    if value is None:
        return None
    parts = value.items if isinstance(value, Tuple) else (value,)
    found: list[int] = []
    for part in parts:
        axis = part.constant if isinstance(part, Number) else None
        if type(axis) is not int or not -rank <= axis < rank:
            ctx.refuse("the axis must be a constant of the array's axes")
        found.append(axis % rank)
    if len(set(found)) < len(found):
        ctx.refuse("an axis is named twice: ValueError")
    return tuple(sorted(found))


# ---- along axes ------------------------------------------------------------------------------


def _along(ctx: Lowering, op: str, source: Elements, options: Options, one: One) -> View:
    """One reduction for each index of the axes that stay."""
    gone = options.axes or ()
    stay = [axis for axis in range(source.rank) if axis not in gone]
    held = [ctx.held(extent) for extent in source.shape]
    inner = tuple(held[axis] for axis in gone)
    shape = tuple(held[axis] for axis in stay)
    if op in _NEEDS_ELEMENTS:
        ctx.fail_if(apply("equal", size_of(inner), ZERO))
    with ctx.nested():
        kind = one(ctx, _part(source, inner, gone, stay, (ZERO,) * len(stay))).type
    full = tuple(ONE if axis in gone else held[axis] for axis in range(source.rank))
    result = allocate(ctx, I64 if kind is INT else kind, full if options.keep else shape, op)

    def reduced(place: Index) -> None:
        value = one(ctx, _part(source, inner, gone, stay, place))
        where = place
        if options.keep:
            outer = dict(zip(stay, place, strict=True))
            where = tuple(outer.get(axis, ZERO) for axis in range(source.rank))
        store(ctx, result, where, convert(value, result.dtype))

    over(ctx, shape, reduced, "k")
    return result


def _part(
    source: Elements, shape: Index, gone: Sequence[int], stay: Sequence[int], place: Index
) -> Elements:
    """The elements that are reduced to the one at `place`."""

    def element(index: Index) -> Expr:
        own = {**dict(zip(gone, index, strict=True)), **dict(zip(stay, place, strict=True))}
        return source.element(tuple(own[axis] for axis in range(source.rank)))

    return Elements(source.dtype, shape, element, source.reads)


# ---- the reductions --------------------------------------------------------------------------

_NEEDS_ELEMENTS: Final = frozenset(
    ("min", "max", "ptp", "mean", "argmin", "argmax", "std", "var", "nanmin", "nanmax", "nanmean")
)


def _reduction(ctx: Lowering, op: str, dtype: Scalar, options: Options) -> One:
    """How the elements of one array become one number."""
    if dtype.kind == "complex" and op not in ("sum", "prod", "mean", "any", "all"):
        ctx.refuse(f"{op} of complex numbers is not compiled")
    match op:
        case "argmin" | "argmax":
            return lambda ctx, source: _position(ctx, op == "argmax", source)
        case "std" | "var":
            return lambda ctx, source: _spread(ctx, op, source, options.ddof)
        case "ptp":
            return _range
        case "count_nonzero":
            return _count
        case "nansum" | "nanmean":
            return lambda ctx, source: _without_nan(ctx, op, source)
        case _:
            kind = _accumulator(ctx, op, dtype, options.dtype)
            return lambda ctx, source: _simple(ctx, op, source, kind)


def _accumulator(ctx: Lowering, op: str, dtype: Scalar, asked: Scalar | None) -> Scalar:
    if asked is not None:
        if asked is B1 or not np.can_cast(dtype.dtype, asked.dtype, "same_kind"):
            ctx.refuse(f"{op} of {dtype} as {asked} is not compiled")
        if op == "mean" and not asked.is_inexact:
            ctx.refuse("a mean in whole numbers is not compiled")
        return asked
    if op in ("any", "all"):
        return B1
    if op in ("min", "max", "nanmin", "nanmax") or dtype.is_inexact:
        return dtype
    if op == "mean":
        return F64
    return U64 if dtype.kind == "unsigned" else I64


def _simple(ctx: Lowering, op: str, source: Elements, kind: Scalar) -> Expr:
    _must_have_elements(ctx, op, source)
    if op == "mean":
        total = _accumulate(ctx, "sum", source, kind)
        count = convert(cast(size_of(source.shape), F64), kind)
        return apply("divide", total, count)
    total = _accumulate(ctx, op, source, kind)
    if op in ("nanmin", "nanmax") and kind.kind == "real":
        ctx.fail_if(apply("not_equal", total, total))
    return total


def _must_have_elements(ctx: Lowering, op: str, source: Elements) -> None:
    """Without any, NumPy raises ValueError or warns."""
    if op in _NEEDS_ELEMENTS:
        ctx.fail_if(apply("equal", size_of(source.shape), ZERO))


def _accumulate(ctx: Lowering, op: str, source: Elements, kind: Scalar) -> Expr:
    """Sums of narrow floats are kept in the wider type: at least as near as NumPy's pairs."""
    step = _STEP[op]
    step = {"fmin": "minimum", "fmax": "maximum"}.get(step, step) if kind.kind != "real" else step
    wide = _WIDER.get(kind, kind) if op == "sum" else kind
    total = Var(ctx.local(f"{op}.tmp", wide), wide)
    if op in ("min", "max", "nanmin", "nanmax"):
        first = source.element((ZERO,) * source.rank)
    else:
        identity = OPS[step].identity
        assert identity is not None, op
        first = constant_of(identity, wide)
    ctx.emit(Assign(total.name, first, ctx.loc))

    def add(place: Index) -> None:
        item = source.element(place)
        item = cast(nonzero(item), B1) if kind is B1 else convert(item, kind)
        item = cast(item, wide)
        ctx.emit(Assign(total.name, apply(step, total, item, checked=False), ctx.loc))

    over(ctx, source.shape, add)
    return cast(total, kind)


def _spread(ctx: Lowering, op: str, source: Elements, ddof: int) -> Expr:
    """`std` and `var`: the mean of squared distances from the mean."""
    kind = source.dtype if source.dtype.is_inexact else F64
    size = size_of(source.shape)
    ctx.fail_if(apply("less_equal", size, Const(max(ddof, 0), INT)))
    count = convert(cast(size, F64), kind)
    mean = ctx.temporary(apply("divide", _accumulate(ctx, "sum", source, kind), count))

    def squared(item: Expr) -> Expr:
        distance = ctx.temporary(apply("sub", convert(item, kind), mean, checked=False))
        return apply("mul", distance, distance, checked=False)

    total = _accumulate(ctx, "sum", elementwise(ctx, kind, [source], squared), kind)
    left = count if ddof == 0 else convert(cast(plus(size, Const(-ddof, INT)), F64), kind)
    result = apply("divide", total, left)
    return apply("sqrt", result, checked=False) if op == "std" else result


def _range(ctx: Lowering, source: Elements) -> Expr:
    """`np.ptp`."""
    if source.dtype.kind == "bool":
        ctx.refuse("np.ptp of bools raises TypeError")
    _must_have_elements(ctx, "ptp", source)
    top, low = (_accumulate(ctx, op, source, source.dtype) for op in ("max", "min"))
    return operate(ctx, "sub", top, low, True)


def _count(ctx: Lowering, source: Elements) -> Expr:
    def truth(item: Expr) -> Expr:
        return cast(nonzero(item), I64)

    counted = _accumulate(ctx, "sum", elementwise(ctx, I64, [source], truth), I64)
    return cast(counted, _COUNT)


def _without_nan(ctx: Lowering, op: str, source: Elements) -> Expr:
    if source.dtype.kind != "real":
        return _simple(ctx, op[3:], source, _accumulator(ctx, op[3:], source.dtype, None))
    zero = constant_of(0, source.dtype)

    def present(item: Expr) -> Expr:
        held = ctx.temporary(item)
        return apply("select", apply("equal", held, held), held, zero)

    kept = elementwise(ctx, source.dtype, [source], present)
    total = _accumulate(ctx, "sum", kept, source.dtype)
    if op == "nansum":
        return total

    def counts(item: Expr) -> Expr:
        held = ctx.temporary(item)
        return cast(apply("equal", held, held), I64)

    count = _accumulate(ctx, "sum", elementwise(ctx, I64, [source], counts), I64)
    ctx.fail_if(apply("equal", count, constant_of(0, I64)))
    return apply("divide", total, convert(cast(count, F64), source.dtype))


# ---- positions -------------------------------------------------------------------------------


def _position(ctx: Lowering, largest: bool, source: Elements) -> Expr:
    """`argmin` and `argmax`: the first of the best, or the first NaN, in one pass."""
    _must_have_elements(ctx, "argmin", source)
    kind = source.dtype
    shape = tuple(ctx.held(extent) for extent in source.shape)
    size = ctx.held(size_of(shape))
    best = Var(ctx.local("best.tmp", kind), kind)
    where = Var(ctx.local("where.tmp", INT), INT)
    nan = Var(ctx.local("nan.tmp", INT), INT) if kind.kind == "real" else None
    ctx.emit(Assign(best.name, worst_of(kind, largest), ctx.loc))
    ctx.emit(Assign(where.name, ZERO, ctx.loc))
    if nan is not None:
        ctx.emit(Assign(nan.name, size, ctx.loc))

    def look(place: Index) -> None:
        item = ctx.temporary(source.element(place))
        here = _flat(shape, place)
        better = apply("greater" if largest else "less", item, best)
        sets = (Assign(best.name, item, ctx.loc), Assign(where.name, here, ctx.loc))
        ctx.emit(If(better, sets, (), ctx.loc))
        if nan is not None:
            first = apply("select", cast(apply("isnan", item), BOOL), here, size)
            ctx.emit(Assign(nan.name, apply("minimum", nan, first), ctx.loc))

    over(ctx, shape, look)
    if nan is not None:
        found = apply("less", nan, size)
        ctx.emit(Assign(where.name, apply("select", found, nan, where), ctx.loc))
    return cast(where, I64)


def worst_of(kind: Scalar, largest: bool) -> Expr:
    """What no element is worse than, in a search for the largest or the smallest one."""
    if kind.kind == "real":
        return constant_of(-math.inf if largest else math.inf, kind)
    if kind is B1:
        return constant_of(not largest, kind)
    signed, bits = kind.kind == "signed", kind.bits
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return constant_of(low if largest else high, kind)


def _flat(shape: Index, place: Index) -> Expr:
    """The position in C order."""
    position = place[0]
    for extent, part in zip(shape[1:], place[1:], strict=True):
        position = plus(times(position, extent), part)
    return position
