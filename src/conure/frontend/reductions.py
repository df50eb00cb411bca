"""Whole-array functions: all elements to one number, and new local arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from conure.frontend.arrays import (
    ZERO,
    allocate,
    at,
    broadcast,
    elements,
    elementwise,
    materialize,
    over,
    store,
)
from conure.frontend.attributes import dtype_of, size_of
from conure.frontend.context import Lowering
from conure.frontend.conversion import convert, index, nonzero, stored
from conure.frontend.promotion import common
from conure.frontend.values import Elements, Number, Object, Tuple, Value, View
from conure.ir.nodes import Assign, Const, Expr, Var
from conure.ir.ops import OPS, apply, cast
from conure.ir.types import B1, BOOL, F64, I64, INT, U64, Scalar, scalar_of_dtype

_STEP = {"sum": "add", "prod": "mul", "min": "minimum", "max": "maximum", "mean": "add",
         "any": "or", "all": "and"}  # fmt: skip


def reduce(ctx: Lowering, op: str, value: Value, named: Mapping[str, Value]) -> Number:
    """`x.sum()` and its kin, over all elements."""
    if any(not (isinstance(arg, Object) and arg.value is None) for arg in named.values()):
        ctx.refuse(f"{op} with {', '.join(named)} is not compiled", "write the loop")
    if not isinstance(value, View | Elements):
        ctx.refuse(f"{op} of something that is not an array is not compiled")
    source = elements(ctx, value)
    if source.rank == 0:
        ctx.refuse(f"{op} of a 0-d array is not compiled")
    kind = _accumulator(ctx, op, source.dtype)
    if op in ("min", "max", "mean"):
        ctx.fail_if(apply("equal", size_of(source.shape), ZERO))
    total = _accumulate(ctx, op, source, kind)
    if op != "mean":
        return Number(total)
    count = convert(cast(size_of(source.shape), F64), kind)
    return Number(apply("divide", total, count))


def _accumulator(ctx: Lowering, op: str, dtype: Scalar) -> Scalar:
    if op in ("any", "all"):
        return B1
    if op in ("min", "max"):
        if dtype.kind == "complex":
            ctx.refuse(f"{op} of complex numbers is not compiled")
        return dtype
    if dtype.is_inexact:
        return dtype
    if op == "mean":
        return F64
    return U64 if dtype.kind == "unsigned" else I64


def _accumulate(ctx: Lowering, op: str, source: Elements, kind: Scalar) -> Expr:
    step = _STEP[op]
    total = Var(ctx.local(f"{op}.tmp", kind), kind)
    if op in ("min", "max"):
        first = source.element((ZERO,) * source.rank)
    else:
        identity = OPS[step].identity
        assert identity is not None, op
        first = Const(bool(identity) if kind is B1 else _of_kind(identity, kind), kind)
    ctx.emit(Assign(total.name, first, ctx.loc))

    def add(place: tuple[Expr, ...]) -> None:
        item = source.element(place)
        item = cast(nonzero(item), B1) if kind is B1 else convert(item, kind)
        ctx.emit(Assign(total.name, apply(step, total, item, checked=False), ctx.loc))

    over(ctx, source.shape, add)
    return total


def _of_kind(value: float, kind: Scalar) -> int | float | complex:
    if kind.is_integer:
        return int(value)
    return complex(value) if kind.kind == "complex" else float(value)


def dot(ctx: Lowering, op: str, args: Sequence[Value]) -> Number:
    """`np.dot(x, y)` of two vectors."""
    left, right = _vector(ctx, args[0]), _vector(ctx, args[1])
    kind = common(left.dtype, right.dtype)
    if kind is None or kind is B1 or (op == "vdot" and kind.kind == "complex"):
        ctx.refuse("the dot product of these types is not compiled")
    shape = broadcast(ctx, [left.shape, right.shape])

    def product(x: Expr, y: Expr) -> Expr:
        return apply("mul", convert(x, kind), convert(y, kind), checked=False)

    pairs = elementwise(ctx, kind, [left, right], product)
    zero = Const(_of_kind(0.0, kind), kind)
    total = Var(ctx.local(f"{op}.tmp", kind), kind)
    ctx.emit(Assign(total.name, zero, ctx.loc))

    def add(place: tuple[Expr, ...]) -> None:
        item = at(pairs, place)
        ctx.emit(Assign(total.name, apply("add", total, item, checked=False), ctx.loc))

    over(ctx, shape, add)
    return Number(total)


def _vector(ctx: Lowering, value: Value) -> Elements:
    if not isinstance(value, View | Elements) or value.rank != 1:
        ctx.refuse("dot is compiled for two vectors", "write the loops of the matrix product")
    return elements(ctx, value)


# ---- new arrays ------------------------------------------------------------------------------


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
        found = scalar_of_dtype(dtype_of(ctx, dtype))
        if found is None:
            ctx.refuse("an array of this dtype is not compiled")
        return found
    if model is not None:
        return model.dtype
    if op == "full" and isinstance(fill, Number):
        return {BOOL: B1, INT: I64}.get(fill.type, _numpy(fill.type))
    return F64


def _numpy(kind: Scalar) -> Scalar:
    found = scalar_of_dtype(kind.dtype)
    assert found is not None, kind
    return found


def _fill(ctx: Lowering, op: str, fill: Value | None, kind: Scalar) -> Expr:
    if op != "full":
        return Const(_of_kind(op == "ones", kind) if kind is not B1 else op == "ones", kind)
    if not isinstance(fill, Number) or fill.kind is not None:
        ctx.refuse("the fill value must be a number")
    return ctx.held(stored(ctx, fill.expr, kind))


def _shape(ctx: Lowering, value: Value) -> tuple[Expr, ...]:
    parts = value.items if isinstance(value, Tuple) else (value,)
    extents: list[Expr] = []
    for part in parts:
        if not isinstance(part, Number):
            ctx.refuse("the shape of a new array must be ints")
        extent = ctx.held(index(ctx, part))
        ctx.fail_if(apply("less", extent, ZERO))
        extents.append(extent)
    return tuple(extents)


def copied(ctx: Lowering, value: Value) -> View:
    """`x.copy()`, `np.array(x)`: the elements in a new local array."""
    match value:
        case View() | Elements():
            return materialize(ctx, elements(ctx, value), "copy")
        case Tuple(items) if items and all(isinstance(item, Number) for item in items):
            return _of_tuple(ctx, [item for item in items if isinstance(item, Number)])
        case _:
            ctx.refuse("a copy of this is not compiled")


def _of_tuple(ctx: Lowering, items: Sequence[Number]) -> View:
    kind = items[0].type
    if any(item.type is not kind or item.kind is not None for item in items):
        ctx.refuse("the elements must be of one type")
    exprs = [convert(item.expr, _numpy(kind)) for item in items]
    result = allocate(ctx, _numpy(kind), (Const(len(items), INT),), "array")
    for k, expr in enumerate(exprs):
        store(ctx, result, (Const(k, INT),), expr)
    return result
