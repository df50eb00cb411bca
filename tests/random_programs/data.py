"""Arrays that random programs work on: named by seed, so that a program's text is complete."""

from __future__ import annotations

import numpy as np

SPECIAL = (np.nan, np.inf, -np.inf, -0.0, 0.0, 5e-324, 1e-310, -1e-40, 1e300, -1.5, 1.0, 2.0)


def array(seed: int, shape: tuple[int, ...], dtype: str, contents: str) -> np.ndarray:
    """An array of random numbers.

    `contents`: "tame" are small integers, whose sums are exact in any order; "signs" are 1, -1
    and a few 2, whose products are; "plain" are ordinary numbers; "positive" lie in 0.5 to 2;
    "special" has NaN, infinities, -0.0 and subnormals among tame ones, "edge" integers near the
    ends of the dtype; "below N" are integers in 0 to N-1, for subscripts.
    """
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype).kind
    if contents.startswith("below"):
        limit = int(contents.split()[1])
        return rng.integers(0, max(limit, 1), shape).astype(dtype)
    if kind == "b":
        return rng.random(shape) < 0.5
    if kind in "iu":
        return _integers(rng, shape, dtype, contents)
    numbers = _floats(rng, shape, contents)
    with np.errstate(all="ignore"):
        if kind == "c":
            return (numbers + 1j * _floats(rng, shape, contents)).astype(dtype)
        return numbers.astype(dtype)


def _integers(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: str, contents: str
) -> np.ndarray:
    low = 0 if dtype.startswith("u") else -9
    numbers = rng.integers(low, 10, shape).astype(dtype)
    if contents == "edge":
        info = np.iinfo(dtype)
        near = np.where(
            rng.random(shape) < 0.5,
            np.array(info.max, dtype) - numbers % 3,
            np.array(info.min, dtype) + numbers % 3,
        )
        numbers = np.where(rng.random(shape) < 0.3, near, numbers).astype(dtype)
    return numbers


def _floats(rng: np.random.Generator, shape: tuple[int, ...], contents: str) -> np.ndarray:
    if contents == "signs":
        return rng.choice([1.0, -1.0, 1.0, -1.0, 1.0, 2.0], shape)
    if contents == "plain":
        return rng.standard_normal(shape)
    if contents == "positive":
        return rng.uniform(0.5, 2.0, shape)
    numbers = rng.integers(-8, 9, shape).astype(np.float64)
    if contents == "special":
        return np.where(rng.random(shape) < 0.3, rng.choice(SPECIAL, shape), numbers)
    return numbers


def readonly(numbers: np.ndarray) -> np.ndarray:
    """The same array, which refuses writes."""
    numbers.flags.writeable = False
    return numbers


def window(base: np.ndarray, start: int, count: int) -> np.ndarray:
    """`count` rows of `base` from `start`: two windows of one base may overlap."""
    return base[start : start + count]
