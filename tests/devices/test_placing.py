"""What goes to a device, which loop is its fastest dimension, and what explain says of it."""

from __future__ import annotations

import textwrap

import numpy as np
import pytest

import conure
from conure import inventory
from conure.analysis.parallel import judge_all
from conure.ir.nodes import For, Program
from conure.ir.parse import parse
from conure.ir.text import show
from conure.ir.walk import statements
from conure.passes.place import place
from conure.schedule.grid import grids
from conure.target import device as target_named
from tests.devices.running import rng


def placed(text: str, name: str = "opencl") -> Program:
    program = parse(textwrap.dedent(text))
    found = grids(program, judge_all(program, False), target_named(name))
    return place(program, found.nests, found.reasons)


def marks(program: Program) -> list[tuple[str, str]]:
    return [(s.index, s.mark.kind) for s in statements(program) if isinstance(s, For)]


def test_the_loop_with_unit_stride_is_the_fastest() -> None:
    text = """program p(a: f64[2]{}, b: f64[2]{}) {{
        for j in 0:dim(a, 1) {{ for i in 0:dim(a, 0) {{ a[i, j] = b[i, j] }} }} }}"""
    assert marks(placed(text.format("C", "C"))) == [("i", "grid"), ("j", "grid")]
    assert marks(placed(text.format("F", "F"))) == [("j", "grid"), ("i", "grid")]


def test_a_triangle_is_no_rectangle() -> None:
    program = placed("""program p(a: f64[2]C) {
        for i in 0:dim(a, 0) { for j in 0:i + 1 { a[i, j] = 1.0:f64 } } }""")
    assert marks(program) == [("i", "grid"), ("j", "serial")]


def test_a_time_loop_stays_with_the_host() -> None:
    program = placed("""program p(a: f64[1]C, b: f64[1]C, n: int) {
        for t in 0:n { for i in 1:dim(a, 0) - 1 { b[i] = a[i - 1] + a[i + 1] }
                       for k in 0:dim(a, 0) { a[k] = b[k] } } }""")
    assert marks(program) == [("t", "serial"), ("i", "grid"), ("k", "grid")]


def test_who_promises_what() -> None:
    text = """program p(a: f64[1]C) { for i in 0:dim(a, 0) { a[i] = erf(a[i]) } }"""
    assert marks(placed(text)) == [("i", "serial")]
    assert "# host: OpenCL does not promise erf" in show(placed(text))
    assert marks(placed(text, "cuda")) == [("i", "grid")]
    single = text.replace("f64", "f32")  # by way of float64, where 16 units are nothing
    assert marks(placed(single)) == [("i", "grid")]


def test_a_while_that_asks_an_array_keeps_its_loops_at_home() -> None:
    program = placed("""program p(a: f64[1]C) {
        while a[0] < 3.0:f64 { for i in 0:dim(a, 0) { a[i] = a[i] + 1.0:f64 } } }""")
    assert marks(program) == [("i", "serial")]


def mixed(x, y):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = 2 * x[i, j]
    for i in range(1, x.shape[0]):
        y[i, 0] = y[i - 1, 0] * 0.5


def test_explain(device: str) -> None:
    x = rng.random((5, 6))
    with conure.options(device=device):
        loops = conure.explain(mixed, x, x.copy()).loops
    assert [(loop.verdict, loop.device) for loop in loops] == [
        ("parallel", device),
        ("parallel", device),
        ("serial", "cpu"),
    ]
    assert f"# parallel on {device}" in str(_explained(device, x))


def _explained(device: str, x: np.ndarray) -> object:
    with conure.options(device=device):
        return conure.explain(mixed, x, x.copy())


def test_lazy_arrays(device: str) -> None:
    import conure.numpy as lazy

    x = rng.random(50_000)
    want = np.sqrt(x * x + 1.0) - x
    with conure.options(device=device), conure.profile() as profile:
        got = np.asarray(lazy.sqrt(lazy.array(x) * lazy.array(x) + 1.0) - lazy.array(x))
    np.testing.assert_array_equal(got, want)
    assert device in {event.device for event in profile.events}


def test_devices_are_measured_once(device: str, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    with conure.options(cache_dir=str(tmp_path)):
        first = {each.name: each for each in conure.devices()}
        assert {"cpu", device} <= set(first)
        assert first[device].memory > 0
        assert first[device].to_device > 0
        assert 0 < first[device].launch < 1

        def again(*arguments: object) -> None:
            raise AssertionError("measured again")

        monkeypatch.setattr(inventory, "_measured", again)
        monkeypatch.setattr(inventory, "_measured_host", again)
        assert {each.name: each for each in conure.devices()} == first
        (tmp_path / "devices.json").write_text("{", encoding="utf-8")
        with pytest.raises(AssertionError, match="measured again"):
            conure.devices()
