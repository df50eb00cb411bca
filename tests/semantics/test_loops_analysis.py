"""The loops of the map that a best-in-class parallelizer handles, numbered as there: 1 to 9."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle import compiled, native, parallel, same

RNG = np.random.default_rng(11)
N = 400


def vector(count=N, high=9):
    return RNG.integers(-high, high + 1, count).astype(np.float64)


def matrix(rows=30, columns=40):
    return RNG.integers(-9, 10, (rows, columns)).astype(np.float64)


# --- 1, 2: affine tests ---


def test_01_even_written_odd_read():
    def f(a, n):
        for i in range(n):
            a[2 * i] = a[2 * i + 1]

    parallel(f, vector(), N // 2, loops=["parallel"])


def test_01_equal_subscripts_and_constant_subscripts():
    def f(a, b):
        for i in range(1, a.shape[0]):
            a[i] = a[i] * b[0] + b[i]
            b[i] = a[i] - 1

    parallel(f, vector(), vector(), loops=["parallel"])


def test_01_flow_dependence_is_serial():
    def f(a):
        for i in range(1, a.shape[0]):
            a[i] = a[i - 1] * 0.5 + 1

    native(f, vector())


def test_01_anti_dependence():
    def f(a, b):
        for i in range(a.shape[0] - 1):
            a[i] = a[i + 1] + b[i]

    native(f, vector(), vector())


def test_01_distance_greater_than_the_trip_count():
    def f(a, n):
        for i in range(n):
            a[i + n] = a[i] + 1

    parallel(f, vector(), N // 2, loops=["parallel"])


def test_02_exact_linearised_subscript():
    def f(a, rows):
        for i in range(rows):
            for j in range(20):
                a[20 * i + j] = a[20 * i + j] * 2 + i

    parallel(f, vector(), N // 20)


def test_02_seidel_two_dimensions():
    def f(a, steps):
        for _ in range(steps):
            for i in range(1, a.shape[0] - 1):
                for j in range(1, a.shape[1] - 1):
                    a[i, j] = (a[i - 1, j] + a[i, j - 1] + a[i, j] + a[i, j + 1] + a[i + 1, j]) / 5

    native(f, matrix(), 3)


def test_02_jacobi_with_time_loop():
    def f(a, b, steps):
        for _ in range(steps):
            for i in range(1, a.shape[0] - 1):
                for j in range(1, a.shape[1] - 1):
                    b[i, j] = (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1]) * 0.25
            for i in range(1, a.shape[0] - 1):
                for j in range(1, a.shape[1] - 1):
                    a[i, j] = b[i, j]

    parallel(f, matrix(), matrix(), 4)


# --- 3: symbolic subscripts ---


def test_03_products_of_parameters():
    def f(a, n, m):
        for i in range(n):
            for j in range(m):
                a[i * m + j] = i - j

    parallel(f, vector(), 20, 20)


@pytest.mark.parametrize(("written", "read"), [(0, 0), (0, 1), (1, 0), (0, 200), (200, 0), (3, 7)])
def test_03_symbolic_offsets(written, read):
    def f(a, n, b, d):
        for i in range(n):
            a[i + b] = a[i + d] + 1

    arguments = (vector(), 190, written, read)
    if written == read or abs(written - read) >= 190:
        parallel(f, *arguments, loops=["parallel"])
    else:
        native(f, *arguments)


@pytest.mark.parametrize("stride", [0, 1, 2, -1])
def test_03_symbolic_stride(stride):
    def f(a, b, k):
        for i in range(b.shape[0]):
            a[i * k] = b[i]

    native(f, vector(), vector(150), stride)


# --- 4: helpers ---


def test_04_pure_helper_over_an_array():
    def neighbours(a, i):
        return a[i - 1] + a[i + 1]

    def f(a, b):
        for i in range(1, a.shape[0] - 1):
            b[i] = neighbours(a, i)

    parallel(f, vector(), np.zeros(N), loops=["parallel"])


# --- 5: aliasing decided at the call ---


def step(x, y):
    for i in range(x.shape[0]):
        y[i] = x[i] + 1


def test_05_disjoint_arguments_are_parallel():
    parallel(step, vector(), vector(), loops=["parallel"])


def test_05_same_array_is_parallel_and_shifted_is_right():
    x = vector()
    native(step, x, x)
    native(step, x[:-1], x[1:])
    native(step, x[1:], x[:-1])
    native(step, x, x[::-1])


def test_05_layout_changes_from_call_to_call():
    g = compiled(step)
    for shift in (0, 1, 200, -1, 1, 0):
        memory, other = vector(), np.zeros(N)
        other[:] = memory
        step(memory[5:150], memory[5 + shift : 150 + shift])
        g(other[5:150], other[5 + shift : 150 + shift])
        assert np.array_equal(memory, other)


# --- 6, 7: privatisation ---


def test_06_scalar_privatised():
    def f(a, b, c):
        for i in range(a.shape[0]):
            t = a[i] + b[i]
            c[i] = t * t

    parallel(f, vector(), vector(), np.zeros(N), loops=["parallel"])


def test_06_private_scalar_used_after_the_loop():
    def f(a, c):
        t = 0
        for i in range(a.shape[0]):
            t = a[i] * 2
            c[i] = t
        return t

    parallel(f, vector(), np.zeros(N))
    same(f, np.zeros(0), np.zeros(0))


def test_06_scalar_under_a_condition_is_carried():
    def f(a, c):
        t = 0.0
        for i in range(a.shape[0]):
            if a[i] > 0:
                t = a[i]
            c[i] = t
        return t

    native(f, vector(), np.zeros(N))


def test_07_array_privatised():
    def f(a, out):
        for i in range(a.shape[0]):
            tmp = np.zeros(a.shape[1])
            for j in range(a.shape[1]):
                tmp[j] = a[i, j] * 2 + j
            out[i] = tmp.max()

    same(f, matrix(), np.zeros(30))


def test_07_shared_work_array():
    def f(a, tmp, out):
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                tmp[j] = a[i, j] * 2
            for j in range(a.shape[1] - 1):
                out[i, j] = tmp[j + 1] - tmp[j]

    native(f, matrix(), np.zeros(40), np.zeros((30, 40)))


# --- 8: induction and wrap-around variables ---


def test_08_induction_variable():
    def f(a, b):
        k = -1
        for i in range(b.shape[0]):
            k += 2
            a[k] = b[i]
        return k

    native(f, vector(), vector(N // 2))


def test_08_wrap_around_variable():
    def f(a, b):
        last = b.shape[0] - 1
        for i in range(b.shape[0]):
            a[i] = (b[i] + b[last]) * 0.5
            last = i

    native(f, vector(), vector())


def test_08_secondary_induction_in_a_nest():
    def f(a, m):
        k = 0
        for i in range(m):
            for j in range(i + 1):
                a[k] = i * 100 + j
                k += 1
        return k

    native(f, vector(), 20)


# --- 9: node splitting ---


def test_09_s2244():
    def f(a, b, c, e):
        for i in range(a.shape[0] - 1):
            a[i + 1] = b[i] + e[i]
            a[i] = b[i] + c[i]

    native(f, vector(), vector(), vector(), vector())


def test_09_s241():
    def f(a, b, c, d):
        for i in range(a.shape[0] - 1):
            a[i] = b[i] * c[i] * d[i]
            b[i] = a[i] * a[i + 1] * d[i]

    native(f, *(vector(high=2) for _ in range(4)))
