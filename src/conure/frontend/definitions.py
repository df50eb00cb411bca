"""Functions of `math` written out in Python, to be inlined like the user's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final


def gcd(a: Any, b: Any) -> Any:
    """`math.gcd` of two ints."""
    a = abs(int(a | 0))  # floats are no operands of |, as they are none of gcd
    b = abs(int(b | 0))
    while b != 0:
        a, b = b, a % b
    return a


def isclose(a: Any, b: Any, *, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Any:
    """`math.isclose`."""
    a = float(a)
    b = float(b)
    if a == b:
        return True
    if math.isinf(a) or math.isinf(b):
        return False
    difference = abs(b - a)
    return (
        difference <= abs(float(rel_tol) * b)
        or difference <= abs(float(rel_tol) * a)
        or difference <= float(abs_tol)
    )


DEFINITIONS: Final[dict[Any, Callable[..., Any]]] = {math.gcd: gcd, math.isclose: isclose}
