"""Arguments and sizes of the nests, and the bytes that the bandwidth-bound ones move."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

SIZES = ("small", "medium", "large")
Arguments = tuple[object, ...]


class Case(NamedTuple):
    """One nest at one dtype.

    `moved` gives the bytes that cross the memory bus in one call, counting for each cell
    written but not read before the line that the cache must first fetch; None where the
    nest is not bound by bandwidth.
    """

    nest: str
    dtype: str
    sizes: tuple[int, int, int]
    build: Callable[[int, str], Arguments]
    moved: Callable[[Arguments], int] | None = None

    @property
    def name(self) -> str:
        """Name in tables, e.g. `saxpy` or `saxpy f32`."""
        return self.nest if self.dtype == "f8" else f"{self.nest} {self.dtype.replace('f4', 'f32')}"

    def arguments(self, size: str) -> Arguments:
        """Fresh arguments, the same ones every time."""
        return self.build(self.sizes[SIZES.index(size)], self.dtype)


def numbers(*shape: int, dtype: str, seed: int = 1) -> np.ndarray:
    """Uniform numbers in [0, 1)."""
    return np.random.default_rng(seed).random(shape).astype(dtype)


def copied(arguments: Arguments) -> Arguments:
    """The same arguments with arrays of their own."""
    return tuple(each.copy() if isinstance(each, np.ndarray) else each for each in arguments)


def restore(arguments: Arguments, pristine: Arguments) -> None:
    """Write the pristine numbers back, so that every repetition starts from the same input."""
    for each, original in zip(arguments, pristine, strict=True):
        if isinstance(each, np.ndarray):
            np.copyto(each, original)


def saxpy(n: int, dtype: str) -> Arguments:
    scalar = np.dtype(dtype).type
    return scalar(0.75), numbers(n, dtype=dtype), numbers(n, dtype=dtype, seed=2)


def fill(n: int, dtype: str) -> Arguments:
    return (np.zeros((n, n), dtype),)


def matmul(n: int, dtype: str) -> Arguments:
    a, b = numbers(n, n, dtype=dtype), numbers(n, n, dtype=dtype, seed=2)
    return a, b, np.zeros((n, n), dtype)


def convolve(n: int, dtype: str) -> Arguments:
    image, weights = numbers(n + 4, n + 4, dtype=dtype), numbers(5, 5, dtype=dtype, seed=2)
    return image, weights, np.zeros((n, n), dtype)


def jacobi(n: int, dtype: str) -> Arguments:
    grid = numbers(n, n, dtype=dtype)
    return grid, grid.copy(), 10


def heat(n: int, dtype: str) -> Arguments:
    grid = numbers(n, n, n, dtype=dtype)
    return grid, grid.copy(), 5


def fdtd(n: int, dtype: str) -> Arguments:
    fields = [numbers(n, n, dtype=dtype, seed=seed) for seed in (1, 2, 3)]
    return *fields, np.arange(10, dtype=dtype)


def floyd_warshall(n: int, dtype: str) -> Arguments:
    path = numbers(n, n, dtype=dtype)
    np.fill_diagonal(path, 0.0)
    return (path,)


def syrk(n: int, dtype: str) -> Arguments:
    return 1.5, 1.2, numbers(n, n, dtype=dtype), numbers(n, n, dtype=dtype, seed=2)


def mandelbrot(n: int, dtype: str) -> Arguments:
    return np.zeros((n, n), np.int64), 100


def black_scholes(n: int, dtype: str) -> Arguments:
    price, strike = (50.0 + 100.0 * numbers(n, dtype=dtype, seed=seed) for seed in (1, 2))
    years = 0.1 + 2.0 * numbers(n, dtype=dtype, seed=3)
    return price, strike, years, 0.02, 0.3, np.zeros(n, dtype), np.zeros(n, dtype)


def nbody(n: int, dtype: str) -> Arguments:
    return numbers(n, 3, dtype=dtype), numbers(n, dtype=dtype, seed=2), np.zeros((n, 3), dtype)


def array_bytes(arguments: Arguments) -> int:
    """Bytes of all array arguments."""
    return sum(each.nbytes for each in arguments if isinstance(each, np.ndarray))


def saxpy_moved(arguments: Arguments) -> int:
    """Per cell: x read, y read and written back."""
    return array_bytes(arguments) * 3 // 2


def fill_moved(arguments: Arguments) -> int:
    """Per cell: a line fetched because it is written, and written back."""
    return array_bytes(arguments) * 2


def jacobi_moved(arguments: Arguments) -> int:
    """Per cell and sweep: one array read, the other fetched and written back; two sweeps a step."""
    grid, _, steps = arguments
    assert isinstance(grid, np.ndarray) and isinstance(steps, int)
    return grid.nbytes * 3 * 2 * steps


CASES = (
    Case("saxpy", "f8", (10_000, 1_000_000, 20_000_000), saxpy, saxpy_moved),
    Case("saxpy", "f4", (10_000, 1_000_000, 40_000_000), saxpy, saxpy_moved),
    Case("fill", "f8", (100, 1_000, 5_000), fill, fill_moved),
    Case("matmul", "f8", (40, 256, 1_024), matmul),
    Case("matmul", "f4", (40, 256, 1_024), matmul),
    Case("convolve", "f8", (60, 500, 3_000), convolve),
    Case("convolve", "f4", (60, 500, 3_000), convolve),
    Case("jacobi", "f8", (50, 500, 3_000), jacobi, jacobi_moved),
    Case("jacobi", "f4", (50, 500, 3_000), jacobi, jacobi_moved),
    Case("heat", "f8", (16, 64, 200), heat),
    Case("fdtd", "f8", (50, 500, 2_000), fdtd),
    Case("floyd_warshall", "f8", (40, 250, 800), floyd_warshall),
    Case("syrk", "f8", (40, 250, 800), syrk),
    Case("mandelbrot", "f8", (40, 300, 1_200), mandelbrot),
    Case("black_scholes", "f8", (5_000, 100_000, 3_000_000), black_scholes),
    Case("nbody", "f8", (60, 1_000, 6_000), nbody),
)
