"""How much a loop does and how it goes through memory: what decisions about speed are based on.

>>> from conure.analysis.survey import survey
>>> from conure.ir.parse import parse
>>> program = parse('''program p(a: f64[2]C, b: f64[2]C, n: int) {
...   for i in 0:n { for j in 0:n { a[i, j] = b[j, 2 * i] * 3.0:f64 + 1.0:f64 } }
... }''')
>>> found = survey(program)
>>> load, store = found.accesses
>>> [stride(found, access, index) for access in (load, store) for index in ("i", "j")]
[None, None, None, 1]
>>> found.loops["j"].turns, cost(found.loops["j"].statement.body)
(n, 5.0)
>>> traffic(found, found.loops["j"])
16
"""

from __future__ import annotations

from collections.abc import Iterable

from conure.analysis.access import Access, Loop, Survey
from conure.analysis.affine import leaves
from conure.analysis.interval import Number
from conure.ir.nodes import Apply, Expr, Load, Stmt, Store
from conure.ir.ops import OPS
from conure.ir.types import ArrayType
from conure.ir.walk import walk

_ACCESS = 1.0  # of an element, in additions
MOST_TRIPS = 2**40


def trips(found: Survey, index: str, guess: Number = 1000) -> Number:
    """How many iterations a loop has: its number where that is known, else a guess within the
    bounds that are known."""
    turns = found.loops[index].turns
    if turns is None:
        return guess
    if turns.constant is not None:
        return max(turns.constant, 0)
    interval = found.ranges.interval(turns, found.loops[index].context.facts)
    return max(0, min(max(guess, interval.low), interval.high, MOST_TRIPS))


def cost(body: tuple[Stmt, ...]) -> float:
    """The work of one run of a body in additions; inner loops count as one iteration."""
    return _work(walk(body))


def expression_cost(expr: Expr) -> float:
    """The work of an expression in additions."""
    return _work(walk(expr))


def _work(nodes: Iterable[Expr | Stmt]) -> float:
    total = 0.0
    for node in nodes:
        if isinstance(node, Apply):
            total += OPS[node.op].cost
        elif isinstance(node, Load | Store):
            total += _ACCESS
    return total


def stride(found: Survey, access: Access, index: str) -> int | None:
    """By how many elements an access moves with each iteration of a loop, all else equal: 0 or 1
    (in either direction), or None for any other amount."""
    loop = found.loops[index]
    name = loop.counter.name
    loose = {atom for poly in access.index for atom in poly.atoms if _loose(found, atom, index)}
    if loose:
        return None
    moving = [axis for axis, poly in enumerate(access.index) if name in poly.names]
    if not moving:
        return 0
    poly = access.index[moving[0]]
    if len(moving) > 1 or not poly.linear_in(loop.counter):
        return None
    unit = poly.coefficient(loop.counter).constant
    return 1 if _nearest(found, access) == moving[0] and unit in (1, -1) else None


def _loose(found: Survey, atom: Expr, index: str) -> bool:
    """Whether an atom changes with a loop in a way that its bounds do not tell."""
    counters = {loop.counter.name for loop in found.loops.values()}
    return found.ranges.varies(atom, index) and not leaves(atom) <= counters


def _nearest(found: Survey, access: Access) -> int | None:
    """The axis along which elements lie side by side, if there is one."""
    last = len(access.index) - 1
    for param in found.program.params:
        if param.name == access.array and isinstance(param.type, ArrayType):
            return {"C": last, "U": last, "F": 0}.get(param.type.layout)
    return last  # a local array


def traffic(found: Survey, loop: Loop) -> int:
    """The bytes that one iteration touches in its innermost statements, each element once."""
    sizes = {
        param.name: param.type.dtype.bytes
        for param in found.program.params
        if isinstance(param.type, ArrayType)
    }
    touched = {
        (access.array, access.index)
        for access in found.accesses
        if loop.index in access.context.loops
    }
    return sum(sizes.get(array, 8) for array, _ in touched)
