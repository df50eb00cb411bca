"""How scalars progress through loops: what is known of a variable at the head of an iteration.

A variable that every iteration changes by the same amount, once, is an *induction variable*: a
polynomial of the iteration's number. One that only ever grows (or shrinks), by however much, is
known to be at least (at most) its first value, and at most that plus all increments.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from conure.analysis import symbolic
from conure.analysis.access import Loop, Survey
from conure.analysis.affine import ZERO, Poly
from conure.analysis.book import Facts
from conure.analysis.interval import Interval, Number, fits, times
from conure.analysis.ranges import as_poly, quotient
from conure.analysis.symbolic import Context
from conure.ir.nodes import Assign, Const, Dim, Expr, For, Leave, Load, Stmt, Var, While
from conure.ir.types import INT
from conure.ir.walk import bodies, names_written, statements

_SLOW = 2**20  # adding no more than this each time, no loop lives to see 64 bits overflow


class Progress:
    """The state of a walk: what each scalar is worth, what is known, which loops are open."""

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

    def context(self) -> Context:
        return Context(dict(self.values), self.facts, self.home, self.loops, self.sure)

    def new(
        self, name: str, lows: Facts = (), highs: Facts = (), interval: Interval | None = None
    ) -> Poly:
        """An unknown value that varies where the walk is."""
        scalar = self.types[name]
        if scalar is not INT:
            return Poly.atom(self.ranges.version(name, self.home, scalar, interval=interval))
        if interval is not None and not fits(interval, INT):
            interval = None  # after an overflow it may be anything
        atom = self.ranges.version(name, self.home, INT, lows, highs, interval)
        return Poly.atom(atom)

    def value(self, name: str) -> Poly:
        known = self.values.get(name)
        return Poly.atom(Var(name, self.types[name])) if known is None else known

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
        if not self.found.sound(a, b):
            return self.new(name)
        interval = self.ranges.numeric(a).hull(self.ranges.numeric(b))
        if self.ranges.prove(a - b, self.facts):
            a, b = b, a
        elif not self.ranges.prove(b - a, self.facts):
            return self.new(name, interval=interval)
        return self.new(name, (a,), (b,), interval)

    def bound(self, expr: Expr, context: Context) -> Poly:
        poly = self.found.poly(expr, context)
        return poly if self.found.sound(poly) else self.found.unknown(expr, context)

    def count(
        self, index: str, start: Poly, stop: Poly, step: Poly, direction: int | None
    ) -> tuple[Var, Poly | None]:
        """What counts the iterations, and how many there are. With a step that is a number other
        than 1 and -1, or of unknown sign, the index is `start + step * counter`."""
        span = self.ranges.numeric(start).hull(self.ranges.numeric(stop))
        unit = step.constant
        if direction is not None and (unit is None or abs(unit) == 1):
            lows, highs = ((start,), (stop - 1,)) if direction > 0 else ((stop + 1,), (start,))
            counter = self.ranges.fresh(index, self.home, INT, lows, highs, span)
            return counter, (stop - start) * unit if unit else None
        most = Interval(0, max(span.high - span.low, 0))
        turns = None
        if unit:
            sign = 1 if unit > 0 else -1
            turns = quotient((stop - start) * sign + abs(unit) - 1, abs(unit))
        ends = () if turns is None else (turns - 1,)
        counter = self.ranges.fresh(f"{index}%", self.home, INT, (ZERO,), ends, most)
        value = start + step * Poly.atom(counter)
        if value.degree <= 3:
            self.values[index] = value
        else:
            unknown = self.ranges.version(index, self.home, INT, interval=span)
            self.values[index] = Poly.atom(unknown)
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
        amount, turn = self.amount(updates[0], body), self.turn(loop)
        if amount is None or turn is None:
            return None
        return initial + amount * turn

    def turn(self, loop: Loop) -> Poly | None:
        """The number of the iteration, from 0."""
        unit = loop.step.constant
        counter = Poly.atom(loop.counter)
        if unit in (1, -1):
            return (counter - loop.start) * unit
        return None if loop.counts_itself else counter

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
        return self.new(name, lows, highs, reach)

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
