"""The worker pool's own code, as LLVM IR text: `parallel`, `poll`, the loop that workers live in.

One job runs at a time. Its life is one 64-bit word, `STATE`: how many workers are in it, how
many have joined, whether it is open, and its number. A worker joins by compare-and-swap, so it
cannot enter a job that is closed or another one than it looked at; the caller closes the job
when no chunk is left and waits only for those who are in. Who wakes too late finds it closed
and sleeps on: nobody waits for a slow wake-up.

Each thread has a share of the chunks, the same one in each job, and takes from the ends of others'
when its own is done: so a time step finds in a core's cache what the step before left there.

A job says how long it will take, in nanoseconds. One of less than `BRIEF` is not worth waking
workers for: it runs here if none is awake. But when such jobs come one after another, as much of
them as `BUSY` within a tick of the clock, one wakes the workers, and those after it find them.

Workers sleep on the futex `SEQUENCE`, which counts jobs; the caller, when it must wait, on
`DONE`. `SLEEPERS` and `WAITING` save the system call when there is nobody to wake. Each pair
(raise the flag, then look; change the word, then look at the flag) is sequentially consistent,
so that no wake-up is lost. A worker still on its way (`STARTED`, not yet in `WORKERS`) joins
the job that it finds open when it arrives.

`poll` takes the Python lock at most every 50 ms, and only on Python's main thread, to let
Python run signal handlers; if one raises, the exception is kept in `PENDING`, `CANCEL` is set,
and all workers of a job that this thread started see it at their next poll. Other Python
threads never do: as in CPython, only the main thread is interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from conure.runtime.worker_code import WORKER_TEXT

# Byte offsets in the runtime struct. The first eighteen slots of 8 bytes and LAUNCH, TOUCH, FORGET
# are the interface to compiled code, the rest is the pool's own; words that threads fight over
# have lines of their own (two lines each: processors prefetch in pairs).
ARRAY_TYPE: Final = 0
PARALLEL: Final = 8
POLL: Final = 16
CANCEL: Final = 24
THREADS: Final = 32
DESCRIPTORS: Final = 40
MAIN_THREAD: Final = 144
WORKER_KEY: Final = 152
LAST_POLL: Final = 160
PENDING: Final = 168
SPINS: Final = 176
GENERATION: Final = 184
WORKERS: Final = 192
STARTED: Final = 200
RECENT_TICK: Final = 208
RECENT_WORK: Final = 216
LAUNCH: Final = 224
TOUCH: Final = 232
FORGET: Final = 240
LOCK: Final = 256
SEQUENCE: Final = 384
SLEEPERS: Final = 388
STATE: Final = 512
KERNEL: Final = 640
ENVIRONMENT: Final = 648
TRIPS: Final = 656
GRAIN: Final = 664
CHUNKS: Final = 672
HELPERS: Final = 680
OWNER: Final = 688
STATUS: Final = 696
HOME: Final = 704
DONE: Final = 768
WAITING: Final = 772
NEXT: Final = 1024
SIZE: Final = 5120

_OPEN: Final = 1 << 32
_JOIN: Final = 0x10001  # one more in it, one more that has joined
_POLL_NANOSECONDS: Final = 50_000_000
_BRIEF: Final = 40_000
_BUSY: Final = 4_000
_HELPED: Final = 4_000  # nanoseconds of work for each thread that takes part
_SHARES: Final = 32  # one for each of so many threads, counted in lines of 128 bytes from `NEXT`
_FROM_END: Final = 1 << 32  # one more chunk of a share taken by another thread than its own
_CORE_BYTES: Final = 128  # a bit for each of 1024 cores, as glibc counts them
_COARSE_CLOCK: Final = 6  # CLOCK_MONOTONIC_COARSE: ticks every 1 to 4 ms, 5 ns to read

FUTEX: Final[Mapping[str, int]] = {"x86_64": 202, "aarch64": 98}
"""The number of the futex system call by machine; where none is known there are no workers."""

_PAUSE: Final[Mapping[str, str]] = {"x86_64": "pause", "aarch64": "isb"}


def pool_text(machine: str) -> str:
    """The IR text for this machine ("x86_64", "aarch64"), on Linux."""
    values: dict[str, object] = {
        name: value for name, value in globals().items() if name.isupper() and type(value) is int
    }
    values |= {
        "is_open": _OPEN,
        "not_open": ~_OPEN,
        "join": _JOIN,
        "poll_time": _POLL_NANOSECONDS,
        "clock": _COARSE_CLOCK,
        "core_bytes": _CORE_BYTES,
        "brief": _BRIEF,
        "busy": _BUSY,
        "helped": _HELPED,
        "shares": _SHARES,
        "low_half": _FROM_END - 1,
        "from_end": _FROM_END,
        "futex": FUTEX[machine],
        "pause": _PAUSE[machine],
    }
    text = _TEXT + WORKER_TEXT
    for name, value in values.items():
        text = text.replace(f"${name}$", str(value))
    assert "$" not in text
    return text


def supported(machine: str) -> bool:
    """Whether the pool's code can run here."""
    return sys.platform == "linux" and machine in FUTEX


_TEXT: Final = """
declare i64 @syscall(i64, ...)
declare i64 @pthread_self() nounwind
declare ptr @pthread_getspecific(i32) nounwind
declare i32 @clock_gettime(i32, ptr) nounwind
declare i32 @PyGILState_Ensure()
declare void @PyGILState_Release(i32)
declare i32 @PyErr_CheckSignals()
declare void @PyErr_Fetch(ptr, ptr, ptr)
declare void @PyErr_NormalizeException(ptr, ptr, ptr)
declare i32 @PyException_SetTraceback(ptr, ptr)
declare void @Py_DecRef(ptr)
declare i32 @sched_getcpu() nounwind
declare i64 @llvm.smin.i64(i64, i64)
declare i64 @llvm.smax.i64(i64, i64)

define i32 @parallel(
    ptr %runtime, ptr %kernel, ptr %env, i64 %trips, i64 %grain, i64 %nanoseconds) {
  %some = icmp sgt i64 %trips, 0
  br i1 %some, label %count, label %nothing
nothing:
  ret i32 0
count:
  %last = sub i64 %trips, 1
  %full = udiv i64 %last, %grain
  %chunks = add i64 %full, 1
  %threads.at = getelementptr i8, ptr %runtime, i64 $THREADS$
  %threads = load atomic i64, ptr %threads.at monotonic, align 8
  %workers.at = getelementptr i8, ptr %runtime, i64 $STARTED$
  %workers = load atomic i64, ptr %workers.at monotonic, align 8
  %others = sub i64 %threads, 1
  %there = call i64 @llvm.smin.i64(i64 %others, i64 %workers)
  %useful = udiv i64 %nanoseconds, $helped$
  %some.useful = call i64 @llvm.smax.i64(i64 %useful, i64 1)
  %busy.most = call i64 @llvm.smin.i64(i64 %some.useful, i64 %full)
  %helpers = call i64 @llvm.smin.i64(i64 %there, i64 %busy.most)
  %alone = icmp sle i64 %helpers, 0
  br i1 %alone, label %serial, label %weigh
weigh:
  %sleepers.here = getelementptr i8, ptr %runtime, i64 $SLEEPERS$
  %resting = load atomic i32, ptr %sleepers.here monotonic, align 4
  %resting.wide = sext i32 %resting to i64
  %awake = icmp slt i64 %resting.wide, %workers
  %long = icmp uge i64 %nanoseconds, $brief$
  %now = or i1 %awake, %long
  br i1 %now, label %try, label %brief
brief:
  %worth = call i1 @come_often(ptr %runtime, i64 %nanoseconds)
  br i1 %worth, label %try, label %serial
try:
  %lock.at = getelementptr i8, ptr %runtime, i64 $LOCK$
  %exchange = cmpxchg ptr %lock.at, i32 0, i32 1 acquire monotonic, align 4
  %locked = extractvalue { i32, i1 } %exchange, 1
  br i1 %locked, label %open, label %serial
serial:
  %alone.status = call i32 @run_alone(
      ptr %runtime, ptr %kernel, ptr %env, i64 %trips, i64 %grain, i64 %chunks)
  ret i32 %alone.status
open:
  %kernel.at = getelementptr i8, ptr %runtime, i64 $KERNEL$
  store ptr %kernel, ptr %kernel.at
  %env.at = getelementptr i8, ptr %runtime, i64 $ENVIRONMENT$
  store ptr %env, ptr %env.at
  %trips.at = getelementptr i8, ptr %runtime, i64 $TRIPS$
  store i64 %trips, ptr %trips.at
  %grain.at = getelementptr i8, ptr %runtime, i64 $GRAIN$
  store i64 %grain, ptr %grain.at
  %chunks.at = getelementptr i8, ptr %runtime, i64 $CHUNKS$
  store i64 %chunks, ptr %chunks.at
  %helpers.at = getelementptr i8, ptr %runtime, i64 $HELPERS$
  store atomic i64 %helpers, ptr %helpers.at monotonic, align 8
  %self = call i64 @pthread_self()
  %owner.at = getelementptr i8, ptr %runtime, i64 $OWNER$
  store i64 %self, ptr %owner.at
  %status.at = getelementptr i8, ptr %runtime, i64 $STATUS$
  store atomic i32 0, ptr %status.at monotonic, align 4
  %shares = call i64 @shares(ptr %runtime)
  br label %count.anew
count.anew:
  %share = phi i64 [ 0, %open ], [ %share.next, %count.anew ]
  %next.at = call ptr @next_of(ptr %runtime, i64 %share)
  store atomic i64 0, ptr %next.at monotonic, align 8
  %share.next = add i64 %share, 1
  %more = icmp ult i64 %share.next, %shares
  br i1 %more, label %count.anew, label %announce
announce:
  %home = call i32 @sched_getcpu()
  %home.at = getelementptr i8, ptr %runtime, i64 $HOME$
  store atomic i32 %home, ptr %home.at monotonic, align 4
  %state.at = getelementptr i8, ptr %runtime, i64 $STATE$
  %before = load atomic i64, ptr %state.at monotonic, align 8
  %number = lshr i64 %before, 33
  %number.new = add i64 %number, 1
  %number.high = shl i64 %number.new, 33
  %state.new = or i64 %number.high, $is_open$
  store atomic i64 %state.new, ptr %state.at seq_cst, align 8
  %sequence.at = getelementptr i8, ptr %runtime, i64 $SEQUENCE$
  %counted = atomicrmw add ptr %sequence.at, i32 1 seq_cst
  %sleepers.at = getelementptr i8, ptr %runtime, i64 $SLEEPERS$
  %sleepers = load atomic i32, ptr %sleepers.at seq_cst, align 4
  %asleep = icmp sgt i32 %sleepers, 0
  br i1 %asleep, label %wake, label %work
wake:
  %woken = call i64 (i64, ...) @syscall(
      i64 $futex$, ptr %sequence.at, i32 129, i64 %helpers, ptr null, ptr null, i32 0)
  br label %work
work:
  call void @drain(ptr %runtime, i64 0)
  %closed = atomicrmw and ptr %state.at, i64 $not_open$ seq_cst
  call void @await_workers(ptr %runtime)
  %status = load atomic i32, ptr %status.at monotonic, align 4
  store atomic i32 0, ptr %lock.at release, align 4
  ret i32 %status
}

define internal i1 @come_often(ptr %runtime, i64 %nanoseconds) noinline {
  %time = alloca { i64, i64 }
  %clock.status = call i32 @clock_gettime(i32 $clock$, ptr %time)
  %seconds = load i64, ptr %time
  %fraction.at = getelementptr i8, ptr %time, i64 8
  %fraction = load i64, ptr %fraction.at
  %tick = xor i64 %seconds, %fraction
  %tick.at = getelementptr i8, ptr %runtime, i64 $RECENT_TICK$
  %tick.before = load atomic i64, ptr %tick.at monotonic, align 8
  store atomic i64 %tick, ptr %tick.at monotonic, align 8
  %work.at = getelementptr i8, ptr %runtime, i64 $RECENT_WORK$
  %work.before = load atomic i64, ptr %work.at monotonic, align 8
  %same = icmp eq i64 %tick, %tick.before
  %work.kept = select i1 %same, i64 %work.before, i64 0
  %work = add i64 %work.kept, %nanoseconds
  store atomic i64 %work, ptr %work.at monotonic, align 8
  %often = icmp uge i64 %work.kept, $busy$
  ret i1 %often
}

define internal i32 @run_alone(
    ptr %runtime, ptr %kernel, ptr %env, i64 %trips, i64 %grain, i64 %chunks) {
start:
  br label %loop
loop:
  %chunk = phi i64 [ 0, %start ], [ %chunk.next, %more ]
  %low = mul i64 %chunk, %grain
  %left = sub i64 %trips, %low
  %size = call i64 @llvm.smin.i64(i64 %left, i64 %grain)
  %high = add i64 %low, %size
  %status = call i32 %kernel(ptr %env, i64 %low, i64 %high, i64 %chunk)
  %good = icmp eq i32 %status, 0
  br i1 %good, label %ask, label %stop
ask:
  %cancelled = call i32 @poll(ptr %runtime)
  %go = icmp eq i32 %cancelled, 0
  br i1 %go, label %more, label %interrupted
more:
  %chunk.next = add i64 %chunk, 1
  %again = icmp ult i64 %chunk.next, %chunks
  br i1 %again, label %loop, label %stop
interrupted:
  ret i32 4
stop:
  ret i32 %status
}

define internal void @await_workers(ptr %runtime) noinline {
start:
  %pause.for = alloca { i64, i64 }
  %nanoseconds.at = getelementptr i8, ptr %pause.for, i64 8
  store i64 0, ptr %pause.for
  store i64 $poll_time$, ptr %nanoseconds.at
  %state.at = getelementptr i8, ptr %runtime, i64 $STATE$
  %done.at = getelementptr i8, ptr %runtime, i64 $DONE$
  %waiting.at = getelementptr i8, ptr %runtime, i64 $WAITING$
  %spins.at = getelementptr i8, ptr %runtime, i64 $SPINS$
  %spins = load atomic i64, ptr %spins.at monotonic, align 8
  br label %look
look:
  %spin = phi i64 [ 0, %start ], [ %spin.next, %still ]
  %state = load atomic i64, ptr %state.at acquire, align 8
  %active = and i64 %state, 65535
  %idle = icmp eq i64 %active, 0
  br i1 %idle, label %finished, label %still
still:
  call void asm sideeffect "$pause$", "~{memory}"()
  %spin.next = add i64 %spin, 1
  %patient = icmp ult i64 %spin.next, %spins
  br i1 %patient, label %look, label %sleep
sleep:
  store atomic i32 1, ptr %waiting.at seq_cst, align 4
  %done = load atomic i32, ptr %done.at seq_cst, align 4
  %state.again = load atomic i64, ptr %state.at seq_cst, align 8
  %active.again = and i64 %state.again, 65535
  %idle.again = icmp eq i64 %active.again, 0
  br i1 %idle.again, label %awake, label %wait
wait:
  %waited = call i64 (i64, ...) @syscall(
      i64 $futex$, ptr %done.at, i32 128, i32 %done, ptr %pause.for, ptr null, i32 0)
  %cancelled = call i32 @poll(ptr %runtime)
  %go = icmp eq i32 %cancelled, 0
  br i1 %go, label %sleep, label %cancel
cancel:
  %status.at = getelementptr i8, ptr %runtime, i64 $STATUS$
  %highest = atomicrmw umax ptr %status.at, i32 4 monotonic
  br label %sleep
awake:
  store atomic i32 0, ptr %waiting.at seq_cst, align 4
  br label %finished
finished:
  ret void
}

define i32 @poll(ptr %runtime) noinline {
  %self = call i64 @pthread_self()
  %main.at = getelementptr i8, ptr %runtime, i64 $MAIN_THREAD$
  %main = load i64, ptr %main.at
  %is.main = icmp eq i64 %self, %main
  %cancel.at = getelementptr i8, ptr %runtime, i64 $CANCEL$
  %cancel = load atomic i64, ptr %cancel.at monotonic, align 8
  %cancelled = icmp ne i64 %cancel, 0
  br i1 %is.main, label %on.main, label %elsewhere
elsewhere:
  br i1 %cancelled, label %whose, label %go
whose:
  %key.at = getelementptr i8, ptr %runtime, i64 $WORKER_KEY$
  %key = load i32, ptr %key.at
  %mark = call ptr @pthread_getspecific(i32 %key)
  %is.worker = icmp ne ptr %mark, null
  %owner.at = getelementptr i8, ptr %runtime, i64 $OWNER$
  %owner = load i64, ptr %owner.at
  %by.main = icmp eq i64 %owner, %main
  %concerned = and i1 %is.worker, %by.main
  %answer = zext i1 %concerned to i32
  ret i32 %answer
on.main:
  br i1 %cancelled, label %stop, label %clock
clock:
  %time = alloca { i64, i64 }
  %clock.status = call i32 @clock_gettime(i32 $clock$, ptr %time)
  %seconds = load i64, ptr %time
  %nanoseconds.at = getelementptr i8, ptr %time, i64 8
  %nanoseconds = load i64, ptr %nanoseconds.at
  %whole = mul i64 %seconds, 1000000000
  %now = add i64 %whole, %nanoseconds
  %last.at = getelementptr i8, ptr %runtime, i64 $LAST_POLL$
  %last = load i64, ptr %last.at
  %passed = sub i64 %now, %last
  %due = icmp ugt i64 %passed, $poll_time$
  br i1 %due, label %signals, label %go
signals:
  store i64 %now, ptr %last.at
  %gil = call i32 @PyGILState_Ensure()
  %raised = call i32 @PyErr_CheckSignals()
  %quiet = icmp eq i32 %raised, 0
  br i1 %quiet, label %release, label %keep
keep:
  call void @keep_exception(ptr %runtime)
  store atomic i64 1, ptr %cancel.at seq_cst, align 8
  br label %release
release:
  call void @PyGILState_Release(i32 %gil)
  br i1 %quiet, label %go, label %stop
go:
  ret i32 0
stop:
  ret i32 1
}

define internal void @keep_exception(ptr %runtime) noinline {
  %kind = alloca ptr
  %value = alloca ptr
  %traceback = alloca ptr
  call void @PyErr_Fetch(ptr %kind, ptr %value, ptr %traceback)
  call void @PyErr_NormalizeException(ptr %kind, ptr %value, ptr %traceback)
  %exception = load ptr, ptr %value
  %frames = load ptr, ptr %traceback
  %has.frames = icmp ne ptr %frames, null
  br i1 %has.frames, label %attach, label %store
attach:
  %attached = call i32 @PyException_SetTraceback(ptr %exception, ptr %frames)
  call void @Py_DecRef(ptr %frames)
  br label %store
store:
  %pending.at = getelementptr i8, ptr %runtime, i64 $PENDING$
  store ptr %exception, ptr %pending.at
  %kind.object = load ptr, ptr %kind
  call void @Py_DecRef(ptr %kind.object)
  ret void
}

define void @pause(i64 %times) {
start:
  br label %loop
loop:
  %count = phi i64 [ 0, %start ], [ %next, %loop ]
  call void asm sideeffect "$pause$", "~{memory}"()
  %next = add i64 %count, 1
  %more = icmp ult i64 %next, %times
  br i1 %more, label %loop, label %stop
stop:
  ret void
}
"""
