"""Reading and writing by masks: values are NumPy's, and nothing is selected that need not be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import conure
import conure.numpy
from conure.lazy import plans

Program = Callable[[Any, Any, Any], Any]
SIZE = 100_000


def fill(np: Any, x: Any, y: Any) -> Any:
    x[x > y] = 3
    return x


def fill_a_result(np: Any, x: Any, y: Any) -> Any:
    z = x + y
    z[z > 4] = 1
    return z, x


def update(np: Any, x: Any, y: Any) -> Any:
    m = x > 2
    x[m] += 1
    x[m] *= 2
    return x, m


def update_by_others(np: Any, x: Any, y: Any) -> Any:
    m = x > 2
    x[m] = x[m] * 2 + y[m]
    return x


def equal_masks(np: Any, x: Any, y: Any) -> Any:
    x[y > 2] = x[y > 2] + y[y > 2]
    return x


def other_masks(np: Any, x: Any, y: Any) -> Any:
    x[y > 2] = (x * 2)[y > 2]
    y[y > 3] = y[y > 3] + 1
    return x, y


def masks_that_disagree(np: Any, x: Any, y: Any) -> Any:
    x[y > 2] = x[x > 2]
    return x


def mask_written_between(np: Any, x: Any, y: Any) -> Any:
    m = x > 2
    s = x[m] * 2
    m[:10] = False
    x[m] = 0
    return s, x[m], x


def array_written_between(np: Any, x: Any, y: Any) -> Any:
    m = x > 2
    s = x[m] * 2
    x[...] = 7
    x[m] = s
    return s, x


def named_selection(np: Any, x: Any, y: Any) -> Any:
    m = x > 2
    s = x[m] * 3
    x[m] = s
    t = x[m]
    x[m] = 0
    return s, t, x


def shared_names(np: Any, x: Any, y: Any) -> Any:
    m = x > 2
    held = [x[m] * 3]
    x[m] = held[0]
    x[m] += 1
    return held[0], x


def selection_in_place(np: Any, x: Any, y: Any) -> Any:
    s = x[x > 2]
    t = s
    s += 1
    return s, x, t is s


def shape_of_a_selection(np: Any, x: Any, y: Any) -> Any:
    s = (x + 1)[x > 2] - 1
    return s.shape, s.size, len(s), s.ndim, s.dtype, s.flags.c_contiguous


def functions_of_a_selection(np: Any, x: Any, y: Any) -> Any:
    s = x[x > 2]
    return np.abs(s - 3), np.where(s > 3, s, 0), s[1:] - s[:-1], s @ s, s.reshape(-1, 1).T


def sums(np: Any, x: Any, y: Any) -> Any:
    m = x > 2
    return x[m].sum(), np.sum(x[m] * y[m]), x[m].mean(), x[m].max(), x[m].size, x[x > 999].sum()


def selection_with_others(np: Any, x: Any, y: Any) -> Any:
    m = x > 2
    s = x[m]
    return s + y[: s.size], s + y[x > 2], s + s, [1] + s


def selections_dropped_by_an_assignment(np: Any, x: Any, y: Any) -> Any:
    def change(a: Any, m: Any) -> None:
        a[m] = a[m] + 1

    z = x + 1
    change(z, x > 2)
    change(x, z > 3)
    return x, z


def long_selection(np: Any, x: Any, y: Any) -> Any:
    m = x > 2
    s = x[m]
    for _ in range(300):
        s = s + 1
    return s


def a_view_written(np: Any, x: Any, y: Any) -> Any:
    part = x[10:-10]
    part[part > 2] = 1
    z = y + 1
    part = z[::2]
    part[part > 2] += 1
    return x, z


def writers(np: Any, x: Any, y: Any) -> Any:
    np.putmask(x, y > 2, y + 1)
    np.putmask(x, y > 3, 7)
    np.copyto(y, x, where=x > 3)
    np.copyto(y, 2, where=x < 1)
    z = x + 0
    found = np.add(x, y, out=z, where=y > x)
    return x, y, z, found is z


def errors(np: Any, x: Any, y: Any) -> Any:
    found = []
    for value in (1j, [1, 2, 3], y[:5], 2**70):
        try:
            x[x > 2] = value
        except Exception as error:
            found.append(type(error).__name__)
    try:
        x[(x > 2)[:-1]] = 1
    except IndexError as error:
        found.append(str(error))
    return found, x


def mask_of_another_order(np: Any, x: Any, y: Any) -> Any:
    z = np.asfortranarray(x) + 1
    z[y[::-1] > 2] += 1
    return z


def read_only(np: Any, x: Any, y: Any) -> Any:
    x.flags.writeable = False
    try:
        x[y > 2] = x[y > 2] + 1
    except ValueError as error:
        return str(error), x
    return x


PROGRAMS: list[Program] = [
    fill, fill_a_result, update, update_by_others, equal_masks, other_masks, masks_that_disagree,
    mask_written_between, array_written_between, named_selection, shared_names,
    selection_in_place, shape_of_a_selection, functions_of_a_selection, sums,
    selection_with_others, selections_dropped_by_an_assignment, long_selection, a_view_written,
    writers, errors, mask_of_another_order, read_only,
]  # fmt: skip


def outcome(np: Any, program: Program, x: numpy.ndarray, y: numpy.ndarray) -> Any:
    try:
        return program(np, np.array(x), np.array(y))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def same(want: Any, got: Any) -> None:
    if isinstance(want, tuple | list):
        assert len(want) == len(got)
        for one, other in zip(want, got, strict=True):
            same(one, other)
    elif isinstance(want, numpy.ndarray | numpy.generic):
        assert want.dtype == got.dtype
        numpy.testing.assert_allclose(numpy.asarray(got), want, rtol=2e-5)
    else:
        assert want == got


@pytest.mark.parametrize("device", ["auto", "cpu"])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "u1", "c16"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_program(program: Program, dtype: str, device: Any) -> None:
    numbers = numpy.random.default_rng(3).integers(0, 6, (2, SIZE)).astype(dtype)
    x, y = (part.reshape(400, 250) if program is not masks_that_disagree else part
            for part in numbers)  # fmt: skip
    with conure.options(device=device):
        same(outcome(numpy, program, x, y), outcome(conure.numpy, program, x, y))


def test_nothing_is_selected_to_be_written_back() -> None:
    """One statement, which reads `x` and `y` and writes `x`."""
    x, y = (conure.numpy.array(numpy.random.default_rng(k).random(SIZE)) for k in range(2))
    with conure.options(device="cpu"), conure.profile() as profile:
        x[y > 0.5] = x[y > 0.5] * 2 + y[y > 0.5]
    assert len(profile.events) == 1
    text = [*plans._plans.values()][-1].source.text
    assert len(text.splitlines()) == 1
    assert text.startswith("o4[...] = np.where(")


def test_what_is_not_selected_does_not_warn() -> None:
    x = numpy.linspace(0.0, 1.0, SIZE)

    def program(np: Any) -> Any:
        z = np.array(x)
        m = z > 0.5
        z[m] = 1 / z[m]
        z[~m] = 5
        return z

    with numpy.errstate(all="warn"), pytest.warns() as seen:
        numpy.testing.assert_array_equal(numpy.asarray(program(conure.numpy)), program(numpy))
        numpy.asarray(conure.numpy.array(x).astype("i4"))
        import warnings

        warnings.warn("the only one", stacklevel=1)
    assert [str(each.message) for each in seen] == ["the only one"]
