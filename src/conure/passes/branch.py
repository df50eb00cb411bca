"""Turn the choice by which a loop keeps the best value into a branch.

    t = x < m                         if x < m {
    k.1 = t or k                        m = x
    m = select(t, x, m)       -->       k = True
    k = k.1                           }

`m = min(m, a[i])` reads so where `m` is a Python number before the loop and a NumPy number after
it: `k` tells which. As a branch it is seen to be a reduction, with `k` set beside.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from conure.ir.nodes import Apply, Assign, Const, For, If, Program, Stmt, Var
from conure.ir.types import BOOL
from conure.ir.walk import map_statements, names_read, statements, walk

Stmts = tuple[Stmt, ...]


def branch(program: Program) -> Program:
    """Rewrite every such choice that stands directly in the body of a `for`."""
    if not any(_chosen(stmt) for stmt in statements(program)):
        return program
    reads = Counter(node.name for node in walk(program) if isinstance(node, Var))

    def change(stmt: Stmt) -> Stmt:
        if not isinstance(stmt, For):
            return stmt
        body = stmt.body
        for each in stmt.body:
            body = _branched(body, each, reads) if _chosen(each) else body
        return stmt if body is stmt.body else replace(stmt, body=body)

    return program.with_body(map_statements(program.body, change))


def _chosen(stmt: Stmt) -> str | None:
    """Of `m = select(t, x, m)`: t."""
    match stmt:
        case Assign(name=kept, value=Apply("select", (Var(test), _, Var(other)))) if kept == other:
            return test
    return None


def _branched(body: Stmts, choice: Stmt, reads: Counter[str]) -> Stmts:
    assert isinstance(choice, Assign) and isinstance(choice.value, Apply)
    test = _chosen(choice)
    first = next((s for s in body if isinstance(s, Assign) and s.name == test), None)
    start, at = (next((k for k, s in enumerate(body) if s is x), -1) for x in (first, choice))
    between = body[start + 1 : at]
    if first is None or not 0 <= start < at or not all(isinstance(s, Assign) for s in between):
        return body
    fixed = names_read(first.value) | {choice.name, first.name}
    if any(isinstance(s, Assign) and s.name in fixed for s in between):
        return body
    then, gone, uses = [replace(choice, value=choice.value.args[1])], [first, choice], 1
    for told, flag in _flags(body[start + 1 :], first.name):
        if reads[told.name] == 1 and flag.name not in fixed and _alone(flag, body, start, at):
            then.append(replace(flag, value=Const(True, BOOL)))
            gone += [told, flag]
            uses += 1
    if reads[first.name] != uses or not isinstance(first.value, Apply):
        return body
    made = If(first.value, tuple(then), (), choice.loc)
    return tuple(
        made if s is choice else s for s in body if s is choice or not any(s is g for g in gone)
    )


def _alone(flag: Assign, body: Stmts, start: int, at: int) -> bool:
    """Whether nothing else uses a flag between the test and where both are set."""
    end = max(at, next(k for k, each in enumerate(body) if each is flag))
    region = walk(body[start : end + 1])
    return sum(isinstance(n, Var | Assign) and n.name == flag.name for n in region) == 2


def _flags(stmts: Stmts, test: str) -> list[tuple[Assign, Assign]]:
    """Pairs `k.1 = t or k`, `k = k.1`, with nothing but other assignments between."""
    told: dict[str, tuple[Assign, str]] = {}
    found = []
    for stmt in stmts:
        match stmt:
            case Assign(name=name, value=Apply("or", (Var(left), Var(right)))) if left == test:
                told[name] = stmt, right
            case Assign(name=name, value=Var(source)) if told.get(source, (None, ""))[1] == name:
                found.append((told[source][0], stmt))
            case Assign():
                pass
            case _:
                break
    return found
