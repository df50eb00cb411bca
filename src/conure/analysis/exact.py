"""The exact test: are two accesses ever in one cell, as a question to isl?

The only file that knows isl, which takes a seventh of a second to import: it is loaded when the
cheap tests of `dependence` leave a question open. The question is a set of integer points: the
atoms that vary (in both iterations) are its dimensions, products of the others its parameters.
Where it is not empty, the parameters for which it is are the guard.

    >>> i, j, n = (Poly.atom(Var(name, INT)) for name in "ijn")
    >>> apart(System(Ranges(), {"i", "j"}), (i, n - i - 1, j, n - j - 1, j - i - 1), (i - j - 1,))
    True
    >>> apart(System(Ranges(), {"i", "j"}), (i, n - i - 1, j, n - j - 1), (i * 2 - j * 2 - 1,))
    True
    >>> apart(System(Ranges(), {"i"}), (i, n - i - 1), (i - 10,))
    n <= 10
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from conure.analysis.affine import Monomial, Poly, order_key
from conure.analysis.book import Facts
from conure.analysis.guards import FALSE, TRUE, Condition, Test, both, either
from conure.analysis.ranges import Ranges, as_poly
from conure.ir.nodes import Apply, Const, Expr, Var
from conure.ir.types import INT

_OPERATIONS = 200_000  # of isl, for one question; about 50 ms
_ALTERNATIVES = 3  # of a guard
_LARGEST = 2**31


@lru_cache(maxsize=1)
def _isl() -> Any:
    import islpy

    return islpy


@dataclass
class System:
    """Affine constraints in isl's notation. `varying`: the variables that are dimensions."""

    ranges: Ranges
    varying: Iterable[str]
    symbols: dict[Monomial, str] = field(default_factory=dict)
    dimensions: dict[Expr, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    context: list[str] = field(default_factory=list)
    met: set[Expr] = field(default_factory=set)

    def moves(self, atom: Expr) -> bool:
        return not Poly.atom(atom).names.isdisjoint(self.varying)

    def term(self, poly: Poly) -> str | None:
        """The polynomial in isl's notation, None where it is not affine."""
        parts = []
        for monomial, factor in poly.terms.items():
            moving = [atom for atom in monomial if self.moves(atom)]
            if not monomial:
                parts.append(str(factor))
            elif not moving:
                name = self.symbols.setdefault(monomial, f"p{len(self.symbols)}")
                parts.append(f"{factor}*{name}")
            elif len(monomial) == 1:
                name = self.dimensions.setdefault(monomial[0], f"v{len(self.dimensions)}")
                parts.append(f"{factor}*{name}")
            else:
                return None
        return " + ".join(parts) or "0"

    def require(self, poly: Poly, relation: str = ">=") -> bool:
        """Add `poly >= 0` or `poly = 0`; whether it is affine."""
        text = self.term(poly)
        if text is None:
            return False
        line = f"{text} {relation} 0"
        if not any(self.moves(atom) for atom in poly.atoms):
            self.context.append(line)
        self.lines.append(line)
        return True

    def close(self) -> None:
        """Add what is known of every atom met."""
        while True:
            atoms = set(self.dimensions) | {a for m in self.symbols for a in m}
            new = sorted(atoms - self.met, key=order_key)
            if not new:
                return
            self.met |= set(new)
            for atom in new:
                self.describe(atom)

    def describe(self, atom: Expr) -> None:
        value = Poly.atom(atom)
        interval = self.ranges.of_atom(atom)
        if abs(interval.low) <= _LARGEST:
            self.require(value - int(interval.low))
        if abs(interval.high) <= _LARGEST:
            self.require(Poly.of(int(interval.high)) - value)
        if isinstance(atom, Var) and atom.name in self.ranges.homes:
            lows, highs, _ = self.ranges.known(atom.name)
            for low in lows:
                self.require(value - low)
            for high in highs:
                self.require(high - value)
        if isinstance(atom, Apply) and len(atom.args) == 2:
            self.operator(atom, value)

    def operator(self, atom: Apply, value: Poly) -> None:
        x, y = (as_poly(arg) for arg in atom.args)
        divisor = y.constant or 0
        match atom.op:
            case "floordiv" if divisor > 0:
                self.require(x - value * divisor)
                self.require(value * divisor + divisor - 1 - x)
            case "mod" if divisor > 0:
                whole = Apply("floordiv", (atom.args[0], Const(divisor, INT)), INT, False)
                self.require(x - Poly.atom(whole) * divisor - value, "=")
            case "mod" if self.ranges.prove(y - 1):
                self.require(value)
                self.require(y - value - 1)
            case "minimum":
                self.require(x - value)
                self.require(y - value)
            case "maximum":
                self.require(value - x)
                self.require(value - y)
            case _:
                pass

    def text(self) -> str:
        names = ", ".join(self.symbols.values())
        dimensions = ", ".join(self.dimensions.values())
        return f"[{names}] -> {{ [{dimensions}] : {' and '.join(self.lines) or 'true'} }}"

    def known(self) -> str:
        names = ", ".join(self.symbols.values())
        return f"[{names}] -> {{ : {' and '.join(self.context) or 'true'} }}"


def apart(system: System, facts: Facts, equal: Iterable[Poly]) -> Condition | bool:
    """When no integer point satisfies the facts (each at least 0) and makes all `equal` zero:
    True for always, a condition, or False. What is not affine is left out."""
    for poly in equal:
        system.require(poly, "=")
    system.close()
    for fact in facts:
        if any(system.moves(atom) for atom in fact.atoms):
            system.require(fact)
    system.close()
    for fact in facts:
        if fact.atoms <= system.met:
            system.require(fact)
    answer = ask(system.text(), system.known())
    if answer is None:
        return False
    if not answer:
        return True
    names = {name: monomial for monomial, name in system.symbols.items()}
    ways = [both(*(_test(each, names) for each in alternative)) for alternative in answer]
    guard = either(*ways)
    return guard if guard not in (TRUE, FALSE) else guard == TRUE


Row = tuple[bool, tuple[tuple[str, int], ...]]


@lru_cache(maxsize=4096)
def ask(points: str, known: str) -> tuple[tuple[Row, ...], ...] | None:
    """The alternatives under which a set is empty, each a conjunction of affine constraints on its
    parameters; () where it is always empty, None where isl finds nothing of use."""
    isl = _isl()
    context = isl.Context()
    context.set_max_operations(_OPERATIONS)
    try:
        found = isl.Set.read_from_str(context, points)
        if found.is_empty():
            return ()
        if not found.dim(isl.dim_type.param):
            return None
        holds = isl.Set.read_from_str(context, known)
        guard = found.params().remove_divs().complement().intersect(holds)
        guard = guard.coalesce().gist(holds)
        alternatives = [_rows(isl, basic) for basic in guard.get_basic_sets()]
    except isl.Error:
        return None
    kept = tuple(rows for rows in alternatives if rows is not None and len(rows) <= 4)
    return kept[:_ALTERNATIVES] or None


def _rows(isl: Any, basic: Any) -> tuple[Row, ...] | None:
    if basic.dim(isl.dim_type.div):
        return None
    rows: list[Row] = []
    for constraint in basic.get_constraints():
        factors = [
            (str(name), value.get_num_si())
            for name, value in constraint.get_coefficients_by_name().items()
        ]
        rows.append((bool(constraint.is_equality()), tuple(sorted(factors))))
    return tuple(rows)


def _test(row: Row, names: dict[str, Monomial]) -> Test:
    equality, factors = row
    poly = Poly({names.get(name, ()): factor for name, factor in factors if factor})
    return Test("==" if equality else ">=", poly)
