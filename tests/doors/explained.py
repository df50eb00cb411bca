"""Functions whose explanations are compared with golden texts."""

from __future__ import annotations

import numpy as np


def stencils(a, b, n, d):
    """Independent, carried, guarded."""
    s = 0.0
    for i in range(n):
        s += a[i] * b[i]
    for i in range(1, n):
        a[i] = a[i - 1] + 1
    for i in range(n - d):
        b[i] = b[i + d]
    for i in range(n - 2):
        a[i + 1] = b[i]
        a[i] = b[i] + 1
    return s


def product(a, b, c):
    n, m = a.shape
    p = b.shape[1]
    for i in range(n):
        for j in range(p):
            s = 0.0
            for k in range(m):
                s += a[i, k] * b[k, j]
            c[i, j] = s


def sweeps(u, v, steps):
    for _t in range(steps):
        for i in range(1, u.shape[0] - 1):
            v[i] = 0.5 * (u[i - 1] + u[i + 1])
        for i in range(1, u.shape[0] - 1):
            u[i] = v[i]


def searches(x, limit):
    best, at = x[0], 0
    for i in range(len(x)):
        if x[i] > best:
            best, at = x[i], i
    k = 0
    while k < len(x) and x[k] < limit:
        k += 1
    for i in range(len(x)):
        if x[i] == limit:
            break
    return best, at, k


def scattered(x, index, out):
    for i in range(len(x)):
        out[index[i]] = x[i]
    for i in range(len(x)):
        out[i] += x[index[i]]


def left_to_python(x, names):
    for i in range(len(x)):
        x[i] = len(names["a"]) + i
    for name in names:
        print(name)
    for i in range(3):
        names[i] = [i]
    return x


def partly(x):
    total = 0.0
    for step in range(3):
        print(step)
        for i in range(len(x)):
            x[i] += step
            total += x[i]
    return total


def mandelbrot(size, limit):
    counts = np.zeros((size, size), np.int64)
    for i in range(size):
        for j in range(size):
            c = complex(j / size * 3 - 2, i / size * 2 - 1)
            z = 0j
            k = 0
            while abs(z) < 2 and k < limit:
                z = z * z + c
                k += 1
            counts[i, j] = k
    return counts


def overflows(k):
    product = 1
    for i in range(1, 5):
        product = product * (k + i)
    return product


def text_keys(x, names):
    for i in range(len(x)):
        x[i] = len(names["a"]) + i


def nothing(x):
    return x + 1
