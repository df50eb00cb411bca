"""Part the range of a loop where a subscript in it changes its sign.

    for i in 0:n:1 {                 for i in 0:min(k, n):1 { b[i] = a?[i - k] }
      b[i] = a?[i - k]      -->      for i.1 in max(k, 0):n:1 { b[i.1] = a?[i.1 - k] }
    }

In the first loop the subscript is negative and counts from the end, in the second one it is not:
each can be told without a look at every iteration. Where inner loops have a part in the subscript
(`a[i - j]`), the second loop is the one where it is never negative. The order of iterations stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from conure.analysis.access import Access, Loop, Survey
from conure.analysis.affine import Poly, expression
from conure.analysis.dependence import few_turns
from conure.analysis.entry import Entry
from conure.analysis.guards import Test, both, replaced
from conure.analysis.magnitudes import magnitudes
from conure.analysis.ranges import weaker_of
from conure.analysis.survey import survey
from conure.ir.nodes import Expr, For, Load, Program, Stmt, Store
from conure.ir.ops import apply, integer
from conure.ir.walk import map_statements, statements, walk
from conure.passes.binders import Names, with_fixed_stop, with_fresh_binders
from conure.passes.peel import ENDS
from conure.record import Record

BOUNDARY: Final = "some subscripts wrap around here, others do not"
_TURNS: Final = 3  # loops parted in one program, one after the other
_LONG: Final = 40  # statements to have twice ...
_LONG_IF_CAREFUL: Final = 8  # ... where all but the analysis of dependences is as slow as before


class Point(Record):
    """Where a loop is to be parted: `nonnegative` from there on, or up to there; on the other side
    negative if it is `exact`, otherwise maybe."""

    index: str
    at: Expr
    upwards: bool
    exact: bool


def part(program: Program, careful: bool) -> Program:
    """Part loops where a subscript may be negative: in the fast program only if it is not to be
    expected that none is."""
    for _ in range(_TURNS):
        point = next(_points(program, careful), None)
        if point is None:
            break
        program = _parted(program, point)
    return program


def _parted(program: Program, point: Point) -> Program:
    names = Names(program)

    def change(stmt: Stmt) -> Stmt | tuple[Stmt, ...]:
        if not isinstance(stmt, For) or stmt.index != point.index:
            return stmt
        before, loop = with_fixed_stop(stmt, names)
        first = replace(loop, stop=apply("minimum", point.at, loop.stop))
        second = replace(loop, start=apply("maximum", point.at, loop.start))
        notes = (*loop.notes, ENDS) if point.exact else (*loop.notes, ENDS, BOUNDARY)
        if point.upwards:
            return (*before, replace(with_fresh_binders(first, names), notes=notes), second)
        return (*before, first, replace(with_fresh_binders(second, names), notes=notes))

    body = map_statements(program.body, change)
    return replace(program, body=body, locals=(*program.locals, *names.new))


def _points(program: Program, careful: bool) -> Iterator[Point]:
    if not any(isinstance(node, Load | Store) and node.checked for node in walk(program)):
        return
    sized = program if careful else program.with_body(magnitudes(program) + program.body)
    found = survey(sized, strict=True)
    entry = Entry(found)
    for access in found.accesses:
        if not access.checked or _is_at_a_boundary(found, access):
            continue
        for axis, poly in enumerate(access.index):
            if _is_known(found, access, poly):
                continue
            if careful or _is_hopeless(found, access, axis):
                point = _point(entry, access, poly, _LONG_IF_CAREFUL if careful else _LONG)
                if point is not None:
                    yield point


def _is_at_a_boundary(found: Survey, access: Access) -> bool:
    return any(BOUNDARY in found.loops[index].statement.notes for index in access.context.loops)


def _is_known(found: Survey, access: Access, poly: Poly) -> bool:
    prove, facts = found.ranges.prove, access.context.facts
    return prove(poly, facts) or prove(-poly - 1, facts)


def _is_hopeless(found: Survey, access: Access, axis: int) -> bool:
    """Whether the subscript is seldom in range without a negative one: what is asked of its least
    value and of its greatest one together leaves a single number, or few iterations."""
    poly, facts = access.index[axis], access.context.facts
    extent = found.extent(access.array, axis, access.context)
    lows = found.ranges.extremes(poly, False, facts)
    highs = found.ranges.extremes(extent - poly - 1, False, facts)
    inside = set(access.context.loops)
    return bool(lows) and all(
        _excludes(found, inside, low, high) for low in lows for high in highs or [extent]
    )


def _excludes(found: Survey, inside: set[str], low: Poly, high: Poly) -> bool:
    """Whether two polynomials are at least 0 both at most for a single number, or where some loop
    has few iterations."""
    if cases := list(weaker_of(low)):
        return all(_excludes(found, inside, case, high) for case in cases)
    sums = (low + high, low * 2 + high, low + high * 2)
    if any(found.ranges.prove(-each) for each in sums):
        return True
    return few_turns(found, inside, both(Test(">=", low), Test(">=", high)))


def _point(entry: Entry, access: Access, poly: Poly, longest: int) -> Point | None:
    """Where to part which loop: the outermost one that moves the subscript by 1."""
    found, ranges = entry.found, entry.found.ranges
    for index in access.context.loops:
        loop = found.loops[index]
        if not _suits(loop, poly, longest):
            continue
        rest = poly.without(loop.counter)

        def stays(atom: Expr, index: str = index) -> bool:
            return not ranges.varies(atom, index)

        upwards = poly.coefficient(loop.counter) == Poly.of(1)
        for low in ranges.extremes(rest, False, access.context.facts, stays):
            at = _expression(-low if upwards else low + 1, entry, loop)
            if at is not None:
                return Point(index, at, upwards, all(map(stays, rest.atoms)))
    return None


def _suits(loop: Loop, poly: Poly, longest: int) -> bool:
    if loop.statement.step != integer(1) or not poly.linear_in(loop.counter):
        return False
    whole = ENDS not in loop.statement.notes
    short = len(list(statements(loop.statement.body))) <= longest
    return whole and short and poly.coefficient(loop.counter).constant in (1, -1)


def _expression(poly: Poly, entry: Entry, loop: Loop) -> Expr | None:
    """The value of a polynomial where a loop is reached, if it surely fits."""
    names: dict[Expr, Expr] = {}
    if not entry.found.sound(poly):
        return None
    for atom in poly.atoms:
        named = entry.named(atom, loop)
        if named is None:
            return None
        names[atom] = named
    return replaced(expression(poly), names)
