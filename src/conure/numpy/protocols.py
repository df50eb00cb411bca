"""How arrays take part in Python's and NumPy's protocols: formatting, copying, `__array_ufunc__`.

What other libraries ask of an array stands here. Memory is handed out only through `expose`.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable
from typing import Any

import numpy

from conure.numpy.attributes import EXPOSING, KNOWN, OF_THE_VALUE
from conure.numpy.handle import ndarray, wrap
from conure.numpy.seam import Seen, call, expose, given, real, unwrapped, wrapped, writing
from conure.numpy.written import WRITTEN

Method = Callable[..., Any]

plain_array = numpy.ndarray
nothing = numpy.empty(0)
"""An array to ask what holds for all."""


def make(cls: type, *args: Any, **kwargs: Any) -> Any:
    """`ndarray(shape, dtype, buffer, ...)`, as numpy.ndarray makes it."""
    if cls is not ndarray:  # np.ndarray.__new__(Derived, ...)
        named = {name: expose(item) for name, item in kwargs.items()}
        return plain_array.__new__(cls, *map(expose, args), **named)
    return call(plain_array, args, kwargs)


# --- observing ------------------------------------------------------------------------------


def __repr__(self: Any) -> str:
    return repr(real(self))


def __str__(self: Any) -> str:
    return str(real(self))


def __format__(self: Any, form: str) -> str:
    return format(real(self), form)


def __bool__(self: Any) -> bool:
    return bool(real(self))


def __int__(self: Any) -> int:
    return int(real(self))


def __float__(self: Any) -> float:
    return float(real(self))


def __complex__(self: Any) -> complex:
    return complex(real(self))


def __index__(self: Any) -> int:
    index: int = real(self).__index__()
    return index


def __bytes__(self: Any) -> bytes:
    return bytes(real(self))


def __sizeof__(self: Any) -> int:
    size: int = real(self).__sizeof__()
    return size


def missing(self: Any, name: str) -> Any:
    """An attribute that was not found: of a pending array, or of none."""
    if name in ndarray.__slots__:
        raise AttributeError(name)
    if self._value is None and name in (*KNOWN, *OF_THE_VALUE):
        known = name in KNOWN and self._node.shape is not None
        return getattr(self._node if known else real(self), name)
    if name in EXPOSING:  # it has refused already
        raise AttributeError(f"{name!r} would not tell all of dtype {self.dtype}")
    return getattr(nothing, name)


def names(self: Any) -> list[str]:
    """The attributes that NumPy's have."""
    return dir(plain_array)


# --- copies ---------------------------------------------------------------------------------


def __copy__(self: Any) -> Any:
    return wrapped(real(self).__copy__())


def __deepcopy__(self: Any, memo: dict[int, Any]) -> Any:
    return wrapped(real(self).__deepcopy__(memo))


def __reduce_ex__(self: Any, protocol: int) -> Any:
    return wrap, (real(self),)


def __reduce__(self: Any) -> Any:
    return wrap, (real(self),)


def __setstate__(self: Any, state: Any) -> None:
    writing(self)
    real(self).__setstate__(state)


# --- arrays of others -----------------------------------------------------------------------


def __array__(self: Any, *args: Any, **kwargs: Any) -> Any:
    return expose(self).__array__(*args, **kwargs)


def __array_ufunc__(self: Any, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    if method == "__call__":
        return call(ufunc, inputs, kwargs)
    written = {"at": (0,)}.get(method, ())
    return call(getattr(ufunc, method), inputs, kwargs, written=written)


def __array_function__(self: Any, /, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    function = func
    if type(args) is not tuple or type(kwargs) is not dict:  # NumPy's own refusal
        return nothing.__array_function__(func, types, args, kwargs)
    if function in (numpy.shape, numpy.ndim, numpy.size):  # known of pending arrays
        return function._implementation(*args, **kwargs)
    if any(type(argument) is ndarray for argument in args):
        return call(function, args, kwargs, None, WRITTEN.get(function.__name__, ()))
    seen: Seen = []
    plain, named = everywhere((args, kwargs), seen)
    for array in seen:
        writing(array)  # one of them may be `out`
    if not seen:  # hidden in a container of another type: NumPy reads it through `__array__`
        return wrapped(function._implementation(*args, **kwargs))
    result = function(*plain, **named)
    return result if given(result, args, kwargs) else wrapped(result, seen)


def everywhere(argument: Any, seen: Seen) -> Any:
    """The argument with each array in it unwrapped, however it is nested."""
    kind = type(argument)
    if kind is list or kind is tuple:
        return kind([everywhere(item, seen) for item in argument])
    if kind is dict:
        return {name: everywhere(item, seen) for name, item in argument.items()}
    return unwrapped(argument, seen)


def __array_wrap__(self: Any, *args: Any) -> Any:
    return call(plain_array.__array_wrap__, (self, *args), {})


def __array_finalize__(self: Any, other: Any) -> None:
    """Nothing is to be done for a base class array."""


def __array_namespace__(self: Any, /, *, api_version: str | None = None) -> types.ModuleType:
    version: Any = api_version
    real_module = nothing.__array_namespace__(api_version=version)  # or its error
    return importlib.import_module(f"conure.{real_module.__name__}")


def to_numpy(self: Any, *args: Any, **kwargs: Any) -> Any:
    """The array as NumPy's, which pandas and Matplotlib ask for by this name."""
    return expose(self).__array__(*args, **kwargs)


def __dlpack__(self: Any, /, **kwargs: Any) -> Any:
    return expose(self).__dlpack__(**kwargs)


def __dlpack_device__(self: Any) -> tuple[int, int]:
    device: tuple[int, int] = real(self).__dlpack_device__()
    return device


def __class_getitem__(cls: type, item: Any) -> types.GenericAlias:
    plain_array.__class_getitem__(item)  # which refuses what is no pair of types
    return types.GenericAlias(cls, item)


PROTOCOLS: dict[str, Any] = {
    **{
        method.__name__: method
        for method in (
            *(__repr__, __str__, __format__, __bool__, __int__, __float__, __complex__, __index__),
            *(__bytes__, __sizeof__, __copy__, __deepcopy__, __reduce_ex__, __reduce__),
            *(__setstate__, __array__, __array_ufunc__, __array_function__, __array_wrap__),
            *(__array_finalize__, __array_namespace__, __dlpack__, __dlpack_device__),
        )
    },
    "__getattr__": missing,  # at the top of a module these two names would be the module's
    "__dir__": names,
    "__class_getitem__": classmethod(__class_getitem__),
    "__array_priority__": 0.0,
    "_typ": "npy_extension",  # to pandas: what holds a NumPy array, to be taken out by `to_numpy`
    "to_numpy": to_numpy,
    "__new__": staticmethod(make),
}
"""What of the array class is defined here."""
