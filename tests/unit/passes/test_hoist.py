"""Loads of lanes move before the inner loop, but never where they would not have been done."""

from __future__ import annotations

import numpy as np

from conure.ir.check import check
from conure.ir.evaluate import evaluate
from conure.ir.nodes import For, Load
from conure.ir.parse import parse
from conure.ir.walk import statements, walk
from conure.passes.binders import Names
from conure.passes.hoist import hoist
from conure.passes.lanes import lanes

FORCES = """program p(x: f64[1]C, y: f64[1]C, out: f64[1]C, n: int) {
    local s: f64
    for i in 0:dim(out, 0) parallel(private s) {
        s = 0.0:f64
        for j in 0:n { s = s + y[j] * x[3 * i] }
        out[i] = s
    }
}"""
LAZY = FORCES.replace("x[3 * i] }", "select(j < 2, x[3 * i], 1.0:f64) }")
STORED = FORCES.replace("out[i] = s", "out[i] = s\n        x[3 * i] = s")


def hoisted(text: str) -> For:
    program = parse(text)
    (loop,) = program.body
    assert isinstance(loop, For)
    return hoist(loop, {"i"}, Names(program))


def inner_loads(loop: For) -> set[str]:
    inner = next(s for s in statements(loop.body) if isinstance(s, For))
    return {node.array for node in walk(inner.body) if isinstance(node, Load)}


def test_a_fixed_load_moves_out() -> None:
    assert inner_loads(hoisted(FORCES)) == {"y"}


def test_a_load_that_may_not_be_done_stays() -> None:
    assert inner_loads(hoisted(LAZY)) == {"x", "y"}


def test_a_load_from_what_the_loop_writes_stays() -> None:
    assert inner_loads(hoisted(STORED)) == {"x", "y"}


def test_lanes_with_far_strides_keep_the_values() -> None:
    program = lanes(parse(FORCES), {"i": (4,)})
    check(program)
    random = np.random.default_rng(5)
    x, y = random.integers(0, 9, 60) * 1.0, random.integers(0, 9, 7) * 1.0
    for n in (0, 7):
        out, want = np.zeros(18), np.zeros(18)
        evaluate(parse(FORCES), {"x": x, "y": y, "out": want, "n": n})
        evaluate(program, {"x": x, "y": y, "out": out, "n": n})
        assert out.tobytes() == want.tobytes()
