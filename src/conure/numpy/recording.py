"""How calls on large arrays reach the lazy engine, and how pending arrays come back.

`recorded` answers a call with a pending array, or with `NOT_RECORDED`: then NumPy does it now.
`written` does the same for what writes: `a += b`, `a[1:] = b`, `np.add(a, b, out=c)`. A result that
NumPy gives as a scalar is computed at once: a number cannot be pending and a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy

from conure.lazy import memory
from conure.lazy.evaluate import evaluate_held, evaluate_readers, value_of, write
from conure.lazy.nodes import Node, leaf
from conure.lazy.record import cast, record
from conure.lazy.results import keep_freed_memory
from conure.lazy.simple import recorder
from conure.numpy.handle import ndarray, new
from conure.numpy.seam import REDUCTIONS

NOT_RECORDED: Final = object()
"""The answer where there is none."""

_CONVERSION: Final = frozenset((numpy.astype, numpy.ndarray.astype))
_DROPPED: Final[dict[str, tuple[object, ...]]] = {
    "dtype": (None,),
    "out": (None,),
    "order": ("K",),
    "casting": ("same_kind",),
    "subok": (True,),
}
"""Keywords that say what holds anyway."""


def node_of(array: ndarray) -> Node:
    """The node of an array, whether it is pending or real."""
    try:
        node: Node = array._node
    except AttributeError:
        assert array._value is not None
        # of a view: the shape of the array itself may be set later
        node = array._node = leaf(array._value.view())
        if memory.hold(array._value):
            evaluate_held(memory.pending())
    return node


def real_array(array: ndarray) -> Any:
    """The real array of one that may be pending."""
    if array._value is None:
        node = array._node
        array._value = value_of(node)
        node.value = node.value.view()  # the shape of the array itself may be set later
        del array._node
    return array._value


def pending(node: Node) -> Any:
    """An array that is given by a node; a scalar, where NumPy gives one."""
    if not node.shape:
        return value_of(node)
    array: ndarray = new(ndarray)
    array._value, array._node = None, node
    if node.value is not None:
        real_array(array)
    return array


def recorder_of_one(function: Callable[..., Any]) -> Callable[[ndarray], Any]:
    """What records `function(array)`: a pending array, a scalar, or None where nothing is."""
    record_one = recorder(function)

    def record_of_one(array: Any) -> Any:
        node = record_one(node_of(array) if type(array) is ndarray else array)
        return _unusual(function, (array,)) if node is None else pending(node)

    return record_of_one


def recorder_of_two(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """The same for two operands."""
    record_two = recorder(function)

    def record_of_two(one: Any, other: Any) -> Any:
        first, second = one, other
        if type(one) is ndarray:
            first = one._node if one._value is None else node_of(one)
        if type(other) is ndarray:
            second = other._node if other._value is None else node_of(other)
        node = record_two(first, second)
        if node is None:
            return _unusual(function, (one, other))
        if node.value is not None or not node.shape:
            return pending(node)
        array: ndarray = new(ndarray)
        array._value, array._node = None, node
        return array

    return record_of_two


def _unusual(function: Callable[..., Any], args: Sequence[Any]) -> Any:
    """What `recorded` gives where an array is pending in another way than as a node."""
    for arg in args:
        if type(arg) is ndarray and arg._value is None and type(arg._node) is not Node:
            result = recorded(function, args, {})
            return None if result is NOT_RECORDED else result
    return None


def recorded(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The pending result of `function(*args, **kwargs)`, or NOT_RECORDED."""
    if kwargs:
        kwargs = {name: item for name, item in kwargs.items() if not _is_dropped(name, item)}
    if function in _CONVERSION:
        return _converted(args, kwargs)
    if function in REDUCTIONS and len(args) == 2 and "axis" not in kwargs:
        args, kwargs = args[:1], {**kwargs, "axis": args[1]}
    node = _node(function, args, kwargs)
    return NOT_RECORDED if node is None else pending(node)


def written(
    target: ndarray, function: Callable[..., Any], args: Sequence[Any], dying: Any = None
) -> bool:
    """Whether `function(*args)` has been written to the target, which it has the shape of.
    `dying` is an operand that nobody holds."""
    last = id(dying._node) if type(dying) is ndarray and dying._value is None else 0
    node = _node(function, args, {})
    return node is not None and assigned(target, node, last)


def assigned(target: Any, node: Node, dying: int = 0) -> bool:
    """Whether `target[...] = node` has been done, with no conversion but of the same kind."""
    if node.shape != target.shape:
        return False
    if node.dtype != target.dtype:
        if not numpy.can_cast(node.dtype, target.dtype, "same_kind"):
            return False
        converted = cast(node, target.dtype)
        if converted is None:
            return False
        node = converted
    if target._value is None:
        if node.order != target._node.order:
            return False  # what is written to keeps its layout
        target._node = node
        return True
    if not target._value.flags.writeable:
        return False
    write(target._value, node, dying)
    return True


def assigned_part(target: ndarray, key: Any, item: ndarray) -> bool:
    """Whether `target[key] = item` has been done for a pending item."""
    if item._value is not None or not _is_basic(key):
        return False
    node: Node = item._node  # the item may be the target, which is computed now
    part: ndarray = new(ndarray)
    view = real_array(target)[key]
    if type(view) is not numpy.ndarray:
        return False
    part._value = view
    if view.dtype.kind not in "fc" and view.dtype != node.dtype:
        return False
    return assigned(part, node)


def _is_basic(key: Any) -> bool:
    return all(
        item is None or item is Ellipsis or isinstance(item, slice) or type(item) is int
        for item in (key if type(key) is tuple else (key,))
    )


def _is_dropped(name: str, item: object) -> bool:
    plain = item is None or isinstance(item, str | bool)  # an array would compare by element
    return plain and item in _DROPPED.get(name, ())


def _node(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Node | None:
    operands = [node_of(arg) if type(arg) is ndarray else arg for arg in args]
    return record(function, operands, kwargs)


def _converted(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """`array.astype(dtype)`."""
    if len(args) != 2 or kwargs or type(args[0]) is not ndarray:
        return NOT_RECORDED
    try:
        dtype = numpy.dtype(args[1])
    except TypeError:
        return NOT_RECORDED
    node = cast(node_of(args[0]), dtype)
    return NOT_RECORDED if node is None else pending(node)


def settle(array: ndarray) -> None:
    """To be called before the memory of an array is written by NumPy."""
    evaluate_readers(real_array(array))


keep_freed_memory()  # large arrays are coming
