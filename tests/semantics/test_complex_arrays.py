"""Products of complex arrays have NumPy's very bits: it fuses where the processor can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import conure
import conure.numpy as cnp

EXPRESSIONS: dict[str, Callable[[Any, Any], Any]] = {
    "product": lambda x, y: x * y,
    "swapped": lambda x, y: y * x,
    "square": lambda x, y: x**2,
    "polynomial": lambda x, y: (x * x + y) * y - x,
    "with a number": lambda x, y: x * (2 + 1j) * y,
    "with a real number": lambda x, y: x * 3 * y,
}


def values(count: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Numbers whose products cancel, and special ones."""
    random = np.random.default_rng(count)
    x = random.standard_normal(count) + 1j * random.standard_normal(count)
    y = x.conj() * (1 + 1e-9 * random.standard_normal(count))
    x[: count // 8] *= 1j
    special = [complex(np.inf, 1), complex(1, np.nan), complex(-0.0, 0.0), 1e200 + 1e200j]
    x[: min(count, 4)] = special[:count]
    with np.errstate(all="ignore"):
        return x.astype(dtype), y.astype(dtype)


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("dtype", ["complex128", "complex64"])
@pytest.mark.parametrize("count", [1, 2, 7, 40_003])
def test_products_have_the_bits_of_numpy(name: str, dtype: str, count: int) -> None:
    x, y = values(count, dtype)
    expression = EXPRESSIONS[name]
    with np.errstate(all="ignore"), conure.options(device="cpu"):
        want = expression(x, y)
        got = np.asarray(expression(cnp.array(x), cnp.array(y)))
    assert got.dtype == want.dtype
    assert np.array_equal(got, want, equal_nan=True)
    finite = np.isfinite(want)
    assert got[finite].tobytes() == want[finite].tobytes()


def test_a_compiled_loop_has_them_too() -> None:
    @conure.jit(device="cpu", strict=True)
    def steps(x: Any, y: Any, count: int) -> None:
        for _ in range(count):
            x[...] = x * y + x**2

    x, y = values(1000, "complex128")
    x[:4] = 1
    want = x.copy()
    for _ in range(3):
        want = want * y + want**2
    steps(x, y, 3)
    assert x.tobytes() == want.tobytes()
