"""Instructions for complex numbers: pairs of reals, by the formulas of CPython and NumPy.

Division scales by the larger part of the divisor (R. L. Smith, "Algorithm 116: complex
division", Communications of the ACM 5, 1962). CPython divides twice by the scaled divisor,
NumPy multiplies by its reciprocal: the last bit tells them apart.
"""

from __future__ import annotations

from typing import Final

from conure.codegen.casts import real_constant
from conure.codegen.complex_functions import complex_function
from conure.codegen.complex_power import power
from conure.codegen.math import INFINITY, intrinsic, library_call, quotient
from conure.codegen.reals import flags
from conure.codegen.scope import Operands, Scope, machine_type
from conure.ir.nodes import Apply, Const
from conure.ir.types import COMPLEX, component

_MOST_MULTIPLICATIONS: Final = 99


def complex_apply(scope: Scope, node: Apply, args: list[Operands]) -> Operands:
    """An operator whose operands are complex."""
    value, kind = scope.function.value, machine_type(node.args[0].type)
    match node.op:
        case "add" | "sub":
            mark = flags(scope, node)
            (a, b), (c, d) = args
            return (
                value(f"f{node.op} {mark}{kind} {a}, {c}"),
                value(f"f{node.op} {mark}{kind} {b}, {d}"),
            )
        case "mul":
            return _product(scope, kind, args[0], args[1])
        case "product":
            return _fused_product(scope, kind, args[0], args[1])
        case "divide":
            return _quotient(scope, node, kind, args[0], args[1])
        case "neg":
            return tuple(value(f"fneg {kind} {part}") for part in args[0])
        case "conj":
            return args[0][0], value(f"fneg {kind} {args[0][1]}")
        case "real":
            return (args[0][0],)
        case "imag":
            return (args[0][1],)
        case "abs":
            return (_length(scope, node, kind, args[0]),)
        case "equal" | "not_equal":
            return (_same(scope, kind, args[0], args[1], node.op == "equal"),)
        case "pow":
            return _power(scope, node, kind, args[0], args[1])
        case _:
            return complex_function(scope, node, args)


def _product(scope: Scope, kind: str, a: Operands, b: Operands) -> Operands:
    value = scope.function.value
    (ar, ai), (br, bi) = a, b
    rr, ii = value(f"fmul {kind} {ar}, {br}"), value(f"fmul {kind} {ai}, {bi}")
    ri, ir = value(f"fmul {kind} {ar}, {bi}"), value(f"fmul {kind} {ai}, {br}")
    return value(f"fsub {kind} {rr}, {ii}"), value(f"fadd {kind} {ri}, {ir}")


def _fused_product(scope: Scope, kind: str, a: Operands, b: Operands) -> Operands:
    """As NumPy multiplies arrays where the processor fuses: what `a`'s imaginary part gives is
    rounded, what its real part gives is not."""
    value, (ar, ai), (br, bi) = scope.function.value, a, b
    ii, ir = value(f"fmul {kind} {ai}, {bi}"), value(f"fmul {kind} {ai}, {br}")
    less = value(f"fneg {kind} {ii}")
    return (
        intrinsic(scope, "fma", kind, (ar, br, less)),
        intrinsic(scope, "fma", kind, (ar, bi, ir)),
    )


def _same(scope: Scope, kind: str, a: Operands, b: Operands, equal: bool) -> str:
    value = scope.function.value
    test, join = ("oeq", "and") if equal else ("une", "or")
    first, second = (value(f"fcmp {test} {kind} {x}, {y}") for x, y in zip(a, b, strict=True))
    return value(f"{join} i1 {first}, {second}")


def _quotient(scope: Scope, node: Apply, kind: str, a: Operands, b: Operands) -> Operands:
    """With r = small/large part of the divisor and s = large + small*r."""
    value, (ar, ai), (br, bi) = scope.function.value, a, b
    size_r, size_i = (intrinsic(scope, "fabs", kind, (part,)) for part in b)
    by_real = value(f"fcmp oge {kind} {size_r}, {size_i}")

    def pick(yes: str, no: str) -> str:
        return value(f"select i1 {by_real}, {kind} {yes}, {kind} {no}")

    large, small = pick(br, bi), pick(bi, br)
    ratio = quotient(scope, kind, small, large)
    scaled = value(f"fadd {kind} {large}, {value(f'fmul {kind} {small}, {ratio}')}")
    ar_ratio, ai_ratio = (value(f"fmul {kind} {part}, {ratio}") for part in a)
    real = pick(
        value(f"fadd {kind} {ar}, {ai_ratio}"),
        value(f"fadd {kind} {ar_ratio}, {ai}"),
    )
    imaginary = pick(
        value(f"fsub {kind} {ai}, {ar_ratio}"),
        value(f"fsub {kind} {ai_ratio}, {ar}"),
    )
    zero = _same(scope, kind, b, ("0.0", "0.0"), True)
    if node.args[0].type is COMPLEX:
        if node.checked:
            scope.fails(zero, False)
        return tuple(quotient(scope, kind, part, scaled) for part in (real, imaginary))
    inverse = quotient(scope, kind, "1.0", scaled)
    result = (value(f"fmul {kind} {part}, {inverse}") for part in (real, imaginary))
    by_zero = (quotient(scope, kind, part, size_r) for part in a)
    return tuple(
        value(f"select i1 {zero}, {kind} {special}, {kind} {usual}")
        for special, usual in zip(by_zero, result, strict=True)
    )


def _power(scope: Scope, node: Apply, kind: str, a: Operands, b: Operands) -> Operands:
    """A small constant whole exponent by squaring in place, others by a function."""
    exponent = node.args[1]
    if isinstance(exponent, Const):
        whole = complex(exponent.value)
        if whole.imag == 0 and 0 <= whole.real <= _MOST_MULTIPLICATIONS and whole.real % 1 == 0:
            result = _whole_power(scope, node, kind, a, int(whole.real))
            if node.checked and node.type is COMPLEX:
                scope.fails(_some_infinite(scope, kind, result), False)
            return result
    return power(scope, node, a, b)


def _whole_power(scope: Scope, node: Apply, kind: str, a: Operands, exponent: int) -> Operands:
    """CPython starts from 1; NumPy too, but for the first three powers; of 0 it gives +0."""
    if node.type is COMPLEX or exponent == 0:
        return _squared(scope, kind, a, exponent)
    result = a
    if exponent > 3:
        result = _squared(scope, kind, a, exponent)
    else:
        for _ in range(exponent - 1):
            result = _product(scope, kind, a, result)
    value = scope.function.value
    zero = _same(scope, kind, a, ("0.0", "0.0"), True)
    return tuple(value(f"select i1 {zero}, {kind} 0.0, {kind} {each}") for each in result)


def _squared(scope: Scope, kind: str, a: Operands, exponent: int) -> Operands:
    result: Operands = (real_constant(1.0), real_constant(0.0))
    square = a
    while exponent:
        if exponent & 1:
            result = _product(scope, kind, result, square)
        exponent >>= 1
        if exponent:
            square = _product(scope, kind, square, square)
    return result


def _some_infinite(scope: Scope, kind: str, parts: Operands) -> str:
    value = scope.function.value
    sizes = [intrinsic(scope, "fabs", kind, (part,)) for part in parts]
    tests = [value(f"fcmp oeq {kind} {size}, {INFINITY}") for size in sizes]
    return value(f"or i1 {tests[0]}, {tests[1]}")


def _length(scope: Scope, node: Apply, kind: str, parts: Operands) -> str:
    """CPython raises where the length of a finite number is infinite."""
    length = library_call(scope, "hypot", component(node.args[0].type), parts)
    if node.checked:
        infinite = _some_infinite(scope, kind, (length, length))
        given = _some_infinite(scope, kind, parts)
        value = scope.function.value
        scope.fails(value(f"and i1 {infinite}, {value(f'xor i1 {given}, true')}"), False)
    return length
