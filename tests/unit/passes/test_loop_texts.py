"""Small programs before and after each pass over loops, as text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conure.ir.check import check
from conure.ir.nodes import Const, Mark, Program, Var
from conure.ir.parse import parse
from conure.ir.text import show
from conure.ir.types import INT
from conure.passes.interchange import interchange
from conure.passes.jam import jam
from conure.passes.lanes import lanes
from conure.passes.panel import panel
from conure.passes.parallelize import parallelize
from conure.passes.scalarize import scalarize
from conure.passes.split import split
from conure.passes.tile import tile

HEAD = (
    "program p(a: f64[2]C, x: f64[1]C, q: i64[1]C, n: int, m: int) {"
    " local s: f64 local k: int local e: bool "
)
COPY = "for i in 0:n { for j in 0:m { a[i, j] = x[j] } }"
SUMS = "for i in 0:n { s = 0.0:f64 for r in 0:m { s = s + a[r, i] } x[i] = s }"
BREAK = (
    "for i in 0:n { s = x[i] block out { for r in 0:9 { s = s + 1.0:f64"
    " if s > 5.0:f64 { leave out } } } x[i] = s }"
)
WHILE = "for i in 0:n { s = x[i] while s < 5.0:f64 { s = s + 1.0:f64 } x[i] = s }"
CELLS = (
    "for i in 0:n { for r in 0:m { x[i] = x[i] + a[i, r] } }"
    " for i.1 in 0:n { for r.1 in 0:m { x[0] = x[0] + a[i.1, r.1] } }"
    " for i.2 in 0:n { if e { x[1] = 0.0:f64 } }"
)

TEXTS: dict[str, tuple[Callable[[Program], Program], str]] = {
    "parallelize": (lambda p: parallelize(p, {"i": Mark("parallel"), "j": Mark("vector")}), COPY),
    "interchange": (lambda p: interchange(p, {"i"}), COPY),
    "panel": (
        lambda p: panel(p, {"i"}),
        "for i in 0:n { for r in 1:m { a[r, i] = a[r - 1, i] } }",
    ),
    "tile": (lambda p: tile(p, {"i": (8, 16)}), COPY),
    "jam": (lambda p: jam(p, {"i": 2}), SUMS),
    "lanes": (lambda p: lanes(p, {"i": (8,)}), SUMS),
    "lanes_masked": (lambda p: lanes(p, {"i": (8,)}, True), SUMS),
    "lanes_while": (lambda p: lanes(p, {"i": (4,)}), WHILE),
    "lanes_while_masked": (lambda p: lanes(p, {"i": (4,)}, True), WHILE),
    "lanes_break": (
        lambda p: lanes(p, {"i": (4,)}),
        BREAK,
    ),
    "split": (lambda p: split(p, "i", Var("m", INT)), "for i in 0:n { x[i] = x[i] + x[m] }"),
    "split_at_number": (lambda p: split(p, "i", Const(3, INT)), "for i in 0:n { x[i] = x[3] }"),
    "scalarize": (
        scalarize,
        CELLS,
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts(golden, name):
    rewrite, before = TEXTS[name]
    program = parse(HEAD + before + " }")
    after = rewrite(program)
    check(after)
    golden(f"passes/{name}.txt", f"{show(program)}\n\n{show(after)}")


def test_what_is_not_named_stays():
    program = parse(HEAD + "for h in 0:n { for r in 0:m { a[h, r] = 1.0:f64 } } }")
    for name in ("parallelize", "interchange", "panel", "tile", "jam", "lanes", "split"):
        assert TEXTS[name][0](program) == program
