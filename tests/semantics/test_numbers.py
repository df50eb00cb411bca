"""Scalars and arrays of every dtype, and functions of numbers, compiled natively."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.oracle import FEW_ULP, Tolerance, native, same, typed

A = np.arange(1.0, 13.0)
DTYPES = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "complex64",
    "complex128",
]


# --- scalars of every kind ---


@pytest.mark.parametrize(
    "value", [3, 2.5, True, 1 - 2j, *(np.dtype(name).type(1) for name in DTYPES)]
)
def test_scalar_arguments_of_every_kind(value):
    def f(a, out, x):
        y = x
        for i in range(a.shape[0]):
            out[i] = a[i] * x
            y = x
        return y, x

    native(f, A, np.zeros(12, complex), value)


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_of_every_dtype(dtype):
    def f(a, out):
        t = a[0]
        for i in range(a.shape[0]):
            out[a.shape[0] - 1 - i] = a[i]
            if a[i] == a[3]:
                t = a[i]
        return t, out[2]

    a = (np.arange(10) % 7).astype(dtype)
    native(f, a, np.zeros(10, dtype))


@pytest.mark.parametrize("dtype", [name for name in DTYPES if name != "bool"])
def test_arithmetic_of_every_dtype(dtype):
    def f(a, b, out):
        for i in range(a.shape[0]):
            out[i] = a[i] * b[i] + a[i] - 1

    a = np.arange(1, 9).astype(dtype)
    native(f, a, a[::-1].copy(), np.zeros_like(a))


# --- functions of numbers ---


@pytest.mark.parametrize(
    "name",
    [
        "sqrt",
        "exp",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "atanh",
        "erf",
        "erfc",
        "gamma",
        "lgamma",
        "floor",
        "ceil",
        "trunc",
        "fabs",
        "degrees",
        "radians",
        "cbrt",
        "exp2",
        "isnan",
        "isinf",
        "isfinite",
    ],
)
def test_math_functions_of_one_argument(name):
    lines = f"def f(a, out):\n    for i in range(a.shape[0]):\n        out[i] = math.{name}(a[i])\n"
    native(typed(lines), np.linspace(0.05, 0.95, 20), np.zeros(20), tolerance=FEW_ULP)


@pytest.mark.parametrize(
    "name", ["pow", "atan2", "hypot", "fmod", "copysign", "remainder", "ldexp", "gcd"]
)
def test_math_functions_of_two_arguments(name):
    second = {"ldexp": "i", "gcd": "i"}.get(name, "a[i] * 0.5 + 1")
    first = "i * 6" if name == "gcd" else "a[i]"
    lines = (
        f"def f(a, out):\n    for i in range(a.shape[0]):\n"
        f"        out[i] = math.{name}({first}, {second})\n"
    )
    native(typed(lines), np.linspace(0.05, 9.5, 20), np.zeros(20), tolerance=FEW_ULP)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "name",
    [
        "sqrt",
        "exp",
        "expm1",
        "exp2",
        "log",
        "log2",
        "log10",
        "log1p",
        "sin",
        "cos",
        "tan",
        "arcsin",
        "arccos",
        "arctan",
        "sinh",
        "cosh",
        "tanh",
        "arcsinh",
        "arctanh",
        "floor",
        "ceil",
        "trunc",
        "rint",
        "fabs",
        "abs",
        "absolute",
        "sign",
        "square",
        "cbrt",
        "negative",
        "reciprocal",
        "isnan",
        "isinf",
        "isfinite",
        "signbit",
        "degrees",
        "deg2rad",
    ],
)
def test_numpy_functions_of_one_argument(name, dtype):
    lines = (
        f"def f(a, out):\n    t = 0\n    for i in range(a.shape[0]):\n"
        f"        t = np.{name}(a[i])\n        out[i] = t\n    return t\n"
    )
    native(
        typed(lines),
        np.linspace(0.05, 0.95, 20).astype(dtype),
        np.zeros(20),
        tolerance=Tolerance(1e-13, 1e-5) if dtype == "float64" else Tolerance(1e-5, 1e-5),
    )


@pytest.mark.parametrize(
    "name",
    [
        "minimum",
        "maximum",
        "fmin",
        "fmax",
        "power",
        "hypot",
        "arctan2",
        "copysign",
        "fmod",
        "mod",
        "add",
        "subtract",
        "multiply",
        "divide",
        "floor_divide",
        "less",
        "equal",
        "logical_and",
    ],
)
def test_numpy_functions_of_two_arguments(name):
    lines = (
        f"def f(a, out):\n    for i in range(a.shape[0]):\n"
        f"        out[i] = np.{name}(a[i], a[i] * 0.5 + 1)\n"
    )
    native(typed(lines), np.linspace(0.05, 9.5, 20), np.zeros(20), tolerance=FEW_ULP)


@pytest.mark.parametrize("name", ["exp", "sqrt", "phase", "sin", "log"])
def test_cmath_functions(name):
    lines = (
        f"def f(z, out):\n    for i in range(z.shape[0]):\n        out[i] = cmath.{name}(z[i])\n"
    )
    z = np.array([1 + 2j, -0.5 + 0.25j, 3j, 2.0])
    same(typed(lines), z, np.zeros(4, complex), tolerance=FEW_ULP)


def test_builtin_functions():
    def f(a, out):
        for i in range(len(a)):
            q, r = divmod(i, 5)
            out[i, 0] = min(a[i], 4.0) + max(q, r)
            out[i, 1] = abs(-a[i]) + abs(i - 6)
            out[i, 2] = round(i * 0.3) + pow(i, 2)
            out[i, 3] = int(a[i] * 0.7) + float(i) + bool(i)
            out[i, 4] = len(a) + complex(i, 1).real

    native(f, A, np.zeros((12, 5)))


def test_smallest_of_three_types():
    def f(a, out):
        for i in range(len(a)):
            out[i, 0] = min(a[i], i, 4.0)

    same(f, A, np.zeros((12, 5)))


def test_constants_of_modules():
    def f(out):
        for i in range(out.shape[0]):
            out[i] = i * math.pi + np.pi - math.e * np.e + (math.inf if i > 90 else math.tau)

    native(f, np.zeros(10))
