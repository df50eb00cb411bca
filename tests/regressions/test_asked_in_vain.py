"""What is refused for the same kinds of values again and again is not asked each time."""

from __future__ import annotations

import numpy as np
import pytest

import conure
import conure.dispatch


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
