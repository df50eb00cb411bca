"""What a `for` runs over: `range`, arrays, `enumerate`, `zip`, `reversed`, `np.ndindex`, tuples."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

import numpy as np

from conure.frontend.arithmetic import smallest
from conure.frontend.arrays import (
    ONE,
    ZERO,
    at_least_zero,
    hold_view,
    materialize,
    minus,
    plus,
    times,
)
from conure.frontend.context import Lowering
from conure.frontend.conversion import index as as_index
from conure.frontend.expressions import as_tuple, evaluate, operands
from conure.frontend.indexing import element, index_items, is_element, subscript
from conure.frontend.values import Elements, Items, Number, Object, Tuple, Value, View
from conure.ir.nodes import Const, Expr
from conure.ir.ops import apply
from conure.ir.types import BOOL, INT
from conure.record import Record


class Counted(Record):
    """A loop `for k in start:stop:step`, and what its variable is in each turn. `plain`: the
    variable is `k` itself, so that its last value is known without running the loop."""

    start: Expr
    stop: Expr
    step: Expr
    item: Callable[[Expr], Value]
    plain: bool = False
    arrays: frozenset[str] = frozenset()  # what it iterates over, whatever the names hold later


class Grid(Record):
    """`np.ndindex(n, m)`: nested loops."""

    extents: tuple[Expr, ...]


class Unrolled(Record):
    """A tuple: one turn for each item, all at compile time."""

    items: tuple[Value, ...]


Iteration = Counted | Grid | Unrolled


def iteration(ctx: Lowering, node: ast.expr) -> Iteration:
    """What a `for` statement runs over."""
    node = as_tuple(node)  # whose items are taken one by one, so that it may be a list
    with ctx.placed(node):
        if isinstance(node, ast.Call):
            function = evaluate(ctx, node.func)
            if isinstance(function, Object) and not node.keywords:
                return _of_call(ctx, function.value, node.args)
            if isinstance(function, Object) and function.value is enumerate:
                if len(node.args) == 1 and [each.arg for each in node.keywords] == ["start"]:
                    return _enumerate(ctx, node.args, node.keywords[0].value)
                ctx.refuse("enumerate is compiled for one array or range, and a start")
            if isinstance(function, Object) and function.value is zip:
                if not _is_not_strict(node.keywords):
                    ctx.refuse("zip is compiled without strict=True", "compare the lengths before")
                return _of_call(ctx, zip, node.args)
        return _of_value(ctx, evaluate(ctx, node))


def _is_not_strict(keywords: Sequence[ast.keyword]) -> bool:
    return all(
        each.arg == "strict" and isinstance(each.value, ast.Constant) and each.value.value is False
        for each in keywords
    )


def _of_call(ctx: Lowering, function: object, args: Sequence[ast.expr]) -> Iteration:
    if function is range:
        return _range(ctx, operands(ctx, args))
    if function is enumerate and len(args) in (1, 2):
        return _enumerate(ctx, args[:1], args[1] if len(args) == 2 else None)
    if function is zip and args:
        return _zip(ctx, [iteration(ctx, arg) for arg in args])
    if function is reversed and len(args) == 1:
        return _reversed(ctx, iteration(ctx, args[0]))
    if function is np.ndindex:
        shape = [arg.value if isinstance(arg, ast.Starred) else arg for arg in args]
        if shape != args and len(args) > 1:
            ctx.refuse("np.ndindex takes ints or a shape")
        return _grid(ctx, operands(ctx, shape))
    if any(isinstance(arg, ast.Starred) for arg in args):
        ctx.refuse("a starred argument is not compiled", "write the arguments out")
    ctx.refuse("a loop over this is not compiled", "loop over range or an array")


def _of_value(ctx: Lowering, value: Value) -> Iteration:
    if isinstance(value, Elements):
        value = materialize(ctx, value)
    match value:
        case View() if value.rank > 0:
            held = hold_view(ctx, value)
            over = frozenset((value.base,))
            return Counted(ZERO, held.shape[0], ONE, lambda k: _row(ctx, held, k), arrays=over)
        case Tuple(items) | Items(items):
            return Unrolled(items)
        case _:
            ctx.refuse("a loop over this is not compiled", "loop over range or an array")


def _row(ctx: Lowering, view: View, position: Expr) -> Value:
    items = index_items(ctx, [Number(position)])
    selected = subscript(ctx, view, items)
    return element(ctx, selected) if is_element(view, items) else selected


def _range(ctx: Lowering, args: Sequence[Value]) -> Counted:
    numbers = [arg for arg in args if isinstance(arg, Number)]
    if len(numbers) < len(args) or not 1 <= len(args) <= 3:
        ctx.refuse("range takes one to three ints")
    bounds = [as_index(ctx, number) for number in numbers]
    start: Expr = ZERO
    stop: Expr = bounds[0]
    step: Expr = ONE
    if len(bounds) > 1:
        start, stop = bounds[0], bounds[1]
    if len(bounds) > 2:
        step = bounds[2] if isinstance(bounds[2], Const) else ctx.held(bounds[2])
        ctx.fail_if(Const(step == ZERO, BOOL) if isinstance(step, Const) else _is_zero(step))
    return Counted(start, stop, step, Number, plain=True)


def _is_zero(step: Expr) -> Expr:
    return apply("equal", step, ZERO)


def _enumerate(ctx: Lowering, args: Sequence[ast.expr], first: ast.expr | None) -> Counted:
    inner = counted(ctx, iteration(ctx, args[0]))
    start: Expr = ZERO
    if first is not None:
        value = evaluate(ctx, first)
        if not isinstance(value, Number):
            ctx.refuse("enumerate starts at an int")
        start = ctx.held(as_index(ctx, value))
    return Counted(
        ZERO,
        inner.stop,
        ONE,
        lambda k: Tuple((Number(plus(k, start)), inner.item(k))),
        arrays=inner.arrays,
    )


def counted(ctx: Lowering, what: Iteration) -> Counted:
    """The same turns, counted from 0."""
    if not isinstance(what, Counted):
        ctx.refuse("enumerate, zip and reversed are compiled for ranges and arrays")
    if what.start == ZERO and what.step == ONE:
        return what
    start, step = ctx.held(what.start), what.step
    if not isinstance(step, Const):
        ctx.refuse("a range with a variable step is compiled as a loop of its own only")
    return Counted(
        ZERO,
        trips(ctx, what),
        ONE,
        lambda k: what.item(plus(times(k, step), start)),
        arrays=what.arrays,
    )


def trips(ctx: Lowering, what: Counted) -> Expr:
    """How many turns a range with a constant step has."""
    assert isinstance(what.step, Const), what.step
    step = int(what.step.value.real)
    low, high = (what.start, what.stop) if step > 0 else (what.stop, what.start)
    width = abs(step)
    length = minus(high, low)
    if width == 1:
        return length
    padded = at_least_zero(plus(length, Const(width - 1, INT)))
    return apply("floordiv", padded, Const(width, INT))


def _zip(ctx: Lowering, parts: Sequence[Iteration]) -> Counted:
    inner = [counted(ctx, part) for part in parts]
    stop = smallest(ctx, [Number(part.stop) for part in inner]).expr
    if all(part.stop == inner[0].stop for part in inner):
        stop = inner[0].stop
    arrays = frozenset[str]().union(*(part.arrays for part in inner))
    return Counted(
        ZERO, stop, ONE, lambda k: Tuple(tuple(part.item(k) for part in inner)), arrays=arrays
    )


def _reversed(ctx: Lowering, what: Iteration) -> Counted | Unrolled:
    if isinstance(what, Unrolled):
        return Unrolled(what.items[::-1])
    inner = counted(ctx, what)
    last = minus(inner.stop, ONE)
    return Counted(last, Const(-1, INT), Const(-1, INT), inner.item, inner.plain, inner.arrays)


def _grid(ctx: Lowering, args: Sequence[Value]) -> Grid:
    parts = args[0].items if len(args) == 1 and isinstance(args[0], Tuple) else tuple(args)
    extents: list[Expr] = []
    for part in parts:
        if not isinstance(part, Number):
            ctx.refuse("np.ndindex takes ints or a shape")
        extents.append(ctx.held(as_index(ctx, part)))
        ctx.fail_if(apply("less", extents[-1], ZERO))
    if not extents:
        ctx.refuse("np.ndindex of no axes is not compiled")
    return Grid(tuple(extents))
