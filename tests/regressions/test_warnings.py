"""Compiling warns of nothing."""

from __future__ import annotations

import warnings

import numpy as np

import conure


def test_constants_that_overflow():
    def f(a):
        large = np.float64(1e300) * np.float64(1e300)
        for i in range(len(a)):
            a[i] = 1e39
        return large

    a = np.zeros(3, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        conure.explain(f, a)
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        assert conure.jit(device="cpu")(f)(a) == np.inf
    assert np.isinf(a).all()
