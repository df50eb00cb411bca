"""Control flow: what is bound after a loop, what is evaluated once, what iteration sees."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle import native, same, typed

A = np.arange(1.0, 21.0)


def test_loop_variable_after_the_loop():
    def f(a, n):
        for i in range(n):
            a[i] = i
        return i

    native(f, np.zeros(9), 9)


def test_loop_variable_is_unbound_after_zero_trips():
    def f(a, n):
        for i in range(n):
            a[i] = i
        return i

    assert same(f, np.zeros(9), 0).error == "UnboundLocalError"


def test_loop_variable_keeps_its_old_value_after_zero_trips():
    def f(a, n):
        i = 77
        for i in range(n):
            a[i] = i
        return i

    assert same(f, np.zeros(9), 0).value == 77


def test_inner_loop_variable_of_zero_trips():
    def f(a, n, m):
        for i in range(n):
            for j in range(i, m):
                a[i, j] = i + j
        return i, j

    same(f, np.zeros((6, 6)), 6, 6)
    same(f, np.zeros((6, 6)), 6, 3)
    assert same(f, np.zeros((6, 6)), 6, 0).error == "UnboundLocalError"


def test_private_scalar_after_the_loop():
    def f(a, n):
        for i in range(n):
            t = a[i] * 2
            a[i] = t + 1
        return t

    native(f, A, 20)
    assert same(f, A, 0).error == "UnboundLocalError"


def test_scalar_assigned_under_a_condition_only():
    def f(a, limit):
        for i in range(a.shape[0]):
            if a[i] > limit:
                t = a[i]
        return t

    same(f, A, 10)
    assert same(f, A, 100).error == "UnboundLocalError"


def test_scalar_read_before_it_is_assigned_in_a_later_trip():
    def f(a):
        for i in range(a.shape[0]):
            if i > 3:
                a[i] = t  # noqa: F821 - read before it is bound, on purpose
            if i != 2:
                t = a[i] + 1
        return t

    same(f, A)

    def g(a):
        for i in range(a.shape[0]):
            a[i] = t + 1  # noqa: F821 - read before it is bound, on purpose
            t = a[i]  # noqa: F841 - the assignment makes it local
        return a

    assert same(g, A).error == "UnboundLocalError"


def test_assigning_the_loop_variable_in_the_body():
    def f(out, n):
        for i in range(n):
            i = i * 2
            if i < n:
                out[i] = i
        return i

    same(f, np.zeros(10), 10)


@pytest.mark.parametrize("value", [3.0, 13.0, 99.0])
def test_for_else_and_break(value):
    def f(a, x):
        k = -5
        for i in range(a.shape[0]):
            if a[i] == x:
                k = i
                break
        else:
            k = -1
        return k, i

    native(f, A, value)


def test_break_of_inner_loop_only():
    def f(a, out):
        for i in range(a.shape[0]):
            s = 0.0
            for j in range(a.shape[0]):
                if j > i:
                    break
                s += a[j]
            else:
                s = -1.0
            out[i] = s
        return s, i, j

    native(f, A, np.zeros(20))


def test_continue():
    def f(a):
        n = 0
        for i in range(a.shape[0]):
            if a[i] % 3 == 0:
                continue
            a[i] = -a[i]
            n += 1
        return n

    native(f, A)


def test_while_else():
    def f(a, n):
        i = 0
        while i < n:
            if a[i] > 15:
                break
            i += 1
        else:
            i = -1
        return i

    same(f, A, 20)
    same(f, A, 10)


def test_early_return_from_a_nest():
    def f(a, x):
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                if a[i, j] == x:
                    return i, j
                a[i, j] = 0
        return None

    a = np.arange(30.0).reshape(5, 6)
    native(f, a, 17.0)
    native(f, a, 99.0)


def test_range_bounds_are_evaluated_once():
    def f(a, n):
        trips = 0
        for _ in range(n):
            n = n - 1
            trips += 1
        for _ in range(int(a[0])):
            a[0] = 3
            trips += 100
        return n, trips

    same(f, A + 6, 8)


@pytest.mark.parametrize(
    ("start", "stop", "step"),
    [(0, 10, 3), (9, -1, -1), (9, 0, -4), (5, 5, 1), (5, 3, 1), (-4, 4, 2), (0, 10, 100)],
)
def test_range_steps(start, stop, step):
    def f(out, start, stop, step):
        n = 0
        for i in range(start, stop, step):
            out[i] = n
            n += 1
        return n

    native(f, np.zeros(10), start, stop, step)


def test_range_step_zero_raises():
    def f(n, step):
        s = 0
        for i in range(0, n, step):
            s += i
        return s

    assert same(f, 5, 0).error == "ValueError"


def test_range_of_float_raises():
    def f(n):
        s = 0
        for i in range(n):
            s += i
        return s

    assert same(f, 5.0).error == "TypeError"
    same(f, np.int32(5))
    same(f, True)


def test_range_beyond_64_bits():
    def f(n):
        s = 0
        for i in range(n, n + 3):
            s += i
        return s, i

    same(f, 2**63 - 2)
    same(f, 2**70)


def test_list_that_grows_while_iterated():
    def f(items):
        n = 0
        for x in items:
            n += x
            if len(items) < 10:
                items.append(x + 1)
        return n

    assert len(same(f, [1, 2]).arguments[0]) == 10


def test_iteration_over_an_array_sees_later_writes():
    def f(a):
        s = 0.0
        for x in a:
            a[-1] = x * 2
            s += x
        return s

    same(f, np.arange(5.0))


def test_iteration_over_an_array_that_is_rebound():
    def f(a):
        s = 0.0
        for x in a:
            a = np.zeros(3)
            s += x
        return s, a

    same(f, np.arange(5.0))


def test_row_variable_is_a_view():
    def f(a):
        for row in a:
            row[0] = row[1] + row[-1]
            row[:] = row * 2
        return row

    same(f, np.arange(12.0).reshape(3, 4))


def test_comparison_chain_evaluates_the_middle_once_and_stops_early():
    def f(a, b):
        n = 0
        for i in range(a.shape[0]):
            if 0 < a[i] < b[i % b.shape[0]] <= 12:
                n += 1
            if a[i] > 1 and 10 // (a[i] - 1) > 1 or i == 3:
                n += 100
        return n

    native(f, A, np.array([5.0, 12.0, 30.0]))


def test_and_or_return_operands():
    def f(a):
        s = 0.0
        for i in range(a.shape[0]):
            s = (a[i] and 2.0) or s
            t = i and a[i]
        return s, t

    same(f, np.array([0.0, 1.0, 0.0]))
    same(f, np.array([0.0]))


def test_short_circuit_guards_a_subscript():
    def f(a, n):
        s = 0.0
        for i in range(n):
            if i < a.shape[0] and a[i] > 2:
                s += a[i]
        return s

    native(f, A, 40)


def test_condition_of_array_raises():
    def f(a):
        n = 0
        for _ in range(3):
            if a:
                n += 1
        return n

    assert same(f, A).error == "ValueError"


def test_tuple_assignment_and_swap():
    def f(a, n):
        x, y = 0, 1
        for i in range(n):
            x, y = y, x + y
            a[i], a[n - 1 - i] = a[n - 1 - i], a[i]
            (p, q), r = (x, y), i
        return x, y, p, q, r

    native(f, A, 20)


def test_tuple_targets_are_assigned_from_left_to_right():
    def f(a):
        i = 0
        for _ in range(3):
            i, a[i] = i + 1, 100 + i
        return i

    same(f, A)


def test_augmented_assignment_reads_the_target_once():
    def f(a, b):
        for i in range(a.shape[0]):
            a[i] += b[i]
            a[i] -= 1
            a[i] *= 2
            a[i] /= 4
            a[i] //= 1
            a[i] %= 7
            a[i] **= 2

    native(f, A, A[::-1].copy())


def test_try_except_finally_around_and_inside_a_loop():
    def f(a, n):
        hits = 0
        try:
            for i in range(n):
                try:
                    a[i] = 10 // (i - 3)
                except ZeroDivisionError:
                    hits += 1
        except IndexError:
            hits += 100
        finally:
            hits += 1000
        return hits

    assert same(f, np.zeros(6), 9).value == 1101


def test_exception_raised_by_the_user():
    def f(a):
        for i in range(a.shape[0]):
            if a[i] > 5:
                raise RuntimeError(f"at {i}")
            a[i] = 0
        return i

    outcome = same(f, A)
    assert outcome.message == "at 5"


def test_assert_in_a_loop():
    lines = (
        "def f(a):\n    for i in range(a.shape[0]):\n"
        "        assert a[i] < 7, 'too large'\n        a[i] = 0\n"
    )
    assert same(typed(lines), A).error == "AssertionError"  # pytest rewrites its own asserts


def test_with_errstate_raise():
    def f(a, b):
        with np.errstate(divide="raise"):
            for i in range(a.shape[0]):
                a[i] = 1.0 / b[i]

    assert same(f, np.ones(4), np.array([1.0, 2.0, 0.0, 4.0])).error == "FloatingPointError"


def test_errstate_of_the_caller():
    def f(a, b):
        for i in range(a.shape[0]):
            a[i] = 1.0 / b[i]

    with np.errstate(all="raise"):
        outcome = same(f, np.ones(4), np.array([1.0, 2.0, 0.0, 4.0]))
    assert outcome.error == "FloatingPointError"
    assert outcome.arguments[0][1] == 0.5


def test_del_in_a_loop():
    def f(a):
        for i in range(a.shape[0]):
            t = a[i]
            a[i] = t + 1
            del t
        return t  # noqa: F821 - read after del, on purpose

    assert same(f, A).error == "UnboundLocalError"


def test_walrus_and_formatted_strings():
    def f(a):
        words = []
        for i in range(a.shape[0]):
            if (t := a[i] * 2) > 10:
                words.append(f"{i}:{t}")
        return words, t

    same(f, A)


def test_traceback_line_of_a_failing_continuation_line():
    def f(a, n):
        for i in range(n):
            a[i] = 1 + 5 // (3 - i)

    assert same(f, np.zeros(6), 6).error == "ZeroDivisionError"


def test_generator_expressions_and_comprehensions_in_and_around_loops():
    def f(a):
        s = 0.0
        for i in range(a.shape[0]):
            s += sum(a[j] for j in range(i))
        return s, [x * 2 for x in a], {i: i for i in range(3)}

    same(f, A)
