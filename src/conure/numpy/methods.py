"""The methods of the array class that have a name: `a.sum()`, `a.reshape(2, 3)`, `a.sort()`, ..."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy

from conure.lazy import results
from conure.numpy.attributes import forget_shape
from conure.numpy.handle import ndarray
from conure.numpy.seam import SCALARS, SIMPLE, call, direct, limit_of, real
from conure.numpy.written import WRITTEN

Method = Callable[..., Any]

AS_FUNCTIONS = (
    *("all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip"),
    *("cumprod", "cumsum", "diagonal", "dot", "max", "mean", "min", "nonzero", "prod", "repeat"),
    *("round", "searchsorted", "squeeze", "std", "sum", "swapaxes", "take", "trace", "var"),
    *("ravel", "copy"),
)
"""Methods that are NumPy's function of this name, which takes the array first."""

OF_THEIR_OWN = (
    *("conj", "conjugate"),  # of reals, the array itself
    *("astype", "byteswap", "compress", "fill", "flatten", "getfield", "partition", "put"),
    *("reshape", "setfield", "setflags", "sort", "to_device", "transpose", "view"),
)
"""Methods whose function has other arguments, or that have none."""

GIVING_OBJECTS = ("dump", "dumps", "item", "tobytes", "tofile", "tolist")
"""Methods that give the elements as Python's objects, or their bytes."""

VIEWING = ("diagonal", "reshape", "squeeze", "swapaxes", "transpose", "view")
"""Methods that give views: of a real array at once, whatever its size."""


def methods() -> dict[str, Method]:
    """Every named method of the array class."""
    table = {name: method(name, getattr(numpy, name)) for name in AS_FUNCTIONS}
    for name in OF_THEIR_OWN:
        table[name] = method(name, getattr(numpy.ndarray, name))
    table["resize"] = resizer()
    for name in GIVING_OBJECTS:
        table[name] = observer(name)
    return table


def method(name: str, function: Any) -> Method:
    """The method that calls numpy.ndarray's of this name, and is known to mean `function`."""
    plain, limit = getattr(numpy.ndarray, name), limit_of(function)
    written = WRITTEN.get(name, ())
    writes = written == (0,)

    eager = name in VIEWING

    @functools.wraps(plain, assigned=("__name__", "__qualname__", "__doc__"))
    def run(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if type(self) is ndarray and not writes:
            value = self._value
            if value is not None and (eager or value.size <= limit[0]):
                for argument in (*args, *kwargs.values()) if kwargs else args:
                    if type(argument) not in SIMPLE:
                        break
                else:
                    result = plain(value, *args, **kwargs)
                    return result if type(result) in SCALARS else direct(value, result, self)
        return call(function, (self, *args), kwargs, plain, written)

    return run


def observer(name: str) -> Method:
    """The method that hands out what numpy.ndarray's gives, as it is."""
    plain = getattr(numpy.ndarray, name)

    @functools.wraps(plain, assigned=("__name__", "__qualname__", "__doc__"))
    def run(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        return plain(real(self), *args, **kwargs)

    return run


HELD_ONCE = 3
"""References to an array that one variable holds, seen inside a method: that, `self`, the count."""


def resizer() -> Method:
    """`resize`, which NumPy refuses where the array is held by more than the caller's name."""
    plain = numpy.ndarray.resize

    @functools.wraps(plain, assigned=("__name__", "__qualname__", "__doc__"))
    def run(self: Any, /, *shape: Any, refcheck: bool = True) -> None:
        forget_shape(self)
        value = real(self)
        results.release(value)
        held = sys.getrefcount(self) > HELD_ONCE or sys.getrefcount(value) > HELD_ONCE
        plain(value, *shape, refcheck=held if refcheck is True else refcheck)

    return run
