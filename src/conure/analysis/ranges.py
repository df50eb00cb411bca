"""What is known of the numbers in a program: bounds of atoms, and proofs that follow from them.

`Ranges` is a book that `survey` writes while it goes through a program: for each variable that it
makes up, where it varies, which polynomials bound it, and a numeric interval. A *fact* is a
polynomial known to be at least 0. To bound a polynomial, its atoms are replaced by their bounds,
latest ones first (bounds of an atom read only earlier atoms, so this ends).

    >>> book = Ranges()
    >>> n = Poly.atom(Var("n", INT))
    >>> i = Poly.atom(book.fresh("i", ("i",), lows=(ZERO,), highs=(n - 1,)))
    >>> book.prove(n - i - 1), book.prove(n - i - 2)
    (True, False)
    >>> book.extremes(i * 2 + 1, upper=True)
    [2*n - 1]
    >>> book.prove(n - 2, facts=(n - 5,))
    True
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from conure.analysis.affine import ZERO, Poly, divided, expression, order_key
from conure.analysis.book import Book, Facts
from conure.analysis.interval import Interval
from conure.ir.nodes import Apply, Const, Expr, Var
from conure.ir.types import INT

_CANDIDATES = 6  # bounds kept at each step of an elimination
_DEPTH = 12  # atoms replaced in one elimination, and facts deep in a proof of a sign
_STEPS = (
    1000  # for one question, beyond which nothing more is found; a median in a window takes 250
)


@dataclass
class Ranges(Book):
    """What follows from the numbers: intervals, bounds, proofs."""

    _steps: int = 0  # taken since somebody outside asked

    def interval(self, poly: Poly, facts: Facts = ()) -> Interval:
        """Numeric bounds, also by way of symbolic ones."""
        known = self.under(facts).intervals
        if poly not in known:
            known[poly] = self._interval(poly, facts)
        return known[poly]

    def _interval(self, poly: Poly, facts: Facts) -> Interval:
        result = self.numeric(poly)
        for upper in (False, True):
            for candidate in self.extremes(poly, upper, facts):
                bound = self.numeric(candidate)
                side = Interval(-math.inf, bound.high) if upper else Interval(bound.low, math.inf)
                result = result.meet(side)
        for fact in facts:
            if fact.atoms & poly.atoms:
                low, high = self.numeric(poly - fact).low, self.numeric(poly + fact).high
                result = result.meet(Interval(low, high))
        return result

    # ---- symbolic bounds -------------------------------------------------------------------

    def extremes(
        self,
        poly: Poly,
        upper: bool,
        facts: Facts = (),
        keep: Callable[[Expr], bool] | None = None,
        depth: int = _DEPTH,
    ) -> list[Poly]:
        """Polynomials of the atoms to `keep` (default: those known at entry) that bound `poly`
        from above or below; each of them does. Empty: none was found."""
        if keep is not None:
            return self._extremes(poly, upper, facts, keep, depth)
        known = self.under(facts).ends
        question = poly, depth, upper
        if question not in known:
            known[question] = self._extremes(poly, upper, facts, None, depth)
        return known[question]

    def _extremes(
        self,
        poly: Poly,
        upper: bool,
        facts: Facts,
        keep: Callable[[Expr], bool] | None,
        depth: int,
    ) -> list[Poly]:
        kept = keep or self.at_entry
        loose = [atom for atom in poly.atoms if not kept(atom)]
        if not loose:
            return [poly]
        atom = max(loose, key=self.order)
        self._steps = 1 if depth == _DEPTH else self._steps + 1
        if depth == 0 or self._steps > _STEPS or not poly.linear_in(atom):
            return []
        sign = self.sign(poly.coefficient(atom), facts, depth - 1)
        if sign is None:
            return []
        found: list[Poly] = []
        for bound in self.bounds(atom, (sign > 0) == upper, facts, keep, depth - 1):
            rest = poly.substitute(atom, bound)
            for candidate in self.extremes(rest, upper, facts, keep, depth - 1):
                if candidate not in found:
                    found.append(candidate)
        return _tightest(found, upper)[:_CANDIDATES]

    def corners(
        self, poly: Poly, facts: Facts = (), keep: Callable[[Expr], bool] | None = None
    ) -> list[tuple[Poly, ...]]:
        """Groups of polynomials of the atoms to `keep`: where all of one group are at least 0, so
        is `poly`. Between two ends of an atom with a coefficient of unknown sign, it is at least
        what it is at one of them."""
        single = self.extremes(poly, False, facts, keep)
        loose = [atom for atom in poly.atoms if not (keep or self.at_entry)(atom)]
        if single or not loose:
            return [(each,) for each in single]
        atom = max(loose, key=self.order)
        if not poly.linear_in(atom):
            return []
        ends = [self.bounds(atom, up, facts, keep, _DEPTH) for up in (False, True)]
        found: list[tuple[Poly, ...]] = []
        for low, high in zip(*ends, strict=False):
            ways = [self.corners(poly.substitute(atom, end), facts, keep) for end in (low, high)]
            found += [one + two for one in ways[0][:2] for two in ways[1][:2]]
        return found[:_CANDIDATES]

    def sign(self, poly: Poly, facts: Facts = (), depth: int = _DEPTH) -> int | None:
        """1 where it is at least 0, -1 where at most 0, None where unknown."""
        if poly.constant is not None:
            return 1 if poly.constant >= 0 else -1
        interval = self.numeric(poly)
        if interval.low >= 0 or interval.high <= 0:
            return 1 if interval.low >= 0 else -1
        if depth == _DEPTH:
            self._steps = 0
        if depth > 0 and self.prove(poly, facts, depth - 1):
            return 1
        if depth > 0 and self.prove(-poly, facts, depth - 1):
            return -1
        return None

    def bounds(
        self,
        atom: Expr,
        upper: bool,
        facts: Facts,
        keep: Callable[[Expr], bool] | None,
        depth: int,
    ) -> list[Poly]:
        """Bounds of one atom in terms of earlier ones."""
        found: list[Poly] = list(self.from_facts(atom, upper, facts))
        if isinstance(atom, Var):
            found += (self._highs if upper else self._lows).get(atom.name, ())
        elif isinstance(atom, Apply) and depth > 0:
            found += self._of_apply(atom, upper, facts, keep, depth)
        if not found:
            number = self.of_atom(atom)
            end = number.high if upper else number.low
            if math.isfinite(end) and abs(end) < 2**62:
                found.append(Poly.of(int(end)))
        return found

    def _of_apply(
        self,
        atom: Apply,
        upper: bool,
        facts: Facts,
        keep: Callable[[Expr], bool] | None,
        depth: int,
    ) -> list[Poly]:
        args = [as_poly(arg) for arg in atom.args] if atom.type is INT else []
        match atom.op, args:
            case "mod", [_, modulus] if self.prove(modulus - 1, facts, depth - 1):
                return [modulus - 1] if upper else [ZERO]
            case "minimum", [a, b] if upper:
                return [a, b]
            case "maximum", [a, b] if not upper:
                return [a, b]
            case ("minimum" | "maximum") as op, [a, b]:
                sides = [self.extremes(arg, upper, facts, keep, depth - 1) for arg in (a, b)]
                both = [Poly.atom(opaque(op, x, y)) for x in sides[0][:1] for y in sides[1][:1]]
                return self._either(a, b, upper, facts, depth) or both
            case "floordiv", [a, b] if (divisor := b.constant) is not None and divisor > 0:
                ends = self.extremes(a, upper, facts, keep, depth - 1)
                found = [quotient(end, divisor) for end in ends]
                if self.prove(a, facts, depth - 1):
                    found.append(a if upper else ZERO)
                return found
        return []

    def _either(self, a: Poly, b: Poly, upper: bool, facts: Facts, depth: int) -> list[Poly]:
        """A bound of both, where one of them is never the smaller."""
        if self.prove(a - b, facts, depth - 1):
            return [a if upper else b]
        if self.prove(b - a, facts, depth - 1):
            return [b if upper else a]
        return []

    # ---- proofs ----------------------------------------------------------------------------

    def prove(self, poly: Poly, facts: Facts = (), depth: int = _DEPTH) -> bool:
        """Whether it is certainly at least 0."""
        if poly.constant is not None:
            return poly.constant >= 0
        if self.numeric(poly).low >= 0:
            return True
        if depth <= 0:
            return False
        known = self.under(facts).proofs
        if (poly, depth) not in known:
            known[poly, depth] = self._proven(poly, facts, depth)
        return known[poly, depth]

    def _proven(self, poly: Poly, facts: Facts, depth: int) -> bool:
        if depth == _DEPTH:
            self._steps = 0
        for candidate in self.extremes(poly, False, facts, depth=depth - 1):
            if self.numeric(candidate).low >= 0:
                return True
            for fact in facts:
                if fact.atoms & candidate.atoms and self.numeric(candidate - fact).low >= 0:
                    return True
            if any(self.prove(weaker, facts, depth - 2) for weaker in weaker_of(candidate)):
                return True
        return False


def weaker_of(poly: Poly) -> Iterator[Poly]:
    """Polynomials that are not greater: with one of two values in place of the greater one."""
    for atom, factor in _choices(poly):
        if (factor > 0) == (atom.op == "maximum"):
            yield from (poly.substitute(atom, as_poly(arg)) for arg in atom.args)


def stronger_of(poly: Poly) -> tuple[Poly, ...]:
    """Polynomials that are not smaller: with one of two values in place of the smaller one, ..."""
    for atom, factor in _choices(poly):
        if (factor > 0) == (atom.op == "minimum"):
            found = tuple(poly.substitute(atom, as_poly(arg)) for arg in atom.args)
            return (*found, *(more for each in found for more in stronger_of(each)))
    return ()


def _choices(poly: Poly) -> Iterator[tuple[Apply, int]]:
    """The choices between two numbers in a polynomial, and by what they are multiplied."""
    for atom in sorted(poly.atoms, key=order_key):
        if isinstance(atom, Apply) and atom.op in ("minimum", "maximum") and atom.type is INT:
            factor = poly.coefficient(atom).constant if poly.linear_in(atom) else None
            if factor is not None:
                yield atom, factor


def _tightest(candidates: list[Poly], upper: bool) -> list[Poly]:
    """Without those that differ from a better one by a number."""
    kept: list[Poly] = []
    for candidate in candidates:
        for at, other in enumerate(kept):
            gap = (candidate - other).constant
            if gap is not None:
                if (gap < 0) == upper:
                    kept[at] = candidate
                break
        else:
            kept.append(candidate)
    return kept


def as_poly(expr: Expr) -> Poly:
    """An expression made of versions back as a polynomial."""
    match expr:
        case Const(value=int(value)):
            return Poly.of(value)
        case Apply(op="add", args=(a, b)):
            return as_poly(a) + as_poly(b)
        case Apply(op="sub", args=(a, b)):
            return as_poly(a) - as_poly(b)
        case Apply(op="mul", args=(a, b)):
            return as_poly(a) * as_poly(b)
        case _:
            return Poly.atom(expr)


def quotient(poly: Poly, divisor: int) -> Poly:
    """`poly // divisor`, exactly or as an atom of its own."""
    if poly.constant is not None:
        return Poly.of(poly.constant // divisor)
    if (exact := divided(poly, divisor)) is not None:
        return exact
    return Poly.atom(opaque("floordiv", poly, Poly.of(divisor)))


def opaque(op: str, *args: Poly) -> Apply:
    """An operator that is not taken apart, as an atom."""
    return Apply(op, tuple(expression(arg) for arg in args), INT, False)
