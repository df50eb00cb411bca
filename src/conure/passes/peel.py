"""Peel the ends off a loop where only they wrap around.

    for i in 0:n:1 {                            for i in 0:min(1, n):1 { ... u?[i - 1] ... }
      v[i] = u?[i - 1] + u[(i + 1) % n]  -->    for i.1 in 1:n - 1:1 { v[i.1] = u?[i.1 - 1] + ... }
    }                                           for i.2 in max(n - 1, 1):n:1 { ... }

In the middle `i - 1` is no negative index and `(i + 1) % n` is `i + 1`, which `passes/uncheck.py`
then proves, so that the middle is a plain vector loop. The order of iterations stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conure.analysis.affine import Poly
from conure.analysis.ranges import as_poly
from conure.ir.nodes import Apply, Const, Expr, For, Load, Program, Stmt, Store, Var, While
from conure.ir.ops import apply, integer
from conure.ir.types import INT
from conure.ir.walk import map_statements, statements, walk
from conure.passes.binders import Names, with_fixed_stop, with_fresh_binders

ENDS = "the ends of the loop, where subscripts wrap around"
_MOST = 8  # iterations at one end


def peel(program: Program) -> Program:
    """Apply to every innermost loop that starts at a constant and steps by 1."""
    names = Names(program)

    def change(stmt: Stmt) -> Stmt | tuple[Stmt, ...]:
        if not isinstance(stmt, For):
            return stmt
        if any(isinstance(inner, For | While) for inner in statements(stmt.body)):
            return stmt
        if not any(_ends(stmt)):
            return stmt
        before, loop = with_fixed_stop(stmt, names)
        low, high = _ends(loop)  # with a stop that changes, `% stop` says nothing
        return (*before, *_peeled(loop, low, high, names)) if low or high else stmt

    body = map_statements(program.body, change)
    return replace(program, body=body, locals=(*program.locals, *names.new))


def _peeled(loop: For, low: int, high: int, names: Names) -> tuple[Stmt, ...]:
    first = loop.start if not low else integer(low)
    last = apply("sub", loop.stop, integer(high)) if high else loop.stop
    parts = [replace(loop, start=first, stop=last)]
    if low:
        end = apply("minimum", integer(low), loop.stop)
        parts.append(replace(loop, stop=end, notes=(*loop.notes, ENDS)))
    if high:
        begin = apply("maximum", last, first)
        parts.append(replace(loop, start=begin, notes=(*loop.notes, ENDS)))
    middle, *ends = parts
    before = ends[:1] if low else []
    after = ends[-1:] if high else []
    ordered = [*before, middle, *after]
    return tuple(with_fresh_binders(part, names) for part in ordered)


def _ends(loop: For) -> tuple[int, int]:
    """How many iterations at the start (counted from 0) and at the end wrap around."""
    if loop.step != integer(1) or not isinstance(loop.start, Const):
        return 0, 0
    start = loop.start.value
    assert isinstance(start, int)
    lows, highs = [0], [0]
    for shift, wraps in _shifts(loop):
        if shift < 0 and start + shift < 0:
            lows.append(-shift)
        elif shift > 0 and wraps and start >= 0:
            highs.append(shift)
    low, high = max(lows), max(highs)
    return (low, high) if low <= _MOST and high <= _MOST else (0, 0)


def _shifts(loop: For) -> Iterator[tuple[int, bool]]:
    """The c of each checked subscript `i + c`, and of each `(i + c) % stop` (then true)."""
    for node in walk(loop.body):
        if isinstance(node, Load | Store) and node.checked:
            for subscript in node.index:
                shift = _shift(subscript, loop.index)
                if shift is not None:
                    yield shift, False
        if isinstance(node, Apply) and node.op == "mod" and node.args[1] == loop.stop:
            shift = _shift(node.args[0], loop.index)
            if shift is not None:
                yield shift, True


def _shift(expr: Expr, index: str) -> int | None:
    """The constant c of `i + c`; None for any other expression."""
    atom = Var(index, INT)
    rest = as_poly(expr) - Poly.atom(atom)
    return rest.terms.get((), 0) if not set(rest.terms) - {()} else None
