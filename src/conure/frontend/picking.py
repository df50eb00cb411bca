"""Subscripts that hold arrays: `x[index]` and `x[mask]`, read and written.

y[:] = x[index]    -->    for k in 0:dim(y, 0) { y?[k] = x?[index?[k]] }
x[x > 9.0] = 9.0   -->    for k in 0:dim(x, 0) { if x?[k] > 9.0 { x?[k] = 9.0 } }
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from conure.frontend.arithmetic import lift
from conure.frontend.arrays import (
    ONE,
    ZERO,
    allocate,
    at,
    elements,
    load,
    materialize,
    over,
    store,
)
from conure.frontend.context import Lowering, body_of
from conure.frontend.conversion import convert, nonzero, stored
from conure.frontend.indexing import Item, Slice, expanded, position, subscript
from conure.frontend.sequences import scattered
from conure.frontend.values import Elements, Number, Object, Value, View
from conure.ir.nodes import Assign, Const, Expr, If, Var
from conure.ir.ops import apply
from conure.ir.types import INT, Scalar
from conure.record import Record

Index = tuple[Expr, ...]
Operation = Callable[[Value, Value], Value]
_ALL = Slice(None, None, None)


class Picked(Record):
    """The elements of `view` for which the mask holds, or those at the positions `index`: the
    axes `at` of the view are walked together, along the axis `at[0]` of what is picked."""

    view: View
    mask: Elements | None
    index: tuple[Elements, ...] = ()
    at: tuple[int, ...] = ()
    shape: Index = ()


def is_pick(items: Sequence[Item]) -> bool:
    """Whether a subscript holds an array."""
    return any(isinstance(item, View | Elements) for item in items)


def pick(ctx: Lowering, view: View, items: Sequence[Item]) -> Picked:
    """What a subscript with arrays in it selects."""
    arrays = [elements(ctx, item) for item in items if isinstance(item, View | Elements)]
    if any(array.dtype.kind == "bool" for array in arrays):
        return _masked(ctx, view, items, arrays)
    if any(array.rank != 1 or not array.dtype.is_integer for array in arrays):
        ctx.refuse("indexing is compiled by arrays of ints with one axis, and by masks")
    every = expanded(ctx, view, items)
    if any(isinstance(item, Object) for item in every):
        ctx.refuse("a new axis beside an index array is not compiled")
    fixed = [k for k, item in enumerate(every) if not isinstance(item, Slice)]
    if fixed != list(range(fixed[0], fixed[-1] + 1)):
        ctx.refuse("index arrays on both sides of a slice are not compiled")
    plain: list[Item] = [_ALL if isinstance(item, View | Elements) else item for item in every]
    rest = subscript(ctx, view, plain)
    first = fixed[0]
    where = tuple(range(first, first + len(arrays)))
    extent = ctx.held(arrays[0].shape[0])
    for array in arrays[1:]:
        if array.shape[0] != extent:
            ctx.fail_if(apply("not_equal", array.shape[0], extent))
    shape = (*rest.shape[:first], extent, *rest.shape[first + len(arrays) :])
    return Picked(rest, None, tuple(arrays), where, tuple(map(ctx.held, shape)))


def _masked(ctx: Lowering, view: View, items: Sequence[Item], arrays: Sequence[Elements]) -> Picked:
    """The mask covers all axes that no int has fixed."""
    (mask, *others) = arrays
    before = [item for item in items if not isinstance(item, View | Elements)]
    last = isinstance(items[-1], View | Elements)
    if others or not last or any(not isinstance(item, Number) for item in before):
        ctx.refuse("a mask is compiled for all axes, or all after the first ones")
    rest = subscript(ctx, view, before) if before else view
    if mask.rank != rest.rank:
        ctx.refuse("a mask of fewer axes than the array is not compiled")
    for own, other in zip(mask.shape, rest.shape, strict=True):
        if own != other:
            ctx.fail_if(apply("not_equal", own, other))
    return Picked(rest, mask, shape=tuple(map(ctx.held, rest.shape)))


# ---- reading ---------------------------------------------------------------------------------


def read(ctx: Lowering, picked: Picked) -> View | Elements:
    """What is picked, as an array."""
    if picked.mask is None:
        reads = (scattered(picked.view), *(r for each in picked.index for r in each.reads))
        return Elements(
            picked.view.dtype,
            picked.shape,
            lambda place: load(ctx, picked.view, _place(ctx, picked, place)),
            reads,
        )
    picked = _with_fixed_mask(ctx, picked)
    count = ctx.held(_count(ctx, picked))
    result = allocate(ctx, picked.view.dtype, (count,), "picked")
    _each(ctx, picked, lambda place, k: store(ctx, result, (k,), load(ctx, picked.view, place)))
    return result


def _place(ctx: Lowering, picked: Picked, place: Index) -> Index:
    """Where in the view an element of what is picked lies."""
    first, count = picked.at[0], len(picked.at)
    within = [
        position(ctx, picked.view, axis, Number(convert(each.element((place[first],)), INT)))
        for axis, each in zip(picked.at, picked.index, strict=True)
    ]
    assert len(within) == count
    return (*place[:first], *within, *place[first + 1 :])


def _with_fixed_mask(ctx: Lowering, picked: Picked) -> Picked:
    """The mask evaluated once, where it is more than an array of its own."""
    assert picked.mask is not None
    if len(picked.mask.reads) == 1 and picked.mask.reads[0].dtype.kind == "bool":
        return picked
    return replace(picked, mask=elements(ctx, materialize(ctx, picked.mask, "mask")))


def _count(ctx: Lowering, picked: Picked) -> Expr:
    assert picked.mask is not None
    mask = picked.mask
    count = Var(ctx.local("count.tmp", INT), INT)
    ctx.emit(Assign(count.name, ZERO, ctx.loc))

    def add(place: Index) -> None:
        more = Assign(count.name, apply("add", count, ONE), ctx.loc)
        ctx.emit(If(nonzero(mask.element(place)), (more,), (), ctx.loc))

    over(ctx, picked.shape, add)
    return count


def _each(ctx: Lowering, picked: Picked, body: Callable[[Index, Expr], None]) -> None:
    """Run `body` for each place where the mask holds, with how many there were before."""
    counter = Var(ctx.local("place.tmp", INT), INT)
    ctx.emit(Assign(counter.name, ZERO, ctx.loc))

    def visit(place: Index) -> None:
        body(place, counter)
        ctx.emit(Assign(counter.name, apply("add", counter, ONE), ctx.loc))

    _where(ctx, picked, visit)


def _where(ctx: Lowering, picked: Picked, body: Callable[[Index], None]) -> None:
    assert picked.mask is not None
    mask = picked.mask

    def visit(place: Index) -> None:
        test = nonzero(mask.element(place))
        with ctx.nested() as then:
            body(place)
        ctx.emit(If(test, body_of(then), (), ctx.loc))

    over(ctx, picked.shape, visit)


# ---- writing ---------------------------------------------------------------------------------


def write(ctx: Lowering, picked: Picked, value: Value) -> None:
    """`x[index] = value`, `x[mask] = value`."""
    picked = _undisturbed(ctx, picked)
    target = picked.view
    if isinstance(value, Number):
        expr = ctx.held(lift(ctx, lambda one: _stored(ctx, one[0], target.dtype), [value]).expr)
        _fill(ctx, picked, lambda _: expr)
        return
    if not isinstance(value, View | Elements):
        ctx.refuse("what is assigned to the array is neither an array nor a number")
    source = elements(ctx, value)
    if any(_shares(ctx, target, each) for each in source.reads):
        source = elements(ctx, materialize(ctx, source))
    _check_type(ctx, source.dtype, target.dtype)
    if picked.mask is None:
        _scatter(ctx, picked, source)
        return
    if source.rank != 1:
        ctx.refuse("what a mask selects has one axis")
    picked = _with_fixed_mask(ctx, picked)
    ctx.fail_if(apply("not_equal", ctx.held(_count(ctx, picked)), source.shape[0]))

    def put(place: Index, k: Expr) -> None:
        store(ctx, target, place, stored(ctx, source.element((k,)), target.dtype, True))

    _each(ctx, picked, put)


def _stored(ctx: Lowering, number: Number, dtype: Scalar) -> Number:
    return Number(stored(ctx, number.expr, dtype))


def _check_type(ctx: Lowering, source: Scalar, target: Scalar) -> None:
    stored(ctx, Const(0j if source.kind == "complex" else 0, source), target)


def _fill(ctx: Lowering, picked: Picked, value: Callable[[Index], Expr]) -> None:
    if picked.mask is not None:
        _where(ctx, picked, lambda place: store(ctx, picked.view, place, value(place)))
        return
    over(
        ctx,
        picked.shape,
        lambda place: store(ctx, picked.view, _place(ctx, picked, place), value(place)),
    )


def _scatter(ctx: Lowering, picked: Picked, source: Elements) -> None:
    """In order, so that the last one stays where an index occurs twice."""
    shape, target = picked.shape, picked.view
    if source.rank > len(shape):
        ctx.refuse(f"an array of {source.rank} axes is assigned to one of {len(shape)}")
    for extent, own in zip(shape[len(shape) - source.rank :], source.shape, strict=True):
        if own not in (ONE, extent):
            ctx.fail_if(apply("not_equal", extent, own))
    _fill(ctx, picked, lambda place: stored(ctx, at(source, place), target.dtype, True))


def _undisturbed(ctx: Lowering, picked: Picked) -> Picked:
    """Index arrays and masks as they were before the first write."""
    index = tuple(_apart(ctx, picked.view, each) for each in picked.index)
    mask = None if picked.mask is None else _apart(ctx, picked.view, picked.mask, picked.view.axes)
    return replace(picked, index=index, mask=mask)


def _apart(ctx: Lowering, target: View, array: Elements, same: object = None) -> Elements:
    """An array that writing the target does not change before it is read: in a mask, the very
    element that is to be written may be read."""
    harmless = (
        each.base == target.base and each.axes == same and each.rank == target.rank
        for each in array.reads
    )
    shared = (_shares(ctx, target, each) for each in array.reads)
    if any(one and not other for one, other in zip(shared, harmless, strict=True)):
        return elements(ctx, materialize(ctx, array))
    return array


def _shares(ctx: Lowering, target: View, other: View) -> bool:
    return target.base == other.base or frozenset((target.base, other.base)) in ctx.overlaps


def update(ctx: Lowering, picked: Picked, value: Value, operation: Operation) -> None:
    """`x[index] += value`: all are read first, and then written."""
    picked = _undisturbed(ctx, picked)
    target = picked.view
    if picked.mask is not None and isinstance(value, Number):
        result = _result(ctx, operation(target, value), target)
        _fill(ctx, picked, lambda place: stored(ctx, result.element(place), target.dtype, True))
        return
    before = read(ctx, picked)
    if isinstance(before, Elements):
        before = materialize(ctx, before)
    result = _result(ctx, operation(before, value), target)
    write(ctx, picked, materialize(ctx, result))


def _result(ctx: Lowering, value: Value, target: View) -> Elements:
    if not isinstance(value, View | Elements):
        ctx.refuse("this augmented assignment is not compiled")
    if not np.can_cast(value.dtype.dtype, target.dtype.dtype, "same_kind"):
        ctx.refuse(f"an array of {target.dtype} cannot take {value.dtype} in place")
    return elements(ctx, value)
