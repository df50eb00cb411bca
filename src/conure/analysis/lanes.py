"""May a parallel loop with loops inside run as lanes: several iterations side by side?

Lanes turn an outer loop into the vector: the inner loops stay, each statement in them is done
for a strip of iterations before the next one (what the SPMD-on-SIMD compilers do). That needs
inner loops that all lanes go through together, or a `while`/`break` that lanes leave one by one
(then a lane must not touch memory, since it would do so after it has left).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from conure.ir.nodes import (
    Alloc,
    Apply,
    Assign,
    Assume,
    Block,
    Expr,
    Fail,
    For,
    If,
    Leave,
    Load,
    Rebind,
    Stmt,
    Store,
    Var,
    While,
)  # fmt: skip
from conure.ir.walk import expressions, names_read, statements, walk


def varying(loop: For) -> frozenset[str]:
    """The scalars that may differ between iterations of `loop`: its index, whatever is computed
    from it, and whatever is assigned where control depends on such a value.

    So is what is assigned inside statements that each iteration does for itself (a conditional
    without loops, a block): done once per iteration, `k = k + 1` must be done to its own `k`."""
    found = {loop.index}
    size = 0
    while size != len(found):
        size = len(found)
        _spread(loop.body, found, False)
    return frozenset(found)


def _spread(stmts: Iterable[Stmt], found: set[str], divided: bool) -> None:
    for stmt in stmts:
        match stmt:
            case Assign():
                if divided or depends(stmt.value, found):
                    found.add(stmt.name)
            case For():
                bounds = (stmt.start, stmt.stop, stmt.step)
                apart = divided or any(depends(e, found) for e in bounds)
                if apart:
                    found.add(stmt.index)
                _spread(stmt.body, found, apart)
            case While():
                _spread(stmt.body, found, divided or depends(stmt.condition, found))
            case If():
                apart = divided or depends(stmt.condition, found) or not holds_loop(stmt)
                _spread(stmt.then, found, apart)
                _spread(stmt.orelse, found, apart)
            case Block():
                _spread(stmt.body, found, True)
            case _:
                pass


def depends(expr: Expr, names: Iterable[str]) -> bool:
    """Whether an expression may differ between lanes: it reads one of `names`, or memory at an
    index that does."""
    return not names_read(expr).isdisjoint(names)


def holds_loop(stmt: Stmt) -> bool:
    """Whether there is a loop at or inside the statement."""
    return any(isinstance(inner, For | While) for inner in statements(stmt))


def can_be_lanes(loop: For) -> bool:
    """Whether `passes/lanes.py` knows how to run the body of `loop` in lanes."""
    if not any(holds_loop(stmt) for stmt in loop.body):
        return False
    apart = varying(loop)
    return all(_suits(stmt, apart) for stmt in loop.body)


def _suits(stmt: Stmt, apart: frozenset[str]) -> bool:
    if not holds_loop(stmt):
        return _is_straight(stmt)
    match stmt:
        case For():
            bounds = (stmt.start, stmt.stop, stmt.step)
            if any(depends(e, apart) for e in bounds) or _has_leave(stmt):
                return False
            return all(_suits(inner, apart) for inner in stmt.body)
        case While() if not depends(stmt.condition, apart):
            return not _has_leave(stmt) and all(_suits(inner, apart) for inner in stmt.body)
        case While():
            return _is_dividable(stmt.body, stmt.condition)
        case Block(body=(For() as inner,)):
            bounds = (inner.start, inner.stop, inner.step)
            only_this = all(
                s.label == stmt.label for s in statements(inner) if isinstance(s, Leave)
            )
            uniform = not any(depends(e, apart) for e in bounds)
            return only_this and uniform and _is_dividable(inner.body)
        case If():
            uniform = not depends(stmt.condition, apart) and not _has_leave(stmt)
            return uniform and all(_suits(s, apart) for s in (*stmt.then, *stmt.orelse))
        case _:
            return False


def _is_straight(stmt: Stmt) -> bool:
    return all(isinstance(s, Assign | Store | If) for s in statements(stmt)) and not any(
        isinstance(node, Load | Store) and node.checked for node in walk(stmt)
    )


def _has_leave(stmt: Stmt) -> bool:
    return any(isinstance(s, Leave | Fail | Rebind | Alloc | Assume) for s in statements(stmt))


def _is_dividable(body: tuple[Stmt, ...], *conditions: Expr) -> bool:
    """A body that lanes leave one by one: scalars only, nothing that fails for a lane at rest."""
    simple = all(isinstance(s, Assign | If | Leave) for s in statements(body))
    nodes = [node for e in conditions for node in walk(e)] + list(walk(body))
    return simple and not any(
        isinstance(node, Load) or (isinstance(node, Apply) and node.checked and not _harmless(node))
        for node in nodes
    )


def _harmless(node: Apply) -> bool:
    """Integer sums of lanes at rest keep their values, so they fail no sooner."""
    return node.op in ("add", "sub", "neg") and node.type.is_integer


def may_idle(stmt: Stmt, apart: frozenset[str]) -> bool:
    """Whether a lane beyond the end of the loop may do a statement like the others, whatever its
    own scalars hold: it computes, cannot fail, and reads no memory but what all lanes read."""
    return isinstance(stmt, Assign) and _computes(stmt.value, apart)


def _computes(expr: Expr, apart: frozenset[str]) -> bool:
    if not depends(expr, apart) or isinstance(expr, Var):
        return True
    if not isinstance(expr, Apply) or expr.checked or expr.op not in _CHEAP:
        return False
    real = expr.type.kind == "real" or (expr.type.is_integer and expr.op in _WHOLE)
    return real and all(_computes(arg, apart) for arg in expr.args)


_WHOLE: Final = frozenset(("add", "sub", "mul", "neg"))
_CHEAP: Final = _WHOLE | {"divide", "sqrt", "cast", "minimum", "maximum", "fmin", "fmax"}


def strip_names(stmts: Iterable[Stmt]) -> frozenset[str]:
    """Scalars read or assigned in these statements."""
    names: set[str] = set()
    for stmt in statements(list(stmts)):
        if isinstance(stmt, Assign):
            names.add(stmt.name)
        for expr in expressions(stmt):
            names |= {node.name for node in walk(expr) if isinstance(node, Var)}
    return frozenset(names)
