"""The operators of the array class: `+`, `<`, `@`, `-x`, `+=` and all others.

Small operands go straight to NumPy: what is inlined here is what makes an operation on ten
elements cost about what it costs there. All else goes through `seam.call`. Whether the other
operand's class takes over is decided by NumPy's own operator, which answers NotImplemented.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any, Final

import numpy

from conure.configuration import in_force
from conure.numpy.handle import ndarray, new
from conure.numpy.large import of_one, of_two
from conure.numpy.seam import (
    READERS,
    SCALARS,
    attempt,
    broadcasts_beyond,
    call,
    engine,
    limit_of,
    real,
    unwrapped,
    wrapped,
    writing,
)

Method = Callable[..., Any]

plain_array = numpy.ndarray

BINARY: dict[str, tuple[Any, Method]] = {
    "add": (numpy.add, operator.add),
    "sub": (numpy.subtract, operator.sub),
    "mul": (numpy.multiply, operator.mul),
    "truediv": (numpy.true_divide, operator.truediv),
    "floordiv": (numpy.floor_divide, operator.floordiv),
    "mod": (numpy.remainder, operator.mod),
    "divmod": (numpy.divmod, divmod),
    "pow": (numpy.power, operator.pow),
    "matmul": (numpy.matmul, operator.matmul),
    "lshift": (numpy.left_shift, operator.lshift),
    "rshift": (numpy.right_shift, operator.rshift),
    "and": (numpy.bitwise_and, operator.and_),
    "or": (numpy.bitwise_or, operator.or_),
    "xor": (numpy.bitwise_xor, operator.xor),
}
"""Operators with a reflected form: the ufunc they mean, and Python's function for them."""

COMPARISONS: dict[str, tuple[Any, Method]] = {
    "eq": (numpy.equal, operator.eq),
    "ne": (numpy.not_equal, operator.ne),
    "lt": (numpy.less, operator.lt),
    "le": (numpy.less_equal, operator.le),
    "gt": (numpy.greater, operator.gt),
    "ge": (numpy.greater_equal, operator.ge),
}

UNARY: dict[str, tuple[Any, Method]] = {
    "neg": (numpy.negative, operator.neg),
    "pos": (numpy.positive, operator.pos),
    "invert": (numpy.invert, operator.invert),
    "abs": (numpy.absolute, abs),
}

IN_PLACE: dict[str, tuple[Any, Method]] = {
    name: (BINARY[name][0], getattr(operator, f"i{name}")) for name in BINARY if name != "divmod"
}


def operators() -> dict[str, Method]:
    """Every operator method of the array class, by its name."""
    methods: dict[str, Method] = {}
    for name, (function, operate) in (BINARY | COMPARISONS).items():
        methods[f"__{name}__"] = forward(function, operate, f"__{name}__")
    for name, (function, operate) in BINARY.items():
        methods[f"__r{name}__"] = reflected(function, operate, f"__r{name}__")
    for name, (function, operate) in UNARY.items():
        methods[f"__{name}__"] = unary(function, operate)
    for name, (function, operate) in IN_PLACE.items():
        methods[f"__i{name}__"] = in_place(function, operate, f"__i{name}__")
    for name, method in methods.items():
        method.__name__ = name
        method.__qualname__ = f"ndarray.{name}"
        method.__doc__ = getattr(plain_array, name).__doc__
    methods["__pow__"] = powers(methods["__pow__"])
    return methods


def forward(function: Any, operate: Method, name: str) -> Method:
    """`array <operator> other`."""
    slot, limit = getattr(plain_array, name), limit_of(function)
    large = of_two(function, operate)

    def method(self: Any, other: Any) -> Any:
        value = self._value if type(self) is ndarray else self
        if value is not None and value.size <= limit[0]:
            if type(other) is ndarray:
                operand = other._value
                if operand is None or operand.size > limit[0]:
                    return large(self, other)
                if value.size * operand.size > limit[0] and broadcasts_beyond(
                    limit[0], value.shape, operand.shape
                ):
                    return large(self, other)
                result = operate(value, operand)
            elif type(other) in SCALARS:
                result = operate(value, other)
            else:
                return mixed(function, operate, slot, self, other)
            if type(result) is plain_array:
                array = new(ndarray)
                array._value = result
                return array
            return wrapped(result)
        if type(other) is ndarray or type(other) in SCALARS:
            return large(self, other)
        return mixed(function, operate, slot, self, other)

    return method


def mixed(
    function: Any, operate: Method, slot: Method, array: Any, other: Any, is_first: bool = True
) -> Any:
    """An operation with something that is neither ours nor a number; `slot` is its own form, and
    `is_first` tells on which side the array stands."""
    if isinstance(other, plain_array):
        return call(function, (array, other) if is_first else (other, array), {}, operate)
    seen = [array]
    result = attempt(slot, (real(array), unwrapped(other, seen)), {})
    return result if result is NotImplemented else wrapped(result, seen)


def reflected(function: Any, operate: Method, name: str) -> Method:
    """`other <operator> array`, which `other` did not take up."""
    slot, limit = getattr(plain_array, name), limit_of(function)
    large = of_two(function, operate)

    def method(self: Any, other: Any) -> Any:
        value = self._value if type(self) is ndarray else self
        if type(other) in SCALARS:
            if value is None or value.size > limit[0]:
                return large(other, self)
            result = operate(other, value)
            if type(result) is plain_array:
                array = new(ndarray)
                array._value = result
                return array
            return wrapped(result)
        return mixed(function, operate, slot, self, other, is_first=False)

    return method


def powers(method: Method) -> Method:
    """`pow(array, other, modulus)` as well."""
    slot = plain_array.__pow__

    def __pow__(self: Any, other: Any, modulus: Any = None) -> Any:
        if modulus is None:
            return method(self, other)
        return slot(real(self), real(other), modulus)

    __pow__.__doc__ = slot.__doc__
    return __pow__


def unary(function: Any, operate: Method) -> Method:
    """`<operator> array`."""
    limit = limit_of(function)
    large = of_one(function, operate)

    def method(self: Any) -> Any:
        value = self._value if type(self) is ndarray else self
        if value is None or value.size > limit[0]:
            return large(self)
        result = operate(value)
        if type(result) is plain_array:
            array = new(ndarray)
            array._value = result
            return array
        return wrapped(result)

    return method


class _Probe:
    """Counts the references to an operand that has no name, as `in_place` sees them."""

    count = 0

    def __iadd__(self, other: object) -> _Probe:
        self.count = sys.getrefcount(other)
        return self


def _unnamed() -> int:
    probe = _Probe()
    probe += object()
    return probe.count


UNNAMED = _unnamed()
"""An operand with no more references is dropped when the operator returns."""


_ALONE: Final = 4


def _is_done_sooner(value: Any, other: Any, limit: list[int]) -> bool:
    """Whether NumPy has written a result before a plan for it, which has to run at once and has
    nothing pending to run with it, would be found and launched."""
    if value is None or value.size > _ALONE * limit[0]:
        return False
    if type(other) is ndarray and other._value is None:
        return False
    config = in_force()
    return config is None or config.device in ("auto", "python")


def in_place(function: Any, operate: Method, name: str) -> Method:
    """`array <operator>= other`."""
    slot, limit = getattr(plain_array, name), limit_of(function)

    def method(self: Any, other: Any) -> Any:
        value = self._value if type(self) is ndarray else self
        if (
            (value is None or value.size > limit[0])
            and (type(other) is ndarray or type(other) in SCALARS)
            and not _is_done_sooner(value, other, limit)
        ):
            dying = other if sys.getrefcount(other) <= UNNAMED else None
            if type(self) is ndarray and engine().written(self, function, (self, other), dying):
                return self
            value = self._value if type(self) is ndarray else self
        if READERS or value is None:
            writing(self)
            value = real(self)
        if type(other) is ndarray:
            operate(value, real(other))
        elif type(other) in SCALARS:
            operate(value, other)
        else:
            result = slot(value, unwrapped(other, []))
            if result is not value:  # not implemented, or what the other's class made of it
                return result if result is NotImplemented else wrapped(result)
        return self

    return method
