"""Where the best value is: variables that are set together with it, in any order of iterations."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from conure.analysis.parallel import Parallel, Serial, judge_all
from conure.ir.check import check
from conure.ir.evaluate import Order
from conure.ir.nodes import Mark, Program, Reduction
from conure.ir.parse import parse
from conure.ir.text import show
from conure.passes.parallelize import parallelize
from tests.programs import observed
from tests.unit.codegen.native import run

HEAD = """program p(a: f64[1]C, q: i64[1]C, c: f64[2]C, s: f64, b: i64, k: int, n: int, m: int)
  -> s.out, b.out, k.out, l.out {
  local s.out, t: f64 local b.out: i64 local k.out, l.out, h: int
  s.out = s b.out = b k.out = k l.out = k
"""
KEPT = {
    "less": "for i in 0:n { if a[i] < s.out { s.out = a[i] k.out = i } }",
    "less or equal": "for i in 0:n { if a[i] <= s.out { s.out = a[i] k.out = i } }",
    "greater": "for i in 0:n { if a[i] > s.out { k.out = i s.out = a[i] } }",
    "not less": "for i in 0:n { if s.out <= a[i] { s.out = a[i] k.out = i } }",
    "several": """for i in 0:n { if a[i] < s.out { s.out = a[i] k.out = i
        l.out = int(q[i]) } }""",
    "computed": """for i in 0:n { t = a[i] * a[i] - 2.0:f64
        if t <= s.out { s.out = t k.out = i } }""",
    "matrix": """for i in 0:n { for j in 0:m { if c[i, j] < s.out { s.out = c[i, j] k.out = i
        l.out = j } } }""",
    "whole numbers": "for i in 0:n { if q[i] <= b.out { b.out = q[i] k.out = i } }",
    "first of whole numbers": "for i in 0:n { if q[i] > b.out { b.out = q[i] k.out = i } }",
    "where allowed": """for i in 0:n { if q[i] > 3:i64 and a[i] < s.out { s.out = a[i]
        k.out = i } }""",
    "inside an if": """for i in 0:n { if q[i] > 3:i64 { if a[i] <= s.out { s.out = a[i]
        k.out = i } } }""",
    "two places": """for i in 0:n { if a[i] < s.out { s.out = a[i] k.out = i }
        if c[i, 0] < s.out { s.out = c[i, 0] k.out = -i } }""",
    "two pairs": """for i in 0:n { if a[i] < s.out { s.out = a[i] k.out = i }
        if q[i] >= b.out { b.out = q[i] l.out = i } }""",
    "no companion": "for i in 0:n { if a[i] <= s.out { s.out = a[i] } }",
}
ORDERED = {
    "read elsewhere": "for i in 0:n { if a[i] < s.out { s.out = a[i] k.out = k.out + 1 } }",
    "set elsewhere": """for i in 0:n { if a[i] < s.out { s.out = a[i] k.out = i }
        if i > m { k.out = 7 } }""",
    "a store beside": "for i in 0:n { if a[i] < s.out { s.out = a[i] q[i] = 7:i64 } }",
    "counted": "for i in 0:n { if q[i] < b.out { b.out = q[i] k.out = k.out + 1 } }",
    "told by another": """for i in 0:n { h = 0
        if a[i] < s.out { s.out = a[i] h = 1 }
        q[i] = i64(h) }""",
    "told by the last": """for i in 0:n { k.out = 0
        if a[i] < s.out { s.out = a[i] k.out = 1 } }""",
    "not always set": """for i in 0:n { if a[i] < s.out { s.out = a[i]
        if q[i] > b { k.out = i } } }""",
    "set in one of two": """for i in 0:n { if a[i] < s.out { s.out = a[i] k.out = i }
        if c[i, 0] < s.out { s.out = c[i, 0] } }""",
    "another value": "for i in 0:n { if a[i] < s.out { s.out = a[i] + 1.0:f64 k.out = i } }",
    "not kept": "for i in 0:n { s.out = 3.0:f64 if a[i] < s.out { s.out = a[i] k.out = i } }",
    "the best is read": """for i in 0:n { a[i] = s.out
        if a[i] < s.out { s.out = a[i] k.out = i } }""",
    "two comparisons": """for i in 0:n { if a[i] < s.out { s.out = a[i] k.out = i }
        if c[i, 0] <= s.out { s.out = c[i, 0] k.out = -i } }""",
}


def program(name: str) -> Program:
    return parse(HEAD + {**KEPT, **ORDERED}[name] + " }")


def arguments(seed: int) -> dict[str, Any]:
    """Few different values, zeros of both signs and NaNs, so that ties are frequent."""
    source = random.Random(seed)
    n, m = source.randint(0, 12), source.randint(1, 4)
    values = [0.0, -0.0, 1.0, -1.0, 2.0, float("nan"), 3.0]

    def reals(*shape: int) -> Any:
        return np.array(source.choices(values, k=int(np.prod(shape)))).reshape(shape)

    whole = np.array(source.choices(range(-2, 8), k=n), np.int64)
    return {
        "a": reals(n), "q": whole, "c": reals(n, m), "s": np.float64(source.choice(values)),
        "b": np.int64(source.randint(-1, 4)), "k": 99, "n": n, "m": m,
    }  # fmt: skip


def marked(before: Program) -> Program:
    marks = {
        index: Mark("parallel", None, verdict.reductions, verdict.private, verdict.last)
        for index, verdict in judge_all(before).items()
        if isinstance(verdict, Parallel)
    }
    return parallelize(before, marks)


@pytest.mark.parametrize("name", KEPT)
def test_any_order_keeps_the_same(name: str) -> None:
    before = program(name)
    after = marked(before)
    check(after)
    assert parse(show(after)) == after
    assert isinstance(judge_all(before)["i"], Parallel)
    orders: tuple[Order, ...] = ("serial", "reversed", "shuffled")
    for seed in range(40):
        args = arguments(seed)
        assert {observed(after, args, order) for order in orders} == {observed(before, args)}


@pytest.mark.parametrize("name", ORDERED)
def test_what_stays_in_order(name: str) -> None:
    assert isinstance(judge_all(program(name))["i"], Serial)


def test_companions_travel_with_the_value() -> None:
    verdict = judge_all(program("several"))["i"]
    reduction = Reduction("s.out", "less", companions=("k.out", "l.out"))
    assert isinstance(verdict, Parallel) and verdict.reductions == (reduction,)
    assert "parallel(reduce less s.out with k.out, l.out)" in show(marked(program("several")))


@pytest.mark.parametrize("name", KEPT)
def test_native_code_keeps_the_same(name: str) -> None:
    """Bit for bit, in many short chunks."""
    before = program(name)
    text = show(marked(before))
    for seed in range(12):
        args = arguments(seed)
        args = {
            each: np.tile(value, (15, 1)) if each == "c" else value for each, value in args.items()
        }
        args |= {"a": np.tile(args["a"], 15), "q": np.tile(args["q"], 15), "n": 15 * args["n"]}
        want = observed(before, args)
        for eager in (False, True):
            status, results = run(text, args, eager=eager)
            assert want.startswith(f"Outcome(status={status!r}, results={results!r})")
