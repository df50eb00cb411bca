"""Requests run by NumPy, call by call: nothing is overwritten that is still to be read."""

from __future__ import annotations

import numpy as np
import pytest

import conure
from conure.lazy.evaluate import value_of, write
from conure.lazy.nodes import Node, Operation, leaf, topological
from conure.lazy.source import Request
from conure.lazy.stepwise import stepwise

X = np.random.default_rng(1).random(400)


def node(template: str, *args, dtype="f8", role="elementwise") -> Node:
    return Node(Operation(template, role), args, (400,), np.dtype(dtype))


def lines(*wanted: Node) -> list[str]:
    text, _ = stepwise(Request(topological(wanted), list(wanted)))
    return [line.strip() for line in text.splitlines()[1:-1]]


def test_a_value_that_is_read_again_is_not_overwritten():
    root = node("np.sqrt({})", leaf(X))
    more = node("np.add({}, {})", root, 1.0)
    assert lines(node("np.multiply({}, {})", more, root)) == [
        "np.sqrt(p0, out=v0)",
        "np.add(v0, s1, out=v1)",
        "np.multiply(v1, v0, out=o2)",
    ]


def test_a_value_of_another_type_has_memory_of_its_own():
    root = node("np.sqrt({})", leaf(X))
    positive = node("np.greater({}, {})", root, 0.5, dtype="?")
    chosen = node("np.where({}, {}, {})", positive, 1.0, 2.0)
    assert lines(node("np.add({}, {})", chosen, 1.0))[:3] == [
        "np.sqrt(p0, out=v0)",
        "np.greater(v0, s1, out=v1)",
        "v2 = np.where(v1, s2, s3)",
    ]


def test_memory_that_came_free_serves_later():
    x = leaf(X)
    test = node("np.greater({}, {})", node("np.sqrt({})", x), 0.5, dtype="?")
    root = node("np.cbrt({})", x)
    assert lines(node("np.multiply({}, {})", root, test)) == [
        "np.sqrt(p0, out=v0)",
        "np.greater(v0, s1, out=v1)",
        "np.cbrt(p0, out=v0)",
        "np.multiply(v0, v1, out=o2)",
    ]


def test_what_may_be_a_view_is_left_alone():
    root = node("np.sqrt({})", leaf(X))
    part = node("np.real({})", root)
    last = node("np.multiply({}, {})", node("np.add({}, {})", part, 1.0), root)
    assert lines(last) == [
        "np.sqrt(p0, out=v0)",
        "v1 = np.real(v0)",
        "np.add(v1, s1, out=v2)",
        "del v1",
        "np.multiply(v2, v0, out=o2)",
    ]


def test_what_has_died_is_freed():
    root = node("np.real({})", leaf(X))
    chosen = node("np.where({}, {}, {})", root, 1.0, 2.0)
    assert lines(node("np.where({}, {}, {})", chosen, chosen, 2.0))[:3] == [
        "v0 = np.real(p0)",
        "v1 = np.where(v0, s1, s2)",
        "del v0",
    ]


def test_a_kept_value_is_not_overwritten():
    root = node("np.sqrt({})", leaf(X))
    last = node("np.add({}, {})", root, 1.0)
    assert lines(root, last) == ["np.sqrt(p0, out=o2)", "np.add(o2, s1, out=o3)"]


@pytest.mark.parametrize("shift", [0, 1, 5])
def test_writing_where_operands_lie(shift):
    array, want = np.arange(1000.0), np.arange(1000.0)
    total = Node(
        Operation("np.add({}, {})", "elementwise"),
        (leaf(array[:900]), leaf(array[50:950])),
        (900,),
        array.dtype,
    )
    with conure.options(device="python"):
        write(array[shift : shift + 900], total)
    want[shift : shift + 900] = want[:900] + want[50:950]
    np.testing.assert_array_equal(array, want)


def test_values_equal_numpys():
    root = node("np.sqrt({})", leaf(X))
    smaller = node("np.less({}, {})", root, 0.5, dtype="?")
    single = node("{}.astype(np.float32)", root, dtype="f4")
    total = node("np.add({}, {})", single, node("np.negative({})", single, dtype="f4"), dtype="f4")
    chosen = node("np.where({}, {}, {})", smaller, total, root)
    with conure.options(device="python"):
        got = value_of(node("np.multiply({}, {})", chosen, root))
    r = np.sqrt(X)
    f = r.astype("f4")
    np.testing.assert_array_equal(got, np.where(r < 0.5, f + -f, r) * r)
