"""The accepted language: one test for each thing that regions may contain, compiled natively."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle import FEW_ULP, native, parallel, same

A = np.arange(1.0, 13.0)
M = np.arange(20.0).reshape(4, 5)
SCALE = 3.0


# --- for over range, arrays, enumerate, zip, reversed, np.ndindex ---


@pytest.mark.parametrize("step", [1, 2, 5, -1, -2, -7])
def test_range_with_any_step(step):
    def f(a, out, step):
        if step > 0:
            for i in range(0, a.shape[0], step):
                out[i] = a[i] * 2
        else:
            for i in range(a.shape[0] - 1, -1, step):
                out[i] = a[i] * 2
        return i

    native(f, A, np.zeros(12), step)


def test_range_with_literal_negative_step():
    def f(a, out):
        for i in range(a.shape[0] - 1, 0, -2):
            out[i] = a[i - 1]

    parallel(f, A, np.zeros(12))


def test_for_over_elements():
    def f(a):
        m = 0.0
        for x in a:
            m = max(m, x * 2)
        return m, x

    native(f, A)


def test_for_over_rows():
    def f(a, out):
        n = 0
        for row in a:
            t = 0.0
            for j in range(row.shape[0]):
                t = max(t, row[j])
            out[n] = t
            n += 1
        return n

    native(f, M, np.zeros(4))


def test_for_over_rows_and_their_elements():
    def f(a):
        m = -1.0
        for row in a:
            for x in row:
                if x % 7 == 0:
                    m = x
        return m

    native(f, M)


def test_enumerate():
    def f(a, out):
        for i, x in enumerate(a):
            out[i] = x * i
        for k, row in enumerate(M, 1):
            out[k] += row[0]
        return i, k

    native(f, A, np.zeros(12))


def test_zip():
    def f(a, b, out):
        k = 0
        for x, y in zip(a, b, strict=False):
            out[k] = x - y
            k += 1
        for i, (x, y) in enumerate(zip(a, b)):  # noqa: B905 - as users write it
            out[i] += x * y
        for i, x in zip(range(5), a):  # noqa: B905 - as users write it
            out[i] += x
        return k, x, y

    native(f, A, A[3:], np.zeros(12))


def test_reversed():
    def f(a, out):
        for i in reversed(range(a.shape[0])):
            out[i] = a[i] + i
        k = 0
        for x in reversed(a):
            out[k] += x
            k += 1  # noqa: SIM113 - as users write it
        return i, x

    native(f, A, np.zeros(12))


def test_ndindex():
    def f(a, out):
        for i, j in np.ndindex(a.shape):
            out[j, i] = a[i, j] + i
        for i, j in np.ndindex(2, 3):
            out[j, i] += 1
        for place in np.ndindex(*a.shape):
            a[place] *= 2

    same(f, M, np.zeros((5, 4)))

    def g(a, out):
        for i, j in np.ndindex(*a.shape):
            out[j, i] = a[i, j] + i

    native(g, M, np.zeros((5, 4)))


# --- nests ---


def test_imperfect_nest():
    def f(a, x, y):
        for i in range(a.shape[0]):
            y[i] = 0
            for j in range(a.shape[1]):
                y[i] += a[i, j] * x[j]
            y[i] = y[i] * 2

    parallel(f, M, np.ones(5), np.zeros(4))


def test_triangular_nest():
    def f(a):
        n = a.shape[0]
        for i in range(n):
            for j in range(i):
                a[i, j] = i - j
            for j in range(i + 1, n):
                a[i, j] = j * 10

    parallel(f, np.zeros((9, 9)))


def test_four_deep_nest():
    def f(out):
        for i in range(3):
            for j in range(i + 1):
                for k in range(j, 4):
                    for m in range(2, 0, -1):
                        out[i, j, k, m] = i * 1000 + j * 100 + k * 10 + m

    parallel(f, np.zeros((3, 3, 4, 3)))


# --- while ---


def test_while_countable_and_not():
    def f(a, out):
        i = 0
        while i < a.shape[0]:
            x = a[i]
            n = 0
            while x > 1.0:
                x = x / 2 if n % 2 else x - 0.75
                n += 1
            out[i] = n
            i += 1
        return i

    native(f, A, np.zeros(12))


def test_while_true_with_break():
    def f(a):
        i = 0
        while True:
            if a[i] >= 7:
                break
            a[i] = 0
            i += 1
        return i

    native(f, A)


def test_mandelbrot():
    def f(out, limit):
        for i in range(out.shape[0]):
            for j in range(out.shape[1]):
                x = y = 0.0
                n = 0
                while x * x + y * y <= 4.0 and n < limit:
                    x, y = x * x - y * y + j * 0.1 - 2, 2 * x * y + i * 0.1 - 1
                    n += 1
                out[i, j] = n

    parallel(f, np.zeros((20, 30), np.int64), 60)


# --- decisions ---


def test_if_elif_else():
    def f(a, out):
        for i in range(a.shape[0]):
            if a[i] < 3:
                out[i] = 1
            elif a[i] < 6 or i == 7:
                out[i] = 2
                if i % 2:
                    out[i] += 10
            else:
                out[i] = 3

    parallel(f, A, np.zeros(12))


def test_conditional_expression():
    def f(a, out):
        for i in range(a.shape[0]):
            out[i] = a[i] if a[i] > 4 else (-a[i] if i else 100)

    parallel(f, A, np.zeros(12))


def test_boolean_operators_and_chained_comparison():
    def f(a, out):
        for i in range(a.shape[0]):
            out[i] = (a[i] > 3 and i < 9) or not 2 <= a[i] < 8
            if not (i == 3 or a[i] == 5) and 0 <= i <= 10 != 7:
                out[i] = False

    parallel(f, A, np.zeros(12, bool))


def test_break_continue_else_return():
    def f(a, out, stop):
        for i in range(a.shape[0]):
            if a[i] == 2:
                continue
            for j in range(i):
                if a[j] * 2 == a[i]:
                    break
                if a[i] == stop:
                    return i, j
            else:
                out[i] = -1
                continue
            out[i] = j
        return None

    native(f, A, np.zeros(12), 9.0)
    native(f, A, np.zeros(12), 99.0)


# --- assignment ---


def test_tuple_assignment_and_swaps():
    def f(a):
        for i in range(a.shape[0] // 2):
            j = a.shape[0] - 1 - i
            a[i], a[j] = a[j], a[i]
            x, (y, z) = a[i], (i, j)
            a[i] = x + y * z
        return x, y, z

    native(f, A)


def test_augmented_assignments():
    def f(a, k):
        n = 7
        for i in range(a.shape[0]):
            a[i] += 1
            a[i] -= i
            a[i] *= 3
            a[i] /= 2
            a[i] //= 1
            a[i] %= 5
            n <<= 1
            n >>= 1
            n |= k
            n &= 0xFF
            n ^= i
        return n

    native(f, A, 9)


def test_chained_and_annotated_assignment():
    def f(a, out):
        for i in range(a.shape[0]):
            t: float = a[i] * 2
            x = y = t + 1
            out[i] = x + y
        return x

    native(f, A, np.zeros(12))


# --- constants, globals, closures, functions ---


def test_constants_globals_and_closure_cells():
    factor = 0.5
    table = np.arange(12.0)

    def f(a, out):
        for i in range(a.shape[0]):
            out[i] = a[i] * SCALE + factor * table[i] + 1e-3

    native(f, A, np.zeros(12))


def test_user_functions_are_inlined():
    def weight(x, y, k=2):
        r = x - y
        return r * r + k

    def f(a, out):
        for i in range(a.shape[0]):
            out[i] = weight(a[i], i) + weight(i, 1, k=3)

    parallel(f, A, np.zeros(12))


def test_user_function_with_branches_and_loops():
    def collatz(n):
        steps = 0
        while n != 1:
            if n % 2 == 0:
                n = n // 2
            else:
                n = 3 * n + 1
            steps += 1
        return steps

    def f(out):
        for i in range(out.shape[0]):
            out[i] = collatz(i + 1)

    native(f, np.zeros(40, np.int64))


# --- slices and whole-array expressions in loop bodies ---


def test_row_assignment():
    def f(a, b, s):
        for i in range(a.shape[0]):
            a[i, :] = b[i, :] * s

    parallel(f, np.zeros((4, 5)), M, 2.5)


def test_dot_of_rows_and_columns():
    def f(a, b, out):
        for i in range(a.shape[0]):
            for j in range(b.shape[1]):
                out[i, j] = np.dot(a[i, :], b[:, j])

    parallel(f, M, M.T.copy(), np.zeros((4, 4)))


def test_matmul_operator_of_rows():
    def f(a, x, out):
        for i in range(a.shape[0]):
            out[i] = a[i] @ x

    native(f, M, np.arange(5.0), np.zeros(4))


def test_sums_of_slices():
    def f(x, out):
        for i in range(x.shape[0]):
            out[i] = x[i + 1 :].sum() - np.sum(x[:i]) + x[i : i + 3].max()

    native(f, A, np.zeros(12))


def test_slices_with_steps_and_negative_bounds():
    def f(a, out):
        for i in range(a.shape[0]):
            out[i, ::-1] = a[i, :]
            out[i, 1:-1] += a[i, 2:] - a[i, :-2]
            out[i, ::2] *= 2

    native(f, M, np.zeros((4, 5)))


def test_whole_array_expression_with_temporaries():
    def f(a, x, steps):
        for _ in range(steps):
            x = a @ x * 0.5 + np.sqrt(x)
        return x

    same(f, np.eye(5), np.arange(5.0), 3, tolerance=FEW_ULP)


def test_local_arrays():
    def f(a, out):
        for i in range(a.shape[0]):
            t = np.zeros(a.shape[1])
            for j in range(a.shape[1]):
                t[j] = a[i, j] * 2
            for j in range(a.shape[1]):
                out[i] = max(out[i], t[a.shape[1] - 1 - j] - j)

    same(f, M, np.zeros(4))


def test_slice_of_different_length_raises():
    def f(a, b):
        for i in range(a.shape[0]):
            a[i, :] = b[i, 1:]

    assert same(f, np.zeros((4, 5)), M).error == "ValueError"


def test_slice_assignment_with_overlap():
    def f(a):
        for i in range(a.shape[0]):
            a[i, 1:] = a[i, :-1] + 1
            a[i, :-1] = a[i, 1:]

    native(f, M)


# --- regions ---


def test_statements_that_cannot_be_compiled_stay_in_python():
    def f(a, out):
        words = {"count": 0}
        for i in range(a.shape[0]):
            out[i] = a[i] * 2
        words["count"] += 1
        text = ", ".join(str(x) for x in out[:2])
        for i in range(a.shape[0]):
            out[i] += 1
        return words, text, i

    same(f, A, np.zeros(12))


def test_loop_with_an_uncompilable_statement_and_inner_loops_that_are_compiled():
    def f(a, seen):
        for i in range(a.shape[0]):
            seen.append(i)
            for j in range(a.shape[1]):
                a[i, j] = a[i, j] * 2 + i
        return seen

    same(f, M, [])


def test_function_without_loops():
    def f(x, y):
        return x + y

    same(f, 1, 2.5)
    same(f, A, A)
