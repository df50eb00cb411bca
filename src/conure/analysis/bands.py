"""Local arrays that one nest fills row by row, and a later one reads a few rows around its own.

>>> from conure.analysis.parallel import judge_of
>>> from conure.ir.parse import parse
>>> program = parse('''program p(x: f64[2]C, out: f64[2]C, n: int, m: int) {
...   t = alloc f64[n + 2, m]
...   for i in 0:n + 2 { for j in 0:m { t[i, j] = x[i, j] * 2.0:f64 } }
...   for k in 0:n { for l in 0:m { out[k, l] = t[k + 2, l] - t[k, l] } }
... }''')
>>> found = banded(program.body, 2, Overlaps(program), judge_of(program).verdict)
>>> found.producer, [(each.name, each.low, each.high) for each in found.arrays]
(1, [('t', 0, 2)])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from conure.analysis.fusion import Overlaps
from conure.analysis.ranges import as_poly
from conure.analysis.verdict import Parallel, Verdict
from conure.ir.nodes import (
    Alloc,
    Apply,
    Assign,
    Dim,
    Expr,
    For,
    If,
    Load,
    Stmt,
    Store,
    Var,
)
from conure.ir.ops import integer
from conure.ir.types import INT
from conure.ir.walk import names_read, statements, walk
from conure.record import Record


class Band(Record):
    """A local array: where it is allocated, and which rows around its own an iteration reads."""

    name: str
    alloc: int
    low: int
    high: int


class Banded(Record):
    """Two nests of a list: the first fills the arrays and does nothing else, only the second
    reads them."""

    producer: int
    consumer: int
    arrays: tuple[Band, ...]


def banded(
    stmts: Sequence[Stmt], at: int, overlaps: Overlaps, verdict: Callable[[str], Verdict]
) -> Banded | None:
    """The arrays that the loop at a position reads, if the loop that fills them could do so for a
    band of rows at a time, together with it."""
    consumer = stmts[at]
    if not isinstance(consumer, For) or not _plain(consumer, verdict):
        return None
    for before in range(at - 1, -1, -1):
        producer = stmts[before]
        if not isinstance(producer, For) or not _plain(producer, verdict):
            continue
        names = {s.array for s in statements(producer) if isinstance(s, Store)}
        if not names or not names <= overlaps.effects(consumer).reads:
            continue
        bands = [_band(stmts, before, at, name) for name in sorted(names)]
        if None not in bands and _may_move(stmts, before, at, overlaps):
            return Banded(before, at, tuple(band for band in bands if band is not None))
    return None


def _plain(loop: For, verdict: Callable[[str], Verdict]) -> bool:
    """Parallel in any case, from 0 on, and nothing in it fails or is more than loops and stores."""
    given = verdict(loop.index)
    if not isinstance(given, Parallel) or given.guard or given.reductions or given.last:
        return False
    inside = statements(loop.body)
    if not all(isinstance(stmt, For | Assign | Store | If) for stmt in inside):
        return False
    checked = any(isinstance(n, Load | Store | Apply) and n.checked for n in walk(loop.body))
    return not checked and loop.start == integer(0) and loop.step == integer(1)


def _band(stmts: Sequence[Stmt], producer: int, consumer: int, name: str) -> Band | None:
    """How an array passes between two loops of a list, if nobody else uses it."""
    allocs = [k for k in range(producer) if _allocates(stmts[k], name)]
    if len(allocs) != 1:
        return None
    for place, stmt in enumerate(stmts):
        if place not in (producer, consumer) and any(_uses(node, name) for node in walk(stmt)):
            return None
    first, second = stmts[producer], stmts[consumer]
    assert isinstance(first, For) and isinstance(second, For)
    own = _rows(first, name)
    rows = _rows(second, name)
    stored = any(isinstance(s, Store) and s.array == name for s in statements(second))
    if own != {0} or not rows or min(rows) < 0 or stored:
        return None
    return Band(name, allocs[0], min(rows), max(rows))


def _allocates(stmt: Stmt, name: str) -> bool:
    return isinstance(stmt, Alloc) and stmt.name == name


def _uses(node: Expr | Stmt, name: str) -> bool:
    return isinstance(node, Load | Store | Dim) and node.array == name


def _rows(loop: For, name: str) -> set[int]:
    """The rows that a loop touches, counted from its index; empty if they are not so."""
    found: set[int] = set()
    index = as_poly(Var(loop.index, INT))
    for node in walk(loop):
        if isinstance(node, Dim) and node.array == name:
            return set()
        if isinstance(node, Load | Store) and node.array == name:
            gap = (as_poly(node.index[0]) - index).constant
            if gap is None:
                return set()
            found.add(gap)
    return found


def _may_move(stmts: Sequence[Stmt], producer: int, consumer: int, overlaps: Overlaps) -> bool:
    """Whether the first loop may run together with the second, and the arrays be allocated
    there."""
    effects = overlaps.effects(stmts[producer])
    for stmt in stmts[producer + 1 : consumer + 1]:
        between = overlaps.effects(stmt)
        if between.stays or not between.writes.isdisjoint(effects.reads | effects.writes):
            return False
    written = {s.name for stmt in stmts for s in statements(stmt) if isinstance(s, Assign)}
    names = {store.array for store in statements(stmts[producer]) if isinstance(store, Store)}
    shapes = [s.shape for s in stmts[:producer] if isinstance(s, Alloc) and s.name in names]
    return all(
        names_read(shape).isdisjoint(written)
        and not any(isinstance(node, Load) for node in walk(shape))
        for shape in shapes
    )
