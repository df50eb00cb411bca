"""What lowering is given and what it hands back: the border between a region and its caller.

The caller looks up every name that a region may read and says what it holds (`Argument`). The
lowering answers with a program and, for each name that lives on, how to rebuild its Python
value (`Outcome`), or with a `Reason`.

    >>> TupleArgument((ScalarArgument(INT), ScalarArgument(INT))).items[0].type
    int
"""

from __future__ import annotations

from dataclasses import dataclass

from conure.ir.nodes import Program
from conure.ir.types import INT, ArrayType, Scalar

__all__ = [
    "INT",
    "Argument",
    "ArgumentOutcome",
    "ArrayArgument",
    "ConstantOutcome",
    "Guard",
    "Lowered",
    "ObjectArgument",
    "Outcome",
    "RebindOutcome",
    "SameArray",
    "ScalarArgument",
    "ScalarOutcome",
    "TupleArgument",
    "TupleOutcome",
    "UnboundArgument",
    "UnboundOutcome",
]


# ---- what the names hold when the region is reached ------------------------------------------


@dataclass(frozen=True, slots=True)
class ScalarArgument:
    """A number of a Python or NumPy type; a parameter of the program."""

    type: Scalar


@dataclass(frozen=True, slots=True)
class ArrayArgument:
    """An `np.ndarray`; a parameter of the program."""

    type: ArrayType
    writeable: bool = True


@dataclass(frozen=True, slots=True)
class SameArray:
    """The very object that the argument `name` holds; no parameter of its own."""

    name: str


@dataclass(frozen=True, slots=True)
class UnboundArgument:
    """The name has no value when the region is reached."""


@dataclass(frozen=True, slots=True)
class ObjectArgument:
    """Anything else (module, function, type, dtype, None, str, ...): a constant of the
    compilation, whose identity the caller guards."""

    value: object


@dataclass(frozen=True, slots=True)
class TupleArgument:
    """A tuple of scalars and arrays, passed as the parameters `name.0`, `name.1`, ..."""

    items: tuple[Argument, ...]


Argument = (
    ScalarArgument | ArrayArgument | SameArray | UnboundArgument | ObjectArgument | TupleArgument
)


# ---- what they hold afterwards ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScalarOutcome:
    """The number at this position of the program's results."""

    position: int


@dataclass(frozen=True, slots=True)
class ArgumentOutcome:
    """The object that the argument of this name held ("t.0" for an item of a tuple)."""

    name: str


@dataclass(frozen=True, slots=True)
class RebindOutcome:
    """The array argument whose position among the program's parameters is the result here."""

    position: int


@dataclass(frozen=True, slots=True)
class TupleOutcome:
    """A tuple of these."""

    items: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class ConstantOutcome:
    """This object."""

    value: object


@dataclass(frozen=True, slots=True)
class UnboundOutcome:
    """No value: the name is left unbound."""


Outcome = (
    ScalarOutcome
    | ArgumentOutcome
    | RebindOutcome
    | TupleOutcome
    | ConstantOutcome
    | UnboundOutcome
)


@dataclass(frozen=True, slots=True)
class Guard:
    """What the lowering took from outside the arguments: `namespace[name]` (a dict) or
    `getattr(namespace, name)` was `value`. The caller checks it at each call: by identity, for
    scalars by type and value."""

    namespace: object
    name: str
    value: object


@dataclass(frozen=True, slots=True)
class Lowered:
    """A region as a program, and how its results become Python values again.

    `outcomes` has a row for each live-out name. `returned` is the position of the `bool` result
    that tells whether the region executed `return`; `value` is what it then returned. After a
    return the live-outs mean nothing.
    """

    program: Program
    outcomes: tuple[tuple[str, Outcome], ...]
    returned: int | None = None
    value: Outcome | None = None
    guards: tuple[Guard, ...] = ()
