"""Choose which nests run a band of rows at a time: those whose arrays would go to memory and back.

The rows where two bands meet are computed twice; that must be cheaper than storing them all.
"""

from __future__ import annotations

from typing import Final

from conure.ir.nodes import Apply, Expr, For, Stmt
from conure.ir.ops import OPS, apply, integer
from conure.ir.walk import walk

ROWS: Final = 8
_MOST_AROUND: Final = 4  # rows that are computed twice
_MOST_ELEMENTS: Final = 12_288  # of a row of all arrays; a band of such fits the second-level cache
_LEAST_ROWS: Final = 8 * ROWS  # enough bands for some cores
_DEAR: Final = 30.0  # additions, for each array: more than storing and loading takes


def bands_pay(
    producer: Stmt, count: int, around: int, widths: list[Expr], rows: Expr
) -> Expr | None:
    """Under which condition bands are worth it: for a loop that fills `count` arrays with rows of
    these widths, of which `around` are computed twice in each band, for so many rows in all."""
    assert isinstance(producer, For)
    cost = sum(OPS[node.op].cost for node in walk(producer.body) if isinstance(node, Apply))
    if around < 1 or around > _MOST_AROUND or cost > _DEAR * count:
        return None
    condition = apply("less_equal", integer(_LEAST_ROWS), rows)
    total = widths[0]
    for width in widths[1:]:
        total = apply("add", total, width, checked=False)
    return apply("and", condition, apply("less_equal", total, integer(_MOST_ELEMENTS)))
