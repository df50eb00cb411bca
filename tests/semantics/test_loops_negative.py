"""Subscripts that may be negative and then count from the end: loops parted where that begins."""

from __future__ import annotations

import numpy as np
import pytest

import conure
from tests.oracle import compiled_wholly, native, same, verdicts

RNG = np.random.default_rng(13)
N = 60


def vector(count=N):
    return RNG.integers(-9, 10, count).astype(np.float64)


def shifted(a, b, k):
    for i in range(a.shape[0]):
        b[i] = a[i - k]


def mirrored(a, b, k):
    for i in range(a.shape[0]):
        b[i] = a[k - i]


def twice_shifted(a, b, k):
    for i in range(a.shape[0]):
        b[i] = a[i - k] + a[i - 2 * k] - a[i]


def written(a, b, k):
    for i in range(a.shape[0]):
        b[i - k] = a[i] * 2


def in_place(a, b, k):
    for i in range(a.shape[0]):
        a[i] = a[i - k] * 0.5 + 1


def part_of_the_range(a, b, k):
    for i in range(3, a.shape[0] - 4):
        b[i] = a[i - k] * a[i]


def downwards(a, b, k):
    for i in range(a.shape[0] - 1, -1, -1):
        b[i] = a[i - k]


def averaged(a, b, k):
    for i in range(a.shape[0]):
        s = 0.0
        for j in range(k):
            s += a[i - j]
        b[i] = s


def searched(a, b, k):
    for i in range(a.shape[0]):
        if a[i - k] > 8:
            break
        b[i] = a[i - k]
    return i


LOOPS = (
    shifted, mirrored, twice_shifted, written, in_place, part_of_the_range, downwards, averaged,
    searched,
)  # fmt: skip
SHIFTS = (0, 1, 5, 29, 30, N - 1, N, N + 1, 3 * N, -1, -4, -N, -N - 1, 2**40, -(2**62))


@pytest.mark.parametrize("f", LOOPS)
def test_any_shift(f):
    for k in SHIFTS:
        if abs(k) < 1000 or f is not averaged:
            same(f, vector(), vector(), k)
            same(f, vector(0), vector(0), k)
            same(f, vector()[::-2], vector(30), k)


@pytest.mark.parametrize("f", LOOPS)
def test_one_variant_after_the_other(f):
    g = conure.jit(device="cpu")(f)
    for k in (5, -2, 0, 7, 7, 7, 7, 40, 5, -1, 1):
        a, b = vector(), vector()
        mine, other = a.copy(), b.copy()
        want = got = ""
        try:
            f(a, b, k)
        except IndexError as error:
            want = str(error)
        try:
            g(mine, other, k)
        except IndexError as error:
            got = str(error)
        assert want == got
        assert np.array_equal(a, mine)
        assert np.array_equal(b, other)


def test_a_roll_of_two_axes():
    def f(a, b, p, q):
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                b[i, j] = a[i - p, j - q]

    for p, q in ((0, 0), (1, 2), (7, 0), (0, 11), (8, 12), (9, 0), (-1, 0)):
        same(f, RNG.random((8, 12)), np.zeros((8, 12)), p, q)
    assert verdicts(f, RNG.random((8, 12)), np.zeros((8, 12)), 1, 2) == ["parallel", "parallel"]


def test_what_wraps_around_meets_what_was_written():
    """The first k elements read the end, which is written last, the others what was written."""

    def f(a, k):
        for i in range(a.shape[0]):
            a[i] = a[i - k] + 1

    for k in (1, 3, 20, 30, 31, 59, 60):
        native(f, vector(), k)
    (found,) = conure.explain(f, vector(), 5).loops
    assert found.verdict == "parallel"
    assert found.guard is not None


def test_a_filter_that_wraps_around():
    def f(a, out, h):
        for i in range(a.shape[0]):
            s = 0.0
            for k in range(h.shape[0]):
                s += h[k] * a[i - k]
            out[i] = s

    for taps in (0, 1, 5, N - 1, N, N + 1, N + 2):
        same(f, vector(), vector(), vector(taps))
    compiled_wholly(f, vector(), vector(), vector(5))
    assert verdicts(f, vector(), vector(), vector(5)) == ["parallel", "parallel"]
