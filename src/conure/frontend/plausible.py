"""Quick answers from syntax alone: could this statement be compiled, does it hold a loop?

A wrong yes costs one attempt at lowering, which refuses with a reason; a wrong no costs speed.

    >>> loop, show = ast.parse("for i in range(n): s += x[i]\\nprint(s)").body
    >>> is_plausible(loop), holds_loop(loop), is_plausible(show)
    (True, True, False)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

_STATEMENTS = (
    ast.For, ast.While, ast.If, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Pass,
    ast.Break, ast.Continue, ast.Return, ast.Assert, ast.Raise,
)  # fmt: skip
_EXPRESSIONS = (
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call, ast.Name, ast.Constant,
    ast.Subscript, ast.Slice, ast.Tuple, ast.Attribute, ast.IfExp, ast.NamedExpr,
    ast.Starred,
)  # fmt: skip
_COLLECTIONS = ast.List, ast.ListComp, ast.GeneratorExp
_OUTPUT = frozenset(("print", "input", "open", "exec", "eval", "breakpoint", "exit", "quit"))
_PLAIN_CALLS = frozenset(("len", "min", "max", "abs", "int", "float", "bool", "round", "range"))


def holds_loop(stmt: ast.stmt) -> bool:
    """Whether there is a `for` or `while` anywhere inside."""
    return any(isinstance(node, ast.For | ast.While) for node in ast.walk(stmt))


def is_plausible(stmt: ast.stmt) -> bool:
    """Whether all of the statement belongs to the accepted language, and no `break` or
    `continue` in it aims at a loop outside of it."""
    return all(_accepted(node) for node in _run(stmt)) and not _escapes(stmt)


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """What is compiled of a statement: of a `raise` only that it is there."""
    yield node
    if isinstance(node, ast.Raise):
        return
    if isinstance(node, ast.Assert):
        yield from _run(node.test)
        return
    passing = _passing(node)
    for child in ast.iter_child_nodes(node):
        inside = _run(child)
        if isinstance(child, _COLLECTIONS) and any(child is each for each in passing):
            next(inside)
        yield from inside


def _passing(node: ast.AST) -> Sequence[ast.expr]:
    """Operands whose elements are used at once, so that they may be lists or comprehensions."""
    match node:
        case ast.Call(args=args):
            return args
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return parts
        case ast.Assign(targets=targets, value=value):
            taken_apart = (
                isinstance(each, ast.Subscript | ast.Tuple | ast.List) for each in targets
            )
            return [value] if all(taken_apart) else []
        case ast.For(iter=iterable):
            return [iterable]
        case _:
            return []


def first_refused(stmt: ast.stmt) -> ast.stmt | ast.expr | None:
    """What in the statement does not belong to the accepted language; the first of them."""
    nodes = [n for n in _run(stmt) if isinstance(n, ast.stmt | ast.expr) and not _accepted(n)]
    return min(nodes, key=lambda node: (node.lineno, node.col_offset), default=None)


def is_plain(stmt: ast.stmt) -> bool:
    """A statement worth having between two loops of one region: scalars and simple calls."""
    if isinstance(stmt, ast.Return | ast.Expr):
        return False
    return all(
        not isinstance(node, ast.Call)
        or (isinstance(node.func, ast.Name) and node.func.id in _PLAIN_CALLS)
        or (isinstance(node.func, ast.Attribute) and _is_root(node.func.value, "math"))
        for node in ast.walk(stmt)
    ) and not _has_slice(stmt)


def _has_slice(stmt: ast.stmt) -> bool:
    return any(isinstance(node, ast.Slice) for node in ast.walk(stmt))


def _is_root(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _accepted(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
            return name not in _OUTPUT
        case ast.Expr(value=ast.Constant() | ast.Call(func=ast.Attribute(attr="fill"))):
            return True
        case ast.Expr():
            return False
        case ast.Call(func=ast.Name(id=name)) if name in _OUTPUT:
            return False
        case ast.Starred(ctx=ast.Store()):
            return False
        case ast.stmt():
            return isinstance(node, _STATEMENTS)
        case ast.expr():
            return isinstance(node, _EXPRESSIONS)
        case _:
            return True


def _escapes(stmt: ast.stmt, inside_loop: bool = False) -> bool:
    match stmt:
        case ast.Break() | ast.Continue():
            return not inside_loop
        case ast.For() | ast.While():
            return any(_escapes(s, True) for s in stmt.body) or any(
                _escapes(s, inside_loop) for s in stmt.orelse
            )
        case ast.If():
            return any(_escapes(s, inside_loop) for s in (*stmt.body, *stmt.orelse))
        case _:
            return False
