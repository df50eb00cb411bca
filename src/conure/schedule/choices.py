"""What was decided for the loops of a program, applied by `passes/` in this order."""

from __future__ import annotations

from dataclasses import field

from conure.ir.nodes import Mark
from conure.record import Record


class Choices(Record):
    """Decisions by index name of the loop; loops not named stay as they are.

    `panels`: cut into panels, and put inside the loops it is around; `tiles`: (rows, columns) of a
    tile of the loop and the one inside; `lanes`: how many iterations side by side, then how many
    of those that are left; `copies`: times unrolled and jammed;
    `marks`: how it runs.
    """

    panels: set[str] = field(default_factory=set)
    tiles: dict[str, tuple[int, int]] = field(default_factory=dict)
    lanes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    copies: dict[str, int] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
