"""The array programs as loops fused by hand for Numba, as an expert writes them."""

import math

import numba
import numpy as np
from array_programs import steps
from numba import prange

compiled = numba.njit(parallel=True, error_model="numpy", fastmath={"reassoc", "nsz", "contract"})
inline = numba.njit(inline="always")


@compiled
def chain_1(x):
    y = np.empty_like(x)
    for i in prange(x.size):
        y[i] = x[i] * 0.5
    return y


@compiled
def chain_3(x, z):
    y = np.empty_like(x)
    for i in prange(x.size):
        y[i] = x[i] * 0.5 + z[i] - 0.25
    return y


def chain_of(count):
    """Rounds of four operations, and what is left over of ten and thirty: two."""

    @compiled
    def run(x, z):
        y = np.empty_like(x)
        for i in prange(x.size):
            t = x[i]
            for _ in range(count // 4):
                t = (t * 0.5 + z[i] - 0.25) * x[i]
            y[i] = t * 0.5 + z[i]
        return y

    return run


@compiled
def sines(x):
    y = np.empty_like(x)
    for i in prange(x.size):
        y[i] = math.sin(x[i]) ** 2 + math.cos(x[i]) ** 2
    return y


@compiled
def contrived(a, b, c, d, e, f, g):
    y = np.empty_like(a)
    for i in prange(a.size):
        y[i] = (a[i] * b[i] + c[i]) / d[i] + e[i] * f[i] - g[i]
    return y


@inline
def normal_below(x):
    k = 1.0 / (1.0 + 0.2316419 * abs(x))
    series = 0.31938153 + k * (
        -0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))
    )
    tail = math.exp(-0.5 * x * x) * 0.3989422804014327 * k * series
    return tail if x < 0 else 1.0 - tail


@compiled
def black_scholes(price, strike, years):
    call, put = np.empty_like(price), np.empty_like(price)
    for i in prange(price.size):
        spread = 0.3 * math.sqrt(years[i])
        d1 = (math.log(price[i] / strike[i]) + (0.02 + 0.5 * 0.3 * 0.3) * years[i]) / spread
        discounted = strike[i] * math.exp(-0.02 * years[i])
        call[i] = price[i] * normal_below(d1) - discounted * normal_below(d1 - spread)
        put[i] = call[i] - price[i] + discounted
    return call, put


@compiled
def variance(x):
    total = 0.0
    for i in prange(x.size):
        total += x[i]
    mean, spread = total / x.size, 0.0
    for i in prange(x.size):
        spread += (x[i] - mean) ** 2
    return spread / x.size


@compiled
def regression(x, y):
    x_sum, y_sum = 0.0, 0.0
    for i in prange(x.size):
        x_sum += x[i]
        y_sum += y[i]
    x_mean, y_mean = x_sum / x.size, y_sum / x.size
    both, one = 0.0, 0.0
    for i in prange(x.size):
        both += (x[i] - x_mean) * (y[i] - y_mean)
        one += (x[i] - x_mean) ** 2
    return both / one, y_mean - both / one * x_mean


@compiled
def least_squares(x, y):
    n = x.size
    x_sum, y_sum, xy, xx = 0.0, 0.0, 0.0, 0.0
    for i in prange(n):
        x_sum += x[i]
        y_sum += y[i]
        xy += x[i] * y[i]
        xx += x[i] * x[i]
    slope = (n * xy - x_sum * y_sum) / (n * xx - x_sum * x_sum)
    intercept = (y_sum - slope * x_sum) / n
    rest = 0.0
    for i in prange(n):
        rest += (y[i] - (slope * x[i] + intercept)) ** 2
    return slope, intercept, rest


@compiled
def log_likelihood(data):
    total, factor = 0.0, math.sqrt(2 * math.pi) * 0.6
    for i in prange(data.size):
        total += math.log(math.exp(-((data[i] - 0.4) ** 2) / (2 * 0.6**2)) / factor)
    return total


@compiled
def cronbach(scores):
    rows, items = scores.shape
    sums, squares, total, total_square = np.zeros(items), np.zeros(items), 0.0, 0.0
    for i in prange(rows):
        row = 0.0
        for k in range(items):
            row += scores[i, k]
        sums += scores[i]
        squares += scores[i] * scores[i]
        total += row
        total_square += row * row
    each = (squares - sums * sums / rows).sum() / (rows - 1)
    whole = (total_square - total * total / rows) / (rows - 1)
    return items / (items - 1) * (1 - each / whole)


@compiled
def logistic(samples, labels, weights):
    rows, count = samples.shape
    gradient = np.zeros(count)
    for i in prange(rows):
        dot = 0.0
        for k in range(count):
            dot += samples[i, k] * weights[k]
        gradient += samples[i] * (1.0 / (1.0 + math.exp(-dot)) - labels[i])
    return weights - 0.1 * gradient / rows


@compiled
def softmax(x):
    rows, count = x.shape
    y = np.empty_like(x)
    for i in prange(rows):
        most = x[i, 0]
        for k in range(count):
            most = max(most, x[i, k])
        total = 0.0
        for k in range(count):
            y[i, k] = math.exp(x[i, k] - most)
            total += y[i, k]
        for k in range(count):
            y[i, k] /= total
    return y


@compiled
def distances(one, other):
    y = np.empty((one.shape[0], other.shape[0]))
    for i in prange(one.shape[0]):
        for j in range(other.shape[0]):
            total = 0.0
            for k in range(one.shape[1]):
                total += (one[i, k] - other[j, k]) ** 2
            y[i, j] = math.sqrt(total)
    return y


@compiled
def k_means(points, centers):
    count, axes = centers.shape
    totals = np.zeros((count, axes + 1))
    for i in prange(points.shape[0]):
        best, nearest = math.inf, 0
        for k in range(count):
            apart = 0.0
            for d in range(axes):
                apart += (points[i, d] - centers[k, d]) ** 2
            if apart < best:
                best, nearest = apart, k
        here = np.zeros((count, axes + 1))
        for d in range(axes):
            here[nearest, d] = points[i, d]
        here[nearest, axes] = 1.0
        totals += here
    return totals[:, :axes] / totals[:, axes:].copy().reshape(count, 1)


@compiled
def mandelbrot(c):
    y = np.empty(c.shape, np.int64)
    for i in prange(c.size):
        z, count = 0j, 0
        for _ in range(12):
            if z.real * z.real + z.imag * z.imag > 4.0:
                break
            z = z * z + c[i]
            count += 1
        y[i] = count
    return y


@compiled
def sweep(old, new):
    for i in prange(1, old.shape[0] - 1):
        for j in range(1, old.shape[1] - 1):
            new[i, j] = 0.2 * (
                old[i, j] + old[i - 1, j] + old[i + 1, j] + old[i, j - 1] + old[i, j + 1]
            )


def stencil(grid):
    old, new = grid, grid.copy()
    count = steps(grid.size)
    for _ in range(count):
        sweep(old, new)
        old, new = new, old
    if old is not grid:
        grid[...] = old
    return grid


@compiled
def react(u, v, new_u, new_v):
    for i in prange(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            a, b = u[i, j], v[i, j]
            spread_u = u[i - 1, j] + u[i, j - 1] - 4 * a + u[i, j + 1] + u[i + 1, j]
            spread_v = v[i - 1, j] + v[i, j - 1] - 4 * b + v[i, j + 1] + v[i + 1, j]
            reaction = a * b * b
            new_u[i, j] = a + (0.16 * spread_u - reaction + 0.06 * (1 - a))
            new_v[i, j] = b + (0.08 * spread_v + reaction - 0.122 * b)


def gray_scott(u_grid, v_grid):
    u, v, new_u, new_v = u_grid, v_grid, u_grid.copy(), v_grid.copy()
    for _ in range(steps(u_grid.size, 40)):
        react(u, v, new_u, new_v)
        u, v, new_u, new_v = new_u, new_v, u, v
    if u is not u_grid:
        u_grid[...], v_grid[...] = u, v
    return u_grid, v_grid


@compiled
def jacobi(matrix, right):
    size = right.size
    x, new = np.zeros(size), np.zeros(size)
    for _ in range(25):
        for i in prange(size):
            dot = 0.0
            for j in range(size):
                dot += matrix[i, j] * x[j]
            new[i] = (right[i] - (dot - matrix[i, i] * x[i])) / matrix[i, i]
        x, new = new, x
    return x


@compiled
def harris(image):
    rows, cols = image.shape[0] - 4, image.shape[1] - 4
    y = np.empty((max(rows, 0), max(cols, 0)))
    for i in prange(rows):
        for j in range(cols):
            xx, xy, yy = 0.0, 0.0, 0.0
            for p in range(i + 1, i + 4):
                for q in range(j + 1, j + 4):
                    dx = image[p, q + 1] - image[p, q - 1]
                    dy = image[p + 1, q] - image[p - 1, q]
                    xx += dx * dx
                    xy += dx * dy
                    yy += dy * dy
            y[i, j] = xx * yy - xy * xy - 0.05 * (xx + yy) * (xx + yy)
    return y


LOOPS = {
    "chain of 1": chain_1,
    "chain of 3": chain_3,
    "chain of 10": chain_of(10),
    "chain of 30": chain_of(30),
    "sin²+cos²": sines,
    "contrived": contrived,
    "Black-Scholes": black_scholes,
    "variance": variance,
    "simple regression": regression,
    "least squares": least_squares,
    "log likelihood": log_likelihood,
    "cronbach": cronbach,
    "logistic step": logistic,
    "softmax": softmax,
    "distances": distances,
    "k-means step": k_means,
    "Mandelbrot": mandelbrot,
    "stencil": stencil,
    "Gray-Scott": gray_scott,
    "jacobi": jacobi,
    "harris": harris,
}
