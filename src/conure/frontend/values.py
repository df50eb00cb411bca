"""What a Python name or expression stands for while a region is lowered.

Most of Python's dynamism is gone once this is known: a number is an expression of the IR, an
array is a view (index maps over a parameter or a local array), everything else is a constant of
the compilation.

A *mixed* number is either a Python scalar or (after the first turn of a loop, say) a NumPy one:
`kind` is false while it is still the Python value, which `expr` then holds exactly. In the same
way a number may be of a narrower NumPy type at first.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from conure.ir.nodes import Const, Expr
from conure.ir.types import BOOL, COMPLEX, FLOAT, INT, Scalar
from conure.record import Record


class Number(Record):
    """A scalar. With `kind`, its type is `python` where the kind is false."""

    expr: Expr
    kind: Expr | None = None
    python: Scalar | None = None

    @property
    def type(self) -> Scalar:
        return self.expr.type

    @property
    def constant(self) -> bool | int | float | complex | None:
        """The value if it is a literal, else None."""
        return self.expr.value if isinstance(self.expr, Const) else None


class Axis(Record):
    """How one axis of the underlying array is indexed: at `start + step * index[of]`, or at
    `start` alone where `of` is None."""

    start: Expr
    step: int | Expr
    of: int | None


class View(Record):
    """An array or a part of one. `whole`: the very object, not a new view of it. `writeable`:
    False if NumPy would refuse a store."""

    base: str
    dtype: Scalar
    axes: tuple[Axis, ...]
    shape: tuple[Expr, ...]
    writeable: bool = True
    whole: bool = False

    @property
    def rank(self) -> int:
        return len(self.shape)


class Elements(Record):
    """An array expression not yet evaluated: its element at an index, and the views it reads."""

    dtype: Scalar
    shape: tuple[Expr, ...]
    element: Callable[[tuple[Expr, ...]], Expr]
    reads: tuple[View, ...]

    @property
    def rank(self) -> int:
        return len(self.shape)


class Tuple(Record):
    """A tuple; `origin` names the argument that it is, if it is one."""

    items: tuple[Value, ...]
    origin: str | None = None


class Instance(Record):
    """An object of which only attributes are used: those that are arguments, `name.attribute`."""

    name: str


class Bound(Record, eq=False):
    """A method of an object, before it is called."""

    function: object
    owner: Instance


class Items(Record):
    """A short list that is only read, item by item; `origin` names the argument that it is."""

    items: tuple[Value, ...]
    origin: str


class Object(Record, eq=False):
    """Anything known at compile time: a module, a function, a type, None, a string, ..."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Object) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


class Method(Record):
    """`x.sum`, before it is called."""

    owner: Value
    name: str


class Closure(Record, eq=False):
    """A function or lambda defined inside the region; `frame` is where its free names live."""

    node: ast.FunctionDef | ast.Lambda
    frame: object


class Poison(Record):
    """A name that holds different things on the paths that meet here; reading it is refused."""

    message: str


Value = (
    Number | View | Elements | Tuple | Items | Instance | Bound | Object | Method | Closure | Poison
)


class Binding(Record):
    """What a name holds, and the `bool` that tells whether it is bound, where that may be not."""

    value: Value
    bound: Expr | None = None


Environment = dict[str, Binding]


def integer_number(value: int) -> Number:
    """A Python int known at compile time."""
    return Number(Const(value, INT))


def constant_number(value: object) -> Number | None:
    """A Python scalar as a number; None if it is not one or does not fit in 64 bits."""
    match value:
        case bool():
            return Number(Const(value, BOOL))
        case int():
            return integer_number(value) if -(2**63) <= value < 2**63 else None
        case float():
            return Number(Const(value, FLOAT))
        case complex():
            return Number(Const(value, COMPLEX))
        case _:
            return None
