"""Loops fused, arrays contracted and recomputed: the meaning stays, and memory is saved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conure.analysis.parallel import Parallel, judge_all, judge_of
from conure.ir.check import check
from conure.ir.evaluate import Order
from conure.ir.nodes import Alloc, Fail, For, Mark, Program
from conure.ir.parse import parse
from conure.ir.walk import statements
from conure.passes.contract import contract
from conure.passes.fuse import fuse
from conure.passes.lift import lift
from conure.passes.parallelize import parallelize
from conure.passes.recompute import recompute
from conure.passes.settle import settle
from conure.schedule.fusion import Grouper, worth_recomputing
from tests.programs import observed, random_program
from tests.unit.passes.chains import chain
from tests.unit.passes.nests import NESTS, nest

ORDERS: tuple[Order, ...] = ("serial", "reversed", "shuffled")


def fused(program: Program) -> Program:
    after = fuse(program, Grouper(program, judge_of(program).verdict))
    check(after)
    return after


def contracted(program: Program) -> Program:
    after = contract(program)
    check(after)
    return after


def recomputed(program: Program, always: bool = False) -> Program:
    after = recompute(program, (lambda found: True) if always else worth_recomputing)
    check(after)
    return after


def marked(program: Program) -> Program:
    marks = {
        index: Mark("parallel", verdict.guard, verdict.reductions, verdict.private, verdict.last)
        for index, verdict in judge_all(program).items()
        if isinstance(verdict, Parallel) and not any(each.array for each in verdict.reductions)
    }
    return parallelize(program, marks)


def count(program: Program, kind: type) -> int:
    return sum(isinstance(stmt, kind) for stmt in statements(program))


@pytest.mark.parametrize("seed", range(150))
def test_chains_keep_their_meaning(seed: int) -> None:
    before, args = chain(seed)
    expected = observed(before, args)
    assert observed(settle(before), args) == expected
    one = fused(before)
    assert observed(one, args) == expected
    assert observed(contracted(before), args) == expected
    again = recomputed(before, always=True)
    assert observed(again, args) == expected
    last = lift(marked(contracted(fused(recomputed(before)))))
    check(last)
    assert {observed(last, args, order) for order in ORDERS} == {expected}


@pytest.mark.parametrize("seed", range(100))
def test_random_programs_keep_their_meaning(seed: int) -> None:
    before, args = random_program(seed)
    after = lift(marked(contracted(fused(recomputed(settle(before), always=True)))))
    assert {observed(after, args, order) for order in ORDERS} == {observed(before, args)}


@pytest.mark.parametrize("name", NESTS)
def test_nests_keep_their_meaning(name: str) -> None:
    before, args = nest(name, 1)
    after = lift(marked(contracted(fused(recomputed(before, always=True)))))
    assert {observed(after, args, order) for order in ORDERS} == {observed(before, args)}


def test_something_is_done() -> None:
    """Of the random chains' loops and arrays, a good part goes away."""
    loops = arrays = left_loops = left_arrays = 0
    for seed in range(100):
        before, _ = chain(seed)
        after = contracted(fused(recomputed(before)))
        loops, arrays = loops + count(before, For), arrays + count(before, Alloc)
        left_loops, left_arrays = left_loops + count(after, For), left_arrays + count(after, Alloc)
    assert left_loops < 0.85 * loops
    assert left_arrays < 0.8 * arrays


@pytest.mark.parametrize("seed", range(60))
def test_no_parallel_loop_becomes_serial(seed: int) -> None:
    before, _ = chain(seed)
    verdicts = judge_all(before)
    after = judge_all(fused(before))
    for index, verdict in after.items():
        assert isinstance(verdict, Parallel) or not isinstance(verdicts[index], Parallel)


HEAD = (
    "program p(x: f64[1]C, y: f64[1]C, z: f64[1]C, a: f64[2]C, n: int) -> s { local s, u, v: f64 "
)
LOOPS = {
    "in step": ("for i in 0:n { y[i] = x[i] } for j in 0:n { z[j] = y[j] }", 1),
    "nothing shared": ("for i in 0:n { y[i] = 1.0:f64 } for j in 0:n { z[j] = 2.0:f64 }", 2),
    "reads ahead": ("for i in 0:n { y[i] = x[i] } for j in 0:n - 1 { z[j] = y[j + 1] }", 2),
    "reads one ahead": ("for i in 1:n { y[i] = x[i] } for j in 1:n { z[j] = y[j + 1] }", 2),
    "reads behind": ("for i in 1:n { y[i] = x[i] } for j in 1:n { z[j] = y[j - 1] }", 2),
    "overwrites": ("for i in 0:n { y[i] = x[i + 1] } for j in 0:n { x[j] = 0.0:f64 }", 2),
    "overwrites in step": ("for i in 0:n { y[i] = x[i] } for j in 0:n { x[j] = 0.0:f64 }", 1),
    "other bounds": ("for i in 0:n { y[i] = x[i] } for j in 0:n + 1 { z[j] = x[j] }", 2),
    "bounds in other words": (
        "for i in 0:n + 2 - 1 { y[i] = x[i] } for j in 0:1 + n { z[j] = x[j] }", 1
    ),
    "a sum after": ("for i in 0:n { y[i] = x[i] } for j in 0:n { s = s + y[j] }", 1),
    "a sum before": ("for i in 0:n { s = s + x[i] } for j in 0:n { y[j] = x[j] * s }", 2),
    "a sum aside": ("for i in 0:n { s = s + x[i] } for j in 0:n { y[j] = x[j] }", 1),
    "a recurrence": (
        "for i in 1:n { y[i] = x[i] } for j in 1:n { z[j] = z[j - 1] + y[j] }", 2
    ),
    "recurrences in step": (
        """w = alloc f64[n + 2] for i in 1:n { y[i] = y[i - 1] + x[i] w[i] = y[i] }
        for j in 1:n { z[j] = z[j - 1] + w[j - 1] }""",
        1,
    ),
    "recurrences, one ahead": (
        """w = alloc f64[n + 2] for i in 1:n { y[i] = y[i - 1] + x[i] w[i] = y[i] }
        for j in 1:n { z[j] = z[j - 1] + w[j + 1] }""",
        2,
    ),
    "by rows in one axis": (
        """for i in 0:n { for j in 0:3 { y[3 * i + j] = x[i] } }
        for k in 0:n { s = s + y[3 * k + 1] + y[3 * k + 2] }""",
        2,
    ),
    "pairs": (
        """w = alloc f64[2 * n] for i in 0:n { for j in 0:2 { w[2 * i + j] = x[i] } }
        for k in 0:n { z[k] = w[2 * k] + w[2 * k + 1] }""",
        1,
    ),
    "pairs, one ahead": (
        """w = alloc f64[2 * n] for i in 0:n { for j in 0:2 { w[2 * i + j] = x[i] } }
        for k in 0:n { z[k] = w[2 * k] + w[2 * k + 2] }""",
        2,
    ),
    "sums that a third one joins": (
        """for i in 0:n { s = s + x[i] } for j in 0:n { u = u + y[j] }
        for k in 0:n { v = v + x[k] * y[k] }""",
        1,
    ),
    "a test between": (
        """for i in 0:n { y[i] = x[i] } if dim(a, 0) != n { fail }
        for k in 0:dim(a, 0) { z[k] = y[k] }""",
        1,
    ),
    "a test behind": (
        """for i in 0:n { y[i] = x[i] } for k in 0:dim(a, 0) { z[k] = y[k] }
        if dim(a, 0) != n { fail }""",
        2,
    ),
    "a sum of sums of columns": (
        """w = alloc f64[n] for i in 0:n { u = 0.0:f64 for j in 0:n { u = u + a[j, i] } w[i] = u }
        for k in 0:n { s = s + w[k] }""",
        2,
    ),
    "sums of rows, used": (
        """w = alloc f64[n] for i in 0:n { u = 0.0:f64 for j in 0:n { u = u + a[i, j] } w[i] = u }
        for k in 0:n { z[k] = w[k] * 2.0:f64 }""",
        1,
    ),
    "over a loop": (
        ("for i in 0:n { y[i] = x[i] } for k in 0:n + 1 { a[k, 0] = 1.0:f64 } "
        "for j in 0:n { z[j] = y[j] }"), 2
    ),
    "over a scalar": (
        "for i in 0:n { s = s + x[i] } u = s * 2.0:f64 for j in 0:n { z[j] = x[j] * u }", 2
    ),
    "every second": ("for i in 0:n:2 { y[i] = x[i] } for j in 0:n:2 { z[j] = y[j + 1] }", 1),
    "wrapping": ("for i in 0:n { y[i] = x[i] } for j in 0:n { z[j] = y?[j - 1] }", 2),
    "a fixed element": ("for i in 0:n { y[i] = x[i] } for j in 0:n { z[j] = y[0] }", 2),
    "rows": (
        "for i in 0:n { for j in 0:n { a[i, j] = x[i] } } for k in 0:n { s = s + a[k, 3] }", 2
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOPS)
def test_loops_left(name: str) -> None:
    text, expected = LOOPS[name]
    after = fused(parse(HEAD + text + " }"))
    assert len([stmt for stmt in after.body if isinstance(stmt, For)]) == expected


def test_arrays_that_overlap_stay_apart() -> None:
    before = parse(HEAD + "for i in 0:n { y[i] = x[i] } for j in 0:n { z[j] = x[j] } }")
    apart = replace(before, overlaps=(("y", "x"),))
    assert count(fused(before), For) == 1
    assert count(fused(apart), For) == 2


def test_each_step_uses_one_allocation() -> None:
    before = parse(
        HEAD
        + """for k in 0:3 { w = alloc f64[n] v = alloc f64[k]
        for i in 0:n { w[i] = x[i] } for j in 0:n { x[j] = w[n - 1 - j] } } }"""
    )
    after = lift(before)
    assert [stmt.name for stmt in after.body if isinstance(stmt, Alloc)] == ["w"]
    assert count(after, Alloc) == 2


def test_only_tests_that_pass_are_dropped() -> None:
    before = parse(
        HEAD
        + """if dim(x, 0) != n { fail } if dim(y, 0) != n { fail }
        if dim(x, 0) != dim(y, 0) { fail } if dim(z, 0) != dim(y, 0) + 1 { fail }
        for i in 0:2 { if dim(z, 0) != n + 1 { fail } if dim(z, 0) != n + i { fail } } }"""
    )
    after = settle(before)
    assert sum(isinstance(stmt, Fail) for stmt in statements(after)) == 4
