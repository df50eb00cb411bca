"""Objects that hold arrays for NumPy's iterators: `a.flat`."""

from __future__ import annotations

from typing import Any

import numpy

from conure.numpy.seam import READERS, real, wrapped, writing


class FlatType(type):
    """The type of `flatiter`: those of plain arrays count as its instances."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, numpy.flatiter) or type.__instancecheck__(cls, instance)


class FlatIterator(metaclass=FlatType):
    """What `a.flat` is; see `numpy.flatiter`."""

    __slots__ = ("_array", "_plain")
    __hash__ = None  # type: ignore[assignment] # as NumPy's

    def __init__(self, array: Any, plain: Any) -> None:
        self._array = array
        self._plain = plain

    @property
    def base(self) -> Any:
        """The array that is iterated over."""
        return self._array

    @property
    def coords(self) -> tuple[int, ...]:
        """The index of the next element."""
        coords: tuple[int, ...] = self._plain.coords
        return coords

    @property
    def index(self) -> int:
        """The number of the next element."""
        index: int = self._plain.index
        return index

    def copy(self, /) -> Any:
        """A flat copy of the array."""
        return wrapped(self._plain.copy())

    def __iter__(self) -> FlatIterator:
        return self

    def __next__(self) -> Any:
        return next(self._plain)

    def __len__(self) -> int:
        return len(self._plain)

    def __getitem__(self, key: Any) -> Any:
        return wrapped(self._plain[real(key)])

    def __setitem__(self, key: Any, item: Any) -> None:
        if READERS:
            writing(self._array)
        self._plain[real(key)] = real(item)

    def __delitem__(self, key: Any) -> None:
        del self._plain[real(key)]

    def __array__(self, dtype: Any = None, /, *, copy: bool | None = None) -> Any:
        return numpy.asarray(self._plain.__array__(), dtype)

    def __eq__(self, other: object) -> Any:
        return wrapped(self._plain == real(other))

    def __ne__(self, other: object) -> Any:
        return wrapped(self._plain != real(other))

    def __lt__(self, other: Any) -> Any:
        return wrapped(self._plain < real(other))

    def __le__(self, other: Any) -> Any:
        return wrapped(self._plain <= real(other))

    def __gt__(self, other: Any) -> Any:
        return wrapped(self._plain > real(other))

    def __ge__(self, other: Any) -> Any:
        return wrapped(self._plain >= real(other))


FlatIterator.__name__ = FlatIterator.__qualname__ = "flatiter"
FlatIterator.__module__ = "conure.numpy"
