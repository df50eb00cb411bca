"""What the lanes of a loop would gather from all over memory, and may be laid side by side first.

>>> from conure.ir.parse import parse
>>> program = parse('''program p(x: f64[2]C, y: f64[2]C, out: f64[2]C) {
...   local s: f64
...   for i in 0:dim(x, 0) {
...     for j in 0:dim(y, 0) {
...       s = 0.0:f64
...       for k in 0:dim(y, 1) { s = s + x[i, k] * y[j, k] }
...       out[i, j] = s
...     }
...   }
... }''')
>>> outer = program.body[0]
>>> found = side_by_side(outer, outer.body[0], Overlaps(program))
>>> [(read.array, read.inner.index) for read in found]
[('y', 'k')]
"""

from __future__ import annotations

from conure.analysis.fusion import Overlaps
from conure.ir.nodes import Alloc, Apply, Assign, Dim, Expr, For, If, Load, Var, While
from conure.ir.ops import OPS, integer
from conure.ir.types import INT
from conure.ir.walk import arrays_written, bodies, expressions, names_read, statements, walk
from conure.record import Record


class Packed(Record):
    """Elements `array[.., lane, .., inner]` that every turn of an innermost loop reads, one for
    each lane. `again`: a further loop between the two reads them again and again."""

    load: Load
    axis: int  # that of the lanes
    inner: For
    again: bool

    @property
    def array(self) -> str:
        """The array that is read."""
        return self.load.array


def side_by_side(outer: For, lane: For, overlaps: Overlaps) -> list[Packed]:
    """The reads in the innermost loops of `lane`, which is `outer` or inside it, that could be
    packed before `outer`; before each strip of lanes, if the two are one."""
    written = overlaps.all(arrays_written((outer,)))
    moving = {s.index for s in statements(outer) if isinstance(s, For)}
    moving |= {s.name for s in statements(outer) if isinstance(s, Assign | Alloc)}
    if lane.start != integer(0) or lane.step != integer(1) or not _steady(lane.stop, moving):
        return []
    found: dict[tuple[str, Load], Packed] = {}
    for inner, depth in _always(lane, 0):
        if inner.start != integer(0) or inner.step != integer(1) or not _steady(inner.stop, moving):
            continue
        for load in _loads(inner):
            axis = _axis_of(load, lane, inner, moving)
            if axis is not None and load.array not in written:
                found.setdefault((inner.index, load), Packed(load, axis, inner, depth > 0))
    return list(found.values())


def _always(loop: For, depth: int) -> list[tuple[For, int]]:
    """The innermost loops that each iteration of a loop reaches, and how many loops are between."""
    found: list[tuple[For, int]] = []
    for stmt in loop.body:
        if isinstance(stmt, For):
            inside = _always(stmt, depth + 1)
            has_more = any(isinstance(s, For | While) for s in statements(stmt.body))
            found += inside if has_more else [(stmt, depth)]
    return found


def _loads(inner: For) -> list[Load]:
    """The loads that each turn of an innermost loop does."""
    found: list[Load] = []
    for stmt in inner.body:
        if isinstance(stmt, If) or any(bodies(stmt)):
            found += _surely(stmt.condition) if isinstance(stmt, If) else []
            continue
        for expr in expressions(stmt):
            found += _surely(expr)
    return found


def _surely(expr: Expr) -> list[Load]:
    """The loads of an expression; none where it may skip some."""
    nodes = list(walk(expr))
    if any(isinstance(node, Apply) and OPS[node.op].lazy for node in nodes):
        return []
    return [node for node in nodes if isinstance(node, Load) and not node.checked]


def _axis_of(load: Load, lane: For, inner: For, moving: set[str]) -> int | None:
    """Along which axis the lanes lie, if they and the turns of the inner loop have one each, the
    inner loop the last, and the others stay where they are."""
    lanes, turns = Var(lane.index, INT), Var(inner.index, INT)
    *others, last = load.index
    if last != turns or others.count(lanes) != 1:
        return None
    if not all(each == lanes or _steady(each, moving) for each in others):
        return None
    return others.index(lanes)


def _steady(expr: Expr, moving: set[str]) -> bool:
    for node in walk(expr):
        if isinstance(node, Load) or (isinstance(node, Dim) and node.array in moving):
            return False
    return names_read(expr).isdisjoint(moving)
