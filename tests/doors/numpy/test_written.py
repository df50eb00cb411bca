"""What is written to is read first by whoever still waits to read it: through NumPy's own
functions, by keyword, by position, and by random number generators."""

from __future__ import annotations

import inspect
from typing import Any

import numpy
import pytest

import conure.numpy
from conure.numpy.written import WRITTEN

SIZE = 60_000

WRITES = {
    "NumPy's own copyto": "plain.copyto(x, 7.0)",
    "NumPy's own put": "plain.put(x, [0], [5.0])",
    "NumPy's own place": "plain.place(x, x > -1, [5.0])",
    "NumPy's own fill_diagonal": "plain.fill_diagonal(x.reshape(2, -1), 9.0)",
    "NumPy's own put_along_axis": "plain.put_along_axis(x, np.array([1]), 5.0, 0)",
    "NumPy's own maximum": "plain.amax(x.reshape(2, -1), 0, x[: len(x) // 2])",
    "copyto by keyword": "np.copyto(dst=x, src=7.0)",
    "put by keyword": "np.put(a=x, ind=[0], v=[5.0])",
    "place by keyword": "np.place(arr=x, mask=x > -1, vals=[5.0])",
    "fill_diagonal by keyword": "np.fill_diagonal(a=x.reshape(2, -1), val=9.0)",
    "median by keyword": "np.median(a=x, overwrite_input=True)",
    "percentile by keyword": "np.percentile(a=x, q=30, overwrite_input=True)",
    "put_along_axis by keyword": (
        "np.put_along_axis(arr=x, indices=np.array([1]), values=5.0, axis=0)"
    ),
    "rounding by position": "np.around(x, 0, x)",
    "the largest by position": "np.amax(x.reshape(2, -1), 0, x[: len(x) // 2])",
    "random numbers by position": "np.random.default_rng(1).random(None, 'f8', x)",
    "normal numbers by position": "np.random.default_rng(1).standard_normal(None, 'f8', x)",
    "waiting times by position": (
        "np.random.default_rng(1).standard_exponential(None, 'f8', 'zig', x)"
    ),
    "gamma by position": "np.random.default_rng(1).standard_gamma(2.0, None, 'f8', x)",
    "shuffled by keyword": "np.random.default_rng(1).shuffle(x=x)",
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_what_waits_reads_before_it_is_written(write: str) -> None:
    results = []
    for np in (numpy, conure.numpy):
        x: Any = np.arange(SIZE) % 977 * 1.25
        before = x * 2.0
        eval(write, {"np": np, "plain": numpy, "x": x})
        results.append((numpy.asarray(before), numpy.asarray(x)))
    (want, want_x), (got, got_x) = results
    numpy.testing.assert_array_equal(got, want)
    numpy.testing.assert_array_equal(got_x, want_x)
    assert not numpy.array_equal(got_x * 2.0, got)  # something was written


def test_every_position_of_out_is_known() -> None:
    modules = (numpy, numpy.linalg, numpy.fft)
    missing = []
    for module in modules:
        for name, function in vars(module).items():
            if not inspect.isfunction(function) and not hasattr(function, "_implementation"):
                continue
            parameters = list(inspect.signature(function).parameters.values())
            for position, each in enumerate(parameters):
                is_passed = each.kind is not each.KEYWORD_ONLY
                known = WRITTEN.get(function.__name__, ())
                if each.name == "out" and is_passed and position not in known:
                    missing.append((name, position))
    assert missing == []


def written_selection(np: Any) -> Any:
    x = np.arange(SIZE) % 977 * 1.25
    chosen = x[x > 100.0]
    more = chosen + 1.0
    chosen[:] = 0.0
    return more, chosen


def sorted_selection(np: Any) -> Any:
    x = np.arange(SIZE) % 977 * 1.25
    mask = x > 100.0
    chosen = x[mask]
    more = chosen * 2.0
    chosen.sort()
    x[mask] = more
    return more, chosen, x


def other_byte_order(np: Any) -> Any:
    return (np.arange(SIZE) * 0.5).astype(">f8"), (np.arange(SIZE) * 2).astype("q")


def view_of_another_class(np: Any) -> Any:
    class Derived(np.ndarray):  # type: ignore[misc]  # given at run time
        pass

    x = np.arange(SIZE) * 1.25
    view = x.view(Derived)
    before = x * 3.0
    view += 1.0
    view[0] = 9.0
    return before, x


@pytest.mark.parametrize(
    "program", [written_selection, sorted_selection, other_byte_order, view_of_another_class]
)
def test_program(program: Any) -> None:
    for want, got in zip(program(numpy), program(conure.numpy), strict=True):
        numpy.testing.assert_array_equal(numpy.asarray(got), want)
        assert (got.dtype.char, got.dtype.str) == (want.dtype.char, want.dtype.str)


def test_differences_taken_no_whole_number_of_times() -> None:
    x = conure.numpy.arange(SIZE) * 1.25
    with pytest.raises(TypeError):
        conure.numpy.diff(x, 1.0)
    with pytest.raises(TypeError):
        conure.numpy.diff(x, n=None)
    with pytest.raises(TypeError):
        conure.numpy.diff(x, axis=None)
