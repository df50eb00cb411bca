"""Every operator on every pair of types against CPython and NumPy: value, type, or left alone."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest

from conure.errors import Reason
from tests.unit.frontend.subject import Failed, compiled, define, lowered, same_value

SAMPLES: dict[str, tuple[Any, ...]] = {
    "bool": (True, False),
    "int": (3, -2, 300, 0, 2**53 + 1),
    "float": (2.5, -0.0, 1e300, 0.1),
    "complex": (1 + 2j,),
    "b1": (np.True_, np.False_),
    "i8": (np.int8(5), np.int8(-128)),
    "i16": (np.int16(-7), np.int16(0)),
    "i32": (np.int32(11), np.int32(-(2**31))),
    "i64": (np.int64(-13), np.int64(2**53 + 1), np.int64(0)),
    "u8": (np.uint8(200), np.uint8(3)),
    "u16": (np.uint16(60000),),
    "u32": (np.uint32(7), np.uint32(2**32 - 1)),
    "u64": (np.uint64(9), np.uint64(2**64 - 1)),
    "f32": (np.float32(1.5), np.float32(-3.25), np.float32(0.1)),
    "f64": (np.float64(0.1), np.float64(-2.0), np.float64(0.0)),
    "c64": (np.complex64(1 - 1j),),
    "c128": (np.complex128(0.5 + 2j),),
}
BINARY = ["+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>"]
COMPARISON = ["<", "<=", ">", ">=", "==", "!="]
ODD_POWER = {"complex", "c64", "c128"}


def check(function: Any, *args: Any) -> str:
    """Compare one call; says how it went."""
    result = lowered(function, *args)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            expected: Any = function(*args)
        outcome = "fine"
    except RuntimeWarning:
        outcome = "warns"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = function(*args)
    except (ArithmeticError, ValueError, TypeError, AttributeError, DeprecationWarning):
        outcome, expected = "raises", None
    if isinstance(result, Reason):
        return "refused"
    try:
        with np.errstate(all="ignore"):
            found = compiled(function, *args)
    except Failed:
        return "failed"
    assert outcome != "raises", (args, found)
    if isinstance(expected, np.float32) and np.isclose(found, expected, rtol=5e-7, atol=0):
        expected = found if type(found) is np.float32 else expected  # powf differs by an ulp
    same_value(found, expected, (function, args, [type(arg) for arg in args]))
    return outcome


@pytest.mark.parametrize("op", BINARY + COMPARISON)
def test_binary_operators(op: str) -> None:
    function = define(f"def f(x, y):\n    return x {op} y\n")
    counts: dict[str, int] = {}
    for (left, xs), (right, ys) in itertools.product(SAMPLES.items(), SAMPLES.items()):
        if op == "**" and {left, right} & ODD_POWER:
            continue
        for x, y in itertools.product(xs, ys):
            if op in ("<<", ">>", "**") and abs(int(np.real(y))) > 64:
                continue
            outcome = check(function, x, y)
            counts[outcome] = counts.get(outcome, 0) + 1
    assert counts["fine"] > 0, counts


UNARY = ["-x", "+x", "~x", "not x", "abs(x)", "round(x)", "int(x)", "float(x)", "bool(x)"]


@pytest.mark.parametrize("text", [*UNARY, "complex(x)", "x if x else 0 * x"])
def test_unary(text: str) -> None:
    function = define(f"def f(x):\n    return {text}\n")
    outcomes = [check(function, x) for xs in SAMPLES.values() for x in xs]
    assert outcomes.count("fine") > 5


@pytest.mark.parametrize(
    "name",
    ["sqrt", "exp", "log", "sin", "floor", "ceil", "trunc", "rint", "abs", "negative", "square",
     "isnan", "isfinite", "signbit", "logical_not", "fabs", "tanh", "cbrt", "conjugate"],
)  # fmt: skip
def test_numpy_functions_of_one(name: str) -> None:
    function = define(f"def f(x):\n    return np.{name}(x)\n")
    for kind, xs in SAMPLES.items():
        if kind in ("c64", "c128", "complex"):
            continue
        for x in xs:
            check(function, x)


@pytest.mark.parametrize(
    "name",
    ["add", "multiply", "divide", "minimum", "maximum", "fmin", "fmax", "floor_divide",
     "remainder", "less", "equal", "logical_and", "hypot", "arctan2", "copysign", "bitwise_and"],
)  # fmt: skip
def test_numpy_functions_of_two(name: str) -> None:
    function = define(f"def f(x, y):\n    return np.{name}(x, y)\n")
    for (left, xs), (right, ys) in itertools.product(SAMPLES.items(), SAMPLES.items()):
        if {left, right} & ODD_POWER:
            continue
        for x, y in itertools.product(xs[:2], ys[:2]):
            check(function, x, y)


@pytest.mark.parametrize(
    "name",
    ["sqrt", "exp", "log", "sin", "floor", "ceil", "trunc", "fabs", "isnan", "isinf", "erf",
     "gamma", "degrees", "radians", "log1p", "acos"],
)  # fmt: skip
def test_math_functions(name: str) -> None:
    function = define(f"def f(x):\n    return math.{name}(x)\n")
    outcomes = [check(function, x) for xs in SAMPLES.values() for x in xs]
    assert "fine" in outcomes


@pytest.mark.parametrize(
    "kind", ["float32", "float64", "int8", "int64", "uint8", "uint64", "bool_"]
)
def test_constructors(kind: str) -> None:
    function = define(f"def f(x):\n    return np.{kind}(x)\n")
    outcomes = [check(function, x) for xs in SAMPLES.values() for x in xs]
    assert "fine" in outcomes


def test_min_and_max_keep_python_s_order() -> None:
    function = define("def f(x, y):\n    return min(x, y), max(x, y)\n")
    nan = float("nan")
    for x, y in [(nan, 1.0), (1.0, nan), (0.0, -0.0), (1, 2), (np.float64(1.0), np.float64(nan))]:
        assert check(function, x, y) == "fine"


@pytest.mark.parametrize("dtype", ["i1", "u1", "i4", "i8", "u8", "f4", "f8", "?", "c8", "c16"])
def test_stores(dtype: str) -> None:
    function = define("def f(a, x):\n    a[0] = x\n    return a[0]\n")
    for xs in SAMPLES.values():
        for x in xs:
            check(function, np.zeros(1, dtype), x)


@pytest.mark.parametrize("text", ["math.gcd(x, 12)", "math.isclose(x, 0.1)", "np.sign(x)",
                                  "math.log(x, 3)"])  # fmt: skip
def test_written_out(text: str) -> None:
    function = define(f"def f(x):\n    return {text}\n")
    for kind, xs in SAMPLES.items():
        if "gcd" not in text or kind in ("int", "bool"):
            for x in xs:
                check(function, x)
