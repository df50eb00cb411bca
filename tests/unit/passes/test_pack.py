"""Reads packed for lanes: the meaning stays, and only what is surely read is read before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from conure.analysis.fusion import Overlaps
from conure.analysis.packing import Packed, side_by_side
from conure.analysis.parallel import judge_all
from conure.ir.check import check
from conure.ir.evaluate import Order
from conure.ir.nodes import Alloc, For, If, Program
from conure.ir.parse import parse
from conure.ir.walk import statements
from conure.passes.pack import pack
from conure.schedule.packing import packings
from tests.programs import observed
from tests.unit.passes.test_fuse import marked

ORDERS: tuple[Order, ...] = ("serial", "reversed", "shuffled")

DISTANCES = """program p(x: f64[2]C, y: f64[2]C, out: f64[2]C) {
  local s: f64
  for i in 0:dim(x, 0) {
    for j in 0:dim(y, 0) {
      s = 0.0:f64
      for k in 0:dim(y, 1) { s = s + (x[i, k] - y[j, k]) * (x[i, k] - y[j, k]) }
      out[i, j] = s
    }
  }
}"""

NEAREST = """program p(x: f64[2]C, y: f64[2]C, out: i64[1]C) {
  local s, best: f64
  local where: int
  for i in 0:dim(x, 0) {
    best = 1000.0:f64
    where = 0
    for j in 0:dim(y, 0) {
      s = 0.0:f64
      for k in 0:dim(y, 1) { s = s + (x[i, k] - y[j, k]) * (x[i, k] - y[j, k]) }
      if s < best {
        best = s
        where = j
      }
    }
    out[i] = i64(where)
  }
}"""


def packed(program: Program) -> Program:
    after = pack(program, packings(program, judge_all(program)))
    check(after)
    return after


def inputs(rows: int, others: int, axes: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(rows * 100 + others * 10 + axes)
    x, y = (random.integers(-9, 9, (count, axes)).astype(float) for count in (rows, others))
    return {"x": x, "y": y}


SIZES = [(9, 5, 3), (7, 5, 3), (130, 3, 2), (9, 4, 40), (9, 0, 3), (64, 4, 0)]


@pytest.mark.parametrize("sizes", SIZES)
def test_distances_and_nearest_keep_their_meaning(sizes: tuple[int, int, int]) -> None:
    rows, others, _ = sizes
    for text, out in ((DISTANCES, np.zeros((rows, others))), (NEAREST, np.zeros(rows, np.int64))):
        before = parse(text)
        after = packed(before)
        assert any(isinstance(stmt, Alloc) for stmt in statements(after))
        args = inputs(*sizes) | {"out": out}
        expected = observed(before, args)
        assert {observed(marked(after), args, order) for order in ORDERS} == {expected}


def test_lanes_inside_are_packed_before_the_loops_around_them() -> None:
    (choice,) = packed(parse(DISTANCES)).body
    assert isinstance(choice, If)
    assert [type(stmt) for stmt in choice.then] == [Alloc, For, For]
    (plain,) = choice.orelse
    assert not any(isinstance(stmt, Alloc) for stmt in statements(plain))


def test_a_search_over_short_rows_goes_in_strips() -> None:
    (choice,) = packed(parse(NEAREST)).body
    assert isinstance(choice, If)
    (blocks,) = choice.then
    assert isinstance(blocks, For)
    assert [type(stmt) for stmt in blocks.body] == [Alloc, For, For]


def found(program: Program) -> list[Packed]:
    (outer,) = program.body
    assert isinstance(outer, For)
    inner = outer.body[0]
    assert isinstance(inner, For)
    return side_by_side(outer, inner, Overlaps(program))


def test_what_may_be_packed() -> None:
    assert [read.array for read in found(parse(DISTANCES))] == ["y"]


def changed(text: str, change: Callable[[str], str]) -> Program:
    after = change(text)
    assert after != text
    return parse(after)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("out[i, j] = s", "y[j, 0] = s"),  # written meanwhile
        lambda text: text.replace("y[j, k]", "y?[j, k]"),  # may fail, and later
        lambda text: text.replace(
            "for k in 0:dim(y, 1) {", "if x[i, 0] > 0.0:f64 { for k in 0:9 {"
        ).replace("]) }\n", "]) } }\n"),  # not read in each iteration
        lambda text: text.replace("for k in 0:", "for k in 1:"),
        lambda text: text.replace("for j in 0:dim(y, 0)", "for j in 0:i"),
        lambda text: text.replace(") {\n  local", ") overlaps y/out {\n  local"),
    ],
)
def test_what_must_not_be_packed(change: Callable[[str], str]) -> None:
    assert found(changed(DISTANCES, change)) == []
