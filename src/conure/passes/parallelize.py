"""Mark each loop with what was chosen for it.

for i in 0:n:1 {          for i in 0:n:1 parallel() {
  y[i] = x[i]       -->     y[i] = x[i]
}                         }
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from conure.ir.nodes import For, Mark, Program, Stmt
from conure.ir.walk import map_statements


def parallelize(program: Program, marks: Mapping[str, Mark]) -> Program:
    """Set the marks of the loops named; other loops keep theirs."""

    def marked(stmt: Stmt) -> Stmt:
        if isinstance(stmt, For) and stmt.index in marks:
            return replace(stmt, mark=marks[stmt.index])
        return stmt

    return program.with_body(map_statements(program.body, marked))
