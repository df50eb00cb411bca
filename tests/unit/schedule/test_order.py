"""Which loops change places, and that a program in another order keeps its meaning."""

from __future__ import annotations

import pytest

from conure.configuration import Config
from conure.ir.nodes import For
from conure.ir.parse import parse
from conure.ir.walk import statements
from conure.pipeline import STAGES, decide
from tests.programs import observed
from tests.unit.passes.nests import NESTS, nest

HEAD = (
    "program p(a: f64[2]C, b: f64[2]C, c: f64[3]C, f: f64[2]F, x: f64[1]C, n: int, m: int) -> s {"
    " local s, t: f64 "
)
ORDER = tuple(stage for stage in STAGES if stage.name == "order")


def order_of(text: str, float_order: str = "tree") -> str:
    program = decide(parse(HEAD + text + "}"), Config(float_order=float_order), False, ORDER)
    return "".join(s.index for s in statements(program) if isinstance(s, For))


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("for j in 0:m { for i in 0:n { a[i, j] = b[i, j] } }", "ij"),
        ("for i in 0:n { for j in 0:m { a[i, j] = b[i, j] } }", "ij"),
        ("for i in 0:n { for j in 0:m { f[i, j] = 1.0:f64 } }", "ji"),
        ("for i in 0:n { for j in 0:i { a[j, i] = 1.0:f64 } }", "ij"),
        ("for k in 0:n { for j in 0:n { for i in 0:n { c[i, j, k] = 1.0:f64 } } }", "ijk"),
        # the parallel loop goes outside, to be cut into panels
        ("for i in 1:n { for j in 0:m { a[i, j] = a[i - 1, j] } }", "ji"),
        ("for t in 0:n { for i in 0:m { x[i] = x[i] * a[t, i] } }", "it"),
        ("for j in 0:m { for i in 1:n { a[i, j] = a[i - 1, j] } }", "ji"),
        # memory is walked in order, though the loop inside is then serial
        ("for j in 1:m { for i in 0:n { a[i, j] = a[i, j - 1] } }", "ij"),
        ("for j in 1:m { for i in 1:n { a[i, j] = a[i - 1, j] + a[i, j - 1] } }", "ij"),
        ("for j in 1:m { for i in 1:n { a[i, j] = a[i - 1, j - 1] } }", "ij"),
        # a[i - 1, j + 1] would not be there yet
        ("for j in 0:m - 1 { for i in 1:n { a[i, j] = a[i - 1, j + 1] } }", "ji"),
        ("for i in 1:n { for j in 0:m - 1 { a[i, j] = a[i - 1, j + 1] } }", "ij"),
    ],
)  # fmt: skip
def test_order(text, order):
    assert order_of(text) == order


def test_sums_are_reordered_unless_their_order_counts():
    text = "for j in 0:m { for i in 0:n { s = s + a[i, j] } }"
    assert order_of(text) == "ij"
    assert order_of(text, "exact") == "ji"
    assert (
        order_of("for j in 0:m { for i in 0:n { s = s + a[i, j] t = 1.0:f64 } } s = s + t") == "ij"
    )
    assert order_of("for j in 0:m { for i in 0:n { t = a[i, j] } } s = t") == "ji"


def test_the_first_of_equal_values_stays_the_first():
    text = "for j in 0:m { for i in 0:n { if a[i, j] < s { s = a[i, j] } } }"
    assert order_of(text) == "ji"


@pytest.mark.parametrize("float_order", ["tree", "exact"])
@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize("body", NESTS)
def test_the_meaning_stays(body, careful, float_order):
    for seed in range(3):
        program, args = nest(body, seed)
        after = decide(program, Config(check=True, float_order=float_order), careful, ORDER)
        assert observed(after, args) == observed(program, args)
