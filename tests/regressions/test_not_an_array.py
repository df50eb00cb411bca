"""Compiled code that is called again with something else than an array."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import conure


def total(x):
    s = 0
    for value in x:
        s += value
    return s


@pytest.mark.parametrize(
    "other",
    [(1, 2), [1, 2], (), b"", range(3), {1: 2}, frozenset((4,)), bytearray(b"ab"), "", sys],
    ids=repr,
)
def test_something_else_after_arrays(other):
    compiled = conure.jit(device="cpu")(total)
    assert compiled(np.arange(4.0)) == 6.0
    assert compiled(np.arange(8.0)[::2]) == 12.0  # layouts, types: a chain of compiled forms
    assert compiled(np.arange(4)) == 6
    try:
        want = total(other)
    except TypeError as error:
        with pytest.raises(TypeError, match=str(error)):
            compiled(other)
    else:
        assert compiled(other) == want
