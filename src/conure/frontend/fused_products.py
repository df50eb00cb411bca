"""Whether NumPy multiplies complex arrays with fused multiply-adds, found by asking it.

Where the processor has them, `a * b` of arrays is, with one rounding fewer than in CPython,

    real: fma(a.real, b.real, -(a.imag * b.imag))    imag: fma(a.real, b.imag, a.imag * b.real)

for every layout. This is what the operator `fused_mul` stands for.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Any

import numpy as np

_COUNT = 61


@functools.cache
def products_are_fused(dtype: np.dtype[Any]) -> bool:
    """Whether this NumPy, on this processor, multiplies arrays of this complex dtype so."""
    parts = (
        np.random.default_rng(7).normal(size=(4, 3 * _COUNT)).astype(np.empty(0, dtype).real.dtype)
    )
    left, right = (parts[:2] + 1j * parts[2:]).astype(dtype)
    steps = [(left[::step], right[::step]) for step in (2, 3, 5, -1, -2)]
    for one, other in (
        *steps,(left, right), (left[::3], right[::-3]), (left[:7], right[:1]),
                       (left[:1], right[:9]), (left, left)):  # fmt: skip
        want = [_fused(x, y) for x, y in np.broadcast(one, other)]
        if not np.array_equal(np.multiply(one, other), np.array(want, dtype)):
            return False
    return bool(np.array_equal(np.square(left), left * left))


def _fused(x: Any, y: Any) -> complex:
    real = _multiplied_and_added(x.real, y.real, -(x.imag * y.imag))
    return complex(real, _multiplied_and_added(x.real, y.imag, x.imag * y.real))


def _multiplied_and_added(x: Any, y: Any, z: Any) -> float:
    return float(Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z)))
