"""Which checks go, which assumptions come, and that the fast program never reads out of range."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from conure.analysis.magnitudes import LIMIT
from conure.ir.evaluate import evaluate
from conure.ir.nodes import Apply, Assume, Load, Program, Store
from conure.ir.parse import parse
from conure.ir.text import show
from conure.ir.walk import walk
from conure.passes.uncheck import uncheck

HEADER = (
    "program p(a: f64[1]C, b: f64[1]C, c: f64[2]C, idx: i64[1]C, x: f64, n: int, m: int, q: int)"
)


def program(text: str) -> Program:
    return parse(f"{HEADER} -> s, k {{ local s: float\nlocal k, l: int\n{text} }}")


def hoisted(fast: Program) -> list[str]:
    """The assumptions but for those on sizes."""
    shown = [show(s.condition) for s in fast.body if isinstance(s, Assume)]
    return [text for text in shown if str(LIMIT) not in text]


def checks(found: Program) -> list[str]:
    nodes = [n for n in walk(found) if isinstance(n, Load | Store | Apply) and n.checked]
    return [show(n).replace("?", "") if isinstance(n, Load | Apply) else n.array for n in nodes]


NO_CHECKS_LEFT = {
    "plain": ("for i in 0:n { a?[i] = x }", ["dim(a, 0) >= n"]),
    "extent": ("for i in 0:dim(a, 0) { a?[i] = x }", []),
    "offset": ("for i in 0:n { a?[i +? 1] = x }", ["n <= 0 or dim(a, 0) >= n + 1"]),
    "unknown offset": (
        "for i in 0:n { a?[i +? q] = x }",
        ["n <= 0 or q >= 0", "n <= 0 or dim(a, 0) >= n + q"],
    ),
    "interior": ("for i in 1:n -? 1 { a?[i] = b?[i -? 1] + b?[i +? 1] }", None),
    "downwards": ("for i in n -? 1:-1:-1 { a?[i] = x }", ["dim(a, 0) >= n"]),
    "triangle": (
        "for i in 0:n { for j in 0:i +? 1 { c?[i, j] = x } }",
        ["dim(c, 0) >= n", "dim(c, 1) >= n"],
    ),
    "by a local": ("l = n -? 1\nfor i in 0:l { a?[i] = x }", ["dim(a, 0) + 1 >= n"]),
    "from the end": ("for i in 0:n { s = s + float(a?[-1]) }", ["n <= 0 or dim(a, 0) >= 1"]),
    "condition": ("for i in 0:n { if i > 0 { a?[i] = a?[i -? 1] } }", ["dim(a, 0) >= n"]),
    "both ends": (
        "for i in 0:n { if i > 0 and i +? 1 < n { a?[i] = a?[i -? 1] + a?[i +? 1] } }",
        ["dim(a, 0) >= n"],
    ),
    "short circuit": ("for i in 0:n { if i > 0 and a?[i -? 1] > x { k = i } }", None),
    "modulo": ("for i in 0:n { a?[(i +? 1) %? n] = x }", ["dim(a, 0) >= n"]),
    "half": ("for i in 0:n { a?[i //? 2] = x }", None),
    "least": ("for i in 0:n { a?[minimum(i, dim(a, 0) -? 1)] = x }", None),
    "while": ("k = 0\nwhile k < n { a?[k] = x\n k = k +? 1 }", ["dim(a, 0) >= n"]),
    "induction": ("k = 0\nfor i in 0:n { a?[k] = x\n k = k +? 2 }", None),
    "count": ("for i in 0:n { if x > 0.5:f64 { k = k +? 1 } }", []),
    "count in two loops": ("for i in 0:n { for j in 0:m { k = k +? 1 } }", []),
    "division": ("for i in 0:n { s = s + float(i) /? 2.0 }", []),
    "divided by a size": ("for i in 0:n { s = s + 1.0 /? float(n) }", []),
    "root of squares": ("for i in 0:n { s = sqrt?(s * s + 1.0) }", []),
}


@pytest.mark.parametrize("name", NO_CHECKS_LEFT)
def test_all_checks_go(name: str) -> None:
    text, assumed = NO_CHECKS_LEFT[name]
    fast = uncheck(program(text))
    assert checks(fast) == []
    assert assumed is None or hoisted(fast) == assumed


CHECKS_LEFT = {
    "wraps at the start": ("for i in 0:n { s = s + float(a?[i -? 1]) }", ["a[i - 1]"]),
    "indirect": ("for i in 0:dim(idx, 0) { s = s + float(a?[int(idx?[i])]) }", ["a[int(idx[i])]"]),
    "grows without bound": ("for i in 0:n { k = k *? 3 }", ["k * 3"]),
    "division by data": ("for i in 0:n { s = s /? float(x) }", ["s / float(x)"]),
}


@pytest.mark.parametrize("name", CHECKS_LEFT)
def test_some_checks_stay(name: str) -> None:
    text, left = CHECKS_LEFT[name]
    fast = uncheck(program(text))
    assert checks(fast) == left
    assert hoisted(fast) == []


def test_what_cannot_be_is_not_assumed() -> None:
    fast = uncheck(program("for i in 0:dim(a, 0) { a?[i +? 1] = x }"))
    assert checks(fast) == ["a"]
    assert hoisted(fast) == []


def test_exchanged_arrays_are_assumed_to_have_one_shape() -> None:
    text = "program p(a: f64[1]C, b: f64[1]C, n: int) { for t in 0:n { "
    text += "for i in 1:dim(a, 0) -? 1 { b?[i] = a?[i -? 1] + a?[i +? 1] } a, b := b, a } }"
    fast = uncheck(parse(text))
    assert checks(fast) == []
    assert hoisted(fast) == ["dim(a, 0) == dim(b, 0)"]


def test_what_a_nan_becomes_does_not_reach_memory() -> None:
    text = "for i in 0:n { k = int?(sin(x))\nif n <= dim(a, 0) { a?[maximum(k, 0) // 2] = x } }"
    assert "a" in checks(uncheck(program(text)))


def test_an_overflow_that_is_found_later_does_not_reach_memory() -> None:
    """`k * k < n` may hold because k * k has wrapped; then k bounds nothing."""
    text = "for i in 0:n { k = int(idx?[i])\nif k >= 0 and k *? k < n { a?[k] = x } }"
    assert "a" in checks(uncheck(program(text)))


@pytest.mark.parametrize("name", NO_CHECKS_LEFT)
def test_fast_is_careful_where_the_assumptions_hold(name: str) -> None:
    careful = program(NO_CHECKS_LEFT[name][0])
    fast = uncheck(careful)
    seen = 0
    for n, m, q, size in itertools.product((-1, 0, 1, 4), (0, 3), (-1, 0, 2), (0, 1, 4, 9)):
        outcomes = []
        for version in (careful, fast):
            arrays = {"a": np.arange(float(size)), "b": np.arange(float(size)),
                      "c": np.zeros((size, size)), "idx": np.zeros(size, np.int64)}  # fmt: skip
            result = evaluate(version, {**arrays, "x": np.float64(1.5), "n": n, "m": m, "q": q})
            outcomes.append(
                (result.status, result.results, {k: v.tolist() for k, v in arrays.items()})
            )
        if outcomes[1][0] != "ASSUMPTION":
            assert outcomes[0] == outcomes[1]
            seen += outcomes[0][0] == "OK"
    assert seen
