"""`round` to a number of digits: of Python's numbers exactly, of NumPy's by NumPy's recipe."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.oracle import native, same, typed

SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -1e-310, 1e308, 2.0**52 + 0.5]
SPECIAL += [2.0**53, 2.0**53 + 2, 0.5, 1.5, 2.5, -2.5, 2.675, 1.005, 0.045, 1e22, 1e23, 0.49999999]


def rounding(text: str):
    """A loop that stores `text` of each element x (a NumPy scalar)."""
    lines = ["def f(a, out):", "    for i in range(len(a)):", "        x = a[i]"]
    return typed("\n".join([*lines, f"        out[i] = {text}", ""]))


def hard(digits: int) -> np.ndarray:
    """Floats next to the middle between two decimals, decimals, ordinary and special ones."""
    rng = np.random.default_rng(digits + 50)
    wholes = rng.integers(-(10**9), 10**9, 3000)
    middles = (wholes + 0.5) * 10.0**-digits
    few = (wholes[:500] % 1000 + 0.5) * 10.0**-digits
    dyadic = rng.integers(-(2**30), 2**30, 500) / 2.0 ** rng.integers(0, 30, 500)
    large = rng.integers(-(2**53), 2**53, 500) * 10.0**-digits
    spread = rng.normal(size=500) * 10.0 ** rng.integers(-25, 25, 500)
    found = np.concatenate([middles, few, dyadic, large, spread, SPECIAL])
    with np.errstate(all="ignore"):
        return np.concatenate([found, np.nextafter(found, math.inf), np.nextafter(found, -1e300)])


@pytest.mark.parametrize("digits", [0, 1, 2, 3, 5, 8, 13, 15, 16, 20, 22])
def test_python_float_is_rounded_as_a_decimal(digits):
    values = hard(digits)
    native(rounding(f"round(float(x), {digits})"), values, np.zeros_like(values))


@pytest.mark.parametrize("digits", [1, 2, 5, 13, 22])
def test_python_float_to_tens_and_more(digits):
    values = hard(-digits)
    values = values[~(np.abs(values) > 2.0**53)]
    native(rounding(f"round(float(x), -{digits})"), values, np.zeros_like(values))
    same(rounding(f"round(float(x), -{digits})"), np.array([1.5, 1e300]), np.zeros(2))


def test_too_many_digits_and_unknown_ones_are_pythons():
    def unknown(a, n, out):
        for i in range(len(a)):
            out[i] = round(float(a[i]), n)

    same(rounding("round(float(x), 23)"), hard(23), np.zeros_like(hard(23)))
    same(rounding("round(float(x), -30)"), hard(2), np.zeros_like(hard(2)))
    same(unknown, hard(2), 2, np.zeros_like(hard(2)))


def test_kinds_of_results():
    def f(a, n):
        r = None
        for i in range(n):
            x = a[i]
            r = (round(x), round(x, None), round(x, 1), round(float(x), 0), round(n, 1))
            r = (r, round(n, -1), round(True, 0), np.round(x, 1), np.round(2.25, 1), np.round(n))
        return r, round(1, True)

    for dtype in ("float64", "float32"):
        native(f, np.array([2.25, -0.75], dtype), 2)


def test_what_raises():
    assert same(rounding("round(1j, 1)"), np.zeros(2), np.zeros(2)).error == "TypeError"
    assert same(rounding("round(x, 1.0)"), np.zeros(2), np.zeros(2)).error == "TypeError"
    assert same(rounding("round(x, 1)"), np.zeros(2, bool), np.zeros(2)).error == "TypeError"
    assert same(rounding("round(float(x), -308)"), np.full(2, 1.7e308), np.zeros(2)).error
    assert same(rounding("float(x).round(1)"), np.zeros(2), np.zeros(2)).error == "AttributeError"


@pytest.mark.parametrize("digits", [0, 1, 2, -1, -2, -17, -18])
def test_python_int(digits):
    source = "def f(n, start, step, out):\n    for i in range(n):\n"
    f = typed(f"{source}        out[i] = round(start + i * step, {digits})\n")
    native(f, 400, -200, 1, np.zeros(400, np.int64))
    native(f, 100, -3 * 10**18, 5 * 10**16, np.zeros(100, np.int64))
    same(f, 3, 2**63 - 10, 1, np.zeros(3, np.int64))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("digits", [0, 1, 2, 5, 22, -1, -3, -22])
def test_numpy_float(dtype, digits):
    with np.errstate(all="ignore"):
        values = hard(digits).astype(dtype)
    for text in (f"round(x, {digits})", f"np.round(x, {digits})", f"x.round(decimals={digits})"):
        native(rounding(text), values, np.zeros_like(values))


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint16"])
def test_numpy_int(dtype):
    values = np.array([0, 5, 15, 25, 99, 127], dtype)
    for text in ("round(x)", "round(x, 1)", "np.round(x, 2)", "np.around(x)"):
        native(rounding(text), values, np.zeros_like(values))
    same(rounding("round(x, -1)"), values, np.zeros_like(values))
    same(rounding("np.round(x, -1)"), values, np.zeros_like(values))


@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
def test_numpy_complex(dtype):
    values = (hard(2) + 1j * hard(2)[::-1]).astype(dtype)
    native(rounding("np.round(x, 2)"), values, np.zeros_like(values))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "complex64"])
def test_arrays(dtype):
    def f(a, out):
        for i in range(len(a)):
            out[i, :] = np.round(a[i, :], 2) + a[i].round(1) - np.around(a[i])

    a = (np.arange(40.0) * 1.2345).reshape(4, 10).astype(dtype)
    native(f, a, np.zeros_like(a))
