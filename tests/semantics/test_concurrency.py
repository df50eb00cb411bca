"""Threads, child processes and Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.oracle import compiled

pytest.importorskip("conure")

PREAMBLE = """
import os, signal, sys, threading, time
import numpy as np
import conure

@conure.jit(device="cpu")
def total(a):
    s = 0
    for i in range(a.shape[0]):
        s += a[i]
    return s

@conure.jit(device="cpu")
def double(a):
    for i in range(a.shape[0]):
        a[i] = a[i] * 2
"""


def run_script(tmp_path: Path, body: str, **environment: str) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "script.py"
    script.write_text(PREAMBLE + textwrap.dedent(body))
    return subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )


def check(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("done"), done.stdout


# --- threads ---


def sums_and_writes(a, out):
    s = 0
    for i in range(a.shape[0]):
        out[i] = a[i] * 2
        s += a[i]
    return s


@pytest.mark.parametrize("size", [10, 300_000])
def test_many_threads_call_one_function(size):
    g = compiled(sums_and_writes)
    barrier = threading.Barrier(8)

    def work(k):
        a = np.full(size, k)
        out = np.zeros(size, np.int64)
        barrier.wait()
        for _ in range(5):
            assert g(a, out) == size * k
            assert np.array_equal(out, a * 2)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_first_calls_of_different_types_at_once():
    g = compiled(sums_and_writes)
    barrier = threading.Barrier(6)
    kinds = ["i8", "f8", "f4", "i4", "c16", "u1"]

    def work(dtype):
        a = np.ones(50, dtype)
        barrier.wait()
        return g(a, np.zeros(50, dtype))

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(work, kinds))
    for dtype, result in zip(kinds, results, strict=True):
        want = sums_and_writes(np.ones(50, dtype), np.zeros(50, dtype))
        assert type(result) is type(want)
        assert result == want


def test_errors_in_one_thread_do_not_reach_another():
    def f(a, n):
        for i in range(n):
            a[i] = 100 // (500 - i)
        return n

    g = compiled(f)

    def work(n):
        a = np.zeros(400 if n == 400 else 1000)
        try:
            return g(a, n)
        except ZeroDivisionError:
            return "zero", a[499]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(work, [400, 1000] * 20))
    assert results == [400, ("zero", 100.0)] * 20


def test_other_threads_run_during_a_compiled_loop():
    def f(a, repeats):
        for _ in range(repeats):
            for i in range(1, a.shape[0]):
                a[i] = a[i - 1] * 0.5 + a[i]

    g = compiled(f)
    a = np.zeros(1000)
    g(a, 1)
    ticks = []
    stop = threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.005)

    thread = threading.Thread(target=tick)
    thread.start()
    g(a, 60_000)
    stop.set()
    thread.join()
    assert len(ticks) > 3


def test_call_from_a_daemon_thread_at_exit(tmp_path):
    check(
        run_script(
            tmp_path,
            """
        def spin():
            while True:
                double(np.ones(50_000))
        threading.Thread(target=spin, daemon=True).start()
        time.sleep(0.5)
        print("done", flush=True)
        """,
        )
    )


def test_exit_right_after_a_parallel_loop(tmp_path):
    check(
        run_script(
            tmp_path,
            """
        double(np.ones(1_000_000))
        print("done", flush=True)
        """,
        )
    )


# --- child processes ---


def test_fork_after_use(tmp_path):
    check(
        run_script(
            tmp_path,
            """
        a = np.arange(500_000)
        want = int(a.sum())
        assert total(a) == want
        for _ in range(3):
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                ok = total(a) == want
                b = np.ones(500_000)
                double(b)
                os._exit(0 if ok and b.sum() == 1_000_000 else 1)
            assert total(a) == want
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        print("done")
        """,
        )
    )


def test_fork_of_a_fork(tmp_path):
    check(
        run_script(
            tmp_path,
            """
        a = np.arange(300_000)
        assert total(a) == a.sum()
        child = os.fork()
        if child == 0:
            signal.alarm(30)
            assert total(a) == a.sum()
            grandchild = os.fork()
            if grandchild == 0:
                os._exit(0 if total(a) == a.sum() else 1)
            os._exit(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        print("done")
        """,
        )
    )


def test_fork_while_another_thread_is_in_a_compiled_loop(tmp_path):
    check(
        run_script(
            tmp_path,
            """
        a = np.arange(2_000_000)
        total(a)
        stop = threading.Event()
        def spin():
            while not stop.is_set():
                total(a)
        thread = threading.Thread(target=spin)
        thread.start()
        for _ in range(5):
            child = os.fork()
            if child == 0:
                signal.alarm(30)
                os._exit(0 if total(a) == a.sum() else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        stop.set()
        thread.join()
        print("done")
        """,
        )
    )


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_pool(tmp_path, method):
    check(
        run_script(
            tmp_path,
            f"""
        import multiprocessing
        def work(k):
            return int(total(np.full(100_000, k)))
        if __name__ == "__main__":
            assert work(1) == 100_000
            with multiprocessing.get_context("{method}").Pool(2) as pool:
                assert pool.map(work, range(4)) == [0, 100_000, 200_000, 300_000]
                assert pool.map(total, [np.ones(10, int)] * 3) == [10] * 3
            print("done")
        """,
        )
    )


# --- Ctrl-C ---

LONG = {
    "serial": """
        @conure.jit(device="cpu")
        def long(a, n):
            for k in range(n):
                for i in range(1, a.shape[0]):
                    a[i] = a[i - 1] * 0.5 + a[i]
        """,
    "parallel": """
        @conure.jit(device="cpu")
        def long(a, n):
            for i in range(a.shape[0]):
                x = a[i]
                for k in range(n):
                    x = x * 0.5 + 1.0
                a[i] = x
        """,
    "while": """
        @conure.jit(device="cpu")
        def long(a, n):
            k = 0
            while k < n * a.shape[0]:
                a[k % a.shape[0]] = a[(k + 1) % a.shape[0]] * 0.5
                k += 1
        """,
    "reduction": """
        @conure.jit(device="cpu")
        def long(a, n):
            s = 0.0
            for k in range(n):
                for i in range(a.shape[0]):
                    s += a[i] * a[i]
            return s
        """,
}


@pytest.mark.parametrize("kind", LONG)
def test_interrupt_of_a_long_run(tmp_path, kind):
    script = tmp_path / "script.py"
    script.write_text(
        PREAMBLE
        + textwrap.dedent(LONG[kind])
        + textwrap.dedent("""
        a = np.ones(100_000)
        long(a[:10], 2)
        print("started", flush=True)
        try:
            long(a, 10_000_000)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            double(a)
            b = np.ones(10)
            double(b)
            assert b[0] == 2
            print("done", flush=True)
        """)
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "started"
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=5)
    finally:
        process.kill()
        process.wait()
    assert output.split() == ["interrupted", "done"], errors


def test_signal_handler_of_the_user_runs_during_a_long_loop(tmp_path):
    check(
        run_script(
            tmp_path,
            LONG["serial"]
            + """
        seen = []
        class Stop(Exception):
            pass
        def handler(number, frame):
            seen.append(number)
            raise Stop
        signal.signal(signal.SIGALRM, handler)
        a = np.ones(100_000)
        long(a[:10], 2)
        signal.alarm(1)
        begun = time.time()
        try:
            long(a, 10_000_000)
        except Stop:
            assert time.time() - begun < 6
            assert seen
            print("done")
        """,
        )
    )
