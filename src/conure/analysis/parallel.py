"""Which loops may run their iterations in any order, and if not, why not.

>>> from conure.ir.parse import parse
>>> program = parse('''program p(a: f64[1]C, s: float, n: int) {
...   local t: f64
...   for i in 0:n:1 { t = a[i]
...     a[i] = t * t }
...   for j in 1:n:1 { a[j] = a[j - 1] }
... }''')
>>> verdicts = judge_all(program)
>>> verdicts["i"]
Parallel(guard=None, reductions=(), private=('t',), last=())
>>> print(verdicts["j"].reason.message)
a[j - 1] reads in a later iteration what a[j] wrote 1 iteration before
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from conure.analysis import reduction as reductions
from conure.analysis.access import Loop, Survey
from conure.analysis.cells import Cells, own_arrays
from conure.analysis.entry import Entry
from conure.analysis.scalars import Flow, Names, flow, live_after
from conure.analysis.survey import survey
from conure.analysis.verdict import Parallel, Serial, Verdict, place, spoken
from conure.errors import Reason
from conure.ir.nodes import (
    Assign,
    Block,
    Const,
    Leave,
    Program,
    Rebind,
    Reduction,
    Stmt,
)
from conure.ir.ops import KEEPING
from conure.ir.types import Scalar
from conure.ir.walk import names_written, statements


def judge_all(program: Program, exact: bool = False, keeping: bool = True) -> dict[str, Verdict]:
    """The verdict on every `for`, by its index. `exact`: real sums keep their order. `keeping`:
    reductions by `ir.ops.KEEPING` may be answered."""
    return judge_of(program, exact, keeping).all()


def judge_of(program: Program, exact: bool = False, keeping: bool = True) -> Judge:
    """One who answers for each loop when asked."""
    return Judge(program, survey(program), exact, keeping)


def judge(program: Program, index: str, exact: bool = False) -> Verdict:
    """The verdict on one `for`."""
    return Judge(program, survey(program), exact).verdict(index)


@dataclass
class Judge:
    """Judges the loops of one program."""

    program: Program
    found: Survey
    exact: bool = False
    keeping: bool = True
    live: dict[str, Names] = field(default_factory=dict)
    types: dict[str, Scalar] = field(default_factory=dict)
    given: dict[str, Verdict] = field(default_factory=dict)
    cells: Cells = field(init=False)

    def __post_init__(self) -> None:
        self.cells = Cells(self.program, self.found, Entry(self.found), self.exact)
        self.live = live_after(self.program)
        self.types = {local.name: local.type for local in self.program.locals}
        for param in self.program.params:
            if isinstance(param.type, Scalar):
                self.types[param.name] = param.type

    def all(self) -> dict[str, Verdict]:
        """The verdict on every `for`."""
        return {index: self.verdict(index) for index in self.found.loops}

    def verdict(self, index: str) -> Verdict:
        """Whether the iterations of a loop may run in any order."""
        if index not in self.given:
            self.given[index] = self._verdict(self.found.loops[index])
        return self.given[index]

    def _verdict(self, loop: Loop) -> Verdict:
        refused = self.control(loop)
        if refused is not None:
            return refused
        scalars = self.scalars(loop)
        if isinstance(scalars, Serial):
            return scalars
        arrays = self.cells.arrays(loop)
        if isinstance(arrays, Serial):
            return arrays
        guard, accumulated = arrays
        return Parallel(
            self.cells.entry.guard(guard, loop),
            scalars.reductions + accumulated,
            scalars.private + own_arrays(loop),
            scalars.last,
        )

    # ---- control ---------------------------------------------------------------------------

    def control(self, loop: Loop) -> Serial | None:
        """What leaves the loop, or exchanges arrays, orders its iterations."""
        inside = list(statements(loop.statement.body))
        labels = {stmt.label for stmt in inside if isinstance(stmt, Block)}
        for stmt in inside:
            if isinstance(stmt, Leave) and stmt.label not in labels:
                message = (
                    "the loop may stop early: whether an iteration runs depends on those before"
                )
                return Serial(Reason(message, place(stmt.loc, loop)), "control")
            if isinstance(stmt, Rebind):
                message = (
                    f"each iteration exchanges the arrays {', '.join(map(spoken, stmt.names))}"
                )
                return Serial(Reason(message, place(stmt.loc, loop)), "control")
        return None

    # ---- scalars ---------------------------------------------------------------------------

    def scalars(self, loop: Loop) -> Parallel | Serial:
        """What becomes of each variable that the loop assigns."""
        body = loop.statement.body
        needs = flow(body)
        private: list[str] = []
        last: list[str] = []
        found: list[Reduction] = []
        for name in sorted(names_written(body)):
            fate = self.scalar(name, loop, needs)
            if isinstance(fate, Serial):
                return fate
            if isinstance(fate, Reduction):
                found.append(fate)
                continue
            private.append(name)
            if fate == "last":
                last.append(name)
        return self.joined(found, loop) or Parallel(
            None, reductions.joined(found), tuple(private), tuple(last)
        )

    def joined(self, found: list[Reduction], loop: Loop) -> Serial | None:
        """A companion needs the reduction that it goes with."""
        kept = {each.name for each in found if not each.companions and each.op != "last"}
        for each in found:
            for name in each.companions:
                if each.name not in kept or not self.keeping:
                    return self.only_some(name, loop)
        return None

    def only_some(self, name: str, loop: Loop) -> Serial:
        message = f"{spoken(name)} is needed after the loop, and only some iterations set it"
        hint = f"set {spoken(name)} in every iteration, or before the loop only"
        return self.refuse(name, message, loop, hint)

    def scalar(self, name: str, loop: Loop, needs: Flow) -> Serial | Reduction | str:
        body = loop.statement.body
        if name not in needs.exposed:
            if name not in self.live[loop.index]:
                return "private"
            if name in needs.assigned:
                return "last"
            if self.constant(name, body):
                return Reduction(name, "last")
            return reductions.companion(name, body) or self.only_some(name, loop)
        found = reductions.scalar_reduction(name, body)
        if found is None:
            if self.constant(name, body):
                return Reduction(name, "last")
            message = f"{spoken(name)} is carried from one iteration to the next"
            return self.refuse(name, message, loop, "")
        if found.op in KEEPING and not self.keeping:
            message = f"{spoken(name)} keeps one of the values it is compared with"
            function = "minimum" if found.op.startswith("less") else "maximum"
            return self.refuse(name, message, loop, f"use np.{function}")
        if self.exact and reductions.reorders(found, self.types[name]):
            message = (
                f'{spoken(name)} accumulates rounded values, whose order float_order="exact" keeps'
            )
            return self.refuse(name, message, loop, 'use float_order="tree"')
        return found

    def constant(self, name: str, body: tuple[Stmt, ...]) -> bool:
        """Every assignment writes the same constant, and the loop does not read the variable."""
        values = {s.value for s in statements(body) if isinstance(s, Assign) and s.name == name}
        only = next(iter(values)) if len(values) == 1 else None
        return isinstance(only, Const) and not reductions.mentioned(name, body)

    def refuse(self, name: str, message: str, loop: Loop, hint: str) -> Serial:
        inside = statements(loop.statement.body)
        where = next(s for s in inside if isinstance(s, Assign) and s.name == name)
        return Serial(Reason(message, place(where.loc, loop), hint), "scalar")


class Verdicts(Mapping[str, Verdict]):
    """The verdicts of a judge, each found when it is first asked for."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def __getitem__(self, index: str) -> Verdict:
        return self._judge.verdict(index)

    def __iter__(self) -> Iterator[str]:
        return iter(self._judge.found.loops)

    def __len__(self) -> int:
        return len(self._judge.found.loops)


__all__ = ["Judge", "Parallel", "Serial", "Verdict", "Verdicts", "judge", "judge_all", "judge_of"]
