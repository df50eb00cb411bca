"""What is refused for the same kinds of values again and again is not asked each time."""

from __future__ import annotations

import numpy as np
import pytest

import conure
import conure.dispatch
from tests.oracle import typed


@pytest.fixture
def asked(monkeypatch):
    """A list that grows by one each time the values of a call are looked at closely."""
    times = []
    describe = conure.dispatch.describe

    def counting(*values):
        times.append(values)
        return describe(*values)

    monkeypatch.setattr(conure.dispatch, "describe", counting)
    return times


def first(words):
    count = 0
    for word in words:
        count += word[0] == "a"
    return count


def test_refused_often_asked_seldom(asked):
    compiled = conure.jit(first)
    for _ in range(2000):
        assert compiled(["ab", "b", "a"]) == 2
    assert len(asked) < 30


def test_other_kinds_of_values_are_asked_for_at_once(asked):
    def total(x):
        s = 0
        for value in x:
            s += value
        return s

    compiled = conure.jit(total)
    for _ in range(100):
        assert compiled({1: 2, 3: 4}) == 4
    before = len(asked)
    with conure.profile() as profile:
        assert compiled(np.ones(300_000)) == 300_000.0
    assert len(asked) == before + 1
    assert [event.device for event in profile.events] == ["cpu"]


def test_strict_is_asked_each_time():
    compiled = conure.jit(first)
    for _ in range(50):
        compiled(["a"])
    with conure.options(strict=True), pytest.raises(conure.UnsupportedError):
        compiled(["a"])


def test_a_profile_sees_each_call():
    compiled = conure.jit(first)
    for _ in range(50):
        compiled(["a"])
    with conure.profile() as profile:
        for _ in range(20):
            compiled(["a"])
    assert len(profile.events) == 20


# ---- what a called function reads outside ------------------------------------------------------

RATE = 2.0
COUNT = 1


def scaled(x):
    return x * RATE + COUNT


def scale_all(x):
    for i in range(len(x)):
        x[i] = scaled(x[i])


@pytest.fixture
def compilations(monkeypatch):
    """A list that grows by one with each compilation."""
    made = []
    original = conure.dispatch.artifact_of

    def counting(*arguments):
        made.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(conure.dispatch, "artifact_of", counting)
    return made


def test_numbers_outside_become_arguments_when_they_change(monkeypatch, compilations):
    compiled = conure.jit(device="cpu")(scale_all)
    values = [*np.linspace(-1.0, 1.0, 20), *(np.float32(0.5), -0.0, float("nan"), 3, 4, True)]
    for number, value in enumerate(values):
        monkeypatch.setitem(globals(), "RATE", value)
        monkeypatch.setitem(globals(), "COUNT", number)
        got, want = np.ones(5), np.ones(5)
        compiled(got)
        scale_all(want)
        np.testing.assert_array_equal(got, want)
    assert len(compilations) <= 7  # constants first, then one form for each pair of types


def test_a_number_too_large_for_us_outside(monkeypatch):
    compiled = conure.jit(device="cpu")(scale_all)
    for value in (1, 2, 10**30, 3):
        monkeypatch.setitem(globals(), "COUNT", value)
        got, want = np.ones(5), np.ones(5)
        compiled(got)
        scale_all(want)
        np.testing.assert_array_equal(got, want)


def test_a_function_that_changes_always_is_not_compiled_always(compilations):
    source = "def scale(x):\n    for i in range(len(x)):\n        x[i] = g(x[i])\n"
    plain = typed(source.replace("scale", "f"), g=abs)
    compiled = conure.jit(plain)
    for k in range(40):
        plain.__globals__["g"] = lambda x: x + 1.0
        x = np.ones(20_000)
        compiled(x)
        assert x[0] == 2.0, k
    assert len(compilations) <= 12


def test_closure_cells_that_change(compilations):
    factor = 1.0

    def times(x):
        return factor * x

    def run(x):
        for i in range(len(x)):
            x[i] = times(x[i])

    compiled = conure.jit(device="cpu")(run)
    for k in range(10):
        factor = k * 0.5
        x = np.ones(4)
        compiled(x)
        assert (x == factor).all()
    assert len(compilations) <= 2
