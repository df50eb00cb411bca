"""From a run of Python statements to a program of the IR.

    def saxpy(a, x, y):                  program saxpy(a: float, x: f64[1]C, y: f64[1]C) {
        for i in range(len(x)):    -->     for i.1 in 0:dim(x, 0):1 {
            y[i] = a * x[i] + y[i]           y?[i.1] = f64(a) * x?[i.1] + y?[i.1] } }

Types are those that CPython and NumPy would meet when this code runs on these arguments. What
is not known to be the same is refused with a reason.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from conure.errors import Reason
from conure.frontend.arrays import whole
from conure.frontend.context import Frame, Lowering, Refused, Target, frozen
from conure.frontend.joins import RETURN_TAKEN
from conure.frontend.liveness import assigned_names, liveness
from conure.frontend.lowered import (
    Argument,
    ArrayArgument,
    Guard,
    Lowered,
    MethodArgument,
    NewArray,
    ObjectArgument,
    SameArray,
    ScalarArgument,
    TupleArgument,
    UnboundArgument,
)
from conure.frontend.names import constant
from conure.frontend.outcomes import outcomes
from conure.frontend.returns import finish_returns
from conure.frontend.statements import lower_statements
from conure.frontend.values import (
    Binding,
    Bound,
    Environment,
    Instance,
    Items,
    Number,
    Poison,
    Tuple,
    Value,
)
from conure.ir.nodes import Alloc, Block, Const, Local, Param, Program, Stmt, Var
from conure.ir.types import BOOL, ArrayType, Type
from conure.ir.walk import names_read, names_written


def lower(
    name: str,
    statements: Sequence[ast.stmt],
    arguments: Mapping[str, Argument],
    live_out: Sequence[str],
    file: str,
    function: str,
    may_return: bool,
    overlaps: Iterable[tuple[str, str]] = (),
    varying: frozenset[tuple[int, str]] = frozenset(),
) -> Lowered | Reason:
    """Lower a region.

    Parameters
    ----------
    name
        The program's name.
    statements
        The region, with the line numbers of its file.
    arguments
        What each name that the region may read holds when it is reached; dotted names such as
        "np.sqrt" may be among them.
    live_out
        The names whose values are wanted afterwards.
    file, function
        Where the statements are; `function` is "<module>" for a script.
    may_return
        Whether the statements may execute `return`.
    overlaps
        Pairs of array arguments that may share memory.
    varying
        Numbers of other functions' worlds that are to be parameters, not constants: the id of a
        namespace, and a name in it.
    """
    try:
        return _lower(
            name, statements, arguments, live_out, file, function, may_return, tuple(overlaps),
            varying,
        )  # fmt: skip
    except Refused as refused:
        return refused.reason


def _lower(
    name: str,
    statements: Sequence[ast.stmt],
    arguments: Mapping[str, Argument],
    live_out: Sequence[str],
    file: str,
    function: str,
    may_return: bool,
    overlaps: tuple[tuple[str, str], ...],
    varying: frozenset[tuple[int, str]],
) -> Lowered:
    returns = Target("return")
    frame = Frame(
        function, file, "", {}, lambda _: None, liveness(statements, live_out),
        assigned_names(statements), returns,
    )  # fmt: skip
    ctx = Lowering(frame, lower_statements, may_return=may_return)
    ctx.overlaps = frozenset(frozenset(pair) for pair in overlaps)
    ctx.varying = varying
    params = _parameters(ctx, arguments)
    fields = {name: held.value for name, held in frame.env.items() if "." in name}
    frame.outside = _outside(ctx, arguments, fields)
    ctx.fields = fields
    if may_return:
        frame.env[RETURN_TAKEN] = Binding(Number(Const(False, BOOL)))
    with ctx.nested() as body:
        ctx.body_list = body
        ctx.body(ctx, statements, "function" if may_return else "")
    finish_returns(ctx, body)
    ctx.at = statements[-1] if statements else None
    found = outcomes(ctx, params, live_out, may_return)
    finished = _without_allocation(frozen([*ctx.head, *ctx.out]), frozenset(ctx.made))
    used = names_read(finished) | names_written(finished) | found.names
    locals_ = tuple(Local(key, kind) for key, kind in ctx.locals.items() if key in used)
    made = tuple(NewArray(key, ctx.arrays[key].dtype, shape) for key, shape in ctx.made.items())
    params |= {key: ctx.arrays[key] for key in ctx.made}
    params |= {number.name: number.type for number in ctx.outer.values()}
    program = Program(
        name,
        tuple(Param(key, kind) for key, kind in params.items()),
        locals_,
        finished,
        found.results,
        overlaps,
    )
    return Lowered(program, found.rows, found.returned, found.value, _unique(ctx.guards), made)


def _without_allocation(statements: tuple[Stmt, ...], names: frozenset[str]) -> tuple[Stmt, ...]:
    """The statements, where these arrays are parameters."""
    kept: list[Stmt] = []
    for stmt in statements:
        if isinstance(stmt, Block):
            kept.append(replace(stmt, body=_without_allocation(stmt.body, names)))
        elif not (isinstance(stmt, Alloc) and stmt.name in names):
            kept.append(stmt)
    return tuple(kept)


def _unique(guards: Sequence[Guard]) -> tuple[Guard, ...]:
    kept = {(id(guard.namespace), guard.name): guard for guard in guards}
    return tuple(kept.values())


# ---- arguments -------------------------------------------------------------------------------


def _parameters(ctx: Lowering, arguments: Mapping[str, Argument]) -> dict[str, Type]:
    """The program's parameters; what each name holds goes into the environment."""
    params: dict[str, Type] = {}
    env: Environment = {}
    for name, argument in arguments.items():
        if "." in name and isinstance(argument, ObjectArgument):
            continue
        value = _value(ctx, params, name, argument)
        if value is not None:
            env[name] = Binding(value)
    for name, argument in arguments.items():
        if isinstance(argument, SameArray) and argument.name in env:
            env[name] = env[argument.name]
    ctx.frame.env = env
    return params


def _value(ctx: Lowering, params: dict[str, Type], name: str, argument: Argument) -> Value | None:
    match argument:
        case ScalarArgument(kind):
            params[name] = kind
            ctx.taken.add(name)
            ctx.fixed.add(name)
            return Number(Var(name, kind))
        case ArrayArgument(kind, writeable):
            return _array(ctx, params, name, kind, writeable)
        case ObjectArgument(value):
            return constant(value)
        case TupleArgument(items, is_list):
            parts = [_value(ctx, params, f"{name}.{k}", item) for k, item in enumerate(items)]
            if any(part is None for part in parts):
                return Poison(f"{name!r} is a tuple with an item that is not compiled")
            given = tuple(part for part in parts if part is not None)
            return Items(given, name) if is_list else Tuple(given, origin=name)
        case MethodArgument(called, owner):
            return Bound(called, Instance(owner))
        case SameArray(other):
            return whole(other, ctx.arrays[other], True) if other in ctx.arrays else None
        case UnboundArgument():
            return None


def _array(
    ctx: Lowering, params: dict[str, Type], name: str, kind: ArrayType, writeable: bool
) -> Value:
    if kind.rank == 0:
        return Poison(f"{name!r} is a 0-d array, which is left to Python")
    params[name] = kind
    ctx.taken.add(name)
    ctx.arrays[name] = kind
    return whole(name, kind, writeable)


def _outside(
    ctx: Lowering, arguments: Mapping[str, Argument], fields: Mapping[str, Value]
) -> Callable[[str], Value | None]:
    """Names that are read but are no variables of the region; `fields` are attributes of
    objects, which do not change in it."""

    def outside(name: str) -> Value | None:
        argument = arguments.get(name)
        if isinstance(argument, ObjectArgument):
            return constant(argument.value)
        if name in fields:
            return fields[name]
        binding = ctx.frame.env.get(name) if not ctx.inlined else None
        return None if binding is None else binding.value

    return outside
