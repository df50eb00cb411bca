"""Instructions for complex numbers: pairs of reals, by the formulas of CPython and NumPy.

Division scales by the larger part of the divisor (R. L. Smith, "Algorithm 116: complex
division", Communications of the ACM 5, 1962). CPython divides twice by the scaled divisor,
NumPy multiplies by its reciprocal: the last bit tells them apart.
"""

from __future__ import annotations

import math
from typing import Final

from conure.codegen.casts import real_constant
from conure.codegen.math import INFINITY, intrinsic, library_call
from conure.codegen.reals import flags
from conure.codegen.scope import Operands, Scope, machine_type
from conure.ir.nodes import Apply, Const
from conure.ir.types import COMPLEX, component

_MOST_MULTIPLICATIONS: Final = 100


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
            return (library_call(scope, "hypot", component(node.args[0].type), args[0]),)
        case "equal" | "not_equal":
            return (_same(scope, kind, args[0], args[1], node.op == "equal"),)
        case "pow":
            return _power(scope, node, kind, args[0], args[1])
        case _:
            raise AssertionError(f"no complex {node.op}")


def _product(scope: Scope, kind: str, a: Operands, b: Operands) -> Operands:
    value = scope.function.value
    (ar, ai), (br, bi) = a, b
    rr, ii = value(f"fmul {kind} {ar}, {br}"), value(f"fmul {kind} {ai}, {bi}")
    ri, ir = value(f"fmul {kind} {ar}, {bi}"), value(f"fmul {kind} {ai}, {br}")
    return value(f"fsub {kind} {rr}, {ii}"), value(f"fadd {kind} {ri}, {ir}")


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
    ratio = value(f"fdiv {kind} {small}, {large}")
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
        return tuple(value(f"fdiv {kind} {part}, {scaled}") for part in (real, imaginary))
    inverse = value(f"fdiv {kind} 1.0, {scaled}")
    result = (value(f"fmul {kind} {part}, {inverse}") for part in (real, imaginary))
    by_zero = (value(f"fdiv {kind} {part}, {size_r}") for part in a)
    return tuple(
        value(f"select i1 {zero}, {kind} {special}, {kind} {usual}")
        for special, usual in zip(by_zero, result, strict=True)
    )


def _power(scope: Scope, node: Apply, kind: str, a: Operands, b: Operands) -> Operands:
    """A small constant whole exponent by squaring, others in polar form, as CPython does."""
    exponent = node.args[1]
    if isinstance(exponent, Const):
        whole = complex(exponent.value)
        if whole.imag == 0 and 0 <= whole.real <= _MOST_MULTIPLICATIONS and whole.real % 1 == 0:
            result = _whole_power(scope, node, kind, a, int(whole.real))
            if node.checked and node.type is COMPLEX:
                scope.fails(_some_infinite(scope, kind, result), False)
            return result
    return _polar_power(scope, node, kind, a, b)


def _whole_power(scope: Scope, node: Apply, kind: str, a: Operands, exponent: int) -> Operands:
    """CPython starts from 1; NumPy too, but for the first three powers."""
    if node.type is not COMPLEX and 1 <= exponent <= 3:
        result = a
        for _ in range(exponent - 1):
            result = _product(scope, kind, a, result)
        return result
    result = (real_constant(1.0), real_constant(0.0))
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


def _polar_power(scope: Scope, node: Apply, kind: str, a: Operands, b: Operands) -> Operands:
    """length**x turned by angle*x; of the zero base only positive powers exist."""
    value, part = scope.function.value, component(node.type)

    def call(name: str, *args: str) -> str:
        return library_call(scope, name, part, args)

    size, angle = call("hypot", *a), call("atan2", a[1], a[0])
    flat = value(f"fcmp oeq {kind} {b[1]}, 0.0")
    decay = value(f"fmul {kind} {value(f'fneg {kind} {angle}')}, {b[1]}")
    turn = value(f"fmul {kind} {b[1]}, {call('log', size)}")
    length, phase = call("pow", size, b[0]), value(f"fmul {kind} {angle}, {b[0]}")
    shrunk = value(f"fmul {kind} {length}, {call('exp', decay)}")
    turned = value(f"fadd {kind} {phase}, {turn}")
    length = value(f"select i1 {flat}, {kind} {length}, {kind} {shrunk}")
    phase = value(f"select i1 {flat}, {kind} {phase}, {kind} {turned}")
    usual = [value(f"fmul {kind} {length}, {call(name, phase)}") for name in ("cos", "sin")]
    no_base = _same(scope, kind, a, ("0.0", "0.0"), True)
    no_exponent = _same(scope, kind, b, ("0.0", "0.0"), True)
    negative = value(f"fcmp olt {kind} {b[0]}, 0.0")
    tilted = value(f"fcmp une {kind} {b[1]}, 0.0")
    no_power = value(f"or i1 {negative}, {tilted}")
    if node.checked:
        wrong = _is_whole(scope, kind, b)
        if node.type is COMPLEX:
            bad_base = value(f"and i1 {no_base}, {no_power}")
            huge = _some_infinite(scope, kind, tuple(usual))
            wrong = value(f"or i1 {wrong}, {value(f'or i1 {bad_base}, {huge}')}")
        scope.fails(wrong, False)
    positive = value(f"fcmp ogt {kind} {b[0]}, 0.0")
    zero = value(f"select i1 {positive}, {kind} 0.0, {kind} {real_constant(math.nan)}")
    usual = [value(f"select i1 {no_base}, {kind} {zero}, {kind} {each}") for each in usual]
    pairs = zip(("1.0", "0.0"), usual, strict=True)
    return tuple(value(f"select i1 {no_exponent}, {kind} {x}, {kind} {y}") for x, y in pairs)


def _is_whole(scope: Scope, kind: str, b: Operands) -> str:
    """Whether CPython and NumPy would multiply instead: rare with an exponent that is not
    constant, so it is left to them."""
    value = scope.function.value
    floor = intrinsic(scope, "floor", kind, (b[0],))
    size = intrinsic(scope, "fabs", kind, (b[0],))
    whole = value(f"fcmp oeq {kind} {floor}, {b[0]}")
    small = value(f"fcmp ole {kind} {size}, {real_constant(float(_MOST_MULTIPLICATIONS))}")
    flat = value(f"fcmp oeq {kind} {b[1]}, 0.0")
    return value(f"and i1 {flat}, {value(f'and i1 {whole}, {small}')}")
