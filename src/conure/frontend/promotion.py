"""Which type an operation has: Python's rules among Python scalars, NEP 50 with NumPy's.

A Python scalar is *weak* against a NumPy one: it takes the other's type if it is of the same or
a lower kind. Everything here is a question about types; nothing is emitted.

    >>> common(INT, F32), common(FLOAT, I64), common(I64, F32), common(BOOL, INT)
    (f32, f64, f64, int)
    >>> plan("divide", INT, INT).result, plan("add", U64, INT).result
    (float, u64)
"""

from __future__ import annotations

from typing import Final

import numpy as np

from conure.ir.ops import OPS
from conure.ir.types import (
    B1,
    BOOL,
    C64,
    COMPLEX,
    F32,
    F64,
    FLOAT,
    I64,  # noqa: F401 # the doctests'
    INT,
    U64,
    Scalar,
    numpy_type,
    scalar_of_dtype,
)
from conure.record import Record

RANK = {"bool": 0, "signed": 1, "unsigned": 1, "real": 2, "complex": 3}
ARITHMETIC = frozenset(("add", "sub", "mul", "divide", "floordiv", "mod", "pow"))
BITWISE = frozenset(("bitand", "bitor", "bitxor"))
SHIFTS = frozenset(("shl", "shr"))
COMPARISONS = frozenset(("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"))
_WRAPS_AROUND = frozenset(("floordiv", "mod", "pow"))


class Plan(Record):
    """An operation's operand type and result type; `exact`: operands of mixed int and float kind
    that Python compares exactly; `error`: why there is none."""

    operand: Scalar
    result: Scalar
    exact: bool = False
    error: str = ""


def rank(scalar: Scalar) -> int:
    """bool, integers, reals, complex: 0 to 3."""
    return RANK[scalar.kind]


def common(left: Scalar, right: Scalar) -> Scalar | None:
    """The type that both operands are brought to; None where Conure has no such type."""
    if left is right:
        return left
    if left.python and right.python:
        return left if rank(left) >= rank(right) else right
    if left.python or right.python:
        return _weak(*((right, left) if left.python else (left, right)))
    found = np.result_type(left.dtype, right.dtype)
    return scalar_of_dtype(found)


def _weak(strong: Scalar, weak: Scalar) -> Scalar:
    if rank(weak) <= rank(strong):
        return strong
    if weak is COMPLEX and strong is F32:
        return C64
    return numpy_type(weak)


def plan(op: str, left: Scalar, right: Scalar, elementwise: bool = False) -> Plan:
    """How `left op right` is computed; `elementwise`: as a ufunc does (on arrays)."""
    if left is COMPLEX and right is F64 and not elementwise:
        right = FLOAT  # np.float64 is a float, so Python's own complex answers
    if op in COMPARISONS:
        return _comparison(op, left, right)
    both = common(left, right)
    if both is None:
        return _none(f"NumPy gives {op} of {left} and {right} a type that is not compiled")
    if op in BITWISE:
        if rank(both) > 1:
            return _none(f"{OPS[op].symbol} needs ints or bools")
        return Plan(both, both)
    if both is BOOL:
        both = INT
    if both is B1:
        return _none(f"{op} of NumPy bools is not compiled", both)
    if op in SHIFTS:
        if rank(both) > 1:
            return _none(f"{OPS[op].symbol} needs ints")
        return Plan(both, both)
    if op == "divide":
        return _division(both)
    if op in ("floordiv", "mod") and both.kind == "complex":
        return _none(f"{OPS[op].symbol} of complex numbers is a TypeError")
    if op == "fmod" and both.kind != "real":
        return _none("fmod is compiled for floats only")
    if op in ("minimum", "maximum", "fmin", "fmax", "hypot", "atan2") and both.kind == "complex":
        return _none(f"{op} of complex numbers is not compiled")
    return Plan(both, both)


def _none(error: str, kind: Scalar = INT) -> Plan:
    return Plan(kind, kind, error=error)


def _division(both: Scalar) -> Plan:
    if both is INT:
        return Plan(INT, FLOAT)
    if both.is_integer:
        return Plan(F64, F64)
    return Plan(both, both)


def _comparison(op: str, left: Scalar, right: Scalar) -> Plan:
    result = BOOL if left.python and right.python else B1
    both = common(left, right)
    if left.kind == "complex" or right.kind == "complex":
        if op not in ("equal", "not_equal"):
            return _none("complex numbers have no order")
        exact = INT in (left, right)
        error = "an int against a complex number is not compiled" if exact else ""
        return Plan(both or left, result, error=error)
    if left.python and right.python:
        mixed = {left, right} == {INT, FLOAT}
        return Plan(both or INT, result, exact=mixed)
    if rank(left) <= 1 and rank(right) <= 1:
        return Plan(_integers(left, right), result)
    if both is None:
        return _none(f"NumPy compares {left} and {right} in a type that is not compiled")
    return Plan(both, result)


def _integers(left: Scalar, right: Scalar) -> Scalar:
    """Integers of any two types compare exactly."""
    if left is right:
        return left
    if left.kind == "bool" and right.kind == "bool":
        return B1
    if U64 in (left, right) and not (left.kind == "signed" and right.kind == "signed"):
        other = right if left is U64 else left
        return U64 if other.kind in ("unsigned", "bool") else INT
    return INT


def overflows(op: str, elementwise: bool, operand: Scalar) -> bool:
    """Whether an operation is checked: array arithmetic wraps without a word."""
    if not elementwise:
        return operand.python or operand.is_integer
    return operand.is_integer and op in _WRAPS_AROUND


def holds(wide: Scalar, narrow: Scalar) -> bool:
    """Whether one NumPy type has every value of another.

    >>> holds(F64, F32), holds(I64, U64), holds(F32, F64)
    (True, False, False)
    """
    if wide.kind == narrow.kind:
        return wide.bits > narrow.bits
    signed = wide.kind == "signed" and narrow.kind == "unsigned"
    exact = wide is F64 and narrow.is_integer
    return (signed or exact) and narrow.bits <= 32 and narrow.bits < wide.bits


def join_types(first: Scalar, second: Scalar) -> tuple[Scalar, Scalar | None] | None:
    """A type that holds both, and the other type if the value may be of that one instead.

    >>> join_types(FLOAT, F64), join_types(I64, INT), join_types(I64, F64), join_types(F32, F64)
    ((f64, float), (i64, int), None, (f64, f32))
    """
    if first is second:
        return first, None
    if first.python == second.python:
        if not first.python:
            ways = ((first, second), (second, first))
            return next((way for way in ways if holds(*way)), None)
        return (first, second) if rank(first) > rank(second) else (second, first)
    strong, weak = (second, first) if first.python else (first, second)
    return (strong, weak) if rank(weak) <= rank(strong) else None


_FLOATS: Final[dict[int, Scalar | None]] = {16: None, 32: F32, 64: F64}


def math_type(*scalars: Scalar) -> Scalar | None:
    """The type in which a NumPy function of reals (sqrt, arctan2, ...) works; None for float16.

    >>> math_type(INT), math_type(F32), math_type(F32, B1), math_type(B1)
    (f64, f32, f32, None)
    """
    if any(scalar.kind == "complex" for scalar in scalars):
        found: Scalar | None = scalars[0]
        for scalar in scalars[1:]:
            found = None if found is None else common(found, scalar)
        return None if found is None else numpy_type(found)
    strong = [scalar for scalar in scalars if not scalar.python]
    if not strong:
        return None if all(scalar is BOOL for scalar in scalars) else F64
    bits = max(_float_bits(scalar) for scalar in strong)
    if FLOAT in scalars and all(scalar.kind != "real" for scalar in strong):
        bits = 64
    return _FLOATS[bits]


def _float_bits(scalar: Scalar) -> int:
    if scalar.kind == "real":
        return scalar.bits
    return {1: 16, 8: 16, 16: 32}.get(scalar.bits, 64)
