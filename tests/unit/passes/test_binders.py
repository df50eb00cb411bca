"""Copied code gets names of its own."""

from __future__ import annotations

from conure.ir.check import check
from conure.ir.nodes import Alloc, For
from conure.ir.parse import parse
from conure.ir.walk import statements
from conure.passes.binders import Names, with_fresh_binders

ROWS = """program p(a: f64[2]C) {
    for i in 0:dim(a, 0) {
        t = alloc f64[dim(a, 1)]
        for j in 0:dim(a, 1) { t[j] = a[i, j] }
        for k in 0:dim(t, 0) { a[i, k] = t[k] * 2.0:f64 }
    }
}"""


def test_a_copied_loop_has_arrays_of_its_own() -> None:
    # random program 180: a loop with a temporary row was split, and its copies shared the name
    program = parse(ROWS)
    (loop,) = program.body
    assert isinstance(loop, For)
    twice = program.with_body((loop, with_fresh_binders(loop, Names(program))))
    check(twice)
    assert len({s.name for s in statements(twice) if isinstance(s, Alloc)}) == 2
