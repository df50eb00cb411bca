"""Images and signals: bytes, borders, small windows."""

from __future__ import annotations

import math

import numpy as np

from tests.oracle import FEW_ULP, native

RNG = np.random.default_rng(34)


def test_convolution_with_padding():
    def f(image, kernel, out):
        rows, columns = image.shape
        kr, kc = kernel.shape
        for i in range(rows):
            for j in range(columns):
                total = 0.0
                for a in range(kr):
                    for b in range(kc):
                        y = i + a - kr // 2
                        x = j + b - kc // 2
                        if 0 <= y < rows and 0 <= x < columns:
                            total += image[y, x] * kernel[a, b]
                out[i, j] = total

    image = RNG.integers(0, 256, (18, 14)).astype(float)
    native(f, image, RNG.integers(-2, 3, (3, 5)).astype(float), np.zeros_like(image))


def test_clamped_border():
    def f(image, out):
        n, m = image.shape
        for i in range(n):
            for j in range(m):
                total = 0
                for di in range(-1, 2):
                    for dj in range(-1, 2):
                        y = min(max(i + di, 0), n - 1)
                        x = min(max(j + dj, 0), m - 1)
                        total += int(image[y, x])
                out[i, j] = total // 9

    native(f, RNG.integers(0, 256, (11, 13)).astype(np.uint8), np.zeros((11, 13), np.uint8))


def test_median_of_three():
    def f(x, out):
        n = len(x)
        out[0], out[n - 1] = x[0], x[n - 1]
        for i in range(1, n - 1):
            a, b, c = x[i - 1], x[i], x[i + 1]
            if a > b:
                a, b = b, a
            if b > c:
                b = c
            out[i] = max(a, b)

    native(f, RNG.random(40), np.zeros(40))


def test_bilinear_samples():
    def f(image, xs, ys, out):
        n, m = image.shape
        for k in range(len(xs)):
            x = min(max(xs[k], 0.0), m - 1.001)
            y = min(max(ys[k], 0.0), n - 1.001)
            j = int(x)
            i = int(y)
            fx = x - j
            fy = y - i
            top = image[i, j] * (1 - fx) + image[i, j + 1] * fx
            bottom = image[i + 1, j] * (1 - fx) + image[i + 1, j + 1] * fx
            out[k] = top * (1 - fy) + bottom * fy

    native(f, RNG.random((9, 12)), RNG.random(50) * 14 - 1, RNG.random(50) * 11 - 1, np.zeros(50))


def test_quantization():
    def f(x, scale, zero, out):
        for i in range(x.shape[0]):
            q = round(x[i] / scale) + zero
            if q < -128:
                q = -128
            elif q > 127:
                q = 127
            out[i] = q

    native(f, RNG.standard_normal(60) * 3, 0.05, 3, np.zeros(60, np.int8))
    native(f, (RNG.standard_normal(60) * 3).astype(np.float32), 0.05, 3, np.zeros(60, np.int8))


def test_grey_from_colours():
    def f(image, out):
        for i in range(image.shape[0]):
            for j in range(image.shape[1]):
                r, g, b = image[i, j]
                out[i, j] = (int(r) * 299 + int(g) * 587 + int(b) * 114) // 1000

    native(f, RNG.integers(0, 256, (9, 8, 3)).astype(np.uint8), np.zeros((9, 8), np.uint8))


def test_threshold_and_bounding_box():
    def f(image, level):
        top, left = image.shape
        bottom = right = -1
        for i in range(image.shape[0]):
            for j in range(image.shape[1]):
                if image[i, j] >= level:
                    top = min(top, i)
                    bottom = max(bottom, i)
                    left = min(left, j)
                    right = max(right, j)
        return top, left, bottom, right

    native(f, RNG.integers(0, 256, (15, 17)).astype(np.uint8), 250)


def test_running_mean_and_variance():
    def f(x):
        mean = 0.0
        m2 = 0.0
        n = 0
        for value in x:
            n += 1
            delta = value - mean
            mean += delta / n
            m2 += delta * (value - mean)
        return mean, m2 / (n - 1)

    native(f, RNG.random(200))


def test_exponential_smoothing_of_rows():
    def f(a, alpha, out):
        for r in range(a.shape[0]):
            s = a[r, 0]
            for t in range(a.shape[1]):
                s = alpha * a[r, t] + (1.0 - alpha) * s
                out[r, t] = s

    native(f, RNG.random((6, 30)), 0.3, np.zeros((6, 30)))


def test_discrete_fourier_transform():
    def f(x, real, imaginary):
        n = len(x)
        for k in range(n):
            re = im = 0.0
            for t in range(n):
                angle = -2.0 * math.pi * k * t / n
                re += x[t] * math.cos(angle)
                im += x[t] * math.sin(angle)
            real[k], imaginary[k] = re, im

    x = RNG.random(16) + 1
    native(f, x, np.zeros(16), np.zeros(16), tolerance=FEW_ULP.__class__(1e-9, 1e-5))


def test_julia_set_of_complex_numbers():
    def f(out, c, limit):
        h, w = out.shape
        for i in range(h):
            for j in range(w):
                z = complex(-1.5 + 3.0 * j / w, -1.0 + 2.0 * i / h)
                n = 0
                while abs(z) <= 2.0 and n < limit:
                    z = z * z + c
                    n += 1
                out[i, j] = n

    native(f, np.zeros((12, 16), np.int64), complex(-0.4, 0.6), 50)


def test_normalised_rows():
    def f(a):
        for i in range(a.shape[0]):
            total = a[i].sum()
            if total != 0:
                a[i] /= total
            a[i, 0] = 0.5 * a[i, 0]

    native(f, RNG.integers(0, 9, (7, 5)).astype(float))


def test_column_sums_in_a_local_array():
    def f(a, out):
        for block in range(a.shape[0]):
            totals = np.zeros(a.shape[2])
            for i in range(a.shape[1]):
                totals += a[block, i]
            out[block] = totals
            totals.fill(0)

    native(f, RNG.integers(0, 9, (4, 6, 5)).astype(float), np.zeros((4, 5)))
