"""The loops of the map numbered 6 to 9, 19 and 23, as far as values get a place of their own: work
arrays, wrap-around and induction variables, renamed scalars, conditionals and ranges in parts."""

from __future__ import annotations

import numpy as np
import pytest

import conure
from tests.oracle import native, parallel, same, verdicts

RNG = np.random.default_rng(14)
N = 300


def vector(count=N):
    return RNG.integers(-9, 10, count).astype(np.float64)


def matrix(rows=30, columns=40):
    return RNG.integers(-9, 10, (rows, columns)).astype(np.float64)


def hints(f, *arguments):
    return [loop.reason for loop in conure.explain(f, *arguments).loops]


# --- 7: work arrays ---


def shared_work_array(a, work, out):
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            work[j] = a[i, j] * 2
        for j in range(a.shape[1] - 1):
            out[i, j] = work[j + 1] - work[j]


def counted(a, work, out):
    for i in range(a.shape[0]):
        work[:] = 0
        for j in range(a.shape[1]):
            work[int(a[i, j]) % 10] += 1
        out[i, 0] = work.max()


def of_two_axes(a, work, out):
    for i in range(a.shape[0]):
        for j in range(3):
            for k in range(4):
                work[j, k] = a[i, j] + a[i, k]
        s = 0.0
        for j in range(3):
            for k in range(4):
                work[j, k] *= 0.5
                s += work[j, k]
        out[i, 0] = s


@pytest.mark.parametrize("rows", [0, 1, 2, 30])
def test_07_work_arrays(rows):
    a, out = matrix(rows), np.zeros((rows, 40))
    parallel(shared_work_array, a, vector(40), out, loops=["parallel"] * 3)
    same(counted, a, vector(12), out)
    same(of_two_axes, a, matrix(5, 6), out)
    if rows:
        assert verdicts(counted, a, vector(12), out)[0] == "parallel"
        assert verdicts(of_two_axes, a, matrix(5, 6), out)[0] == "parallel"


def test_07_work_arrays_that_are_not_the_iterations_own():
    def read_before(a, work, out):
        for i in range(a.shape[0]):
            out[i, 0] = work[3]
            for j in range(a.shape[1]):
                work[j] = a[i, j]

    def read_beside(a, work, out):
        for i in range(a.shape[0]):
            for j in range(5):
                work[j] = a[i, j]
            out[i, 0] = work[4] + work[5]
            work[5] = a[i, 5]

    def filled_at_times(a, work, out):
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                if a[i, j] > 0:
                    work[j] = a[i, j]
            out[i, 0] = work[3]

    def filled_more_and_more(a, work, out):
        for i in range(a.shape[0]):
            for j in range(i):
                work[j] = a[i, j]
            for j in range(i):
                out[i, j] = work[j]

    for f in (read_before, read_beside, filled_at_times, filled_more_and_more):
        native(f, matrix(), vector(40), np.zeros((30, 40)))
        assert verdicts(f, matrix(), vector(40), np.zeros((30, 40)))[0] == "serial"


def test_07_work_array_that_is_the_argument_itself():
    a = matrix(30, 30)
    same(shared_work_array, a, a[3], np.zeros((30, 30)))
    same(shared_work_array, a, vector(30), a)
    same(shared_work_array, a, vector(29), a)  # too short: raises on the way


# --- 8: wrap-around and induction variables ---


def wrapping(a, b):
    x = b[b.shape[0] - 1]
    y = b[b.shape[0] - 2]
    for i in range(a.shape[0]):
        a[i] = b[i] + x * 0.5 + y
        y = x
        x = b[i]
    return x, y


def wrapping_subscript(a, b):
    before = b.shape[0] - 1
    for i in range(a.shape[0]):
        a[i] = (b[i] + b[before]) * 0.5
        before = i
    return before


def wrapping_product(a, b):
    t = 0.0
    for i in range(a.shape[0] - 1, -1, -2):
        s = b[i] * a[i - 1]
        a[i] = s + t
        t = s
    return t


def wrapping_in_place(a, b):
    x = 1.0
    for i in range(a.shape[0]):
        old = a[i]
        a[i] = old + x
        x = old
    return x


@pytest.mark.parametrize("count", [0, 1, 2, 3, N])
@pytest.mark.parametrize("f", [wrapping, wrapping_subscript, wrapping_product, wrapping_in_place])
def test_08_wrap_around(f, count):
    same(f, vector(count), vector(max(count, 2)))
    a = vector(count)
    same(f, a, a)
    same(f, a[::-1], vector(count + 2))


def test_08_wrap_around_is_parallel():
    assert verdicts(wrapping, vector(), vector()) == ["parallel"]
    assert verdicts(wrapping_subscript, vector(), vector()) == ["parallel"]
    assert verdicts(wrapping_in_place, vector(), vector()) == ["serial"]


def several_steps(a, b, k):
    for i in range(b.shape[0]):
        k += 1
        a[k] = b[i]
        k += 2
        a[k] = b[i] * 2
    return k


def two_that_lead_each_other(a, b, j):
    k = 0
    for i in range(b.shape[0]):
        k = j + 1
        a[k] = b[i]
        j = k + 1
    return j, k


def one_more_after_the_inner_loop(a, c, k):
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            a[k] = c[i, j]
            k += 1
        k += 1
    return k


@pytest.mark.parametrize("start", [0, 3, -2])
def test_08_induction_in_several_steps(start):
    for count in (0, 1, 2, 100):
        same(several_steps, vector(400), vector(count), start)
        same(two_that_lead_each_other, vector(400), vector(count), start)
        same(one_more_after_the_inner_loop, vector(400), matrix(count // 4, 3), start)
        same(several_steps, vector(200), vector(count), start)  # raises, if at all, at the end
    assert verdicts(several_steps, vector(400), vector(100), start) == ["parallel"]
    assert verdicts(two_that_lead_each_other, vector(400), vector(99), start) == ["parallel"]
    nest = verdicts(one_more_after_the_inner_loop, vector(400), matrix(9, 9), start)
    assert nest == ["parallel", "parallel"]


# --- 9, 19: renaming, and conditionals in parts ---


def test_19_s161():
    def f(a, b, c, d, e):
        for i in range(a.shape[0] - 1):
            if b[i] < 0:
                c[i + 1] = a[i] + d[i] * d[i]
            else:
                a[i] = c[i] + d[i] * e[i]

    vectors = [vector() for _ in range(5)]
    native(f, *vectors)
    assert all("parallel, in a loop apart" in hint for hint in hints(f, *vectors))
    same(f, *([vectors[0]] * 5))
    same(f, vectors[0], vectors[1], vectors[0][::-1], vectors[3], vectors[4])


def test_19_condition_that_an_arm_changes():
    def f(a, b, c):
        for i in range(1, a.shape[0]):
            if b[i] > 0:
                b[i] = -1.0
                c[i] = c[i - 1] + 1
                a[i] = b[i] * 2
            else:
                a[i] = 3.0

    native(f, vector(), vector(), vector())


def test_09_s261():
    def f(a, b, c, d):
        t = 0.0
        for i in range(1, a.shape[0]):
            t = a[i] + b[i]
            a[i] = t + c[i - 1]
            t = c[i] * d[i]
            c[i] = t
        return t

    vectors = [vector() for _ in range(4)]
    native(f, *vectors)
    assert all("parallel, in a loop apart" in hint for hint in hints(f, *vectors))


# --- 23: ranges in parts ---


@pytest.mark.parametrize("count", [0, 1, 2, 3, 8, 9, N, N + 1])
def test_23_a_crossing_threshold(count):
    def f(a, b):
        n = a.shape[0]
        for i in range(n):
            x = a[n - i - 1] + b[i]
            a[i] = x - 1.0
            b[i] = x

    native(f, vector(count), vector(count))
    assert "parallel before and after n // 2" in hints(f, vector(count), vector(count))[0]


def test_23_one_element_for_all():
    def f(a, b):
        for i in range(a.shape[0]):
            a[i] = a[a.shape[0] // 2] + b[i]

    native(f, vector(), vector())
    assert "parallel before and after" in hints(f, vector(), vector())[0]
