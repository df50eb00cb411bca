"""What the array class is: instances, subclasses, construction, copies, pickles."""

from __future__ import annotations

import copy
import inspect
import pickle

import numpy
import pytest

import conure.numpy as np


def test_plain_arrays_are_instances() -> None:
    assert isinstance(numpy.arange(3), np.ndarray)
    assert isinstance(np.arange(3), np.ndarray)
    assert isinstance(np.arange(3), numpy.ndarray)
    assert isinstance(np.arange(300_000) * 2, numpy.ndarray)
    assert not isinstance([1], np.ndarray)
    assert issubclass(numpy.matrix, np.ndarray)
    assert issubclass(np.ndarray, np.ndarray)
    assert not issubclass(list, np.ndarray)
    assert type(np.arange(3)) is np.ndarray


def test_members_look_like_numpys() -> None:
    assert dir(np.ndarray) == dir(numpy.ndarray)
    assert dir(np.arange(3)) == dir(numpy.arange(3))
    for name, plain in inspect.getmembers(numpy.ndarray, callable):
        if name in ("__class__", "__class_getitem__", "__new__", "__init_subclass__"):
            continue
        member = getattr(np.ndarray, name)
        assert member.__doc__ == plain.__doc__, name
        try:
            expected = inspect.signature(plain)
        except ValueError:
            continue
        assert str(inspect.signature(member)) == str(expected), name


class Annotated(np.ndarray):
    """As NumPy's manual writes it."""

    def __new__(cls, values, info=None):
        array = np.asarray(values).view(cls)
        array.info = info
        return array

    def __array_finalize__(self, other):
        self.info = getattr(other, "info", None)

    def plain(self):
        return self.view(np.ndarray)


def test_a_class_of_the_users() -> None:
    array = Annotated([1.0, 2.0, 3.0], info="metres")
    assert isinstance(array, np.ndarray)
    assert type(array[1:]) is Annotated
    assert array[1:].info == "metres"
    assert type(array + np.ones(3)) is Annotated
    assert type(np.ones(3) + array) is Annotated
    assert type(array.plain()) is np.ndarray
    assert type(np.add(array, 1)) is Annotated
    assert type(np.ndarray.__new__(Annotated, (2,))) is Annotated


class Logged:
    """A class that takes operators over."""

    __array_ufunc__ = None

    def __radd__(self, other):
        return ("radd", other)

    def __eq__(self, other):
        return "eq"

    def __rmatmul__(self, other):
        return "rmatmul"


class Deferring:
    __array_priority__ = 100

    def __rmul__(self, other):
        return ("rmul", type(other))


class Overriding:
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return ufunc.__name__, method, len(inputs)


def test_others_take_operators_over() -> None:
    array = np.arange(3.0)
    assert (array + Logged())[0] == "radd"
    assert (array @ Logged()) == "rmatmul"
    assert (array == Logged()) == "eq"
    assert array * Deferring() == ("rmul", np.ndarray)
    assert array + Overriding() == ("add", "__call__", 2)
    assert np.add(array, Overriding()) == ("add", "__call__", 2)
    assert np.multiply.reduce(Overriding()) == ("multiply", "reduce", 1)
    for zeros in (numpy.zeros, np.zeros):
        array = zeros(3)
        with pytest.raises(TypeError, match="does not support ufuncs"):
            array += Logged()


@pytest.mark.parametrize("size", [10, 200_000])
def test_copies_and_pickles(size: int) -> None:
    array = np.arange(float(size)) * 2
    for made in (
        copy.copy(array),
        copy.deepcopy(array),
        *(pickle.loads(pickle.dumps(array, protocol)) for protocol in range(6)),
    ):
        assert type(made) is np.ndarray
        assert made is not array
        assert not np.shares_memory(made, array)
        assert np.array_equal(made, array)


def test_a_deep_copy_of_objects_is_deep() -> None:
    inner = [1, 2]
    array = np.array([inner, None], dtype=object)
    assert copy.deepcopy(array)[0] == inner
    assert copy.deepcopy(array)[0] is not inner
    assert copy.copy(array)[0] is inner


def test_generic_alias() -> None:
    assert np.ndarray[tuple[int], np.dtype[np.float64]].__origin__ is np.ndarray
    with pytest.raises(TypeError):
        np.ndarray[()]


class Measured:
    """A class that gives its values as an array, as its author would write it."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)


def test_array_methods_of_users() -> None:
    measured = Measured([1.0, 2.0, 3.0])
    assert np.asarray(measured).tolist() == [1, 2, 3]
    assert type(np.array(measured)) is np.ndarray
    assert np.sum(measured) == 6
    assert (np.ones(3) + measured).tolist() == [2, 3, 4]
    assert (measured + np.ones(3)).tolist() == [2, 3, 4]
    assert np.concatenate([measured, np.ones(1)]).tolist() == [1, 2, 3, 1]
    array = np.zeros(3)
    array[:] = measured
    assert array.tolist() == [1, 2, 3]


def test_an_override_of_an_operator_in_place() -> None:
    array = np.arange(3.0)
    array += Overriding()
    assert array == ("add", "__call__", 2)


def test_arrays_hidden_behind_numbers() -> None:
    array = np.arange(3.0)
    assert np.choose([0, 1, 0], [5.0, array]).tolist() == [5, 1, 5]
    assert np.stack([[1, 2, 3], array])[1].tolist() == [0, 1, 2]
    assert np.hstack([1.0, array]).tolist() == [1, 0, 1, 2]
    assert np.select([[True, False, True]], [array], 9).tolist() == [0, 9, 2]
    assert np.array([1.0, array[0], np.array(2.0)]).tolist() == [1, 0, 2]
    assert numpy.sum(array, out=(out := numpy.array(0.0))) is out
    assert numpy.sum(array, out=(out := np.array(0.0))) is out
