"""Recording a call: a pending node instead of a result, where that is sure to come to the same.

    >>> x = leaf(np.zeros((300, 400)))
    >>> node = record(np.add, (x, 1.5))
    >>> node.shape, node.dtype, node.value is None
    ((300, 400), dtype('float64'), True)
    >>> record(np.add, (leaf(np.zeros(3)), 1.5)) is None  # small: NumPy is done sooner
    True

Shapes and dtypes are known at once. Whatever is unusual (an error, a dtype that is not compiled, a
keyword that is not understood) is answered with None: then the caller has NumPy do it, or raise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from conure.configuration import in_force
from conure.lazy import memory
from conure.lazy.errstate import watched
from conure.lazy.evaluate import evaluate, evaluate_held
from conure.lazy.nodes import Dtype, Node, Operation, Shape, leaf
from conure.lazy.operations import casting, elementwise, product, reduction, result_dtype

WORTH_RECORDING: Final = 20_000.0
"""Nanoseconds that NumPy takes for a call that is better recorded than run at once."""
_COPIED: Final = 4096
"""Elements of an array of the user's own that are copied rather than evaluated at once."""
_NUMBERS: Final = frozenset((bool, int, float, complex))
_NO_KEYWORDS: Final[Mapping[str, Any]] = {}
_WORD: Final = 2**63


def record(
    function: Callable[..., Any],
    operands: Sequence[Any],
    keywords: Mapping[str, Any] = _NO_KEYWORDS,
) -> Node | None:
    """The node of `function(*operands, **keywords)`, or None.

    Operands are nodes, plain arrays (of the user's own, which may change at any time: what reads
    them is evaluated here) and numbers.
    """
    if watched():
        return None
    if function is np.power and len(operands) == 2:
        if not _has_power(*operands):
            return None
        function, operands = _without_power(operands)
    operation = elementwise(function)
    if operation is not None:
        if keywords or len(operands) != operation.arity:
            return None
        return _elementwise(operation, operands)
    operation = product(function)
    if operation is not None:
        return None if keywords else _product(operation, operands)
    operation = reduction(function, keywords)
    if operation is None or len(operands) != 1 or type(operands[0]) is not Node:
        return None
    return _reduction(operation, operands[0], keywords)


def _has_power(base: Any, exponent: Any) -> bool:
    """Whether `base ** exponent` is neither an error of its values (an integer to a negative power)
    nor one of bools, where NumPy's operator and function differ."""
    kinds = [each.dtype.kind if hasattr(each, "dtype") else "" for each in (base, exponent)]
    if "f" in kinds or "c" in kinds or float in (type(base), type(exponent)):
        return kinds[0] != "b"
    return kinds[0] in ("i", "u") and type(exponent) is int and exponent >= 0


def _without_power(operands: Sequence[Any]) -> tuple[Callable[..., Any], Sequence[Any]]:
    """`x ** 2` is `square(x)`, as NumPy itself has it; so for a root and a reciprocal."""
    base, exponent = operands
    if type(base) is Node and type(exponent) in (int, float):
        kinds, function = _POWERS.get(exponent, ("", np.power))
        if base.dtype.kind in kinds:
            return function, (base,)
    return np.power, operands


_POWERS: Final[dict[float, tuple[str, Callable[..., Any]]]] = {
    2: ("fc", np.square),
    0.5: ("f", np.sqrt),
    -1: ("f", np.reciprocal),
}
"""For an exponent, the kinds of dtypes and the function that takes its place."""


def record_operation(operation: Operation, operands: Sequence[Any]) -> Node | None:
    """The node of an elementwise operation, or None."""
    return None if watched() else _elementwise(operation, operands)


def cast(node: Node, dtype: Dtype) -> Node | None:
    """The node of `node.astype(dtype)`, or None."""
    if watched():
        return None
    operation = casting(dtype)
    found = result_dtype(operation, (node.dtype,))
    if found is None or (found.char, found.byteorder) != (dtype.char, dtype.byteorder):
        return None  # another byte order, or another type that is as wide
    return _elementwise(operation, (node,))


# ---- elementwise -----------------------------------------------------------------------------


def _elementwise(operation: Operation, operands: Sequence[Any]) -> Node | None:
    shape: Shape | None = None
    kinds: list[Any] = []
    args: list[Any] = []
    work = False  # whether an operand is pending
    foreign = whole = differ = False
    for operand in operands:
        kind = type(operand)
        if kind in _NUMBERS:
            if kind is int:
                if not -_WORD <= operand < _WORD:
                    return None
                whole = True
            kinds.append(kind)
            args.append(operand)
            continue
        if kind is not Node:
            if isinstance(operand, np.generic):
                kinds.append(operand.dtype)
                args.append(operand)
                continue
            if kind is not np.ndarray:
                return None
            foreign = foreign or operand.size > _COPIED
            operand = leaf(operand if operand.size > _COPIED else operand.copy(order="K"))
        elif operand.value is None:
            work = True
        elif memory.is_exposed(operand.value):
            foreign = True
        kinds.append(operand.dtype)
        args.append(operand)
        if shape is None:
            shape = operand.shape
        elif shape != operand.shape:
            differ = True
            shape = _broadcast(shape, operand.shape)
            if shape is None:
                return None
    if not shape or max(shape) <= 1 or (differ and _raises_rank(args)):
        return None
    if not work and not is_worth(operation.cost, shape):
        return None
    dtype = result_dtype(operation, tuple(kinds))
    if dtype is None or (whole and not _integers_fit(kinds, args)):
        return None
    order = "C" if len(shape) < 2 else order_among(args, shape)
    if order is None:
        return None
    return registered(Node(operation, tuple(args), shape, dtype, order), foreign)


def _raises_rank(args: Sequence[Any]) -> bool:
    """Whether only a single element, of many axes, gives the result its rank: it is read as a
    number."""
    ranks = [len(arg.shape) for arg in args if type(arg) is Node and arg.shape]
    many = [len(arg.shape) for arg in args if type(arg) is Node and max(arg.shape, default=1) != 1]
    return max(ranks) > max(many, default=0)


def is_worth(cost: float, shape: Shape) -> bool:
    """Whether an operation of so many nanoseconds an element is better recorded than run."""
    count = cost
    for extent in shape:
        count *= extent
    if count >= WORTH_RECORDING:
        return True
    config = in_force()
    return config is not None and config.device not in ("auto", "python") and count > 0


def _broadcast(one: Shape, other: Shape) -> Shape | None:
    try:
        return np.broadcast_shapes(one, other)
    except ValueError:
        return None


def _integers_fit(kinds: Sequence[Any], args: Sequence[Any]) -> bool:
    """Whether each Python int fits the integer type that it meets; NumPy raises if not."""
    dtypes = [kind for kind in kinds if isinstance(kind, np.dtype) and kind.kind in "iu"]
    if not dtypes:
        return True
    bounds = [np.iinfo(dtype) for dtype in dtypes]
    low, high = max(int(each.min) for each in bounds), min(int(each.max) for each in bounds)
    return all(low <= arg <= high for arg in args if type(arg) is int)


def order_among(args: Sequence[Any], shape: Shape) -> str | None:
    """The memory order of NumPy's result; None if it is neither C nor Fortran order.

    Operands of the result's shape decide. One that is broadcast leaves the order of some axes
    open, which is C's only if nobody else asks for Fortran's.
    """
    found = ""
    is_partial = False
    for arg in args:
        if type(arg) is not Node or not arg.shape:
            continue
        own = arg.order if arg.operation is not None else order_of(arg.value)
        if own is None:
            return None
        if arg.shape != shape:
            if own != "C":
                return None
            is_partial = True
        else:
            found = own if found in ("", own) else "C"
    return None if found == "F" and is_partial else found or "C"


def order_of(value: Any) -> str | None:
    """In which order an array's axes lie in memory; None if in neither."""
    if not isinstance(value, np.ndarray) or value.flags.c_contiguous:
        return "C"
    strides = [abs(s) for s, extent in zip(value.strides, value.shape, strict=True) if extent != 1]
    if 0 in strides:
        return None
    if strides == sorted(strides, reverse=True):
        return "C"
    return "F" if strides == sorted(strides) and 1 not in value.shape else None


def registered(node: Node, foreign: bool) -> Node:
    """The node, remembered as pending; evaluated, if it reads memory that strangers hold."""
    if memory.register(node):
        evaluate_held(memory.pending())
    if foreign:
        evaluate([node])
    return node


# ---- reductions ------------------------------------------------------------------------------


def _reduction(operation: Operation, node: Node, keywords: Mapping[str, Any]) -> Node | None:
    if node.value is not None and not is_worth(operation.cost, node.shape):
        return None
    if 0 in node.shape or max(node.shape, default=1) == 1:
        return None
    shape = _reduced(node.shape, keywords.get("axis"), bool(keywords.get("keepdims", False)))
    if shape is None or (len(shape) > 1 and order_among((node,), node.shape) != "C"):
        return None
    dtype = result_dtype(operation, (node.dtype,), len(node.shape))
    if dtype is None:
        return None
    foreign = node.value is not None and memory.is_exposed(node.value)
    return registered(Node(operation, (node,), shape, dtype), foreign)


def _product(operation: Operation, operands: Sequence[Any]) -> Node | None:
    """A matrix and a vector, or two vectors, where the larger one is still to be computed: then it
    need not be stored. The others are the library's, which is as fast as memory."""
    if len(operands) != 2 or not all(type(each) is Node for each in operands):
        return None
    left, right = operands
    ranks = len(left.shape), len(right.shape)
    if ranks not in ((1, 1), (1, 2), (2, 1)):
        return None
    if left.shape[-1] != right.shape[0] or min(*left.shape, *right.shape) < 2:
        return None
    larger = [each for each in operands if len(each.shape) == max(ranks)]
    if all(each.value is not None or each.inlined for each in larger):
        return None  # or it is multiplied for a second time, so it is stored anyway
    if not is_worth(operation.cost, larger[0].shape):
        return None
    dtype = result_dtype(operation, (left.dtype, right.dtype), ranks)
    if dtype is None:
        return None
    values = [each.value for each in operands if each.value is not None]
    foreign = any(memory.is_exposed(value) for value in values)
    for each in larger:
        each.inlined = True
    shape = (*left.shape[:-1], *right.shape[1:])
    return registered(Node(operation, tuple(operands), shape, dtype), foreign)


def _reduced(shape: Shape, axis: Any, keepdims: bool) -> Shape | None:
    """The shape without the axes that are summed over; None where NumPy raises."""
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    rank = len(shape)
    if any(not -rank <= each < rank for each in axes):
        return None
    gone = {each % rank for each in axes}
    if len(gone) != len(axes):
        return None
    if keepdims:
        return tuple(1 if k in gone else extent for k, extent in enumerate(shape))
    return tuple(extent for k, extent in enumerate(shape) if k not in gone)
