"""Where earlier lazy arrays went wrong, each as a test against NumPy, small and large.

Every program is run with NumPy and with `conure.numpy`; what it returns must be the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy
import pytest

import conure.numpy
from tests.doors.numpy.compared import SIZES, same


def read_after_write(np: Any, n: int) -> Any:
    x = np.arange(n) * 1.0
    y = x + 1
    x[0] = 100
    return y, x


def a_stale_memo(np: Any, n: int) -> Any:
    x = np.arange(n) * 1.0
    first = np.sum(x + 1)
    x[0] = 100
    return first, np.sum(x + 1), x + 1


def in_place_on_a_view(np: Any, n: int) -> Any:
    x = np.ones(n)
    u = x[1:-1]
    u += 1
    return x, u


def in_place_on_an_alias(np: Any, n: int) -> Any:
    x = np.ones(n)
    y = x
    x *= 3
    return x, y, x is y


def in_place_on_what_others_read(np: Any, n: int) -> Any:
    x = np.ones(n)
    y = x * 2
    z = y + 1
    y += 5
    return x, y, z


def a_view_of_a_result(np: Any, n: int) -> Any:
    y = np.arange(n) * 2.0
    z = y[::2]
    y += 1
    z[0] = 50
    return y, z


def gray_scott(np: Any, n: int) -> Any:
    side = int(n**0.5) + 3
    u_all = np.ones((side, side))
    v_all = np.zeros((side, side))
    v_all[1:3, 1:3] = 0.5
    u, v = u_all[1:-1, 1:-1], v_all[1:-1, 1:-1]
    for _ in range(4):
        lu = u_all[:-2, 1:-1] + u_all[2:, 1:-1] + u_all[1:-1, :-2] + u_all[1:-1, 2:] - 4 * u
        lv = v_all[:-2, 1:-1] + v_all[2:, 1:-1] + v_all[1:-1, :-2] + v_all[1:-1, 2:] - 4 * v
        uvv = u * v * v
        u += 0.16 * lu - uvv + 0.06 * (1 - u)
        v += 0.08 * lv + uvv - 0.122 * v
    return u_all, v_all


def out_where_and_dtype(np: Any, n: int) -> Any:
    x = np.arange(n) * 1.0
    out = np.zeros(n)
    result = np.add(x, 1, out=out)
    np.multiply(x, 2, out=out, where=x > 3)
    return result is out, out, np.add(x, 1, dtype=np.float32)


def outer_and_reduce(np: Any, n: int) -> Any:
    x = np.arange(n) * 1.0
    return np.add.outer(x[:3], x[:4]), np.add.reduce(x), np.multiply.accumulate(x / n + 1)


def negative_constants(np: Any, n: int) -> Any:
    x = np.arange(n) * 1.0
    return x * -1, x * -2


def one_as_int_float_and_bool(np: Any, n: int) -> Any:
    i = np.arange(n)
    f = i.astype(np.float32)
    return i * 1, i * 1.0, i * True, f + 1, f + 1.0, f + np.float64(1)


def small_powers(np: Any, n: int) -> Any:
    x = np.arange(n) + 1.0
    return x**0, x**-1, x**1, x**2, x**0.5, x**3


def equality_is_by_element(np: Any, n: int) -> Any:
    x = np.arange(n)
    y = np.arange(n)
    y[0] = 5
    return x == y, x != y, (x == x).all()


def matmul_gives_a_product(np: Any, n: int) -> Any:
    x = np.arange(n // 5 * 5).reshape(-1, 5) * 1.0
    return np.matmul(x[:3], x[:2].T), x[:3] @ x[0]


def astype_makes_a_copy(np: Any, n: int) -> Any:
    a = np.arange(n) * 1.5
    b = a.astype(np.int32)
    b += 1
    return a, a.dtype, b, b.dtype


def mixed_dtypes(np: Any, n: int) -> Any:
    i = np.arange(n)
    f = i.astype(np.float32)
    d = i.astype(np.float64)
    return f + d, i + f, f * 2, i * 0.5, d.dtype, f.dtype


def integers_in_float_functions(np: Any, n: int) -> Any:
    i = np.arange(n) + 1
    return np.sin(i), i / 2, i / i, np.sqrt(i), i * 0.5, np.exp(i % 3)


def functions_that_were_missing(np: Any, n: int) -> Any:
    x = np.arange(n) * 1.0
    return np.diag(x[:3]), np.tile(x, 2), np.fft.fft(x[:8]), np.where(x > 2, x, 0), x.mean()


def numpy_and_list_operands(np: Any, n: int) -> Any:
    x = np.arange(n) * 1.0
    return x + numpy.ones(n), x + [1.0] * n, numpy.ones(n) - x, [2] * n * x


def truth_of_an_array(np: Any, n: int) -> Any:
    x = np.arange(n) * 1.0
    answers = [bool(x[:1]), bool(x[1:2] > 0)]
    try:
        answers.append(bool(x > 0))
    except ValueError as error:
        answers.append(str(error))
    return answers


def array_protocol(np: Any, n: int) -> Any:
    x = np.arange(n) * 2.0
    return type(numpy.asarray(x)) is numpy.ndarray, type(x.__array__()) is numpy.ndarray


def doubling_graphs(np: Any, n: int) -> Any:
    x = np.ones(n)
    for _ in range(40):
        x = x + x
    return x


def long_chains_with_observation(np: Any, n: int) -> Any:
    x = np.ones(n)
    seen = []
    for _ in range(300):
        x = x * 0.5 + 1
        seen.append(float(x[0]))
    return x, seen


def long_chains_without(np: Any, n: int) -> Any:
    x = np.ones(n)
    for _ in range(2500):
        x = x * 0.5 + 1
    return x


def rebinding_in_a_loop(np: Any, n: int) -> Any:
    x = np.arange(n) * 1.0
    kept = []
    for step in range(5):
        x = x + step
        kept.append(x)
        x += 1
    return kept


def metadata_without_values(np: Any, n: int) -> Any:
    x = np.arange(n) * 1.0 + 1
    return x.shape, x.ndim, x.size, x.dtype, len(x), x.nbytes, x.itemsize, x.T.shape


def methods_that_were_missing(np: Any, n: int) -> Any:
    x = np.arange(n) * 1.0 + 1
    return x.mean(), x.min(), x.max(), x.copy(), x.any(), x.all(), x[3].item(), x.var()


def a_plain_array_written_behind(np: Any, n: int) -> Any:
    plain = numpy.ones(n)
    x = np.asarray(plain)
    y = x + 1
    plain[0] = 50
    return y, x


def numbers_before_arrays_in_lists(np: Any, n: int) -> Any:
    x = np.arange(n) * 1.0
    return (
        np.hstack([1.0, x]),
        np.vstack((2.0, x.sum())),
        np.block([[1.0, x]]),
        np.select([True, x > 0], [3.0, x]),
    )


def out_keeps_its_layout(np: Any, n: int) -> Any:
    x = np.arange(n * 2.0).reshape(2, n)
    y = x * 3
    np.add(np.asfortranarray(x), 1, out=y)
    return y.strides, y


def sorting_in_place(np: Any, n: int) -> Any:
    x = np.arange(n)[::-1] * 1.0
    y = x + 1
    x.sort()
    return x, y


def ufunc_at(np: Any, n: int) -> Any:
    x = np.zeros(n)
    y = x + 1
    np.add.at(x, [0, 0, 1], 1)
    return x, y


PROGRAMS: list[Callable[..., Any]] = [
    each
    for each in list(globals().values())
    if inspect.isfunction(each) and [*inspect.signature(each).parameters] == ["np", "n"]
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_hole(program: Callable[..., Any], size: int) -> None:
    want, got = program(numpy, size), program(conure.numpy, size)
    if program is numpy_and_list_operands:
        assert all(type(each) is conure.numpy.ndarray for each in got)
    same(want, got, program.__name__, size)
