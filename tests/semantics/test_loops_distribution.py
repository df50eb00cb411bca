"""The loops of the map that a best-in-class parallelizer handles, numbered as there: 8, 9, 19, as
far as they need a loop to be taken apart or a variable to get its closed form."""

from __future__ import annotations

import numpy as np
import pytest

import conure
from tests.oracle import native, parallel, same

RNG = np.random.default_rng(11)
N = 40_000


def vector(count=N):
    return RNG.integers(-9, 10, count).astype(np.float64)


def test_08_induction_before_and_after_its_change():
    def f(a, b, k):
        for i in range(b.shape[0]):
            a[k] = b[i]
            k += 2
            a[k + 1] = b[i] * 3.0
        return k

    parallel(f, np.zeros(2 * N + 9), vector(), 1, loops=["parallel"])
    same(f, np.zeros(2 * N), vector(), 1)  # too short: raises at the end
    same(f, np.zeros(2 * N), vector(0), -1)
    same(f, np.zeros(2 * N + 9), vector(), -4)  # wraps around at first


def test_08_induction_through_a_nest():
    def f(a, c):
        k = 0
        for i in range(c.shape[0]):
            for j in range(c.shape[1]):
                a[k] = c[i, j]
                k += 1
        return k

    c = vector().reshape(200, 200)
    parallel(f, np.zeros(N), c, loops=["parallel", "parallel"])
    same(f, np.zeros(N - 1), c)
    same(f, np.zeros(0), c[:0])


@pytest.mark.parametrize("step", [1, 3, -1, -2])
def test_08_induction_along_any_step(step):
    def f(a, b, low, high, step):
        k = 3
        for i in range(low, high, step):
            k += 4
            a[k] = b[i]
        return k

    low, high = (5, N) if step > 0 else (N - 1, 4)
    native(f, np.zeros(4 * N + 9), vector(), low, high, step)


def test_09_statements_in_another_order():
    def f(a, b, c, d):
        for i in range(a.shape[0] - 1):
            d[i] = a[i - 1] if i > 0 else 0.0
            a[i] = b[i] + c[i]
            b[i] = c[i] * 2.0

    native(f, *(vector() for _ in range(4)))


def test_19_scalars_are_computed_again():
    def f(a, b, d, e):
        s = 0.0
        for i in range(1, a.shape[0]):
            t = a[i] + b[i]
            e[i] = e[i - 1] * 0.5 + t
            d[i] = t * t
            s += t
            last = t
        return s, last, i

    vectors = [vector() for _ in range(4)]
    native(f, *vectors)
    text = str(conure.explain(f, *vectors))
    assert "parallel, in a loop apart" in text


def test_19_failing_in_one_part_undoes_the_others():
    def f(a, b, d, q):
        for i in range(1, a.shape[0]):
            d[i] = b[i] * 2.0
            a[i] = a[i - 1] + b[q[i]]

    q = np.arange(N)
    same(f, vector(), vector(), vector(), q)
    q[N // 2] = N
    assert same(f, vector(), vector(), vector(), q).error == "IndexError"


def test_19_aliased_arguments():
    def f(a, b, d):
        for i in range(1, a.shape[0]):
            b[i] = a[i] * 0.5
            d[i] = d[i - 1] + b[i]

    x = vector()
    same(f, x, x.copy(), vector())
    same(f, x, x, x)
    same(f, x[1:], x[:-1], vector(N - 1))
    same(f, x[:-1], vector(N - 1), x[1:])
