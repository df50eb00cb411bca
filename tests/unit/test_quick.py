"""The quick way: which calls it takes, and that it comes back from a failure like the long one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import pytest

import conure
from conure import dispatch


def gather(x, index, y):
    for i in range(len(index)):
        y[i] = x[index[i]]


def shift(x, y):
    for i in range(len(x)):
        x[i] = y[i] + 1.0


def line(x, p):
    for i in range(len(x)):
        x[i] = p[0] * x[i] + p[1]


class Model:
    def __init__(self, values, gain):
        self.values = values
        self.gain = gain

    def step(self):
        for i in range(len(self.values)):
            self.values[i] = self.values[i] * self.gain


def slow_calls(function: Callable[..., object], *calls: tuple[Any, ...]) -> int:
    """How many of these calls go the long way, through the dispatcher."""
    with mock.patch.object(dispatch, "describe", wraps=dispatch.describe) as described:
        for arguments in calls:
            function(*arguments)
    return described.call_count


def warm(function: Callable[..., object], *arguments: object) -> Callable[..., object]:
    compiled = conure.jit(device="cpu")(function)
    for _ in range(3):
        compiled(*arguments)
    return compiled


def test_a_program_that_may_fail_after_a_write_goes_the_quick_way_and_is_undone() -> None:
    x, index, y = np.arange(10.0), np.array([3, 1, 2]), np.zeros(3)
    compiled = warm(gather, x, index, y)
    assert slow_calls(compiled, (x, index, y)) == 0
    index[2], y[:] = 99, -1.0
    with pytest.raises(IndexError, match="index 99 is out of bounds for axis 0 with size 10"):
        compiled(x, index, y)
    assert y.tolist() == [3.0, 1.0, -1.0]
    x[1] = 7.0
    index[2] = -1
    assert slow_calls(compiled, (x, index, y)) == 0
    assert y.tolist() == [3.0, 7.0, 9.0]


def test_what_is_no_array_is_not_snapshotted() -> None:
    compiled = warm(gather, np.arange(10.0), np.array([3, 1, 2]), np.zeros(3))
    y = [0.0, 0.0, 0.0]
    compiled(np.arange(10.0), np.array([3, 1, 2]), y)
    assert y == [3.0, 1.0, 2.0]


def test_one_array_twice() -> None:
    x, y = np.zeros(4), np.zeros(4)
    compiled = warm(shift, x, x)
    assert slow_calls(compiled, (x, x), (y, y)) == 0
    assert slow_calls(compiled, (x, y)) == 1, "two arrays are another variant"
    assert x.tolist() == [2.0] * 4 and y.tolist() == [1.0] * 4


def test_tuples_and_their_types() -> None:
    x = np.ones(3)
    compiled = warm(line, x, (1.0, 0.0))
    assert slow_calls(compiled, (x, (2.0, 1.0))) == 0
    assert x.tolist() == [3.0] * 3
    assert slow_calls(compiled, (x, (2, 1.0))) == 1
    assert slow_calls(compiled, (x, (2.0, 1.0, 5.0))) == 1
    assert x.tolist() == [15.0] * 3


def test_the_fields_of_an_object() -> None:
    model = Model(np.ones(3), 2.0)
    compiled = warm(Model.step, model)
    assert slow_calls(compiled, (model,)) == 0
    assert model.values.tolist() == [16.0] * 3
    model.gain = 0.5
    assert slow_calls(compiled, (model,)) == 0, "a number that changes is an argument"
    assert model.values.tolist() == [8.0] * 3
    Model.gain = property(lambda self: 10.0, lambda self, value: None)
    try:
        compiled(model)
        assert model.values.tolist() == [80.0] * 3, "the class gives the value now"
    finally:
        del Model.gain
