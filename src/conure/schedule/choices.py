"""What was decided for the loops of a program, applied by `passes/` in this order."""

from __future__ import annotations

from dataclasses import field

from conure.analysis.packing import Packed
from conure.ir.nodes import Expr, Mark
from conure.record import Record


class Choices(Record):
    """Decisions by index name of the loop; loops not named stay as they are.

    `panels`: cut into panels, and put inside the loops it is around; `tiles`: (rows, columns) of a
    tile of the loop and the one inside; `lanes`: how many iterations side by side, then how many
    of those that are left, and whether those beyond the end are `masked`; `copies`: times unrolled
    and jammed; `marks`: how it runs.
    """

    panels: set[str] = field(default_factory=set)
    tiles: dict[str, tuple[int, int]] = field(default_factory=dict)
    lanes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    masked: bool = False
    copies: dict[str, int] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)


class Packing(Record):
    """What is packed for the loop `lane`, before an outer loop or in strips of itself. Where
    `condition` does not hold, the loops stay as they are: it says that the inner loops have at
    most so many `turns`. `strip`: how many lanes are packed at a time; 0: all of them."""

    lane: str
    reads: tuple[Packed, ...]
    condition: Expr
    turns: int
    strip: int


class Nest(Record):
    """Loops that become a device's grid: their indexes, slowest first, and the mark of each."""

    order: tuple[str, ...]
    marks: tuple[Mark, ...]
