"""The same program run by NumPy and by `conure.numpy`, and what a caller sees of each, compared.

`agree("np.sum(a, axis=0)", size)` evaluates the text twice: `np` is NumPy and then ours, and the
names of `operands` stand for equal arrays that `np` made. Results may differ by a few units in
the last place where an array is large, since sums and math functions may; all else is equal.
"""

from __future__ import annotations

import ast
import warnings
from typing import Any

import numpy

import conure.numpy

SIZES = (10, 200_000)
"""Arrays that are always real, and such as may be pending."""

NEAR = 1e-12
NEAR_SINGLE = 1e-4


RAMP = "np.arange(n, dtype=np.float64)"
WAVE = f"({RAMP} * 0.6180339887 % 1.0 * 2 - 1)"  # the same to the last bit, whoever computes it
A = f"({WAVE} * 3 + 0.25)"
ROWS = "[: n // 5 * 5]"

OPERANDS = {
    "a": A,
    "b": f"{RAMP} * 0.4142135623 % 1.0 + 1.5",
    "p": f"np.abs({A}) + 0.5",  # positive
    "u": f"np.abs({WAVE}) * 0.9",  # in [0, 1)
    "i": "np.arange(n) * 7 % 13 - 4",
    "j": "np.arange(n) % 5 + 1",
    "k": "np.arange(n) * 3 % n",  # indices
    "m": f"{A} > 0.5",
    "f": f"{A}.astype(np.float32)",
    "h": "(np.arange(n) % 50).astype(np.float16)",
    "z": f"{A} + 1j * ({RAMP} * 0.4142135623 % 1.0)",
    "w": "(np.arange(n) % 251).astype(np.uint8)",
    "s": "(np.arange(n) * 7 % 13 - 4).astype(np.int8)",
    "A": f"{A}{ROWS}.reshape(-1, 5)",
    "I": f"np.arange(n){ROWS}.reshape(5, -1) * 7 % 13 - 4",
    "F": f"np.asfortranarray({A}{ROWS}.reshape(-1, 5))",
    "R": f"{A}[::-1]",
    "S": f"{A}[1::3]",
    "T": f"{A}{ROWS}.reshape(-1, 5).T",
    "E": "np.zeros((0, 3))",
    "O": "np.array(2.5)",  # no dimension
    "Q": "np.sin(np.arange(16.0)).reshape(4, 4) + 4 * np.eye(4)",
    "V": "np.sin(np.arange(4.0))",
    "nans": f"np.where({A} > 2.9, np.nan, {A})",
    "D": "np.datetime64('2024-01-01') + np.arange(n)",
    "text": "np.array(['b', 'a', 'cc'] * 3)",
    "objects": "np.array([1, 'x', None, 2.5], dtype=object)",
    "record": "np.array([(1, 2.0), (3, 4.0)], dtype=[('x', 'i4'), ('y', 'f8')])",
}
"""The names that a sample may use, as programs themselves; `n` is the size."""


def operands(program: str, np: Any, size: int) -> dict[str, Any]:
    """Values for the names that a program uses."""
    used = {node.id for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Name)}
    names = {"np": np, "n": size}
    return names | {name: eval(OPERANDS[name], names) for name in OPERANDS if name in used}


def outcome(program: str, np: Any, size: int) -> tuple[Any, dict[str, Any]]:
    """What the last line gives, or the exception; and the names afterwards."""
    names = operands(program, np, size)
    *statements, last = [line for part in program.split("; ") for line in part.splitlines()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec("\n".join(statements), names)
            return eval(last, names), names
        except Exception as error:
            return error, names


def agree(program: str, size: int) -> None:
    """Assert that the program means the same, results and operands."""
    want, theirs = outcome(program, numpy, size)
    got, ours = outcome(program, conure.numpy, size)
    same(want, got, program, size)
    for name in OPERANDS:
        if name in theirs:
            same(theirs[name], ours[name], f"{name} after {program}", size)


def same(want: Any, got: Any, where: str, size: int) -> None:
    """Assert that two results are what a caller cannot tell apart."""
    if isinstance(want, Exception):
        assert (type(got), str(got)) == (type(want), str(want)), where
    elif isinstance(want, tuple | list):
        assert isinstance(got, tuple | list), where
        assert (type(got).__name__, len(got)) == (type(want).__name__, len(want)), where
        for left, right in zip(want, got, strict=True):
            same(left, right, where, size)
    elif type(want) is numpy.ndarray:
        assert type(got) is conure.numpy.ndarray, f"{where}: {type(got)}"
        same_array(want, numpy.asarray(got), where, size)
        if size == SIZES[0]:
            assert got.strides == want.strides, where
            assert got.flags.c_contiguous == want.flags.c_contiguous, where
        assert want.flags.writeable == got.flags.writeable, where
    elif isinstance(want, numpy.ndarray):
        assert type(got) is type(want), where
        same_array(numpy.asarray(want), numpy.asarray(got), where, size)
    elif isinstance(want, numpy.generic | float | complex) and not isinstance(want, numpy.void):
        assert type(got) is type(want), f"{where}: {type(got)}"
        same_array(numpy.asarray(want), numpy.asarray(got), where, size)
    elif isinstance(want, dict):
        same(list(want.items()), list(got.items()), where, size)
    elif isinstance(want, int | str | bytes | None | numpy.dtype | numpy.void | slice):
        assert (type(got), got) == (type(want), want), where
    else:
        assert type(got).__name__ == type(want).__name__, where


def same_array(want: Any, got: Any, where: str, size: int) -> None:
    assert (got.dtype, got.shape) == (want.dtype, want.shape), where
    if want.dtype == object:
        for left, right in zip(want.flat, got.flat, strict=True):
            same(left, right, where, size)
    elif want.dtype.kind in "fc":
        near = 0.0 if size <= SIZES[0] else NEAR if want.dtype.char in "dDgG" else NEAR_SINGLE
        numpy.testing.assert_allclose(got, want, rtol=near, atol=near, err_msg=where)
        if near == 0.0 and want.dtype.kind == "f":
            assert numpy.array_equal(numpy.signbit(got), numpy.signbit(want)), where
    else:
        numpy.testing.assert_array_equal(got, want, err_msg=where)
