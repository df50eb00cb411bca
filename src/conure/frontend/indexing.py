"""Subscripts: elements, and slices as index maps worked out at compile time.

`a[i, 1:]` is a view whose element `j` is `a[i, j + 1]` and whose extent is `max(0, n - 1)`.
Slice bounds are clamped and counted from the end as Python does.
"""

from __future__ import annotations

from collections.abc import Sequence

from conure.frontend.arrays import (
    ONE,
    ZERO,
    at_least_zero,
    load,
    minus,
    plus,
    times,
)
from conure.frontend.context import Lowering, is_natural
from conure.frontend.conversion import index as as_index
from conure.frontend.values import Axis, Elements, Number, Object, Tuple, Value, View
from conure.ir.nodes import Assign, Const, Dim, Expr, Load
from conure.ir.ops import apply
from conure.ir.types import INT
from conure.record import Record

_CHOICES = 8  # items of a tuple among which one is chosen by comparing


class Slice(Record):
    """`start:stop:step` in a subscript."""

    start: Value | None
    stop: Value | None
    step: Value | None


Item = (
    Number | Slice | Object | View | Elements
)  # Object(None): a new axis; Object(Ellipsis): the axes left out
_FULL = Slice(None, None, None)


def index_items(ctx: Lowering, parts: Sequence[Value | Slice]) -> list[Item]:
    """The parts of a subscript, checked one by one."""
    items: list[Item] = []
    for part in parts:
        match part:
            case Number() | Slice():
                items.append(part)
            case Object(value) if value is None or value is Ellipsis:
                items.append(part)
            case Tuple(inner):
                items.extend(index_items(ctx, inner))
            case View() | Elements() if part.rank > 0:
                items.append(part)
            case _:
                ctx.refuse("this subscript is not compiled", "use ints and slices")
    return items


def expanded(ctx: Lowering, view: View, items: Sequence[Item]) -> list[Item]:
    """One item for each axis of the view (and each new axis)."""
    used = sum(1 for item in items if not isinstance(item, Object))
    if used > view.rank:
        ctx.refuse(f"{used} subscripts for an array of {view.rank} axes raise IndexError")
    rest: list[Item] = [_FULL] * (view.rank - used)
    dots = [k for k, item in enumerate(items) if isinstance(item, Object) and item.value is ...]
    if len(dots) > 1:
        ctx.refuse("two ellipses in one subscript raise IndexError")
    if dots:
        return [*items[: dots[0]], *rest, *items[dots[0] + 1 :]]
    return [*items, *rest]


def is_element(view: View, items: Sequence[Item]) -> bool:
    """Whether a subscript names one element."""
    return len(items) == view.rank and all(isinstance(item, Number) for item in items)


def subscript(ctx: Lowering, view: View, items: Sequence[Item]) -> View:
    """The view that a subscript selects; of rank 0 for an element."""
    selected: dict[int, Axis] = {}  # for each axis of the view: where it goes
    shape: list[Expr] = []
    axis = 0
    partial = not is_element(view, items)
    for item in expanded(ctx, view, items):
        match item:
            case Object():
                shape.append(ONE)
                continue
            case Slice() if item == _FULL:
                selected[axis] = Axis(ZERO, 1, len(shape))
                shape.append(view.shape[axis])
            case Slice():
                selected[axis], extent = _slice(ctx, view.shape[axis], item, len(shape))
                shape.append(extent)
            case Number():
                selected[axis] = Axis(position(ctx, view, axis, item), 0, None)
            case View() | Elements():
                ctx.refuse("indexing by an array is not compiled here", "write a loop over it")
        axis += 1
    axes = tuple(_compose(outer, selected) for outer in view.axes)
    result = View(view.base, view.dtype, axes, tuple(shape), view.writeable)
    if partial:
        _probe(ctx, view, result)
    return result


def _compose(outer: Axis, selected: dict[int, Axis]) -> Axis:
    """An axis of the array underneath, once the view's own axis has been indexed."""
    if outer.of is None:
        return outer
    inner = selected[outer.of]
    if outer.start == ZERO and outer.step == 1:
        return inner
    step = Const(outer.step, INT) if isinstance(outer.step, int) else outer.step
    start = plus(times(inner.start, step), outer.start)
    if inner.of is None:
        return Axis(start, 0, None)
    if isinstance(outer.step, int) and isinstance(inner.step, int):
        return Axis(start, outer.step * inner.step, inner.of)
    inner_step = Const(inner.step, INT) if isinstance(inner.step, int) else inner.step
    return Axis(start, times(step, inner_step), inner.of)


def position(ctx: Lowering, view: View, axis: int, item: Number) -> Expr:
    """An int subscript: left as it is on an array's own axis (the access checks and wraps it),
    brought into range at once where it counts within a slice."""
    position = as_index(ctx, item)
    own = [outer for outer in view.axes if outer.of == axis]
    if own and own[0].start == ZERO and own[0].step == 1 and view.shape[axis] == _dim(view, axis):
        return position
    extent = view.shape[axis]
    position = ctx.held(position)
    low = apply("less", position, minus(ZERO, extent))
    ctx.fail_if(apply("or", low, apply("greater_equal", position, extent)))
    if is_natural(ctx, position):
        return position
    negative = apply("less", position, ZERO)
    return apply("select", negative, plus(position, extent), position)


def _dim(view: View, axis: int) -> Expr:
    position = next(k for k, outer in enumerate(view.axes) if outer.of == axis)
    return Dim(view.base, position, INT)


def _probe(ctx: Lowering, view: View, result: View) -> None:
    """`a[i]` raises IndexError although no element of the row is looked at. Looking at its first
    one shows that; rows without elements are left to Python at the head of the region."""
    fixed = [
        (k, axis.start)
        for k, axis in enumerate(result.axes)
        if axis.of is None and view.axes[k].of is not None
    ]
    if all(_certain(ctx, result.base, k, start) for k, start in fixed):
        return
    index: list[Expr] = []
    for k, axis in enumerate(result.axes):
        if axis.of is None:
            index.append(axis.start)
            continue
        extent = Dim(result.base, k, INT)
        ctx.fail_if(apply("equal", extent, ZERO))
        index.append(ZERO)
    target = ctx.local("probe", result.dtype)
    ctx.emit(Assign(target, Load(result.base, tuple(index), result.dtype, True, ctx.loc), ctx.loc))


def _certain(ctx: Lowering, base: str, axis: int, start: Expr) -> bool:
    """Whether a subscript is the index of a loop over that very axis."""
    name = getattr(start, "name", "")
    return ctx.bounds.get(name) == Dim(base, axis, INT)


# ---- slices ----------------------------------------------------------------------------------


def _slice(ctx: Lowering, extent: Expr, item: Slice, axis: int) -> tuple[Axis, Expr]:
    """The index map of a slice over an axis of this extent, and its own extent."""
    step = _step(ctx, item)
    start = _bound(ctx, item.start)
    stop = _bound(ctx, item.stop)
    if not isinstance(step, int):
        low = ZERO if start is None else _from_end(ctx, start, extent, floor=0)
        high = extent if stop is None else _clamped(ctx, stop, extent)
        padded = at_least_zero(plus(minus(high, low), minus(step, ONE)))
        return Axis(low, step, axis), ctx.held(apply("floordiv", padded, step))
    if step > 0:
        low = ZERO if start is None else _from_end(ctx, start, extent, floor=0)
        high = extent if stop is None else _clamped(ctx, stop, extent)
        length = minus(high, low)
    else:
        last = minus(extent, ONE)
        low = last if start is None else _clamped_last(ctx, start, extent, last)
        high = Const(-1, INT) if stop is None else _from_end(ctx, stop, extent, floor=-1)
        length = minus(low, high)
    width = abs(step)
    if width > 1:
        whole = plus(length, Const(width - 1, INT))
        length = apply("floordiv", at_least_zero(whole), Const(width, INT))
        return Axis(low, step, axis), length
    return Axis(low, step, axis), at_least_zero(length)


def _step(ctx: Lowering, item: Slice) -> int | Expr:
    """The step if it is a constant; one that is not must turn out to be above 0."""
    match item.step:
        case None | Object(None):
            return 1
        case Number() if isinstance(item.step.constant, int) and item.step.constant != 0:
            return int(item.step.constant)
        case Number():
            step = ctx.held(as_index(ctx, item.step))
            ctx.fail_if(apply("less", step, ONE))
            return step
        case _:
            ctx.refuse("the step of a slice must be an int")


def _bound(ctx: Lowering, value: Value | None) -> Expr | None:
    match value:
        case None | Object(None):
            return None
        case Number():
            return ctx.held(as_index(ctx, value))
        case _:
            ctx.refuse("the bounds of a slice must be ints")


def _negative_constant(expr: Expr) -> bool:
    return isinstance(expr, Const) and isinstance(expr.value, int) and expr.value < 0


def _from_end(ctx: Lowering, bound: Expr, extent: Expr, floor: int) -> Expr:
    """A bound that need not be cut at the far end: negative counts from the end."""
    if is_natural(ctx, bound):
        return bound
    least = Const(floor, INT)
    counted = apply("maximum", plus(extent, bound), least)
    if _negative_constant(bound):
        return counted
    return apply("select", apply("less", bound, ZERO), counted, bound)


def _clamped(ctx: Lowering, bound: Expr, extent: Expr) -> Expr:
    """An upper bound, cut at the extent."""
    if _negative_constant(bound):
        return plus(extent, bound)
    if bound == extent:
        return extent
    cut = apply("minimum", bound, extent)
    if is_natural(ctx, bound):
        return cut
    return apply("select", apply("less", bound, ZERO), plus(extent, bound), cut)


def _clamped_last(ctx: Lowering, bound: Expr, extent: Expr, last: Expr) -> Expr:
    """The first index of a slice that runs downwards."""
    if _negative_constant(bound):
        return plus(extent, bound)
    cut = apply("minimum", bound, last)
    if is_natural(ctx, bound):
        return cut
    return apply("select", apply("less", bound, ZERO), plus(extent, bound), cut)


# ---- elements --------------------------------------------------------------------------------


def element(ctx: Lowering, view: View) -> Number:
    """The value at a view of rank 0."""
    return Number(load(ctx, view, ()))


def tuple_item(ctx: Lowering, value: Tuple, items: Sequence[Item]) -> Value:
    """`t[0]`, `t[1:]` on a tuple."""
    match items:
        case [Number() as number] if isinstance(number.constant, int):
            position = int(number.constant)
            if not -len(value.items) <= position < len(value.items):
                ctx.refuse("the subscript is out of the tuple's range: IndexError")
            return value.items[position]
        case [Number() as number] if 1 < len(value.items) <= _CHOICES:
            return _chosen(ctx, value.items, number)
        case [Slice(start, stop, step)]:
            bounds = [_constant_bound(ctx, bound) for bound in (start, stop, step)]
            return Tuple(value.items[slice(*bounds)])
        case _:
            ctx.refuse("a tuple is indexed by something not known here", "use a constant index")


def _chosen(ctx: Lowering, items: Sequence[Value], number: Number) -> Number:
    """The item of a tuple of numbers of one type at a position that is not known here."""
    numbers = [item for item in items if isinstance(item, Number) and item.kind is None]
    if len(numbers) < len(items) or len({item.type for item in numbers}) > 1:
        ctx.refuse("a tuple is indexed by something not known here", "use a constant index")
    count = Const(len(items), INT)
    position = ctx.held(as_index(ctx, number))
    low = apply("less", position, Const(-len(items), INT))
    ctx.fail_if(apply("or", low, apply("greater_equal", position, count)))
    if not is_natural(ctx, position):
        negative = apply("less", position, ZERO)
        position = ctx.held(apply("select", negative, plus(position, count), position))
    chosen = ctx.held(numbers[-1].expr)
    for k in range(len(items) - 2, -1, -1):
        here = apply("equal", position, Const(k, INT))
        chosen = apply("select", here, ctx.held(numbers[k].expr), chosen)
    return Number(chosen)


def _constant_bound(ctx: Lowering, bound: Value | None) -> int | None:
    match bound:
        case None | Object(None):
            return None
        case Number() if isinstance(bound.constant, int):
            return int(bound.constant)
        case _:
            ctx.refuse("a tuple is sliced at something not known here", "use constants")
