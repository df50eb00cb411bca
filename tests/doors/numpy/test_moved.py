"""Rolled, running, joined and padded arrays, of what is there and of what is pending."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import conure
import conure.numpy

Case = Callable[[Any, Any], Any]

CASES: dict[str, Case] = {
    "roll": lambda np, y: np.roll(y, 2),
    "roll along": lambda np, y: np.roll(y, 1, 0) + np.roll(y, -3, axis=-1),
    "roll far": lambda np, y: np.roll(y, 4001, axis=0),
    "roll not at all": lambda np, y: np.roll(y, 0, 0),
    "roll twice": lambda np, y: np.roll(np.roll(y, 1, 0), -1, -1) * 2,
    "roll both": lambda np, y: np.roll(y, (1, 2), (0, -1)),
    "roll a view": lambda np, y: np.roll(y[1:], 1, axis=0)[::-1],
    "roll in place": lambda np, y: y.__setitem__(..., np.roll(y, 1, axis=0)),
    "diff": lambda np, y: np.diff(y),
    "diff along": lambda np, y: np.diff(y, axis=0)[1:],
    "diff of diff": lambda np, y: np.diff(y, 2),
    "diff of a diff": lambda np, y: np.diff(np.diff(y, 1, 0)),
    "diff is zero": lambda np, y: np.diff(y, 0),
    "diff with more": lambda np, y: np.diff(y, prepend=0),
    "cumsum": lambda np, y: np.cumsum(y),
    "cumsum along": lambda np, y: np.cumsum(y, axis=0) + y.cumsum(axis=-1),
    "cumprod along": lambda np, y: np.cumprod(y, axis=-1),
    "cumsum of a dtype": lambda np, y: y.cumsum(0, "f8"),
    "cumsum out": lambda np, y: np.cumsum(y, 0, out=np.zeros(y.shape, y.cumsum(0).dtype)),
    "concatenate": lambda np, y: np.concatenate((y, y + y)),
    "concatenate along": lambda np, y: np.concatenate([y[..., 1:], y, y], axis=-1),
    "concatenate flat": lambda np, y: np.concatenate((y, y), axis=None),
    "concatenate dtypes": lambda np, y: np.concatenate((y, y > 2)),
    "concatenate another": lambda np, y: np.concatenate((y, [y[0]])),
    "stack": lambda np, y: np.stack((y, y + y, y)),
    "stack along": lambda np, y: np.stack([y, y + y], axis=-1),
    "vstack": lambda np, y: np.vstack((y, y + y)),
    "hstack": lambda np, y: np.hstack((y, y + y)),
    "pad": lambda np, y: np.pad(y, 1),
    "pad with": lambda np, y: np.pad(y, ((1, 2),) * y.ndim, mode="edge"),
    "joined, then written": lambda np, y: _joined_then_written(np, y),
    "count": lambda np, y: [np.count_nonzero(y > 1), np.count_nonzero(y, axis=0)],
    "wrong": lambda np, y: np.concatenate((y, y[..., 1:]), axis=0) if y.ndim > 1 else y,
    "wrong axis": lambda np, y: np.roll(y, 1, 5),
}


def _joined_then_written(np: Any, y: Any) -> Any:
    z = y + y
    whole = np.concatenate((z, y))
    whole += whole
    z += z
    return whole, z, y


def outcome(np: Any, case: Case, x: numpy.ndarray, order: Any) -> Any:
    y = np.array(x, order=order) | np.array([False]) if x.dtype == bool else np.array(
        x, order=order) * x.dtype.type(1)  # fmt: skip
    try:
        found = case(np, y)
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    several = found if isinstance(found, tuple | list) else [found]
    return [*several, y]


@pytest.mark.parametrize("device", ["auto", "cpu"])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i4", "?", "c16"])
@pytest.mark.parametrize("shape, order", [((200_000,), "C"), ((300, 400), "C"), ((300, 400), "F"),
                                          ((40, 50, 60), "C")])  # fmt: skip
@pytest.mark.parametrize("case", CASES.values(), ids=[*CASES])
def test_case(case: Case, shape: tuple[int, ...], order: str, dtype: str, device: Any) -> None:
    if device == "cpu" and (dtype in ("?", "c16") or order == "F"):
        pytest.skip("compiled for a few")
    x = numpy.random.default_rng(4).integers(0, 4, shape).astype(dtype)
    with conure.options(device=device), numpy.errstate(all="ignore"):
        want = outcome(numpy, case, x, order)
        got = outcome(conure.numpy, case, x, order)
    for one, other in zip(want, got, strict=True):
        if not isinstance(one, numpy.ndarray):
            assert one == other
            continue
        assert (one.dtype, one.shape, one.strides) == (other.dtype, other.shape, other.strides)
        numpy.testing.assert_allclose(numpy.asarray(other), one, rtol=1e-5)


def test_a_part_is_computed_where_it_is_to_stand() -> None:
    x = conure.numpy.array(numpy.arange(200_000.0))
    with conure.options(device="cpu"), conure.profile() as profile:
        whole = conure.numpy.concatenate((x * 2, x + 1))
    assert [event.device for event in profile.events] == ["cpu", "cpu"]
    numpy.testing.assert_array_equal(
        numpy.asarray(whole), numpy.r_[numpy.arange(200_000.0) * 2, numpy.arange(200_000.0) + 1]
    )
