"""Programs as NumPy users write them, each a function of the namespace `np` and its inputs.

They are run as they stand under NumPy, `conure.numpy` and JAX.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy

Arrays = tuple[Any, ...]


class Program(NamedTuple):
    """One program.

    `build(n)` gives the inputs for about n elements; `arrays` is how many arrays of n elements
    are read or written (what is written counts twice: its lines are fetched first), where the
    program is bound by memory.
    """

    name: str
    run: Callable[..., Any]
    build: Callable[[int], Arrays]
    arrays: int | None = None
    in_place: bool = False


def numbers(*shape: int, seed: int = 1, low: float = 0.0, high: float = 1.0) -> numpy.ndarray:
    """Uniform numbers."""
    return low + (high - low) * numpy.random.default_rng(seed).random(shape)


def side(n: int) -> int:
    """The side of a square of about n cells."""
    return max(int(math.sqrt(n)), 3)


def steps(n: int, most: int = 1000) -> int:
    """How many steps over n cells are about 10^7 updates."""
    return max(min(10_000_000 // n, most), 4)


# ---- chains ----------------------------------------------------------------------------------


def chain(count: int) -> Callable[..., Any]:
    """So many operations on top of each other."""

    def run(np, x, z):
        y = x
        for k in range(count):
            if k % 4 == 0:
                y = y * 0.5
            elif k % 4 == 1:
                y = y + z
            elif k % 4 == 2:
                y = y - 0.25
            else:
                y = y * x
        return y

    return run


def sines(np, x):
    return np.sin(x) ** 2 + np.cos(x) ** 2


def contrived(np, a, b, c, d, e, f, g):
    return (a * b + c) / d + e * f - g


# ---- finance and statistics ------------------------------------------------------------------


def normal_below(np, x):
    """The normal distribution, by the polynomial of Abramowitz and Stegun (26.2.17)."""
    k = 1.0 / (1.0 + 0.2316419 * np.abs(x))
    series = 0.31938153 + k * (
        -0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))
    )
    tail = np.exp(-0.5 * x * x) * 0.3989422804014327 * k * series
    return np.where(x < 0, tail, 1.0 - tail)


def black_scholes(np, price, strike, years):
    rate, volatility = 0.02, 0.3
    spread = volatility * np.sqrt(years)
    d1 = (np.log(price / strike) + (rate + 0.5 * volatility * volatility) * years) / spread
    discounted = strike * np.exp(-rate * years)
    call = price * normal_below(np, d1) - discounted * normal_below(np, d1 - spread)
    return call, call - price + discounted


def variance(np, x):
    return ((x - x.mean()) ** 2).mean()


def regression(np, x, y):
    x_mean, y_mean = x.mean(), y.mean()
    slope = ((x - x_mean) * (y - y_mean)).mean() / ((x - x_mean) ** 2).mean()
    return slope, y_mean - slope * x_mean


def least_squares(np, x, y):
    n = x.shape[0]
    x_sum, y_sum = x.sum(), y.sum()
    slope = (n * (x * y).sum() - x_sum * y_sum) / (n * (x * x).sum() - x_sum * x_sum)
    intercept = (y_sum - slope * x_sum) / n
    residual = y - (slope * x + intercept)
    return slope, intercept, (residual * residual).sum()


def log_likelihood(np, data):
    mean, deviation = 0.4, 0.6
    scaled = (data - mean) ** 2 / (2 * deviation**2)
    density = np.exp(-scaled)
    density /= math.sqrt(2 * math.pi) * deviation
    return np.log(density).sum()


def cronbach(np, scores):
    items = scores.shape[1]
    each = ((scores - scores.mean(axis=0)) ** 2).sum(axis=0) / (scores.shape[0] - 1)
    total = scores.sum(axis=1)
    whole = ((total - total.mean()) ** 2).sum() / (scores.shape[0] - 1)
    return items / (items - 1) * (1 - each.sum() / whole)


def logistic(np, samples, labels, weights):
    guess = 1.0 / (1.0 + np.exp(-(samples @ weights)))
    return weights - 0.1 * (samples.T @ (guess - labels)) / labels.shape[0]


def softmax(np, x):
    scaled = np.exp(x - x.max(axis=1, keepdims=True))
    return scaled / scaled.sum(axis=1, keepdims=True)


# ---- geometry --------------------------------------------------------------------------------


def distances(np, one, other):
    apart = one[:, None, :] - other[None, :, :]
    return np.sqrt((apart * apart).sum(axis=2))


def k_means(np, points, centers):
    apart = points[:, None, :] - centers[None, :, :]
    nearest = (apart * apart).sum(axis=2).argmin(axis=1)
    return np.stack([points[nearest == k].mean(axis=0) for k in range(centers.shape[0])])


def mandelbrot(np, c):
    z = np.zeros_like(c)
    count = np.zeros(c.shape, dtype="int64")
    for _ in range(12):
        inside = z.real * z.real + z.imag * z.imag <= 4.0
        z[inside] = z[inside] ** 2 + c[inside]
        count[inside] += 1
    return count


# ---- grids -----------------------------------------------------------------------------------


def stencil(np, grid):
    for _ in range(steps(grid.size)):
        grid[1:-1, 1:-1] = 0.2 * (
            grid[1:-1, 1:-1] + grid[:-2, 1:-1] + grid[2:, 1:-1] + grid[1:-1, :-2] + grid[1:-1, 2:]
        )
    return grid


def gray_scott(np, u_grid, v_grid):
    u, v = u_grid[1:-1, 1:-1], v_grid[1:-1, 1:-1]
    for _ in range(steps(u_grid.size, 40)):
        spread_u = (
            u_grid[:-2, 1:-1] + u_grid[1:-1, :-2] - 4 * u + u_grid[1:-1, 2:] + u_grid[2:, 1:-1]
        )
        spread_v = (
            v_grid[:-2, 1:-1] + v_grid[1:-1, :-2] - 4 * v + v_grid[1:-1, 2:] + v_grid[2:, 1:-1]
        )
        reaction = u * v * v
        u += 0.16 * spread_u - reaction + 0.06 * (1 - u)
        v += 0.08 * spread_v + reaction - 0.122 * v
    return u_grid, v_grid


def jacobi(np, matrix, right):
    x = np.zeros(right.shape[0])
    diagonal = matrix.diagonal().copy()
    rest = matrix - np.diagflat(diagonal)
    for _ in range(25):
        x = (right - rest @ x) / diagonal
    return x


def harris(np, image):
    dx = image[1:-1, 2:] - image[1:-1, :-2]
    dy = image[2:, 1:-1] - image[:-2, 1:-1]
    xx, xy, yy = box(dx * dx), box(dx * dy), box(dy * dy)
    trace = xx + yy
    return xx * yy - xy * xy - 0.05 * trace * trace


def box(x):
    """The sum of the nine cells around each inner one."""
    return (
        x[:-2, :-2] + x[:-2, 1:-1] + x[:-2, 2:] + x[1:-1, :-2] + x[1:-1, 1:-1]
        + x[1:-1, 2:] + x[2:, :-2] + x[2:, 1:-1] + x[2:, 2:]
    )  # fmt: skip


# ---- the table -------------------------------------------------------------------------------


def two(n: int) -> Arrays:
    return numbers(n), numbers(n, seed=2)


def seven(n: int) -> Arrays:
    return tuple(numbers(n, seed=k, low=0.5) for k in range(7))


def clusters(n: int) -> Arrays:
    return numbers(max(n // 32, 40), 4), numbers(8, 4, seed=2)


def options(n: int) -> Arrays:
    return (
        numbers(n, low=50, high=150),
        numbers(n, seed=2, low=50, high=150),
        numbers(n, seed=3, low=0.1, high=2),
    )


def square(n: int) -> Arrays:
    return (numbers(side(n), side(n)),)


def samples(n: int) -> Arrays:
    rows = max(n // 16, 2)
    return (
        numbers(rows, 16, low=-1),
        (numbers(rows, seed=2) < 0.5) * 1.0,
        numbers(16, seed=3, low=-1),
    )


def reagents(n: int) -> Arrays:
    size = side(n)
    u, v = numpy.ones((size, size)), numpy.zeros((size, size))
    middle = slice(size // 3, 2 * size // 3 + 1)
    u[middle, middle], v[middle, middle] = 0.5, 0.25
    return u + 0.02 * numbers(size, size), v + 0.02 * numbers(size, size, seed=2)


def system(n: int) -> Arrays:
    size = side(n)
    return numbers(size, size) + size * numpy.eye(size), numbers(size, seed=2)


def plane(n: int) -> Arrays:
    return (numbers(n, low=-2, high=1) + 1j * numbers(n, seed=2, low=-1.5, high=1.5),)


PROGRAMS = (
    Program("chain of 1", lambda np, x: x * 0.5, lambda n: (numbers(n),), 3),
    Program("chain of 3", chain(3), two, 4),
    Program("chain of 10", chain(10), two, 4),
    Program("chain of 30", chain(30), two, 4),
    Program("sin²+cos²", sines, lambda n: (numbers(n, high=6.0),)),
    Program("contrived", contrived, seven, 9),
    Program("Black-Scholes", black_scholes, options),
    Program("variance", variance, lambda n: (numbers(n),)),
    Program("simple regression", regression, two),
    Program("least squares", least_squares, two),
    Program("log likelihood", log_likelihood, lambda n: (numbers(n),)),
    Program("cronbach", cronbach, lambda n: (numbers(max(n // 16, 2), 16),)),
    Program("logistic step", logistic, samples),
    Program("softmax", softmax, lambda n: (numbers(max(n // 64, 2), 64),)),
    Program("distances", distances, lambda n: (numbers(side(n), 3), numbers(side(n), 3, seed=2))),
    Program("k-means step", k_means, clusters),
    Program("Mandelbrot", mandelbrot, plane),
    Program("stencil", stencil, square, None, True),
    Program("Gray-Scott", gray_scott, reagents, None, True),
    Program("jacobi", jacobi, system),
    Program("harris", harris, square),
)  # fmt: skip
