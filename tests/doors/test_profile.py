"""`conure.profile`: an event for each time a region is reached, compiled or left to Python."""

from __future__ import annotations

import re

import numpy as np
import pytest

import conure
from tests.doors import explained

X = np.arange(1.0, 9.0)


def test_events():
    compiled = conure.jit(device="cpu")(explained.sweeps)
    with conure.profile() as profile:
        compiled(X.copy(), X.copy(), 3)
        compiled(X.copy(), X.copy(), 3)
    first, second = profile.events
    assert first.where.endswith("explained.py:35")
    assert (first.what, first.device, first.reason) == ("loops", "cpu", "")
    assert first.compile_seconds > 0 == second.compile_seconds
    assert 0 < second.seconds < 5


@pytest.mark.parametrize(
    ("options", "reason"), [({"device": "python"}, 'the option device="python"')]
)
def test_what_is_left_to_python(options, reason):
    compiled = conure.jit(**options)(explained.partly)
    with conure.profile() as profile:
        compiled(X.copy())
    assert {event.device for event in profile.events} == {"python"}
    assert {event.reason for event in profile.events} == {reason}


def test_a_region_that_python_must_run_again():
    def f(x, k):
        for i in range(len(x)):
            x[i] = x[i] + 1.0 / (k - i)

    compiled = conure.jit(device="cpu")(f)
    with conure.profile() as profile, pytest.raises(ZeroDivisionError):
        compiled(X.copy(), 3)
    (event,) = profile.events
    assert event.device == "python"
    assert "raises" in event.reason


def test_errstate():
    compiled = conure.jit(device="cpu")(explained.product)
    with conure.profile() as profile, np.errstate(all="raise"):
        compiled(np.ones((2, 2)), np.ones((2, 2)), np.ones((2, 2)))
    assert {event.device for event in profile.events} == {"python"}
    assert all("errstate" in event.reason for event in profile.events)


def test_table(golden):
    with conure.profile() as profile:
        conure.jit(device="cpu")(explained.partly)(X.copy())
        conure.jit(device="cpu")(explained.left_to_python)(X.copy(), {"a": "text"})
        conure.jit(device="cpu")(explained.product)(*(np.ones((2, 2)) for _ in range(3)))
    text = str(profile).replace(explained.__file__, "explained.py")
    table = [re.sub(r" +[\d.]+ (us|ms|s)", "  TIME", line).rstrip() for line in text.splitlines()]
    golden("profile/table.txt", "\n".join(re.sub(r"  +|--+", "  ", line) for line in table))


def test_nothing():
    with conure.profile() as profile:
        conure.jit(explained.nothing)(3.0)
    assert str(profile) == "nothing was compiled or run by Conure"
