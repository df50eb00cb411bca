"""Expressions: a template of NumPy code with operands, whose value and bound can be found.

>>> scope = Scope(Draw(0), (2, 3), 0.0)
>>> scope.bind("x", np.ones((2, 3)), 0.0)
>>> term = Term("({} + {})", added, (name("x"), literal("1.5")))
>>> str(term), term.evaluate(scope)[0].sum(), term.evaluate(scope)[1]
('(x + (1.5))', np.float64(15.0), 0.0)
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from tests.random_arrays.rules import Rule, added, carried  # noqa: F401 # the doctest's
from tests.random_arrays.scope import MOST_ELEMENTS, Scope, UnsuitableError, applied
from tests.random_programs.scope import Draw  # noqa: F401 # the doctest's

Bound = tuple[Any, float]


@functools.cache
def code(template: str, count: int) -> CodeType:
    """The template as code that reads v0, v1, ..."""
    return compile(template.format(*(f"v{k}" for k in range(count))), "<term>", "eval")


@dataclass(frozen=True)
class Term:
    """A template with a pair of braces for each part."""

    template: str
    rule: Rule
    parts: tuple[Term, ...] = ()

    def __str__(self) -> str:
        return self.template.format(*map(str, self.parts))

    def evaluate(self, scope: Scope) -> Bound:
        """The value, and how far it may be off."""
        found = [part.evaluate(scope) for part in self.parts]
        values, errors = [value for value, _ in found], [error for _, error in found]
        _check_size(self.template, values)
        names = {f"v{k}": value for k, value in enumerate(values)}
        result = eval(code(self.template, len(values)), {**scope.env, **names})
        return result, applied(self.rule, values, errors, result)


@dataclass(frozen=True)
class Leaf(Term):
    """A variable or a literal."""

    def evaluate(self, scope: Scope) -> Bound:
        if self.template in scope.env:
            return scope.env[self.template], scope.error_of(self.template)
        return eval(code(self.template, 0), dict(scope.env)), 0.0


def name(text: str) -> Leaf:
    """A variable."""
    return Leaf(text, carried)


def literal(text: str) -> Leaf:
    """Code that reads no variable; a number in parentheses, since `3.T` is no code."""
    return Leaf(f"({text})" if text[:1] in "-0123456789" else text, carried)


def _check_size(template: str, values: list[Any]) -> None:
    """Two arrays could make a huge one."""
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    if len(arrays) > 1 and arrays[0].size * arrays[1].size > MOST_ELEMENTS:
        if "outer" in template:
            raise UnsuitableError
        try:
            shape = np.broadcast_shapes(*(each.shape for each in arrays))
        except ValueError:
            return
        if int(np.prod(shape)) > MOST_ELEMENTS:
            raise UnsuitableError


Writer = Callable[[Scope], "Term"]
