"""The loops of the map that a best-in-class parallelizer handles, numbered as there: 10, 11."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle import native, parallel, same, typed

RNG = np.random.default_rng(11)
N = 400


def vector(count=N, high=9):
    return RNG.integers(-high, high + 1, count).astype(np.float64)


def matrix(rows=30, columns=40):
    return RNG.integers(-9, 10, (rows, columns)).astype(np.float64)


# --- 10: conditions ---


def test_10_conditional_update():
    def f(a, b, d):
        for i in range(a.shape[0]):
            if d[i] > 0:
                a[i] += b[i]

    parallel(f, vector(), vector(), vector(), loops=["parallel"])


def test_10_nested_conditions_with_else():
    def f(a, b, c):
        for i in range(a.shape[0]):
            if a[i] > b[i]:
                if c[i] > 0:
                    a[i] = c[i]
                else:
                    b[i] = -c[i]
            else:
                a[i] += c[i]

    parallel(f, vector(), vector(), vector(), loops=["parallel"])


# --- 11: reductions ---


@pytest.mark.parametrize("count", [0, 1, 2, 100, 70_000])
@pytest.mark.parametrize("kind", ["sum", "product", "min", "max", "numpy", "if", "all"])
def test_11_scalar_reductions(kind, count):
    bodies = {
        "sum": "s += a[i]",
        "product": "p *= signs[i]",
        "min": "low = min(low, a[i])",
        "max": "high = max(high, a[i])",
        "numpy": "least = np.minimum(least, a[i])",
        "if": "if a[i] > high: high = a[i]",
    }
    chosen = bodies.values() if kind == "all" else [bodies[kind]]
    f = typed(
        "def f(a, signs):\n    s = 0.0\n    p = 1.0\n    low = least = 1e300\n    high = -1e300\n"
        "    for i in range(a.shape[0]):\n"
        + "".join(f"        {line}\n" for line in chosen)
        + "    return s, p, low, least, high\n"
    )
    signs = np.where(np.arange(count) % 3, 1.0, -1.0)
    check = parallel if count > 99 else native
    check(f, vector(count), signs)


def test_11_integer_reductions():
    def f(a, b):
        s = 0
        x = 0
        o = 0
        n = -1
        p = 1
        for i in range(a.shape[0]):
            s += a[i] * b[i]
            x ^= a[i]
            o |= a[i]
            n &= b[i]
            p *= a[i]
        return s, x, o, n, p

    a = RNG.integers(-1000, 1000, 20_000)
    parallel(f, a, a[::-1].copy(), loops=["parallel"])


def test_11_python_int_counter():
    def f(a):
        n = 0
        total = 0
        for i in range(a.shape[0]):
            total += i
            if a[i] > 0:
                n += 1
        return n, total

    parallel(f, vector(20_000), loops=["parallel"])


def test_11_logical_reductions():
    def f(a, limit):
        every = True
        some = False
        for i in range(a.shape[0]):
            every = every and a[i] < limit
            some = some or a[i] == 3
        return every, some

    native(f, vector(), 100)
    native(f, vector(), 3)


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("special", ["none", "ties", "nan"])
def test_11_argument_of_extreme(operator, special):
    def less(a):
        best = a[0]
        where = 0
        for i in range(1, a.shape[0]):
            if a[i] < best:
                best = a[i]
                where = i
        return best, where

    def less_equal(a):
        best = a[0]
        where = 0
        for i in range(1, a.shape[0]):
            if a[i] <= best:
                best = a[i]
                where = i
        return best, where

    def greater(a):
        best = a[0]
        where = 0
        for i in range(1, a.shape[0]):
            if a[i] > best:
                best, where = a[i], i
        return best, where

    def greater_equal(a):
        best = a[0]
        where = 0
        for i in range(1, a.shape[0]):
            if best <= a[i]:
                best = a[i]
                where = i
        return best, where

    f = {"<": less, "<=": less_equal, ">": greater, ">=": greater_equal}[operator]
    a = RNG.standard_normal(50_000)
    if special == "ties":
        a = np.round(a)
    if special == "nan":
        a[17] = a[30_000] = np.nan
    parallel(f, a, loops=["parallel"])
    a[0] = np.nan
    native(f, a)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8"])
@pytest.mark.parametrize("ties", [False, True])
def test_11_place_of_extreme_in_a_matrix(dtype, ties):
    def f(a, best):
        bi, bj = -1, -1
        worst = best
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                if a[i, j] < best:
                    best = a[i, j]
                    bi, bj = i, j
                if worst <= a[i, j]:
                    worst = a[i, j]
                    row = a[i, 0]
        return best, bi, bj, worst, row

    a = RNG.integers(0, 4 if ties else 250, (300, 200)).astype(dtype)
    parallel(f, a, a[0, 0], loops=["parallel", "parallel"])


def test_11_extreme_of_a_computed_value_and_nobody_wins():
    def f(x, y, px, py):
        nearest = np.inf
        where = None
        for i in range(x.shape[0]):
            d = (x[i] - px) ** 2 + (y[i] - py) ** 2
            if d < nearest and x[i] != px:
                nearest = d
                where = i
                far = d > 100.0
        return nearest, where, far

    x, y = vector(30_000), vector(30_000)
    same(f, x, y, 0.5, 0.25)
    same(f, np.full(30_000, 0.5), y, 0.5, 0.25)
    same(f, np.full(30_000, np.nan), y, 0.5, 0.25)


def test_11_what_only_records_do_stays_in_order():
    def f(a, out):
        best = a[0]
        records = 0
        for i in range(a.shape[0]):
            if a[i] < best:
                best = a[i]
                records += 1
                out[i] = records
        return best, records

    a = -np.sort(RNG.standard_normal(50_000)) + RNG.standard_normal(50_000)
    native(f, a, np.zeros(50_000))

    def g(a, out):
        best = a[0]
        for i in range(a.shape[0]):
            fresh = 0
            if a[i] < best:
                best = a[i]
                fresh = 1
            out[i] = fresh
        return best, fresh

    native(g, a, np.zeros(50_000))


def test_11_conditional_and_several_per_loop():
    def f(a, b):
        positive = 0.0
        negative = 0.0
        count = 0
        for i in range(a.shape[0]):
            if a[i] > 0:
                positive += a[i]
                count += 1
            elif b[i] > 0:
                negative -= a[i] * b[i]
        return positive, negative, count

    parallel(f, vector(20_000), vector(20_000), loops=["parallel"])


def test_11_array_valued_matmul():
    def f(a, b, c):
        for i in range(a.shape[0]):
            for j in range(b.shape[1]):
                for k in range(a.shape[1]):
                    c[i, j] += a[i, k] * b[k, j]

    parallel(f, matrix(33, 47), matrix(47, 21), matrix(33, 21))


def test_11_matmul_with_scalar_accumulator():
    def f(a, b, c):
        for i in range(a.shape[0]):
            for j in range(b.shape[1]):
                s = 0.0
                for k in range(a.shape[1]):
                    s += a[i, k] * b[k, j]
                c[i, j] = s

    parallel(f, matrix(33, 47), matrix(47, 21), matrix(33, 21))


def test_11_reduction_over_a_nest():
    def f(a):
        s = 0.0
        n = 0
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                s += a[i, j] * 2
                if a[i, j] == 1:
                    n += 1
        return s, n, i, j

    parallel(f, matrix(200, 150))


def test_11_column_sums():
    def f(a, out):
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                out[j] += a[i, j]

    native(f, matrix(300, 40), np.zeros(40))


def test_11_read_of_the_accumulator_makes_a_scan():
    def f(a, out):
        s = 0.0
        for i in range(a.shape[0]):
            s += a[i]
            out[i] = s
        return s

    native(f, vector(), np.zeros(N))
