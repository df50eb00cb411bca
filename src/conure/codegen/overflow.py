"""Sum, difference and product of integers with whether they are wrong, as one function per type.

LLVM's own (`llvm.sadd.with.overflow.i64`) where the target has them; otherwise written out:

>>> from conure.target import device
>>> with_overflow(Module(), device("cuda"), "add", "s", 64)
'@llvm.sadd.with.overflow.i64'
>>> with_overflow(Module(), device("opencl"), "add", "s", 64)
'@conure.sadd.i64'
"""

from __future__ import annotations

from typing import Final

from conure.codegen.module import Module
from conure.target import Target

_DEFINITION: Final = """define internal {pair} @{name}({kind} %a, {kind} %b) alwaysinline {{
  {body}
  %first = insertvalue {pair} undef, {kind} %result, 0
  %both = insertvalue {pair} %first, i1 %wrong, 1
  ret {pair} %both
}}"""


def with_overflow(module: Module, target: Target, operation: str, sign: str, bits: int) -> str:
    """The name of a function of two integers that returns the wrapped result and an i1."""
    kind = f"i{bits}"
    pair = f"{{{kind}, i1}}"
    if target.device is None or target.device.overflow:
        name = f"@llvm.{sign}{operation}.with.overflow.{kind}"
        module.declare(f"{pair} {name}({kind}, {kind})")
        return name
    lines = _product(module, sign, bits) if operation == "mul" else _sum(operation, sign, kind)
    name = f"conure.{sign}{operation}.{kind}"
    body = "\n  ".join(lines)
    return module.define(name, _DEFINITION.format(pair=pair, name=name, kind=kind, body=body))


def _sum(operation: str, sign: str, kind: str) -> list[str]:
    """Signed: wrong if both operands (of the difference: minuend and result) have the sign that
    the result (the subtrahend) has not. Unsigned: if it wrapped."""
    result = f"%result = {operation} {kind} %a, %b"
    if sign == "u":
        smaller = ("%result", "%a") if operation == "add" else ("%a", "%b")
        return [result, f"%wrong = icmp ult {kind} {smaller[0]}, {smaller[1]}"]
    other, last = ("%result", "%b") if operation == "add" else ("%b", "%result")
    return [
        result,
        f"%left = xor {kind} %a, {other}",
        f"%right = xor {kind} {last}, {'%result' if operation == 'add' else '%a'}",
        f"%signs = and {kind} %left, %right",
        f"%wrong = icmp slt {kind} %signs, 0",
    ]


def _product(module: Module, sign: str, bits: int) -> list[str]:
    """By the upper half of the product: OpenCL's `mul_hi` for 64 bits, else a wider product."""
    kind = f"i{bits}"
    extended = f"ashr {kind} %result, {bits - 1}"
    if bits == 64:
        name = f"_Z6mul_hi{'ll' if sign == 's' else 'mm'}"
        module.declare(f"i64 @{name}(i64, i64) nounwind willreturn memory(none)")
        upper = [f"%upper = call i64 @{name}(i64 %a, i64 %b)"]
    else:
        wide, extend = f"i{2 * bits}", f"{sign}ext".replace("u", "z")
        upper = [
            f"%wide.a = {extend} {kind} %a to {wide}",
            f"%wide.b = {extend} {kind} %b to {wide}",
            f"%product = mul {wide} %wide.a, %wide.b",
            f"%shifted = lshr {wide} %product, {bits}",
            f"%upper = trunc {wide} %shifted to {kind}",
        ]
    if sign == "u":
        test = [f"%wrong = icmp ne {kind} %upper, 0"]
    else:
        test = [f"%extended = {extended}", f"%wrong = icmp ne {kind} %upper, %extended"]
    return [f"%result = mul {kind} %a, %b", *upper, *test]
