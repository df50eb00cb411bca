"""Which names a run of statements reads, binds, and leaves needed: flow over Python's syntax.

>>> tree = ast.parse("t = x + 1\\nfor i in range(n):\\n    s = s + t\\n")
>>> sorted(live_before(tree.body, frozenset({"s"})))
['n', 'range', 's', 'x']
>>> sorted(bound_after(tree.body, frozenset()))
['t']
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from conure.record import Record

Names = frozenset[str]
_NOTHING: Names = frozenset()
_KEPT: Final = 4096
"""How many answers each function here keeps: nests ask for the same ones again and again, and
nobody changes a parsed node."""


class Flow(Record):
    """What is needed where control may go other than to the next statement."""

    after_break: Names = _NOTHING
    after_continue: Names = _NOTHING
    after_raise: Names = _NOTHING


def live_before(stmts: Sequence[ast.stmt], after: Names, flow: Flow | None = None) -> Names:
    """Names whose value on entry to `stmts` may be read, there or (as `after`) later."""
    flow = flow or Flow()
    live = after
    for stmt in reversed(stmts):
        live = _before(stmt, live, flow)
    return live


@functools.lru_cache(_KEPT)
def _before(stmt: ast.stmt, after: Names, flow: Flow) -> Names:
    match stmt:
        case ast.Return():
            return reads(stmt) | flow.after_raise
        case ast.Raise():
            return reads(stmt) | flow.after_raise
        case ast.Break():
            return flow.after_break
        case ast.Continue():
            return flow.after_continue
        case ast.If():
            then = live_before(stmt.body, after, flow)
            return then | live_before(stmt.orelse, after, flow) | reads(stmt.test)
        case ast.For() | ast.While() | ast.AsyncFor():
            return _before_loop(stmt, after, flow)
        case ast.Try():
            return _before_try(stmt, after, flow)
        case ast.With() | ast.AsyncWith():
            return live_before(stmt.body, after, flow) | after | _with_reads(stmt)
        case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef() | ast.Match():
            return after | reads(stmt)
        case _:
            surely = _surely_bound(stmt)
            return (after - surely) | reads(stmt) | flow.after_raise


def _before_loop(stmt: ast.For | ast.While | ast.AsyncFor, after: Names, flow: Flow) -> Names:
    done = live_before(stmt.orelse, after, flow)
    target = _NOTHING if isinstance(stmt, ast.While) else binds(stmt.target)
    each = reads(stmt.test) if isinstance(stmt, ast.While) else reads(stmt.target)
    head = done | each
    while True:
        inner = replace(flow, after_break=after, after_continue=head)
        wider = head | (live_before(stmt.body, head, inner) - target) | each
        if wider == head:
            break
        head = wider
    return head if isinstance(stmt, ast.While) else head | reads(stmt.iter)


def _before_try(stmt: ast.Try, after: Names, flow: Flow) -> Names:
    final = live_before(stmt.finalbody, after, flow) | live_before(
        stmt.finalbody, flow.after_raise, flow
    )
    handlers = _NOTHING
    for handler in stmt.handlers:
        handlers |= live_before(handler.body, final, flow) | (
            reads(handler.type) if handler.type else _NOTHING
        )
    inner = Flow(
        flow.after_break | final, flow.after_continue | final, flow.after_raise | handlers | final
    )
    return live_before([*stmt.body, *stmt.orelse], final, inner) | handlers | final


def _with_reads(stmt: ast.With | ast.AsyncWith) -> Names:
    found = _NOTHING
    for item in stmt.items:
        found |= reads(item)
    return found


@functools.lru_cache(_KEPT)
def reads(node: ast.AST) -> Names:
    """Every name loaded anywhere inside (nested functions included, what a comprehension binds
    itself aside); `del` needs it bound too."""
    if not _with_comprehension(node):
        return _loads(node)
    if isinstance(node, ast.Lambda | ast.FunctionDef | ast.ClassDef):
        return _loads(node)
    inner = _NOTHING.union(*(reads(child) for child in ast.iter_child_nodes(node)))
    if isinstance(node, _COMPREHENSIONS):
        own = _NOTHING.union(*(binds(each.target) for each in node.generators))
        return (inner - own) | reads(node.generators[0].iter)
    return inner | _loads_itself(node)


_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _with_comprehension(node: ast.AST) -> bool:
    return any(isinstance(inner, _COMPREHENSIONS) for inner in ast.walk(node))


def _loads(node: ast.AST) -> Names:
    return _NOTHING.union(*(_loads_itself(inner) for inner in ast.walk(node)))


def _loads_itself(node: ast.AST) -> Names:
    match node:
        case ast.Name(id=name, ctx=ast.Load() | ast.Del()):
            return frozenset((name,))
        case ast.AugAssign(target=ast.Name(id=name)):
            return frozenset((name,))
        case _:
            return _NOTHING


@functools.lru_cache(_KEPT)
def binds(node: ast.AST) -> Names:
    """Every name bound anywhere inside, outside nested scopes' own names."""
    found: set[str] = set()
    pending: list[ast.AST] = [node]
    while pending:
        current = pending.pop()
        match current:
            case ast.Name(ctx=ast.Store() | ast.Del()):
                found.add(current.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found.add(current.name)
                if current is not node:
                    continue
            case ast.Import() | ast.ImportFrom():
                found |= {(a.asname or a.name).split(".")[0] for a in current.names}
            case ast.ExceptHandler(name=str(name)):
                found.add(name)
            case ast.MatchMapping(rest=str(name)):
                found.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found.add(name)
            case (
                ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp()
            ):
                continue
            case _:
                pass
        pending.extend(ast.iter_child_nodes(current))
    return frozenset(found)


def _surely_bound(stmt: ast.stmt) -> Names:
    match stmt:
        case ast.Assign():
            return frozenset[str]().union(*(binds(target) for target in stmt.targets))
        case ast.AnnAssign(value=ast.expr()) | ast.AugAssign():
            return binds(stmt.target)
        case ast.Import() | ast.ImportFrom():
            return binds(stmt)
        case _:
            return _NOTHING


def bound_after(stmts: Sequence[ast.stmt], bound: Names) -> Names:
    """Names surely bound once `stmts` have run to their end, given those bound before."""
    for stmt in stmts:
        bound = _bound_after(stmt, bound)
    return bound


def _bound_after(stmt: ast.stmt, bound: Names) -> Names:
    match stmt:
        case ast.If():
            ways = [
                bound_after(body, bound)
                for body in (stmt.body, stmt.orelse)
                if not (
                    body and isinstance(body[-1], ast.Return | ast.Raise | ast.Break | ast.Continue)
                )
            ]
            return frozenset.intersection(*ways) if ways else bound
        case ast.With():
            return bound_after(stmt.body, bound)
        case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef():
            return bound | {stmt.name}
        case ast.Delete():
            return bound - binds(stmt)
        case _:
            return bound | _surely_bound(stmt)
