"""The commonest operators on small operands, each written out.

`operators.forward` says the same once for all; a call of Python's `operator.add` and what a closure
costs would be a third of an operation on ten elements. What is not small, or neither ours nor a
number, goes the general way. A pending array has None for a value, which has no size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from conure.numpy.handle import ndarray, new
from conure.numpy.operators import operators
from conure.numpy.seam import LARGE, SCALARS

plain_array = numpy.ndarray

GENERAL = operators()
"""Every operator, for operands of any kind."""

_add = GENERAL["__add__"]
_sub = GENERAL["__sub__"]
_mul = GENERAL["__mul__"]
_truediv = GENERAL["__truediv__"]
_lt = GENERAL["__lt__"]
_le = GENERAL["__le__"]
_gt = GENERAL["__gt__"]
_ge = GENERAL["__ge__"]
_eq = GENERAL["__eq__"]
_ne = GENERAL["__ne__"]
_radd = GENERAL["__radd__"]
_rsub = GENERAL["__rsub__"]
_rmul = GENERAL["__rmul__"]
_rtruediv = GENERAL["__rtruediv__"]


def __add__(self: Any, other: Any) -> Any:
    try:
        value = self._value
        if type(other) is ndarray:
            operand = other._value
            small = value.size <= LARGE[0] and operand.size <= LARGE[0]  # type: ignore[union-attr] # or it raises
        elif type(other) in SCALARS:
            operand = other
            small = value.size <= LARGE[0]
        else:
            small = False
    except AttributeError:  # pending, or a plain array
        small = False
    if not small:
        return _add(self, other)
    result = value + operand
    if type(result) is plain_array:
        array = new(ndarray)
        array._value = result
        return array
    return result


def __sub__(self: Any, other: Any) -> Any:
    try:
        value = self._value
        if type(other) is ndarray:
            operand = other._value
            small = value.size <= LARGE[0] and operand.size <= LARGE[0]  # type: ignore[union-attr] # or it raises
        elif type(other) in SCALARS:
            operand = other
            small = value.size <= LARGE[0]
        else:
            small = False
    except AttributeError:  # pending, or a plain array
        small = False
    if not small:
        return _sub(self, other)
    result = value - operand
    if type(result) is plain_array:
        array = new(ndarray)
        array._value = result
        return array
    return result


def __mul__(self: Any, other: Any) -> Any:
    try:
        value = self._value
        if type(other) is ndarray:
            operand = other._value
            small = value.size <= LARGE[0] and operand.size <= LARGE[0]  # type: ignore[union-attr] # or it raises
        elif type(other) in SCALARS:
            operand = other
            small = value.size <= LARGE[0]
        else:
            small = False
    except AttributeError:  # pending, or a plain array
        small = False
    if not small:
        return _mul(self, other)
    result = value * operand
    if type(result) is plain_array:
        array = new(ndarray)
        array._value = result
        return array
    return result


def __truediv__(self: Any, other: Any) -> Any:
    try:
        value = self._value
        if type(other) is ndarray:
            operand = other._value
            small = value.size <= LARGE[0] and operand.size <= LARGE[0]  # type: ignore[union-attr] # or it raises
        elif type(other) in SCALARS:
            operand = other
            small = value.size <= LARGE[0]
        else:
            small = False
    except AttributeError:  # pending, or a plain array
        small = False
    if not small:
        return _truediv(self, other)
    result = value / operand
    if type(result) is plain_array:
        array = new(ndarray)
        array._value = result
        return array
    return result


def __lt__(self: Any, other: Any) -> Any:
    try:
        value = self._value
        if type(other) is ndarray:
            operand = other._value
            small = value.size <= LARGE[0] and operand.size <= LARGE[0]  # type: ignore[union-attr] # or it raises
        elif type(other) in SCALARS:
            operand = other
            small = value.size <= LARGE[0]
        else:
            small = False
    except AttributeError:  # pending, or a plain array
        small = False
    if not small:
        return _lt(self, other)
    result = value < operand
    if type(result) is plain_array:
        array = new(ndarray)
        array._value = result
        return array
    return result


def __le__(self: Any, other: Any) -> Any:
    try:
        value = self._value
        if type(other) is ndarray:
            operand = other._value
            small = value.size <= LARGE[0] and operand.size <= LARGE[0]  # type: ignore[union-attr] # or it raises
        elif type(other) in SCALARS:
            operand = other
            small = value.size <= LARGE[0]
        else:
            small = False
    except AttributeError:  # pending, or a plain array
        small = False
    if not small:
        return _le(self, other)
    result = value <= operand
    if type(result) is plain_array:
        array = new(ndarray)
        array._value = result
        return array
    return result


def __gt__(self: Any, other: Any) -> Any:
    try:
        value = self._value
        if type(other) is ndarray:
            operand = other._value
            small = value.size <= LARGE[0] and operand.size <= LARGE[0]  # type: ignore[union-attr] # or it raises
        elif type(other) in SCALARS:
            operand = other
            small = value.size <= LARGE[0]
        else:
            small = False
    except AttributeError:  # pending, or a plain array
        small = False
    if not small:
        return _gt(self, other)
    result = value > operand
    if type(result) is plain_array:
        array = new(ndarray)
        array._value = result
        return array
    return result


def __ge__(self: Any, other: Any) -> Any:
    try:
        value = self._value
        if type(other) is ndarray:
            operand = other._value
            small = value.size <= LARGE[0] and operand.size <= LARGE[0]  # type: ignore[union-attr] # or it raises
        elif type(other) in SCALARS:
            operand = other
            small = value.size <= LARGE[0]
        else:
            small = False
    except AttributeError:  # pending, or a plain array
        small = False
    if not small:
        return _ge(self, other)
    result = value >= operand
    if type(result) is plain_array:
        array = new(ndarray)
        array._value = result
        return array
    return result


def __eq__(self: Any, other: Any) -> Any:
    try:
        value = self._value
        if type(other) is ndarray:
            operand = other._value
            small = value.size <= LARGE[0] and operand.size <= LARGE[0]  # type: ignore[union-attr] # or it raises
        elif type(other) in SCALARS:
            operand = other
            small = value.size <= LARGE[0]
        else:
            small = False
    except AttributeError:  # pending, or a plain array
        small = False
    if not small:
        return _eq(self, other)
    result = value == operand
    if type(result) is plain_array:
        array = new(ndarray)
        array._value = result
        return array
    return result


def __ne__(self: Any, other: Any) -> Any:
    try:
        value = self._value
        if type(other) is ndarray:
            operand = other._value
            small = value.size <= LARGE[0] and operand.size <= LARGE[0]  # type: ignore[union-attr] # or it raises
        elif type(other) in SCALARS:
            operand = other
            small = value.size <= LARGE[0]
        else:
            small = False
    except AttributeError:  # pending, or a plain array
        small = False
    if not small:
        return _ne(self, other)
    result = value != operand
    if type(result) is plain_array:
        array = new(ndarray)
        array._value = result
        return array
    return result


def __radd__(self: Any, other: Any) -> Any:
    value: Any = self._value if type(self) is ndarray else None
    if value is not None and value.size <= LARGE[0] and type(other) in SCALARS:
        result = other + value
        if type(result) is plain_array:
            array = new(ndarray)
            array._value = result
            return array
        return result
    return _radd(self, other)


def __rsub__(self: Any, other: Any) -> Any:
    value: Any = self._value if type(self) is ndarray else None
    if value is not None and value.size <= LARGE[0] and type(other) in SCALARS:
        result = other - value
        if type(result) is plain_array:
            array = new(ndarray)
            array._value = result
            return array
        return result
    return _rsub(self, other)


def __rmul__(self: Any, other: Any) -> Any:
    value: Any = self._value if type(self) is ndarray else None
    if value is not None and value.size <= LARGE[0] and type(other) in SCALARS:
        result = other * value
        if type(result) is plain_array:
            array = new(ndarray)
            array._value = result
            return array
        return result
    return _rmul(self, other)


def __rtruediv__(self: Any, other: Any) -> Any:
    value: Any = self._value if type(self) is ndarray else None
    if value is not None and value.size <= LARGE[0] and type(other) in SCALARS:
        result = other / value
        if type(result) is plain_array:
            array = new(ndarray)
            array._value = result
            return array
        return result
    return _rtruediv(self, other)


WRITTEN_OUT: dict[str, Callable[..., Any]] = {
    method.__name__: method
    for method in (
        __add__,
        __sub__,
        __mul__,
        __truediv__,
        __lt__,
        __le__,
        __gt__,
        __ge__,
        __eq__,
        __ne__,
        __radd__,
        __rsub__,
        __rmul__,
        __rtruediv__,
    )
}
"""What is defined here."""


def all_operators() -> dict[str, Callable[..., Any]]:
    """Every operator method of the array class, by its name."""
    for name, method in WRITTEN_OUT.items():
        method.__qualname__ = f"ndarray.{name}"
        method.__doc__ = getattr(plain_array, name).__doc__
    return GENERAL | WRITTEN_OUT
