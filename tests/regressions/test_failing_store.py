"""A store outside of loops whose value cannot be had leaves the array as it was."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle import same


def last_turn_only(b):
    for i in range(-1, 0):
        b[i] = i


def second_store(b, c, k):
    for _ in range(1):
        b[0] = k
        c[0] = -k


@pytest.mark.parametrize("dtype", ["u1", "u4", "u8"])
def test_value_out_of_range(dtype):
    same(last_turn_only, np.ones(1, dtype))
    same(second_store, np.ones(1, dtype), np.ones(1, dtype), 1)
