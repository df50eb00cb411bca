"""Whole programs: native code against the evaluator, on values, results and written arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from conure.ir.evaluate import evaluate
from conure.ir.parse import parse
from conure.target import host, vector_functions
from tests.unit.codegen import native
from tests.unit.codegen.native import run

rng = np.random.default_rng(1)


def agree(text: str, args: Mapping[str, Any], threads: int = 2) -> str:
    """Run as it is, and with every parallel loop in many chunks; the status."""
    theirs = {name: copied(value) for name, value in args.items()}
    with np.errstate(all="ignore"):
        expected = evaluate(parse(text), theirs)
    for eager in (False, True):
        mine = {name: copied(value) for name, value in args.items()}
        found = run(text, mine, threads, eager)
        assert found[0] == expected.status
        if found[0] != "OK":
            continue
        for a, b in zip(found[1], expected.results, strict=False):
            np.testing.assert_allclose(a, b, rtol=1e-12)
        for name, value in mine.items():
            if isinstance(value, np.ndarray):
                np.testing.assert_allclose(value, theirs[name], rtol=1e-12, err_msg=name)
    return expected.status


def copied(value: Any) -> Any:
    """A copy with the same layout."""
    if not isinstance(value, np.ndarray):
        return value
    if value.flags.c_contiguous or value.flags.f_contiguous:
        return value.copy(order="K")
    wide = np.zeros(tuple(3 * extent + 2 for extent in value.shape), value.dtype)
    view = wide[tuple(slice(1, 1 + 2 * extent, 2) for extent in value.shape)]
    view[...] = value
    return view


def test_a_scalar_result() -> None:
    text = "program f(a: int, b: f32) -> c, d { local c: int local d: f32 c = a +? 1  d = b * b }"
    assert run(text, {"a": 4, "b": np.float32(0.1)}) == ("OK", (5, np.float32(0.1) ** 2))
    assert run(text, {"a": 2**63 - 1, "b": np.float32(0)})[0] == "FAIL"


@pytest.mark.parametrize("layout", ["C", "F", "U", "S"])
def test_layouts(layout: str) -> None:
    text = f"""program f(a: f64[3]{layout}, b: f64[3]{layout}) -> s {{ local s: f64
        for i in 0:dim(a, 0) {{ for j in 0:dim(a, 1) {{ for k in 0:dim(a, 2) {{
            b[i, j, k] = a[i, j, k] * 2.0:f64 + f64(i * 100 + j * 10 + k)
            s = s + b[i, j, k]
        }} }} }} }}"""
    a = rng.random((3, 4, 5))
    if layout == "F":
        a = np.asfortranarray(a)
    if layout == "S":
        a = rng.random((6, 8, 5))[::2, ::-2, ::-1][:, :, ::-1][::-1]
    if layout == "U":
        a = rng.random((6, 8, 5))[::2, ::-2]
    b = np.zeros_like(a) if layout in "CF" else rng.random((6, 12, 5))[::2, ::3]
    index = np.arange(3)[:, None, None] * 100 + np.arange(4)[:, None] * 10 + np.arange(5)
    expected = a * 2 + index
    status, (total,) = run(text, {"a": a, "b": b})
    assert status == "OK"
    np.testing.assert_array_equal(b, expected)
    assert total == pytest.approx(expected.sum())


def test_wrong_arrays_miss() -> None:
    text = "program f(a: f64[2]C, b: f64[2]C) { for i in 0:dim(a, 0) { b[i, 0] = a[i, 0] } }"
    a, b = np.ones((3, 3)), np.zeros((3, 3))
    read_only = np.zeros((3, 3))
    read_only.flags.writeable = False
    wide = np.zeros((4, 3))
    packed = np.zeros(3 * 3 * 8 + 1, np.uint8)[1:].view(np.float64).reshape(3, 3)

    class Other(np.ndarray):
        pass

    assert run(text, {"a": a, "b": b})[0] == "OK"
    misses = [(a, read_only), (wide[:3], wide[1:]), (a, packed), (a.view(Other), b), (a, a)]
    misses += [(a.T[::2].T, b), (a.astype(">f8"), b), (a.astype("f4"), b), (a[0], b)]
    for x, y in misses:
        assert run(text, {"a": x, "b": y})[0] == "MISS"
    assert run(text, {"a": read_only, "b": b})[0] == "OK"


def test_self_overlap_misses() -> None:
    text = "program f(a: f64[2]S) { for i in 0:dim(a, 0) { a[i, 0] = 1.0:f64 } }"
    base = np.zeros(100)
    view = np.lib.stride_tricks.as_strided
    assert run(text, {"a": view(base, (4, 4), (8, 8))})[0] == "MISS"
    assert run(text, {"a": view(base, (4, 4), (8, 32))})[0] == "OK"
    assert run(text, {"a": view(base, (4, 4), (0, 8))})[0] == "MISS"
    assert run(text, {"a": view(base, (1, 4), (0, 8))})[0] == "OK"
    assert run(text, {"a": base.reshape(10, 10)[::-1, ::-2]})[0] == "OK"
    assert run(text, {"a": base[:0].reshape(0, 5)})[0] == "OK"


def test_declared_overlap() -> None:
    text = """program f(a: f64[1]C, b: f64[1]C) overlaps a/b
        { for i in 1:dim(a, 0) { a[i] = b[i - 1] + 1.0:f64 } }"""
    a = np.zeros(50)
    assert run(text, {"a": a, "b": a})[0] == "OK"
    np.testing.assert_array_equal(a, np.arange(50))


@pytest.mark.parametrize(("start", "stop", "step"), [
    (0, 10, 1), (0, 10, 3), (10, 0, -1), (10, -1, -4), (5, 5, 1), (7, 3, 2), (3, 7, -2), (-5, 5, 1),
    (2**63 - 3, 2**63 - 1, 1), (-(2**63), 2**63 - 1, 2**62), (0, 1, 2**62),
    (-(2**63), -(2**63) + 2, 1),
])  # fmt: skip
def test_bounds(start: int, stop: int, step: int) -> None:
    expected = (len(range(start, stop, step)), sum(range(start, stop, step)) % 2**64)
    for bounds in (f"{start}:{stop}:{step}", "start:stop:step", f"start:stop:{step}"):
        text = f"""program f(start: int, stop: int, step: int) -> n, s {{ local n: int local s: int
            for i in {bounds} {{ n = n + 1  s = s + i }} }}"""
        args = {"start": start, "stop": stop, "step": step}
        status, (count, total) = run(text, args)
        assert (status, count, total % 2**64) == ("OK", *expected)


def test_zero_step_fails() -> None:
    text = "program f(k: int) { for i in 0:5:k { } }"
    assert run(text, {"k": 0})[0] == "FAIL"


def test_checked_access() -> None:
    text = """program f(a: f64[2]C, i: int, j: int) -> s { local s: f64
        s = a?[i, j]  a?[i, j] = s + 1.0:f64 }"""
    a = rng.random((3, 4))
    for i in range(-4, 5):
        for j in range(-5, 6):
            agree(text, {"a": a, "i": i, "j": j})


def test_blocks_and_while() -> None:
    text = """program f(a: i64[1]C, t: i64) -> k, turns { local k: int local turns: int
        k = -1
        block found {
            for i in 0:dim(a, 0) {
                block next {
                    if a[i] < 0:i64 { leave next }
                    if a[i] == t { k = i  leave found }
                    while k < -1 { leave found }
                }
                turns = turns +? 1
            }
        }
        while turns > 100 { turns = turns - 100 }
    }"""
    a = rng.integers(-5, 50, 300)
    for t in (3, 49, 1000):
        agree(text, {"a": a, "t": np.int64(t)})


def test_mandelbrot() -> None:
    text = """program f(out: i32[2]C) { local x: float local y: float local n: int local t: float
        for i in 0:dim(out, 0) parallel(private x, y, n, t) { for j in 0:dim(out, 1) {
            x = 0.0 y = 0.0 n = 0
            while x * x + y * y <= 4.0 and n < 50 {
                t = x * x - y * y + (float(j) / 20.0 - 2.0)
                y = 2.0 * x * y + (float(i) / 15.0 - 1.0)
                x = t  n = n + 1 }
            out[i, j] = i32(n)
        } } }"""
    for shape in ((30, 60), (0, 5), (40, 50)):
        agree(text, {"out": np.zeros(shape, np.int32)})


REDUCTIONS = {
    "add": ("f64", "s = s + a[i]"), "mul": ("f64", "s = s * a[i]"),
    "minimum": ("f64", "s = minimum(s, a[i])"), "maximum": ("f64", "s = maximum(a[i], s)"),
    "fmin": ("f64", "s = fmin(s, a[i])"), "fmax": ("f64", "s = fmax(a[i], s)"),
    "greater": ("f64", "if a[i] > s { s = a[i] }"),
    "less": ("f64", "s = select(a[i] < s, a[i], s)"),
}  # fmt: skip


@pytest.mark.parametrize("op", REDUCTIONS)
@pytest.mark.parametrize("kind", ["parallel", "vector"])
def test_real_reductions(op: str, kind: str) -> None:
    dtype, stmt = REDUCTIONS[op]
    text = f"""program f(a: {dtype}[1]C, s0: {dtype}) -> s {{ local s: {dtype}  s = s0
        for i in 0:dim(a, 0) {kind}(reduce {op} s) {{ {stmt} }} }}"""
    for size in (0, 1, 5, 3_000):
        a = rng.random(size) * 1e-4 + 0.99995
        for start in (0.5, 2.0, -0.0):
            agree(text, {"a": a, "s0": np.float64(start)})
    if op not in ("add", "mul"):
        a = rng.random(3_000)
        a[2_345] = np.nan
        agree(text, {"a": a, "s0": np.float64(0.25)})


def test_negative_zero_sum() -> None:
    text = """program f(a: f64[1]C) -> s { local s: f64  s = -0.0:f64
        for i in 0:dim(a, 0) parallel(reduce add s) { s = s + a[i] } }"""
    for size in (0, 1, 100_000):
        _, (s,) = run(text, {"a": np.full(size, -0.0)})
        assert np.signbit(s)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_same_bits_for_any_number_of_threads(threads: int) -> None:
    text = """program f(a: f64[1]C) -> s { local s: f64
        for i in 0:dim(a, 0) parallel(reduce add s) { s = s + a[i] } }"""
    a = np.random.default_rng(0).random(777_777)
    assert run(text, {"a": a}, threads) == run(text, {"a": a}, 3)
    text = """program g(a: f64[1]C, b: f64[1]C) {
        for i in 0:dim(a, 0) parallel() { b[i] = exp(a[i]) } }"""
    b, c = np.zeros_like(a), np.zeros_like(a)
    run(text, {"a": a, "b": b}, threads)
    run(text, {"a": a, "b": c}, 3)
    np.testing.assert_array_equal(b, c)


INTEGER = {
    "add": "s = s +? a[i]", "bitand": "s = s & (a[i] | 7:i64)", "bitor": "s = s | a[i]",
    "bitxor": "s = s ^ a[i]", "minimum": "s = minimum(s, a[i])",
    "maximum": "s = select(a[i] > s, a[i], s)",
}  # fmt: skip


@pytest.mark.parametrize("op", INTEGER)
def test_integer_reductions(op: str) -> None:
    text = f"""program f(a: i64[1]C, s0: i64) -> s {{ local s: i64  s = s0
        for i in 0:dim(a, 0) parallel(reduce {op} s) {{ {INTEGER[op]} }} }}"""
    for size in (0, 1, 3_000):
        agree(text, {"a": rng.integers(-1000, 1000, size), "s0": np.int64(12345)})
    status = run(text, {"a": np.full(100_000, 2**62), "s0": np.int64(1)})[0]
    assert status == ("FAIL" if op == "add" else "OK")


def test_several_reductions_last_and_private() -> None:
    text = """program f(a: f64[2]C, n: int) -> s, m, t, any, w {
        local s: f64 local m: f64 local t: f64 local any: bool local w: int
        m = -1.0:f64  w = 7
        for i in 0:dim(a, 0) parallel(reduce add s; reduce maximum m; reduce or any;
                                      reduce last w; private t; last t) {
            t = 0.0:f64
            for j in 0:dim(a, 1) { t = t + a[i, j]  s = s + a[i, j] * f64(n) }
            if t > m { m = t }
            any = any or t > 1000.0:f64
            if t > 3.0:f64 { w = 3 }
        } }"""
    for shape in ((0, 3), (1, 4), (100, 50), (300, 40)):
        agree(text, {"a": rng.random(shape), "n": 3})


def test_guard() -> None:
    text = """program f(a: f64[1]C, d: int) { for i in 0:dim(a, 0) - d parallel(guard d >= 1000) {
        a[i + d] = a[i] + 1.0:f64 } }"""
    for d in (1, 1000):
        agree(text, {"a": np.zeros(2_000), "d": d})


def test_rebind() -> None:
    text = """program f(a: f64[1]C, b: f64[1]C, n: int) -> a, b {
        for t in 0:n {
            for i in 1:dim(a, 0) - 1 parallel() { b[i] = a[i - 1] + a[i + 1] }
            a, b := b, a
        } }"""
    for n in (0, 1, 4, 5):
        agree(text, {"a": rng.random(2_000), "b": rng.random(2_000), "n": n})


def test_alloc() -> None:
    text = """program f(a: f64[2]C, n: int) -> s { local s: f64
        for i in 0:dim(a, 0) parallel(reduce add s) {
            row = alloc f64[dim(a, 1), n]
            small = alloc f64[3]
            block done {
                for j in 0:dim(a, 1) { for k in 0:n { row[j, k] = a[i, j] * f64(k) } }
                if a[i, 0] > 0.9:f64 { leave done }
                for j in 0:dim(a, 1) { small[j % 3] = row[j, n - 1]  s = s + small[j % 3] }
            }
        } }"""
    for n in (1, 3):
        agree(text, {"a": rng.random((50, 7)), "n": n})
    assert run(text, {"a": rng.random((50, 7)), "n": -1})[0] == "FAIL"


def test_assume_and_fail() -> None:
    text = "program f(n: int) -> n { assume n < 10  if n == 3 { fail } }"
    assert [run(text, {"n": n})[0] for n in (1, 3, 12)] == ["OK", "FAIL", "ASSUMPTION"]


def test_sticky_failures() -> None:
    text = """program f(a: f64[1]C, b: f64[1]C) { for i in 0:dim(a, 0) parallel() {
        b[i] = f64(sqrt?(float(a[i]))) } }"""
    a, b = rng.random(100_000), np.zeros(100_000)
    assert run(text, {"a": a, "b": b})[0] == "OK"
    a[50_000] = -1
    assert run(text, {"a": a, "b": b})[0] == "FAIL"
    generated, _ = native.compiled(text)
    assert generated.snapshot
    assert native.machine_code(text).count("zmm") + native.machine_code(text).count("ymm") > 4


def test_a_failed_loop_does_not_run_on() -> None:
    text = """program f(x: int, n: int) -> s { local s: int  s = 1
        while n > 0 { s = s *? x } }"""
    assert run(text, {"x": 3, "n": 1})[0] == "FAIL"


def test_short_circuit() -> None:
    text = """program f(a: f64[1]C, i: int, d: int) -> r, q { local r: bool local q: f64
        r = i < dim(a, 0) and a[i] > 0.5:f64 or d != 0 and 10 //? d > 3
        q = select(i < dim(a, 0), a[i], -1.0:f64) }"""
    for i in (0, 3, 10**12):
        for d in (0, 1, 5):
            agree(text, {"a": rng.random(4), "i": i, "d": d})


def test_polls_and_interruption() -> None:
    text = """program f(n: int) -> s { local s: int
        for i in 0:n { for j in 0:n { s = s ^ (i * j) } } }"""
    native.polls.clear()
    run(text, {"n": 8000})
    assert 10 < len(native.polls) < 200
    native.poll_answer[0] = 1
    try:
        assert run(text, {"n": 8000})[0] == "INTERRUPTED"
        line = "program g(n: int) -> s { local s: int for i in 0:n { s = s ^ (s + i) } }"
        assert run(line, {"n": 10**10})[0] == "INTERRUPTED"
        spin = "program h(n: int) -> s { local s: int while n > 0 { s = s ^ n } }"
        assert run(spin, {"n": 1})[0] == "INTERRUPTED"
    finally:
        native.poll_answer[0] = 0


def test_bool_and_complex_arrays() -> None:
    text = """program f(m: b1[1]C, z: c64[1]S, w: c128[1]C) -> n, s { local n: int local s: c128
        for i in 0:dim(m, 0) {
            m[i] = not m[i]
            if bool(m[i]) { n = n + 1  s = s + w[i] * c128(z[i]) }
            z[i] = conj(z[i])
        } }"""
    m = rng.random(100) > 0.5
    z = (rng.random(200) + 1j * rng.random(200)).astype(np.complex64)[::2]
    agree(text, {"m": m, "z": z, "w": rng.random(100) * 1j + 2})


def test_companions_follow_the_results() -> None:
    text = """program f(n: int) -> s?kind=s.kind:int, i?bound=i.bound {
        local s: f64 local s.kind: bool local i: int local i.bound: bool
        for j in 0:n { s = s + 0.5:f64 s.kind = True i = j i.bound = True } }"""
    generated, _ = native.compiled(text)
    assert [slot.name for slot in generated.results] == ["s", "i", "s.kind", "i.bound"]
    assert run(text, {"n": 3}) == ("OK", (np.float64(1.5), 2, True, True))
    assert run(text, {"n": 0}) == ("OK", (np.float64(0.0), 0, False, False))


ARRAY_REDUCTIONS = {
    "add": "s[j] = s[j] + a[i, j]", "mul": "s[j] = a[i, j] * s[j]",
    "maximum": "s[j] = maximum(s[j], a[i, j])", "less": "if a[i, j] < s[j] { s[j] = a[i, j] }",
}  # fmt: skip


@pytest.mark.parametrize("op", ARRAY_REDUCTIONS)
@pytest.mark.parametrize("layout", ["C", "S"])
def test_array_reductions(op: str, layout: str) -> None:
    text = f"""program f(a: f64[2]C, s: f64[1]{layout}) -> t {{ local t: f64
        for i in 0:dim(a, 0) parallel(reduce {op} s[]; reduce add t) {{
            for j in 0:dim(a, 1) {{ {ARRAY_REDUCTIONS[op]}  t = t + a[i, j] }} }} }}"""
    for rows in (0, 3, 100, 1000):
        a = rng.random((rows, 9)) * 0.01 + 0.995
        s = rng.random(18)[::2] if layout == "S" else rng.random(9)
        agree(text, {"a": a, "s": s})


def test_sums_near_the_limits() -> None:
    text = """program f(a: i64[1]C, s0: int) -> s { local s: int  s = s0
        for i in 0:dim(a, 0) parallel(reduce add s) { s = s +? int(a[i]) } }"""
    for start in (2**63 - 2**50, -(2**63) + 2**50, 0):
        a = rng.integers(-(2**50), 2**50, 1000)
        a = -abs(a) if start > 0 else abs(a)
        agree(text, {"a": a, "s0": start})
    for start, term in ((2**63 - 100, 1), (-(2**63) + 100, -1), (0, 2**60), (0, -(2**60))):
        assert run(text, {"a": np.full(1000, term), "s0": start})[0] == "FAIL"


def test_private_array() -> None:
    text = """program f(a: f64[2]C, n: int) -> s { local s: f64
        row = alloc f64[n]
        for i in 0:dim(a, 0) parallel(reduce add s; private row) {
            for j in 0:n { row[j] = a[i, j] * 2.0:f64 }
            for j in 0:n { s = s + row[n - 1 - j] * f64(j) }
        } }"""
    agree(text, {"a": rng.random((200, 7)), "n": 7})


@pytest.mark.parametrize("name", ["exp", "log", "sin", "erf", "cbrt", "tanh", "pow"])
@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_vector_math(name: str, dtype: str) -> None:
    call = f"{name}(x[i], y[i])" if name == "pow" else f"{name}(x[i])"
    text = f"""program f(x: {dtype}[1]C, y: {dtype}[1]C) {{ for i in 0:dim(x, 0) parallel {{
        y[i] = {call} }} }}"""
    x = (rng.random(1003) * 5 + 0.1).astype({"f32": "f4", "f64": "f8"}[dtype])
    y = x[::-1].copy()
    found, expected = y.copy(), y.copy()
    evaluate(parse(text), {"x": x, "y": expected})
    assert run(text, {"x": x, "y": found})[0] == "OK"
    np.testing.assert_allclose(found, expected, rtol=1e-6 if dtype == "f32" else 1e-15)
    if vector_functions(host()).get("exp"):
        assert "_ZGV" in native.machine_code(text)
