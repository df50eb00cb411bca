"""Make several loops of a serial one, so that some of them are parallel (Allen and Kennedy, 1987).

    for i in 1:n:1 {                       for i in 1:n:1 { a[i] = a[i] + b[i]
      a[i] = a[i] + b[i]         -->                        d[i] = a[i] }
      e[i] = e[i - 1] * e[i]               for i.1 in 1:n:1 { e[i.1] = e[i.1 - 1] * e[i.1] }
      d[i] = a[i]
    }

The statements that depend on each other in a circle stay together; of the rest, those that run in
parallel are gathered in as few loops as their order allows. A scalar that one statement sets
and others read is computed again in each loop that reads it, if that is cheap and the same there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from conure.analysis.footprint import cost
from conure.analysis.legality import dependences
from conure.analysis.parallel import Judge
from conure.analysis.scalars import flow, live_after
from conure.analysis.survey import survey
from conure.analysis.verdict import Parallel, Serial, Verdict
from conure.ir.nodes import (
    Alloc,
    Assign,
    Const,
    Expr,
    For,
    If,
    Leave,
    Load,
    Program,
    Rebind,
    Stmt,
    Store,
    Var,
    While,
)
from conure.ir.rules import can_fail
from conure.ir.types import BOOL
from conure.ir.walk import (
    arrays_read,
    arrays_written,
    map_statements,
    names_read,
    names_written,
    statements,
    substitute,
    walk,
)
from conure.passes.binders import Names, with_fresh_binders
from conure.passes.loosen import loosen

Group = list[int]
_Uses = tuple[set[str], set[str], bool]
_CHEAP: Final = 16.0  # additions that are rather done twice than kept in an array
_SHARE: Final = 0.2  # the least part of the work that is worth another loop
_TURNS: Final = 100
_TRIES: Final = 4  # loops, each of which takes a look at all of the program ...
_LARGE: Final = 240  # ... fewer of a program that has more than a fourth of so many statements


def distribute(program: Program, verdicts: Mapping[str, Verdict], exact: bool) -> Program:
    """Distribute the loops where that pays; the verdicts hold for the program as given."""
    tries = min(_TRIES, _LARGE // max(len(list(statements(program))), 1))
    for loop in list(_candidates(program.body, verdicts))[:tries]:
        if any(stmt is loop for stmt in statements(program)):
            program = _distributed(program, loop, exact) or program
    return program


def _candidates(stmts: Sequence[Stmt], verdicts: Mapping[str, Verdict]) -> Iterator[For]:
    """Serial loops of several statements, in no parallel loop, with bounds that stay."""
    for stmt in stmts:
        if isinstance(stmt, For):
            verdict = verdicts.get(stmt.index)
            if isinstance(verdict, Parallel) and verdict.guard is None:
                continue
            if isinstance(verdict, Serial) and verdict.kind != "control" and _suits(stmt):
                yield stmt
        for child in _inside(stmt):
            yield from _candidates(child, verdicts)


def _inside(stmt: Stmt) -> Iterator[tuple[Stmt, ...]]:
    if isinstance(stmt, If):
        yield from (stmt.then, stmt.orelse)
    elif hasattr(stmt, "body"):
        yield stmt.body


def _suits(loop: For) -> bool:
    if len(loop.body) < 2 and not isinstance(loop.body[0], If):
        return False
    bounds = (loop.start, loop.stop, loop.step)
    if any(isinstance(node, Load) for node in walk(bounds)):
        return False
    if not names_read(bounds).isdisjoint(names_written(loop.body)):
        return False
    return not any(isinstance(s, Leave | Rebind | Alloc) for s in statements(loop.body))


def _distributed(program: Program, loop: For, exact: bool) -> Program | None:
    """The program with this loop distributed, perhaps loosened first, if a part worth it becomes
    parallel."""
    made = _in_parts(program, loop, exact) if len(loop.body) > 1 else None
    names = Names(program)
    if made is None and (loose := loosen(loop, names)) != loop:
        made = _in_parts(_with_loop(program, loose, names), loose, exact)
    return made


def _in_parts(program: Program, loop: For, exact: bool) -> Program | None:
    repeated = _Repeated(program, loop)
    if _tied(repeated.whole()):
        return None
    after = dependences(repeated.program((repeated.whole(),)), loop.index)
    groups = _groups(after)
    if len(groups) < 2:
        return None
    free = repeated.free(groups, exact)
    if not repeated.worth([group for group, each in zip(groups, free, strict=True) if each]):
        return None
    batches = min((_batches(after, groups, free, first) for first in (True, False)), key=len)
    merged = [sorted(p for at in batch for p in groups[at]) for batch in batches]
    still = free if merged == groups else repeated.free(merged, exact)
    chosen: list[Group] = []
    for batch, together, parallel in zip(batches, merged, still, strict=True):
        apart = free[batch[0]] and not parallel
        chosen += [groups[at] for at in batch] if apart else [together]
    return repeated.program(repeated.loops(chosen))


def _with_loop(program: Program, loop: For, names: Names) -> Program:
    """The program with another form of a loop."""

    def change(stmt: Stmt) -> Stmt:
        return loop if isinstance(stmt, For) and stmt.index == loop.index else stmt

    body = map_statements(program.body, change)
    return replace(program, body=body, locals=(*program.locals, *names.new))


def _tied(loop: For) -> bool:
    """Whether it is plain that all statements that write arrays depend on each other: they share
    variables, or arrays one of them writes, at elements that are the same in each iteration."""
    reached: list[_Uses] = []
    left = [_uses(stmt, loop.index) for stmt in loop.body]
    joined = [each for each in left if each[2]][:1]
    while joined:
        reached += joined
        left = [each for each in left if not any(each is other for other in reached)]
        joined = [a for a in left if any(a[0] & b[1] or a[1] & b[0] for b in reached)]
    return not any(writes for _, _, writes in left)


def _uses(stmt: Stmt, index: str) -> _Uses:
    """The variables and unmoving arrays it sets, those it uses, and whether it writes arrays."""
    moving = {n.array for n in walk(stmt) if isinstance(n, Load | Store) and _moves(n, index)}
    written = arrays_written(stmt)
    sets = names_written(stmt) | (written - moving)
    return sets, sets | names_read(stmt) | (arrays_read(stmt) - moving), bool(written)


def _moves(access: Load | Store, index: str) -> bool:
    """Whether an access may be to another element in each iteration."""
    parts = list(walk(access.index))
    return any(isinstance(n, Load) or (isinstance(n, Var) and n.name == index) for n in parts)


# ---- groups ----------------------------------------------------------------------------------


def _groups(after: list[set[int]]) -> list[Group]:
    """The statements that depend on each other in a circle, in the order of the text."""
    count = len(after)
    reach = [set(each) | {at} for at, each in enumerate(after)]
    for through in range(count):
        for at in range(count):
            if through in reach[at]:
                reach[at] |= reach[through]
    circles = [[q for q in range(count) if q in reach[p] and p in reach[q]] for p in range(count)]
    return [circle for at, circle in enumerate(circles) if circle[0] == at]


def _batches(
    after: list[set[int]], groups: list[Group], free: list[bool], first: bool
) -> list[list[int]]:
    """The groups in an order that may be, parallel ones and serial ones together as far as that
    goes (typed fusion; Kennedy and McKinley, 1993)."""
    home = {p: at for at, group in enumerate(groups) for p in group}
    before: list[set[int]] = [set() for _ in groups]
    for p, others in enumerate(after):
        for q in others:
            if home[p] != home[q]:
                before[home[q]].add(home[p])
    left, done, kind = list(range(len(groups))), set[int](), first
    batches: list[list[int]] = []
    while left:
        batch: list[int] = []
        while ready := [at for at in left if free[at] is kind and before[at] <= done]:
            batch.append(ready[0])
            left.remove(ready[0])
            done.add(ready[0])
        if batch:
            batches.append(batch)
        kind = not kind
    return batches


# ---- the loop in parts -------------------------------------------------------------------------


class _Repeated:
    """A loop whose cheap scalars are computed where they are read: as a list of statements, each
    after the scalars that it needs."""

    def __init__(self, program: Program, loop: For) -> None:
        self.before, self.loop, self.names = program, loop, Names(program)
        cheap = _cheap(program, loop)
        gone = _gone(loop, cheap.keys() - live_after(program)[loop.index])
        self.body: list[tuple[Stmt, ...]] = []
        for stmt in loop.body:
            if not (isinstance(stmt, Assign) and stmt.name in gone):
                self.body.append(self._with_scalars(stmt, cheap))

    def _with_scalars(self, stmt: Stmt, cheap: Mapping[str, Assign]) -> tuple[Stmt, ...]:
        made: list[Stmt] = []
        here: dict[str, Expr] = {}

        def make(wanted: set[str]) -> None:
            for name in sorted(wanted & cheap.keys() - here.keys()):
                source = cheap[name]
                make(names_read(source.value))
                own = self.names.local(name, source.value.type)
                made.append(replace(source, name=own, value=substitute(source.value, here)))
                here[name] = Var(own, source.value.type)

        make(names_read(stmt))
        return (*made, substitute(stmt, here))

    def whole(self) -> For:
        """The loop with one statement for each that is to stay in one piece."""
        pieces = (s[0] if len(s) == 1 else If(Const(True, BOOL), s) for s in self.body)
        return replace(self.loop, body=tuple(pieces))

    def loops(self, groups: list[Group]) -> tuple[For, ...]:
        """A loop for each group; the first keeps the name of the index."""
        made = []
        for number, group in enumerate(groups):
            body = tuple(stmt for at in group for stmt in self.body[at])
            part = replace(self.loop, body=body)
            made.append(with_fresh_binders(part, self.names) if number else part)
        return tuple(made)

    def program(self, loops: tuple[For, ...]) -> Program:
        """The program with these loops in place of the one."""

        def change(stmt: Stmt) -> Stmt | tuple[Stmt, ...]:
            same = isinstance(stmt, For) and stmt.index == self.loop.index
            return loops if same else stmt

        body = map_statements(self.before.body, change)
        return replace(self.before, body=body, locals=(*self.before.locals, *self.names.new))

    def free(self, groups: list[Group], exact: bool) -> list[bool]:
        """Which of the groups, each as a loop of its own, are parallel."""
        loops = self.loops(groups)
        made = self.program(loops)
        judge = Judge(made, survey(made), exact)
        verdicts = [judge.verdict(loop.index) for loop in loops]
        return [isinstance(each, Parallel) and each.guard is None for each in verdicts]

    def worth(self, free: list[Group]) -> bool:
        """Whether these do enough of the work, and more than set scalars."""
        chosen = tuple(stmt for group in free for at in group for stmt in self.body[at])
        lasting = any(isinstance(stmt, Store) for stmt in statements(chosen))
        everything = tuple(stmt for each in self.body for stmt in each)
        return lasting and _work(chosen) >= _SHARE * _work(everything)


def _work(stmts: tuple[Stmt, ...]) -> float:
    """Additions, where each inner loop has many turns."""
    inner = (stmt.body for stmt in statements(stmts) if isinstance(stmt, For | While))
    return cost(stmts) + _TURNS * sum(map(cost, inner))


def _gone(loop: For, dead: set[str]) -> set[str]:
    """Of the cheap scalars that are dead after the loop, those whose statements may go: they are
    computed where they are read, or nobody reads them and they cannot fail."""
    gone: set[str] = set()
    read: set[str] = set()
    for stmt in reversed(loop.body):
        if isinstance(stmt, Assign) and stmt.name in dead:
            if stmt.name in read:
                gone.add(stmt.name)
            elif not can_fail(stmt.value):
                gone.add(stmt.name)
                continue
        read |= names_read(stmt)
    return gone


def _cheap(program: Program, loop: For) -> dict[str, Assign]:
    """Scalars that are set once, in every iteration before they are read, from what no later
    statement of the body changes."""
    exposed = flow(loop.body).exposed
    sets = Counter(s.name for s in statements(loop.body) if isinstance(s, Assign))
    found: dict[str, Assign] = {}
    for at, stmt in enumerate(loop.body):
        if not isinstance(stmt, Assign) or sets[stmt.name] > 1 or stmt.name in exposed:
            continue
        later = loop.body[at + 1 :]
        arrays = set(arrays_written(later))
        arrays |= {name for pair in program.overlaps if arrays & set(pair) for name in pair}
        steady = arrays.isdisjoint(arrays_read(stmt)) and names_written(later).isdisjoint(
            names_read(stmt)
        )
        if steady and cost((stmt,)) <= _CHEAP:
            found[stmt.name] = stmt
    return found
