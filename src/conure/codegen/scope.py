"""What is known while one function is written: where names live, and the ways out.

A *value* is a tuple of LLVM operands: one for most types, (real, imaginary) for complex ones.
Scalar variables are stack slots; loop indexes and array fields are plain operands.

Failures come in two kinds. An arithmetic one on a value that decides nothing about addresses or
control is *sticky*: it sets a flag, tested later, so that loops stay vectorizable. Anything that
steers (an index, a condition, a bound) leaves at once: facts that analysis derived from the
check, such as `i + 1 > i`, then hold for all code that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from conure.artifact import FAIL
from conure.codegen.facts import Facts
from conure.codegen.module import Function, Module
from conure.ir.nodes import For, Stmt
from conure.ir.types import ArrayType, Scalar, component
from conure.record import Record
from conure.target import Target

Operands = tuple[str, ...]

_MACHINE: Final[Mapping[tuple[str, int], str]] = {("real", 32): "float", ("real", 64): "double"}


def machine_type(scalar: Scalar) -> str:
    """The LLVM type of a scalar in registers; of the parts, for a complex one.

    >>> from conure.ir.types import B1, C64, U16
    >>> machine_type(B1), machine_type(U16), machine_type(C64)
    ('i1', 'i16', 'float')
    """
    part = component(scalar)
    return _MACHINE.get((part.kind, part.bits), f"i{part.bits}")


def memory_type(scalar: Scalar) -> str:
    """The LLVM type of one part of an element in memory: booleans are bytes there."""
    return "i8" if scalar.kind == "bool" else machine_type(scalar)


def parts(scalar: Scalar) -> int:
    """How many operands a value of this type has."""
    return 2 if scalar.kind == "complex" else 1


class Array(Record):
    """Where an array's fields are. With `movable` they are stack slots, since `:=` changes them;
    otherwise plain operands. `position` is the number of the parameter it was."""

    name: str
    type: ArrayType
    data: str
    dims: tuple[str, ...]
    strides: tuple[str, ...]
    position: str = "-1"
    movable: bool = False
    depth: int = 0
    """How many loops enclose its birth: each turn of them has an array of its own."""
    pointer: str = "ptr"
    """The LLVM type of `data`."""


class Place(Record):
    """Where in the program code is being written; replaced, never changed."""

    steering: bool = False
    """The value being computed steers."""
    vector: bool = False
    """Inside an innermost loop whose iterations are lanes."""
    group: str = ""
    """The access group of the innermost loop, where its accesses are independent."""
    reductions: Mapping[str, str] = field(default_factory=dict)
    """The marked reductions of the enclosing loops: name to operator."""
    depth: int = 0
    """How many loops enclose this."""


class Bounds(Record):
    """What a counted loop runs over, computed once: index = start + turn*step, turn < trips."""

    start: str
    step: str
    trips: str


@dataclass
class Scope:
    """One function being written."""

    module: Module
    function: Function
    target: Target
    facts: Facts
    runtime: str
    parallel: Callable[[Scope, For, Bounds], None] | None = None
    """Writes a loop marked parallel; None: such loops run in place."""
    beside: Callable[[Scope, Stmt], bool] | None = None
    """Where some loops run on a device: brings what a statement touches back to the host, or says
    that the statement holds such a loop."""
    forget: Callable[[Scope, str], None] | None = None
    """Tells the device that memory is about to be freed."""
    cells: dict[str, Operands] = field(default_factory=dict)
    indexes: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, Array] = field(default_factory=dict)
    labels: dict[str, tuple[str, int]] = field(default_factory=dict)
    owned: list[str] = field(default_factory=list)
    """Memory to free on the way out, outermost first."""
    place: Place = field(default_factory=Place)
    touched: dict[str, str] = field(default_factory=dict)
    """Slots that tell whether a variable has been set here, for those where that matters."""
    high_sums: dict[str, str] = field(default_factory=dict)
    """Slots of the upper halves of sums (see `sums`)."""
    types: dict[str, Scalar] = field(default_factory=dict)
    turns: str = ""
    """The slot that counts turns of loops since the last poll."""
    aliases: dict[str, tuple[str, str]] = field(default_factory=dict)
    _exits: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)

    # ---- scalars ----

    def declare(self, name: str, scalar: Scalar, start: Operands | None = None) -> None:
        """Give a scalar variable its stack slots, zero at first if nothing else is said."""
        kind = machine_type(scalar)
        zero = "0.0" if component(scalar).kind == "real" else "0"
        self.types[name] = scalar
        self.cells[name] = tuple(self.function.slot(kind, zero) for _ in range(parts(scalar)))
        if start is not None:
            self.write(name, start)

    def read(self, name: str) -> Operands:
        """The value of a scalar variable or loop index."""
        if name in self.indexes:
            return (self.indexes[name],)
        kind = machine_type(self.types[name])
        return tuple(self.function.value(f"load {kind}, ptr {cell}") for cell in self.cells[name])

    def write(self, name: str, value: Operands) -> None:
        """Set a scalar variable."""
        kind = machine_type(self.types[name])
        if name in self.touched:
            self.function.emit(f"store i1 1, ptr {self.touched[name]}")
        for cell, part in zip(self.cells[name], value, strict=True):
            self.function.emit(f"store {kind} {part}, ptr {cell}")

    # ---- failures ----

    def fails(self, condition: str, steers: bool) -> None:
        """Fail if the condition holds: at once if the value steers, else by the flag."""
        if steers and self.place.steering:
            self.leave_if(condition)
            return
        self.function.fail_later(condition)

    def settle(self) -> None:
        """Leave now if a sticky failure has happened."""
        if self.flag and self.function.open:
            self.leave_if(self.function.failed())

    @property
    def flag(self) -> str:
        """The slot of the sticky failure; empty if nothing can fail so far."""
        return self.function.flag

    def leave_if(self, condition: str, status: int | str = FAIL) -> None:
        """Leave the function with this status if the condition holds, which is unlikely."""
        onward = self.function.label("on")
        weights = self.module.node('!{!"branch_weights", i32 1, i32 1048576}')
        self.function.branch_if(condition, self.way_out(status), onward, f"!prof {weights}")
        self.function.begin(onward)

    def way_out(self, status: int | str) -> str:
        """The label of code that frees what is owned here and returns the status (a constant or
        the slot that holds it)."""
        key = (str(status), tuple(self.owned))
        if key not in self._exits:
            self._exits[key] = self.function.label("exit")
        return self._exits[key]

    @property
    def leaves(self) -> bool:
        """Whether anything so far leaves the function early."""
        return bool(self._exits)

    def write_exits(self) -> None:
        """Write the code of all ways out; the last thing in a function."""
        for (status, owned), label in self._exits.items():
            self.function.begin(label)
            self.free(owned)
            value = self.function.value(f"load i32, ptr {status}") if "%" in status else status
            self.function.finish(f"ret i32 {value}")

    def free(self, owned: tuple[str, ...] | list[str]) -> None:
        """Give memory back, last first."""
        if not owned:
            return
        self.module.declare("void @free(ptr) nounwind")
        for pointer in reversed(owned):
            if self.forget is not None:
                self.forget(self, pointer)
            self.function.emit(f"call void @free(ptr {pointer})")

    # ---- where ----

    def at(self, **changes: object) -> _At:
        """`with scope.at(steering=True):` write the code inside under a changed `place`."""
        return _At(self, replace(self.place, **changes))  # type: ignore[arg-type] # fields by name


class _At:
    """Set a scope's place for a while."""

    def __init__(self, scope: Scope, place: Place) -> None:
        self._scope, self._place, self._before = scope, place, scope.place

    def __enter__(self) -> None:
        self._scope.place = self._place

    def __exit__(self, *_: object) -> None:
        self._scope.place = self._before
