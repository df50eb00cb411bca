"""Loops in methods that call other methods of the object, as programs with classes do."""

from __future__ import annotations

import numpy as np

import conure
from tests.oracle import FEW_ULP, compiled_wholly, native, same

RNG = np.random.default_rng(8)


class Life:
    born = 3
    bonus = 0.5

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.grid = np.random.default_rng(1).integers(0, 2, (rows, columns))
        self.__secret = 2

    def at(self, r, c):
        return self.grid[r % self.rows, c % self.columns]

    def neighbours(self, r, c, reach=1):
        total = 0
        for dr in (-1, 0, 1):
            for dc in (-1, 0, 1):
                if dr != 0 or dc != 0:
                    total += self.at(r + dr * reach, c + dc * reach)
        return total

    def step(self):
        new = self.grid.copy()
        for r in range(self.rows):
            for c in range(self.columns):
                n = self.neighbours(r, c)
                if self.grid[r, c] == 1 and (n < 2 or n > 3):
                    new[r, c] = 0
                elif n == self.born:
                    new[r, c] = 1
        return new

    def hidden(self):
        total = 0
        for i in range(self.rows):
            total += self.__twice(i) + self.bonus
        return total

    def __twice(self, i):
        return self.__secret * i

    def changing(self):
        for i in range(self.rows):
            self.mark(i)
        return self.grid

    def mark(self, i):
        self.rows = 3
        self.grid[i, 0] = 9

    def itself(self):
        total = 0
        for i in range(self.rows):
            total += outside(self, i)
        return total

    @property
    def area(self):
        return self.rows * self.columns

    @staticmethod
    def plus(a, b):
        return a + b

    def with_others(self):
        total = 0
        for i in range(self.rows):
            total = self.plus(total, self.area + i)
        return total

    def factorial(self, n):
        return 1 if n < 2 else n * self.factorial(n - 1)

    def recursive(self):
        total = 0
        for i in range(self.rows):
            total += self.factorial(i)
        return total


def outside(life, i):
    return life.rows + i


class Wider(Life):
    born = 2

    def at(self, r, c):
        return super().at(r, c) + 1


class Other(Life):
    def at(self, r, c):
        return -self.grid[r % self.rows, c % self.columns]


def step(life):
    return Life.step(life)


def test_methods_that_call_methods():
    native(Life.step, Life(6, 7))
    compiled_wholly(Life.step, Life(6, 7))
    native(Life.hidden, Life(6, 7))


def test_what_is_left_to_python():
    for method in (Life.changing, Life.itself, Life.with_others, Life.recursive):
        same(method, Life(5, 4))


def test_methods_of_other_classes():
    f = conure.jit(device="cpu")(Life.step)
    for kind in (Life, Wider, Other, Life, Other):
        np.testing.assert_array_equal(f(kind(5, 6)), Life.step(kind(5, 6)))


def test_methods_and_attributes_that_change():
    f = conure.jit(device="cpu")(Life.step)
    life = Life(5, 6)
    np.testing.assert_array_equal(f(life), Life.step(life))
    life.born = 2  # an attribute in front of that of the class
    np.testing.assert_array_equal(f(life), Life.step(life))
    life.at = lambda r, c: 1
    np.testing.assert_array_equal(f(life), Life.step(life))
    del life.at
    life.rows = 4
    np.testing.assert_array_equal(f(life), Life.step(life))


def test_a_class_that_changes(monkeypatch):
    f = conure.jit(device="cpu")(Life.step)
    life = Life(5, 6)
    f(life)
    monkeypatch.setattr(Life, "at", lambda self, r, c: 2)
    np.testing.assert_array_equal(f(life), Life.step(life))
    monkeypatch.setattr(Life, "born", 4)
    np.testing.assert_array_equal(f(life), Life.step(life))
    monkeypatch.setattr(Life, "born", property(lambda self: 18))
    np.testing.assert_array_equal(f(life), Life.step(life))


def test_objects_with_attributes_of_their_own_making():
    class Strange(Life):
        def __getattribute__(self, name):
            value = super().__getattribute__(name)
            return value + 1 if name == "born" else value

    class Missing(Life):
        def __getattr__(self, name):
            return 7

    f = conure.jit(device="cpu")(Life.step)
    for kind in (Life, Strange, Missing):
        np.testing.assert_array_equal(f(kind(5, 6)), Life.step(kind(5, 6)))


def test_an_object_as_an_argument():
    class Wave:
        speed = 2.0

        def __init__(self, k):
            self.k = k

        def at(self, x, *, shift=0.0):
            return np.sin(self.k * x - self.speed * shift)

    def f(x, wave):
        for i in range(len(x)):
            x[i] = wave.at(x[i], shift=0.5) + wave.k
        return wave.k

    native(f, RNG.random(9), Wave(3), tolerance=FEW_ULP)
    native(f, RNG.random(9), Wave(2.5), tolerance=FEW_ULP)
