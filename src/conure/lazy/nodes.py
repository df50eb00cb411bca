"""The nodes of the recorded graph: operations not yet run, and values.

>>> x = leaf(np.arange(4.0))
>>> double = Node(Operation("np.add({}, {})", "elementwise"), (x, x), (4,), x.dtype)
>>> double.value is None, [node.shape for node in topological([double])]
(True, [(4,)])
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, Any]
Dtype = np.dtype[Any]
Shape = tuple[int, ...]
Role = Literal["elementwise", "reduction", "view", "moved", "selection"]

_numbers = itertools.count()
_marks = itertools.count(1)


class Operation:
    """A NumPy function with its static keywords; one object for each, compared by identity.

    Attributes
    ----------
    template
        The call as Python source, with a pair of braces for each operand.
    number
        Stands for the operation in the keys of plans.
    cost
        Nanoseconds per element in NumPy, roughly.
    types
        Result dtypes already found, by the operands' types.
    """

    __slots__ = ("arity", "cost", "number", "role", "template", "types")

    def __init__(self, template: str, role: Role, cost: float = 1.0) -> None:
        self.template = template
        self.arity = template.count("{}")
        self.role = role
        self.cost = cost
        self.number = next(_numbers)
        self.types: dict[tuple[object, ...], Dtype | None] = {}


class Node:
    """One operation of the graph, or a value (`operation` None) that others read.

    An evaluated node forgets its operation and arguments, so that what only they needed is
    freed. `order` is the memory order that NumPy would give the result. `inlined`: it has been
    computed once inside another's evaluation without being kept. `place`: the memory that its value
    will lie in, set aside since there are views of it; a view's lies in that of what it views.
    """

    __slots__ = (
        "__weakref__", "args", "dtype", "inlined", "kind", "mark", "operation", "order", "place",
        "shape", "uses", "value",
    )  # fmt: skip

    operation: Operation | None
    args: tuple[Any, ...]
    value: Any

    def __init__(
        self, operation: Operation | None, args: tuple[Any, ...], shape: Shape, dtype: Dtype,
        order: str = "C",
    ) -> None:  # fmt: skip
        self.operation = operation
        self.args = args
        self.shape = shape
        self.dtype = dtype
        self.order = order
        self.value = None
        self.place: Array | None = None
        self.kind: tuple[object, ...] | None = None
        self.inlined = False
        self.mark = 0  # of the last walk that met it, and how far that is
        self.uses = 0  # counted by that walk

    @property
    def is_view(self) -> bool:
        """Whether it is a view of another pending node, its first operand."""
        return self.operation is not None and self.operation.role == "view"

    def settle(self, value: Any) -> None:
        """It is evaluated."""
        self.value = value
        self.operation = None
        self.args = ()

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many elements it has."""
        count = 1
        for extent in self.shape:
            count *= extent
        return count


class Deferred(Node):
    """A node that is no part of a program: it is never an operand, and computes itself."""

    __slots__ = ()

    def compute(self) -> None:
        """Give it its value."""
        raise NotImplementedError


def leaf(value: Any) -> Node:
    """A node for a value: an ndarray, or a NumPy scalar."""
    node = Node(None, (), value.shape, value.dtype)
    node.value = value
    return node


def topological(wanted: Sequence[Node]) -> list[Node]:
    """The nodes still to be run for these, operands first; linear, and without recursion.

    Counts in `uses` how often each is an operand of the others. Only one thread at a time.
    """
    seen = next(_marks) * 3
    entered, done = seen + 1, seen + 2
    order: list[Node] = []
    stack = [node for node in reversed(wanted) if node.value is None]
    for node in stack:
        node.mark, node.uses = seen, 0
    while stack:
        node = stack.pop()
        if node.mark == entered:
            node.mark = done
            order.append(node)
        elif node.mark == seen:
            node.mark = entered
            stack.append(node)
            for arg in node.args:
                if type(arg) is not Node or arg.value is not None:
                    continue
                if arg.mark < seen:
                    arg.mark, arg.uses = seen, 1
                    stack.append(arg)
                else:
                    arg.uses += 1
                    if arg.mark == seen:  # it waits further down, and is needed sooner
                        stack.append(arg)
    return order
