"""Selections: `x[mask]` before anybody looks at it.

How many elements there are depends on values, yet much can be said without them: operations on
selections by one mask are selections of operations on whole arrays, and what is written back
through the same mask needs no selection at all.

    >>> x = leaf(np.arange(1e6))
    >>> some = select(x, leaf(x.value % 2 > 0))
    >>> twice = combined(np.multiply, (some, 2.0))
    >>> twice.value is None, value_of(twice)[:3]
    (True, array([ 2.,  6., 10.]))

A selection keeps both forms: `whole`, of all elements, for what needs no selection; and the call it
stands for, which is run on the selected elements alone if they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from conure.lazy import memory
from conure.lazy.evaluate import evaluate, evaluate_held, value_of
from conure.lazy.nodes import Deferred, Dtype, Node, Operation, leaf
from conure.lazy.operations import WHERE_MASKED
from conure.lazy.record import record, record_operation

_SELECT: Final = Operation("{}[{}]", "selection", 1.0)
Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Selection(Deferred):
    """The elements of `whole` where `mask` holds, in C order; its shape is not known.

    Parameters
    ----------
    whole, mask
        Of one shape; the mask is of bools.
    call
        The function and operands that give it, selections among them; None if it reads an array.
    """

    __slots__ = ("call", "mask", "whole")

    def __init__(self, whole: Node, mask: Node, call: Call | None) -> None:
        read = () if call is None else [each for each in call[1] if isinstance(each, Node)]
        super().__init__(_SELECT, (whole, mask, *read), (), whole.dtype)
        self.shape = None  # type: ignore[assignment]  # which makes it known as a selection
        self.whole = whole
        self.mask = mask
        self.call = call

    def compute(self) -> None:
        """Give it its value, computing on the selected elements alone."""
        stack: list[Selection] = [self]
        while stack:
            top = stack[-1]
            below = [] if top.call is None else [each for each in top.call[1] if _is_open(each)]
            if below:
                stack += below
                continue
            stack.pop()
            if top.value is None:
                top._settle_from_operands()

    def _settle_from_operands(self) -> None:
        if self.call is None:
            evaluate([self.whole, self.mask])
            self.settle(self.whole.value[self.mask.value])
            return
        function, operands = self.call
        leaves = [leaf(each.value) if isinstance(each, Node) else each for each in operands]
        node = record(function, leaves)
        if node is not None:
            self.settle(value_of(node))
            return
        values = [each.value if isinstance(each, Node) else each for each in operands]
        with np.errstate(all="ignore"):  # nobody watched when it was recorded
            self.settle(function(*values))

    def settle(self, value: Any) -> None:
        """It is evaluated, and needs its operands no more."""
        super().settle(value)
        self.call = None
        self.shape = value.shape
        del self.whole, self.mask


def _is_open(operand: object) -> bool:
    return type(operand) is Selection and operand.value is None


def select(source: Node, mask: Node) -> Selection | None:
    """`source[mask]`, if the mask covers all axes."""
    if mask.dtype != np.bool_ or mask.shape != source.shape or not source.shape:
        return None
    for node in (source, mask):
        if node.value is not None and memory.is_exposed(node.value):
            return None
    return _registered(Selection(source, mask, None))


def combined(function: Callable[..., Any], operands: Sequence[Any]) -> Selection | None:
    """`function(*operands)`, where the operands are selections by one mask, and numbers."""
    mask: Node | None = None
    wholes = []
    for each in operands:
        if type(each) is not Selection:
            if isinstance(each, Node | np.ndarray):
                return None
            wholes.append(each)
            continue
        if each.value is not None or (mask is not None and not is_same(mask, each.mask)):
            return None
        mask = each.mask
        wholes.append(each.whole)
    if mask is None:
        return None
    whole = record(function, wholes)
    if whole is None or whole.shape != mask.shape:
        return None
    return _registered(Selection(whole, mask, (function, tuple(operands))))


def is_same(one: Node, other: Node) -> bool:
    """Whether two masks are one, or one calculation on the very same operands."""
    if one is other:
        return True
    if one.operation is None or one.operation is not other.operation:
        return False
    return all(
        left is right if isinstance(left, Node) else type(left) is type(right) and left == right
        for left, right in zip(one.args, other.args, strict=True)
    )


def masked(target: Node, mask: Node, value: Any, dtype: Dtype) -> Node | None:
    """What an array holds after `target[mask] = value`; the value is a number or a node of the
    target's shape. None where the value would have to be converted."""
    node = record_operation(WHERE_MASKED, (mask, value, target))
    return node if node is not None and node.dtype == dtype else None


def total(selection: Selection) -> Node | None:
    """The sum of a selection: all others count as nothing."""
    if selection.value is not None:
        return None
    neutral: Any = -0.0 if selection.dtype.kind in "fc" else False
    whole = record_operation(WHERE_MASKED, (selection.mask, selection.whole, neutral))
    return None if whole is None else record(np.sum, (whole,))


def _registered(selection: Selection) -> Selection:
    if memory.register(selection):
        evaluate_held(memory.pending())
    return selection
