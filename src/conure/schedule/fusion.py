"""Choose which loops of a list become one: those that share arrays, as far as that is legal, loses
no parallelism, and leaves a body that registers and prefetchers can follow.

A loop moves up to an earlier one, over statements that do not disturb it; allocations, checks and
scalars move up as far as they can, so that they are in nobody's way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from conure.analysis.footprint import expression_cost
from conure.analysis.fusion import (
    Effects,
    Overlaps,
    Part,
    merged,
    nest_of,
    parallel_together,
    together,
)
from conure.analysis.pointwise import Pointwise
from conure.analysis.scalars import live_after
from conure.analysis.sizes import Sizes
from conure.analysis.verdict import Parallel, Serial, Verdict
from conure.errors import Reason
from conure.ir.nodes import (
    Alloc,
    Assign,
    Assume,
    Fail,
    For,
    If,
    Program,
    Stmt,
)
from conure.ir.walk import statements
from conure.record import Record

MOST_ARRAYS: Final = 16  # streams that come from memory; prefetchers follow about as many
MOST_OPERATIONS: Final = 400
_MOST_QUESTIONS: Final = 3  # for all tests; each takes milliseconds
_ROUNDS: Final = 4
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
        self.program = program
        self.questions = 0
        self.before: list[Stmt] | None = None
        self.has_lanes_around = False
        self.overlaps = Overlaps(program)
        self.verdict = verdict
        self.live = live_after(program)
        self.local = {stmt.name for stmt in statements(program) if isinstance(stmt, Alloc)}

    def __call__(self, stmts: Sequence[Stmt], sizes: Sizes, around: For | None = None) -> Groups:
        """The groups of a list; `sizes` is told what the statements assert."""
        self.has_lanes_around = around is not None and self._may_be_lanes(around)
        groups: list[_Group] = []
        known = sizes.inside()
        self.before = [] if stmts is self.program.body else None
        for at, stmt in enumerate(stmts):
            if self.before is not None and (_light(stmt) or isinstance(stmt, Assume)):
                self.before.append(stmt)
            if isinstance(stmt, For):
                self._loop(groups, at, stmt, sizes)
            else:
                effects = self.overlaps.effects(stmt)
                place = _place(groups, effects) if _light(stmt) else len(groups)
                groups.insert(place, _Group([at], effects, None))
            sizes.learn(stmt)
        if all(len(group.members) == 1 for group in groups):
            return [[at] for at in range(len(stmts))]
        for _ in range(_ROUNDS):
            fewer = self._again(groups, stmts, known.inside())
            if len(fewer) == len(groups):
                break
            groups = fewer
        return [group.members for group in groups]

    def _again(self, groups: list[_Group], stmts: Sequence[Stmt], sizes: Sizes) -> list[_Group]:
        """The groups after another round: what shared nothing at first may do so now. `sizes`: at
        the beginning of the list; a group knows what those before it have asserted."""
        made: list[_Group] = []
        for group in groups:
            chosen = self._partner(made, group.part, sizes) if group.part is not None else None
            if chosen is None:
                made.append(group)
            else:
                _join(chosen, group)
            for at in group.members:
                sizes.learn(stmts[at])
        return made

    def _loop(self, groups: list[_Group], at: int, loop: For, sizes: Sizes) -> None:
        part = Part.of(loop, self.overlaps)
        chosen = self._partner(groups, part, sizes)
        if chosen is None:
            groups.append(_Group([at], part.effects, part))
            return
        _join(chosen, _Group([at], part.effects, part))

    def _partner(self, groups: list[_Group], part: Part, sizes: Sizes) -> _Group | None:
        """The latest group that the loop can move up to and join."""
        domain = sizes.domain(part.loop)
        if domain is None:
            return None
        for group in groups[: -_WINDOW - 1 : -1]:
            same = group.part is not None and sizes.domain(group.part.loop) == domain
            if same and self._joins(group.part, part, sizes):
                return group
            if _blocks(group.effects, part.effects):
                return None
        return None

    def _joins(self, first: Part | None, second: Part, sizes: Sizes) -> bool:
        if first is None or not self._worthwhile(first, second, sizes):
            return False
        if not _fits(first, second, self.local):
            return False
        live = frozenset[str]().union(*(self.live[loop.index] for loop in second.loops))
        answer = together(first, second, live, self.overlaps)
        if isinstance(answer, Reason):
            return False
        one, two = (self.verdict(part.loop.index) for part in (first, second))
        if isinstance(one, Parallel) and isinstance(two, Parallel):
            if not (_plain(one) and _plain(two)) or self._spoils(first, second):
                return False
            return self._asked(first, second) if answer is None else not answer.carried
        serial = isinstance(one, Serial) and isinstance(two, Serial)
        return serial and answer is not None and self._passed(first, second)

    def _spoils(self, first: Part, second: Part) -> bool:
        """Whether a loop around others would get a sum to carry, and could be no vector then. A
        loop around it may be the vector if what passes between the two is a register."""
        if first.depth == second.depth or (self.has_lanes_around and self._passed(first, second)):
            return False
        return self._sums(first) != self._sums(second)

    def _may_be_lanes(self, loop: For) -> bool:
        verdict = self.verdict(loop.index)
        return isinstance(verdict, Parallel) and _plain(verdict) and not verdict.reductions

    def _sums(self, part: Part) -> bool:
        verdicts = (self.verdict(loop.index) for loop in part.loops)
        return any(isinstance(each, Parallel) and each.reductions for each in verdicts)

    def _asked(self, first: Part, second: Part) -> bool:
        """Whether the analysis of whole loops proves what comparing accesses does not."""
        if self.before is None or self.questions >= _MOST_QUESTIONS:
            return False
        self.questions += 1
        loop = merged(first.loops + second.loops)
        return parallel_together(self.program, self.before, loop)

    def _worthwhile(self, first: Part, second: Part, sizes: Sizes) -> bool:
        """They share arrays; where the result is no perfect nest, local ones that may go away."""
        if self._passed(first, second):
            return True
        used = {touch.array for touch in first.touches}
        if not any(touch.array in used for touch in second.touches):
            return False
        return first.even and second.even and _alike(first.loop, second.loop, sizes)

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


def _join(group: _Group, other: _Group) -> None:
    """Add the loops of another group, by what they have in common."""
    assert group.part is not None
    assert other.part is not None
    group.members += other.members
    group.part = group.part.with_more(other.part)
    group.effects = group.part.effects


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


def _alike(one: For, other: For, sizes: Sizes) -> bool:
    """Whether perfect nests have the same domains."""
    first, second = nest_of(one), nest_of(other)
    if len(first) != len(second):
        return False
    domains = [(sizes.domain(a), sizes.domain(b)) for a, b in zip(first, second, strict=True)]
    return all(a is not None and a == b for a, b in domains)


def _plain(verdict: Parallel) -> bool:
    return verdict.guard is None and not any(each.array for each in verdict.reductions)


def _fits(first: Part, second: Part, local: set[str]) -> bool:
    touched = {touch.array for touch in (*first.touches, *second.touches)} - local
    operations = first.operations + second.operations
    return len(touched) <= MOST_ARRAYS and operations <= MOST_OPERATIONS
