"""Numeric intervals of scalar expressions, and which checked operators they show cannot fail.

An interval bounds an exact integer, or a real that is not NaN (a NaN fails no check that is
asked here). Bounds of reals are kept loose enough to hold after any rounding.

    >>> index = Interval(0, 9)
    >>> transfer("mul", INT, (index, Interval(3, 3)), False)
    Interval(low=0, high=27)
    >>> fits(transfer("add", INT, (index, Interval(1, 1)), False), INT)
    True
"""

from __future__ import annotations

import math

from conure.ir.nodes import Apply
from conure.ir.types import FLOAT, INT, Scalar
from conure.record import Record

Number = int | float
_TINY = 1e-30  # nearer to zero than this, a real may have been rounded to zero


class Interval(Record):
    """All values from `low` to `high`; infinite ends are floats."""

    low: Number
    high: Number

    def meet(self, other: Interval) -> Interval:
        """Where both hold; an empty meet (dead code) keeps the first."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Interval(low, high) if low <= high else self

    def hull(self, other: Interval) -> Interval:
        return Interval(min(self.low, other.low), max(self.high, other.high))

    @property
    def has_zero(self) -> bool:
        return self.low <= 0 <= self.high

    @property
    def bounded(self) -> bool:
        return math.isfinite(self.low) and math.isfinite(self.high)


EVERYTHING = Interval(-math.inf, math.inf)


def of_type(scalar: Scalar) -> Interval:
    """Every value of a type."""
    return Interval(*scalar.range) if scalar.is_integer or scalar.kind == "bool" else EVERYTHING


def fits(interval: Interval, scalar: Scalar) -> bool:
    """Whether every value is one of the (integer) type."""
    low, high = scalar.range
    return low <= interval.low and interval.high <= high


def wrapped(exact: Interval, scalar: Scalar) -> Interval:
    """The values that machine arithmetic leaves: any, where an integer may not have fitted."""
    if scalar.kind in ("real", "complex") or fits(exact, scalar):
        return exact
    return of_type(scalar)


def add(a: Interval, b: Interval) -> Interval:
    """Every sum."""
    return Interval(a.low + b.low, a.high + b.high)


def negate(a: Interval) -> Interval:
    """Every negative."""
    return Interval(-a.high, -a.low)


def multiply(a: Interval, b: Interval) -> Interval:
    """Every product."""
    ends = [times(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return Interval(min(ends), max(ends))


def times(x: Number, y: Number) -> Number:
    """A product in which 0 wins over infinity."""
    return 0 if x == 0 or y == 0 else x * y


def _square(a: Interval) -> Interval:
    ends = (times(a.low, a.low), times(a.high, a.high))
    return Interval(0 if a.has_zero else min(ends), max(ends))


def _magnitude(a: Interval) -> Interval:
    return Interval(0 if a.has_zero else min(abs(a.low), abs(a.high)), max(abs(a.low), abs(a.high)))


def floor_divide(a: Interval, b: Interval) -> Interval:
    """Integers only; a divisor that may be zero tells nothing."""
    if b.has_zero or not b.bounded:
        return EVERYTHING if b.has_zero else _magnitude_bound(a)
    ends = [_floor(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return Interval(min(ends), max(ends))


def _floor(x: Number, y: Number) -> Number:
    return x // y if math.isfinite(x) else x * (1 if y > 0 else -1)


def _magnitude_bound(a: Interval) -> Interval:
    size = max(abs(a.low), abs(a.high), 1)
    return Interval(-size, size)


def modulo(a: Interval, b: Interval) -> Interval:
    """Integers only; the sign is the divisor's."""
    if b.has_zero:
        return EVERYTHING
    if b.low > 0:
        return a if a.low >= 0 and a.high < b.low else Interval(0, b.high - 1)
    return Interval(b.low + 1, 0)


def transfer(op: str, scalar: Scalar, args: tuple[Interval, ...], same: bool) -> Interval:
    """The exact result of an operator whose operands lie in `args` (`same`: they are one and the
    same expression), before it is found to fit the type."""
    if scalar.is_integer:
        return _integers(op, args, same)
    if scalar.kind == "real":
        return _loosened(_reals(op, args, same))
    return of_type(scalar)


def _integers(op: str, args: tuple[Interval, ...], same: bool) -> Interval:
    match op, args:
        case "floordiv", (a, b):
            return floor_divide(a, b)
        case "mod", (a, b):
            return modulo(a, b)
        case "bitand", (a, b) if a.low >= 0 or b.low >= 0:
            return Interval(0, min(x.high for x in args if x.low >= 0))
        case "bitor" | "bitxor", (a, b) if a.low >= 0 and b.low >= 0 and a.bounded and b.bounded:
            return Interval(0, 2 ** int(max(a.high, b.high)).bit_length() - 1)
        case "shl", (a, b) if b.low == b.high and 0 <= b.low < 64:
            return multiply(a, Interval(2**b.low, 2**b.low))
        case "shr", (a, b) if b.low == b.high and 0 <= b.low < 64:
            return floor_divide(a, Interval(2**b.low, 2**b.low))
        case "pow", (a, b) if b.low == b.high == 2:
            return _square(a)
        case _:
            return _common(op, args, same)


def _reals(op: str, args: tuple[Interval, ...], same: bool) -> Interval:
    match op, args:
        case "divide", (a, b) if b.low > 0 and a.low >= 0:
            return Interval(0, math.inf)
        case "sqrt" | "hypot" | "exp" | "exp2" | "cosh" | "erfc", _:
            return Interval(0, math.inf)
        case "sin" | "cos" | "tanh" | "erf", _:
            return Interval(-1, 1)
        case "atan" | "asin", _:
            return Interval(-1.6, 1.6)
        case "atan2" | "acos", _:
            return Interval(-3.2, 3.2)
        case "pow", (a, b) if b.low == b.high and b.low in (2, 4):
            return Interval(0, math.inf)
        case "mod", (a, b) if b.low > 0:
            return Interval(0, b.high)
        case "floor" | "ceil" | "trunc" | "rint", (a,):
            return Interval(a.low - 1, a.high + 1)
        case _:
            return _common(op, args, same)


def _common(op: str, args: tuple[Interval, ...], same: bool) -> Interval:
    match op, args:
        case "add", (a, b):
            return add(a, b)
        case "sub", (a, b):
            return Interval(0, 0) if same else add(a, negate(b))
        case "mul", (a, b):
            return _square(a) if same else multiply(a, b)
        case "neg", (a,):
            return negate(a)
        case "abs", (a,):
            return _magnitude(a)
        case "fmin" | "fmax", (a, b):
            return a.hull(b)  # of a NaN and a number, the number
        case "minimum", (a, b):
            return Interval(min(a.low, b.low), min(a.high, b.high))
        case "maximum", (a, b):
            return Interval(max(a.low, b.low), max(a.high, b.high))
        case "select" | "choice", (_, a, b):
            return a.hull(b)
        case "cast", (a,):
            return a
        case _:
            return EVERYTHING


def _loosened(a: Interval) -> Interval:
    """Room for rounding, of either real type, without letting a sign change."""
    if math.isnan(a.low) or math.isnan(a.high):
        return EVERYTHING
    low = 0 if 0 <= a.low < _TINY else a.low - abs(a.low) * 1e-6
    high = 0 if -_TINY < a.high <= 0 else a.high + abs(a.high) * 1e-6
    return Interval(low, high)


def _exact_in_double(a: Interval) -> bool:
    """Python rounds the quotient of two ints once: ours does if both are doubles as they are."""
    return a.low >= -(2**53) and a.high <= 2**53


def can_fail(node: Apply, args: tuple[Interval, ...], result: Interval) -> bool:
    """Whether a checked operator may fail, where its operands and exact result lie as given."""
    operand = node.args[-1].type
    match node.op:
        case "add" | "sub" | "mul" | "neg" | "abs" | "shl" if operand.is_integer:
            return not fits(result, node.type)
        case "floordiv" if operand.is_integer:
            return args[1].has_zero or not fits(result, node.type)
        case "divide" if operand is INT:
            return args[1].has_zero or not all(map(_exact_in_double, args))
        case "mod" | "divide" if operand.is_integer:
            return args[1].has_zero
        case "divide" | "floordiv" | "mod" if operand is FLOAT:
            return args[1].low < _TINY and args[1].high > -_TINY
        case "cast" if operand.is_integer:
            return not fits(args[0], node.type)
        case "sqrt":
            return args[0].low < 0
        case "exp":
            return args[0].high > 700
        case "log" | "log2" | "log10":
            return args[0].low < _TINY
        case "asin" | "acos":
            return args[0].low < -1 or args[0].high > 1
        case "sin" | "cos":
            return not args[0].bounded
        case _:
            return True


INT_RANGE = of_type(INT)
