"""Complex numbers: `cmath`, NumPy's functions, powers; signs of zeros, branch cuts, failures."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from tests.oracle import FEW_ULP, each, native, same, typed, unary, verdicts

FUNCTIONS = ["sqrt", "exp", "log", "log10", "sin", "cos", "tan", "sinh", "cosh", "tanh"]
FUNCTIONS += ["asin", "acos", "atan", "asinh", "acosh", "atanh"]
NUMPY_NAMES = {name: f"arc{name[1:]}" for name in FUNCTIONS if name.startswith("a")}

PARTS = (0.0, -0.0, 1.0, -1.0, 0.5, -2.5, math.inf, -math.inf, math.nan, 5e-324, -1e-310, 1e308)
PARTS += (-720.0, 1e-160, 1 + 2**-40, 0.71)
ORDINARY = [complex(*pair) for pair in np.random.default_rng(1).normal(size=(40, 2))]
SPECIAL = [complex(*pair) for pair in itertools.product(PARTS, PARTS)]
NUMBERS = SPECIAL + ORDINARY
FEW = [complex(*pair) for pair in itertools.product((0.0, -0.0, 1.0, -2.5, math.inf), repeat=2)]
COMPLEX_DTYPES = [np.complex64, np.complex128]


# --- cmath ---


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_of_cmath(name):
    f = unary(f"cmath.{name}(z)")
    assert "python" not in verdicts(f, 1j, 1)
    each(f, NUMBERS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_of_cmath_in_a_loop_over_an_array(name):
    lines = f"def f(a, b):\n    for i in range(len(a)):\n        b[i] = cmath.{name}(a[i])\n"
    native(typed(lines), np.array(ORDINARY), np.zeros(40, complex))
    native(typed(lines), np.array(ORDINARY, np.complex64), np.zeros(40, complex))
    native(typed(lines), np.linspace(-3.0, 3.1, 40), np.zeros(40, complex))


@pytest.mark.parametrize("value", [2, True, 0.5, np.float32(0.5), np.int8(-3), np.True_])
def test_cmath_of_what_is_not_complex(value):
    each(unary("(cmath.sqrt(z), cmath.exp(z), cmath.acos(z), cmath.phase(z))"), [value], FEW_ULP)


def test_branch_cuts_of_cmath_go_by_the_sign_of_zero():
    f = unary("(cmath.sqrt(z), cmath.log(z), cmath.asin(z), cmath.acosh(z), cmath.atan(z * 1j))")
    sides = [complex(x, y) for x in (-3.0, -1.5, 1.5, 3.0) for y in (0.0, -0.0)]
    each(f, sides)
    above, below = (f(complex(-4.0, y), 1)[0].imag for y in (0.0, -0.0))
    assert (above, below) == (2.0, -2.0)


@pytest.mark.parametrize(
    ("text", "value", "error"),
    [
        ("cmath.log(z)", 0j, "ValueError"),
        ("cmath.log(z, 1)", 2j, "ValueError"),
        ("cmath.atanh(z)", 1 + 0j, "ValueError"),
        ("cmath.exp(z)", 1000 + 1j, "OverflowError"),
        ("cmath.cosh(z)", 1000 + 1j, "OverflowError"),
        ("cmath.cos(z)", complex(math.inf, 1), "ValueError"),
        ("cmath.rect(z, math.inf)", 2.0, "ValueError"),
        ("cmath.isclose(z, z, rel_tol=-1.0)", 2.0, "ValueError"),
        ("cmath.sqrt(z)", np.array([1.0, 2.0]), "TypeError"),
        ("abs(z)", complex(1.7e308, 1.7e308), "OverflowError"),
        ("z ** -2", 0j, "ZeroDivisionError"),
        ("z ** 3", 1e150 + 0j, "OverflowError"),
        ("z ** 1j", 0j, "ZeroDivisionError"),
    ],
)
def test_what_raises(text, value, error):
    assert same(unary(text), value, 2).error == error


def test_phase_polar_and_tests_of_cmath():
    f = unary("(cmath.phase(z), cmath.isnan(z), cmath.isinf(z), cmath.isfinite(z))")
    each(f, NUMBERS, FEW_ULP)
    each(unary("cmath.polar(z)"), NUMBERS, FEW_ULP)
    each(unary("cmath.isclose(z, 1.0 + z * (1 + 1e-10), rel_tol=1e-8, abs_tol=0.5)"), NUMBERS)


def test_rect():
    lines = ["def f(r, phi, n):", "    for i in range(n):", "        z = cmath.rect(r, phi)"]
    f = typed("\n".join([*lines, "    return z", ""]))
    each(f, itertools.product(PARTS, PARTS), FEW_ULP)


def test_logarithm_to_a_base():
    each(unary("cmath.log(z, 2 - 1j)"), NUMBERS)
    each(unary("cmath.log(z, 10)"), NUMBERS)


def test_constants_of_cmath():
    each(unary("z * cmath.pi + cmath.e * cmath.tau + cmath.infj * 1j + cmath.inf"), FEW)


# --- parts and lengths ---


@pytest.mark.parametrize("make", [complex, np.complex64, np.complex128])
def test_parts_and_lengths(make):
    values = [make(z) for z in NUMBERS]
    each(unary("(z.real, z.imag, z.conjugate(), -z, complex(z), bool(z))"), values)
    each(unary("abs(z)"), values, FEW_ULP)


@pytest.mark.parametrize("make", [complex, np.complex64, np.complex128])
def test_numpy_parts_angle_and_tests(make):
    values = [make(z) for z in NUMBERS]
    each(unary("(np.real(z), np.imag(z), np.conj(z))"), values)
    each(unary("(np.isnan(z), np.isinf(z), np.isfinite(z))"), values)
    each(unary("(np.abs(z), np.angle(z))"), values, FEW_ULP)


@pytest.mark.parametrize(
    "value",
    [-2.5, -0.0, 3, True, np.float32(-1), np.int16(-2), np.uint8(2), np.float64("nan"), np.True_],
)
def test_numpy_parts_of_reals(value):
    each(unary("(np.real(z), np.imag(z))"), [value])
    each(unary("(np.isnan(z), np.isinf(z), np.isfinite(z))"), [value])
    each(unary("np.angle(z)"), [value])
    each(unary("np.signbit(z)"), [value])


# --- NumPy's functions ---


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("make", COMPLEX_DTYPES)
def test_function_of_numpy(name, make):
    with np.errstate(all="ignore"):
        values = [make(z) for z in NUMBERS]
    f = unary(f"np.{NUMPY_NAMES.get(name, name)}(z)")
    assert "python" not in verdicts(f, values[0], 1)
    each(f, values)
    each(f, FEW)


@pytest.mark.parametrize("dtype", COMPLEX_DTYPES)
def test_functions_of_numpy_on_slices(dtype):
    def f(a, b):
        for i in range(len(a)):
            b[i, :] = np.sqrt(a[i, :]) + np.exp(a[i, :]) * 2.0

    native(f, np.array(ORDINARY, dtype).reshape(4, 10), np.zeros((4, 10), dtype))


def test_what_numpy_has_for_reals_only():
    for name in ("fabs", "cbrt", "floor", "heaviside"):
        more = ", z" if name == "heaviside" else ""
        each(unary(f"np.{name}(z{more})"), [1j, np.complex64(2)])


@pytest.mark.parametrize("dtype", COMPLEX_DTYPES)
def test_products_of_complex_arrays_are_numpys(dtype):
    """NumPy fuses the multiplications and additions of arrays, but not of numbers."""

    def arrays(a, b, out):
        for i in range(len(a)):
            out[i, :] = a[i, :] * b[i, :]

    def squares(a, out):
        for i in range(len(a)):
            out[i, :] = np.square(a[i, :])
            out[i, 0] = np.square(a[i, 1]) + np.multiply(a[i, 1], a[i, 2])

    def by_reals(a, s, r, out):
        for i in range(len(a)):
            out[i, :] = a[i, :] * s * r[i, :] * 0.1

    a, b = (np.array(ORDINARY, dtype).reshape(4, 10) * scale for scale in (1.1, 0.3 - 0.7j))
    same(arrays, a, b.astype(dtype), np.zeros_like(a))
    same(squares, a, np.zeros_like(a))
    native(by_reals, a, 0.7, np.linspace(-1, 1, 40, dtype=a.real.dtype).reshape(4, 10), a.copy())


# --- powers ---

EXPONENTS = [0.0, 1, 2, 3, 5, 17, 99, 100, 101, -1, -2, -3, -99, -100, 0.5, -0.5, 2.5, math.inf]


@pytest.mark.parametrize("make", [complex, np.complex64, np.complex128])
def test_powers(make):
    f = typed("def f(z, w, n):\n    for i in range(n):\n        r = z ** w\n    return r\n")
    with np.errstate(all="ignore"):
        exponents = [make(complex(x, y)) for x in EXPONENTS for y in (0.0, -1.5)]
        each(f, itertools.product(map(make, FEW + ORDINARY[:4]), exponents))


@pytest.mark.parametrize("make", [complex, np.complex64, np.complex128])
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 4, 7, 16, 99, 100, -1, -2, 0.5, -2.5, 1j])
def test_constant_powers(make, exponent):
    each(unary(f"z ** {exponent}"), map(make, FEW + ORDINARY[:8]))


def test_powers_of_a_whole_number_that_varies():
    def f(z, n):
        total = 0j
        for k in range(n):
            total += z**k
        return total

    native(f, 0.5 + 0.75j, 20)
    native(f, np.complex128(0.5 + 0.75j), 20, tolerance=FEW_ULP)
