"""A vector assigned to another of the same memory: NumPy copies in place if strides differ."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle import native, same


def row_from_column(b):
    for i in range(len(b)):
        b[i] = b[:, (i - 3) % len(b)]


def thinned(a, n):
    for _ in range(3):
        a[:n] = a[: 2 * n : 2]


def shifted(a, n):
    for i in range(3):
        a[i + 1 : i + n] = a[i : i + n - 1]


def reversed_in_place(a, n):
    for i in range(3):
        a[i : i + n] = a[i : i + n][::-1]


def between(x, y):
    for _ in range(2):
        x[:] = y


@pytest.mark.parametrize("transposed", [False, True])
def test_other_strides_are_left_to_numpy(transposed):
    matrix = np.random.default_rng(1).random((11, 11))
    same(row_from_column, matrix.T if transposed else matrix)
    same(thinned, np.arange(20.0), 9)


def test_equal_and_opposite_strides_are_compiled():
    native(shifted, np.arange(20.0), 9)
    native(reversed_in_place, np.arange(20.0), 9)


def test_two_overlapping_arguments():
    memory = np.arange(20.0)
    native(between, memory[1:9], memory[:8])
    same(between, memory[:8], memory[4:20:2])
    same(between, memory[4:20:2], memory[:8])
