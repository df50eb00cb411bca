"""Views of arrays that are not computed yet: values, layout and sharing are NumPy's, whatever is
written to either, and nothing is computed before it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import conure
import conure.numpy

SHAPE = (300, 410)  # large enough to be recorded
Array = Any
View = Callable[[Any, Array], Array]

RECORDED: dict[str, View] = {
    "rows": lambda np, y: y[1:],
    "inner": lambda np, y: y[1:-1, 2:-2],
    "steps": lambda np, y: y[::2, 1::3],
    "backwards": lambda np, y: y[::-1, ::-2],
    "backwards from within": lambda np, y: y[-2:3:-1, 100:],
    "far bounds": lambda np, y: y[30:280, 60:380],
    "one column": lambda np, y: y[..., None, 5:],
    "new axes": lambda np, y: y[None, :, None],
    "of extent one": lambda np, y: y[:, :, None][20:, 1:],
    "ellipsis": lambda np, y: y[...],
    "turned": lambda np, y: y.T,
    "turned and cut": lambda np, y: y.T[3:, 1:-1],
    "cut and turned": lambda np, y: y[:-1, ::2].transpose(),
    "swapped": lambda np, y: y.swapaxes(0, 1)[::-1],
    "moved": lambda np, y: np.moveaxis(y, 0, 1),
    "flipped": lambda np, y: np.flip(y),
    "flipped along": lambda np, y: np.flip(y, 1),
    "upside down": lambda np, y: np.flipud(y)[1:],
    "a quarter turn": lambda np, y: np.rot90(y),
    "expanded": lambda np, y: np.expand_dims(y, 1),
    "squeezed": lambda np, y: np.squeeze(y[None]),
    "a piece": lambda np, y: np.split(y, 2)[1],
    "permuted": lambda np, y: np.permute_dims(y, (1, 0)),
    "view of a view of a view": lambda np, y: y[1:][:, 1:].T[::-1],
}
COMPUTED: dict[str, View] = {
    "a row": lambda np, y: y[3],
    "few": lambda np, y: y[:2, :2],
    "an element as an array": lambda np, y: y[1, 2, ...],
    "nothing": lambda np, y: y[5:5],
    "diagonal": lambda np, y: y.diagonal(),
    "flat": lambda np, y: y.reshape(-1),
    "ravel": lambda np, y: np.ravel(y),
    "other bytes": lambda np, y: y.view(f"u{y.itemsize}"),
    "spread": lambda np, y: np.broadcast_to(y, (2, *y.shape)),
}
OF_COMPLEX: dict[str, View] = {
    "real": lambda np, y: y.real,
    "imag": lambda np, y: y.imag[1:],
    "imag turned": lambda np, y: np.imag(y).T,
    "real of a part": lambda np, y: y[::2, 1:].real,
}


def looked_at(np: Any, y: Array, v: Array) -> Any:
    return v + 1, y * 2


def base_written(np: Any, y: Array, v: Array) -> Any:
    before = v * 1
    y += 1
    return before, v * 2


def base_filled(np: Any, y: Array, v: Array) -> Any:
    before = v[..., :1] * 1
    y[...] = 3
    return before, v + 0


def base_element_written(np: Any, y: Array, v: Array) -> Any:
    y[1, 2] = 7
    y[-1] = 5
    return v + 0


def view_written(np: Any, y: Array, v: Array) -> Any:
    before = y * 1
    v += 1
    v *= 2
    return before, y + 0


def view_filled(np: Any, y: Array, v: Array) -> Any:
    v[...] = 2
    return y + 0


def view_written_to_base(np: Any, y: Array, v: Array) -> Any:
    part = y[tuple(slice(extent) for extent in v.shape)]
    if part.shape == v.shape:
        part[...] = v
    return y + 0


def written_through_out(np: Any, y: Array, v: Array) -> Any:
    np.add(v, 1, out=v)
    np.multiply(y, 2, out=y)
    return v + 0, y + 0


def base_forgotten(np: Any, y: Array, v: Array) -> Any:
    w = v[..., ::-1]
    del y
    v += 1
    return w + 0


def another_view_written(np: Any, y: Array, v: Array) -> Any:
    w = y[::-1]
    del y
    w += 1
    return v + 0


def view_of_what_is_replaced(np: Any, y: Array, v: Array) -> Any:
    w = v.sum()
    del v
    y += 1
    u = y[1:]
    u -= 2
    return w, y + 0


def reshaped_in_place(np: Any, y: Array, v: Array) -> Any:
    w = v * 2
    y.shape = (y.size,)
    y[0] = 9
    return w, v + 0


ACTIONS = [
    looked_at, base_written, base_filled, base_element_written, view_written, view_filled,
    view_written_to_base, written_through_out, base_forgotten, another_view_written,
    view_of_what_is_replaced, reshaped_in_place,
]  # fmt: skip


def outcome(np: Any, take: View, action: Any, x: numpy.ndarray) -> list[Any]:
    """What an action gives on an array just recorded and a view of it."""
    y = np.array(x) * 2
    v = take(np, y)
    try:
        result = action(np, y, v)
    except Exception as error:
        result = f"{type(error).__name__}: {error}"
    found = [*(result if isinstance(result, tuple) else (result,)), y, v]
    shown = [
        str(np.shares_memory(y, v)),
        str(v.flags),
        str(v.strides),
        str(y.flags),
        str(v.base is y),
    ]
    return [*(numpy.array(each) if not isinstance(each, str) else each for each in found), *shown]


def compare(take: View, action: Any, x: numpy.ndarray) -> None:
    got = outcome(conure.numpy, take, action, x)
    for one, other in zip(outcome(numpy, take, action, x), got, strict=True):
        if isinstance(one, str) or isinstance(other, str):
            assert one == other
        else:
            assert one.dtype == other.dtype
            numpy.testing.assert_allclose(other, one, rtol=1e-13)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["f8", "i4"])
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)
@pytest.mark.parametrize("take", [*RECORDED.values(), *COMPUTED.values()],
                         ids=[*RECORDED, *COMPUTED])  # fmt: skip
def test_views_of_what_is_pending(take: View, action: Any, dtype: str, order: str) -> None:
    x = numpy.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE) % 97
    compare(take, action, numpy.array(x, dtype, order=order))


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)
@pytest.mark.parametrize("take", OF_COMPLEX.values(), ids=[*OF_COMPLEX])
@pytest.mark.parametrize("dtype", ["c16", "c8"])
def test_parts_of_complex_numbers(take: View, action: Any, dtype: str) -> None:
    x = numpy.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE) % 97
    compare(take, action, (x + 1j * (x % 5)).astype(dtype))


@pytest.mark.parametrize("take", RECORDED.values(), ids=[*RECORDED])
def test_compiled(take: View) -> None:
    x = numpy.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE) * 0.25
    with conure.options(device="cpu"), conure.profile() as profile:
        got = conure.numpy.array(x) * 2
        got = take(conure.numpy, got) + 1
        numpy.testing.assert_array_equal(numpy.asarray(got), take(numpy, x * 2) + 1)
    assert [event.device for event in profile.events] == ["cpu"]


@pytest.mark.parametrize("take", RECORDED.values(), ids=[*RECORDED])
def test_nothing_is_computed(take: View) -> None:
    y = conure.numpy.ones(SHAPE) * 2
    with conure.profile() as profile:
        v = take(conure.numpy, y)
        w = v + 1
        assert (v.shape, v.dtype, v.ndim) == (w.shape, w.dtype, w.ndim)
    assert not profile.events
    assert w._value is None


def test_numbers_that_change_make_no_new_plan() -> None:
    from conure.lazy import plans

    y = numpy.arange(200_000.0)
    for k in range(40, 44):
        v = (conure.numpy.array(y) * 2)[k : k + 90_000]
        numpy.testing.assert_array_equal(numpy.asarray(v + 1), y[k : k + 90_000] * 2 + 1)
        if k == 40:
            count = len(plans._plans)
    assert len(plans._plans) == count


def test_views_across_pieces_of_a_long_program() -> None:
    def program(np: Any) -> Any:
        x = np.arange(100_000.0)
        y = x + 1
        v = y[1:]
        for _ in range(150):
            v = v * 0.5 + y[1:]
        return v[::-1] + y[:-1]

    numpy.testing.assert_allclose(numpy.asarray(program(conure.numpy)), program(numpy), rtol=1e-12)


def test_a_view_written_after_the_limit_of_pending_operations() -> None:
    def program(np: Any) -> Any:
        y = np.arange(100_000.0) + 1
        views = [y[k:] for k in range(1100)]
        views[3] += 1
        y *= 2
        return y, views[1000] + 0

    for one, other in zip(program(numpy), program(conure.numpy), strict=True):
        numpy.testing.assert_array_equal(numpy.asarray(other), one)
