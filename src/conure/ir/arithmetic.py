"""What one operator or cast yields on actual values: shared by the evaluator and by folding.

Values of Python's types are Python objects, values of NumPy's types are NumPy scalars. A checked
operation raises `Failed` where Python would raise or NumPy would warn about an integer; an
unchecked one gives what the machine gives: integers wrap, `float` follows IEEE.

    >>> compute("add", (2**63 - 1, 1), INT, checked=False)
    -9223372036854775808
    >>> compute("divide", (1.0, 0.0), FLOAT, checked=False)
    inf
    >>> compute("divide", (1.0, 0.0), FLOAT, checked=True)
    Traceback (most recent call last):
    conure.ir.arithmetic.Failed: divide on (1.0, 0.0)
    >>> convert(np.float64(2.9), INT, checked=True)
    2
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from conure.ir.nodes import Const
from conure.ir.ops import KEEPING, OPS, cast_can_fail
from conure.ir.types import BOOL, COMPLEX, FLOAT, INT, Scalar, scalar_of_value

_PYTHON_TYPES: Final[dict[Scalar, type]] = {BOOL: bool, INT: int, FLOAT: float, COMPLEX: complex}
_EXACT: Final = frozenset(("add", "sub", "mul", "neg", "abs", "floordiv", "mod", "divide"))
"""Operators that NumPy's integer scalars compute with a warning where the result does not fit."""


class Failed(Exception):
    """A checked operation failed: the program leaves to Python."""


def value_of(const: Const) -> Any:
    """The value that a literal denotes."""
    return _typed(const.value, const.type)


def type_of(value: object) -> Scalar:
    """The scalar type of a value of the evaluator."""
    scalar = scalar_of_value(value)
    assert scalar is not None, f"{value!r} is no value of the loop language"
    return scalar


def compute(op: str, args: tuple[Any, ...], result: Scalar, checked: bool) -> Any:
    """An operator of the table on values of one type (the condition of a select apart)."""
    if op in ("select", "choice"):
        return args[1] if args[0] else args[2]
    operand = type_of(args[0])
    try:
        if operand is INT:
            return _python_integers(op, args, result, checked)
        if operand.is_integer and op in _EXACT:
            return _numpy_integers(op, args, result, checked)
        if operand.python:
            return _python_inexact(op, args, result, checked)
        return _numpy(op, args, result)
    except (ArithmeticError, ValueError) as error:
        assert checked, f"unchecked {op} on {args}: {error}"
        raise Failed(f"{op} on {args}") from None


def convert(value: Any, target: Scalar, checked: bool) -> Any:
    """A value cast to another type."""
    source = type_of(value)
    if target.is_integer:
        return _to_integer(value, source, target, checked)
    if target.kind == "real" and source.kind == "complex":
        value = value.real
    if target.python or source.python or target.kind == "bool":
        return _typed(value, target)  # an int becomes an f32 by way of a double, as in NumPy
    with np.errstate(all="ignore"):
        return value.astype(target.dtype)[()]


def _to_integer(value: Any, source: Scalar, target: Scalar, checked: bool) -> Any:
    checked = checked and cast_can_fail(source, target)
    if source.kind == "complex":
        value, source = value.real, FLOAT
    if source.kind == "real" and not math.isfinite(value):
        if checked:
            raise Failed(f"{target}({value})")
        return _typed(target.range[0], target)
    return _fit(int(value), target, checked)


def _typed(value: Any, scalar: Scalar) -> Any:
    if scalar.python:
        return _PYTHON_TYPES[scalar](value)
    with np.errstate(all="ignore"):
        return scalar.dtype.type(value)


def _fit(value: int, scalar: Scalar, checked: bool) -> Any:
    low, high = scalar.range
    if not low <= value <= high:
        if checked:
            raise Failed(f"{value} as {scalar}")
        value = (value - low) % 2**scalar.bits + low
    return _typed(value, scalar)


def _python_integers(op: str, args: tuple[Any, ...], result: Scalar, checked: bool) -> Any:
    if op == "pow":
        base, exponent = args
        if exponent < 0:
            raise ValueError
        huge = exponent > 64 and abs(base) > 1
        if huge and checked:
            raise OverflowError
        value: Any = pow(base, exponent, 2**64) if huge else base**exponent
    elif op == "shl" and args[1] >= 64:
        if checked and args[0]:
            raise OverflowError
        value = 0
    elif op == "divide" and not checked and args[1] == 0:
        value = _numpy("divide", (np.float64(args[0]), np.float64(args[1])), FLOAT)
    else:
        value = OPS[op].python(*args)
    return _fit(int(value), INT, checked) if result is INT else _typed(value, result)


def _numpy_integers(op: str, args: tuple[Any, ...], result: Scalar, checked: bool) -> Any:
    row = OPS[op]
    if row.arity == 2 and args[1] == 0 and op not in ("add", "sub", "mul"):
        if checked:
            raise ZeroDivisionError
        return _numpy(op, args, result)
    value = row.python(*map(int, args))
    return _fit(value, result, checked) if result.is_integer else _typed(value, result)


def _python_inexact(op: str, args: tuple[Any, ...], result: Scalar, checked: bool) -> Any:
    try:
        value = OPS[op].python(*args)
    except (ArithmeticError, ValueError):
        if checked:
            raise
        return _ieee(op, args, result)
    if isinstance(value, complex) and result.kind != "complex":
        if checked:  # (-8.0) ** 0.5
            raise ValueError
        return _ieee(op, args, result)
    return _typed(value, result)


def _ieee(op: str, args: tuple[Any, ...], result: Scalar) -> Any:
    scalars = tuple(type_of(arg).dtype.type(arg) for arg in args)
    try:
        return _numpy(op, scalars, result)
    except OverflowError:
        return _typed(math.inf, result)
    except ValueError:
        return _typed(math.nan, result)


def _numpy(op: str, args: tuple[Any, ...], result: Scalar) -> Any:
    if op == "complex":
        return _typed(complex(*args), result)
    with np.errstate(all="ignore"):
        return _typed(OPS[op].numpy(*args), result)


# ---- reductions ------------------------------------------------------------------------------


def neutral(op: str, before: Any) -> Any:
    """What a chunk accumulates on (a scalar or an array): the operator's identity, or for an
    idempotent one, and for "last", the value before the loop."""
    array = isinstance(before, np.ndarray)
    if op == "last" or op in KEEPING or OPS[op].idempotent:
        return before.copy() if array else before
    scalar = type_of(before.dtype.type() if array else before)
    identity: float | complex | None = OPS[op].identity
    if op == "add" and scalar.is_inexact:
        identity = -0.0 if scalar.kind == "real" else complex(-0.0, -0.0)
    assert identity is not None, op
    value = value_of(Const(identity, scalar))
    return np.full_like(before, value) if array else value


def combined(op: str, parts: list[Any]) -> Any:
    """The value before a loop and the chunks' partial values, combined in a tree. Of a scalar that
    keeps the best value each is a tuple: whether one was kept, the value, its companions."""
    before = parts[0]
    while len(parts) > 1:
        starts = range(0, len(parts), 2)
        parts = [_combine(op, before, *parts[start : start + 2]) for start in starts]
    return parts[0]


def _combine(op: str, before: Any, left: Any, right: Any = None) -> Any:
    if right is None:
        return left
    if isinstance(left, np.ndarray):
        with np.errstate(all="ignore"):
            if op in KEEPING:
                return np.where(OPS[op].numpy(right, left), right, left)
            wrote = right != before
            return np.where(wrote, right, left) if op == "last" else OPS[op].numpy(left, right)
    if op == "last":
        return left if right == before else right
    if op in KEEPING:  # (whether anything was kept, the value kept, its companions...)
        return right if right[0] and OPS[op].meaning(right[1], left[1]) else left
    scalar = type_of(left)
    return compute(op, (left, right), scalar, scalar.python and OPS[op].can_fail(scalar))
