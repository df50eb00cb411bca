"""Structs that carry values between a parallel loop's caller and its kernel."""

from __future__ import annotations

from typing import Protocol

from conure.codegen.scope import Operands, Scope, machine_type, memory_type


class Passage(Protocol):
    """What carries operands from a caller into a kernel."""

    def add(self, kind: str, operand: str) -> int:
        """Hand an operand over; its number."""

    def load(self, kernel: Scope, number: int) -> str:
        """That operand, in the kernel."""


class Environment:
    """The struct that a kernel is handed: fields are added, then stored by the caller and
    loaded by the kernel."""

    def __init__(self) -> None:
        self.fields: list[tuple[str, str]] = []

    def add(self, kind: str, operand: str) -> int:
        """Add a field; its number."""
        self.fields.append((kind, operand))
        return len(self.fields) - 1

    @property
    def type(self) -> str:
        """The struct's type."""
        return "{" + ", ".join(kind for kind, _ in self.fields) + "}"

    def build(self, scope: Scope) -> str:
        """Store all fields in a struct on the stack."""
        pointer = scope.function.slot(self.type, align=64)
        for number, (kind, operand) in enumerate(self.fields):
            scope.function.emit(
                f"store {kind} {operand}, ptr {field_address(scope, self.type, pointer, number)}"
            )
        return pointer

    def load(self, kernel: Scope, number: int) -> str:
        """A field, in the kernel."""
        address = field_address(kernel, self.type, "%env", number)
        return kernel.function.value(f"load {self.fields[number][0]}, ptr {address}")


def field_address(
    scope: Scope, kind: str, pointer: str, number: int, row: str = "0", space: str = "ptr"
) -> str:
    """The address of a field of a struct, or of row `row` of an array of structs."""
    return scope.function.value(
        f"getelementptr inbounds {kind}, {space} {pointer}, i64 {row}, i32 {number}"
    )


def record_type(scope: Scope, names: tuple[str, ...]) -> str:
    """A struct that holds these scalars, each followed by whether it was set."""
    kinds = [[memory_type(scope.types[name])] * len(scope.cells[name]) + ["i8"] for name in names]
    return "{" + ", ".join(kind for each in kinds for kind in each) + "}"


def write_record(
    scope: Scope, names: tuple[str, ...], pointer: str, row: str, space: str = "ptr"
) -> None:
    """Store scalars in such a struct; `space` is its pointer's type."""
    values = {}
    for name in names:
        touched = scope.touched.get(name)
        was = scope.function.value(f"load i1, ptr {touched}") if touched else "1"
        values[name] = scope.read(name), was
    write_values(scope, names, (pointer, row, space), values)


def write_values(
    scope: Scope,
    names: tuple[str, ...],
    place: tuple[str, str, str],
    values: dict[str, tuple[Operands, str]],
) -> None:
    """Store these values in such a struct; `place`: its pointer, its row, the pointer's type."""
    kind, number = record_type(scope, names), 0
    pointer, row, space = place
    for name in names:
        parts, was = values[name]
        kinds = [machine_type(scope.types[name])] * len(parts) + ["i1"]
        for machine, part in zip(kinds, (*parts, was), strict=True):
            address = field_address(scope, kind, pointer, number, row, space)
            if machine == "i1":
                machine, part = "i8", scope.function.value(f"zext i1 {part} to i8")
            scope.function.emit(f"store {machine} {part}, {space} {address}")
            number += 1


def read_record(
    scope: Scope, names: tuple[str, ...], pointer: str, row: str, space: str = "ptr"
) -> dict[str, tuple[Operands, str]]:
    """Load scalars from such a struct: value, and whether it was set."""
    value = scope.function.value
    kind, number, found = record_type(scope, names), 0, {}
    for name in names:
        parts = []
        for machine in [machine_type(scope.types[name])] * len(scope.cells[name]) + ["i1"]:
            address = field_address(scope, kind, pointer, number, row, space)
            stored = "i8" if machine == "i1" else machine
            part = value(f"load {stored}, {space} {address}")
            parts.append(value(f"icmp ne i8 {part}, 0") if machine == "i1" else part)
            number += 1
        found[name] = tuple(parts[:-1]), parts[-1]
    return found
