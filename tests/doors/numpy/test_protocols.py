"""Arrays in NumPy's own functions, and where memory is shared."""

from __future__ import annotations

import ctypes

import numpy
import pytest

import conure.numpy as np
from tests.doors.numpy.compared import SIZES

plain = numpy.asarray


@pytest.fixture(params=SIZES)
def array(request: pytest.FixtureRequest):
    return np.sin(np.arange(float(request.param)))


def test_numpys_own_functions_give_ours(array) -> None:
    assert type(numpy.sin(array)) is np.ndarray
    assert type(numpy.concatenate([array, array])) is np.ndarray
    assert type(numpy.add.outer(array[:3], array[:3])) is np.ndarray
    assert numpy.sum(array) == np.sum(array)
    assert type(numpy.asarray(array)) is numpy.ndarray
    out = np.empty_like(array)
    assert numpy.add(array, 1, out=out) is out
    assert numpy.array_equal(plain(out), plain(array) + 1)
    assert numpy.shape(array) == array.shape


def test_mixed_with_plain_arrays(array) -> None:
    other = numpy.ones(array.shape)
    for result in (
        array + other,
        other + array,
        other * array,
        np.add(other, array),
        other < array,
    ):
        assert type(result) is np.ndarray
    assert type(np.sin(other)) is np.ndarray
    assert type(np.asarray(other)) is np.ndarray
    kept = other
    other += array
    assert other is kept
    assert numpy.array_equal(other, 1 + plain(array))
    assert np.add(other, 1, out=other) is other
    other[:3] = array[:3]
    assert other[0] == array[0]
    assert numpy.array_equal(other[array > 0.5], other[plain(array) > 0.5])


def test_memory_is_shared_both_ways(array) -> None:
    shared = plain(array)
    shared[0] = 7
    assert array[0] == 7
    array[1] = 8
    assert shared[1] == 8
    view = np.asarray(shared)
    view[2] = 9
    assert shared[2] == array[2] == 9
    assert np.from_dlpack(array)[2] == 9
    assert numpy.from_dlpack(array)[2] == 9
    ctypes.cast(array.ctypes.data, ctypes.POINTER(ctypes.c_double))[3] = 10
    assert array[3] == 10
    address = array.__array_interface__["data"][0]
    assert address == shared.ctypes.data


@pytest.mark.parametrize(
    "address_of",
    [lambda array: array.ctypes.data, lambda array: array.__array_interface__["data"][0]],
)
def test_an_address_that_somebody_has_kept_is_written_to(array, address_of) -> None:
    address = address_of(array)
    before = array + 1
    ctypes.cast(address, ctypes.POINTER(ctypes.c_double))[3] = 10
    assert before[3] == numpy.sin(3.0) + 1
    assert (array + 1)[3] == 11


def test_a_plain_view_is_lent_no_longer_than_it_lives() -> None:
    array = np.sin(np.arange(100_000.0))
    shared = plain(array)
    assert (array + 1)._value is not None  # who has the view could change what is yet to be read
    part = shared[2:]
    del shared
    assert (array + 1)._value is not None
    del part
    assert (array + 1)._value is None


def test_a_plain_view_is_seen_in_later_results(array) -> None:
    shared = plain(array)
    before = array + 1
    shared[:] = 0
    assert before[1] != 1
    assert np.all(array + 1 == 1)


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "u4", "f2", "f8", ">f8", "c16", "g", "S3", "U2", "M8[D]", "m8[ns]", "O"]
)
def test_asarray_keeps_the_dtype(dtype: str) -> None:
    array = np.zeros(3, dtype)
    assert numpy.asarray(array).dtype == array.dtype == numpy.zeros(3, dtype).dtype
    assert numpy.shares_memory(numpy.asarray(array), array)
    assert numpy.array(array).dtype == array.dtype


def test_asarray_keeps_records_and_permissions() -> None:
    kind = numpy.dtype([("x", "i1"), ("y", "f8")], align=True)
    array = np.zeros(2, kind)
    assert numpy.asarray(array).dtype == kind
    array = np.arange(3.0)
    array.flags.writeable = False
    assert not numpy.asarray(array).flags.writeable
    strings = np.array(["a", "bcd"], dtype=np.dtypes.StringDType())
    assert numpy.asarray(strings).dtype == strings.dtype


def test_array_with_dtype_and_copy() -> None:
    array = np.arange(3.0)
    assert numpy.asarray(array, dtype="f4").dtype == numpy.float32
    assert not numpy.shares_memory(numpy.array(array), array)
    assert array.__array__(copy=True) is not array.__array__()
    with pytest.raises(ValueError, match="Unable to avoid copy"):
        numpy.asarray(array, dtype="f4", copy=False)


def test_the_array_api_namespace() -> None:
    array = np.arange(3)
    assert array.__array_namespace__() is np
    assert array.__array_namespace__(api_version="2024.12") is np
    with pytest.raises(ValueError, match="not supported"):
        array.__array_namespace__(api_version="1999.01")
    assert np.__array_api_version__ == numpy.__array_api_version__
    assert np.__array_namespace_info__().default_device() == "cpu"
    assert array.device == "cpu"
    assert array.to_device("cpu") is array
    assert array.__dlpack_device__() == (1, 0)


def test_a_write_through_any_view_is_seen(array) -> None:
    array[0] = 5
    for view in (array[:], array.T, array.view(), array.reshape(-1), array.reshape(5, -1)[0]):
        view[0] += 1
    assert array[0] == 10
    array.flat[0] = 3
    assert array[0] == 3
    for row in array.reshape(-1, 5):
        row[0] = 1
    assert array[0] == array[5] == 1


def test_records_are_views() -> None:
    array = np.zeros(3, [("x", "i4"), ("y", "f8", 2)])
    array["y"][1] = 3
    array[0]["x"] = 7
    assert array["x"].tolist() == [7, 0, 0]
    assert array[1]["y"].tolist() == [3, 3]


def test_objects_are_kept() -> None:
    inner = np.arange(3)
    array = np.empty(2, dtype=object)
    array[0] = inner
    array[1] = (1, inner)
    assert array[0] is inner
    assert array[1][1] is inner
    assert np.array([inner, None], dtype=object)[0] is inner
    assert array.tolist()[0] is inner


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.linspace(0.0, 1.0, 100_000),
        lambda: np.roll(np.ones(100_000), 3),
        lambda: np.tile(np.ones(1_000), 100),
        lambda: np.linspace(0.0, 1.0, 100_000).reshape(100, -1),
    ],
)
def test_a_result_that_views_what_nobody_else_has_is_read_later(make) -> None:
    assert (make() + 1)._value is None


def test_a_result_that_views_what_others_have_is_read_at_once() -> None:
    base = numpy.ones(200_000)
    array = np.frombuffer(base)
    before = array + 1
    base[:] = 5
    assert before[0] == 2
    assert (array + 1)[0] == 6
