"""Going through programs and rebuilding them."""

from __future__ import annotations

import sys

import pytest

from conure.ir.nodes import Assign, Const, For, If, Program, Stmt, Store, Var
from conure.ir.ops import apply, integer
from conure.ir.parse import parse
from conure.ir.text import show
from conure.ir.types import FLOAT, INT
from conure.ir.walk import (
    arrays_read,
    arrays_rebound,
    arrays_written,
    bodies,
    children,
    expressions,
    fresh,
    map_expressions,
    map_statements,
    names_read,
    names_written,
    statements,
    substitute,
    walk,
    with_bodies,
    with_expressions,
)
from tests.programs import random_program

PROGRAM = parse("""
program f(a: f64[1]C, b: f64[1]C, c: f64[1]C, n: int) {
    local s: f64  local j: int
    for i in 0:n parallel(guard n > j) {
        s = a[i + j]
        if s > 0.0:f64 { b?[i] = s }
    }
    b, c := c, b
}
""")


def test_names() -> None:
    assert names_read(PROGRAM) == {"n", "s", "j"}
    assert names_read(PROGRAM.body[0].body) == {"i", "j", "s"}  # type: ignore[union-attr] # a loop
    assert names_written(PROGRAM) == {"s"}


def test_arrays_follow_rebinding() -> None:
    assert arrays_read(PROGRAM) == {"a"}
    assert arrays_written(PROGRAM) == {"b", "c"}
    assert arrays_rebound(PROGRAM) == {"b", "c"}


def test_order_is_that_of_the_text() -> None:
    names = [node.name for node in walk(PROGRAM) if isinstance(node, Var)]
    assert names == ["n", "n", "j", "i", "j", "s", "i", "s"]


def test_unchanged_is_shared() -> None:
    assert map_expressions(PROGRAM, lambda expr: expr) is PROGRAM
    assert map_statements(PROGRAM.body, lambda stmt: stmt) is PROGRAM.body
    changed = substitute(PROGRAM, {"s": Const(1.0, FLOAT)})
    assert changed is not PROGRAM
    assert changed.body[1] is PROGRAM.body[1]


def test_statements_can_vanish_and_multiply() -> None:
    def change(stmt: Stmt) -> Stmt | tuple[Stmt, ...]:
        return () if isinstance(stmt, Store) else (stmt, stmt) if isinstance(stmt, Assign) else stmt

    loop = map_statements(PROGRAM.body, change)[0]
    assert isinstance(loop, For)
    assert [type(stmt) for stmt in loop.body] == [Assign, Assign, If]
    assert loop.body[2].then == ()  # type: ignore[union-attr] # the if


@pytest.mark.parametrize("seed", range(30))
def test_parts_rebuild_the_whole(seed: int) -> None:
    program, _ = random_program(seed)
    for stmt in statements(program):
        assert with_expressions(stmt, tuple(expressions(stmt))) is stmt
        assert with_bodies(stmt, tuple(tuple(body) for body in bodies(stmt))) is stmt
        inner = [node for body in bodies(stmt) for node in body]
        assert children(stmt) == (*expressions(stmt), *inner)


def test_long_bodies_need_no_recursion() -> None:
    name = Var("s", INT)
    body = tuple(Assign("s", apply("add", name, integer(k))) for k in range(5000))
    program = Program("long", (), (), body)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(150)
    try:
        assert names_read(program) == {"s"}
        assert len(map_statements(substitute(program, {"s": integer(1)}).body, lambda s: s)) == 5000
        show(program)
    finally:
        sys.setrecursionlimit(limit)


def test_fresh() -> None:
    assert fresh("i", set()) == "i"
    assert fresh("i", {"i", "i.1"}) == "i.2"
