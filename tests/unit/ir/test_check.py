"""Malformed programs are refused, and the message shows the place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conure.errors import CheckError
from conure.ir.check import check
from conure.ir.nodes import Apply, Assign, Const, Load, Local, Param, Program, Result, Stmt, Var
from conure.ir.parse import parse
from conure.ir.types import F32, F64, FLOAT, INT, U8, ArrayType
from tests.programs import random_program

HEAD = (
    "program f(a: f64[1]C, b: f64[1]C, c: i32[2]F, n: int, x: float) -> s {"
    " local s, t: float  local p: bool  local k: int "
)


@pytest.mark.parametrize("seed", range(60))
def test_random_programs_are_well_formed(seed: int) -> None:
    check(random_program(seed)[0])


@pytest.mark.parametrize(
    "body",
    [
        "for i in 0:n parallel(reduce add s; private t; last t; guard n > 3) { t = x  s = s + t }",
        "t.1 = alloc f64[n]  t.1?[0] = a?[0]  if p { u = alloc f64[n] } else { u = alloc f64[3] }",
        "a, b := b, a",
        "assume n < 3  block L { for i in 0:n { leave L } }  while not p { fail }",
        "for i in 0:n parallel() { block L { leave L } }",
        "for i in 0:n parallel(private w) { w = alloc f64[3] w[0] = 1:f64 }",
        "for i in 0:n parallel(reduce add a[]) { a?[0] = a?[0] + 1:f64 }",
    ],
)
def test_fine(body: str) -> None:
    check(parse(HEAD + body + "}"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("s = n", "n is int, not float"),
        ("n = 3", "n is not a local"),
        ("s = x + n", "x + n mixes float, int"),
        ("k = ~?3", "~?(3) cannot fail, but is checked"),
        ("s = x +? x", "x +? x cannot fail, but is checked"),
        ("p = p + p", "add does not take bool"),
        ("p = not n", "not does not take int"),
        ("s = select(n, x, x)", "select(n, x, x) selects by a int"),
        ("s = a?[0]", "a?[0] is f64, not float"),
        ("k = dim(a, 1)", "a has no axis 1"),
        ("k = dim(n, 0)", "n is not an array here"),
        ("a?[x] = 1:f64", "the index x is float, not int"),
        ("c?[n] = 1:i32", "c has 2 axes, here 1"),
        ("c?[n, n] = 1:f64", "1.0:f64 is f64, not i32"),
        ("if n { }", "n is int, not a truth value"),
        ("assume n", "n is int, not a truth value"),
        ("a?[0] = 1:f64 assume n < 3", "an assumption after something was written"),
        (
            "for i in 0:n { assume n < 3 a?[0] = 1:f64 }",
            "an assumption after something was written",
        ),
        ("for i in 0:n { } for i in 0:n { }", "i is declared twice"),
        ("for n in 0:n { }", "n is declared twice"),
        ("for i in 0:n { } k = i", "i is not declared here"),
        ("for i in 0:n:0 { }", "the step is 0"),
        ("for i in x:n { }", "x is float, not int"),
        ("leave L", "no block L here to leave"),
        ("block L { block L { } }", "L is inside L"),
        ("block L { for i in 0:n parallel { leave L } }", "no block L here to leave"),
        ("if p { t.1 = alloc f64[n] } s = float(t.1?[0])", "t.1 is not an array here"),
        ("t.1 = alloc float[n]", "an array of float"),
        ("t.1 = alloc f64[x]", "x is float, not int"),
        ("s = alloc f64[n]", "s is declared twice"),
        ("a, b := b", "as many names as sources"),
        ("a, a := b, a", "a name is bound twice"),
        ("a := c", "a is f64[1]C, c is i32[2]F"),
        (
            "for i in 0:n parallel { s = x }",
            "s is assigned in a parallel loop, but neither private",
        ),
        ("for i in 0:n parallel { a, b := b, a }", "a is rebound in a parallel loop"),
        ("for i in 0:n parallel(private z) { }", "private z: no local and no array"),
        ("for i in 0:n parallel(last s) { }", "last s: it is not private"),
        ("for i in 0:n parallel(reduce sub s) { }", "sub is no reduction"),
        ("for i in 0:n parallel(reduce add x) { }", "reduce x: no accumulator"),
        ("for i in 0:n parallel(reduce add s; private s) { }", "s is private too"),
        ("for i in 0:n parallel(guard n) { }", "n is int, not a truth value"),
    ],
)
def test_refused(body: str, message: str) -> None:
    with pytest.raises(CheckError) as caught:
        check(parse(HEAD + body + "}"))
    lines = str(caught.value).split("\n")
    assert lines[0].startswith(message)
    assert sum(line.startswith("    > ") for line in lines) == 1


@pytest.mark.parametrize(
    "stmt",
    [
        Assign("k", Const(True, INT)),
        Assign("k", Const(2**63, INT)),
        Assign("k", Const(1.0, INT)),
        Assign("k", Apply("add", (Const(1, INT), Const(1, INT)), U8)),
        Assign("k", Apply("cast", (Const(1, INT),), INT, checked=True)),
        Assign("k", Apply("frobnicate", (Const(1, INT),), INT)),
        Assign("k", Apply("add", (Const(1, INT),), INT)),
        Assign("k", Var("k", U8)),
        Assign("k", Load("a", (Const(0, INT),), INT)),
        Assign("r", Const(0.1, F32)),
        Assign("r", Apply("select", (Const(1, F64), Const(0.5, F32), Const(0.5, F32)), F32)),
        Assign("r", Apply("less", (Const(0.5, F32), Const(0.5, F32)), F32)),
    ],
)
def test_what_no_text_shows(stmt: Stmt) -> None:
    params = (Param("a", ArrayType(F64, 1)),)
    with pytest.raises(CheckError):
        check(Program("f", params, (Local("k", INT), Local("r", F32)), (stmt,)))


def test_declarations() -> None:
    program = parse(HEAD + "}")
    check(program)
    for broken in (
        replace(program, params=(*program.params, Param("a", INT))),
        replace(program, locals=(*program.locals, Local("n", INT))),
        replace(program, locals=(Local("two words", INT),)),
        replace(program, results=(Result("nobody"),)),
        replace(program, results=(Result("s", kind="n"),)),
        replace(program, results=(Result("s", kind="p"),)),
        replace(program, results=(Result("s", bound="x"),)),
        replace(program, results=(Result("a", python=FLOAT),)),
        replace(program, overlaps=(("a", "n"),)),
    ):
        with pytest.raises(CheckError):
            check(broken)


def test_the_lines_around() -> None:
    text = HEAD + "s = x  s = x  s = x  s = x  t = k  s = x  s = x  s = x  s = x }"
    with pytest.raises(CheckError) as caught:
        check(parse(text))
    assert str(caught.value).split("\n") == [
        "k is int, not float",
        "       6 |     s = x",
        "       7 |     s = x",
        "       8 |     s = x",
        "    >  9 |     t = k",
        "      10 |     s = x",
        "      11 |     s = x",
        "      12 |     s = x",
    ]
