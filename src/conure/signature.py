"""What the values at a call look like to the compiler: one key, and an argument for each name.

Two calls with equal keys run the same compiled variant. Memory is part of it: which arrays are
the same array, and which overlap, is decided on the real addresses.

    >>> x = np.zeros(4)
    >>> describe(("x", "y", "n"), (x, x, 3)).arguments["y"]
    SameArray(name='x')
    >>> describe(("x", "y"), (x[1:], x[:-1])).overlaps
    (('x', 'y'),)
"""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Sequence
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

from conure.frontend.instances import attributes_of_self
from conure.frontend.lowered import (
    Argument,
    ArrayArgument,
    MethodArgument,
    ObjectArgument,
    SameArray,
    ScalarArgument,
    TupleArgument,
    UnboundArgument,
)
from conure.ir.types import ArrayType, Layout, scalar_of_dtype, scalar_of_value
from conure.record import Record


class Unbound:
    """The value of a name that has none."""

    def __repr__(self) -> str:
        return "UNBOUND"


UNBOUND = Unbound()

_BY_IDENTITY = (ModuleType, FunctionType, BuiltinFunctionType, type, np.ufunc, type(None))
_MISSING = object()
_SHORT_LIST = 12  # items, up to which a list is taken apart
_EXACT_WORK = 2000  # steps to spend on whether two interleaved views share a cell


class Signature(Record):
    """The values of one call as the compiler sees them."""

    key: Hashable
    arguments: dict[str, Argument]
    overlaps: tuple[tuple[str, str], ...]


Fields = Sequence[tuple[str, Sequence[str]]]


def describe(names: Sequence[str], values: Sequence[object], fields: Fields = ()) -> Signature:
    """The signature of a call whose live-ins `names` hold `values`. Of a plain object the
    attributes in `fields` are arguments of their own, `self.u`."""
    constants = frozenset(name for name in names if "." in name)  # math.pi
    names, values, methods = _with_fields(names, values, fields)
    arrays: list[tuple[str, np.ndarray[Any, Any]]] = []
    arguments: dict[str, Argument] = {}
    keys: list[Hashable] = []
    for name, value in zip(names, values, strict=True):
        describe_one = _constant if name in constants else _one
        key, arguments[name] = describe_one(name, value, arrays)
        keys.append(key)
    for name, argument in methods.items():
        arguments[name] = argument
        keys.append((name, id(argument.called)))
    overlaps = tuple(
        (first, second)
        for k, (second, b) in enumerate(arrays)
        for first, a in arrays[:k]
        if _overlap(a, b)
    )
    return Signature((tuple(keys), overlaps), arguments, overlaps)


def _constant(
    name: str, value: object, arrays: list[tuple[str, np.ndarray[Any, Any]]]
) -> tuple[Hashable, Argument]:
    """A number in a module, `math.pi`, is compiled in; `repr` tells 0.0 from -0.0."""
    if scalar_of_value(value) is not None:
        return ("constant", type(value), repr(value)), ObjectArgument(value)
    return _one(name, value, arrays)


def _with_fields(
    names: Sequence[str], values: Sequence[object], fields: Fields
) -> tuple[list[str], list[object], dict[str, MethodArgument]]:
    """Objects whose attributes are all that is used, replaced by these attributes; their methods
    apart."""
    wanted = dict(fields)
    new_names: list[str] = []
    new_values: list[object] = []
    methods: dict[str, MethodArgument] = {}
    for name, value in zip(names, values, strict=True):
        found = _used_of(value, wanted[name]) if name in wanted else None
        if found is None:
            new_names.append(name)
            new_values.append(value)
            continue
        for attribute, function in found.items():
            if function is not None:
                methods[f"{name}.{attribute}"] = MethodArgument(function, name)
            else:
                new_names.append(f"{name}.{attribute}")
                new_values.append(getattr(value, attribute))
    return new_names, new_values, methods


def _used_of(value: object, attributes: Sequence[str]) -> dict[str, FunctionType | None] | None:
    """The attributes that are read of a plain object, also by its methods among them, which are
    given with their functions; None if it is no plain object or a method needs more of it."""
    found: dict[str, FunctionType | None] = {}
    waiting = list(attributes)
    while waiting:
        attribute = waiting.pop(0)
        if attribute in found:
            continue
        function = found[attribute] = method_of(value, attribute)
        if function is not None:
            inside = attributes_of_self(function.__code__, function)
            if inside is None:
                return None
            waiting += inside
        elif not is_plain_field(value, attribute):
            return None
    return found


def method_of(value: object, attribute: str) -> FunctionType | None:
    """The function that `value.attribute(...)` calls with the object, if that is how it works."""
    kind = type(value)
    if kind.__getattribute__ is not object.__getattribute__:
        return None
    if attribute in getattr(value, "__dict__", ()):
        return None
    found = inspect.getattr_static(kind, attribute, None)
    return found if type(found) is FunctionType else None


def is_plain_field(value: object, attribute: str) -> bool:
    """Whether reading the attribute only looks into the object's own dictionary, or that of its
    class for what is no descriptor."""
    kind = type(value)
    if kind.__getattribute__ is not object.__getattribute__:
        return False
    if attribute in getattr(value, "__dict__", ()):
        return not hasattr(getattr(kind, attribute, None), "__set__")
    of_class = inspect.getattr_static(kind, attribute, _MISSING)
    return of_class is not _MISSING and isinstance(of_class, int | float | complex | np.generic)


def _one(
    name: str, value: object, arrays: list[tuple[str, np.ndarray[Any, Any]]]
) -> tuple[Hashable, Argument]:
    if type(value) is np.ndarray:
        return _array(name, value, arrays)
    scalar = scalar_of_value(value)
    if scalar is not None:
        return scalar.name, ScalarArgument(scalar)
    if value is UNBOUND:
        return "unbound", UnboundArgument()
    if type(value) is tuple:
        items = [_one(f"{name}.{k}", item, arrays) for k, item in enumerate(value)]
        return tuple(key for key, _ in items), TupleArgument(tuple(item for _, item in items))
    if type(value) is list and _is_short(value):
        items = [_one(f"{name}.{k}", item, arrays) for k, item in enumerate(value)]
        inner = TupleArgument(tuple(item for _, item in items), is_list=True)
        return ("list", *(key for key, _ in items)), inner
    if isinstance(value, _BY_IDENTITY):
        return ("object", id(value)), ObjectArgument(value)
    if isinstance(value, str | np.dtype):
        return ("constant", value), ObjectArgument(value)
    return ("kind", type(value)), ObjectArgument(value)


def _is_short(value: list[object]) -> bool:
    """Whether a list is worth taking apart: a few items, which are not nested any deeper than
    pairs are."""
    return 0 < len(value) <= _SHORT_LIST and not any(
        isinstance(item, list | tuple)
        and (len(item) > _SHORT_LIST or any(isinstance(each, list | tuple) for each in item))
        for item in value
    )


def _array(
    name: str, value: np.ndarray[Any, Any], arrays: list[tuple[str, np.ndarray[Any, Any]]]
) -> tuple[Hashable, Argument]:
    dtype = scalar_of_dtype(value.dtype)
    if dtype is None or not value.flags.aligned:
        return ("array", value.dtype, value.ndim), ObjectArgument(value)
    for other, array in arrays:
        if value is array or _same(value, array):
            return ("same", other), SameArray(other)
    arrays.append((name, value))
    kind = ArrayType(dtype, value.ndim, layout_of(value))
    return (dtype.name, value.ndim, kind.layout, value.flags.writeable), ArrayArgument(
        kind, value.flags.writeable
    )


def layout_of(array: np.ndarray[Any, Any]) -> Layout:
    """The narrowest layout class that holds for the array."""
    if array.flags.c_contiguous:
        return "C"
    if array.flags.f_contiguous:
        return "F"
    return "U" if array.strides[-1] == array.itemsize else "S"


def _same(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    return (
        a.shape == b.shape
        and a.strides == b.strides
        and a.dtype is b.dtype
        and a.flags.writeable == b.flags.writeable
        and a.__array_interface__["data"] == b.__array_interface__["data"]
    )


def _overlap(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    if not np.may_share_memory(a, b):
        return False
    try:
        return bool(np.shares_memory(a, b, max_work=_EXACT_WORK))  # type: ignore[arg-type]  # any number will do
    except np.exceptions.TooHardError:
        return True
