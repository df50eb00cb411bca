"""Recording the commonest calls: of one array, of two of one shape, of an array and a number.

`record` says the same for all calls; what holds for these is told by fewer questions. Whatever else
comes is passed on to it.

    >>> x = leaf(np.zeros((300, 400)))
    >>> add = recorder(np.add)
    >>> add(x, 1.5).shape, add(x, x).dtype, add(leaf(np.zeros(3)), 1.5)
    ((300, 400), dtype('float64'), None)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from conure.lazy.errstate import watched
from conure.lazy.evaluate import evaluate_held
from conure.lazy.memory import is_exposed, pending, register
from conure.lazy.nodes import Node, Operation, leaf  # noqa: F401 # the doctest's
from conure.lazy.operations import elementwise
from conure.lazy.record import WORTH_RECORDING, record

_WORD: Final = 2**63

Recorder = Callable[..., Node | None]


def recorder(function: Callable[..., Any]) -> Recorder:
    """What gives the node of `function(*operands)`, or None where `record` does."""
    operation = elementwise(function)
    if operation is not None and operation.arity == 1:
        return _of_one(function, operation)
    if operation is not None and operation.arity == 2 and function is not np.power:
        return _of_two(function, operation)
    return lambda *operands: record(function, operands)


def _of_one(function: Callable[..., Any], operation: Operation) -> Recorder:
    types, least = operation.types, WORTH_RECORDING / operation.cost

    def of_one(array: Any) -> Node | None:
        if type(array) is Node and _is_simple(array, least) and not watched():
            dtype = types.get((array.dtype,))
            if dtype is not None:
                node = Node(operation, (array,), array.shape, dtype)
                if register(node):
                    evaluate_held(pending())
                return node
        return record(function, (array,))

    return of_one


def _of_two(function: Callable[..., Any], operation: Operation) -> Recorder:
    types, least = operation.types, WORTH_RECORDING / operation.cost

    def of_two(first: Any, second: Any) -> Node | None:
        array, other = (first, second) if type(first) is Node else (second, first)
        if type(array) is not Node or watched():
            return record(function, (first, second))
        kind = type(other)
        if kind is Node:
            if array.shape != other.shape:
                return record(function, (first, second))
            # one that is pending makes the other worth it
            is_pending = array.value is None or other.value is None
            limit = 0.0 if is_pending else least
            is_simple = _is_simple(array, limit) and _is_simple(other, limit)
            kinds: tuple[Any, ...] = (array.dtype, other.dtype)
        else:
            is_simple = _is_simple(array, least)
            if kind is int:
                is_simple = is_simple and array.dtype.kind in "fc" and -_WORD <= other < _WORD
            elif kind is not float:
                return record(function, (first, second))
            kinds = (array.dtype, kind) if array is first else (kind, array.dtype)
        dtype = types.get(kinds) if is_simple else None
        if dtype is None:
            return record(function, (first, second))
        node = Node(operation, (first, second), array.shape, dtype)
        if register(node):
            evaluate_held(pending())
        return node

    return of_two


def _is_simple(node: Node, least: float) -> bool:
    """Whether an array has many elements, in C order, which nobody can change unseen."""
    value, shape = node.value, node.shape
    if not shape:
        return False
    if value is None:
        return node.order == "C" and (shape[0] > 1 if len(shape) == 1 else max(shape) > 1)
    return bool(
        value.size > least
        and (len(shape) == 1 or value.flags.c_contiguous)
        and max(shape) > 1
        and not is_exposed(value)
    )
