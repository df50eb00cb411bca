"""The printed form: it reads back as the same program, and errors point at their place."""

from __future__ import annotations

import math

import pytest

from conure.errors import CheckError
from conure.ir.nodes import (
    Apply,
    Assign,
    Const,
    Expr,
    For,
    Leave,
    Load,
    Local,
    Mark,
    Param,
    Program,
    Reduction,
    Result,
    Var,
)
from conure.ir.ops import OPS, Op, apply, cast, integer
from conure.ir.parse import parse, parse_expression
from conure.ir.text import key, show
from conure.ir.types import BOOL, F64, INT, SCALARS, Scalar
from tests.programs import random_program

X, Y, Z = (Var(name, INT) for name in "xyz")


def reread(expr: Expr) -> Expr:
    return parse_expression(show(expr), {"x": INT, "y": INT, "z": INT, "p": BOOL}, {"a": F64})


@pytest.mark.parametrize("seed", range(100))
def test_random_programs_read_back(seed: int) -> None:
    program, _ = random_program(seed)
    assert parse(show(program)) == program


@pytest.mark.parametrize("outer", [op for op in OPS.values() if op.symbol], ids=lambda op: op.name)
@pytest.mark.parametrize("checked", [False, True])
def test_precedence_reads_back(outer: Op, checked: bool) -> None:
    for inner in (op for op in OPS.values() if op.symbol):
        leaf = Apply(inner.name, (X, Y)[: inner.arity], INT, checked and inner.name != "not")
        for args in ((leaf, Z), (Z, leaf), (leaf, leaf), (Const(-1, INT), leaf)):
            kept = checked and outer.name != "not"
            expr = Apply(outer.name, args[: outer.arity], INT, kept)
            assert typed(reread(expr)) == expr


def typed(expr: Expr) -> Expr:
    """The expression with every operator's type forgotten, so that any two nest."""
    if isinstance(expr, Apply):
        return Apply(expr.op, tuple(map(typed, expr.args)), INT, expr.checked)
    return expr


@pytest.mark.parametrize("scalar", SCALARS.values(), ids=str)
def test_constants_read_back(scalar: Scalar) -> None:
    values: dict[str, tuple[bool | int | float | complex, ...]] = {
        "bool": (True, False),
        "signed": (0, 1, -1, *scalar.range) if scalar.is_integer else (),
        "unsigned": (0, 255),
        "real": (0.0, -0.0, 1e300, 1e-300, 0.1, math.inf, -math.inf, math.nan),
        "complex": (1j, complex(-0.0, 2), complex(math.nan, -math.inf), complex(1e22, -1e-7)),
    }
    for value in values[scalar.kind]:
        assert reread(Const(value, scalar)) == Const(value, scalar)
        negated = Apply("neg", (Const(value, scalar),), scalar)
        assert reread(negated) == negated


def test_an_expression_as_a_person_reads_it() -> None:
    access = Load("a", (apply("add", X, apply("mul", Y, integer(2))),), F64)
    expr = apply("divide", cast(apply("neg", X), F64), access, checked=False)
    assert show(expr) == "f64(-?x) / a?[x +? y *? 2]"
    assert reread(expr) == expr


def test_a_marked_loop_as_a_person_reads_it() -> None:
    mark = Mark(
        "parallel",
        apply("greater", X, integer(3)),
        (Reduction("s", "add"), Reduction("a", "minimum", True)),
        ("t", "u"),
        ("u",),
        64,
    )
    loop = For("i", integer(0), X, integer(-2), (Leave("out"),), mark, ("first", "second\nline"))
    assert show(loop) == (
        "for i in 0:x:-2 parallel(reduce add s; reduce minimum a[]; private t, u; last u; "
        "guard x > 3; grain 64) {  # first  # second line\n    leave out\n}"
    )


def test_names_that_are_words_of_the_language() -> None:
    words = ("block", "int", "nan", "fail", "local", "guard", "parallel", "add")
    params = tuple(Param(word, INT) for word in words)
    total: Expr = integer(0)
    for word in words:
        total = apply("add", total, Var(word, INT))
    body = (Assign("alloc", total),)
    program = Program("reduce", params, (Local("alloc", INT),), body, (Result("alloc"),))
    assert "$alloc = 0 +? $block +? $int" in show(program)
    assert parse(show(program)) == program


def test_a_name_no_word_can_be() -> None:
    program = Program('f.<locals>."g"', (), (), ())
    assert parse(show(program)) == program


def test_results_and_overlaps_read_back() -> None:
    header = "program f(a: f64[1]C, b: f64[2]S, s: f64, p: bool) -> "
    results = "s?kind=p:float, s?kind=p:float?bound=p, s?bound=p, a overlaps a/b {"
    program = parse(header + results + "}")
    assert program.results[1] == Result("s", SCALARS["float"], "p", "p")
    assert show(program) == header + results + "\n}"


def test_key_ignores_notes_only() -> None:
    def program(note: str, stop: int) -> Program:
        loop = For("i", integer(0), integer(stop), integer(1), (), notes=(note,))
        return Program("f", (), (), (loop,))

    assert key(program("a", 1)) == key(program("b", 1))
    assert key(program("a", 1)) != key(program("a", 2))
    assert key(program("a", 1), "x") != key(program("a", 1), "y")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("program f() { x = 1 }", "x is not declared"),
        ("program f() { for i in 0:3 i }", "expected {"),
        ("program f(n: f16) {}", "expected a scalar type"),
        ("program f(n: int) { assume n < n < n }", "comparisons do not chain"),
        ("program f(n: int) { assume ?n }", "expected an expression"),
        ("program f(n: int) { assume frob(n) }", "no operator frob of 1 operands"),
        ("program f(n: int) { fail", "expected a name"),
        ("program f(a: f64[1]Q) {}", "expected a layout"),
        ("program f() {} x", "expected the end"),
        ("program f() { for i in 0:3 parallel(frob) {} }", "expected a clause of a mark"),
        ("program f() { € }", "expected a name"),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(CheckError) as caught:
        parse("# a comment\n" + text)
    lines = str(caught.value).split("\n")
    assert lines[0] == f"line 2: {message}"
    assert lines[1] == "    " + text
    assert lines[2].strip() == "^"
