"""Run two nests a band of rows at a time, so that what passes between them stays in the cache.

    t = alloc f64[n + 2, m]              for i.band in 0:n:8 {
    for i in 0:n + 2 {                     t.band = alloc f64[10, m]
      for j in 0:m { t[i, j] = .. } }      for i in i.band:min(i.band + 8, n) + 2 {
    for k in 0:n {                 -->       for j in 0:m { t.band[i - i.band, j] = .. } }
      for l in 0:m {                       for k in i.band:min(i.band + 8, n) {
        .. t[k, l] + t[k + 2, l] } }         for l in 0:m {
                                               .. t.band[k - i.band, l] + .. } } }

Rows where bands meet are computed for both. The nests as they were remain for few or long rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from conure.analysis.bands import Banded, banded
from conure.analysis.fusion import Overlaps
from conure.analysis.verdict import Verdict
from conure.ir.nodes import Alloc, Expr, For, If, Load, Program, Stmt, Store, Var
from conure.ir.ops import apply, integer
from conure.ir.types import INT
from conure.ir.walk import bodies, map_expressions, map_statements, with_bodies
from conure.passes.binders import Names, with_fresh_binders
from conure.passes.contract import extent_tests

Stmts = tuple[Stmt, ...]
Worth = Callable[[Stmt, int, int, list[Expr], Expr], Expr | None]


def band(program: Program, verdict: Callable[[str], Verdict], worth: Worth, rows: int) -> Program:
    """Put nests together, bands of so many rows, under the conditions that `worth` gives."""
    work = _Work(program, verdict, worth, rows)
    body = work.every(program.body)
    if body == program.body:
        return program
    return replace(program, body=body, locals=program.locals + tuple(work.names.new))


class _Work:
    def __init__(
        self, program: Program, verdict: Callable[[str], Verdict], worth: Worth, rows: int
    ) -> None:
        self.names, self.overlaps = Names(program), Overlaps(program)
        self.verdict, self.worth, self.rows = verdict, worth, rows

    def every(self, stmts: Stmts) -> Stmts:
        """A list with its nests put together, and those of the lists inside."""
        has_arrays = any(isinstance(stmt, Alloc) for stmt in stmts)
        at = 0
        while has_arrays and at < len(stmts):
            found = banded(stmts, at, self.overlaps, self.verdict)
            new = self._together(stmts, found) if found is not None else None
            if new is not None:
                stmts, at = new, at - 1
            at += 1
        return tuple(stmt if isinstance(stmt, If) else self._inside(stmt) for stmt in stmts)

    def _inside(self, stmt: Stmt) -> Stmt:
        return with_bodies(stmt, tuple(self.every(body) for body in bodies(stmt)))

    def _together(self, stmts: Stmts, found: Banded) -> Stmts | None:
        producer, consumer = stmts[found.producer], stmts[found.consumer]
        allocs = [stmts[each.alloc] for each in found.arrays]
        around = max(each.high for each in found.arrays) - min(each.low for each in found.arrays)
        widths = [_width(alloc) for alloc in allocs if isinstance(alloc, Alloc)]
        assert isinstance(consumer, For) and isinstance(producer, For)
        condition = self.worth(producer, len(allocs), around, widths, consumer.stop)
        if condition is None:
            return None
        high = max(each.high for each in found.arrays)
        filled = apply("less_equal", _plus(consumer.stop, high), producer.stop)
        condition = apply("and", filled, condition)
        bands = self._bands(producer, consumer, allocs, found)
        plain = [with_fresh_binders(loop, self.names) for loop in (producer, consumer)]
        choice = If(condition, (bands,), (*allocs, *plain), consumer.loc)
        made: list[Stmt] = []
        for place, stmt in enumerate(stmts):
            if isinstance(stmt, Alloc) and any(stmt is alloc for alloc in allocs):
                made += extent_tests(stmt)
            elif place == found.consumer:
                made.append(choice)
            elif place != found.producer:
                made.append(stmt)
        return tuple(made)

    def _bands(self, producer: For, consumer: For, allocs: Sequence[Stmt], found: Banded) -> Stmt:
        index = self.names.make(f"{consumer.index}.band")
        start, rows = Var(index, INT), integer(self.rows)
        stop = apply("minimum", apply("add", start, rows, checked=False), consumer.stop)
        low = min(each.low for each in found.arrays)
        high = max(each.high for each in found.arrays)
        made: list[Stmt] = []
        arrays: dict[str, str] = {}
        for alloc in allocs:
            assert isinstance(alloc, Alloc)
            arrays[alloc.name] = name = self.names.make(f"{alloc.name}.band")
            height = integer(self.rows + high - low)
            made.append(replace(alloc, name=name, shape=(height, *alloc.shape[1:])))
        first = _plus(start, low)
        filled = replace(producer, start=first, stop=_plus(stop, high))
        used = replace(consumer, start=start, stop=stop)
        loops = tuple(_reading(loop, arrays, first) for loop in (filled, used))
        return replace(consumer, index=index, step=rows, body=(*made, *loops))


def _reading(loop: For, arrays: dict[str, str], first: Expr) -> For:
    """The loop with the rows of the bands, which begin with the row `first`."""

    def place(index: tuple[Expr, ...]) -> tuple[Expr, ...]:
        return (apply("sub", index[0], first, checked=False), *index[1:])

    def read(expr: Expr) -> Expr:
        if isinstance(expr, Load) and expr.array in arrays:
            return replace(expr, array=arrays[expr.array], index=place(expr.index))
        return expr

    def written(stmt: Stmt) -> Stmt:
        if isinstance(stmt, Store) and stmt.array in arrays:
            return replace(stmt, array=arrays[stmt.array], index=place(stmt.index))
        return stmt

    return replace(loop, body=map_statements(map_expressions(loop.body, read), written))


def _width(alloc: Alloc) -> Expr:
    width: Expr = integer(1)
    for position, extent in enumerate(alloc.shape[1:]):
        width = apply("mul", width, extent, checked=False) if position else extent
    return width


def _plus(expr: Expr, number: int) -> Expr:
    return apply("add", expr, integer(number), checked=False) if number else expr
