"""Rewrite rules as data: a pattern, what replaces it, and the types it holds for.

A pattern is written with the operators of the language; a name stands for any expression of the
operands' type (`c` and `d`: of a truth type), a number for a constant of that type. The names that
a replacement drops must not be able to fail, unless the pattern does not evaluate them either.
A rule that is not `checked` holds for unchecked operators only, because the pattern can overflow
where the replacement does not. Every row is true of every value: of -0.0, infinities and NaN too.

    >>> from conure.ir.nodes import Var
    >>> from conure.ir.types import INT
    >>> x = Var("x", INT)
    >>> rewrite(Apply("mul", (x, Const(1, INT)), INT, checked=True))
    Var(name='x', type=int)
    >>> rewrite(Apply("neg", (Apply("neg", (x,), INT, checked=True),), INT, checked=True)) is None
    True
"""

from __future__ import annotations

import ast
import functools
from typing import Final

from conure.ir.nodes import Apply, Const, Expr, Load, Value
from conure.ir.ops import OPS, apply
from conure.ir.types import Scalar
from conure.ir.walk import walk
from conure.record import Record

_TRUTH: Final = ("bool",)
_INTEGER: Final = ("signed", "unsigned")
_EXACT: Final = ("bool", "signed", "unsigned")
_NUMBER: Final = ("signed", "unsigned", "real")
_ANY: Final = ("bool", "signed", "unsigned", "real", "complex")


class Rule(Record):
    """`before` is `after`, for operands of these kinds of type."""

    before: str
    after: str
    kinds: tuple[str, ...]
    checked: bool = True
    unevaluated: str = ""  # names that `before` does not evaluate


ARITHMETIC: Final = (
    Rule("x + 0", "x", _INTEGER),
    Rule("x + -0.0", "x", ("real",)),
    Rule("x - 0", "x", _NUMBER),
    Rule("x - x", "0", _INTEGER),
    Rule("0 - x", "-x", _INTEGER),
    Rule("x * 1", "x", _NUMBER),
    Rule("x * 0", "0", _INTEGER),
    Rule("x / 1", "x", ("real",)),
    Rule("x // 1", "x", _INTEGER),
    Rule("x % 1", "0", _INTEGER),
    Rule("x ** 1", "x", _NUMBER),
    Rule("x ** 0", "1", _NUMBER),
    Rule("-(-x)", "x", ("real",)),
    Rule("-(-x)", "x", _INTEGER, checked=False),
    Rule("-(x - y)", "y - x", _INTEGER, checked=False),
    Rule("x + -y", "x - y", ("real",)),
    Rule("x + -y", "x - y", _INTEGER, checked=False),
    Rule("x - -y", "x + y", ("real",)),
    Rule("x - -y", "x + y", _INTEGER, checked=False),
    Rule("x + y - y", "x", _INTEGER, checked=False),
    Rule("x - y + y", "x", _INTEGER, checked=False),
    Rule("x - (x - y)", "y", _INTEGER, checked=False),
    Rule("abs(abs(x))", "abs(x)", ("real",)),
    Rule("abs(abs(x))", "abs(x)", _INTEGER, checked=False),
    Rule("abs(-x)", "abs(x)", ("real",)),
    Rule("abs(-x)", "abs(x)", ("signed",), checked=False),
    Rule("minimum(x, x)", "x", _ANY[:-1]),
    Rule("maximum(x, x)", "x", _ANY[:-1]),
)

BITS: Final = (
    Rule("x & 0", "0", _EXACT),
    Rule("x | 0", "x", _EXACT),
    Rule("x ^ 0", "x", _EXACT),
    Rule("x & x", "x", _EXACT),
    Rule("x | x", "x", _EXACT),
    Rule("x ^ x", "0", _EXACT),
    Rule("x & -1", "x", ("signed",)),
    Rule("x | -1", "-1", ("signed",)),
    Rule("c & True", "c", _TRUTH),
    Rule("c | True", "True", _TRUTH),
    Rule("~~x", "x", _INTEGER),
    Rule("x << 0", "x", _INTEGER),
    Rule("x >> 0", "x", _INTEGER),
)

COMPARISONS: Final = (
    Rule("x < x", "False", _NUMBER),
    Rule("x > x", "False", _NUMBER),
    Rule("x <= x", "True", _INTEGER),
    Rule("x >= x", "True", _INTEGER),
    Rule("x == x", "True", _EXACT),
    Rule("x != x", "False", _EXACT),
    Rule("x < 0", "False", ("unsigned",)),
    Rule("x >= 0", "True", ("unsigned",)),
    Rule("c == True", "c", _TRUTH),
    Rule("c == False", "not c", _TRUTH),
    Rule("c != False", "c", _TRUTH),
    Rule("c != True", "not c", _TRUTH),
    Rule("not x == y", "x != y", _ANY),
    Rule("not x != y", "x == y", _ANY),
    Rule("not x < y", "x >= y", _EXACT),
    Rule("not x <= y", "x > y", _EXACT),
    Rule("not x > y", "x <= y", _EXACT),
    Rule("not x >= y", "x < y", _EXACT),
)

LOGIC: Final = (
    Rule("not not c", "c", _TRUTH),
    Rule("c and c", "c", _TRUTH),
    Rule("c or c", "c", _TRUTH),
    Rule("True and c", "c", _TRUTH),
    Rule("c and True", "c", _TRUTH),
    Rule("False and c", "False", _TRUTH, unevaluated="c"),
    Rule("c and False", "False", _TRUTH),
    Rule("False or c", "c", _TRUTH),
    Rule("c or False", "c", _TRUTH),
    Rule("True or c", "True", _TRUTH, unevaluated="c"),
    Rule("c or True", "True", _TRUTH),
    Rule("c and (c and d)", "c and d", _TRUTH),
    Rule("c or (c or d)", "c or d", _TRUTH),
    Rule("x if True else y", "x", _ANY, unevaluated="y"),
    Rule("x if False else y", "y", _ANY, unevaluated="x"),
    Rule("x if c else x", "x", _ANY),
    Rule("x if not c else y", "y if c else x", _ANY),
    Rule("(x if c else y) if c else z", "x if c else z", _ANY, unevaluated="y"),
    Rule("z if c else (x if c else y)", "z if c else y", _ANY, unevaluated="x"),
)

RULES: Final = ARITHMETIC + BITS + COMPARISONS + LOGIC


# ---- patterns --------------------------------------------------------------------------------


class Pattern(Record):
    """A rule's side: an operator of patterns, a name (then `args` is empty), or a number."""

    op: str = ""
    args: tuple[Pattern, ...] = ()
    name: str = ""
    value: Value = 0


_SYMBOLS: Final[dict[str, str]] = {
    "Add": "add", "Sub": "sub", "Mult": "mul", "Div": "divide", "FloorDiv": "floordiv",
    "Mod": "mod", "Pow": "pow", "BitAnd": "bitand", "BitOr": "bitor", "BitXor": "bitxor",
    "LShift": "shl", "RShift": "shr", "USub": "neg", "Invert": "bitnot", "Not": "not",
    "Lt": "less", "LtE": "less_equal", "Gt": "greater", "GtE": "greater_equal", "Eq": "equal",
    "NotEq": "not_equal", "And": "and", "Or": "or",
}  # fmt: skip
"""Python's names of operators, whose syntax the patterns share with the language."""


def pattern(text: str) -> Pattern:
    """The pattern that a side of a rule shows."""
    return _pattern(ast.parse(text, mode="eval").body)


def _pattern(node: ast.expr) -> Pattern:
    match node:
        case ast.Name():
            return Pattern(name=node.id)
        case ast.Constant(value=bool() | int() | float() as value):
            return Pattern(value=value)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return Pattern(value=-value)
        case ast.UnaryOp():
            return Pattern(_symbol(node.op), (_pattern(node.operand),))
        case ast.BinOp():
            return Pattern(_symbol(node.op), (_pattern(node.left), _pattern(node.right)))
        case ast.BoolOp():
            return Pattern(_symbol(node.op), tuple(map(_pattern, node.values)))
        case ast.Compare():
            sides = (_pattern(node.left), _pattern(node.comparators[0]))
            return Pattern(_symbol(node.ops[0]), sides)
        case ast.IfExp():
            parts = (node.test, node.body, node.orelse)
            return Pattern("select", tuple(map(_pattern, parts)))
        case ast.Call(func=ast.Name(id=name)):
            return Pattern(name, tuple(map(_pattern, node.args)))
        case _:
            raise AssertionError(ast.dump(node))


def _symbol(node: ast.AST) -> str:
    return _SYMBOLS[type(node).__name__]


class _Row(Record):
    """A rule with its two sides, and what its first operands must be for it to fit at all."""

    rule: Rule
    before: Pattern
    after: Pattern
    number: bool
    operators: frozenset[str]


@functools.cache
def _rows() -> dict[str, tuple[_Row, ...]]:
    """The rules by the operator they begin with."""
    table: dict[str, tuple[_Row, ...]] = {}
    for rule in RULES:
        before = pattern(rule.before)
        number = any(not arg.name and not arg.op for arg in before.args)
        operators = frozenset(arg.op for arg in before.args if arg.op)
        row = _Row(rule, before, pattern(rule.after), number, operators)
        table[before.op] = (*table.get(before.op, ()), row)
    return table


# ---- rewriting -------------------------------------------------------------------------------


def rewrite(expr: Expr) -> Expr | None:
    """What the first rule that fits makes of the expression's outermost operator, if any does."""
    if not isinstance(expr, Apply):
        return None
    number = any(isinstance(arg, Const) for arg in expr.args)
    operators = {arg.op for arg in expr.args if isinstance(arg, Apply)}
    for row in _rows().get(expr.op, ()):
        if row.number <= number and row.operators <= operators:
            new = attempt(expr, row.rule, row.before, row.after)
            if new is not None:
                return new
    return None


def attempt(expr: Apply, rule: Rule, before: Pattern, after: Pattern) -> Expr | None:
    """What one rule makes of an expression, or None where it does not fit."""
    bound: dict[str, Expr] = {}
    if not _match(before, expr, rule, bound):
        return None
    kept = _names(after)
    for name, value in bound.items():
        if name not in kept and name not in rule.unevaluated and can_fail(value):
            return None
    return _build(after, bound, expr)


def can_fail(expr: Expr) -> bool:
    """Whether evaluating an expression may fail, so that it must not be dropped."""
    return any(isinstance(node, Apply | Load) and node.checked for node in walk(expr))


def _names(side: Pattern) -> set[str]:
    return {side.name}.union(*map(_names, side.args))


def _match(side: Pattern, expr: Expr, rule: Rule, bound: dict[str, Expr]) -> bool:
    if side.name:
        if side.name in "cd":
            fits = expr.type.kind == "bool"
        else:
            fits = expr.type.kind in rule.kinds
        return fits and bound.setdefault(side.name, expr) == expr
    if not side.op:
        return isinstance(expr, Const) and _is(expr, side.value)
    if not isinstance(expr, Apply) or expr.op != side.op or (expr.checked and not rule.checked):
        return False
    orders = [expr.args, expr.args[::-1]] if OPS[expr.op].commutative else [expr.args]
    for args in orders:
        trial = dict(bound)
        if all(_match(*pair, rule, trial) for pair in zip(side.args, args, strict=True)):
            bound.update(trial)
            return True
    return False


def _is(const: Const, value: Value) -> bool:
    return repr(const.value) == repr(literal(value, const.type))


def literal(value: Value, scalar: Scalar) -> Value:
    """The number of a pattern, as a constant of this type holds it."""
    if scalar.kind == "real" and not isinstance(value, bool | complex):
        return float(value)
    if scalar.kind == "bool" and value in (0, 1):
        return bool(value)
    return value


def _build(side: Pattern, bound: dict[str, Expr], root: Apply) -> Expr:
    if side.name:
        return bound[side.name]
    if not side.op:
        return Const(literal(side.value, root.type), root.type)
    args = [_build(arg, bound, root) for arg in side.args]
    return apply(side.op, *args, checked=root.checked, loc=root.loc)
