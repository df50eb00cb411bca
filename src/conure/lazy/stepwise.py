"""A request as NumPy runs it: one call after another, each result in memory that has come free.

    >>> x, y = leaf(np.ones(400)), leaf(np.ones(400))
    >>> add = Operation("np.add({}, {})", "elementwise")
    >>> where = Operation("np.where({}, {}, {})", "elementwise")
    >>> total = Node(add, (x, y), (400,), x.dtype)
    >>> more = Node(add, (total, y), (400,), x.dtype)
    >>> chosen = Node(where, (x, more, y), (400,), x.dtype)
    >>> last = Node(add, (chosen, 1.0), (400,), x.dtype)
    >>> text, rooms = stepwise(Request(topological([last]), [last]))
    >>> print(text)
    def run(p0, p1, s2, o3, v0):
        np.add(p0, p1, out=v0)
        np.add(v0, p1, out=v0)
        v2 = np.where(p0, v0, p1)
        np.add(v2, s2, out=o3)
        return ()

`rooms` are the numbers of the nodes whose memory is to be passed last, here that of `v0`. The
program that is compiled (`source`) has no place for that: there, most results have no memory.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

import numpy as np

from conure.lazy.nodes import Node, Operation, leaf, topological  # noqa: F401 # the doctest's
from conure.lazy.source import Request, names_of_outputs, names_of_values, reading

_END: Final = 1 << 60


def stepwise(request: Request) -> tuple[str, tuple[int, ...]]:
    """The text of a function of the request's values, the arrays written and room for what comes
    between, which returns the numbers that are left; only what the request's key tells is looked
    at. And the numbers of the nodes that tell how much room."""
    steps = _Steps(request)
    return steps.text(), tuple(steps.rooms)


class _Steps:
    def __init__(self, request: Request) -> None:
        self.request = request
        self.names = names_of_values(request)
        self.outputs = names_of_outputs(request)
        self.literals = iter(request.literals)
        self.where: dict[int, str] = {}
        self.last_use = self._last_uses()
        self.shared = self._shared()
        self.last_need = {
            _kind(node): index
            for index, node in enumerate(request.nodes)
            if _takes_out(node) and self.last_use.get(id(node)) != _END
        }
        self.spare: dict[Hashable, list[str]] = {}
        self.rooms: list[int] = []
        self.lines: list[str] = []

    def text(self) -> str:
        nodes, target = self.request.nodes, self.request.target
        written = self.request.kept[-1] if target is not None else None
        parameters = [*self.names, *self.outputs.values()]
        if written is not None:
            parameters.append(f"o{len(parameters)}")
        is_last = bool(nodes) and nodes[-1] is written and id(written) not in self.outputs
        for index, node in enumerate(nodes):
            goal = self.outputs.get(id(node), "")
            if is_last and node is written:
                goal = parameters[-1]
            self._step(index, node, goal)
        if written is not None and not is_last:
            self.lines.append(f"{parameters[-1]}[...] = {self._operand(written)}")
        kept = self.request.kept if written is None else self.request.kept[:-1]
        numbers = "".join(f"{self.where[id(node)]}, " for node in kept if not node.shape)
        parameters += [f"v{index}" for index in self.rooms]
        lines = [f"def run({', '.join(parameters)}):", *self.lines, f"return ({numbers.strip()})"]
        return "\n    ".join(lines)

    def _step(self, index: int, node: Node, goal: str) -> None:
        """The call, whose result is to stand in `goal` if that is given."""
        assert node.operation is not None
        texts = [
            self._operand(arg) if type(arg) is Node else self.names[next(self.literals)]
            for arg in node.args
        ]
        call = node.operation.template.format(*texts)
        dying = self._dying(index, node)
        if _takes_out(node):
            found = goal or self._room(index, node, dying)
            self.lines.append(f"{call[:-1]}, out={found})")
            self.where[id(node)] = found
            self._forget(index, dying, found)
            return
        name = goal or f"v{index}"
        self.lines.append(f"{name}{'[...]' if goal else ''} = {call}")
        self.where[id(node)] = name
        self._forget(index, dying, name)

    def _room(self, index: int, node: Node, dying: dict[str, Node]) -> str:
        """The name of an array that may be overwritten with the node's value."""
        kind = _kind(node)
        for name, other in dying.items():
            if _kind(other) == kind and id(other) not in self.shared:
                return name
        spare = self.spare.get(kind)
        if spare:
            return spare.pop()
        self.rooms.append(index)
        return f"v{index}"

    def _dying(self, index: int, node: Node) -> dict[str, Node]:
        """What is read here for the last time, of what was computed here."""
        return {
            self.where[id(arg)]: arg
            for arg in node.args
            if type(arg) is Node and id(arg) in self.where and self.last_use[id(arg)] == index
        }

    def _forget(self, index: int, dying: dict[str, Node], taken: str) -> None:
        """What nobody reads any more is kept for a later result, or freed."""
        for name, node in dying.items():
            if name == taken:
                continue
            is_free = bool(node.shape) and id(node) not in self.shared
            if is_free and self.last_need.get(_kind(node), -1) > index:
                self.spare.setdefault(_kind(node), []).append(name)
            elif index + 1 < len(self.request.nodes) and name not in self._passed():
                self.lines.append(f"del {name}")

    def _passed(self) -> list[str]:
        return [f"v{index}" for index in self.rooms]  # the caller has these as well

    def _last_uses(self) -> dict[int, int]:
        last = {
            id(arg): index
            for index, node in enumerate(self.request.nodes)
            for arg in node.args
            if type(arg) is Node
        }
        last.update((id(node), _END) for node in self.request.kept)
        return last

    def _shared(self) -> set[int]:
        """What may have its memory in common with another: results that may be views, and what
        such are made of."""
        shared: set[int] = set()
        for node in self.request.nodes:
            if not _is_fresh(node):
                shared.update((id(node), *(id(arg) for arg in node.args)))
        return shared

    def _operand(self, node: Node) -> str:
        return self.where.get(id(node)) or reading(self.request, self.names, node)


def _takes_out(node: Node) -> bool:
    """Whether the call writes its result where it is told to."""
    assert node.operation is not None
    name = node.operation.template.partition("(")[0].removeprefix("np.")
    is_ufunc = isinstance(getattr(np, name, None), np.ufunc)
    return bool(node.shape) and is_ufunc and node.operation.role == "elementwise"


def _is_fresh(node: Node) -> bool:
    """Whether the result has memory of its own; `np.real`, say, gives a view."""
    operation = node.operation
    assert operation is not None
    own = ("np.where(", "np.clip(", "{}.astype(")
    return operation.role == "reduction" or _takes_out(node) or operation.template.startswith(own)


def _kind(node: Node) -> tuple[Any, ...]:
    return node.shape, node.dtype, node.order
