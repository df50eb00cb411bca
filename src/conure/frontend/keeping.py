"""`m = min(m, x)` and `m = x if c else m`: assignments that keep the old value or set a new one.

They are lowered as `if x < m: m = x` and `if c: m = x`, so that one form of reduction is all that
the analysis has to know.
"""

from __future__ import annotations

import ast

from conure.frontend.arithmetic import compare, definite, repeatable, smallest
from conure.frontend.context import Draft, Edge, Lowering, body_of
from conure.frontend.conversion import truth
from conure.frontend.expressions import condition, evaluate, operands
from conure.frontend.joins import join
from conure.frontend.names import bind, lookup
from conure.frontend.values import Number, Object
from conure.ir.nodes import Const, Expr, If


def kept(ctx: Lowering, name: str, value: ast.expr) -> bool:
    """Lower `name = value` if it is of this form; the name must hold a number."""
    binding = ctx.env.get(name)
    if binding is None or binding.bound is not None or not isinstance(binding.value, Number):
        return False
    match value:
        case ast.Call(func=ast.Name(id=called), args=[ast.Name(id=first), *rest]) if (
            called in ("min", "max") and first == name and rest and not value.keywords
        ):
            return _extreme(ctx, name, value.func, rest)
        case ast.IfExp(test=test, body=new, orelse=ast.Name(id=other)) if other == name:
            _set_if(ctx, name, condition(ctx, test), new)
            return True
        case _:
            return False


def _extreme(ctx: Lowering, name: str, function: ast.expr, rest: list[ast.expr]) -> bool:
    called = evaluate(ctx, function)
    if not isinstance(called, Object) or called.value not in (min, max):
        return False
    if any(isinstance(node, ast.Starred) for node in rest):
        return False
    values = operands(ctx, rest)
    numbers = [value for value in values if isinstance(value, Number)]
    if len(numbers) < len(values):
        ctx.refuse("this call is compiled for numbers only")
    old = lookup(ctx, name)
    assert isinstance(old, Number), old
    every = [old, *numbers]
    whole = {each.type for each in every} == {old.type} and old.type.is_integer
    if whole and all(definite(each) for each in every):  # bounds and subscripts, mostly
        bind(ctx, name, smallest(ctx, every, called.value is max))
        return True
    for number in [repeatable(ctx, number) for number in numbers]:
        old = lookup(ctx, name)
        assert isinstance(old, Number), old
        order = compare(ctx, "greater" if called.value is max else "less", number, old)
        _set_if(ctx, name, truth(order), number)
    return True


def _set_if(ctx: Lowering, name: str, test: Expr, new: ast.expr | Number) -> None:
    """`if test: name = new`."""
    before = dict(ctx.env)
    with ctx.nested() as then:
        if not isinstance(test, Const) or test.value:
            bind(ctx, name, new if isinstance(new, Number) else evaluate(ctx, new))
    if isinstance(test, Const):
        ctx.absorb(then)
        return
    orelse: Draft = []
    edges = [Edge(then, dict(ctx.env)), Edge(orelse, dict(before))]
    ctx.frame.env = join(ctx, edges, {*ctx.env, *before}, before)
    ctx.emit(If(test, body_of(then), body_of(orelse), ctx.loc))
