"""Shapes of code that were left to Python without need, or whose rewriting could go wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.oracle import native, parallel, same, typed

A = np.linspace(-2.0, 3.0, 23)


@pytest.mark.parametrize("count", [0, 1, 9])
@pytest.mark.parametrize("start", [np.float32(0.5), np.float64(0.5), 0.5, 0])
def test_float32_sum_that_widens(start, count):
    def f(a, s):
        for i in range(len(a)):
            s = s + a[i]
        return s

    native(f, A[:count], start)


@pytest.mark.parametrize("count", [0, 5])
def test_narrow_integer_that_widens(count):
    def f(a, s):
        for i in range(len(a)):
            s = s + a[i]
        return s, s * 2

    native(f, np.arange(count), np.int32(7))
    native(f, np.arange(count), np.uint8(7))
    native(f, np.arange(count) * 0.5, np.int16(7))


def test_float32_or_float64_by_condition():
    def f(a, b, out):
        t = a[0]
        for i in range(len(a)):
            t = b[i] if a[i] > 0 else a[i]
            out[i] = t * 0.1 + t
        return t

    native(f, A.astype(np.float32), A * 0.1, np.zeros(23))


@pytest.mark.parametrize("name", ["min", "max"])
@pytest.mark.parametrize("start", [0.5, math.inf, -math.inf, math.nan, np.float64(0.25), 1])
def test_extreme_kept_in_a_variable(name, start):
    chosen = {"min": min, "max": max}[name]

    def least(a, m):
        for i in range(len(a)):
            m = min(m, a[i])
        return m

    def most(a, m):
        for i in range(len(a)):
            m = max(m, a[i])
        return m

    f = least if chosen is min else most
    for values in (A, np.where(A > 1, np.nan, A), np.array([0.0, -0.0]), A[:0]):
        same(f, values, start)


def test_extreme_of_several():
    def f(a, b):
        m = 1e300
        for i in range(len(a)):
            m = min(m, a[i], b[i] * 2.0)
        return m

    parallel(f, A, A[::-1].copy())


def test_min_of_another_meaning():
    def min(a, b):
        return a + b

    def f(a):
        m = 0.0
        for i in range(len(a)):
            m = min(m, a[i])
        return m

    native(f, np.arange(9.0))


def test_kept_by_a_conditional_expression():
    def f(a):
        m = -1e300
        k = -1
        for i in range(len(a)):
            k = i if a[i] > m else k
            m = a[i] if a[i] > m else m
        return m, k

    native(f, np.array([1.0, 5.0, 5.0, 2.0]))


def test_bounds_that_are_clamped():
    def f(a, out, stop):
        for i in range(len(a)):
            high = i + 5
            high = min(high, stop)
            low = i - 5
            low = max(low, 0)
            for j in range(low, high):
                out[i] += a[j]

    parallel(f, np.arange(20.0), np.zeros(20), 20)


def test_tuple_that_may_stay_as_it_was():
    def f(a, level):
        where = None
        place = (-1, -1)
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                if a[i, j] > level:
                    place = (i, j)
        return where, place

    for level in (3, 100):
        native(f, np.arange(12).reshape(3, 4), level)


def test_calls_beside_array_expressions():
    def g(target):
        target[0] = 5.0
        return 2.0

    def f(a, b):
        for i in range(3):
            b[i, :] = a[i] * 2.0 + a[i].sum()
            b[i, 1:] = (a[i, 1:] - a[i, :-1]) * g(a[i])

    native(f, np.arange(12.0).reshape(3, 4), np.zeros((3, 4)))


def test_large_literals_beside_uint64():
    def f(a, out):
        for i in range(len(a)):
            out[i] = (a[i] & 0xFFFFFFFF00000000) ^ (a[i] >> np.uint64(3))
            out[i] ^= np.uint64(0x9E3779B97F4A7C15)

    native(f, np.arange(9, dtype=np.uint64) * np.uint64(2**60 + 12345), np.zeros(9, np.uint64))


@pytest.mark.parametrize("second", [3.0, -2.5, 0.0, math.inf, math.nan])
def test_remainder(second):
    def f(a, y, out):
        for i in range(len(a)):
            out[i] = math.remainder(a[i], y)

    same(f, np.array([5.0, -5.0, 1.5, -1.5, 4.5, 0.0, -0.0, 1e300]), second, np.zeros(8))
    same(f, np.array([5.0, math.nan]), second, np.zeros(2))
    same(f, np.array([5.0, math.inf]), second, np.zeros(2))


@pytest.mark.parametrize("exponent", [0, 1, -1, 1023, -1074, 900, -900, 5000, np.int64(3)])
def test_ldexp(exponent):
    def f(a, i, out):
        for k in range(len(a)):
            out[k] = math.ldexp(a[k], i)

    same(f, np.array([1.0, -1.5, 0.0, 1e-300, 1.2345e-8]), exponent, np.zeros(5))


def test_isqrt_and_lcm():
    def f(out, base):
        for i in range(out.shape[0]):
            out[i, 0] = math.isqrt(base + i)
            out[i, 1] = math.isqrt(i * i)
            out[i, 2] = math.lcm(i, 12)

    native(f, np.zeros((30, 3), np.int64), 2**52 - 7)
    same(f, np.zeros((30, 3), np.int64), 2**62 - 7)
    same(f, np.zeros((3, 3), np.int64), -7)


@pytest.mark.parametrize("name", ["gcd(x, 4)", "lcm(x, 4)", "isqrt(x)"])
def test_a_numpy_bool_is_no_index(name):
    f = typed(f"def f(a):\n    for x in a:\n        r = math.{name}\n    return r\n")
    assert same(f, np.array([True, False])).error == "TypeError"
    assert not same(f, np.array([1, 9])).error


def test_isclose_with_a_negative_tolerance():
    def f(a, tolerance):
        for x in a:
            r = math.isclose(x, x, rel_tol=tolerance)
        return r

    assert same(f, A, -1.0).error == "ValueError"
    assert not same(f, A, 1e-3).error
