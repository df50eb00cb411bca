"""A name that held a strided array at the first call holds something else at the next."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle import compiled


def fill(b, n):
    for i in range(n):
        b[i] = 1.0


@pytest.mark.parametrize("other", [1, 2.5, None, "text"])
def test_something_else_in_the_place_of_a_strided_array(other):
    subject = compiled(fill)
    for _ in range(3):
        array = np.zeros(20)
        subject(array[::2], 10)
        assert array[::2].all()
    with pytest.raises(TypeError, match="item assignment"):
        subject(other, 10)
