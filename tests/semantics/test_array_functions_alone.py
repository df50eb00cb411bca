"""`jit` functions without a loop of their own: array code, compiled where arrays are large."""

from __future__ import annotations

import numpy as np
import pytest

import conure
from tests.oracle import FEW_ULP, compiled, observe, same

RNG = np.random.default_rng(12)


def distance(x, y):
    return np.sqrt(x * x + y * y).sum()


def options(s, k, t, r, v):
    d1 = (np.log(s / k) + (r + 0.5 * v * v) * t) / (v * np.sqrt(t))
    d2 = d1 - v * np.sqrt(t)
    call = s * np.tanh(d1) - k * np.exp(-r * t) * np.tanh(d2)
    put = k * np.exp(-r * t) - call
    return call, put, call


def corners(image):
    """Harris."""
    m, n = image.shape
    dx = (image[1:, :] - image[: m - 1, :])[:, 1:]
    dy = (image[:, 1:] - image[:, : n - 1])[1:, :]
    a = dx * dx
    b = dy * dy
    c = dx * dy
    trace = a + b
    return a * b - c * c - 0.05 * trace * trace


def derivative(x):
    inner, before, after = x[1:-1], x[:-2], x[2:]
    result = np.empty_like(x)
    result[1:-1] = 200 * (inner - before * before) - 400 * (after - inner) * inner
    result[0] = -400 * x[0] * (x[1] - x[0] ** 2)
    result[-1] = 200 * (x[-1] - x[-2] ** 2)
    return result


def in_place(x, y):
    x += 2 * y
    y[1:] = x[:-1]
    return x


def either(x, flag):
    if flag:
        return x * 2
    return x + 1


def stretched(n, x):
    made = np.zeros((n + 1, len(x)))
    made[1:, :] = x
    return made


ROW = np.linspace(0.5, 2.0, 50)
SQUARE = RNG.random((12, 17))


def wholly(function, *arguments, **more):
    outcome = same(function, *arguments, **more)
    with conure.profile() as profile:
        observe(compiled(function), arguments, "")
    assert [event.device for event in profile.events] == ["cpu"], profile
    return outcome


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (distance, (ROW, ROW[::-1])),
        (options, (ROW, ROW + 1, ROW / 3, 0.02, 0.3)),
        (corners, (SQUARE,)),
        (corners, (SQUARE.astype(np.float32),)),
        (derivative, (ROW,)),
        (in_place, (ROW, ROW + 1)),
        (stretched, (3, ROW)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_compiled_as_one(function, arguments):
    wholly(function, *arguments, tolerance=FEW_ULP)


def test_what_comes_out_is_new_each_time():
    f = compiled(derivative)
    first, second = f(ROW), f(ROW)
    assert first is not second
    assert not np.shares_memory(first, second)
    assert first.flags.owndata
    call, _, again = compiled(options)(ROW, ROW, ROW, 0.1, 0.2)
    assert call is again


@pytest.mark.parametrize("array", [SQUARE.T, np.asfortranarray(SQUARE), SQUARE[:, ::2]])
def test_the_order_of_memory_is_numpys(array):
    """An elementwise result of an array in Fortran order is in Fortran order."""
    want, got = corners(array), compiled(corners)(array)
    assert got.strides == want.strides
    np.testing.assert_array_equal(got, want)

    def turned(x):
        return x.T * 2.0

    want, got = turned(SQUARE), compiled(turned)(SQUARE)
    assert got.strides == want.strides


@pytest.mark.parametrize("flag", [True, False, 0, 2])
def test_two_ways_out(flag):
    same(either, ROW, flag)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (in_place, (ROW, ROW[:7])),
        (stretched, (-3, ROW)),
        (stretched, (-1, ROW)),
        (stretched, (2**62, ROW)),
        (derivative, (ROW[:1],)),
        (derivative, (ROW[:0],)),
        (distance, (3, 4)),
        (distance, ("a", 4)),
        (in_place, (ROW.astype(int), ROW)),
    ],
)
def test_what_raises_or_is_small(function, arguments):
    same(function, *arguments)


def test_views_of_one_array():
    x = np.linspace(1.0, 2.0, 40)
    same(in_place, x[1:], x[:-1])
    same(in_place, x, x)


def test_nothing_to_gain_is_no_refusal_and_soon_not_asked():
    def square(x, y):
        return x * x + y * y

    f = conure.jit(strict=True)(square)
    for _ in range(200):
        assert f(3.0, 4.0) == 25.0
    with conure.profile() as profile:
        f(3.0, 4.0)
    assert not profile.events


def test_small_arrays_stay_with_numpy_and_large_ones_do_not():
    f = conure.jit(distance)
    with conure.profile() as profile:
        f(ROW, ROW)
        f(np.ones(500_000), np.ones(500_000))
    assert [event.device for event in profile.events] == ["python", "cpu"]


def test_explained():
    def f(x, y):
        z = x + y
        return z * x

    shown = conure.explain(f, ROW, ROW)
    assert [loop.verdict for loop in shown.loops] == ["parallel", "parallel"]
    shown = conure.explain(f, "a", ROW)
    assert [loop.verdict for loop in shown.loops] == ["python"]
    assert conure.explain(f, 1, 2).loops == []
