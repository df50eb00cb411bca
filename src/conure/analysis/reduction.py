"""Accumulations: variables and array elements that a loop only updates by an associative operator.

A *keeping* reduction is named for its comparison: op "less" keeps the first value for which
`less(new, kept)` held, as `if x < m: m = x` does - with reals that is not `fmin`, which differs for
NaN and for zeros of either sign. Partial results combine, in order of iterations, by
`select(less(new, kept), new, kept)`, from the largest value of the type (the smallest for greater).

    >>> s, x = Var("s", F64), Load("a", (Var("i", INT),), F64)
    >>> scalar_reduction("s", (Assign("s", Apply("sub", (s, x), F64)),))
    Reduction(name='s', op='add', array=False, companions=())
    >>> keep = If(Apply("less", (x, s), B1), (Assign("s", x),))
    >>> scalar_reduction("s", (keep,)).op
    'less'
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conure.analysis.scalars import flow
from conure.ir.nodes import Apply, Assign, Expr, If, Load, Reduction, Stmt, Store, Var
from conure.ir.ops import KEEPING, REDUCIBLE
from conure.ir.types import B1, F64, INT, Scalar  # noqa: F401 - names of the doctest above
from conure.ir.walk import bodies, expressions, names_read, names_written, statements, walk

_MIRRORED = dict(zip(KEEPING, ("greater", "greater_equal", "less", "less_equal"), strict=True))
_LEAST = {"less": "minimum", "less_equal": "minimum"}
_FOLDS = {"add": ("add", "sub"), "mul": ("mul",)}


def scalar_reduction(name: str, body: tuple[Stmt, ...]) -> Reduction | None:
    """How a scalar accumulates in a loop's body, if each use of it there is such an update."""
    ops: set[str] = set()
    uses = 0
    for stmt, inside in _updates(name, body):
        found = inside or (_folded(stmt, name), 1)
        if found[0] is None:
            return None
        ops.add(found[0])
        uses += found[1]
    if len(ops) != 1 or uses != _count(name, body) or not _apart(name, body):
        return None
    return Reduction(name, ops.pop())


def _apart(name: str, body: tuple[Stmt, ...]) -> bool:
    """Whether nothing but the kept value tells in which iterations it was replaced: there, only
    variables are set that the loop neither reads nor sets anywhere else."""
    ifs = [s for s in statements(body) if isinstance(s, If) and _sets(s.then, name)]
    kept = [each for each in ifs if _kept(each, name) is not None]
    then = tuple(stmt for each in kept for stmt in each.then)
    others = {stmt.name for stmt in then if isinstance(stmt, Assign)} - {name}
    return all(isinstance(stmt, Assign) for stmt in then) and not any(
        _count(other, body) != _count(other, then)
        or _count_sets(other, body) != _count_sets(other, then)
        or any(other in flow(each.then).exposed for each in kept)
        for other in others
    )


def _updates(
    name: str, body: tuple[Stmt, ...]
) -> Iterator[tuple[Assign, tuple[str | None, int] | None]]:
    """Assignments of the variable; with the operator where an `if` around decides it."""
    for stmt in body:
        if isinstance(stmt, Assign):
            if stmt.name == name:
                yield stmt, None
            continue
        if isinstance(stmt, If) and (kept := _kept(stmt, name)) is not None:
            assign = next(s for s in stmt.then if isinstance(s, Assign) and s.name == name)
            yield assign, (kept, 1)
            continue
        for inner in bodies(stmt):
            yield from _updates(name, inner)


def _count(name: str, body: tuple[Stmt, ...]) -> int:
    return sum(
        isinstance(node, Var) and node.name == name
        for stmt in statements(body)
        for node in walk(expressions(stmt))
    )


def _kept(stmt: If, name: str, named: bool = False) -> str | None:
    """`if x < m { m = x }`, perhaps with more set: the comparison, or for integers, unless the
    comparison is `named` all the same, the operator it amounts to."""
    sets = [s for s in statements(stmt.then) if isinstance(s, Assign) and s.name == name]
    if stmt.orelse or len(sets) != 1 or not any(each is sets[0] for each in stmt.then):
        return None
    before = stmt.then[: [each is sets[0] for each in stmt.then].index(True)]
    if any(not isinstance(s, Assign) or _mentions(sets[0].value, s.name) for s in before):
        return None
    return _comparison(stmt.condition, sets[0].value, name, named)


def companion(name: str, body: tuple[Stmt, ...]) -> Reduction | None:
    """Where a variable is set only together with one that keeps the best value (`k` of
    `if x < m { m = x; k = i }`): how that one keeps it."""
    together = [s for s in statements(body) if isinstance(s, If) and _sets(s.then, name)]
    if not together:
        return None
    for best in sorted(names_written(together[0].then) & names_read(together[0].condition)):
        ops = {_kept(stmt, best, named=True) for stmt in together}
        op = ops.pop()
        if op is not None and not ops and _count_sets(best, body) == len(together):
            return Reduction(best, op, companions=(name,))
    return None


def joined(found: Sequence[Reduction]) -> tuple[Reduction, ...]:
    """Reductions with those merged that accumulate the same variable: its companions join it."""
    made: list[Reduction] = []
    for each in found:
        same = [other for other in found if other.name == each.name and other.companions]
        if not same:
            made.append(each)
        elif not each.companions:
            companions = tuple(name for other in same for name in other.companions)
            made.append(Reduction(each.name, same[0].op, companions=companions))
    return tuple(made)


def _sets(stmts: tuple[Stmt, ...], name: str) -> bool:
    return any(isinstance(stmt, Assign) and stmt.name == name for stmt in stmts)


def _count_sets(name: str, body: tuple[Stmt, ...]) -> int:
    return sum(isinstance(stmt, Assign) and stmt.name == name for stmt in statements(body))


def _comparison(condition: Expr, new: Expr, name: str, named: bool = False) -> str | None:
    """The comparison by which `new` replaces the variable, perhaps one of several conditions."""
    while isinstance(condition, Apply) and condition.op == "cast":
        condition = condition.args[0]
    if isinstance(condition, Apply) and condition.op == "and":
        parts = (_comparison(part, new, name, named) for part in condition.args)
        return next((op for op in parts if op is not None), None)
    if not isinstance(condition, Apply) or condition.op not in KEEPING:
        return None
    left, right = condition.args
    op = condition.op
    if isinstance(left, Var) and left.name == name:
        left, right, op = right, left, _MIRRORED[op]
    if not isinstance(right, Var) or right.name != name or left != new or _mentions(new, name):
        return None
    return op if named or new.type.kind == "real" else _LEAST.get(op, "maximum")


def _mentions(expr: Expr, name: str) -> bool:
    return any(isinstance(node, Var) and node.name == name for node in walk(expr))


def _folded(stmt: Assign, name: str) -> str | None:
    """The operator of `s = s op e`, also nested (`s + a + b`) and as a `select`."""
    value = stmt.value
    if not isinstance(value, Apply):
        return None
    if value.op == "select":
        return _selected(value, name)
    return _folding(value, lambda part: isinstance(part, Var) and part.name == name)


def _selected(value: Apply, name: str) -> str | None:
    """`m = x if x < m else m`; `s = s + e if c else s`."""
    condition, yes, no = value.args
    if not isinstance(no, Var) or no.name != name or _mentions(yes, name):
        return None
    return _comparison(condition, yes, name) if _count_in(value, name) == 2 else None


def _count_in(expr: Expr, name: str) -> int:
    return sum(isinstance(node, Var) and node.name == name for node in walk(expr))


def _folding(value: Apply, is_kept: object) -> str | None:
    assert callable(is_kept)
    chain = "add" if value.op == "sub" else value.op
    if chain not in REDUCIBLE or value.type.kind == "complex" and chain == "mul":
        return None
    allowed = _FOLDS.get(chain, (chain,))
    node: Expr = value
    while isinstance(node, Apply) and node.op in allowed:
        left, right = node.args
        if is_kept(left) and not any(is_kept(part) for part in walk(right)):
            return chain
        if node.op != "sub" and chain not in ("and", "or") and is_kept(right):
            return None if any(is_kept(part) for part in walk(left)) else chain
        if any(is_kept(part) for part in walk(right)):
            return None
        node = left
    return None


def array_reduction(stmt: Store) -> str | None:
    """The operator of `a[i] = a[i] op e` where e does not read `a[i]`."""
    if not isinstance(stmt.value, Apply):
        return None

    def is_kept(part: object) -> bool:
        return isinstance(part, Load) and part.array == stmt.array and part.index == stmt.index

    reading = [node for node in walk(expressions(stmt)) if is_kept(node)]
    return _folding(stmt.value, is_kept) if len(reading) == 1 else None


def reorders(reduction: Reduction, scalar: Scalar) -> bool:
    """Whether another order of accumulation may change the result's bits."""
    return scalar.is_inexact and reduction.op in ("add", "mul")


def mentioned(name: str, body: tuple[Stmt, ...]) -> bool:
    """Whether any expression of a body reads the variable."""
    return _count(name, body) > 0
