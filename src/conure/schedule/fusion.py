"""Choose which loops of a list become one: those that share arrays, as far as that is legal, loses
no parallelism, and leaves a body that registers and prefetchers can follow.

A loop moves up to an earlier one, over statements that do not disturb it; allocations, checks and
scalars move up as far as they can, so that they are in nobody's way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from conure.analysis.footprint import expression_cost
from conure.analysis.fusion import Effects, Overlaps, Part, together
from conure.analysis.pointwise import Pointwise
from conure.analysis.scalars import live_after
from conure.analysis.sizes import Sizes
from conure.analysis.verdict import Parallel, Serial, Verdict
from conure.errors import Reason
from conure.ir.nodes import Alloc, Apply, Assign, Fail, For, If, Program, Stmt, While
from conure.ir.walk import statements, walk
from conure.record import Record

MOST_ARRAYS: Final = 16  # streams that come from memory; prefetchers follow about as many
MOST_OPERATIONS: Final = 400
_WINDOW: Final = 64  # groups looked back at, so that long programs take linear time

_COPY: Final = 1.0  # additions: a load, or a constant
_CHEAP: Final = 6.0
_TWICE: Final = 12.0

Groups = list[list[int]]
"""The statements of a list by position, in their new order; loops of one group become one."""


class _Group(Record, frozen=False):
    members: list[int]
    effects: Effects
    part: Part | None


class Grouper:
    """Groups the statements of one list of the program after another."""

    def __init__(self, program: Program, verdict: Callable[[str], Verdict]) -> None:
        self.overlaps = Overlaps(program)
        self.verdict = verdict
        self.live = live_after(program)
        self.local = {stmt.name for stmt in statements(program) if isinstance(stmt, Alloc)}

    def __call__(self, stmts: Sequence[Stmt], sizes: Sizes) -> Groups:
        """The groups of a list; `sizes` is told what the statements assert."""
        groups: list[_Group] = []
        for at, stmt in enumerate(stmts):
            if isinstance(stmt, For):
                self._loop(groups, at, stmt, sizes)
            else:
                effects = self.overlaps.effects(stmt)
                place = _place(groups, effects) if _light(stmt) else len(groups)
                groups.insert(place, _Group([at], effects, None))
            sizes.learn(stmt)
        if all(len(group.members) == 1 for group in groups):
            return [[at] for at in range(len(stmts))]
        return [group.members for group in groups]

    def _loop(self, groups: list[_Group], at: int, loop: For, sizes: Sizes) -> None:
        part = Part.of(loop, self.overlaps)
        chosen = self._partner(groups, part, sizes)
        if chosen is None:
            groups.append(_Group([at], part.effects, part))
            return
        chosen.members.append(at)
        assert chosen.part is not None
        chosen.part = chosen.part.with_more(part)
        chosen.effects = chosen.part.effects

    def _partner(self, groups: list[_Group], part: Part, sizes: Sizes) -> _Group | None:
        """The latest group that the loop can move up to and join."""
        domain = sizes.domain(part.loop)
        if domain is None:
            return None
        for group in groups[: -_WINDOW - 1 : -1]:
            same = group.part is not None and sizes.domain(group.part.loop) == domain
            if same and self._joins(group.part, part):
                return group
            if _blocks(group.effects, part.effects):
                return None
        return None

    def _joins(self, first: Part | None, second: Part) -> bool:
        if (
            first is None
            or not self._worthwhile(first, second)
            or not _fits(first, second, self.local)
        ):
            return False
        live = self.live.get(second.loop.index, frozenset())
        answer = together(first, second, live, self.overlaps)
        if isinstance(answer, Reason):
            return False
        one, two = (self.verdict(part.loop.index) for part in (first, second))
        if isinstance(one, Parallel) and isinstance(two, Parallel):
            return not answer.carried and _plain(one) and _plain(two)
        return isinstance(one, Serial) and isinstance(two, Serial) and self._passed(first, second)

    def _worthwhile(self, first: Part, second: Part) -> bool:
        """They share arrays; where the result is no perfect nest, local ones that may go away."""
        if self._passed(first, second):
            return True
        used = {touch.array for touch in first.touches}
        shared = any(touch.array in used for touch in second.touches)
        return shared and _depth(first.loop) == _depth(second.loop) == 1

    def _passed(self, first: Part, second: Part) -> bool:
        """Whether the second loop reads a local array that the first one writes."""
        made = {touch.array for touch in first.touches if touch.write} & self.local
        return any(touch.array in made and not touch.write for touch in second.touches)


def worth_recomputing(found: Pointwise) -> bool:
    """Whether the elements of an array are rather computed at each use than stored and read."""
    each = expression_cost(found.value)
    if any(use.spread for use in found.uses):
        return each <= _COPY
    return each <= _CHEAP and each * len(found.uses) <= _TWICE


def _place(groups: list[_Group], effects: Effects) -> int:
    """How far up a statement can move."""
    for place in range(len(groups), max(len(groups) - _WINDOW, 0), -1):
        if _blocks(groups[place - 1].effects, effects):
            return place
    return max(len(groups) - _WINDOW, 0)


def _blocks(earlier: Effects, later: Effects) -> bool:
    return earlier.stays or later.stays or earlier.guards or earlier.disturb(later)


def _light(stmt: Stmt) -> bool:
    match stmt:
        case Alloc() | Assign():
            return True
        case If(then=(Fail(),), orelse=()):
            return True
        case _:
            return False


def _plain(verdict: Parallel) -> bool:
    return verdict.guard is None and not any(each.array for each in verdict.reductions)


def _fits(first: Part, second: Part, local: set[str]) -> bool:
    touched = {touch.array for touch in (*first.touches, *second.touches)} - local
    operations = sum(
        isinstance(node, Apply)
        for part in (first, second)
        for body in part.bodies
        for node in walk(body)
    )
    return len(touched) <= MOST_ARRAYS and operations <= MOST_OPERATIONS


def _depth(loop: For) -> int:
    return 1 + max((_depth_of(stmt) for stmt in loop.body), default=0)


def _depth_of(stmt: Stmt) -> int:
    if isinstance(stmt, For):
        return _depth(stmt)
    inner = [each for each in statements(stmt) if isinstance(each, For | While)]
    return max((_depth(each) if isinstance(each, For) else 1 for each in inner), default=0)
