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


def unbound_after_a_loop(n, p, b, c):
    for i in range(n):
        if c[i] != 1.5:
            continue
        found += 1  # noqa: F821 - it is unbound, and read after the next loop
    for j in range(p):
        b[j] = c[j]
    return (found, b, c, j)


def test_name_unbound_after_a_compiled_loop():
    same(unbound_after_a_loop, 5, 5, np.zeros(5), np.zeros(5))
