"""A program for the host: the entry that Python calls, and the kernels of its parallel loops.

>>> program = parse("program scale(x: f64[1]C, a: float) { for i in 0:dim(x, 0):1 {"
...     " x[i] = x[i] * f64(a) } }")
>>> generated = generate(program, host())
>>> generated.entry, generated.arguments[0].written, generated.snapshot
('conure.scale', True, False)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from conure.artifact import CALL, ArgumentSlot, ResultSlot, scalar_argument
from conure.codegen.calling import DECLARED, caller
from conure.codegen.casts import cast
from conure.codegen.control import write_all
from conure.codegen.entry import check_overlaps, read_array
from conure.codegen.facts import Facts, facts, fails_after_write
from conure.codegen.grid import DeviceCode, attend, device_code, host_accesses
from conure.codegen.memory import current, declare_array
from conure.codegen.module import Module
from conure.codegen.parallel import parallel_loop
from conure.codegen.scope import Bounds, Operands, Scope, machine_type
from conure.ir.nodes import For, Param, Program
from conure.ir.parse import parse  # noqa: F401 # the doctest's
from conure.ir.types import BOOL, F64, I64, INT, ArrayType, Scalar, component
from conure.ir.walk import statements
from conure.record import Record
from conure.target import Target, host  # noqa: F401 # host is the doctest's

VERSION: Final = "2"
"""Part of every cache key: raise it when the same program gives other code."""


class Generated(Record):
    """What comes out: LLVM IR text, and all that an `Artifact` needs besides its object code.

    Attributes
    ----------
    parallel
        Whether the code calls `parallel`.
    snapshot
        Whether it may fail after it has written to an argument: then the caller copies the
        written arrays first, to restore them.
    reports
        One row per loop, in the order of the text.
    kernels
        LLVM IR text for the device; empty where no loop runs on one.
    """

    text: str
    entry: str
    arguments: tuple[ArgumentSlot, ...]
    results: tuple[ResultSlot, ...]
    parallel: bool
    snapshot: bool
    reports: tuple[Mapping[str, Any], ...]
    kernels: str = ""


def generate(program: Program, target: Target, device: Target | None = None) -> Generated:
    """Write the whole module of a program, and that of the device for its loops marked `grid`."""
    symbol = "conure." + re.sub(r"[^A-Za-z0-9_.]", "_", program.name)
    attributes = f'nounwind "prefer-vector-width"="{target.vector_bits}"'
    known = facts(program, symbol, attributes)
    module = Module()
    there = None if device is None else device_code(program, device, known)
    _write_entry(program, target, known, module, there)
    arguments = tuple(_argument(param, known) for param in program.params)
    for declaration in DECLARED:
        module.declare(declaration)
    native = [kind for slot in arguments for kind in slot.native]
    module.define(f"{symbol}{CALL}", caller(symbol, native))
    return Generated(
        text=module.text(),
        entry=symbol,
        arguments=arguments,
        results=tuple(_results(program)),
        parallel=bool(known.kernels),
        snapshot=_needs_snapshot(program, known, there),
        reports=tuple(_reports(program)),
        kernels=there.module.text() if there is not None and there.kernels else "",
    )


def _needs_snapshot(program: Program, known: Facts, there: DeviceCode | None) -> bool:
    """What kernels write stays on the device until the end, and any launch may fail."""
    if there is None or not there.kernels:
        return fails_after_write(program, known)
    return bool({param.name for param in program.params} & known.written) and host_accesses(program)


def _argument(param: Param, known: Facts) -> ArgumentSlot:
    if isinstance(param.type, Scalar):
        return scalar_argument(param.name, param.type.name)
    kind = param.type
    written = param.name in known.written
    return ArgumentSlot(param.name, "array", kind.dtype.name, kind.rank, kind.layout, written)


def _results(program: Program) -> list[ResultSlot]:
    """A slot per result, and then one for each companion that is not a result itself."""
    types = _scalar_types(program)
    slots = [
        ResultSlot(
            each.name,
            types.get(each.name, INT).name,
            each.kind,
            each.bound,
            None if each.python is None else each.python.name,
        )
        for each in program.results
    ]
    names = [each.name for each in program.results]
    for each in program.results:
        for companion in (each.kind, each.bound):
            if companion is not None and companion not in names:
                names.append(companion)
                slots.append(ResultSlot(companion, BOOL.name))
    return slots


def _scalar_types(program: Program) -> dict[str, Scalar]:
    types = {each.name: each.type for each in program.params if isinstance(each.type, Scalar)}
    return types | {each.name: each.type for each in program.locals}


def _reports(program: Program) -> list[dict[str, Any]]:
    return [
        {
            "line": stmt.loc.line,
            "index": stmt.index,
            "kind": stmt.mark.kind,
            "guarded": stmt.mark.guard is not None,
            "reductions": [each.name for each in stmt.mark.reductions],
            "notes": list(stmt.notes),
        }
        for stmt in statements(program)
        if isinstance(stmt, For)
    ]


# ---- the entry ----


def _write_entry(
    program: Program, target: Target, known: Facts, module: Module, there: DeviceCode | None
) -> None:
    parameters = [("ptr noalias", "%runtime"), ("ptr noalias", "%out")]
    for number, param in enumerate(program.params):
        parameters += [(kind, f"%p{number}.{part}") for part, kind in enumerate(_passed(param))]
    function = module.function(known.symbol, "i32", parameters, known.attributes)
    scope = Scope(module, function, target, known, "%runtime", _outline)
    if there is not None:
        attend(scope, there, write_all)
    arrays = [
        read_array(scope, f"%p{number}.0", param.name, param.type, number)
        for number, param in enumerate(program.params)
        if isinstance(param.type, ArrayType)
    ]
    check_overlaps(scope, arrays)
    for array in arrays:
        declare_array(scope, array)
    for number, param in enumerate(program.params):
        if isinstance(param.type, Scalar):
            scope.declare(param.name, param.type, _received(scope, number, param.type))
    for local in program.locals:
        scope.declare(local.name, local.type)
    write_all(scope, program.body)
    scope.settle()
    _write_results(scope, program)
    function.finish("ret i32 0")
    scope.write_exits()


def _outline(scope: Scope, loop: For, bounds: Bounds) -> None:
    parallel_loop(scope, loop, bounds, write_all)


def _passed(param: Param) -> tuple[str, ...]:
    """The machine types of a parameter (see `artifact`)."""
    if isinstance(param.type, ArrayType):
        return ("ptr",)
    return {"real": ("double",), "complex": ("double", "double")}.get(param.type.kind, ("i64",))


def _received(scope: Scope, number: int, scalar: Scalar) -> Operands:
    """A scalar argument, from the width in which it is passed."""
    if scalar.kind in ("real", "complex"):
        part = component(scalar)
        places = range(2 if scalar.kind == "complex" else 1)
        return tuple(cast(scope, (f"%p{number}.{place}",), F64, part, False)[0] for place in places)
    return cast(scope, (f"%p{number}.0",), I64, scalar, False)


def _write_results(scope: Scope, program: Program) -> None:
    """Each value's own bits at the lower end of its slot."""
    place = 0
    for slot in _results(program):
        if slot.name in scope.arrays:
            values: Operands = (current(scope, slot.name).position,)
            scalar = INT
        else:
            values, scalar = scope.read(slot.name), slot.scalar
        for value in values:
            kind = machine_type(scalar)
            if not scalar.is_inexact:
                (value,) = cast(scope, (value,), scalar, I64, False)
                kind = "i64"
            address = scope.function.value(f"getelementptr inbounds i64, ptr %out, i64 {place}")
            scope.function.emit(f"store {kind} {value}, ptr {address}")
            place += 1
