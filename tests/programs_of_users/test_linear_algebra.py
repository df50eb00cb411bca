"""Linear algebra written out in loops."""

from __future__ import annotations

import math

import numpy as np

from tests.oracle import FEW_ULP, native

RNG = np.random.default_rng(31)


def dominant(size):
    a = RNG.standard_normal((size, size))
    return a @ a.T + size * np.eye(size)


def test_successive_over_relaxation():
    def f(u, source, omega, sweeps):
        rows, columns = u.shape
        for sweep in range(sweeps):  # noqa: B007 # read after the loop
            worst = 0.0
            for i in range(1, rows - 1):
                for j in range(1, columns - 1):
                    old = u[i, j]
                    new = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
                    u[i, j] = old + omega * (new - source[i, j] - old)
                    change = abs(u[i, j] - old)
                    if change > worst:
                        worst = change
            if worst < 1e-3:
                break
        return sweep, worst

    native(f, RNG.random((20, 25)), RNG.random((20, 25)) * 0.01, 1.5, 200)


def test_thomas_algorithm():
    def f(lower, diagonal, upper, right, x):
        n = len(right)
        c = np.zeros(n)
        d = np.zeros(n)
        c[0] = upper[0] / diagonal[0]
        d[0] = right[0] / diagonal[0]
        for i in range(1, n):
            m = diagonal[i] - lower[i] * c[i - 1]
            c[i] = upper[i] / m
            d[i] = (right[i] - lower[i] * d[i - 1]) / m
        x[n - 1] = d[n - 1]
        for i in range(n - 2, -1, -1):
            x[i] = d[i] - c[i] * x[i + 1]

    n = 40
    native(f, RNG.random(n), RNG.random(n) + 3, RNG.random(n), RNG.random(n), np.zeros(n))


def test_lu_in_place():
    def f(a):
        n = a.shape[0]
        for k in range(n):
            for i in range(k + 1, n):
                a[i, k] /= a[k, k]
                for j in range(k + 1, n):
                    a[i, j] -= a[i, k] * a[k, j]

    native(f, dominant(15))


def test_cholesky():
    def f(a, factor):
        n = a.shape[0]
        for i in range(n):
            for j in range(i + 1):
                total = a[i, j]
                for k in range(j):
                    total -= factor[i, k] * factor[j, k]
                if i == j:
                    factor[i, i] = math.sqrt(total)
                else:
                    factor[i, j] = total / factor[j, j]

    native(f, dominant(12), np.zeros((12, 12)), tolerance=FEW_ULP)


def test_gauss_with_pivots():
    def f(a, b, x):
        n = len(b)
        sign = 1
        for k in range(n):
            pivot = k
            for i in range(k + 1, n):
                if abs(a[i, k]) > abs(a[pivot, k]):
                    pivot = i
            if pivot != k:
                sign = -sign
                for j in range(n):
                    a[k, j], a[pivot, j] = a[pivot, j], a[k, j]
                b[k], b[pivot] = b[pivot], b[k]
            for i in range(k + 1, n):
                factor = a[i, k] / a[k, k]
                a[i, k] = 0.0
                for j in range(k + 1, n):
                    a[i, j] -= factor * a[k, j]
                b[i] -= factor * b[k]
        for i in range(n - 1, -1, -1):
            x[i] = b[i]
            for j in range(i + 1, n):
                x[i] -= a[i, j] * x[j]
            x[i] /= a[i, i]
        return sign

    native(f, RNG.standard_normal((9, 9)), RNG.random(9), np.zeros(9), tolerance=FEW_ULP)


def test_pivot_rows_as_slices():
    def f(a):
        n = a.shape[0]
        determinant = 1.0
        for k in range(n):
            p = k
            for i in range(k + 1, n):
                if abs(a[i, k]) > abs(a[p, k]):
                    p = i
            if a[p, k] == 0.0:
                return 0.0
            if p != k:
                row = a[k].copy()
                a[k] = a[p]
                a[p] = row
                determinant = -determinant
            for i in range(k + 1, n):
                a[i, k:] -= a[i, k] / a[k, k] * a[k, k:]
            determinant *= a[k, k]
        return determinant

    native(f, RNG.standard_normal((8, 8)))


def test_symmetric_packed_times_vector():
    def f(packed, x, y):
        n = x.shape[0]
        y[:] = 0.0
        k = 0
        for i in range(n):
            for j in range(i + 1):
                y[i] += packed[k] * x[j]
                if i != j:
                    y[j] += packed[k] * x[i]
                k += 1

    native(f, RNG.integers(-5, 6, 55).astype(float), RNG.random(10), np.ones(10))


def test_sparse_rows_times_vector():
    def f(starts, columns, values, x, y):
        for row in range(len(starts) - 1):
            total = 0.0
            for k in range(starts[row], starts[row + 1]):
                total += values[k] * x[columns[k]]
            y[row] = total

    counts = RNG.integers(0, 6, 30)
    starts = np.concatenate(([0], np.cumsum(counts)))
    columns = RNG.integers(0, 20, starts[-1]).astype(np.int32)
    values = RNG.integers(-9, 9, starts[-1]).astype(float)
    native(f, starts, columns, values, RNG.integers(-9, 9, 20).astype(float), np.zeros(30))


def test_power_iteration():
    def f(a, x, turns):
        n = len(x)
        y = np.empty(n)
        value = 0.0
        for _ in range(turns):
            for i in range(n):
                y[i] = np.dot(a[i], x)
            norm = 0.0
            for i in range(n):
                norm += y[i] * y[i]
            norm = math.sqrt(norm)
            value = norm
            for i in range(n):
                x[i] = y[i] / norm
        return value

    native(f, dominant(6), np.ones(6), 20, tolerance=FEW_ULP)


def test_horner_of_many_points():
    def f(coefficients, x, out):
        for i, value in enumerate(x):
            total = 0.0
            for c in coefficients[::-1]:
                total = total * value + c
            out[i] = total

    native(f, RNG.random(7), RNG.random(50), np.zeros(50))
