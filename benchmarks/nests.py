"""The twelve nests, as a scientist would write them: plain Python over NumPy arrays.

Every peer starts from these functions. Conure and serial Numba take them as they are; what
an expert would write instead for NumPy or for Numba with `prange` stands in `peers.py`.
"""

import math


def saxpy(alpha, x, y):
    for i in range(len(x)):
        y[i] = alpha * x[i] + y[i]


def fill(out):
    rows, cols = out.shape
    for i in range(rows):
        for j in range(cols):
            out[i, j] = 1.0 / (i + j + 1)


def matmul(a, b, c):
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]


def convolve(image, weights, out):
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            total = 0.0
            for p in range(5):
                for q in range(5):
                    total += weights[p, q] * image[i + p, j + q]
            out[i, j] = total


def jacobi(a, b, steps):
    n, m = a.shape
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                b[i, j] = 0.2 * (a[i, j] + a[i, j - 1] + a[i, j + 1] + a[i - 1, j] + a[i + 1, j])
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                a[i, j] = 0.2 * (b[i, j] + b[i, j - 1] + b[i, j + 1] + b[i - 1, j] + b[i + 1, j])


def heat(a, b, steps):
    n = a.shape[0]
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                for k in range(1, n - 1):
                    b[i, j, k] = (
                        a[i, j, k]
                        + 0.125 * (a[i + 1, j, k] - 2.0 * a[i, j, k] + a[i - 1, j, k])
                        + 0.125 * (a[i, j + 1, k] - 2.0 * a[i, j, k] + a[i, j - 1, k])
                        + 0.125 * (a[i, j, k + 1] - 2.0 * a[i, j, k] + a[i, j, k - 1])
                    )
        for i in range(1, n - 1):
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
        for j in range(m):
            ey[0, j] = pulse[t]
        for i in range(1, n):
            for j in range(m):
                ey[i, j] = ey[i, j] - 0.5 * (hz[i, j] - hz[i - 1, j])
        for i in range(n):
            for j in range(1, m):
                ex[i, j] = ex[i, j] - 0.5 * (hz[i, j] - hz[i, j - 1])
        for i in range(n - 1):
            for j in range(m - 1):
                hz[i, j] = hz[i, j] - 0.7 * (ex[i, j + 1] - ex[i, j] + ey[i + 1, j] - ey[i, j])


def floyd_warshall(path):
    n = path.shape[0]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                path[i, j] = min(path[i, j], path[i, k] + path[k, j])


def syrk(alpha, beta, a, c):
    for i in range(c.shape[0]):
        for j in range(i + 1):
            c[i, j] *= beta
        for k in range(a.shape[1]):
            for j in range(i + 1):
                c[i, j] += alpha * a[i, k] * a[j, k]


def mandelbrot(out, limit):
    rows, cols = out.shape
    for i in range(rows):
        for j in range(cols):
            x = -2.0 + 3.0 * j / cols
            y = -1.5 + 3.0 * i / rows
            u = 0.0
            v = 0.0
            count = 0
            while u * u + v * v <= 4.0 and count < limit:
                u, v = u * u - v * v + x, 2.0 * u * v + y
                count += 1
            out[i, j] = count


def black_scholes(price, strike, years, rate, volatility, call, put):
    for i in range(len(price)):
        spread = volatility * math.sqrt(years[i])
        d1 = math.log(price[i] / strike[i])
        d1 = (d1 + (rate + 0.5 * volatility * volatility) * years[i]) / spread
        d2 = d1 - spread
        discounted = strike[i] * math.exp(-rate * years[i])
        n1 = 0.5 * (1.0 + math.erf(d1 / math.sqrt(2.0)))
        n2 = 0.5 * (1.0 + math.erf(d2 / math.sqrt(2.0)))
        call[i] = price[i] * n1 - discounted * n2
        put[i] = call[i] - price[i] + discounted


def nbody(position, mass, force):
    n = len(mass)
    for i in range(n):
        fx = 0.0
        fy = 0.0
        fz = 0.0
        for j in range(n):
            dx = position[j, 0] - position[i, 0]
            dy = position[j, 1] - position[i, 1]
            dz = position[j, 2] - position[i, 2]
            square = dx * dx + dy * dy + dz * dz + 1e-6
            pull = mass[j] / (square * math.sqrt(square))
            fx += pull * dx
            fy += pull * dy
            fz += pull * dz
        force[i, 0] = mass[i] * fx
        force[i, 1] = mass[i] * fy
        force[i, 2] = mass[i] * fz


def tiny(a, b, c):
    for i in range(len(a)):
        c[i] = a[i] + b[i]
