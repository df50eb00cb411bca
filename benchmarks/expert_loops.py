"""The nests as an expert writes them for `numba.njit(parallel=True)`.

`prange`, loop order, blocks, hoisted values and flags are chosen by hand. Importing this file
imports Numba, so `peers.py` does it only when this peer is asked for.
"""

import math

from numba import prange


def saxpy(alpha, x, y):
    for i in prange(len(x)):
        y[i] = alpha * x[i] + y[i]


def fill(out):
    rows, cols = out.shape
    for i in prange(rows):
        for j in range(cols):
            out[i, j] = 1.0 / (i + j + 1)


def matmul(a, b, c):
    rows, cols = c.shape
    depth = a.shape[1]
    block = 64
    for strip in prange((rows + 15) // 16):
        for low in range(0, depth, block):
            for i in range(strip * 16, min(strip * 16 + 16, rows)):
                for k in range(low, min(low + block, depth)):
                    factor = a[i, k]
                    for j in range(cols):
                        c[i, j] += factor * b[k, j]


def convolve(image, weights, out):
    rows, cols = out.shape
    zero = out.dtype.type(0)
    for i in prange(rows):
        for j in range(cols):
            total = zero
            for p in range(5):
                for q in range(5):
                    total += weights[p, q] * image[i + p, j + q]
            out[i, j] = total


def jacobi(a, b, steps):
    n, m = a.shape
    fifth = a.dtype.type(0.2)
    for _ in range(steps):
        for i in prange(1, n - 1):
            for j in range(1, m - 1):
                b[i, j] = fifth * (a[i, j] + a[i, j - 1] + a[i, j + 1] + a[i - 1, j] + a[i + 1, j])
        for i in prange(1, n - 1):
            for j in range(1, m - 1):
                a[i, j] = fifth * (b[i, j] + b[i, j - 1] + b[i, j + 1] + b[i - 1, j] + b[i + 1, j])


def heat(a, b, steps):
    n = a.shape[0]
    for _ in range(steps):
        for i in prange(1, n - 1):
            for j in range(1, n - 1):
                for k in range(1, n - 1):
                    b[i, j, k] = (
                        a[i, j, k]
                        + 0.125 * (a[i + 1, j, k] - 2.0 * a[i, j, k] + a[i - 1, j, k])
                        + 0.125 * (a[i, j + 1, k] - 2.0 * a[i, j, k] + a[i, j - 1, k])
                        + 0.125 * (a[i, j, k + 1] - 2.0 * a[i, j, k] + a[i, j, k - 1])
                    )
        for i in prange(1, n - 1):
            for j in range(1, n - 1):
                for k in range(1, n - 1):
                    a[i, j, k] = (
                        b[i, j, k]
                        + 0.125 * (b[i + 1, j, k] - 2.0 * b[i, j, k] + b[i - 1, j, k])
                        + 0.125 * (b[i, j + 1, k] - 2.0 * b[i, j, k] + b[i, j - 1, k])
                        + 0.125 * (b[i, j, k + 1] - 2.0 * b[i, j, k] + b[i, j, k - 1])
                    )


def fdtd(ex, ey, hz, pulse):
    n, m = hz.shape
    for t in range(len(pulse)):
        for i in prange(n):
            if i == 0:
                for j in range(m):
                    ey[0, j] = pulse[t]
            else:
                for j in range(m):
                    ey[i, j] = ey[i, j] - 0.5 * (hz[i, j] - hz[i - 1, j])
            for j in range(1, m):
                ex[i, j] = ex[i, j] - 0.5 * (hz[i, j] - hz[i, j - 1])
        for i in prange(n - 1):
            for j in range(m - 1):
                hz[i, j] = hz[i, j] - 0.7 * (ex[i, j + 1] - ex[i, j] + ey[i + 1, j] - ey[i, j])


def floyd_warshall(path):
    n = path.shape[0]
    for k in range(n):
        for i in prange(n):  # row and column k do not change in step k: the diagonal is zero
            through = path[i, k]
            for j in range(n):
                longer = through + path[k, j]
                path[i, j] = longer if longer < path[i, j] else path[i, j]


def syrk(alpha, beta, a, c):
    n, depth = a.shape
    for pair in prange((n + 1) // 2):  # a long row and a short one: equal work
        sides = 1 if 2 * pair == n - 1 else 2
        for side in range(sides):
            i = pair + side * (n - 1 - 2 * pair)
            for j in range(i + 1):
                total = 0.0
                for k in range(depth):
                    total += a[i, k] * a[j, k]
                c[i, j] = beta * c[i, j] + alpha * total


def mandelbrot(out, limit):
    rows, cols = out.shape
    for i in prange(rows):
        y = -1.5 + 3.0 * i / rows
        for j in range(cols):
            x = -2.0 + 3.0 * j / cols
            u = 0.0
            v = 0.0
            count = 0
            while u * u + v * v <= 4.0 and count < limit:
                u, v = u * u - v * v + x, 2.0 * u * v + y
                count += 1
            out[i, j] = count


def black_scholes(price, strike, years, rate, volatility, call, put):
    half = math.sqrt(0.5)
    drift = rate + 0.5 * volatility * volatility
    for i in prange(len(price)):
        spread = volatility * math.sqrt(years[i])
        d1 = (math.log(price[i] / strike[i]) + drift * years[i]) / spread
        discounted = strike[i] * math.exp(-rate * years[i])
        n1 = 0.5 * (1.0 + math.erf(d1 * half))
        n2 = 0.5 * (1.0 + math.erf((d1 - spread) * half))
        call[i] = price[i] * n1 - discounted * n2
        put[i] = call[i] - price[i] + discounted


def nbody(position, mass, force):
    n = len(mass)
    px = position[:, 0].copy()  # unit stride for the vector units
    py = position[:, 1].copy()
    pz = position[:, 2].copy()
    for i in prange(n):
        x, y, z = px[i], py[i], pz[i]
        fx = 0.0
        fy = 0.0
        fz = 0.0
        for j in range(n):
            dx = px[j] - x
            dy = py[j] - y
            dz = pz[j] - z
            square = dx * dx + dy * dy + dz * dz + 1e-6
            pull = mass[j] / (square * math.sqrt(square))
            fx += pull * dx
            fy += pull * dy
            fz += pull * dz
        force[i, 0] = mass[i] * fx
        force[i, 1] = mass[i] * fy
        force[i, 2] = mass[i] * fz


def tiny(a, b, c):
    for i in prange(len(a)):
        c[i] = a[i] + b[i]


LOOPS = {
    each.__name__: each
    for each in (
        saxpy, fill, matmul, convolve, jacobi, heat, fdtd, floyd_warshall, syrk, mandelbrot,
        black_scholes, nbody, tiny,
    )
}  # fmt: skip
SUMS_REORDERED = {"syrk", "nbody", "convolve"}
