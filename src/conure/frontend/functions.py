"""NumPy's and `math`'s functions of numbers and elements, by the rules of `numpy_table`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from conure.frontend.arithmetic import lift, operate, operate_one
from conure.frontend.arrays import elements, elementwise
from conure.frontend.builtin_functions import as_complex
from conure.frontend.context import Lowering, atom
from conure.frontend.conversion import convert, nonzero
from conure.frontend.numpy_table import ROWS, Row
from conure.frontend.promotion import common, math_type
from conure.frontend.values import Elements, Number, Tuple, Value, View
from conure.ir.nodes import Apply, Const, Expr
from conure.ir.ops import OPS, apply, cast
from conure.ir.types import B1, BOOL, F64, FLOAT, INT, Scalar, numpy_type

_ARITY = {"where": 3, "clip": 3, "square": 1, "angle": 1, "step": 2, "float power": 2}
_DIVMOD = (ROWS[np.floor_divide], ROWS[np.remainder])


def function(ctx: Lowering, row: Row, args: Sequence[Value]) -> Value:
    """Apply a function of scalars, or of elements if an argument is an array."""
    arity = _ARITY.get(row.rule, OPS[row.op].arity if row.op in OPS else 1)
    if row.op == "log" and row.rule in ("python", "python complex") and len(args) == 2:
        logs = [function(ctx, row, [arg]) for arg in args]
        parts = [log for log in logs if isinstance(log, Number)]
        return lift(ctx, lambda two: _quotient(ctx, two), parts)
    if row.op == "hypot" and row.rule == "python" and len(args) == 3:
        return function(ctx, row, [function(ctx, row, args[:2]), args[2]])
    if row.rule == "divmod":
        return Tuple(tuple(function(ctx, each, args) for each in _DIVMOD))
    if len(args) != arity:
        ctx.refuse(f"{row.function.__name__} with {len(args)} arguments is not compiled")
    numbers = [arg for arg in args if isinstance(arg, Number)]
    if len(numbers) == len(args):
        if row.rule == "where":
            ctx.refuse("np.where of numbers gives a 0-d array", "write `x if c else y`")
        return lift(ctx, lambda given: Number(_scalar(ctx, row, given)), numbers)
    if row.rule in ("python", "python complex", "python test", "whole", "angle"):
        ctx.refuse("math functions take numbers, not arrays", "use the NumPy function")
    return _of_arrays(ctx, row, args)


def _quotient(ctx: Lowering, pair: Sequence[Number]) -> Number:
    return Number(operate(ctx, "divide", pair[0].expr, pair[1].expr, False))


def _scalar(ctx: Lowering, row: Row, numbers: Sequence[Number]) -> Expr:
    exprs = [number.expr for number in numbers]
    match row.rule:
        case "python":
            floats = [_as_float(ctx, expr) for expr in exprs]
            return apply(row.op, *floats, loc=ctx.loc)
        case "part":
            return _part(ctx, row.op, exprs[0])
        case "python complex":
            return apply(row.op, as_complex(exprs[0]), loc=ctx.loc)
        case "python test":
            return cast(apply(row.op, _as_float(ctx, exprs[0])), BOOL)
        case "angle":
            return apply("mul", _as_float(ctx, exprs[0]), Const(row.factor, FLOAT))
        case "whole":
            if exprs[0].type in (INT, BOOL):
                return convert(exprs[0], INT)
            if row.op == "trunc" and exprs[0].type not in (FLOAT, F64):
                ctx.refuse("math.trunc of this NumPy type raises TypeError", "use int(x)")
            return cast(apply(row.op, _as_float(ctx, exprs[0])), INT, loc=ctx.loc)
        case _:
            if all(expr.type.python for expr in exprs):
                exprs = [convert(expr, numpy_type(expr.type)) for expr in exprs]
            if row.op in ("pow", "float_power"):
                exprs = [ctx.held(expr) for expr in exprs]
            return on_elements(ctx, row, exprs)


def _as_float(ctx: Lowering, expr: Expr) -> Expr:
    if expr.type.kind == "complex":
        ctx.refuse("math functions do not take complex numbers")
    return convert(expr, FLOAT)


def _of_arrays(ctx: Lowering, row: Row, args: Sequence[Value]) -> Elements:
    """Elementwise; numbers among the arguments are evaluated once."""
    sources: list[Elements] = []
    for arg in args:
        match arg:
            case View() | Elements():
                sources.append(elements(ctx, arg))
            case Number():
                sources.append(_repeated(ctx, arg))
            case _:
                ctx.refuse("the arguments must be arrays and numbers")
    samples = [_sample(source.dtype) for source in sources]
    with ctx.nested():
        dtype = on_elements(ctx, row, samples).type
    return elementwise(ctx, dtype, sources, lambda *given: on_elements(ctx, row, given))


def _repeated(ctx: Lowering, number: Number) -> Elements:
    if number.kind is not None:
        ctx.refuse("the number may be of two types, and so may the array")
    held = ctx.held(number.expr)
    return Elements(held.type, (), lambda _: held, ())


def _sample(dtype: Scalar) -> Expr:
    value = {"bool": False, "real": 0.5, "complex": 0.5j}.get(dtype.kind, 1)
    return Const(value, dtype)


def on_elements(ctx: Lowering, row: Row, exprs: Sequence[Expr]) -> Expr:
    """A NumPy function on operands of one type each."""
    match row.rule:
        case "binary":
            return operate(ctx, row.op, exprs[0], exprs[1], True)
        case "unary":
            return operate_one(ctx, row.op, exprs[0], True)
        case "sign":
            return _sign(ctx, exprs[0])
        case "square":
            held = exprs[0] if atom(exprs[0]) else ctx.temporary(exprs[0])
            return operate(ctx, "mul", held, held, True)
        case "logical":
            return cast(apply(row.op, *(nonzero(expr) for expr in exprs)), B1)
        case "reciprocal":
            if exprs[0].type.kind != "real":
                ctx.refuse("np.reciprocal is compiled for floats only", "write 1 / x")
            one = cast(Const(1.0, FLOAT), exprs[0].type)
            return operate(ctx, "divide", one, exprs[0], True)
        case "turn":
            return _turned(ctx, row, exprs[0])
        case "complex":
            if exprs[0].type.kind == "bool":
                ctx.refuse("NumPy conjugates a bool to int8")
            return apply(row.op, exprs[0]) if exprs[0].type.kind == "complex" else exprs[0]
        case "part":
            return _part(ctx, row.op, exprs[0])
        case "phase":
            return _phase(ctx, exprs[0])
        case "test" if exprs[0].type.kind != "real":
            return _test(ctx, row.op, exprs[0])
        case "float power":
            return _float_power(ctx, exprs)
        case "step":
            return _step(ctx, exprs)
        case "where":
            kind = _common(ctx, exprs[1:])
            pair = (convert(expr, kind) for expr in exprs[1:])
            return apply("choice", nonzero(exprs[0]), *pair)
        case "clip":
            low = operate(ctx, "maximum", exprs[0], exprs[1], True)
            return operate(ctx, "minimum", low, exprs[2], True)
        case "whole number" if exprs[0].type.is_integer:
            return exprs[0]
        case _:
            return _of_reals(ctx, row, exprs)


def _sign(ctx: Lowering, expr: Expr) -> Expr:
    """-1, 0, 1, or NaN."""
    if expr.type.kind in ("bool", "complex"):
        ctx.refuse("np.sign of this type is not compiled")
    held = expr if atom(expr) else ctx.temporary(expr)
    zero, one = (cast(Const(value, INT), expr.type) for value in (0, 1))
    below = apply("neg", one, checked=False) if expr.type.kind != "unsigned" else zero
    level = apply("select", apply("equal", held, zero), zero, held)
    negative = apply("select", apply("less", held, zero), below, level)
    return apply("select", apply("greater", held, zero), one, negative)


def _part(ctx: Lowering, name: str, expr: Expr) -> Expr:
    """`np.real`, `np.imag`: of a Python number a Python number."""
    kind = expr.type
    if kind.kind == "complex":
        return apply(name, expr)
    if name == "real":
        return convert(expr, INT) if kind is BOOL else expr
    ctx.held(expr)  # it may fail
    zero = {"bool": False, "real": 0.0}.get(kind.kind, 0)
    return Const(0, INT) if kind is BOOL else Const(zero, kind)


def _phase(ctx: Lowering, expr: Expr) -> Expr:
    """`np.angle`."""
    if expr.type.kind == "complex":
        held = expr if atom(expr) else ctx.temporary(expr)
        return apply("atan2", apply("imag", held), apply("real", held))
    kind = math_type(expr.type)
    if kind is None:
        ctx.refuse("NumPy gives float16 here, which is not compiled", "convert to float64 first")
    return apply("atan2", Const(0.0, kind), convert(expr, kind))


def _test(ctx: Lowering, op: str, expr: Expr) -> Expr:
    """`np.isnan` and the like of what is not a float."""
    if expr.type.kind == "complex":
        if op == "signbit":
            ctx.refuse("np.signbit of a complex number is a TypeError")
        held = expr if atom(expr) else ctx.temporary(expr)
        pair = (apply(op, apply(part, held)) for part in ("real", "imag"))
        return cast(apply("bitand" if op == "isfinite" else "bitor", *pair), B1)
    if op == "signbit":
        expr = cast(expr, INT) if expr.type.kind == "bool" else expr
        return cast(apply("less", expr, cast(Const(0, INT), expr.type)), B1)
    return cast(apply("equal" if op == "isfinite" else "not_equal", expr, expr), B1)


def _step(ctx: Lowering, exprs: Sequence[Expr]) -> Expr:
    """`np.heaviside`: 0, 1, or the second argument at zero."""
    kind = math_type(*(expr.type for expr in exprs))
    if kind is None or kind.kind != "real":
        ctx.refuse("np.heaviside of this type is not compiled")
    held, middle = (ctx.held(convert(expr, kind)) for expr in exprs)
    zero, one = Const(0.0, kind), Const(1.0, kind)
    above = apply("select", apply("greater", held, zero), one, held)
    level = apply("select", apply("equal", held, zero), middle, above)
    return apply("select", apply("less", held, zero), zero, level)


def _float_power(ctx: Lowering, exprs: Sequence[Expr]) -> Expr:
    """`np.float_power`: in float64 at least."""
    if any(expr.type.kind == "complex" for expr in exprs):
        ctx.refuse("np.float_power of complex numbers is not compiled")
    return operate(ctx, "pow", convert(exprs[0], F64), convert(exprs[1], F64), True)


def _turned(ctx: Lowering, row: Row, expr: Expr) -> Expr:
    """Degrees or radians: a product with a factor that is rounded to the type."""
    kind = math_type(expr.type)
    if kind is None or kind.kind != "real":
        ctx.refuse(f"np.{row.op} of this type is not compiled")
    half, pi = (np.asarray(value, kind.dtype) for value in (row.factor, math.pi))
    factor = half / pi if row.op == "degrees" else pi / half
    return Apply("mul", (convert(expr, kind), Const(float(factor), kind)), kind)


def _of_reals(ctx: Lowering, row: Row, exprs: Sequence[Expr]) -> Expr:
    kind = math_type(*(expr.type for expr in exprs))
    if kind is None:
        ctx.refuse("NumPy gives float16 here, which is not compiled", "convert to float64 first")
    if kind.kind == "complex" and ("complex" not in OPS[row.op].kinds or row.op == "abs"):
        ctx.refuse(f"{row.op} of complex numbers is not compiled")
    args = tuple(convert(expr, kind) for expr in exprs)
    if row.rule == "test":
        return cast(apply(row.op, *args), B1)
    return Apply(row.op, args, kind, False, ctx.loc)


def _common(ctx: Lowering, exprs: Sequence[Expr]) -> Scalar:
    kind: Scalar | None = exprs[0].type
    for expr in exprs[1:]:
        kind = None if kind is None else common(kind, expr.type)
    if kind is None:
        ctx.refuse("NumPy gives these arguments a type that is not compiled")
    return kind
