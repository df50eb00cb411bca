"""Attributes of modules, arrays and numbers."""

from __future__ import annotations

import numpy as np

from conure.frontend.arithmetic import lift
from conure.frontend.arrays import times
from conure.frontend.context import Lowering
from conure.frontend.conversion import convert
from conure.frontend.names import attribute_of
from conure.frontend.values import (
    Elements,
    Instance,
    Method,
    Number,
    Object,
    Tuple,
    Value,
    View,
    integer_number,
)
from conure.ir.nodes import Const, Expr
from conure.ir.ops import apply
from conure.ir.types import BOOL, INT

ARRAY_METHODS = frozenset(
    ("sum", "prod", "min", "max", "mean", "any", "all", "std", "var", "argmin", "argmax", "copy",
     "astype", "fill", "dot", "item", "cumsum", "cumprod", "transpose", "trace", "ravel", "flatten",
     "reshape", "clip", "round", "conj", "conjugate")
)  # fmt: skip
NUMBER_METHODS = frozenset(
    ("conjugate", "conj", "item", "astype", "is_integer", "round", "bit_length", "bit_count")
)


def attribute(ctx: Lowering, owner: Value, name: str) -> Value:
    """`owner.name`."""
    match owner:
        case Object(value):
            return attribute_of(ctx, value, name)
        case Instance(of):
            found = ctx.fields.get(f"{of}.{name}")
            if found is None:
                ctx.refuse(f"attribute {name!r} of {of} is not compiled here")
            return found
        case Number():
            return _of_number(ctx, owner, name)
        case View():
            return _of_view(ctx, owner, name)
        case Elements() if name in ARRAY_METHODS:
            return Method(owner, name)
        case _:
            ctx.refuse(f"attribute {name!r} is not compiled here")


def _of_number(ctx: Lowering, number: Number, name: str) -> Value:
    if name in NUMBER_METHODS:
        return Method(number, name)
    if name in ("real", "imag"):
        return lift(ctx, lambda one: _part(one[0], name), [ctx.held_number(number)])
    if name == "dtype" and not number.type.python and number.kind is None:
        return Object(number.type.dtype)
    ctx.refuse(f"attribute {name!r} of a number is not compiled")


def _part(number: Number, name: str) -> Number:
    kind = number.type
    if kind.kind == "complex":
        return Number(apply(name, number.expr))
    kind = INT if kind is BOOL else kind
    if name == "imag":
        return Number(Const(0.0 if kind.kind == "real" else 0, kind))
    return Number(convert(number.expr, kind))


def _of_view(ctx: Lowering, view: View, name: str) -> Value:
    match name:
        case "shape":
            return Tuple(tuple(Number(extent) for extent in view.shape))
        case "ndim":
            return integer_number(view.rank)
        case "size":
            return Number(size_of(view.shape))
        case "dtype":
            return Object(view.dtype.dtype)
        case "itemsize":
            return integer_number(view.dtype.bytes)
        case "T":
            ctx.is_reordered = True
            return transposed(view)
        case _ if name in ARRAY_METHODS:
            return Method(view, name)
        case _:
            ctx.refuse(f"attribute {name!r} of an array is not compiled")


def size_of(shape: tuple[Expr, ...]) -> Expr:
    """The number of elements."""
    total: Expr = Const(1, INT)
    for extent in shape:
        total = times(total, extent)
    return total


def transposed(view: View) -> View:
    """`a.T`: the axes in reverse."""
    last = view.rank - 1
    axes = tuple(
        axis if axis.of is None else type(axis)(axis.start, axis.step, last - axis.of)
        for axis in view.axes
    )
    return View(view.base, view.dtype, axes, view.shape[::-1], view.writeable)


def dtype_of(ctx: Lowering, value: Value) -> np.dtype[np.generic]:
    """What `dtype=...` was given."""
    match value:
        case Object(inner) if isinstance(inner, np.dtype | type | str):
            try:
                return np.dtype(inner)
            except TypeError:
                ctx.refuse("this dtype is not compiled")
        case _:
            ctx.refuse("this dtype is not compiled")
