"""Integers: Python's are exact, NumPy's wrap, and NEP 50 says which of them a result is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle import native, same

A = np.arange(1, 41)


# --- Python integers beyond 64 bits ---


def test_python_int_power_is_exact():
    def f(n):
        x = 1
        for _ in range(n):
            x = x * 10
        return x

    assert same(f, 25).value == 10**25


def test_sum_of_squares_of_python_ints_is_exact():
    def f(a):
        s = 0
        for i in range(a.shape[0]):
            s += int(a[i]) ** 2
        return s

    a = np.full(3, 897729481291011, np.int64)
    assert same(f, a).value == 3 * 897729481291011**2


@pytest.mark.parametrize("start", [2**63 - 3, -(2**63) + 2, 2**62, 2**64, 10**30])
def test_python_int_near_the_end_of_64_bits(start):
    def f(start, n):
        up = start
        down = start
        for i in range(n):
            up += i
            down -= i
        return up, down

    same(f, start, 5)


def test_python_int_product_overflows_in_one_iteration_only():
    def f(a):
        s = 0
        for i in range(a.shape[0]):
            t = int(a[i]) * int(a[i])
            if t > 0:
                s = max(s, t)
        return s

    a = np.arange(100)
    a[77] = 2**62
    assert same(f, a).value == 2**124


def test_python_int_shift_and_negation_overflow():
    def f(n):
        s = 0
        for i in range(n):
            s = s ^ (1 << i)
        m = -(2**63)
        for _ in range(1):
            m = -m
        return s, m

    same(f, 70)


def test_python_int_is_returned_as_int_and_numpy_int_as_numpy_int():
    def f(a, n):
        k = 0
        s = 0
        for i in range(n):
            k += i
            s += a[i]
        return k, s, i

    outcome = native(f, A, 40)
    assert [type(x) for x in outcome.value] == [int, np.int64, int]


def test_kind_of_a_sum_that_may_have_had_no_terms():
    def f(a, n):
        s = 0
        for i in range(n):
            s += a[i]
        return s

    same(f, A, 0)
    same(f, A, 3)


def test_kind_of_a_conditional_sum():
    def f(a, limit):
        s = 0
        for i in range(a.shape[0]):
            if a[i] > limit:
                s += a[i]
        return s

    same(f, A, 10)
    same(f, A, 1000)


# --- floor division and remainder ---


@pytest.mark.parametrize("divisor", [3, -3, 7, -1, 1])
def test_floor_division_and_remainder_of_python_ints(divisor):
    def f(out, divisor):
        for i in range(-10, 10):
            out[i + 10, 0] = i // divisor
            out[i + 10, 1] = i % divisor

    native(f, np.zeros((20, 2), np.int64), divisor)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint64"])
def test_floor_division_and_remainder_of_numpy_ints(dtype):
    def f(a, b, q, r):
        for i in range(a.shape[0]):
            q[i] = a[i] // b[i]
            r[i] = a[i] % b[i]

    a = np.arange(20).astype(dtype)
    b = np.array([1, 2, 3, 5, 7] * 4).astype(dtype)
    if not dtype.startswith("u"):
        a -= 10
        b[::2] *= -1
    native(f, a, b, np.zeros_like(a), np.zeros_like(a))


def test_divmod_of_python_and_numpy_ints():
    def f(a, out):
        for i in range(a.shape[0]):
            q, r = divmod(i - 5, 3)
            p, s = divmod(a[i], -4)
            out[i] = q * 1000 + r * 100 + p * 10 + s

    native(f, A, np.zeros(40, np.int64))


def test_python_int_division_by_zero_raises_and_keeps_earlier_writes():
    def f(out, n):
        for i in range(n):
            out[i] = 100 // (i - 7)

    assert same(f, np.zeros(10), 10).error == "ZeroDivisionError"


def test_python_int_remainder_by_zero_raises():
    def f(out, n):
        for i in range(n):
            out[i] = 100 % (i - 7)

    assert same(f, np.zeros(10), 10).error == "ZeroDivisionError"


def test_numpy_int_division_by_zero_gives_zero():
    def f(a, b, q, r):
        for i in range(a.shape[0]):
            q[i] = a[i] // b[i]
            r[i] = a[i] % b[i]

    b = np.arange(40) % 4
    outcome = same(f, A, b, np.ones(40, np.int64), np.ones(40, np.int64))
    assert outcome.arguments[2][0] == 0


def test_smallest_numpy_int_divided_by_minus_one():
    def f(a, q, r):
        for i in range(a.shape[0]):
            q[i] = a[i] // -1
            r[i] = a[i] % -1

    a = np.array([-(2**63), 5, -(2**63) + 1])
    same(f, a, np.zeros(3, np.int64), np.zeros(3, np.int64))


# --- NumPy integers wrap; NEP 50 ---


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8", "uint16", "uint64"])
def test_numpy_int_arithmetic_wraps(dtype):
    def f(a, out):
        for i in range(a.shape[0]):
            out[i, 0] = a[i] + a[i]
            out[i, 1] = a[i] * a[i]
            out[i, 2] = a[i] - a[0]

    info = np.iinfo(dtype)
    a = np.array([info.max, info.min, 1, info.max - 1], dtype)
    same(f, a, np.zeros((4, 3), dtype))


def test_uint8_plus_small_python_int_wraps():
    def f(a, out):
        for i in range(a.shape[0]):
            out[i] = a[i] + 100

    outcome = same(f, np.array([200, 5], np.uint8), np.zeros(2, np.int64))
    assert outcome.arguments[1][0] == 44


def test_uint8_plus_large_python_int_raises():
    def f(a, out):
        for i in range(a.shape[0]):
            out[i] = a[i] + 300

    assert same(f, np.array([1, 2], np.uint8), np.zeros(2)).error == "OverflowError"


def test_uint8_plus_loop_variable_raises_when_it_no_longer_fits():
    def f(a, out):
        for i in range(a.shape[0]):
            out[i] = a[i] + i

    outcome = same(f, np.zeros(300, np.uint8), np.zeros(300))
    assert outcome.error == "OverflowError"
    assert outcome.arguments[1][255] == 255


@pytest.mark.parametrize("one", ["int8", "uint8", "int32", "uint32", "int64", "uint64", "float32"])
@pytest.mark.parametrize("two", ["bool", "int16", "uint64", "float32", "float64", "complex64"])
def test_promotion_of_two_numpy_scalars(one, two):
    def f(a, b):
        s = 0
        for i in range(a.shape[0]):
            t = a[i] + b[i]
            s = a[i] * b[i]
        return t, s

    same(f, np.arange(1, 6).astype(one), np.arange(5).astype(two))


@pytest.mark.parametrize(
    "scalar",
    [
        3,
        2.5,
        1j,
        True,
        np.int8(3),
        np.uint64(3),
        np.float32(2),
        np.float64(2),
        np.complex64(1j),
        np.True_,
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "bool"])
def test_promotion_of_element_and_scalar(scalar, dtype):
    def f(a, x):
        s = x
        for i in range(a.shape[0]):
            t = a[i] * x
            s = s + a[i]
        return t, s

    same(f, np.arange(4).astype(dtype), scalar)


def test_comparison_of_uint64_with_negative():
    def f(a, b):
        n = 0
        for i in range(a.shape[0]):
            if a[i] > b[i]:
                n += 1
            if a[i] > -1:
                n += 10
        return n

    same(f, np.array([2**63, 1], np.uint64), np.array([-1, 5]))


def test_bitwise_operators_and_shifts():
    def f(a, out):
        for i in range(a.shape[0]):
            out[i, 0] = a[i] & 12 | i
            out[i, 1] = a[i] ^ ~i
            out[i, 2] = (a[i] << 3) >> 1
            out[i, 3] = a[i] >> (i % 64)

    native(f, A, np.zeros((40, 4), np.int64))


def test_negative_shift_raises():
    def f(out):
        for i in range(5):
            out[i] = 1 << (3 - i)

    assert same(f, np.zeros(5, np.int64)).error == "ValueError"


# --- stores ---


@pytest.mark.parametrize("value", [127, 128, -128, -129, 300])
def test_store_of_python_int_into_int8(value):
    def f(a, value):
        for i in range(a.shape[0]):
            a[i] = value + i

    same(f, np.zeros(3, np.int8), value)


def test_store_of_negative_python_int_into_uint64():
    def f(a):
        for i in range(a.shape[0]):
            a[i] = 2 - i

    assert same(f, np.zeros(5, np.uint64)).error == "OverflowError"


def test_store_of_numpy_int_wraps():
    def f(a, b):
        for i in range(a.shape[0]):
            a[i] = b[i]

    same(f, np.zeros(4, np.int8), np.array([127, 128, 300, -1]))


def test_store_of_python_int_beyond_64_bits():
    def f(a, x):
        for i in range(a.shape[0]):
            a[i] = x + i

    assert same(f, np.zeros(3, np.int64), 2**63 - 2).error == "OverflowError"
    same(f, np.zeros(3), 2**70)


def test_store_of_float_into_int_truncates():
    def f(a, b):
        for i in range(a.shape[0]):
            a[i] = b[i]

    same(f, np.zeros(4, np.int64), np.array([2.9, -2.9, 0.5, -0.5]))
    same(f, np.zeros(4, np.int32), np.array([2.9, -2.9, 0.5, -0.5], np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300, -1e19])
def test_store_of_nan_or_huge_python_float_into_int(bad):
    def f(a, x):
        for i in range(a.shape[0]):
            if i == 2:
                a[i] = x
            else:
                a[i] = 1.5

    same(f, np.zeros(4, np.int64), bad)
    same(f, np.zeros(4, np.int64), np.float64(bad))


def test_store_of_complex_into_float_raises():
    def f(a, b):
        for i in range(a.shape[0]):
            a[i] = b[i] + 1j

    same(f, np.zeros(4), np.ones(4))


def test_bool_arithmetic():
    def f(a, out):
        n = 0
        for i in range(a.shape[0]):
            n += a[i]
            out[i] = a[i] + a[i]
            if a[i] and not out[i] or a[i] ^ True:
                n += 10
        return n

    same(f, np.array([True, False, True]), np.zeros(3, np.int64))


def test_bool_minus_bool_raises():
    def f(a, out):
        for i in range(a.shape[0]):
            out[i] = a[i] - a[i]

    assert same(f, np.array([True, False]), np.zeros(2)).error == "TypeError"


# --- powers ---


def test_python_int_to_negative_power_is_float():
    def f(out):
        for i in range(out.shape[0]):
            out[i] = 2 ** (3 - i)

    native(f, np.zeros(8))


def test_numpy_int_to_negative_power_raises():
    def f(a, out):
        for i in range(a.shape[0]):
            out[i] = a[i] ** (1 - i)

    assert same(f, np.full(4, 2), np.zeros(4)).error == "ValueError"


def test_zero_to_negative_power_raises():
    def f(out):
        for i in range(out.shape[0]):
            out[i] = i**-1

    assert same(f, np.zeros(3)).error == "ZeroDivisionError"


def test_integer_powers_overflow_as_their_kind_does():
    def f(a, out):
        s = 0
        for i in range(a.shape[0]):
            out[i] = a[i] ** 40
            s += i**40
        return s

    same(f, np.arange(10), np.zeros(10, np.int64))
