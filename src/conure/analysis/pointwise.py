"""Local arrays whose elements may be computed anew wherever they are read.

>>> from conure.ir.parse import parse
>>> program = parse('''program p(x: f64[1]C, out: f64[1]C, n: int) {
...   t = alloc f64[dim(x, 0)]
...   for i in 0:dim(x, 0) { t[i] = x[i] * 2.0:f64 }
...   for j in 0:n { out[j] = t[j + 1] - t[j] }
... }''')
>>> sizes, overlaps = Sizes.of(program), Overlaps(program)
>>> sizes.learn(program.body[0])
>>> found = pointwise(program.body, 1, sizes, overlaps)
>>> found.array, found.indexes, [use.spread for use in found.uses]
('t', ('i',), [False, False])
"""

from __future__ import annotations

from collections.abc import Sequence

from conure.analysis.affine import ZERO
from conure.analysis.fusion import Overlaps
from conure.analysis.sizes import Sizes
from conure.ir.nodes import Alloc, Dim, Expr, For, Load, Rebind, Stmt, Store, Var, While
from conure.ir.rules import can_fail
from conure.ir.types import INT
from conure.ir.walk import arrays_read, bodies, expressions, names_read, walk
from conure.record import Record


class Use(Record):
    """A load of the array. `spread`: some loop around it loads one element again and again."""

    load: Load
    spread: bool


class Pointwise(Record):
    """`array[indexes] = value` for all its elements, and what is read of it later."""

    array: str
    indexes: tuple[str, ...]
    value: Expr
    uses: tuple[Use, ...]
    users: tuple[int, ...]  # the positions of the statements with the uses


def pointwise(stmts: Sequence[Stmt], at: int, sizes: Sizes, overlaps: Overlaps) -> Pointwise | None:
    """What the loops at a position of a list store, if that is all of an array allocated in the
    list, and its elements could be computed at each later use instead. `sizes`: known there."""
    found = _filled(stmts[at], sizes)
    if found is None:
        return None
    indexes, store = found
    array = store.array
    if not any(isinstance(stmt, Alloc) and stmt.name == array for stmt in stmts[:at]):
        return None
    users = [p for p, stmt in enumerate(stmts) if p != at and _touches(stmt, array, overlaps)]
    uses = [use for p in users for use in _uses(stmts[p], array, ())]
    if not users or users[0] < at or any(use.load.checked for use in uses):
        return None
    if len(uses) != sum(_count(stmts[p], array) for p in users):
        return None
    needs = arrays_read(store.value) | (names_read(store.value) - set(indexes))
    needs |= {f"dim {n.array}" for n in walk(store.value) if isinstance(n, Dim)}
    between = (overlaps.effects(stmt) for stmt in stmts[at + 1 : users[-1] + 1])
    if any(each.stays or not each.writes.isdisjoint(needs) for each in between):
        return None
    return Pointwise(array, indexes, store.value, tuple(uses), tuple(users))


def _filled(stmt: Stmt, sizes: Sizes) -> tuple[tuple[str, ...], Store] | None:
    """The indexes and the store of loops that store all elements of an array, each from others."""
    loops: list[For] = []
    while isinstance(stmt, For) and len(stmt.body) == 1:
        loops.append(stmt)
        stmt = stmt.body[0]
    if not loops or not isinstance(stmt, Store) or stmt.checked or can_fail(stmt.value):
        return None
    indexes = tuple(loop.index for loop in loops)
    shape = sizes.shapes.get(stmt.array)
    if stmt.index != tuple(Var(index, INT) for index in indexes) or shape is None:
        return None
    for loop, extent in zip(loops, shape, strict=True):
        domain = sizes.domain(loop)
        if domain is None or extent is None or domain != (ZERO, sizes.positive(extent), 1):
            return None
    if stmt.array in arrays_read(stmt.value):
        return None
    return indexes, stmt


def _touches(stmt: Stmt, array: str, overlaps: Overlaps) -> bool:
    effects = overlaps.effects(stmt)
    return not isinstance(stmt, Alloc) and (array in effects.reads or array in effects.writes)


def _count(stmt: Stmt, array: str) -> int:
    """All that is done with the array; anything but a load counts twice, so that nobody agrees."""
    total = 0
    for node in walk(stmt):
        match node:
            case Load() | Dim() if node.array == array:
                total += 1 if isinstance(node, Load) else 2
            case Store() if node.array == array:
                total += 2
            case Rebind() if array in (*node.names, *node.sources):
                total += 2
            case _:
                pass
    return total


def _uses(stmt: Stmt, array: str, around: tuple[str, ...]) -> list[Use]:
    found = [
        Use(node, not set(around) <= names_read(node.index))
        for node in walk(expressions(stmt))
        if isinstance(node, Load) and node.array == array
    ]
    if isinstance(stmt, For | While):
        around = (*around, stmt.index if isinstance(stmt, For) else "while")
    return found + [
        use for body in bodies(stmt) for each in body for use in _uses(each, array, around)
    ]
