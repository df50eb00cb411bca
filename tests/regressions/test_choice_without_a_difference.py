"""`x if condition else x` still evaluates its condition, which may raise."""

from __future__ import annotations

import numpy as np

from tests.oracle import native, same


def chosen(a, limits):
    s = 0
    for i in range(len(a)):
        s -= a[i] if a[i] > limits[2 * i] else a[i]
    return s


def test_condition_out_of_range():
    same(chosen, np.arange(6.0), np.ones(7))
    same(chosen, np.arange(6.0), np.ones(11))
    native(chosen, np.arange(6.0), np.ones(12))
