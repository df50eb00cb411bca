"""The loops of the map that a best-in-class parallelizer handles, numbered as there: 16 to 33."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle import Tolerance, compiled, native, parallel, same

RNG = np.random.default_rng(11)
N = 400


def vector(count=N, high=9):
    return RNG.integers(-high, high + 1, count).astype(np.float64)


def matrix(rows=30, columns=40):
    return RNG.integers(-9, 10, (rows, columns)).astype(np.float64)


# --- 16: while ---


def test_16_countable_while():
    def f(a, b):
        i = 0
        while i < a.shape[0]:
            b[i] = a[i] * 2
            i += 1
        return i

    native(f, vector(), np.zeros(N))


def test_16_inner_while_per_element():
    def f(a, out):
        for i in range(a.shape[0]):
            x = a[i]
            n = 0
            while x > 1 and n < 50:
                x = x * 0.5
                n += 1
            out[i] = n

    parallel(f, np.abs(vector()), np.zeros(N))


def test_16_convergence_loop():
    def f(a, b, limit):
        error = 1e9
        steps = 0
        while error > limit and steps < 100:
            error = 0.0
            for i in range(1, a.shape[0] - 1):
                b[i] = (a[i - 1] + a[i + 1]) * 0.5
                error = max(error, abs(b[i] - a[i]))
            for i in range(1, a.shape[0] - 1):
                a[i] = b[i]
            steps += 1
        return error, steps

    native(f, vector(50), np.zeros(50), 0.5)


# --- 19: distribution ---


def test_19_parallel_and_serial_statements():
    def f(a, b, d, e):
        for i in range(1, a.shape[0]):
            a[i] += b[i]
            e[i] = e[i - 1] * e[i]
            d[i] = a[i]

    native(f, vector(), vector(), vector(), np.ones(N))


# --- 21: interchange ---


def test_21_dependence_in_the_inner_loop():
    def f(a, b):
        for j in range(a.shape[1]):
            for i in range(1, a.shape[0]):
                a[i, j] = a[i - 1, j] + b[i, j]

    parallel(f, matrix(), matrix(), loops=["parallel", ""])


def test_21_dependence_in_the_outer_loop():
    def f(a, b):
        for i in range(1, a.shape[0]):
            for j in range(a.shape[1]):
                a[i, j] = a[i - 1, j] + b[i, j]

    parallel(f, matrix(), matrix(), loops=["", "parallel"])


def test_21_triangular_and_imperfect():
    def f(a, c, alpha):
        for i in range(c.shape[0]):
            for j in range(i + 1):
                c[i, j] *= alpha
            for k in range(a.shape[1]):
                for j in range(i + 1):
                    c[i, j] += a[i, k] * a[j, k]

    parallel(f, matrix(), matrix(30, 30), 2.0)


def test_21_floyd_warshall():
    def f(d):
        n = d.shape[0]
        for k in range(n):
            for i in range(n):
                for j in range(n):
                    d[i, j] = min(d[i, j], d[i, k] + d[k, j])

    native(f, np.abs(matrix(25, 25)))


# --- 23: index-set splitting ---


def test_23_reversal_in_place():
    def f(a):
        n = a.shape[0]
        for i in range(n):
            a[i] = a[n - 1 - i]

    native(f, vector())
    native(f, vector(7))


def test_23_periodic_boundary():
    def f(a, b):
        n = a.shape[0]
        for i in range(n):
            b[i] = a[(i - 1) % n] + a[(i + 1) % n] - 2 * a[i]

    parallel(f, vector(), np.zeros(N), loops=["parallel"])


def test_23_negative_subscript_as_periodic_boundary():
    def f(a, b):
        for i in range(a.shape[0]):
            b[i] = a[i - 1] - a[i]

    parallel(f, vector(), np.zeros(N), loops=["parallel"])


# --- 24: collapse ---


def test_24_short_outer_loop():
    def f(a):
        for i in range(4):
            for j in range(a.shape[1]):
                a[i, j] = a[i, j] * i + j

    parallel(f, matrix(4, 5000))


def test_24_unrolled_by_hand():
    def f(a, b):
        for i in range(0, a.shape[0], 4):
            a[i] += b[i]
            a[i + 1] += b[i + 1]
            a[i + 2] += b[i + 2]
            a[i + 3] += b[i + 3]

    parallel(f, vector(), vector(), loops=["parallel"])


# --- 25: layout ---


@pytest.mark.parametrize("order", ["C", "F"])
def test_25_column_order_loops(order):
    def f(a, b):
        for j in range(a.shape[1]):
            for i in range(a.shape[0]):
                b[i, j] = a[i, j] + j

    parallel(f, np.asarray(matrix(), order=order), np.zeros((30, 40), order=order))


def test_25_transpose():
    def f(a, b):
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                b[j, i] = a[i, j]

    parallel(f, matrix(), np.zeros((40, 30)))


def test_25_records():
    def f(p):
        s = 0.0
        for i in range(p.shape[0]):
            s += p["x"][i]
        return s

    same(f, np.ones(50, [("x", "f8"), ("y", "f4")]))


# --- 27, 28, 29: guards, bounds, replay ---


def test_27_guard_holds_and_fails_in_turn():
    def f(a, n, shift):
        for i in range(n):
            a[i + shift] = a[i] + 1

    g = compiled(f)
    for n, shift in ((100, 200), (100, 1), (10, 50), (100, 0), (100, 1), (100, 200)):
        want = vector()
        got = want.copy()
        f(want, n, shift)
        g(got, n, shift)
        assert np.array_equal(want, got)


def test_28_bounds_are_checked_before_the_loop():
    def f(a, b, n):
        for i in range(n):
            b[i] = a[i + 2]

    parallel(f, vector(), np.zeros(N), N - 2, loops=["parallel"])
    assert same(f, vector(), np.zeros(N), N).error == "IndexError"


def test_28_data_dependent_bounds():
    def f(a, index, b):
        for i in range(index.shape[0]):
            b[i] = a[index[i]]

    index = RNG.integers(-N, N, N)
    native(f, vector(), index, np.zeros(N))
    index[123] = N
    assert same(f, vector(), index, np.zeros(N)).error == "IndexError"


def test_29_overflow_of_a_python_int_in_the_middle():
    def f(a, out):
        s = 1
        for i in range(a.shape[0]):
            out[i] = i
            s = s * int(a[i])
        return s

    a = np.full(60, 3)
    native(f, a[:30], np.zeros(60))
    assert same(f, a, np.zeros(60)).value == 3**60


def test_29_failure_restores_what_was_written():
    def f(a, b, divisor):
        for i in range(a.shape[0]):
            a[i] = a[i] * 2
            b[i] = 100 // (divisor - i)
            a[i] = a[i] + 1

    outcome = same(f, vector(), np.zeros(N), 211)
    assert outcome.error == "ZeroDivisionError"


# --- 33: deterministic reductions ---


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_33_sum_does_not_depend_on_threads(threads):
    def f(a, b):
        s = 0.0
        for i in range(a.shape[0]):
            s += a[i] * b[i]
        return s

    a = np.random.default_rng(12).standard_normal((2, 100_000))
    one = compiled(f, threads=1)(a[0], a[1])
    assert compiled(f, threads=threads)(a[0], a[1]) == one
    assert compiled(f, threads=threads)(a[0], a[1]) == one
    same(f, a[0], a[1], tolerance=Tolerance(1e-12, 1e-6))
