"""The grammar of the loop language, on one screen: frozen nodes, each with a one-line text form.

    Program  name(params) -> results { locals; body }
    Stmt     x = e | a[i, j] = e | for i in lo:hi:step { } | while e { } | if e { } else { }
             | block L { } | leave L | assume e | a = alloc dtype[e, e] | a, b := b, a
    Expr     constant | x | dim(a, 0) | a[i, j] | op(e, ...)

A *checked* node (printed with `?`) fails where Python would raise or warn; a checked access also
wraps negative indices. An unchecked one is the bare machine or array operation. `ir/evaluate.py`
gives each node its meaning. Locations and notes are not part of a node's identity.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import Final, final

from conure.errors import NOWHERE, Loc
from conure.ir.types import ArrayType, Scalar, Type
from conure.record import Record

Value = bool | int | float | complex


# ---- expressions ---------------------------------------------------------------------------


@final
class Const(Record):
    """A literal; `1`, `1.0:f32`. Equal only if the bits are: -0.0 and 0.0, 1 and True differ."""

    value: Value
    type: Scalar

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Const)
            and self.type is other.type
            and repr(self.value) == repr(other.value)
        )

    def __hash__(self) -> int:
        return hash((repr(self.value), self.type.name))


@final
class Var(Record):
    """A scalar parameter, a local, or the index of an enclosing `for`."""

    name: str
    type: Scalar


@final
class Dim(Record):
    """`dim(a, 0)`: the extent of an axis, an `int` of at least 0."""

    array: str
    axis: int
    type: Scalar


@final
class Load(Record):
    """`a[i, j]`: an element; one `int` index per axis. Checked: negative wraps, else in range."""

    array: str
    index: tuple[Expr, ...]
    type: Scalar
    checked: bool = True
    loc: Loc = field(default=NOWHERE, compare=False, repr=False)


@final
class Apply(Record):
    """`op(x, y)`: a row of `ir/ops.py`. `and`, `or`, `select` evaluate only what they need."""

    op: str
    args: tuple[Expr, ...]
    type: Scalar
    checked: bool = False
    loc: Loc = field(default=NOWHERE, compare=False, repr=False)


Expr = Const | Var | Dim | Load | Apply


# ---- what a loop is decided to be -----------------------------------------------------------


@final
class Reduction(Record):
    """`name` accumulates by `op` (an associative row of `ir/ops.py`, or "last": the same value
    is written by every iteration that writes). `array` is true for an array accumulated in place.
    `companions`: scalars set together with a `name` that keeps the best value: where it is, say."""

    name: str
    op: str
    array: bool = False
    companions: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All that it accumulates: the variable and its companions."""
        return (self.name, *self.companions)


@final
class Mark(Record):
    """How a loop runs. `guard`: parallel only if it holds when the loop is reached, otherwise
    serial. `private`: scalars (and local arrays) each iteration has to itself; `last`: those of
    them whose value after the last iteration is read later. `vector`: iterations are
    independent apart from `reductions`, and short enough work to be lanes. `grid`: as parallel, on
    a device; of loops so marked directly inside one another each tuple of indexes is a point."""

    kind: str = "serial"  # "serial" | "parallel" | "vector" | "grid"
    guard: Expr | None = None
    reductions: tuple[Reduction, ...] = ()
    private: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    grain: int = 0  # iterations per chunk, of a `vector` loop per vector; 0: chosen later


SERIAL: Final = Mark()


# ---- statements ----------------------------------------------------------------------------


@final
class Assign(Record):
    """`x = e`: set a scalar local of the same type."""

    name: str
    value: Expr
    loc: Loc = field(default=NOWHERE, compare=False, repr=False)


@final
class Store(Record):
    """`a[i, j] = e`: set an element; `e` has the array's dtype."""

    array: str
    index: tuple[Expr, ...]
    value: Expr
    checked: bool = True
    loc: Loc = field(default=NOWHERE, compare=False, repr=False)


@final
class For(Record):
    """`for i in start:stop:step { }`: bounds are evaluated once; `i` is an `int`, bound in the
    body only, never assigned there. A constant step is not 0; a variable one must not be."""

    index: str
    start: Expr
    stop: Expr
    step: Expr
    body: tuple[Stmt, ...]
    mark: Mark = SERIAL
    notes: tuple[str, ...] = field(default=(), compare=False, repr=False)
    loc: Loc = field(default=NOWHERE, compare=False, repr=False)


@final
class While(Record):
    """`while e { }`: the condition (bool or b1) is evaluated before each turn."""

    condition: Expr
    body: tuple[Stmt, ...]
    loc: Loc = field(default=NOWHERE, compare=False, repr=False)


@final
class If(Record):
    """`if e { } else { }`."""

    condition: Expr
    then: tuple[Stmt, ...]
    orelse: tuple[Stmt, ...] = ()
    loc: Loc = field(default=NOWHERE, compare=False, repr=False)


@final
class Block(Record):
    """`block L { }`: the body, once; `leave L` inside it goes to its end."""

    label: str
    body: tuple[Stmt, ...]
    loc: Loc = field(default=NOWHERE, compare=False, repr=False)


@final
class Leave(Record):
    """`leave L`: go to the end of the enclosing block L (break, continue and return are this)."""

    label: str
    loc: Loc = field(default=NOWHERE, compare=False, repr=False)


@final
class Assume(Record):
    """`assume e`: nothing is written yet; if `e` is false the careful variant runs instead."""

    condition: Expr
    loc: Loc = field(default=NOWHERE, compare=False, repr=False)


@final
class Fail(Record):
    """`fail`: leave to Python from here (an error CPython will raise, or a case not compiled)."""

    loc: Loc = field(default=NOWHERE, compare=False, repr=False)


@final
class Alloc(Record):
    """`a = alloc f64[n, 3]`: a local C-contiguous array with undefined contents, until the end of
    the enclosing statement list."""

    name: str
    dtype: Scalar
    shape: tuple[Expr, ...]
    loc: Loc = field(default=NOWHERE, compare=False, repr=False)


@final
class Rebind(Record):
    """`a, b := b, a`: array names take over each other's arrays, all at once."""

    names: tuple[str, ...]
    sources: tuple[str, ...]
    loc: Loc = field(default=NOWHERE, compare=False, repr=False)


Stmt = Assign | Store | For | While | If | Block | Leave | Assume | Fail | Alloc | Rebind


# ---- programs ------------------------------------------------------------------------------


@final
class Param(Record):
    """An argument. Arrays are distinct memory unless `Program.overlaps` says otherwise."""

    name: str
    type: Type


@final
class Local(Record):
    """A scalar variable; zero until assigned (the front end tracks unbound names itself)."""

    name: str
    type: Scalar


@final
class Result(Record):
    """A scalar handed back: a local or parameter. `kind` names a bool local: false means that
    the value is of the type `python` (or a narrower one of NumPy's) instead; `bound` likewise:
    false means unbound. For an array name (rebound by `:=`) the result is the position of the
    parameter it now names."""

    name: str
    python: Scalar | None = None
    kind: str | None = None
    bound: str | None = None


@final
class Program(Record):
    """A compiled region: parameters, scalar locals, statements, results."""

    name: str
    params: tuple[Param, ...]
    locals: tuple[Local, ...]
    body: tuple[Stmt, ...]
    results: tuple[Result, ...] = ()
    overlaps: tuple[tuple[str, str], ...] = ()

    def array(self, name: str) -> ArrayType:
        """The type of an array parameter."""
        for param in self.params:
            if param.name == name and isinstance(param.type, ArrayType):
                return param.type
        raise KeyError(name)

    def with_body(self, body: tuple[Stmt, ...]) -> Program:
        return replace(self, body=body)
