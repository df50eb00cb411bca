"""Calls: which table a callable stands in, or inlining."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping, Sequence

import numpy as np

from conure.frontend.array_functions import ARRAY_FUNCTIONS, METHODS
from conure.frontend.arrays import assign_elements, elements, elementwise, materialize
from conure.frontend.attributes import dtype_of
from conure.frontend.builtin_functions import (
    BUILTINS,
    construct,
    number_method,
    scalar_type,
)
from conure.frontend.comprehensions import check_sum
from conure.frontend.context import Lowering
from conure.frontend.conversion import stored
from conure.frontend.definitions import DEFINITIONS, INT_METHODS, OF_VECTORS
from conure.frontend.functions import function
from conure.frontend.inlining import inline, inline_closure
from conure.frontend.new_arrays import copied, known_dtype, new_array
from conure.frontend.numpy_table import ROWS, Row
from conure.frontend.products import dot
from conure.frontend.reductions import REDUCTIONS, reduce
from conure.frontend.rounding import numpy_round
from conure.frontend.values import (
    Bound,
    Closure,
    Elements,
    Method,
    Number,
    Object,
    Value,
    View,
)
from conure.ir.types import BOOL, INT, Scalar, scalar_of_dtype
from conure.record import Record


class Arguments(Record):
    """The values of a call's arguments."""

    given: tuple[Value, ...]
    named: Mapping[str, Value]


def call(ctx: Lowering, callee: Value, arguments: Arguments) -> Value:
    """`callee(*given, **named)`."""
    match callee:
        case Closure():
            return inline_closure(ctx, callee, arguments.given, arguments.named)
        case Bound(bound, owner):
            return _known(ctx, bound, Arguments((owner, *arguments.given), arguments.named))
        case Method(owner, name):
            return _method(ctx, owner, name, arguments)
        case Object(value):
            return _known(ctx, value, arguments)
        case _:
            ctx.refuse("this is not something that can be called here")


def _known(ctx: Lowering, value: object, arguments: Arguments) -> Value:
    vector = _of_vectors(value, arguments)
    if vector is not None:
        result = inline(ctx, vector, [_solid(ctx, a) for a in arguments.given], arguments.named)
        if value is sum:
            check_sum(ctx, result)
        return result
    unwrapped = _written_out(value) or _plain_function(value)
    if unwrapped is not None:
        if value is math.ldexp and not _python_int(arguments.given[1:]):
            ctx.refuse("math.ldexp takes a Python int", "write int(...) around it")
        given = [_solid(ctx, argument) for argument in arguments.given]
        named = {name: _solid(ctx, argument) for name, argument in arguments.named.items()}
        return inline(ctx, unwrapped, given, named)
    row = _row(value)
    if row is not None:
        return _of_table(ctx, row, arguments)
    if (target := scalar_type(value)) is not None and not arguments.named:
        return construct(ctx, target, arguments.given)
    builtin = BUILTINS.get(value) if isinstance(value, types.BuiltinFunctionType | type) else None
    if builtin is not None and not arguments.named:
        return builtin(ctx, arguments.given)
    if value is round and [*arguments.named] == ["ndigits"] and len(arguments.given) == 1:
        return BUILTINS[round](ctx, (*arguments.given, arguments.named["ndigits"]))
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    module = getattr(value, "__module__", None)
    shown = f"{module}.{name}" if module and module != "builtins" else name or repr(value)
    ctx.refuse(
        f"a call to {shown} is not compiled", "move it out of the loop, or write what it computes"
    )


def _python_int(values: Sequence[Value]) -> bool:
    return all(
        isinstance(value, Number) and value.kind is None and value.type in (INT, BOOL)
        for value in values
    )


def _solid(ctx: Lowering, value: Value) -> Value:
    """An argument as the callee gets it: arrays are evaluated before the call."""
    return materialize(ctx, value) if isinstance(value, Elements) else value


def _of_vectors(value: object, arguments: Arguments) -> types.FunctionType | None:
    """The definition of a function of arrays with one axis, if it is called with such."""
    try:
        found = OF_VECTORS.get(value)
    except TypeError:
        return None
    first = arguments.given[0] if arguments.given else None
    if not isinstance(first, View | Elements) or first.rank != 1:
        return None
    rest = [*arguments.given[1:], *arguments.named.values()]
    simple = (
        each.rank == 1 if isinstance(each, View | Elements) else isinstance(each, Number | Object)
        for each in rest
    )
    fits = all(simple) and (value not in (min, max, any, all) or not rest)
    return found if fits and isinstance(found, types.FunctionType) else None


def _written_out(value: object) -> types.FunctionType | None:
    """A function of `math` that is a few lines of Python."""
    try:
        found = DEFINITIONS.get(value, value if value in INT_METHODS.values() else None)
    except TypeError:
        return None
    return found if isinstance(found, types.FunctionType) else None


def _row(value: object) -> Row | None:
    try:
        return ROWS.get(value)
    except TypeError:
        return None


def _plain_function(value: object) -> types.FunctionType | None:
    """A function of the user's own, also under `conure.jit`."""
    if type(value).__module__.partition(".")[0] == "conure":
        value = getattr(value, "__wrapped__", value)
    if isinstance(value, types.FunctionType) and value not in ROWS:
        package = value.__module__.partition(".")[0] if value.__module__ else ""
        return None if package == "numpy" else value
    return None


def _of_table(ctx: Lowering, row: Row, arguments: Arguments) -> Value:
    match row.rule:
        case "reduce":
            if not arguments.given:
                ctx.refuse(f"np.{row.op} without an array is not compiled")
            first, *rest = arguments.given
            return reduce(ctx, row.op, first, rest, arguments.named)
        case "array":
            return ARRAY_FUNCTIONS[row.op](ctx, arguments.given, arguments.named)
        case "dot":
            if len(arguments.given) != 2 or arguments.named:
                ctx.refuse(f"np.{row.op} with these arguments is not compiled")
            return dot(ctx, row.op, arguments.given)
        case "new":
            return new_array(ctx, row.op, arguments.given, arguments.named)
        case "round":
            return numpy_round(ctx, arguments.given, arguments.named)
        case "cast":
            return _copied(ctx, row.op, arguments)
        case _:
            if arguments.named:
                ctx.refuse(f"{row.op} with named arguments is not compiled")
            return function(ctx, row, arguments.given)


def _copied(ctx: Lowering, op: str, arguments: Arguments) -> View:
    """`np.array(x)`, `np.array((a, b), dtype=...)`."""
    given, named = arguments.given, arguments.named
    dtype = given[1] if op == "array" and len(given) == 2 else named.get("dtype")
    if not 1 <= len(given) <= 1 + (op == "array") or not set(named) <= {"dtype"}:
        ctx.refuse(f"{op} with these arguments is not compiled")
    return copied(ctx, given[0], None if dtype is None else known_dtype(ctx, dtype))


def _method(ctx: Lowering, owner: Value, name: str, arguments: Arguments) -> Value:
    if name == "round":
        if isinstance(owner, Number) and (owner.type.python or owner.kind is not None):
            ctx.refuse("a Python number has no method 'round'")
        return numpy_round(ctx, (owner, *arguments.given), arguments.named)
    if isinstance(owner, Number):
        if name in INT_METHODS and not arguments.given and not arguments.named:
            if owner.kind is not None or owner.type is not INT:
                ctx.refuse(f"{name!r} is compiled for Python ints", "write int(...) around it")
            method = _written_out(INT_METHODS[name])
            assert method is not None, name
            return inline(ctx, method, (owner,), {})
        dtype = _dtype(ctx, arguments) if name == "astype" else None
        return number_method(ctx, owner, name, arguments.given, dtype)
    if not isinstance(owner, View | Elements):
        ctx.refuse(f"method {name!r} is not compiled here")
    match name:
        case "copy" if not arguments.given and not arguments.named:
            return copied(ctx, owner)
        case "astype":
            return _astype(ctx, owner, _dtype(ctx, arguments))
        case "dot" if len(arguments.given) == 1 and not arguments.named:
            return dot(ctx, "dot", [owner, arguments.given[0]])
        case "fill" if isinstance(owner, View) and len(arguments.given) == 1:
            assign_elements(ctx, owner, arguments.given[0])
            return Object(None)
        case _ if name in REDUCTIONS:
            return reduce(ctx, name, owner, arguments.given, arguments.named)
        case _ if name in METHODS:
            return METHODS[name](ctx, [owner, *arguments.given], arguments.named)
        case "conj" | "conjugate" if owner.dtype.kind != "complex":
            return owner  # the array itself
        case "clip" | "conj" | "conjugate" if not arguments.named:
            row = ROWS[np.clip if name == "clip" else np.conjugate]
            return function(ctx, row, [owner, *arguments.given])
        case _:
            ctx.refuse(f"method {name!r} with these arguments is not compiled")


def _dtype(ctx: Lowering, arguments: Arguments) -> Scalar:
    if len(arguments.given) != 1 or arguments.named:
        ctx.refuse("astype with these arguments is not compiled")
    found = scalar_of_dtype(np.dtype(dtype_of(ctx, arguments.given[0])))
    if found is None:
        ctx.refuse("this dtype is not compiled")
    return found


def _astype(ctx: Lowering, owner: View | Elements, target: Scalar) -> Elements:
    source = elements(ctx, owner)
    return elementwise(ctx, target, [source], lambda x: stored(ctx, x, target, True))
