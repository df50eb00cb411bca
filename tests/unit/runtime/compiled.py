"""Small compiled kernels for the tests of the runtime, in LLVM IR, and how to call them."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable

import numpy as np

from conure.codegen import assemble
from conure.runtime import pool
from conure.target import host

KERNELS = """
define i32 @empty(ptr %env, i64 %low, i64 %high, i64 %chunk) {
  ret i32 0
}

; counts[i] += 1 for i in low:high
define i32 @count(ptr %counts, i64 %low, i64 %high, i64 %chunk) {
start:
  %some = icmp slt i64 %low, %high
  br i1 %some, label %loop, label %stop
loop:
  %i = phi i64 [ %low, %start ], [ %next, %loop ]
  %at = getelementptr i64, ptr %counts, i64 %i
  %old = atomicrmw add ptr %at, i64 1 monotonic
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %high
  br i1 %more, label %loop, label %stop
stop:
  ret i32 0
}

; status env[low]
define i32 @answer(ptr %statuses, i64 %low, i64 %high, i64 %chunk) {
  %at = getelementptr i64, ptr %statuses, i64 %low
  %status = load i64, ptr %at
  %short = trunc i64 %status to i32
  ret i32 %short
}

; chunks[chunk] = high - low
define i32 @sizes(ptr %chunks, i64 %low, i64 %high, i64 %chunk) {
  %at = getelementptr i64, ptr %chunks, i64 %chunk
  %size = sub i64 %high, %low
  store i64 %size, ptr %at
  ret i32 0
}

; order[0] counts chunks begun, order[1:] names them; each waits, for seconds, until two have begun
define i32 @meet(ptr %order, i64 %low, i64 %high, i64 %chunk) {
start:
  %before = atomicrmw add ptr %order, i64 1 seq_cst
  %place = add i64 %before, 1
  %at = getelementptr i64, ptr %order, i64 %place
  store i64 %chunk, ptr %at
  br label %wait
wait:
  %turn = phi i64 [ 0, %start ], [ %next, %wait ]
  %begun = load atomic i64, ptr %order seq_cst, align 8
  %next = add i64 %turn, 1
  %alone = icmp ult i64 %begun, 2
  %patient = icmp ult i64 %next, 10000000000
  %more = and i1 %alone, %patient
  br i1 %more, label %wait, label %stop
stop:
  ret i32 0
}

; inside a kernel: a parallel region over the counts of one row of 100
define i32 @nested(ptr %env, i64 %low, i64 %high, i64 %chunk) {
  %runtime = load ptr, ptr %env
  %counts.at = getelementptr i64, ptr %env, i64 1
  %counts = load ptr, ptr %counts.at
  %offset = mul i64 %chunk, 100
  %row = getelementptr i64, ptr %counts, i64 %offset
  %parallel.at = getelementptr i64, ptr %runtime, i64 1
  %parallel = load ptr, ptr %parallel.at
  %status = call i32 %parallel(ptr %runtime, ptr @count, ptr %row, i64 100, i64 7, i64 1000000)
  ret i32 %status
}

; spins env[0] times, without a poll
define i32 @burn(ptr %env, i64 %low, i64 %high, i64 %chunk) {
start:
  %times = load volatile i64, ptr %env
  br label %loop
loop:
  %i = phi i64 [ 0, %start ], [ %next, %loop ]
  %now = load volatile i64, ptr %env
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %times
  br i1 %more, label %loop, label %stop
stop:
  ret i32 0
}
"""

NAMES = ("empty", "count", "answer", "sizes", "meet", "nested", "burn")

SIGNATURE = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_int64,
    ctypes.c_int64,
    ctypes.c_int64,
)


@functools.cache
def kernels() -> dict[str, int]:
    """The addresses of `KERNELS`."""
    pool.connect(assemble.assemble, assemble.load)
    return assemble.load(assemble.assemble(KERNELS, host()), NAMES)


@functools.cache
def entry(runtime: int) -> Callable[..., int]:
    """`parallel` of this runtime, as Python calls it."""
    return SIGNATURE(ctypes.c_int64.from_address(runtime + 8).value)


def run(
    name: str, data: np.ndarray, trips: int, grain: int, threads: int = 4, time: int = 1_000_000
) -> int:
    """A parallel region of one of the kernels over an i64 array; its status. `time`: the
    nanoseconds that it is said to take."""
    kernel = kernels()[name]
    runtime = pool.runtime_address(threads)
    return entry(runtime)(runtime, kernel, data.ctypes.data, trips, grain, time)
