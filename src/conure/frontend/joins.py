"""Where several ways through the code meet: one meaning for each name that is still needed.

`merge` decides what a name holds at the join (a storage type, whether it is mixed, whether it
may be unbound); `adapt` puts the statements on each way that make it so:

    s = 0                      s = 0.0 ; s.kind = False
    for i in range(n):   -->   for i in 0:n {
        s += a[i]                  s = s + a?[i]
                                   s.kind = True
                               }
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from conure.frontend.context import Edge, Lowering, children
from conure.frontend.conversion import represented
from conure.frontend.promotion import join_types
from conure.frontend.values import (
    Axis,
    Binding,
    Environment,
    Number,
    Object,
    Poison,
    Tuple,
    Value,
    View,
)
from conure.ir.nodes import Assign, Const, Dim, Expr, Rebind, Var
from conure.ir.ops import apply
from conure.ir.types import BOOL, INT, Scalar
from conure.ir.walk import map_expressions

RETURN_VALUE = "return.value"
RETURN_TAKEN = "return.taken"
PSEUDO = frozenset((RETURN_VALUE, RETURN_TAKEN))
"""The returned value, and whether `return` was executed, are joined like any other name."""


def join(
    ctx: Lowering, edges: Sequence[Edge], live: Iterable[str], reference: Environment
) -> Environment:
    """What the names hold where the edges meet; `reference`: whole arrays are renamed back to
    what they were called there."""
    wanted = frozenset(live) | PSEUDO
    for edge in edges:
        if not edge.returning:
            rename_back(ctx, edge, reference, wanted)
    env: Environment = {}
    for name in _names(edges):
        if name not in wanted:
            continue
        taking = [edge for edge in edges if not edge.returning or name in PSEUDO]
        if name == RETURN_VALUE:
            taking = [edge for edge in taking if name in edge.env]
        if not taking:
            continue
        target = merge(ctx, name, [edge.env.get(name) for edge in taking])
        for edge in taking:
            adapt(ctx, edge, name, edge.env.get(name), target)
        env[name] = target
    return env


def _names(edges: Sequence[Edge]) -> list[str]:
    return list(dict.fromkeys(name for edge in edges for name in edge.env))


# ---- what the join holds ---------------------------------------------------------------------


def merge(ctx: Lowering, name: str, bindings: Sequence[Binding | None]) -> Binding:
    """What a name holds where these meet (None: unbound there)."""
    present = [binding for binding in bindings if binding is not None]
    bound: Expr | None = None
    if len(present) < len(bindings) or any(binding.bound is not None for binding in present):
        bound = ctx.flag(name, "bound")
    return Binding(merge_values(ctx, name, [binding.value for binding in present]), bound)


def merge_values(ctx: Lowering, path: str, values: Sequence[Value]) -> Value:
    """One value that stands for all of these."""
    for value in values:
        if isinstance(value, Poison):
            return value
    first = values[0]
    if all(value == first for value in values) and not _leaves_scope(ctx, first):
        return first
    if all(isinstance(value, Number) for value in values):
        return _merge_numbers(ctx, path, [v for v in values if isinstance(v, Number)])
    tuples = [value for value in values if isinstance(value, Tuple)]
    if len(tuples) == len(values) and len({len(value.items) for value in tuples}) == 1:
        columns = zip(*(value.items for value in tuples), strict=True)
        items = (merge_values(ctx, f"{path}.{k}", column) for k, column in enumerate(columns))
        return Tuple(tuple(items))
    what = " and ".join(dict.fromkeys(describe(value) for value in values))
    if all(isinstance(value, View) for value in values):
        what = "different arrays or views"
    return Poison(f"{path!r} holds {what} on the ways that meet here")


def describe(value: Value) -> str:
    """A value in a sentence."""
    match value:
        case Number():
            kind = value.type if value.python is None else f"{value.python} or {value.type}"
            return f"a {kind}"
        case View() if value.rank == 0:
            return "a 0-d array"
        case View():
            return f"an array of {value.dtype}"
        case Tuple():
            return f"a tuple of {len(value.items)}"
        case Object(None):
            return "None"
        case Object():
            return f"an object of type {type(value.value).__name__}"
        case _:
            return "something not compiled"


def _merge_numbers(ctx: Lowering, path: str, numbers: Sequence[Number]) -> Value:
    kinds: dict[Scalar, None] = {}
    for number in numbers:
        kinds[number.type] = None
        if number.python is not None:
            kinds[number.python] = None
    types = list(kinds)
    joined: tuple[Scalar, Scalar | None] | None = None
    if len(types) == 1:
        joined = types[0], None
    elif len(types) == 2:
        joined = join_types(types[0], types[1])
    if joined is None:
        shown = ", ".join(str(kind) for kind in types)
        return Poison(f"{path!r} is of different types ({shown}) on the ways that meet here")
    storage, python = joined
    kind = None if python is None else ctx.flag(path, "kind")
    return Number(ctx.cell(path, storage), kind, python)


def own_storage(ctx: Lowering, path: str, value: Value) -> Value:
    """The value once it lives in locals of its own, as it must where a loop may change it."""
    match value:
        case Number():
            return _merge_numbers(ctx, path, [value])
        case Tuple(items):
            return Tuple(tuple(own_storage(ctx, f"{path}.{k}", v) for k, v in enumerate(items)))
        case _:
            return value


def _leaves_scope(ctx: Lowering, value: Value) -> bool:
    """Whether it mentions the index of a loop that is over."""
    match value:
        case Number():
            return _mentions_closed(ctx, value.expr)
        case Tuple(items):
            return any(_leaves_scope(ctx, item) for item in items)
        case View(base=base, axes=axes):
            if base in ctx.allocated and not any(
                ctx.allocated[base] is known for known in (*ctx.open_lists, ctx.out)
            ):
                return True
            return any(_mentions_closed(ctx, axis.start) for axis in axes)
        case _:
            return False


def _mentions_closed(ctx: Lowering, expr: Expr) -> bool:
    if isinstance(expr, Var):
        return expr.name in ctx.indexes and expr.name not in ctx.binders
    return any(_mentions_closed(ctx, child) for child in children(expr))


# ---- how each way gets there -----------------------------------------------------------------


def adapt(ctx: Lowering, edge: Edge, name: str, source: Binding | None, target: Binding) -> None:
    """Make the name hold on this way what it holds at the join."""
    emitted = ctx.out
    with ctx.nested() as statements:
        if source is not None:
            _adapt_value(ctx, name, source.value, target.value)
        if target.bound is not None:
            here: Expr = Const(source is not None, BOOL)
            if source is not None and source.bound is not None:
                here = source.bound
            _assign(ctx, target.bound, here)
    assert ctx.out is emitted
    for statement in statements:
        edge.emit(statement)


def _adapt_value(ctx: Lowering, path: str, source: Value, target: Value) -> None:
    match source, target:
        case Number(), Number():
            _adapt_number(ctx, source, target)
        case Tuple(items), Tuple(wanted):
            for k, (item, want) in enumerate(zip(items, wanted, strict=True)):
                _adapt_value(ctx, f"{path}.{k}", item, want)
        case _:
            return


def _adapt_number(ctx: Lowering, source: Number, target: Number) -> None:
    if source == target:
        return
    expr = source.expr
    if expr.type is not target.type:
        expr = represented(ctx, expr, target.type)
    _assign(ctx, target.expr, expr)
    if target.kind is not None:
        kind: Expr = Const(source.type is not target.python, BOOL)
        _assign(ctx, target.kind, kind if source.kind is None else source.kind)


def _assign(ctx: Lowering, target: Expr, value: Expr) -> None:
    assert isinstance(target, Var | Const), target
    if isinstance(target, Var) and target != value:
        ctx.emit(Assign(target.name, value, ctx.loc))


# ---- whole arrays that changed names ---------------------------------------------------------


def rename_back(ctx: Lowering, edge: Edge, reference: Environment, live: frozenset[str]) -> None:
    """After `a, b = b, a` the name `a` stands for the array `b`. Where it meets the way on which
    it stands for `a`, the arrays themselves change places: `a, b := b, a`."""
    if ctx.inlined:
        return  # the callers' names would not follow
    wanted: dict[str, str] = {}
    for name, binding in edge.env.items():
        now, then = binding.value, reference.get(name)
        if name not in live or then is None or not isinstance(now, View) or not now.whole:
            continue
        if isinstance(then.value, View) and then.value.whole and then.value.base != now.base:
            wanted[then.value.base] = now.base
    if not wanted or len(set(wanted.values())) < len(wanted):
        return
    free = [base for base in wanted.values() if base not in wanted]
    for base, source in zip(free, [b for b in wanted if b not in wanted.values()], strict=True):
        wanted[base] = source
    if not _exchangeable(ctx, wanted):
        return
    edge.emit(Rebind(tuple(wanted), tuple(wanted.values()), ctx.loc))
    ctx.rebound.update(wanted)
    slot_of = {source: base for base, source in wanted.items()}
    for name, binding in edge.env.items():
        edge.env[name] = Binding(_rebased(binding.value, slot_of), binding.bound)


def _exchangeable(ctx: Lowering, wanted: dict[str, str]) -> bool:
    """Whether the arrays are alike; that their extents agree is checked at the head."""
    types = {ctx.arrays[base] for base in wanted}
    if len(types) > 1 or any(base in ctx.allocated for base in wanted):
        return False
    if any(not wanted.keys().isdisjoint(pair) for pair in ctx.overlaps):
        return False
    first, *others = wanted
    for axis in range(ctx.arrays[first].rank):
        for other in others:
            ctx.fail_if(apply("not_equal", Dim(first, axis, INT), Dim(other, axis, INT)))
    return True


def _rebased(value: Value, slot_of: dict[str, str]) -> Value:
    match value:
        case View(base=base) if base in slot_of:
            axes = tuple(
                Axis(_renamed(axis.start, slot_of), axis.step, axis.of) for axis in value.axes
            )
            shape = tuple(_renamed(extent, slot_of) for extent in value.shape)
            return View(slot_of[base], value.dtype, axes, shape, value.writeable, value.whole)
        case Tuple(items):
            return Tuple(tuple(_rebased(item, slot_of) for item in items))
        case _:
            return value


def _renamed(expr: Expr, slot_of: dict[str, str]) -> Expr:
    """Extents under the arrays' new names (they agree, so the old ones are not wrong)."""

    def rename(node: Expr) -> Expr:
        if isinstance(node, Dim):
            return Dim(slot_of.get(node.array, node.array), node.axis, INT)
        return node

    return map_expressions(expr, rename)
