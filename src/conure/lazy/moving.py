"""Functions that move elements or go through them in order: roll, running sums, differences.

>>> x = leaf(np.zeros((300, 400)))
>>> moved(np.roll, (x, -1), {"axis": 1}).operation.template
'np.roll({}, -1, 1)'
>>> moved(np.cumsum, (x,), {"axis": 0}).operation.template
'np.cumsum({}, axis=0)'
>>> moved(np.diff, (x,), {}).shape
(300, 399)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from conure.lazy import memory
from conure.lazy.errstate import watched
from conure.lazy.nodes import Node, Operation, Role, leaf  # noqa: F401 # the doctest's
from conure.lazy.operations import result_dtype
from conure.lazy.record import is_worth, order_among, record, registered
from conure.lazy.views import part_of

_NEAR: Final = 8
"""A shift so short is part of the source, so that its wrap-around can be cut off the loop."""


def moved(
    function: Callable[..., Any], operands: Sequence[Any], keywords: Mapping[str, Any]
) -> Node | None:
    """The node of `function(*operands, **keywords)`, or None."""
    if not operands or type(operands[0]) is not Node or watched():
        return None
    node, *rest = operands
    if 0 in node.shape or max(node.shape, default=1) == 1:
        return None
    if node.value is not None and not is_worth(1.0, node.shape):
        return None
    return MOVING[function](node, rest, keywords)


def _arguments(
    defaults: Mapping[str, Any], rest: Sequence[Any], keywords: Mapping[str, Any]
) -> list[Any] | None:
    """The arguments of these names, or what they are if not given; None if there are others."""
    given = {**dict(zip(defaults, rest, strict=False)), **keywords}
    if len(rest) + len(keywords) != len(given) or not given.keys() <= defaults.keys():
        return None
    return [*{**defaults, **given}.values()]


def _axis(axis: Any, rank: int) -> int | None:
    """An axis counted from the front; that of an array with one may be left out."""
    if axis is None and rank == 1:
        return 0
    return axis % rank if type(axis) is int and -rank <= axis < rank else None


def _roll(node: Node, rest: Sequence[Any], keywords: Mapping[str, Any]) -> Node | None:
    found = _arguments({"shift": None, "axis": None}, rest, keywords)
    if found is None or type(found[0]) is not int:
        return None
    axis = _axis(found[1], node.ndim)
    if axis is None:
        return None
    extent = node.shape[axis]
    shift = found[0] % extent
    if 2 * shift > extent:
        shift -= extent
    if abs(shift) <= _NEAR:
        return _made(f"np.roll({{}}, {shift}, {axis})", "moved", (node,))
    return _made(f"np.roll({{}}, {{}}, {axis})", "moved", (node, shift))


def _running(
    name: str, node: Node, rest: Sequence[Any], keywords: Mapping[str, Any]
) -> Node | None:
    found = _arguments({"axis": None}, rest, keywords)
    axis = None if found is None else _axis(found[0], node.ndim)
    if axis is None:
        return None
    return _made(f"np.{name}({{}}, axis={axis})", "reduction", (node,))


def _difference(node: Node, rest: Sequence[Any], keywords: Mapping[str, Any]) -> Node | None:
    found = _arguments({"n": 1, "axis": -1}, rest, keywords)
    if found is None or type(found[0]) is not int or found[0] != 1 or found[1] is None:
        return None
    axis = _axis(found[1], node.ndim)
    if axis is None or node.shape[axis] < 2:
        return None
    before = (slice(None),) * axis
    later = part_of(node, (*before, slice(1, None)))
    earlier = part_of(node, (*before, slice(None, -1)))
    if later is None or earlier is None:
        return None
    return record(np.not_equal if node.dtype == np.bool_ else np.subtract, (later, earlier))


MOVING: Final[dict[Any, Callable[[Node, Sequence[Any], Mapping[str, Any]], Node | None]]] = {
    np.roll: _roll,
    np.diff: _difference,
    np.cumsum: functools.partial(_running, "cumsum"),
    np.cumprod: functools.partial(_running, "cumprod"),
}
"""The functions that are recorded here."""


@functools.lru_cache(1024)
def _operation(template: str, role: Role) -> Operation:
    return Operation(template, role, 1.0)


def _made(template: str, role: Role, args: tuple[Any, ...]) -> Node | None:
    """A node of its first operand's shape."""
    operation, node = _operation(template, role), args[0]
    order = order_among((node,), node.shape)
    if order is None or (role == "reduction" and order != "C"):
        return None
    kinds = (node.dtype, *(type(each) for each in args[1:]))
    dtype = result_dtype(operation, kinds, (node.ndim, *(0 for _ in args[1:])))
    if dtype is None:
        return None
    foreign = node.value is not None and memory.is_exposed(node.value)
    return registered(Node(operation, args, node.shape, dtype, order), foreign)
