"""Functions that are defined inside a compiled function are compiled as well."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pytest

import conure
from tests.oracle import same


def filtered(image, weight):
    """A program within a function, as many are written."""
    calls = 0

    def window(i, *, width=1):
        "The sum around i."
        nonlocal calls
        calls += 1
        total = 0.0
        for k in range(max(0, i - width), min(len(image), i + width + 1)):
            total += image[k] * weight
        return total

    def average(values):
        total = 0.0
        for value in values:
            total += value
        return total / len(values)

    result = [window(i) for i in range(len(image))]
    weight = 2 * weight
    result.append(window(0, width=3))
    return result, average(image), calls, window.__doc__, window.__qualname__


def test_as_in_python():
    same(filtered, np.linspace(0.0, 1.0, 9), 3.0)
    same(filtered, [1.0, 2.0], 3)
    same(filtered, [], 3)


def test_they_run_compiled():
    compiled = conure.jit(device="cpu")(filtered)
    with conure.profile() as profile:
        compiled(np.linspace(0.0, 1.0, 9), 3.0)
    assert any(event.device == "cpu" for event in profile.events)


def test_what_python_sees_of_them():
    def make(scale):
        def inner(x, y=2):
            for i in range(len(x)):
                x[i] *= scale
            return x

        return inner

    plain, made = make(3.0), conure.jit(make)(3.0)
    assert made(np.ones(3)).tolist() == [3.0, 3.0, 3.0]
    assert inspect.getsource(made) == inspect.getsource(plain)
    assert inspect.signature(made) == inspect.signature(plain)
    assert made.__qualname__ == plain.__qualname__
    assert made.__code__.co_firstlineno == plain.__code__.co_firstlineno
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(made)


def test_recursion_and_generators_inside():
    def f(n):
        def count(k):
            s = 0
            for i in range(k):
                s += i + count(k - 1)
            return s

        def each(k):
            for i in range(k):  # noqa: UP028 # a loop is the point
                yield i

        class Box:
            def total(self, x):
                s = 0
                for value in x:
                    s += value
                return s

        return count(n), list(each(n)), Box().total(range(n))

    same(f, 5)


def test_errors_inside_have_their_lines():
    def f(x):
        def fill(n):
            for i in range(n):
                x[i] = i
            return missing  # noqa: F821 # an error is the point

        try:
            fill(len(x) + 1)
        except IndexError:
            x[0] = 7
        fill(2)

    same(f, np.zeros(3))


def test_strict_tries_them():
    @conure.jit(strict=True, device="cpu")
    def f(x):
        def total():
            s = 0.0
            for value in x:
                s += value
            return s

        return total()

    assert f(np.ones(4)) == 4.0
    with pytest.raises(conure.UnsupportedError):
        f({1: 2})
