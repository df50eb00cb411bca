"""Do two accesses of a loop meet in one cell, in different iterations?

Cheap tests first, one subscript at a time: equal affine subscripts, distances (SIV), divisors
(GCD), then bounds (Banerjee, with symbolic bounds, once for each order of the two iterations).
What they leave open is asked of isl (`exact`), symbolically. An answer is a condition under which
the accesses do not meet: always, never, or if a guard holds.

    >>> from conure.analysis.survey import survey
    >>> from conure.ir.parse import parse
    >>> found = survey(parse('''program p(a: f64[1]C, n: int, b: int, d: int) {
    ...   for i in 0:n:1 { a[i + b] = a[i + d] }
    ... }'''))
    >>> load, store = found.accesses
    >>> carried(found, found.loops["i"], store, load).unless
    b == d or d >= b + n or b >= d + n
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations

from conure.analysis.access import Access, Loop, Survey
from conure.analysis.affine import ONE, ZERO, Poly, content, order_key, rename_all
from conure.analysis.book import Facts
from conure.analysis.exact import System, apart
from conure.analysis.guards import FALSE, TRUE, Both, Condition, Either, Test, both, either
from conure.analysis.ranges import as_poly
from conure.ir.nodes import Apply, Expr, Var

Subscripts = list[tuple[Poly, Poly]]

_MOST_QUESTIONS = 32  # for isl about one program; each takes 3 to 10 ms
_FEW = 64  # iterations; a guard that holds for fewer only is not worth a test


@dataclass(frozen=True)
class Meeting:
    """How two accesses meet across a loop's iterations: never if `unless` holds. `distance`:
    how many iterations later the second access touches the cell, where that is one number."""

    unless: Condition
    distance: int | None = None


APART = Meeting(TRUE)
TOGETHER = Meeting(FALSE)


@dataclass
class Twins:
    """The names by which another iteration's values are told from this one's, for one loop."""

    found: Survey
    loop: str
    names: dict[str, str] = field(default_factory=dict)
    renamed: dict[Poly, Poly] = field(default_factory=dict)
    around: dict[tuple[Facts, Facts], Facts] = field(default_factory=dict)

    def poly(self, poly: Poly) -> Poly:
        """The same value in the other iteration."""
        known = self.renamed.get(poly)
        if known is None:
            for name in sorted(poly.names):
                self._add(name)
            known = self.renamed[poly] = rename_all(poly, self.names)
        return known

    def facts(self, first: Facts, second: Facts) -> Facts:
        """What is known of both iterations, each fact once."""
        known = self.around.get((first, second))
        if known is None:
            both_sides = (*first, *map(self.poly, second))
            known = self.around[first, second] = tuple(dict.fromkeys(both_sides))
        return known

    def _add(self, name: str) -> None:
        ranges = self.found.ranges
        if name in self.names or self.loop not in ranges.homes.get(name, ()):
            return
        twin = self.names[name] = f"{name}'{self.loop}"
        lows, highs, interval = ranges.known(name)
        for bound in (*lows, *highs):
            for other in sorted(bound.names):
                self._add(other)
        if twin not in ranges.homes:
            rename = self.names
            ranges.fresh(
                twin,
                ranges.homes[name],
                ranges.kind(name),
                tuple(rename_all(low, rename) for low in lows),
                tuple(rename_all(high, rename) for high in highs),
                interval,
            )


@dataclass
class Pair:
    """Two accesses of one array, seen from a loop around both."""

    found: Survey
    loop: Loop
    first: Access
    second: Access
    twins: Twins

    def varies(self, poly: Poly, but: Expr | None = None) -> bool:
        """Whether it changes between iterations, by anything but one atom."""
        ranges = self.found.ranges
        return any(atom != but and ranges.varies(atom, self.loop.index) for atom in poly.atoms)

    def unequal(self, f: Poly, g: Poly) -> Meeting:
        """When one subscript (f in the first, g in the second access) never agrees."""
        atom = self.loop.counter
        alone = not self.varies(f, atom) and not self.varies(g, atom)
        if alone and f.linear_in(atom) and g.linear_in(atom):
            return self.single(f, g)
        return APART if self.indivisible(f, g) else TOGETHER

    def single(self, f: Poly, g: Poly) -> Meeting:
        """Subscripts of this loop's index alone: ZIV and SIV."""
        atom = self.loop.counter
        a, b = f.coefficient(atom), g.coefficient(atom)
        delta = f.without(atom) - g.without(atom)
        if a != b:
            return APART if self.indivisible(f, g) else TOGETHER
        if a == ZERO:
            return Meeting(self.nonzero(delta))
        if delta == ZERO:
            return Meeting(self.nonzero(a), 0)
        return self.strong(a, delta)

    def strong(self, a: Poly, delta: Poly) -> Meeting:
        """`a*i + delta` in one and `a*i'` in the other: they meet at `a*(i' - i) == delta`."""
        unit = a.constant
        if unit is not None and delta.constant is not None:
            if delta.constant % unit:
                return APART
            distance = delta.constant // unit if self.loop.is_stepwise else None
            return Meeting(self.beyond(a, delta), distance)
        ways: list[Condition] = [self.beyond(a, delta)]
        if self.nonzero(delta) != TRUE:
            ways.insert(0, both(Test("==", delta), self.nonzero(a)))
        if unit is not None and abs(unit) > 1:
            ways.append(Test("!=", delta, abs(unit)))
        return Meeting(either(*ways))

    def beyond(self, a: Poly, delta: Poly) -> Condition:
        """The distance is not less than the number of iterations."""
        trips = self.loop.turns
        ranges, facts = self.found.ranges, self.loop.inner.facts
        sign = ranges.sign(a, facts)
        if trips is None or sign is None:
            return FALSE
        reach = trips * a * sign
        if ranges.prove(delta - reach, facts) or ranges.prove(-delta - reach, facts):
            return TRUE
        if a.constant is not None and delta.constant is not None and abs(delta.constant) < _FEW:
            return FALSE
        return either(Test(">=", -delta - reach), Test(">=", delta - reach))

    def nonzero(self, poly: Poly) -> Condition:
        """A value of before the loop is not 0."""
        ranges, facts = self.found.ranges, self.loop.inner.facts
        if ranges.prove(poly - 1, facts) or ranges.prove(-poly - 1, facts):
            return TRUE
        return Test("!=", poly)

    def indivisible(self, f: Poly, g: Poly) -> bool:
        """GCD: the varying terms are multiples of what the rest is not a multiple of."""
        gap = self.twins.poly(g) - f
        moving = {m: c for m, c in gap.terms.items() if self.varies(Poly({m: 1}))}
        unit = content(Poly(moving))
        rest = Poly({m: c for m, c in gap.terms.items() if m not in moving})
        if unit <= 1 or any(m and c % unit for m, c in rest.terms.items()):
            return False
        return rest.free % unit != 0

    def certain(self, subscripts: Subscripts) -> bool:
        """Whether the accesses meet as soon as this loop and those inside have a few iterations:
        both are made in each, at cells that this loop does not move."""
        around = (self.first.context, self.second.context)
        if not all(context.sure for context in around) or not self.long():
            return False
        for context in around:
            inside = context.loops[context.loops.index(self.loop.index) + 1 :]
            if any(self.varies(bound) for index in inside for bound in self.bounds(index)):
                return False
        partners: dict[str, str] = {}
        for f, g in subscripts:
            names = [name for name in (self.mover(f), self.mover(g)) if name is not None]
            if not names and f == g and not self.varies(f):
                continue
            if len(names) < 2 or names[0] in partners or names[1] in partners.values():
                return False
            partners[names[0]] = names[1]
            x, y = (Poly.atom(self.found.loops[name].counter) for name in names)
            if f - x != g - y or self.bounds(names[0]) != self.bounds(names[1]):
                return False
        return True

    def long(self) -> bool:
        """Whether the loop may have more than one iteration."""
        turns, facts = self.loop.turns, self.loop.context.facts
        return turns is not None and not self.found.ranges.prove(Poly.of(1) - turns, facts)

    def bounds(self, index: str) -> tuple[Poly, ...]:
        """Start, stop and step of a loop inside."""
        loop = self.found.loops[index]
        return loop.start, loop.stop, loop.step

    def mover(self, poly: Poly) -> str | None:
        """The index of the loop inside that alone moves a subscript, step by step."""
        moving = [atom for atom in poly.atoms if self.varies(Poly.atom(atom))]
        if len(moving) != 1 or not isinstance(atom := moving[0], Var):
            return None
        loop = self.found.loops.get(atom.name)
        inside = loop is not None and loop.index != self.loop.index and loop.counter == atom
        return atom.name if inside else None

    # ---- bounds ----------------------------------------------------------------------------

    def around(self) -> Facts:
        """What is known where the accesses are, the second one in the other iteration."""
        return self.twins.facts(self.first.context.facts, self.second.context.facts)

    def order(self, later: bool) -> Poly:
        """At least 0 if the second access is in a later (else earlier) value of the index."""
        index = Poly.atom(self.loop.counter)
        order = self.twins.poly(index) - index
        return (order if later else -order) - self.least()

    def least(self) -> Poly:
        """How far apart the counters of two iterations are at least."""
        loop = self.loop
        sign = None if loop.is_stepwise else self.found.ranges.sign(loop.step, loop.context.facts)
        return ONE if sign is None else loop.step * sign

    def ordered_apart(self, subscripts: Subscripts, orders: Facts) -> bool:
        """Banerjee: under some order of the iterations, one subscript is always greater in one
        access than in the other."""
        facts = (*orders, *self.around())
        return any(self.differ(f, self.twins.poly(g), facts) for f, g in subscripts)

    def differ(self, f: Poly, g: Poly, facts: Facts) -> bool:
        prove, gap = self.found.ranges.prove, g - f
        if prove(gap - 1, facts) or prove(-gap - 1, facts):
            return True
        wrapped = _same_modulus(f, g)
        if wrapped is None:
            return False
        gap, modulus = wrapped
        return any(prove(way - 1, facts) and prove(modulus - way - 1, facts) for way in (gap, -gap))

    def never(self, orders: Facts) -> bool:
        """Whether the accesses do not meet under an order of the iterations."""
        subscripts = list(zip(self.first.index, self.second.index, strict=True))
        if self.ordered_apart(subscripts, orders):
            return True
        if not self.affordable():
            return False
        gaps = [self.twins.poly(g) - f for f, g in subscripts]
        system = System(self.found.ranges, set(self.twins.names) | set(self.twins.names.values()))
        if not any(system.term(gap) for gap in gaps):
            return False
        return apart(system, (*orders, *self.around()), gaps) is True

    def affordable(self) -> bool:
        """Whether isl may be asked once more about this program."""
        self.found.questions += 1
        return self.found.questions <= _MOST_QUESTIONS

    def exactly(self, subscripts: Subscripts) -> Condition:
        """The condition that isl finds."""
        if not self.affordable():
            return FALSE
        gaps = [self.twins.poly(g) - f for f, g in subscripts]
        ranges = self.found.ranges
        moving = set(self.twins.names) | set(self.twins.names.values())
        needed: list[Condition] = []
        for later in (True, False):
            ordered = self.order(later)
            system = System(ranges, moving)
            if not any(system.term(gap) for gap in gaps):
                return FALSE
            answer = apart(system, (ordered, *self.around()), gaps)
            if answer is False:
                return FALSE
            needed.append(TRUE if answer is True else self.worthwhile(answer))
        return both(*needed)

    def worthwhile(self, guard: Condition) -> Condition:
        """Without the alternatives under which some loop has but a few iterations."""
        inside = {*self.first.context.loops, *self.second.context.loops}
        ways = guard.parts if isinstance(guard, Either) else (guard,)
        return either(*(way for way in ways if not few_turns(self.found, inside, way)))


def few_turns(found: Survey, inside: Iterable[str], guard: Condition) -> bool:
    """Whether a condition only holds where one of some loops has a few iterations."""
    counts = [found.loops[index].turns for index in sorted(inside)]
    sizes = [turns for turns in counts if turns is not None and turns.constant is None]
    parts = guard.parts if isinstance(guard, Both) else (guard,)
    tests = [part for part in parts if isinstance(part, Test) and not part.divisor]
    ends = [test.poly for test in tests if test.relation != "!="]
    ends += [-test.poly for test in tests if test.relation == "=="]
    ends += [one + two for one, two in combinations(ends, 2)]
    return any(
        found.ranges.numeric(Poly.of(_FEW) - size - end).low >= 0 for size in sizes for end in ends
    )


def _same_modulus(f: Poly, g: Poly) -> tuple[Poly, Poly] | None:
    """`y - x` and n, for `x % n` and `y % n`."""
    x, y = (next(iter(poly.atoms)) if poly.atoms else None for poly in (f, g))
    if not isinstance(x, Apply) or not isinstance(y, Apply) or x.op != "mod" or y.op != "mod":
        return None
    if f != Poly.atom(x) or g != Poly.atom(y) or x.args[1] != y.args[1]:
        return None
    return as_poly(y.args[0]) - as_poly(x.args[0]), as_poly(x.args[1])


def carried(found: Survey, loop: Loop, first: Access, second: Access) -> Meeting:
    """When two accesses of an array never meet in different iterations of the loop. Subscripts
    are taken as they are: see `unwrapped`."""
    pair = Pair(found, loop, first, second, twins_of(found, loop))
    subscripts = list(zip(first.index, second.index, strict=True))
    ways: list[Condition] = []
    distance = None
    for f, g in subscripts:
        meeting = pair.unequal(f, g)
        if meeting.unless == TRUE:
            return APART
        ways.append(meeting.unless)
        distance = meeting.distance if distance is None else distance
    if either(*ways) == FALSE and pair.certain(subscripts):
        return Meeting(FALSE, distance)
    if all(pair.ordered_apart(subscripts, (pair.order(later),)) for later in (True, False)):
        return APART
    unless = either(*ways)
    if unless == FALSE:
        unless = either(pair.exactly(subscripts), _by_rows(pair))
    return Meeting(unless, distance)


def _by_rows(pair: Pair) -> Condition:
    """`a[i*m + j]` is `a[i, j]` of an array with rows of m elements, as long as 0 <= j < m."""
    found: Condition = FALSE
    for axis, (f, g) in enumerate(zip(pair.first.index, pair.second.index, strict=True)):
        for width in _widths(pair, f) or _widths(pair, g):
            if not (f.linear_in(width) and g.linear_in(width)):
                continue
            fits = both(*(_in_row(pair, poly.without(width), width) for poly in (f, g)))
            if fits == FALSE:
                continue
            first, second = _split(pair.first, axis, width), _split(pair.second, axis, width)
            way = both(fits, carried(pair.found, pair.loop, first, second).unless)
            if way == TRUE:
                return TRUE
            found = either(found, way)
    return found


def _split(access: Access, axis: int, width: Expr) -> Access:
    """The access with an axis seen as rows of a width."""
    poly = access.index[axis]
    rows = poly.coefficient(width), poly.without(width)
    return access.at((*access.index[:axis], *rows, *access.index[axis + 1 :]))


def _widths(pair: Pair, poly: Poly) -> list[Expr]:
    """Invariants that are multiplied by what varies."""
    ranges, loop = pair.found.ranges, pair.loop.index
    found = {
        atom
        for monomial in poly.terms
        for atom in monomial
        if not ranges.varies(atom, loop) and any(ranges.varies(a, loop) for a in monomial)
    }
    return sorted(found, key=order_key)


def _in_row(pair: Pair, rest: Poly, width: Expr) -> Condition:
    """`0 <= rest < width`, in terms of what does not vary."""
    ranges, loop = pair.found.ranges, pair.loop
    facts = pair.first.context.facts + pair.second.context.facts
    needed: list[Condition] = []
    for poly in (rest, Poly.atom(width) - rest - 1):
        if ranges.prove(poly, facts):
            continue
        lows = ranges.extremes(poly, False, facts, lambda atom: not ranges.varies(atom, loop.index))
        needed.append(either(*(Test(">=", low) for low in lows)))
    return both(*needed)


def twins_of(found: Survey, loop: Loop) -> Twins:
    """The book of twins of a loop, kept with the survey."""
    known = found.twins.get(loop.index)
    if not isinstance(known, Twins):
        known = found.twins[loop.index] = Twins(found, loop.index)
    return known


def unwrapped(found: Survey, loop: Loop, access: Access) -> tuple[Access, Condition]:
    """The access with every subscript counted from the front, and when that is right. Checked
    subscripts may be negative: they count from the end."""
    if not access.checked:
        return access, TRUE
    ranges, facts = found.ranges, access.context.facts
    condition: Condition = TRUE
    index = list(access.index)
    for axis, poly in enumerate(access.index):
        if ranges.prove(poly, facts):
            continue
        if ranges.prove(-poly - 1, facts):
            index[axis] = poly + found.extent(access.array, axis, access.context)
            continue
        groups = ranges.corners(poly, facts, lambda atom: not ranges.varies(atom, loop.index))
        known = loop.inner.facts
        hopeful = [
            both(*(Test(">=", low) for low in group))
            for group in groups
            if not any(ranges.prove(-low - 1, known) for low in group)
        ]
        condition = both(condition, either(*hopeful))
    return access.at(tuple(index)), condition
