"""simplify and tidy: text before and after, and the same outcome on random programs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest

from conure.ir.arithmetic import Failed, convert, value_of
from conure.ir.check import check
from conure.ir.nodes import Apply, Const, Program, Var
from conure.ir.ops import cast, cast_can_fail
from conure.ir.parse import parse
from conure.ir.text import show
from conure.ir.types import NUMPY_SCALARS, SCALARS, Scalar
from conure.passes.simplify import simplify, simplify_expression
from conure.passes.tidy import tidy
from tests.programs import observed, random_program

HEAD = (
    "program f(a: f64[1]C, n: int, m: int, x: float, c: bool, d: b1) -> s, k {"
    " local s, t: float  local k, j: int  local p, q: bool "
)


def both(program: Program) -> Program:
    return tidy(simplify(program))


@pytest.mark.parametrize("run", [simplify, tidy, both], ids=["simplify", "tidy", "both"])
@pytest.mark.parametrize("seed", range(150))
def test_the_meaning_stays(seed: int, run: Callable[[Program], Program]) -> None:
    program, args = random_program(seed)
    after = run(program)
    check(after)
    assert observed(after, args) == observed(program, args)


@pytest.mark.parametrize("run", [simplify, tidy], ids=["simplify", "tidy"])
@pytest.mark.parametrize("seed", range(150, 200))
def test_nothing_is_left_to_do(seed: int, run: Callable[[Program], Program]) -> None:
    once = run(random_program(seed)[0])
    assert run(once) is once


def body_of(run: Callable[[Program], Program], text: str) -> str:
    after = run(parse(HEAD + text + "}"))
    check(after)
    return show(after.body)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("k = 2 *? 3 +? n *? 0", "k = 6"),
        ("k = n +? (5 -? 5)", "k = n"),
        ("k = 9223372036854775807 +? 1", "k = 9223372036854775807 +? 1"),
        ("k = 9223372036854775807 + 1", "k = 9223372036854775807 + 1"),
        ("s = 1.0 /? 0.0", "s = 1.0 /? 0.0"),
        ("s = sqrt?(4.0) + x * 1.0", "s = 2.0 + x"),
        ("s = x * 0.0 + (x - x)", "s = x * 0.0 + (x - x)"),
        ("s = x + 0.0", "s = x + 0.0"),
        ("s = x + -0.0", "s = x"),
        ("k = int?(a?[0]) * 0", "k = int?(a?[0]) * 0"),
        ("s = x /? 2.0 +  x /? 0.0", "s = x / 2.0 + x /? 0.0"),
        ("k = n //? -1 + n //? 3 + n %? -1", "k = n //? -1 + n // 3 + n % -1"),
        ("p = not n < m", "p = n >= m"),
        ("p = not x < s", "p = not x < s"),
        ("p = not x == s", "p = x != s"),
        ("p = c and True or False", "p = c"),
        ("p = False and n //? m > 1", "p = False"),
        ("p = n //? m > 1 and False", "p = n //? m > 1 and False"),
        ("s = select(not c, x, select(c, x, s))", "s = x"),
        ("a?[0] = f64(float(f64(x)))", "a?[0] = f64(x)"),
        ("k = int(i64(n))", "k = n"),
        ("s = float(i64?(x))", "s = float(i64?(x))"),
        ("k = k", ""),
        ("if 1 < 2 { k = 1 } else { k = 2 }", "k = 1"),
        ("if c { } else { k = 2 }", "if not c {\n    k = 2\n}"),
        ("if n < m { }", ""),
        ("if a?[0] < 1:f64 { }", "if a?[0] < 1.0:f64 {\n}"),
        ("while n < n { k = 1 }", ""),
        ("for i in 3:3 { k = 1 }", ""),
        ("for i in n:n { k = 1 }", ""),
        ("for i in 0:n { }", ""),
        ("for i in 5:4:-3 { k = i *? 2 }", "k = 10"),
        ("assume n == n", ""),
        ("for i in 0:n parallel(guard n == n) { fail }", "for i in 0:n parallel {\n    fail\n}"),
        ("for i in 0:n parallel(guard n < n) { fail }", "for i in 0:n {\n    fail\n}"),
        ("fail  k = 1", "fail"),
        ("block L { k = 1  leave L  k = 2 }", "k = 1"),
        ("block L { if c { leave L } k = 2 }", "if not c {\n    k = 2\n}"),
        (
            "block L { if c { k = 1 } else { k = 2 leave L } k = 3 }",
            "if c {\n    k = 1\n    k = 3\n} else {\n    k = 2\n}",
        ),
        (
            "block L { for i in 0:n { leave L } }",
            "block L {\n    for i in 0:n {\n        leave L\n    }\n}",
        ),
    ],
)
def test_simplified(before: str, after: str) -> None:
    assert body_of(simplify, before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("j = 3  k = j + n", "k = 3 + n"),
        ("k = j + n  j = 3", "k = j + n\nj = 3"),
        ("for i in 0:n { k = j }  j = 3", "for i in 0:n {\n    k = j\n}\nj = 3"),
        ("j = m  k = j", "k = m"),
        ("j = dim(a, 0)  k = j", "k = dim(a, 0)"),
        ("for i in 0:n { j = 3  k = j }", "for i in 0:n {\n    j = 3\n    k = j\n}"),
        ("for i in 0:n { j = j + t.1  t.1 = j }", "for i in 0:n {\n}"),
        ("t = float(a?[0])", "t = float(a?[0])"),
        ("w = alloc f64[n]  for i in 0:n { w[i] = 0:f64 }  s = x", "for i in 0:n {\n}\ns = x"),
        ("w = alloc f64[n]  w?[m] = 0:f64", "w = alloc f64[n]\nw?[m] = 0.0:f64"),
    ],
)
def test_tidied(before: str, after: str) -> None:
    text = HEAD.replace("j: int", "j, t.1: int") + before + "}"
    program = tidy(parse(text))
    check(program)
    assert show(program.body) == after


def samples(scalar: Scalar) -> list[Any]:
    plain: dict[str, tuple[Any, ...]] = {
        "bool": (False, True),
        "real": (0.0, -0.0, 2.9, -1.0, 300.0, 1e30, math.inf, math.nan),
        "complex": (0j, 1 - 2j),
    }
    if scalar.kind in plain:
        return [value_of(Const(value, scalar)) for value in plain[scalar.kind]]
    low, high = scalar.range
    wanted = {low, high, max(low, -1), 0, 1, 127, min(high, 2**31), min(high, 2**53 + 1)}
    return [value_of(Const(value, scalar)) for value in wanted]


def converted(values: list[Any], path: list[tuple[Scalar, bool]]) -> list[str]:
    results = []
    for value in values:
        try:
            for target, checked in path:
                value = convert(value, target, checked)
            results.append(repr(value))
        except Failed:
            results.append("failed")
    return results


@pytest.mark.parametrize("source", SCALARS.values(), ids=str)
def test_a_shorter_cast_is_the_same(source: Scalar) -> None:
    shortened = 0
    for middle, target in itertools.product(SCALARS.values(), repeat=2):
        if "complex" in (source.kind, middle.kind) and target.kind not in ("bool", "complex"):
            continue
        if source.kind == "complex" and middle.kind not in ("bool", "complex"):
            continue
        for checked in (False, True):
            expr = cast(cast(Var("x", source), middle, checked), target, checked)
            new = simplify_expression(expr)
            if new is expr:
                continue
            shortened += 1
            before = [(middle, checked), (target, checked)]
            after = [(new.type, isinstance(new, Apply) and new.checked)]
            if isinstance(new, Apply) and isinstance(new.args[0], Apply):
                continue
            assert converted(samples(source), before) == converted(samples(source), after), expr
    assert shortened or source.kind == "complex" or source.name == "u64"


def test_a_check_that_cannot_fail_is_none() -> None:
    for source, target in itertools.product(NUMPY_SCALARS, repeat=2):
        expr = cast(Var("x", source), target)
        assert not isinstance(expr, Apply) or expr.checked == cast_can_fail(source, target)
