"""`continue` and what the other ways assign."""

from __future__ import annotations

import numpy as np

from tests.oracle import native, same


def constant_after_continue(a, n):
    k = -1
    for i in range(n):
        if a[i] > 2:
            a[i] = 0
        elif i == n - 1:
            continue
        k = 1
    return k


def test_constant_assigned_on_the_other_way_only():
    native(constant_after_continue, np.zeros(1), 1)
    native(constant_after_continue, np.arange(5.0), 5)
    native(constant_after_continue, np.arange(5.0)[::-1], 5)


def test_name_bound_on_the_other_way_only():
    def f(a, n):
        for i in range(n):
            if a[i] > 2:
                pass
            elif i == 0:
                continue
            k = 1
        return k

    same(f, np.zeros(1), 1)
    same(f, np.zeros(2), 2)


def test_in_a_while():
    def f(a, n):
        k, i = 5, 0
        while i < n:
            i += 1
            if a[i - 1] > 2:
                pass
            elif i == n:
                continue
            k = i
            last = 3
        return k, last

    same(f, np.zeros(3), 3)
    same(f, np.zeros(1), 1)


def test_in_all_cells():
    def f(a):
        k = 0
        for i, j in np.ndindex(*a.shape):
            if a[i, j] > 2:
                pass
            elif j == 0:
                continue
            k = 7
        return k

    native(f, np.zeros((3, 1)))
    native(f, np.zeros((3, 2)))
