"""Which loops may run their iterations in any order, and if not, why not.

>>> from conure.ir.parse import parse
>>> program = parse('''program p(a: f64[1]C, s: float, n: int) {
...   local t: f64
...   for i in 0:n:1 { t = a[i]
...     a[i] = t * t }
...   for j in 1:n:1 { a[j] = a[j - 1] }
... }''')
>>> verdicts = judge_all(program)
>>> verdicts["i"]
Parallel(guard=None, reductions=(), private=('t',), last=())
>>> print(verdicts["j"].reason.message)
a[j - 1] reads in a later iteration what a[j] wrote 1 iteration before
"""

from __future__ import annotations

from dataclasses import dataclass, field

from conure.analysis import reduction as reductions
from conure.analysis.affine import Poly
from conure.analysis.dependence import APART, Meeting, carried, unwrapped
from conure.analysis.guards import FALSE, TRUE, Condition, both, polys, replaced, tested
from conure.analysis.scalars import Flow, Names, flow, live_after
from conure.analysis.survey import Access, Loop, Survey, survey
from conure.errors import NOWHERE, Loc, Reason
from conure.ir.nodes import (
    Alloc,
    Apply,
    Assign,
    Block,
    Const,
    Dim,
    Expr,
    Leave,
    Load,
    Program,
    Rebind,
    Reduction,
    Stmt,
    Store,
    Var,
)
from conure.ir.ops import integer
from conure.ir.text import show
from conure.ir.types import INT, Scalar
from conure.ir.walk import names_written, operands, statements, with_operands

_MOST_TESTS = 24  # tests in one guard; more would cost more than they win


@dataclass(frozen=True)
class Parallel:
    """The iterations are independent (where `guard` holds), apart from the reductions; the fields
    are those of `ir.nodes.Mark`."""

    guard: Expr | None = None
    reductions: tuple[Reduction, ...] = ()
    private: tuple[str, ...] = ()
    last: tuple[str, ...] = ()


@dataclass(frozen=True)
class Serial:
    """The iterations depend on their order. `kind`: flow, anti, output, scalar or control."""

    reason: Reason
    kind: str
    first: Access | None = None
    second: Access | None = None
    distance: int | None = None


Verdict = Parallel | Serial


def judge_all(program: Program, exact: bool = False) -> dict[str, Verdict]:
    """The verdict on every `for`, by its index. `exact`: real sums keep their order."""
    judge = Judge(program, survey(program), exact)
    return {index: judge.verdict(index) for index in judge.found.loops}


def judge(program: Program, index: str, exact: bool = False) -> Verdict:
    """The verdict on one `for`."""
    return Judge(program, survey(program), exact).verdict(index)


@dataclass
class Judge:
    """Judges the loops of one program."""

    program: Program
    found: Survey
    exact: bool = False
    live: dict[str, Names] = field(default_factory=dict)
    types: dict[str, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.live = live_after(self.program)
        self.types = {local.name: local.type for local in self.program.locals}
        for param in self.program.params:
            if isinstance(param.type, Scalar):
                self.types[param.name] = param.type

    def verdict(self, index: str) -> Verdict:
        """Whether the iterations of a loop may run in any order."""
        loop = self.found.loops[index]
        refused = self.control(loop)
        if refused is not None:
            return refused
        scalars = self.scalars(loop)
        if isinstance(scalars, Serial):
            return scalars
        arrays = self.arrays(loop)
        if isinstance(arrays, Serial):
            return arrays
        guard, accumulated = arrays
        expr = self.guard(guard, loop)
        if isinstance(expr, Serial):
            return expr
        return Parallel(
            expr, scalars.reductions + accumulated, scalars.private + self.own(loop), scalars.last
        )

    # ---- control ---------------------------------------------------------------------------

    def control(self, loop: Loop) -> Serial | None:
        """What leaves the loop, or exchanges arrays, orders its iterations."""
        inside = list(statements(loop.statement.body))
        labels = {stmt.label for stmt in inside if isinstance(stmt, Block)}
        for stmt in inside:
            if isinstance(stmt, Leave) and stmt.label not in labels:
                message = (
                    "the loop may stop early: whether an iteration runs depends on those before"
                )
                return Serial(Reason(message, _loc(stmt.loc, loop)), "control")
            if isinstance(stmt, Rebind):
                message = f"each iteration exchanges the arrays {', '.join(stmt.names)}"
                return Serial(Reason(message, _loc(stmt.loc, loop)), "control")
        return None

    # ---- scalars ---------------------------------------------------------------------------

    def scalars(self, loop: Loop) -> Parallel | Serial:
        """What becomes of each variable that the loop assigns."""
        body = loop.statement.body
        needs = flow(body)
        private: list[str] = []
        last: list[str] = []
        found: list[Reduction] = []
        for name in sorted(names_written(body)):
            fate = self.scalar(name, loop, needs)
            if isinstance(fate, Serial):
                return fate
            if isinstance(fate, Reduction):
                found.append(fate)
                continue
            private.append(name)
            if fate == "last":
                last.append(name)
        return Parallel(None, tuple(found), tuple(private), tuple(last))

    def scalar(self, name: str, loop: Loop, needs: Flow) -> Serial | Reduction | str:
        body = loop.statement.body
        if name not in needs.exposed:
            if name not in self.live[loop.index]:
                return "private"
            if name in needs.assigned:
                return "last"
            if self.constant(name, body):
                return Reduction(name, "last")
            message = f"{name} is needed after the loop, and only some iterations set it"
            hint = f"set {name} in every iteration, or before the loop only"
            return self.refuse(name, message, loop, hint)
        found = reductions.scalar_reduction(name, body)
        if found is None:
            if self.constant(name, body):
                return Reduction(name, "last")
            message = f"{name} is carried from one iteration to the next"
            return self.refuse(name, message, loop, "")
        if self.exact and reductions.reorders(found, self.types[name]):
            message = f'{name} accumulates rounded values, whose order float_order="exact" keeps'
            return self.refuse(name, message, loop, 'use float_order="tree"')
        return found

    def constant(self, name: str, body: tuple[Stmt, ...]) -> bool:
        """Every assignment writes the same constant, and the loop does not read the variable."""
        values = {s.value for s in statements(body) if isinstance(s, Assign) and s.name == name}
        only = next(iter(values)) if len(values) == 1 else None
        return isinstance(only, Const) and not reductions.mentioned(name, body)

    def refuse(self, name: str, message: str, loop: Loop, hint: str) -> Serial:
        inside = statements(loop.statement.body)
        where = next(s for s in inside if isinstance(s, Assign) and s.name == name)
        return Serial(Reason(message, _loc(where.loc, loop), hint), "scalar")

    # ---- arrays ----------------------------------------------------------------------------

    def own(self, loop: Loop) -> tuple[str, ...]:
        """The arrays that each iteration allocates for itself."""
        inside = statements(loop.statement.body)
        return tuple(sorted({stmt.name for stmt in inside if isinstance(stmt, Alloc)}))

    def arrays(self, loop: Loop) -> tuple[Condition, tuple[Reduction, ...]] | Serial:
        """A guard under which no two iterations meet in a cell, and the array reductions."""
        own = set(self.own(loop))
        groups: dict[str, list[Access]] = {}
        for access in self.inside(loop):
            if access.array not in own:
                groups.setdefault(access.array, []).append(access)
        overlap = self.overlap(groups, loop)
        if overlap is not None:
            return overlap
        guard: Condition = TRUE
        accumulated: list[Reduction] = []
        for array, accesses in groups.items():
            if not any(access.write for access in accesses):
                continue
            answer = self.array(accesses, loop)
            if isinstance(answer, Serial):
                op = self.accumulation(array, accesses, loop)
                if op is None:
                    return answer
                accumulated.append(Reduction(array, op, True))
            else:
                guard = both(guard, answer)
        return guard, tuple(accumulated)

    def inside(self, loop: Loop) -> list[Access]:
        """The accesses made by the iterations of a loop."""
        return [access for access in self.found.accesses if loop.index in access.context.loops]

    def overlap(self, groups: dict[str, list[Access]], loop: Loop) -> Serial | None:
        for one, two in self.overlaps():
            both_sides = [groups.get(name, []) for name in (one, two)]
            writes = [access for side in both_sides for access in side if access.write]
            if all(both_sides) and writes:
                write = writes[0]
                other = next(s[0] for s in both_sides if s[0].array != write.array)
                message = f"{write.array} and {other.array} overlap in this call"
                reason = Reason(message, _loc(write.loc, loop), "pass arrays that are apart")
                return Serial(reason, "overlap", write, other)
        return None

    def overlaps(self) -> list[tuple[str, str]]:
        """The pairs that may share memory, also after names were exchanged."""
        pairs = self.program.overlaps
        exchanged = self.found.rebound
        if not any(name in exchanged for pair in pairs for name in pair):
            return list(pairs)
        every = sorted(exchanged | {name for pair in pairs for name in pair})
        return [(a, b) for at, a in enumerate(every) for b in every[at + 1 :]]

    def array(self, accesses: list[Access], loop: Loop) -> Condition | Serial:
        """A guard under which the accesses of one array do not meet across iterations."""
        distinct = {(a.write, a.checked, a.index, a.context.facts): a for a in accesses}
        seen = list(distinct.values())
        guard: Condition = TRUE
        views = [unwrapped(self.found, loop, access) for access in seen]
        for at, (first, first_right) in enumerate(views):
            for second, second_right in views[at:]:
                if not (first.write or second.write):
                    continue
                meeting = self.meet(loop, first, second)
                needed = both(first_right, second_right, meeting.unless)
                if needed == FALSE or not self.testable(needed, loop):
                    return self.conflict(first, second, meeting, loop)
                guard = both(guard, needed)
        return guard

    def meet(self, loop: Loop, first: Access, second: Access) -> Meeting:
        if first.array != second.array:
            return APART
        return carried(self.found, loop, first, second)

    def accumulation(self, array: str, accesses: list[Access], loop: Loop) -> str | None:
        """The operator, if the array is only accumulated in place, at cells that the loop's own
        iterations share."""
        ops: set[str | None] = set()
        stores = 0
        for stmt in statements(loop.statement.body):
            if isinstance(stmt, Store) and stmt.array == array:
                ops.add(reductions.array_reduction(stmt))
                stores += 1
        op = ops.pop() if len(ops) == 1 else None
        params = {param.name for param in self.program.params}
        if op is None or len(accesses) != 2 * stores or array not in params:
            return None
        for poly in (poly for access in accesses for poly in access.index):
            if _unknown(poly) or loop.counter.name in poly.names:
                return None
        if self.exact and reductions.reorders(
            Reduction(array, op), self.program.array(array).dtype
        ):
            return None
        return op

    # ---- guards and reasons ----------------------------------------------------------------

    def testable(self, guard: Condition, loop: Loop) -> bool:
        """Whether a condition can be tested, cheaply, where the loop is reached."""
        needed = polys(guard)
        if len(needed) > _MOST_TESTS or any(poly.degree > 2 for poly in needed):
            return False
        return all(self.named(atom, loop) is not None for poly in needed for atom in poly.atoms)

    def guard(self, guard: Condition, loop: Loop) -> Expr | None | Serial:
        """The guard in terms of the variables where the loop is reached."""
        if guard == TRUE:
            return None
        needed = polys(guard)
        if len(needed) > _MOST_TESTS:
            return self.unguarded(guard, loop)
        named = {atom: self.named(atom, loop) for poly in needed for atom in poly.atoms}
        ranges = self.found.ranges

        def risky(poly: Poly) -> bool:
            size = sum(abs(f) for f in poly.terms.values())
            spans = [ranges.of_atom(atom) for atom in poly.atoms]
            return size > 1024 or not all(abs(s.low) <= 2**31 >= abs(s.high) for s in spans)

        expr = tested(guard, risky)
        names = {atom: expr for atom, expr in named.items() if expr is not None}
        return replaced(expr, names)

    def named(self, atom: Expr, loop: Loop) -> Expr | None:
        """An atom as an expression of the program, where the loop is reached."""
        if isinstance(atom, Load) or self.found.ranges.varies(atom, loop.index):
            return None
        if isinstance(atom, Var):
            return self.variable(atom, loop)
        if isinstance(atom, Dim):
            return None if atom.array in self.found.local else atom
        parts = [self.named(part, loop) for part in operands(atom)]
        known = tuple(part for part in parts if part is not None)
        return with_operands(atom, known) if len(known) == len(parts) else None

    def variable(self, atom: Var, loop: Loop) -> Expr | None:
        if atom.name in loop.context.loops:
            return atom
        if atom.name.endswith("%"):
            return self.counted(self.found.loops[atom.name[:-1]], loop)
        if "@" not in atom.name:
            unchanged = loop.context.values.get(atom.name) in (None, Poly.atom(atom))
            return atom if unchanged and atom.name in self.types else None
        name = loop.context.variable(Poly.atom(atom))
        return None if name is None else Var(name, atom.type)

    def counted(self, outer: Loop, loop: Loop) -> Expr | None:
        """The number of an enclosing loop's iteration."""
        step, start = outer.step.constant, outer.statement.start
        if not step or not isinstance(start, Const):
            return None
        gap = Apply("sub", (Var(outer.index, INT), start), INT, False)
        return Apply("floordiv", (gap, integer(step)), INT, False)

    def unguarded(self, guard: Condition, loop: Loop) -> Serial:
        message = f"iterations are independent only if {guard}, which is not known before the loop"
        return Serial(Reason(message, loop.statement.loc), "flow")

    def conflict(self, first: Access, second: Access, meeting: Meeting, loop: Loop) -> Serial:
        """The reason: which accesses meet, and how."""
        distance = meeting.distance
        unit = self.found.ranges.sign(loop.step) or 1
        if distance is not None and distance * unit < 0:
            first, second, distance = second, first, -distance
        elif distance is None and not first.write:
            first, second = second, first
        kind = "output" if first.write and second.write else "flow" if first.write else "anti"
        message = _message(first, second, kind, abs(distance or 0), loop)
        related = ((second.loc, f"{_text(second)} is here"),) if second.loc != NOWHERE else ()
        reason = Reason(message, _loc(first.loc, loop), "", related)
        return Serial(reason, kind, first, second, None if distance is None else abs(distance))


def _message(first: Access, second: Access, kind: str, distance: int, loop: Loop) -> str:
    indirect = [a for a in (first, second) if a.write and any(_unknown(p) for p in a.index)]
    if indirect:
        where = _text(indirect[0])
        return f"{where} is written at a subscript not known before the loop, perhaps twice"
    one, two = _text(first), _text(second)
    if kind == "output":
        if one == two:
            return f"{one} may be written by more than one iteration of {loop.index}"
        return f"{one} and {two} may write the same element in different iterations"
    if distance:
        gap = f"{distance} iteration{'s' if distance > 1 else ''} before"
        if kind == "flow":
            return f"{two} reads in a later iteration what {one} wrote {gap}"
        return f"{two} overwrites what {one} read {gap}"
    if kind == "flow":
        return f"{two} may read what {one} wrote in another iteration"
    return f"{two} may overwrite what {one} read in another iteration"


def _unknown(poly: Poly) -> bool:
    return any("@" in name for name in poly.names) or any(
        isinstance(atom, Load) for atom in poly.atoms
    )


def _text(access: Access) -> str:
    return f"{access.array}[{', '.join(show(expr).replace('?', '') for expr in access.subscript)}]"


def _loc(loc: Loc, loop: Loop) -> Loc:
    return loop.statement.loc if loc == NOWHERE else loc
