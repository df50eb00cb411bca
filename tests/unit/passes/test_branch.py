"""Choices become branches where, and only where, that changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from conure.ir.check import check
from conure.ir.parse import parse
from conure.ir.text import show
from conure.passes.branch import branch
from conure.passes.tidy import tidy
from tests.programs import observed, random_program

HEAD = """program p(a: f64[1]C) -> m?kind=k:float, n, l {
  local m, n: f64
  local k, l, t, told: bool
  m = 3.0:f64
  for i in 0:dim(a, 0) { """
CHOICE = "t = bool(a[i] < m)\n told = t or k\n m = select(t, a[i], m)\n k = told\n"


def after(body: str) -> str:
    before = parse(HEAD + body + " } }")
    made = branch(before)
    check(made)
    for args in ({"a": np.array([4.0, 2.0, np.nan, 1.0])}, {"a": np.zeros(0)}):
        assert observed(made, args) == observed(before, args)
    text = show(tidy(made))
    return text[text.index("for ") :]


def test_the_best_value_and_its_kind() -> None:
    branched = """for i in 0:dim(a, 0) {
        if bool(a[i] < m) {
            m = a[i]
            k = True
        }
    }
}"""
    assert after(CHOICE) == branched


@pytest.mark.parametrize(
    "body",
    [
        CHOICE + "l = t\n",
        CHOICE.replace("k = told", "l = k\n k = told"),
        CHOICE.replace("told = t", "m = 2.0:f64\n told = t"),
        CHOICE.replace("told = t", "a[i] = 0.0:f64\n told = t"),
        CHOICE.replace("k = told", "k = told\n l = told"),
    ],
)
def test_what_stays_a_choice(body: str) -> None:
    assert "select" in after(body)


@pytest.mark.parametrize("seed", range(60))
def test_random_programs_keep_their_meaning(seed: int) -> None:
    program, args = random_program(seed)
    assert observed(branch(program), args) == observed(program, args)
