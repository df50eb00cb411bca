"""Go through a program, and rebuild it: the only place that knows which node holds which.

Everything here keeps what does not change: a rebuilt program shares its untouched nodes with the
old one. Going through is iterative; rebuilding recurses once per level of nesting.

    >>> s, i, n = Var("s", F64), Var("i", INT), Var("n", INT)
    >>> body = (Assign("s", Apply("add", (s, Load("a", (i,), F64)), F64)),)
    >>> loop = For("i", Const(0, INT), n, Const(1, INT), body)
    >>> sorted(names_read((loop,))), names_written((loop,)), arrays_read((loop,))
    (['n', 's'], {'s'}, {'a'})
    >>> substitute(loop, {"n": Const(3, INT)}).stop
    Const(value=3, type=int)
    >>> substitute(loop, {"m": Const(3, INT)}) is loop
    True
    >>> fresh("t", {"t", "t.1"})
    't.2'
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar, assert_never

from conure.ir.nodes import (
    Alloc,
    Apply,
    Assign,
    Assume,
    Block,
    Const,
    Dim,
    Expr,
    Fail,
    For,
    If,
    Leave,
    Load,
    Program,
    Rebind,
    Stmt,
    Store,
    Var,
    While,
)
from conure.ir.types import F64, INT  # noqa: F401 - the names of the doctest above

Node = Expr | Stmt
Stmts = tuple[Stmt, ...]
N = TypeVar("N", Expr, Stmt, Program, Stmts)


# ---- parts ---------------------------------------------------------------------------------


def operands(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside an expression."""
    match expr:
        case Apply():
            return expr.args
        case Load():
            return expr.index
        case Const() | Var() | Dim():
            return ()
        case _:
            assert_never(expr)


def expressions(stmt: Stmt) -> tuple[Expr, ...]:
    """The expressions that a statement itself holds, outermost ones only, not those of the
    statements inside it. A loop's guard is the last of its expressions."""
    match stmt:
        case Assign():
            return (stmt.value,)
        case Store():
            return (*stmt.index, stmt.value)
        case For():
            bounds = (stmt.start, stmt.stop, stmt.step)
            return bounds if stmt.mark.guard is None else (*bounds, stmt.mark.guard)
        case While() | If() | Assume():
            return (stmt.condition,)
        case Alloc():
            return stmt.shape
        case Block() | Leave() | Fail() | Rebind():
            return ()
        case _:
            assert_never(stmt)


def bodies(stmt: Stmt) -> tuple[Stmts, ...]:
    """The statement lists inside a statement."""
    match stmt:
        case For() | While() | Block():
            return (stmt.body,)
        case If():
            return (stmt.then, stmt.orelse)
        case Assign() | Store() | Leave() | Assume() | Fail() | Alloc() | Rebind():
            return ()
        case _:
            assert_never(stmt)


def children(node: Node | Program) -> tuple[Node, ...]:
    """The nodes directly inside a node, in the order of the text."""
    match node:
        case Program():
            return node.body
        case Const() | Var() | Dim() | Load() | Apply():
            return operands(node)
        case _:
            return (*expressions(node), *(inner for body in bodies(node) for inner in body))


def walk(root: Node | Program | Iterable[Node]) -> Iterator[Node]:
    """Every node at and under `root` (a program's own node excepted), in the order of the text."""
    if isinstance(root, Program):
        stack: list[Node] = list(reversed(root.body))
    elif isinstance(root, Expr | Stmt):
        stack = [root]
    else:
        stack = list(root)[::-1]
    while stack:
        node = stack.pop()
        yield node
        # most nodes are of the first kinds; to ask for all cases took half of the time
        if type(node) is Apply:
            stack.extend(reversed(node.args))
        elif type(node) is Load:
            stack.extend(reversed(node.index))
        elif type(node) is not Var and type(node) is not Const:
            stack.extend(reversed(children(node)))


def statements(root: Stmt | Program | Iterable[Stmt]) -> Iterator[Stmt]:
    """Every statement at and under `root`, in the order of the text."""
    if isinstance(root, Program):
        stack: list[Stmt] = list(reversed(root.body))
    elif isinstance(root, Stmt):
        stack = [root]
    else:
        stack = list(root)[::-1]
    while stack:
        stmt = stack.pop()
        yield stmt
        if type(stmt) is Assign or type(stmt) is Store:
            continue
        for body in reversed(bodies(stmt)):
            stack.extend(reversed(body))


# ---- rebuilding ----------------------------------------------------------------------------


def map_expressions(root: N, change: Callable[[Expr], Expr]) -> N:
    """`root` with every expression replaced by `change` of it, innermost ones first."""
    if isinstance(root, Program):
        body = map_expressions(root.body, change)
        return root if body is root.body else replace(root, body=body)
    if isinstance(root, tuple):
        return _map_list(root, change)
    if isinstance(root, Const | Var | Dim | Load | Apply):
        return _map_expression(root, change)
    return _map_inside(root, change)


def _map_expression(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    old = operands(expr)
    if not old:
        return change(expr)
    new = []
    for operand in old:  # not a comprehension: one frame per level of nesting
        new.append(_map_expression(operand, change))
    return change(with_operands(expr, tuple(new)))


def _map_list(stmts: Stmts, change: Callable[[Expr], Expr]) -> Stmts:
    new = []
    for stmt in stmts:
        new.append(_map_inside(stmt, change))
    return stmts if _same(stmts, new) else tuple(new)


def _map_inside(stmt: Stmt, change: Callable[[Expr], Expr]) -> Stmt:
    held = tuple([_map_expression(expr, change) for expr in expressions(stmt)])
    stmt = with_expressions(stmt, held)
    lists = []
    for body in bodies(stmt):
        lists.append(_map_list(body, change))
    return with_bodies(stmt, tuple(lists))


def map_statements(stmts: Stmts, change: Callable[[Stmt], Stmt | Stmts]) -> Stmts:
    """The list with every statement replaced by `change` of it (a statement, or any number of
    them), innermost ones first."""
    new: list[Stmt] = []
    for stmt in stmts:
        lists = []
        for body in bodies(stmt):
            lists.append(map_statements(body, change))
        changed = change(with_bodies(stmt, tuple(lists)))
        if isinstance(changed, tuple):
            new.extend(changed)
        else:
            new.append(changed)
    return stmts if _same(stmts, new) else tuple(new)


def with_operands(expr: Expr, new: tuple[Expr, ...]) -> Expr:
    """The expression with other operands, in the order of `operands`."""
    if _same(operands(expr), new):
        return expr
    if isinstance(expr, Apply):
        return replace(expr, args=new)
    assert isinstance(expr, Load), expr
    return replace(expr, index=new)


def with_expressions(stmt: Stmt, new: tuple[Expr, ...]) -> Stmt:
    """The statement with other expressions, in the order of `expressions`."""
    if _same(expressions(stmt), new):
        return stmt
    match stmt:
        case Assign():
            return replace(stmt, value=new[0])
        case Store():
            return replace(stmt, index=new[:-1], value=new[-1])
        case For():
            guard = new[3] if len(new) > 3 else None
            mark = stmt.mark if guard is stmt.mark.guard else replace(stmt.mark, guard=guard)
            return replace(stmt, start=new[0], stop=new[1], step=new[2], mark=mark)
        case While() | If() | Assume():
            return replace(stmt, condition=new[0])
        case Alloc():
            return replace(stmt, shape=new)
        case Block() | Leave() | Fail() | Rebind():
            raise AssertionError(stmt)
        case _:
            assert_never(stmt)


def with_bodies(stmt: Stmt, new: tuple[Stmts, ...]) -> Stmt:
    """The statement with other statement lists, in the order of `bodies`."""
    if _same(bodies(stmt), new):
        return stmt
    match stmt:
        case For() | While() | Block():
            return replace(stmt, body=new[0])
        case If():
            return replace(stmt, then=new[0], orelse=new[1])
        case _:
            raise AssertionError(stmt)


def _same(old: Sequence[object], new: Sequence[object]) -> bool:
    return len(old) == len(new) and all(map(operator.is_, old, new))


def substitute(root: N, values: Mapping[str, Expr]) -> N:
    """`root` with scalar variables replaced where they are read. Loop indexes are unique in a
    program, so nothing is captured as long as `values` read no index of a loop inside `root`."""

    def change(expr: Expr) -> Expr:
        return values.get(expr.name, expr) if isinstance(expr, Var) else expr

    return map_expressions(root, change) if values else root


# ---- names ---------------------------------------------------------------------------------


def names_read(root: Node | Program | Iterable[Node]) -> set[str]:
    """The scalar variables read, but for the indexes of the loops at and under `root`."""
    read, bound = set(), set()
    for node in walk(root):
        if isinstance(node, Var):
            read.add(node.name)
        elif isinstance(node, For):
            bound.add(node.index)
    return read - bound


def names_written(root: Stmt | Program | Iterable[Stmt]) -> set[str]:
    """The scalar variables assigned; loop indexes are bound, not assigned."""
    return {stmt.name for stmt in statements(root) if isinstance(stmt, Assign)}


def arrays_read(root: Node | Program | Iterable[Node]) -> set[str]:
    """The arrays with elements that may be read, also those read under another name after `:=`.
    `dim` reads no elements."""
    nodes = list(walk(root))
    return _with_rebound({node.array for node in nodes if isinstance(node, Load)}, nodes)


def arrays_written(root: Stmt | Program | Iterable[Stmt]) -> set[str]:
    """The arrays with elements that may be stored to, also under another name after `:=`."""
    stmts = list(statements(root))
    return _with_rebound({stmt.array for stmt in stmts if isinstance(stmt, Store)}, stmts)


def arrays_rebound(root: Stmt | Program | Iterable[Stmt]) -> set[str]:
    """The array names on the left of a `:=`."""
    return {name for stmt in statements(root) if isinstance(stmt, Rebind) for name in stmt.names}


def _with_rebound(names: set[str], nodes: Iterable[Node]) -> set[str]:
    groups = [{*node.names, *node.sources} for node in nodes if isinstance(node, Rebind)]
    size = -1
    while size != len(names):
        size = len(names)
        for group in groups:
            if group & names:
                names |= group
    return names


def fresh(name: str, taken: Collection[str]) -> str:
    """`name`, or else the first of `name.1`, `name.2`, ... that is not taken."""
    if name not in taken:
        return name
    number = 1
    while f"{name}.{number}" in taken:
        number += 1
    return f"{name}.{number}"
