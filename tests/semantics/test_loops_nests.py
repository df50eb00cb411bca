"""The loops of the map numbered 3, 11, 21 and 22: strides of any sign, sums that read their own
array, nests whose loops change places though they carry dependences; wide enough for panels."""

from __future__ import annotations

import numpy as np
import pytest

import conure
from tests.oracle import Tolerance, native, parallel, same, verdicts

RNG = np.random.default_rng(12)
NEAR = Tolerance(double=1e-10)


def vector(count=400):
    return RNG.integers(-9, 10, count).astype(np.float64)


def matrix(rows, columns):
    return RNG.integers(-9, 10, (rows, columns)).astype(np.float64)


# --- 21: interchange ---


def down_columns(a, b):
    for j in range(a.shape[1]):
        for i in range(1, a.shape[0]):
            a[i, j] = a[i - 1, j] * 0.5 + b[i, j]


def down_columns_row_by_row(a, b):
    for i in range(1, a.shape[0]):
        for j in range(a.shape[1]):
            a[i, j] = a[i - 1, j] * 0.5 + b[i, j]


def along_rows(a, b):
    for i in range(a.shape[0]):
        for j in range(1, a.shape[1]):
            a[i, j] = a[i, j - 1] * 0.5 + b[i, j]


def along_rows_column_by_column(a, b):
    for j in range(1, a.shape[1]):
        for i in range(a.shape[0]):
            a[i, j] = a[i, j - 1] * 0.5 + b[i, j]


def diagonally(a, b):
    for j in range(1, a.shape[1]):
        for i in range(1, a.shape[0]):
            a[i, j] = a[i - 1, j - 1] * 0.5 + b[i, j]


def against_the_diagonal(a, b):
    for j in range(a.shape[1] - 1):
        for i in range(1, a.shape[0]):
            a[i, j] = a[i - 1, j + 1] * 0.5 + b[i, j]


def sweep(a, b):
    for j in range(1, a.shape[1] - 1):
        for i in range(1, a.shape[0] - 1):
            a[i, j] = (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1]) * 0.25 + b[i, j]


def upwards(a, b):
    for j in range(a.shape[1] - 1, -1, -1):
        for i in range(a.shape[0] - 2, -1, -1):
            a[i, j] = a[i + 1, j] * 0.5 + b[i, j]


NESTS = {
    down_columns: ["parallel", "serial"],
    down_columns_row_by_row: ["serial", "parallel"],
    along_rows: ["parallel", "serial"],
    along_rows_column_by_column: ["serial", "parallel"],
    diagonally: ["serial", "parallel"],
    against_the_diagonal: ["serial", "parallel"],
    sweep: ["serial", "serial"],
    upwards: ["parallel", "serial"],
}


@pytest.mark.parametrize("shape", [(0, 0), (1, 7), (7, 1), (2, 2), (9, 300), (40, 1200), (300, 9)])
@pytest.mark.parametrize("f", NESTS)
def test_21_nests_with_dependences(f, shape):
    a, b = matrix(*shape), matrix(*shape)
    native(f, a, b)
    assert verdicts(f, a, b) == NESTS[f]


@pytest.mark.parametrize("f", NESTS)
def test_21_other_layouts_and_aliases(f):
    a, b = matrix(30, 400), matrix(30, 400)
    same(f, np.asfortranarray(a), b)
    same(f, a[::-1], b[:, ::-1])
    same(f, a[:, ::3], b[:, ::3])
    same(f, a, a)
    same(f, a[1:], a[:-1])
    same(f, a[:, 1:], a[:, :-1])
    same(f, a, b[:-1])  # too small: raises on the way


def test_21_imperfect_nest_is_distributed_first():
    def f(a, b, c):
        for i in range(1, a.shape[0]):
            for j in range(1, a.shape[0]):
                a[j, i] = a[j - 1, i] + c[j, i]
            for j in range(1, a.shape[0]):
                b[j, i] = b[j, i - 1] + c[j, i]

    a, b, c = (matrix(150, 150) for _ in range(3))
    native(f, a, b, c)
    assert "parallel, in a loop apart" in str(conure.explain(f, a, b, c))


def test_21_three_loops():
    def f(a, x):
        for k in range(a.shape[2]):
            for j in range(1, a.shape[1]):
                for i in range(a.shape[0]):
                    a[i, j, k] = a[i, j - 1, k] * 0.5 + x[k]

    parallel(f, RNG.random((12, 7, 300)), vector(300), loops=["parallel", "serial", "parallel"])


def test_21_steps_in_time_over_a_vector():
    def f(x, r, steps):
        for t in range(steps):
            for i in range(x.shape[0]):
                x[i] = r * x[i] * (1 - x[i]) + t * 1e-3

    parallel(f, RNG.random(1500), 3.2, 50, loops=["serial", "parallel"])


def test_21_bounds_that_the_body_changes():
    def f(a, n):
        for j in range(a.shape[1]):
            for i in range(n):
                a[i, j] = 1.0 + i
            n = n - 1
        return n

    same(f, matrix(30, 8), 20)


def test_21_sums_down_columns():
    def f(a):
        s = 0.0
        count = 0
        for j in range(a.shape[1]):
            for i in range(a.shape[0]):
                s += a[i, j]
                if a[i, j] > 0:
                    count += 1
        return s, count

    native(f, matrix(60, 700))


def test_21_first_of_equal_values():
    def f(a):
        best = -1e9
        row = column = -1
        for j in range(a.shape[1]):
            for i in range(a.shape[0]):
                if a[i, j] > best:
                    best = a[i, j]
                    row, column = i, j
        return best, row, column

    a = np.zeros((40, 50))
    a[7, 30] = a[20, 3] = a[3, 44] = 5.0
    native(f, a)


def test_21_zeros_of_both_signs_keep_their_order():
    def f(a):
        best = 1.0
        for j in range(a.shape[1]):
            for i in range(a.shape[0]):
                best = min(best, a[i, j])
        return best

    a = np.ones((40, 50))
    a[20, 3], a[3, 44] = 0.0, -0.0
    native(f, a)


# --- 11: sums that read other elements of their array ---


def forward(lower, x):
    for i in range(x.shape[0]):
        for j in range(i):
            x[i] -= lower[i, j] * x[j]
        x[i] /= lower[i, i]


def backward(lower, x):
    n = x.shape[0]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            x[i] -= lower[j, i] * x[j]
        x[i] /= lower[i, i]


@pytest.mark.parametrize("f", [forward, backward])
@pytest.mark.parametrize("n", [0, 1, 2, 50, 130])
def test_11_triangular_systems(f, n):
    lower, x = np.tril(RNG.random((n, n))) + np.eye(n) * n, RNG.random(n)
    native(f, lower, x, tolerance=NEAR)
    assert verdicts(f, lower, x) == ["serial", "parallel"]


def test_11_factorisation_in_place():
    def f(a):
        n = a.shape[0]
        for i in range(n):
            for j in range(i):
                for k in range(j):
                    a[i, j] -= a[i, k] * a[k, j]
                a[i, j] /= a[j, j]
            for j in range(i, n):
                for k in range(i):
                    a[i, j] -= a[i, k] * a[k, j]

    a = RNG.random((60, 60)) + np.eye(60) * 60
    native(f, a, tolerance=NEAR)
    assert verdicts(f, a) == ["serial", "serial", "parallel", "parallel", "parallel"]


def test_11_sums_that_read_themselves_after_all():
    def f(x, n):
        for i in range(n):
            for j in range(n):
                x[i] += x[j] * 0.5

    native(f, vector(20), 20)
    assert verdicts(f, vector(20), 20) == ["serial", "serial"]


def test_11_prefix_read_where_it_is_summed():
    def f(x, k):
        for i in range(x.shape[0]):
            x[0] += x[i + k]

    same(f, vector(50), 0)
    same(f, vector(50), 1)  # raises at the end
    same(f, vector(50), -50)
    same(f, vector(50), -3)


# --- 3: strides and steps of any sign ---


@pytest.mark.parametrize("stride", [-3, -1, 0, 1, 2])
def test_03_symbolic_stride(stride):
    def f(a, b, k):
        for i in range(b.shape[0]):
            a[i * k] += b[i]

    native(f, vector(), vector(130), stride)
    assert verdicts(f, vector(), vector(130), stride) == ["parallel"]


@pytest.mark.parametrize("step", [-400, -3, -1, 1, 2, 500])
def test_03_symbolic_step(step):
    def f(a, b, low, high, step):
        for i in range(low, high, step):
            a[i] = a[i] * 2 + b[i - 1]

    low, high = (1, 400) if step > 0 else (399, 0)
    native(f, vector(), vector(), low, high, step)
    assert verdicts(f, vector(), vector(), low, high, step) == ["parallel"]


def test_03_step_zero_raises():
    def f(a, step):
        for i in range(0, 9, step):
            a[i] = 1.0

    assert same(f, vector(), 0).error == "ValueError"


@pytest.mark.parametrize("width", [1, 7, 64, 1000, -3])
def test_03_tiles_of_any_width(width):
    def f(a, b, w):
        for block in range(0, a.shape[1], w):
            for i in range(1, a.shape[0]):
                for j in range(block, min(block + w, a.shape[1])):
                    a[i, j] = a[i - 1, j] + b[i, j]

    native(f, matrix(9, 300), matrix(9, 300), width)
    assert verdicts(f, matrix(9, 300), matrix(9, 300), width) == ["parallel", "serial", "parallel"]


@pytest.mark.parametrize("step", [1, 2, -1, -2])
def test_03_recurrence_along_a_symbolic_step(step):
    def f(a, low, high, step):
        for i in range(low, high, step):
            a[i] = a[i - step] + 1
        for i in range(low, high, step):
            a[i] = a[i + step] * 0.5

    low, high = (10, 390) if step > 0 else (390, 10)
    native(f, vector(), low, high, step)
