"""Nests on which the passes that restructure loops have something to do, and their arguments.

Each text is the body of one program over matrices `a`, `b`, `c` of n x m, n x p and p x m elements,
vectors `x` (n), `y` (m), `z` (p), counts `q` (n), and scalars. Floats are small whole numbers, so
that sums are exact in any order.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from conure.ir.nodes import Program
from conure.ir.parse import parse

_HEAD = """program nest(a: f64[2]C, b: f64[2]C, c: f64[2]C, x: f64[1]C, y: f64[1]C, z: f64[1]C,
  q: i64[1]C, n: int, m: int, p: int, f: float) -> s.out, t.out {
  local s, t, u, s.out, t.out: f64
  local k, l, h: int
  local d, e: bool
"""

NESTS: dict[str, str] = {
    "copy": "for i in 0:n { for j in 0:m { a[i, j] = x[i] + y[j] } }",
    "matmul": """for i in 0:n { for j in 0:m {
        s = 0.0:f64
        for r in 0:p { s = s + b[i, r] * c[r, j] }
        a[i, j] = s } }""",
    "matmul in place": """for i in 0:n { for j in 0:m { for r in 0:p {
        a[i, j] = a[i, j] + b[i, r] * c[r, j] } } }""",
    "matrix times vector": """for i in 0:n {
        x[i] = 0.0:f64
        for j in 0:m { x[i] = x[i] + a[i, j] * y[j] } }""",
    "recurrences in columns": """for j in 0:m { for i in 1:n {
        a[i, j] = a[i - 1, j] + y[j] } }""",
    "recurrences in rows": "for j in 1:m { for i in 0:n { a[i, j] = a[i, j - 1] * x[i] } }",
    "skewed": "for j in 1:m { for i in 1:n { a[i, j] = a[i - 1, j - 1] + a[i, j] } }",
    "steps in time": """for r in 0:p { for i in 0:n { x[i] = x[i] * z[r] + b[i, r] } }""",
    "row by row": """for j in 0:m {
        y[j] = 0.0:f64
        for i in 0:n { y[j] = y[j] + a[i, j] * x[i] } }""",
    "convolution": """for i in 1:n - 1 { for j in 1:m - 1 {
        s = 0.0:f64
        for k.1 in 0:3 { for k.2 in 0:2 { s = s + a[i + k.1 - 1, j + k.2] * z[k.1 + k.2] } }
        a[i, j] = 0.0:f64 } }""",
    "convolution apart": """for i in 0:n { for j in 0:m - 2 {
        s = 0.0:f64
        t = 1.0:f64
        for k.1 in 0:3 { s = s + c[0, j + k.1] * f64(k.1)
          t = t + s }
        a[i, j] = s - t } }""",
    "triangle": "for i in 0:n { for j in 0:minimum(i, m) { a[i, j] = a[i, j] * x[i] } }",
    "triangular sum": """for i in 0:minimum(n, m) {
        k = 0
        for j in 0:i { k = k + 1
          s = a[i, j]
          for r in 0:2 { s = s + f64(k) }
          a[i, j] = s } }""",
    "while of its own": """for i in 0:n {
        s = x[i]
        k = 0
        while s < 6.0:f64 { s = s + 1.0:f64
          k = k + 1 }
        x[i] = s
        q[i] = i64(k) }""",
    "while in a nest": """for i in 0:n { for j in 0:m {
        s = a[i, j]
        t = x[i]
        k = 0
        while bool(s + t < 20.0:f64) and k < 5 { t = s + t
          s = t - s
          k = k + 1 }
        a[i, j] = f64(k) } }""",
    "common while": """for i in 0:n {
        k = 0
        s = x[i]
        while k < 3 { s = s + z[0]
          k = k + 1 }
        x[i] = s + f64(k) }""",
    "break of its own": """for i in 0:n {
        l = 0
        s = x[i]
        block out { for r in 0:9 {
          s = s + 1.0:f64
          if s > 5.0:f64 { l = r
            leave out } } }
        x[i] = s
        q[i] = i64(l) }""",
    "break, then more": """for i in 0:n {
        s = x[i]
        l = 0
        h = 0
        block out { for r in 0:6 {
          l = l + 1
          if s > 4.0:f64 { if s > 6.0:f64 { leave out } else { s = s + 2.0:f64 } }
          h = h + 1
          s = s + 1.0:f64 } }
        x[i] = s * f64(l) + f64(h) }""",
    "common break": """for i in 0:n {
        l = 0
        s = 0.0:f64
        block out { for r in 0:6 {
          if r > p { leave out }
          l = l + 1
          s = s + 2.0:f64 } }
        x[i] = s + f64(l) }""",
    "count if": """for i in 0:n {
        k = 0
        for r in 0:p { if p > 1 { k = k + 1 }
          if x[i] > f64(r) { k = k + 10 } }
        q[i] = i64(k) }""",
    "count before": """for i in 0:n {
        k = 0
        if p > 1 { k = k + 1 }
        for r in 0:p { k = k + 2 }
        q[i] = i64(k) }""",
    "two loops": """for i in 0:n {
        s = 0.0:f64
        for r in 0:p { s = s + b[i, r] }
        t = s * 2.0:f64
        for r.1 in 0:p { b[i, r.1] = b[i, r.1] + t }
        x[i] = t }""",
    "flags": """for i in 0:n {
        d = False
        e = True
        for r in 0:p { d = d or bool(b[i, r] > 3.0:f64)
          e = e and bool(b[i, r] < 7.0:f64) }
        if d and e { x[i] = 1.0:f64 } else { x[i] = 0.0:f64 } }""",
    "chosen outside": """for i in 0:n {
        s = 0.0:f64
        if p > 2 { for r in 0:p { s = s + b[i, r] } } else { for r.1 in 0:p {
          s = s - b[i, r.1] } }
        x[i] = s }""",
    "chosen inside": """for i in 0:n {
        s = 0.0:f64
        if x[i] > 4.0:f64 { for r in 0:p { s = s + b[i, r] } }
        x[i] = s }""",
    "own array": """for i in 0:n {
        w = alloc f64[p]
        for r in 0:p { w[r] = b[i, r] * x[i] }
        for r.1 in 0:p { b[i, r.1] = w[p - 1 - r.1] } }""",
    "moving stop": """for i in 0:k + 3 {
        k = 7
        if i < n { x[i] = x[i] + f64(k) }
        for r in 0:p { if i < n { b[i, r] = f64(r) } } }""",
    "stop in memory": """for i in 0:(int(q[0])) {
        if i < n { x[i] = 1.0:f64
          q[0] = 0:i64
          for r in 0:p { b[i, r] = f64(i) } } }""",
    "row of all": "for i in 0:n { for j in 0:m { a[i, j] = a[i, j] + a[p, j] } }",
    "one cell": """for i in 0:n { for r in 0:p { x[0] = x[0] + b[i, r] } }
        for i.1 in 0:n { if x[i.1] > 3.0:f64 { y[0] = y[0] + x[i.1] } }""",
    "one cell, perhaps": """block out { for i in 0:n {
        if x[i] > 7.0:f64 { leave out }
        z[0] = z[0] + x[i] } }
        for i.1 in 0:n { if x[i.1] > 3.0:f64 or z[1] > 1.0:f64 { z[1] = 0.0:f64 } }""",
    "cell before a break": """block out { for i in 0:n {
        z[0] = z[0] + x[i]
        if x[i] > 5.0:f64 { leave out } } }""",
    "cell of no array": "for i in 0:n { for r in 0:p { b[0, 0] = b[0, 0] + x[i] } }",
    "cell behind a test": """h = p + 3
      for i in 0:n { for r in 0:p {
        if h < dim(z, 0) and bool(z[h] > 1.0:f64) { z[h] = z[h] - 1.0:f64 } } }""",
    "late loop": """for i in 0:n {
        s = x[i] * 2.0:f64
        for r in p:n { z[p] = s } }""",
    "sums of rows": """for i in 0:n { s.out = s.out + x[i]
        t.out = maximum(t.out, x[i])
        for j in 0:m { a[i, j] = a[i, j] * 2.0:f64 } }""",
    "backwards": "for i in 0:n { for r in p - 1:-1:-1 { b[i, r] = b[i, r] + x[i] } }",
    "down": "for i in n - 1:-1:-1 { for j in 0:m { a[i, j] = y[j] } }",
}
"""Bodies by what is odd about them."""


def nest(name: str, seed: int) -> tuple[Program, dict[str, Any]]:
    """A nest by name, and random arguments: any number of rows from none to a few strips."""
    source = random.Random(f"{name} {seed}")
    n, m, p = source.randint(0, 11), source.randint(2, 9), source.randint(1, 4)
    n = max(n, p + 1) if name in ("row of all", "late loop") else n

    def numbers(*shape: int) -> np.ndarray[Any, Any]:
        count = int(np.prod(shape))
        return np.array([float(source.randint(0, 9)) for _ in range(count)]).reshape(shape)

    rows = max(n, p + 1)
    args: dict[str, Any] = {
        "a": numbers(rows, max(m, rows)),
        "b": numbers(n, p),
        "c": numbers(p, m),
        "x": numbers(max(n, 1)),
        "y": numbers(m),
        "z": numbers(p + 3),
        "q": numbers(max(n, 1)).astype(np.int64),
    }
    args |= {"n": n, "m": m, "p": p, "f": 2.0}
    return parse(_HEAD + NESTS[name] + " }"), args
