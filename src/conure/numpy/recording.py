"""How calls on large arrays reach the lazy engine, and how pending arrays come back.

`recorded` answers a call with a pending array, or with `NOT_RECORDED`: then NumPy does it now.
`written` does the same for what writes: `a += b`, `a[1:] = b`, `np.add(a, b, out=c)`. A result that
NumPy gives as a scalar is computed at once: a number cannot be pending and a number.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy

from conure.lazy import memory
from conure.lazy.evaluate import evaluate_held, evaluate_readers, value_of, write
from conure.lazy.moving import MOVING, moved
from conure.lazy.nodes import Deferred, Node, leaf
from conure.lazy.record import cast, is_worth, record
from conure.lazy.results import keep_freed_memory
from conure.lazy.selection import Selection, combined, is_same, masked, select, total
from conure.lazy.simple import recorder
from conure.lazy.views import part_of_complex, place_of, view_of
from conure.numpy.handle import ndarray, new
from conure.numpy.joining import joined
from conure.numpy.seam import REDUCTIONS, SCALARS

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
        value: Any = array._value
        base = value.base
        if value.dtype.kind == "f" and type(base) is numpy.ndarray and base.dtype.kind == "c":
            found = _part_of_complex(array, value)
            if found is not None:
                return found
        return target_of(array)
    return node


def target_of(array: ndarray) -> Node:
    """The node of an array that is to be written: of its own memory."""
    try:
        node: Node = array._node
    except AttributeError:
        assert array._value is not None
        # of a view: the shape of the array itself may be set later
        node = array._node = leaf(array._value.view())
        if memory.hold(array._value):
            evaluate_held(memory.pending())
    return node


def _part_of_complex(array: ndarray, value: Any) -> Node | None:
    """The node of a part of complex numbers; it is of this moment only, and not remembered."""
    origin = getattr(array, "_origin", None)
    if type(origin) is not ndarray or memory.is_exposed(value):
        return None
    whole = origin._value
    if whole is None or whole.dtype.kind != "c":
        return None
    return part_of_complex(value, target_of(origin))


def real_array(array: ndarray) -> Any:
    """The real array of one that may be pending."""
    if array._value is None:
        base = array if array._node.place is None else _base_of(array)
        node = base._node
        value = base._value = value_of(node)
        node.value = value.view()  # the shape of the array itself may be set later
        del base._node
        if node.place is not None:
            _share(base)
    return array._value


# ---- views of pending arrays -----------------------------------------------------------------


def _base_of(array: ndarray) -> ndarray:
    """The pending array that a pending view was taken of, by however many steps."""
    while hasattr(array, "_origin"):
        array = array._origin
    return array


def _share(base: ndarray) -> None:
    """The array is real now: make its views real ones, before anything is written."""
    for reference in getattr(base, "_views", ()):
        view = reference()
        if view is not None and view._value is None:
            node = view._node
            view._value = node.place
            node.settle(node.place.view())
            del view._node


def _is_shared(array: ndarray) -> bool:
    """Whether a pending array is a view, or has views that somebody holds."""
    if array._node.place is None:
        return False
    views = getattr(array, "_views", ())
    return hasattr(array, "_origin") or any(reference() is not None for reference in views)


def viewed(array: ndarray, take: Callable[[Any], Any]) -> Any:
    """What `take` gives of a pending array, where that is views of it; else NOT_RECORDED."""
    node = array._node
    if array._value is not None or node.value is not None or type(node) is not Node:
        return NOT_RECORDED
    base = _base_of(array) if node.is_view else array
    try:
        found = take(place_of(node))
    except Exception:  # NumPy says it again
        return NOT_RECORDED
    if type(found) in (list, tuple):
        views = [_view(array, base, each) for each in found]
        if not views or any(view is None for view in views):
            return NOT_RECORDED
        return type(found)(views)
    view = _view(array, base, found)
    return NOT_RECORDED if view is None else view


def part(array: ndarray, key: Any) -> ndarray | None:
    """The pending view `array[key]` of a pending array, or None."""
    if not _is_basic(key):
        return None
    found = viewed(array, lambda place: place[key])
    return None if found is NOT_RECORDED else found


def _view(array: ndarray, base: ndarray, found: Any) -> ndarray | None:
    node = base._node
    if found is array._node.place:
        return array
    if type(found) is not numpy.ndarray or found.base is not node.place or not found.ndim:
        return None
    if found.size * 4 < node.size and not is_worth(1.0, found.shape):
        return None  # a few elements of many: the many will be wanted soon
    view = view_of(node, found)
    if view is None:
        return None
    made: ndarray = new(ndarray)
    made._value, made._node, made._origin = None, view, array
    try:
        views = base._views
    except AttributeError:
        views = base._views = []
    if len(views) % 64 == 63:
        views[:] = [reference for reference in views if reference() is not None]
    views.append(weakref.ref(made))
    if memory.register(view):
        evaluate_held(memory.pending())
    return made


# ---- recording -------------------------------------------------------------------------------


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
    if function in MOVING:
        node = moved(
            function, [node_of(arg) if type(arg) is ndarray else arg for arg in args], kwargs
        )
        return NOT_RECORDED if node is None else pending(node)
    node = _node(function, args, kwargs)
    if node is None:
        return _of_selections(function, args, kwargs)
    return pending(node)


def written(
    target: ndarray, function: Callable[..., Any], args: Sequence[Any], dying: Any = None
) -> bool:
    """Whether `function(*args)` has been written to the target, which it has the shape of.
    `dying` is an operand that nobody holds."""
    last = id(dying._node) if type(dying) is ndarray and dying._value is None else 0
    target_of(target)  # which `args` may hold
    node = _node(function, args, {})
    if node is None:
        return _selection_written(target, function, args)
    return assigned(target, node, last)


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
    if target._value is None and _is_shared(target):
        real_array(target)
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
    if type(node) is not Node:
        return False
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


# ---- selections by masks ---------------------------------------------------------------------


def selected(array: ndarray, mask: ndarray) -> ndarray | None:
    """The pending `array[mask]`, or None."""
    source, chosen = node_of(array), node_of(mask)
    if type(source) is not Node or type(chosen) is not Node:
        return None
    selection = select(source, chosen)
    return None if selection is None else pending_selection(selection)


def pending_selection(selection: Selection) -> ndarray:
    """An array that is given by a selection."""
    array: ndarray = new(ndarray)
    array._value, array._node = None, selection
    return array


def _of_selections(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """The pending result of a function of selections, or NOT_RECORDED."""
    if kwargs or not any(_selection_of(arg) for arg in args):
        return NOT_RECORDED
    if function is numpy.sum and len(args) == 1:
        node = total(args[0]._node)
        return NOT_RECORDED if node is None else pending(node)
    selection = combined(function, [_selection_of(arg) or arg for arg in args])
    return NOT_RECORDED if selection is None else pending_selection(selection)


def _selection_of(arg: object) -> Selection | None:
    if type(arg) is not ndarray or arg._value is not None:
        return None
    node = arg._node
    return node if type(node) is Selection and node.value is None else None


def _selection_written(target: ndarray, function: Callable[..., Any], args: Sequence[Any]) -> bool:
    """Whether a selection has become `function(*args)`, which is of its dtype."""
    own = _selection_of(target)
    if own is None:
        return False
    found = combined(function, [_selection_of(arg) or arg for arg in args])
    if found is None or found.dtype != own.dtype or found.mask is not own.mask:
        return False
    target._node = found
    return True


def masked_written(
    target: Any, mask: ndarray, item: Any, dying: tuple[bool, bool] = (False, False)
) -> bool:
    """Whether `target[mask] = item` has been done: a number, or a selection by the same mask.
    `dying` tells of the mask and of the item whether nobody else holds it."""
    chosen = node_of(mask)
    if type(chosen) is not Node or chosen.dtype != bool or chosen.shape != target.shape:
        return False
    selection = _selection_of(item)
    value: Any = item
    if selection is not None:
        if not is_same(selection.mask, chosen):
            return False
        chosen, value = selection.mask, selection.whole
    elif type(item) is ndarray:
        return False
    before = target_of(target)
    node = masked(before, chosen, value, before.dtype) if type(before) is Node else None
    if node is None or not _takes(target, node):
        return False
    last = id(chosen) if dying[0] else 0
    if selection is not None and dying[1]:  # nor what it was made of
        del item._node
    del chosen, value, before, selection  # such references would count as somebody's
    return assigned(target, node, last)


def _takes(target: ndarray, node: Node) -> bool:
    """Whether `assigned` will take a node of the target's own shape and dtype."""
    if target._value is not None:
        return bool(target._value.flags.writeable)
    return _is_shared(target) or bool(node.order == target._node.order)


def written_where(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """The result of a function that writes where a mask holds, or NOT_RECORDED."""
    parts = _parts_where(function, args, kwargs)
    if parts is None:
        return NOT_RECORDED
    target, mask, value = parts
    if type(target) is not ndarray or type(mask) is not ndarray:
        return NOT_RECORDED
    before, chosen = target_of(target), node_of(mask)
    if chosen.dtype != bool or any(isinstance(node, Deferred) for node in (before, chosen, value)):
        return NOT_RECORDED
    node = masked(before, chosen, value, before.dtype)
    del before, chosen, value, parts  # such references would count as somebody's
    if node is None or not assigned(target, node):
        return NOT_RECORDED
    return target if type(function) is numpy.ufunc else None


def _parts_where(
    function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Any, Any, Any] | None:
    """What is written, the mask, and the number or node to write."""
    if function is numpy.putmask and len(args) == 3 and not kwargs:
        target, mask, value = args
        if getattr(mask, "shape", None) != getattr(target, "shape", ()):
            return None
    elif function is numpy.copyto and len(args) == 2 and [*kwargs] == ["where"]:
        target, value, mask = *args, kwargs["where"]
    elif type(function) is numpy.ufunc and set(kwargs) == {"out", "where"}:
        value = _node(function, args, {}) if len(args) == function.nin else None
        return None if value is None else (kwargs["out"], kwargs["where"], value)
    else:
        return None
    if type(value) is ndarray:
        return target, mask, node_of(value)
    return (target, mask, value) if type(value) in SCALARS else None


def joined_now(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> ndarray | None:
    """The result of a function that joins arrays, of which some are pending; or None."""
    if function is not numpy.pad and type(args[0]) not in (list, tuple):
        return None
    return joined(function, args, kwargs, node_of)


def settle(array: ndarray) -> None:
    """To be called before the memory of an array is written by NumPy."""
    evaluate_readers(real_array(array))


keep_freed_memory()  # large arrays are coming
