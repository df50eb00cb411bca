"""Integer powers by repeated squaring, as one function per type in the module.

The function returns the power, wrapped, and whether it is wrong: it overflowed, or the exponent
is negative (then Python gives a float and NumPy raises). The square that is computed after the
last bit of the exponent is not needed, so its overflow does not count.
"""

from __future__ import annotations

from typing import Final

from conure.codegen.module import Module
from conure.codegen.overflow import with_overflow
from conure.codegen.scope import machine_type
from conure.ir.types import Scalar
from conure.target import Target

_TEXT: Final = """define internal {pair} @{name}({kind} %base, {kind} %exponent) nounwind {{
start:
  %negative = icmp {less} {kind} %exponent, 0
  br i1 %negative, label %done, label %loop
loop:
  %left = phi {kind} [ %exponent, %start ], [ %left.next, %next ]
  %power = phi {kind} [ 1, %start ], [ %power.next, %next ]
  %square = phi {kind} [ %base, %start ], [ %square.next, %next ]
  %bad = phi i1 [ false, %start ], [ %bad.next, %next ]
  %square.bad = phi i1 [ false, %start ], [ %square.bad.next, %next ]
  %bit = trunc {kind} %left to i1
  %times = select i1 %bit, {kind} %square, {kind} 1
  %product = call {pair} {multiply}({kind} %power, {kind} %times)
  %power.next = extractvalue {pair} %product, 0
  %product.bad = extractvalue {pair} %product, 1
  %used.bad = and i1 %bit, %square.bad
  %some.bad = or i1 %product.bad, %used.bad
  %bad.next = or i1 %bad, %some.bad
  %left.next = lshr {kind} %left, 1
  %more = icmp ne {kind} %left.next, 0
  br i1 %more, label %next, label %done
next:
  %squared = call {pair} {multiply}({kind} %square, {kind} %square)
  %square.next = extractvalue {pair} %squared, 0
  %squared.bad = extractvalue {pair} %squared, 1
  %square.bad.next = or i1 %square.bad, %squared.bad
  br label %loop
done:
  %result = phi {kind} [ 0, %start ], [ %power.next, %loop ]
  %wrong = phi i1 [ true, %start ], [ %bad.next, %loop ]
  %first = insertvalue {pair} undef, {kind} %result, 0
  %both = insertvalue {pair} %first, i1 %wrong, 1
  ret {pair} %both
}}"""


def power_function(module: Module, target: Target, scalar: Scalar) -> str:
    """The name of the power function of an integer type, defined on first use."""
    kind, signed = machine_type(scalar), scalar.kind == "signed"
    name = f"conure.pow.{'i' if signed else 'u'}{scalar.bits}"
    sign, less = ("s", "slt") if signed else ("u", "ult")
    pair, multiply = f"{{{kind}, i1}}", with_overflow(module, target, "mul", sign, scalar.bits)
    text = _TEXT.format(kind=kind, name=name, less=less, pair=pair, multiply=multiply)
    return module.define(name, text)
