"""NumPy's functions of whole arrays, by the names of `numpy_table`; as methods of arrays too.

>>> sorted(set(METHODS) - set(ARRAY_FUNCTIONS))
['flatten', 'ravel', 'reshape']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from conure.frontend.context import Lowering
from conure.frontend.new_arrays import arange, concatenated, identity
from conure.frontend.products import cross, norm, outer
from conure.frontend.sequences import (
    diagonal,
    difference,
    flat,
    flipped,
    reshaped,
    rolled,
    running,
    trace,
    transpose,
)
from conure.frontend.values import Value

ArrayFunction = Callable[[Lowering, Sequence[Value], Mapping[str, Value]], Value]


def _running(op: str) -> ArrayFunction:
    return lambda ctx, args, named: running(ctx, op, args, named)


def _concatenated(ctx: Lowering, args: Sequence[Value], named: Mapping[str, Value]) -> Value:
    if named:
        ctx.refuse("np.concatenate along an axis is not compiled")
    return concatenated(ctx, args)


ARRAY_FUNCTIONS: Final[dict[str, ArrayFunction]] = {
    "outer": outer,
    "cross": cross,
    "norm": norm,
    "cumsum": _running("cumsum"),
    "cumprod": _running("cumprod"),
    "diff": difference,
    "roll": rolled,
    "flip": flipped,
    "transpose": transpose,
    "diagonal": diagonal,
    "trace": trace,
    "arange": arange,
    "eye": identity,
    "concatenate": _concatenated,
}

METHODS: Final[dict[str, ArrayFunction]] = {
    **{name: ARRAY_FUNCTIONS[name] for name in ("cumsum", "cumprod", "transpose", "trace")},
    "ravel": flat,
    "flatten": partial[Any](flat, copy=True),
    "reshape": reshaped,
}
"""Methods of arrays; the array comes first."""
