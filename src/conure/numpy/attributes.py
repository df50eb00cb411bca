"""The attributes of the array class, read and set: `shape`, `T`, `flat`, `flags`, `base`, ..."""

from __future__ import annotations

import operator
from typing import Any

import numpy

from conure.numpy.handle import ndarray
from conure.numpy.iterators import FlatIterator
from conure.numpy.seam import (
    call,
    direct,
    engine,
    expose,
    given_away,
    real,
    wrapped,
    writing,
)

plain_array = numpy.ndarray

KNOWN = ("shape", "dtype", "ndim", "size")
"""What is known of a pending array; a lazy node has attributes of these names."""

OF_THE_VALUE = ("itemsize", "nbytes", "strides", "flags", "device")
"""What is asked of the real array, and is no array."""

VIEWS = ("T", "mT", "real", "imag")
"""What gives an array on the same memory."""

EXPOSING = {
    "data": None,
    "ctypes": None,
    "__array_struct__": "biufc",
    "__array_interface__": "biufcSUmM",
}
"""What hands out the address of the memory, and the kinds of dtypes for which it tells all.

NumPy asks for the last two before `__array__`. Records and objects, and the units of dates, would
lose something on the way: there the attribute is missing, and `__array__` is used.
"""

WITHOUT_OWNER = ("ctypes", "__array_interface__")
"""What tells the address to whoever reads it, who need not keep anything alive for it."""

SETTABLE = ("shape", "dtype", "strides")
"""What can be set, and changes how memory is seen, not what it holds."""

WRITING = ("real", "imag", "flat")
"""What writes to memory when it is set."""


def attributes() -> dict[str, property]:
    """Every attribute of the array class, by its name."""
    table: dict[str, property] = {}
    for name in (*KNOWN, *OF_THE_VALUE):
        table[name] = of_the_value(name)
    for name in VIEWS:
        table[name] = view(name)
    for name, kinds in EXPOSING.items():
        table[name] = exposing(name, kinds)
    for name in SETTABLE:
        table[name] = table[name].setter(setting(name)).deleter(deleting(name))
    for name in ("real", "imag"):
        table[name] = table[name].setter(setting(name, writes=True)).deleter(deleting(name))
    table["flat"] = property(_flat, setting("flat", writes=True), deleting("flat"), doc("flat"))
    table["base"] = property(_base, None, None, doc("base"))
    for name, each in table.items():
        if each.fset is None:  # NumPy's own refusal, in its words
            table[name] = each.setter(setting(name)).deleter(deleting(name))
    return table


def doc(name: str) -> str | None:
    """NumPy's own words."""
    text: str | None = getattr(plain_array, name).__doc__
    return text


def of_the_value(name: str) -> property:
    """An attribute of the real array, read without a line of Python; see `missing`."""
    return property(operator.attrgetter(f"_value.{name}"), None, None, doc(name))


def view(name: str) -> property:
    """An attribute that is an array on the same memory."""
    read = getattr(plain_array, name).__get__

    def get(self: Any) -> Any:
        value = self._value if type(self) is ndarray else None
        if value is not None:
            return direct(value, read(value), self)
        if type(self) is ndarray:
            found = engine().viewed(self, read)
            if found is not engine().NOT_RECORDED:
                return found
        return call(read, (self,), {})

    return property(get, None, None, doc(name))


def exposing(name: str, kinds: str | None) -> property:
    """An attribute through which the memory can be reached."""

    hand_out = given_away if name in WITHOUT_OWNER else expose

    def get(self: Any) -> Any:
        if kinds is not None and real(self).dtype.kind not in kinds:
            raise AttributeError(f"{name!r} would not tell all of dtype {self.dtype}")
        return getattr(hand_out(self), name)

    return property(get, None, None, doc(name))


def setting(name: str, writes: bool = False) -> Any:
    """What sets an attribute of the real array."""

    def set_(self: Any, item: Any) -> None:
        if writes:
            writing(self)
        elif type(self) is ndarray:
            forget_shape(self)
        setattr(real(self), name, real(item))

    return set_


def forget_shape(array: ndarray) -> None:
    """What was recorded of the array knows its shape: that is computed while it still holds."""
    writing(array)
    if array._value is not None and hasattr(array, "_node"):
        del array._node


def deleting(name: str) -> Any:
    """NumPy's own refusal."""

    def delete(self: Any) -> None:
        delattr(real(self), name)

    return delete


def _flat(self: Any) -> FlatIterator:
    return FlatIterator(self, expose(self).flat)


def _base(self: Any) -> Any:
    value = real(self)
    base = value.base
    origin = getattr(self, "_origin", None)
    while type(origin) is ndarray:
        if origin._value is base:
            return origin
        origin = getattr(origin, "_origin", None)
    return wrapped(base)
