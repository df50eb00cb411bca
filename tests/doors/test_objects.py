"""Methods whose loops read `self.u`, `self.dx`: attributes of plain objects are arguments."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import conure


class Wave:
    """A scientist's class: arrays and numbers in `self`."""

    def __init__(self, n: int) -> None:
        self.u = np.random.default_rng(n).random((n, n))
        self.v = self.u.copy()
        self.speed = 0.1
        self.n = n

    def step(self) -> None:
        for i in range(1, self.n - 1):
            for j in range(1, self.n - 1):
                around = self.u[i + 1, j] + self.u[i - 1, j] + self.u[i, j + 1] + self.u[i, j - 1]
                self.v[i, j] = self.u[i, j] + self.speed * (around - 4 * self.u[i, j])

    fast = conure.jit(device="cpu", strict=True)(step)


class Counting(Wave):
    """`speed` runs code when it is read, so that reading it once is not the same."""

    reads = 0

    @property
    def speed(self) -> float:
        self.reads += 1
        return 0.1

    @speed.setter
    def speed(self, value: float) -> None:
        pass


def test_attributes_of_self_are_arguments() -> None:
    wave = Wave(20)
    same = copy.deepcopy(wave)
    wave.step()
    same.fast()
    assert wave.v.tobytes() == same.v.tobytes()
    assert [loop.verdict for loop in conure.explain(Wave.fast, wave).loops] == ["parallel"] * 2


def test_other_objects_and_exchanged_arrays_take_effect_at_the_next_call() -> None:
    for n in (12, 17):
        wave = Wave(n)
        same = copy.deepcopy(wave)
        for _ in range(3):
            wave.step()
            same.fast()
            wave.u, wave.v = wave.v, wave.u
            same.u, same.v = same.v, same.u
        assert wave.u.tobytes() == same.u.tobytes()


def test_one_array_under_two_attributes() -> None:
    wave = Wave(15)
    wave.v = wave.u
    same = copy.deepcopy(wave)
    wave.step()
    same.fast()
    assert wave.v.tobytes() == same.v.tobytes()


def test_properties_are_left_to_python() -> None:
    wave = Counting(8)
    with pytest.raises(conure.UnsupportedError, match="local variable"):
        wave.fast()
    plain = copy.deepcopy(wave)
    plain.step()
    conure.jit(device="cpu")(Wave.step)(wave)
    assert wave.v.tobytes() == plain.v.tobytes()
    assert wave.reads == plain.reads == 36


def test_a_missing_attribute_is_the_usual_error() -> None:
    wave = Wave(8)
    del wave.speed
    with pytest.raises(AttributeError, match="speed"):
        conure.jit(device="cpu")(Wave.step)(wave)


class Clock:
    """Its time changes with each step, and with it sometimes its type."""

    def __init__(self) -> None:
        self.u = np.ones(5)
        self.t: object = 0.0

    def step(self) -> None:
        for i in range(len(self.u)):
            self.u[i] = self.u[i] * 0.5 + self.t  # type: ignore[operator] # any number

    fast = conure.jit(device="cpu", strict=True)(step)


def test_a_number_that_changes_is_no_reason_to_compile_again() -> None:
    clock, same = Clock(), Clock()
    with conure.profile() as profile:
        for k in range(12):
            for each in (clock, same):
                each.t = (float(k), k, np.float64(k), -0.0)[k % 4]
            clock.step()
            same.fast()
            assert clock.u.tobytes() == same.u.tobytes()
    assert sum(event.compile_seconds > 0 for event in profile.events) == 3, "one per type"
