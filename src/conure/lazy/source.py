"""The needed part of a graph as a request: a key of its structure, values, and NumPy source.

    >>> x, y = leaf(np.ones((300, 1))), leaf(np.ones(400))
    >>> add = Operation("np.add({}, {})", "elementwise")
    >>> sine = Operation("np.sin({})", "elementwise")
    >>> total = Node(add, (x, y), (300, 400), x.dtype)
    >>> wanted = Node(sine, (total,), (300, 400), x.dtype)
    >>> print(source(Request(topological([wanted]), [wanted])).text)
    o2[...] = np.sin(np.add(p0[:, None], p1))

Two graphs have equal keys if they come to the same text and their arrays agree in dtype, layout
and in which extents are equal: names, numbers and sizes are no part of it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Final

import numpy as np

from conure.lazy.nodes import Array, Node, Operation, leaf, topological  # noqa: F401 # the doctest's
from conure.record import Record
from conure.signature import layout_of

_DEEPEST: Final = 16  # expressions within expressions


class Request:
    """What one run needs.

    Parameters
    ----------
    nodes
        The nodes to run, as `topological` gives them.
    kept
        Those of them whose values are wanted.
    target
        Memory that the last of `kept` is written to, besides.

    Attributes
    ----------
    key
        See the module.
    values
        The arrays and numbers that the nodes read.
    literals
        The positions of those that are operands themselves, in the order of the operations.
    numbers
        For each node: its position among the nodes, or -1 less its position among the values.
    """

    __slots__ = (
        "_extents", "_shapes", "key", "kept", "literals", "nodes", "numbers", "target", "values",
    )  # fmt: skip

    def __init__(
        self, nodes: Sequence[Node], kept: Sequence[Node], target: Array | None = None
    ) -> None:
        self.nodes, self.kept, self.target = nodes, kept, target
        self.values: list[Any] = []
        self.literals: list[int] = []
        self.numbers: dict[int, int] = {}
        self._extents: dict[int, int] = {}
        self._shapes: dict[tuple[int, ...], tuple[int, ...]] = {}
        key: list[Any] = []
        numbers, append = self.numbers, key.append
        for index, node in enumerate(nodes):
            append(node.operation.number)  # type: ignore[union-attr]  # they are to be run
            for arg in node.args:
                if type(arg) is not Node:
                    append(type(arg))
                    self.literals.append(len(self.values))
                    self.values.append(arg)
                    continue
                number = numbers.get(id(arg))
                if number is None:
                    append(self._read(arg))
                    number = numbers[id(arg)]
                append(number)
            numbers[id(node)] = index
        for node in kept:
            if node.operation is None:  # a value that is to be written
                key.append(self._read(node))
            key += [self.numbers[id(node)], node.order]
        if target is not None:
            key.append(self._target(target))
        self.key = tuple(key)

    @property
    def work(self) -> float:
        """About what NumPy would take, in seconds."""
        total = 0.0
        for node in self.nodes:
            assert node.operation is not None
            sizes = [arg.size for arg in node.args if type(arg) is Node]
            total += node.operation.cost * max(node.size, *sizes)
        return total * 1e-9

    def _read(self, node: Node) -> Hashable:
        """Take in a value that the nodes read."""
        self.numbers[id(node)] = -1 - len(self.values)
        value = node.value
        if not node.shape:
            self.values.append(value[()])
            return node.dtype.num
        if 1 in node.shape:
            value = value[_without_ones(node.shape)]
        if node.kind is None:  # the extents of one are told by the shape
            node.kind = (node.dtype.num, layout_of(value) if value.ndim else "")
        self.values.append(value)
        return node.kind, self._shape(node.shape)

    def _shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        known = self._shapes.get(shape)
        if known is None:
            extents = self._extents
            known = tuple(
                -1 if extent == 1 else extents.setdefault(extent, len(extents)) for extent in shape
            )
            self._shapes[shape] = known
        return known

    def _target(self, target: Array) -> Hashable:
        relations = tuple(
            isinstance(value, np.ndarray)
            and np.may_share_memory(value, target)
            and (
                _address(value) == _address(target),
                value.strides == target.strides,
                value.shape == target.shape,
            )
            for value in self.values
        )
        layout = layout_of(target) if target.ndim else ""
        return target.dtype.num, layout, self._shape(target.shape), relations


def without_ones(array: Array) -> Array:
    """The array without its axes of one element."""
    return array[_without_ones(array.shape)] if _axes(array.shape) else array


def _axes(shape: tuple[int, ...]) -> str:
    """The subscript that gives an array without its axes of one element these back, if it has
    any, and others."""
    if 1 not in shape or max(shape) == 1:
        return ""
    return ", ".join("None" if extent == 1 else ":" for extent in shape)


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _without_ones(shape: tuple[int, ...]) -> tuple[Any, ...]:
    return tuple(0 if extent == 1 else slice(None) for extent in shape)


class Source(Record):
    """A straight-line NumPy program; `names` are those of the request's values, then of the
    arrays written, without their axes of one element; `results` those of the numbers it leaves."""

    text: str
    names: tuple[str, ...]
    results: tuple[str, ...]


def source(request: Request) -> Source:
    """Write a request as source; only what its key tells may be looked at."""
    return _Writer(request).source()


def names_of_values(request: Request) -> list[str]:
    """A name for each of the request's values."""
    return [
        f"p{k}" if isinstance(value, np.ndarray) else f"s{k}"
        for k, value in enumerate(request.values)
    ]


def names_of_outputs(request: Request) -> dict[int, str]:
    """Names of the arrays that are handed back, by the nodes whose values they get."""
    kept = request.kept if request.target is None else request.kept[:-1]
    arrays = [node for node in kept if node.shape]
    return {id(node): f"o{len(request.values) + k}" for k, node in enumerate(arrays)}


def reading(request: Request, names: Sequence[str], node: Node) -> str:
    """How one of the request's values is read, whose axes of extent one were left out."""
    name = names[-1 - request.numbers[id(node)]]
    if 1 not in node.shape or not name.startswith("p"):
        return name
    axes = ", ".join("None" if extent == 1 else ":" for extent in node.shape)
    return f"{name}[{axes}]"


class _Writer:
    def __init__(self, request: Request) -> None:
        self.request = request
        self.kept = {id(node) for node in request.kept}
        self.readers: dict[int, Node] = {}
        for node in request.nodes:
            for arg in node.args:
                if type(arg) is Node:
                    self.readers[id(arg)] = node
        self.names = names_of_values(request)
        self.literals = iter(request.literals)
        self.texts: dict[int, tuple[str, int]] = {}
        self.lines: list[str] = []

    def source(self) -> Source:
        outputs = names_of_outputs(self.request)
        self.names += outputs.values()
        results = []
        for index, node in enumerate(self.request.nodes):
            text, depth = self._call(node)
            if node.is_view:
                self.texts[id(node)] = text, 0
            elif id(node) in outputs:
                name = outputs[id(node)]
                axes = _axes(node.shape)
                self.lines.append(f"{name}[{axes or '...'}] = {text}")
                self.texts[id(node)] = f"{name}[{axes}]" if axes else name, 0
            elif self._is_part(node, depth):
                self.texts[id(node)] = text, depth
            else:
                self.lines.append(f"v{index} = {text}")
                self.texts[id(node)] = f"v{index}", 0
                if id(node) in self.kept:
                    results.append(f"v{index}")
        if self.request.target is not None:
            self._write_target()
        return Source("\n".join(self.lines), tuple(self.names), tuple(results))

    def _write_target(self) -> None:
        written = self.request.kept[-1]
        name = f"o{len(self.names)}"
        self.names.append(name)
        self.lines.append(f"{name}[...] = {self._operand(written)[0]}")

    def _call(self, node: Node) -> tuple[str, int]:
        assert node.operation is not None
        texts, deepest = [], 0
        for arg in node.args:
            if type(arg) is Node:
                text, depth = self._operand(arg)
            else:
                text, depth = self.names[next(self.literals)], 0
            texts.append(text)
            deepest = max(deepest, depth)
        return node.operation.template.format(*texts), deepest + 1

    def _operand(self, node: Node) -> tuple[str, int]:
        """How a value or a node already written is read, and how deep that text is."""
        if id(node) in self.texts:
            return self.texts[id(node)]
        return reading(self.request, self.names, node), 0

    def _is_part(self, node: Node, depth: int) -> bool:
        """Whether a call is written where its value is used, not on a line of its own."""
        is_written = self.request.target is not None and self.request.kept[-1] is node
        if id(node) in self.kept and not is_written:
            return False
        assert node.operation is not None
        if node.operation.role == "reduction" or not node.shape or depth >= _DEEPEST:
            return False
        if is_written or node.uses != 1:
            return is_written and node.uses == 0
        reader = self.readers[id(node)]
        assert reader.operation is not None
        if reader.operation.role in ("view", "moved"):
            return False
        return reader.operation.role == "reduction" or reader.shape == node.shape
