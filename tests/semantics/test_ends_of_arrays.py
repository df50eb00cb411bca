"""Vectors that reach beyond a loop's end leave the memory there alone, and give CPython's answer.

Each array lies against a page that nobody may touch: reading or writing one element too many ends
the process, so the loops run in one of their own.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

PRELUDE = """
import ctypes, mmap
import numpy as np
import conure

LIBC = ctypes.CDLL(None)
KEPT = []


def at_the_end(values, after=True):
    size = -(-max(values.nbytes, 1) // mmap.PAGESIZE) * mmap.PAGESIZE
    memory = mmap.mmap(-1, size + 2 * mmap.PAGESIZE)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for page in (base, base + mmap.PAGESIZE + size):
        assert LIBC.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(mmap.PAGESIZE), 0) == 0
    KEPT.append(memory)
    start = mmap.PAGESIZE + (size - values.nbytes if after else 0)
    array = np.frombuffer(memory, values.dtype, values.size, start).reshape(values.shape)
    array[...] = values
    return array


def columns(a, x):
    for j in range(a.shape[1]):
        total = 0.0
        for i in range(a.shape[0]):
            total += a[i, j] * x[i]
        a[0, j] = total


def far(p, x):
    for j in range(len(x)):
        total = 0.0
        for i in range(len(x)):
            d = p[i, 0] - p[j, 0]
            total += d / (d * d + p[j, 1])
        x[j] = total


def escape(out, x):
    for j in range(len(out)):
        z = x[j]
        count = 0
        while z < 4.0 and count < 30:
            z = z * z + 0.25
            count += 1
        out[j] = count


def window(a, w, out):
    for j in range(len(out)):
        total = 0.0
        for k in range(4):
            if w[k] > 0.0:
                total += w[k] * a[j + k]
        out[j] = total


def arguments(name, n, dtype):
    random = np.random.default_rng(n)
    number = lambda *shape: random.random(shape).astype(dtype)
    return {
        "columns": lambda: (number(3, n), number(3)),
        "far": lambda: (number(n, 2) + dtype(0.5), number(n)),
        "escape": lambda: (np.zeros(n, np.int64), number(n)),
        "window": lambda: (number(n + 3), number(4) - dtype(0.5), number(n)),
    }[name]()


def check(function, dtype):
    fast = conure.jit(device="cpu", float_order="exact", strict=True)(function)
    for n in (1, 2, 3, 5, 7, 8, 9, 13, 15, 17, 31, 33, 40, 60, 70, 257, 300):
        for after in (True, False):
            given = arguments(function.__name__, n, dtype)
            mine = [at_the_end(each, after) for each in given]
            function(*given)
            fast(*mine)
            for a, b in zip(given, mine):
                assert np.array_equal(a, b), (n, a, b)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="protects pages by mprotect")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["columns", "far", "escape", "window"])
def test_no_vector_reaches_beyond(tmp_path, name, dtype):
    script = tmp_path / "ends.py"
    script.write_text(f"{PRELUDE}\n\ncheck({name}, np.{dtype})\nprint('done')\n")
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.returncode) == ("done\n", 0), ran.stderr
