"""Parallel loops of the host: the body becomes a kernel over a range of turns.

    i32 kernel(ptr env, i64 low, i64 high, i64 chunk)

`env` is a struct on the caller's stack: scalars by value, array fields, and where to leave
partial results. Reductions: each chunk starts at the operator's identity and stores what it got
in `partials[chunk]`; the caller combines these in pairs, neighbours first, and then with the
value from before the loop. The chunks of a loop with reductions depend on its number of turns
only, so the same bits come out for any number of threads; so it is in short loops, which the
caller runs itself over the same chunks. The other loops' chunks are multiples of a full vector,
so that each element is computed by the same instructions whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from conure.codegen.combine import combine_tree, identity
from conure.codegen.copies import (
    MOST_COPIES,
    allocate_copies,
    array_sums,
    combining,
    copyable,
    own_copy,
    pays,
)
from conure.codegen.estimate import body_nanoseconds, nanoseconds
from conure.codegen.facts import is_leaf, stays_inside
from conure.codegen.loops import add_turns, counted, run_loop, runtime_slot
from conure.codegen.memory import current, declare_array, fields, private_array, with_fields
from conure.codegen.records import Environment, Passage, read_record, record_type, write_record
from conure.codegen.scope import Array, Bounds, Scope, machine_type
from conure.ir.nodes import Alloc, Dim, For, Load, Rebind, Reduction, Stmt, Store
from conure.ir.walk import names_read, names_written, statements, walk
from conure.record import Record

MOST_PARTIALS: Final = 128
_PARALLEL_SLOT: Final = 1
_THREADS_SLOT: Final = 4
_WORTH: Final = 4_000.0  # nanoseconds of work that repay asking threads that are awake
_LEAST_CHUNK: Final = 2_000.0
_LEAST_FIXED_CHUNK: Final = 8_000.0
_MOST_CHUNK: Final = 20_000_000.0
_CHUNKS_PER_THREAD: Final = 4
_LANES: Final = 256
_TURNS_HERE: Final = 1 << 14  # what a short run counts in a loop around it, until the next poll


Write = Callable[[Scope, tuple[Stmt, ...]], None]


class _Results(Record):
    """Where a loop's chunks leave what they got: operands of the caller."""

    sums: tuple[Reduction, ...]
    lasts: tuple[str, ...]
    partials: str
    last: str
    copies: dict[str, str]


def parallel_loop(scope: Scope, loop: For, bounds: Bounds, write: Write) -> None:
    """Run a loop in parallel; one that accumulates into arrays only if their copies are small."""
    function = scope.function
    some, alone, end = (function.label(hint) for hint in ("some", "alone", "joined"))
    if not copyable(scope, loop) or not stays_inside(loop):
        run_loop(scope, loop, bounds, lambda: write(scope, loop.body))
        return
    function.branch_if(function.value(f"icmp eq i64 {bounds.trips}, 0"), end, some)
    function.begin(some)
    if array_sums(loop):
        together = function.label("together")
        function.branch_if(pays(scope, loop, bounds.trips), together, alone)
        function.begin(alone)
        run_loop(scope, loop, bounds, lambda: write(scope, loop.body))
        function.branch(end)
        function.begin(together)
    _outline(scope, loop, bounds, write)
    function.begin(end)


def _outline(scope: Scope, loop: For, bounds: Bounds, write: Write) -> None:
    """Write the kernel, run its chunks, here if they are little work, and gather the results."""
    owned = len(scope.owned)
    results = _places(scope, loop)
    environment = Environment()
    name = _write_kernel(scope, loop, bounds, (environment, results), write)
    pointer = environment.build(scope)
    work = nanoseconds(scope, loop, bounds)
    fixed = bool(results.sums or results.copies)
    if fixed:
        grain = _reduction_grain(scope, loop, bounds)
    else:
        grain = _grain(scope, loop, bounds, work)
    _run_chunks(scope, bounds.trips, work, (name, pointer, grain), fixed)
    for variable, (parts, _) in read_record(scope, results.lasts, results.last, "0").items():
        scope.write(variable, parts)
    if fixed:
        chunks = _rounded_up(scope, bounds.trips, grain)
        if results.sums:
            combine_tree(scope, loop, results.sums, results.partials, chunks)
        write(scope, tuple(combining(scope, loop, results.copies, chunks)))
    scope.free(scope.owned[owned:])
    del scope.owned[owned:]


def _places(scope: Scope, loop: For) -> _Results:
    sums = tuple(each for each in loop.mark.reductions if not each.array)
    names = tuple(name for each in sums for name in each.names)
    lasts = tuple(name for name in loop.mark.last if name in scope.cells and name not in names)
    slot = scope.function.slot
    partials = slot(f"[{MOST_PARTIALS + 1} x {record_type(scope, names)}]", align=64)
    last = slot(record_type(scope, lasts))
    return _Results(sums, lasts, partials, last, allocate_copies(scope, loop))


# ---- the kernel ----


def _write_kernel(
    scope: Scope,
    loop: For,
    bounds: Bounds,
    handed: tuple[Environment, _Results],
    write: Write,
) -> str:
    environment, results = handed
    name = f"{scope.facts.symbol}.kernel.{len(scope.facts.kernels)}"
    scope.facts.kernels.append(name)
    parameters = [("ptr noalias readonly", "%env")]
    parameters += [("i64", f"%{each}") for each in ("low", "high", "chunk")]
    function = scope.module.function(
        name, "i32", parameters, scope.facts.attributes + " noinline", "internal"
    )
    kernel = Scope(scope.module, function, scope.target, scope.facts, "")

    def passed(kind: str, operand: str) -> str:
        return environment.load(kernel, environment.add(kind, operand))

    kernel.runtime = passed("ptr", scope.runtime)
    start, step, trips = (passed("i64", each) for each in (bounds.start, bounds.step, bounds.trips))
    own = replace(
        results,
        partials=passed("ptr", results.partials),
        last=passed("ptr", results.last),
        copies={array: passed("ptr", base) for array, base in results.copies.items()},
    )
    capture_scalars(scope, kernel, loop, environment)
    _capture_arrays(scope, kernel, loop, environment)
    for reduction in array_sums(loop):
        array = kernel.arrays[reduction.name]
        write(kernel, tuple(own_copy(kernel, reduction, array, own.copies[reduction.name])))
    inside = replace(loop, mark=replace(loop.mark, guard=None))
    kernel_bounds = Bounds(bounds.start if _is_constant(bounds.start) else start, step, trips)
    counted(kernel, inside, kernel_bounds, ("%low", "%high"), lambda: write(kernel, loop.body))
    _finish_kernel(kernel, own, trips)
    return name


def _is_constant(operand: str) -> bool:
    return not operand.startswith("%")


def capture_scalars(scope: Scope, kernel: Scope, loop: For, environment: Passage) -> None:
    """Scalars by value; sums and products start anew."""
    reduced = {each.name: each for each in loop.mark.reductions if not each.array}
    used = names_read(loop.body) | names_written(loop.body) | set(loop.mark.last)
    bound = {each.index for each in statements((loop,)) if isinstance(each, For)}
    for name in sorted((used | set(reduced)) - bound):
        if name in scope.indexes and name not in scope.cells:
            number = environment.add("i64", scope.indexes[name])
            kernel.indexes[name] = environment.load(kernel, number)
        elif name in scope.cells:
            op = reduced[name].op if name in reduced else ""
            start = identity(op, scope.types[name])
            if start is None:
                kind = machine_type(scope.types[name])
                numbers = [environment.add(kind, part) for part in scope.read(name)]
                start = tuple(environment.load(kernel, number) for number in numbers)
            kernel.declare(name, scope.types[name], start)
            if op in ("last", "less_equal", "greater_equal"):  # the value may be that from before
                kernel.touched[name] = kernel.function.slot("i1", "0")


def _capture_arrays(scope: Scope, kernel: Scope, loop: For, environment: Environment) -> None:
    """Array fields; arrays private to an iteration become the kernel's own."""
    inside = {node.name for node in walk(loop.body) if isinstance(node, Alloc)}
    for name in sorted(arrays_used(loop) - inside):
        array = current(scope, name)
        numbers = [
            environment.add("i64" if place else "ptr", operand)
            for place, operand in enumerate(fields(array))
        ]
        loaded = [environment.load(kernel, number) for number in numbers]
        own: Array = replace(with_fields(array, loaded), depth=0, movable=False)
        declare_array(kernel, own)
        if name in loop.mark.private:
            declare_array(kernel, private_array(kernel, own))


def arrays_used(loop: For) -> set[str]:
    """The arrays that the body names."""
    names: set[str] = set()
    for node in walk(loop.body):
        match node:
            case Load(array) | Store(array) | Dim(array):
                names.add(array)
            case Rebind(targets, sources):
                names.update(targets, sources)
            case _:
                pass
    return names


def _finish_kernel(kernel: Scope, results: _Results, trips: str) -> None:
    """Leave partial results and, after the last turn, last values; report failures."""
    function = kernel.function
    kernel.settle()
    if results.sums:
        names = tuple(name for each in results.sums for name in each.names)
        write_record(kernel, names, results.partials, "%chunk")
    if results.lasts:
        final, done = function.label("final"), function.label("done")
        function.branch_if(function.value(f"icmp eq i64 %high, {trips}"), final, done)
        function.begin(final)
        write_record(kernel, results.lasts, results.last, "0")
        function.begin(done)
    kernel.free(kernel.owned)
    function.finish("ret i32 0")
    kernel.write_exits()


# ---- the caller ----


def _rounded_up(scope: Scope, number: str, divisor: str) -> str:
    value = scope.function.value
    more = value(f"add i64 {number}, {value(f'sub i64 {divisor}, 1')}")
    return value(f"udiv i64 {more}, {divisor}")


def _multiple(scope: Scope, number: str, unit: int) -> str:
    value = scope.function.value
    return value(f"and i64 {value(f'add i64 {number}, {unit - 1}')}, {-unit}")


def _reduction_grain(scope: Scope, loop: For, bounds: Bounds) -> str:
    """Depends on the number of turns and the program only."""
    value = scope.function.value
    scope.module.declare("i64 @llvm.umax.i64(i64, i64)")
    least = max(1, round(_LEAST_FIXED_CHUNK / body_nanoseconds(loop.body)), loop.mark.grain)
    most = MOST_COPIES if array_sums(loop) else MOST_PARTIALS
    even = _rounded_up(scope, bounds.trips, str(most))
    grain = value(f"call i64 @llvm.umax.i64(i64 {even}, i64 {least})")
    return _multiple(scope, grain, _LANES) if is_leaf(loop) else grain


def _grain(scope: Scope, loop: For, bounds: Bounds, work: str) -> str:
    """A few chunks per thread, none too short to be worth it or too long to be stopped."""
    value = scope.function.value
    if loop.mark.grain:
        return str(loop.mark.grain)
    for name in ("umax", "umin"):
        scope.module.declare(f"i64 @llvm.{name}.i64(i64, i64)")
    chunks = value(f"mul i64 {runtime_slot(scope, _THREADS_SLOT, 'i64')}, {_CHUNKS_PER_THREAD}")
    even = _rounded_up(scope, bounds.trips, chunks)
    least, most = (
        value(f"call i64 @llvm.fptoui.sat.i64.f64(double {value(f'fdiv double {time:e}, {work}')})")
        for time in (_LEAST_CHUNK, _MOST_CHUNK)
    )
    scope.module.declare("i64 @llvm.fptoui.sat.i64.f64(double)")
    grain = value(f"call i64 @llvm.umax.i64(i64 {even}, i64 {least})")
    grain = value(f"call i64 @llvm.umin.i64(i64 {grain}, i64 {most})")
    grain = value(f"call i64 @llvm.umin.i64(i64 {grain}, i64 {bounds.trips})")
    grain = value(f"call i64 @llvm.umax.i64(i64 {grain}, i64 1)")
    return _multiple(scope, grain, _LANES) if is_leaf(loop) else grain


def _run_chunks(
    scope: Scope, trips: str, work: str, kernel: tuple[str, str, str], fixed: bool
) -> None:
    """Call the kernel on all chunks: here, or through the runtime. `fixed`: the chunks must be
    the same in both; otherwise a very short loop is one chunk."""
    function, value, (name, environment, grain) = scope.function, scope.function.value, kernel
    turns = value(f"uitofp i64 {trips} to double")
    time = value(f"fmul double {turns}, {work}")
    status = function.slot("i32", "0")
    here, away, end = (function.label(hint) for hint in ("here", "away", "ran"))
    function.branch_if(value(f"fcmp olt double {time}, {_WORTH:e}"), here, away)
    function.begin(here)
    _run_here(scope, trips, (name, environment, grain if fixed else trips), status)
    function.branch(end)
    function.begin(away)
    parallel = runtime_slot(scope, _PARALLEL_SLOT, "ptr")
    scope.module.declare("i64 @llvm.fptoui.sat.i64.f64(double)")
    whole = value(f"call i64 @llvm.fptoui.sat.i64.f64(double {time})")
    result = value(
        f"call i32 {parallel}(ptr {scope.runtime}, ptr @{name}, ptr {environment},"
        f" i64 {trips}, i64 {grain}, i64 {whole})"
    )
    function.emit(f"store i32 {result}, ptr {status}")
    function.begin(end)
    bad = value(f"icmp ne i32 {value(f'load i32, ptr {status}')}, 0")
    scope.leave_if(bad, status)


def _run_here(scope: Scope, trips: str, kernel: tuple[str, str, str], status: str) -> None:
    function, value, (name, environment, grain) = scope.function, scope.function.value, kernel
    scope.module.declare("i64 @llvm.umin.i64(i64, i64)")
    cell = function.slot("i64", "0")
    function.emit(f"store i64 0, ptr {cell}")
    add_turns(scope, str(_TURNS_HERE))
    head, end = function.label("chunk"), function.label("chunks.done")
    function.begin(head)
    chunk = value(f"load i64, ptr {cell}")
    low = value(f"mul i64 {chunk}, {grain}")
    high = value(f"call i64 @llvm.umin.i64(i64 {value(f'add i64 {low}, {grain}')}, i64 {trips})")
    result = value(f"call i32 @{name}(ptr {environment}, i64 {low}, i64 {high}, i64 {chunk})")
    old = value(f"load i32, ptr {status}")
    scope.module.declare("i32 @llvm.umax.i32(i32, i32)")
    worst = value(f"call i32 @llvm.umax.i32(i32 {old}, i32 {result})")
    function.emit(f"store i32 {worst}, ptr {status}")
    function.emit(f"store i64 {value(f'add i64 {chunk}, 1')}, ptr {cell}")
    good = value(f"icmp eq i32 {worst}, 0")
    more = value(f"icmp ult i64 {high}, {trips}")
    function.branch_if(value(f"and i1 {good}, {more}"), head, end)
    function.begin(end)
