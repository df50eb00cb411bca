"""Memory of arrays, lent to Python's own functions and to others."""

from __future__ import annotations

import array
import ctypes
import hashlib
import io
import pickle
import struct
import zlib

import numpy
import pytest

import conure.numpy as np
from conure.numpy.seam import engine
from tests.doors.numpy.compared import SIZES


@pytest.fixture(params=SIZES)
def ours(request: pytest.FixtureRequest):
    return np.arange(float(request.param)) * 2


@pytest.fixture
def bytes_of_it(ours):
    return (numpy.arange(float(len(ours))) * 2).tobytes()


def test_bytes(ours, bytes_of_it) -> None:
    assert memoryview(ours).format == "d"
    assert bytes(ours) == bytearray(ours) == bytes_of_it
    assert hashlib.sha256(ours).digest() == hashlib.sha256(bytes_of_it).digest()
    assert zlib.crc32(ours) == zlib.crc32(bytes_of_it)
    assert struct.unpack_from("d", ours, 8) == (2.0,)
    assert io.BytesIO(ours).getvalue() == bytes_of_it
    assert array.array("d", memoryview(ours).cast("B").tobytes())[1] == 2.0


def test_writes_either_way(ours) -> None:
    lent = memoryview(ours)
    later = ours + 1
    lent[1] = 7.0
    assert ours[1] == 7
    assert later[1] == 3
    ours[2] = 9
    assert lent[2] == 9
    (ctypes.c_double * 3).from_buffer(ours)[0] = 5
    assert ours[0] == 5


def test_layouts(ours) -> None:
    table = ours.reshape(-1, 5).T
    assert memoryview(table).shape == table.shape
    assert memoryview(table)[1, 0] == 2
    with pytest.raises(Exception, match=""):  # in NumPy's words only from Python 3.12 on
        hashlib.sha256(table)
    fixed = ours[:]
    fixed.flags.writeable = False
    assert memoryview(fixed).readonly
    assert not numpy.asarray(fixed).flags.writeable


@pytest.mark.parametrize("kind", ["g", ">g", ">G", ">f8", "f2", "M8[D]", "S3", "O", "i4,f8"])
def test_dtypes_are_kept(kind: str) -> None:
    made = np.zeros((2, 3), np.dtype(kind))
    assert numpy.asarray(made).dtype == np.dtype(kind)
    assert numpy.shares_memory(numpy.asarray(made), made)


def test_pickled_out_of_band(ours) -> None:
    buffers: list[pickle.PickleBuffer] = []
    text = pickle.dumps(ours, protocol=5, buffer_callback=buffers.append)
    assert numpy.array_equal(pickle.loads(text, buffers=buffers), ours)


def test_what_numpy_asks_of_arrays(ours) -> None:
    numpy.testing.assert_equal(ours, numpy.asarray(ours))
    numpy.testing.assert_almost_equal(ours, ours + 1e-12)
    with pytest.raises(AssertionError):
        numpy.testing.assert_equal(ours, ours + 1)
    assert numpy.matrix(ours[:4]).shape == (1, 4)
    assert type(numpy.ma.masked_greater(ours, 3).filled(0)) is numpy.ndarray


def test_an_error_of_the_evaluation_goes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(array):
        raise KeyError("no value")

    pending = np.arange(300_000.0) * 2 + 1
    with monkeypatch.context() as patch:
        patch.setattr(engine(), "real_array", fail)
        with pytest.raises((KeyError, SystemError)):
            memoryview(pending)
        with pytest.raises(KeyError):
            numpy.asarray(pending)
    assert numpy.asarray(pending)[1] == 3
