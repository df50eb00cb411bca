"""Instructions for booleans and integers: Python's are exact (checked), NumPy's wrap.

Overflow of `+` and `-` is found by comparing signs where the failure is sticky, which vectorizes;
where it leaves at once, by the processor's overflow flag. A 64-bit product in a vector loop is
compared with the same product in doubles: a wrapped one is off by at least 2**64, a rounded one
by far less (the proof is at `_product_differs`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from conure.codegen.overflow import with_overflow
from conure.codegen.power import power_function
from conure.codegen.scope import Scope, machine_type
from conure.ir.nodes import Apply, Const
from conure.ir.types import INT, Scalar

Rule = Callable[[Scope, Apply, tuple[str, ...]], str]


def lowest(scalar: Scalar) -> str:
    """The smallest value, as an operand."""
    return str(scalar.range[0])


def _signed(node: Apply) -> bool:
    return node.args[0].type.kind == "signed"


def _type(node: Apply) -> str:
    return machine_type(node.args[0].type)


def _constant(node: Apply) -> int | None:
    last = node.args[-1]
    return int(last.value.real) if isinstance(last, Const) else None


def _steers(scope: Scope) -> bool:
    return scope.place.steering


def _by_flag(scope: Scope, node: Apply, operation: str, args: tuple[str, ...]) -> str:
    """The processor's own overflow flag."""
    kind, sign = _type(node), "s" if _signed(node) else "u"
    bits = node.args[0].type.bits
    name = with_overflow(scope.module, scope.target, operation, sign, bits)
    pair = scope.function.value(f"call {{{kind}, i1}} {name}({kind} {args[0]}, {kind} {args[1]})")
    bad = scope.function.value(f"extractvalue {{{kind}, i1}} {pair}, 1")
    scope.fails(bad, True)
    return scope.function.value(f"extractvalue {{{kind}, i1}} {pair}, 0")


def _add_or_sub(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    kind, value = _type(node), scope.function.value
    a, b = args
    if node.checked and _steers(scope):
        return _by_flag(scope, node, node.op, args)
    result = value(f"{node.op} {kind} {a}, {b}")
    if not node.checked:
        return result
    if not _signed(node):
        first, second = (result, a) if node.op == "add" else (a, b)
        scope.fails(value(f"icmp ult {kind} {first}, {second}"), True)
        return result
    left = value(f"xor {kind} {a}, {result if node.op == 'add' else b}")
    right = value(f"xor {kind} {b if node.op == 'add' else a}, {result}")
    both = value(f"and {kind} {left}, {right}")
    scope.fails(value(f"icmp slt {kind} {both}, 0"), True)
    return result


def _mul(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    kind, bits = _type(node), node.args[0].type.bits
    if not node.checked:
        return scope.function.value(f"mul {kind} {args[0]}, {args[1]}")
    if bits <= 32:
        return _wide_product(scope, node, args)
    if _steers(scope) or not scope.place.vector or not _signed(node):
        return _by_flag(scope, node, "mul", args)
    result = scope.function.value(f"mul {kind} {args[0]}, {args[1]}")
    scope.fails(_product_differs(scope, args, result), True)
    return result


def _wide_product(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    kind, bits, value = _type(node), node.args[0].type.bits, scope.function.value
    wide, extend = f"i{2 * bits}", "sext" if _signed(node) else "zext"
    a, b = (value(f"{extend} {kind} {arg} to {wide}") for arg in args)
    product = value(f"mul {wide} {a}, {b}")
    result = value(f"trunc {wide} {product} to {kind}")
    back = value(f"{extend} {kind} {result} to {wide}")
    scope.fails(value(f"icmp ne {wide} {product}, {back}"), True)
    return result


def _product_differs(scope: Scope, args: tuple[str, ...], wrapped: str) -> str:
    """Whether a*b is not `wrapped`, which is a*b modulo 2**64, in [-2**63, 2**63).

    Let d be the product of the operands in doubles; three roundings: |d - ab| <= 2**-51 |ab|. If
    ab fits, d and double(wrapped) differ by at most 2**12 + 2**10. If not, ab - wrapped is a
    multiple of 2**64 that is not 0, hence at least 2**64 and at least |ab| - 2**63 >= |ab| / 2,
    so |d - wrapped| >= max(2**64, |ab|/2) - 2**-51 |ab| - 2**10 > 2**62.
    """
    value = scope.function.value
    a, b, w = (value(f"sitofp i64 {each} to double") for each in (*args, wrapped))
    product = value(f"fmul double {a}, {b}")
    difference = value(f"fsub double {product}, {w}")
    scope.module.declare("double @llvm.fabs.f64(double)")
    size = value(f"call double @llvm.fabs.f64(double {difference})")
    return value(f"fcmp ogt double {size}, 0x43D0000000000000")  # 2**62


def _division(scope: Scope, node: Apply, args: tuple[str, ...]) -> tuple[str, str, str]:
    """Quotient and remainder towards zero by a divisor that cannot trap, and "divisor is 0"."""
    kind, value, (a, b) = _type(node), scope.function.value, args
    constant = _constant(node)
    sign = "s" if _signed(node) else "u"
    if constant in (None, 0, -1):
        zero = value(f"icmp eq {kind} {b}, 0")
        bad = zero
        if node.checked:
            scope.fails(zero, True)
        if sign == "s":
            extreme = value(f"icmp eq {kind} {a}, {lowest(node.args[0].type)}")
            minus_one = value(f"icmp eq {kind} {b}, -1")
            overflow = value(f"and i1 {extreme}, {minus_one}")
            if node.checked and node.op == "floordiv":
                scope.fails(overflow, True)
            bad = value(f"or i1 {zero}, {overflow}")
        b = value(f"select i1 {bad}, {kind} 1, {kind} {b}")
    else:
        zero = "false"
    quotient = value(f"{sign}div {kind} {a}, {b}")
    return quotient, value(f"{sign}rem {kind} {a}, {b}"), zero


def _floordiv(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    kind, value, constant = _type(node), scope.function.value, _constant(node)
    if constant is not None and constant > 0 and constant & (constant - 1) == 0:
        shift = "ashr" if _signed(node) else "lshr"
        return value(f"{shift} {kind} {args[0]}, {constant.bit_length() - 1}")
    quotient, remainder, zero = _division(scope, node, args)
    if _signed(node):
        below = _crosses(scope, kind, remainder, args[1])
        quotient = value(f"add {kind} {quotient}, {value(f'sext i1 {below} to {kind}')}")
    if zero == "false" or (node.checked and _steers(scope)):
        return quotient
    return value(f"select i1 {zero}, {kind} 0, {kind} {quotient}")


def _mod(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    kind, value, constant = _type(node), scope.function.value, _constant(node)
    if constant is not None and constant > 0 and constant & (constant - 1) == 0:
        return value(f"and {kind} {args[0]}, {constant - 1}")
    _, remainder, _ = _division(scope, node, args)
    if not _signed(node):
        return remainder
    below = _crosses(scope, kind, remainder, args[1])
    shifted = value(f"add {kind} {remainder}, {args[1]}")
    return value(f"select i1 {below}, {kind} {shifted}, {kind} {remainder}")


def _crosses(scope: Scope, kind: str, remainder: str, divisor: str) -> str:
    """Whether floor and truncation differ: a remainder whose sign is not the divisor's."""
    value = scope.function.value
    some = value(f"icmp ne {kind} {remainder}, 0")
    signs = value(f"icmp slt {kind} {value(f'xor {kind} {remainder}, {divisor}')}, 0")
    return value(f"and i1 {some}, {signs}")


def _divide(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    """True division: of Python ints it is exact only if both fit in a double, checked so."""
    kind, value = _type(node), scope.function.value
    convert = "sitofp" if _signed(node) else "uitofp"
    a, b = (value(f"{convert} {kind} {arg} to double") for arg in args)
    if node.checked:
        scope.fails(value(f"icmp eq {kind} {args[1]}, 0"), False)
        if node.args[0].type is INT:
            for arg, operand in zip(args, node.args, strict=True):
                if not isinstance(operand, Const):
                    moved = value(f"add i64 {arg}, {2**53}")
                    scope.fails(value(f"icmp ugt i64 {moved}, {2**54}"), False)
    return value(f"fdiv double {a}, {b}")


def _shl(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    kind, bits, value, (a, count) = _type(node), node.type.bits, scope.function.value, args
    small = value(f"and {kind} {count}, {bits - 1}")
    shifted = value(f"shl {kind} {a}, {small}")
    fits = value(f"icmp ult {kind} {count}, {bits}")
    if node.checked and node.type is INT:
        back = value(f"ashr {kind} {shifted}, {small}")
        lost = value(f"icmp ne {kind} {back}, {a}")
        some = value(f"icmp ne {kind} {a}, 0")
        negative = value(f"icmp slt {kind} {count}, 0")
        gone = value(f"select i1 {fits}, i1 {lost}, i1 {some}")
        scope.fails(value(f"or i1 {negative}, {gone}"), True)
        return shifted
    return value(f"select i1 {fits}, {kind} {shifted}, {kind} 0")


def _shr(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    kind, bits, value, (a, count) = _type(node), node.type.bits, scope.function.value, args
    if node.checked and node.type is INT:
        scope.fails(value(f"icmp slt {kind} {count}, 0"), True)
    fits = value(f"icmp ult {kind} {count}, {bits}")
    if _signed(node):
        most = value(f"select i1 {fits}, {kind} {count}, {kind} {bits - 1}")
        return value(f"ashr {kind} {a}, {most}")
    small = value(f"and {kind} {count}, {bits - 1}")
    shifted = value(f"lshr {kind} {a}, {small}")
    return value(f"select i1 {fits}, {kind} {shifted}, {kind} 0")


def _neg(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    kind, value = _type(node), scope.function.value
    if node.checked:
        test = f"eq {kind} {args[0]}, {lowest(node.type)}" if _signed(node) else ""
        scope.fails(value(f"icmp {test or f'ne {kind} {args[0]}, 0'}"), True)
    return value(f"sub {kind} 0, {args[0]}")


def _abs(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    kind, value = _type(node), scope.function.value
    if not _signed(node):
        return args[0]
    if node.checked:
        scope.fails(value(f"icmp eq {kind} {args[0]}, {lowest(node.type)}"), True)
    scope.module.declare(f"{kind} @llvm.abs.{kind}({kind}, i1)")
    return value(f"call {kind} @llvm.abs.{kind}({kind} {args[0]}, i1 false)")


def _bits(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    operation = {"bitand": "and", "bitor": "or", "bitxor": "xor", "and": "and", "or": "or"}[node.op]
    return scope.function.value(f"{operation} {_type(node)} {args[0]}, {args[1]}")


def _not(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    return scope.function.value(f"xor {_type(node)} {args[0]}, -1")


def _extreme(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    kind = _type(node)
    if node.args[0].type.kind == "bool":
        operation = "and" if node.op == "minimum" else "or"
        return scope.function.value(f"{operation} i1 {args[0]}, {args[1]}")
    name = f"@llvm.{'s' if _signed(node) else 'u'}{node.op[:3]}.{kind}"
    scope.module.declare(f"{kind} {name}({kind}, {kind})")
    return scope.function.value(f"call {kind} {name}({kind} {args[0]}, {kind} {args[1]})")


_PREDICATES: Final = {
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
    "equal": "eq",
    "not_equal": "ne",
}


def _compare(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    predicate = _PREDICATES[node.op]
    if node.op not in ("equal", "not_equal"):
        predicate = ("s" if _signed(node) else "u") + predicate
    return scope.function.value(f"icmp {predicate} {_type(node)} {args[0]}, {args[1]}")


def _pow(scope: Scope, node: Apply, args: tuple[str, ...]) -> str:
    """By squaring, in a function of its own; a constant square or cube in place. NumPy refuses
    negative exponents, and lets the rest wrap without a word."""
    constant, exact = _constant(node), node.args[0].type is INT
    if constant in (2, 3):
        product = Apply("mul", node.args, node.type, node.checked and exact)
        square = _mul(scope, product, (args[0], args[0]))
        return square if constant == 2 else _mul(scope, product, (square, args[0]))
    kind, name = _type(node), power_function(scope.module, scope.target, node.args[0].type)
    pair = scope.function.value(f"call {{{kind}, i1}} {name}({kind} {args[0]}, {kind} {args[1]})")
    if node.checked and exact:
        scope.fails(scope.function.value(f"extractvalue {{{kind}, i1}} {pair}, 1"), True)
    elif node.checked and _signed(node):
        scope.fails(scope.function.value(f"icmp slt {kind} {args[1]}, 0"), True)
    return scope.function.value(f"extractvalue {{{kind}, i1}} {pair}, 0")


RULES: Final[Mapping[str, Rule]] = {
    "add": _add_or_sub,
    "sub": _add_or_sub,
    "mul": _mul,
    "divide": _divide,
    "floordiv": _floordiv,
    "mod": _mod,
    "pow": _pow,
    "neg": _neg,
    "abs": _abs,
    "bitand": _bits,
    "bitor": _bits,
    "bitxor": _bits,
    "bitnot": _not,
    "and": _bits,
    "or": _bits,
    "not": _not,
    "shl": _shl,
    "shr": _shr,
    "minimum": _extreme,
    "maximum": _extreme,
    **dict.fromkeys(_PREDICATES, _compare),
}
"""Operator to its instructions on booleans and integers."""
