"""Loops that run on a device: what the host does for one.

The kernel itself is written by `grid_kernel` into a module of its own. Here, in its place, the host
fills a block of 8-byte slots and calls the runtime:

    i32 launch(ptr runtime, ptr descriptor, ptr block)

    block:  points along x, points along y, address and size of the outcome,
            per array its data pointer, first byte and the byte behind the last,
            the kernel's scalars
    outcome: {status, last values, partial results}, which the device fills

(`artifact.Launch` says what the descriptor holds.) Before the host itself touches an array that
kernels use it calls `touch(runtime, first, end, writes)`, and before it frees memory
`forget(runtime, address)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Final

from conure.artifact import Launch
from conure.codegen.combine import combine_tree
from conure.codegen.entry import byte_span
from conure.codegen.facts import Facts, holds_grid
from conure.codegen.grid_kernel import Handed, Kernel, write_kernel
from conure.codegen.loops import loop_bounds, runtime_slot
from conure.codegen.memory import current
from conure.codegen.module import Module
from conure.codegen.parallel import arrays_used, parallel_loop
from conure.codegen.records import read_record
from conure.codegen.scope import Bounds, Scope
from conure.ir.nodes import Expr, For, Load, Program, Stmt, Store
from conure.ir.walk import arrays_written, bodies, expressions, statements, walk
from conure.record import Record
from conure.target import Target

_LAUNCH_SLOT: Final = 28
_TOUCH_SLOT: Final = 29
_FORGET_SLOT: Final = 30
_TURNS_PER_THREAD: Final = 8  # of a reduction, at least, before there are more groups

Write = Callable[[Scope, tuple[Stmt, ...]], None]


class DeviceCode(Record, eq=False):
    """The device's side of a program that is being written.

    Attributes
    ----------
    shared
        The arrays that kernels use, by all names that their memory may have.
    kernels
        The names of the kernels written so far.
    """

    target: Target
    shared: frozenset[str]
    module: Module = field(default_factory=Module)
    kernels: list[str] = field(default_factory=list)


def device_code(program: Program, target: Target, known: Facts) -> DeviceCode:
    """Where the kernels of a program go."""
    used = {
        name
        for stmt in statements(program)
        if isinstance(stmt, For) and stmt.mark.kind == "grid"
        for name in arrays_used(stmt)
    }
    size = -1
    while size != len(used):
        size = len(used)
        used |= {other for name, other in known.overlaps if name in used}
        used = used.union(*(known.rebound.get(name, ()) for name in used))
    return DeviceCode(target, frozenset(used))


def attend(scope: Scope, device: DeviceCode, write: Write) -> None:
    """Let the host's code send its marked loops to the device and keep memory coherent."""
    scope.parallel = lambda scope, loop, bounds: _loop(scope, loop, bounds, (device, write))
    scope.beside = lambda scope, stmt: _beside(scope, stmt, device)
    scope.forget = _forget


def chain_of(loop: For) -> tuple[For, ...]:
    """The loops, from the outermost, whose tuples of indexes are the points of a grid."""
    found = [loop]
    while len(found[-1].body) == 1:
        (inner,) = found[-1].body
        if not isinstance(inner, For) or inner.mark.kind != "grid":
            break
        found.append(inner)
    return tuple(found)


# ---- memory ----


def _beside(scope: Scope, stmt: Stmt, device: DeviceCode) -> bool:
    """Before a statement of the host: whether it holds a loop for the device. What the statement
    itself (and all in it, if it holds none) reads or writes is brought home."""
    holds = holds_grid(stmt)
    roots: tuple[Stmt | Expr, ...] = (stmt,)
    if holds:
        roots = expressions(stmt)
    touched = {node.array for node in walk(roots) if isinstance(node, Load | Store)}
    written = arrays_written(stmt) if not holds else set()
    for name in sorted((touched | written) & device.shared):
        if name in scope.arrays:
            _touch(scope, name, name in written)
    return holds


def _touch(scope: Scope, name: str, writes: bool) -> None:
    value = scope.function.value
    low, high = byte_span(scope, current(scope, name))
    function = runtime_slot(scope, _TOUCH_SLOT, "ptr")
    given = f"ptr {scope.runtime}, i64 {low}, i64 {high}, i64 {int(writes)}"
    _leave_if_bad(scope, value(f"call i32 {function}({given})"))


def _forget(scope: Scope, pointer: str) -> None:
    function = runtime_slot(scope, _FORGET_SLOT, "ptr")
    scope.function.emit(f"call void {function}(ptr {scope.runtime}, ptr {pointer})")


def _leave_if_bad(scope: Scope, status: str) -> None:
    slot = scope.function.slot("i32", "0")
    scope.function.emit(f"store i32 {status}, ptr {slot}")
    scope.leave_if(scope.function.value(f"icmp ne i32 {status}, 0"), slot)


# ---- one loop ----


def _loop(scope: Scope, loop: For, bounds: Bounds, with_: tuple[DeviceCode, Write]) -> None:
    device, write = with_
    if loop.mark.kind != "grid":
        parallel_loop(scope, loop, bounds, write)
        return
    function = scope.function
    chain = chain_of(loop)
    extents = (bounds, *(loop_bounds(scope, inner) for inner in chain[1:]))
    some, end = function.label("some"), function.label("launched")
    x, y = extents[-1].trips, _product(scope, [each.trips for each in extents[:-1]])
    points = _product(scope, [x, y])
    function.branch_if(function.value(f"icmp eq i64 {points}, 0"), end, some)
    function.begin(some)
    kernel = Kernel(device.target, chain, extents, f"k{len(device.kernels)}")
    device.kernels.append(kernel.name)
    kernel.fit(scope)
    if kernel.sums:
        x, y = _threads(scope, kernel, points), "1"
    handed = Handed()
    write_kernel(scope, device.module, kernel, handed, write)
    outcome = kernel.outcome, scope.function.slot(kernel.outcome, align=64)
    _launch(scope, kernel, (x, y), outcome, handed)
    _gather(scope, kernel, outcome, x)
    function.begin(end)


def _product(scope: Scope, numbers: list[str]) -> str:
    """Their product; one beyond 64 bits is for Python to go through."""
    value = scope.function.value
    total = numbers[0] if numbers else "1"
    scope.module.declare("{i64, i1} @llvm.umul.with.overflow.i64(i64, i64)")
    for number in numbers[1:]:
        pair = value(f"call {{i64, i1}} @llvm.umul.with.overflow.i64(i64 {total}, i64 {number})")
        scope.leave_if(value(f"extractvalue {{i64, i1}} {pair}, 1"))
        total = value(f"extractvalue {{i64, i1}} {pair}, 0")
    return total


def _threads(scope: Scope, kernel: Kernel, points: str) -> str:
    """How many threads a reduction has: by the number of points only, in whole groups."""
    value = scope.function.value
    for name in ("umax", "umin"):
        scope.module.declare(f"i64 @llvm.{name}.i64(i64, i64)")
    each = kernel.group * _TURNS_PER_THREAD
    groups = value(f"udiv i64 {points}, {each}")
    groups = value(f"call i64 @llvm.umin.i64(i64 {groups}, i64 {kernel.groups})")
    groups = value(f"call i64 @llvm.umax.i64(i64 {groups}, i64 1)")
    return value(f"mul i64 {groups}, {kernel.group}")


def _launch(
    scope: Scope, kernel: Kernel, extents: tuple[str, str], outcome: tuple[str, str], handed: Handed
) -> None:
    value, function = scope.function.value, scope.function
    kind, memory = outcome
    size = f"ptrtoint (ptr getelementptr ({kind}, ptr null, i64 1) to i64)"
    block: list[tuple[str, str]] = [("i64", extents[0]), ("i64", extents[1])]
    block += [("ptr", memory), ("i64", size if kernel.reports else "0")]
    for array in handed.arrays:
        low, high = byte_span(scope, array)
        block += [("ptr", array.data), ("i64", low), ("i64", high)]
    block += handed.slots(scope)
    pointer = function.slot(f"[{len(block)} x i64]", align=64)
    for number, (slot_kind, operand) in enumerate(block):
        address = value(f"getelementptr inbounds i64, ptr {pointer}, i64 {number}")
        function.emit(f"store {slot_kind} {operand}, ptr {address}")
    descriptor = _descriptor(scope, kernel, handed)
    launch = runtime_slot(scope, _LAUNCH_SLOT, "ptr")
    status = value(f"call i32 {launch}(ptr {scope.runtime}, ptr {descriptor}, ptr {pointer})")
    _leave_if_bad(scope, status)


def _descriptor(scope: Scope, kernel: Kernel, handed: Handed) -> str:
    """A constant {text, code, its length}, of which the last two come at the end (`embed`)."""
    symbol, written = scope.facts.symbol, arrays_written(kernel.chain[0])
    launch = Launch(
        kernel.target.name,
        kernel.name,
        kernel.group,
        bool(kernel.sums),
        tuple(array.name in written for array in handed.arrays),
        "".join("d" if kind == "double" else "f" if kind == "float" else "q"
                for kind, _ in handed.scalars),
        kernel.chain[0].loc.text(),
    )  # fmt: skip
    text = launch.to_text().encode() + b"\0"
    words = _constant(scope.module, f"{symbol}.{kernel.name}.launch", text)
    name = f"{symbol}.{kernel.name}.descriptor"
    kind = "{ptr, ptr, ptr}"
    value = f"{{ptr {words}, ptr @{symbol}{_CODE}, ptr @{symbol}{_LENGTH}}}"
    return scope.module.define(name, f"@{name} = internal constant {kind} {value}")


_CODE: Final = ".device.code"
_LENGTH: Final = ".device.length"


def _constant(module: Module, name: str, data: bytes) -> str:
    return module.define(name, _constant_text(name, data))


def _constant_text(name: str, data: bytes) -> str:
    escaped = "".join(f"\\{byte:02X}" for byte in data)
    return f'@{name} = internal constant [{len(data)} x i8] c"{escaped}", align 16'


def embed(text: str, symbol: str, code: bytes) -> str:
    """The host's module with the device's code in it."""
    length = f"@{symbol}{_LENGTH} = internal constant i64 {len(code)}"
    return "\n".join([text, _constant_text(f"{symbol}{_CODE}", code), length])


def _gather(scope: Scope, kernel: Kernel, outcome: tuple[str, str], threads: str) -> None:
    """Last values and sums become the host's variables."""
    value = scope.function.value
    kind, memory = outcome
    if kernel.lasts(scope):
        place = value(f"getelementptr inbounds {kind}, ptr {memory}, i64 0, i32 1")
        for name, (parts, _) in read_record(scope, kernel.lasts(scope), place, "0").items():
            scope.write(name, parts)
    if kernel.sums:
        place = value(f"getelementptr inbounds {kind}, ptr {memory}, i64 0, i32 2")
        groups = value(f"udiv i64 {threads}, {kernel.group}")
        combine_tree(scope, kernel.chain[0], kernel.sums, place, groups)


def host_accesses(program: Program) -> bool:
    """Whether the host itself touches arrays between kernels, or may: then the arrays it was
    given may have changed when a later kernel fails."""
    return any(_touching(stmt) for stmt in program.body)


def _touching(stmt: Stmt) -> bool:
    if isinstance(stmt, For) and stmt.mark.kind == "grid":
        return stmt.mark.guard is not None
    if not holds_grid(stmt):
        return any(isinstance(node, Load | Store) for node in walk((stmt,)))
    if any(isinstance(node, Load) for each in expressions(stmt) for node in walk(each)):
        return True
    return any(_touching(inner) for body in bodies(stmt) for inner in body)
