"""Memory of dead results that serves the next ones: never while anybody can reach it."""

from __future__ import annotations

import ctypes
import os
import pickle
import platform
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import conure
import conure.numpy as cnp
from conure.lazy import memory, results
from conure.numpy.seam import real

SHAPE = (300, 200)


@pytest.fixture(autouse=True)
def alone():
    results.forget()
    yield
    results.forget()


def result(shape=SHAPE, dtype="f8", order="C"):
    return results.empty(shape, np.dtype(dtype), order)


def address(array) -> int:
    return array.__array_interface__["data"][0]


def test_a_dead_result_serves_the_next():
    first = result()
    place = address(first)
    del first
    assert address(result()) == place


@pytest.mark.parametrize("other", [((200, 300),), (SHAPE, "f4"), (SHAPE, "i8"), (SHAPE, "f8", "F")])
def test_only_one_of_its_kind(other):
    first = result()
    array = result(*other)
    assert first.flags.c_contiguous
    assert (array.shape, array.dtype) == (other[0], np.dtype(other[1] if other[1:] else "f8"))
    assert array.flags.f_contiguous == (other[2:] == ("F",))


HOLDERS = {
    "view": lambda array: array[1:],
    "view of a view": lambda array: array[1:].T[::2],
    "memoryview": memoryview,
    "ctypes": lambda array: array.ctypes,
    "capsule": lambda array: array.__array_struct__,
    "DLPack": lambda array: array.__dlpack__(),
    "flat": lambda array: array.flat,
    "buffer": lambda array: np.frombuffer(array),
    "iterator": iter,
    "buffer of ctypes": lambda array: ctypes.c_char.from_buffer(array),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_held_memory_is_not_handed_out(holder):
    array = result()
    held, place = HOLDERS[holder](array), address(array)
    del array
    assert address(result()) != place
    del held
    assert place in (address(each) for each in [result(), result()])


def test_one_that_was_reshaped_or_locked_is_not_handed_out():
    changes = (
        lambda array: setattr(array, "shape", (-1,)),
        lambda array: array.setflags(write=False),
        lambda array: setattr(array, "dtype", np.dtype("i8")),
    )
    for change in changes:
        array = result()
        change(array)
        del array
        again = result()
        assert again.shape == SHAPE
        assert again.dtype == np.float64
        assert again.flags.writeable
        again = None


def test_given_memory_is_not_handed_out():
    array = result()
    memory.give(array)
    del array
    assert not memory.is_exposed(result())


def test_what_is_held_for_nobody_is_bounded():
    for rows in range(300, 2000):
        result((rows, 2000))
    held = sum(known.size * len(known.arrays) for known in results._kinds.values())
    assert held == results._bytes <= results.MOST_BYTES
    assert sum(len(known.arrays) for known in results._kinds.values()) == len(results._order)
    assert len(results._order) <= results._MOST
    results.forget()
    assert not results._kinds


def test_many_living_results_of_a_kind():
    living = [result() for _ in range(50)]
    assert len({address(array) for array in living}) == 50
    assert len(results._kinds[SHAPE, np.dtype("f8"), "C"].arrays) <= results._MOST_OF_A_KIND


def test_resizing_a_result():
    with conure.options(device="cpu"):
        array = cnp.array(np.ones(100_000)) + 1.0
        array.sum()
        array.resize(200_000)
        assert array.shape == (200_000,)
        del array
        more = cnp.array(np.ones(100_000)) + 2.0
        assert more.sum() == 300_000.0


def test_a_chain_uses_the_memory_of_its_last_result():
    x = cnp.array(np.ones(100_000))
    places = set()
    with conure.options(device="cpu"):
        for k in range(10):
            y = x * k + 1.0
            assert y[-1] == k + 1.0
            places.add(address(real(y)))
    assert len(places) <= 2


def test_results_look_like_new_arrays():
    x = cnp.array(np.ones(100_000))
    with conure.options(device="cpu"):
        for _ in range(3):
            y = x + 1.0
            assert y.sum() == 200_000.0
            assert y.base is None
            assert y.flags.owndata
            assert (pickle.loads(pickle.dumps(y)) == y).all()
            del y


def test_threads_do_not_share_results():
    wrong = []

    def work(number: float) -> None:
        x = cnp.array(np.full(50_000, number))
        for k in range(60):
            y = x * 2.0 + k
            if not (np.asarray(y) == number * 2.0 + k).all():
                wrong.append(number)

    with conure.options(device="cpu"):
        threads = [threading.Thread(target=work, args=(float(k),)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_two_threads_are_not_handed_the_same(monkeypatch):
    counted = results._references

    def slowly(arrays):
        counts = counted(arrays)
        time.sleep(0.02)
        return counts

    monkeypatch.setattr(results, "_references", slowly)
    result()
    made = []
    threads = [threading.Thread(target=lambda: made.append(result())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({address(array) for array in made}) == 4


FAULTS = """
import resource
import numpy
import conure.numpy as np

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

x = np.array(numpy.ones(40_000))
(x + 1.0)[0]  # loads the engine
plain = numpy.ones(39_000)
for _ in range(5):
    one = plain + plain
    two = one * 0.5
    del one, two
before = faults()
for _ in range(100):
    one = plain + plain
    two = one * 0.5
    del one, two
print((faults() - before) / 100)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is of glibc")
def test_pages_of_freed_arrays_are_kept():
    environment = {name: text for name, text in os.environ.items() if "MALLOC" not in name}
    finished = subprocess.run(
        [sys.executable, "-c", FAULTS],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert float(finished.stdout) < 10  # each array has about 80 pages
