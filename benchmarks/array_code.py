"""The nests as array code for NumPy (and the error function of SciPy where it is installed)."""

import math

import numpy as np

try:
    from scipy.special import erf
except ImportError:
    erf = np.vectorize(math.erf)


def saxpy(alpha, x, y):
    y += alpha * x


def fill(out):
    rows, cols = out.shape
    np.divide(1.0, np.arange(1, rows + 1)[:, None] + np.arange(cols), out=out)


def matmul(a, b, c):
    c += a @ b


def convolve(image, weights, out):
    rows, cols = out.shape
    out[:] = 0.0
    for p in range(5):
        for q in range(5):
            out += weights[p, q] * image[p : p + rows, q : q + cols]


def sweep_2d(a, b):
    b[1:-1, 1:-1] = 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[:-2, 1:-1] + a[2:, 1:-1])


def jacobi(a, b, steps):
    for _ in range(steps):
        sweep_2d(a, b)
        sweep_2d(b, a)


def sweep_3d(a, b):
    middle = a[1:-1, 1:-1, 1:-1]
    b[1:-1, 1:-1, 1:-1] = (
        middle
        + 0.125 * (a[2:, 1:-1, 1:-1] - 2.0 * middle + a[:-2, 1:-1, 1:-1])
        + 0.125 * (a[1:-1, 2:, 1:-1] - 2.0 * middle + a[1:-1, :-2, 1:-1])
        + 0.125 * (a[1:-1, 1:-1, 2:] - 2.0 * middle + a[1:-1, 1:-1, :-2])
    )


def heat(a, b, steps):
    for _ in range(steps):
        sweep_3d(a, b)
        sweep_3d(b, a)


def fdtd(ex, ey, hz, pulse):
    for value in pulse:
        ey[0, :] = value
        ey[1:, :] -= 0.5 * (hz[1:, :] - hz[:-1, :])
        ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
        hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])


def floyd_warshall(path):
    for k in range(path.shape[0]):
        np.minimum(path, path[:, k, None] + path[None, k, :], out=path)


def syrk(alpha, beta, a, c):
    lower = np.tril_indices_from(c)
    c[lower] = beta * c[lower] + alpha * (a @ a.T)[lower]


def mandelbrot(out, limit):
    rows, cols = out.shape
    x = np.broadcast_to(-2.0 + 3.0 * np.arange(cols) / cols, out.shape).ravel()
    y = np.repeat(-1.5 + 3.0 * np.arange(rows) / rows, cols)
    u, v = np.zeros_like(x), np.zeros_like(x)
    counts = out.reshape(-1)
    inside = np.arange(counts.size)
    counts[:] = 0
    for _ in range(limit):
        keep = u * u + v * v <= 4.0
        inside, u, v, x, y = inside[keep], u[keep], v[keep], x[keep], y[keep]
        counts[inside] += 1
        u, v = u * u - v * v + x, 2.0 * u * v + y


def black_scholes(price, strike, years, rate, volatility, call, put):
    spread = volatility * np.sqrt(years)
    d1 = (np.log(price / strike) + (rate + 0.5 * volatility * volatility) * years) / spread
    discounted = strike * np.exp(-rate * years)
    n1 = 0.5 * (1.0 + erf(d1 / math.sqrt(2.0)))
    n2 = 0.5 * (1.0 + erf((d1 - spread) / math.sqrt(2.0)))
    call[:] = price * n1 - discounted * n2
    put[:] = call - price + discounted


def nbody(position, mass, force):
    for i in range(len(mass)):
        offset = position - position[i]
        square = (offset * offset).sum(axis=1) + 1e-6
        force[i] = mass[i] * ((mass / (square * np.sqrt(square))) @ offset)


def tiny(a, b, c):
    np.add(a, b, out=c)


CODE = {
    each.__name__: each
    for each in (
        saxpy, fill, matmul, convolve, jacobi, heat, fdtd, floyd_warshall, syrk, mandelbrot,
        black_scholes, nbody, tiny,
    )
}  # fmt: skip
