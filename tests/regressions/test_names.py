"""Names of modules, and numbers in modules."""

from __future__ import annotations

import math
import types

import numpy as np

from tests.oracle import native, same

constants = types.ModuleType("constants")
constants.SCALE = 2.0


def test_numbers_in_modules():
    def f(a):
        s = -math.inf
        for i in range(len(a)):
            s = s if s > a[i] else a[i]
            a[i] = math.pi + np.nan if a[i] > 2 else np.e
        return s

    native(f, np.arange(5.0))


def test_number_in_a_module_that_changes():
    def f(a):
        for i in range(len(a)):
            a[i] *= constants.SCALE

    for value in (2.0, 3.0, 0.0, -0.0, 2, np.float64(3.0)):
        constants.SCALE = value
        same(f, np.arange(5.0))
