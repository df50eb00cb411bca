"""The nests of the benchmarks, small, on each device: CPython's answer, and no loop at home."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks import nests
from tests.devices.running import places, rng, there
from tests.oracle import Tolerance, same

R = rng.random
NESTS: dict[str, tuple[Any, ...]] = {
    "saxpy": (2.5, R(1000), R(1000)),
    "fill": (np.zeros((30, 40)),),
    "convolve": (R((24, 28)), R((5, 5)), np.zeros((20, 24))),
    "jacobi": (R((20, 30)), R((20, 30)), 3),
    "heat": (R((8, 8, 8)), R((8, 8, 8)), 2),
    "fdtd": (R((12, 14)), R((12, 14)), R((12, 14)), R(4)),
    "floyd_warshall": (R((16, 16)),),
    "mandelbrot": (np.zeros((20, 30), np.int64), 50),
    "tiny": (R(3), R(3), np.zeros(3)),
}
SUMS: dict[str, tuple[Any, ...]] = {
    "matmul": (R((20, 30)), R((30, 17)), np.zeros((20, 17))),
    "syrk": (1.5, 0.5, R((12, 9)), R((12, 12))),
    "nbody": (R((20, 3)), R(20), np.zeros((20, 3))),
}


@pytest.mark.parametrize("name", NESTS)
def test_nest(device: str, name: str) -> None:
    there(device, getattr(nests, name), *NESTS[name])


@pytest.mark.parametrize("name", SUMS)
def test_nest_with_sums(device: str, name: str) -> None:
    there(device, getattr(nests, name), *SUMS[name], tolerance=Tolerance(1e-14))


def test_a_function_that_is_not_promised_to_be_exact_stays_at_home(device: str) -> None:
    n = 40
    arguments = (R(n) + 1, R(n) + 1, R(n) + 0.1, 0.1, 0.3, np.zeros(n), np.zeros(n))
    same(nests.black_scholes, *arguments, tolerance=Tolerance(1e-6), device=device)
    here = "cpu" if device == "opencl" else device  # OpenCL lets erf be 16 units off
    assert places(device, nests.black_scholes, *arguments) == [here]


def test_one_row_and_one_column(device: str) -> None:
    there(device, nests.fill, np.zeros((1, 300)))
    there(device, nests.fill, np.zeros((300, 1)))


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
def test_nothing_to_do(device: str, shape: tuple[int, int]) -> None:
    same(nests.fill, np.zeros(shape), device=device)
