"""Reductions: trees in a group's memory, the same bits each time, and where order matters."""

from __future__ import annotations

import numpy as np
import pytest

import conure
from tests.devices.running import rng, there
from tests.oracle import Tolerance, same

SIZES = [1, 2, 255, 256, 257, 3000, 70_001]


def total(x):
    s = 0.0
    for i in range(len(x)):
        s += x[i]
    return s


def product(x):
    s = 1.0
    for i in range(len(x)):
        s *= x[i]
    return s


def smallest(x):
    best = x[0]
    place = 0
    for i in range(len(x)):
        if x[i] < best:
            best = x[i]
            place = i
    return best, place


def last_of_largest(x):
    best = x[0]
    place = 0
    for i in range(len(x)):
        if x[i] >= best:
            best = x[i]
            place = i
    return best, place


@pytest.mark.parametrize("size", SIZES)
def test_sum(device: str, size: int) -> None:
    there(device, total, rng.random(size), tolerance=Tolerance(1e-12))


def test_an_empty_sum(device: str) -> None:
    same(total, np.zeros(0), device=device)


def test_the_same_bits_each_time(device: str) -> None:
    x = rng.standard_normal(50_000) * 10.0 ** rng.integers(-8, 8, 50_000)
    there_ = conure.jit(device=device)(total)
    assert len({float(there_(x)).hex() for _ in range(10)}) == 1


def test_exact_sums_are_exact(device: str) -> None:
    x = rng.integers(-1000, 1000, 30_001).astype("f8")
    there(device, total, x)


@pytest.mark.parametrize("dtype", ["i8", "i4", "u8", "f4"])
def test_sums_of_numbers(device: str, dtype: str) -> None:
    x = rng.integers(0, 50, 5000).astype(dtype)

    def add(x):
        s = x.dtype.type(0) if False else 0
        for i in range(len(x)):
            s += int(x[i])
        return s

    there(device, add, x)


def test_product(device: str) -> None:
    there(device, product, 1 + rng.random(900) * 1e-3, tolerance=Tolerance(1e-12))


def test_complex_sum(device: str) -> None:
    def add(z):
        s = 0j
        for i in range(len(z)):
            s += z[i]
        return s

    z = rng.integers(-9, 9, 4000) + 1j * rng.integers(-9, 9, 4000)
    there(device, add, z)


@pytest.mark.parametrize("size", SIZES)
def test_the_first_of_the_smallest(device: str, size: int) -> None:
    there(device, smallest, rng.integers(0, max(2, size // 50), size).astype("f8"))


@pytest.mark.parametrize("size", SIZES)
def test_the_last_of_the_largest(device: str, size: int) -> None:
    there(device, last_of_largest, rng.integers(0, max(2, size // 50), size).astype("f8"))


def test_two_sums_at_once_over_two_loops(device: str) -> None:
    def both(a):
        s = 0.0
        q = 0.0
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                s += a[i, j]
                q += a[i, j] * a[i, j]
        return s, q

    there(device, both, rng.integers(-5, 5, (40, 60)).astype("f8"))


def test_sums_per_row(device: str) -> None:
    def rows(a, out):
        for i in range(a.shape[0]):
            s = 0.0
            for j in range(a.shape[1]):
                s += a[i, j]
            out[i] = s

    there(device, rows, rng.integers(-5, 5, (40, 60)).astype("f8"), np.zeros(40))


def test_a_value_after_the_last_iteration(device: str) -> None:
    def keep(x, y):
        t = 0.0
        for i in range(len(x)):
            t = x[i] * 2.0
            y[i] = t + 1.0
        return t, i

    there(device, keep, rng.random(777), np.zeros(777))


def test_any_and_all(device: str) -> None:
    def found(x):
        some = False
        every = True
        for i in range(len(x)):
            some = some or x[i] > 0.99
            every = every and x[i] > 0.01
        return some, every

    for _ in range(3):
        same(found, rng.random(500), device=device)


def test_a_search_beside_a_value_after_the_last_iteration(device: str) -> None:
    def search(a, b):
        best = -1000.0
        for i in range(len(a)):
            b[2] = a[i] * 0.5
            if a[i] >= best:
                best = a[i]
        return best

    there(device, search, rng.integers(-5, 5, 700).astype("f8"), np.zeros(4))
