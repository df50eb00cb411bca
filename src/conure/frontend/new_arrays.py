"""Local arrays that the region makes itself: `np.zeros(n)`, `x.copy()`, `np.array([a, b])`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from conure.frontend.arrays import (
    ONE,
    ZERO,
    allocate,
    assign_elements,
    at_least_zero,
    elements,
    materialize,
    minus,
    over,
    plus,
    store,
)
from conure.frontend.attributes import dtype_of
from conure.frontend.context import Lowering
from conure.frontend.conversion import convert, index, stored
from conure.frontend.promotion import common
from conure.frontend.values import Axis, Elements, Number, Tuple, Value, View
from conure.ir.nodes import Const, Expr
from conure.ir.ops import apply, cast
from conure.ir.types import BOOL, F64, FLOAT, I64, INT, Scalar, numpy_type, scalar_of_dtype

Index = tuple[Expr, ...]


def constant_of(value: float, kind: Scalar) -> Const:
    """A small number in any type."""
    if kind.kind == "bool":
        return Const(bool(value), kind)
    if kind.is_integer:
        return Const(int(value), kind)
    return Const(complex(value) if kind.kind == "complex" else float(value), kind)


def new_array(ctx: Lowering, op: str, args: Sequence[Value], named: Mapping[str, Value]) -> View:
    """`np.zeros(n)` and its kin: a local array."""
    if not args:
        ctx.refuse("the shape is missing")
    model = args[0] if isinstance(args[0], View) else None
    shape = model.shape if model is not None else _shape(ctx, args[0])
    rest = list(args[1:])
    fill = rest.pop(0) if op == "full" and rest else named.get("fill_value")
    dtype = rest.pop(0) if rest else named.get("dtype")
    if rest or not set(named) <= {"dtype", "fill_value"}:
        ctx.refuse("these arguments of a new array are not compiled")
    kind = _new_dtype(ctx, op, dtype, fill, model)
    result = allocate(ctx, kind, tuple(ctx.held(extent) for extent in shape), op)
    if op == "empty":
        return result
    value = _fill(ctx, op, fill, kind)
    over(ctx, result.shape, lambda place: store(ctx, result, place, value))
    return result


def _new_dtype(
    ctx: Lowering, op: str, dtype: Value | None, fill: Value | None, model: View | None
) -> Scalar:
    if dtype is not None:
        return known_dtype(ctx, dtype)
    if model is not None:
        return model.dtype
    if op == "full" and isinstance(fill, Number):
        return numpy_type(fill.type)
    return F64


def known_dtype(ctx: Lowering, dtype: Value) -> Scalar:
    """What `dtype=...` was given, if it is one of ours."""
    found = scalar_of_dtype(dtype_of(ctx, dtype))
    if found is None:
        ctx.refuse("an array of this dtype is not compiled")
    return found


def _fill(ctx: Lowering, op: str, fill: Value | None, kind: Scalar) -> Expr:
    if op != "full":
        return constant_of(op == "ones", kind)
    if not isinstance(fill, Number) or fill.kind is not None:
        ctx.refuse("the fill value must be a number")
    return ctx.held(stored(ctx, fill.expr, kind))


def _shape(ctx: Lowering, value: Value) -> Index:
    parts = value.items if isinstance(value, Tuple) else (value,)
    extents: list[Expr] = []
    for part in parts:
        if not isinstance(part, Number):
            ctx.refuse("the shape of a new array must be ints")
        extent = ctx.held(index(ctx, part))
        ctx.fail_if(apply("less", extent, ZERO))
        extents.append(extent)
    return tuple(extents)


# ---- of what is there ------------------------------------------------------------------------


def copied(ctx: Lowering, value: Value, dtype: Scalar | None = None) -> View:
    """`x.copy()`, `np.array(x)`: the elements in a new local array."""
    match value:
        case View() | Elements():
            source = elements(ctx, value)
            if dtype is None or dtype is source.dtype:
                return materialize(ctx, source, "copy")
            result = allocate(ctx, dtype, tuple(map(ctx.held, source.shape)), "copy")
            assign_elements(ctx, result, source)
            return result
        case Tuple(items) if items:
            return _of_tuple(ctx, items, dtype)
        case _:
            ctx.refuse("a copy of this is not compiled")


def as_array(ctx: Lowering, value: Value) -> View | Elements:
    """What a function of NumPy makes of its argument first."""
    if isinstance(value, View | Elements):
        return value
    if isinstance(value, Tuple) and value.items:
        return _of_tuple(ctx, value.items, None)
    ctx.refuse("an array is needed here")


def _of_tuple(ctx: Lowering, items: Sequence[Value], dtype: Scalar | None) -> View:
    """Numbers, or rows of the same shape."""
    if all(isinstance(item, Number) for item in items):
        return _of_numbers(ctx, [item for item in items if isinstance(item, Number)], dtype)
    rows = [
        _of_tuple(ctx, item.items, dtype) if isinstance(item, Tuple) else item for item in items
    ]
    parts = [elements(ctx, row) for row in rows if isinstance(row, View | Elements)]
    if len(parts) < len(items) or len({part.rank for part in parts}) > 1:
        ctx.refuse("an array of these is not compiled")
    kind = dtype or _common_type(ctx, [part.dtype for part in parts])
    first = tuple(ctx.held(extent) for extent in parts[0].shape)
    for part in parts[1:]:
        for one, other in zip(first, part.shape, strict=True):
            if one != other:
                ctx.fail_if(apply("not_equal", one, other))
    result = allocate(ctx, kind, (Const(len(parts), INT), *first), "array")
    for k, part in enumerate(parts):
        assign_elements(ctx, _row(result, k), part)
    return result


def _row(array: View, position: int) -> View:
    axes = tuple(
        Axis(Const(position, INT), 0, None) if k == 0 else Axis(ZERO, 1, k - 1)
        for k in range(array.rank)
    )
    return View(array.base, array.dtype, axes, array.shape[1:])


def _of_numbers(ctx: Lowering, items: Sequence[Number], dtype: Scalar | None) -> View:
    if any(item.kind is not None for item in items):
        ctx.refuse("the elements must be of a known type", "convert them first")
    kind = dtype or _common_type(ctx, [numpy_type(item.type) for item in items])
    exprs = [ctx.held(stored(ctx, item.expr, kind)) for item in items]
    result = allocate(ctx, kind, (Const(len(items), INT),), "array")
    for k, expr in enumerate(exprs):
        store(ctx, result, (Const(k, INT),), expr)
    return result


def _common_type(ctx: Lowering, kinds: Sequence[Scalar]) -> Scalar:
    found: Scalar | None = kinds[0]
    for kind in kinds[1:]:
        found = None if found is None else common(found, kind)
    if found is None:
        ctx.refuse("NumPy gives an array of these a type that is not compiled")
    return found


def concatenated(ctx: Lowering, args: Sequence[Value]) -> View:
    """`np.concatenate((x, y))` of arrays of one axis."""
    if len(args) != 1 or not isinstance(args[0], Tuple) or not args[0].items:
        ctx.refuse("np.concatenate is compiled for a tuple of arrays of one axis")
    parts = [elements(ctx, as_array(ctx, item)) for item in args[0].items]
    if any(part.rank != 1 for part in parts):
        ctx.refuse("np.concatenate is compiled for arrays of one axis")
    kind = _common_type(ctx, [part.dtype for part in parts])
    ends: list[Expr] = [ZERO]
    for part in parts:
        ends.append(ctx.held(plus(ends[-1], part.shape[0])))
    result = allocate(ctx, kind, (ends[-1],), "joined")
    for start, part in zip(ends, parts, strict=False):
        piece = View(result.base, kind, (Axis(start, 1, 0),), part.shape)
        assign_elements(ctx, piece, part)
    return result


# ---- numbers in a row ------------------------------------------------------------------------


def arange(ctx: Lowering, args: Sequence[Value], named: Mapping[str, Value]) -> View:
    """`np.arange(n)`, `np.arange(start, stop, step)`."""
    numbers = [arg for arg in args if isinstance(arg, Number) and arg.kind is None]
    if len(numbers) < len(args) or not 1 <= len(args) <= 3 or not set(named) <= {"dtype"}:
        ctx.refuse("np.arange with these arguments is not compiled")
    whole = all(number.type in (INT, BOOL, I64) for number in numbers)
    if not whole and any(number.type not in (INT, BOOL, I64, FLOAT, F64) for number in numbers):
        ctx.refuse("np.arange of these types is not compiled")
    if "dtype" in named and known_dtype(ctx, named["dtype"]) is not (I64 if whole else F64):
        ctx.refuse("np.arange with this dtype is not compiled")
    kind = INT if whole else FLOAT
    exprs = [ctx.held(convert(number.expr, kind)) for number in numbers]
    start = exprs[0] if len(exprs) > 1 else constant_of(0, kind)
    stop = exprs[1] if len(exprs) > 1 else exprs[0]
    step = exprs[2] if len(exprs) > 2 else constant_of(1, kind)
    if whole:
        return _whole_range(ctx, start, stop, step)
    return _real_range(ctx, start, stop, step)


def _whole_range(ctx: Lowering, start: Expr, stop: Expr, step: Expr) -> View:
    if not isinstance(step, Const) or not isinstance(step.value, int) or step.value < 1:
        ctx.refuse("np.arange is compiled for a constant step above 0")
    length = at_least_zero(minus(stop, start))
    if step != ONE:
        padded = plus(length, minus(step, ONE))
        length = apply("floordiv", padded, step)
    result = allocate(ctx, I64, (ctx.held(length),), "arange")

    def fill(place: Index) -> None:
        value = plus(apply("mul", place[0], step) if step != ONE else place[0], start)
        store(ctx, result, place, cast(value, I64))

    over(ctx, result.shape, fill)
    return result


def _real_range(ctx: Lowering, start: Expr, stop: Expr, step: Expr) -> View:
    """NumPy works out the second element, and goes on by its distance from the first."""
    start, stop, step = (ctx.held(cast(each, F64)) for each in (start, stop, step))
    turns = apply("divide", apply("sub", stop, start), step)
    length = ctx.temporary(cast(apply("ceil", turns), INT, loc=ctx.loc))
    result = allocate(ctx, F64, (ctx.held(apply("maximum", length, ZERO)),), "arange")
    distance = ctx.temporary(apply("sub", apply("add", start, step), start))

    def fill(place: Index) -> None:
        value = apply("add", start, apply("mul", cast(place[0], F64), distance))
        store(ctx, result, place, value)

    over(ctx, result.shape, fill)
    return result


def identity(ctx: Lowering, args: Sequence[Value], named: Mapping[str, Value]) -> View:
    """`np.eye(n)`."""
    if len(args) != 1 or not set(named) <= {"dtype"} or not isinstance(args[0], Number):
        ctx.refuse("np.eye with these arguments is not compiled")
    kind = known_dtype(ctx, named["dtype"]) if "dtype" in named else F64
    (extent,) = _shape(ctx, args[0])
    result = allocate(ctx, kind, (extent, extent), "eye")
    one, zero = constant_of(1, kind), constant_of(0, kind)

    def fill(place: Index) -> None:
        store(ctx, result, place, apply("select", apply("equal", *place), one, zero))

    over(ctx, result.shape, fill)
    return result
