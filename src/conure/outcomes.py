"""Python values into a program's parameters, and a program's results into Python values.

Both directions are compiled once per variant to a small Python function, since they are part of
every call.

    >>> take = _function(("values",), "(values[0], values[2].item())", {})
    >>> take((1, 2, np.float64(3.0)))
    (1, 3.0)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, assert_never

import numpy as np

from conure.frontend.lowered import (
    EXTENTS,
    Argument,
    ArgumentOutcome,
    ConstantOutcome,
    Lowered,
    NewArray,
    NewArrayOutcome,
    Outcome,
    RebindOutcome,
    ScalarArgument,
    ScalarOutcome,
    TupleArgument,
    TupleOutcome,
    UnboundOutcome,
)
from conure.frontend.regions import Region
from conure.ir.nodes import Apply, Const, Dim, Expr, Var
from conure.signature import UNBOUND

Values = tuple[object, ...]


def parameters(
    lowered: Lowered, names: Sequence[str], arguments: Mapping[str, Argument]
) -> Callable[[Values], Values]:
    """A function that picks the program's parameters out of the live-in values, and out of the
    worlds of the functions that are called."""
    where = _places(names, arguments)
    constants: dict[str, object] = {}
    for number, guard in enumerate(lowered.guards):
        if guard.parameter:
            space = f"space_{number}"
            constants[space] = guard.namespace
            item = f"[{guard.name!r}]" if isinstance(guard.namespace, dict) else f".{guard.name}"
            numpy_scalar = isinstance(guard.value, np.generic)
            where[guard.parameter] = f"{space}{item}{'.item()' if numpy_scalar else ''}"
    for array in lowered.made:
        where[array.name] = _creation(array, where, constants)
    wanted = [where[param.name] for param in lowered.program.params]
    return _function(("values",), _tuple(wanted), constants)


def _creation(array: NewArray, where: Mapping[str, str], constants: dict[str, object]) -> str:
    """The expression that makes an array which comes out."""
    constants |= {"new": new, f"dtype_{array.name.replace('.', '_')}": array.dtype.dtype}
    shape = _tuple([_extent(extent, where) for extent in array.shape])
    return f"new({shape}, dtype_{array.name.replace('.', '_')})"


def new(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any] | None:
    """An array without contents; None (which no compiled code takes) where there can be none."""
    try:
        return np.empty([max(0, extent) for extent in shape], dtype)
    except (MemoryError, ValueError):
        return None


def _extent(expr: Expr, where: Mapping[str, str]) -> str:
    """An extent as Python; what raises there raises in NumPy too."""
    match expr:
        case Const(value):
            return repr(value)
        case Var(name):
            return where[name]
        case Dim(array, axis):
            return f"{where[array]}.shape[{axis}]"
        case Apply(op, args):
            return EXTENTS[op].format(*(_extent(arg, where) for arg in args))
        case _:
            raise AssertionError(f"an extent is {expr}")


def builder(
    lowered: Lowered, region: Region, arguments: Mapping[str, Argument]
) -> Callable[[Values, Values, Values], Any]:
    """A function of the live-in values, the results and the program's arguments that gives what
    the rewritten code unpacks: (returned, value) where the region holds a `return`, then the
    live-outs."""
    writer = _Expressions(lowered, _places(region.live_in, arguments, raw=True))
    items: list[str] = []
    if region.returns:
        items.append("False" if lowered.returned is None else f"results[{lowered.returned}]")
        items.append("None" if lowered.value is None else writer.text(lowered.value))
    outcomes = dict(lowered.outcomes)
    items += [writer.text(outcomes.get(name, UnboundOutcome())) for name in region.live_out]
    return _function(("values", "results", "given"), _tuple(items), writer.constants)


def _places(
    names: Sequence[str], arguments: Mapping[str, Argument], raw: bool = False
) -> dict[str, str]:
    """For each name, and each item of a tuple, the expression that reads it from `values`."""
    places: dict[str, str] = {}

    def place(name: str, argument: Argument, text: str) -> None:
        numpy_scalar = isinstance(argument, ScalarArgument) and not argument.type.python
        places[name] = f"{text}.item()" if numpy_scalar and not raw else text
        if isinstance(argument, TupleArgument):
            for k, item in enumerate(argument.items):
                place(f"{name}.{k}", item, f"{text}[{k}]")

    for position, name in enumerate(names):
        if name in arguments:
            place(name, arguments[name], f"values[{position}]")
    for name, argument in arguments.items():
        owner, _, field = name.rpartition(".")
        if name not in names and owner in names:
            text = f"values[{names.index(owner)}].{field}"
            place(name, argument, text)
    return places


class _Expressions:
    """Outcomes as Python expressions over `values`, `results` and the collected constants."""

    def __init__(self, lowered: Lowered, places: Mapping[str, str]) -> None:
        self.places = places
        self.params = [param.name for param in lowered.program.params]
        self.constants: dict[str, object] = {}

    def text(self, outcome: Outcome) -> str:
        match outcome:
            case ScalarOutcome(position):
                return f"results[{position}]"
            case ArgumentOutcome(name):
                return self.places[name]
            case NewArrayOutcome(position):
                return f"given[{position}]"
            case RebindOutcome(position):
                arrays = _tuple([self.places.get(name, "None") for name in self.params])
                return f"{arrays}[results[{position}]]"
            case TupleOutcome(items, bound):
                text = _tuple([self.text(item) for item in items])
                if bound is None:
                    return text
                return f"({text} if results[{bound}] else {self._constant(UNBOUND)})"
            case ConstantOutcome(value):
                return self._constant(value)
            case UnboundOutcome():
                return self._constant(UNBOUND)
            case _:
                assert_never(outcome)

    def _constant(self, value: object) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants[name] = value
        return name


def _tuple(items: Sequence[str]) -> str:
    return "(" + "".join(item + ", " for item in items).rstrip() + ")"


def _function(
    names: Sequence[str], expression: str, constants: Mapping[str, object]
) -> Callable[..., Any]:
    made: Callable[..., Any] = eval(f"lambda {', '.join(names)}: {expression}", dict(constants))
    return made
