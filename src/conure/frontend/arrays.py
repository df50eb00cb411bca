"""Views, and array expressions as loops: elements, broadcasting, assignment, temporaries.

`a[i, :] = b[i, :] * s` becomes `for j in 0:dim(a, 1) { a?[i, j] = b?[i, j] * s }`. NumPy
evaluates the right side first; where the destination may be read at another place, it goes
through a local array.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from conure.frontend.arithmetic import lift, operate
from conure.frontend.context import Lowering, body_of
from conure.frontend.conversion import convert, stored
from conure.frontend.promotion import plan
from conure.frontend.values import Axis, Elements, Number, Value, View
from conure.ir.nodes import Alloc, Apply, Const, Dim, Expr, For, Load, Store
from conure.ir.ops import apply
from conure.ir.types import INT, ArrayType, Scalar

ZERO, ONE = Const(0, INT), Const(1, INT)
Index = tuple[Expr, ...]


# ---- index arithmetic ------------------------------------------------------------------------


def plus(left: Expr, right: Expr) -> Expr:
    """`left + right`, tidied."""
    if isinstance(left, Const) and isinstance(right, Const):
        return Const(_int(left) + _int(right), INT)
    if right == ZERO:
        return left
    if left == ZERO:
        return right
    if isinstance(right, Const) and _int(right) < 0:
        return apply("sub", left, Const(-_int(right), INT))
    return apply("add", left, right)


def minus(left: Expr, right: Expr) -> Expr:
    """`left - right`, tidied."""
    if isinstance(left, Const) and isinstance(right, Const):
        return Const(_int(left) - _int(right), INT)
    if right == ZERO:
        return left
    if left == right:
        return ZERO
    return apply("sub", left, right)


def times(left: Expr, right: Expr) -> Expr:
    """`left * right`, tidied."""
    if isinstance(left, Const) and isinstance(right, Const):
        return Const(_int(left) * _int(right), INT)
    if ONE in (left, right):
        return right if left == ONE else left
    if ZERO in (left, right):
        return ZERO
    return apply("mul", left, right)


def at_least_zero(extent: Expr) -> Expr:
    """`max(0, extent)`."""
    if isinstance(extent, Const):
        return Const(max(0, _int(extent)), INT)
    return extent if isinstance(extent, Dim) else apply("maximum", extent, ZERO)


def _int(constant: Const) -> int:
    assert isinstance(constant.value, int), constant
    return constant.value


def _trips(extent: Expr) -> Expr:
    """An extent as the end of a loop, where a negative one counts as 0 anyway."""
    match extent:
        case Apply("maximum", (inner, Const(0))):
            return inner
        case _:
            return extent


# ---- views -----------------------------------------------------------------------------------


def whole(name: str, kind: ArrayType, writeable: bool) -> View:
    """An array itself."""
    axes = tuple(Axis(ZERO, 1, axis) for axis in range(kind.rank))
    shape = tuple(Dim(name, axis, INT) for axis in range(kind.rank))
    return View(name, kind.dtype, axes, shape, writeable, whole=True)


def base_index(view: View, index: Index) -> Index:
    """Where an element of the view lies in the array underneath."""
    result: list[Expr] = []
    for axis in view.axes:
        if axis.of is None:
            result.append(axis.start)
            continue
        step = Const(axis.step, INT) if isinstance(axis.step, int) else axis.step
        result.append(plus(times(index[axis.of], step), axis.start))
    return tuple(result)


def load(ctx: Lowering, view: View, index: Index) -> Expr:
    """An element of a view."""
    return Load(view.base, base_index(view, index), view.dtype, True, ctx.loc)


def store(ctx: Lowering, view: View, index: Index, value: Expr) -> None:
    """Set an element of a view."""
    if not view.writeable:
        ctx.refuse("the array is read-only, so this assignment raises ValueError")
    ctx.emit(Store(view.base, base_index(view, index), value, True, ctx.loc))


def hold_view(ctx: Lowering, view: View) -> View:
    """A view that means the same after the variables in its subscripts have changed."""
    axes = tuple(Axis(ctx.held(axis.start), axis.step, axis.of) for axis in view.axes)
    shape = tuple(ctx.held(extent) for extent in view.shape)
    return View(view.base, view.dtype, axes, shape, view.writeable, view.whole)


def elements(ctx: Lowering, value: View | Elements) -> Elements:
    """An array as an expression over its indexes."""
    if isinstance(value, Elements):
        return value
    view = hold_view(ctx, value)
    return Elements(view.dtype, view.shape, lambda index: load(ctx, view, index), (view,))


# ---- elementwise operations ------------------------------------------------------------------


def broadcast(ctx: Lowering, shapes: Sequence[Index]) -> Index:
    """The common shape; extents that are not known to agree leave to Python if they do not."""
    rank = max(len(shape) for shape in shapes)
    result: list[Expr] = []
    for axis in range(rank):
        extents = [shape[axis - rank] for shape in shapes if axis - rank >= -len(shape)]
        wide = [extent for extent in dict.fromkeys(extents) if extent != ONE]
        for other in wide[1:]:
            ctx.fail_if(apply("not_equal", wide[0], other))
        result.append(wide[0] if wide else ONE)
    return tuple(result)


def at(operand: Elements, index: Index) -> Expr:
    """The element of an operand that belongs to an index of the broadcast result."""
    own = index[len(index) - operand.rank :]
    pairs = zip(operand.shape, own, strict=True)
    return operand.element(tuple(ZERO if extent == ONE else k for extent, k in pairs))


def elementwise(
    ctx: Lowering, dtype: Scalar, operands: Sequence[Elements], combine: Callable[..., Expr]
) -> Elements:
    """`combine` applied to the elements of the operands."""
    shape = broadcast(ctx, [operand.shape for operand in operands])
    reads = tuple(view for operand in operands for view in operand.reads)

    def element(index: Index) -> Expr:
        return combine(*(at(operand, index) for operand in operands))

    return Elements(dtype, shape, element, reads)


def binary_elements(ctx: Lowering, op: str, left: Value, right: Value) -> Elements:
    """An operator where at least one side is an array."""
    if isinstance(left, Number) and isinstance(right, View | Elements):
        scalar = _scalar_operand(ctx, op, left, right.dtype)
        other = elements(ctx, right)
        dtype = _result_type(ctx, op, scalar.type, other.dtype)
        return elementwise(ctx, dtype, [other], lambda y: operate(ctx, op, scalar, y, True))
    if isinstance(right, Number) and isinstance(left, View | Elements):
        scalar = _scalar_operand(ctx, op, right, left.dtype)
        other = elements(ctx, left)
        dtype = _result_type(ctx, op, other.dtype, scalar.type)
        return elementwise(ctx, dtype, [other], lambda x: operate(ctx, op, x, scalar, True))
    if isinstance(left, View | Elements) and isinstance(right, View | Elements):
        pair = [elements(ctx, left), elements(ctx, right)]
        dtype = _result_type(ctx, op, left.dtype, right.dtype)
        return elementwise(ctx, dtype, pair, lambda x, y: operate(ctx, op, x, y, True))
    ctx.refuse("an array with something that is neither an array nor a number")


def _result_type(ctx: Lowering, op: str, left: Scalar, right: Scalar) -> Scalar:
    how = plan(op, left, right, True)
    if how.error:
        ctx.refuse(how.error)
    return how.result


def _scalar_operand(ctx: Lowering, op: str, number: Number, dtype: Scalar) -> Expr:
    """A scalar against an array: evaluated once, in the type that the operation works in."""

    def converted(one: Sequence[Number]) -> Number:
        how = plan(op, dtype, one[0].type, True)
        if how.error:
            ctx.refuse(how.error)
        return Number(convert(one[0].expr, how.operand))

    expr = lift(ctx, converted, [number]).expr
    match expr:
        case Apply("complex", (part, Const() as zero), kind):
            return Apply("complex", (ctx.held(part), zero), kind)  # known to be real
        case _:
            return ctx.held(expr)


# ---- loops over elements ---------------------------------------------------------------------


def over(ctx: Lowering, shape: Index, body: Callable[[Index], None], names: str = "e") -> None:
    """Run `body` once for every index of the shape, in C order."""
    _over(ctx, shape, body, (), names)


def _over(
    ctx: Lowering, shape: Index, body: Callable[[Index], None], index: Index, names: str
) -> None:
    if not shape:
        body(index)
        return
    stop = _trips(shape[0])
    with ctx.index(names, ZERO, stop) as variable, ctx.nested() as statements:
        _over(ctx, shape[1:], body, (*index, variable), names)
    ctx.emit(For(variable.name, ZERO, stop, ONE, body_of(statements), loc=ctx.loc))


def allocate(ctx: Lowering, dtype: Scalar, shape: Index, name: str) -> View:
    """A new local array."""
    base = ctx.unique(f"{name}.array")
    kind = ArrayType(dtype, len(shape), "C")
    ctx.emit(Alloc(base, dtype, shape, ctx.loc))
    ctx.arrays[base] = kind
    ctx.allocated[base] = ctx.out
    axes = tuple(Axis(ZERO, 1, axis) for axis in range(len(shape)))
    return View(base, dtype, axes, shape, True, whole=True)


def materialize(ctx: Lowering, value: Elements, name: str = "t") -> View:
    """Evaluate an array expression into a local array."""
    shape = tuple(ctx.held(extent) for extent in value.shape)
    result = allocate(ctx, value.dtype, shape, name)
    over(ctx, shape, lambda index: store(ctx, result, index, value.element(index)))
    return result


def assign_elements(ctx: Lowering, target: View, value: Value) -> None:
    """`target[...] = value`."""
    if isinstance(value, Number):
        expr = ctx.held(lift(ctx, lambda one: _as_stored(ctx, one[0], target), [value]).expr)
        over(ctx, target.shape, lambda index: store(ctx, target, index, expr))
        return
    if not isinstance(value, View | Elements):
        ctx.refuse("what is assigned to the array is neither an array nor a number")
    source = elements(ctx, value)
    if source.rank > target.rank:
        ctx.refuse(f"an array of {source.rank} axes is assigned to one of {target.rank}")
    _check_extents(ctx, target, source)
    if any(_may_disturb(ctx, target, view) for view in source.reads):
        if isinstance(value, View) and _copied_in_place(ctx, target, value):
            ctx.refuse(
                "NumPy copies a vector onto an overlapping one of another stride in place",
                "copy it first (x.copy())",
            )
        source = elements(ctx, materialize(ctx, source))
    stored(ctx, Const(0j if source.dtype.kind == "complex" else 0, source.dtype), target.dtype)
    over(
        ctx,
        _extents(target, source),
        lambda index: store(ctx, target, index, stored(ctx, at(source, index), target.dtype, True)),
    )


def _extents(target: View, source: Elements) -> Index:
    """The target's extents, in the words of the source where it is not broadcast: subscripts that
    wrap around its ends are then seen to do so at the loop's."""
    rest = target.rank - source.rank
    own = (*target.shape[:rest], *source.shape)
    return tuple(
        extent if each == ONE else each for each, extent in zip(own, target.shape, strict=True)
    )


def _as_stored(ctx: Lowering, number: Number, target: View) -> Number:
    return Number(stored(ctx, number.expr, target.dtype))


def _check_extents(ctx: Lowering, target: View, source: Elements) -> None:
    for extent, own in zip(target.shape[target.rank - source.rank :], source.shape, strict=True):
        if own not in (ONE, extent):
            ctx.fail_if(apply("not_equal", extent, own))


def _copied_in_place(ctx: Lowering, target: View, source: View) -> bool:
    """Whether NumPy assigns without a temporary though elements may be overwritten before they
    are read: it does for vectors, unless their strides are equal or of opposite direction."""
    if target.rank != 1:
        return False
    (one, step), (other, source_step) = _stride(ctx, target), _stride(ctx, source)
    if one != other or not isinstance(step, int) or not isinstance(source_step, int):
        return (one, step) != (other, source_step)
    return step != source_step and step * source_step > 0


def _stride(ctx: Lowering, view: View) -> tuple[tuple[str | int, ...], int | Expr]:
    """The distance between elements along the last axis: a unit, and how many of it."""
    for position, axis in enumerate(view.axes):
        if axis.of == view.rank - 1:
            kind = ctx.arrays[view.base]
            if kind.layout in "CU" and position == kind.rank - 1:
                return ("bytes", kind.dtype.bytes), axis.step
            return (view.base, position), axis.step
    return ("none",), 0  # broadcast along it: one element


def _may_disturb(ctx: Lowering, target: View, read: View) -> bool:
    """Whether writing the target in order may change what `read` is still to give."""
    if target.base != read.base:
        return frozenset((target.base, read.base)) in ctx.overlaps
    return target.axes != read.axes or target.rank != read.rank
