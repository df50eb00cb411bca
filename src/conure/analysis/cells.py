"""Which cells of arrays the iterations of a loop share."""

from __future__ import annotations

from dataclasses import dataclass

from conure.analysis import reduction as reductions
from conure.analysis.access import Access, Loop, Survey
from conure.analysis.affine import Poly
from conure.analysis.dependence import (
    Meeting,
    Pair,
    carried,
    few_turns,
    twins_of,
    unwrapped,
)
from conure.analysis.entry import Entry
from conure.analysis.guards import FALSE, TRUE, Condition, both
from conure.analysis.verdict import Serial, conflict, place, unknown
from conure.errors import Reason
from conure.ir.nodes import Alloc, Expr, Program, Reduction, Store
from conure.ir.walk import statements


def own_arrays(loop: Loop) -> tuple[str, ...]:
    """The arrays that each iteration allocates for itself."""
    inside = statements(loop.statement.body)
    return tuple(sorted({stmt.name for stmt in inside if isinstance(stmt, Alloc)}))


def _alone(loop: Loop, polys: set[Poly], found: Survey) -> bool:
    """Whether one subscript, the same in all accesses, differs in every iteration."""
    poly = next(iter(polys))
    atoms = poly.atoms - {loop.counter}
    if len(polys) > 1 or not poly.linear_in(loop.counter):
        return False
    varied = any(found.ranges.varies(atom, loop.index) for atom in atoms)
    return not varied and bool(poly.coefficient(loop.counter).constant)


@dataclass
class Cells:
    """Answers for the loops of one program."""

    program: Program
    found: Survey
    entry: Entry
    exact: bool = False

    def arrays(self, loop: Loop) -> tuple[Condition, tuple[Reduction, ...]] | Serial:
        """A guard under which no two iterations meet in a cell, and the array reductions."""
        own = set(own_arrays(loop))
        groups: dict[str, list[Access]] = {}
        for access in self.inside(loop):
            if access.array not in own:
                groups.setdefault(access.array, []).append(access)
        overlap = self.overlap(groups, loop)
        if overlap is not None:
            return overlap
        guard: Condition = TRUE
        accumulated: list[Reduction] = []
        for array, accesses in groups.items():
            if not any(access.write for access in accesses):
                continue
            answer = self.array(accesses, loop)
            if isinstance(answer, Serial):
                op = self.accumulation(array, accesses, loop)
                if op is None:
                    return answer
                accumulated.append(Reduction(array, op, True))
            else:
                guard = both(guard, answer)
        return guard, tuple(accumulated)

    def inside(self, loop: Loop) -> list[Access]:
        """The accesses made by the iterations of a loop."""
        return [access for access in self.found.accesses if loop.index in access.context.loops]

    def overlap(self, groups: dict[str, list[Access]], loop: Loop) -> Serial | None:
        for one, two in self.overlaps():
            both_sides = [groups.get(name, []) for name in (one, two)]
            writes = [access for side in both_sides for access in side if access.write]
            if all(both_sides) and writes:
                write = writes[0]
                other = next(s[0] for s in both_sides if s[0].array != write.array)
                message = f"{write.array} and {other.array} overlap in this call"
                reason = Reason(message, place(write.loc, loop), "pass arrays that are apart")
                return Serial(reason, "overlap", write, other)
        return None

    def overlaps(self) -> list[tuple[str, str]]:
        """The pairs that may share memory, also after names were exchanged."""
        pairs = self.program.overlaps
        exchanged = self.found.rebound
        if not any(name in exchanged for pair in pairs for name in pair):
            return list(pairs)
        every = sorted(exchanged | {name for pair in pairs for name in pair})
        return [(a, b) for at, a in enumerate(every) for b in every[at + 1 :]]

    def array(self, accesses: list[Access], loop: Loop) -> Condition | Serial:
        """A guard under which the accesses of one array do not meet across iterations."""
        distinct = {(a.write, a.checked, a.index, a.context.facts): a for a in accesses}
        seen = list(distinct.values())
        guard: Condition = TRUE
        views = [unwrapped(self.found, loop, access) for access in seen]
        right = both(*(right for _, right in views))
        axes = range(len(seen[0].index))
        if self.entry.testable(right, loop) and right != FALSE:
            columns = [{view.index[axis] for view, _ in views} for axis in axes]
            if any(_alone(loop, column, self.found) for column in columns):
                return right
        for at, (first, first_right) in enumerate(views):
            for second, second_right in views[at:]:
                if not (first.write or second.write):
                    continue
                meeting = carried(self.found, loop, first, second)
                needed = both(first_right, second_right, meeting.unless)
                if needed == FALSE or not self.entry.testable(needed, loop):
                    return self.conflict(first, second, meeting, loop)
                guard = both(guard, needed)
                if guard != TRUE and few_turns(self.found, {loop.index}, guard):
                    return self.conflict(first, second, meeting, loop)
        return guard

    def accumulation(self, array: str, accesses: list[Access], loop: Loop) -> str | None:
        """The operator, if the array is only accumulated in place, at cells that the loop's own
        iterations share and nothing else in it reads."""
        ops: set[str | None] = set()
        stored: list[tuple[Expr, ...]] = []
        for stmt in statements(loop.statement.body):
            if isinstance(stmt, Store) and stmt.array == array:
                ops.add(reductions.array_reduction(stmt))
                stored.append(stmt.index)
        op = ops.pop() if len(ops) == 1 else None
        params = {param.name for param in self.program.params}
        own = [access for access in accesses if access.subscript in stored]
        if op is None or len(own) != 2 * len(stored) or array not in params:
            return None
        if len(own) < len(accesses) and not self.alone(loop, array):
            return None
        for poly in (poly for access in own for poly in access.index):
            if unknown(poly) or loop.counter.name in poly.names:
                return None
        if self.exact and reductions.reorders(
            Reduction(array, op), self.program.array(array).dtype
        ):
            return None
        return op

    def alone(self, loop: Loop, array: str) -> bool:
        """Whether the cells of an array that a loop stores to are read by nothing in it, but at
        the very subscripts of the stores."""
        accesses = [access for access in self.inside(loop) if access.array == array]
        stores = [access for access in accesses if access.write]
        own = [access.subscript for access in stores]
        others = [access for access in accesses if access.subscript not in own]
        return all(self.apart(loop, store, other) for store in stores for other in others)

    def apart(self, loop: Loop, first: Access, second: Access) -> bool:
        """Whether two accesses meet in none of a loop's iterations, in the same one neither."""
        views = [unwrapped(self.found, loop, access) for access in (first, second)]
        if any(right != TRUE for _, right in views):
            return False
        pair = Pair(self.found, loop, views[0][0], views[1][0], twins_of(self.found, loop))
        return pair.never(())

    def conflict(self, first: Access, second: Access, meeting: Meeting, loop: Loop) -> Serial:
        """The reason why two accesses order the iterations."""
        direction = self.found.ranges.sign(loop.step) or 1
        return conflict(first, second, meeting.distance, direction, loop)
