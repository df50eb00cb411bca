"""Loops parted where a subscript changes its sign."""

from __future__ import annotations

import pytest

from conure.ir.check import check
from conure.ir.nodes import For, Load, Program
from conure.ir.parse import parse
from conure.ir.walk import statements, walk
from conure.passes.part import part
from conure.passes.uncheck import uncheck
from tests.programs import observed, random_program

HEAD = "program p(a: f64[1]C, b: f64[1]C, h: f64[1]C, n: int, k: int, m: int) { local s: f64 "


def loops(program: Program) -> list[For]:
    return [stmt for stmt in statements(program) if isinstance(stmt, For)]


@pytest.mark.parametrize(
    ("text", "fast", "careful"),
    [
        ("for i in 0:dim(a, 0) { b?[i] = a?[i -? k] }", 2, 2),
        ("for i in 0:dim(a, 0) { b?[i] = a?[k -? i] }", 2, 1),  # k + 1 may not fit
        ("for i in 0:m { b?[i] = a?[i -? k] }", 1, 2),  # k may well be negative
        ("for i in 0:dim(a, 0) { b?[i] = a?[i] }", 1, 1),
        ("for i in k:dim(a, 0) { b[i] = a?[i -? k] }", 1, 1),
        ("for i in 0:dim(a, 0):2 { b?[i] = a?[i -? k] }", 1, 1),
        ("for i in 0:dim(a, 0) { for j in 0:dim(h, 0) { b?[i] = a?[i -? j] } }", 4, 4),
        ("while n > k { b?[n] = a?[n -? k] }", 0, 0),
    ],
)
def test_where_loops_are_parted(text, fast, careful):
    program = parse(HEAD + text + "}")
    for want, is_careful in ((fast, False), (careful, True)):
        after = part(program, is_careful)
        check(after)
        assert len(loops(after)) == want


def test_both_parts_lose_their_checks():
    program = parse(HEAD + "for i in 0:dim(a, 0) { b?[i] = a?[i - k] } }")
    after = uncheck(part(program, False))
    assert not any(isinstance(node, Load) and node.checked for node in walk(after))


def test_at_a_boundary_nothing_is_assumed():
    program = parse(HEAD + "for i in 0:dim(a, 0) { for j in 0:dim(h, 0) { b[i] = a?[i - j] } } }")
    checked = [
        any(isinstance(node, Load) and node.checked for node in walk(loop.body))
        for loop in uncheck(part(program, False)).body
        if isinstance(loop, For)
    ]
    assert checked == [True, False]


@pytest.mark.parametrize("seed", range(60))
def test_the_meaning_stays(seed):
    program, args = random_program(seed)
    for careful in (False, True):
        after = part(program, careful)
        check(after)
        assert observed(after, args) == observed(program, args)
