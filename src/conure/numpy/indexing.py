"""Reading and writing elements, and iterating: `a[i]`, `a[1:] = b`, `for row in a`, `x in a`."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy

from conure.numpy.handle import ndarray, new
from conure.numpy.seam import (
    LARGE,
    READERS,
    SCALARS,
    Seen,
    attempt,
    engine,
    expose,
    real,
    unwrapped,
    wrapped,
    writing,
)

plain_array = numpy.ndarray
plain_record = numpy.void


SIMPLE_KEYS = frozenset((int, slice))


def plain_key(key: Any) -> Any:
    """An index with NumPy's arrays in place of ours."""
    if type(key) is ndarray and key._value is not None:
        return key._value
    if type(key) is tuple:
        for item in key:
            if type(item) is ndarray or type(item) is list:
                return tuple([unwrapped(item, []) for item in key])
        return key
    return unwrapped(key, [])


def __getitem__(self: Any, key: Any) -> Any:
    value = self._value if type(self) is ndarray else self
    kind = type(key)
    if kind is int and value is not None:
        result = value[key]
    elif kind is slice and value is not None:
        array = new(ndarray)
        array._value = value[key]
        array._origin = self
        return array
    else:
        if kind is ndarray:
            if is_large_mask(value, key):
                selection = engine().selected(self, key)
                if selection is not None:
                    return selection
        elif value is None:
            view = engine().part(self, key)
            if view is not None:
                return view
        value, key = real(self), plain_key(key)
        try:
            result = value[key]
        except ValueError:  # an object in the key may give an array of ours
            result = attempt(operator.getitem, (value, key), {})
    kind = type(result)
    if kind is plain_array:
        array = new(ndarray)
        array._value = result
        if result.base is not None:
            array._origin = self
        return array
    return result if kind is not plain_record else _record(self, result)


def is_large_mask(value: Any, key: Any) -> bool:
    """Whether an index is a mask of ours for many elements."""
    mask: Any = key._value
    if mask is None:
        return bool(key.dtype == bool)
    return mask.dtype.char == "?" and (value is None or bool(value.size > LARGE[0]))


class _Probe:
    """Counts the references to what is assigned to an item, as `__setitem__` sees them."""

    count = 0

    def __setitem__(self, key: Any, item: Any) -> None:
        self.count = sys.getrefcount(item)


def _unnamed() -> int:
    """The references to an item that has no name; 0 where one with a name has no more."""
    probe = _Probe()
    probe[0] = object()
    unnamed = probe.count
    named = object()
    probe[0] = named
    return unnamed if probe.count > unnamed else 0


UNNAMED = _unnamed()


def _record(array: Any, record: Any) -> Any:
    """A record of an array, which is a view of it."""
    expose(array)
    return record


def __setitem__(self: Any, key: Any, item: Any) -> None:
    value = self._value if type(self) is ndarray else self
    if type(item) in SCALARS and not READERS and type(key) in SIMPLE_KEYS and value is not None:
        value[key] = item
        return
    if type(key) is ndarray and type(self) is ndarray and is_large_mask(value, key):
        dying = sys.getrefcount(key) <= UNNAMED, sys.getrefcount(item) <= UNNAMED
        if (type(item) is ndarray or type(item) in SCALARS) and engine().masked_written(
            self, key, item, dying
        ):
            return
        value = self._value
    if type(item) is ndarray and item._value is None and type(self) is ndarray:
        if engine().assigned_part(self, key, item):
            return
        real(item)  # which may read the memory that is written
    if READERS or value is None:
        writing(self)
        value = real(self)
    kind = type(key)
    if kind is tuple or kind is ndarray or kind is list:
        key = plain_key(key)
    kind = type(item)
    if (kind is ndarray or kind is list or kind is tuple) and value.dtype.char != "O":
        item = unwrapped(item, [])  # an array of objects keeps the very object
    attempt(operator.setitem, (value, key, item), {})


def __delitem__(self: Any, key: Any) -> None:
    del real(self)[key]


def __iter__(self: Any) -> Iterator[Any]:
    rows: Iterator[Any] = iter(real(self))
    if self.ndim == 1 and self.dtype.char != "O":
        return rows
    return map(_row(self), rows)


def _row(array: Any) -> Callable[[Any], Any]:
    seen: Seen = [array]

    def row(value: Any) -> Any:
        return wrapped(value, seen) if type(value) is plain_array else value

    return row


def __contains__(self: Any, item: Any) -> bool:
    return real(item) in real(self)


def __len__(self: Any) -> int:
    return len(real(self))


INDEXING: dict[str, Callable[..., Any]] = {
    method.__name__: method
    for method in (
        __getitem__,
        __setitem__,
        __delitem__,
        __iter__,
        __contains__,
        __len__,
    )
}
"""What of the array class is defined here."""
