"""Long programs: bounded memory, no recursion, several threads, forks."""

from __future__ import annotations

import os
import sys
import threading
import tracemalloc

import numpy as np
import pytest

import conure
import conure.numpy as cnp
from conure.lazy import memory, plans, results
from conure.lazy.evaluate import evaluate_held
from conure.lazy.nodes import Node

SIZE = 40_000  # the least that is recorded
BYTES = 8 * SIZE


@pytest.fixture(autouse=True)
def alone():
    results.forget()
    evaluate_held(memory.pending())
    yield
    results.forget()


@pytest.fixture
def nodes_run(monkeypatch):
    """How many nodes have been run."""
    counts: list[int] = []
    run = plans.Plan.run

    def counting(plan, values, request):
        counts.append(len(request.nodes))
        return run(plan, values, request)

    monkeypatch.setattr(plans.Plan, "run", counting)
    return counts


def peak_of(function) -> int:
    """The most bytes that a function holds at a time."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def ones():
    return cnp.array(np.ones(SIZE))


def test_a_loop_of_many_steps_that_nobody_looks_at(nodes_run):
    steps = 20_000
    x = ones()
    for _ in range(steps):
        x = x + 1.0
    assert len(memory.PENDING) <= 2 * memory.LIMIT
    assert (np.asarray(x) == steps + 1).all()
    assert sum(nodes_run) == steps


def test_a_loop_that_is_looked_at_in_each_step(nodes_run):
    steps = 5_000
    x = ones()
    for step in range(steps):
        x = x + 1.0
        assert x[step] == step + 2
    assert len(memory.PENDING) <= 2 * memory.LIMIT
    assert sum(nodes_run) == steps


def test_what_a_long_loop_has_computed_is_freed():
    def loop():
        x = ones()
        for _ in range(3 * memory.LIMIT):
            x = x * 1.0
        assert x[0] == 1.0

    loop()  # what is kept for ever, such as plans
    assert peak_of(loop) < 30 * BYTES


def test_what_is_held_survives_an_early_evaluation():
    x = ones()
    held = []
    for step in range(memory.LIMIT + 10):
        x = x + 1.0
        if step % 100 == 0:
            held.append(x)
    assert [each[0] for each in held] == [2.0 + 100 * k for k in range(len(held))]


def test_what_only_a_write_needs_is_not_stored(nodes_run):
    x = ones()
    y = ((x + 1.0) * 2.0 - 3.0) * 4.0
    assert y._value is None

    def write():
        x[:] = 0.0

    write()  # loads what evaluating needs
    x[:] = 1.0
    y = ((x + 1.0) * 2.0 - 3.0) * 4.0
    results.forget()
    assert peak_of(write) < 3 * BYTES
    assert y[0] == 4.0


@pytest.mark.parametrize("device", ["python", "cpu"])
def test_a_chain_needs_room_for_its_result_and_one_value_more(device):
    x, z = ones(), ones()

    def chain():
        y = (((((x * 0.5 + z) - 0.25) * x + 1.0) * 0.5 + z) - 0.25) * x + 1.0
        return np.asarray(y)

    with conure.options(device=device):
        chain()
        results.forget()
        assert peak_of(chain) < 2.5 * BYTES


def test_arrays_that_only_the_graph_holds_are_bounded(monkeypatch):
    monkeypatch.setattr(memory, "MOST_HELD", 20 * BYTES)

    def loop():
        total = ones()
        for step in range(300):
            total = total + cnp.array(np.full(SIZE, float(step)))
        assert total[0] == 1 + 299 * 150

    loop()
    assert peak_of(loop) < 60 * BYTES


def test_a_graph_deeper_than_the_stack():
    x = ones()
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(200)
        for _ in range(900):
            x = x + 1.0
        assert x._value is None
        assert x[0] == 901
        for _ in range(900):
            x = x + 1.0
        del x  # nobody has looked
    finally:
        sys.setrecursionlimit(limit)


def test_many_writes_while_much_is_pending(nodes_run):
    pending = [ones() * float(k) for k in range(50)]
    x = ones()
    for _ in range(200):
        x += 1.0
        x[3] = 7.0
    assert x[0] == 201
    assert sum(nodes_run) <= 200 + 1  # none of the others
    assert [each[0] for each in pending] == [float(k) for k in range(50)]


# ---- threads and forks -----------------------------------------------------------------------


def in_threads(work, count: int = 4) -> None:
    problems = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not problems, problems


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_threads_with_programs_of_their_own(device):
    def work(number: int) -> None:
        with conure.options(device=device):
            x = cnp.array(np.full(SIZE, float(number)))
            for step in range(100):
                y = (x * 2.0 + 1.0) * x - step
                if step % 3 == 0:
                    assert y[step] == (number * 2 + 1) * number - step
                if step % 5 == 0:
                    x += 0.0
                np.asarray(y)[:] = 0.0

    in_threads(work)


def test_threads_that_read_and_observe_the_same():
    x = ones()
    shared = [x * float(k) + 1.0 for k in range(200)]

    def work(number: int) -> None:
        for k, each in enumerate(shared[number % 2 :: 2]):
            own = each + float(number)
            assert own[0] == (number % 2 + 2 * k) + 1 + number

    in_threads(work)


def test_threads_that_record_while_memory_is_written():
    x = ones()
    seen = []

    def work(number: int) -> None:
        if number == 0:
            for _ in range(100):
                x[:] = 1.0
        for _ in range(100):
            seen.append((x * 2.0 + 1.0)[number])

    in_threads(work)
    assert set(seen) == {3.0}


def test_threads_that_lend_one_array():
    x = ones()

    def work(number: int) -> None:
        for _ in range(300):
            lent = np.asarray(x)
            assert memory.is_exposed(lent) or memory.is_exposed(x._value)
            del lent

    in_threads(work)
    assert not memory.is_exposed(x._value)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_evaluates_what_its_parent_has_recorded():
    with conure.options(device="cpu"):
        x = ones() + 1.0
        assert (x * 2.0)[0] == 4.0  # workers have started
        y = x * 3.0
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if (np.asarray(y) == 6.0).all() and (x + 1.0)[0] == 3.0 else 2
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert (np.asarray(y) == 6.0).all()


def test_nodes_die_with_the_arrays_that_they_are_of():
    x = ones()
    for _ in range(50):
        y = x + 1.0
        y = y * 2.0
    assert y[0] == 4.0
    del x, y
    assert not [node for node in memory.pending() if type(node) is Node]
