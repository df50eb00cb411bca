"""What is known at a point of the program that is being generated."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """Random choices from one seed."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, items: Sequence[T]) -> T:
        return self.random.choice(items)

    def weighted(self, items: Sequence[tuple[float, T]]) -> T:
        weights = [weight for weight, _ in items]
        return self.random.choices([item for _, item in items], weights)[0]

    def between(self, low: int, high: int) -> int:
        return self.random.randint(low, high)


@dataclass(frozen=True)
class Index:
    """An integer variable that lies in low..high; low > high means that it has no value."""

    name: str
    low: int
    high: int


@dataclass(frozen=True)
class Array:
    """An array in sight. Arrays of one `group` share memory.

    `role`: "in" is never written, "out" is, "sum" only by adding tame terms, "index" holds
    subscripts below `limit`.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    role: str
    group: int
    tame: bool = False
    limit: int = 0

    @property
    def kind(self) -> str:
        """One of b i f c."""
        if self.dtype == "bool":
            return "b"
        return "i" if "int" in self.dtype else self.dtype[0].replace("l", "f").replace("o", "i")


@dataclass(frozen=True)
class Scalar:
    """A scalar in sight; a clean one holds no rounded float."""

    name: str
    kind: str
    clean: bool = True


@dataclass
class Scope:
    """Names in sight, and how much may still be built.

    `mode` is "exact" (every float is bit for bit the same whatever the order of sums) or
    "approximate" (sums and elementary functions of any floats, compared with a tolerance).
    """

    draw: Draw
    mode: str
    wild: float
    arrays: list[Array] = field(default_factory=list)
    scalars: list[Scalar] = field(default_factory=list)
    indices: list[Index] = field(default_factory=list)
    helpers: list[tuple[str, str]] = field(default_factory=list)
    sizes: dict[int, list[str]] = field(default_factory=dict)
    before: list[list[str]] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    trips: int = 1
    limit: int = 20_000
    statements: int = 12
    loops: list[str] = field(default_factory=list)
    counter: int = 0

    def fresh(self, prefix: str) -> str:
        """A name that nothing else has."""
        self.counter += 1
        return f"{prefix}{self.counter}"

    def size(self, value: int) -> str:
        """A text for a size: a parameter, a shape, or the number itself."""
        texts = self.sizes.get(value, [])
        return self.draw.pick(texts) if texts and self.draw.chance(0.85) else str(value)

    @property
    def dead(self) -> bool:
        """Whether some enclosing loop surely has no trips."""
        return any(index.low > index.high for index in self.indices)

    def arrays_of(self, roles: str, kinds: str = "bifc", rank: int | None = None) -> list[Array]:
        """The arrays with one of these roles and kinds (and this rank)."""
        return [
            array
            for array in self.arrays
            if array.role in roles.split()
            and array.kind in kinds
            and (rank is None or len(array.shape) == rank)
        ]

    @contextmanager
    def inside(
        self, names: Sequence[Index | Array | Scalar], trips: int, loop: str
    ) -> Iterator[list[str]]:
        """Within a loop: what is bound in it is forgotten after it."""
        kept = (list(self.arrays), list(self.scalars), list(self.indices), self.trips)
        before: list[str] = []
        self.before.append(before)
        self.loops.append(loop)
        self.trips *= max(trips, 1)
        for name in names:
            self.bind(name)
        try:
            yield before
        finally:
            self.arrays, self.scalars, self.indices, self.trips = kept
            self.before.pop()
            self.loops.pop()

    @contextmanager
    def branch(self) -> Iterator[None]:
        """Within an arm of an `if`: names bound in it are forgotten after, mostly."""
        kept = list(self.scalars)
        yield
        if not self.draw.chance(self.wild):
            self.scalars = kept

    def bind(self, name: Index | Array | Scalar) -> None:
        """Make a name known from here on."""
        if isinstance(name, Index):
            self.indices.append(name)
        elif isinstance(name, Array):
            self.arrays.append(name)
        else:
            self.scalars.append(name)
