"""What every writer of statements shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .expressions import Expressions
from .scope import Array, Draw, Scalar, Scope

Lines = list[str]


@dataclass
class Builder:
    """The scope, the writer of expressions, and how to write a block of statements."""

    scope: Scope
    expressions: Expressions
    block: Callable[[Builder, int], Lines]

    @property
    def draw(self) -> Draw:
        return self.scope.draw

    @property
    def exact(self) -> bool:
        return self.scope.mode == "exact"

    def body(self, depth: int) -> Lines:
        """The statements of a loop or an arm, indented."""
        return indented(self.block(self, depth))

    def accumulator(self, kind: str, start: str) -> str:
        """A scalar that is set before one of the loops around."""
        scope = self.scope
        name = scope.fresh({"i": "k", "f": "s", "c": "z", "b": "flag"}[kind])
        level = 0 if self.draw.chance(0.6) else self.draw.between(0, len(scope.before) - 1)
        scope.before[level].append(f"{name} = {start}")
        scope.results.append(name)
        return name

    def value(self, array: Array, depth: int) -> str:
        """An expression that may be stored in `array` (mostly without an error)."""
        draw, write = self.draw, self.expressions
        kind = array.kind
        if kind == "i":
            if draw.chance(0.1) and self.exact:
                return f"int(min(max({write.number('f', 1)}, -9.0), 9.0))"
            text = write.number("i", depth)
            if array.dtype in (
                "int8",
                "uint8",
                "int16",
                "uint16",
                "uint32",
                "uint64",
            ) and not draw.chance(self.scope.wild):
                return f"{text} % {draw.pick([5, 50, 100])}"
            return text
        if kind == "f" and self.exact:
            return write.number(draw.pick("fffi"), depth)
        if kind == "c" and not self.exact:
            return write.number("f", depth)
        return write.number(kind, depth)

    def private(self, kind: str, text: str) -> Lines:
        """A new scalar, known from here on."""
        name = self.scope.fresh("t")
        self.scope.bind(Scalar(name, kind, clean=kind == "i" or self.exact))
        return [f"{name} = {text}"]


def indented(lines: Lines) -> Lines:
    """The lines, one level deeper; a block needs at least one."""
    return ["    " + line for line in lines or ["pass"]]
