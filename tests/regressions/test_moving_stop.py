"""The end of a loop is read once: a loop whose ends were peeled off read it again for each part."""

import numpy as np

from tests.oracle import same


def stop_in_the_array(b):
    for i in range(b[0]):
        b[i] = b[i - 1] + 1
    return b


def stop_in_the_array_and_around(a, c):
    for i in range(c[0]):
        c[0] = c[i - 1]
        a[(i + 1) % c[1]] = a[i - 1]


def test_a_stop_that_the_loop_changes_is_read_once():
    for n in range(9):
        counts = np.array([n, n, *range(n + 2)])
        same(stop_in_the_array, counts)
        same(stop_in_the_array_and_around, np.arange(float(n)), counts)
