"""Slices, whole-array expressions, local arrays, rebinding: against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.unit.frontend.subject import define, same

X = np.array([3.0, -1.0, 4.0, 1.0, -5.0, 9.0])
Y = np.arange(6.0)
A = np.arange(12.0).reshape(3, 4)
B = A[::-1, ::-1]
U = np.array([250, 3, 7, 100], "u1")

CASES: list[tuple[str, tuple[Any, ...]]] = [
    (
        "def f(a, b, s):\n for i in range(a.shape[0]):\n  a[i, :] = b[i, :] * s + 1\n",
        (A, A + 1, 2.0),
    ),
    ("def f(a, b, n):\n for i in range(n):\n  a[i] = b[i] * i\n", (A, A + 1, 3)),
    ("def f(a, b, n):\n for i in range(n):\n  a[i] = b[i] * i\n", (A, A + 1, 4)),
    ("def f(a):\n for i in range(3):\n  a[i, 1:] += a[i, :-1]\n", (A,)),
    ("def f(a):\n for i in range(3):\n  a[i, 1:] = a[i, :-1]\n", (A,)),
    ("def f(a):\n for i in range(3):\n  a[i, :-1] = a[i, 1:]\n", (A,)),
    ("def f(x, n):\n for i in range(n):\n  x[i] = x[i+1:].sum()\n", (X, 6)),
    ("def f(x, n):\n for i in range(n):\n  x[i] = x[:i].sum()\n", (X, 6)),
    ("def f(x, n):\n for i in range(n):\n  x[:i] -= 1\n", (X, 9)),
    ("def f(x, i, j):\n return x[i:j].sum()", (X, -4, -1)),
    ("def f(x, i, j):\n return x[i:j].sum()", (X, 2, 100)),
    ("def f(x, i, j):\n return x[i:j].sum()", (X, 4, 2)),
    ("def f(x, i, j):\n return x[i:j].sum()", (X, -100, 3)),
    ("def f(x, y):\n x[::2] = y[1::2]\n", (X, Y)),
    ("def f(x, y):\n x[::-1] = y\n", (X, Y)),
    ("def f(x):\n x[::-1] = x\n", (X,)),
    ("def f(x):\n x[4:1:-2] = 0\n", (X,)),
    ("def f(x, k):\n x[k::-1] = 1\n", (X, 2)),
    ("def f(x):\n y = x[1:5]\n z = y[1:]\n z[0] = 50\n return z[-1], len(z), y[-3]", (X,)),
    ("def f(x, i):\n y = x[1:5]\n return y[i]", (X, 4)),
    ("def f(x, i):\n y = x[1:5]\n return y[i]", (X, -4)),
    ("def f(x, i):\n y = x[1:5]\n return y[i]", (X, -5)),
    ("def f(a):\n return a.sum(), a.min(), a.max(), a.mean(), a.prod(), a.any(), a.all()", (A,)),
    ("def f(a):\n return np.sum(a), np.min(a), np.max(a[1]), np.mean(a[:, 1])", (A,)),
    ("def f(a):\n return a.sum(), a.min(), a.max(), a.mean(), a.prod()", (U,)),
    ("def f(a):\n return a.sum(), a.mean()", (X.astype("f4"),)),
    ("def f(a):\n return (a > 2).sum(), (a > 2).any()", (X,)),
    ("def f(a):\n return a[:0].max()", (X,)),
    (
        (
            "def f(a, b):\n s = 0.0\n for i in range(3):\n  for j in range(3):\n"
            "   s += np.dot(a[i, :], b[:, j])\n return s"
        ),
        (A, A.T.copy()),
    ),
    ("def f(a, b):\n return a[0].dot(b[1])", (A, A + 1)),
    ("def f(a, b):\n return np.dot(a, b)", (X, Y[:4])),
    ("def f(u):\n u[:] = u + u\n return u[0]", (U,)),
    ("def f(u):\n u += 10\n", (U,)),
    ("def f(u):\n u += 300\n", (U,)),
    ("def f(u, s):\n u[:] = u * s\n", (U, 0.5)),
    ("def f(a, x):\n a[:, :] = x\n", (A, np.arange(4.0))),
    ("def f(a, x):\n a += x[:, None]\n", (A, np.arange(3.0))),
    ("def f(a, x):\n a += x\n", (A, np.arange(3.0))),
    ("def f(a, b):\n a[...] = b[..., ::-1]\n", (A, B)),
    ("def f(a):\n a[:, 1] = a[:, 0] / a[:, 2]\n", (A + 1,)),
    ("def f(a, b):\n a[:] = np.sqrt(b) + np.maximum(b, 3)\n", (A, A + 1)),
    ("def f(a, b):\n a[:] = np.where(b > 5, b, -b)\n", (A, A + 1)),
    ("def f(a):\n for i in range(3):\n  a[i] /= a[i, 1]\n", (A + 1,)),
    (
        (
            "def f(a, n):\n s = 0.0\n for i in range(n):\n  t = np.zeros(3)\n"
            "  for j in range(3):\n   t[j] = i * j\n  s += t.sum()\n return s"
        ),
        (A, 4),
    ),
    (
        (
            "def f(a, n):\n s = 0.0\n for i in range(n):\n  t = a[i] * 2\n  a[i] = 0\n"
            "  s += t[1]\n return s"
        ),
        (A, 3),
    ),
    (
        (
            "def f(a, n):\n s = 0.0\n for i in range(n):\n  t = a[i].copy()\n  a[i] = 0\n"
            "  s += t[1]\n return s"
        ),
        (A, 3),
    ),
    ("def f(n):\n t = np.full((n, 2), 7)\n t[0, 1] = 2\n return t.sum()", (3,)),
    ("def f(n):\n t = np.zeros(n)\n return t.sum()", (-3,)),
    ("def f(a):\n t = np.zeros_like(a)\n t[1] = a[2]\n return t.max()", (A,)),
    ("def f(n):\n t = np.ones(n, dtype=np.float32)\n t *= 0.1\n return t.sum()", (4,)),
    ("def f(a):\n b = a.T\n return b[1, 2], b.shape", (A,)),
    (
        (
            "def f(a, b, n):\n for t in range(n):\n  for i in range(1, len(a) - 1):\n"
            "   b[i] = a[i-1] + a[i+1]\n  a, b = b, a\n return a"
        ),
        (X, Y, 3),
    ),
    (
        (
            "def f(a, b, n):\n for t in range(n):\n  for i in range(1, len(a) - 1):\n"
            "   b[i] = a[i-1] + a[i+1]\n  tmp = a\n  a = b\n  b = tmp\n return a"
        ),
        (X, Y, 4),
    ),
    (
        (
            "def f(a, b, n):\n u = a\n v = b\n for t in range(n):\n  v[1:-1] = u[:-2] + u[2:]\n"
            "  u, v = v, u\n return u"
        ),
        (X, Y, 3),
    ),
    (
        (
            "def f(a, b, c, n):\n for t in range(n):\n  c[0] = a[0] + b[0]\n  a, b, c = b, c, a\n"
            " return a, b, c"
        ),
        (X, Y, X + Y, 4),
    ),
    (
        (
            "def f(a, b, n):\n if n > 2:\n  a, b = b, a\n for i in range(len(a)):\n  a[i] += 1\n"
            " return a"
        ),
        (X, Y, 4),
    ),
    ("def f(a, b):\n for i in range(len(a)):\n  b[i] = a[i] + 1\n", (X, X)),
    (
        (
            "def f(a):\n for i in range(a.shape[0]):\n  row = a[i]\n  for j in range(len(row)):\n"
            "   row[j] = i + j\n"
        ),
        (A,),
    ),
    ("def f(a, b):\n for x, y in zip(a, b):\n  y[:] = x\n", (A, A + 1)),
    ("def f(a):\n a[0], a[1] = a[1], a[0]\n", (A,)),
    ("def f(a):\n i, j = 1, 2\n (p, q, r, s) = a[i]\n return p + q * r - s", (A,)),
    ("def f(a):\n x = a[1:3, 2]\n return x.sum() + (x * 2).max() + abs(x[0])", (A,)),
    ("def f(x):\n return -x[1:].min(), (~(x > 0)).sum()", (X,)),
    ("def f(x):\n x.fill(3)\n", (X,)),
    ("def f(x, y):\n for i in range(2):\n  x[y[i]:y[i+1]] += 1\n", (X, np.array([0, 2, 5]))),
    ("def f(x):\n return x.astype(np.float32).sum()", (X,)),
]  # fmt: skip


@pytest.mark.parametrize(("source", "args"), CASES, ids=range(len(CASES)))
def test_same(source: str, args: tuple[Any, ...]) -> None:
    same(define(source), *args)


@pytest.mark.parametrize("shift", [-1, 0, 1, 2])
def test_views_of_one_array_as_two_arguments(shift: int) -> None:
    memory = np.arange(12.0)
    function = define("def f(a, b):\n a[:] = b + 1\n for i in range(len(a)):\n  a[i] += b[i]\n")
    same(function, memory[3:9], memory[3 + shift : 9 + shift])
