"""Which scalars an iteration reads before it sets them, and which are read after a loop.

>>> body = (Assign("t", Load("a", (Var("i", INT),), F64)),
...         If(Apply("less", (Var("t", F64), Var("m", F64)), B1), (Assign("m", Var("t", F64)),)))
>>> flow(body).exposed & {"t", "m"}, flow(body).assigned
(frozenset({'m'}), frozenset({'t'}))
"""

from __future__ import annotations

from dataclasses import dataclass, field

from conure.ir.nodes import (
    Apply,  # noqa: F401 - a name of the doctest above
    Assign,
    Block,
    Const,
    Expr,
    Fail,
    For,
    If,
    Leave,
    Load,  # noqa: F401 - a name of the doctest above
    Program,
    Stmt,
    Var,
    While,
)
from conure.ir.types import B1, F64, INT  # noqa: F401 - names of the doctest above
from conure.ir.walk import expressions, statements, walk
from conure.record import Record

Names = frozenset[str]
_EMPTY: Names = frozenset()


class Flow(Record):
    """`exposed`: read, on some path, before they are assigned; `assigned`: on every path."""

    exposed: Names
    assigned: Names


def flow(body: tuple[Stmt, ...]) -> Flow:
    """What one run of a list of statements needs from before it, and surely sets."""
    walker = _Forward()
    end = walker.list(body, _EMPTY)
    everything = frozenset(s.name for s in statements(body) if isinstance(s, Assign))
    return Flow(frozenset(walker.exposed), everything if end is None else end)


def reads(*exprs: Expr) -> Names:
    """The variables that expressions read."""
    return frozenset(node.name for node in walk(exprs) if isinstance(node, Var))


def runs(loop: For) -> bool:
    """Whether a loop surely has an iteration."""
    match loop.start, loop.stop, loop.step:
        case Const(value=int(low)), Const(value=int(high)), Const(value=int(step)):
            return low < high if step > 0 else low > high
        case _:
            return False


@dataclass
class _Forward:
    """Sets of assigned names along each path; None where no path comes."""

    exposed: set[str] = field(default_factory=set)
    exits: dict[str, list[Names]] = field(default_factory=dict)

    def list(self, stmts: tuple[Stmt, ...], assigned: Names | None) -> Names | None:
        for stmt in stmts:
            if assigned is None:
                return None
            self.exposed |= reads(*expressions(stmt)) - assigned
            assigned = self.statement(stmt, assigned)
        return assigned

    def statement(self, stmt: Stmt, assigned: Names) -> Names | None:
        match stmt:
            case Assign():
                return assigned | {stmt.name}
            case For():
                end = self.list(stmt.body, assigned)
                return end if runs(stmt) else assigned
            case While():
                self.list(stmt.body, assigned)
                return assigned
            case If():
                return _join([self.list(stmt.then, assigned), self.list(stmt.orelse, assigned)])
            case Block():
                self.exits[stmt.label] = []
                end = self.list(stmt.body, assigned)
                return _join([end, *self.exits.pop(stmt.label)])
            case Leave():
                if stmt.label in self.exits:
                    self.exits[stmt.label].append(assigned)
                return None
            case Fail():
                return None
            case _:
                return assigned


def _join(paths: list[Names | None]) -> Names | None:
    reached = [path for path in paths if path is not None]
    return frozenset.intersection(*reached) if reached else None


def live_after(program: Program) -> dict[str, Names]:
    """For each `for`, by its index: the variables whose value is read after it."""
    backward = _Backward()
    results = {r.name for r in program.results} | {r.kind for r in program.results if r.kind}
    results |= {r.bound for r in program.results if r.bound}
    backward.list(program.body, frozenset(results))
    return backward.after


@dataclass
class _Backward:
    after: dict[str, Names] = field(default_factory=dict)
    labels: dict[str, Names] = field(default_factory=dict)

    def list(self, stmts: tuple[Stmt, ...], live: Names) -> Names:
        for stmt in reversed(stmts):
            live = self.statement(stmt, live)
        return live

    def statement(self, stmt: Stmt, live: Names) -> Names:
        used = reads(*expressions(stmt))
        match stmt:
            case Assign():
                return (live - {stmt.name}) | used
            case For():
                self.after[stmt.index] = live
                return self.list(stmt.body, live | flow(stmt.body).exposed) | live | used
            case While():
                turning = live | used | flow(stmt.body).exposed
                return self.list(stmt.body, turning) | turning
            case If():
                return self.list(stmt.then, live) | self.list(stmt.orelse, live) | used
            case Block():
                self.labels[stmt.label] = live
                return self.list(stmt.body, live)
            case Leave():
                return self.labels.get(stmt.label, live)
            case Fail():
                return _EMPTY
            case _:
                return live | used
