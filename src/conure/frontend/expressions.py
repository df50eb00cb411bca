"""Expressions: what each Python expression stands for (`evaluate`), in Python's order."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from conure.frontend.arithmetic import (
    binary,
    choose,
    logical_not,
    negation,
    operate_one,
    unary,
)
from conure.frontend.arrays import binary_elements, elements, elementwise, materialize
from conure.frontend.attributes import attribute
from conure.frontend.builtin_functions import large_integer
from conure.frontend.calls import Arguments, call
from conure.frontend.comprehensions import of_comprehension
from conure.frontend.context import Draft, Edge, Lowering, body_of, frozen, is_fixed
from conure.frontend.conversion import truth
from conure.frontend.indexing import (
    Slice,
    element,
    index_items,
    is_element,
    subscript,
    tuple_item,
)
from conure.frontend.joins import join
from conure.frontend.names import bind, constant, lookup
from conure.frontend.picking import is_pick, pick, read
from conure.frontend.products import dot
from conure.frontend.promotion import COMPARISONS
from conure.frontend.values import (
    Binding,
    Closure,
    Elements,
    Items,
    Number,
    Object,
    Tuple,
    Value,
    View,
)
from conure.ir.nodes import Const, Expr, If, Rebind, Store
from conure.ir.ops import apply
from conure.ir.types import BOOL, U64
from conure.ir.walk import statements as every_statement

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "divide",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.BitAnd: "bitand",
    ast.BitOr: "bitor",
    ast.BitXor: "bitxor",
    ast.LShift: "shl",
    ast.RShift: "shr",
    ast.MatMult: "matmul",
}
_UNARY: dict[type[ast.unaryop], str] = {
    ast.USub: "neg",
    ast.UAdd: "plus",
    ast.Invert: "bitnot",
}
_COMPARISON: dict[type[ast.cmpop], str] = {
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}
_CHOSEN = "if.value"


def evaluate(ctx: Lowering, node: ast.expr) -> Value:
    """What an expression stands for; statements it needs are emitted before."""
    with ctx.placed(node):
        return _evaluate(ctx, node)


def _evaluate(ctx: Lowering, node: ast.expr) -> Value:
    match node:
        case ast.Constant(value=value):
            return constant(value)
        case ast.Name(id=name):
            return lookup(ctx, name)
        case ast.BinOp(left=left, op=op, right=right):
            one, other = operands(ctx, [left, right])
            return operator(ctx, BINARY[type(op)], one, other)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _not(ctx, evaluate(ctx, operand))
        case ast.UnaryOp(op=op, operand=operand):
            return _unary(ctx, _UNARY[type(op)], evaluate(ctx, operand))
        case ast.Compare():
            return _comparison(ctx, node)
        case ast.BoolOp(op=op, values=values):
            return _logical(ctx, isinstance(op, ast.Or), values)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return conditional(
                ctx,
                condition(ctx, test),
                lambda: evaluate(ctx, body),
                lambda: evaluate(ctx, orelse),
            )
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            if isinstance(node, ast.List):
                ctx.refuse("a list is not compiled", "use a tuple or an array")
            return Tuple(tuple(operands(ctx, parts)))
        case ast.Attribute():
            return _attribute(ctx, node)
        case ast.Subscript():
            return _subscript(ctx, node)
        case ast.Call():
            return _call(ctx, node)
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            bind(ctx, name, evaluate(ctx, value))
            return lookup(ctx, name)
        case ast.Lambda():
            return Closure(node, ctx.frame)
        case _:
            ctx.refuse(f"{_what(node)} is not compiled")


def _what(node: ast.AST) -> str:
    names = {
        "ListComp": "a list comprehension",
        "GeneratorExp": "a generator expression",
        "DictComp": "a dict comprehension",
        "SetComp": "a set comprehension",
        "Dict": "a dict",
        "Set": "a set",
        "JoinedStr": "an f-string",
        "Starred": "a starred expression",
        "Await": "await",
    }
    return names.get(type(node).__name__, type(node).__name__)


def number(ctx: Lowering, node: ast.expr) -> Number:
    """An expression that must be a number."""
    value = evaluate(ctx, node)
    if not isinstance(value, Number):
        ctx.refuse("a number is needed here", node=node)
    return value


def operands(ctx: Lowering, nodes: Sequence[ast.expr]) -> list[Value]:
    """Several expressions, left to right. Where a later one needs statements, the values of the
    earlier ones are put away before."""
    values: list[Value] = []
    for node in nodes:
        with ctx.nested() as statements:
            value = evaluate(ctx, node)
        if statements:
            values = [_put_away(ctx, earlier, statements) for earlier in values]
            ctx.absorb(statements)
        values.append(value)
    return values


def _put_away(ctx: Lowering, value: Value, statements: Draft) -> Value:
    """The value as it is before these statements."""
    match value:
        case Number():
            return ctx.held_number(value)
        case Tuple(items, origin):
            return Tuple(tuple(_put_away(ctx, item, statements) for item in items), origin)
        case Elements() if _writes(ctx, statements):
            return materialize(ctx, value)
        case _:
            return value


def _writes(ctx: Lowering, statements: Draft) -> bool:
    """Whether elements of arrays that were there before may change."""
    return any(
        isinstance(stmt, Rebind) or (isinstance(stmt, Store) and stmt.array not in ctx.allocated)
        for stmt in every_statement(frozen(statements))
    )


# ---- operators -------------------------------------------------------------------------------


def operator(ctx: Lowering, op: str, left: Value, right: Value) -> Value:
    """`left op right`."""
    if op == "matmul":
        return dot(ctx, "matmul", [left, right])
    left, right = _unsigned(left, right), _unsigned(right, left)
    match left, right:
        case Number(), Number():
            return binary(ctx, op, left, right)
        case Tuple(first), Tuple(second) if op == "add":
            return Tuple(first + second)
        case ((Number() | View() | Elements()), (Number() | View() | Elements())):
            return binary_elements(ctx, op, left, right)
        case _:
            ctx.refuse("this operator is compiled for numbers and arrays only")


def _unsigned(value: Value, beside: Value) -> Value:
    """A literal too large for an `int`, beside a NumPy number that is of the one type it fits."""
    if isinstance(beside, Number) and beside.type is U64 and beside.kind is None:
        return large_integer(value) or value
    return value


def _unary(ctx: Lowering, op: str, value: Value) -> Value:
    match value:
        case Number():
            return unary(ctx, op, value)
        case View() | Elements():
            source = elements(ctx, value)
            return elementwise(ctx, source.dtype, [source], lambda x: operate_one(ctx, op, x, True))
        case _:
            ctx.refuse("this operator is compiled for numbers and arrays only")


def _not(ctx: Lowering, value: Value) -> Value:
    return logical_not(Number(_truth(ctx, value)))


def _truth(ctx: Lowering, value: Value) -> Expr:
    match value:
        case Number():
            return truth(value)
        case Object(inner) if inner is None or isinstance(inner, str):
            return Const(bool(inner), BOOL)
        case Tuple(items):
            return Const(bool(items), BOOL)
        case _:
            ctx.refuse("the truth of this value is not compiled", "write the comparison out")


def condition(ctx: Lowering, node: ast.expr) -> Expr:
    """An expression as a `bool`, with short circuit."""
    with ctx.placed(node):
        match node:
            case ast.BoolOp(op=op, values=values):
                result = condition(ctx, values[0])
                for value in values[1:]:
                    result = _also(ctx, isinstance(op, ast.Or), result, value)
                return result
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return negation(condition(ctx, operand))
            case _:
                return _truth(ctx, evaluate(ctx, node))


def _also(ctx: Lowering, either: bool, before: Expr, node: ast.expr) -> Expr:
    if isinstance(before, Const):
        return before if bool(before.value) is either else condition(ctx, node)
    truth_of = conditional(
        ctx,
        before,
        lambda: Number(Const(True, BOOL) if either else condition(ctx, node)),
        lambda: Number(condition(ctx, node) if either else Const(False, BOOL)),
    )
    assert isinstance(truth_of, Number), truth_of
    return truth_of.expr


def _logical(ctx: Lowering, either: bool, nodes: Sequence[ast.expr]) -> Value:
    """`x or y`, `x and y`, which give one of the operands."""
    first = evaluate(ctx, nodes[0])
    for node in nodes[1:]:
        if isinstance(first, Number) and not (first.kind is None and first.type.kind == "bool"):
            first = ctx.held_number(first)
        first = _one_or_other(ctx, either, first, node)
    return first


def _one_or_other(ctx: Lowering, either: bool, first: Value, node: ast.expr) -> Value:
    before = _truth(ctx, first)
    if either:
        return conditional(ctx, before, lambda: first, lambda: evaluate(ctx, node))
    return conditional(ctx, before, lambda: evaluate(ctx, node), lambda: first)


def _comparison(ctx: Lowering, node: ast.Compare) -> Value:
    left = evaluate(ctx, node.left)
    if len(node.ops) == 1:
        with ctx.nested() as statements:
            right = evaluate(ctx, node.comparators[0])
        if statements:
            left = _put_away(ctx, left, statements)
            ctx.absorb(statements)
        return _compared(ctx, node.ops[0], left, right)
    return _chain(ctx, left, node.ops, node.comparators)


def _chain(
    ctx: Lowering, left: Value, ops: Sequence[ast.cmpop], nodes: Sequence[ast.expr]
) -> Value:
    with ctx.nested() as statements:
        right = evaluate(ctx, nodes[0])
        right = _put_away(ctx, right, []) if len(ops) > 1 else right
    if statements:
        left = _put_away(ctx, left, statements)
        ctx.absorb(statements)
    result = _compared(ctx, ops[0], left, right)
    if len(ops) == 1:
        return result
    if not isinstance(result, Number):
        ctx.refuse("a chained comparison of arrays is ambiguous")
    return conditional(
        ctx, truth(result), lambda: _chain(ctx, right, ops[1:], nodes[1:]), lambda: result
    )


def _compared(ctx: Lowering, op: ast.cmpop, left: Value, right: Value) -> Value:
    if isinstance(op, ast.Is | ast.IsNot):
        return Number(Const(_identical(ctx, left, right) is isinstance(op, ast.Is), BOOL))
    if isinstance(op, ast.In | ast.NotIn):
        return _contained(ctx, left, right, isinstance(op, ast.NotIn))
    name = _COMPARISON[type(op)]
    assert name in COMPARISONS, name
    match left, right:
        case Object(one), Object(other) if isinstance(op, ast.Eq | ast.NotEq):
            if type(one) is not type(other) or not isinstance(one, str | type | None):
                ctx.refuse("a comparison of these objects is not compiled")
            return Number(Const((one == other) is isinstance(op, ast.Eq), BOOL))
        case _:
            return operator(ctx, name, left, right)


def _identical(ctx: Lowering, left: Value, right: Value) -> bool:
    if isinstance(left, Object) and isinstance(right, Object):
        return left.value is right.value
    for one, other in ((left, right), (right, left)):
        none = isinstance(one, Object) and one.value is None
        if none and isinstance(other, Number | View | Tuple):
            return False
    ctx.refuse("`is` is compiled for None and the like only", "use ==")


def _contained(ctx: Lowering, left: Value, right: Value, negate: bool) -> Value:
    if not isinstance(left, Number) or not isinstance(right, Tuple):
        ctx.refuse("`in` is compiled for a number and a tuple only")
    left = ctx.held_number(left)
    found: Expr = Const(False, BOOL)
    for item in right.items:
        if not isinstance(item, Number):
            ctx.refuse("`in` is compiled for tuples of numbers only")
        equal = truth(binary(ctx, "equal", left, item))
        found = equal if found == Const(False, BOOL) else apply("or", found, equal)
    return Number(negation(found) if negate else found)


# ---- one of two ------------------------------------------------------------------------------


def conditional(
    ctx: Lowering, test: Expr, yes: Callable[[], Value], no: Callable[[], Value]
) -> Value:
    """`yes if test else no`, of which only the one needed is evaluated."""
    if isinstance(test, Const):
        return yes() if test.value else no()
    before = dict(ctx.env)
    with ctx.nested() as then:
        one = yes()
    then_env, ctx.frame.env = ctx.frame.env, dict(before)
    with ctx.nested() as orelse:
        other = no()
    if not then and not orelse:
        if isinstance(one, Number) and isinstance(other, Number):
            test = test if is_fixed(ctx, test) or not _splits(one, other) else ctx.temporary(test)
            return choose(ctx, test, one, other)
        if one == other:
            return one
    then_env[_CHOSEN] = Binding(one)
    ctx.env[_CHOSEN] = Binding(other)
    edges = [Edge(then, then_env), Edge(orelse, ctx.env)]
    live = {*then_env, *ctx.env}
    ctx.frame.env = join(ctx, edges, live, before)
    ctx.emit(If(test, body_of(then), body_of(orelse), ctx.loc))
    chosen = ctx.frame.env.pop(_CHOSEN).value
    if isinstance(chosen, Number):
        return Number(
            ctx.temporary(chosen.expr),
            None if chosen.kind is None else ctx.temporary(chosen.kind),
            chosen.python,
        )
    ctx.refuse("one of two values that are not both numbers is not compiled", "use if/else")


def _splits(one: Number, other: Number) -> bool:
    """Whether the choice decides the type too, so that the test is used twice."""
    return one.type is not other.type or one.kind is not None or other.kind is not None


# ---- attributes, subscripts, calls -----------------------------------------------------------


def _attribute(ctx: Lowering, node: ast.Attribute) -> Value:
    dotted = _dotted(node)
    if dotted and (root := dotted.split(".")[0]) not in ctx.frame.assigned:
        binding = ctx.env.get(root)
        if binding is None or isinstance(binding.value, Object):
            known = ctx.frame.outside(dotted)
            if known is not None:
                return known
    return attribute(ctx, evaluate(ctx, node.value), node.attr)


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            inner = _dotted(value)
            return f"{inner}.{attr}" if inner else ""
        case _:
            return ""


def subscript_parts(ctx: Lowering, node: ast.expr) -> list[Value | Slice]:
    """The parts between the brackets."""
    nodes = node.elts if isinstance(node, ast.Tuple) else [node]
    plain = [part for part in nodes if not isinstance(part, ast.Slice)]
    values = iter(operands(ctx, plain))
    return [_slice(ctx, part) if isinstance(part, ast.Slice) else next(values) for part in nodes]


def _slice(ctx: Lowering, node: ast.Slice) -> Slice:
    bounds = [
        None if part is None else evaluate(ctx, part)
        for part in (node.lower, node.upper, node.step)
    ]
    return Slice(*bounds)


def _subscript(ctx: Lowering, node: ast.Subscript) -> Value:
    owner = evaluate(ctx, node.value)
    items = index_items(ctx, subscript_parts(ctx, node.slice))
    match materialize(ctx, owner) if isinstance(owner, Elements) else owner:
        case Tuple() as owner:
            return tuple_item(ctx, owner, items)
        case Items(inner) if not any(isinstance(item, Slice) for item in items):
            return tuple_item(ctx, Tuple(inner), items)
        case View() as owner if is_pick(items):
            return read(ctx, pick(ctx, owner, items))
        case View() as owner:
            view = subscript(ctx, owner, items)
            return element(ctx, view) if is_element(owner, items) else view
        case _:
            ctx.refuse("only arrays, tuples and short lists can be indexed here")


def _call(ctx: Lowering, node: ast.Call) -> Value:
    function = evaluate(ctx, node.func)
    if isinstance(function, Object) and (found := _of_comprehension(ctx, function.value, node)):
        return found
    if any(isinstance(arg, ast.Starred) for arg in node.args):
        ctx.refuse("a starred argument is not compiled", "write the arguments out")
    if any(keyword.arg is None for keyword in node.keywords):
        ctx.refuse("** in a call is not compiled", "write the arguments out")
    nodes = [*node.args, *(keyword.value for keyword in node.keywords)]
    if isinstance(function, Object) and _takes_lists(function.value):
        nodes = [as_tuple(each) for each in nodes]
    values = operands(ctx, nodes)
    count = len(node.args)
    names = [str(keyword.arg) for keyword in node.keywords]
    named = dict(zip(names, values[count:], strict=True))
    return call(ctx, function, Arguments(tuple(values[:count]), named))


def _of_comprehension(ctx: Lowering, function: object, node: ast.Call) -> Value | None:
    """`sum`, `min`, `max`, `any` or `all` of a comprehension."""
    match node:
        case ast.Call(args=[ast.GeneratorExp() | ast.ListComp() as made], keywords=[]) if any(
            function is each for each in (sum, min, max, any, all)
        ):
            return of_comprehension(ctx, function, made)
        case _:
            return None


def _takes_lists(function: object) -> bool:
    """Whether a call makes nothing of a list that it would not make of a tuple."""
    if any(function is each for each in (sum, min, max, any, all)):
        return True
    return (getattr(function, "__module__", None) or "").partition(".")[0] == "numpy"


def as_tuple(node: ast.expr) -> ast.expr:
    """A list, and those in it, as tuples."""
    if isinstance(node, ast.List | ast.Tuple):
        return ast.copy_location(ast.Tuple([as_tuple(e) for e in node.elts], ast.Load()), node)
    return node
