"""Floats: which zero divisions raise, which bits come out, and of what kind they are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.oracle import FEW_ULP, Tolerance, compiled, native, parallel, same

SPECIAL = np.array([0.0, -0.0, 1.0, -1.5, np.inf, -np.inf, np.nan, 5e-324, 1e308, -1e-310])
ODD = np.array([-7.0, 7.0, -0.0, 2.5, 1e300, -1e-300])


# --- division ---


def test_division_by_numpy_zero_gives_infinity():
    def f(a, out):
        for i in range(a.shape[0]):
            out[i] = 1.0 / a[i]

    assert native(f, SPECIAL, np.zeros(10)).arguments[1][0] == np.inf


def test_numpy_element_divided_by_python_zero():
    def f(a, x):
        for i in range(a.shape[0]):
            a[i] = a[i] / x

    assert not native(f, SPECIAL.copy(), 0.0).error


def test_python_float_division_by_zero_raises():
    def f(out, x):
        for i in range(out.shape[0]):
            out[i] = x / (i - 3.0)

    outcome = same(f, np.zeros(6), 2.0)
    assert outcome.error == "ZeroDivisionError"
    assert outcome.arguments[0][2] == -2.0


def test_python_int_true_division_by_zero_raises():
    def f(out):
        for i in range(out.shape[0]):
            out[i] = i / (i - 3)

    assert same(f, np.zeros(6)).error == "ZeroDivisionError"


def test_true_division_of_large_python_ints_is_rounded_once():
    def f(out, n):
        for i in range(out.shape[0]):
            out[i] = (n + i) / 3

    same(f, np.zeros(8), 2**53 + 1)
    same(f, np.zeros(8), 2**62 + 1)


def test_floor_division_and_remainder_of_floats():
    def f(a, out):
        for i in range(a.shape[0]):
            for j in range(a.shape[0]):
                out[i, j, 0] = a[i] // a[j]
                out[i, j, 1] = a[i] % a[j]

    native(f, SPECIAL, np.zeros((10, 10, 2)))


@pytest.mark.parametrize("divisor", [math.inf, -math.inf, 3.0, -3.0, 0.1])
def test_remainder_of_python_floats(divisor):
    def f(out, x):
        for i in range(-5, 5):
            out[i + 5] = (i * 1.5) % x
            out[i + 15] = (i * 1.5) // x

    native(f, np.zeros(20), divisor)


def test_remainder_of_python_float_by_zero_raises():
    def f(out, x):
        for i in range(out.shape[0]):
            out[i] = 1.5 % (x - i)

    assert same(f, np.zeros(4), 2.0).error == "ZeroDivisionError"


# --- sums: order, kind, single precision ---


def test_float32_accumulator_stays_float32():
    def f(a):
        s = 0
        for i in range(a.shape[0]):
            s += a[i]
        return s

    a = np.full(20000, 0.1, np.float32)
    outcome = same(f, a, tolerance=Tolerance(single=1e-3))
    assert type(outcome.value) is np.float32


def test_float32_accumulator_is_exact_on_integers_and_saturates_like_float32():
    def f(a):
        s = np.float32(2**24)
        for i in range(a.shape[0]):
            s += a[i] - a[i]
        return s

    native(f, np.full(300, 0.1, np.float32))


def test_sum_starting_at_minus_zero():
    def f(a):
        s = -0.0
        for i in range(a.shape[0]):
            s += a[i]
        return s

    same(f, np.full(100, -0.0))
    same(f, np.zeros(0))


def test_sum_and_product_with_special_values():
    def f(a):
        s = 0.0
        p = 1.0
        for i in range(a.shape[0]):
            s += a[i]
            p *= a[i]
        return s, p

    same(f, np.array([1.0, np.inf, 2.0]))
    same(f, np.array([1.0, np.inf, -np.inf, 2.0]))
    same(f, np.array([0.0, np.inf, 2.0]))
    same(f, np.array([-0.0, 3.0, 2.0]))


def test_sum_is_the_same_for_every_number_of_threads():
    def f(a):
        s = 0.0
        for i in range(a.shape[0]):
            s += a[i] * 1.1
        return s

    a = np.random.default_rng(1).standard_normal(300_000)
    found = set()
    for threads in (1, 2, 3, 7):
        found.add(float(compiled(f, threads=threads)(a)).hex())
    assert len(found) == 1


def test_exact_order_on_request():
    def f(a):
        s = 0.0
        for i in range(a.shape[0]):
            s += a[i]
        return s

    same(f, np.random.default_rng(2).standard_normal(50_000), float_order="exact")


def test_no_contraction_into_fused_multiply_add():
    def f(a, b, c, out):
        for i in range(a.shape[0]):
            out[i] = a[i] * b[i] + c[i]

    rng = np.random.default_rng(3)
    a, b = rng.standard_normal(1000), rng.standard_normal(1000)
    parallel(f, a, b, -(a * b), np.zeros(1000))


def test_no_reassociation_outside_of_reductions():
    def f(a, b, out):
        for i in range(a.shape[0]):
            out[i] = (a[i] + b[i]) - a[i]

    parallel(f, np.full(100, 1e16), np.ones(100), np.zeros(100))


@pytest.mark.parametrize(
    "scalar", [2.0, 3, True, np.float32(3), np.float64(3), np.int32(2), np.int64(2), np.uint8(1)]
)
def test_float32_with_scalars(scalar):
    def f(a, x, out):
        s = a[0]
        for i in range(a.shape[0]):
            t = a[i] * x
            out[i] = t + 1
            s = s + t
        return t, s

    a = np.arange(5).astype(np.float32)
    native(f, a, scalar, np.zeros(5))
    native(f, a, scalar, np.zeros(5, np.float32))


def test_float32_expression_is_rounded_at_each_step():
    def f(a, b, out):
        for i in range(a.shape[0]):
            out[i] = a[i] * b[i] + a[i] / b[i]

    rng = np.random.default_rng(4)
    a, b = (rng.standard_normal(200).astype(np.float32) for _ in range(2))
    parallel(f, a, b, np.zeros(200))


def test_subnormals_are_kept():
    def f(a, out):
        for i in range(a.shape[0]):
            out[i] = a[i] * 0.5

    parallel(f, np.array([1e-308, 5e-324, 1e-310] * 10), np.zeros(30))


# --- min, max, comparisons, rounding ---


@pytest.mark.parametrize("order", ["nan first", "nan last", "zeros"])
def test_builtin_min_max_depend_on_order(order):
    def f(a, out):
        for i in range(a.shape[0]):
            out[i, 0] = min(a[i], 1.0)
            out[i, 1] = min(1.0, a[i])
            out[i, 2] = max(a[i], 0.0)
            out[i, 3] = max(0.0, a[i])
            out[i, 4] = min(a[i], 0.0, -0.0)

    a = {"nan first": [np.nan, 1.0], "nan last": [1.0, np.nan], "zeros": [-0.0, 0.0]}[order]
    native(f, np.array(a), np.zeros((2, 5)))


def test_python_min_max_of_python_floats():
    def f(x, y):
        a = b = 0.0
        for _ in range(3):
            a = min(x, y)
            b = max(x, y)
        return a, b

    for x, y in ((math.nan, 1.0), (1.0, math.nan), (0.0, -0.0), (-0.0, 0.0)):
        same(f, x, y)


def test_min_reduction_with_nan():
    def f(a):
        low = math.inf
        high = -math.inf
        other = a[0]
        for i in range(a.shape[0]):
            low = min(low, a[i])
            high = max(a[i], high)
            if a[i] < other:
                other = a[i]
        return low, high, other

    for place in (0, 1, 50, 99):
        a = np.random.default_rng(5).standard_normal(100)
        a[place] = np.nan
        same(f, a)
    same(f, np.array([0.0, -0.0, 0.0, -0.0]))
    same(f, np.array([-0.0, 0.0, -0.0]))


def test_min_of_different_kinds_keeps_the_kind_of_the_smaller():
    def f(a, limit):
        t = 0
        u = 0
        for i in range(a.shape[0]):
            t = min(a[i], limit)
            u = max(a[i], i)
        return t, u

    same(f, np.array([1.0, 5.0]), 3)
    same(f, np.array([5.0, 1.0]), 3)
    same(f, np.array([3.0, 3.0]), 3)


def test_numpy_minimum_maximum_propagate_nan():
    def f(a, b, out):
        for i in range(a.shape[0]):
            out[i, 0] = np.minimum(a[i], b[i])
            out[i, 1] = np.maximum(a[i], b[i])
            out[i, 2] = np.fmin(a[i], b[i])
            out[i, 3] = np.fmax(a[i], b[i])

    native(f, SPECIAL, SPECIAL[::-1].copy(), np.zeros((10, 4)))


def test_comparisons_with_nan():
    def f(a, b):
        n = 0
        for i in range(a.shape[0]):
            for j in range(b.shape[0]):
                n = n * 2 + (a[i] < b[j])
                n = (n * 2 + (a[i] >= b[j])) % 1000003
                if not a[i] < b[j]:
                    n += 1
                if a[i] != b[j]:
                    n += 3
                if a[i] == b[j]:
                    n += 5
        return n

    native(f, SPECIAL, SPECIAL)


def test_truth_of_floats():
    def f(a):
        n = 0
        for i in range(a.shape[0]):
            if a[i]:
                n += 1
            t = a[i] or 3.0
            u = a[i] and 4.0
        return n, t, u

    same(f, SPECIAL)
    same(f, np.array([0.0]))


@pytest.mark.parametrize("digits", [None, 0, 2, -1])
def test_round(digits):
    def plain(out):
        for i in range(out.shape[0]):
            out[i] = round(i * 0.5)

    def to_digits(out, digits):
        for i in range(out.shape[0]):
            out[i] = round(i * 0.625 + 13, digits)

    if digits is None:
        same(plain, np.zeros(12))
        same(plain, np.zeros(12, np.int64))
    else:
        same(to_digits, np.zeros(12), digits)


def test_round_of_numpy_float_is_int_and_raises_for_nan():
    def f(a):
        t = 0
        for i in range(a.shape[0]):
            t = round(a[i])
        return t

    same(f, np.array([2.5, 3.5]))
    same(f, np.array([2.5, np.nan]))


def test_int_of_floats():
    def f(a):
        s = 0
        for i in range(a.shape[0]):
            s += int(a[i]) * 3
        return s

    same(f, ODD[:4])
    assert same(f, np.array([1.0, 1e300])).value == 3 * int(1e300) + 3
    assert same(f, np.array([1.0, np.nan])).error == "ValueError"
    assert same(f, np.array([1.0, np.inf])).error == "OverflowError"


# --- powers and roots: the type decides ---


def test_negative_python_float_to_fractional_power_is_complex():
    def f(x):
        t = 0.0
        for _ in range(3):
            t = x ** (1 / 3)
        return t

    assert type(same(f, -8.0, tolerance=FEW_ULP).value) is complex
    same(f, 8.0, tolerance=FEW_ULP)


def test_negative_numpy_float_to_fractional_power_is_nan():
    def f(a, out):
        for i in range(a.shape[0]):
            out[i] = a[i] ** (1 / 3)

    assert np.isnan(same(f, np.array([-8.0, 8.0]), np.zeros(2), tolerance=FEW_ULP).arguments[1][0])


def test_python_float_power_overflow_raises():
    def f(x, out):
        for i in range(out.shape[0]):
            out[i] = x**i

    assert same(f, 1e100, np.zeros(6), tolerance=FEW_ULP).error == "OverflowError"


def test_zero_float_to_negative_power_raises():
    def f(x, out):
        for i in range(out.shape[0]):
            out[i] = (x - i) ** -1

    assert same(f, 2.0, np.zeros(4), tolerance=FEW_ULP).error == "ZeroDivisionError"


def test_square_root_of_negative():
    def by_math(a, out):
        for i in range(a.shape[0]):
            out[i] = math.sqrt(a[i])

    def by_numpy(a, out):
        for i in range(a.shape[0]):
            out[i] = np.sqrt(a[i])

    a = np.array([4.0, 9.0, -1.0, 16.0])
    assert same(by_math, a, np.zeros(4)).error == "ValueError"
    native(by_numpy, a, np.zeros(4))


@pytest.mark.parametrize("name", ["log", "exp", "acos", "sqrt", "pow", "fmod", "sin", "floor"])
def test_domain_errors_of_math(name):
    def f(a, out):
        for i in range(a.shape[0]):
            if name == "log":
                out[i] = math.log(a[i])
            elif name == "exp":
                out[i] = math.exp(a[i])
            elif name == "acos":
                out[i] = math.acos(a[i])
            elif name == "sqrt":
                out[i] = math.sqrt(a[i])
            elif name == "pow":
                out[i] = math.pow(a[i], 0.5)
            elif name == "fmod":
                out[i] = math.fmod(a[i], a[i] - 2.0)
            elif name == "sin":
                out[i] = math.sin(a[i])
            else:
                out[i] = math.floor(a[i])

    for bad in (0.5, -1.0, 2.0, 0.0, 1000.0, np.inf, np.nan):
        a = np.array([0.25, 0.5, bad, 0.75])
        same(f, a, np.zeros(4), tolerance=FEW_ULP)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_numpy_elementary_functions(dtype):
    def f(a, out):
        for i in range(a.shape[0]):
            out[i, 0] = np.exp(a[i])
            out[i, 1] = np.log(a[i])
            out[i, 2] = np.sin(a[i]) + np.cos(a[i])
            out[i, 3] = np.tanh(a[i]) + np.arctan(a[i])
            out[i, 4] = np.floor(a[i]) + np.ceil(a[i])
            out[i, 5] = np.hypot(a[i], 2) + np.arctan2(a[i], 3)

    a = np.linspace(0.5, 2.5, 50).astype(dtype)
    native(f, a, np.zeros((50, 6), dtype), tolerance=Tolerance(1e-12, 2e-5))


def test_signs_of_zero_and_copysign():
    def f(a, out):
        for i in range(a.shape[0]):
            out[i, 0] = -a[i]
            out[i, 1] = abs(a[i])
            out[i, 2] = math.copysign(1.0, a[i])
            out[i, 3] = 0.0 - a[i]
            out[i, 4] = a[i] * -1
            out[i, 5] = a[i] + 0.0

    native(f, SPECIAL, np.zeros((10, 6)))


# --- complex ---


@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
def test_complex_arithmetic(dtype):
    def f(a, b, out):
        s = 0j
        for i in range(a.shape[0]):
            out[i] = a[i] * b[i] + a[i].conjugate() - b[i] * 2.0
            s += out[i] * 1j
        return s, a[0].real, a[0].imag

    rng = np.random.default_rng(6)
    a, b = (
        (rng.integers(-9, 9, 30) + 1j * rng.integers(-9, 9, 30)).astype(dtype) for _ in range(2)
    )
    native(f, a, b, np.zeros(30, dtype))


def test_python_complex():
    def f(c, limit):
        z = 0j
        n = 0
        while abs(z) <= 2.0 and n < limit:
            z = z * z + c
            n += 1
        return z, n

    same(f, complex(-0.5, 0.25), 50, tolerance=FEW_ULP)
    same(f, complex(0.5, 0.5), 50, tolerance=FEW_ULP)


def test_complex_division_by_zero():
    def python(x, n):
        z = 1j
        for i in range(n):
            z = z / (x - i)
        return z

    assert same(python, 2 + 0j, 4).error == "ZeroDivisionError"


# --- powers ---


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("exponent", [0.5, 2.0, 1.5, -1.0])
def test_root_as_a_power_of_an_array(dtype, exponent):
    """NumPy's arrays take the root, which of -0.0 is -0.0; its scalars and C's pow give 0.0."""

    def f(a, e, b, out):
        for i in range(len(a)):
            out[0, i : i + 1] = a[i : i + 1] ** e
            out[1, i] = a[i] ** e
            out[2, i] = np.power(a[i], e)
            out[3, i] = np.power(a[i], b[i])
            out[4, i : i + 1] = a[i : i + 1] ** 0.5

    a = SPECIAL.astype(dtype)
    native(f, a, exponent, np.full_like(a, exponent), np.zeros((5, 10), dtype), tolerance=FEW_ULP)
