"""Statements, one `match` arm each."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from conure.frontend.assignment import assign_target, augmented
from conure.frontend.context import Draft, Edge, Lowering, Tail, Target, body_of
from conure.frontend.expressions import as_tuple, condition, evaluate
from conure.frontend.joins import join
from conure.frontend.keeping import kept
from conure.frontend.loops import lower_for, lower_while
from conure.frontend.names import bind
from conure.frontend.returns import return_value
from conure.frontend.values import Closure, Number, Object, Tuple, Value, View
from conure.ir.nodes import Const, Expr, Fail, If, Leave
from conure.ir.ops import apply

_HINTS = {
    ast.With: "a `with` statement",
    ast.Try: "a `try` statement",
    ast.Delete: "`del`",
    ast.Import: "an import",
    ast.ImportFrom: "an import",
    ast.ClassDef: "a class",
    ast.AsyncFor: "`async for`",
    ast.Nonlocal: "`nonlocal`",
    ast.Match: "a `match` statement",
}


def lower_statements(ctx: Lowering, statements: Sequence[ast.stmt], tail: Tail) -> None:
    """A run of statements; `tail`: what, if anything, may follow them."""
    for position, statement in enumerate(statements):
        if not ctx.reachable or ctx.returning:
            return
        rest = statements[position + 1 :]
        with ctx.placed(statement):
            if tail and rest and isinstance(statement, ast.If) and _diverts(statement, tail):
                _if(ctx, statement, tail, rest)
                return
            _statement(ctx, statement, "" if rest else tail)


def _statement(ctx: Lowering, node: ast.stmt, tail: Tail) -> None:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if kept(ctx, name, value):
            return
        case ast.Assign(targets=targets, value=value):
            if all(isinstance(target, ast.Subscript | ast.Tuple | ast.List) for target in targets):
                value = as_tuple(value)  # whose items are taken at once, so that it may be a list
            _assign(ctx, targets, evaluate(ctx, value))
        case ast.AnnAssign(target=target, value=value, simple=_):
            if value is not None:
                assign_target(ctx, target, evaluate(ctx, value))
        case ast.AugAssign():
            augmented(ctx, node)
        case ast.For():
            lower_for(ctx, node)
        case ast.While():
            lower_while(ctx, node)
        case ast.If():
            _if(ctx, node, tail, ())
        case ast.Break():
            _jump(ctx, ctx.frame.loops[-1].leave if ctx.frame.loops else None)
        case ast.Continue():
            if tail != "loop":
                _jump(ctx, ctx.frame.loops[-1].again if ctx.frame.loops else None)
        case ast.Return(value=value):
            result: Value = Object(None) if value is None else evaluate(ctx, value)
            _return(ctx, result, tail)
        case ast.Assert(test=test):
            ctx.fail_if(_negated(ctx, test))
        case ast.Raise():
            ctx.emit(Fail(ctx.loc))
            ctx.reachable = False
        case ast.Expr(value=value):
            _expression(ctx, value)
        case ast.FunctionDef():
            _define(ctx, node)
        case ast.Pass():
            return
        case ast.Global() if ctx.frame.function == "<module>":
            return
        case _:
            what = _HINTS.get(type(node), f"{type(node).__name__}")
            ctx.refuse(f"{what} is not compiled", "move it out of the loop")


def _assign(ctx: Lowering, targets: Sequence[ast.expr], value: Value) -> None:
    if len(targets) > 1:
        bind(ctx, "chained", value)
        value = ctx.env.pop("chained").value
    for target in targets:
        assign_target(ctx, target, value)


def _return(ctx: Lowering, value: Value, tail: Tail) -> None:
    if not ctx.inlined and not ctx.may_return:
        ctx.refuse("return is not compiled here")
    bind(ctx, "returned", value)
    kept = ctx.env.pop("returned").value
    return_value(ctx, kept, at_end=tail == "function")


def _expression(ctx: Lowering, node: ast.expr) -> None:
    if isinstance(node, ast.Constant):
        return
    if not isinstance(node, ast.Call):
        ctx.refuse("an expression whose value is not used is not compiled")
    value = evaluate(ctx, node)
    if isinstance(value, Number):
        ctx.held_number(value)  # it may raise
    elif not isinstance(value, Object | View | Tuple):
        ctx.refuse("a value that is not used is not compiled")


def _negated(ctx: Lowering, test: ast.expr) -> Expr:
    return apply("not", condition(ctx, test))


def _define(ctx: Lowering, node: ast.FunctionDef) -> None:
    if node.decorator_list:
        ctx.refuse("a decorated function inside a loop is not compiled", "define it outside")
    bind(ctx, node.name, Closure(node, ctx.frame))


def _jump(ctx: Lowering, target: Target | None) -> None:
    """`break` and `continue`."""
    if target is None:
        ctx.refuse("break or continue outside of the loops that are compiled")
    ctx.emit(Leave(target.label, ctx.loc))
    target.edges.append(Edge(ctx.out, dict(ctx.env), leaves=True))
    ctx.reachable = False


# ---- if --------------------------------------------------------------------------------------


def _ends(statements: Sequence[ast.stmt], tail: Tail) -> bool:
    """Whether a list always ends in `continue` (in a loop) or `return` (in a function)."""
    match statements:
        case [*_, ast.Continue()]:
            return tail == "loop"
        case [*_, ast.Return()]:
            return tail == "function"
        case [*_, ast.If(body=body, orelse=orelse)]:
            return _ends(body, tail) and _ends(orelse, tail)
        case _:
            return False


def _diverts(node: ast.If, tail: Tail) -> bool:
    """Whether what follows the `if` belongs to one of its branches only."""
    return _ends(node.body, tail) or _ends(node.orelse, tail)


def _if(ctx: Lowering, node: ast.If, tail: Tail, rest: Sequence[ast.stmt]) -> None:
    """`if`; the statements of `rest` go into the branch that does not end."""
    test = condition(ctx, node.test)
    last = rest[-1] if rest else node
    live = ctx.frame.liveness.behind(last)
    branches = [
        [*body, *(() if rest and _ends(body, tail) else rest)] for body in (node.body, node.orelse)
    ]
    if isinstance(test, Const):
        lower_statements(ctx, branches[0 if test.value else 1], tail)
        return
    before = dict(ctx.env)
    drafts: list[Draft] = []
    edges: list[Edge] = []
    for statements in branches:
        ctx.frame.env, ctx.reachable, ctx.returning = dict(before), True, False
        with ctx.nested() as draft:
            lower_statements(ctx, statements, tail)
        drafts.append(draft)
        if ctx.reachable:
            edges.append(Edge(draft, dict(ctx.env), returning=ctx.returning))
    ctx.emit(If(test, body_of(drafts[0]), body_of(drafts[1]), ctx.loc))
    ctx.reachable = bool(edges)
    ctx.returning = bool(edges) and all(edge.returning for edge in edges)
    if edges:
        ctx.frame.env = join(ctx, edges, live, before)
