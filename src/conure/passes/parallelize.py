"""Mark each loop with what was chosen for it.

    for i in 0:n:1 {          for i in 0:n:1 parallel() {
      y[i] = x[i]       -->     y[i] = x[i]
    }                         }
"""

from __future__ import annotations

from dataclasses import replace

from conure.ir.nodes import For, Program, Stmt
from conure.ir.walk import map_statements
from conure.schedule.choices import Choices


def parallelize(program: Program, choices: Choices) -> Program:
    """Set the marks of `choices`; other loops keep theirs."""
    marks = dict(choices.marks)

    def marked(stmt: Stmt) -> Stmt:
        if isinstance(stmt, For) and stmt.index in marks:
            return replace(stmt, mark=marks[stmt.index])
        return stmt

    return program.with_body(map_statements(program.body, marked))
