"""The book of variables and numbers that a walk through a program writes: where each variable
varies, its order among the others, its bounds, and what is known of it in numbers.

    >>> book = Book()
    >>> i = Poly.atom(book.fresh("i", ("i",), interval=Interval(0, 9)))
    >>> book.numeric(i * 2 + 1), book.safe(i * 2**61)
    (Interval(low=1, high=19), False)
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

from conure.analysis.affine import Monomial, Poly, leaves, order_key
from conure.analysis.interval import (
    EVERYTHING,
    Interval,
    Number,
    multiply,
    of_type,
    times,
    transfer,
    wrapped,
)
from conure.ir.nodes import Apply, Const, Dim, Expr, Var
from conure.ir.types import INT, Scalar

Facts = tuple[Poly, ...]
DIM_LIMIT = 2**63 - 1


@dataclass
class Findings:
    """Answers under the same facts, by question and depth."""

    proofs: dict[tuple[Poly, int], bool] = field(default_factory=dict)
    ends: dict[tuple[Poly, int, bool], list[Poly]] = field(default_factory=dict)
    bounds: dict[tuple[Expr, bool], list[Poly]] = field(default_factory=dict)
    intervals: dict[Poly, Interval] = field(default_factory=dict)


@dataclass
class Book:
    """Variables and numbers. `homes[x]`: the loops in which x varies, outermost first."""

    homes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    intervals: dict[Expr, Interval] = field(default_factory=dict)
    _ranks: dict[str, int] = field(default_factory=dict)
    _scalars: dict[str, Scalar] = field(default_factory=dict)
    _lows: dict[str, tuple[Poly, ...]] = field(default_factory=dict)
    _highs: dict[str, tuple[Poly, ...]] = field(default_factory=dict)
    _count: int = 0
    # What was found so far, of the names in `_met`: it holds until more is learnt about one.
    _met: set[str] = field(default_factory=set)
    _rank: dict[Expr, int] = field(default_factory=dict)
    _entry: dict[Expr, bool] = field(default_factory=dict)
    _spans: dict[Expr, Interval] = field(default_factory=dict)
    _found: dict[Facts, Findings] = field(default_factory=lambda: defaultdict(Findings))

    def forget(self) -> None:
        """What was found may be better, or otherwise, now."""
        for found in (self._met, self._rank, self._entry, self._spans, self._found):
            found.clear()

    def under(self, facts: Facts) -> Findings:
        """What was found under some facts."""
        return self._found[facts]

    def narrow(self, atom: Var | Dim, interval: Interval) -> None:
        """An atom of before lies within these numbers, too."""
        self.intervals[atom] = self.of_atom(atom).meet(interval)
        self.forget()

    def fresh(
        self,
        name: str,
        home: tuple[str, ...],
        scalar: Scalar = INT,
        lows: Facts = (),
        highs: Facts = (),
        interval: Interval | None = None,
    ) -> Var:
        """A new variable called `name` that varies in the loops of `home`."""
        if name in self._met:
            self.forget()
        self._count += 1
        self.homes[name] = home
        self._ranks[name] = self._count
        self._scalars[name] = scalar
        self._lows[name] = lows
        self._highs[name] = highs
        atom = Var(name, scalar)
        if interval is not None:
            self.intervals[atom] = interval
        return atom

    def version(
        self,
        name: str,
        home: tuple[str, ...],
        scalar: Scalar,
        lows: Facts = (),
        highs: Facts = (),
        interval: Interval | None = None,
    ) -> Var:
        """A new version `name@7` of a variable."""
        new = f"{name}@{self._count + 1}"
        return self.fresh(new, home, scalar, lows, highs, interval)

    def known(self, name: str) -> tuple[Facts, Facts, Interval | None]:
        """The bounds and the interval that a variable was given."""
        interval = self.intervals.get(Var(name, self._scalars[name]))
        return self._lows[name], self._highs[name], interval

    def kind(self, name: str) -> Scalar:
        """The type of a variable."""
        return self._scalars[name]

    def rank(self, atom: Expr) -> int:
        """0 for what is known at entry; else later atoms rank higher."""
        known = self._rank.get(atom)
        if known is None:
            names = leaves(atom)
            known = max((self._ranks.get(name, 0) for name in names), default=0)
            self._rank[atom] = known
            self._met |= names
        return known

    def order(self, atom: Expr) -> tuple[int, int, str]:
        """Later atoms after earlier ones, of which their bounds are made."""
        key = order_key(atom)
        return self.rank(atom), 0 if isinstance(atom, Var) else len(key), key

    def from_facts(self, atom: Expr, upper: bool, facts: Facts) -> list[Poly]:
        """`q - atom >= 0` bounds an atom from above, if no later atom is in q."""
        known = self.under(facts).bounds
        if (atom, upper) not in known:
            known[atom, upper] = self._given(atom, upper, facts)
        return known[atom, upper]

    def _given(self, atom: Expr, upper: bool, facts: Facts) -> list[Poly]:
        found = []
        for fact in facts:
            if atom in fact.atoms and fact.linear_in(atom):
                factor = fact.coefficient(atom).constant
                rest = fact.without(atom)
                if factor != (-1 if upper else 1):
                    continue
                if all(self.order(other) < self.order(atom) for other in rest.atoms):
                    found.append(rest if upper else -rest)
        return found

    def at_entry(self, atom: Expr) -> bool:
        """Whether an atom can be computed at the region's entry, without fail."""
        known = self._entry.get(atom)
        if known is None:
            known = self._entry[atom] = self._at_entry(atom)
        return known

    def _at_entry(self, atom: Expr) -> bool:
        self._met |= leaves(atom)
        match atom:
            case Const() | Var() | Dim():
                return not self.rank(atom)
            case Apply(op="floordiv" | "mod", args=(x, Const(value=int(divisor)))):
                return divisor != 0 and self.at_entry(x)
            case Apply(op="cast", args=(x,)):
                return not x.type.is_inexact and self.at_entry(x)
            case Apply(op="add" | "sub" | "mul" | "minimum" | "maximum"):
                return all(self.at_entry(arg) for arg in atom.args)
            case _:
                return False

    def varies(self, atom: Expr, loop: str) -> bool:
        """Whether an atom may differ between two iterations of a loop."""
        return any(loop in self.homes.get(name, ()) for name in leaves(atom))

    # ---- numbers ---------------------------------------------------------------------------

    def of_atom(self, atom: Expr) -> Interval:
        """The numeric interval of an atom."""
        if (known := self.intervals.get(atom)) is not None:
            return known
        if (known := self._spans.get(atom)) is None:
            self._met |= leaves(atom)
            known = self._spans[atom] = self._of_atom(atom)
        return known

    def _of_atom(self, atom: Expr) -> Interval:
        match atom:
            case Const():
                value = atom.value
                if isinstance(value, complex) or value != value:
                    return EVERYTHING
                return Interval(value, value)
            case Dim():
                return Interval(0, DIM_LIMIT)
            case Apply(op="cast", args=(x,)) if x.type.is_inexact:
                return of_type(atom.type)  # of a NaN, anything
            case Apply():
                args = tuple(self.of_atom(arg) for arg in atom.args)
                same = len(atom.args) == 2 and atom.args[0] == atom.args[1]
                return wrapped(transfer(atom.op, atom.type, args, same), atom.type)
            case _:
                return of_type(atom.type)

    def numeric(self, poly: Poly) -> Interval:
        """The sum of its monomials' intervals."""
        low: Number = 0
        high: Number = 0
        for monomial, factor in poly.terms.items():
            if not monomial:
                low, high = low + factor, high + factor
                continue
            if len(monomial) == 1:  # most of them: no time for intervals in between
                span = self.of_atom(monomial[0])
                ends = times(factor, span.low), times(factor, span.high)
                low, high = low + min(ends), high + max(ends)
                continue
            span = self.product(monomial, factor)
            low, high = low + span.low, high + span.high
        return Interval(low, high)

    def product(self, monomial: Monomial, factor: int) -> Interval:
        """The interval of a product of atoms."""
        product = Interval(factor, factor)
        for atom in monomial:
            product = multiply(product, self.of_atom(atom))
        if len(monomial) == 2 and monomial[0] == monomial[1] and factor > 0:
            product = product.meet(Interval(0, math.inf))
        return product

    def safe(self, poly: Poly) -> bool:
        """Whether machine arithmetic finds its value, in whatever order."""
        total: Number = 0
        for monomial, factor in poly.terms.items():
            size: Number = abs(factor)
            for atom in monomial:
                span = self.of_atom(atom)
                size = times(size, max(abs(span.low), abs(span.high)))
            total += size
        return total < 2**63
