"""Choose where lanes get what they read side by side, rather than gather it in each turn.

Rows of a few elements, as of points in space, are the case: a loop over such a row is too short to
be the vector, and lanes across rows find their elements apart. Packed once, they serve many turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from conure.analysis.fusion import Overlaps
from conure.analysis.lanes import can_be_lanes, depends, varying
from conure.analysis.packing import Packed, side_by_side
from conure.analysis.ranges import as_poly
from conure.analysis.verdict import Parallel, Verdict
from conure.ir.nodes import Expr, For, Load, Program, Stmt, Store, Var, While
from conure.ir.ops import apply, integer
from conure.ir.types import INT, ArrayType
from conure.ir.walk import bodies, statements, walk
from conure.record import Record
from conure.schedule.choices import Packing

MOST_TURNS: Final = 32  # of a row; longer ones are vectors themselves, and sum more exactly
STRIP: Final = 64  # a strip of so many rows of that length fits the first-level cache
_LEAST_ROUNDS: Final = 8  # that use what was packed

Verdicts = Mapping[str, Verdict]


def packings(program: Program, verdicts: Verdicts) -> dict[str, Packing]:
    """What to pack, by the outer loops."""
    layouts = {p.name: p.type.layout for p in program.params if isinstance(p.type, ArrayType)}
    chooser = _Chooser(verdicts, layouts, Overlaps(program))
    found: dict[str, Packing] = {}
    _outside(program.body, chooser, found)
    return found


def _outside(stmts: Iterable[Stmt], chooser: _Chooser, found: dict[str, Packing]) -> None:
    """The outermost loops that are worth sharing among cores."""
    for stmt in stmts:
        if isinstance(stmt, For) and chooser.is_free(stmt):
            chosen = chooser.choose(stmt)
            if chosen is not None:
                found[stmt.index] = chosen
        else:
            for body in bodies(stmt):
                _outside(body, chooser, found)


class _Chooser(Record):
    verdicts: Verdicts
    layouts: Mapping[str, str]
    overlaps: Overlaps

    def is_free(self, loop: For) -> bool:
        """Parallel without condition, and nothing is carried out of the loop but memory."""
        verdict = self.verdicts.get(loop.index)
        return isinstance(verdict, Parallel) and not (
            verdict.guard or verdict.reductions or verdict.last
        )

    def choose(self, outer: For) -> Packing | None:
        """What to pack before a loop, for itself or for one inside."""
        for lane in (stmt for stmt in statements(outer) if isinstance(stmt, For)):
            if not (self.is_free(lane) and can_be_lanes(lane) and self._has_no_vector(lane)):
                continue
            reads = side_by_side(outer, lane, self.overlaps)
            if lane is outer:
                reads = [read for read in reads if read.again]
            loads = {read.load for read in reads}
            if reads and not any(
                access not in loads and self._jumps(access, lane) for access in _inside(lane)
            ):
                return self._packing(outer, lane, reads)
        return None

    def _packing(self, outer: For, lane: For, reads: list[Packed]) -> Packing | None:
        tests = [apply("less_equal", read.inner.stop, integer(MOST_TURNS)) for read in reads]
        if lane is not outer:
            rounds = apply("sub", outer.stop, outer.start, checked=False)
            tests.append(apply("less_equal", integer(_LEAST_ROUNDS), rounds))
        condition: Expr | None = None
        for test in dict.fromkeys(tests):
            condition = test if condition is None else apply("and", condition, test)
        assert condition is not None
        strip = STRIP if lane is outer else 0
        return Packing(lane.index, tuple(reads), condition, MOST_TURNS, strip)

    def _has_no_vector(self, loop: For) -> bool:
        """Whether every innermost loop inside is a sum or a search."""
        inner = [s for s in statements(loop.body) if isinstance(s, For | While)]
        last = [s for s in inner if not any(isinstance(n, For | While) for n in statements(s.body))]
        return all(isinstance(s, For) and not self.is_free(s) for s in last)

    def _jumps(self, access: Load | Store, lane: For) -> bool:
        """Whether neighbouring lanes find their elements neither in one place nor side by side."""
        apart = varying(lane) - {lane.index}
        moves = [_coefficient(each, lane.index, apart) for each in access.index]
        layout = self.layouts.get(access.array, "C")
        unit = 0 if layout == "F" else len(moves) - 1
        for axis, move in enumerate(moves):
            if move != 0 and not (axis == unit and move == 1 and layout != "S"):
                return True
        return False


def _inside(lane: For) -> list[Load | Store]:
    """The accesses in loops inside the loop of the lanes."""
    loops = [stmt for stmt in statements(lane.body) if isinstance(stmt, For | While)]
    return [node for loop in loops for node in walk(loop.body) if isinstance(node, Load | Store)]


def _coefficient(expr: Expr, index: str, apart: Iterable[str]) -> int | None:
    """By how much a subscript grows per lane; None if that is not a number."""
    if depends(expr, apart):
        return None
    poly = as_poly(expr)
    growth = poly.coefficient(Var(index, INT)).constant
    return None if growth is None or index in poly.without(Var(index, INT)).names else growth
