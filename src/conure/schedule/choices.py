"""What was decided for the loops of a program: frozen, applied by `passes/`, part of the key."""

from __future__ import annotations

from dataclasses import dataclass

from conure.ir.nodes import Mark


@dataclass(frozen=True, slots=True)
class Choices:
    """The mark of each loop, by its index name; loops not named stay serial."""

    marks: tuple[tuple[str, Mark], ...] = ()

    def mark(self, index: str) -> Mark | None:
        return dict(self.marks).get(index)
