"""Move a loop that only sums into array elements inside the loop over those elements.

    for k in 0:m:1 {                               for j in 0:n:1 {
      for j in 0:n:1 {                               for k in 0:m:1 {
        c[j] = c[j] + a[k] * b[k, j]     -->           c[j] = c[j] + a[k] * b[k, j]
      }                                              }
    }                                              }

Each element still takes its terms in the same order, so that every bit stays. Afterwards the
element fits a register (`passes/scalarize.py`) instead of being loaded and stored for each term.
Legal where the outer loop is independent but for sums into the array, and the inner one entirely.
"""

from __future__ import annotations

from dataclasses import replace

from conure.analysis.verdict import Parallel, Verdict
from conure.ir.nodes import For, Program, Stmt
from conure.ir.walk import map_statements, names_read


def sink(program: Program, verdicts: dict[str, Verdict]) -> Program:
    """Sink every such loop as far as it goes; the verdicts hold for the program as given."""

    def change(stmt: Stmt) -> Stmt:
        return _sunk(stmt, verdicts) if isinstance(stmt, For) else stmt

    return program.with_body(map_statements(program.body, change))


def _sunk(loop: For, verdicts: dict[str, Verdict]) -> For:
    if len(loop.body) != 1 or not isinstance(inner := loop.body[0], For):
        return loop
    if not (_only_sums(verdicts.get(loop.index)) and _free(verdicts.get(inner.index))):
        return loop
    if loop.index in names_read((inner.start, inner.stop, inner.step)):
        return loop
    return replace(inner, body=(_sunk(replace(loop, body=inner.body), verdicts),))


def _only_sums(verdict: Verdict | None) -> bool:
    """Independent iterations but for sums into arrays, and at least one of those."""
    if not isinstance(verdict, Parallel) or verdict.guard is not None or verdict.last:
        return False
    return bool(verdict.reductions) and all(r.array for r in verdict.reductions)


def _free(verdict: Verdict | None) -> bool:
    if not isinstance(verdict, Parallel):
        return False
    return not (verdict.guard or verdict.reductions or verdict.last)
