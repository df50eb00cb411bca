"""What nobody uses may still raise."""

from __future__ import annotations

import math

import numpy as np

from tests.oracle import same


def test_remainder_by_zero_in_a_name_never_read():
    def f(a):
        for i in range(len(a)):
            t = i % i  # noqa: F841 # unused on purpose

    same(f, np.ones(5))


def test_condition_of_an_empty_if():
    def f(a):
        for i in range(len(a)):
            if a[i + 1] > 3.0:
                pass

    same(f, np.ones(5))


def test_call_whose_value_is_dropped():
    def f(a):
        for i in range(len(a)):
            math.sqrt(a[i])

    same(f, np.array([4.0, -1.0]))


def test_row_that_is_not_there():
    def f(a, n):
        for i in range(n):
            row = a[i]  # noqa: F841 # unused on purpose

    same(f, np.ones((3, 3)), 4)


def test_remainder_used_in_one_branch_only():
    def f(a, n):
        for i in range(len(a)):
            t = 7 % (n - i)
            if a[i] > 5:
                a[i] = t

    same(f, np.ones(5), 3)
