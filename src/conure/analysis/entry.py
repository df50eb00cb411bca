"""Conditions in terms of the variables that are there when a loop is reached."""

from __future__ import annotations

from dataclasses import dataclass

from conure.analysis.access import Loop, Survey
from conure.analysis.affine import Poly
from conure.analysis.guards import TRUE, Condition, polys, replaced, tested
from conure.ir.nodes import Apply, Const, Dim, Expr, Load, Var
from conure.ir.ops import integer
from conure.ir.types import INT
from conure.ir.walk import operands, with_operands

_MOST_TESTS = 24  # tests in one guard; more would cost more than they win


@dataclass
class Entry:
    """Finds the names of atoms where loops of one program are reached."""

    found: Survey

    def testable(self, guard: Condition, loop: Loop) -> bool:
        """Whether a condition can be tested, cheaply, where the loop is reached."""
        needed = polys(guard)
        if len(needed) > _MOST_TESTS or any(poly.degree > 2 for poly in needed):
            return False
        return all(self.named(atom, loop) is not None for poly in needed for atom in poly.atoms)

    def guard(self, guard: Condition, loop: Loop) -> Expr | None:
        """The guard in terms of the variables where the loop is reached."""
        if guard == TRUE:
            return None
        needed = polys(guard)
        named = {atom: self.named(atom, loop) for poly in needed for atom in poly.atoms}
        expr = tested(guard, lambda poly: not self.found.ranges.safe(poly))
        names = {atom: expr for atom, expr in named.items() if expr is not None}
        return replaced(expr, names)

    def named(self, atom: Expr, loop: Loop) -> Expr | None:
        """An atom as an expression of the program, where the loop is reached."""
        if isinstance(atom, Load) or self.found.ranges.varies(atom, loop.index):
            return None
        if isinstance(atom, Var):
            return self.variable(atom, loop)
        if isinstance(atom, Dim):
            return None if atom.array in self.found.local else atom
        parts = [self.named(part, loop) for part in operands(atom)]
        known = tuple(part for part in parts if part is not None)
        return with_operands(atom, known) if len(known) == len(parts) else None

    def variable(self, atom: Var, loop: Loop) -> Expr | None:
        if atom.name in loop.context.loops:
            return atom
        if atom.name.endswith("%"):
            return self.counted(self.found.loops[atom.name[:-1]], loop)
        if "@" not in atom.name:
            unchanged = loop.context.values.get(atom.name) in (None, Poly.atom(atom))
            return atom if unchanged and atom.name not in self.found.loops else None
        name = loop.context.variable(Poly.atom(atom))
        return None if name is None else Var(name, atom.type)

    def counted(self, outer: Loop, loop: Loop) -> Expr | None:
        """The number of an enclosing loop's iteration."""
        step, start = outer.step.constant, outer.statement.start
        if not step or not isinstance(start, Const):
            return None
        gap = Apply("sub", (Var(outer.index, INT), start), INT, False)
        return Apply("floordiv", (gap, integer(step)), INT, False)
