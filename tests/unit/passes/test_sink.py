"""Sums sink inside the loops over what they sum into, and every bit stays."""

from __future__ import annotations

import numpy as np
import pytest

from conure.analysis.parallel import judge_all
from conure.ir.check import check
from conure.ir.evaluate import evaluate
from conure.ir.nodes import For
from conure.ir.parse import parse
from conure.ir.walk import statements
from conure.passes.sink import sink

MATMUL = """program mm(a: f64[2]C, b: f64[2]C, c: f64[2]C) {{
    for {0} in 0:dim({1}) {{ for {2} in 0:dim({3}) {{ for {4} in 0:dim({5}) {{
        c[i, j] = c[i, j] + a[i, k] * b[k, j]
    }} }} }}
}}"""
EXTENTS = {"i": "a, 0", "j": "b, 1", "k": "a, 1"}
TRANSPOSED = """program atx(a: f64[2]C, x: f64[1]C, y: f64[1]C) {
    for i in 0:dim(a, 0) { for j in 0:dim(a, 1) { y[j] = y[j] + a[i, j] * x[i] } }
}"""
RECURRENCE = """program r(a: f64[2]C, y: f64[1]C) {
    for i in 0:dim(a, 0) { for j in 1:dim(y, 0) { y[j] = y[j - 1] + a[i, j] } }
}"""


def order(text: str) -> list[str]:
    program = parse(text)
    sunk = sink(program, judge_all(program))
    check(sunk)
    return [stmt.index for stmt in statements(sunk) if isinstance(stmt, For)]


@pytest.mark.parametrize("given", ["ikj", "kij", "kji", "ijk", "jik"])
def test_the_summed_loop_ends_innermost_and_the_bits_stay(given: str) -> None:
    text = MATMUL.format(*(part for index in given for part in (index, EXTENTS[index])))
    assert order(text)[-1] == "k"
    program = parse(text)
    random = np.random.default_rng(3)
    a, b = random.random((5, 7)), random.random((7, 4))
    plain, sunk = np.ones((5, 4)), np.ones((5, 4))
    evaluate(program, {"a": a, "b": b, "c": plain})
    evaluate(sink(program, judge_all(program)), {"a": a, "b": b, "c": sunk})
    assert plain.tobytes() == sunk.tobytes()


def test_a_single_sum_over_rows_stays_outside() -> None:
    assert order(TRANSPOSED) == ["i", "j"]


def test_a_recurrence_stays() -> None:
    assert order(RECURRENCE) == ["i", "j"]
