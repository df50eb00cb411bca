"""Which loops should change places with the loop that is their whole body, and when to keep that.

1. The loop along which memory is walked in order goes inside (memory order; Carr and McKinley).
2. Of two loops the parallel one goes outside, if it can be cut into panels that walk memory in
   order: the cores then meet once, not in each iteration of the other loop.

    >>> from conure.analysis.parallel import judge_all
    >>> from conure.ir.parse import parse
    >>> program = parse('''program p(a: f64[2]C, n: int) {
    ...   for j in 0:n { for i in 0:n { a[i, j] = 1.0:f64 } }
    ...   for r in 1:n { for c in 0:n { a[r, c] = a[r - 1, c] } }
    ... }''')
    >>> list(swaps(program, judge_all(program)))
    [Swap(outer='j', inner='i', freed=False), Swap(outer='r', inner='c', freed=True)]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from conure.analysis.verdict import Parallel, Verdict
from conure.ir.nodes import Alloc, Const, For, Leave, Load, Program, Rebind, Stmt, While
from conure.ir.ops import integer
from conure.ir.walk import names_read, names_written, statements, walk
from conure.record import Record
from conure.schedule.stride import Strides

NARROW: Final = 64  # iterations that are known not to fill a panel


class Swap(Record):
    """A loop and the loop that is its whole body; `freed`: worth it only if the inner one is then
    parallel, with nothing carried out of it but memory."""

    outer: str
    inner: str
    freed: bool


def swaps(program: Program, verdicts: Mapping[str, Verdict]) -> Iterator[Swap]:
    """Loops that should change places, outermost first, if it is legal."""
    strides = Strides(program)
    for loop in statements(program):
        inner = only_loop(loop)
        if not isinstance(loop, For) or inner is None or not _may_swap(loop, inner):
            continue
        outside, inside = free(verdicts.get(loop.index)), free(verdicts.get(inner.index))
        if outside and not inside:
            continue  # it is best where it is, and cut into panels if it walks memory in order
        along, across = strides.jumps(inner, loop), strides.jumps(inner, inner)
        if along < across and not _sums(loop, verdicts) and not _sums(inner, verdicts):
            yield Swap(loop.index, inner.index, False)
        elif inside and not outside and panel_of(inner, strides, across < along):
            yield Swap(loop.index, inner.index, True)


def _may_swap(loop: For, inner: For) -> bool:
    bounds = (loop.start, loop.stop, loop.step, inner.start, inner.stop, inner.step)
    changed = names_written(loop.body) | {loop.index}
    if any(isinstance(node, Load) for node in walk(bounds)):
        return False
    if not names_read(bounds).isdisjoint(changed):
        return False
    return not any(isinstance(s, Leave | Rebind | Alloc | While) for s in statements(loop.body))


def _sums(loop: For, verdicts: Mapping[str, Verdict]) -> bool:
    """Whether it accumulates in arrays; `passes/sink.py` has put it where it belongs."""
    verdict = verdicts.get(loop.index)
    return isinstance(verdict, Parallel) and any(each.array for each in verdict.reductions)


def only_loop(stmt: Stmt) -> For | None:
    """The loop that is all of a loop's body."""
    if isinstance(stmt, For) and len(stmt.body) == 1 and isinstance(stmt.body[0], For):
        return stmt.body[0]
    return None


def free(verdict: Verdict | None) -> bool:
    """Parallel without condition, and nothing is carried out of the loop but memory."""
    return isinstance(verdict, Parallel) and not (
        verdict.guard or verdict.reductions or verdict.last
    )


def panel_of(loop: For, strides: Strides, better: bool) -> bool:
    """Whether a parallel loop may become panels: it is to be innermost, and is wide enough."""
    return better and loop.step == integer(1) and trips(loop) > NARROW and innermost(loop)


def innermost(loop: For) -> bool:
    """Whether the loop holds no other one."""
    return not any(isinstance(stmt, For | While) for stmt in statements(loop.body))


def trips(loop: For) -> float:
    """How many iterations there are, where that is a number."""
    bounds = (loop.start, loop.stop, loop.step)
    values = [b.value for b in bounds if isinstance(b, Const) and isinstance(b.value, int)]
    if len(values) < 3:
        return float("inf")
    start, stop, step = values
    return len(range(int(start), int(stop), int(step)))
