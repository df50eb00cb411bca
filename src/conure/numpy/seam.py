"""Where the array class meets NumPy, and where the lazy engine will meet both.

Everything that `conure.numpy` computes goes through `call`; every write into an array goes
through `writing` first; all memory that is handed to code that knows nothing of handles goes
through `expose`. An array is *real*: `_value` holds a numpy.ndarray, whose memory views share as
NumPy has it. Results of NumPy are wrapped by `wrapped`; an argument that NumPy gives back (`out=`)
comes back as the very handle that was passed.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import math
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy

from conure.lazy import memory
from conure.numpy.handle import ArrayType, ndarray, new, wrap

SMALL = [16_384]
"""Arrays of at most so many elements are computed by NumPy at once, never recorded; a list, so that
tests can change it."""

LARGE = [39_999]
"""The same for operations that take NumPy less than a nanosecond an element."""

_ANY: Final = [sys.maxsize]
"""The same for products of matrices: what is there already is the library's."""

READERS = memory.PENDING
"""What is pending; while there is nothing, a write needs no care."""

SCALARS = frozenset(
    {bool, int, float, complex, *(kind for kind in numpy.sctypeDict.values())}
    - {numpy.object_, numpy.void}
)
"""The types of operands that stand for themselves."""

SIMPLE = SCALARS | {type(None), str, type}
"""The types of arguments in which no array can hide."""

Seen = list[ndarray]
Operation = Callable[..., Any]


@functools.cache
def engine() -> types.ModuleType:
    """What records calls. It brings the compiler's front end, so small programs do without it."""
    return importlib.import_module("conure.numpy.recording")


def real(array: Any) -> Any:
    """The numpy.ndarray of one of ours, computed if it is pending; anything else as it is."""
    if type(array) is not ndarray:
        return array
    value = array._value
    return engine().real_array(array) if value is None else value


def expose(array: Any) -> Any:
    """The numpy.ndarray of one of ours, to be handed to code that may read or write it later."""
    if type(array) is not ndarray:
        return array
    writing(array)
    return memory.expose(real(array))


def given_away(array: Any) -> Any:
    """As `expose`, to code that may keep the memory's address and nothing else."""
    if type(array) is not ndarray:
        return array
    writing(array)
    value = real(array)
    memory.give(value)
    return value


def writing(array: Any) -> None:
    """To be called before the memory of an array is written."""
    if type(array) is ndarray and (array._value is None or READERS):
        engine().settle(array)


# --- arguments ------------------------------------------------------------------------------


def _sequence(items: list[Any] | tuple[Any, ...], seen: Seen) -> Any:
    """The list or tuple with its arrays unwrapped; itself, if it holds none.

    A list that starts with a number is taken to hold numbers. If an array hides further on, NumPy
    reads it through `__array__`.
    """
    if not items or type(items[0]) in SCALARS or type(items[0]) is str:
        return items
    plain = [unwrapped(item, seen) for item in items]
    if all(map(_same, plain, items)):
        return items
    return plain if type(items) is list else tuple(plain)


def _same(left: object, right: object) -> bool:
    return left is right


def _mapping(items: dict[Any, Any], seen: Seen) -> dict[Any, Any]:
    plain = {name: unwrapped(item, seen) for name, item in items.items()}
    return plain if any(plain[name] is not items[name] for name in items) else items


def _handle(array: ndarray, seen: Seen) -> Any:
    seen.append(array)
    return real(array)


def _class(kind: type, seen: Seen) -> type:
    return numpy.ndarray if kind is ndarray else kind


UNWRAP: dict[type, Callable[[Any, Seen], Any]] = {
    ndarray: _handle,
    ArrayType: _class,
    list: _sequence,
    tuple: _sequence,
    dict: _mapping,
}
"""How arguments of these very types are made NumPy's; `seen` collects the handles met."""


def unwrapped(argument: Any, seen: Seen) -> Any:
    """The argument as NumPy is to see it."""
    convert = UNWRAP.get(type(argument))
    return argument if convert is None else convert(argument, seen)


# --- results --------------------------------------------------------------------------------


def wrapped(result: Any, seen: Sequence[ndarray] = ()) -> Any:
    """NumPy's result with its arrays wrapped; a handle in `seen` where it is that one's array."""
    kind = type(result)
    if kind is numpy.ndarray:
        for array in seen:
            if array._value is result:
                return array
        return wrap(result) if result.base is None else view_of(result, seen)
    if kind in SCALARS:
        return result
    if isinstance(result, tuple | list):
        return _several(result, seen)
    if isinstance(result, numpy.ndarray) and kind is not ndarray:
        for array in seen:
            given_away(array)  # a matrix, say, may share its memory
    return WRAP[kind](result) if kind in WRAP else result


def _several(results: Any, seen: Sequence[ndarray]) -> Any:
    """Each of several results wrapped; the very object if nothing in it is an array."""
    if type(results) is list and results and type(results[0]) is not numpy.ndarray:
        return results  # such as `tolist` gives
    kind = type(results)
    ours = [wrapped(item, seen) for item in results]
    if all(map(_same, ours, results)):
        return results
    return kind._make(ours) if hasattr(kind, "_make") else kind(ours)


WRAP: dict[type, Callable[[Any], Any]] = {}
"""How results of other types than arrays are wrapped; `arrays.py` and `ufuncs.py` have rows."""


def view_of(value: numpy.ndarray[Any, Any], seen: Sequence[ndarray]) -> ndarray:
    """A new handle on a view; it remembers whose view it is, for `base`."""
    view = wrap(value)
    for array in seen:
        if shares(value, array):
            view._origin = array
            return view
    if _references_to_base(value) > _ALONE:
        memory.give(value)
    return view


def _references_to_base(value: Any) -> int:
    """How many references there are to what a view is of, or more than that."""
    base = value.base
    if type(base) is not numpy.ndarray or base.base is not None:
        return sys.maxsize
    return sys.getrefcount(base)


_ALONE: Final = _references_to_base(numpy.empty(2)[:1])
"""A view that alone refers to its memory: `np.linspace` and others return such."""


def shares(value: numpy.ndarray[Any, Any], array: ndarray) -> bool:
    """Whether `value` is a view of the array, or of what the array is a view of."""
    other = array._value
    return other is not None and (value.base is other or value.base is other.base is not None)


# --- calls ----------------------------------------------------------------------------------


def call(
    function: Operation,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    run: Operation | None = None,
    written: Sequence[int] = (),
) -> Any:
    """What `function(*args, **kwargs)` gives; each array in the arguments may be ours.

    `run` is what NumPy is asked instead, where it means the same (`a.sum()` for `np.sum(a)`);
    `written` are the positions of the arguments that are written to; `out` is always one.
    """
    if _is_large(args, limit_of(function)) and (
        type(function) is numpy.ufunc or function in RECORDABLE
    ):
        result = _recorded(function, args, kwargs)
        if result is not None:
            return result
    elif function in VIEWING and args and type(args[0]) is ndarray and args[0]._value is None:
        result = engine().viewed(
            args[0], lambda place: (run or function)(place, *args[1:], **kwargs)
        )
        if result is not engine().NOT_RECORDED:
            return result
    if ("where" in kwargs or function is numpy.putmask) and _is_large(
        (*args[:1], kwargs.get("out")), LARGE
    ):
        result = engine().written_where(function, args, kwargs)
        if result is not engine().NOT_RECORDED:
            return result
    elif function in JOINING and READERS and args:
        result = engine().joined_now(function, args, kwargs)
        if result is not None:
            return result
    return call_now(function, args, kwargs, run, written)


def call_now(
    function: Operation,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    run: Operation | None = None,
    written: Sequence[int] = (),
) -> Any:
    """As `call`, by NumPy."""
    seen: Seen = []
    for position in written:
        if position < len(args):
            _prepare(args[position])
    if READERS and kwargs and written:  # by keyword as well: `np.copyto(dst=a, src=b)`
        for argument in kwargs.values():
            _prepare(argument)
    elif READERS and "out" in kwargs:
        _prepare(kwargs["out"])
    plain = [unwrapped(argument, seen) for argument in args]
    named = {name: unwrapped(argument, seen) for name, argument in kwargs.items()}
    result = attempt(run or function, plain, named)
    if type(result) is numpy.ndarray:
        if given(result, args, kwargs):
            return result
        if args and result is args[0]:
            memory.give(result)
    return wrapped(result, seen)


REFUSED = "object __array__ method not producing an array"


def attempt(function: Operation, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """NumPy's result; where a class of the user's has an `__array__` that gives arrays of ours,
    which NumPy refuses, those arrays are passed in its place."""
    try:
        return function(*args, **kwargs)
    except ValueError as error:
        if str(error) != REFUSED:
            raise
    named = {name: _as_array(argument) for name, argument in kwargs.items()}
    return function(*map(_as_array, args), **named)


def _as_array(argument: Any) -> Any:
    if type(argument) in (list, tuple):
        return type(argument)([_as_array(item) for item in argument])
    if issubclass(type(argument), numpy.ndarray | type) or not hasattr(argument, "__array__"):
        return argument
    array = argument.__array__()
    return real(array) if type(array) is ndarray else argument


REDUCTIONS = frozenset(
    {
        *(numpy.sum, numpy.prod, numpy.min, numpy.max, numpy.mean, numpy.any, numpy.all),
        *(numpy.std, numpy.var, numpy.argmin, numpy.argmax, numpy.ptp),
        *(numpy.nansum, numpy.nanmin, numpy.nanmax, numpy.nanmean, numpy.count_nonzero),
    }
)
"""Functions of an array and an axis that may be recorded."""

RECORDABLE = REDUCTIONS | {
    *(numpy.where, numpy.clip, numpy.astype, numpy.ndarray.astype, numpy.angle),
    *(numpy.dot, numpy.vdot, numpy.inner, numpy.roll, numpy.diff, numpy.cumsum, numpy.cumprod),
}
"""Functions that may be recorded, besides the ufuncs."""


JOINING = frozenset({numpy.concatenate, numpy.stack, numpy.hstack, numpy.vstack, numpy.pad})
"""Functions that put arrays together."""

VIEWING = frozenset(
    {
        *(
            numpy.transpose,
            numpy.permute_dims,
            numpy.matrix_transpose,
            numpy.swapaxes,
            numpy.moveaxis,
        ),
        *(numpy.rollaxis, numpy.flip, numpy.fliplr, numpy.flipud, numpy.rot90, numpy.squeeze),
        *(numpy.expand_dims, numpy.diagonal, numpy.atleast_1d, numpy.atleast_2d, numpy.atleast_3d),
        *(numpy.split, numpy.array_split, numpy.hsplit, numpy.vsplit, numpy.dsplit, numpy.unstack),
        *(numpy.real, numpy.imag, numpy.ndarray.transpose),
    }
)
"""Functions that give views of their first argument, or itself."""

_CHEAP = REDUCTIONS | {
    *(numpy.add, numpy.subtract, numpy.multiply, numpy.negative, numpy.positive, numpy.absolute),
    *(numpy.equal, numpy.not_equal, numpy.less, numpy.less_equal, numpy.greater),
    *(numpy.greater_equal, numpy.bitwise_and, numpy.bitwise_or, numpy.bitwise_xor, numpy.invert),
    *(numpy.minimum, numpy.maximum, numpy.square, numpy.logical_and, numpy.logical_or),
    *(numpy.logical_not, numpy.where, numpy.clip, numpy.astype, numpy.ndarray.astype),
}


_PRODUCTS: Final = frozenset({numpy.matmul, numpy.dot})


def limit_of(function: Operation) -> list[int]:
    """How many elements NumPy computes sooner than a call is recorded and run."""
    if function in _PRODUCTS:
        return _ANY
    return LARGE if function in _CHEAP else SMALL


def _is_large(args: Sequence[Any], limit: list[int]) -> bool:
    """Whether an operand is pending or large, or what operands broadcast to is large."""
    shapes: list[tuple[int, ...]] = []
    product = 1
    for argument in args:
        if type(argument) is ndarray:
            value = argument._value
            if value is None or value.size > limit[0]:
                return True
            product *= value.size
            shapes.append(value.shape)
    return product > limit[0] and len(shapes) > 1 and broadcasts_beyond(limit[0], *shapes)


def broadcasts_beyond(limit: int, *shapes: tuple[int, ...]) -> bool:
    """Whether arrays of these shapes broadcast to more elements than that, if they do at all."""
    first = shapes[0]
    if all(shape == first for shape in shapes):
        return math.prod(first) > limit
    reversed_shapes = (shape[::-1] for shape in shapes)
    return math.prod(map(max, itertools.zip_longest(*reversed_shapes, fillvalue=1))) > limit


def _recorded(function: Operation, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What the lazy engine gives for a call; None if NumPy is to do it."""
    out = kwargs.get("out")
    if type(out) is ndarray:
        return out if len(kwargs) == 1 and engine().written(out, function, args) else None
    result = engine().recorded(function, args, kwargs)
    return None if result is engine().NOT_RECORDED else result


def _prepare(target: Any) -> None:
    for each in target if type(target) is tuple else (target,):
        if type(each) is ndarray:
            writing(each)


def given(result: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether the result is the caller's own NumPy array that it passed to be written to.

    An array passed first is not: `np.asarray(plain)` gives one of ours.
    """
    out = kwargs.get("out")
    return (
        out is result
        or (type(out) is tuple and any(each is result for each in out))
        or any(each is result for each in args[1:])
    )


def direct(value: Any, result: Any, array: ndarray) -> Any:
    """The wrapped result of an operation on `array` alone, whose real array is `value`."""
    if type(result) is not numpy.ndarray:
        return wrapped(result, (array,))
    if result is value:
        return array
    made: ndarray = new(ndarray)
    made._value = result
    if result.base is not None:
        made._origin = array
    return made
