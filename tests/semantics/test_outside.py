"""What loops do to the world: output, random numbers, callbacks, tracing, references."""

from __future__ import annotations

import gc
import random
import sys
import time
import weakref

import numpy as np

from tests.oracle import compiled, observe, same

A = np.arange(1.0, 9.0)


def test_print_in_a_loop(capsys):
    def f(a):
        for i in range(a.shape[0]):
            a[i] = a[i] * 2
            print(i, a[i])

    f(A.copy())
    want = capsys.readouterr().out
    compiled(f)(A.copy())
    assert capsys.readouterr().out == want


def test_print_between_loops_sees_the_arrays_as_they_are(capsys):
    def f(a):
        for i in range(a.shape[0]):
            a[i] = i
        print(a)
        for i in range(a.shape[0]):
            a[i] += 1
        print(a)

    f(A.copy())
    want = capsys.readouterr().out
    compiled(f)(A.copy())
    assert capsys.readouterr().out == want


def test_order_of_the_global_random_stream():
    def f(out):
        for i in range(out.shape[0]):
            out[i] = np.random.rand() + random.random()
        return np.random.randint(1000)

    def run(function):
        np.random.seed(3)
        random.seed(3)
        out = np.zeros(20)
        return function(out), out.tolist(), np.random.rand(), random.random()

    assert run(f) == run(compiled(f))


def test_random_generator_argument():
    def f(rng, out):
        for i in range(out.shape[0]):
            out[i] = rng.random() if i % 2 else rng.normal()
        return rng.integers(100)

    def run(function):
        out = np.zeros(20)
        return function(np.random.default_rng(5), out), out.tolist()

    assert run(f) == run(compiled(f))


def test_clock_is_read_each_time():
    def f(out):
        for i in range(out.shape[0]):
            out[i] = time.perf_counter()

    out = np.zeros(50)
    compiled(f)(out)
    assert np.all(np.diff(out) > 0)


def test_callback_runs_in_order():
    def f(a, see):
        for i in range(a.shape[0]):
            a[i] = a[i] * 2
            see(i, a[i])

    seen, wanted = [], []
    compiled(f)(A.copy(), lambda *x: seen.append(x))
    f(A.copy(), lambda *x: wanted.append(x))
    assert seen == wanted


def test_callback_that_changes_the_array():
    def f(a, change):
        s = 0.0
        for i in range(a.shape[0]):
            s += a[i]
            change(a)
        return s

    def change(a):
        a[-1] += 10

    same(f, A, change)


def test_operators_of_user_classes():
    class Number:
        calls = 0

        def __init__(self, x):
            self.x = x

        def __mul__(self, other):
            Number.calls += 1
            return self.x * other

        __rmul__ = __mul__

        def __index__(self):
            Number.calls += 100
            return 3

    def f(a, number):
        for i in range(a.shape[0]):
            a[i] = number * i
        for i in range(number):
            a[i] += a[number]

    plain, fast = A.copy(), A.copy()
    f(plain, Number(2.0))
    calls, Number.calls = Number.calls, 0
    compiled(f)(fast, Number(2.0))
    assert np.array_equal(plain, fast)
    assert Number.calls == calls


def test_int_and_float_subclasses():
    class Loud(int):
        def __add__(self, other):
            return 1000

        __radd__ = __add__

    class Quiet(float):
        def __mul__(self, other):
            return 7.0

    def f(n, x):
        s = n
        for i in range(3):
            s = s + 1
            t = x * i
        return s, t

    same(f, Loud(5), Quiet(2.0))


def test_array_like_arguments_are_not_arrays():
    class Lookalike:
        shape = (4,)

        def __getitem__(self, i):
            return i * 10

        def __len__(self):
            return 4

    def f(a):
        s = 0
        for i in range(a.shape[0]):
            s += a[i]
        return s + len(a)

    same(f, Lookalike())


def test_generators_are_consumed_once():
    def f(items, out):
        n = 0
        for x in items:
            out[n] = x
            n += 1
        for x in items:
            out[n] = -x
        return n

    out = np.zeros(10)
    assert compiled(f)((x * x for x in range(5)), out) == 5
    assert out.tolist() == [0, 1, 4, 9, 16, 0, 0, 0, 0, 0]


def test_iterator_that_stops_half_way():
    def f(items, out):
        for i, x in zip(items, out):  # noqa: B905 - one is longer, on purpose
            out[i] = x + i
        return list(items)

    out = np.zeros(3)
    assert compiled(f)(iter(range(6)), out) == [4, 5]


def test_dictionary_order_and_sets():
    def f(table, out):
        n = 0
        for key, value in table.items():
            out[n] = len(key) * 10 + value
            n += 1
        return list(table), n

    same(f, {"b": 1, "aa": 2, "c": 3}, np.zeros(3))


def test_nditer():
    def f(a):
        s = 0.0
        for x in np.nditer(a, op_flags=["readwrite"]):
            x[...] = x * 2
            s += float(x)
        return s

    same(f, A)


def test_tracing_sees_every_line():
    def f(a):
        s = 0.0
        for i in range(a.shape[0]):
            s = s + a[i]
        return s

    def lines(function):
        found = []

        def trace(frame, event, argument):
            if frame.f_code.co_name == "f" and event == "line":
                found.append(frame.f_lineno)
            return trace

        old = sys.gettrace()
        sys.settrace(trace)
        try:
            function(A)
        finally:
            sys.settrace(old)
        return found

    g = compiled(f)
    g(A)
    assert set(lines(f)) == set(lines(g))


def test_arguments_are_not_kept_alive():
    def f(a):
        for i in range(a.shape[0]):
            a[i] = a[i] * 2

    g = compiled(f)
    a = np.arange(50.0)
    gone = weakref.ref(a)
    g(a)
    g(a)
    del a
    gc.collect()
    assert gone() is None


def test_reference_counts_do_not_grow():
    def f(a, n):
        s = 0
        for i in range(n):
            a[i] = i
            s += i
        return s

    g = compiled(f)
    a, n = np.zeros(1000), 1000
    g(a, n)
    before = sys.getrefcount(a), sys.getrefcount(n)
    for _ in range(50):
        g(a, n)
    assert sys.getrefcount(a) == before[0]
    assert abs(sys.getrefcount(n) - before[1]) <= 2


def test_failed_calls_do_not_leak_references():
    def f(a, n):
        for i in range(n):
            a[i] = 10 // (5 - i)

    g = compiled(f)
    a = np.zeros(10)
    for _ in range(3):
        observe(g, [a, 10], __file__)
    before = sys.getrefcount(a)
    for _ in range(20):
        observe(g, [a, 10], __file__)
    assert sys.getrefcount(a) == before


def test_identity_of_the_result():
    def f(a, x):
        y = x
        for i in range(a.shape[0]):
            a[i] += 1
        b = a
        return b, y

    a, x = A.copy(), 12345.678
    b, y = compiled(f)(a, x)
    assert b is a
    assert y is x


def test_view_results_share_memory():
    def f(a):
        for i in range(a.shape[0]):
            a[i] += 1
        return a[2:], a.reshape(2, -1)

    a = A.copy()
    tail, matrix = compiled(f)(a)
    tail[0] = 99
    assert a[2] == 99
    assert matrix.base is a


def test_fresh_arrays_are_fresh():
    def f(n):
        a = np.zeros(n)
        for i in range(n):
            a[i] = i
        return a

    g = compiled(f)
    one, two = g(5), g(5)
    one[0] = 7
    assert two[0] == 0
    assert one.flags.owndata


def test_array_replaced_in_place_by_its_owner():
    def f(a):
        for i in range(a.shape[0]):
            a[i] = i

    g = compiled(f)
    a = np.zeros(10)
    g(a)
    a.resize(20, refcheck=False)
    g(a)
    assert a[-1] == 19
    a.flags.writeable = False
    assert observe(g, [a], __file__).error == "ValueError"
    a.flags.writeable = True
    a.dtype = np.int64
    g(a)
    assert a[-1] == 19


def test_sizes_and_dtypes_alternate():
    def f(a):
        for i in range(a.shape[0]):
            a[i] = a[i] + i
        return a.sum()

    g = compiled(f)
    for size in (0, 1, 7, 10_000, 3, 0):
        for dtype in ("f8", "i4", "f4", "u1"):
            want, got = np.ones(min(size, 200), dtype), np.ones(min(size, 200), dtype)
            assert f(want) == g(got)
            assert np.array_equal(want, got)


def test_large_iteration_counts_of_small_calls():
    def f(a, k):
        for i in range(a.shape[0]):
            a[i] += k
        return k

    g = compiled(f)
    a = np.zeros(3)
    for k in range(2000):
        assert g(a, k) == k
    assert a[0] == sum(range(2000))
