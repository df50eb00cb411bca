"""How far accesses move through memory per iteration of a loop.

>>> from conure.ir.parse import parse
>>> program = parse('''program p(a: f64[2]C, x: f64[1]C) {
...   for i in 0:9 { for j in 0:9 { a[i, j] = x[2 * j] } }
... }''')
>>> (outer,) = program.body
>>> (inner,) = outer.body
>>> strides = Strides(program)
>>> [strides.stride(access, "j", inner) for access in accesses(inner.body)]
[1, None]
>>> strides.jumps(inner, outer), strides.jumps(inner, inner)
(9.0, 3.0)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from conure.analysis.lanes import depends, varying
from conure.analysis.ranges import as_poly
from conure.ir.nodes import Expr, For, Load, Program, Stmt, Store, Var
from conure.ir.types import INT, ArrayType
from conure.ir.walk import names_read, walk
from conure.record import Record

_LINE: Final = 8.0  # elements of a cache line: an access that jumps fetches one for itself


class Strides(Record):
    """Answers for the loops of one program."""

    program: Program

    def stride(self, access: Load | Store, index: str, loop: For) -> int | None:
        """How far an access in the loop moves per step of the index, in elements: 0, 1 or None
        (farther, or not known)."""
        moves = _moves(access, index, loop)
        if all(move == 0 for move in moves):
            return 0
        fast = self._fast_axis(access.array, len(moves))
        others = [move for k, move in enumerate(moves) if k != fast]
        unit = self._layout(access.array) != "S" and moves[fast] == 1
        return 1 if unit and all(move == 0 for move in others) else None

    def jumps(self, body: For, loop: For) -> float:
        """What the accesses in the body cost if `loop`, a loop around or the body itself, were
        innermost: 0 where an access stays, 1 where it goes on, up to a cache line where it jumps,
        and a little more the slower the axis is along which it moves."""
        return sum(self._jump(access, loop) for access in accesses(body.body))

    def _jump(self, access: Load | Store, loop: For) -> float:
        moves = _moves(access, loop.index, loop)
        axes = [axis for axis, move in enumerate(moves) if move != 0]
        if not axes:
            return 0.0
        fast = self._fast_axis(access.array, len(moves))
        move = moves[fast]
        if axes == [fast] and move is not None:
            least = 2 if self._layout(access.array) == "S" else 1
            return float(min(max(abs(move), least), _LINE))
        return _LINE + max(abs(axis - fast) for axis in axes)

    def _fast_axis(self, array: str, rank: int) -> int:
        return 0 if self._layout(array) == "F" else rank - 1

    def _layout(self, array: str) -> str:
        for param in self.program.params:
            if param.name == array and isinstance(param.type, ArrayType):
                return param.type.layout
        return "C"  # a local array


def accesses(stmts: Iterable[Stmt]) -> list[Load | Store]:
    """Every load and store."""
    return [node for node in walk(stmts) if isinstance(node, Load | Store)]


def _moves(access: Load | Store, index: str, loop: For) -> list[int | None]:
    """By how much each subscript grows per step of the index."""
    apart = varying(loop) - {index}
    return [_coefficient(subscript, index, apart) for subscript in access.index]


def _coefficient(expr: Expr, index: str, apart: Collection[str]) -> int | None:
    """By how much an expression grows per step of the index; None if that is not a number, or
    depends on `apart`: other scalars that may differ from iteration to iteration."""
    if index not in names_read(expr):
        return None if depends(expr, apart) else 0
    poly = as_poly(expr)
    growth = poly.coefficient(Var(index, INT))
    rest = poly.without(Var(index, INT))
    hidden = any(depends(atom, {index, *apart}) for terms in rest.terms for atom in terms)
    if hidden or set(growth.terms) - {()}:
        return None
    return growth.terms.get((), 0)
