"""Classes that derive from the array class, as NumPy's manual writes them."""

from __future__ import annotations

import numpy
import pytest

import conure.numpy as np
from tests.doors.numpy.compared import SIZES


class Counted(np.ndarray):
    """The manual's example of `__array_ufunc__`: it turns inputs into plain arrays, and back."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        args = [each.view(np.ndarray) if isinstance(each, Counted) else each for each in inputs]
        assert all(type(each) is np.ndarray for each in args if isinstance(each, np.ndarray))
        if out:
            kwargs["out"] = tuple(o.view(np.ndarray) if isinstance(o, Counted) else o for o in out)
        results = super().__array_ufunc__(ufunc, method, *args, **kwargs)
        if results is NotImplemented or method == "at":
            return results
        if ufunc.nout == 1:
            return np.asarray(results).view(Counted) if out is None else out[0]
        return tuple(np.asarray(each).view(Counted) for each in results)


@pytest.mark.parametrize("size", SIZES)
def test_ufuncs_taken_over(size: int) -> None:
    values = numpy.arange(float(size))
    array, ones = np.arange(float(size)).view(Counted), np.ones(size)
    for got, want in (
        (array + 1, values + 1),
        (array + ones, values + 1),
        (ones - array, 1 - values),
        (np.sin(array), numpy.sin(values)),
        (np.modf(array)[1], values),
        (array[array > 2], values[values > 2]),
        (-(array**2), -(values**2)),
    ):
        assert type(got) is Counted
        numpy.testing.assert_array_equal(got.view(numpy.ndarray), want)
    assert float(np.add.reduce(array)) == values.sum()
    array += ones
    assert type(array) is Counted
    ones += array
    assert type(ones) is np.ndarray
    assert ones[1] == 3
    assert type(np.add(array, 1, out=np.zeros(size).view(Counted))) is Counted


class Named(np.ndarray):
    """It takes functions over, and leaves most of them to NumPy."""

    def __array_function__(self, func, types, args, kwargs):
        if func in (np.median, np.linalg.norm):
            return func.__name__
        return super().__array_function__(func, types, args, kwargs)


def test_functions_taken_over() -> None:
    array = np.arange(4.0).view(Named)
    assert np.median(array) == "median"
    assert np.linalg.norm(array) == "norm"
    assert type(np.flip(array)) is Named
    assert type(np.concatenate([array, np.ones(2)])) is np.ndarray
    assert np.sum(array + np.ones(4)) == 10


class Table:
    """The manual's `implements`: functions of NumPy's in a table."""

    FUNCTIONS = {np.sum: lambda _: "sum", np.concatenate: lambda _: "concatenated"}

    def __array_function__(self, func, types, args, kwargs):
        if func not in self.FUNCTIONS:
            return NotImplemented
        return self.FUNCTIONS[func](*args, **kwargs)


def test_tables_of_functions() -> None:
    assert np.sum(Table()) == "sum"
    assert np.concatenate([Table(), np.ones(3)]) == "concatenated"
    assert numpy.concatenate([Table(), np.ones(3)]) == "concatenated"
    with pytest.raises(TypeError, match="no implementation found"):
        np.mean(Table())
    assert np.sum == numpy.sum
    assert np.sum != numpy.prod


class Maker:
    make = np.array
    total = np.sum


def test_functions_in_a_class() -> None:
    assert Maker().make([1.0, 2.0], dtype="f4").dtype == np.float32
    assert Maker.total([1, 2]) == 3
    assert repr(np.array) == repr(numpy.array)


def test_callbacks_are_given_our_arrays() -> None:
    kinds = []

    def seen(*arrays):
        kinds.extend(type(array) for array in arrays)
        return sum(array.view(np.ndarray) for array in arrays)

    assert np.fromfunction(seen, (2, 2), dtype=int).tolist() == [[0, 1], [1, 2]]
    assert np.apply_along_axis(seen, 0, np.ones((2, 3))).tolist() == [[1] * 3] * 2
    assert np.piecewise(np.arange(3.0), [np.arange(3) > 1], [seen, 7]).tolist() == [7, 7, 2]
    assert np.vectorize(seen, signature="(n)->(n)")(np.ones((2, 3))).shape == (2, 3)
    assert set(kinds) == {np.ndarray}


class Valued:
    def __array__(self, dtype=None, copy=None):
        return np.array(1)


def test_an_index_that_gives_an_array_of_ours() -> None:
    assert np.arange(6).reshape(2, 3)[0, Valued()] == 1
