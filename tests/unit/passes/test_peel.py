"""The ends of loops with wrapping subscripts are peeled, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from conure.ir.check import check
from conure.ir.evaluate import evaluate
from conure.ir.nodes import Apply, For, Load
from conure.ir.parse import parse
from conure.ir.walk import statements, walk
from conure.passes.peel import ENDS, peel
from conure.passes.simplify import simplify
from conure.passes.uncheck import uncheck

PERIODIC = """program p(u: i64[1]C, v: i64[1]C, n: int) {
    for i in 0:n { v?[i] = u?[i -? 1] +? u?[(i +? 2) %? n] -? u?[(i -? 2) %? n] }
}"""


@pytest.mark.parametrize("n", range(8))
def test_the_same_for_every_size(n: int) -> None:
    program = parse(PERIODIC)
    peeled = peel(program)
    check(peeled)
    fast = simplify(uncheck(peeled))
    check(fast)
    u = np.arange(10, 10 + max(n, 1)) ** 2
    for each in (peeled, fast):
        want, got = np.zeros_like(u), np.zeros_like(u)
        first = evaluate(program, {"u": u, "v": want, "n": n})
        second = evaluate(each, {"u": u, "v": got, "n": n})
        assert (first.status, want.tolist()) == (second.status, got.tolist())


def test_the_middle_neither_wraps_nor_divides() -> None:
    fast = simplify(uncheck(peel(parse(PERIODIC))))
    (middle,) = [s for s in statements(fast) if isinstance(s, For) and ENDS not in s.notes]
    nodes = list(walk(middle.body))
    assert not any(isinstance(node, Load) and node.checked for node in nodes)
    assert not any(isinstance(node, Apply) and node.op == "mod" for node in nodes)


@pytest.mark.parametrize(
    "loop",
    [
        "for i in 1:n { v?[i] = u?[i -? 1] }",  # never negative
        "for i in 0:n:2 { v?[i] = u?[i -? 1] }",  # another step
        "for i in 0:n { v?[i] = u?[i -? 9] }",  # long ends
        "for i in 0:n { v?[i] = u?[(i +? 1) %? 5] }",  # another period
        "for i in 0:n { for j in 0:n { v?[i] = u?[i -? 1] } }",  # not innermost
    ],
)
def test_other_loops_stay(loop: str) -> None:
    program = parse(f"program p(u: i64[1]C, v: i64[1]C, n: int) {{ {loop} }}")
    assert peel(program) == program
