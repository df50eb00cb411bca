"""Functions of `math`, `cmath`, NumPy and Python written out, to be inlined like the user's own."""

from __future__ import annotations

import cmath
import math
import operator
from collections.abc import Callable
from typing import Any, Final

import numpy as np


def gcd(a: Any, b: Any) -> Any:
    """`math.gcd` of two ints."""
    a = abs(operator.index(a))
    b = abs(operator.index(b))
    while b != 0:
        a, b = b, a % b
    return a


def isclose(a: Any, b: Any, *, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Any:
    """`math.isclose`."""
    a = float(a)
    b = float(b)
    relative = float(rel_tol)
    absolute = float(abs_tol)
    if relative < 0.0 or absolute < 0.0:
        raise ValueError
    if a == b:
        return True
    if math.isinf(a) or math.isinf(b):
        return False
    difference = abs(b - a)
    return (
        difference <= abs(relative * b) or difference <= abs(relative * a) or difference <= absolute
    )


def lcm(a: Any, b: Any) -> Any:
    """`math.lcm` of two ints."""
    divisor = math.gcd(a, b)
    if divisor == 0:
        return 0
    return abs(operator.index(a)) // divisor * abs(operator.index(b))


def isqrt(n: Any) -> Any:
    """`math.isqrt`: the float root is off by one at most."""
    n = operator.index(n)
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
    left = abs(operator.index(i))
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


def factorial(n: Any) -> Any:
    """`math.factorial`."""
    n = operator.index(n)
    if n < 0:
        raise ValueError
    result = 1
    for k in range(2, n + 1):
        result *= k
    return result


def perm(n: Any, k: Any) -> Any:
    """`math.perm` of two ints."""
    n = operator.index(n)
    k = operator.index(k)
    if n < 0 or k < 0:
        raise ValueError
    if k > n:
        return 0
    result = 1
    for factor in range(n - k + 1, n + 1):
        result *= factor
    return result


def comb(n: Any, k: Any) -> Any:
    """`math.comb`: each quotient is a binomial coefficient, hence whole."""
    n = operator.index(n)
    k = operator.index(k)
    if n < 0 or k < 0:
        raise ValueError
    if k > n:
        return 0
    if 2 * k > n:
        k = n - k
    result = 1
    for taken in range(k):
        result = result * (n - taken) // (taken + 1)
    return result


def modf(x: Any) -> Any:
    """`math.modf`: `fmod` is exact, and so is the difference."""
    x = float(x)
    if math.isinf(x):
        return math.copysign(0.0, x), x
    fraction = math.fmod(x, 1.0)
    return fraction, math.copysign(x - fraction, x)


def frexp(x: Any) -> Any:
    """`math.frexp` by powers of two, whose products are exact."""
    x = float(x)
    if x == 0.0 or math.isinf(x) or math.isnan(x):
        return x, 0
    exponent = 0
    while abs(x) < 2.0**-64:
        x *= 2.0**64
        exponent -= 64
    while abs(x) >= 2.0**64:
        x *= 2.0**-64
        exponent += 64
    while abs(x) < 0.5:
        x *= 2.0
        exponent -= 1
    while abs(x) >= 1.0:
        x *= 0.5
        exponent += 1
    return x, exponent


def bit_length(n: Any) -> Any:
    """`n.bit_length()`."""
    n = abs(n)
    count = 0
    while n > 0:
        n >>= 1
        count += 1
    return count


def bit_count(n: Any) -> Any:
    """`n.bit_count()`."""
    n = abs(n)
    count = 0
    while n > 0:
        n &= n - 1
        count += 1
    return count


def phase(z: Any) -> Any:
    """`cmath.phase`: an angle too small for a float raises in some versions."""
    z = complex(z)
    angle = math.atan2(z.imag, z.real)
    if abs(angle) < 1e-307 and z.imag != 0.0:
        raise OverflowError
    return angle


def polar(z: Any) -> Any:
    """`cmath.polar`."""
    z = complex(z)
    return abs(z), math.atan2(z.imag, z.real)


def rect(r: Any, phi: Any) -> Any:
    """`cmath.rect` of finite numbers; the sign of a zero angle counts."""
    r = float(r)
    phi = float(phi)
    if not (math.isfinite(r) and math.isfinite(phi)):
        raise ValueError
    if phi == 0.0:
        return complex(r, r * phi)
    return complex(r * math.cos(phi), r * math.sin(phi))


def complex_isnan(z: Any) -> Any:
    """`cmath.isnan`."""
    z = complex(z)
    return math.isnan(z.real) or math.isnan(z.imag)


def complex_isinf(z: Any) -> Any:
    """`cmath.isinf`."""
    z = complex(z)
    return math.isinf(z.real) or math.isinf(z.imag)


def complex_isfinite(z: Any) -> Any:
    """`cmath.isfinite`."""
    z = complex(z)
    return math.isfinite(z.real) and math.isfinite(z.imag)


def complex_isclose(a: Any, b: Any, *, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Any:
    """`cmath.isclose`."""
    a = complex(a)
    b = complex(b)
    relative = float(rel_tol)
    absolute = float(abs_tol)
    if relative < 0.0 or absolute < 0.0:
        raise ValueError
    if a == b:
        return True
    if cmath.isinf(a) or cmath.isinf(b):
        return False
    difference = abs(a - b)
    return (
        difference <= relative * abs(b) or difference <= relative * abs(a) or difference <= absolute
    )


# ---- of arrays with one axis -------------------------------------------------------------------


def sum_of(iterable: Any, start: Any = 0) -> Any:
    """`sum` of an array: Python adds one element after the other."""
    total = start
    for item in iterable:
        total = total + item
    return total


def min_of(iterable: Any) -> Any:
    """`min` of an array: the first of equals, and NaN as the comparisons make it."""
    best = iterable[0]
    for item in iterable:
        if item < best:
            best = item
    return best


def max_of(iterable: Any) -> Any:
    """`max` of an array."""
    best = iterable[0]
    for item in iterable:
        if item > best:
            best = item
    return best


def any_of(iterable: Any) -> Any:
    """`any` of an array."""
    for item in iterable:  # noqa: SIM110 # this is `any`
        if item:
            return True
    return False


def all_of(iterable: Any) -> Any:
    """`all` of an array."""
    for item in iterable:  # noqa: SIM110 # this is `all`
        if not item:
            return False
    return True


def searchsorted(a: Any, v: Any, side: Any = "left") -> Any:
    """`np.searchsorted` of one value, which halves as NumPy does; NaN comes last."""
    low = 0
    high = len(a)
    while low < high:
        middle = low + (high - low) // 2
        here = a[middle]
        if side == "left":
            right = here < v or (v != v and here == here)
        elif side == "right":
            right = not (v < here or (here != here and v == v))
        else:
            raise ValueError
        if right:
            low = middle + 1
        else:
            high = middle
    return np.int64(low)


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0) -> Any:
    """`np.trapezoid` of one axis."""
    if x is None:
        return (dx * (y[1:] + y[:-1]) / 2.0).sum()
    return ((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2.0).sum()


def array_equal(a1: Any, a2: Any) -> Any:
    """`np.array_equal` of arrays with one axis."""
    if len(a1) != len(a2):
        return False
    return bool((a1 == a2).all())


def median(a: Any) -> Any:
    """`np.median` of a window: of more elements than these, it is left to NumPy."""
    values = a.flatten()
    n = len(values)
    if n == 0 or n > 64:
        raise ValueError
    for i in range(1, n):
        x = values[i]
        j = i - 1
        while j >= 0 and values[j] > x:
            values[j + 1] = values[j]
            j -= 1
        values[j + 1] = x
    for k in range(n):
        if values[k] != values[k]:
            return np.mean(values)
    if n % 2 == 1:
        return np.mean(values[n // 2 : n // 2 + 1])
    return np.mean(values[n // 2 - 1 : n // 2 + 1])


DEFINITIONS: Final[dict[Any, Callable[..., Any]]] = {
    cmath.isclose: complex_isclose,
    cmath.isfinite: complex_isfinite,
    cmath.isinf: complex_isinf,
    cmath.isnan: complex_isnan,
    cmath.phase: phase,
    cmath.polar: polar,
    cmath.rect: rect,
    math.comb: comb,
    math.factorial: factorial,
    math.frexp: frexp,
    math.gcd: gcd,
    math.isclose: isclose,
    math.isqrt: isqrt,
    math.lcm: lcm,
    math.ldexp: ldexp,
    math.modf: modf,
    math.perm: perm,
    math.remainder: remainder,
    np.median: median,
}

OF_VECTORS: Final[dict[Any, Callable[..., Any]]] = {
    sum: sum_of,
    min: min_of,
    max: max_of,
    any: any_of,
    all: all_of,
    np.searchsorted: searchsorted,
    np.trapezoid: trapezoid,
    np.array_equal: array_equal,
}
"""Definitions for arrays of one axis, and numbers beside them."""

INT_METHODS: Final[dict[str, Callable[..., Any]]] = {
    "bit_length": bit_length,
    "bit_count": bit_count,
}
"""Methods of Python's ints."""
