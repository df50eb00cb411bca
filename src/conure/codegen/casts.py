"""Conversions between scalar types, checked where Python refuses a value that does not fit."""

from __future__ import annotations

import struct

from conure.codegen.scope import Operands, Scope, machine_type
from conure.ir.types import INT, Scalar, component


def cast(scope: Scope, value: Operands, source: Scalar, target: Scalar, checked: bool) -> Operands:
    """Convert a value. A complex one loses its imaginary part in a real type, as in NumPy."""
    if target.kind == "bool":
        return (_truth(scope, value, source),)
    if target.kind == "complex":
        real = _convert(scope, value[0], component(source), component(target), False)
        if source.kind != "complex":
            return real, "0.0"
        return real, _convert(scope, value[1], component(source), component(target), False)
    return (_convert(scope, value[0], component(source), target, checked),)


def _truth(scope: Scope, parts: Operands, source: Scalar) -> str:
    if source.kind == "bool":
        return parts[0]
    kind, value = machine_type(source), scope.function.value
    test = "fcmp une" if source.is_inexact else "icmp ne"
    zero = "0.0" if source.is_inexact else "0"
    tests = [value(f"{test} {kind} {part}, {zero}") for part in parts]
    return tests[0] if len(tests) == 1 else value(f"or i1 {tests[0]}, {tests[1]}")


def _convert(scope: Scope, value: str, source: Scalar, target: Scalar, checked: bool) -> str:
    """Between real types (booleans as sources too)."""
    if source.kind == "real":
        if target.kind == "real":
            return _resize(scope, value, source, target, "fptrunc", "fpext")
        return _to_integer(scope, value, source, target, checked)
    if target.kind == "real":
        return _from_integer(scope, value, source, target)
    if checked:
        _check_fit(scope, value, source, target)
    extend = "sext" if source.kind == "signed" else "zext"
    return _resize(scope, value, source, target, "trunc", extend)


def _resize(
    scope: Scope, value: str, source: Scalar, target: Scalar, narrow: str, widen: str
) -> str:
    if source.bits == target.bits:
        return value
    instruction = narrow if source.bits > target.bits else widen
    kinds = machine_type(source), machine_type(target)
    return scope.function.value(f"{instruction} {kinds[0]} {value} to {kinds[1]}")


def _from_integer(scope: Scope, value: str, source: Scalar, target: Scalar) -> str:
    """Python's own ints become float32 by way of a double, as NumPy takes them."""
    instruction = "sitofp" if source.kind == "signed" else "uitofp"
    kind = machine_type(source)
    if source is INT and target.bits == 32:
        double = scope.function.value(f"sitofp i64 {value} to double")
        return scope.function.value(f"fptrunc double {double} to float")
    return scope.function.value(f"{instruction} {kind} {value} to {machine_type(target)}")


def _to_integer(scope: Scope, value: str, source: Scalar, target: Scalar, checked: bool) -> str:
    """Towards zero. Out of range the result is whatever the processor gives, but one value."""
    emit, kind = scope.function.value, machine_type(source)
    if checked:
        wide = value if source.bits == 64 else emit(f"fpext float {value} to double")
        low, high = target.range
        # Above 2**53 the lowest value is a double itself; below it, low - 1 is one.
        below = ("oge", float(low)) if target.bits == 64 and low else ("ogt", float(low - 1))
        inside = emit(f"fcmp {below[0]} double {wide}, {real_constant(below[1])}")
        under = emit(f"fcmp olt double {wide}, {real_constant(float(high + 1))}")
        fits = emit(f"and i1 {inside}, {under}")
        scope.fails(emit(f"xor i1 {fits}, true"), True)
    instruction = "fptosi" if target.kind == "signed" else "fptoui"
    result = emit(f"{instruction} {kind} {value} to {machine_type(target)}")
    return emit(f"freeze {machine_type(target)} {result}")


def _check_fit(scope: Scope, value: str, source: Scalar, target: Scalar) -> None:
    """An int must lie in the range of the target."""
    emit, kind = scope.function.value, machine_type(source)
    if source.kind == "unsigned":
        if target.kind == "signed" and target.bits <= source.bits:
            scope.fails(emit(f"icmp ugt {kind} {value}, {target.range[1]}"), True)
        return
    if target.kind == "unsigned" and target.bits >= source.bits:
        scope.fails(emit(f"icmp slt {kind} {value}, 0"), True)
    elif target.bits < source.bits:
        low, high = target.range
        moved = emit(f"sub {kind} {value}, {low}")
        scope.fails(emit(f"icmp ugt {kind} {moved}, {high - low}"), True)


def real_constant(value: float) -> str:
    """A real operand, exactly: LLVM writes floats of any width as the bits of a double.

    >>> real_constant(1.0), real_constant(float("-inf"))
    ('0x3FF0000000000000', '0xFFF0000000000000')
    """
    return f"0x{struct.unpack('>Q', struct.pack('>d', value))[0]:016X}"
