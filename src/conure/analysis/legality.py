"""May loops be swapped, or cut into pieces? Answers `Yes` or a reason; nothing is changed here.

>>> from conure.analysis.parallel import judge_of
>>> from conure.ir.parse import parse
>>> judge = judge_of(parse('''program p(a: f64[2]C, n: int) {
...   for i in 1:n { for j in 0:n { a[i, j] = a[i - 1, j] } }
...   for k in 1:n { for m in 0:n - 1 { a[k, m] = a[k - 1, m + 1] } }
... }'''))
>>> may_interchange(judge, "i", "j")
Yes()
>>> may_interchange(judge, "k", "m").message
'a[k - 1, m + 1] would run before a[k, m], whose element it uses'
"""

from __future__ import annotations

from dataclasses import dataclass

from conure.analysis.access import Access, Loop, Survey
from conure.analysis.affine import Poly
from conure.analysis.book import Facts
from conure.analysis.cells import Cells, own_arrays
from conure.analysis.dependence import Pair, twins_of, unwrapped
from conure.analysis.entry import Entry
from conure.analysis.guards import TRUE
from conure.analysis.parallel import Judge
from conure.analysis.survey import survey
from conure.analysis.verdict import Parallel, subscripted
from conure.errors import Reason
from conure.ir.nodes import Alloc, Block, Leave, Program, Rebind, Reduction, Stmt
from conure.ir.ops import KEEPING
from conure.ir.walk import names_read, names_written, statements


@dataclass(frozen=True)
class Yes:
    """It may be done."""


Answer = Yes | Reason


def may_interchange(judge: Judge, outer: str, inner: str) -> Answer:
    """Whether a loop and the loop that is its whole body may swap places: no dependence goes
    forward in the one and backward in the other."""
    found = judge.found
    loops = [found.loops[outer], found.loops[inner]]
    refused = _shape(found, loops) or _scalars(judge, loops)
    if refused is not None:
        return refused
    cells = judge.cells
    groups = _groups(cells, loops[-1])
    overlap = cells.overlap(groups, loops[-1])
    if overlap is not None:
        return overlap.reason
    for array, accesses in groups.items():
        if array in own_arrays(loops[-1]) or not any(access.write for access in accesses):
            continue
        reason = _backwards(found, loops, accesses)
        if reason is not None:
            return reason
    return Yes()


def _groups(cells: Cells, loop: Loop) -> dict[str, list[Access]]:
    groups: dict[str, list[Access]] = {}
    for access in cells.inside(loop):
        groups.setdefault(access.array, []).append(access)
    return groups


def _shape(found: Survey, loops: list[Loop]) -> Reason | None:
    """Perfectly nested, with fixed bounds, left only at the end."""
    for outer, inner in zip(loops, loops[1:], strict=False):
        if outer.statement.body != (inner.statement,):
            return Reason(
                f"{inner.index} is not the whole body of {outer.index}", inner.statement.loc
            )
    for at, loop in enumerate(loops):
        bounds = (loop.start, loop.stop, loop.step)
        for outer in loops[:at]:
            if any(found.ranges.varies(a, outer.index) for poly in bounds for a in poly.atoms):
                message = f"the bounds of {loop.index} change with {outer.index}"
                return Reason(message, loop.statement.loc)
    inside = list(statements(loops[-1].statement.body))
    labels = {stmt.label for stmt in inside if isinstance(stmt, Block)}
    for stmt in inside:
        if isinstance(stmt, Rebind) or (isinstance(stmt, Leave) and stmt.label not in labels):
            return Reason("the loops may stop early, or exchange arrays", stmt.loc)
    return None


def _scalars(judge: Judge, loops: list[Loop]) -> Reason | None:
    """Scalars are private to the innermost body, or accumulated in a way that no order changes."""
    for loop in loops:
        fate = judge.scalars(loop)
        if not isinstance(fate, Parallel):
            return fate.reason
        for name in fate.last:
            same = judge.constant(name, loop.statement.body)
            if name in judge.live[loops[0].index] and not same:
                return Reason(f"{name} is needed after the loops", loop.statement.loc)
        for each in fate.reductions:
            if each.companions or not _orderless(each, judge):
                message = f"{each.name} keeps the first of equal values"
                return Reason(message, loop.statement.loc)
    return None


def _orderless(reduction: Reduction, judge: Judge) -> bool:
    """Whether its result stays in any order, but for the rounding of sums that may be reordered
    (those that may not are no reductions to the judge)."""
    if reduction.op in ("add", "mul", "last"):
        return True
    exact = not judge.types[reduction.name].is_inexact
    return exact and reduction.op not in KEEPING


def _backwards(found: Survey, loops: list[Loop], accesses: list[Access]) -> Reason | None:
    """A dependence that goes forward in one loop and backward in one inside it."""
    distinct = {(a.write, a.index, a.context.facts): a for a in accesses}
    views = [unwrapped(found, loops[0], access) for access in distinct.values()]
    for first, first_right in views:
        for second, second_right in views:
            if not (first.write or second.write):
                continue
            right = first_right == second_right == TRUE
            pair = Pair(found, loops[0], first, second, twins_of(found, loops[0]))
            if not right or not pair.never(_reversed(pair, loops)):
                message = (
                    f"{subscripted(second)} would run before {subscripted(first)}, "
                    "whose element it uses"
                )
                return Reason(message, second.loc)
    return None


def _reversed(pair: Pair, loops: list[Loop]) -> Facts:
    """The order that a swap would turn round: later in the outer loop, earlier in the inner."""
    outer, inner = loops
    return (_step(pair, outer) - 1, -_step(pair, inner) - 1)


def _step(pair: Pair, loop: Loop) -> Poly:
    """By how many iterations the second access is later in a loop (at least in sign)."""
    counter = Poly.atom(loop.counter)
    gap = pair.twins.poly(counter) - counter
    backward = loop.counts_itself and pair.found.ranges.sign(loop.step, loop.context.facts) == -1
    return -gap if backward else gap


# ---- distribution ----------------------------------------------------------------------------


def dependences(program: Program, index: str, found: Survey | None = None) -> list[set[int]]:
    """For each statement of a loop's body those that have to stay after it, by position, if each
    becomes a loop of its own."""
    found = found or survey(program)
    loop = found.loops[index]
    body = loop.statement.body
    if _leaves(body):
        return [{q for q in range(len(body)) if q != p} for p in range(len(body))]
    after = [set(each) for each in _scalar_edges(body)]
    cells = Cells(program, found, Entry(found))
    groups = _groups(cells, loop)
    joined = [tuple(sorted(groups))] if cells.overlap(groups, loop) else []
    depth = len(loop.path) + 1
    for array, accesses in groups.items():
        others = [a for names in joined if array in names for n in names for a in groups[n]]
        for first in accesses:
            for second in others or accesses:
                p, q = first.path[depth], second.path[depth]
                if p == q or q in after[p] or not (first.write or second.write):
                    continue
                if first.array != second.array or _before(found, loop, first, second):
                    after[p].add(q)
    return after


def _leaves(body: tuple[Stmt, ...]) -> bool:
    return any(isinstance(stmt, Leave | Rebind | Alloc) for stmt in statements(body))


def _scalar_edges(body: tuple[Stmt, ...]) -> list[set[int]]:
    """Statements that use a variable which one of them sets stay together."""
    uses = [names_read((stmt,)) | names_written((stmt,)) for stmt in body]
    sets = [names_written((stmt,)) for stmt in body]
    return [
        {q for q in range(len(body)) if q != p and (sets[p] & uses[q] or uses[p] & sets[q])}
        for p in range(len(body))
    ]


def _before(found: Survey, loop: Loop, first: Access, second: Access) -> bool:
    """Whether the first access may have to stay before the second: it is the earlier one in the
    text and they may meet in one iteration, or they may meet in a later one of the second."""
    views = [unwrapped(found, loop, access) for access in (first, second)]
    if any(right != TRUE for _, right in views):
        return True
    pair = Pair(found, loop, views[0][0], views[1][0], twins_of(found, loop))
    step = _step(pair, loop)
    depth = len(loop.path) + 1
    if first.path[depth] < second.path[depth] and not pair.never((step, -step)):
        return True
    return not pair.never((step - 1,))
