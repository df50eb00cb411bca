"""`raise` in a loop: compiled as long as it is not reached."""

from __future__ import annotations

import numpy as np

from tests.oracle import native, same


def positive(a):
    for i in range(len(a)):
        if a[i] < 0:
            raise ValueError(f"element {i} of {[*a.shape]} is {a[i]!r}")
        if not a[i] < 100:
            raise OverflowError(*list(a), sum(x for x in a))
        a[i] = a[i] ** 0.5
    return i


def test_raise_that_is_not_reached():
    native(positive, np.arange(10.0))


def test_raise_that_is_reached():
    same(positive, np.array([4.0, -1.0, 9.0]))
    same(positive, np.array([4.0, 101.0, 9.0]))


def test_raise_needs_names_bound_before():
    def f(a, n):
        for i in range(n):
            t = i * 2
            if a[i] > 3:
                raise KeyError(t, message)  # noqa: F821 # unbound on purpose
            message = "later"  # noqa: F841 # unused on purpose
            a[i] += t
        return t

    same(f, np.zeros(5), 5)
    same(f, np.arange(5.0), 5)
    same(f, np.full(5, 9.0), 5)


def test_raise_caught_outside():
    def f(a):
        total = 0
        try:
            for i in range(len(a)):
                if a[i] > 3:
                    raise StopIteration
                total += a[i]
                last = i
        except StopIteration:
            return total, last, i
        return total, -1, i

    same(f, np.arange(10.0))
    same(f, np.zeros(10))
