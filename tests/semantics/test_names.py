"""Names: rebinding of globals, closures, builtins and NumPy functions is seen at the next call."""

from __future__ import annotations

import builtins
import math

import numpy as np
import pytest

from tests.oracle import compiled, native, same

G = 3
TABLE = np.arange(5.0)
A = np.arange(1.0, 11.0)


def helper(x):
    return x + 1


def test_global_constant_rebound(monkeypatch):
    def f(a):
        s = 0
        for _ in range(a.shape[0]):
            s += G
        return s

    g = compiled(f)
    assert g(np.zeros(2)) == 6
    assert g(np.zeros(2)) == 6
    monkeypatch.setitem(globals(), "G", 10)
    assert g(np.zeros(2)) == 20
    monkeypatch.setitem(globals(), "G", 2.5)
    assert g(np.zeros(2)) == 5.0
    assert type(g(np.zeros(2))) is float


def test_global_array_rebound_and_changed(monkeypatch):
    def f(out):
        for i in range(out.shape[0]):
            out[i] = TABLE[i] * 2

    g = compiled(f)
    out = np.zeros(5)
    g(out)
    assert out.tolist() == [0, 2, 4, 6, 8]
    monkeypatch.setitem(globals(), "TABLE", np.ones(7))
    g(out)
    assert out.tolist() == [2] * 5
    TABLE[2] = 50
    g(out)
    assert out[2] == 100


def test_global_function_rebound(monkeypatch):
    def f(a):
        s = 0.0
        for i in range(a.shape[0]):
            s = max(s, helper(a[i]))
        return s

    g = compiled(f)
    assert g(A) == 11.0
    monkeypatch.setitem(globals(), "helper", lambda x: x * 100)
    assert g(A) == 1000.0


def test_missing_global_raises_name_error():
    def f(a):
        s = 0
        for _ in range(a.shape[0]):
            s += not_there  # noqa: F821 - no such name, on purpose
        return s

    assert same(f, A).error == "NameError"
    assert not same(f, np.zeros(0)).error


def test_closure_cell_rebound():
    factor = 2.0

    def f(a):
        for i in range(a.shape[0]):
            a[i] = a[i] * factor

    g = compiled(f)
    a = np.ones(3)
    g(a)
    assert a[0] == 2.0
    factor = 5.0
    g(a)
    assert a[0] == 10.0


def test_two_closures_of_one_function():
    def make(factor):
        def f(a):
            s = 0.0
            for i in range(a.shape[0]):
                s = max(s, a[i] * factor)
            return s

        return f

    two, ten = compiled(make(2.0)), compiled(make(10))
    assert (two(A), ten(A), two(A)) == (20.0, 100.0, 20.0)


def test_nonlocal_is_written():
    def make():
        count = 0

        def f(a):
            nonlocal count
            for _ in range(a.shape[0]):
                count += 1
            return count

        return f

    f, g = make(), compiled(make())
    assert (f(A), f(A)) == (g(A), g(A)) == (10, 20)


def test_global_statement_is_written(monkeypatch):
    monkeypatch.setitem(globals(), "COUNTER", 0)

    def f(a):
        global COUNTER
        for _ in range(a.shape[0]):
            COUNTER += 1
        return COUNTER

    g = compiled(f)
    assert g(A) == 10
    assert g(A) == 20
    assert globals()["COUNTER"] == 20


def test_builtin_shadowed_by_a_global(monkeypatch):
    def f(a):
        s = 0.0
        for i in range(len(a)):
            s = s + abs(a[i])
        return s

    g = compiled(f)
    assert g(A) == 55.0
    monkeypatch.setitem(globals(), "abs", lambda x: 1.0)
    assert g(A) == 10.0
    monkeypatch.delitem(globals(), "abs")
    assert g(A) == 55.0
    monkeypatch.setitem(globals(), "range", lambda n: [0, 1])
    assert g(A) == 3.0


def test_builtin_replaced_in_builtins(monkeypatch):
    def f(a):
        s = 0.0
        for i in range(len(a)):
            s = s + pow(a[i], 1)
        return s

    g = compiled(f)
    assert g(A) == 55.0
    monkeypatch.setattr(builtins, "pow", lambda x, y: 2.0)
    assert g(A) == 20.0


def test_numpy_function_rebound(monkeypatch):
    def f(a):
        s = 0.0
        for i in range(a.shape[0]):
            s = s + np.floor(a[i])
        return s

    g = compiled(f)
    assert g(A) == 55.0
    monkeypatch.setattr(np, "floor", lambda x: 1.0)
    assert g(A) == 10.0


def test_math_function_and_module_rebound(monkeypatch):
    def f(a):
        s = 0.0
        for i in range(a.shape[0]):
            s = s + math.floor(a[i])
        return s

    g = compiled(f)
    assert g(A) == 55.0
    monkeypatch.setattr(math, "floor", lambda x: 1)
    assert g(A) == 10.0
    monkeypatch.undo()

    class Other:
        floor = staticmethod(lambda x: 3)

    monkeypatch.setitem(globals(), "math", Other)
    assert g(A) == 30.0


def test_builtin_shadowed_by_an_argument_or_a_local():
    def f(a, abs):
        max = min
        s = 0.0
        for i in range(a.shape[0]):
            s = s + abs(a[i]) + max(a[i], 2.0)
        return s

    assert same(f, A, lambda x: 1).value == 10 + 1 + 18


def test_default_and_keyword_arguments():
    def f(a, scale=2.0, *, shift=1, n=None):
        if n is None:
            n = a.shape[0]
        for i in range(n):
            a[i] = a[i] * scale + shift
        return n

    g = compiled(f)
    for arguments, keywords in (
        ((), {}),
        ((3.0,), {}),
        ((), {"shift": 5}),
        ((1.5,), {"n": 3, "shift": 0.5}),
    ):
        want, got = A.copy(), A.copy()
        assert f(want, *arguments, **keywords) == g(got, *arguments, **keywords)
        assert np.array_equal(want, got)
    with pytest.raises(TypeError, match=r"f\(\) missing 1 required positional argument"):
        g()
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        g(A, other=1)


def test_variable_arguments():
    def f(*arrays, **options):
        s = 0.0
        for a in arrays:
            for i in range(a.shape[0]):
                s = max(s, a[i] * options["scale"])
        return s

    assert compiled(f)(A, A * 2, scale=3.0) == 60.0


def test_defaults_changed_afterwards():
    def f(a, k=1):
        for i in range(a.shape[0]):
            a[i] = k
        return k

    g = compiled(f)
    assert g(np.zeros(2)) == 1
    g.__defaults__ = (7,)
    assert f.__defaults__ in ((1,), (7,))
    assert g(np.zeros(2)) in (1, 7)  # functools.wraps copies, so both are honest


# --- lists ---


def test_list_argument_is_changed_in_place():
    def f(items):
        for i in range(len(items)):
            items[i] = items[i] * 2
        return items

    items = [1, 2.5, 3]
    assert compiled(f)(items) is items
    assert items == [2, 5.0, 6]
    assert [type(x) for x in items] == [int, float, int]


def test_mixed_and_nested_and_aliased_lists():
    def f(rows):
        for i in range(len(rows)):
            for j in range(len(rows[i])):
                rows[i][j] += i + 1
        return rows

    same(f, [[0] * 3] * 4)
    same(f, [[1, 2.5], [True, 1j]])


def test_list_out_of_range():
    def f(items, n):
        for i in range(n):
            items[i] = i

    assert same(f, [0, 0, 0], 5).message == "list assignment index out of range"


def test_list_read_and_array_written():
    def f(items, out):
        for i in range(len(items)):
            out[i] = items[i] * 2

    same(f, [1, 2, 3.5], np.zeros(3))


def test_dictionary_and_strings_in_loops():
    def f(words, out):
        for i, word in enumerate(words):
            out[i] = words[word]
        text = ""
        for letter in "abc":
            text = letter + text
        return text

    same(f, {"a": 1, "b": 2}, np.zeros(2))


def test_argument_types_change_between_calls():
    def f(a, x):
        s = 0
        for i in range(a.shape[0]):
            s = s + a[i] * x
        return s

    g = compiled(f)
    for dtype in ("int64", "float32", "float64", "complex128", "int8", "int64"):
        for x in (2, 1.5, np.float32(2), True, 2):
            a = np.arange(5).astype(dtype)
            want, got = f(a, x), g(a, x)
            assert type(want) is type(got)
            assert want == got


def test_calls_of_user_functions():
    def square_plus(x, y=1):
        if x > 5:
            return x * x
        return y

    def total(row):
        t = 0.0
        for v in row:
            t = max(t, v)
        return t

    def f(a, out):
        for i in range(a.shape[0]):
            out[i] = square_plus(a[i]) + square_plus(i, y=3) + total(a)

    native(f, A, np.zeros(10))


def test_error_inside_a_called_function_has_both_lines():
    def inner(x, i):
        return 10 // (x - i)

    def f(out):
        for i in range(out.shape[0]):
            out[i] = inner(4, i)

    outcome = same(f, np.zeros(8))
    assert [name for name, _ in outcome.lines] == ["f", "inner"]


def test_called_function_that_writes_its_argument():
    def put(target, i, x):
        target[i] = x
        return x

    def f(a, out):
        s = 0.0
        for i in range(a.shape[0]):
            s += put(out, i, a[i])
        return s

    same(f, A, np.zeros(10))


def test_recursion_is_left_to_python():
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    def f(out):
        for i in range(out.shape[0]):
            out[i] = fib(i)

    same(f, np.zeros(12))


def test_recursion_limit():
    def down(n):
        return down(n + 1)

    def f(out):
        for i in range(out.shape[0]):
            out[i] = down(i)

    assert same(f, np.zeros(2), calls=1).error == "RecursionError"
