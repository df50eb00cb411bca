"""Searches in lanes: what is found, and where, is what a search one by one finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from conure.analysis.parallel import Parallel, judge_all
from conure.ir.check import check
from conure.ir.evaluate import Order
from conure.ir.nodes import For, Mark, Program, Stmt
from conure.ir.parse import parse
from conure.ir.walk import map_statements, statements
from conure.passes.binders import with_privates
from conure.passes.search import search
from tests.programs import observed

ORDERS: tuple[Order, ...] = ("serial", "reversed", "shuffled")

SEARCH = """program p(a: f64[1]C, b: f64[1]C, m: f64, k: int, n: int) -> best, place, total, end {{
  local best, total: f64
  local place, end: int
  best = m
  place = k
  total = 0.5:f64
  end = n
  for i in {start}:n {{
    total = total + b[i + 2]
    if a[i + 2] {op} best {{
      best = a[i + 2]
      place = {companion}
    }}
    end = minimum(end, select(b[i + 2] == 2.0:f64, i, n))
  }}
}}"""


def shared(program: Program, kind: str) -> Program:
    verdicts = judge_all(program)

    def change(stmt: Stmt) -> Stmt:
        if not isinstance(stmt, For):
            return stmt
        verdict = verdicts[stmt.index]
        assert isinstance(verdict, Parallel)
        mark = Mark(kind, None, verdict.reductions, verdict.private)
        return with_privates(replace(stmt, mark=mark))

    return program.with_body(map_statements(program.body, change))


def numbers(count: int) -> dict[str, object]:
    random = np.random.default_rng(count)
    few = np.array([3.0, -1.0, 0.0, -0.0, np.nan, np.inf, -np.inf, 7.0])
    return {
        "a": random.choice(few[random.permutation(8)[:4]], count + 2),
        "b": random.integers(0, 5, count + 2).astype(float),
        "n": count,
    }


@pytest.mark.parametrize("kind", ["vector", "parallel"])
@pytest.mark.parametrize("op", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("companion", ["i", "i + 3", "k * 2 - i"])
@pytest.mark.parametrize("start", [0, 1, -2])
def test_what_is_found_stays(kind: str, op: str, companion: str, start: int) -> None:
    text = SEARCH.format(op=op, companion=companion, start=start)
    before = shared(parse(text), kind)
    after = search(before, 128)
    check(after)
    assert sum(isinstance(stmt, For) for stmt in statements(after)) > 3
    for count in (0, 17, 40):
        for m in (np.inf, 0.0, np.nan):
            args = numbers(count) | {"m": np.float64(m), "k": -7}
            assert observed(after, args) == observed(before, args), (count, m)


def test_any_order_of_lanes_finds_the_same() -> None:
    before = shared(parse(SEARCH.format(op="<", companion="i", start=0)), "parallel")
    after = search(before, 128)
    args = numbers(4200) | {"m": np.float64(np.inf), "k": 0}
    assert {observed(after, args, order) for order in ORDERS} == {observed(before, args)}


def test_plain_sums_are_left_to_the_vectorizer() -> None:
    before = shared(
        parse("""program p(a: f64[1]C, n: int) -> s {
          local s: f64
          for i in 0:n { s = s + a[i] }
        }"""),
        "vector",
    )
    assert search(before, 128) is before
