"""Every public function, method and operator, by sample calls, against NumPy."""

from __future__ import annotations

import pytest

from tests.doors.numpy.compared import SIZES, agree
from tests.doors.numpy.sample_table import SAMPLES

AT_ONCE = 50


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("first", range(0, len(SAMPLES), AT_ONCE))
def test_samples(first: int, size: int) -> None:
    for program in SAMPLES[first : first + AT_ONCE]:
        agree(program, size)


def test_there_are_enough() -> None:
    assert len(SAMPLES) > 2000
