"""Joining arrays of which some are pending: each is computed straight into its part of the result.

`np.concatenate`, `np.stack`, `np.hstack`, `np.vstack` and `np.pad` with zeros, of arrays of one
dtype; anything else, and arrays that are all there, NumPy joins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy

from conure.lazy import memory, results
from conure.lazy.errstate import watched
from conure.lazy.evaluate import write
from conure.lazy.nodes import Node
from conure.lazy.record import is_worth, order_among
from conure.numpy.handle import ndarray, wrap

Shape = tuple[int, ...]
NodeOf = Callable[[ndarray], Node]
_ALL: Final = slice(None)


def joined(
    function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], node_of: NodeOf
) -> ndarray | None:
    """The result of one of the functions of `JOINING`, or None."""
    if len(args) != 1 + (function is numpy.pad) or not set(kwargs) <= {"axis"} or watched():
        return None
    arrays = [args[0]] if function is numpy.pad else args[0]
    if not arrays or not all(type(each) is ndarray for each in arrays):
        return None
    if all(each._value is not None for each in arrays):
        return None
    nodes = [node_of(each) for each in arrays]
    first = nodes[0]
    if any(type(node) is not Node or node.dtype != first.dtype for node in nodes):
        return None
    shapes = [node.shape for node in nodes]
    if not all(shape and 0 not in shape for shape in shapes) or first.dtype.kind not in "biufc":
        return None
    if any(order_among((node,), node.shape) != "C" for node in nodes):
        return None
    if function is numpy.pad:
        return None if kwargs else _padded(first, args[1])
    places = _PLACES[function](shapes, kwargs.get("axis", 0))
    if places is None or not is_worth(1.0, places[0]):
        return None
    with memory.lock:
        made = results.empty(places[0], first.dtype)
    for node, place in zip(nodes, places[1], strict=True):
        _put(made[place], node)
    return wrap(made)


def _put(part: Any, node: Node) -> None:
    """Write into memory that nobody else has seen."""
    write(part if part.shape == node.shape else part.reshape(node.shape), node)


def _padded(node: Node, width: Any) -> ndarray | None:
    if type(width) is not int or width < 0 or not is_worth(1.0, node.shape):
        return None
    made = numpy.zeros(tuple(extent + 2 * width for extent in node.shape), node.dtype)
    _put(made[tuple(slice(width, width + extent) for extent in node.shape)], node)
    return wrap(made)


# ---- where the parts go ----------------------------------------------------------------------

Places = tuple[Shape, list[tuple[Any, ...]]]


def _side_by_side(shapes: Sequence[Shape], axis: Any) -> Places | None:
    first = shapes[0]
    rank = len(first)
    if type(axis) is not int or not -rank <= axis < rank:
        return None
    axis %= rank
    rest = first[:axis], first[axis + 1 :]
    if any((shape[:axis], shape[axis + 1 :]) != rest or len(shape) != rank for shape in shapes):
        return None
    places: list[tuple[Any, ...]] = []
    end = 0
    for shape in shapes:
        places.append((*(_ALL,) * axis, slice(end, end + shape[axis])))
        end += shape[axis]
    return (*first[:axis], end, *first[axis + 1 :]), places


def _stacked(shapes: Sequence[Shape], axis: Any) -> Places | None:
    first = shapes[0]
    rank = len(first) + 1
    if type(axis) is not int or not -rank <= axis < rank or any(s != first for s in shapes):
        return None
    axis %= rank
    places: list[tuple[Any, ...]] = [(*(_ALL,) * axis, k) for k in range(len(shapes))]
    return (*first[:axis], len(shapes), *first[axis:]), places


def _in_rows(shapes: Sequence[Shape], axis: Any) -> Places | None:
    if axis != 0:
        return None
    return _stacked(shapes, 0) if len(shapes[0]) == 1 else _side_by_side(shapes, 0)


def _in_columns(shapes: Sequence[Shape], axis: Any) -> Places | None:
    if axis != 0:
        return None
    return _side_by_side(shapes, 0 if len(shapes[0]) == 1 else 1)


_PLACES: Final[dict[Any, Callable[[Sequence[Shape], Any], Places | None]]] = {
    numpy.concatenate: _side_by_side,
    numpy.stack: _stacked,
    numpy.vstack: _in_rows,
    numpy.hstack: _in_columns,
}
