"""The end of a region: which locals are results, and how the names' values come out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from conure.frontend.context import Lowering, known_at_entry
from conure.frontend.joins import PSEUDO, RETURN_TAKEN, RETURN_VALUE, describe
from conure.frontend.lowered import (
    EXTENTS,
    ArgumentOutcome,
    ConstantOutcome,
    NewArrayOutcome,
    Outcome,
    RebindOutcome,
    ScalarOutcome,
    TupleOutcome,
    UnboundOutcome,
)
from conure.frontend.values import Binding, Items, Number, Object, Poison, Tuple, Value, View
from conure.ir.nodes import Apply, Assign, Const, Dim, Expr, Result, Var
from conure.ir.types import ArrayType, Type
from conure.record import Record


class Outcomes(Record, frozen=False):
    """Results of the program and what is made of them; `names`: locals that they need."""

    results: tuple[Result, ...] = ()
    rows: tuple[tuple[str, Outcome], ...] = ()
    returned: int | None = None
    value: Outcome | None = None
    names: set[str] = field(default_factory=set)


class _Collector(Record, frozen=False):
    ctx: Lowering
    params: Mapping[str, Type]
    results: list[Result] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def add(self, result: Result) -> int:
        if result in self.results:
            return self.results.index(result)
        self.results.append(result)
        self.names |= {name for name in (result.name, result.kind, result.bound) if name}
        return len(self.results) - 1


def outcomes(
    ctx: Lowering, params: Mapping[str, Type], live_out: Sequence[str], may_return: bool
) -> Outcomes:
    """What the region hands back; called where its last statement has been lowered."""
    collector = _Collector(ctx, params)
    rows: list[tuple[str, Outcome]] = []
    for name in live_out if not ctx.returning and ctx.reachable else ():
        rows.append((name, _of_binding(collector, name, ctx.env.get(name))))
    found = Outcomes(rows=tuple(rows))
    if may_return and RETURN_VALUE in ctx.env:
        found.value = _of_value(collector, RETURN_VALUE, ctx.env[RETURN_VALUE].value, None)
        taken = ctx.env[RETURN_TAKEN].value
        assert isinstance(taken, Number), taken
        cell = _cell(collector, RETURN_TAKEN, taken.expr)
        found.returned = collector.add(Result(cell.name))
    found.results, found.names = tuple(collector.results), collector.names
    return found


def _of_binding(collector: _Collector, name: str, binding: Binding | None) -> Outcome:
    assert name not in PSEUDO, name
    if binding is None:
        return UnboundOutcome()
    return _of_value(collector, name, binding.value, binding.bound)


def _of_value(collector: _Collector, path: str, value: Value, bound: Expr | None) -> Outcome:
    ctx = collector.ctx
    if bound is not None and isinstance(value, Tuple) and value.origin is None:
        inner = tuple(
            _of_value(collector, f"{path}.{k}", v, None) for k, v in enumerate(value.items)
        )
        flag = _cell(collector, f"{path}.bound", bound)
        return TupleOutcome(inner, collector.add(Result(flag.name)))
    if bound is not None and not isinstance(value, Number):
        ctx.refuse(f"{path!r} may be unbound after the loop, and is {describe(value)}")
    match value:
        case Number():
            return _of_number(collector, path, value, bound)
        case View(base=base) if value.whole and base in collector.params:
            if base in ctx.rebound:
                return RebindOutcome(collector.add(Result(base)))
            return ArgumentOutcome(base)
        case View(base=base, shape=shape) if value.whole and _may_come_out(collector, base, shape):
            ctx.made[base] = shape
            return NewArrayOutcome(len(collector.params) + [*ctx.made].index(base))
        case Tuple(items, origin):
            if origin is not None:
                return ArgumentOutcome(origin)
            parts = (_of_value(collector, f"{path}.{k}", v, None) for k, v in enumerate(items))
            return TupleOutcome(tuple(parts))
        case Items(origin=name):
            return ArgumentOutcome(name)
        case Object(inner):
            return ConstantOutcome(inner)
        case Poison(message):
            ctx.refuse(message, f"do not use {path} after the loop")
        case _:
            what = "the returned value" if path == RETURN_VALUE else repr(path)
            ctx.refuse(
                f"{what} is {describe(value)} made in the region, and is used after it",
                "allocate the array before the loop",
            )


def _may_come_out(collector: _Collector, base: str, shape: tuple[Expr, ...]) -> bool:
    """Whether an array made here can be made before the call: once, of known extents, and in C
    order, as NumPy's results of arrays in C order are."""
    ctx = collector.ctx
    kinds = [kind for kind in collector.params.values() if isinstance(kind, ArrayType)]
    return (
        any(ctx.allocated.get(base) is known for known in (ctx.out, ctx.body_list))
        and base not in ctx.rebound
        and not ctx.is_reordered
        and all(kind.rank == 1 or kind.layout == "C" for kind in kinds)
        and all(known_at_entry(ctx, extent) for extent in shape)
        and all(_is_simple(collector, extent) for extent in shape)
    )


def _is_simple(collector: _Collector, extent: Expr) -> bool:
    match extent:
        case Apply(op, args):
            return op in EXTENTS and all(_is_simple(collector, arg) for arg in args)
        case Var(name) | Dim(name):
            return name in collector.params
        case _:
            return True


def _of_number(collector: _Collector, path: str, number: Number, bound: Expr | None) -> Outcome:
    expr = number.expr
    if number.kind is None and bound is None:
        if isinstance(expr, Const):
            dtype = expr.type
            value = expr.value if dtype.python else dtype.dtype.type(expr.value)
            return ConstantOutcome(value)
        if isinstance(expr, Var) and expr.name in collector.params:
            return ArgumentOutcome(expr.name)
    cell = _cell(collector, path, expr)
    kind = None if number.kind is None else _cell(collector, f"{path}.kind", number.kind)
    flag = None if bound is None else _cell(collector, f"{path}.bound", bound)
    return ScalarOutcome(
        collector.add(
            Result(
                cell.name,
                number.python,
                None if kind is None else kind.name,
                None if flag is None else flag.name,
            )
        )
    )


def _cell(collector: _Collector, path: str, expr: Expr) -> Var:
    """A local that holds the value at the end."""
    ctx = collector.ctx
    if isinstance(expr, Var) and expr.name in ctx.locals:
        return expr
    cell = ctx.cell(path, expr.type)
    ctx.emit(Assign(cell.name, expr, ctx.loc))
    return cell
