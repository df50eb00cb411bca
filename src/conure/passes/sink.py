"""Move a loop that only sums into array elements inside the loop over those elements.

    for k in 0:m:1 {                               for j in 0:n:1 {
      for j in 0:n:1 {                               for k in 0:m:1 {
        c[j] = c[j] + a[k] * b[k, j]     -->           c[j] = c[j] + a[k] * b[k, j]
      }                                              }
    }                                              }

Each element still takes its terms in the same order, so that every bit stays. Afterwards the
element fits a register (`passes/scalarize.py`) instead of being loaded and stored for each term.
Legal where the outer loop is independent but for sums into the array, and the inner one entirely.
Worth it where two independent loops are then around the sums, so that what they read is read for
several elements at once, or where the sums walk through memory in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from conure.analysis.verdict import Parallel, Verdict
from conure.ir.nodes import For, Load, Program, Stmt
from conure.ir.walk import bodies, names_read, walk, with_bodies


def sink(program: Program, verdicts: Mapping[str, Verdict]) -> Program:
    """Sink every such loop as far as it goes; the verdicts hold for the program as given."""
    return program.with_body(tuple(_visited(stmt, verdicts, 0) for stmt in program.body))


def _visited(stmt: Stmt, verdicts: Mapping[str, Verdict], around: int) -> Stmt:
    """The statement with loops in it sunk; `around` independent loops are around it."""
    if isinstance(stmt, For):
        sunk = _sunk(stmt, verdicts)
        passed = _depth_of(stmt.index, sunk)
        if passed and (around + passed >= 2 or _walks(sunk, stmt.index)):
            return sunk
        around += _free(verdicts.get(stmt.index))
    lists = [tuple(_visited(s, verdicts, around) for s in body) for body in bodies(stmt)]
    return with_bodies(stmt, tuple(lists))


def _sunk(loop: For, verdicts: Mapping[str, Verdict]) -> For:
    if len(loop.body) != 1 or not isinstance(inner := loop.body[0], For):
        return loop
    if not (_only_sums(verdicts.get(loop.index)) and _free(verdicts.get(inner.index))):
        return loop
    if loop.index in names_read((inner.start, inner.stop, inner.step)):
        return loop
    return replace(inner, body=(_sunk(replace(loop, body=inner.body), verdicts),))


def _depth_of(index: str, loop: For) -> int:
    """How many loops are now around the one with this index."""
    depth = 0
    while loop.index != index:
        (inner,) = loop.body
        assert isinstance(inner, For)
        loop, depth = inner, depth + 1
    return depth


def _walks(nest: For, index: str) -> bool:
    """Whether the loop with this index, now innermost, goes through memory in order."""
    return all(
        index not in names_read(subscript)
        for node in walk(nest)
        if isinstance(node, Load)
        for subscript in node.index[:-1]
    )


def _only_sums(verdict: Verdict | None) -> bool:
    """Independent iterations but for sums into arrays, and at least one of those."""
    if not isinstance(verdict, Parallel) or verdict.guard is not None or verdict.last:
        return False
    return bool(verdict.reductions) and all(r.array for r in verdict.reductions)


def _free(verdict: Verdict | None) -> bool:
    if not isinstance(verdict, Parallel):
        return False
    return not (verdict.guard or verdict.reductions or verdict.last)
