"""The entry's prologue: do these NumPy arrays fit this variant?

Type, dtype, rank, flags, layout, and that no array that is written shares memory with another,
or with itself. What does not fit is a MISS: nothing has happened yet, something else runs.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from conure.artifact import MISS
from conure.codegen.loops import runtime_slot
from conure.codegen.memory import stride_axes
from conure.codegen.scope import Array, Scope
from conure.ir.types import ArrayType, Scalar

_ARRAY_TYPE_SLOT: Final = 0
_FLAGS: Final = {"C": 0x1, "F": 0x2}
_ALIGNED: Final = 0x100
_WRITEABLE: Final = 0x400


def read_array(scope: Scope, pointer: str, name: str, kind: ArrayType, position: int) -> Array:
    """Check one array object and load its fields."""
    _check_header(scope, pointer, kind, name in scope.facts.written)
    places = scope.target.arrays
    value = scope.function.value
    data = _field(scope, pointer, places.data, "ptr")
    dims, strides = (
        _field(scope, pointer, offset, "ptr") for offset in (places.dimensions, places.strides)
    )

    def element(start: str, axis: int) -> str:
        return value(f"load i64, ptr {_offset(scope, start, 8 * axis)}")

    extents = tuple(element(dims, axis) for axis in range(kind.rank))
    if kind.layout == "U":
        unit = value(f"icmp ne i64 {element(strides, kind.rank - 1)}, {kind.dtype.bytes}")
        several = value(f"icmp ugt i64 {extents[-1]}, 1")
        scope.leave_if(value(f"and i1 {unit}, {several}"), MISS)
    steps = tuple(element(strides, axis) for axis in stride_axes(kind))
    return Array(name, kind, data, extents, steps, str(position))


def _check_header(scope: Scope, pointer: str, kind: ArrayType, written: bool) -> None:
    value, places = scope.function.value, scope.target.arrays
    flags = _ALIGNED | _FLAGS.get(kind.layout, 0) | (_WRITEABLE if written else 0)
    python_type = _field(scope, pointer, places.data - 8, "i64")
    expected = runtime_slot(scope, _ARRAY_TYPE_SLOT, "i64")
    # Before anything else is read: what is no array has other things, or nothing, in those places.
    scope.leave_if(value(f"icmp ne i64 {python_type}, {expected}"), MISS)
    descr = _field(scope, pointer, places.descr, "ptr")
    rank = _field(scope, pointer, places.rank, "i32")
    set_flags = value(f"and i32 {_field(scope, pointer, places.flags, 'i32')}, {flags}")
    number = _field(scope, descr, places.data + 12, "i32")
    order = _field(scope, descr, places.data + 10, "i8")
    wrong = [
        value(f"icmp ne i32 {rank}, {kind.rank}"),
        value(f"icmp ne i32 {set_flags}, {flags}"),
        value(f"icmp ne i32 {number}, {_dtype(kind.dtype).num}"),
        value(f"icmp ne i8 {order}, {ord(_dtype(kind.dtype).byteorder)}"),
    ]
    scope.leave_if(any_of(scope, wrong), MISS)


def _dtype(scalar: Scalar) -> np.dtype[np.generic]:
    return scalar.dtype


def any_of(scope: Scope, conditions: list[str]) -> str:
    """Whether one of the conditions holds."""
    result = conditions[0]
    for condition in conditions[1:]:
        result = scope.function.value(f"or i1 {result}, {condition}")
    return result


def _offset(scope: Scope, pointer: str, offset: int) -> str:
    return scope.function.value(f"getelementptr inbounds i8, ptr {pointer}, i64 {offset}")


def _field(scope: Scope, pointer: str, offset: int, kind: str) -> str:
    return scope.function.value(f"load {kind}, ptr {_offset(scope, pointer, offset)}")


# ---- shared memory ----


def check_overlaps(scope: Scope, arrays: list[Array]) -> None:
    """MISS where an array that is written overlaps another one, or itself."""
    found = []
    spans: dict[str, tuple[str, str]] = {}
    written = scope.facts.written

    def span(array: Array) -> tuple[str, str]:
        if array.name not in spans:
            spans[array.name] = byte_span(scope, array)
        return spans[array.name]

    for place, array in enumerate(arrays):
        if array.name in written and array.type.layout in ("S", "U") and array.type.rank:
            found.append(_overlaps_itself(scope, array))
        for other in arrays[place + 1 :]:
            if {array.name, other.name} & written and (
                (array.name, other.name) not in scope.facts.overlaps
            ):
                found.append(_meet(scope, span(array), span(other)))
    if found:
        scope.leave_if(any_of(scope, found), MISS)


def _meet(scope: Scope, first: tuple[str, str], second: tuple[str, str]) -> str:
    value = scope.function.value
    before = value(f"icmp ult i64 {first[0]}, {second[1]}")
    after = value(f"icmp ult i64 {second[0]}, {first[1]}")
    return value(f"and i1 {before}, {after}")


def byte_span(scope: Scope, array: Array) -> tuple[str, str]:
    """The first byte and the one behind the last; an empty array ends at 0, before any other."""
    value = scope.function.value
    start = value(f"ptrtoint ptr {array.data} to i64")
    low, high = start, value(f"add i64 {start}, {array.type.dtype.bytes}")
    empty = "false"
    for extent, stride in zip(array.dims, strides_in_bytes(scope, array), strict=True):
        reach = value(f"mul i64 {value(f'sub i64 {extent}, 1')}, {stride}")
        back = value(f"icmp slt i64 {reach}, 0")
        down = value(f"select i1 {back}, i64 {reach}, i64 0")
        up = value(f"select i1 {back}, i64 0, i64 {reach}")
        low, high = value(f"add i64 {low}, {down}"), value(f"add i64 {high}, {up}")
        none = value(f"icmp eq i64 {extent}, 0")
        empty = value(f"or i1 {empty}, {none}")
    return low, value(f"select i1 {empty}, i64 0, i64 {high}")


def strides_in_bytes(scope: Scope, array: Array) -> list[str]:
    """All strides of an array, those that follow from the extents too."""
    value, kind = scope.function.value, array.type
    if kind.layout == "S":
        return list(array.strides)
    if kind.layout == "U":
        return [*array.strides, str(kind.dtype.bytes)]
    order = range(kind.rank) if kind.layout == "F" else range(kind.rank - 1, -1, -1)
    strides, step = [""] * kind.rank, str(kind.dtype.bytes)
    for axis in order:
        strides[axis] = step
        step = value(f"mul i64 {step}, {array.dims[axis]}")
    return strides


def _overlaps_itself(scope: Scope, array: Array) -> str:
    """Whether two indexes may mean the same bytes: an axis must step over all that the axes
    with no larger steps reach. (Sufficient; an exotic array that fails it is left to Python.)"""
    value = scope.function.value
    scope.module.declare("i64 @llvm.abs.i64(i64, i1)")
    sizes = [
        value(f"call i64 @llvm.abs.i64(i64 {stride}, i1 false)")
        for stride in strides_in_bytes(scope, array)
    ]
    reaches = [
        value(f"mul i64 {size}, {value(f'sub i64 {extent}, 1')}")
        for size, extent in zip(sizes, array.dims, strict=True)
    ]
    found, empty = [], []
    for axis, (size, extent) in enumerate(zip(sizes, array.dims, strict=True)):
        covered = str(array.type.dtype.bytes)
        for other, reach in enumerate(reaches):
            if other != axis:
                smaller = value(f"icmp ule i64 {sizes[other]}, {size}")
                counted = value(f"select i1 {smaller}, i64 {reach}, i64 0")
                covered = value(f"add i64 {covered}, {counted}")
        short = value(f"icmp ult i64 {size}, {covered}")
        several = value(f"icmp ugt i64 {extent}, 1")
        found.append(value(f"and i1 {short}, {several}"))
        empty.append(value(f"icmp eq i64 {extent}, 0"))
    some = value(f"xor i1 {any_of(scope, empty)}, true")
    return value(f"and i1 {any_of(scope, found)}, {some}")
