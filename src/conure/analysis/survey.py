"""One walk through a program that finds the value of every integer where it is used.

Scalars get *versions*: a variable assigned in a loop has a new, unknown value `k@3` at the head of
each iteration, unless it is an induction variable (`k += 2` once per iteration is `k0 + 2*i`).
What follows from loop bounds and conditions is written into the book of `ranges`; what was met on
the way - loops, accesses, the context of each statement - is the survey.

    >>> from conure.ir.parse import parse
    >>> found = survey(parse('''program p(a: f64[1]C, n: int) {
    ...   local k: int
    ...   k = 3
    ...   for i in 0:n:1 { a[k] = 0.0:f64
    ...     k = k + 2 }
    ... }'''))
    >>> [(access.array, access.index, access.write) for access in found.accesses]
    [('a', (2*i + 3,), True)]
    >>> found.loops["i"].stop, found.ranges.prove(found.accesses[0].index[0] - 3)
    (n, True)
"""

from __future__ import annotations

from dataclasses import replace

from conure.analysis import symbolic
from conure.analysis.access import Access, Loop, Path, Survey, visited
from conure.analysis.affine import ZERO, Poly, tightened
from conure.analysis.interval import Interval, of_type, transfer
from conure.analysis.progress import Progress
from conure.analysis.ranges import stronger_of
from conure.analysis.symbolic import Context
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
from conure.ir.types import INT, Scalar
from conure.ir.walk import (
    arrays_rebound,
    arrays_written,
    names_written,
    statements,
)


def survey(program: Program, strict: bool = False) -> Survey:
    """Walk through a program once. `strict`: where the bounds are to replace checks of memory
    accesses, so that they have to hold even after an overflow that is only reported later."""
    rebound = frozenset(arrays_rebound(program))
    overlapping = {name for pair in program.overlaps for name in pair}
    written = arrays_written(program)
    if written & overlapping:
        written |= overlapping
    every = frozenset(written | rebound)
    same = _equal_shapes(program)
    found = Survey(program=program, written=every, rebound=rebound, shapes=same)
    found.strict = strict
    _Walk(found).run()
    return found


def _equal_shapes(program: Program) -> dict[str, str]:
    """The arrays whose extents the leading assumptions equate: each to the first of its group."""
    axes: dict[tuple[str, str], set[int]] = {}
    for stmt in program.body:
        if not isinstance(stmt, Assume):
            break
        match stmt.condition:
            case Apply(op="equal", args=(Dim(array=a, axis=k), Dim(array=b, axis=m))) if k == m:
                axes.setdefault((a, b), set()).add(k)
    same: dict[str, str] = {}
    for (a, b), found in axes.items():
        if found == set(range(program.array(a).rank)) == set(range(program.array(b).rank)):
            same[b] = same.get(a, a)
    return same


class _Walk(Progress):
    """Goes through statements in order."""

    def run(self) -> None:
        for param in self.found.program.params:
            if isinstance(param.type, Scalar):
                self.types[param.name] = param.type
        for local in self.found.program.locals:
            if local.type is INT:
                self.values[local.name] = ZERO
        self.go(self.found.program.body, ())

    def go(self, stmts: tuple[Stmt, ...], path: Path) -> bool:
        """Go through statements; whether the end of the list can be reached."""
        reached = True
        for at, stmt in enumerate(stmts):
            here = (*path, at)
            self.found.contexts[here] = self.context()
            reached = self.statement(stmt, here) and reached
        return reached

    def statement(self, stmt: Stmt, path: Path) -> bool:
        """One statement; whether what follows it can be reached."""
        match stmt:
            case Assign():
                self.read(stmt.value, path)
                self.assign(stmt.name, self.valued(stmt.name, stmt.value))
            case Store():
                for part in (*stmt.index, stmt.value):
                    self.read(part, path)
                self.access(stmt, path)
            case For():
                self.loop(stmt, path)
            case While():
                self.repeat(stmt, path)
            case If():
                return self.branch(stmt, path)
            case Block():
                self.block(stmt, path)
            case Assume():
                self.read(stmt.condition, path)
                self.assume(stmt.condition)
            case Alloc():
                context = self.context()
                for part in stmt.shape:
                    self.read(part, path)
                shape = tuple(self.found.poly(part, context) for part in stmt.shape)
                self.found.local[stmt.name] = shape
            case Leave() | Fail():
                return False
            case Rebind():
                pass
        return True

    # ---- values ----------------------------------------------------------------------------

    def valued(self, name: str, value: Expr) -> Poly:
        context = self.context()
        if value.type is INT:
            poly = self.found.poly(value, context)
            if poly.degree <= 3 and len(poly.terms) <= 12:
                return poly
            interval = self.ranges.interval(poly, self.facts)
            return self.new(name, interval=interval)
        if (same := symbolic.canonical(value, context, self.found)) is not None:
            return Poly.atom(same)
        span = self.span(value, context) if value.type.kind == "real" else None
        return self.new(name, interval=span)

    def span(self, expr: Expr, context: Context) -> Interval:
        """The interval of a real expression, through the scalars that it reads."""
        if expr.type is INT:
            return self.ranges.interval(self.found.poly(expr, context), context.facts)
        if isinstance(expr, Var) and (known := context.values.get(expr.name)) is not None:
            return self.ranges.numeric(known)
        if not isinstance(expr, Apply) or expr.op in ("select", "choice"):
            return self.ranges.of_atom(expr)
        source = expr.args[-1].type
        if not (source.is_integer or source.kind == "real"):
            return of_type(expr.type)
        spans = tuple(self.span(arg, context) for arg in expr.args)
        same = len(expr.args) == 2 and expr.args[0] == expr.args[1]
        return transfer(expr.op, source, spans, same)

    def assign(self, name: str, value: Poly) -> None:
        self.values[name] = value

    def read(self, expr: Expr, path: Path) -> None:
        for node, context in visited(expr, self.context(), self.found):
            if isinstance(node, Load):
                self.access(node, path, context)

    def access(self, node: Load | Store, path: Path, context: Context | None = None) -> None:
        context = context or self.context()
        index = tuple(self.found.poly(part, context) for part in node.index)
        write = isinstance(node, Store)
        access = Access(node.array, index, node.index, write, node.checked, context, path, node.loc)
        self.found.accesses.append(access)

    def assume(self, condition: Expr) -> None:
        """An assumption at the head bounds a parameter or an extent for good."""
        self.facts += self.found.facts(condition, self.context())
        match condition:
            case Apply(op="less_equal", args=(low, high)):
                if isinstance(high, Const) and isinstance(low, Var | Dim):
                    self.ranges.narrow(low, Interval(-(2**63), _whole(high)))
                elif isinstance(low, Const) and isinstance(high, Var | Dim):
                    self.ranges.narrow(high, Interval(_whole(low), 2**63))
            case _:
                pass

    # ---- control ---------------------------------------------------------------------------

    def branch(self, stmt: If, path: Path) -> bool:
        self.read(stmt.condition, path)
        before, facts, sure = dict(self.values), self.facts, self.sure
        start = self.context()
        self.sure = False
        self.facts = facts + self.found.facts(stmt.condition, start)
        reached = self.go(stmt.then, (*path, 0))
        then, then_facts = self.values, self.facts
        self.values = dict(before)
        self.facts = facts + self.found.facts(stmt.condition, start, False)
        other = self.go(stmt.orelse, (*path, 1))
        self.sure = sure and reached and other
        if reached and other:
            self.facts = facts
            self.values = self.merged(then, self.values)
        elif reached:
            self.values, self.facts = then, then_facts
        return reached or other

    def block(self, stmt: Block, path: Path) -> None:
        left = any(isinstance(s, Leave) and s.label == stmt.label for s in statements(stmt.body))
        facts, sure = self.facts, self.sure
        self.go(stmt.body, (*path, 0))
        self.facts, self.sure = facts, sure
        if left:
            self.forget(stmt.body)

    def forget(self, body: tuple[Stmt, ...]) -> None:
        for name in sorted(names_written(body)):
            self.values[name] = self.new(name)

    def repeat(self, stmt: While, path: Path) -> None:
        before = dict(self.values)
        facts, sure, home = self.facts, self.sure, self.home
        self.turns += 1
        self.home = (*home, f"while.{self.turns}")
        self.heads(stmt.body, None, before)
        self.sure = False
        self.found.heads[path] = self.context()
        self.read(stmt.condition, path)
        self.facts = facts + self.found.facts(stmt.condition, self.context())
        self.go(stmt.body, (*path, 0))
        self.home, self.facts, self.sure, self.values = home, facts, sure, before
        self.heads(stmt.body, None, dict(before))
        self.facts = facts + self.found.facts(stmt.condition, self.context(), False)

    def loop(self, stmt: For, path: Path) -> None:
        for part in (stmt.start, stmt.stop, stmt.step):
            self.read(part, path)
        outside = self.context()
        start, stop, step = (self.bound(e, outside) for e in (stmt.start, stmt.stop, stmt.step))
        before = dict(self.values)
        facts, sure, home, loops = self.facts, self.sure, self.home, self.loops
        self.home, self.loops = (*home, stmt.index), (*loops, stmt.index)
        self.types[stmt.index] = INT
        direction = self.ranges.sign(step, facts)
        counter, turns = self.count(stmt.index, start, stop, step, direction)
        if direction is not None:
            gap = (stop - start) if direction > 0 else (start - stop)
            self.facts += (tightened(gap - 1), *stronger_of(gap - 1))
        draft = Loop(stmt, path, start, stop, step, counter, turns, outside, outside)
        self.heads(stmt.body, draft, before)
        self.found.loops[stmt.index] = replace(draft, inner=self.context())
        leaves = any(isinstance(s, Leave) for s in statements(stmt.body))
        self.sure = sure and not leaves
        self.go(stmt.body, (*path, 0))
        self.home, self.loops, self.facts, self.sure, self.values = home, loops, facts, sure, before
        self.heads(stmt.body, replace(draft), dict(before), after=True)


def _whole(const: Const) -> int:
    assert isinstance(const.value, int)
    return const.value
