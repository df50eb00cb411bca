"""Statements and expressions of the accepted language, lowered and evaluated against CPython."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conure.ir.text import show
from tests.unit.frontend.subject import Failed, compiled, define, program, same

X = np.array([3.0, -1.0, 4.0, 1.0, -5.0, 9.0])
I = np.array([2, 0, 1, 3, 1])  # noqa: E741 # an index array
A = np.arange(12.0).reshape(3, 4)

CASES: list[tuple[str, tuple[Any, ...]]] = [
    # ---- loops over range
    ("def f(n):\n s = 0\n for i in range(n):\n  s += i\n return s", (5,)),
    ("def f(n):\n s = 0\n for i in range(2, n):\n  s += i\n return s, i", (7,)),
    ("def f(n):\n s = 0\n for i in range(n, 0, -2):\n  s += i\n return s, i", (9,)),
    ("def f(n):\n i = -7\n for i in range(n):\n  pass\n return i", (0,)),
    ("def f(n):\n i = -7\n for i in range(n):\n  pass\n return i", (4,)),
    ("def f(n, k):\n s = 0\n for i in range(0, n, k):\n  s = 3*s + i\n return s", (7, 2)),
    ("def f(n, k):\n s = 0\n for i in range(n, 0, k):\n  s = 3*s + i\n return s", (7, -3)),
    ("def f(n, k):\n s = 0\n for i in range(n, 0, k):\n  s = 3*s + i\n return s", (7, 0)),
    ("def f(n):\n s = 0\n for i in range(n):\n  n -= 1\n  s += n\n return s", (6,)),
    ("def f(n):\n s = 0\n for i in range(n):\n  i += 10\n  s += i\n return s, i", (6,)),
    ("def f(n):\n for i in range(n):\n  x = i\n return x", (3,)),
    ("def f(n):\n for i in range(n):\n  x = i\n return x", (0,)),
    ("def f(n):\n for i in range(n):\n  pass\n return i", (0,)),
    ("def f(n):\n s = 0\n for i in range(n):\n  for j in range(i):\n   s += i*j\n return s", (5,)),
    (
        (
            "def f(n):\n s = 0\n for i in range(n):\n  for j in range(i):\n   s += i*j\n"
            " return s, j"
        ),
        (5,),
    ),
    # ---- break, continue, else, return
    ("def f(x):\n for i in range(len(x)):\n  if x[i] < 0:\n   break\n return i", (X,)),
    (
        (
            "def f(x):\n for i in range(len(x)):\n  if x[i] > 90:\n   break\n else:\n"
            "  return -1\n return i"
        ),
        (X,),
    ),
    (
        (
            "def f(x):\n for i in range(len(x)):\n  if x[i] > 8:\n   break\n else:\n  return -1\n"
            " return i"
        ),
        (X,),
    ),
    (
        (
            "def f(x):\n s = 0.0\n for i in range(len(x)):\n  if x[i] < 0:\n   continue\n"
            "  s += x[i]\n return s"
        ),
        (X,),
    ),
    (
        (
            "def f(x):\n s = 0.0\n k = 0\n for v in x:\n  k += 1\n  if v < 0:\n   s -= 1\n"
            "   if v < -2:\n    continue\n   s -= 10\n  s += v\n return s, k"
        ),
        (X,),
    ),
    ("def f(x):\n for i in range(len(x)):\n  if x[i] == 4:\n   return i\n return -1", (X,)),
    ("def f(x):\n for i in range(len(x)):\n  if x[i] == 40:\n   return i\n return -1", (X,)),
    ("def f(x):\n for i in range(len(x)):\n  if x[i] == 40:\n   return x[i]\n return -1.5", (X,)),
    ("def f(x):\n for i in range(len(x)):\n  if x[i] == 4:\n   return x[i]\n return -1.5", (X,)),
    ("def f(x):\n if len(x) > 3:\n  return 1, x[0]\n return 2, x[1]", (X,)),
    (
        (
            "def f(x):\n for i in range(len(x)):\n  for j in range(len(x)):\n   if x[j] > x[i]:\n"
            "    break\n   x[j] += 0.5\n  else:\n   x[i] = -1\n return i, j"
        ),
        (X,),
    ),
    ("def f(n):\n while True:\n  n -= 3\n  if n < 0:\n   break\n return n", (10,)),
    (
        (
            "def f(n):\n while n > 0:\n  n -= 3\n  if n == 1:\n   break\n else:\n  n = 100\n"
            " return n"
        ),
        (10,),
    ),
    (
        (
            "def f(n):\n while n > 0:\n  n -= 3\n  if n == 1:\n   break\n else:\n  n = 100\n"
            " return n"
        ),
        (11,),
    ),
    (
        (
            "def f(n):\n k = 0\n while n > 0:\n  n -= 1\n  if n % 2:\n   continue\n  k += n\n"
            " return k"
        ),
        (11,),
    ),
    ("def f(x):\n i = 0\n while i < len(x) and x[i] != 1:\n  i += 1\n return i", (X,)),
    ("def f(x):\n i = 0\n while (v := x[i]) != 1:\n  i += 1\n return i, v", (X,)),
    # ---- other iterables
    ("def f(x):\n s = 0.0\n for i, v in enumerate(x):\n  s += i*v\n return s", (X,)),
    ("def f(x):\n s = 0\n for i, v in enumerate(x, 2):\n  s += i*v\n return s, i, v", (X,)),
    ("def f(x):\n s = 0\n for i, v in enumerate(x, start=2):\n  s += i*v\n return s", (X,)),
    ("def f(x, y):\n s = 0\n for u, v in zip(x, y):\n  s += u*v\n return s", (X, I)),
    (
        (
            "def f(x, y):\n s = 0\n for i, (u, v) in enumerate(zip(x, y)):\n  s += i*u*v\n"
            " return s"
        ),
        (X, I),
    ),
    ("def f(x):\n s = 0\n for v in reversed(x):\n  s = s*2 + v\n return s", (X,)),
    ("def f(n):\n s = 0\n for v in reversed(range(1, n, 3)):\n  s = s*2 + v\n return s, v", (12,)),
    ("def f(x):\n for v in x:\n  x[0] = x[0] + v\n", (X,)),
    ("def f(a):\n s = 0\n for row in a:\n  for v in row:\n   s += v\n return s", (A,)),
    ("def f(a):\n s = 0\n for i, j in np.ndindex(a.shape):\n  s += i*a[i, j]\n return s", (A,)),
    (
        (
            "def f(a):\n s = 0\n for i, j in np.ndindex(2, 3):\n  if j == 2:\n   continue\n"
            "  s += i*a[i, j]\n return s"
        ),
        (A,),
    ),
    (
        (
            "def f(a):\n s = 0\n for i, j in np.ndindex(2, 3):\n  if i == 1 and j == 1:\n"
            "   break\n  s += a[i, j]\n return s"
        ),
        (A,),
    ),
    (
        (
            "def f(a):\n s = 0.0\n for i in range(1, 2):\n"
            "  for di, dj in ((0, 1), (1, 0), (0, -1), (-1, 0)):\n   s += a[i+di, 1+dj]\n"
            " return s"
        ),
        (A,),
    ),
    (
        (
            "def f(n):\n s = 0\n for d in (1, 2, 3):\n  if d == n:\n   continue\n  s += d\n"
            " return s"
        ),
        (2,),
    ),
    (
        (
            "def f(n):\n s = 0\n for d in (1, 2, 3):\n  if d == n:\n   break\n  s += d\n else:\n"
            "  s = 50\n return s, d"
        ),
        (2,),
    ),
    # ---- tuples, swaps, targets
    ("def f(n):\n a, b = 0, 1\n for i in range(n):\n  a, b = b, a + b\n return a", (20,)),
    ("def f(x):\n for i in range(3):\n  x[i], x[5-i] = x[5-i], x[i]\n", (X,)),
    ("def f(n):\n t = (1, 2)\n for i in range(n):\n  t = (t[1], t[0] + i)\n return t", (5,)),
    ("def f(n):\n a = b = n\n for i in range(n):\n  a += i\n return a, b", (5,)),
    ("def f(x, i):\n i, x[i] = 2, 7.0\n return i", (X, 0)),
    ("def f(n):\n q, r = divmod(n, 7)\n return q, r", (-30,)),
    ("def f(a):\n m, n = a.shape\n return m * n + a.ndim + a.size + len(a)", (A,)),
    # ---- kinds of numbers
    ("def f(x):\n s = 0\n for i in range(len(x)):\n  s += x[i]\n return s", (X[:0],)),
    ("def f(x):\n s = 0.0\n for v in x:\n  s += v\n return s / len(x)", (X.astype("f4"),)),
    (
        (
            "def f(x):\n s = 0.0\n q = 0.0\n for v in x:\n  s += v\n  q += v*v\n"
            " return q - s*s/len(x)"
        ),
        (X,),
    ),
    ("def f(x):\n m = -np.inf\n for v in x:\n  if v > m:\n   m = v\n return m", (X,)),
    ("def f(x):\n m = -np.inf\n for v in x:\n  m = max(m, v)\n return m", (X.astype("f4"),)),
    (
        (
            "def f(x):\n m = x[0]\n k = 0\n for i in range(1, len(x)):\n  if x[i] > m:\n"
            "   m = x[i]\n   k = i\n return m, k"
        ),
        (X,),
    ),
    ("def f(x):\n n = 0\n for v in x:\n  if v > 0:\n   n += 1\n return n / len(x)", (X,)),
    ("def f(x):\n y = 0\n for v in x:\n  if v > 3:\n   y = 0.5\n return y", (X,)),
    ("def f(x):\n y = 0\n for v in x:\n  if v > 30:\n   y = 0.5\n return y", (X,)),
    ("def f(x):\n ok = True\n for v in x:\n  if v > 3:\n   ok = False\n return ok", (X,)),
    ("def f(x):\n ok = True\n for v in x:\n  ok = ok and v > -9\n return ok", (X,)),
    (
        (
            "def f(n):\n z = 0j\n c = 0.3 + 0.5j\n for i in range(n):\n  z = z*z + c\n"
            " return z, abs(z), z.real"
        ),
        (6,),
    ),
    ("def f(x, c):\n s = 0\n for v in x:\n  s += v * c\n return s", (X.astype("f4"), 0.1)),
    (
        "def f(x, c):\n s = 0\n for v in x:\n  s += v * c\n return s",
        (X.astype("f4"), np.float64(0.1)),
    ),
    # ---- expressions
    ("def f(x, y):\n return x < y < 3, x < y > 1, 1 < x, not x", (1, 2)),
    ("def f(x, y):\n return x and y, x or y, x and not y", (0, 5)),
    ("def f(x, y):\n return (x or 1.5) + (y and 2)", (0, 5)),
    ("def f(x):\n return x if x > 0 else -x", (-3,)),
    ("def f(x):\n return x if x > 0 else 0", (-3.5,)),
    ("def f(x):\n return x in (1, 2, 3), x not in (1, 2)", (2,)),
    ("def f(x):\n return -7 // 2, -7 % 3, 2 ** 10, 7 / 2, x // 2, x % 3, -x ** 2", (-7,)),
    ("def f(x):\n return math.sqrt(x) + math.pi * math.sin(x) + np.pi", (2.0,)),
    ("def f(x):\n return math.floor(x), math.ceil(x), int(x), round(x), math.trunc(x)", (-2.5,)),
    ("def f(x):\n return min(x, 2), max(x, 2.5), min((3, 1, 2)), abs(x)", (2,)),
    ("def f(x, n):\n return x < n, x <= n, x == n", (2**53 + 1, float(2**53))),
    ("def f(x):\n assert x > 0\n return x", (1,)),
    ("def f(x):\n assert x > 0\n return x", (-1,)),
    ("def f(x):\n if x < 0:\n  raise ValueError('no')\n return x", (1,)),
    ("def f(x, m=None):\n if m is None:\n  return x\n return m", (1, None)),
    ("def f(x):\n 'text'\n ...\n return x", (1,)),
    ("def f(n):\n for i in range(n):\n  t = i % i\n", (3,)),
    ("def f(n):\n for i in range(n):\n  t = (i, 7 // i)\n", (3,)),
    # ---- elements and subscripts
    ("def f(x, i):\n return x[-1], x[i], x[-i], x[i - 2]", (X, 1)),
    ("def f(x, i):\n return x[i]", (X, 6)),
    ("def f(x, i):\n return x[i]", (X, -7)),
    ("def f(a, i):\n return a[i][1], a[i, -1], a[-1][-2]", (A, 1)),
    ("def f(x, idx):\n for k in range(len(idx)):\n  x[idx[k]] += 1\n", (X, I)),
    ("def f(h, x):\n for v in x:\n  h[int(v) % len(h)] += 1\n", (np.zeros(4, "i8"), X)),
    ("def f(a, t):\n t0 = a[1]\n t0[2] = t\n return t0[0]", (A, 5.0)),
    ("def f(x):\n for i in range(len(x)):\n  x[i] = i\n", (np.zeros(300, "u1"),)),
    ("def f(x):\n for i in range(len(x)):\n  x[i] = i\n", (np.zeros(3, "f4"),)),
]  # fmt: skip

LEFT_TO_PYTHON = [
    ("def f(x):\n s = 0\n for v in x:\n  s += v\n return s", (np.array([100, 100, 100], "u1"),)),
    (
        "def f(x):\n s = 0\n for v in x:\n  s += int(v)**2\n return s",
        (np.array([2**31, 2**31, 1]),),
    ),
    ("def f(x):\n s = 0\n for v in x:\n  s += int(v)**2\n return s", (np.array([2**40]),)),
]  # fmt: skip


@pytest.mark.parametrize(("source", "args"), LEFT_TO_PYTHON, ids=range(len(LEFT_TO_PYTHON)))
def test_overflow_is_left_to_python(source: str, args: tuple[Any, ...]) -> None:
    with pytest.raises(Failed):
        compiled(define(source), *args)


@pytest.mark.parametrize(("source", "args"), CASES, ids=range(len(CASES)))
def test_same(source: str, args: tuple[Any, ...]) -> None:
    same(define(source), *args)


def test_a_program_in_text() -> None:
    function = define(
        """
        def f(a, x, y):
            for i in range(len(x)):
                y[i] = a * x[i] + y[i]
        """
    )
    text = """program f(a: float, x: f64[1]C, y: f64[1]C) {
    for i.1 in 0:dim(x, 0) {
        y?[i.1] = f64(a) * x?[i.1] + y?[i.1]
    }
}"""
    assert shown(function, 2.0, X, X.copy()) == text


def shown(function: Callable[..., Any], *args: Any) -> str:
    return show(program(function, *args))
