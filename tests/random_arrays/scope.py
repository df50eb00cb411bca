"""What a program has made so far: NumPy itself runs it while it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.oracle import owner
from tests.random_arrays.rules import Case, Rule, bounded
from tests.random_programs.data import array
from tests.random_programs.scope import Draw

MOST_ELEMENTS = 400_000


class UnsuitableError(Exception):
    """The statement would make errors of rounding grow too far."""


@dataclass
class Scope:
    """The variables with their values, and how far each may be off.

    `errors` are those of memory, by the identity of its owner (all owners are kept alive), and of
    numbers, by name. `plain` are the names of arrays that NumPy itself made.
    """

    draw: Draw
    dims: tuple[int, int]
    wild: float
    env: dict[str, Any] = field(default_factory=lambda: {"np": np, "real": np, "data": array})
    names: list[str] = field(default_factory=list)
    plain: set[str] = field(default_factory=set)
    errors: dict[int | str, float] = field(default_factory=dict)
    owners: dict[int, Any] = field(default_factory=dict)
    counter: int = 0

    def fresh(self, prefix: str = "x") -> str:
        """A name that nothing else has."""
        self.counter += 1
        return f"{prefix}{self.counter}"

    def error_of(self, name: str) -> float:
        """How far a variable may be off."""
        value = self.env[name]
        return self.errors.get(id(owner(value)) if isinstance(value, np.ndarray) else name, 0.0)

    def bind(self, name: str, value: Any, error: float, plain: bool = False) -> None:
        """Give a variable a value."""
        self.env[name] = value
        if isinstance(value, np.ndarray):
            self.spoil(value, error)
        else:
            self.errors[name] = error
        if name not in self.names:
            self.names.append(name)
        (self.plain.add if plain else self.plain.discard)(name)

    def spoil(self, value: np.ndarray, error: float) -> None:
        """From now on the memory may be off by so much."""
        bottom = owner(value)
        self.owners[id(bottom)] = bottom
        self.errors[id(bottom)] = max(self.errors.get(id(bottom), 0.0), error)

    def forget(self, name: str) -> None:
        """The program deletes a variable."""
        del self.env[name]
        self.names.remove(name)
        self.plain.discard(name)

    def arrays(self, kinds: str = "biufc", ranks: str = "0123456") -> list[str]:
        """The names of arrays, of dtypes and ranks as asked for."""
        return [
            name
            for name in self.names
            if isinstance(value := self.env[name], np.ndarray)
            and value.dtype.kind in kinds
            and str(value.ndim) in ranks
        ]

    def numbers(self) -> list[str]:
        """The names of numbers."""
        return [name for name in self.names if not isinstance(self.env[name], np.ndarray)]

    def shape(self) -> tuple[int, ...]:
        """A shape that will mostly broadcast with others of this program."""
        m, n = self.dims
        return self.draw.weighted(
            [
                *((3.0, (m, n)), (2.0, (n,)), (0.7, (m, 1)), (0.7, (1, n)), (0.7, (m,))),
                *((0.5, (n, m)), (0.5, (m * n,)), (0.15, ()), (0.1, (1,))),
                (0.5 if m * n < 1000 else 0.1, (3, m, n) if m * n < 1000 else (2, m, n)),
            ]
        )


def applied(rule: Rule, values: list[Any], errors: list[float], result: Any) -> float:
    """The bound of a result, or an exception if it is too large."""
    with np.errstate(all="ignore"):
        error = bounded(Case(values, errors, result), rule(Case(values, errors, result)))
    if error is None:
        raise UnsuitableError
    return error
