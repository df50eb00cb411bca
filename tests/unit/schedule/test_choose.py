"""What is chosen for typical nests, and that a program arranged so keeps its meaning."""

from __future__ import annotations

import pytest

from conure.analysis.parallel import judge_all
from conure.configuration import Config
from conure.ir.evaluate import Order
from conure.ir.nodes import Program
from conure.ir.parse import parse
from conure.pipeline import decide
from conure.schedule.choices import Choices
from conure.schedule.choose import choose
from conure.target import host
from tests.programs import observed, random_program
from tests.unit.passes.nests import NESTS, nest

ORDERS: tuple[Order, ...] = ("serial", "reversed", "shuffled")
HEAD = (
    "program p(a: f64[2]C, b: f64[2]C, c: f64[2]C, f: f64[2]F, x: f64[1]C, n: int, m: int) -> s {"
    " local s, t: f64 "
)
LANES = 4 * host().vector_bits // 64


def chosen(text: str) -> Choices:
    program = parse(HEAD + text + "}")
    return choose(program, judge_all(program), host())


def kinds(text: str) -> dict[str, str]:
    return {index: mark.kind for index, mark in chosen(text).marks.items()}


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("for i in 0:n { x[i] = x[i] * 2.0:f64 }", {"i": "parallel"}),
        ("for i in 0:n { for j in 0:m { a[i, j] = 0.0:f64 } }", {"i": "parallel", "j": "vector"}),
        ("for i in 0:n { s = s + x[i] }", {"i": "parallel"}),
        ("for i in 1:n { for j in 0:m { a[i, j] = a[i - 1, j] } }", {"j": "parallel"}),
        ("for i in 1:n { x[i] = x[i - 1] }", {}),
        ("for i in 0:3 { for j in 0:m { a[i, j] = 0.0:f64 } }", {"j": "parallel"}),
        ("for i in 0:n { for j in 0:m { f[i, j] = 1.0:f64 } }", {"i": "parallel", "j": "vector"}),
        ("for i in 0:n { for j in 1:m { f[i, j] = f[i, j - 1] } }", {"i": "parallel"}),
    ],
)
def test_marks(text, marks):
    assert kinds(text) == marks


@pytest.mark.parametrize(
    ("text", "panels"),
    [
        ("for j in 0:m { for i in 1:n { a[i, j] = a[i - 1, j] } }", {"j"}),
        ("for i in 0:n { for j in 1:m { f[i, j] = f[i, j - 1] } }", {"i"}),
        ("for j in 0:m { for r in 0:n { for i in 1:n { a[i, j] = a[i - 1, j] } } }", {"j"}),
        ("for j in 0:9 { for i in 1:n { a[i, j] = a[i - 1, j] } }", set()),
        ("for i in 0:n { for j in 1:m { a[i, j] = a[i, j - 1] } }", set()),
        ("for j in 0:m { for i in 1:j { a[i, j] = a[i - 1, j] } }", set()),
        ("for j in 0:m { for i in 0:n { a[i, j] = 1.0:f64 } }", set()),
    ],
)
def test_what_walks_memory_in_order_is_cut_into_panels(text, panels):
    assert chosen(text).panels == panels


def test_recurrences_run_side_by_side():
    assert chosen("for i in 0:n { for j in 1:m { a[i, j] = a[i, j - 1] } }").copies["i"] > 1
    assert chosen("for i in 0:n { for j in 1:m { a[i, j] = b[i, j - 1] } }").copies == {}
    assert chosen("for i in 1:n { for j in 1:m { a[i, j] = a[i - 1, j - 1] } }").copies == {}


def test_products_are_tiled():
    choices = chosen(
        "for i in 0:n { for j in 0:m { t = 0.0:f64 for k in 0:n { t = t + a[i, k] * b[k, j] }"
        " c[i, j] = t } }"
    )
    assert choices.lanes == {"j": (LANES, LANES // 4)}
    assert choices.tiles["i"][1] % LANES == 0
    assert choices.copies["i"] >= 2


def test_rows_of_sums_need_no_lanes():
    """`a[i, k]` jumps from lane to lane: the sum itself is the vector."""
    choices = chosen("for i in 0:n { t = 0.0:f64 for k in 0:m { t = t + a[i, k] } x[i] = t }")
    assert choices.lanes == {}
    assert choices.marks["k"].kind == "vector"


def same_when_arranged(program: Program, args: dict[str, object]) -> None:
    want = observed(program, args)
    for careful in (False, True):
        after = decide(program, Config(check=True), careful)
        for order in ORDERS:
            got = observed(after, args, order)
            assert got == want or (not careful and "ASSUMPTION" in got)


@pytest.mark.parametrize("body", NESTS)
def test_nests_keep_their_meaning(body):
    for seed in range(2):
        same_when_arranged(*nest(body, seed))


@pytest.mark.parametrize("seed", range(40))
def test_random_programs_keep_their_meaning(seed):
    same_when_arranged(*random_program(seed))
