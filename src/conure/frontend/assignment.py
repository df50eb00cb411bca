"""Assignment: names, elements, views, tuples; augmented too."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import numpy as np

from conure.frontend.arithmetic import lift
from conure.frontend.arrays import assign_elements, elements, store
from conure.frontend.context import Lowering, is_fixed, mentions
from conure.frontend.conversion import stored
from conure.frontend.expressions import (
    BINARY,
    evaluate,
    operands,
    operator,
    subscript_parts,
)
from conure.frontend.indexing import element, index_items, is_element, subscript
from conure.frontend.names import bind
from conure.frontend.new_arrays import as_array
from conure.frontend.picking import Picked, is_pick, pick, update, write
from conure.frontend.values import Elements, Items, Number, Tuple, Value, View
from conure.ir.nodes import Const
from conure.ir.ops import apply
from conure.ir.types import INT


def assign_target(ctx: Lowering, target: ast.expr, value: Value) -> None:
    """`target = value`."""
    match target:
        case ast.Name(id=name):
            bind(ctx, name, value)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            _unpack(ctx, parts, value)
        case ast.Subscript():
            _assign_subscript(ctx, target, value)
        case _:
            ctx.refuse("assignment to this is not compiled", node=target)


# ---- tuples ----------------------------------------------------------------------------------


def _unpack(ctx: Lowering, targets: Sequence[ast.expr], value: Value) -> None:
    if any(isinstance(target, ast.Starred) for target in targets):
        ctx.refuse("a starred target is not compiled")
    items = _items(ctx, value, len(targets))
    if len(items) != len(targets):
        ctx.refuse(f"{len(items)} values for {len(targets)} names raise ValueError")
    held = [
        item if position == 0 else _apart(ctx, item, targets[:position])
        for position, item in enumerate(items)
    ]
    for target, item in zip(targets, held, strict=True):
        assign_target(ctx, target, item)


def _items(ctx: Lowering, value: Value, count: int) -> Sequence[Value]:
    match value:
        case Tuple(items) | Items(items):
            return items
        case View() if value.rank > 0:
            ctx.fail_if(apply("not_equal", value.shape[0], Const(count, INT)))
            views = [
                subscript(ctx, value, [Number(Const(position, INT))]) for position in range(count)
            ]
            return [element(ctx, view) if view.rank == 0 else view for view in views]
        case _:
            ctx.refuse("this cannot be unpacked here", "use a tuple")


def _apart(ctx: Lowering, value: Value, earlier: Sequence[ast.expr]) -> Value:
    """A value that assigning the earlier targets does not change."""
    match value:
        case Number():
            if is_fixed(ctx, value.expr) and value.kind is None:
                return value
            if all(isinstance(target, ast.Name) for target in earlier):
                cells = _cells(ctx, earlier)
                parts = [value.expr] if value.kind is None else [value.expr, value.kind]
                if not any(mentions(part, cells) for part in parts):
                    return value
            return ctx.held_number(value)
        case Tuple(items, origin):
            return Tuple(tuple(_apart(ctx, item, earlier) for item in items), origin)
        case Elements():
            ctx.refuse("array expressions in a tuple are not compiled", "use two statements")
        case _:
            return value


def _cells(ctx: Lowering, targets: Sequence[ast.expr]) -> set[str]:
    paths = {ctx.frame.prefix + target.id for target in targets if isinstance(target, ast.Name)}
    return {local for (path, _), local in ctx.storage.items() if path in paths}


# ---- subscripts ------------------------------------------------------------------------------


def _selected(ctx: Lowering, target: ast.Subscript) -> tuple[View | Picked, bool]:
    """What a target names, and whether it is one element."""
    owner = evaluate(ctx, target.value)
    if not isinstance(owner, View):
        ctx.refuse("only elements and slices of arrays can be assigned", node=target)
    items = index_items(ctx, subscript_parts(ctx, target.slice))
    if is_pick(items):
        return pick(ctx, owner, items), False
    return subscript(ctx, owner, items), is_element(owner, items)


def _assign_subscript(ctx: Lowering, target: ast.Subscript, value: Value) -> None:
    with ctx.placed(target):
        with ctx.nested() as statements:
            view, single = _selected(ctx, target)
        if statements:
            if isinstance(value, Number):
                value = ctx.held_number(value)
            ctx.absorb(statements)
        if isinstance(view, Picked):
            write(ctx, view, value)
        elif single:
            store_element(ctx, view, value)
        else:
            assign_elements(ctx, view, _as_rows(ctx, value))


def _as_rows(ctx: Lowering, value: Value) -> Value:
    """A tuple of numbers as the array that NumPy makes of it."""
    return as_array(ctx, value) if isinstance(value, Tuple) and value.items else value


def store_element(ctx: Lowering, view: View, value: Value) -> None:
    """`a[i, j] = value`."""
    if not isinstance(value, Number):
        ctx.refuse("only a number can be stored into an element")
    number = lift(ctx, lambda one: Number(stored(ctx, one[0].expr, view.dtype)), [value])
    store(ctx, view, (), number.expr)


# ---- augmented -------------------------------------------------------------------------------


def augmented(ctx: Lowering, node: ast.AugAssign) -> None:
    """`target op= value`; arrays change in place."""
    op = BINARY[type(node.op)]
    match node.target:
        case ast.Name(id=name) as variable:
            current, value = operands(ctx, [_read(variable), node.value])
            if isinstance(current, View):
                _in_place(ctx, op, current, value)
            else:
                bind(ctx, name, operator(ctx, op, current, value))
        case ast.Subscript():
            view, single = _selected(ctx, node.target)
            _augmented_subscript(ctx, op, view, single, node.value)
        case _:
            ctx.refuse("assignment to this is not compiled")


def _read(target: ast.Name) -> ast.Name:
    return ast.copy_location(ast.Name(target.id, ast.Load()), target)


def _augmented_subscript(
    ctx: Lowering, op: str, view: View | Picked, single: bool, node: ast.expr
) -> None:
    with ctx.nested() as statements:
        value = evaluate(ctx, node)
    if isinstance(view, Picked):
        ctx.absorb(statements)
        update(ctx, view, value, lambda left, right: operator(ctx, op, left, right))
        return
    if not single:
        ctx.absorb(statements)
        _in_place(ctx, op, view, value)
        return
    current: Value = element(ctx, view)
    if statements:
        view = _still(ctx, view)
        assert isinstance(current, Number), current
        current = ctx.held_number(element(ctx, view))
        ctx.absorb(statements)
    store_element(ctx, view, operator(ctx, op, current, value))


def _still(ctx: Lowering, view: View) -> View:
    axes = tuple(type(axis)(ctx.held(axis.start), axis.step, axis.of) for axis in view.axes)
    return View(view.base, view.dtype, axes, view.shape, view.writeable)


def _in_place(ctx: Lowering, op: str, view: View, value: Value) -> None:
    result = operator(ctx, op, view, value)
    if not isinstance(result, Elements):
        ctx.refuse("this augmented assignment is not compiled")
    if not np.can_cast(result.dtype.dtype, view.dtype.dtype, "same_kind"):
        ctx.refuse(f"an array of {view.dtype} cannot take {result.dtype} in place")
    assign_elements(ctx, view, elements(ctx, result))
