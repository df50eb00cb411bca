"""What a survey holds: loops with their bounds, accesses with their subscripts, as polynomials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from conure.analysis import symbolic
from conure.analysis.affine import Poly
from conure.analysis.book import Facts
from conure.analysis.symbolic import Context, Setting
from conure.errors import Loc
from conure.ir.nodes import Apply, Dim, Expr, For, Program, Var
from conure.ir.types import INT
from conure.ir.walk import operands

Path = tuple[int, ...]
"""Where a statement is: its position in the program, then (list, position) inside that, ..."""


@dataclass(frozen=True, eq=False)
class Loop:
    """A `for` with its bounds in terms of what is known where it starts."""

    statement: For
    path: Path
    start: Poly
    stop: Poly
    step: Poly
    counter: Var  # the index, or the number of the iteration (see `Progress.count`)
    turns: Poly | None  # how many iterations, unless that is negative; None: no polynomial
    context: Context  # where the loop is reached
    inner: Context  # where its body begins

    @property
    def index(self) -> str:
        return self.statement.index

    @property
    def counts_itself(self) -> bool:
        """Whether the counter is the index."""
        return self.counter.name == self.index

    @property
    def is_stepwise(self) -> bool:
        """Whether one iteration adds 1 to the counter, or takes 1 from it."""
        return not self.counts_itself or self.step.constant in (1, -1)


@dataclass(frozen=True, eq=False)
class Access:
    """One load or store of an array element."""

    array: str
    index: tuple[Poly, ...]
    subscript: tuple[Expr, ...]  # as the program has it
    write: bool
    checked: bool
    context: Context
    path: Path
    loc: Loc

    def at(self, index: tuple[Poly, ...]) -> Access:
        """The access with its subscripts seen in another way."""
        return replace(self, index=index)


@dataclass(kw_only=True)
class Survey(Setting):
    """What the walk found; `contexts` has one entry for every statement."""

    program: Program
    loops: dict[str, Loop] = field(default_factory=dict)
    accesses: list[Access] = field(default_factory=list)
    contexts: dict[Path, Context] = field(default_factory=dict)
    heads: dict[Path, Context] = field(default_factory=dict)  # where a `while` tests its condition
    twins: dict[str, object] = field(default_factory=dict)  # kept by `dependence`
    questions: int = 0  # asked of isl so far, kept by `dependence`

    def poly(self, expr: Expr, context: Context) -> Poly:
        """The value of an `int` expression where it is evaluated."""
        return symbolic.value(expr, context, self)

    def facts(self, condition: Expr, context: Context, holds: bool = True) -> Facts:
        """What a condition tells where it holds, or does not."""
        return symbolic.conditions(condition, context, self, holds)

    def extent(self, array: str, axis: int, context: Context) -> Poly:
        """The extent of an array's axis."""
        return symbolic.value(Dim(array, axis, INT), context, self)


def visited(expr: Expr, context: Context, found: Survey) -> Iterator[tuple[Expr, Context]]:
    """Every expression inside, with what is known when it is evaluated (`x and y` evaluates y
    only if x holds); operands first."""
    if isinstance(expr, Apply) and expr.op in ("and", "or", "select"):
        condition, *rest = expr.args
        yield from visited(condition, context, found)
        for at, operand in enumerate(rest):
            holds = at == 0 if expr.op == "select" else expr.op == "and"
            inner = context.knowing(found.facts(condition, context, holds), sure=False)
            yield from visited(operand, inner, found)
    else:
        for operand in operands(expr):
            yield from visited(operand, context, found)
    yield expr, context
