"""The worker pool and the runtime struct that compiled code is handed.

Measured on two cores, called from Python: a call of `parallel` with one chunk 1.7 us, an empty
region of two chunks 2.1 us while the worker still spins (1 ms after the last job), 17 us when
it sleeps; `poll` 6 ns on the main thread and 3 ns elsewhere; starting a worker 0.1 ms. The
threads are plain system threads that live in `pool_code`'s loop: they never touch Python (so
they take no part in its shut-down, and `threading.enumerate()` shows what it showed before),
and have all signals blocked.

    pool.connect(assemble, load)             # once, by the pipeline: it may know LLVM
    address = pool.runtime_address(threads)  # at each call; starts threads that are missing
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np

from conure.artifact import Artifact
from conure.errors import DeviceError
from conure.ir.types import NUMPY_SCALARS
from conure.runtime import pool_code
from conure.runtime.cache import Cache, content_key
from conure.runtime.events import note
from conure.target import Target, cores, host

Assemble = Callable[[str, Target], bytes]
Load = Callable[[bytes, Iterable[str]], dict[str, int]]

_SPIN_SECONDS: Final = 1e-3
_MOST_THREADS: Final = 1024
_FUTEX_WAKE: Final = 129  # with the flag for words private to the process
# All but those that a thread raises itself by a fault: they must reach `faulthandler`.
_BLOCKED: Final = signal.valid_signals() - {
    signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGABRT
}  # fmt: skip
_SYMBOLS: Final = ("parallel", "poll", "worker", "pause")


class Pool:
    """The process's workers; there is one, `connect` makes it and `runtime_address` feeds it.

    The struct is never freed and code is never unloaded, since a worker may still be in it.
    """

    def __init__(self, symbols: dict[str, int]) -> None:
        self._lock = threading.Lock()
        self._symbols = symbols
        self._libc = ctypes.CDLL(None)
        self.address = _allocate(self._libc)
        self.threads = 0
        self._started = 0
        self._spins = 0
        key = ctypes.c_uint()
        self._libc.pthread_key_create(ctypes.byref(key), None)
        self._write(pool_code.WORKER_KEY, key.value)
        self._write(pool_code.ARRAY_TYPE, id(np.ndarray))
        self._write(pool_code.PARALLEL, symbols["parallel"])
        self._write(pool_code.POLL, symbols["poll"])
        for index, scalar in enumerate(NUMPY_SCALARS):
            # Built-in descriptors are single and immortal: an array of this dtype points at it.
            self._write(pool_code.DESCRIPTORS + 8 * index, id(scalar.dtype))
        self.forget()

    def forget(self) -> None:
        """The state of a process without workers: at the start, and in a child after fork."""
        main = threading.main_thread().ident
        own = pool_code.LAST_POLL
        ctypes.memset(self.address + own, 0, pool_code.SIZE - own)
        self._write(pool_code.CANCEL, 0)
        self._write(pool_code.THREADS, 1)
        self._write(pool_code.MAIN_THREAD, main or 0)
        self._lock = threading.Lock()
        self._started = 0
        self.threads = 0

    def use(self, threads: int) -> None:
        """Let jobs from now on use this many threads, the caller among them."""
        with self._lock:
            wanted = min(max(threads, 1), _MOST_THREADS)
            self._set_spins(wanted)
            while self._started < wanted - 1:
                if not self._start_worker():
                    break
            self._write(pool_code.THREADS, wanted)
            self.threads = threads

    def _set_spins(self, threads: int) -> None:
        # Spinning on a core that another thread needs only delays both.
        if threads > 1 and self._spins == 0:
            pause = ctypes.CFUNCTYPE(None, ctypes.c_int64)(self._symbols["pause"])
            begin = time.perf_counter()
            pause(2000)
            elapsed = time.perf_counter() - begin
            self._spins = max(1, int(2000 * _SPIN_SECONDS / elapsed))
        most = max(threads, self._started + 1)
        self._write(pool_code.SPINS, self._spins if most <= cores() else 0)

    def _start_worker(self) -> bool:
        thread = ctypes.c_ulong()
        # A thread inherits the mask of blocked signals: those are for Python's own threads.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)
        try:
            failed = self._libc.pthread_create(
                ctypes.byref(thread),
                None,
                ctypes.c_void_p(self._symbols["worker"]),
                ctypes.c_void_p(self.address),
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if failed:
            note(f"no more than {self._started} worker threads: {os.strerror(failed)}")
            return False
        self._started += 1
        self._write(pool_code.STARTED, self._started)
        self._libc.pthread_setname_np(thread, f"conure-{self._started}".encode())
        self._libc.pthread_detach(thread)
        return True

    def stop(self, seconds: float = 1.0) -> None:
        """Let the workers leave, and wait for them, at most so long; `use` starts new ones."""
        with self._lock:
            self._write(pool_code.GENERATION, self._read(pool_code.GENERATION) + 1)
            sequence = ctypes.c_int32.from_address(self.address + pool_code.SEQUENCE)
            sequence.value += 1
            futex = pool_code.FUTEX.get(platform.machine().lower(), 0)
            word = ctypes.c_void_p(self.address + pool_code.SEQUENCE)
            self._libc.syscall(
                ctypes.c_long(futex), word, _FUTEX_WAKE, ctypes.c_long(_MOST_THREADS)
            )
            limit = time.monotonic() + seconds
            while self.workers() > 0 and time.monotonic() < limit:
                time.sleep(0.0002)
            self._started = 0
            self._write(pool_code.STARTED, 0)
            self.threads = 0

    def workers(self) -> int:
        """How many worker threads have arrived and not left."""
        return self._read(pool_code.WORKERS)

    def take_interruption(self) -> BaseException | None:
        """The exception of the signal handler that stopped a run; it is cleared here."""
        pending = self._read(pool_code.PENDING)
        self._write(pool_code.PENDING, 0)
        self._write(pool_code.CANCEL, 0)
        if not pending:
            return None
        exception = ctypes.cast(pending, ctypes.py_object).value
        ctypes.pythonapi.Py_DecRef(ctypes.py_object(exception))
        assert isinstance(exception, BaseException)
        return exception

    def _read(self, offset: int) -> int:
        return int(ctypes.c_int64.from_address(self.address + offset).value)

    def _write(self, offset: int, value: int) -> None:
        ctypes.c_int64.from_address(self.address + offset).value = value


class Connection(NamedTuple):
    """What the pipeline gave at `connect`."""

    assemble: Assemble
    load: Load
    cache: Cache | None
    lock: threading.Lock


_connection: Connection | None = None
_pool: Pool | None = None


def connect(assemble: Assemble, load: Load, cache: Cache | None = None) -> None:
    """Say how the pool's own code is compiled, loaded and kept; nothing happens yet."""
    global _connection
    if _connection is None:
        _connection = Connection(assemble, load, cache, threading.Lock())


def runtime_address(threads: int = 0) -> int:
    """The address of the runtime struct, with workers for so many threads (100 ns).

    0 means that the caller needs no threads (code that has no parallel loop): then none is
    started, and what others set stays.

    Raises
    ------
    DeviceError
        On a system that the pool's code does not know.
    """
    pool = _pool
    if pool is None:
        pool = _make_pool()
    if threads not in (0, pool.threads):
        pool.use(threads)
    return pool.address


@contextlib.contextmanager
def being_made() -> Iterator[None]:
    """Make the pool in a thread meanwhile, if there is none; it has ended with the block, so that
    a later fork finds no lock taken. What goes wrong shows when the pool is used."""
    if _pool is not None:
        yield
        return
    thread = threading.Thread(target=_make_quietly, name="conure-start", daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _make_quietly() -> None:
    with contextlib.suppress(Exception):
        _make_pool()


def the_pool() -> Pool:
    """The process's pool, after the first `runtime_address`."""
    assert _pool is not None
    return _pool


def take_interruption() -> BaseException:
    """After status INTERRUPTED: the exception that a signal handler raised, to raise again."""
    taken = None if _pool is None else _pool.take_interruption()
    return KeyboardInterrupt() if taken is None else taken


def load(code: bytes, entry: str) -> int:
    """The address of an entry of an object file, by the loader that `connect` was given."""
    return _connected().load(code, [entry])[entry]


def _connected() -> Connection:
    if _connection is None:
        raise DeviceError("the runtime is not connected to a code generator")
    return _connection


def _make_pool() -> Pool:
    global _pool
    machine = platform.machine().lower()
    if not pool_code.supported(machine):
        raise DeviceError(f"compiled code cannot run yet on {sys.platform} on {machine}")
    connection = _connected()
    with connection.lock:
        if _pool is None:
            artifact = _pool_artifact(connection, pool_code.pool_text(machine))
            pool = Pool(connection.load(artifact.code, _SYMBOLS))
            os.register_at_fork(after_in_child=pool.forget)
            atexit.register(pool.stop)
            _pool = pool
        return _pool


def _pool_artifact(connection: Connection, text: str) -> Artifact:
    key = content_key("worker pool", text, host().key)
    kept = connection.cache.get(key) if connection.cache else None
    if kept is not None:
        return kept
    artifact = Artifact(key, connection.assemble(text, host()), "parallel")
    if connection.cache:
        connection.cache.put(artifact)
    return artifact


def _allocate(libc: ctypes.CDLL) -> int:
    allocate = libc.aligned_alloc
    allocate.restype = ctypes.c_void_p
    allocate.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
    address = allocate(128, pool_code.SIZE)
    if not address:
        raise MemoryError
    ctypes.memset(address, 0, pool_code.SIZE)
    return int(address)
