"""Careful to fast: prove checks away, and hoist the rest into assumptions at the region's entry.

    >>> from conure.ir.parse import parse
    >>> from conure.ir.text import show
    >>> print(show(uncheck(parse('''program p(a: f64[1]C, n: int) {
    ...   for i in 0:n { a?[i +? 1] = 0.0:f64 }
    ... }'''))))
    program p(a: f64[1]C, n: int) {
        assume dim(a, 0) <= 2147483648
        assume -2147483648 <= n
        assume n <= 2147483648
        assume n <= 0 or dim(a, 0) >= n + 1
        for i in 0:n {
            a[i + 1] = 0.0:f64
        }
    }

Assumptions cost little (the careful program runs where one is false), but one that is false for
ordinary arguments would make the fast program useless: those are not made, the check stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from conure.analysis.access import Path, Survey
from conure.analysis.affine import Poly
from conure.analysis.book import Facts
from conure.analysis.guards import (
    TRUE,
    Condition,
    Either,
    Test,
    both,
    either,
    tested,
)
from conure.analysis.interval import EVERYTHING, Interval, can_fail, of_type, transfer, wrapped
from conure.analysis.magnitudes import magnitudes
from conure.analysis.survey import survey
from conure.analysis.symbolic import Context
from conure.ir.nodes import (
    Apply,
    Assume,
    Const,
    Dim,
    Expr,
    Load,
    Program,
    Stmt,
    Store,
    Var,
)
from conure.ir.ops import integer
from conure.ir.types import INT
from conure.ir.walk import bodies, expressions, with_bodies, with_expressions
from conure.passes.part import BOUNDARY

Bound = tuple[Poly, Facts, tuple[str, ...]]


def uncheck(program: Program) -> Program:
    """The fast program: assumptions in front, and no check that is known to pass under them."""
    sized = program.with_body(magnitudes(program) + program.body)
    rewrite = _Uncheck(survey(sized, strict=True))
    body = rewrite.body(sized.body, ())
    head = _head(body)
    hoisted = tuple(Assume(tested(each)) for each in _strongest(rewrite.assumed))
    return program.with_body(body[:head] + hoisted + body[head:])


def _head(body: tuple[Stmt, ...]) -> int:
    return next((at for at, stmt in enumerate(body) if not isinstance(stmt, Assume)), len(body))


def _strongest(conditions: list[Condition]) -> list[Condition]:
    """Without conditions that another one implies."""
    kept: list[Condition] = []
    for new in conditions:
        if any(_implies(old, new) for old in kept):
            continue
        kept = [old for old in kept if not _implies(new, old)] + [new]
    return kept


def _implies(strong: Condition, weak: Condition) -> bool:
    if strong == weak:
        return True
    if isinstance(strong, Either) and isinstance(weak, Either):
        pairs = zip(strong.parts, weak.parts, strict=False)
        return len(strong.parts) == len(weak.parts) and all(_implies(a, b) for a, b in pairs)
    if isinstance(strong, Test) and isinstance(weak, Test):
        gap = (weak.poly - strong.poly).constant
        return strong.relation == weak.relation == ">=" and gap is not None and gap >= 0
    return False


@dataclass
class _Uncheck:
    """Rewrites statements, and collects what it has to assume."""

    found: Survey
    assumed: list[Condition] = field(default_factory=list)
    known: dict[Bound, Condition | None] = field(default_factory=dict)

    def body(self, stmts: tuple[Stmt, ...], path: Path) -> tuple[Stmt, ...]:
        return tuple(self.statement(stmt, (*path, at)) for at, stmt in enumerate(stmts))

    def statement(self, stmt: Stmt, path: Path) -> Stmt:
        context = self.found.contexts.get(path)
        if context is None:
            return stmt
        turning = self.found.heads.get(path, context)
        new = tuple(self.expression(expr, turning)[0] for expr in expressions(stmt))
        stmt = with_expressions(stmt, new)
        if isinstance(stmt, Store) and stmt.checked:
            index = self.subscript(stmt.array, stmt.index, context)
            if index is not None:
                stmt = replace(stmt, index=index, checked=False)
        lists = [self.body(body, (*path, at)) for at, body in enumerate(bodies(stmt))]
        return with_bodies(stmt, tuple(lists))

    # ---- expressions -----------------------------------------------------------------------

    def expression(self, expr: Expr, context: Context) -> tuple[Expr, Interval]:
        """The expression with fewer checks, and the interval of its value."""
        if isinstance(expr, Load):
            parts = tuple(self.expression(part, context)[0] for part in expr.index)
            expr = replace(expr, index=parts)
            if expr.checked and (index := self.subscript(expr.array, parts, context)) is not None:
                expr = replace(expr, index=index, checked=False)
            return expr, self.found.ranges.of_atom(expr)
        if isinstance(expr, Apply):
            return self.applied(expr, context)
        return expr, self.leaf(expr, context)

    def leaf(self, expr: Expr, context: Context) -> Interval:
        if expr.type is INT:
            return self.found.ranges.interval(self.found.poly(expr, context), context.facts)
        if isinstance(expr, Var) and (known := context.values.get(expr.name)) is not None:
            return self.found.ranges.numeric(known)
        return self.found.ranges.of_atom(expr)

    def applied(self, expr: Apply, context: Context) -> tuple[Expr, Interval]:
        results = [self.expression(arg, where) for arg, where in self.operands(expr, context)]
        args = tuple(result for result, _ in results)
        spans = tuple(span for _, span in results)
        if expr.op == "mod" and expr.type is INT and self.is_reduced(expr, context):
            return results[0]
        same = len(args) == 2 and expr.args[0] == expr.args[1]
        source = expr.args[-1].type
        if source.kind == "bool" and expr.op == "cast":
            exact = Interval(0, 1)
        elif source.is_integer or source.kind == "real":
            exact = transfer(expr.op, source, spans, same)
        else:
            exact = EVERYTHING
        if expr.type is INT and expr.op in ("add", "sub", "mul", "neg"):
            poly = self.found.poly(expr, context)
            exact = exact.meet(self.found.ranges.interval(poly, context.facts))
        checked = expr.checked and can_fail(expr, spans, exact)
        new = replace(expr, args=args, checked=checked)
        if not expr.type.is_integer and expr.type.kind != "bool":
            return new, exact
        rounded = expr.op == "cast" and source.is_inexact  # of a NaN, anything
        value = of_type(expr.type) if rounded else wrapped(exact, expr.type)
        if expr.type is INT:
            poly = self.found.poly(expr, context)
            value = value.meet(self.found.ranges.interval(poly, context.facts))
        return new, value

    def is_reduced(self, expr: Apply, context: Context) -> bool:
        """Whether a remainder is the very number that is divided."""
        number, divisor = (self.found.poly(arg, context) for arg in expr.args)
        prove = self.found.ranges.prove
        return prove(number, context.facts) and prove(divisor - number - 1, context.facts)

    def operands(self, expr: Apply, context: Context) -> list[tuple[Expr, Context]]:
        """Each operand with what is known when it is evaluated."""
        if expr.op not in ("and", "or", "select"):
            return [(arg, context) for arg in expr.args]
        condition, *rest = expr.args
        parts = [(condition, context)]
        for at, arg in enumerate(rest):
            holds = at == 0 if expr.op == "select" else expr.op == "and"
            facts = self.found.facts(condition, context, holds)
            parts.append((arg, context.knowing(facts, False)))
        return parts

    # ---- subscripts ------------------------------------------------------------------------

    def subscript(
        self, array: str, index: tuple[Expr, ...], context: Context
    ) -> tuple[Expr, ...] | None:
        """The subscripts of an access that needs no check, given what is then assumed."""
        result: list[Expr] = []
        needed: list[Condition] = []
        for axis, expr in enumerate(index):
            poly = self.found.poly(expr, context)
            extent = self.found.extent(array, axis, context)
            if self.found.ranges.prove(-poly - 1, context.facts):
                poly = poly + extent
                expr = _from_end(expr, Dim(array, axis, INT))
            condition = self.within(poly, extent, context)
            if condition is None or (condition != TRUE and self.is_at_a_boundary(context)):
                return None
            needed.append(condition)
            result.append(expr)
        for condition in needed:
            if condition != TRUE:
                parts = condition.parts if not isinstance(condition, Test | Either) else ()
                self.assumed += parts or (condition,)
        return tuple(result)

    def is_at_a_boundary(self, context: Context) -> bool:
        """Whether nothing is to be assumed here, for in this part of a loop it would be false."""
        loops = (self.found.loops[index].statement for index in context.loops)
        return any(BOUNDARY in loop.notes for loop in loops)

    def within(self, poly: Poly, extent: Poly, context: Context) -> Condition | None:
        """What to assume for `0 <= poly < extent`; None: nothing known at entry implies it."""
        low = self.positive(poly, context)
        if low is None:
            return None
        high = self.positive(extent - poly - 1, context)
        return None if high is None else both(low, high)

    def positive(self, poly: Poly, context: Context) -> Condition | None:
        """What `hoisted` says, found once: accesses of one nest ask much the same."""
        bound = poly, context.facts, context.loops
        if bound not in self.known:
            self.known[bound] = self.hoisted(poly, context)
        return self.known[bound]

    def hoisted(self, poly: Poly, context: Context) -> Condition | None:
        """A condition at entry under which a polynomial is at least 0 here."""
        ranges, facts = self.found.ranges, context.facts
        if ranges.prove(poly, facts):
            return TRUE
        candidates = [
            group
            for group in ranges.corners(poly, facts)
            if not any(ranges.prove(-low - 1, facts) or not ranges.safe(low) for low in group)
        ]
        if not candidates:
            return None
        tests = [both(*(Test(">=", low) for low in group)) for group in candidates]
        return either(*self.empty(candidates, context), *tests)

    def empty(self, candidates: list[tuple[Poly, ...]], context: Context) -> list[Condition]:
        """Tests that a loop around has no iterations, where the candidates need them."""
        ranges = self.found.ranges
        found: list[Condition] = []
        for index in context.loops:
            loop = self.found.loops[index]
            sign = ranges.sign(loop.step, loop.context.facts)
            if sign is None:
                continue
            none = (loop.start - loop.stop) * sign
            if (
                not all(map(ranges.at_entry, none.atoms))
                or not ranges.safe(none)
                or ranges.prove(-none - 1)
            ):
                continue
            if not any(all(ranges.prove(low, (none,)) for low in group) for group in candidates):
                found.append(Test(">=", none))
        return found


def _from_end(expr: Expr, extent: Dim) -> Expr:
    """`extent + expr`, for an expression that is negative."""
    if isinstance(expr, Const) and isinstance(expr.value, int):
        return Apply("sub", (extent, integer(-expr.value)), INT, False)
    return Apply("add", (extent, expr), INT, False)
