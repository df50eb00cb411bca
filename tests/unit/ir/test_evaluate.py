"""The evaluator against CPython and NumPy themselves, and against wrong marks."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import numpy as np
import pytest

from conure.ir.arithmetic import Failed, compute, convert, value_of
from conure.ir.evaluate import UNBOUND, Order, evaluate
from conure.ir.nodes import Const
from conure.ir.ops import OPS, cast_can_fail, result_type
from conure.ir.parse import parse
from conure.ir.types import FLOAT, INT, NUMPY_SCALARS, SCALARS, Scalar
from tests.programs import observed, random_program


def values(scalar: Scalar) -> list[Any]:
    match scalar.kind:
        case "bool":
            plain: tuple[Any, ...] = (False, True)
        case "real":
            plain = (0.0, -0.0, 1.0, -2.5, 3e38, math.inf, -math.inf, math.nan)
        case "complex":
            plain = (0j, 1 - 2j, complex(math.inf, 0))
        case _:
            low, high = scalar.range
            plain = tuple({low, max(low, -3), max(low, -1), 0, 1, 2, 5, high})
    return [value_of(Const(value, scalar)) for value in plain]


ARITHMETIC = ("add", "sub", "mul", "divide", "floordiv", "mod", "pow", "neg", "abs", "shl", "shr")


@pytest.mark.parametrize("name", ARITHMETIC)
def test_python_arithmetic_is_cpython(name: str) -> None:
    row = OPS[name]
    for scalar in (INT, FLOAT):
        if scalar.kind not in row.kinds:
            continue
        for args in itertools.product(values(scalar), repeat=row.arity):
            if name in ("pow", "shl") and scalar is INT and args[1] > 100:
                continue
            result = result_type(name, (scalar,) * row.arity)
            try:
                expected = row.python(*args)
                fits = not isinstance(expected, int) or -(2**63) <= expected < 2**63
                outcome = repr(expected) if fits else "failed"
            except (ArithmeticError, ValueError):
                outcome = "failed"
            if name == "pow" and not isinstance(expected, int if scalar is INT else float):
                outcome = "failed"  # 2 ** -1 is a float, (-2.5) ** 0.5 complex
            try:
                assert repr(compute(name, args, result, checked=True)) == outcome, args
            except Failed:
                assert outcome == "failed", args


@pytest.mark.parametrize(
    "name", ["add", "sub", "mul", "floordiv", "mod", "neg", "abs", "shl", "shr"]
)
@pytest.mark.parametrize("scalar", [s for s in NUMPY_SCALARS if s.is_integer], ids=str)
def test_numpy_integers_are_numpy_scalars(name: str, scalar: Scalar) -> None:
    row = OPS[name]
    for args in itertools.product(values(scalar), repeat=row.arity):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            expected = row.python(*args)  # Python's operator on NumPy's scalars
        assert repr(compute(name, args, scalar, checked=False)) == repr(expected), args
        if caught:
            with pytest.raises(Failed):
                compute(name, args, scalar, checked=True)
        else:
            assert repr(compute(name, args, scalar, checked=True)) == repr(expected), args


def test_unchecked_float_is_ieee() -> None:
    assert compute("divide", (-1.0, 0.0), FLOAT, checked=False) == -math.inf
    assert math.isnan(compute("mod", (1.0, 0.0), FLOAT, checked=False))
    assert math.isnan(compute("pow", (-8.0, 0.5), FLOAT, checked=False))
    assert math.isnan(compute("log", (-1.0,), FLOAT, checked=False))
    assert compute("exp", (1e4,), FLOAT, checked=False) == math.inf
    assert compute("divide", (1, 0), FLOAT, checked=False) == math.inf


@pytest.mark.parametrize("source", SCALARS.values(), ids=str)
def test_casts_are_those_of_numpy(source: Scalar) -> None:
    for target in SCALARS.values():
        if source.kind == "complex" and target.kind not in ("bool", "complex"):
            continue
        for value in values(source):
            with np.errstate(all="ignore"):
                expected = np.asarray(value).astype(target.dtype)[()]
            fits = True
            if target.is_integer:
                low, high = target.range
                fits = math.isfinite(value) and low <= int(value) <= high
            try:
                got = convert(value, target, checked=True)
            except Failed:
                assert cast_can_fail(source, target)
                assert not fits
                continue
            assert fits or not cast_can_fail(source, target)
            assert got == expected or got != got


ORDERS: tuple[Order, ...] = ("serial", "reversed", "shuffled")
SUM = "program f(a: f64[1]S, n: int) -> s { local s, t: f64  "


def run(text: str, order: Order = "serial", **args: Any) -> tuple[Any, ...]:
    outcome = evaluate(parse(text), args, order)
    assert outcome.status == "OK", outcome
    return outcome.results


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("op", ["add", "mul", "minimum", "maximum", "fmax"])
def test_reductions_in_any_order(op: str, order: Order) -> None:
    a = np.array([3.0, -1.0, 4.0, 0.5, 2.0])
    step = {"add": "s + a[i]", "mul": "s * a[i]"}.get(op, f"{op}(s, a[i])")
    head = f"s = 1:f64  for i in 0:n parallel(reduce {op} s; grain 2) "
    body = f"{{ if a[i] != 0.5:f64 {{ s = {step} }} }} }}"
    (result,) = run(SUM + head + body, order, a=a, n=5)
    assert result == {"add": 9.0, "mul": -24.0, "minimum": -1.0}.get(op, 4.0)


@pytest.mark.parametrize("order", ORDERS)
def test_private_last_and_arrays(order: Order) -> None:
    text = SUM + (
        "w = alloc f64[2]  for i in 0:n parallel(private t, w; last t) {"
        " w[0] = a[i]  t = w[0] * 2:f64  a[i] = t } s = t }"
    )
    a = np.arange(5.0)
    assert run(text, order, a=a, n=5) == (8.0,)
    assert a.tolist() == [0, 2, 4, 6, 8]
    assert run(text, order, a=a, n=0) == (0.0,)


@pytest.mark.parametrize("order", ORDERS)
def test_arrays_accumulate(order: Order) -> None:
    text = SUM + "for i in 0:n parallel(reduce add a[]) { a[i % 2] = a[i % 2] + f64(i) } }"
    a = np.array([10.0, 20.0])
    run(text, order, a=a, n=6)
    assert a.tolist() == [16, 29]


@pytest.mark.parametrize("order", ORDERS)
def test_the_last_of_equal_writes(order: Order) -> None:
    text = SUM + "for i in 0:n parallel(reduce last s) { if a[i] > 2:f64 { s = 7:f64 } } }"
    assert run(text, order, a=np.arange(5.0), n=5) == (7.0,)
    assert run(text, order, a=np.arange(5.0), n=2) == (0.0,)


@pytest.mark.parametrize("order", ["reversed", "shuffled"])
@pytest.mark.parametrize(
    "loop",
    [
        "for i in 1:n parallel { a[i] = a[i - 1] + 1:f64 }",
        "for i in 1:n parallel { a[i - 1] = a[i] }",
        "for i in 0:n parallel(private t) { if i < 1 { t = a[i] } a[i] = t }",
        "for i in 0:n parallel(private t) { t = a[i] } s = t",
        "for i in 0:n vector(reduce minimum s) { s = s + a[i] }",
    ],
)
def test_wrong_marks_are_caught(loop: str, order: Order) -> None:
    text = SUM + loop + "}"
    arrays = [np.arange(12.0) ** 2 % 13 + 3 for _ in range(2)]
    expected = run(text, a=arrays[0], n=12)
    try:
        same = run(text, order, a=arrays[1], n=12) == expected
    except AssertionError:
        return
    assert not same or not np.array_equal(*arrays)


def test_a_guard_decides() -> None:
    text = SUM + "for i in 1:n parallel(guard n < 1) { a[i] = a[i - 1] } }"
    a = np.arange(5.0)
    run(text, "reversed", a=a, n=5)
    assert a.tolist() == [0] * 5


def test_failing_restores() -> None:
    program = parse(SUM + "for i in 0:n { a?[i] = 9:f64 } }")
    a = np.arange(4.0)
    assert evaluate(program, {"a": a, "n": 5}).status == "FAIL"
    assert a.tolist() == [0, 1, 2, 3]


def test_assumptions_and_fail() -> None:
    text = "program f(n: int) { assume n < 3  if n > 1 { fail } }"
    outcomes = [evaluate(parse(text), {"n": n}).status for n in (1, 2, 3)]
    assert outcomes == ["OK", "FAIL", "ASSUMPTION"]


def test_negative_subscripts_wrap_only_when_checked() -> None:
    assert run(SUM + "s = a?[-1] }", a=np.arange(3.0), n=0) == (2.0,)
    with pytest.raises(AssertionError, match="unchecked a"):
        run(SUM + "s = a[-1] }", a=np.arange(3.0), n=0)


def test_laziness() -> None:
    text = "program f(a: f64[1]C) -> p { local p: b1  p = False:b1 and a?[0] > 1:f64 or True:b1 }"
    assert run(text, a=np.zeros(0)) == (np.True_,)


def test_results() -> None:
    text = (
        "program f(a: f64[1]C, b: f64[1]C, n: int) -> s?kind=k:float, s?bound=u, b {"
        " local s: f64  local k, u: bool  k = n > 2  u = n > 1  s = 1:f64  a, b := b, a }"
    )
    a, b = np.zeros(2), np.ones(2)
    assert repr(run(text, a=a, b=b, n=1)) == repr((1.0, UNBOUND, 0))
    assert repr(run(text, a=a, b=b, n=3)) == repr((np.float64(1), np.float64(1), 0))


@pytest.mark.parametrize("seed", range(20))
def test_unmarked_programs_run_the_same_in_any_order(seed: int) -> None:
    program, args = random_program(seed)
    assert observed(program, args) == observed(program, args, "shuffled")
