"""NumPy's functions, wrapped: the same name, signature and words; arrays are ours."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy

from conure.numpy.handle import ndarray, new
from conure.numpy.seam import (
    SCALARS,
    SIMPLE,
    SMALL,
    Seen,
    attempt,
    call,
    direct,
    expose,
    real,
    unwrapped,
    wrapped,
)
from conure.numpy.written import WRITTEN

Function = Callable[..., Any]

KINDS = (types.FunctionType, types.MethodType, type(numpy.zeros), type(numpy.where))
"""The types of what is wrapped as a function, besides Cython's own."""

DISPATCHED = (type(numpy.zeros), type(numpy.where))
"""The types of those that NumPy hands to `__array_function__`."""

METADATA = {numpy.shape, numpy.ndim, numpy.size, numpy.iscomplexobj, numpy.isrealobj}
"""What asks for attributes only: a pending array has them."""

CONSTRUCTORS = {numpy.array, numpy.asarray, numpy.asanyarray}
"""What makes an array of any object, also of arrays as objects."""

GIVES_ARGUMENT = {
    *(numpy.asarray, numpy.asanyarray, numpy.ascontiguousarray, numpy.asfortranarray, numpy.array),
    *(numpy.require, numpy.real, numpy.imag, numpy.real_if_close, numpy.astype, numpy.ravel),
    *(numpy.atleast_1d, numpy.atleast_2d, numpy.atleast_3d, numpy.squeeze, numpy.nan_to_num),
    *(numpy.reshape, numpy.transpose, numpy.permute_dims, numpy.matrix_transpose, numpy.moveaxis),
    *(numpy.swapaxes, numpy.rollaxis, numpy.expand_dims, numpy.broadcast_to, numpy.diagonal),
    *(numpy.flip, numpy.fliplr, numpy.flipud, numpy.rot90, numpy.broadcast_arrays, numpy.split),
    *(numpy.asmatrix, numpy.asarray_chkfinite, numpy.unstack, numpy.meshgrid, numpy.ix_),
}
"""What may give back its argument, or a view of it."""

CALLING = {
    numpy.apply_along_axis: (0, "func1d"),
    numpy.apply_over_axes: (0, "func"),
    numpy.fromfunction: (0, "function"),
    numpy.piecewise: (2, "funclist"),
}
"""What hands arrays, or parts of one, to a function of the caller's: which argument that is."""

IN_PLACE_ON_LISTS = {"shuffle"}
"""What writes into a list, which therefore must not be replaced by one that is unwrapped."""


def is_function(value: object) -> bool:
    """Whether it is a function that may be wrapped, in whatever language it was written."""
    return isinstance(value, KINDS) or type(value).__name__ == "cython_function_or_method"


def function(plain: Any, module: str) -> Function:
    """The wrapped form of a function that stands in `module` of ours."""
    run = _choose(plain)
    functools.update_wrapper(run, plain, ("__name__", "__qualname__", "__doc__"), ())
    run.__module__ = module
    return Dispatcher(run, plain) if type(plain) in DISPATCHED else run


class Dispatcher(staticmethod):  # type: ignore[type-arg] # what it takes and gives is NumPy's matter
    """A function that stands for one of NumPy's, to which it is equal.

    A class of the user's that has an `__array_function__` is handed NumPy's, and looks in a table
    that was written with ours. What is written in C, such as `np.array`, is no method where a
    class has it as an attribute.
    """

    def __init__(self, run: Function, plain: Any) -> None:
        super().__init__(run)
        self._plain = plain

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        is_method = instance is not None and hasattr(self._plain, "__get__")
        return types.MethodType(self, instance) if is_method else self

    def __eq__(self, other: object) -> bool:
        return self._plain is (other._plain if type(other) is Dispatcher else other)

    def __hash__(self) -> int:
        return hash(self._plain)

    def __repr__(self) -> str:
        return repr(self._plain)

    def __reduce__(self) -> str:
        return str(self.__qualname__)


def _choose(plain: Any) -> Function:
    written = WRITTEN.get(plain.__name__, ())
    if plain in METADATA:
        return _metadata(plain)
    if plain in CONSTRUCTORS:
        return _constructor(plain)
    if plain.__name__ in IN_PLACE_ON_LISTS:
        return _on_lists(plain)
    if plain is numpy.bmat:
        return _of_names(plain)
    if plain in CALLING:
        return _calling(plain)
    if plain in GIVES_ARGUMENT or written[:1] in ((0,), (1,)):
        return _any(plain, written)
    return _quick(plain, written)


def _any(plain: Any, written: tuple[int, ...]) -> Function:
    def run(*args: Any, **kwargs: Any) -> Any:
        return call(plain, args, kwargs, None, written)

    return run


def _quick(plain: Any, written: tuple[int, ...]) -> Function:
    """What gives a new array, with a short way for small ones."""
    first_written = written[0] if written else sys.maxsize

    def run(*args: Any, **kwargs: Any) -> Any:
        small = _small(args) if len(args) <= first_written else None
        if small is None or (kwargs and not _are_simple(kwargs.values())):
            return call(plain, args, kwargs, None, written)
        result = plain(*small, **kwargs)
        if type(result) is numpy.ndarray and result.base is None:
            array: Any = new(ndarray)
            array._value = result
            return array
        if type(result) in SCALARS:
            return result
        seen: Seen = []
        unwrapped(args, seen)
        return wrapped(result, seen)

    return run


def _small(args: Sequence[Any]) -> list[Any] | None:
    """The arguments as NumPy takes them, if there are only numbers and small arrays in them, or in
    lists of them."""
    small = []
    for argument in args:
        kind = type(argument)
        if kind is ndarray:
            value = argument._value
            if value is None or value.size > SMALL[0]:
                return None
            small.append(value)
        elif kind in SIMPLE:
            small.append(argument)
        elif kind is list or kind is tuple:
            if argument and type(argument[0]) not in SIMPLE:  # else it holds no arrays
                inner = _small(argument)
                if inner is None:
                    return None
                argument = inner if kind is list else tuple(inner)
            small.append(argument)
        else:
            return None
    return small


def _are_simple(arguments: Iterable[Any]) -> bool:
    return all(type(argument) in SIMPLE for argument in arguments)


def _metadata(plain: Any) -> Function:
    implementation = plain._implementation

    def run(*args: Any, **kwargs: Any) -> Any:
        return implementation(*args, **kwargs)

    return run


def _constructor(plain: Any) -> Function:
    """`np.array` and its kin: arrays of objects hold the very objects, so nothing is unwrapped."""

    def run(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and type(args[0]) is ndarray:
            value = real(args[0])
            return direct(value, plain(value), args[0])
        kind = args[1] if len(args) > 1 else kwargs.get("dtype")
        if kind is not None and args and type(args[0]) in (list, tuple) and _objects(kind):
            return wrapped(attempt(plain, args, kwargs))
        return call(plain, args, kwargs)

    return run


def _objects(kind: Any) -> bool:
    return kind is object or (kind is not ndarray and numpy.dtype(kind) == numpy.object_)


def _on_lists(plain: Any) -> Function:
    def run(items: Any, *args: Any, **kwargs: Any) -> Any:
        if type(items) is list:
            return plain(items, *args, **kwargs)
        return call(plain, (items, *args), kwargs, None, (0,))

    return run


def _calling(plain: Any) -> Function:
    position, parameter = CALLING[plain]

    def run(*args: Any, **kwargs: Any) -> Any:
        for argument in (*args, *kwargs.values()):
            expose(argument)
        passed = list(args)
        if len(passed) > position:
            passed[position] = _called(passed[position])
        elif parameter in kwargs:
            kwargs[parameter] = _called(kwargs[parameter])
        return call(plain, passed, kwargs)

    return run


def _of_names(plain: Any) -> Function:
    """`np.bmat("A, B")`, which looks for the names in the function that calls it."""

    def run(obj: Any, ldict: Any = None, gdict: Any = None) -> Any:
        if isinstance(obj, str) and gdict is None:
            frame = sys._getframe(1)
            return plain(obj, frame.f_locals, frame.f_globals)
        return call(plain, (obj, ldict, gdict), {})

    return run


def _called(argument: Any) -> Any:
    """A function of the caller's, or several, as such that are given arrays of ours."""
    if type(argument) in (list, tuple):
        return [_called(item) for item in argument]
    return given_ours(argument) if callable(argument) else argument


def given_ours(function: Function) -> Function:
    """The function, to be called by NumPy with its own arrays: it sees ours."""

    def run(*args: Any, **kwargs: Any) -> Any:
        named = {name: wrapped(item) for name, item in kwargs.items()}
        return real(function(*map(wrapped, args), **named))

    return run
