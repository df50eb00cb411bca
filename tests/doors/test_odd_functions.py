"""`jit` on functions with odd surroundings: the same as without, and never an error of its own."""

from __future__ import annotations

import asyncio
import inspect
from types import FunctionType

import numpy as np
import pytest

import conure
from tests.doors import odd
from tests.oracle import same


@pytest.mark.parametrize(
    ("function", "arguments"),
    [(f, a) for f, a in odd.CASES if isinstance(f, FunctionType)],
    ids=lambda value: value.__name__ if isinstance(value, FunctionType) else "",
)
def test_same_with_and_without(function, arguments):
    if inspect.isgeneratorfunction(function):
        assert list(conure.jit(function)(*arguments)) == list(function(*arguments))
        return
    same(function, *arguments)


@pytest.mark.parametrize("function", [f for f, _ in odd.CASES], ids=lambda f: f.__name__)
def test_what_jit_does_not_take_it_refuses_by_type_only(function):
    if isinstance(function, FunctionType):
        compiled = conure.jit(function)
        assert function in (compiled, getattr(compiled, "__wrapped__", None))
    else:
        with pytest.raises(TypeError, match="made by def"):
            conure.jit(function)


def test_functions_that_are_left_alone():
    for function in (odd.asynchronous, odd.lambda_loop, odd.generator, odd.looks_at_locals):
        assert conure.jit(function) is function
    asyncio.run(odd.asynchronous(np.zeros(3)))


def test_functions_without_source():
    space: dict[str, FunctionType] = {}
    exec("def f(x):\n    for i in range(len(x)):\n        x[i] = 2.0\n    return i", space)
    assert conure.jit(space["f"])(np.zeros(4)) == 3


def test_many_nested_loops_and_long_expressions():
    """Depths at which recursion in a compiler might give up."""
    depth = 18
    lines = [f"{'    ' * (k + 1)}for i{k} in range(1):" for k in range(depth)]
    text = "def f(x):\n" + "\n".join(lines) + "\n" + "    " * (depth + 1)
    text += "x[0] = " + " + ".join(["1.0"] * 900)
    space: dict[str, FunctionType] = {}
    exec(text, space)
    x = np.zeros(1)
    conure.jit(space["f"])(x)
    assert x[0] == 900


@pytest.mark.parametrize("method", ["work", "private", "attributes"])
def test_methods_bound_late(method):
    class Here(odd.Derived):
        pass

    setattr(Here, method, conure.jit(getattr(odd.Derived, method)))
    got, want = np.arange(4.0), np.arange(4.0)
    assert getattr(Here(), method)(got) == getattr(odd.Derived(), method)(want)
    assert np.array_equal(got, want)
