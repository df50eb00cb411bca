"""One walk through a program that finds the value of every integer where it is used.

Scalars get *versions*: a variable assigned in a loop has a new, unknown value `k@3` at the head of
each iteration, unless it is an induction variable (`k += 2` once per iteration is `k0 + 2*i`).
What follows from loop bounds and conditions is written into the book of `ranges`; what was met on
the way - loops, accesses, the context of each statement - is the survey.

    >>> from conure.ir.parse import parse
    >>> found = survey(parse('''program p(a: f64[1]C, n: int) {
    ...   local k: int
    ...   k = 3
    ...   for i in 0:n:1 { a[k] = 0.0:f64
    ...     k = k + 2 }
    ... }'''))
    >>> [(access.array, access.index, access.write) for access in found.accesses]
    [('a', (2*i + 3,), True)]
    >>> found.loops["i"].stop, found.ranges.prove(found.accesses[0].index[0] - 3)
    (n, True)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from conure.analysis import symbolic
from conure.analysis.affine import ZERO, Poly
from conure.analysis.interval import Interval, Number, times
from conure.analysis.ranges import Facts, as_poly, quotient
from conure.analysis.symbolic import Context, Setting
from conure.errors import Loc
from conure.ir.nodes import (
    Alloc,
    Apply,
    Assign,
    Assume,
    Block,
    Const,
    Dim,
    Expr,
    Fail,
    For,
    If,
    Leave,
    Load,
    Program,
    Rebind,
    Stmt,
    Store,
    Var,
    While,
)
from conure.ir.types import INT, Scalar
from conure.ir.walk import (
    arrays_rebound,
    arrays_written,
    bodies,
    names_written,
    operands,
    statements,
)

_SLOW = 2**20  # adding no more than this each time, no loop lives to see 64 bits overflow

Path = tuple[int, ...]
"""Where a statement is: its position in the program, then (list, position) inside that, ..."""


@dataclass(frozen=True, eq=False)
class Loop:
    """A `for` with its bounds in terms of what is known where it starts."""

    statement: For
    path: Path
    start: Poly
    stop: Poly
    step: Poly
    counter: Var  # the index, or for steps other than 1 and -1 the number of the iteration
    turns: Poly | None  # how many iterations, unless that is negative; None: no polynomial
    context: Context  # where the loop is reached
    inner: Context  # where its body begins

    @property
    def index(self) -> str:
        return self.statement.index


@dataclass(frozen=True, eq=False)
class Access:
    """One load or store of an array element."""

    array: str
    index: tuple[Poly, ...]
    subscript: tuple[Expr, ...]  # as the program has it
    write: bool
    checked: bool
    context: Context
    path: Path
    loc: Loc

    def at(self, index: tuple[Poly, ...]) -> Access:
        """The access with its subscripts seen in another way."""
        return replace(self, index=index)


@dataclass(kw_only=True)
class Survey(Setting):
    """What the walk found; `contexts` has one entry for every statement."""

    program: Program
    loops: dict[str, Loop] = field(default_factory=dict)
    accesses: list[Access] = field(default_factory=list)
    contexts: dict[Path, Context] = field(default_factory=dict)
    heads: dict[Path, Context] = field(default_factory=dict)  # where a `while` tests its condition
    twins: dict[str, object] = field(default_factory=dict)  # kept by `dependence`

    def poly(self, expr: Expr, context: Context) -> Poly:
        """The value of an `int` expression where it is evaluated."""
        return symbolic.value(expr, context, self)

    def facts(self, condition: Expr, context: Context, holds: bool = True) -> Facts:
        """What a condition tells where it holds, or does not."""
        return symbolic.conditions(condition, context, self, holds)

    def extent(self, array: str, axis: int, context: Context) -> Poly:
        """The extent of an array's axis."""
        return symbolic.value(Dim(array, axis, INT), context, self)


def survey(program: Program, strict: bool = False) -> Survey:
    """Walk through a program once. `strict`: where the bounds are to replace checks of memory
    accesses, so that they have to hold even after an overflow that is only reported later."""
    rebound = frozenset(arrays_rebound(program))
    overlapping = {name for pair in program.overlaps for name in pair}
    written = arrays_written(program)
    if written & overlapping:
        written |= overlapping
    every = frozenset(written | rebound)
    same = _equal_shapes(program)
    found = Survey(program=program, written=every, rebound=rebound, shapes=same)
    found.strict = strict
    _Walk(found).run()
    return found


def visited(expr: Expr, context: Context, found: Survey) -> Iterator[tuple[Expr, Context]]:
    """Every expression inside, with what is known when it is evaluated (`x and y` evaluates y
    only if x holds); operands first."""
    if isinstance(expr, Apply) and expr.op in ("and", "or", "select"):
        condition, *rest = expr.args
        yield from visited(condition, context, found)
        for at, operand in enumerate(rest):
            holds = at == 0 if expr.op == "select" else expr.op == "and"
            inner = context.knowing(found.facts(condition, context, holds), sure=False)
            yield from visited(operand, inner, found)
    else:
        for operand in operands(expr):
            yield from visited(operand, context, found)
    yield expr, context


def _equal_shapes(program: Program) -> dict[str, str]:
    """The arrays whose extents the leading assumptions equate: each to the first of its group."""
    axes: dict[tuple[str, str], set[int]] = {}
    for stmt in program.body:
        if not isinstance(stmt, Assume):
            break
        match stmt.condition:
            case Apply(op="equal", args=(Dim(array=a, axis=k), Dim(array=b, axis=m))) if k == m:
                axes.setdefault((a, b), set()).add(k)
    same: dict[str, str] = {}
    for (a, b), found in axes.items():
        if found == set(range(program.array(a).rank)) == set(range(program.array(b).rank)):
            same[b] = same.get(a, a)
    return same


class _Walk:
    """The state of the walk: what each scalar is worth, what is known, which loops are open."""

    def __init__(self, found: Survey) -> None:
        self.found = found
        self.ranges = found.ranges
        self.types = {local.name: local.type for local in found.program.locals}
        self.values: dict[str, Poly] = {}
        self.facts: Facts = ()
        self.home: tuple[str, ...] = ()
        self.loops: tuple[str, ...] = ()
        self.sure = True
        self.turns = 0

    def run(self) -> None:
        for param in self.found.program.params:
            if isinstance(param.type, Scalar):
                self.types[param.name] = param.type
        for local in self.found.program.locals:
            if local.type is INT:
                self.values[local.name] = ZERO
        self.go(self.found.program.body, ())

    def context(self) -> Context:
        return Context(dict(self.values), self.facts, self.home, self.loops, self.sure)

    def go(self, stmts: tuple[Stmt, ...], path: Path) -> bool:
        """Go through statements; whether the end of the list can be reached."""
        reached = True
        for at, stmt in enumerate(stmts):
            here = (*path, at)
            self.found.contexts[here] = self.context()
            reached = self.statement(stmt, here) and reached
        return reached

    def statement(self, stmt: Stmt, path: Path) -> bool:
        """One statement; whether what follows it can be reached."""
        match stmt:
            case Assign():
                self.read(stmt.value, path)
                self.assign(stmt.name, self.valued(stmt.name, stmt.value))
            case Store():
                for part in (*stmt.index, stmt.value):
                    self.read(part, path)
                self.access(stmt, path)
            case For():
                self.loop(stmt, path)
            case While():
                self.repeat(stmt, path)
            case If():
                return self.branch(stmt, path)
            case Block():
                self.block(stmt, path)
            case Assume():
                self.read(stmt.condition, path)
                self.assume(stmt.condition)
            case Alloc():
                context = self.context()
                for part in stmt.shape:
                    self.read(part, path)
                shape = tuple(self.found.poly(part, context) for part in stmt.shape)
                self.found.local[stmt.name] = shape
            case Leave() | Fail():
                return False
            case Rebind():
                pass
        return True

    # ---- values ----------------------------------------------------------------------------

    def valued(self, name: str, value: Expr) -> Poly:
        context = self.context()
        if value.type is INT:
            poly = self.found.poly(value, context)
            if poly.degree <= 3 and len(poly.terms) <= 12:
                return poly
            interval = self.ranges.interval(poly, self.facts)
            return self.new(name, interval=interval)
        if (same := symbolic.canonical(value, context, self.found)) is not None:
            return Poly.atom(same)
        return self.new(name)

    def assign(self, name: str, value: Poly) -> None:
        self.values[name] = value

    def new(
        self, name: str, lows: Facts = (), highs: Facts = (), interval: Interval | None = None
    ) -> Poly:
        """An unknown value that varies where the walk is."""
        scalar = self.types[name]
        if scalar is not INT:
            return Poly.atom(self.ranges.version(name, self.home, scalar))
        atom = self.ranges.version(name, self.home, INT, lows, highs, interval)
        return Poly.atom(atom)

    def value(self, name: str) -> Poly:
        known = self.values.get(name)
        return Poly.atom(Var(name, self.types[name])) if known is None else known

    def read(self, expr: Expr, path: Path) -> None:
        for node, context in visited(expr, self.context(), self.found):
            if isinstance(node, Load):
                self.access(node, path, context)

    def access(self, node: Load | Store, path: Path, context: Context | None = None) -> None:
        context = context or self.context()
        index = tuple(self.found.poly(part, context) for part in node.index)
        write = isinstance(node, Store)
        access = Access(node.array, index, node.index, write, node.checked, context, path, node.loc)
        self.found.accesses.append(access)

    def assume(self, condition: Expr) -> None:
        """An assumption at the head bounds a parameter or an extent for good."""
        self.facts += self.found.facts(condition, self.context())
        match condition:
            case Apply(op="less_equal", args=(low, high)):
                if isinstance(high, Const) and isinstance(low, Var | Dim):
                    self.narrow(low, Interval(-(2**63), _whole(high)))
                elif isinstance(low, Const) and isinstance(high, Var | Dim):
                    self.narrow(high, Interval(_whole(low), 2**63))
            case _:
                pass

    def narrow(self, atom: Var | Dim, interval: Interval) -> None:
        known = self.ranges.of_atom(atom)
        self.ranges.intervals[atom] = known.meet(interval)

    # ---- control ---------------------------------------------------------------------------

    def branch(self, stmt: If, path: Path) -> bool:
        self.read(stmt.condition, path)
        before, facts, sure = dict(self.values), self.facts, self.sure
        start = self.context()
        self.sure = False
        self.facts = facts + self.found.facts(stmt.condition, start)
        reached = self.go(stmt.then, (*path, 0))
        then, then_facts = self.values, self.facts
        self.values = dict(before)
        self.facts = facts + self.found.facts(stmt.condition, start, False)
        other = self.go(stmt.orelse, (*path, 1))
        self.sure = sure and reached and other
        if reached and other:
            self.facts = facts
            self.values = self.merged(then, self.values)
        elif reached:
            self.values, self.facts = then, then_facts
        return reached or other

    def merged(self, one: Mapping[str, Poly], two: Mapping[str, Poly]) -> dict[str, Poly]:
        result = {}
        for name in {**one, **two}:
            initial = Poly.atom(Var(name, self.types[name]))
            a, b = one.get(name, initial), two.get(name, initial)
            result[name] = a if a == b else self.either(name, a, b)
        return result

    def either(self, name: str, a: Poly, b: Poly) -> Poly:
        """A new version that is one of two values."""
        if self.types[name] is not INT:
            return self.new(name)
        interval = self.ranges.numeric(a).hull(self.ranges.numeric(b))
        if self.ranges.prove(a - b, self.facts):
            a, b = b, a
        elif not self.ranges.prove(b - a, self.facts):
            return self.new(name, interval=interval)
        return self.new(name, (a,), (b,), interval)

    def block(self, stmt: Block, path: Path) -> None:
        left = any(isinstance(s, Leave) and s.label == stmt.label for s in statements(stmt.body))
        facts, sure = self.facts, self.sure
        self.go(stmt.body, (*path, 0))
        self.facts, self.sure = facts, sure
        if left:
            self.forget(stmt.body)

    def forget(self, body: tuple[Stmt, ...]) -> None:
        for name in sorted(names_written(body)):
            self.values[name] = self.new(name)

    def repeat(self, stmt: While, path: Path) -> None:
        before = dict(self.values)
        facts, sure, home = self.facts, self.sure, self.home
        self.turns += 1
        self.home = (*home, f"while.{self.turns}")
        self.heads(stmt.body, None, before)
        self.sure = False
        self.found.heads[path] = self.context()
        self.read(stmt.condition, path)
        self.facts = facts + self.found.facts(stmt.condition, self.context())
        self.go(stmt.body, (*path, 0))
        self.home, self.facts, self.sure, self.values = home, facts, sure, before
        self.heads(stmt.body, None, dict(before))
        self.facts = facts + self.found.facts(stmt.condition, self.context(), False)

    def loop(self, stmt: For, path: Path) -> None:
        for part in (stmt.start, stmt.stop, stmt.step):
            self.read(part, path)
        outside = self.context()
        start, stop, step = (self.bound(e, outside) for e in (stmt.start, stmt.stop, stmt.step))
        before = dict(self.values)
        facts, sure, home, loops = self.facts, self.sure, self.home, self.loops
        self.home, self.loops = (*home, stmt.index), (*loops, stmt.index)
        self.types[stmt.index] = INT
        direction = self.ranges.sign(step, facts)
        counter, turns = self.count(stmt.index, start, stop, step, direction)
        if direction is not None:
            self.facts += ((stop - start - 1) if direction > 0 else (start - stop - 1),)
        draft = Loop(stmt, path, start, stop, step, counter, turns, outside, outside)
        self.heads(stmt.body, draft, before)
        self.found.loops[stmt.index] = replace(draft, inner=self.context())
        leaves = any(isinstance(s, Leave) for s in statements(stmt.body))
        self.sure = sure and not leaves
        self.go(stmt.body, (*path, 0))
        self.home, self.loops, self.facts, self.sure, self.values = home, loops, facts, sure, before
        self.heads(stmt.body, replace(draft), dict(before), after=True)

    def bound(self, expr: Expr, context: Context) -> Poly:
        poly = self.found.poly(expr, context)
        return poly if self.found.sound(poly) else self.found.unknown(expr, context)

    def count(
        self, index: str, start: Poly, stop: Poly, step: Poly, direction: int | None
    ) -> tuple[Var, Poly | None]:
        """What counts the iterations, and how many there are. With a step other than 1 and -1
        the index is `start + step * counter`."""
        span = self.ranges.numeric(start).hull(self.ranges.numeric(stop))
        unit = step.constant
        if unit is not None and abs(unit) == 1:
            lows, highs = ((start,), (stop - 1,)) if unit > 0 else ((stop + 1,), (start,))
            counter = self.ranges.fresh(index, self.home, INT, lows, highs, span)
            return counter, (stop - start) * unit
        most = Interval(0, max(span.high - span.low, 0))
        turns = None
        if unit:
            sign = 1 if unit > 0 else -1
            turns = quotient((stop - start) * sign + abs(unit) - 1, abs(unit))
        ends = () if turns is None else (turns - 1,)
        counter = self.ranges.fresh(f"{index}%", self.home, INT, (ZERO,), ends, most)
        value = start + step * Poly.atom(counter)
        if direction is not None and value.degree <= 3:
            self.values[index] = value
        else:
            self.values[index] = Poly.atom(
                self.ranges.version(index, self.home, INT, interval=span)
            )
        return counter, turns

    def heads(
        self,
        body: tuple[Stmt, ...],
        loop: Loop | None,
        before: Mapping[str, Poly],
        after: bool = False,
    ) -> None:
        """New versions of what a loop assigns: at the head of an iteration, or `after` it."""
        for name in sorted(names_written(body)):
            if self.types[name] is not INT:
                self.values[name] = self.new(name)
                continue
            initial = before.get(name, Poly.atom(Var(name, INT)))
            if loop is not None and not after:
                steady = self.induction(name, body, loop, initial)
                if steady is not None:
                    self.values[name] = steady
                    continue
            self.values[name] = self.drifting(name, body, loop, initial)

    def induction(
        self, name: str, body: tuple[Stmt, ...], loop: Loop, initial: Poly
    ) -> Poly | None:
        """The value at an iteration's head, if each iteration adds the same amount once."""
        updates = [s for s in statements(body) if isinstance(s, Assign) and s.name == name]
        if len(updates) != 1 or not any(updates[0] is stmt for stmt in body):
            return None
        if any(isinstance(s, Leave) for s in statements(body)):
            return None
        amount = self.amount(updates[0], body)
        if amount is None:
            return None
        return initial + amount * self.turn(loop)

    def turn(self, loop: Loop) -> Poly:
        """The number of the iteration, from 0."""
        unit = loop.step.constant
        counter = Poly.atom(loop.counter)
        return (counter - loop.start) * unit if unit in (1, -1) else counter

    def amount(self, update: Assign, body: tuple[Stmt, ...]) -> Poly | None:
        """What `k = k + e` adds, where e does not change in the body."""
        increment = symbolic.increment(update)
        changing = names_written(body)
        if increment is None:
            return None
        if any(isinstance(n, Load) or (isinstance(n, Dim) and n.array in self.found.rebound)
               or (isinstance(n, Var) and n.name in changing)
               for n in symbolic.inside(increment)):  # fmt: skip
            return None
        amount = self.found.poly(increment, self.context())
        if any(self.ranges.varies(atom, self.home[-1]) for atom in amount.atoms):
            return None
        return amount

    def drifting(self, name: str, body: tuple[Stmt, ...], loop: Loop | None, initial: Poly) -> Poly:
        """A version about which only is known that it grows, or shrinks, from its first value."""
        amounts = [self.drift(stmt) for stmt in _updates(body, name)]
        start = self.ranges.numeric(initial)
        if any(amount is None for amount in amounts):
            return self.new(name)
        low = min((amount.low for amount in amounts if amount), default=0)
        high = max((amount.high for amount in amounts if amount), default=0)
        turns = self.turns_of(name, body, loop)
        reach = Interval(
            start.low + (min(low, 0) * turns if low < 0 else 0),
            start.high + (max(high, 0) * turns if high > 0 else 0),
        )
        lows = (initial,) if low >= 0 and high < _SLOW else ()
        highs = (initial,) if high <= 0 and low > -_SLOW else ()
        return self.new(name, lows, highs, reach.meet(Interval(-(2**63), 2**63 - 1)))

    def drift(self, update: Assign) -> Interval | None:
        increment = symbolic.increment(update)
        if increment is None:
            return None
        if isinstance(increment, Const) or increment.type is INT:
            return self.ranges.numeric(as_poly(increment))
        return None

    def turns_of(self, name: str, body: tuple[Stmt, ...], loop: Loop | None) -> Number:
        """At most how often the updates of a variable run, all together."""
        if loop is None:
            return math.inf
        trips = self.ranges.numeric(loop.stop - loop.start)
        own = max(abs(trips.low), abs(trips.high), 0)
        return times(own, self._inner_turns(name, body))

    def _inner_turns(self, name: str, body: tuple[Stmt, ...]) -> Number:
        total: Number = 0
        for stmt in body:
            if isinstance(stmt, Assign):
                total += stmt.name == name
            elif isinstance(stmt, While):
                total += math.inf if name in names_written(stmt.body) else 0
            elif isinstance(stmt, For):
                if name in names_written(stmt.body):
                    total += times(self._most_trips(stmt), self._inner_turns(name, stmt.body))
            else:
                total += sum(self._inner_turns(name, inner) for inner in bodies(stmt))
        return total

    def _most_trips(self, stmt: For) -> Number:
        start = self.ranges.numeric(as_poly(stmt.start))
        stop = self.ranges.numeric(as_poly(stmt.stop))
        return max(abs(stop.high - start.low), abs(start.high - stop.low))


def _updates(body: tuple[Stmt, ...], name: str) -> list[Assign]:
    return [s for s in statements(body) if isinstance(s, Assign) and s.name == name]


def _whole(const: Const) -> int:
    assert isinstance(const.value, int)
    return const.value
