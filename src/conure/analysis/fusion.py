"""May two loops over the same domain become one? Answers by comparing access maps.

All of the first loop runs before the second. In one loop, the second's iteration i runs before the
first's iteration i + 1; so no element may be touched by the first in a later iteration than by the
second, if one of them writes it.

    >>> from conure.ir.parse import parse
    >>> program = parse('''program p(x: f64[1]C, y: f64[1]C, z: f64[1]C, n: int) {
    ...   for i in 1:n { y[i] = x[i] }
    ...   for j in 1:n { z[j] = y[j] + y[j - 1] }
    ...   for k in 1:n { x[k - 1] = y[k + 1] }
    ... }''')
    >>> first, second, third = (Part.of(loop, Overlaps(program)) for loop in program.body)
    >>> together(first, second, frozenset(), Overlaps(program))
    Together(carried=True)
    >>> together(first, third, frozenset(), Overlaps(program)).message
    'y[k + 1] would read what a later iteration writes'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, replace

from conure.analysis.affine import Poly
from conure.analysis.parallel import judge
from conure.analysis.ranges import as_poly
from conure.analysis.scalars import flow
from conure.analysis.verdict import Serial, spoken
from conure.errors import Reason
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
from conure.ir.text import show
from conure.ir.types import INT
from conure.ir.walk import statements, substitute, walk
from conure.record import Record

Names = frozenset[str]


class Overlaps:
    """Which arrays may share memory with another one."""

    def __init__(self, program: Program) -> None:
        pairs = program.overlaps
        rebound = any(isinstance(stmt, Rebind) for stmt in statements(program))
        self.groups: dict[str, set[str]] = {}
        for one, other in pairs:
            self.groups.setdefault(one, set()).add(other)
            self.groups.setdefault(other, set()).add(one)
        if pairs and rebound:
            every = {param.name for param in program.params}
            self.groups = dict.fromkeys(every, every)
        self.known: dict[int, tuple[Stmt, Effects]] = {}

    def effects(self, stmt: Stmt) -> Effects:
        """The effects of a statement, found once."""
        known = self.known.get(id(stmt))
        if known is None:  # the statement is kept, so that no other one gets its identity
            known = self.known[id(stmt)] = stmt, Effects.of(stmt, self)
        return known[1]

    def all(self, names: Iterable[str]) -> set[str]:
        """The arrays, and those that may share memory with one of them."""
        found = set(names)
        for name in tuple(found):
            found |= self.groups.get(name, set())
        return found


class Effects(Record):
    """What a statement reads and writes: variables, arrays, and extents (`dim a`). `stays`:
    nothing may be moved over it; `guards`: what follows may rely on its not having failed."""

    reads: Names
    writes: Names
    stays: bool
    guards: bool

    @staticmethod
    def of(stmt: Stmt, overlaps: Overlaps) -> Effects:
        """The effects of one statement."""
        reads: set[str] = set()
        writes: set[str] = set()
        arrays: set[str] = set()
        labels: set[str] = set()
        leaves: set[str] = set()
        stays = guards = False
        for node in walk(stmt):
            match node:
                case Var(name=name):
                    reads.add(name)
                case Load(array=array):
                    reads.add(array)
                case Dim(array=array):
                    reads.add(f"dim {array}")
                case Assign(name=name):
                    writes.add(name)
                case Store(array=array):
                    arrays.add(array)
                    reads.add(f"dim {array}")
                case Alloc(name=name):
                    writes |= {name, f"dim {name}"}
                case Block(label=label):
                    labels.add(label)
                case Leave(label=label):
                    leaves.add(label)
                case Rebind() | Assume():
                    stays = True
                case Fail():
                    guards = not isinstance(stmt, For)
                case _:
                    pass
        writes |= overlaps.all(arrays)
        return Effects(frozenset(reads), frozenset(writes), stays or not leaves <= labels, guards)

    def disturb(self, other: Effects) -> bool:
        """Whether the order of the two matters."""
        return not (
            self.writes.isdisjoint(other.writes)
            and self.writes.isdisjoint(other.reads)
            and self.reads.isdisjoint(other.writes)
        )

    def joined(self, other: Effects) -> Effects:
        """Those of both."""
        return Effects(
            self.reads | other.reads,
            self.writes | other.writes,
            self.stays or other.stays,
            self.guards or other.guards,
        )


class Touch(Record):
    """An access as a loop's iterations see it: along each axis the factor of the loop's index and
    the rest, or None where something else moves."""

    array: str
    write: bool
    safe: bool  # no subscript counts from the end
    axes: tuple[tuple[int, Poly] | None, ...]
    text: str = field(compare=False)


class Part(Record):
    """A loop, with what its fusing depends on."""

    loop: For
    effects: Effects
    touches: tuple[Touch, ...]
    exposed: Names
    simple: bool  # neither leaves nor repeats until something happens, nor exchanges arrays
    loops: tuple[For, ...]  # what it is made of
    depth: int  # how many loops are inside each other
    even: bool  # a perfect nest, nothing conditional or indirect: surely a vector, if parallel
    operations: int

    @staticmethod
    def of(loop: For, overlaps: Overlaps) -> Part:
        """A loop of the program."""
        inside = list(statements(loop.body))
        simple = not any(isinstance(s, While | Block | Leave | Rebind | Assume) for s in inside)
        moving = {s.index for s in inside if isinstance(s, For)}
        moving |= {s.name for s in inside if isinstance(s, Assign)}
        accesses = (n for n in walk(loop.body) if isinstance(n, Load | Store))
        seen = dict.fromkeys(_touch(each, loop, moving) for each in accesses)
        exposed = flow(loop.body).exposed
        return Part(
            loop, overlaps.effects(loop), tuple(seen), exposed, simple, (loop,),
            depth_of(loop), _even(loop), sum(isinstance(n, Apply) for n in walk(loop.body)),
        )  # fmt: skip

    def with_more(self, other: Part) -> Part:
        """The two as one loop by the index of the first."""
        return Part(
            self.loop,
            self.effects.joined(other.effects),
            tuple(dict.fromkeys(self.touches + other.touches)),
            self.exposed | other.exposed,
            self.simple and other.simple,
            self.loops + other.loops,
            max(self.depth, other.depth),
            self.even and other.even,
            self.operations + other.operations,
        )


def depth_of(loop: For) -> int:
    """How many loops are inside each other."""
    inner = [stmt for stmt in statements(loop.body) if isinstance(stmt, For)]
    return 1 + max(map(depth_of, inner), default=0)


def nest_of(loop: For) -> list[For]:
    """The loop, and those inside it of which each is all that the one around it does."""
    found = [loop]
    while len(found[-1].body) == 1 and isinstance(inner := found[-1].body[0], For):
        found.append(inner)
    return found


def _even(loop: For) -> bool:
    for node in walk(nest_of(loop)[-1].body):
        if isinstance(node, For | While | If):
            return False
        if isinstance(node, Load | Store) and any(isinstance(n, Load) for n in walk(node.index)):
            return False
    return True


class Together(Record):
    """They may be one loop. `carried`: some of its iterations need earlier ones of the other."""

    carried: bool


Answer = Together | Reason | None


def together(first: Part, second: Part, live: Names, overlaps: Overlaps) -> Answer:
    """Whether two loops over one domain, the second directly after the first, may be one; None:
    the access maps do not tell. `live`: the variables that are read after the second."""
    loc = second.loop.loc
    if not (first.simple and second.simple):
        return Reason("a loop that may stop early stays as it is", loc)
    if _overlapping(first, second, overlaps):
        return Reason("arrays of the two loops overlap", loc)
    one, two = first.effects, second.effects
    shared = (one.writes & (two.reads | two.writes)) | (one.reads & two.writes)
    arrays = {touch.array for touch in (*first.touches, *second.touches)}
    for name in sorted(shared - arrays):
        if name in first.exposed or name in second.exposed or name in live:
            return Reason(f"{spoken(name)} is needed by both loops", loc)
    return _ordered(first, second, shared)


def _ordered(first: Part, second: Part, shared: Names) -> Answer:
    """Whether no element is touched in the wrong order."""
    carried, known = False, True
    moving = first.effects.writes | second.effects.writes
    for behind in second.touches:
        if behind.array not in shared:
            continue
        for ahead in first.touches:
            if ahead.array != behind.array or not (ahead.write or behind.write):
                continue
            distance = _distance(ahead, behind, first.loop, moving)
            if distance is None:
                known = False
                continue
            if distance < 0:
                what = "read what a later iteration writes" if ahead.write else "overwrite too soon"
                return Reason(f"{spoken(behind.text)} would {what}", second.loop.loc)
            carried = carried or distance > 0
    return Together(carried) if known else None


def merged(loops: Sequence[For]) -> For:
    """One loop with the bodies of all, by the index of the first."""
    first, *others = loops
    body = first.body
    for other in others:
        body += substitute(other.body, {other.index: Var(first.index, INT)})
    return replace(first, body=body)


def parallel_together(program: Program, before: Sequence[Stmt], loop: For) -> bool:
    """Whether a merged loop is parallel, by all tests there are: then no element is touched by two
    of its iterations, and the loops it was made of may be one. `before`: what precedes it."""
    verdict = judge(program.with_body((*before, loop)), loop.index)
    if isinstance(verdict, Serial) or verdict.guard is not None:
        return False
    return not any(each.array for each in verdict.reductions)


def _overlapping(first: Part, second: Part, overlaps: Overlaps) -> bool:
    """Whether one loop writes to memory that the other one uses by another name."""
    for one, two in ((first, second), (second, first)):
        used = {touch.array for touch in two.touches}
        for array in {touch.array for touch in one.touches if touch.write}:
            if used & (overlaps.groups.get(array, set()) - {array}):
                return True
    return False


_NEVER = 0  # two accesses that never meet are as good as two that meet in one iteration


def _distance(ahead: Touch, behind: Touch, loop: For, moving: Names) -> int | None:
    """How many iterations after the first loop's the second loop's touches the same element; 0
    also if they never meet; None: not known."""
    safe = ahead.safe and behind.safe
    found: int | None = None
    for one, two in zip(ahead.axes, behind.axes, strict=True):
        if one is None or two is None or not (safe or _from_zero(loop, one, two)):
            continue
        if not (one[1].names | two[1].names).isdisjoint(moving):
            continue
        gap = (one[1] - two[1]).constant
        if gap is None or one[0] != two[0]:
            continue
        if one[0] == 0:
            if gap:
                return _NEVER
            continue
        if gap % (one[0] * _step(loop)):
            return _NEVER
        steps = gap // (one[0] * _step(loop))
        if found is not None and found != steps:
            return _NEVER
        found = steps
    return found


def _step(loop: For) -> int:
    assert isinstance(loop.step, Const) and isinstance(loop.step.value, int)
    return loop.step.value


def _from_zero(loop: For, *axes: tuple[int, Poly]) -> bool:
    """Whether subscripts are known not to be negative."""
    start = as_poly(loop.start).constant
    if start is None or start < 0 or _step(loop) < 1:
        return False
    return all(
        factor >= 0 and rest.constant is not None and factor * start + rest.constant >= 0
        for factor, rest in axes
    )


def _touch(access: Load | Store, loop: For, moving: set[str]) -> Touch:
    axes = tuple(_axis(expr, loop.index, moving) for expr in access.index)
    text = f"{access.array}[{', '.join(show(expr) for expr in access.index)}]"
    return Touch(access.array, isinstance(access, Store), not access.checked, axes, text)


def _axis(expr: Expr, index: str, moving: set[str]) -> tuple[int, Poly] | None:
    poly = as_poly(expr)
    if not poly.names.isdisjoint(moving) or any(isinstance(n, Load) for n in walk(poly.atoms)):
        return None
    atom = Var(index, INT)
    if not poly.linear_in(atom):
        return None
    factor = poly.coefficient(atom).constant
    rest = poly.without(atom)
    return None if factor is None or index in rest.names else (factor, rest)
