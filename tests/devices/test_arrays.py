"""Where arrays lie: strides, views, overlaps, kinds of elements, ranks, arrays made on the way."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import conure
from tests.devices.running import rng, there
from tests.oracle import same


def scale(x, y):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = 2 * x[i, j] + 1


VIEWS = {
    "C": lambda a: a,
    "F": np.asfortranarray,
    "transposed": lambda a: a.T,
    "every other": lambda a: a[::2, ::3],
    "backwards": lambda a: a[::-1, ::-1],
    "rows": lambda a: a[3:7],
    "columns": lambda a: a[:, 2:5],
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i4", "i2", "u1", "u4", "c8", "c16", "?"])
def test_strides(device: str, view: str, dtype: str) -> None:
    if dtype == "?":
        function = invert
        whole = rng.random((12, 14)) < 0.5
    else:
        function = scale
        whole = (rng.random((12, 14)) * 20).astype(dtype)
    x = VIEWS[view](whole)
    y = VIEWS[view](np.zeros_like(whole))
    there(device, function, x, y)


def invert(x, y):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = not x[i, j]


def shifted(a, b, n):
    for i in range(n):
        a[i] = b[i] + 1.0


def test_views_of_one_array_that_do_not_overlap(device: str) -> None:
    base = rng.random(100)
    there(device, shifted, base[:50], base[50:], 50)


def test_overlap_that_forbids_it(device: str) -> None:
    base = rng.random(100)
    same(shifted, base[1:51], base[:50], 50, device=device)


def test_overlap_that_a_guard_allows(device: str) -> None:
    def shift(a, k, n):
        for i in range(n):
            a[i] = a[i + k] * 2.0

    for k in (0, 1, 40):
        same(shift, rng.random(100), k, 40, device=device)


def test_the_same_array_twice(device: str) -> None:
    x = rng.random(64)
    there(device, shifted, x, x, 64)


def test_gaps_are_left_alone(device: str) -> None:
    """What lies between the elements of a view belongs to others: to another thread, say."""
    base = np.zeros((2000, 2))
    other = threading.Thread(target=lambda: base[:, 1].fill(1.0))
    twice = conure.jit(device=device)(shifted)
    source = np.ones(2000)
    twice(base[:, 0], source, 2000)
    other.start()
    for _ in range(20):
        twice(base[:, 0], source, 2000)
    other.join()
    assert (base[:, 1] == 1.0).all()
    assert (base[:, 0] == 2.0).all()


def test_four_dimensions(device: str) -> None:
    def cube(a):
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                for k in range(a.shape[2]):
                    for m in range(a.shape[3]):
                        a[i, j, k, m] = ((i * 10 + j) * 10 + k) * 10 + m

    there(device, cube, np.zeros((4, 5, 3, 7)))


def test_a_column_major_walk_over_rows(device: str) -> None:
    def walk(a, b):
        for j in range(a.shape[1]):
            for i in range(a.shape[0]):
                b[i, j] = a[i, j] + i - j

    there(device, walk, rng.random((37, 23)), np.zeros((37, 23)))


def test_steps_and_backwards(device: str) -> None:
    def walk(a, n):
        for i in range(n - 1, 0, -3):
            a[i] = i * 0.5

    there(device, walk, np.zeros(100), 100)


def test_arrays_made_on_the_way(device: str) -> None:
    def smooth(x, steps):
        n = len(x)
        for _ in range(steps):
            t = np.empty(n)
            for i in range(1, n - 1):
                t[i] = 0.5 * (x[i - 1] + x[i + 1])
            for i in range(1, n - 1):
                x[i] = t[i]
        return x[3]

    same(smooth, rng.random(200), 5, device=device)


def test_names_that_trade_places(device: str) -> None:
    def swap(a, b, steps):
        n = len(a)
        for _ in range(steps):
            for i in range(1, n - 1):
                b[i] = 0.5 * (a[i - 1] + a[i + 1])
            a, b = b, a
        return a[1]

    for steps in (0, 1, 2, 5):
        same(swap, rng.random(50), rng.random(50), steps, device=device)


def test_the_host_reads_and_writes_in_between(device: str) -> None:
    def relay(a, b, steps):
        total = 0.0
        for t in range(steps):
            a[0] = t + 1.0
            for i in range(len(a)):
                b[i] = a[i] * 2.0
            total = total * 0.5 + b[0]
            for i in range(len(a)):
                a[i] = b[i] + 1.0
        return total

    there(device, relay, rng.random(30), np.zeros(30), 4)


def test_read_only_arrays(device: str) -> None:
    x = rng.random(20)
    x.flags.writeable = False
    there(device, shifted, np.zeros(20), x, 20)


def test_array_expressions(device: str) -> None:
    def expression(x, y, z):
        for _ in range(1):
            z[...] = np.sqrt(x * x + y * y) - 0.5

    there(device, expression, rng.random((20, 30)), rng.random((20, 30)), np.zeros((20, 30)))


def test_the_host_writes_through_another_view(device: str) -> None:
    def relay(a, b, steps):
        best = -1000.0
        for _ in range(steps):
            for i in range(1, len(a)):
                a[i] = a[i - 1] + 1.0  # in order: on the host
            for i in range(len(b)):
                if b[i] >= best:
                    best = b[i]
        return best

    base = rng.integers(0, 9, 20).astype("f8")
    same(relay, base, base[:-1], 3, device=device)


def test_a_view_that_is_longer_than_what_is_there(device: str) -> None:
    def relay(a, b, steps):
        best = -1000.0
        for t in range(steps):
            for i in range(1, len(a)):
                b[(3 * i) % len(b)] = a[i - 1] + t
                a[i] = a[i - 1] + 1.0
            for i in range(len(b)):
                if b[i] >= best:
                    best = b[i]
        return best

    base = rng.integers(0, 9, 20).astype("f8")
    same(relay, base, base[:-1], 3, device=device)
