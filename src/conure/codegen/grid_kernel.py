"""The kernel of a grid, in the device's module.

    i32 k.run(i64 x, i64 x step, i64 y, i64 y step, ptr record, arguments...)    one thread's points
    void k(arguments...)                                                         the kernel itself

`run` is written like any function of the host, with its ways out; it is inlined into the kernel,
which finds out who the thread is and notes a status that is not 0 in the outcome. Along x each
point has a thread; along y, where devices allow but few groups, a thread takes several.

A reduction's points are numbered through. Its threads are as many as the number of points says,
whatever the device: each starts from the operator's identity, the results of a group meet in its
memory, neighbours first, and the host combines those of the groups: the same tree each time.
Where the order matters ("the first of the smallest") a thread has neighbouring points, otherwise
neighbouring threads have.

The arguments are the outcome (if there is one), each array as memory and an offset in bytes, and
the scalars, integers of any width as i64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace
from typing import Final

from conure.artifact import FAIL
from conure.codegen.combine import combine_records
from conure.codegen.dialect import WORDS
from conure.codegen.dialects import dialect_of
from conure.codegen.loops import index_of
from conure.codegen.memory import current, fields, with_fields
from conure.codegen.module import Function, Module
from conure.codegen.parallel import arrays_used, capture_scalars
from conure.codegen.records import read_record, record_type, write_record, write_values
from conure.codegen.scope import Array, Bounds, Scope
from conure.ir.nodes import Alloc, For, Reduction, Stmt
from conure.ir.ops import KEEPING
from conure.ir.walk import walk
from conure.record import Record
from conure.target import DeviceFacts, Target

_GROUP_BYTES: Final = 16384  # of a group's memory, that every device has
_LEAST_GROUP: Final = 16

Write = Callable[[Scope, tuple[Stmt, ...]], None]


class Kernel(Record, eq=False, frozen=False):
    """A grid of points: the loops whose indexes they are, outermost first, and their bounds, which
    are operands of the host."""

    target: Target
    chain: tuple[For, ...]
    extents: tuple[Bounds, ...]
    name: str
    reports: bool = False
    """Whether there is an outcome that the host reads; known once the kernel is written."""
    group: int = 0
    """Threads in a group."""
    record: str = "{}"
    """The type of what a thread of a reduction ends with."""
    outcome: str = "{}"
    """The type of status, last values and partial results."""

    def __post_init__(self) -> None:
        self.group = self.group or self.device.group

    @property
    def device(self) -> DeviceFacts:
        """The facts of the device."""
        assert self.target.device is not None
        return self.target.device

    @property
    def groups(self) -> int:
        """The most groups of a reduction."""
        return self.device.groups

    @property
    def sums(self) -> tuple[Reduction, ...]:
        """What the points accumulate."""
        return self.chain[0].mark.reductions

    @property
    def summed(self) -> tuple[str, ...]:
        """All variables that take part in that."""
        return tuple(name for each in self.sums for name in each.names)

    @property
    def in_order(self) -> bool:
        """Whether a reduction must keep the order of its points."""
        return any(each.op in ("last", *KEEPING) for each in self.sums)

    def lasts(self, scope: Scope) -> tuple[str, ...]:
        """The variables whose value after the last point is read later."""
        names = self.chain[0].mark.last
        return tuple(name for name in names if name in scope.cells and name not in self.summed)

    def fit(self, scope: Scope) -> None:
        """Find the types, and the size of a group whose threads' records fit in its memory."""
        names = self.summed
        size = sum(16 * len(scope.cells[name]) + 8 for name in names)
        while self.group > _LEAST_GROUP and self.group * size > _GROUP_BYTES:
            self.group //= 2
        self.record = record_type(scope, names)
        partials = self.groups if self.sums else 0
        last = record_type(scope, self.lasts(scope))
        self.outcome = f"{{i32, {last}, [{partials} x {self.record}]}}"


class Handed(Record, eq=False):
    """What the host hands to a kernel: arrays, and scalars as pairs of type and operand."""

    arrays: list[Array] = field(default_factory=list)
    scalars: list[tuple[str, str]] = field(default_factory=list)

    def add(self, kind: str, operand: str) -> int:
        """Hand a scalar over; its number. (The block's slots are 8 bytes: see `slots`.)"""
        self.scalars.append((kind, operand))
        return len(self.scalars) - 1

    def load(self, kernel: Scope, number: int) -> str:
        """That scalar, in the kernel."""
        kind, _ = self.scalars[number]
        name = f"%g{number}"
        if kind in ("double", "float", "i64"):
            return name
        return kernel.function.value(f"trunc i64 {name} to {kind}")

    def parameters(self, pointer: str, outcome: bool) -> list[tuple[str, str]]:
        """The kernel's parameters; `pointer` is the type of the device's memory."""
        found = [(pointer, "%outcome")] if outcome else []
        for place in range(len(self.arrays)):
            found += [(pointer, f"%a{place}"), ("i64", f"%o{place}")]
        for place, (kind, _) in enumerate(self.scalars):
            found.append((kind if kind in ("double", "float") else "i64", f"%g{place}"))
        return found

    def slots(self, scope: Scope) -> list[tuple[str, str]]:
        """The scalars as the host stores them: integers sign- or zero-extended to i64."""
        value = scope.function.value
        return [
            (kind, operand)
            if kind in ("double", "float", "i64")
            else ("i64", value(f"zext {kind} {operand} to i64"))
            for kind, operand in self.scalars
        ]


def write_kernel(
    scope: Scope, module: Module, kernel: Kernel, handed: Handed, write: Write
) -> None:
    """Write a kernel; `handed` says afterwards what it must be given."""
    own = [("i64", f"%{each}") for each in ("x", "xs", "y", "ys")] + [("ptr", "%record")]
    run = module.function(f"{kernel.name}.run", "i32", own, "alwaysinline nounwind", "internal")
    facts = replace(scope.facts, attributes="nounwind", symbol=kernel.name, kernels=[])
    inside = Scope(module, run, kernel.target, facts, "")
    _capture_arrays(scope, inside, kernel, handed)
    capture_scalars(scope, inside, kernel.chain[0], handed)
    bounds = tuple(_captured(inside, each, handed) for each in kernel.extents)
    _points(inside, kernel, bounds, write)
    inside.settle()
    if kernel.sums:
        write_record(inside, kernel.summed, "%record", "0")
    run.finish("ret i32 0")
    kernel.reports = bool(inside.leaves or kernel.sums or kernel.lasts(scope))
    inside.write_exits()
    run.parameters += handed.parameters(kernel.device.array_pointer, kernel.reports)
    _write_entry(scope, module, kernel, handed)


def _capture_arrays(scope: Scope, inside: Scope, kernel: Kernel, handed: Handed) -> None:
    own = {node.name for node in walk(kernel.chain[0].body) if isinstance(node, Alloc)}
    pointer = kernel.device.array_pointer
    for name in sorted(arrays_used(kernel.chain[0]) - own):
        array = current(scope, name)
        place = len(handed.arrays)
        handed.arrays.append(array)
        _, *others, _position = fields(array)
        loaded = [_inside(inside, handed, each) for each in others]
        data = inside.function.value(f"getelementptr i8, {pointer} %a{place}, i64 %o{place}")
        made = with_fields(array, [data, *loaded, "-1"])
        inside.arrays[name] = replace(made, depth=0, movable=False, pointer=pointer)


def _inside(inside: Scope, handed: Handed, operand: str) -> str:
    """An i64 of the host in the kernel; a constant is itself there too."""
    if not operand.startswith("%"):
        return operand
    return handed.load(inside, handed.add("i64", operand))


def _captured(inside: Scope, bounds: Bounds, handed: Handed) -> Bounds:
    return Bounds(
        *(_inside(inside, handed, each) for each in (bounds.start, bounds.step, bounds.trips))
    )


# ---- a thread's points ----


def _points(inside: Scope, kernel: Kernel, bounds: tuple[Bounds, ...], write: Write) -> None:
    """All points of a thread. Of a reduction: %x is the thread's number, %xs how many there are."""
    value = inside.function.value
    rows = _product(inside, [each.trips for each in bounds[:-1]])
    columns = bounds[-1].trips

    def body(row: str, column: str) -> None:
        _set_indexes(inside, kernel, bounds, row, column)
        depth = inside.place.depth + 1
        with inside.at(depth=depth):
            write(inside, kernel.chain[-1].body)
        if inside.function.open and (lasts := kernel.lasts(inside)):
            _keep_last(inside, kernel, lasts, (row, column, rows, columns))

    if not kernel.sums:
        _within(inside, columns, lambda: _rows(inside, bounds, rows, body))
        return
    total = value(f"mul i64 {rows}, {columns}")

    def numbered(point: str) -> None:
        if len(bounds) == 1:
            body("0", point)
            return
        body(value(f"udiv i64 {point}, {columns}"), value(f"urem i64 {point}, {columns}"))

    if not kernel.in_order:
        _strided(inside, ("%x", total, "%xs"), numbered)
        return
    inside.module.declare("i64 @llvm.umin.i64(i64, i64)")
    more = value(f"add i64 {total}, {value('sub i64 %xs, 1')}")
    each = value(f"udiv i64 {more}, %xs")
    low = value(f"mul i64 %x, {each}")
    high = value(f"call i64 @llvm.umin.i64(i64 {value(f'add i64 {low}, {each}')}, i64 {total})")
    _strided(inside, (low, high, "1"), numbered)


def _within(inside: Scope, columns: str, body: Callable[[], None]) -> None:
    """Along x there are at least as many threads as points."""
    function = inside.function
    some, end = function.label("point"), function.label("end")
    function.branch_if(function.value(f"icmp ult i64 %x, {columns}"), some, end)
    function.begin(some)
    body()
    function.begin(end)


def _rows(
    inside: Scope, bounds: tuple[Bounds, ...], rows: str, body: Callable[[str, str], None]
) -> None:
    if len(bounds) == 1:
        body("0", "%x")
    else:
        _strided(inside, ("%y", rows, "%ys"), lambda row: body(row, "%x"))


def _product(inside: Scope, numbers: list[str]) -> str:
    total = numbers[0] if numbers else "1"
    for number in numbers[1:]:
        total = inside.function.value(f"mul i64 {total}, {number}")
    return total


def _strided(inside: Scope, span: tuple[str, str, str], body: Callable[[str], None]) -> None:
    """Count from span[0] up to span[1] in steps of span[2]."""
    function, (start, stop, step) = inside.function, span
    head, latch, end = (function.label(hint) for hint in ("points", "latch", "end"))
    before = function.block
    function.branch_if(function.value(f"icmp ult i64 {start}, {stop}"), head, end)
    function.begin(head)
    after = f"%{latch}.next"
    point = function.value(f"phi i64 [ {start}, %{before} ], [ {after}, %{latch} ]")
    body(point)
    function.begin(latch)
    function.emit(f"{after} = add i64 {point}, {step}")
    function.branch_if(function.value(f"icmp ult i64 {after}, {stop}"), head, end)
    function.begin(end)


def _set_indexes(
    inside: Scope, kernel: Kernel, bounds: tuple[Bounds, ...], row: str, column: str
) -> None:
    """The loops' indexes at a point; rows count through all but the innermost loop."""
    value = inside.function.value
    turns = [column]
    for place in range(len(bounds) - 2, -1, -1):
        if place == 0:
            turns.insert(0, row)
            break
        turns.insert(0, value(f"urem i64 {row}, {bounds[place].trips}"))
        row = value(f"udiv i64 {row}, {bounds[place].trips}")
    for loop, own, turn in zip(kernel.chain, bounds, turns, strict=True):
        inside.indexes[loop.index] = index_of(inside, loop, own, turn)


def _keep_last(
    inside: Scope, kernel: Kernel, lasts: tuple[str, ...], place: tuple[str, str, str, str]
) -> None:
    """After the last point: the variables into the outcome."""
    value, function = inside.function.value, inside.function
    row, column, rows, columns = place
    final, onward = function.label("final"), function.label("on")
    at_row = value(f"icmp eq i64 {row}, {value(f'sub i64 {rows}, 1')}")
    at_column = value(f"icmp eq i64 {column}, {value(f'sub i64 {columns}, 1')}")
    function.branch_if(value(f"and i1 {at_row}, {at_column}"), final, onward)
    function.begin(final)
    pointer, kind = kernel.device.array_pointer, kernel.outcome
    address = value(f"getelementptr inbounds {kind}, {pointer} %outcome, i64 0, i32 1")
    write_record(inside, lasts, address, "0", pointer)
    function.begin(onward)


# ---- the kernel itself ----


def _write_entry(scope: Scope, module: Module, kernel: Kernel, handed: Handed) -> None:
    dialect = dialect_of(kernel.target)
    parameters = handed.parameters(kernel.device.array_pointer, kernel.reports)
    function = module.function(
        kernel.name, "void", parameters, dialect.attributes(kernel.group), dialect.convention
    )
    value, pointer = function.value, kernel.device.array_pointer
    entry = Scope(module, function, kernel.target, scope.facts, "")
    for name in kernel.summed:
        entry.declare(name, scope.types[name])
    record = function.slot(kernel.record if kernel.sums else "i8", align=16)
    asked = {
        (word, axis): dialect.ask(module, function, word, axis) for word in WORDS for axis in (0, 1)
    }
    own = []
    module.declare("i64 @llvm.umax.i64(i64, i64)")
    for axis in (0, 1):
        thread, threads, group, groups = (asked[word, axis] for word in WORDS)
        first = value(f"mul i64 {group}, {threads}")
        own.append(f"i64 {value(f'add i64 {first}, {thread}')}")
        all_threads = value(f"mul i64 {groups}, {threads}")
        # Not 0, which LLVM would take into account.
        own.append(f"i64 {value(f'call i64 @llvm.umax.i64(i64 {all_threads}, i64 1)')}")
    passed = (f"{kind} {name}" for kind, name in parameters)
    given = ", ".join([*own, f"ptr {record}", *passed])
    status = value(f"call i32 @{kernel.name}.run({given})")
    if kernel.reports:
        _note(function, pointer, value(f"icmp ne i32 {status}, 0"), status)
    if kernel.sums:
        _meet(entry, kernel, record, (asked["thread", 0], asked["group", 0]))
    if function.flag:
        _note(function, pointer, function.failed(), str(FAIL))
    function.finish("ret void")


def _note(function: Function, pointer: str, condition: str, status: str) -> None:
    """Note a status if the condition holds."""
    bad, good = function.label("bad"), function.label("good")
    function.branch_if(condition, bad, good)
    function.begin(bad)
    function.value(f"atomicrmw umax {pointer} %outcome, i32 {status} monotonic")
    function.begin(good)


def _meet(entry: Scope, kernel: Kernel, record: str, who: tuple[str, str]) -> None:
    """The group's records become one, neighbours first, and the first thread leaves it."""
    value, function, names = entry.function.value, entry.function, kernel.summed
    dialect, space = dialect_of(kernel.target), kernel.device.group_pointer
    lane, group = who
    shared = f"@{kernel.name}.shared"
    where = space.removeprefix("ptr ")
    kind = f"[{kernel.group} x {kernel.record}]"
    entry.module.define(
        f"{kernel.name}.shared", f"{shared} = internal {where} global {kind} undef, align 16"
    )
    _copy(entry, kernel, (record, "0", "ptr"), (shared, lane, space))
    dialect.wait(entry.module, function)
    gap_cell = function.slot("i64", "1")
    level, pair, together, done = (
        function.label(hint) for hint in ("level", "pair", "together", "combined")
    )
    function.begin(level)
    gap = value(f"load i64, ptr {gap_cell}")
    twice = value(f"shl i64 {gap}, 1")
    low = value(f"and i64 {lane}, {value(f'sub i64 {twice}, 1')}")
    function.branch_if(value(f"icmp eq i64 {low}, 0"), pair, together)
    function.begin(pair)
    left = read_record(entry, names, shared, lane, space)
    right = read_record(entry, names, shared, value(f"add i64 {lane}, {gap}"), space)
    both = combine_records(entry, kernel.chain[0], kernel.sums, left, right)
    write_values(entry, names, (shared, lane, space), both)
    function.begin(together)
    dialect.wait(entry.module, function)
    wider = value(f"shl i64 {gap}, 1")
    function.emit(f"store i64 {wider}, ptr {gap_cell}")
    function.branch_if(value(f"icmp ult i64 {wider}, {kernel.group}"), level, done)
    function.begin(done)
    first, end = function.label("first"), function.label("left")
    function.branch_if(value(f"icmp eq i64 {lane}, 0"), first, end)
    function.begin(first)
    _leave(entry, kernel, shared, group)
    function.begin(end)


def _copy(
    entry: Scope, kernel: Kernel, source: tuple[str, str, str], target: tuple[str, str, str]
) -> None:
    values = read_record(entry, kernel.summed, *source)
    write_values(entry, kernel.summed, target, values)


def _leave(entry: Scope, kernel: Kernel, shared: str, group: str) -> None:
    """The group's record into the outcome."""
    value, pointer = entry.function.value, kernel.device.array_pointer
    kind = kernel.outcome
    place = value(f"getelementptr inbounds {kind}, {pointer} %outcome, i64 0, i32 2, i64 0")
    _copy(entry, kernel, (shared, "0", kernel.device.group_pointer), (place, group, pointer))
