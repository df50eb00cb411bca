"""The worker pool: every chunk once, whoever calls, and nothing hangs."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from conure.runtime import pool, pool_code
from tests.unit.runtime.compiled import kernels, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the pool needs Linux")


@pytest.mark.parametrize("threads", [1, 2, 3, 8, 40])
@pytest.mark.parametrize(("trips", "grain"), [(0, 1), (1, 1), (7, 10), (100, 10), (1003, 7)])
def test_each_iteration_runs_once(trips: int, grain: int, threads: int) -> None:
    counts = np.zeros(trips + 1, np.int64)
    for _ in range(20):
        assert run("count", counts, trips, grain, threads) == 0
    assert (counts[:-1] == 20).all()
    assert counts[-1] == 0


def test_chunks_have_their_sizes_and_numbers() -> None:
    sizes = np.full(5, -1, np.int64)
    assert run("sizes", sizes, 23, 6) == 0
    assert sizes.tolist() == [6, 6, 6, 5, -1]


def test_each_thread_begins_with_its_own_share() -> None:
    for _ in range(3):
        order = np.full(9, -1, np.int64)
        order[0] = 0
        assert run("meet", order, 8, 1, 2) == 0
        assert sorted(order[1:3]) == [0, 4]
        assert sorted(order[1:]) == list(range(8))


@pytest.mark.parametrize("threads", [1, 4])
def test_the_status_of_a_failing_chunk_comes_back(threads: int) -> None:
    statuses = np.zeros(100, np.int64)
    assert run("answer", statuses, 100, 1, threads) == 0
    statuses[50] = 3
    assert run("answer", statuses, 100, 1, threads) == 3


def test_a_parallel_region_inside_another_runs_where_it_is() -> None:
    counts = np.zeros(5000, np.int64)
    runtime = pool.runtime_address(4)
    env = np.array([runtime, counts.ctypes.data], np.int64)
    assert run("nested", env, 50, 1) == 0
    assert (counts == 1).all()


def test_python_threads_at_once() -> None:
    def work(counts: np.ndarray) -> None:
        for _ in range(300):
            statuses.append(run("count", counts, len(counts), 50))

    statuses: list[int] = []
    each = [np.zeros(2000, np.int64) for _ in range(6)]
    threads = [threading.Thread(target=work, args=(counts,)) for counts in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [0] * 1800
    assert all((counts == 300).all() for counts in each)


def test_python_does_not_see_the_workers() -> None:
    before = threading.active_count()
    run("count", np.zeros(10, np.int64), 10, 1, threads=3)
    assert threading.active_count() == before


def test_stopped_workers_come_back() -> None:
    counts = np.zeros(1000, np.int64)
    run("count", counts, 1000, 10)
    assert pool._pool is not None
    pool._pool.stop()
    assert pool._pool.workers() == 0
    assert run("count", counts, 1000, 10) == 0
    assert (counts == 2).all()


def test_a_forked_child_has_a_pool_of_its_own() -> None:
    counts = np.zeros(1000, np.int64)
    run("count", counts, 1000, 10)
    child = os.fork()
    if child == 0:
        alone = pool._pool is not None and pool._pool.workers() == 0
        status = run("count", counts, 1000, 10)
        os._exit(0 if alone and status == 0 and (counts == 2).all() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert run("count", counts, 1000, 10) == 0


@pytest.mark.parametrize("threads", [1, 4])
def test_ctrl_c_stops_a_run_between_chunks(threads: int) -> None:
    times = np.array([2_000_000], np.int64)  # a few milliseconds per chunk
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    begin = time.perf_counter()
    timer.start()
    try:
        status = run("burn", times, 100_000, 1, threads)
        timer.join()
    except KeyboardInterrupt:
        pytest.fail("the signal was handled outside the run")
    assert status == 4
    assert time.perf_counter() - begin < 2
    assert isinstance(pool.take_interruption(), KeyboardInterrupt)
    assert pool._pool is not None
    assert pool._pool.take_interruption() is None
    assert run("burn", np.array([1]), 10, 1, threads) == 0


def test_a_handler_that_does_not_raise_lets_the_run_go_on() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _frame: seen.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        assert run("burn", np.array([2_000_000]), 1500, 1) == 0
    finally:
        signal.signal(signal.SIGALRM, before)
    assert seen == [signal.SIGALRM]


def test_only_the_main_thread_is_interrupted() -> None:
    statuses: list[int] = []
    times = np.array([2_000_000], np.int64)
    other = threading.Thread(target=lambda: statuses.append(run("burn", times, 2000, 1)))
    other.start()
    time.sleep(0.1)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    assert run("burn", times, 100_000, 1) == 4
    assert isinstance(pool.take_interruption(), KeyboardInterrupt)
    other.join()
    assert statuses == [0]


PROGRAM = """
import sys, threading, multiprocessing
from collections.abc import Callable

import numpy as np
from tests.unit.runtime.compiled import run

def work(method):
    counts = np.zeros(1000, np.int64)
    assert run("count", counts, 1000, 10) == 0 and (counts == 1).all()
    return method

if __name__ == "__main__":
    work("")
    {statement}
    print("done")
"""


@pytest.mark.parametrize(
    "statement",
    [
        "pass",
        "print(multiprocessing.get_context('fork').Pool(2).map(work, ['a', 'b']))",
        "print(multiprocessing.get_context('spawn').Pool(2).map(work, ['a', 'b']))",
        "threading.Thread(target=lambda: [work('') for _ in range(5000)], daemon=True).start()",
        "import os; print('done', flush=True); os._exit(0)",
        "sys.exit(print('done'))",
    ],
)
def test_a_process_ends(statement: str, tmp_path: object) -> None:
    script = f"{tmp_path}/program.py"
    with open(script, "w", encoding="utf-8") as file:
        file.write(textwrap.dedent(PROGRAM.format(statement=statement)))
    answer = subprocess.run(
        [sys.executable, script],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.endswith("done\n")


def test_the_address_does_not_change() -> None:
    kernels()
    assert pool.runtime_address() == pool.runtime_address(2) == pool.runtime_address(5)


def slot(offset: int) -> int:
    return ctypes.c_int64.from_address(pool.runtime_address(2) + offset).value


def asleep() -> bool:
    address = pool.runtime_address(2) + pool_code.SLEEPERS
    return ctypes.c_int32.from_address(address).value == slot(pool_code.STARTED)


def test_brief_jobs_wake_workers_only_when_they_come_often() -> None:
    counts = np.zeros(100, np.int64)
    run("count", counts, 100, 10, threads=2)
    until(asleep)
    numbers = []
    for _ in range(40):
        until(asleep)
        before = slot(pool_code.STATE) >> 33
        run("count", counts, 100, 10, threads=2, time=5_000)
        numbers.append((slot(pool_code.STATE) >> 33) - before)
        time.sleep(0.01)  # another tick
    assert sum(numbers) == 0, "the caller did each of them alone"
    before = slot(pool_code.STATE) >> 33
    for _ in range(2000):
        run("count", counts, 100, 10, threads=2, time=5_000)
    assert (slot(pool_code.STATE) >> 33) - before > 1000, "most of them found workers awake"
    assert (counts == 2041).all()


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    limit = time.monotonic() + seconds
    while not condition() and time.monotonic() < limit:
        time.sleep(0.001)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core")
def test_workers_keep_off_the_core_of_the_caller() -> None:
    code = """
        import ctypes, os, time, numpy as np
        from conure.runtime import pool, pool_code
        from tests.unit.runtime.compiled import run
        counts = np.zeros(1000, np.int64)
        for _ in range(100):
            run("count", counts, 1000, 10, threads=2)
            time.sleep(0.003)  # the worker sleeps
        tasks = {int(t): open(f"/proc/self/task/{t}/comm").read().strip()
                 for t in os.listdir("/proc/self/task")}
        (worker,) = [t for t, name in tasks.items() if name == "conure-1"]
        home = ctypes.c_int32.from_address(pool.runtime_address(2) + pool_code.HOME).value
        assert home in os.sched_getaffinity(0), home
        moved = os.sched_getaffinity(worker)
        assert moved and moved <= os.sched_getaffinity(0), moved
        os.sched_setaffinity(0, {home})
        os.sched_setaffinity(worker, {home})  # as if the kernel had put both on one core
        for _ in range(5):
            run("count", counts, 1000, 10, threads=2)
            time.sleep(0.01)
        assert home not in os.sched_getaffinity(worker), os.sched_getaffinity(worker)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=60)
