"""Loosen the body of a loop, so that `passes/distribute.py` can take more of it apart.

    if c(i) { a[i] = x                c = c(i)
              b[i] = y }              if c { a[i] = x }
    else { d[i] = z }        -->      if c { b[i] = y }
    t = e(i) ; a[i] = t               if not c { d[i] = z }
    t = f(i) ; b[i] = t               t.1 = e(i) ; a[i] = t.1
                                      t = f(i) ; b[i] = t

Each value of a scalar gets a name of its own, and each store its own conditional.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from conure.analysis.scalars import flow
from conure.ir.nodes import Apply, Assign, Expr, For, If, Stmt, Store, Var
from conure.ir.ops import apply
from conure.ir.walk import statements, substitute, walk
from conure.passes.binders import Names

Stmts = tuple[Stmt, ...]


def loosen(loop: For, names: Names) -> For:
    """The loop with its body loosened."""
    body = _renamed(loop.body, names)
    made: list[Stmt] = []
    for stmt in body:
        made += _apart(stmt, names) if isinstance(stmt, If) else (stmt,)
    return replace(loop, body=tuple(made))


def _renamed(body: Stmts, names: Names) -> Stmts:
    """All but the last value of a scalar under new names, where values are set at the top only."""
    every = Counter(s.name for s in statements(body) if isinstance(s, Assign))
    left = Counter(s.name for s in body if isinstance(s, Assign))
    exposed = flow(body).exposed
    again = {name for name in left if left[name] == every[name] > 1 and name not in exposed}
    here: dict[str, Expr] = {}
    made: list[Stmt] = []
    for stmt in body:
        stmt = substitute(stmt, here)
        if isinstance(stmt, Assign) and stmt.name in again:
            left[stmt.name] -= 1
            here.pop(stmt.name, None)
            if left[stmt.name]:
                new = Var(names.local(stmt.name, stmt.value.type), stmt.value.type)
                here[stmt.name] = new
                stmt = replace(stmt, name=new.name)
        made.append(stmt)
    return tuple(made)


def _apart(stmt: If, names: Names) -> Stmts:
    """A conditional for each store of one that holds several, and nothing else."""
    stores = (*stmt.then, *stmt.orelse)
    sure = not any(isinstance(node, Apply) and node.checked for node in walk(stmt.condition))
    if len(stores) < 2 or not sure or not all(isinstance(each, Store) for each in stores):
        return (stmt,)
    type_ = stmt.condition.type
    chosen = Var(names.local("chosen", type_), type_)
    holds = [If(chosen, (each,), (), stmt.loc) for each in stmt.then]
    fails = [If(apply("not", chosen), (each,), (), stmt.loc) for each in stmt.orelse]
    return (Assign(chosen.name, stmt.condition, stmt.loc), *holds, *fails)
