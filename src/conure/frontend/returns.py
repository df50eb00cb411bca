"""`return`: at the end of a function nothing but its value; elsewhere `leave` of a block."""

from __future__ import annotations

from conure.frontend.context import Draft, Edge, Lowering, Target, body_of
from conure.frontend.joins import PSEUDO, RETURN_TAKEN, RETURN_VALUE, join
from conure.frontend.values import Binding, Number, Object, Value
from conure.ir.nodes import Block, Const, Leave
from conure.ir.types import BOOL


def return_value(ctx: Lowering, value: Value, at_end: bool) -> None:
    """`return value`; `at_end`: nothing of the function follows."""
    target = ctx.frame.returns
    if target is None:
        ctx.refuse("return is not compiled here")
    ctx.env[RETURN_VALUE] = Binding(value)
    if not ctx.inlined:
        ctx.env[RETURN_TAKEN] = Binding(Number(Const(True, BOOL)))
    if at_end:
        ctx.returning = True
        return
    ctx.emit(Leave(target.label, ctx.loc))
    target.edges.append(Edge(ctx.out, dict(ctx.env), leaves=True, returning=True))
    ctx.reachable = False


def finish_returns(ctx: Lowering, statements: Draft) -> None:
    """The end of a function: all returns meet; `statements` are its body, not yet placed."""
    target = ctx.frame.returns
    if target is None or not target.edges:
        ctx.absorb(statements)
        return
    edges = list(target.edges)
    if ctx.reachable:
        edges.append(Edge(statements, dict(ctx.env), returning=ctx.returning))
    falls_through = ctx.reachable and not ctx.returning
    ctx.emit(Block(target.label, body_of(statements), ctx.loc))
    live = set(ctx.env) if falls_through else set(PSEUDO)
    ctx.frame.env = join(ctx, edges, live, {})
    ctx.reachable = True
    ctx.returning = not falls_through


def close(target: Target, ctx: Lowering, statements: Draft) -> None:
    """Place a list, in a block if something leaves it."""
    if target.edges:
        ctx.emit(Block(target.label, body_of(statements), ctx.loc))
    else:
        ctx.absorb(statements)


NOTHING = Object(None)
