"""NumPy's and Python's functions of rows and whole arrays inside loops: every one against CPython,
on each kind of element, on NaN, infinities, no elements at all, and other layouts."""

from __future__ import annotations

import textwrap
import warnings

import numpy as np
import pytest

from tests.oracle import FEW_ULP, Tolerance, compiled_wholly, native, same, typed

EXPRESSIONS = """
a[i].sum()
a[i].mean()
a[i].prod()
a[i].min()
a[i].max()
np.ptp(a[i])
(a[i] > 0).any()
np.all(a[i])
a[i].std()
np.var(a[i], ddof=1)
a[i].argmin()
np.argmax(a[i])
np.count_nonzero(a[i])
np.linalg.norm(a[i] - a[0])
np.linalg.norm(a[i], 1)
np.linalg.norm(a[i], ord=np.inf)
np.nansum(a[i])
np.nanmin(a[i])
np.nanmax(a)
np.nanmean(a[i])
np.sum(a[i], dtype=np.float64)
np.sum(a[i], axis=0, keepdims=True)
a.sum(axis=0)
a.mean(axis=1)
a.max(axis=1, keepdims=True)
np.min(a, axis=-1)
a.any(axis=0)
a.all(1)
a.std(axis=0)
np.var(a, axis=1, ddof=1, keepdims=True)
np.argmin(a, axis=1)
a.argmax(axis=0)
a.argmax()
np.prod(a, axis=0)
a.sum(axis=(0, 1))
a.sum(keepdims=True)
np.count_nonzero(a, axis=1)
np.ptp(a, axis=0)
np.linalg.norm(a, axis=1)
np.cumsum(a[i])
np.cumsum(a, axis=0)
np.cumprod(a[i])
np.diff(a[i])
np.diff(a, axis=0)
np.roll(a[i], 2)
np.roll(a[i], -1)
np.flip(a)
np.outer(a[i], a[0])
np.trace(a)
np.diag(a)
np.median(a[i])
np.median(a)
np.concatenate((a[i], a[0, 1:]))
a @ a[0]
a[0] @ a.T
a @ a.T
np.dot(a, a[i])
np.dot(a, a.T)
np.round(a[i], 1)
a[i].clip(0, 1)
abs(a[i])
sum(a[i])
min(a[i])
max(a[i])
any(a[i])
all(a[i])
sum(a[i, j] for j in range(a.shape[1]))
min(a[i, j] for j in range(a.shape[1]))
max(a[i, j] for j in range(1, a.shape[1]))
max(abs(v) for v in a[i])
min(v for v in a[i] if v > 0)
sum(v * v for v in a[i] if v > 0)
sum(1 for v in a[i] if v == v)
sum(u * v for u, v in zip(a[i], a[0]))
sum(a[k, j] for k in range(2) for j in range(k))
any(v > 1 for v in a[i])
all([v > 1 for v in a[i]])
any([v * v > 2 for v in a[i]])
np.array([a[i, 0], 1, 2.5])
np.array([a[i], a[0]])
np.array([a[i], a[0]], dtype=float)
np.max([a[i, 0], a[0, 0]])
np.searchsorted(a[i], 0.5)
np.searchsorted(a[i], a[0, 0], side='right')
np.trapezoid(a[i])
np.trapezoid(a[i], a[0])
np.array_equal(a[i], a[0])
np.arange(3.0, 5.2, 0.3)
np.arange(1, len(a), 2)
np.eye(3)
a.flatten()
a.T.flatten()
a[i].ravel()
a[i].reshape(-1, 1)
a[1:, ::2].mean(axis=0)
a.T.sum(axis=1)
a[i][a[i] > 0]
a[i][a[i] > 0].sum()
a[a > 0].sum()
a[i, a[0] > 0]
a[i][(a[i] > 0) & (a[0] < 3)].sum()
np.sum(a[i] > 0)
""".strip().splitlines()

RANDOM = np.random.default_rng(3)
ARRAYS = {
    "f64": RANDOM.standard_normal((4, 5)),
    "f32": RANDOM.standard_normal((4, 5)).astype(np.float32),
    "i64": RANDOM.integers(-5, 5, (4, 5)),
    "i8": RANDOM.integers(-128, 127, (4, 5)).astype(np.int8),
    "u8": RANDOM.integers(0, 255, (4, 5)).astype(np.uint8),
    "b1": RANDOM.random((4, 5)) > 0.5,
    "special": RANDOM.choice([np.nan, 1.0, 2.0, -3.0, np.inf], (4, 5)),
    "empty": np.zeros((4, 0)),
    "strided": RANDOM.standard_normal((8, 12))[::2, ::-3],
    "column": np.array([[-0.0], [2.0], [np.nan]]),
}


def program(expression: str, array: np.ndarray):
    """A loop that keeps the values of an expression, and its arguments."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = eval(expression, {"np": np, "a": array, "i": 0})
        except Exception:
            value = None
    if isinstance(value, np.ndarray) and "> 0]" not in expression and "> 0)]" not in expression:
        kept = np.zeros((len(array), *value.shape), value.dtype)
        text = f"def f(a, out):\n for i in range(len(a)):\n  out[i] = {expression}\n"
        return typed(text), (array, kept)
    if isinstance(value, np.ndarray):
        expression = f"{expression}.size"
    text = f"def f(a):\n r = 0\n for i in range(len(a)):\n  r = {expression}\n return r\n"
    return typed(text), (array,)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_function(expression):
    for name, array in ARRAYS.items():
        function, arguments = program(expression, array)
        check = compiled_wholly if name == "f64" else same
        check(function, *arguments, tolerance=FEW_ULP, calls=1)


STATEMENTS = """
b[i] = x[index]
b[i] = a[i, index]
b[i] = a[i][index]
b[:, 0] = b[index, 1]
b[i] = b[i, index]
b[i] = x[index] + x[index[::-1]]
b[0] = a[rows, index]
b[i, index] = x
b[i, index] = 7
b[i, index] = b[i]
b[i, index] += 1
b[i, index] += b[i]
b[index] *= 2
x[index] += a[i]
index[index] = index[::-1]
b[index] = x
b[index] = a[i, 0]
b[rows, index] = x
b[rows, index] -= x
b[b > 0.5] = 0
b[i][b[i] > b[i].mean()] = 0.5
b[i][a[i] > 0] = a[i][a[i] > 0]
b[i, a[i] > 0] *= 2
b[i][b[i] > 0] += x[b[i] > 0]
row = b[i]; row[row < 0] = -row[row < 0]
mask = a[i] > 0; b[i][mask] = x[mask]; b[i][~mask] = 0
keep = (x > 0) & (a[i] < 1); b[i] = np.where(keep, b[i], 0); b[0, 0] = keep.sum()
b[i] = [1, 2, x[0], 4, 5.5]
b[i] = x[0], 1, 2, 3, 4
b[i] = np.roll(b[i], 1)
b[i, 1:] = np.diff(b[i])
b[i] = np.cumsum(b[i])
b[i] = b[i, ::-1]
b[1:] = b[:-1]
b[:] = b[index]
b[:5] = a[:5].T[:, :5]
b[i] -= b.mean(axis=0)
b[i] /= np.linalg.norm(b[i])
b[:] = b - b.mean(axis=1, keepdims=True)
b[:] = b / b.sum(axis=1)[:, None]
b[i] = (b[i] - b[i].min()) / np.ptp(b[i])
k = int(np.argmin(b[i])); b[i, k] = 1e9
k = b[i].argmax(); b[i, k], b[i, 0] = b[i, 0], b[i, k]
t = np.array([b[i, 0], b[i, 1], 1.0]); b[i, :3] = t * 2
t = np.array([[1.0, 2.0], [b[i, 0], 4.0]]); b[i, :2] = t @ b[i, :2]
t = b[i, :3] @ b[:3, :3]; b[i, :3] = t
b[i, :3] = np.cross(b[i, :3], x[:3])
b[:5] += np.outer(x, a[i])
for v in b[i] * 2: x[0] += v
for v in x[index]: b[i, 0] += v
for v in b[i][b[i] > 0]: x[1] += v
""".strip().splitlines()


def changed(statement: str, index: list[int], **shapes: int):
    body = textwrap.indent(statement.replace("; ", "\n"), "  ")
    function = typed(f"def f(a, b, x, rows, index):\n for i in range(len(a)):\n{body}\n")
    random = np.random.default_rng(8)
    a, b = random.standard_normal((2, 5, shapes.get("columns", 5)))
    x = random.standard_normal(shapes.get("x", 5))
    return function, (a, b, x, np.array([0, 2, 1, 4, 4]), np.array(index))


@pytest.mark.parametrize("statement", STATEMENTS)
def test_statement(statement):
    function, arguments = changed(statement, [3, -1, 0, 3, 2])
    compiled_wholly(function, *arguments, tolerance=FEW_ULP, calls=1)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_statement_that_fails(statement):
    """An index out of range, masks and rows of other lengths: what was written before stays."""
    same(*_flat(changed(statement, [3, 1, 5, 0, 2])), tolerance=FEW_ULP, calls=1)
    same(*_flat(changed(statement, [3, 1, 0, 2])), tolerance=FEW_ULP, calls=1)
    same(*_flat(changed(statement, [3, 1, 0, 2, 2], x=4)), tolerance=FEW_ULP, calls=1)
    same(*_flat(changed(statement, [1, 1, 0, 0, 0], columns=2)), tolerance=FEW_ULP, calls=1)


def test_as_many_values_as_a_mask_selects():
    function, arguments = changed("b[i][b[i] > 0] = x[:2]", [0])
    assert same(function, *arguments).error == "ValueError"


def _flat(case):
    function, arguments = case
    return function, *arguments


def test_index_arrays_of_other_types():
    def f(x, index, y):
        for _ in range(2):
            y[:] = x[index]

    for dtype in (np.int8, np.uint8, np.uint16, np.int32, np.uint64):
        same(f, np.arange(9.0), np.array([1, 8, 0], dtype), np.zeros(3))
    same(f, np.arange(9.0), np.array([1.0, 8.0, 0.0]), np.zeros(3))


def test_overlapping_arguments():
    def f(x, index, y):
        for _ in range(2):
            y[:] = x[index] + 1
            x[y > 3] = 0

    base = np.arange(12.0)
    same(f, base[:10], np.arange(10)[::-1], base[2:])


def test_long_sums_of_single_precision_are_as_near_as_numpys():
    def f(x, out):
        for i in range(len(x)):
            out[i] = x[i].sum()

    x = np.full((2, 1_000_000), 0.1, np.float32)
    native(f, x, np.zeros(2, np.float32), tolerance=Tolerance(single=1e-6))


def test_large_products_of_matrices_are_left_to_the_library():
    def f(a, out):
        for _ in range(2):
            out += a @ a

    same(f, np.ones((80, 80)), np.zeros((80, 80)))


def test_dot_with_one_term_skips_zeros():
    def f(a, b, out):
        for i in range(2):
            out[i] = np.dot(a, b)

    same(f, np.array([[np.nan], [1.0]]), np.zeros(1), np.zeros((2, 2)))


def test_views_see_later_writes_and_copies_do_not():
    def f(a, out):
        for i in range(2):
            d = np.diag(a)
            same_array = a.conj()
            back = np.flip(a[i])
            column = a[0].reshape(-1, 1)
            flat = a[i].flatten()
            rolled = np.roll(a[0], 1)
            picked = a[i][a[i] > 0]
            chosen = a[i][d.astype(np.int64) % 3]
            a[i] = a[i] * 2 + 1
            out[i, 0] = d.sum() + 10 * same_array.sum() + back[0] + column[1, 0]
            out[i, 1] = flat.sum() + rolled[0] + picked.sum() + chosen.sum()

    compiled_wholly(f, np.arange(9.0).reshape(3, 3), np.zeros((2, 2)))
    compiled_wholly(f, np.arange(12.0).reshape(3, 4), np.zeros((2, 2)))


def test_names_of_a_comprehension_are_its_own():
    def f(x):
        j = 100
        total = 0.0
        for i in range(len(x)):
            total += sum(x[j] * i for j in range(i))
            total += max(x[j] for j in range(i, len(x)))
        return total, j

    native(f, np.random.default_rng(0).random(9), tolerance=FEW_ULP)


def test_reductions_of_nothing_raise():
    def f(x):
        r = 0.0
        for i in range(3):
            r += min(x[j] for j in range(i, len(x)))
        return r

    same(f, np.arange(3.0))
    assert same(f, np.arange(2.0)).error == "ValueError"
