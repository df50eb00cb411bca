"""Functions that make arrays of one array: `np.cumsum`, `np.diff`, `np.roll`, other shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from conure.frontend.arrays import (
    ZERO,
    allocate,
    binary_elements,
    elements,
    materialize,
    minus,
    over,
    store,
)
from conure.frontend.attributes import size_of, transposed
from conure.frontend.context import Lowering
from conure.frontend.conversion import convert
from conure.frontend.conversion import index as as_index
from conure.frontend.indexing import Item, Slice, subscript
from conure.frontend.new_arrays import as_array, constant_of
from conure.frontend.reductions import reduce
from conure.frontend.values import (
    Axis,
    Elements,
    Number,
    Object,
    Tuple,
    Value,
    View,
    integer_number,
)
from conure.ir.nodes import Assign, Const, Expr, Var
from conure.ir.ops import apply
from conure.ir.types import I64, U64, Scalar

Index = tuple[Expr, ...]
_ALL = Slice(None, None, None)


def as_view(ctx: Lowering, value: Value) -> View:
    """An array that has memory, so that parts of it can be looked at."""
    found = as_array(ctx, value)
    return found if isinstance(found, View) else materialize(ctx, found)


def _single(
    ctx: Lowering, name: str, args: Sequence[Value], named: Mapping[str, Value], also: str = "axis"
) -> tuple[Value, int | None]:
    """An array, and a constant axis if one is given."""
    if not 1 <= len(args) <= 2 or not set(named) <= {also} or (len(args) == 2 and named):
        ctx.refuse(f"{name} with these arguments is not compiled")
    axis = args[1] if len(args) == 2 else named.get(also)
    if axis is None or (isinstance(axis, Object) and axis.value is None):
        return args[0], None
    if not isinstance(axis, Number) or type(axis.constant) is not int:
        ctx.refuse(f"the {also} of {name} must be a constant")
    return args[0], axis.constant


# ---- running sums ----------------------------------------------------------------------------


def running(ctx: Lowering, op: str, args: Sequence[Value], named: Mapping[str, Value]) -> View:
    """`np.cumsum(x)`, `np.cumprod(x)`."""
    value, axis = _single(ctx, f"np.{op}", args, named)
    source = elements(ctx, as_array(ctx, value))
    if axis is None and source.rank == 1:
        axis = 0
    if axis is None or not -source.rank <= axis < source.rank:
        ctx.refuse(f"np.{op} of several axes needs one of them", "name the axis")
    axis %= source.rank
    kind = _sum_type(source.dtype)
    if kind.kind == "complex" and op == "cumprod":
        ctx.refuse("np.cumprod of complex numbers is not compiled")
    shape = tuple(ctx.held(extent) for extent in source.shape)
    result = allocate(ctx, kind, shape, op)
    total = Var(ctx.local(f"{op}.tmp", kind), kind)

    def run(place: Index) -> None:
        ctx.emit(Assign(total.name, _neutral(op, kind), ctx.loc))

        def step(index: Index) -> None:
            where = (*place[:axis], *index, *place[axis:])
            item = convert(source.element(where), kind)
            step_op = "add" if op == "cumsum" else "mul"
            ctx.emit(Assign(total.name, apply(step_op, total, item, checked=False), ctx.loc))
            store(ctx, result, where, total)

        over(ctx, (shape[axis],), step)

    over(ctx, (*shape[:axis], *shape[axis + 1 :]), run)
    return result


def _sum_type(dtype: Scalar) -> Scalar:
    if dtype.is_inexact:
        return dtype
    return U64 if dtype.kind == "unsigned" else I64


def _neutral(op: str, kind: Scalar) -> Const:
    """What gives any value back, bit for bit."""
    if op == "cumprod" or kind.is_integer:
        return constant_of(op == "cumprod", kind)
    return Const(complex(-0.0, -0.0) if kind.kind == "complex" else -0.0, kind)


def difference(ctx: Lowering, args: Sequence[Value], named: Mapping[str, Value]) -> Elements:
    """`np.diff(x)`."""
    value, axis = _single(ctx, "np.diff", args[:1], named)
    if len(args) > 1:
        ctx.refuse("np.diff is compiled for first differences")
    view = as_view(ctx, value)
    axis = -1 if axis is None else axis
    if not -view.rank <= axis < view.rank:
        ctx.refuse("the axis is out of range: ValueError")
    axis %= view.rank
    before: list[Item] = [_ALL] * axis
    later = subscript(ctx, view, [*before, Slice(integer_number(1), None, None)])
    earlier = subscript(ctx, view, [*before, Slice(None, integer_number(-1), None)])
    length = ctx.held(later.shape[axis])
    same = (*view.shape[:axis], length, *view.shape[axis + 1 :])
    pair = [View(v.base, v.dtype, v.axes, same, v.writeable) for v in (later, earlier)]
    op = "not_equal" if view.dtype.kind == "bool" else "sub"
    return binary_elements(ctx, op, *pair)


# ---- other orders and shapes -----------------------------------------------------------------


def rolled(ctx: Lowering, args: Sequence[Value], named: Mapping[str, Value]) -> Elements:
    """`np.roll(x, shift)` of one axis, `np.roll(x, shift, axis)` along one."""
    if not 2 <= len(args) <= 3 or not isinstance(args[1], Number):
        ctx.refuse("np.roll is compiled for a shift along one axis")
    view = as_view(ctx, args[0])
    _, axis = _single(ctx, "np.roll", [args[0], *args[2:]], named)
    if axis is None and view.rank != 1:
        ctx.refuse("np.roll of several axes needs one of them", "name the axis")
    axis = 0 if axis is None else axis
    if not -view.rank <= axis < view.rank:
        ctx.refuse("the axis is out of range: AxisError")
    axis %= view.rank
    shape = tuple(map(ctx.held, view.shape))
    extent, shift = shape[axis], ctx.held(as_index(ctx, args[1]))
    source = elements(ctx, view)

    def element(place: Index) -> Expr:
        turned = apply("mod", minus(place[axis], shift), extent, checked=False)
        return source.element((*place[:axis], turned, *place[axis + 1 :]))

    return Elements(view.dtype, shape, element, tuple(map(scattered, source.reads)))


def scattered(view: View) -> View:
    """The same array, as one that is read in no order that an assignment could follow."""
    axes = tuple(Axis(ZERO, 0, None) for _ in view.axes)
    return View(view.base, view.dtype, axes, view.shape)


def flipped(ctx: Lowering, args: Sequence[Value], named: Mapping[str, Value]) -> View:
    """`np.flip(x)`: a view."""
    value, axis = _single(ctx, "np.flip", args, named)
    view = as_view(ctx, value)
    if axis is not None and not -view.rank <= axis < view.rank:
        ctx.refuse("the axis is out of range")
    back = Slice(None, None, integer_number(-1))
    wanted = [axis is None or axis % view.rank == k for k in range(view.rank)]
    return subscript(ctx, view, [back if turn else _ALL for turn in wanted])


def transpose(ctx: Lowering, args: Sequence[Value], named: Mapping[str, Value]) -> View:
    """`a.transpose()`, `np.transpose(a, (1, 0))`."""
    given = {**dict(zip(("a", "axes"), args, strict=False)), **named}
    if len(args) > 2 or not set(given) <= {"a", "axes"} or "a" not in given:
        ctx.refuse("transpose with these arguments is not compiled")
    ctx.is_reordered = True
    view = as_view(ctx, given["a"])
    order = given.get("axes")
    if order is None or (isinstance(order, Object) and order.value is None):
        return transposed(view)
    parts = order.items if isinstance(order, Tuple) else ()
    axes = [part.constant for part in parts if isinstance(part, Number)]
    if not parts or any(type(axis) is not int for axis in axes):
        ctx.refuse("the order of axes must be a tuple of constants")
    wanted = [int(axis.real) for axis in axes if axis is not None]
    if any(not -view.rank <= axis < view.rank for axis in wanted):
        ctx.refuse("an axis is out of range: AxisError")
    wanted = [axis % view.rank for axis in wanted]
    if sorted(wanted) != list(range(view.rank)):
        ctx.refuse("the order does not name every axis once: ValueError")
    return _reordered(view, wanted)


def _reordered(view: View, wanted: Sequence[int]) -> View:
    """The axes of a view in another order: `wanted` says which comes where."""
    where = {axis: position for position, axis in enumerate(wanted)}
    axes = tuple(
        axis if axis.of is None else Axis(axis.start, axis.step, where[axis.of])
        for axis in view.axes
    )
    shape = tuple(view.shape[axis] for axis in wanted)
    return View(view.base, view.dtype, axes, shape, view.writeable)


def flat(
    ctx: Lowering, args: Sequence[Value], named: Mapping[str, Value], copy: bool = False
) -> Value:
    """`a.ravel()`, `a.flatten()`: as it is, if it has one axis; else its elements in C order."""
    if len(args) != 1 or named:
        ctx.refuse("an order of elements is not compiled")
    view = as_view(ctx, args[0])
    if not copy:
        if view.rank == 1 and _is_contiguous(ctx, view):
            return view
        ctx.refuse("this ravel may be a view or a copy", "write flatten()")
    if view.rank == 1:
        return materialize(ctx, elements(ctx, view))
    shape = tuple(ctx.held(extent) for extent in view.shape)
    result = allocate(ctx, view.dtype, (ctx.held(size_of(shape)),), "flat")
    source = elements(ctx, view)

    def fill(place: Index) -> None:
        position = place[0]
        for extent, part in zip(shape[1:], place[1:], strict=True):
            position = apply("add", apply("mul", position, extent), part)
        store(ctx, result, (position,), source.element(place))

    over(ctx, shape, fill)
    return result


def _is_contiguous(ctx: Lowering, view: View) -> bool:
    """Whether a view of one axis is a run of memory, so that NumPy makes no copy of it."""
    *before, last = view.axes
    rows = all(axis.of is None for axis in before) and last.of == 0 and last.step == 1
    return rows and ctx.arrays[view.base].layout == "C"


def reshaped(ctx: Lowering, args: Sequence[Value], named: Mapping[str, Value]) -> View:
    """`x.reshape(n, 1)` of one axis: new axes of one element."""
    wanted = args[1].items if len(args) == 2 and isinstance(args[1], Tuple) else args[1:]
    view = as_view(ctx, args[0])
    if named or view.rank != 1:
        ctx.refuse("reshape is compiled for arrays of one axis")
    items: list[Item] = []
    for part in wanted:
        if isinstance(part, Number) and part.constant == 1:
            items.append(Object(None))
            continue
        if not isinstance(part, Number) or _ALL in items:
            ctx.refuse("reshape is compiled for new axes of one element")
        if part.constant != -1 and part.expr != view.shape[0]:
            ctx.fail_if(apply("not_equal", as_index(ctx, part), view.shape[0]))
        items.append(_ALL)
    if _ALL not in items:
        ctx.refuse("reshape is compiled for new axes of one element")
    return subscript(ctx, view, items)


def diagonal(ctx: Lowering, args: Sequence[Value], named: Mapping[str, Value]) -> View:
    """`np.diag(a)` of a matrix: a view that cannot be written."""
    if len(args) != 1 or named:
        ctx.refuse("another diagonal than the main one is not compiled")
    view = as_view(ctx, args[0])
    if view.rank != 2:
        ctx.refuse("np.diag is compiled for matrices")
    rows, columns = view.shape
    length = rows if rows == columns else ctx.held(apply("minimum", rows, columns))
    axes = tuple(axis if axis.of is None else Axis(axis.start, axis.step, 0) for axis in view.axes)
    return View(view.base, view.dtype, axes, (length,), writeable=False)


def trace(ctx: Lowering, args: Sequence[Value], named: Mapping[str, Value]) -> Value:
    """`np.trace(a)` of a matrix."""
    return reduce(ctx, "sum", diagonal(ctx, args, named), [], {})
