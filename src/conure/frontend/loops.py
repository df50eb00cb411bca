"""`for` and `while`: bodies are lowered until the types at the loop's head no longer change.

What a name holds at the head is what it holds before the loop, joined with what it holds after
a turn; the first guess is the former alone. `break` and `continue` leave blocks:

    block break { for i in 0:n { block again { ... leave again ... leave break ... } } }
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from conure.frontend.arrays import ONE, ZERO, minus, plus, times
from conure.frontend.assignment import assign_target
from conure.frontend.context import (
    Draft,
    Edge,
    Loop,
    Lowering,
    Target,
    body_of,
)
from conure.frontend.expressions import condition
from conure.frontend.iteration import Counted, Grid, Unrolled, iteration
from conure.frontend.joins import PSEUDO, adapt, join, merge, own_storage, rename_back
from conure.frontend.liveness import assigned_names, reads
from conure.frontend.returns import close
from conure.frontend.values import Binding, Environment, Number, Poison, Tuple, Value
from conure.ir.nodes import Block, Const, Expr, For, If, Leave, Var, While
from conure.ir.ops import apply
from conure.ir.types import BOOL, INT
from conure.record import Record

_ROUNDS = 12
LoopNode = ast.For | ast.While


class Settled(Record, frozen=False):
    """A loop's body once its types are settled: what the names hold at its head, and the ways
    out by `break`."""

    body: Draft
    head: Environment
    leave: Target


# ---- types at the head -----------------------------------------------------------------------


def settle(
    ctx: Lowering, node: LoopNode, turn: Callable[[], None], without: frozenset[str] = frozenset()
) -> Settled:
    """Lower `turn` until what the names hold at the loop's head is stable. Puts what the entry
    needs in front of the loop."""
    live = (ctx.frame.liveness.at_head(node) | PSEUDO) - without
    entry = dict(ctx.env)
    guess = _first_guess(ctx, entry, live, assigned_names([node]))
    leave_label, again_label = ctx.unique("break"), ctx.unique("continue")
    for _ in range(_ROUNDS):
        loop = Loop(Target(leave_label), Target(again_label))
        ctx.frame.env, ctx.reachable = dict(guess), True
        with ctx.nested() as body, _in_loop(ctx, loop):
            turn()
        edges = list(loop.again.edges)
        if ctx.reachable:
            edges.append(Edge(body, dict(ctx.env)))
        for edge in edges:
            rename_back(ctx, edge, guess, live)
        grown = _grown(ctx, guess, edges, live)
        if grown == guess:
            for edge in (*edges, Edge(ctx.out, entry)):
                for name, target in guess.items():
                    adapt(ctx, edge, name, edge.env.get(name), target)
            ctx.frame.env, ctx.reachable = dict(guess), True
            return Settled(body, guess, loop.leave)
        guess = grown
    ctx.refuse("the types of the variables in this loop do not settle", node=node)


@contextmanager
def _in_loop(ctx: Lowering, loop: Loop) -> Iterator[None]:
    frame = ctx.frame
    frame.loops.append(loop)
    yield
    frame.loops.pop()


def _first_guess(
    ctx: Lowering, entry: Environment, live: frozenset[str], assigned: frozenset[str]
) -> Environment:
    guess: Environment = {}
    for name, binding in entry.items():
        if name not in live:
            continue
        if name in assigned:
            bound = None if binding.bound is None else ctx.flag(name, "bound")
            guess[name] = Binding(own_storage(ctx, name, binding.value), bound)
        else:
            guess[name] = binding
    return guess


def _grown(
    ctx: Lowering, guess: Environment, edges: list[Edge], live: frozenset[str]
) -> Environment:
    names = dict.fromkeys(guess)
    for edge in edges:
        names.update(dict.fromkeys(name for name in edge.env if name in live))
    grown: Environment = {}
    for name in names:
        known = guess.get(name)
        if known is not None and isinstance(known.value, Poison):
            grown[name] = known
            continue
        bindings = [known, *(edge.env.get(name) for edge in edges)]
        grown[name] = merge(ctx, name, bindings)
    return grown


# ---- while -----------------------------------------------------------------------------------


def lower_while(ctx: Lowering, node: ast.While) -> None:
    """A `while`, whose condition may need statements of its own."""
    done = Target(ctx.unique("done"))
    tests: list[Expr] = []

    def turn() -> None:
        done.edges.clear()
        with ctx.nested() as before:
            test = condition(ctx, node.test)
        tests[:] = [test]
        if before:
            ctx.absorb(before)
            with ctx.nested() as out:
                ctx.emit(Leave(done.label, ctx.loc))
            done.edges.append(Edge(out, dict(ctx.env), leaves=True))
            ctx.emit(If(apply("not", test), body_of(out), (), ctx.loc))
            tests[:] = [Const(True, BOOL)]
        _body(ctx, node)

    with ctx.nested() as outer:
        with ctx.nested() as inner:
            settled = settle(ctx, node, turn)
            ctx.emit(While(tests[0], body_of(settled.body), ctx.loc))
        forever = isinstance(tests[0], Const) and bool(tests[0].value)
        ctx.reachable = not forever
        if done.edges:
            live = settled.head.keys() | ctx.frame.liveness.behind(node) | reads_of(node.orelse)
            ctx.frame.env = join(ctx, done.edges, live, settled.head)
            ctx.reachable = True
        close(done, ctx, inner)
        _orelse(ctx, node)
    _leave(ctx, node, settled, outer)


def reads_of(statements: list[ast.stmt]) -> frozenset[str]:
    """Names read in the statements."""
    return frozenset().union(*(reads(statement) for statement in statements))


def _body(ctx: Lowering, node: LoopNode) -> None:
    """The statements of one turn, in a block that `continue` leaves."""
    again = ctx.frame.loops[-1].again
    with ctx.nested() as body:
        ctx.body(ctx, node.body, "loop")
    if again.edges and ctx.reachable:  # what this way needs belongs into the block
        again.edges.append(Edge(body, dict(ctx.env)))
        ctx.reachable = False
    close(again, ctx, body)


def _orelse(ctx: Lowering, node: LoopNode) -> None:
    if ctx.reachable:
        ctx.body(ctx, node.orelse, "")


def _leave(ctx: Lowering, node: LoopNode, settled: Settled, outer: Draft) -> None:
    """Where `break` and the normal end meet."""
    edges = list(settled.leave.edges)
    if edges:
        if ctx.reachable:
            edges.append(Edge(outer, dict(ctx.env)))
        ctx.emit(Block(settled.leave.label, body_of(outer), ctx.loc))
        live = ctx.frame.liveness.behind(node)
        ctx.frame.env = join(ctx, edges, live, settled.head)
        ctx.reachable = True
    else:
        ctx.absorb(outer)


# ---- for -------------------------------------------------------------------------------------


def lower_for(ctx: Lowering, node: ast.For) -> None:
    """A `for` over whatever `iteration` knows."""
    what = iteration(ctx, node.iter)
    match what:
        case Counted():
            _counted(ctx, node, what)
        case Grid():
            _grid(ctx, node, what)
        case Unrolled():
            _unrolled(ctx, node, what)


def _base(node: ast.For) -> str:
    return node.target.id if isinstance(node.target, ast.Name) else "k"


def _counted(ctx: Lowering, node: ast.For, what: Counted) -> None:
    known_last = _last_is_known(ctx, node, what)
    if known_last:
        what = _held(ctx, what)
    before = dict(ctx.env)
    down = isinstance(what.step, Const) and what.step.value.real < 0
    index: list[Var] = []

    def turn() -> None:
        with ctx.index(_base(node), what.start, what.stop, down) as variable:
            index[:] = [variable]
            assign_target(ctx, node.target, what.item(variable))
            _body(ctx, node)

    without = frozenset((_base(node),)) if known_last else frozenset[str]()
    with ctx.nested() as outer:
        settled = settle(ctx, node, turn, without)
        if not ctx.rebound.isdisjoint(what.arrays):
            ctx.refuse("the array that the loop runs over changes its name in the loop")
        ctx.emit(
            For(
                index[0].name,
                what.start,
                what.stop,
                what.step,
                body_of(settled.body),
                loc=ctx.loc,
            )
        )
        if known_last:
            _set_last(ctx, _base(node), what, before)
        _orelse(ctx, node)
    _leave(ctx, node, settled, outer)


def _last_is_known(ctx: Lowering, node: ast.For, what: Counted) -> bool:
    """Whether the loop variable is needed afterwards, and can be had without the loop."""
    return (
        what.plain
        and isinstance(node.target, ast.Name)
        and isinstance(what.step, Const)
        and node.target.id in ctx.frame.liveness.at_head(node)
        and node.target.id not in assigned_names(node.body)
    )


def _held(ctx: Lowering, what: Counted) -> Counted:
    return Counted(ctx.held(what.start), ctx.held(what.stop), what.step, what.item, True)


def _set_last(ctx: Lowering, name: str, what: Counted, before: Environment) -> None:
    """After the loop its variable is what it was in the last turn, if there was one."""
    assert isinstance(what.step, Const), what.step
    step = int(what.step.value.real)
    taken = apply("less" if step > 0 else "greater", what.start, what.stop)
    distance = minus(what.stop, what.start)
    distance = plus(distance, Const(-1 if step > 0 else 1, INT))
    if abs(step) == 1:
        last = plus(what.stop, Const(-step, INT))
    else:
        turns = apply("floordiv", distance, Const(step, INT))
        last = plus(what.start, times(turns, Const(step, INT)))
    skipped_env = dict(ctx.env)
    skipped_env.pop(name, None)
    if name in before:
        skipped_env[name] = before[name]
    with ctx.nested() as then:
        value = what.item(last)
    taken_env = {**ctx.env, name: Binding(value)}
    orelse: Draft = []
    edges = [Edge(then, taken_env), Edge(orelse, skipped_env)]
    ctx.frame.env = join(ctx, edges, {*taken_env, name}, ctx.env)
    ctx.emit(If(taken, body_of(then), body_of(orelse), ctx.loc))


def _grid(ctx: Lowering, node: ast.For, what: Grid) -> None:
    """`for i, j in np.ndindex(n, m)`: one loop for each axis."""
    indexes: list[Var] = []

    def turn() -> None:
        indexes.clear()
        _axes(ctx, node, what.extents, indexes)

    with ctx.nested() as outer:
        settled = settle(ctx, node, turn)
        draft = settled.body
        for variable, extent in zip(reversed(indexes), reversed(what.extents), strict=True):
            loop = For(variable.name, ZERO, extent, ONE, body_of(draft), loc=ctx.loc)
            draft = [loop]
        ctx.absorb(draft)
        _orelse(ctx, node)
    _leave(ctx, node, settled, outer)


def _axes(ctx: Lowering, node: ast.For, extents: tuple[Expr, ...], indexes: list[Var]) -> None:
    if extents:
        with ctx.index("k", ZERO, extents[0]) as variable:
            indexes.append(variable)
            _axes(ctx, node, extents[1:], indexes)
        return
    assign_target(ctx, node.target, Tuple(tuple(Number(variable) for variable in indexes)))
    _body(ctx, node)


_MOST_UNROLLED = 32


def _unrolled(ctx: Lowering, node: ast.For, what: Unrolled) -> None:
    """One copy of the body for each item; `continue` leaves its copy, `break` all of them."""
    if len(what.items) > _MOST_UNROLLED:
        ctx.refuse(f"a loop over a tuple of {len(what.items)} items is not compiled")
    live = ctx.frame.liveness.at_head(node) | ctx.frame.liveness.behind(node)
    loop = Loop(Target(ctx.unique("break")), Target(""))
    before = dict(ctx.env)
    held = [_keep(ctx, item) for item in what.items]
    with ctx.nested() as outer:
        for item in held:
            if ctx.reachable:
                _copy(ctx, node, loop, item, live)
        _orelse(ctx, node)
    _leave(ctx, node, Settled([], before, loop.leave), outer)


def _keep(ctx: Lowering, value: Value) -> Value:
    match value:
        case Number():
            return ctx.held_number(value)
        case Tuple(items, origin):
            return Tuple(tuple(_keep(ctx, item) for item in items), origin)
        case _:
            return value


def _copy(ctx: Lowering, node: ast.For, loop: Loop, item: Value, live: frozenset[str]) -> None:
    loop.again = Target(ctx.unique("continue"))
    entry = dict(ctx.env)
    with ctx.nested() as body, _in_loop(ctx, loop):
        assign_target(ctx, node.target, item)
        ctx.body(ctx, node.body, "loop")
    edges = list(loop.again.edges)
    if edges:
        if ctx.reachable:
            edges.append(Edge(body, dict(ctx.env)))
        ctx.frame.env = join(ctx, edges, live, entry)
        ctx.reachable = True
    close(loop.again, ctx, body)
