"""Loops made of one: the meaning stays, and what can be is parallel."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from conure.analysis.parallel import Parallel, judge_all
from conure.ir.check import check
from conure.ir.evaluate import Order
from conure.ir.nodes import For, Mark, Program
from conure.ir.parse import parse
from conure.ir.walk import statements
from conure.passes.distribute import distribute
from conure.passes.parallelize import parallelize
from tests.programs import observed, random_program
from tests.unit.passes.nests import NESTS, nest

HEAD = """program p(a: f64[1]C, b: f64[1]C, d: f64[1]C, e: f64[1]C, q: i64[1]C, c: f64[2]C, n: int)
  -> s, t, k { local s, t, u: f64 local k, h: int
"""
BODIES = {
    "around a scan": ("a[i] = a[i] + b[i] e[i] = e[i-1] * e[i] d[i] = a[i]", "ps"),
    "two statements in order": ("a[i+1] = b[i] + e[i] a[i] = b[i] + d[i]", "pp"),
    "swapped": ("d[i] = a[i-1] a[i] = e[i] * 2.0:f64 e[i] = e[i+1] + e[i-1]", "pps"),
    "a scalar in both": ("t = a[i] + b[i] e[i] = e[i-1] + t d[i] = t * t", "ps"),
    "scalars of scalars": ("u = a[i] t = u + b[i] e[i] = e[i-1] + t d[i] = t * u", "ps"),
    "a sum aside": ("e[i] = e[i-1] + 1.0:f64 s = s + a[i] d[i] = b[i]", "ps"),
    "an index aside": ("e[i] = e[i-1] + 1.0:f64 d[i] = b[i] k = i", "ps"),
    "conditional": ("if a[i] > b[i] { e[i] = e[i-1] } else { d[i] = b[i] } a[i] = d[i]", "sp"),
    "nested": ("for j in 0:3 { c[i, j] = b[i] } for j.1 in 0:2 { e[j.1+1] = e[j.1] } ", "ps"),
    "indirect": ("d[i] = a[i] * 2.0:f64 a[int(q[i])] = b[i]", ""),
    "carried scalar": ("s = s * 0.5:f64 + d[i] d[i] = b[i] * 3.0:f64 e[i] = s", "sp"),
    "in a circle": ("a[i] = e[i-1] + 1.0:f64 e[i] = a[i] * 2.0:f64", ""),
    "all parallel": ("a[i] = b[i] d[i] = a[i]", ""),
    "scalar changed between": ("t = a[i] a[i] = e[i-1] e[i] = t d[i] = t", "pp"),
    "nothing to gain": ("e[i] = e[i-1] + b[i] a[i] = a[i-1] + d[i]", ""),
    "an early end": ("if a[i] > 90.0:f64 { e[i] = e[i-1] } e[i] = e[i-1] d[i] = e[i]", "sp"),
}


def program(name: str) -> Program:
    return parse(HEAD + "for i in 1:n { " + BODIES[name][0] + " } }")


def arguments(seed: int) -> dict[str, Any]:
    source = random.Random(seed)
    n = source.randint(0, 9)

    def reals(*shape: int) -> Any:
        return np.array([float(source.randint(0, 5)) for _ in range(int(np.prod(shape)))])

    args: dict[str, Any] = {each: reals(n + 4) for each in "abde"}
    args["q"] = np.array(source.choices(range(n + 4), k=n + 4), np.int64)
    return args | {"c": reals(n + 1, 3).reshape(n + 1, 3), "n": n}


def distributed(before: Program) -> Program:
    after = distribute(before, judge_all(before), False)
    check(after)
    return after


def marked(after: Program) -> Program:
    marks = {
        index: Mark("parallel", verdict.guard, verdict.reductions, verdict.private, verdict.last)
        for index, verdict in judge_all(after).items()
        if isinstance(verdict, Parallel) and not any(each.array for each in verdict.reductions)
    }
    return parallelize(after, marks)


ORDERS: tuple[Order, ...] = ("serial", "reversed", "shuffled")


@pytest.mark.parametrize("name", BODIES)
def test_the_meaning_stays(name: str) -> None:
    before = program(name)
    after = marked(distributed(before))
    for seed in range(20):
        args = arguments(seed)
        assert {observed(after, args, order) for order in ORDERS} == {observed(before, args)}


@pytest.mark.parametrize("name", BODIES)
def test_parts(name: str) -> None:
    """One letter for each outer loop: p(arallel) or s(erial); nothing where it stays one loop."""
    before = program(name)
    after = distributed(before)
    verdicts = judge_all(after)
    loops = [stmt for stmt in after.body if isinstance(stmt, For)]
    parts = "".join("sp"[isinstance(verdicts[loop.index], Parallel)] for loop in loops)
    assert (parts if len(loops) > 1 else "") == BODIES[name][1]
    assert (after is before) == (len(loops) == 1)


@pytest.mark.parametrize("seed", range(60))
def test_random_programs_keep_their_meaning(seed: int) -> None:
    before, args = random_program(seed)
    after = marked(distributed(before))
    assert {observed(after, args, order) for order in ORDERS} == {observed(before, args)}


@pytest.mark.parametrize("name", NESTS)
def test_nests_keep_their_meaning(name: str) -> None:
    before, args = nest(name, 1)
    after = marked(distributed(before))
    assert {observed(after, args, order) for order in ORDERS} == {observed(before, args)}


def test_something_is_done_in_random_programs() -> None:
    changed = 0
    for seed in range(100):
        before, _ = random_program(seed)
        loops = sum(isinstance(stmt, For) for stmt in statements(before))
        changed += sum(isinstance(s, For) for s in statements(distributed(before))) > loops
    assert changed >= 2
