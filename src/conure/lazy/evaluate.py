"""Evaluation: what runs, in which pieces, and what of it is kept.

Only what the wanted values need runs. Cheap values that somebody else holds are computed along
the way and not kept, at first: most are never looked at. If such a value is needed a second time,
it is kept from then on, so that nothing is computed more than twice; dear ones are kept at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from sys import getrefcount
from typing import Any, Final

import numpy as np

from conure.lazy import memory, results
from conure.lazy.nodes import Array, Deferred, Node, Operation, leaf, topological
from conure.lazy.plans import plan_for
from conure.lazy.source import Request

_LONGEST: Final = 64  # operations in one program
_DEAR: Final = 6.0  # nanoseconds per element, as much as a sine; storing takes about one
_COPY: Final = Operation("np.copy({})", "elementwise", 0.5)


def value_of(node: Node) -> Any:
    """The value of a node: an ndarray, or a NumPy scalar where its shape is ()."""
    if node.value is None:
        evaluate([node])
    return node.value


def evaluate(wanted: Sequence[Node]) -> None:
    """Give these nodes their values."""
    with memory.lock:
        later = [node for node in wanted if isinstance(node, Deferred) and node.value is None]
        if later:
            wanted = [node for node in wanted if not isinstance(node, Deferred)]
        views = [node for node in wanted if node.is_view]
        if views:  # they have theirs as soon as what they view has
            wanted = [node.args[0] if node.is_view else node for node in wanted]
        order = topological(wanted)
        _run_all(order, _kept(order, wanted))
        for node in views:
            node.settle(node.place)
        for each in later:
            each.compute()


def evaluate_held(nodes: list[Node]) -> None:
    """Give those of these nodes that somebody holds their values; the list is emptied, since it
    holds them too."""
    with memory.lock:
        later = [node for node in nodes if isinstance(node, Deferred)]
        if later:
            nodes[:] = [node for node in nodes if not isinstance(node, Deferred)]
        among = {id(node) for node in nodes if not node.is_view}  # what they view is among these
        order = topological(nodes)
        nodes.clear()
        keep = among.intersection([id(node) for node in _owned(order)]) | _worth_keeping(order)
        _run_all(order, [node for node in order if id(node) in keep])
        for each in later:
            each.compute()


def write(target: Array, value: Node, dying: int = 0) -> None:
    """`target[...] = value`; whoever still has to read the memory reads it first.

    `dying` is the id of a node whose holder is about to be dropped: it need not be kept for that.
    """
    with memory.lock:
        order = topological([value])
        inside = {id(node) for node in order}
        readers = [node for node in memory.readers_of(target) if id(node) not in inside]
        if readers:
            order.clear()
            evaluate_held(readers)
            order = topological([value])
        if 0 < len(order) <= _LONGEST and _fits(value, target):
            _write(order, target, value, dying)
        else:
            evaluate([value])
            evaluate_held(memory.readers_of(target))
            target[...] = value.value


def _fits(value: Node, target: Array) -> bool:
    return bool(value.dtype == target.dtype) and value.shape == target.shape


def evaluate_readers(target: Array) -> None:
    """Evaluate what still has to read memory that is about to be written."""
    readers = memory.readers_of(target)
    if readers:
        evaluate_held(readers)


def _write(order: list[Node], target: Array, value: Node, dying: int) -> None:
    """Run the nodes and write the last into `target`, keeping what others will read of them."""
    owned = _owned(order, dying)
    kept = [node for node in owned if node is not value and not node.is_view]
    _launch(Request(order, [*kept, value], target))
    if value.is_view:  # whoever holds it holds what it views, which has been kept
        return
    # Whoever holds the value itself may read it from where it was written, until that changes.
    value.operation, value.args = _COPY, (leaf(target),)
    memory.register(value)


# ---- what is kept ----------------------------------------------------------------------------


def _references(nodes: list[Node]) -> list[int]:
    return [getrefcount(node) for node in nodes]


_UNOWNED: Final = _references([Node(None, (), (), np.dtype(bool))])[0]
"""The references to a node that only a list holds, as counted here."""


def _owned(order: list[Node], dying: int = 0) -> list[Node]:
    """The nodes that something other than these nodes (and the holder of one) refers to."""
    if not dying:
        return [node for node in order if getrefcount(node) - node.uses > _UNOWNED]
    counts = _references(order)
    return [
        node
        for node, count in zip(order, counts, strict=True)
        if count - node.uses > _UNOWNED + (id(node) == dying)
    ]


def _kept(order: list[Node], wanted: Sequence[Node]) -> list[Node]:
    """The nodes whose values are kept, in this order."""
    owned = _owned(order)
    if len(owned) == 1 and len(wanted) == 1 and owned[0] is wanted[0]:
        return owned
    keep = {id(node) for node in wanted} | _worth_keeping(order)
    return [node for node in order if id(node) in keep]


def _worth_keeping(order: list[Node]) -> set[int]:
    """The nodes held elsewhere that have been computed before, or are dear: what would be computed
    again if they were asked for takes longer than to store them now."""
    owned = {id(node) for node in _owned(order)}
    keep: set[int] = set()
    costs: dict[int, float] = {}  # nanoseconds per element since what is kept
    for node in order:
        assert node.operation is not None
        cost = node.operation.cost + sum(costs.get(id(arg), 0.0) for arg in node.args)
        if id(node) in owned and not node.is_view:
            is_dear = cost >= _DEAR or node.operation.role == "reduction"
            if node.inlined or is_dear:
                keep.add(id(node))
                cost = 0.0
            node.inlined = True
        costs[id(node)] = cost
    return keep


# ---- running ---------------------------------------------------------------------------------


def _run_all(order: list[Node], keep: list[Node]) -> None:
    """Run the nodes, in pieces; what a piece has needed is freed before the next."""
    if len(order) <= _LONGEST:
        if keep:
            _launch(Request(order, keep))
        return
    marked = {id(node) for node in keep}
    keep.clear()
    while order:
        piece = order[:_LONGEST]
        del order[:_LONGEST]
        _run(piece, marked, order)


def _run(piece: list[Node], keep: set[int], rest: list[Node]) -> None:
    needed = {id(_viewed(arg)) for node in rest for arg in node.args} if rest else ()
    kept = [node for node in piece if id(node) in keep or id(node) in needed]
    if kept:
        _launch(Request(piece, kept))
    for node in piece:
        if node.is_view and node.args[0].value is not None:
            node.settle(node.place)


def _viewed(arg: Any) -> Any:
    """What has to be kept so that an operand can be read later."""
    return arg.args[0] if type(arg) is Node and arg.is_view else arg


def _memory_of(node: Node) -> Array:
    if node.place is not None:
        return node.place
    return results.empty(node.shape, node.dtype, node.order)


def _launch(request: Request) -> None:
    """Allocate what is written, run, and hand out the values."""
    target = request.target
    kept = request.kept if target is None else request.kept[:-1]
    arrays = [_memory_of(node) for node in kept if node.shape]
    values = [*request.values, *arrays]
    if target is not None:
        values.append(target)
    numbers = plan_for(request, values).run(values, request)
    if not numbers:  # and no node that is one
        for node, array in zip(kept, arrays, strict=True):
            node.settle(array)
        return
    left, outputs = iter(numbers), iter(arrays)
    for node in kept:
        node.settle(next(outputs) if node.shape else next(left))
