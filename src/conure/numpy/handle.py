"""The array that `conure.numpy` hands out, bare: a handle on a numpy.ndarray.

This file holds the class, what it is an instance of, and how it is made; what it can do is put
together in `arrays.py`. It is no subclass of numpy.ndarray, since NumPy's own code reads the
memory of those without asking; it behaves as one, and `isinstance` says so both ways round: code
that imports plain NumPy, such as a library, takes an array of ours for what it is.

    >>> import numpy
    >>> from conure.numpy.arrays import ndarray
    >>> isinstance(numpy.arange(3), ndarray), issubclass(numpy.matrix, ndarray)
    (True, True)
    >>> isinstance(wrap(numpy.arange(3)), numpy.ndarray), type(wrap(numpy.arange(3))) is ndarray
    (True, True)
"""

from __future__ import annotations

import types
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import numpy


class ArrayType(type):
    """The type of the array class: plain NumPy arrays count as its instances.

    A program that checks `isinstance(a, np.ndarray)` after it changed its import still takes the
    arrays that other libraries hand in. A class that derives from the array class derives from
    numpy.ndarray in truth, so that `__array_finalize__`, `view(cls)` and `super()` are NumPy's.
    """

    bases: Callable[[Mapping[str, Any]], tuple[type, ...]]
    """What a derived class has in place of ours, by the names that it defines."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: Any
    ) -> Any:
        if any(isinstance(base, ArrayType) for base in bases):
            plain: list[type] = []
            for base in bases:
                plain.extend(cls.bases(namespace) if isinstance(base, ArrayType) else (base,))
            return types.new_class(
                name, tuple(plain), keywords, lambda body: body.update(namespace)
            )
        return super().__new__(cls, name, bases, namespace, **keywords)

    def __instancecheck__(cls, instance: object) -> bool:
        return issubclass(type(instance), numpy.ndarray) or type.__instancecheck__(cls, instance)

    def __dir__(cls) -> list[str]:
        return dir(numpy.ndarray)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, numpy.ndarray) or type.__subclasscheck__(cls, subclass)


class ndarray(metaclass=ArrayType):  # noqa: N801 # the name that it stands in for
    """An array; see `numpy.ndarray`."""

    __slots__ = ("__weakref__", "_node", "_origin", "_value", "_views")

    _value: numpy.ndarray[Any, Any] | None
    """The real array; None while the value is pending."""
    _node: Any
    """What will give the value; set where `_value` is None, and read only there."""
    _origin: ndarray
    """Of a view: the array it was taken of, for `base`; otherwise not set."""
    _views: list[weakref.ref[ndarray]]
    """Of a pending array: the views of it that were taken meanwhile; not set if there are none."""

    __hash__ = None  # type: ignore[assignment] # arrays are not hashable, as NumPy's

    @property  # type: ignore[misc] # `isinstance` asks an instance for it; nobody sets it
    def __class__(self) -> type:
        return numpy.ndarray


_plain_view = numpy.ndarray.view


class Subclassed(numpy.ndarray):
    """What `class Derived(np.ndarray)` derives from: NumPy's class, that knows ours by name."""

    def view(self, *args: Any, **kwargs: Any) -> Any:
        """As numpy.ndarray.view; the array class as the type gives an array of ours."""
        args = tuple(numpy.ndarray if arg is ndarray else arg for arg in args)
        kwargs = {name: numpy.ndarray if arg is ndarray else arg for name, arg in kwargs.items()}
        result = _plain_view(self, *args, **kwargs)
        return wrap(result) if type(result) is numpy.ndarray else result


new = object.__new__


def wrap(value: numpy.ndarray[Any, Any]) -> ndarray:
    """A new handle on a real array."""
    array: ndarray = new(ndarray)
    array._value = value
    return array
