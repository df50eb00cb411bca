"""A thousand random array programs, the same each time, give NumPy's answer."""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests.random_arrays.__main__ import MODULE
from tests.random_arrays.watch import Watch, difference
from tests.random_programs.harness import run

COUNT = int(os.environ.get("CONURE_RANDOM_ARRAYS", "1000"))


def test_random_arrays_agree_with_numpy():
    pytest.importorskip("conure.numpy")
    tally = run(range(COUNT), jobs=2, module=MODULE)
    print(tally)
    wrong = [f"seed {verdict.seed} {verdict.kind}: {verdict.detail}" for verdict in tally.bad]
    assert not wrong, "\n".join(["--only SEED makes one smaller", *wrong])


def test_harness_notices_wrong_answers():
    """Were the comparison blind, every program would agree."""
    tally = run(range(1000, 1020), subject="wrong", jobs=1, module=MODULE)
    assert len(tally.bad) >= 15


def test_harness_agrees_with_itself():
    """Programs are deterministic: NumPy against NumPy."""
    tally = run(range(1000, 1050), subject="numpy", jobs=1, module=MODULE)
    assert tally.agreed == 50, tally.bad


X = np.array([[1.0, -0.0], [np.nan, 3.0]])


@pytest.mark.parametrize(
    ("aspect", "want", "got"),
    [
        ("values", X, X + np.array([[0, 0], [0, 1e-15]])),
        ("values", np.array([0.0]), np.array([-0.0])),
        ("values", np.array([2**62]), np.array([2**62 + 1])),
        ("values", np.array([1 + 2j]), np.array([1 + 3j])),
        ("dtype", X, X.astype("f4")),
        ("dtype", np.float64(1), np.float32(1)),
        ("shape", X, X[:, :1]),
        ("strides", X, np.asfortranarray(X)),
        ("writeable", X, np.broadcast_to(X, X.shape)),
        ("sort scalar became array", X[0, 0], np.array(1.0)),
        ("sort float became scalar", 1.0, np.float64(1.0)),
    ],
)
def test_a_difference_is_seen(aspect, want, got):
    one, other, again = Watch(), Watch(), Watch()
    one.see("x", want)
    other.see("x", got)
    again.see("x", want.copy() if isinstance(want, np.ndarray) else want)
    assert difference(one, other).startswith(f"{aspect}: x: ")
    assert not difference(one, again)


def test_an_alias_is_seen():
    x, y = np.ones(4), np.ones(4)
    runs = [Watch() for _ in range(4)]
    for run_, (one, other) in zip(runs, [(x, x), (x, x[1:]), (x, y), (x, x)], strict=True):
        run_.memory(False, a=one, b=other)
    assert difference(runs[0], runs[1]) == "memory: a, b: want a is b, got a shares memory with b"
    assert difference(runs[1], runs[2]).startswith("memory: a, b: want a shares memory with b")
    assert not difference(runs[0], runs[3])


def test_an_exception_is_seen():
    one, other = Watch(), Watch()
    one.error(ValueError("assignment destination is read-only"))
    other.error(ValueError("read-only"))
    assert difference(one, other).startswith("exception ValueError, got ValueError: ")


def test_a_bound_is_kept():
    one, near, far = Watch(), Watch(), Watch()
    one.see("x", np.ones(3), 1e-12)
    near.see("x", np.ones(3) + 1e-12, 1e-12)
    far.see("x", np.ones(3) + 1e-11, 1e-12)
    assert not difference(one, near)
    assert difference(one, far).startswith("values: x: 3 of 3 differ")
