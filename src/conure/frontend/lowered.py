"""What lowering is given and what it hands back: the border between a region and its caller.

The caller looks up every name that a region may read and says what it holds (`Argument`). The
lowering answers with a program and, for each name that lives on, how to rebuild its Python
value (`Outcome`), or with a `Reason`.

    >>> TupleArgument((ScalarArgument(INT), ScalarArgument(INT))).items[0].type
    int
"""

from __future__ import annotations

from types import FunctionType
from typing import Final

from conure.ir.nodes import Expr, Program
from conure.ir.types import INT, ArrayType, Scalar
from conure.record import Record

__all__ = [
    "EXTENTS",
    "INT",
    "Argument",
    "ArgumentOutcome",
    "ArrayArgument",
    "ConstantOutcome",
    "Guard",
    "Lowered",
    "MethodArgument",
    "NewArray",
    "NewArrayOutcome",
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


class ScalarArgument(Record):
    """A number of a Python or NumPy type; a parameter of the program."""

    type: Scalar


class ArrayArgument(Record):
    """An `np.ndarray`; a parameter of the program."""

    type: ArrayType
    writeable: bool = True


class SameArray(Record):
    """The very object that the argument `name` holds; no parameter of its own."""

    name: str


class UnboundArgument(Record):
    """The name has no value when the region is reached."""


class ObjectArgument(Record):
    """Anything else (module, function, type, dtype, None, str, ...): a constant of the
    compilation, whose identity the caller guards."""

    value: object


class TupleArgument(Record):
    """A tuple (or short list) of scalars and arrays, passed as the parameters `name.0`, ..."""

    items: tuple[Argument, ...]
    is_list: bool = False


class MethodArgument(Record):
    """A function of the class of the object `owner` (that is the name whose attribute it is)."""

    called: FunctionType
    owner: str


Argument = (
    ScalarArgument
    | ArrayArgument
    | SameArray
    | UnboundArgument
    | ObjectArgument
    | TupleArgument
    | MethodArgument
)


# ---- what they hold afterwards ----------------------------------------------------------------


class ScalarOutcome(Record):
    """The number at this position of the program's results."""

    position: int


class ArgumentOutcome(Record):
    """The object that the argument of this name held ("t.0" for an item of a tuple)."""

    name: str


class NewArrayOutcome(Record):
    """The array that was made for the program's parameter at this position."""

    position: int


class RebindOutcome(Record):
    """The array argument whose position among the program's parameters is the result here."""

    position: int


class TupleOutcome(Record):
    """A tuple of these; `bound`: the position of the `bool` result that tells whether it is."""

    items: tuple[Outcome, ...]
    bound: int | None = None


class ConstantOutcome(Record):
    """This object."""

    value: object


class UnboundOutcome(Record):
    """No value: the name is left unbound."""


Outcome = (
    ScalarOutcome
    | ArgumentOutcome
    | NewArrayOutcome
    | RebindOutcome
    | TupleOutcome
    | ConstantOutcome
    | UnboundOutcome
)


class Guard(Record):
    """What the lowering took from outside the arguments: `namespace[name]` (a dict) or
    `getattr(namespace, name)` was `value`. The caller checks it at each call: by identity, for
    scalars by type and value. With `parameter`, the number there is a parameter of the program of
    that name, and its type alone is checked."""

    namespace: object
    name: str
    value: object
    parameter: str = ""


EXTENTS: Final = {
    "add": "({} + {})", "sub": "({} - {})", "mul": "({} * {})", "neg": "(-{})",
    "floordiv": "({} // {})", "mod": "({} % {})", "maximum": "max({}, {})",
    "minimum": "min({}, {})", "less": "({} < {})", "less_equal": "({} <= {})",
    "equal": "({} == {})", "select": "({1} if {0} else {2})",
}  # fmt: skip
"""The operators of which extents of new arrays may be made, as Python."""


class NewArray(Record):
    """An array of these extents (of constants, parameters and their extents), uninitialized: to be
    made before each call, for the parameter of this name. It is among what comes out."""

    name: str
    dtype: Scalar
    shape: tuple[Expr, ...]


class Lowered(Record):
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
    made: tuple[NewArray, ...] = ()

    @property
    def made_names(self) -> frozenset[str]:
        return frozenset(array.name for array in self.made)
