"""Whole-array code whose operations become one loop: against NumPy."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import conure
from tests.unit.frontend.subject import define

N = 1000
X, Y = (np.random.default_rng(seed).integers(1, 9, N).astype(float) for seed in (1, 2))
A = np.random.default_rng(3).integers(1, 9, (30, 40)).astype(float)

CASES: dict[str, tuple[str, tuple[Any, ...]]] = {
    "a chain": ("t = x * 2\n u = np.sqrt(t) + y\n out[:] = u * t - y", (X, Y, np.zeros(N))),
    "in place": ("t = x + 1\n x[:] = t * y\n out[:] = t - x", (X, Y, np.zeros(N))),
    "shifted": ("t = x * y\n out[1:] = t[1:] - t[:-1]\n out[0] = t[-1]", (X, Y, np.zeros(N))),
    "shifted, overwritten": (
        "t = x * y\n x[:] = 0\n out[1:] = t[1:] - t[:-1]\n out[0] = t[-1]", (X, Y, np.zeros(N))
    ),
    "reversed": ("t = x + y\n out[:] = t[::-1]\n x[:] = t + out", (X, Y, np.zeros(N))),
    "centred": ("d = x - x.mean()\n out[:] = d / np.sqrt((d * d).mean()) + y", (X, Y, np.zeros(N))),
    "overlapping steps": (
        "t = x[:-1] + y[1:]\n x[1:] = t\n u = x[:-1] + y[1:]\n out[1:] = u", (X, Y, np.zeros(N))
    ),
    "rows": (
        "t = x * 2\n u = t + x.sum()\n for i in range(x.shape[0]):\n  out[i] = u[i] / u[i].sum()",
        (A, A, np.zeros_like(A)),
    ),
    "columns": ("t = x[0] * 2\n u = t + x\n out[:] = u * t + y[:, 0][:, None]", (A, A + 1, 0 * A)),
    "a temporary used twice": (
        "t = np.zeros_like(x)\n t[:] = x\n t += y\n x[:] = t\n t *= 2\n out[:] = t",
        (X, Y, np.zeros(N)),
    ),
    "steps": (
        "for k in range(5):\n  t = x * 0.5\n  x[1:-1] = t[:-2] + t[2:]\n  out += t",
        (X, Y, np.zeros(N)),
    ),
    "other lengths": ("t = x + y\n out[:] = t * 2", (X, Y[:-1].copy(), np.zeros(N))),
    "one element": ("t = x + y\n out[:] = t * 2", (X, Y[:1].copy(), np.zeros(N))),
    "no elements": ("t = x + y\n out[:] = t * 2", (X[:0], Y[:0], np.zeros(0))),
    "one array": ("t = x + y\n out[:] = t * 2", (X, X, np.zeros(N))),
}  # fmt: skip


def code(text: str) -> Callable[..., Any]:
    """The function with this body, in a loop so that it is compiled."""
    body = textwrap.indent(text.replace("\n ", "\n"), "  ")
    inner = define(f"def f(x, y, out):\n{body}\n")
    return define("def f(x, y, out):\n for once in range(1):\n  inner(x, y, out)\n", inner=inner)


def both(text: str, args: tuple[Any, ...]) -> None:
    """CPython and the compiled function leave the same arrays, or raise the same."""
    function = code(text)
    plain = tuple(arg.copy() for arg in args)
    ours = tuple(arg.copy() for arg in args)
    for one, two in ((0, 1), (1, 2)):
        if args[one] is args[two]:
            plain = (*plain[:two], plain[one], *plain[two + 1 :])
            ours = (*ours[:two], ours[one], *ours[two + 1 :])
    expected = _outcome(function, plain)
    strict = args[0].size == args[1].size  # other extents are left to Python
    with conure.options(device="cpu", strict=strict):
        assert _outcome(conure.jit(function), ours) == expected
    for one, two in zip(ours, plain, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12)


def _outcome(function: Callable[..., Any], args: tuple[Any, ...]) -> str:
    try:
        function(*args)
    except (ValueError, IndexError) as error:
        return repr(error)
    return "done"


@pytest.mark.parametrize("name", CASES)
def test_chains(name: str) -> None:
    both(*CASES[name])


def test_views_of_one_array() -> None:
    both("t = x * 2\n out[:] = t + y", (X[1:], X[:-1], np.zeros(N - 1)))
    base = X.copy()
    plain, ours = base.copy(), base.copy()

    def run(function: Callable[..., Any], memory: Any) -> Any:
        function(memory[:-1], memory[1:], memory[1:])
        return memory

    function = code("t = x * 2\n u = y + t\n out[:] = u - t")
    with conure.options(device="cpu", strict=True):
        found = run(conure.jit(function), ours)
    np.testing.assert_array_equal(found, run(function, plain))
