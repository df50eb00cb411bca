"""Functions of `math`, of NumPy, of ints: at special values of each dtype."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from tests.oracle import FEW_ULP, each, typed, unary, verdicts

REALS = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e300, -1e-310, 5e-324, 2.0**52 + 1, 1e-9]
REALS += [math.inf, -math.inf, math.nan, 1e17, -0.3, 170.5, 2.0**-70, 2.0**70]
INTEGERS = [0, 1, -1, 2, 3, -7, 8, 31, 63, 64, 100, 127, -128]
DTYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
DTYPES += ["float32", "float64", "bool"]


def values(dtype: str) -> list[np.generic]:
    """Special values of a dtype."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        with np.errstate(all="ignore"):
            return [kind.type(value) for value in REALS]
    if kind.kind == "b":
        return [np.False_, np.True_]
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    few = {low, low + 1, high - 1, high, *INTEGERS}
    return [kind.type(value) for value in sorted(few) if low <= value <= high]


def binary(text: str):
    """A loop that gives the value of `text` at x and y."""
    lines = ["def f(x, y, n):", "    r = None", "    for i in range(n):", f"        r = {text}"]
    return typed("\n".join([*lines, "    return r", ""]))


NUMPY_OF_ONE = ["fix", "isnan", "isinf", "isfinite", "signbit", "fabs", "sign", "rint", "trunc"]
NUMPY_OF_TWO = ["heaviside", "divmod", "float_power", "left_shift", "right_shift", "logical_xor"]
NUMPY_OF_TWO += ["power"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NUMPY_OF_ONE)
def test_numpy_function_of_one(name, dtype):
    each(unary(f"np.{name}(z)"), values(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NUMPY_OF_TWO)
def test_numpy_function_of_two(name, dtype):
    chosen = values(dtype)
    chosen = chosen[:2] + chosen[2::3] + chosen[-2:]
    each(binary(f"np.{name}(x, y)"), itertools.product(chosen, chosen), FEW_ULP)


@pytest.mark.parametrize("name", NUMPY_OF_ONE + NUMPY_OF_TWO + ["real", "imag", "angle"])
def test_function_is_compiled(name):
    number = 3 if "shift" in name else 2.5
    if name in NUMPY_OF_TWO:
        assert "python" not in verdicts(binary(f"np.{name}(x, y)"), number, number, 1)
    else:
        assert "python" not in verdicts(unary(f"np.{name}(z)"), number, 1)


def test_numpy_functions_of_python_numbers():
    for name in ("fix", "isnan", "signbit", "round", "angle", "real", "imag"):
        each(unary(f"np.{name}(z)"), [*REALS, 0, -3, True])
    for name in ("heaviside", "divmod", "float_power", "logical_xor"):
        each(
            binary(f"np.{name}(x, y)"),
            itertools.product([0.5, -0.0, 3, 0], [2.0, -1.5, 2]),
            FEW_ULP,
        )


@pytest.mark.parametrize("name", ["modf", "frexp", "factorial", "fabs", "ulp"])
def test_math_function_of_one(name):
    chosen = [*REALS, *INTEGERS, 20, 21, True, np.float32(0.1), np.int8(5), np.True_]
    each(unary(f"math.{name}(z)"), chosen)
    if name != "ulp":
        assert "python" not in verdicts(unary(f"math.{name}(z)"), 3, 1)


@pytest.mark.parametrize("name", ["comb", "perm", "gcd", "lcm"])
def test_math_function_of_two_ints(name):
    chosen = [0, 1, 2, 5, 20, 40, 66, -1, 2**40, True, np.int8(7), np.uint64(3), 2.0, np.True_]
    pairs = [pair for pair in itertools.product(chosen, chosen) if pair[1] != 2**40]
    each(binary(f"math.{name}(x, y)"), pairs)


def test_hypot_of_three():
    lines = ["def f(x, y, z, n):", "    for i in range(n):", "        r = math.hypot(x, y, z)"]
    f = typed("\n".join([*lines, "    return r", ""]))
    assert "python" not in verdicts(f, 1.0, 2.0, 3.0, 1)
    few = [0.0, -3.0, 1e200, 5e-324, math.inf, math.nan, 1.7e308]
    each(f, itertools.product(few, few, few), FEW_ULP)


def test_methods_of_ints_and_floats():
    each(
        unary("(int(z).bit_length(), int(z).bit_count())"), [*INTEGERS, 2**62, -(2**63), 2**63 - 1]
    )
    each(unary("z.bit_length()"), [5, True, np.int64(5), 2.0])
    each(unary("z.is_integer()"), [*REALS, 3, np.int8(3), np.float32(2.5), True, 1j, np.True_])
