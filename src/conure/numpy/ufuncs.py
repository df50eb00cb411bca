"""Universal functions: `np.add`, and its `reduce`, `accumulate`, `reduceat`, `outer` and `at`."""

from __future__ import annotations

from typing import Any

import numpy

from conure.numpy.handle import ndarray, new
from conure.numpy.large import of_one, of_two
from conure.numpy.seam import READERS, SCALARS, UNWRAP, WRAP, call, limit_of, wrapped

MISSING: Any = object()
"""Stands for an argument that was not passed."""


class UfuncType(type):
    """The type of `ufunc`: NumPy's own, which other libraries define, count as its instances."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, numpy.ufunc) or type.__instancecheck__(cls, instance)

    def __getattr__(cls, name: str) -> Any:
        return getattr(numpy.ufunc, name)


class ufunc(metaclass=UfuncType):  # noqa: N801 # the name that it stands in for
    """A universal function; see `numpy.ufunc`."""

    def __init__(self, plain: Any) -> None:
        self._plain = plain
        self._inputs: int = plain.nin
        self._limit = limit_of(plain)
        self._large_one, self._large_two = of_one(plain), of_two(plain)
        self._outputs = tuple(range(plain.nin, plain.nin + plain.nout))
        self.__name__: str = plain.__name__
        self.__doc__ = plain.__doc__
        self.__module__ = f"conure.{plain.__module__}" if hasattr(plain, "__module__") else ""

    def __call__(
        self,
        first: Any = MISSING,
        second: Any = MISSING,
        /,
        *rest: Any,
        out: Any = MISSING,
        **kwargs: Any,
    ) -> Any:
        """Apply the function, element by element."""
        if not (rest or kwargs):
            if second is not MISSING:
                if self._inputs == 2:
                    left, right = small(first, self._limit), small(second, self._limit)
                    if left is not None and right is not None:
                        if out is MISSING:
                            return quick(self._plain(left, right))
                        if type(out) is ndarray and out._value is not None and not READERS:
                            self._plain(left, right, out._value)
                            return out
                    elif out is MISSING and is_plain(first) and is_plain(second):
                        return self._large_two(first, second)
            elif type(first) is ndarray and out is MISSING:
                value = first._value
                if value is not None and value.size <= self._limit[0]:
                    result = self._plain(value)
                    if type(result) is numpy.ndarray:
                        array: Any = new(ndarray)
                        array._value = result
                        return array
                    return wrapped(result)
                if self._inputs == 1:
                    return self._large_one(first)
        args = [operand for operand in (first, second) if operand is not MISSING]
        if out is not MISSING:
            kwargs["out"] = out
        return call(self._plain, [*args, *rest], kwargs, None, self._outputs)

    def reduce(self, *args: Any, **kwargs: Any) -> Any:
        """See `numpy.ufunc.reduce`."""
        return call(self._plain.reduce, args, kwargs, None, (3,))

    def accumulate(self, *args: Any, **kwargs: Any) -> Any:
        """See `numpy.ufunc.accumulate`."""
        return call(self._plain.accumulate, args, kwargs, None, (3,))

    def reduceat(self, *args: Any, **kwargs: Any) -> Any:
        """See `numpy.ufunc.reduceat`."""
        return call(self._plain.reduceat, args, kwargs, None, (4,))

    def outer(self, *args: Any, **kwargs: Any) -> Any:
        """See `numpy.ufunc.outer`."""
        return call(self._plain.outer, args, kwargs)

    def at(self, *args: Any, **kwargs: Any) -> None:
        """See `numpy.ufunc.at`."""
        call(self._plain.at, args, kwargs, None, (0,))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def __dir__(self) -> list[str]:
        return dir(self._plain)

    def __repr__(self) -> str:
        return repr(self._plain)

    def __reduce__(self) -> str:
        return str(self.__name__)

    def __eq__(self, other: object) -> bool:
        return self._plain is (other._plain if type(other) is ufunc else other)

    def __hash__(self) -> int:
        return hash(self._plain)


def is_plain(operand: Any) -> bool:
    """Whether it is an array of ours or a number."""
    return type(operand) is ndarray or type(operand) in SCALARS


def small(operand: Any, limit: list[int]) -> Any:
    """The operand as NumPy takes it, if it is a number or an array that is small; None if not."""
    if type(operand) is ndarray:
        value = operand._value
        return value if value is not None and value.size <= limit[0] else None
    return operand if type(operand) in SCALARS else None


def quick(result: Any) -> Any:
    """The wrapped result of a ufunc on small operands."""
    if type(result) is numpy.ndarray:
        array: Any = new(ndarray)
        array._value = result
        return array
    return wrapped(result)


ufunc.__module__ = "conure.numpy"
WRAP[numpy.ufunc] = ufunc
UNWRAP[ufunc] = lambda argument, seen: argument._plain
