"""Choose for each nest: the loop that goes to the cores, the one that becomes the vector, tiles.

The rules, in the order of their gain on a machine with caches and vectors:

1. The outermost parallel loop with more than a few iterations is shared among the cores.
2. The innermost loop should walk memory with unit stride: two parallel loops are swapped for it.
3. An innermost parallel loop is the vector. If the innermost loops are sums or searches, and an
   outer parallel loop walks memory with unit stride, that one becomes lanes.
4. A loop around lanes that reads the same vectors in each iteration is jammed and tiled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from conure.analysis.lanes import can_be_lanes, depends, holds_loop, varying
from conure.analysis.parallel import Parallel, Serial
from conure.analysis.ranges import as_poly
from conure.ir.nodes import Const, Expr, For, If, Load, Mark, Program, Stmt, Store, Var, While
from conure.ir.types import INT, ArrayType
from conure.ir.walk import bodies, names_read, statements, walk
from conure.record import Record
from conure.schedule.choices import Choices
from conure.target import Target

Verdicts = Mapping[str, Parallel | Serial]

_FEW = 3  # constant trip counts up to this are not worth sharing
_ROWS = 64  # rows of a tile: enough to reuse the columns that stay in the second-level cache
_JAM = 4  # copies: with 4 vectors of lanes, half of 32 vector registers are sums


def choose(program: Program, verdicts: Verdicts, target: Target) -> Choices:
    """Choices for every loop of a program."""
    chooser = _Chooser(program, verdicts, target, Choices(masked=target.masks))
    for stmt in program.body:
        chooser.outside(stmt)
    return chooser.choices


class _Chooser(Record, frozen=False):
    program: Program
    verdicts: Verdicts
    target: Target
    choices: Choices

    # ---- the cores ------------------------------------------------------------------------

    def outside(self, stmt: Stmt) -> None:
        """A statement that no parallel loop is around."""
        if isinstance(stmt, For) and self._worth_sharing(stmt):
            self._share(stmt)
            return
        if isinstance(stmt, For) and not holds_inner(stmt):
            self._vector(stmt)
        for body in bodies(stmt):
            for inner in body:
                self.outside(inner)

    def _worth_sharing(self, loop: For) -> bool:
        verdict = self.verdicts.get(loop.index)
        if not isinstance(verdict, Parallel) or any(r.array for r in verdict.reductions):
            return False
        return not (_constant_trips(loop) <= _FEW and holds_inner(loop))

    def _share(self, loop: For) -> None:
        verdict = self.verdicts[loop.index]
        assert isinstance(verdict, Parallel)
        mark = Mark("parallel", verdict.guard, verdict.reductions, verdict.private, verdict.last)
        swapped = self._swap(loop)
        self.choices.marks[loop.index if swapped is None else swapped.index] = mark
        if swapped is not None:
            self._vector(loop)
            return
        if verdict.guard is None and self._lanes(loop):
            return
        for stmt in loop.body:
            self._inside(stmt)
        self._tiles(loop)

    # ---- the vector -----------------------------------------------------------------------

    def _inside(self, stmt: Stmt) -> None:
        """A statement inside a loop that is shared among the cores."""
        if isinstance(stmt, For):
            if not holds_inner(stmt):
                self._vector(stmt)
                return
            if self._lanes(stmt):
                return
        for body in bodies(stmt):
            for inner in body:
                self._inside(inner)
        if isinstance(stmt, For):
            self._tiles(stmt)

    def _vector(self, loop: For) -> None:
        verdict = self.verdicts.get(loop.index)
        if not isinstance(verdict, Parallel) or verdict.guard is not None or verdict.last:
            return
        if not any(r.array for r in verdict.reductions):
            mark = Mark("vector", None, verdict.reductions, verdict.private)
            self.choices.marks.setdefault(loop.index, mark)

    def _swap(self, loop: For) -> For | None:
        """The inner loop, if it should be the outer one of two."""
        if len(loop.body) != 1 or not isinstance(inner := loop.body[0], For) or holds_inner(inner):
            return None
        if not (self._free(loop) and self._free(inner)) or _moves(inner, loop.index):
            return None
        if self._misses(inner, inner.index) <= self._misses(inner, loop.index):
            return None
        self.choices.interchange.add(loop.index)
        return inner

    def _misses(self, loop: For, index: str) -> int:
        """Accesses in the loop that would jump through memory if `index` were innermost, the
        loop's own index or the one around it; the other one is fixed then."""
        accesses = _accesses(loop.body)
        return sum(self._stride(a, index, loop, {loop.index}) not in (0, 1) for a in accesses)

    # ---- lanes ----------------------------------------------------------------------------

    def _lanes(self, loop: For) -> bool:
        """Whether the loop becomes lanes; then the loops inside are none of the vector's."""
        if not self._suits_lanes(loop):
            return False
        jumps = self._lane_jumps(loop)
        inside = [s for s in statements(loop.body) if isinstance(s, For)]
        if any(self._suits_lanes(s) and self._lane_jumps(s) <= jumps for s in inside):
            return False
        self.choices.lanes[loop.index] = self._widths(loop, 2 if _divided(loop) else 4)
        return True

    def _suits_lanes(self, loop: For) -> bool:
        if not (self._free(loop) and loop.step == Const(1, INT) and can_be_lanes(loop)):
            return False
        jumps = self._lane_jumps(loop)
        better = jumps == 0 or jumps < self._inner_jumps(loop)
        return better and self._inner_is_no_vector(loop)

    def _lane_jumps(self, loop: For) -> int:
        """Accesses that would gather from all over memory each time around an inner loop."""
        return sum(
            self._stride(access, loop.index, loop) not in (0, 1)
            for inner in _innermost(loop)
            for access in _accesses(inner.body)
            if not isinstance(inner, For) or self._stride(access, inner.index, inner) != 0
        )

    def _inner_jumps(self, loop: For) -> int:
        """Accesses that jump if the innermost loops are the vector instead."""
        return sum(
            self._stride(access, inner.index, inner) not in (0, 1)
            for inner in _innermost(loop)
            if isinstance(inner, For)
            for access in _accesses(inner.body)
        )

    def _inner_is_no_vector(self, loop: For) -> bool:
        """Whether every innermost loop inside is a sum, a search or a `while`."""
        return all(isinstance(s, While) or not self._free(s) for s in _innermost(loop))

    def _widths(self, loop: For, vectors: int) -> tuple[int, ...]:
        """Several vectors, so that the processor has enough to do at once, then single ones."""
        bits = max((access_bits(a, self.program) for a in _accesses(loop.body)), default=64)
        width = self.target.vector_bits // max(bits, 32)
        trips = _constant_trips(loop)
        wide = () if trips < vectors * width else (vectors * width,)
        return wide if trips % (vectors * width) == 0 else (*wide, width)

    def _tiles(self, outer: For) -> None:
        """Tile and jam a loop directly around lanes, if it shares the vectors that they read."""
        if len(outer.body) != 1 or not isinstance(inner := outer.body[0], For):
            return
        widths = self.choices.lanes.get(inner.index)
        if widths is None or not (self._free(outer) and outer.step == Const(1, INT)):
            return
        if _moves(inner, outer.index) or _divided(inner):
            return
        shared = any(
            isinstance(a, Load)
            and self._stride(a, inner.index, inner) == 1
            and self._stride(a, outer.index, outer) == 0
            for a in _accesses(inner.body)
        )
        if shared:
            self.choices.tiles[outer.index] = (_ROWS, widths[0])
            self.choices.copies[outer.index] = _JAM

    # ---- facts ----------------------------------------------------------------------------

    def _free(self, loop: For) -> bool:
        """Parallel without condition, and nothing is carried out of the loop but memory."""
        verdict = self.verdicts.get(loop.index)
        return isinstance(verdict, Parallel) and not (
            verdict.guard or verdict.reductions or verdict.last
        )

    def _stride(
        self, access: Load | Store, index: str, loop: For, fixed: Collection[str] = ()
    ) -> int | None:
        """How far an access in the loop moves per step of the index, in elements: 0, 1 or None
        (farther, or not known)."""
        apart = varying(loop) - {index, *fixed}
        moves = [_coefficient(subscript, index, apart) for subscript in access.index]
        if all(move == 0 for move in moves):
            return 0
        axis = 0 if self._layout(access.array) == "F" else len(moves) - 1
        others = [move for k, move in enumerate(moves) if k != axis]
        unit = self._layout(access.array) != "S" and moves[axis] == 1
        return 1 if unit and all(move == 0 for move in others) else None

    def _layout(self, array: str) -> str:
        for param in self.program.params:
            if param.name == array and isinstance(param.type, ArrayType):
                return param.type.layout
        return "C"  # a local array


def _innermost(loop: For) -> list[For | While]:
    """The loops inside that hold no further ones."""
    inside = [s for s in statements(loop.body) if isinstance(s, For | While)]
    return [inner for inner in inside if not holds_inner(inner)]


def _divided(loop: For) -> bool:
    """Whether iterations of the loop go different ways."""
    apart = varying(loop)
    return any(
        isinstance(stmt, While | If) and depends(stmt.condition, apart)
        for stmt in statements(loop.body)
    )


def access_bits(access: Load | Store, program: Program) -> int:
    """The width of the elements of an access."""
    return access.type.bits if isinstance(access, Load) else access.value.type.bits


def _accesses(stmts: Iterable[Stmt]) -> list[Load | Store]:
    return [node for node in walk(stmts) if isinstance(node, Load | Store)]


def holds_inner(loop: For | While) -> bool:
    """Whether there is a loop inside the loop."""
    return any(holds_loop(stmt) for stmt in loop.body)


def _moves(inner: For, index: str) -> bool:
    """Whether the bounds of a loop may differ in another iteration, or may not even be read
    where the loop around it has no trips."""
    bounds = (inner.start, inner.stop, inner.step)
    return index in names_read(bounds) or any(isinstance(node, Load) for node in walk(bounds))


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


def _constant_trips(loop: For) -> float:
    bounds = (loop.start, loop.stop, loop.step)
    values = [b.value for b in bounds if isinstance(b, Const) and isinstance(b.value, int)]
    if len(values) < 3:
        return float("inf")
    start, stop, step = values
    return len(range(int(start), int(stop), int(step)))
