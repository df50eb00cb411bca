"""What a `for` runs over."""

from __future__ import annotations

import numpy as np

from tests.oracle import native, same


def test_all_cells_of_a_shape():
    def f(a):
        for i, j in np.ndindex(*a.shape):
            a[i, j] += i * j

    native(f, np.ones((3, 4)))


def test_enumerate_called_with_keywords():
    def f(a):
        for i, v in enumerate(iterable=a, start=1):
            a[i - 1] = v * i

    same(f, np.ones(5))


def test_starred_arguments_and_targets():
    def f(a):
        first, *others = a.shape
        for k in range(*a.shape):
            a[k % first, 0] += 1
        for i, (k, v) in enumerate(zip(*a, strict=False)):
            a[0, i] = k + v
        return first, others

    same(f, np.ones((2, 4)))
