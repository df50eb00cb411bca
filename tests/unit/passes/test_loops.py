"""The passes that restructure loops: every one keeps the meaning, in any order of iterations."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from conure.analysis.lanes import can_be_lanes
from conure.analysis.parallel import Parallel, judge_all
from conure.ir.check import check
from conure.ir.evaluate import Order
from conure.ir.nodes import Const, Expr, For, Load, Mark, Program, Rebind, Var
from conure.ir.ops import integer
from conure.ir.types import INT
from conure.ir.walk import names_read, names_written, statements, walk
from conure.passes.interchange import interchange
from conure.passes.jam import jam
from conure.passes.lanes import lanes
from conure.passes.panel import panel
from conure.passes.parallelize import parallelize
from conure.passes.scalarize import scalarize
from conure.passes.split import split
from conure.passes.tile import tile
from conure.schedule.order import innermost, only_loop
from tests.programs import observed, random_program
from tests.unit.passes.nests import NESTS, nest

ORDERS: tuple[Order, ...] = ("serial", "reversed", "shuffled")
Case = tuple[Program, dict[str, Any]]
CASES = [(name, seed) for name in NESTS for seed in range(3)]
SEEDS = range(60)


def free_loops(program: Program) -> list[For]:
    """The loops whose iterations are independent, and that leave nothing but memory."""
    verdicts = judge_all(program)
    loops = [stmt for stmt in statements(program) if isinstance(stmt, For)]
    free = []
    for loop in loops:
        match verdicts[loop.index]:
            case Parallel(guard=None, reductions=(), last=()):
                free.append(loop)
    return free


def marked(program: Program) -> Program:
    """Every loop that may run in any order is marked so."""
    marks = {
        index: Mark("parallel", verdict.guard, verdict.reductions, verdict.private, verdict.last)
        for index, verdict in judge_all(program).items()
        if isinstance(verdict, Parallel) and not any(each.array for each in verdict.reductions)
    }
    return parallelize(program, marks)


def pairs(program: Program) -> Iterator[tuple[For, For]]:
    """Free loops whose whole body is another with fixed bounds."""
    free = {loop.index: loop for loop in free_loops(program)}
    for loop in free.values():
        if len(loop.body) == 1 and isinstance(inner := loop.body[0], For) and inner.index in free:
            bounds = (inner.start, inner.stop, inner.step)
            loads = any(isinstance(node, Load) for bound in bounds for node in walk(bound))
            if loop.index not in names_read(bounds) and not loads:
                yield loop, inner


def every_mark(program: Program) -> Iterator[Program]:
    yield marked(program)


def every_swap(program: Program) -> Iterator[Program]:
    for outer, inner in pairs(program):
        mark = Mark("parallel", private=tuple(sorted(names_written(inner.body))))
        yield parallelize(interchange(program, {outer.index}), {inner.index: mark})


def every_panel(program: Program) -> Iterator[Program]:
    for loop in free_loops(program):
        inner = only_loop(loop)
        if loop.step != integer(1) or inner is None:
            continue
        fixed = names_read((inner.start, inner.stop)).isdisjoint(
            names_written(loop.body) | {loop.index}
        )
        if fixed and only_loop(inner) is None and innermost(inner):
            yield panel(program, {loop.index})
            yield panel(parallelize(program, {loop.index: Mark("parallel")}), {loop.index})


def every_tile(program: Program) -> Iterator[Program]:
    for outer, inner in pairs(program):
        if outer.step == inner.step == integer(1):
            for sizes in ((2, 3), (4, 1)):
                yield tile(marked(program), {outer.index: sizes})


def every_strip(program: Program) -> Iterator[Program]:
    for loop in free_loops(program):
        if loop.step == integer(1) and can_be_lanes(loop):
            shared = parallelize(program, {loop.index: Mark("parallel")})
            for widths, masked in itertools.product(((2,), (4,), (4, 2)), (False, True)):
                yield lanes(program, {loop.index: widths}, masked)
                yield lanes(shared, {loop.index: widths}, masked)


def every_jam(program: Program) -> Iterator[Program]:
    for loop in free_loops(program):
        if loop.step == integer(1) and not any(isinstance(s, Rebind) for s in statements(loop)):
            for copies in (2, 3):
                yield jam(program, {loop.index: copies})
                yield jam(marked(program), {loop.index: copies})


def every_split(program: Program) -> Iterator[Program]:
    for loop in (stmt for stmt in statements(program) if isinstance(stmt, For)):
        points: list[Expr] = [Const(1, INT), Const(3, INT)]
        points += [Var("m", INT)] if "m" not in names_written(loop) else []
        if loop.step == integer(1):
            for point in points:
                yield split(program, loop.index, point)


def every_scalar(program: Program) -> Iterator[Program]:
    yield scalarize(program)
    yield marked(scalarize(program))


PASSES: dict[str, Callable[[Program], Iterator[Program]]] = {
    "parallelize": every_mark,
    "interchange": every_swap,
    "panel": every_panel,
    "tile": every_tile,
    "lanes": every_strip,
    "jam": every_jam,
    "split": every_split,
    "scalarize": every_scalar,
}


FEWEST = {"panel": 3}


def keeps_meaning(case: Case, rewrite: Callable[[Program], Iterator[Program]]) -> int:
    program, args = case
    want = observed(program, args)
    count = 0
    for after in rewrite(program):
        check(after)
        for order in ORDERS:
            assert observed(after, args, order) == want
        count += after != program
    return count


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize(("body", "seed"), CASES)
def test_nests_keep_their_meaning(name: str, body: str, seed: int) -> None:
    keeps_meaning(nest(body, seed), PASSES[name])


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("seed", SEEDS)
def test_random_programs_keep_their_meaning(name: str, seed: int) -> None:
    keeps_meaning(random_program(seed), PASSES[name])


@pytest.mark.parametrize("name", PASSES)
def test_each_pass_has_something_to_do(name: str) -> None:
    changed = {body for body in NESTS if keeps_meaning(nest(body, 0), PASSES[name])}
    assert len(changed) >= FEWEST.get(name, 5)


def test_lanes_then_copies() -> None:
    """A tile of lanes, jammed, as matrix multiplication gets it."""
    for seed in range(6):
        program, args = nest("matmul", seed)
        want = observed(program, args)
        tiled = tile(marked(program), {"i": (4, 4)})
        for masked in (False, True):
            after = jam(lanes(tiled, {"j": (4,)}, masked), {"i": 2})
            check(after)
            assert {observed(after, args, order) for order in ORDERS} == {want}
