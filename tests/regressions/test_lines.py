"""Lines of tracebacks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import conure
from tests.oracle import same


def left_as_it_is(function: Callable) -> Callable:
    return function


@left_as_it_is
@left_as_it_is
def decorated(a):
    for i in range(len(a)):
        a[i] = i * 30


def test_lines_of_a_decorated_function():
    same(decorated, np.arange(10, dtype=np.uint8))


def test_first_line_is_the_decorators():
    assert conure.jit(decorated).__code__.co_firstlineno == decorated.__code__.co_firstlineno
