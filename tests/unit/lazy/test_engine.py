"""The recorded graph against NumPy: values, laziness, writes, memory that others hold."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import conure
import conure.numpy
from conure.lazy import memory, plans
from conure.lazy.evaluate import evaluate_readers, value_of, write
from conure.lazy.nodes import Node, leaf, topological
from conure.lazy.record import cast, record
from conure.lazy.source import Request, source

X = np.random.default_rng(1).random((300, 200))
Y = np.random.default_rng(2).random(200)


@pytest.fixture(autouse=True)
def forced():
    with conure.options(device="cpu"):
        yield


def recorded(function, *operands, **keywords) -> Node:
    node = record(function, operands, keywords)
    assert node is not None
    return node


def test_chain_with_broadcasting():
    scaled = recorded(np.multiply, leaf(X), 2.0)
    total = recorded(np.add, recorded(np.sin, scaled), leaf(Y))
    result = recorded(np.multiply, total, total)
    assert result.value is None
    want = (np.sin(X * 2.0) + Y) ** 2
    np.testing.assert_allclose(value_of(result), want, rtol=1e-14)


def test_reduction_feeds_the_next_loop():
    distance = recorded(np.subtract, leaf(X), recorded(np.mean, leaf(X)))
    variance = recorded(np.mean, recorded(np.multiply, distance, distance))
    assert type(value_of(variance)) is np.float64
    np.testing.assert_allclose(value_of(variance), X.var(), rtol=1e-13)


def test_single_use_values_have_no_line_of_their_own():
    scaled = recorded(np.multiply, leaf(X), 2.0)
    total = recorded(np.add, scaled, leaf(Y))
    assert source(Request(topological([total]), [total])).text == (
        "o3[...] = np.add(np.multiply(p0, s1), p2)"
    )


def test_axes_of_extent_one_broadcast():
    column = np.arange(300.0)[:, None]
    node = recorded(np.add, leaf(X), leaf(column))
    assert "[:, None]" in source(Request([node], [node])).text
    np.testing.assert_array_equal(value_of(node), X + column)


def test_plans_do_not_depend_on_sizes_or_numbers():
    def run(rows, factor):
        node = recorded(np.multiply, leaf(np.ones((rows, 40))), factor)
        np.testing.assert_array_equal(value_of(node), np.full((rows, 40), factor))

    run(50, 2.0)
    count = len(plans._plans)
    run(60, 3.0)
    assert len(plans._plans) == count


def test_a_number_of_another_type_is_another_plan():
    for number in (2, 2.0, True, np.float32(2), np.float64(2)):
        node = recorded(np.multiply, leaf(X.astype("f4")), number)
        want = X.astype("f4") * number
        assert value_of(node).dtype == want.dtype
        np.testing.assert_array_equal(value_of(node), want)


def test_unlike_numbers_are_not_confused():
    minus_one, minus_two = (recorded(np.multiply, leaf(X), number) for number in (-1, -2))
    np.testing.assert_array_equal(value_of(minus_one), -X)
    np.testing.assert_array_equal(value_of(minus_two), X * -2)


@pytest.mark.parametrize(
    "operands", [(leaf(np.ones(3, object)), 1), (leaf(np.ones(3, "u1")), 300), (leaf(X), leaf(X.T))]
)
def test_what_numpy_must_answer_is_not_recorded(operands):
    assert record(np.add, operands) is None


def test_fortran_order_is_kept():
    array = np.asfortranarray(X)
    node = recorded(np.add, leaf(array), 1.0)
    assert value_of(node).strides == (array + 1.0).strides


# ---- writes ----------------------------------------------------------------------------------


def test_earlier_results_do_not_see_a_write():
    array = X.copy()
    doubled = recorded(np.multiply, leaf(array), 2.0)
    evaluate_readers(array)
    array[...] = 0
    np.testing.assert_array_equal(value_of(doubled), X * 2.0)


def test_written_value_stays_what_it_was():
    array = X.copy()
    doubled = recorded(np.multiply, leaf(array), 2.0)
    write(array, doubled)
    np.testing.assert_array_equal(array, X * 2.0)
    evaluate_readers(array)
    array[...] = 0
    np.testing.assert_array_equal(value_of(doubled), X * 2.0)


def test_parts_of_the_written_value_are_kept_if_held():
    array = X.copy()
    inner = recorded(np.sqrt, leaf(array))
    write(array, recorded(np.add, inner, 1.0))
    np.testing.assert_array_equal(array, np.sqrt(X) + 1.0)
    np.testing.assert_array_equal(value_of(inner), np.sqrt(X))


def test_overlapping_target():
    array, want = np.arange(1000.0), np.arange(1000.0)
    total = recorded(np.add, leaf(array[:-2]), leaf(array[2:]))
    write(array[1:-1], recorded(np.multiply, total, 0.5))
    want[1:-1] = (want[:-2] + want[2:]) * 0.5
    np.testing.assert_array_equal(array, want)


def test_write_into_an_operand_itself():
    array = X.copy()
    write(array, recorded(np.add, leaf(array), leaf(array.copy())))
    np.testing.assert_array_equal(array, X * 2)


def test_shifted_write_with_the_plan_of_an_unshifted_one():
    for shift in (0, 1, 5):
        array, want = np.arange(1000.0), np.arange(1000.0)
        write(array[shift : shift + 900], recorded(np.add, leaf(array[:900]), 1.0))
        want[shift : shift + 900] = want[:900] + 1.0
        np.testing.assert_array_equal(array, want)


# ---- memory ----------------------------------------------------------------------------------


def test_arrays_of_the_user_are_read_at_once():
    array = X.copy()
    node = recorded(np.add, array, 1.0)
    array[...] = 0
    np.testing.assert_array_equal(value_of(node), X + 1.0)


def test_small_arrays_of_the_user_are_copied():
    row = Y.copy()
    node = recorded(np.add, leaf(X), row)
    assert node.value is None
    row[...] = 0
    np.testing.assert_array_equal(value_of(node), X + Y)


def test_exposed_memory_is_read_at_once_while_it_is_held():
    array = X.copy()
    lent = memory.expose(array)
    assert np.shares_memory(lent, array)
    part = lent[1:]
    del lent
    node = recorded(np.add, leaf(array), 1.0)
    part[...] = 0
    np.testing.assert_array_equal(value_of(node), X + 1.0)
    del part
    assert recorded(np.add, leaf(array), 1.0).value is None


def test_dead_nodes_are_freed():
    node = recorded(np.add, leaf(X), 1.0)
    last = recorded(np.multiply, node, 2.0)
    gone = weakref.ref(node)
    value_of(last)
    del node
    gc.collect()
    assert gone() is None


def test_long_graphs_are_evaluated_early():
    node = leaf(X)
    for _ in range(3 * memory.LIMIT):
        node = recorded(np.multiply, node, 1.0)
    assert len(memory.pending()) < 2 * memory.LIMIT
    np.testing.assert_array_equal(value_of(node), X)


@pytest.mark.parametrize(("function", "most"), [(np.sin, 1), (np.sqrt, 2)])
def test_held_value_is_computed_twice_at_most(monkeypatch, function, most):
    runs = []
    run = plans.Plan.run
    monkeypatch.setattr(
        plans.Plan, "run", lambda *args: (runs.append(args[0].source.text), run(*args))[1]
    )
    held = recorded(function, leaf(X))
    for k in range(5):
        value_of(recorded(np.add, held, float(k)))
    assert sum(function.__name__ in text for text in runs) == most


def test_nothing_is_recorded_where_numpy_is_to_raise():
    with np.errstate(divide="raise"):
        assert record(np.divide, (leaf(X), 0.0)) is None
        assert cast(leaf(X), np.dtype("i2")) is None
    node = recorded(np.divide, leaf(X), 0.0)
    with np.errstate(divide="raise"), conure.options(device="python"):
        assert np.isinf(value_of(node)).all()


def test_powers_that_numpy_has_as_functions():
    for exponent in (2, 0.5, -1, 3, 2.5):
        node = recorded(np.power, leaf(X), exponent)
        np.testing.assert_allclose(value_of(node), X**exponent, rtol=1e-15)


def test_profile_names_the_line_that_observes():
    node = recorded(np.add, leaf(X), 1.0)
    with conure.profile() as profile:
        value_of(node)
    (event,) = profile.events
    assert event.what == "arrays"
    assert event.device == "cpu"
    assert event.where.rpartition(":")[0] == __file__


def test_equal_operands_once_are_not_equal_ever_after():
    for left, right in ((X, X), (X, X[::-1].copy()), (X[1:], X[:-1])):
        node = recorded(np.multiply, leaf(left.view()), leaf(right.view()))
        np.testing.assert_array_equal(value_of(node), left * right)
    for first in (slice(0, 900), slice(1, 901)):
        array, want = np.arange(1000.0), np.arange(1000.0)
        write(array[:900], recorded(np.multiply, leaf(array[first]), leaf(array[first])))
        want[:900] = want[first] * want[first]
        np.testing.assert_array_equal(array, want)
        total = recorded(np.multiply, leaf(array[1:901]), leaf(array[:900]))
        write(array[:900], total)
        want[:900] = want[1:901] * want[:900]
        np.testing.assert_array_equal(array, want)


def test_write_of_a_value_whose_parts_others_have_read():
    array = X.copy()
    shared = recorded(np.sqrt, leaf(array))
    value_of(recorded(np.add, shared, 1.0))  # computes the shared part, and does not keep it
    other = recorded(np.multiply, shared, 3.0)  # reads the array: runs before the write, and keeps
    write(array, recorded(np.add, shared, 2.0))
    np.testing.assert_array_equal(array, np.sqrt(X) + 2.0)
    np.testing.assert_array_equal(value_of(other), np.sqrt(X) * 3.0)
    np.testing.assert_array_equal(value_of(shared), np.sqrt(X))


def test_what_is_written_may_be_read_beside_its_neighbours():
    array, want = np.arange(1000.0), np.arange(1000.0)
    middle = array[1:-1]
    with conure.profile() as profiled:
        for _ in range(5):
            value = recorded(np.add, leaf(middle), leaf(array[2:]))
            write(middle, value)
            want[1:-1] = want[1:-1] + want[2:]
    np.testing.assert_array_equal(array, want)
    assert {event.device for event in profiled.events if event.what == "arrays"} == {"cpu"}


def test_keywords_that_are_equal_are_not_the_same():
    assert record(np.sum, (leaf(X),), {"axis": 1}) is not None
    assert record(np.sum, (leaf(X),), {"axis": True}) is None
    assert record(np.sum, (leaf(X),), {"axis": 1.0}) is None
    assert record(np.sum, (leaf(X),), {"axis": (0, 1)}) is not None
    assert record(np.sum, (leaf(X),), {"axis": (False, True)}) is None


def test_lending_often_is_remembered_once():
    array = X.copy()
    for _ in range(100):
        memory.expose(array)
        memory.give(array)
    assert len(memory._lent[id(array)]) == 1
    arrays = [np.ones(3) for _ in range(2 * memory._MOST_RETURNED)]
    for each in arrays:
        memory.give(each)
    del arrays, each
    memory.give(array)
    memory.expose(np.ones(4))
    assert len(memory._lent) <= memory._MOST_RETURNED
    assert memory.is_exposed(array)


@pytest.mark.parametrize("layout", [lambda x: x, lambda x: x.T, lambda x: x[:, ::2], np.ravel])
@pytest.mark.parametrize("view", [lambda x: x, lambda x: x[1:], np.asarray, memoryview])
def test_lent_memory_is_lent_until_the_last_view_of_it_is_gone(layout, view):
    array = layout(X.copy())
    lent = memory.expose(array)
    assert lent.strides == array.strides
    assert lent.flags.writeable
    held = view(lent)
    del lent
    assert memory.is_exposed(array)
    assert memory.is_exposed(array[1:])
    del held
    assert not memory.is_exposed(array)


@pytest.mark.parametrize("array", [X[:1:2], X[:, :1:3], X[:1].T, X[1:2, :1], X[0, 0, ...]])
def test_lent_arrays_have_the_strides_of_their_own(array):
    assert memory.expose(array).strides == array.strides


def test_read_only_memory_is_lent_read_only():
    array = X.copy()
    array.flags.writeable = False
    assert not memory.expose(array).flags.writeable


def test_products_of_what_is_pending():
    rows, columns = np.arange(300.0), np.arange(200.0)
    centered = recorded(np.subtract, leaf(X.copy()), 0.5)
    product = recorded(np.matmul, centered, leaf(columns))
    result = recorded(np.exp, recorded(np.multiply, product, -1e-3))
    assert source(Request(topological([result]), [result])).text.count("\n") == 1
    np.testing.assert_allclose(value_of(result), np.exp((X - 0.5) @ columns * -1e-3), rtol=1e-12)
    turned = recorded(np.subtract, leaf(X.copy()), 0.5)
    np.testing.assert_allclose(
        value_of(recorded(np.matmul, leaf(rows), turned)), rows @ (X - 0.5), rtol=1e-12
    )
    squares = recorded(np.dot, *[recorded(np.subtract, leaf(columns), Y.copy())] * 2)
    np.testing.assert_allclose(value_of(squares), ((columns - Y) ** 2).sum(), rtol=1e-12)


def test_products_that_the_library_is_best_at():
    vector = leaf(np.arange(200.0))
    assert record(np.matmul, (leaf(X.copy()), vector)) is None
    centered = recorded(np.subtract, leaf(X.copy()), 0.5)
    assert record(np.matmul, (centered, leaf(X.T))) is None
    recorded(np.matmul, centered, vector)
    assert record(np.matmul, (centered, vector)) is None  # for the second time


def test_products_that_do_not_fit():
    centered = recorded(np.subtract, leaf(X.copy()), 0.5)
    assert record(np.matmul, (centered, leaf(np.arange(300.0)))) is None
    assert record(np.matmul, (centered, 2.0)) is None


def test_results_with_axes_of_one_element_are_loops_over_the_others():
    column = leaf(np.arange(1.0, 301.0)[:, None])
    node = recorded(np.sqrt, column)
    assert source(Request(topological([node]), [node])).text == "o1[:, None] = np.sqrt(p0[:, None])"
    assert value_of(node).shape == (300, 1)
    np.testing.assert_allclose(node.value, np.sqrt(column.value), rtol=1e-14)


def test_small_operands_that_broadcast_to_much_are_recorded():
    x = conure.numpy.array(np.arange(400.0))
    y = conure.numpy.array(np.arange(300.0))
    apart = x[:, None] - y
    assert apart._value is None
    assert (x - x)._value is not None
    assert (x[:5, None] - y)._value is not None
    np.testing.assert_array_equal(apart, np.arange(400.0)[:, None] - np.arange(300.0))
