"""Products of vectors and matrices, and what is made of them: `a @ x`, `np.outer`, norms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from conure.frontend.arithmetic import operate, operate_one
from conure.frontend.arrays import (
    ONE,
    allocate,
    at,
    elements,
    elementwise,
    over,
    store,
)
from conure.frontend.context import Lowering
from conure.frontend.conversion import convert
from conure.frontend.new_arrays import as_array, constant_of
from conure.frontend.promotion import common
from conure.frontend.reductions import reduce
from conure.frontend.values import Elements, Number, Object, Tuple, Value, View
from conure.ir.nodes import Assign, Const, Expr, Var
from conure.ir.ops import apply, cast
from conure.ir.types import B1, C64, C128, F32, F64, INT, Scalar

Index = tuple[Expr, ...]
_WIDER = {F32: F64, C64: C128}
_LARGEST: Final = 64**3
"""Products of matrices with more terms than this are left to the library behind NumPy."""


def dot(ctx: Lowering, op: str, args: Sequence[Value]) -> Value:
    """`np.dot(x, y)`, `a @ x`, of one or two axes each."""
    if op == "dot" and any(isinstance(arg, Number) for arg in args):
        ctx.refuse("np.dot with a number is not compiled", "write *")
    left, right = (elements(ctx, as_array(ctx, arg)) for arg in args)
    if not (1 <= left.rank <= 2 and 1 <= right.rank <= 2):
        ctx.refuse("products are compiled for arrays of one or two axes", "write the loops")
    if left.rank + right.rank > 2 and op in ("vdot", "inner"):
        ctx.refuse(f"np.{op} is compiled for two vectors")
    kind = common(left.dtype, right.dtype)
    if kind is None or kind is B1 or (op == "vdot" and kind.kind == "complex"):
        ctx.refuse("the dot product of these types is not compiled")
    terms = ctx.held(left.shape[-1])
    other = right.shape[0]
    if terms != other:
        ctx.fail_if(apply("not_equal", terms, other))
    if op == "dot" and left.rank + right.rank > 2 and kind.is_inexact:
        ctx.fail_if(apply("equal", terms, ONE))  # NumPy multiplies by no zero there: 0 * nan is 0
    if left.rank == right.rank == 1:
        return Number(_sum_of_products(ctx, op, kind, terms, left, right, (), ()))
    if left.rank == right.rank == 2:
        size = apply("mul", apply("mul", left.shape[0], terms), right.shape[1])
        if not isinstance(left.shape[0], Const) or not isinstance(right.shape[1], Const):
            ctx.fail_if(apply("greater", size, Const(_LARGEST, INT)))
    rows, columns = left.shape[:-1], right.shape[1:]
    shape = tuple(ctx.held(extent) for extent in (*rows, *columns))
    result = allocate(ctx, kind, shape, op)

    def fill(place: Index) -> None:
        row, column = place[: len(rows)], place[len(rows) :]
        total = _sum_of_products(ctx, op, kind, terms, left, right, row, column)
        store(ctx, result, place, total)

    over(ctx, shape, fill)
    return result


def _sum_of_products(
    ctx: Lowering,
    op: str,
    kind: Scalar,
    terms: Expr,
    left: Elements,
    right: Elements,
    row: Index,
    column: Index,
) -> Expr:
    """Sums of narrow floats are kept in the wider type, as those of `np.sum` are."""
    wide = _WIDER.get(kind, kind)
    total = Var(ctx.local(f"{op}.tmp", wide), wide)
    ctx.emit(Assign(total.name, constant_of(0, wide), ctx.loc))

    def add(place: Index) -> None:
        pair = at(left, (*row, *place)), at(right, (*place, *column))
        item = apply("mul", *(convert(each, kind) for each in pair), checked=False)
        ctx.emit(Assign(total.name, apply("add", total, cast(item, wide), checked=False), ctx.loc))

    over(ctx, (terms,), add)
    return cast(total, kind)


# ---- of two vectors --------------------------------------------------------------------------


def outer(ctx: Lowering, args: Sequence[Value], named: Mapping[str, Value]) -> Elements:
    """`np.outer(x, y)`."""
    left, right = _pair(ctx, "np.outer", args, named)
    kind = common(left.dtype, right.dtype)
    if kind is None:
        ctx.refuse("the product of these types is not compiled")

    def product(place: Index) -> Expr:
        one, other = left.element(place[:1]), right.element(place[1:])
        return operate(ctx, "mul", one, other, True)

    return Elements(kind, (*left.shape, *right.shape), product, (*left.reads, *right.reads))


def cross(ctx: Lowering, args: Sequence[Value], named: Mapping[str, Value]) -> View:
    """`np.cross(x, y)` of vectors of three elements."""
    left, right = _pair(ctx, "np.cross", args, named)
    for source in (left, right):
        if source.shape[0] != Const(3, INT):
            ctx.fail_if(apply("not_equal", source.shape[0], Const(3, INT)))
    x, y = ([ctx.temporary(s.element((Const(k, INT),))) for k in range(3)] for s in (left, right))
    parts: list[Expr] = []
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        sides = operate(ctx, "mul", x[i], y[j], True), operate(ctx, "mul", x[j], y[i], True)
        parts.append(ctx.temporary(operate(ctx, "sub", *sides, True)))
    result = allocate(ctx, parts[0].type, (Const(3, INT),), "cross")
    for k, part in enumerate(parts):
        store(ctx, result, (Const(k, INT),), part)
    return result


def _pair(
    ctx: Lowering, name: str, args: Sequence[Value], named: Mapping[str, Value]
) -> tuple[Elements, Elements]:
    if len(args) != 2 or named:
        ctx.refuse(f"{name} with these arguments is not compiled")
    left, right = (elements(ctx, as_array(ctx, arg)) for arg in args)
    if left.rank != 1 or right.rank != 1:
        ctx.refuse(f"{name} is compiled for two vectors")
    return left, right


# ---- norms -----------------------------------------------------------------------------------


def norm(ctx: Lowering, args: Sequence[Value], named: Mapping[str, Value]) -> Value:
    """`np.linalg.norm(x)`, of a vector also with `ord` 1, 2 and infinity, and along an axis."""
    every = {**dict(zip(("x", "ord", "axis", "keepdims"), args, strict=False)), **named}
    if not {"x"} <= set(every) <= {"x", "ord", "axis", "keepdims"} or len(args) > 4:
        ctx.refuse("np.linalg.norm with these arguments is not compiled")
    source = elements(ctx, as_array(ctx, every.pop("x")))
    if source.dtype.kind == "complex":
        ctx.refuse("the norm of complex numbers is not compiled")
    order = _order(ctx, every.pop("ord", None))
    along = every.get("axis")
    flat = along is None or (isinstance(along, Object) and along.value is None)
    if (order is not None and source.rank != 1) or (not flat and isinstance(along, Tuple)):
        ctx.refuse("this norm of a matrix is not compiled")
    kind = source.dtype if source.dtype.is_inexact else F64
    if order in (None, 2):
        total = reduce(ctx, "sum", _squares(ctx, source, kind), [], every)
        if isinstance(total, Number):
            return Number(apply("sqrt", total.expr, checked=False))
        found = elements(ctx, as_array(ctx, total))
        return elementwise(ctx, kind, [found], lambda x: apply("sqrt", x, checked=False))
    sizes = elementwise(
        ctx, kind, [source], lambda x: operate_one(ctx, "abs", convert(x, kind), True)
    )
    op = "sum" if order == 1 else "max" if order == math.inf else "min"
    return reduce(ctx, op, sizes, [], every)


def _squares(ctx: Lowering, source: Elements, kind: Scalar) -> Elements:
    def square(x: Expr) -> Expr:
        held = ctx.temporary(convert(x, kind))
        return apply("mul", held, held, checked=False)

    return elementwise(ctx, kind, [source], square)


def _order(ctx: Lowering, value: Value | None) -> float | None:
    match value:
        case None | Object(None):
            return None
        case Number() if value.constant in (1, 2, math.inf, -math.inf):
            return float(value.constant.real)
        case _:
            ctx.refuse("this norm is not compiled", "write what it computes")
