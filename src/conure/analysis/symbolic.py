"""Expressions as polynomials of versions, and what a condition tells about them.

>>> here = Context({"k": Poly.of(4)}, (), (), (), True)
>>> value(Apply("add", (Var("k", INT), Var("n", INT)), INT), here, Setting())
n + 4
>>> conditions(Apply("less", (Var("n", INT), Var("k", INT)), BOOL), here, Setting())
(-n + 3,)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from conure.analysis.affine import Poly, expression, tightened
from conure.analysis.book import Facts
from conure.analysis.interval import Interval, fits
from conure.analysis.ranges import Ranges, opaque, quotient
from conure.ir.nodes import Apply, Assign, Const, Dim, Expr, Load, Var
from conure.ir.types import BOOL, INT  # noqa: F401 - BOOL is a name of the doctest above
from conure.record import Record

_LARGEST = 12  # nodes of an expression that may become an atom


class Context(Record):
    """What holds where a statement or an expression is evaluated."""

    values: Mapping[str, Poly]  # scalars that were assigned
    facts: Facts
    home: tuple[str, ...]  # the loops around, also `while`s
    loops: tuple[str, ...]  # the `for`s among them
    sure: bool  # reached whenever the bodies of the loops around are

    def knowing(self, facts: Facts, sure: bool) -> Context:
        return replace(self, facts=self.facts + facts, sure=self.sure and sure)

    def variable(self, value: Poly) -> str | None:
        """A variable that has this value here."""
        return next((name for name, known in self.values.items() if known == value), None)


@dataclass
class Setting:
    """What the values of expressions depend on besides their context."""

    ranges: Ranges = field(default_factory=Ranges)
    written: frozenset[str] = frozenset()  # arrays that are stored to somewhere
    rebound: frozenset[str] = frozenset()  # array names that change their arrays
    shapes: Mapping[str, str] = field(default_factory=dict)  # arrays of assumed equal shapes
    local: dict[str, tuple[Poly, ...]] = field(default_factory=dict)  # shapes of allocated arrays

    strict: bool = False  # trust no operator's bounds whose operands may have overflowed

    def sound(self, *polys: Poly) -> bool:
        """Whether machine arithmetic has surely found these values: sums and products are right
        whenever their last value fits, but what compares or divides them needs each to fit."""
        return not self.strict or all(fits(self.ranges.interval(p), INT) for p in polys)

    def unknown(self, expr: Expr, context: Context) -> Poly:
        """A new atom for a value that nothing is known of but its type."""
        interval = self.ranges.of_atom(expr) if not isinstance(expr, Load | Var) else None
        return Poly.atom(self.ranges.version("", context.home, INT, interval=interval))


def value(expr: Expr, context: Context, setting: Setting) -> Poly:
    """The value of an `int` expression."""
    match expr:
        case Const(value=int(number)):
            return Poly.of(number)
        case Var():
            return _variable(expr, context)
        case Dim():
            return _extent(expr, context, setting)
        case Apply(op="cast"):
            same = canonical(expr, context, setting)
            return setting.unknown(expr, context) if same is None else Poly.atom(same)
        case Apply(op="select"):
            return _select(expr, context, setting)
        case Apply():
            args = [value(arg, context, setting) for arg in expr.args if arg.type is INT]
            if len(args) == len(expr.args):
                return _applied(expr, args, context, setting)
        case Load():
            same = canonical(expr, context, setting)
            if same is not None:
                return Poly.atom(same)
        case _:
            pass
    return setting.unknown(expr, context)


def _variable(expr: Var, context: Context) -> Poly:
    known = context.values.get(expr.name)
    return Poly.atom(expr) if known is None else known


def _extent(expr: Dim, context: Context, setting: Setting) -> Poly:
    if (shape := setting.local.get(expr.array)) is not None and expr.array not in setting.rebound:
        return shape[expr.axis]
    representative = setting.shapes.get(expr.array, expr.array)
    if expr.array in setting.rebound and expr.array not in {
        *setting.shapes,
        *setting.shapes.values(),
    }:
        atom = setting.ranges.version("", context.home, INT, interval=Interval(0, 2**63 - 1))
        return Poly.atom(atom)
    return Poly.atom(Dim(representative, expr.axis, INT))


def _applied(expr: Apply, args: list[Poly], context: Context, setting: Setting) -> Poly:
    match expr.op, args:
        case "add", [a, b]:
            return a + b
        case "sub", [a, b]:
            return a - b
        case "mul", [a, b]:
            return a * b
        case "neg", [a]:
            return -a
        case "shl", [a, b] if b.constant is not None and 0 <= b.constant < 63:
            return a * (1 << b.constant)
        case _ if not setting.sound(*args):
            pass
        case "shr", [a, b] if b.constant is not None and 0 <= b.constant < 63:
            return quotient(a, 2**b.constant)
        case "bitand", [a, b] if (mask := b.constant or 0) > 0 and not mask & (mask + 1):
            return opaque_or_exact("mod", a, Poly.of(mask + 1))
        case "floordiv", [a, b] if b.constant:
            return _divided(a, b.constant)
        case ("floordiv" | "mod" | "minimum" | "maximum") as op, [a, b]:
            return opaque_or_exact(op, a, b)
        case "abs", [a]:
            sign = setting.ranges.sign(a, context.facts)
            if sign is not None:
                return a if sign > 0 else -a
        case _:
            pass
    return setting.unknown(expr, context)


def _divided(a: Poly, divisor: int) -> Poly:
    return quotient(a, divisor) if divisor > 0 else quotient(-a, -divisor)


def opaque_or_exact(op: str, a: Poly, b: Poly) -> Poly:
    """An operator on polynomials: its value where that is a number, else an atom."""
    if a.constant is not None and b.constant is not None:
        x, y = a.constant, b.constant
        match op:
            case "minimum":
                return Poly.of(min(x, y))
            case "maximum":
                return Poly.of(max(x, y))
            case "mod" if y:
                return Poly.of(x % y)
    if a == b and op in ("minimum", "maximum"):
        return a
    return Poly.atom(opaque(op, a, b))


def _select(expr: Apply, context: Context, setting: Setting) -> Poly:
    condition, yes, no = expr.args
    a, b = value(yes, context, setting), value(no, context, setting)
    if a == b:
        return a
    if isinstance(condition, Apply) and condition.args[0].type is INT:
        left, right = (value(arg, context, setting) for arg in condition.args[:2])
        smaller = {"less": True, "less_equal": True, "greater": False, "greater_equal": False}
        if condition.op in smaller and {left, right} == {a, b} and setting.sound(a, b):
            low_first = smaller[condition.op] == (left == a)
            return opaque_or_exact("minimum" if low_first else "maximum", a, b)
    if not setting.sound(a, b):
        return setting.unknown(expr, context)
    ranges = setting.ranges
    interval = ranges.numeric(a).hull(ranges.numeric(b))
    if ranges.prove(a - b, context.facts):
        a, b = b, a
    elif not ranges.prove(b - a, context.facts):
        return Poly.atom(ranges.version("", context.home, INT, interval=interval))
    return Poly.atom(ranges.version("", context.home, INT, (a,), (b,), interval))


def canonical(expr: Expr, context: Context, setting: Setting) -> Expr | None:
    """The expression over versions, where the same text means the same value: an atom. None for
    reals, loads from arrays that are written, and whatever is large."""
    if expr.type.is_inexact and not isinstance(expr, Var):
        return None
    if isinstance(expr, Load) and (expr.array in setting.written or expr.type.is_inexact):
        return None
    result = _canonical(expr, context, setting)
    return None if result is None or _size(result) > _LARGEST else result


def _canonical(expr: Expr, context: Context, setting: Setting) -> Expr | None:
    if isinstance(expr, Const):
        return expr
    if isinstance(expr, Var):
        known = context.values.get(expr.name)
        if known is None:
            return expr
        if expr.type is INT:
            return expression(known)
        return next(iter(known.atoms))
    if isinstance(expr, Dim):
        return None
    parts = expr.index if isinstance(expr, Load) else expr.args
    new = [_part(part, context, setting) for part in parts]
    if any(part is None for part in new):
        return None
    kept = tuple(part for part in new if part is not None)
    if isinstance(expr, Load):
        return Load(expr.array, kept, expr.type, False)
    return Apply(expr.op, kept, expr.type, False)


def _part(expr: Expr, context: Context, setting: Setting) -> Expr | None:
    if expr.type is INT and not isinstance(expr, Load):
        return expression(value(expr, context, setting))
    return canonical(expr, context, setting)


def _size(expr: Expr) -> int:
    return 1 + sum(_size(part) for part in inside(expr)[1:])


def inside(expr: Expr) -> list[Expr]:
    """The expression and every one inside it."""
    parts: tuple[Expr, ...] = ()
    if isinstance(expr, Apply):
        parts = expr.args
    elif isinstance(expr, Load):
        parts = expr.index
    return [expr, *(each for part in parts for each in inside(part))]


def conditions(condition: Expr, context: Context, setting: Setting, holds: bool = True) -> Facts:
    """Polynomials that are at least 0 where a condition holds (or does not)."""
    if not isinstance(condition, Apply):
        return ()
    match condition.op, condition.args:
        case "not", (inner,):
            return conditions(inner, context, setting, not holds)
        case "cast", (inner,) if inner.type.kind == "bool":
            return conditions(inner, context, setting, holds)
        case ("and" | "or") as op, (a, b) if (op == "and") == holds:
            first = conditions(a, context, setting, holds)
            return first + conditions(b, context.knowing(first, False), setting, holds)
        case op, (a, b) if a.type is INT and b.type is INT:
            left, right = value(a, context, setting), value(b, context, setting)
            if setting.sound(left, right):
                return tuple(map(tightened, _comparison(op, right - left, holds)))
    return ()


def _comparison(op: str, gap: Poly, holds: bool) -> Facts:
    """`a op b` with `gap = b - a`."""
    match op, holds:
        case ("less", True) | ("greater_equal", False):
            return (gap - 1,)
        case ("less_equal", True) | ("greater", False):
            return (gap,)
        case ("greater", True) | ("less_equal", False):
            return (-gap - 1,)
        case ("greater_equal", True) | ("less", False):
            return (-gap,)
        case ("equal", True) | ("not_equal", False):
            return (gap, -gap)
        case _:
            return ()


def increment(update: Assign) -> Expr | None:
    """`e` where the statement is `x = x + e`, `x = e + x`, or `x = x - e` (then negated)."""
    match update.value:
        case Apply(op="add", args=(Var(name=name), amount)) if name == update.name:
            pass
        case Apply(op="add", args=(amount, Var(name=name))) if name == update.name:
            pass
        case Apply(op="sub", args=(Var(name=name), amount)) if name == update.name:
            if isinstance(amount, Const) and isinstance(amount.value, int):
                return Const(-amount.value, amount.type)
            amount = Apply("neg", (amount,), amount.type, False)
        case _:
            return None
    if any(isinstance(part, Var) and part.name == update.name for part in inside(amount)):
        return None
    return amount
