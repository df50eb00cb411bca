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


def lcm(a: Any, b: Any) -> Any:
    """`math.lcm` of two ints."""
    divisor = math.gcd(a, b)
    if divisor == 0:
        return 0
    return abs(int(a)) // divisor * abs(int(b))


def isqrt(n: Any) -> Any:
    """`math.isqrt`: the float root is off by one at most."""
    n = int(n | 0)
    root = int(math.sqrt(n))
    if root * root > n:
        root -= 1
    elif (root + 1) * (root + 1) <= n:
        root += 1
    return root


def remainder(x: Any, y: Any) -> Any:
    """`math.remainder`: what is left by the nearest multiple, of two the even one."""
    x = float(x)
    y = float(y)
    if math.isnan(x):
        return x
    if math.isnan(y):
        return y
    if math.isinf(y) and not math.isinf(x):
        return x
    over = math.fmod(abs(x), abs(y))
    under = abs(y) - over
    if over < under:
        left = over
    elif over > under:
        left = -under
    else:
        left = over - 2.0 * math.fmod(0.5 * (abs(x) - over), abs(y))
    return math.copysign(1.0, x) * left


def ldexp(x: Any, i: Any) -> Any:
    """`math.ldexp` for exponents of which the power is a float."""
    x = float(x)
    left = abs(i | 0)
    if left > 1000:
        raise OverflowError
    square = 2.0 if i > 0 else 0.5
    power = 1.0
    while left > 0:
        if left % 2 == 1:
            power *= square
        square *= square
        left //= 2
    result = x * power
    if math.isinf(result) and not math.isinf(x):
        raise OverflowError
    return result


DEFINITIONS: Final[dict[Any, Callable[..., Any]]] = {
    math.gcd: gcd,
    math.isclose: isclose,
    math.isqrt: isqrt,
    math.lcm: lcm,
    math.ldexp: ldexp,
    math.remainder: remainder,
}
