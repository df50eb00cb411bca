"""Arrays: bounds, partial writes, overlap, layout, and arrays that are not plain."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from tests.oracle import compiled, native, parallel, same


def copy_shifted(x, y, n):
    for i in range(n):
        y[i] = x[i] + 1


def recurrence(x, y):
    for i in range(x.shape[0]):
        y[i] = x[i] * 2 + 1


# --- bounds ---


def test_negative_subscripts_wrap():
    def f(a, b):
        for i in range(a.shape[0]):
            b[-i] = a[-i - 1]

    native(f, np.arange(10.0), np.zeros(10))


def test_negative_subscript_out_of_range():
    def f(a, b):
        for i in range(12):
            b[i % 3] = a[-i]

    assert same(f, np.arange(10.0), np.zeros(3)).error == "IndexError"


def test_last_iteration_out_of_range_keeps_earlier_writes():
    def f(a, n):
        for i in range(n):
            a[i] = i + 1

    outcome = same(f, np.zeros(10), 11)
    assert outcome.error == "IndexError"
    assert outcome.arguments[0][9] == 10


def test_out_of_range_in_the_second_statement():
    def f(a, b, n):
        for i in range(n):
            a[i] = i
            b[i + 2] = i

    outcome = same(f, np.zeros(10), np.zeros(10), 10)
    assert outcome.lines[0][0] == "f"
    assert outcome.arguments[0][8] == 8


def test_out_of_range_under_a_condition_that_is_never_true():
    def f(a, n):
        for i in range(n):
            if i < a.shape[0]:
                a[i] = i

    assert not same(f, np.zeros(5), 10).error


def test_out_of_range_in_second_axis():
    def f(a):
        for i in range(a.shape[0]):
            for j in range(a.shape[0]):
                a[i, j] = i * j + 1

    assert "axis 1" in same(f, np.zeros((6, 4))).message


def test_indirect_read_out_of_range():
    def f(a, index, out):
        for i in range(index.shape[0]):
            out[i] = a[index[i]]

    index = np.arange(20)
    native(f, np.arange(20.0), index, np.zeros(20))
    index[13] = 20
    assert same(f, np.arange(20.0), index, np.zeros(20)).error == "IndexError"


def test_float_subscript_raises():
    def f(a):
        for i in range(a.shape[0]):
            a[i / 1] = 0

    assert same(f, np.zeros(3)).error == "IndexError"


def test_too_many_subscripts_raise():
    def f(a):
        for i in range(a.shape[0]):
            a[i, i] = 1

    assert same(f, np.zeros(3)).error == "IndexError"


def test_bool_scalar_as_subscript():
    def f(a, b):
        t = 0.0
        for i in range(a.shape[0]):
            t = t + b[i > 2].sum()
        return t

    same(f, np.arange(5.0), np.arange(3.0))


def test_exception_in_the_middle_of_two_nests():
    def f(a, b, n):
        for i in range(n):
            a[i] = i
        for i in range(n):
            b[i] = 10 // (3 - i)
        for i in range(n):
            a[i] = -1

    outcome = same(f, np.zeros(8), np.zeros(8), 8)
    assert outcome.error == "ZeroDivisionError"
    assert outcome.arguments[0][7] == 7


def test_error_after_in_place_updates_replays_from_the_old_values():
    def f(a, b):
        for i in range(a.shape[0]):
            a[i] += 1
            a[i] *= b[i] // b[i]

    same(f, np.arange(8), np.array([1, 1, 1, 1, 0, 1, 1, 1]))

    def g(a, k):
        for i in range(a.shape[0]):
            a[i] += 1
            a[i] *= 6 // (k - i)

    outcome = same(g, np.arange(8), 5)
    assert outcome.arguments[0][4] == 30
    assert outcome.arguments[0][6] == 6


# --- overlap ---


@pytest.mark.parametrize("shift", [-2, -1, 0, 1, 2])
def test_overlapping_views(shift):
    memory = np.arange(5000.0)
    x = memory[10:4900]
    y = memory[10 + shift : 4900 + shift]
    same(copy_shifted, x, y, 4890)


def test_recurrence_through_overlap_is_serial():
    x = np.zeros(2000)
    outcome = same(copy_shifted, x[:-1], x[1:], 1999)
    assert outcome.arguments[1][-1] == 1999


def test_same_array_twice():
    x = np.arange(100.0)
    same(copy_shifted, x, x, 100)


def test_same_array_reversed():
    x = np.arange(100.0)
    same(recurrence, x, x[::-1])


def test_disjoint_halves_of_one_array():
    x = np.arange(2000.0)
    parallel(copy_shifted, x[:1000], x[1000:], 1000)


def test_interleaved_views_do_not_overlap():
    x = np.arange(2000.0)
    native(copy_shifted, x[::2], x[1::2], 1000)


def test_transposed_view_of_the_same_array():
    def f(a, b):
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                a[i, j] = b[i, j] + 1

    x = np.arange(49.0).reshape(7, 7)
    same(f, x, x.T)


def test_views_of_different_dtype_on_the_same_memory():
    x = np.arange(100.0)
    same(recurrence, x, x.view(np.int64))


def test_self_overlapping_output():
    def f(a):
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                a[i, j] += i + 1

    a = as_strided(np.zeros(40), shape=(20, 3), strides=(8, 8))
    same(f, a)


def test_broadcast_view_is_read_only():
    def f(a):
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                a[i, j] = i

    outcome = same(f, np.broadcast_to(np.zeros(4), (5, 4)))
    assert outcome.error == "ValueError"


def test_read_only_output_raises_at_the_first_write():
    def f(a, b, n):
        for i in range(n):
            b[i] = i
            a[i] = i

    a = np.zeros(5)
    a.flags.writeable = False
    assert same(f, a, np.zeros(5), 5).error == "ValueError"
    assert not same(f, a, np.zeros(5), 0).error


def test_read_only_input():
    def f(a, b):
        for i in range(a.shape[0]):
            b[i] = a[i] * 2

    a = np.arange(5.0)
    a.flags.writeable = False
    parallel(f, a, np.zeros(5))
    native(f, np.broadcast_to(np.float64(3), (5,)), np.zeros(5))


def test_histogram_counts_every_element():
    def f(index, counts):
        for i in range(index.shape[0]):
            counts[index[i]] += 1

    index = np.random.default_rng(7).integers(0, 10, 50_000)
    native(f, index, np.zeros(10, np.int64))


def test_scatter_with_repeated_targets_keeps_the_last():
    def f(index, x, out):
        for i in range(index.shape[0]):
            out[index[i]] = x[i]

    rng = np.random.default_rng(8)
    native(f, rng.integers(0, 50, 20_000), rng.standard_normal(20_000), np.zeros(50))


# --- layouts ---


@pytest.mark.parametrize("layout", ["C", "F", "strided", "negative", "transposed", "inner zero"])
def test_layouts(layout):
    def f(a, b):
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                b[i, j] = a[i, j] * 2 + i - j

    big = np.random.default_rng(9).standard_normal((14, 18))
    a = {
        "C": big[:7, :9].copy(),
        "F": np.asfortranarray(big[:7, :9]),
        "strided": big[::2, ::2],
        "negative": big[6::-1, 8::-1],
        "transposed": big[:9, :7].T,
        "inner zero": as_strided(big, (7, 9), (big.strides[0], 0)),
    }[layout]
    native(f, a, np.zeros((7, 9)))
    out = a if layout != "inner zero" else np.zeros((7, 9), order="F")
    native(f, np.ones((7, 9)), out)


def test_rank_three_and_four():
    def f(a, b):
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                for k in range(a.shape[2]):
                    for m in range(a.shape[3]):
                        b[m, k, j, i] = a[i, j, k, m] * (i + 2 * j + 3 * k - m)

    a = np.random.default_rng(10).standard_normal((3, 4, 5, 2))
    parallel(f, a, np.zeros((2, 5, 4, 3)))


@pytest.mark.parametrize("shape", [(0,), (1,)])
def test_empty_and_single(shape):
    def f(a, b):
        t = 0.0
        for i in range(a.shape[0]):
            b[i] = a[i] + 1
            t += a[i]
        return t

    same(f, np.ones(shape), np.zeros(shape))


def test_zero_sized_axis_of_a_matrix():
    def f(a):
        n = 0
        for i in range(a.shape[0]):
            n += 1
            for j in range(a.shape[1]):
                a[i, j] = n
        return n, i

    same(f, np.zeros((4, 0)))
    assert same(f, np.zeros((0, 4))).error == "UnboundLocalError"


def test_zero_dimensional_arrays():
    def f(a, b, n):
        for i in range(n):
            b[i] = a[()] + i
            a[()] = a[()] * 2

    same(f, np.array(1.0), np.zeros(5), 5)

    def g(a, n):
        s = 0.0
        for _ in range(n):
            s = s + a
        return s

    same(g, np.array(1.5), 4)


def test_iterating_over_a_zero_dimensional_array_raises():
    def f(a):
        s = 0
        for x in a:
            s += x
        return s

    assert same(f, np.array(1.0)).error == "TypeError"


@pytest.mark.parametrize(
    "dtype", [">f8", ">i4", "float16", "longdouble", "S3", "datetime64[s]", "object"]
)
def test_dtypes_that_are_left_to_python(dtype):
    def f(a, b):
        for i in range(a.shape[0]):
            b[i] = a[i]
        return b[0]

    a = np.arange(6).astype(dtype)
    same(f, a, np.zeros_like(a))


@pytest.mark.parametrize("dtype", [">f8", "float16", "longdouble"])
def test_arithmetic_of_unusual_floats(dtype):
    def f(a):
        s = 0
        for i in range(a.shape[0]):
            s += a[i] * 2
            a[i] = s
        return s

    same(f, np.arange(6).astype(dtype))


def test_unaligned_array():
    memory = np.zeros(8 * 10 + 1, np.uint8)
    a = memory[1:].view(np.float64)
    assert not a.flags.aligned

    def f(a):
        for i in range(a.shape[0]):
            a[i] = a[i] + i
        return a[3]

    same(f, a)


def test_structured_array():
    def f(p):
        s = 0.0
        for i in range(p.shape[0]):
            s += p["x"][i]
            p["y"][i] = i
        return s

    same(f, np.ones(5, [("x", "f8"), ("y", "i4")]))


def test_memory_mapped_array(tmp_path):
    def f(a):
        for i in range(a.shape[0]):
            a[i] = a[i] * 2
        return a[1]

    a = np.memmap(tmp_path / "file", dtype=np.float64, mode="w+", shape=(10,))
    a[:] = np.arange(10)
    assert compiled(f)(a) == 2.0
    assert a[9] == 18.0


class Doubling(np.ndarray):
    """An array whose subscripts run user code."""

    def __getitem__(self, key):
        return 2 * np.asarray(self)[key]


def test_subclasses_run_their_own_code():
    def f(a):
        s = 0.0
        for i in range(a.shape[0]):
            s += a[i]
        return s

    assert same(f, np.arange(5.0).view(Doubling)).value == 20.0
    same(f, np.ma.masked_array(np.arange(5.0), [0, 1, 0, 0, 0]))


def test_matrix_subclass():
    def f(a):
        s = 0.0
        for i in range(a.shape[0]):
            s += a[i, 0]
        return s

    same(f, np.asmatrix(np.ones((3, 3))))


def test_fields_of_arrays_in_loops():
    def f(a, out):
        for i in range(len(a)):
            out[i] = a.size + a.ndim * i + a.shape[-1] + len(a[i])

    native(f, np.zeros((4, 6)), np.zeros(4))


def test_resized_row_alias_inside_the_function():
    def f(a):
        row = a[1]
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                a[i, j] = row[j] + 1
        return row

    same(f, np.arange(20.0).reshape(4, 5))
