"""A value that nobody reads may fail all the same: making several loops of one dropped it."""

import numpy as np

from tests.oracle import same


def read_in_vain(b, d, signs, u):
    for i in range(len(b)):
        b[i] = signs[1]
        t = d[i]  # noqa: F841 # read in vain, and beyond the end
        u[0] = 2.0


def read_in_vain_by_another(b, d, signs, u):
    for i in range(len(b)):
        b[i] = signs[1]
        t = d[i]
        s = t + 1.0  # noqa: F841 # read in vain
        u[0] = 2.0


def test_a_value_that_nobody_reads_fails():
    for function in (read_in_vain, read_in_vain_by_another):
        same(function, np.arange(18.0), np.arange(17.0), np.ones(17), np.zeros(3))
        same(function, np.arange(17.0), np.arange(17.0), np.ones(17), np.zeros(3))
