"""Nests in bands of rows: the meaning stays, and what may not be computed twice is left."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from conure.analysis.bands import banded
from conure.analysis.fusion import Overlaps
from conure.analysis.parallel import judge_of
from conure.ir.check import check
from conure.ir.evaluate import Order
from conure.ir.nodes import Alloc, Const, For, If, Program
from conure.ir.ops import integer
from conure.ir.parse import parse
from conure.ir.types import BOOL
from conure.passes.band import band
from conure.schedule.bands import ROWS, bands_pay
from tests.programs import observed
from tests.unit.passes.chains import chain
from tests.unit.passes.test_fuse import contracted, fused, marked

ORDERS: tuple[Order, ...] = ("serial", "reversed", "shuffled")

BOX = """program p(x: f64[2]C, out: f64[2]C, n: int, m: int) {
  local d: f64
  t = alloc f64[n + 2, m]
  u = alloc f64[n + 2, m]
  for i in 0:n + 2 {
    for j in 0:m {
      d = x[i, j] * 2.0:f64
      t[i, j] = d + 1.0:f64
      u[i, j] = d - t[i, j]
    }
  }
  for k in 0:n {
    for l in 0:m { out[k, l] = t[k + 2, l] - t[k, l] * u[k + 1, l] }
  }
}"""


def in_bands(program: Program) -> Program:
    after = band(program, judge_of(program).verdict, bands_pay, ROWS)
    check(after)
    return after


def inputs(n: int, m: int) -> dict[str, object]:
    x = np.random.default_rng(n).integers(-9, 9, (n + 2, m)).astype(float)
    return {"x": x, "out": np.zeros((n, m)), "n": n, "m": m}


@pytest.mark.parametrize("n", [0, 1, 63, 64, 67, 72])
def test_bands_keep_the_meaning(n: int) -> None:
    before = parse(BOX)
    after = in_bands(before)
    assert any(isinstance(stmt, If) for stmt in after.body)
    args = inputs(n, 3)
    expected = observed(before, args)
    assert {observed(marked(after), args, order) for order in ORDERS} == {expected}


def test_the_arrays_of_bands_are_small() -> None:
    after = in_bands(parse(BOX))
    (choice,) = (stmt for stmt in after.body if isinstance(stmt, If) and stmt.orelse)
    (bands,) = choice.then
    assert isinstance(bands, For)
    heights = [stmt.shape[0] for stmt in bands.body if isinstance(stmt, Alloc)]
    assert heights == [integer(ROWS + 2)] * 2
    assert not any(isinstance(stmt, Alloc) for stmt in after.body)


def test_rows_that_were_never_stored_are_not_computed() -> None:
    text = BOX.replace("for i in 0:n + 2", "for i in 0:n")
    after = in_bands(parse(text))
    args = inputs(70, 3)
    short = args | {"x": np.asarray(args["x"])[:70]}  # the loop may read no more than that
    observed(after, short)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("out[k, l] =", "x[k, l] ="),  # read by the first nest
        lambda text: text.replace("u[k + 1, l] }", "u[k + 1, l] }\n x[k, 0] = t[k, 0]"),
        lambda text: text.replace("t[k, l]", "t[n - 1 - k, l]"),
        lambda text: text.replace("t[i, j] = d", "t[n + 1 - i, j] = d").replace("- t[i, j]", ""),
        lambda text: text.replace("x[i, j]", "x?[i, j]"),
        lambda text: text.replace("  for k in", "  t[0, 0] = 1.0:f64\n  for k in"),
        lambda text: text.replace(") {\n  local", ") overlaps x/out {\n  local"),
    ],
)
def test_what_stays_apart(change: Callable[[str], str]) -> None:
    text = change(BOX)
    assert text != BOX
    program = parse(text)
    (at,) = (k for k, s in enumerate(program.body) if isinstance(s, For) and s.index == "k")
    assert banded(program.body, at, Overlaps(program), judge_of(program).verdict) is None


def test_dear_rows_are_not_computed_twice() -> None:
    program = parse(BOX.replace("x[i, j] * 2.0:f64", "exp(" * 12 + "x[i, j]" + ")" * 12))
    assert in_bands(program) is program


@pytest.mark.parametrize("seed", range(150))
def test_chains_keep_their_meaning_in_bands_of_two_rows(seed: int) -> None:
    before, args = chain(seed)
    program = contracted(fused(before))
    after = band(program, judge_of(program).verdict, lambda *given: Const(True, BOOL), 2)
    check(after)
    expected = observed(before, args)
    assert {observed(marked(after), args, order) for order in ORDERS} == {expected}
