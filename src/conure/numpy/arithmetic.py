"""The commonest operators on small operands, each written out as text and compiled.

`operators.forward` says the same once for all; a call of Python's `operator.add` and what a closure
costs would be a third of an operation on ten elements. What is not small, or neither ours nor a
number, goes the general way. A pending operand has None for a value, which has no size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy

from conure.numpy.handle import ndarray, new
from conure.numpy.operators import operators
from conure.numpy.seam import LARGE, SCALARS

Method = Callable[..., Any]

GENERAL = operators()
"""Every operator, for operands of any kind."""

FORWARD: Final = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "lt": "<", "le": "<=", "gt": ">",
    "ge": ">=", "eq": "==", "ne": "!=",
}  # fmt: skip
"""Operators written out with the array on the left: NumPy's name, and Python's sign."""

REFLECTED: Final = {"radd": "+", "rsub": "-", "rmul": "*", "rtruediv": "/"}
"""And on the right of a number."""

_FORWARD: Final = """
def {name}(self, other):
    try:
        value = self._value
        if value is None:
            small = False
        elif type(other) is ndarray:
            operand = other._value
            small = value.size * operand.size <= LARGE[0] or (
                value.size <= LARGE[0] and value.shape == operand.shape
            )
        elif type(other) in SCALARS:
            operand = other
            small = value.size <= LARGE[0]
        else:
            small = False
    except AttributeError:  # the other is pending, or one is a plain array
        small = False
    if not small:
        return general(self, other)
    result = value {sign} operand
"""
_REFLECTED: Final = """
def {name}(self, other):
    value = self._value if type(self) is ndarray else None
    if value is None or value.size > LARGE[0] or type(other) not in SCALARS:
        return general(self, other)
    result = other {sign} value
"""
_WRAPPED: Final = """
    if type(result) is plain_array:
        array = new(ndarray)
        array._value = result
        return array
    return result
"""


def _written_out(name: str, text: str, sign: str) -> Method:
    method = f"__{name}__"
    names: dict[str, Any] = {
        "LARGE": LARGE,
        "SCALARS": SCALARS,
        "general": GENERAL[method],
        "ndarray": ndarray,
        "new": new,
        "plain_array": numpy.ndarray,
    }
    exec((text + _WRAPPED.lstrip("\n")).format(name=method, sign=sign), names)
    made: Method = names[method]
    return made


WRITTEN_OUT: Final[dict[str, Method]] = {
    **{f"__{name}__": _written_out(name, _FORWARD, sign) for name, sign in FORWARD.items()},
    **{f"__{name}__": _written_out(name, _REFLECTED, sign) for name, sign in REFLECTED.items()},
}
"""The methods, by their names."""


def all_operators() -> dict[str, Method]:
    """Every operator method of the array class, by its name."""
    for name, method in WRITTEN_OUT.items():
        method.__qualname__ = f"ndarray.{name}"
        method.__doc__ = getattr(numpy.ndarray, name).__doc__
    return GENERAL | WRITTEN_OUT
