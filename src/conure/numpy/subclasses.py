"""What `class Derived(np.ndarray)` derives from: NumPy's own class, that knows ours by name.

NumPy's manual lets such a class define `__array_ufunc__`, turn inputs into plain arrays by
`view(np.ndarray)`, and call `super().__array_ufunc__`. Here those views are arrays of ours, which
NumPy's method would leave to `ndarray.__array_ufunc__`, that is, to nobody: what stands between
takes their values out. NumPy looks whether a class overrides a method at all, so that each of the
two methods has a base of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy

from conure.numpy.handle import ArrayType, Subclassed, ndarray
from conure.numpy.protocols import everywhere
from conure.numpy.seam import Seen, wrapped

Method = Callable[..., Any]


class OverridesUfuncs(Subclassed):
    """The base of a class that has an `__array_ufunc__` of its own."""

    def __array_ufunc__(self, ufunc: Any, method: Any, *inputs: Any, **kwargs: Any) -> Any:
        seen: Seen = []
        plain, named = everywhere((inputs, kwargs), seen)
        result = super().__array_ufunc__(ufunc, method, *plain, **named)
        return wrapped(result, seen)

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        own = vars(cls).get("__array_ufunc__")
        if callable(own):
            setattr(cls, "__array_ufunc__", given_ours(own))  # noqa: B010 # mypy: a method


class OverridesFunctions(Subclassed):
    """The base of a class that has an `__array_function__` of its own."""

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        seen: Seen = []
        plain, named = everywhere((args, kwargs), seen)
        kinds = tuple(numpy.ndarray if kind is ndarray else kind for kind in types)
        return wrapped(super().__array_function__(func, kinds, plain, named), seen)


def given_ours(method: Method) -> Method:
    """An `__array_ufunc__` of the user's, to be called by NumPy: it sees arrays of ours."""

    @functools.wraps(method)
    def __array_ufunc__(self: Any, ufunc: Any, how: str, *inputs: Any, **kwargs: Any) -> Any:
        ours = [wrapped(item) if type(item) is numpy.ndarray else item for item in inputs]
        if "out" in kwargs:
            kwargs["out"] = wrapped(kwargs["out"])
        return method(self, ufunc, how, *ours, **kwargs)

    return __array_ufunc__


def bases(namespace: Mapping[str, Any]) -> tuple[type, ...]:
    """What a class with these names derives from."""
    found: list[type] = []
    if namespace.get("__array_ufunc__") is not None:
        found.append(OverridesUfuncs)
    if namespace.get("__array_function__") is not None:
        found.append(OverridesFunctions)
    return (*found, Subclassed)


def install_bases() -> None:
    """From now on a class that is derived from ours has these."""
    ArrayType.bases = staticmethod(bases)
    for kind in (Subclassed, OverridesUfuncs, OverridesFunctions):
        kind.__name__ = kind.__qualname__ = "ndarray"
        kind.__module__ = "conure.numpy"
