"""Which extents and loop bounds are equal, by what the statements before them have asserted.

Equal sizes have equal polynomials. Equations come from assumptions, from `if a != b { fail }`, and
from the shapes with which local arrays were allocated; variables that are assigned once stand for
their values.

    >>> from conure.ir.parse import parse
    >>> body = parse('''program p(x: f64[1]C, y: f64[1]C) {
    ...   if dim(y, 0) != dim(x, 0) { fail }
    ...   t = alloc f64[dim(y, 0)]
    ...   for i in 0:dim(t, 0) { }
    ...   for j in 0:dim(x, 0) { }
    ... }''')
    >>> sizes = Sizes.of(body)
    >>> for stmt in body.body[:2]: sizes.learn(stmt)
    >>> sizes.domain(body.body[2]), sizes.domain(body.body[2]) == sizes.domain(body.body[3])
    ((0, y.shape[0], 1), True)
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from conure.analysis.affine import ZERO, Poly, expression, order_key
from conure.analysis.ranges import opaque
from conure.ir.nodes import (
    Alloc,
    Apply,
    Assign,
    Assume,
    Const,
    Dim,
    Expr,
    Fail,
    For,
    If,
    Program,
    Stmt,
    Var,
)
from conure.ir.types import INT
from conure.ir.walk import arrays_rebound, statements, walk

Domain = tuple[Poly, Poly, int]
_OPAQUE = ("maximum", "minimum", "floordiv", "mod")
_MOST_TERMS = 12


@dataclass
class Sizes:
    """What is known at one place of a program."""

    sets: Counter[str]  # how often each variable is assigned
    rebound: frozenset[str]
    values: dict[str, Poly] = field(default_factory=dict)
    shapes: dict[str, tuple[Poly | None, ...]] = field(default_factory=dict)
    equal: dict[Expr, Expr] = field(default_factory=dict)

    @staticmethod
    def of(program: Program) -> Sizes:
        """What is known at the entry."""
        sets = Counter(stmt.name for stmt in statements(program) if isinstance(stmt, Assign))
        return Sizes(sets, frozenset(arrays_rebound(program)))

    def inside(self) -> Sizes:
        """What is known at the beginning of a list in a statement; more may be learned there."""
        parts = dict(self.values), dict(self.shapes), dict(self.equal)
        return Sizes(self.sets, self.rebound, *parts)

    def learn(self, stmt: Stmt) -> None:
        """What holds after a statement."""
        match stmt:
            case Assign() if stmt.value.type is INT and self.sets[stmt.name] == 1:
                poly = self.poly(stmt.value)
                if poly is not None:
                    self.values[stmt.name] = poly
            case Alloc() if stmt.name not in self.rebound:
                self.shapes[stmt.name] = tuple(self.poly(part) for part in stmt.shape)
            case Assume():
                self._equate(stmt.condition, True)
            case If(orelse=()) if any(isinstance(each, Fail) for each in stmt.then):
                self._equate(stmt.condition, False)
            case _:
                pass

    def domain(self, loop: For) -> Domain | None:
        """Start, number of turns and step of a loop."""
        start, stop = self.poly(loop.start), self.poly(loop.stop)
        if start is None or stop is None or not isinstance(loop.step, Const):
            return None
        step = loop.step.value
        if not isinstance(step, int) or step < 1:
            return None
        return start, self.positive(stop - start), step

    def poly(self, expr: Expr) -> Poly | None:
        """An `int` expression, if it has the same value wherever it is evaluated from here on."""
        match expr:
            case Const(value=int(value)):
                return Poly.of(value)
            case Var(name=name):
                if name in self.values:
                    return self._again(self.values[name])
                return None if self.sets[name] else self._atom(expr)
            case Dim(array=array, axis=axis):
                if array in self.rebound:
                    return None
                shape = self.shapes.get(array)
                if shape is None:
                    return self._atom(expr)
                known = shape[axis]
                return None if known is None else self._again(known)
            case Apply(args=(left, right)) if expr.type is INT:
                return self._applied(expr.op, self.poly(left), self.poly(right))
            case _:
                return None

    def _applied(self, op: str, left: Poly | None, right: Poly | None) -> Poly | None:
        if left is None or right is None or len(left.terms) + len(right.terms) > _MOST_TERMS:
            return None
        match op:
            case "add":
                return left + right
            case "sub":
                return left - right
            case "mul":
                return left * right
            case "maximum" if right == ZERO:
                return self.positive(left)
            case _ if op in _OPAQUE:
                return self._atom(opaque(op, left, right))
            case _:
                return None

    def positive(self, poly: Poly) -> Poly:
        """The polynomial, or 0 if it is negative."""
        if poly.constant is not None:
            return Poly.of(max(poly.constant, 0))
        if len(poly.terms) == 1 and poly == Poly.atom(only := next(iter(poly.atoms))):
            if isinstance(only, Dim):
                return poly
            if isinstance(only, Apply) and only.op == "maximum" and only.args[1] == Const(0, INT):
                return poly
        return self._atom(opaque("maximum", poly, ZERO))

    def _atom(self, atom: Expr) -> Poly:
        other = self.equal.get(atom)
        if other is None:
            return Poly.atom(atom)
        return self.poly(other) or Poly.atom(atom)

    def _again(self, poly: Poly) -> Poly:
        """The polynomial by what has been learned since."""
        for atom in sorted(poly.atoms, key=order_key):
            value = self.poly(atom)
            if value is not None and value != Poly.atom(atom):
                poly = poly.substitute(atom, value)
        return poly

    def _equate(self, condition: Expr, holds: bool) -> None:
        match condition:
            case Apply(op="not", args=(inner,)):
                self._equate(inner, not holds)
            case Apply(op="and" | "or" as op, args=args) if (op == "and") == holds:
                for part in args:
                    self._equate(part, holds)
            case Apply(op="equal" | "not_equal" as op, args=(left, right)) if left.type is INT:
                if (op == "equal") == holds:
                    self._same(self.poly(left), self.poly(right))
            case _:
                pass

    def _same(self, left: Poly | None, right: Poly | None) -> None:
        """Write down that two sizes are equal: one that is an atom gives way to the other."""
        if left is None or right is None:
            return
        for one, other in ((right, left), (left, right)):
            atom = next(iter(one.atoms), None)
            if atom is None or one != Poly.atom(atom):
                continue
            if not any(node == atom for node in walk(other.atoms)):
                self.equal[atom] = expression(other)
                return
