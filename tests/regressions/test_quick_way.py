"""The quick way asked a value for its shape before anything knew that it was such an array."""

import numpy as np

from tests.oracle import compiled, same


def least_of_neighbours(a, b):
    return np.minimum(a[1:], b[:-1]) - a[:-1]


def two_variants(rest, x):
    square = np.arange(16.0).reshape(4, 4)
    subject = compiled(least_of_neighbours)
    for _ in range(3):
        subject(square, square)
    wide = np.arange(64.0).reshape(4, 16)
    subject(wide, wide)
    return subject(x, rest)


def test_arrays_of_another_rank_go_the_long_way():
    row = np.arange(4.0)
    np.testing.assert_array_equal(two_variants(row, row), least_of_neighbours(row, row))
    same(least_of_neighbours, row, row)


def test_what_is_no_array_goes_the_long_way():
    for value in ([1.0, 2.0, 3.0], 2.0, None):
        error = got = None
        try:
            want = least_of_neighbours(value, value)
        except TypeError as caught:
            want, error = None, str(caught)
        try:
            result = two_variants(value, value)
        except TypeError as caught:
            result, got = None, str(caught)
            assert caught.__context__ is None
        assert error == got
        if error is None:
            np.testing.assert_array_equal(result, want)
