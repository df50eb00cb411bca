"""Where the memory of local arrays comes from."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import conure
from conure.codegen.cpu import generate
from conure.ir.parse import parse
from conure.target import host

TEXT = """program p(x: f64[1]C, n: int) {
    t = alloc f64[n]
    for i in 0:n { t[i] = x[i] * 2.0:f64 }
    for j in 0:n { x[j] = t[n - 1 - j] }
}"""


@pytest.mark.skipif(sys.platform != "linux", reason="large pages are asked for on Linux")
def test_large_arrays_ask_for_large_pages() -> None:
    text = generate(parse(TEXT), host()).text
    assert "@madvise" in text
    assert text.index("icmp uge i64") < text.index("call i32 @madvise")


@conure.jit
def turned(x):  # type: ignore[no-untyped-def] # a user's program
    for _ in range(1):
        t = x * 2
        x[:] = t[::-1]


@pytest.mark.parametrize("n", (1, 1000, 3_000_001))
def test_large_temporaries(n: int) -> None:
    x = np.arange(n, dtype=float)
    with conure.options(device="cpu"):
        turned(x)
    np.testing.assert_array_equal(x, 2.0 * np.arange(n)[::-1])
