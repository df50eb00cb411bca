"""Views of what is not computed yet.

Memory is set aside for the base, and NumPy itself is asked for the view of it: shape, strides and
errors are NumPy's. Where the view's elements lie among the base's is then read off its address and
strides, so every function that gives views is understood alike:

    >>> base = leaf(np.empty(0)) and Node(Operation("np.sin({})", "elementwise"), (), (5, 6), F64)
    >>> view_of(base, place_of(base)[1:, ::-1].T).operation.template
    'np.transpose({}[1:, ::-1], (1, 0))'
    >>> place_of(base)[2:, 3, None].shape, view_of(base, place_of(base)[2:, 3, None]).shape
    ((3, 1), (3, 1))
    >>> view_of(base, place_of(base).reshape(30)) is None  # its elements are no grid of the base's
    True
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from conure.lazy import memory, results
from conure.lazy.nodes import Array, Node, Operation, leaf
from conure.lazy.record import order_of, record_operation

F64: Final = np.dtype(np.float64)
_NEAR: Final = 16
"""Positions so near to an end are part of the source; others are numbers that it is given."""


def place_of(node: Node) -> Array:
    """The memory that a pending node's value will lie in."""
    if node.place is None:
        with memory.lock:
            node.place = results.empty(node.shape, node.dtype, node.order)
    return node.place


def view_of(base: Node, seen: Array) -> Node | None:
    """The node of `seen`, which is a view of the base's memory; None if it is not understood.

    The base is no view itself.
    """
    assert base.place is not None
    found = _subscript(base.place, seen)
    if found is None:
        return None
    template, numbers = found
    node = Node(_operation(template), (base, *numbers), seen.shape, seen.dtype, order_of(seen))  # type: ignore[arg-type]  # None: what reads it is not recorded
    node.place = seen
    return node


_PARTS: Final = {
    offset: Operation(f"np.{name}({{}})", "elementwise", 0.5)
    for offset, name in enumerate(("real", "imag"))
}


def part_of_complex(seen: Array, whole: Node) -> Node | None:
    """The node of a real view as the real or imaginary part of a complex array, if it is one: then
    a program that reads both reads one array."""
    value: Array = whole.value
    if (seen.dtype, seen.shape, seen.strides) != (value.real.dtype, value.shape, value.strides):
        return None
    operation = _PARTS.get((_address(seen) - _address(value)) // seen.itemsize)
    return None if operation is None else record_operation(operation, (whole,))


def part_of(node: Node, key: Any) -> Node | None:
    """The node of `node[key]`, which nobody holds but what reads it; None if not understood."""
    if node.value is not None:
        return leaf(node.value[key])
    base = node.args[0] if node.is_view else node
    part = view_of(base, place_of(node)[key])
    if part is not None:
        memory.register(part)
    return part


@functools.lru_cache(4096)
def _operation(template: str) -> Operation:
    return Operation(template, "view", 0.0)


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _subscript(base: Array, seen: Array) -> tuple[str, tuple[int, ...]] | None:
    """The view as source, with braces for the base and for numbers, and these numbers."""
    if not seen.size:
        return None
    wide = [axis for axis in range(base.ndim) if base.shape[axis] > 1]
    wide.sort(key=lambda axis: -base.strides[axis])
    rest, starts = _address(seen) - _address(base), [0] * base.ndim
    for axis in wide:
        starts[axis], rest = divmod(rest, base.strides[axis])
    part = _part(base, seen, rest)
    if part is None:
        return None
    taken: dict[int, tuple[int, int]] = {}  # for each axis of the base: of the view, and the step
    for own, (extent, stride) in enumerate(zip(seen.shape, seen.strides, strict=True)):
        if extent == 1:
            continue
        axis = next((axis for axis in wide if base.strides[axis] <= abs(stride)), -1)
        if axis < 0 or axis in taken or stride % base.strides[axis]:
            return None
        step = stride // base.strides[axis]
        if not 0 <= starts[axis] + step * (extent - 1) < base.shape[axis]:
            return None
        taken[axis] = own, step
    numbers: list[int] = []
    items = []
    for axis, extent in enumerate(base.shape):
        if axis in taken:
            own, step = taken[axis]
            items.append(_slice(starts[axis], step, seen.shape[own], extent, numbers))
        else:
            items.append(_number(starts[axis], extent, numbers))
    places = [own for own, _ in (taken[axis] for axis in sorted(taken))]
    return part.format(_arranged(items, places, seen.shape)), tuple(numbers)


def _part(base: Array, seen: Array, rest: int) -> str | None:
    """What of its elements the view shows: all, or the real or imaginary part."""
    if seen.dtype == base.dtype:
        return "{}" if not rest else None
    if base.dtype.kind != "c" or seen.dtype != base.real.dtype:
        return None
    return {0: "np.real({})", seen.itemsize: "np.imag({})"}.get(rest)


def _arranged(items: list[str], places: list[int], shape: Sequence[int]) -> str:
    """The subscript, and the axes in the view's order, with those of extent 1 put in."""
    if places == sorted(places):
        positions = iter(items)
        text: list[str] = []
        for extent in shape:
            if extent == 1:
                text.append("None")
                continue
            for item in positions:
                text.append(item)
                if ":" in item:
                    break
        text += positions
        return "{}" if all(item == ":" for item in text) else f"{{}}[{', '.join(text)}]"
    plain = "{}" if all(item == ":" for item in items) else f"{{}}[{', '.join(items)}]"
    ranked = sorted(range(len(places)), key=places.__getitem__)
    turned = f"np.transpose({plain}, ({', '.join(map(str, ranked))}))"
    if 1 not in shape:
        return turned
    return f"{turned}[{', '.join('None' if extent == 1 else ':' for extent in shape)}]"


def _number(value: int, extent: int, numbers: list[int]) -> str:
    if value < _NEAR:
        return str(value)
    if extent - value <= _NEAR:
        return str(value - extent)
    numbers.append(value)
    return "{}"


def _slice(start: int, step: int, count: int, extent: int, numbers: list[int]) -> str:
    """`start:stop:step` over so many elements of an axis."""
    last = start + step * (count - 1)
    if step > 0:
        low = "" if start == 0 else _number(start, extent, numbers)
        stop = last + 1
        if extent - stop < step:
            high = ""
        elif extent - stop <= _NEAR:
            high = str(stop - extent)
        else:
            high = _number(stop, extent, numbers)
    else:
        low = "" if start == extent - 1 else _number(start, extent, numbers)
        high = "" if last < -step else _number(last - 1, extent, numbers)
    return f"{low}:{high}" if step == 1 else f"{low}:{high}:{step}"
