"""Arrays: their fields, addresses, loads and stores, local ones, and what LLVM is told of aliases.

Each array has an alias scope of its own; an access says that it is in its array's scope and
touches none of the others, except those that may share memory: pairs listed in
`Program.overlaps`, and names that trade their arrays by `:=` (two turns of a loop then mean two
arrays by one name).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from conure.codegen.scope import Array, Operands, Scope, machine_type, memory_type, parts
from conure.ir.nodes import Alloc, Const, Rebind
from conure.ir.types import ArrayType, Scalar, component

_STACK_BYTES: Final = 4096
_LARGE_BYTES: Final = 1 << 22  # what is asked to lie in large pages
_PAGE: Final = 4096
_LARGE_PAGES: Final = 14  # MADV_HUGEPAGE of Linux; refused, to no harm, where pages are not 4 KiB


def stride_axes(kind: ArrayType) -> range:
    """The axes whose stride (in bytes) is a field; the others follow from the extents."""
    return range({"S": kind.rank, "U": kind.rank - 1}.get(kind.layout, 0))


def element_type(scalar: Scalar) -> str:
    """The LLVM type of an element in memory."""
    kind = memory_type(scalar)
    return f"{{{kind}, {kind}}}" if parts(scalar) == 2 else kind


# ---- fields ----


def declare_array(scope: Scope, array: Array) -> None:
    """Make an array known; one that `:=` changes gets stack slots for its fields."""
    if array.name not in scope.facts.rebound:
        scope.arrays[array.name] = array
        return
    function = scope.function
    slots = [function.slot("ptr", "null"), *(function.slot("i64", "0") for _ in fields(array)[1:])]
    for slot, value in zip(slots, fields(array), strict=True):
        function.emit(f"store {'i64' if slot != slots[0] else 'ptr'} {value}, ptr {slot}")
    scope.arrays[array.name] = replace(with_fields(array, slots), movable=True)


def fields(array: Array) -> list[str]:
    """Data pointer, extents, strides and position, as one list."""
    return [array.data, *array.dims, *array.strides, array.position]


def with_fields(array: Array, values: list[str]) -> Array:
    """The array with other fields."""
    rank = array.type.rank
    return replace(
        array,
        data=values[0],
        dims=tuple(values[1 : rank + 1]),
        strides=tuple(values[rank + 1 : -1]),
        position=values[-1],
    )


def current(scope: Scope, name: str) -> Array:
    """The array with operands as fields."""
    array = scope.arrays[name]
    if not array.movable:
        return array
    value = scope.function.value
    data, *others = fields(array)
    loaded = [value(f"load ptr, ptr {data}"), *(value(f"load i64, ptr {slot}") for slot in others)]
    return with_fields(array, loaded)


def dimension(scope: Scope, name: str, axis: int) -> str:
    """The extent of an axis."""
    array = scope.arrays[name]
    return (
        scope.function.value(f"load i64, ptr {array.dims[axis]}")
        if array.movable
        else (array.dims[axis])
    )


def rebind(scope: Scope, stmt: Rebind) -> None:
    """Names take over each other's arrays: all fields are read before any is written."""
    taken = [fields(current(scope, source)) for source in stmt.sources]
    for name, values in zip(stmt.names, taken, strict=True):
        for number, (slot, value) in enumerate(
            zip(fields(scope.arrays[name]), values, strict=True)
        ):
            scope.function.emit(f"store {'i64' if number else 'ptr'} {value}, ptr {slot}")


# ---- accesses ----


def load(scope: Scope, name: str, index: tuple[str, ...], checked: bool) -> Operands:
    """An element."""
    scalar = scope.arrays[name].type.dtype
    kind = memory_type(scalar)
    suffix, space = _suffix(scope, name), scope.arrays[name].pointer
    values = [
        scope.function.value(f"load {kind}, {space} {pointer}{suffix}")
        for pointer in _part_addresses(scope, name, index, checked)
    ]
    if scalar.kind == "bool":
        values = [scope.function.value(f"icmp ne i8 {value}, 0") for value in values]
    return tuple(values)


def store(scope: Scope, name: str, index: tuple[str, ...], value: Operands, checked: bool) -> None:
    """Set an element."""
    scalar = scope.arrays[name].type.dtype
    kind = memory_type(scalar)
    if scalar.kind == "bool":
        value = (scope.function.value(f"zext i1 {value[0]} to i8"),)
    suffix, space = _suffix(scope, name), scope.arrays[name].pointer
    addresses = _part_addresses(scope, name, index, checked)
    for pointer, part in zip(addresses, value, strict=True):
        scope.function.emit(f"store {kind} {part}, {space} {pointer}{suffix}")


def _part_addresses(scope: Scope, name: str, index: tuple[str, ...], checked: bool) -> list[str]:
    array = current(scope, name)
    if checked:
        index = tuple(
            _wrap(scope, place, extent) for place, extent in zip(index, array.dims, strict=True)
        )
    pointer = _address(scope, array, index)
    if parts(array.type.dtype) == 1:
        return [pointer]
    kind = machine_type(array.type.dtype)
    return [
        pointer,
        scope.function.value(
            f"getelementptr inbounds nuw {kind}, {array.pointer} {pointer}, i64 1"
        ),
    ]


def _wrap(scope: Scope, index: str, extent: str) -> str:
    """A checked index: negative ones count from the end, and then it must be inside."""
    value = scope.function.value
    negative = value(f"icmp slt i64 {index}, 0")
    moved = value(f"add i64 {index}, {extent}")
    wrapped = value(f"select i1 {negative}, i64 {moved}, i64 {index}")
    scope.leave_if(value(f"icmp uge i64 {wrapped}, {extent}"))
    return wrapped


def _address(scope: Scope, array: Array, index: tuple[str, ...]) -> str:
    """By the layout: one number for contiguous arrays, bytes for strided ones."""
    value, kind = scope.function.value, element_type(array.type.dtype)
    space = array.pointer
    if not index:
        return array.data
    if array.type.layout in ("C", "F"):
        order = list(zip(index, array.dims, strict=True))
        if array.type.layout == "F":
            order.reverse()
        place = order[0][0]
        for step, extent in order[1:]:
            row = value(f"mul nuw nsw i64 {place}, {extent}")
            place = value(f"add nuw nsw i64 {row}, {step}")
        return value(f"getelementptr inbounds nuw {kind}, {space} {array.data}, i64 {place}")
    pointer = array.data
    for axis in stride_axes(array.type):
        offset = value(f"mul nsw i64 {index[axis]}, {array.strides[axis]}")
        pointer = value(f"getelementptr inbounds i8, {space} {pointer}, i64 {offset}")
    if array.type.layout == "U":
        pointer = value(f"getelementptr inbounds {kind}, {space} {pointer}, i64 {index[-1]}")
    return pointer


def _suffix(scope: Scope, name: str) -> str:
    """Alignment and metadata of an access."""
    array = scope.arrays[name]
    text = f", align {component(array.type.dtype).bytes}"
    if scope.facts.written and name in scope.facts.arrays:
        own, others = alias_lists(scope, name)
        text += f", !alias.scope {own}" + (f", !noalias {others}" if others else "")
    if scope.place.group and array.depth < scope.place.depth:
        text += f", !llvm.access.group {scope.place.group}"
    return text


def alias_lists(scope: Scope, name: str) -> tuple[str, str]:
    """The metadata lists "my scope" and "not these scopes" of an array."""
    if name in scope.aliases:
        return scope.aliases[name]
    module, names = scope.module, scope.facts.arrays
    domain = module.node('!{!"arrays"}')
    nodes = {each: module.node(f'!{{!"array {each}", {domain}}}') for each in names}
    others = [nodes[each] for each in names if _apart(scope, name, each)]
    listed = module.node(f"!{{{', '.join(others)}}}") if others else ""
    scope.aliases[name] = module.node(f"!{{{nodes[name]}}}"), listed
    return scope.aliases[name]


def _apart(scope: Scope, name: str, other: str) -> bool:
    """Whether two array names never mean shared memory."""
    rebound = scope.facts.rebound
    mine, theirs = (rebound.get(each, frozenset((each,))) for each in (name, other))
    if mine & theirs:
        return False
    return not any((a, b) in scope.facts.overlaps for a in mine for b in theirs)


# ---- local arrays ----


def allocate(scope: Scope, stmt: Alloc, dims: tuple[str, ...]) -> None:
    """A local array: small ones of constant shape on the stack, others from the C library, to be
    freed at the end of the statement list. A negative extent is Python's to refuse."""
    kind = ArrayType(stmt.dtype, len(dims), "C")
    constant = _constant_bytes(stmt)
    if constant is not None and constant <= _STACK_BYTES:
        data = scope.function.slot(f"[{max(constant, 1)} x i8]", align=64)
    else:
        data = heap(scope, stmt.dtype, dims)
    array = Array(stmt.name, kind, data, dims, (), depth=scope.place.depth)
    declare_array(scope, array)


def _constant_bytes(stmt: Alloc) -> int | None:
    size = stmt.dtype.bytes
    for extent in stmt.shape:
        if not isinstance(extent, Const) or int(extent.value.real) < 0:
            return None
        size *= int(extent.value.real)
    return size


def heap(scope: Scope, dtype: Scalar, dims: tuple[str, ...]) -> str:
    """Memory for an array, freed when its statement list ends."""
    value = scope.function.value
    scope.module.declare("ptr @malloc(i64) nounwind")
    scope.module.declare("{i64, i1} @llvm.umul.with.overflow.i64(i64, i64)")
    size = str(dtype.bytes)
    for extent in dims:
        scope.leave_if(value(f"icmp slt i64 {extent}, 0"))
        pair = value(f"call {{i64, i1}} @llvm.umul.with.overflow.i64(i64 {size}, i64 {extent})")
        scope.leave_if(value(f"extractvalue {{i64, i1}} {pair}, 1"))
        size = value(f"extractvalue {{i64, i1}} {pair}, 0")
    scope.module.declare("i64 @llvm.umax.i64(i64, i64)")
    some = value(f"call i64 @llvm.umax.i64(i64 {size}, i64 1)")
    pointer = value(f"call noalias ptr @malloc(i64 {some})")
    scope.leave_if(value(f"icmp eq ptr {pointer}, null"))
    scope.owned.append(pointer)
    if "linux" in scope.target.triple:
        _use_large_pages(scope, pointer, some)
    return pointer


def _use_large_pages(scope: Scope, pointer: str, size: str) -> None:
    """Ask for large pages, as NumPy does: a first touch of each small one takes microseconds."""
    value, function = scope.function.value, scope.function
    ask, end = function.label("large"), function.label("allocated")
    function.branch_if(value(f"icmp uge i64 {size}, {_LARGE_BYTES}"), ask, end)
    function.begin(ask)
    scope.module.declare("i32 @madvise(ptr, i64, i32) nounwind")
    address = value(f"ptrtoint ptr {pointer} to i64")
    start = value(f"and i64 {value(f'add i64 {address}, {_PAGE - 1}')}, {-_PAGE}")
    length = value(f"and i64 {value(f'sub i64 {size}, {_PAGE}')}, {-_PAGE}")
    place = value(f"inttoptr i64 {start} to ptr")
    value(f"call i32 @madvise(ptr {place}, i64 {length}, i32 {_LARGE_PAGES})")
    function.branch(end)
    function.begin(end)


def private_array(scope: Scope, array: Array) -> Array:
    """An uninitialised array like this one, for the function being written alone."""
    data = heap(scope, array.type.dtype, array.dims)
    kind = ArrayType(array.type.dtype, array.type.rank, "C")
    return replace(array, type=kind, data=data, strides=(), depth=scope.place.depth + 1)
