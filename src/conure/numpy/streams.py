"""Random numbers: NumPy's own generators and very streams, giving arrays of ours."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy

from conure.numpy.seam import call, wrapped
from conure.numpy.written import DRAWN_INTO

Method = Callable[..., Any]


class Generator(numpy.random.Generator):
    """Container for the BitGenerators; see `numpy.random.Generator`."""

    def __init__(self, bit_generator: Any) -> None:
        super().__init__(bit_generator)
        self._plain = numpy.random.Generator(bit_generator)

    def spawn(self, n_children: int) -> list[Any]:
        """Independent generators; see `numpy.random.Generator.spawn`."""
        return [type(self)(each.bit_generator) for each in self._plain.spawn(n_children)]

    def __reduce__(self) -> Any:
        return Generator, (self.bit_generator,)


class RandomState(numpy.random.RandomState):
    """Container for the slow Mersenne Twister; see `numpy.random.RandomState`."""

    def __init__(self, seed: Any = None) -> None:
        self._plain = call(numpy.random.RandomState, (seed,), {})
        super().__init__(self._plain._bit_generator)

    def __reduce__(self) -> Any:
        return _restored, (self.get_state(legacy=False),)


def _restored(state: Any) -> RandomState:
    generator = RandomState()
    generator.set_state(state)
    return generator


@functools.wraps(numpy.random.default_rng, assigned=("__name__", "__qualname__", "__doc__"))
def default_rng(seed: Any = None) -> Generator:
    """A new `Generator` with NumPy's default bit generator; see `numpy.random.default_rng`."""
    made = call(numpy.random.default_rng, (seed,), {})
    return made if type(made) is Generator else Generator(made.bit_generator)


def _methods(kind: type) -> dict[str, Method]:
    """The wrapped methods of one of NumPy's generator classes."""
    return {
        name: _method(name, member)
        for name, member in vars(kind).items()
        if not name.startswith("_") and callable(member) and name != "spawn"
    }


def _method(name: str, plain: Any) -> Method:
    """A method, run by a generator of NumPy's own: its methods call each other."""
    written = DRAWN_INTO.get(name, ())

    @functools.wraps(plain, assigned=("__name__", "__qualname__", "__doc__"))
    def run(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not args and not kwargs:
            return wrapped(plain(self._plain))
        if name == "shuffle" and args and type(args[0]) is list:
            return plain(self._plain, *args, **kwargs)
        return call(plain, (self._plain, *args), kwargs, None, written)

    return run


def _assemble(kind: type, plain: type) -> None:
    for name, method in _methods(plain).items():
        setattr(kind, name, method)
    kind.__doc__ = plain.__doc__
    kind.__module__ = "conure.numpy.random"


_assemble(Generator, numpy.random.Generator)
_assemble(RandomState, numpy.random.RandomState)
default_rng.__module__ = "conure.numpy.random"
