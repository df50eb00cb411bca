"""Choose for each nest: the loop that goes to the cores, the one that becomes the vector, tiles.

The rules, in the order of their gain on a machine with caches and vectors:

1. The outermost parallel loop with more than a few iterations is shared among the cores.
2. A parallel loop around a serial one is cut into panels, if it is the one that walks memory in
   order (`schedule/order.py` has put it there).
3. An innermost parallel loop is the vector. If the innermost loops are sums or searches, and an
   outer parallel loop walks memory with unit stride, that one becomes lanes.
4. A loop around lanes that reads the same vectors in each iteration is jammed and tiled.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from conure.analysis.lanes import can_be_lanes, depends, holds_loop, varying
from conure.analysis.parallel import Parallel, Serial
from conure.ir.nodes import Assign, Const, For, If, Load, Mark, Program, Stmt, Store, While
from conure.ir.types import INT
from conure.ir.walk import bodies, names_read, names_written, statements, walk
from conure.record import Record
from conure.schedule.choices import Choices
from conure.schedule.order import NARROW, free, innermost, only_loop, trips
from conure.schedule.stride import Strides, accesses
from conure.target import Target

Verdicts = Mapping[str, Parallel | Serial]

_FEW = 3  # constant trip counts up to this are not worth sharing
_ROWS = 64  # rows of a tile: enough to reuse the columns that stay in the second-level cache
_JAM = 4  # copies: with 4 vectors of lanes, half of 32 vector registers are sums
_CHAINS = 8  # recurrences side by side: about as many as one step of one takes cycles
_SHORT = 4  # statements of such a recurrence


def choose(
    program: Program, verdicts: Verdicts, target: Target, elsewhere: Collection[str] = ()
) -> Choices:
    """Choices for every loop of a program, but for those nests whose outermost index is among
    `elsewhere`: they are another device's."""
    marks = Choices(masked=target.masks)
    chooser = _Chooser(program, verdicts, target, Strides(program), marks, frozenset(elsewhere))
    for stmt in program.body:
        chooser.outside(stmt)
    return chooser.choices


class _Chooser(Record, frozen=False):
    program: Program
    verdicts: Verdicts
    target: Target
    strides: Strides
    choices: Choices
    elsewhere: frozenset[str] = frozenset()

    # ---- the cores ------------------------------------------------------------------------

    def outside(self, stmt: Stmt) -> None:
        """A statement that no parallel loop is around."""
        if isinstance(stmt, For) and stmt.index in self.elsewhere:
            return
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
        if self.elsewhere and any(
            isinstance(stmt, For) and stmt.index in self.elsewhere for stmt in statements(loop.body)
        ):
            return False
        return not (trips(loop) <= _FEW and holds_inner(loop))

    def _share(self, loop: For) -> None:
        verdict = self.verdicts[loop.index]
        assert isinstance(verdict, Parallel)
        mark = Mark("parallel", verdict.guard, verdict.reductions, verdict.private, verdict.last)
        self.choices.marks[loop.index] = mark
        if verdict.guard is None and (self._panels(loop) or self._lanes(loop)):
            return
        for stmt in loop.body:
            self._inside(stmt)
        self._tiles(loop)
        self._chains(loop)

    # ---- the vector -----------------------------------------------------------------------

    def _inside(self, stmt: Stmt) -> None:
        """A statement inside a loop that is shared among the cores."""
        if isinstance(stmt, For):
            if not holds_inner(stmt):
                self._vector(stmt)
                return
            if self._panels(stmt) or self._lanes(stmt):
                return
        for body in bodies(stmt):
            for inner in body:
                self._inside(inner)
        if isinstance(stmt, For):
            self._tiles(stmt)
            self._chains(stmt)

    def _vector(self, loop: For) -> None:
        verdict = self.verdicts.get(loop.index)
        if not isinstance(verdict, Parallel) or verdict.guard is not None or verdict.last:
            return
        if not any(r.array for r in verdict.reductions):
            mark = Mark("vector", None, verdict.reductions, verdict.private)
            self.choices.marks.setdefault(loop.index, mark)

    def _panels(self, loop: For) -> bool:
        """Whether the loop is to be innermost, panel by panel."""
        deepest = only_loop(loop)
        while deepest is not None and (inner := only_loop(deepest)) is not None:
            deepest = inner
        if deepest is None or not innermost(deepest) or loop.step != Const(1, INT):
            return False
        if not self._free(loop) or trips(loop) <= NARROW or not _stay(loop):
            return False
        if self._free(deepest) or not _is_straight(deepest.body):
            return False
        if self.strides.jumps(deepest, loop) >= self.strides.jumps(deepest, deepest):
            return False
        self.choices.panels.add(loop.index)
        return True

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
            self.strides.stride(access, loop.index, loop) not in (0, 1)
            for inner in _innermost(loop)
            for access in accesses(inner.body)
            if not isinstance(inner, For) or self.strides.stride(access, inner.index, inner) != 0
        )

    def _inner_jumps(self, loop: For) -> int:
        """Accesses that jump if the innermost loops are the vector instead."""
        return sum(
            self.strides.stride(access, inner.index, inner) not in (0, 1)
            for inner in _innermost(loop)
            if isinstance(inner, For)
            for access in accesses(inner.body)
        )

    def _inner_is_no_vector(self, loop: For) -> bool:
        """Whether every innermost loop inside is a sum, a search or a `while`."""
        return all(isinstance(s, While) or not self._free(s) for s in _innermost(loop))

    def _widths(self, loop: For, vectors: int) -> tuple[int, ...]:
        """Several vectors, so that the processor has enough to do at once, then single ones."""
        bits = max((access_bits(a, self.program) for a in accesses(loop.body)), default=64)
        width = self.target.vector_bits // max(bits, 32)
        count = trips(loop)
        wide = () if count < vectors * width else (vectors * width,)
        return wide if count % (vectors * width) == 0 else (*wide, width)

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
            and self.strides.stride(a, inner.index, inner) == 1
            and self.strides.stride(a, outer.index, outer) == 0
            for a in accesses(inner.body)
        )
        if shared:
            self.choices.tiles[outer.index] = (_ROWS, widths[0])
            self.choices.copies[outer.index] = _JAM

    def _chains(self, outer: For) -> None:
        """Jam a loop around a recurrence: the processor waits for one while it does the others."""
        inner = only_loop(outer)
        if inner is None or not innermost(inner) or outer.index in self.choices.copies:
            return
        if not isinstance(self.verdicts.get(inner.index), Serial) or not self._free(outer):
            return
        short = _is_straight(inner.body) and len(list(statements(inner.body))) <= _SHORT
        if short and outer.step == Const(1, INT) and _stay(outer):
            self.choices.copies[outer.index] = _CHAINS

    # ---- facts ----------------------------------------------------------------------------

    def _free(self, loop: For) -> bool:
        return free(self.verdicts.get(loop.index))


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


def holds_inner(loop: For | While) -> bool:
    """Whether there is a loop inside the loop."""
    return any(holds_loop(stmt) for stmt in loop.body)


def _moves(inner: For, index: str) -> bool:
    """Whether the bounds of a loop may differ in another iteration, or may not even be read
    where the loop around it has no trips."""
    bounds = (inner.start, inner.stop, inner.step)
    return index in names_read(bounds) or any(isinstance(node, Load) for node in walk(bounds))


def _stay(loop: For) -> bool:
    """Whether the bounds of the loops that are all of a loop's body stay in it."""
    changed = names_written(loop.body) | {loop.index}
    inner = only_loop(loop)
    while inner is not None:
        bounds = (inner.start, inner.stop, inner.step)
        if _moves(inner, loop.index) or not names_read(bounds).isdisjoint(changed):
            return False
        changed |= {inner.index}
        inner = only_loop(inner)
    return True


def _is_straight(body: tuple[Stmt, ...]) -> bool:
    return all(isinstance(stmt, Assign | Store | If) for stmt in statements(body))
