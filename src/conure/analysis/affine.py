"""Integer expressions as polynomials over what is not known yet: indices, parameters, extents.

An *atom* is an expression that is not taken apart: a variable (a version of it, see `survey`),
`dim(a, 0)`, `n // 2`, a load. A subscript is affine where no monomial has two atoms that vary;
a product of an invariant and an index keeps the invariant as a *symbolic coefficient*.

    >>> i, n = Poly.atom(Var("i", INT)), Poly.atom(Var("n", INT))
    >>> p = (i + 1) * n - i * 2
    >>> p
    -2*i + i*n + n
    >>> p.coefficient(Var("i", INT)), p.without(Var("i", INT))
    (n - 2, n)
    >>> p.substitute(Var("i", INT), n) == n * n - n
    True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from math import gcd
from typing import Generic, TypeVar

from conure.ir.nodes import Apply, Const, Dim, Expr, Load, Var
from conure.ir.ops import integer
from conure.ir.types import INT
from conure.ir.walk import operands, with_operands

Monomial = tuple[Expr, ...]
T = TypeVar("T")


@lru_cache(maxsize=65536)
def order_key(atom: Expr) -> str:
    """A total order of atoms, the same in every run."""
    if isinstance(atom, Var):
        return atom.name
    if isinstance(atom, Dim):
        return f"{atom.array}.shape[{atom.axis}]"
    return repr(atom)


@lru_cache(maxsize=65536)
def leaves(atom: Expr) -> frozenset[str]:
    """The scalar variables an atom reads."""
    if isinstance(atom, Var):
        return frozenset((atom.name,))
    return frozenset().union(*(leaves(part) for part in operands(atom)))


class _Once(Generic[T]):
    """An attribute that is computed when it is first asked for (`functools.cached_property` takes
    a lock to do so; there are a hundred thousand polynomials in a large nest's proofs)."""

    def __init__(self, compute: Callable[[Poly], T]) -> None:
        self.compute = compute
        self.name = compute.__name__
        self.__doc__ = compute.__doc__

    def __get__(self, poly: Poly, owner: type[Poly]) -> T:
        value = poly.__dict__[self.name] = self.compute(poly)
        return value


class Poly:
    """A polynomial with integer coefficients; the monomial `()` is the constant's. Zero
    coefficients are never stored, so equal polynomials have equal terms. Never changed."""

    def __init__(self, terms: Mapping[Monomial, int]) -> None:
        self.terms = terms

    @staticmethod
    def of(value: int) -> Poly:
        """A constant."""
        return Poly({(): value} if value else {})

    @staticmethod
    def atom(atom: Expr) -> Poly:
        """One atom, once."""
        return Poly({(atom,): 1})

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Poly) and self._hashed == other._hashed and self.terms == other.terms
        )

    def __hash__(self) -> int:
        return self._hashed

    @_Once
    def _hashed(self) -> int:
        return hash(frozenset(self.terms.items()))

    def __repr__(self) -> str:
        return self.text(_plain) or "0"

    def text(self, name: Callable[[Expr], str]) -> str:
        """As a person writes it, with a name for each atom."""
        parts: list[str] = []
        for monomial in sorted(self.terms, key=lambda m: (not m, _keys(m))):
            factor = self.terms[monomial]
            body = "*".join(name(atom) for atom in monomial)
            sign = ("-" if factor < 0 else "") if not parts else (" - " if factor < 0 else " + ")
            size = str(abs(factor))
            parts.append(sign + (size if not body else body if size == "1" else f"{size}*{body}"))
        return "".join(parts)

    def __add__(self, other: Poly | int) -> Poly:
        terms = dict(self.terms)
        for monomial, factor in _poly(other).terms.items():
            total = terms.get(monomial, 0) + factor
            if total:
                terms[monomial] = total
            else:
                del terms[monomial]
        return Poly(terms)

    def __neg__(self) -> Poly:
        return Poly({monomial: -factor for monomial, factor in self.terms.items()})

    def __sub__(self, other: Poly | int) -> Poly:
        return self + (-_poly(other))

    def __mul__(self, other: Poly | int) -> Poly:
        terms: dict[Monomial, int] = {}
        for left, a in self.terms.items():
            for right, b in _poly(other).terms.items():
                both = tuple(sorted(left + right, key=order_key))
                terms[both] = terms.get(both, 0) + a * b
        return Poly({monomial: factor for monomial, factor in terms.items() if factor})

    @_Once
    def constant(self) -> int | None:
        """Its value, where it is a number."""
        if not self.terms:
            return 0
        return self.terms.get(()) if len(self.terms) == 1 else None

    @property
    def free(self) -> int:
        """The constant term."""
        return self.terms.get((), 0)

    @_Once
    def atoms(self) -> frozenset[Expr]:
        """Every atom that takes part."""
        return frozenset(atom for monomial in self.terms for atom in monomial)

    @_Once
    def names(self) -> frozenset[str]:
        """The scalar variables read, also inside atoms."""
        return frozenset().union(*(leaves(atom) for atom in self.atoms))

    @property
    def degree(self) -> int:
        return max((len(monomial) for monomial in self.terms), default=0)

    def linear_in(self, atom: Expr) -> bool:
        """No power of the atom above the first, and it is not hidden inside another atom."""
        if any(monomial.count(atom) > 1 for monomial in self.terms):
            return False
        hidden = leaves(atom) if isinstance(atom, Var) else frozenset()
        return not any(hidden & leaves(other) for other in self.atoms if other != atom)

    def coefficient(self, atom: Expr) -> Poly:
        """What multiplies the atom, which occurs linearly."""
        terms = {}
        for monomial, factor in self.terms.items():
            if atom in monomial:
                at = monomial.index(atom)
                terms[monomial[:at] + monomial[at + 1 :]] = factor
        return Poly(terms)

    def without(self, atom: Expr) -> Poly:
        """The terms that do not hold the atom."""
        return Poly({m: factor for m, factor in self.terms.items() if atom not in m})

    def substitute(self, atom: Expr, value: Poly) -> Poly:
        """With a polynomial in place of an atom."""
        if atom not in self.atoms:
            return self
        terms: dict[Monomial, int] = {}
        for monomial, factor in self.terms.items():
            product: Mapping[Monomial, int] = {monomial: factor}
            if atom in monomial:
                rest = tuple(other for other in monomial if other != atom)
                times = monomial.count(atom)
                if rest or times > 1:
                    replaced = Poly({rest: factor})
                    for _ in range(times):
                        replaced = replaced * value
                    product = replaced.terms
                else:  # most of them
                    product = {each: factor * count for each, count in value.terms.items()}
            for each, count in product.items():
                terms[each] = terms.get(each, 0) + count
        return Poly({each: count for each, count in terms.items() if count})


ZERO = Poly({})
ONE = Poly.of(1)


def _poly(value: Poly | int) -> Poly:
    return value if isinstance(value, Poly) else Poly.of(value)


def _plain(atom: Expr) -> str:
    if isinstance(atom, Var | Dim):
        return order_key(atom)
    if isinstance(atom, Load):
        return f"{atom.array}[{', '.join(_plain(part) for part in atom.index)}]"
    if isinstance(atom, Const):
        return str(atom.value)
    return f"{atom.op}({', '.join(_plain(part) for part in atom.args)})"


def rename(atom: Expr, names: Mapping[str, str]) -> Expr:
    """An atom with other variables in it."""
    if not leaves(atom) & names.keys():
        return atom
    if isinstance(atom, Var):
        return Var(names[atom.name], atom.type)
    return with_operands(atom, tuple(rename(part, names) for part in operands(atom)))


def rename_all(poly: Poly, names: Mapping[str, str]) -> Poly:
    """A polynomial with other variables in it."""
    if not poly.names & names.keys():
        return poly
    return map_atoms(poly, lambda atom: rename(atom, names))


def expression(poly: Poly, checked: bool = False) -> Expr:
    """The polynomial as an expression of type `int`, positive terms first."""
    ordered = sorted(poly.terms.items(), key=lambda t: (t[1] < 0, not t[0], _keys(t[0])))
    result: Expr | None = None
    for monomial, factor in ordered:
        size = factor if result is None else abs(factor)
        term = _term(monomial, size, checked)
        if result is None:
            result = term
        else:
            result = Apply("sub" if factor < 0 else "add", (result, term), INT, checked)
    return integer(0) if result is None else result


def _keys(monomial: Monomial) -> list[str]:
    return [order_key(atom) for atom in monomial]


def _term(monomial: Monomial, factor: int, checked: bool) -> Expr:
    product: Expr | None = None if factor != 1 or not monomial else monomial[0]
    rest: Iterator[Expr] = iter(monomial)
    if product is not None:
        next(rest)
    else:
        product = integer(factor)
    for atom in rest:
        product = Apply("mul", (product, atom), INT, checked)
    return product


def content(poly: Poly) -> int:
    """The greatest common divisor of all coefficients but the constant's."""
    return gcd(*(factor for monomial, factor in poly.terms.items() if monomial))


def tightened(poly: Poly) -> Poly:
    """For `poly >= 0`: the same condition on integers with coefficients that share no divisor."""
    unit = content(poly)
    if unit <= 1:
        return poly
    return Poly({m: f // unit for m, f in poly.terms.items() if f // unit})


def divided(poly: Poly, divisor: int) -> Poly | None:
    """The exact quotient by a number."""
    if any(factor % divisor for factor in poly.terms.values()):
        return None
    return Poly({monomial: factor // divisor for monomial, factor in poly.terms.items()})


def map_atoms(poly: Poly, change: Callable[[Expr], Expr | Poly]) -> Poly:
    """With every atom replaced."""
    result = Poly({})
    for monomial, factor in poly.terms.items():
        product = Poly.of(factor)
        for atom in monomial:
            new = change(atom)
            product = product * (new if isinstance(new, Poly) else Poly.atom(new))
        result = result + product
    return result
