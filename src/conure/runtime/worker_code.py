"""The loop that worker threads live in, and how threads take chunks: parts of `pool_code`'s text.

A kernel that wakes a worker on the caller's own core may leave it there, waiting behind the caller
while other cores idle (Linux 6.18 on two cores does, for seconds). So a worker that finds itself
on the core where its job was opened, `HOME`, excludes that core from those it may run on.
"""

from __future__ import annotations

from typing import Final

WORKER_TEXT: Final = """
declare i32 @pthread_setspecific(i32, ptr) nounwind
declare i32 @sched_getaffinity(i32, i64, ptr) nounwind
declare i32 @sched_setaffinity(i32, i64, ptr) nounwind
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

; How many threads have a share of the chunks, and how much is taken of each share: from its start
; by its owner in the lower half, from its end by others in the upper half.
define internal i64 @shares(ptr %runtime) {
  %helpers.at = getelementptr i8, ptr %runtime, i64 $HELPERS$
  %helpers = load atomic i64, ptr %helpers.at monotonic, align 8
  %threads = add i64 %helpers, 1
  %shares = call i64 @llvm.smin.i64(i64 %threads, i64 $shares$)
  ret i64 %shares
}

define internal ptr @next_of(ptr %runtime, i64 %share) {
  %line = mul i64 %share, 128
  %offset = add i64 %line, $NEXT$
  %next.at = getelementptr i8, ptr %runtime, i64 %offset
  ret ptr %next.at
}

define internal void @drain(ptr %runtime, i64 %self) noinline {
start:
  %kernel.at = getelementptr i8, ptr %runtime, i64 $KERNEL$
  %kernel = load ptr, ptr %kernel.at
  %env.at = getelementptr i8, ptr %runtime, i64 $ENVIRONMENT$
  %env = load ptr, ptr %env.at
  %trips.at = getelementptr i8, ptr %runtime, i64 $TRIPS$
  %trips = load i64, ptr %trips.at
  %grain.at = getelementptr i8, ptr %runtime, i64 $GRAIN$
  %grain = load i64, ptr %grain.at
  %chunks.at = getelementptr i8, ptr %runtime, i64 $CHUNKS$
  %chunks = load i64, ptr %chunks.at
  %status.at = getelementptr i8, ptr %runtime, i64 $STATUS$
  %shares = call i64 @shares(ptr %runtime)
  %workers = sub i64 %shares, 1
  %divisor = call i64 @llvm.smax.i64(i64 %workers, i64 1)
  %before = sub i64 %self, 1
  %among = urem i64 %before, %divisor
  %of.worker = add i64 %among, 1
  %is.caller = icmp eq i64 %self, 0
  %own = select i1 %is.caller, i64 0, i64 %of.worker
  br label %visit
visit:
  %visited = phi i64 [ 0, %start ], [ %visited.next, %onward ]
  %place = add i64 %own, %visited
  %share = urem i64 %place, %shares
  %next.at = call ptr @next_of(ptr %runtime, i64 %share)
  %above = mul i64 %share, %chunks
  %first = udiv i64 %above, %shares
  %above.end = add i64 %above, %chunks
  %end = udiv i64 %above.end, %shares
  %size.share = sub i64 %end, %first
  %foreign = icmp ne i64 %visited, 0
  %unit = select i1 %foreign, i64 $from_end$, i64 1
  br label %look
look:
  %seen = load atomic i64, ptr %next.at monotonic, align 8
  %front.seen = and i64 %seen, $low_half$
  %back.seen = lshr i64 %seen, 32
  %seen.both = add i64 %front.seen, %back.seen
  %some = icmp ult i64 %seen.both, %size.share
  br i1 %some, label %take, label %onward
take:
  %both = atomicrmw add ptr %next.at, i64 %unit monotonic
  %front = and i64 %both, $low_half$
  %back = lshr i64 %both, 32
  %taken = add i64 %front, %back
  %mine = icmp ult i64 %taken, %size.share
  br i1 %mine, label %run, label %onward
onward:
  %visited.next = add i64 %visited, 1
  %others = icmp ult i64 %visited.next, %shares
  br i1 %others, label %visit, label %leave
run:
  %from.start = add i64 %first, %front
  %last = sub i64 %end, 1
  %from.end = sub i64 %last, %back
  %chunk = select i1 %foreign, i64 %from.end, i64 %from.start
  %low = mul i64 %chunk, %grain
  %left = sub i64 %trips, %low
  %size = call i64 @llvm.smin.i64(i64 %left, i64 %grain)
  %high = add i64 %low, %size
  %result = call i32 %kernel(ptr %env, i64 %low, i64 %high, i64 %chunk)
  %good = icmp eq i32 %result, 0
  br i1 %good, label %ask, label %stop
ask:
  %cancelled = call i32 @poll(ptr %runtime)
  %go = icmp eq i32 %cancelled, 0
  br i1 %go, label %heed, label %stop
heed:
  %failed = load atomic i32, ptr %status.at monotonic, align 4
  %well = icmp eq i32 %failed, 0
  br i1 %well, label %look, label %leave
stop:
  %status = phi i32 [ %result, %run ], [ 4, %ask ]
  %highest = atomicrmw umax ptr %status.at, i32 %status monotonic
  br label %leave
leave:
  ret void
}

; Leave the core where the job was opened, if this is it. `cores`: those allowed at the start.
define internal void @leave_home(ptr %runtime, ptr %cores, i64 %bytes) noinline {
  %home.at = getelementptr i8, ptr %runtime, i64 $HOME$
  %home = load atomic i32, ptr %home.at monotonic, align 4
  %here = call i32 @sched_getcpu()
  %same = icmp eq i32 %here, %home
  %position = lshr i32 %here, 3
  %byte = zext i32 %position to i64
  %listed = icmp ult i64 %byte, %bytes
  %act = and i1 %same, %listed
  br i1 %act, label %move, label %stay
move:
  %others = alloca [$core_bytes$ x i8]
  call void @llvm.memcpy.p0.p0.i64(ptr %others, ptr %cores, i64 $core_bytes$, i1 false)
  %byte.at = getelementptr i8, ptr %others, i64 %byte
  %old = load i8, ptr %byte.at
  %number = and i32 %here, 7
  %number.short = trunc i32 %number to i8
  %bit = shl i8 1, %number.short
  %mask = xor i8 %bit, -1
  %new = and i8 %old, %mask
  store i8 %new, ptr %byte.at
  %refused = call i32 @sched_setaffinity(i32 0, i64 %bytes, ptr %others)
  br label %stay
stay:
  ret void
}

define ptr @worker(ptr %runtime) {
start:
  %cores = alloca [$core_bytes$ x i8], align 8
  %unknown = call i32 @sched_getaffinity(i32 0, i64 $core_bytes$, ptr %cores)
  %known = icmp eq i32 %unknown, 0
  %bytes = select i1 %known, i64 $core_bytes$, i64 0
  %key.at = getelementptr i8, ptr %runtime, i64 $WORKER_KEY$
  %key = load i32, ptr %key.at
  %marked = call i32 @pthread_setspecific(i32 %key, ptr %runtime)
  %workers.at = getelementptr i8, ptr %runtime, i64 $WORKERS$
  %generation.at = getelementptr i8, ptr %runtime, i64 $GENERATION$
  %generation = load atomic i64, ptr %generation.at monotonic, align 8
  %sequence.at = getelementptr i8, ptr %runtime, i64 $SEQUENCE$
  %sleepers.at = getelementptr i8, ptr %runtime, i64 $SLEEPERS$
  %state.at = getelementptr i8, ptr %runtime, i64 $STATE$
  %helpers.at = getelementptr i8, ptr %runtime, i64 $HELPERS$
  %done.at = getelementptr i8, ptr %runtime, i64 $DONE$
  %waiting.at = getelementptr i8, ptr %runtime, i64 $WAITING$
  %spins.at = getelementptr i8, ptr %runtime, i64 $SPINS$
  %arrived = atomicrmw add ptr %workers.at, i64 1 seq_cst
  %self = add i64 %arrived, 1
  call void @leave_home(ptr %runtime, ptr %cores, i64 %bytes)
  br label %look
look:
  %seen = phi i64 [ 0, %start ], [ %seen, %changed ], [ %seen, %rested ], [ %seen, %join ],
              [ %number, %left ]
  %sequence = load atomic i32, ptr %sequence.at seq_cst, align 4
  %now = load atomic i64, ptr %generation.at seq_cst, align 8
  %stay = icmp eq i64 %now, %generation
  br i1 %stay, label %inspect, label %leave
inspect:
  %state = load atomic i64, ptr %state.at seq_cst, align 8
  %number = lshr i64 %state, 33
  %new = icmp ne i64 %number, %seen
  %open.bit = and i64 %state, $is_open$
  %open = icmp ne i64 %open.bit, 0
  %joined.high = lshr i64 %state, 16
  %joined = and i64 %joined.high, 65535
  %helpers = load atomic i64, ptr %helpers.at monotonic, align 8
  %room = icmp ult i64 %joined, %helpers
  %new.open = and i1 %new, %open
  %wanted = and i1 %new.open, %room
  br i1 %wanted, label %join, label %idle
join:
  %state.in = add i64 %state, $join$
  %exchange = cmpxchg ptr %state.at, i64 %state, i64 %state.in seq_cst seq_cst, align 8
  %in = extractvalue { i64, i1 } %exchange, 1
  br i1 %in, label %work, label %look
work:
  call void @drain(ptr %runtime, i64 %self)
  %state.before = atomicrmw sub ptr %state.at, i64 1 seq_cst
  %still.in = and i64 %state.before, 65535
  %last = icmp eq i64 %still.in, 1
  %waiting = load atomic i32, ptr %waiting.at seq_cst, align 4
  %awaited = icmp ne i32 %waiting, 0
  %tell = and i1 %last, %awaited
  br i1 %tell, label %notify, label %left
notify:
  %told = atomicrmw add ptr %done.at, i32 1 seq_cst
  %woken = call i64 (i64, ...) @syscall(
      i64 $futex$, ptr %done.at, i32 129, i64 1, ptr null, ptr null, i32 0)
  br label %left
left:
  br label %look
idle:
  %spins = load atomic i64, ptr %spins.at monotonic, align 8
  br label %spin
spin:
  %spun = phi i64 [ 0, %idle ], [ %spun.next, %again ]
  %sequence.now = load atomic i32, ptr %sequence.at monotonic, align 4
  %same = icmp eq i32 %sequence.now, %sequence
  br i1 %same, label %again, label %changed
changed:
  br label %look
again:
  call void asm sideeffect "$pause$", "~{memory}"()
  %spun.next = add i64 %spun, 1
  %patient = icmp ult i64 %spun.next, %spins
  br i1 %patient, label %spin, label %rest
rest:
  %asleep = atomicrmw add ptr %sleepers.at, i32 1 seq_cst
  %slept = call i64 (i64, ...) @syscall(
      i64 $futex$, ptr %sequence.at, i32 128, i32 %sequence, ptr null, ptr null, i32 0)
  br label %rested
rested:
  %risen = atomicrmw sub ptr %sleepers.at, i32 1 seq_cst
  call void @leave_home(ptr %runtime, ptr %cores, i64 %bytes)
  br label %look
leave:
  %gone = atomicrmw sub ptr %workers.at, i64 1 seq_cst
  ret ptr null
}
"""
