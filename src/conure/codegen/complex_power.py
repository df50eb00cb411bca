"""Powers of complex numbers, as one function per type in the module.

CPython and NumPy multiply for whole exponents (to 100, below 100), by squaring; otherwise CPython
goes through polar form, and NumPy asks C. The products are in the order of the one or the other,
since a product of complex numbers is not associative.
"""

from __future__ import annotations

from conure.codegen.formulas import Outlined, Real, Truth
from conure.codegen.math import complex_library_call
from conure.codegen.scope import Operands, Scope, machine_type
from conure.ir.nodes import Apply
from conure.ir.types import COMPLEX

Pair = tuple[Real, Real]


def power(scope: Scope, node: Apply, base: Operands, exponent: Operands) -> Operands:
    """`base ** exponent`, of any exponent."""
    kind, python = machine_type(node.type), node.type is COMPLEX
    outlined = Outlined(f"conure.power.{node.type}", kind, ("%ar", "%ai", "%br", "%bi"))
    if not scope.module.defined(outlined.symbol):
        inside = outlined.start(scope)
        _write(outlined, inside, python)
        scope.module.define(outlined.symbol, inside.function.text())
    real, imaginary, failed = outlined.call(scope, (*base, *exponent))
    if node.checked and python:
        scope.fails(failed, False)
    return real, imaginary


def _write(outlined: Outlined, inside: Scope, python: bool) -> None:
    function, kind = inside.function, outlined.kind
    ar, ai, br, bi = (Real(inside, kind, name) for name in outlined.parameters)
    size = abs(br)
    limited = size <= 100.0 if python else size < 100.0
    products = bi.equals(0.0) & br.intrinsic("floor").equals(br) & limited
    if not python:
        products = products & ~(br.equals(0.0) | (ar.equals(0.0) & ai.equals(0.0)))
    multiply, general = function.label("multiply"), function.label("general")
    function.branch_if(products.name, multiply, general)
    function.begin(multiply)
    outlined.finish(inside, *_by_products((ar, ai), br, python))
    function.begin(general)
    if python:
        outlined.finish(inside, *_polar((ar, ai), (br, bi)))
        return
    usual = complex_library_call(inside, "cpow", kind, [("%ar", "%ai"), ("%br", "%bi")])
    found = Real(inside, kind, usual[0]), Real(inside, kind, usual[1])
    outlined.finish(inside, _of_zeros(found, (ar, ai), (br, bi)), Truth(inside, "false"))


def _product(a: Pair, b: Pair) -> Pair:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def _by_products(base: Pair, exponent: Real, python: bool) -> tuple[Pair, Truth]:
    """CPython starts from 1; NumPy too, but for the powers 1, 2 and 3."""
    scope, kind = exponent.scope, exponent.kind
    function, value = scope.function, scope.function.value
    power = [function.slot(kind, "1.0"), function.slot(kind, "0.0")]
    square = [function.slot(kind), function.slot(kind)]
    left, fresh = function.slot("i64"), function.slot("i1")

    def read(slots: list[str]) -> Pair:
        real, imaginary = (value(f"load {kind}, ptr {slot}") for slot in slots)
        return Real(scope, kind, real), Real(scope, kind, imaginary)

    def write(slots: list[str], pair: Pair) -> None:
        for slot, part in zip(slots, pair, strict=True):
            function.emit(f"store {kind} {part.name}, ptr {slot}")

    write(square, base)
    function.emit(f"store i64 {value(f'fptosi {kind} {abs(exponent).name} to i64')}, ptr {left}")
    first = Truth(scope, "false") if python else (exponent > 0.0) & (exponent <= 3.0)
    function.emit(f"store i1 {first.name}, ptr {fresh}")
    turn, done = function.label("turn"), function.label("done")
    function.begin(turn)
    bits = value(f"load i64, ptr {left}")
    used = Truth(scope, value(f"trunc i64 {bits} to i1"))
    alone = Truth(scope, value(f"load i1, ptr {fresh}"))
    before, step = read(power), read(square)
    product = _product(before, step)
    taken = [alone.select(x, y) for x, y in zip(step, product, strict=True)]
    kept = [used.select(x, y) for x, y in zip(taken, before, strict=True)]
    write(power, (kept[0], kept[1]))
    function.emit(f"store i1 {(alone & ~used).name}, ptr {fresh}")
    write(square, _product(step, step))
    rest = value(f"lshr i64 {bits}, 1")
    function.emit(f"store i64 {rest}, ptr {left}")
    function.branch_if(value(f"icmp ne i64 {rest}, 0"), turn, done)
    function.begin(done)
    result = read(power)
    inverse = _inverse(result, python)
    below = exponent < 0.0
    found = (below.select(inverse[0], result[0]), below.select(inverse[1], result[1]))
    no_inverse = below & result[0].equals(0.0) & result[1].equals(0.0)
    return found, no_inverse | found[0].is_infinite() | found[1].is_infinite()


def _inverse(z: Pair, python: bool) -> Pair:
    """1 / z as CPython and NumPy divide (see `complexes`)."""
    x, y = z
    by_real = abs(x) >= abs(y)
    large, small = by_real.select(x, y), by_real.select(y, x)
    ratio = small / large
    scaled = large + small * ratio
    one, zero = x.constant(1.0), x.constant(0.0)
    real = by_real.select(one + zero * ratio, one * ratio + zero)
    imaginary = by_real.select(zero - one * ratio, zero * ratio - one)
    if python:
        return real / scaled, imaginary / scaled
    factor = 1.0 / scaled
    none = x.equals(0.0) & y.equals(0.0)
    special = one / abs(x), zero / abs(y)
    return none.select(special[0], real * factor), none.select(special[1], imaginary * factor)


def _polar(base: Pair, exponent: Pair) -> tuple[Pair, Truth]:
    """length**x turned by angle*x; of the zero base only positive powers exist. C's functions set
    `errno` for what is not finite, and CPython then raises."""
    (ar, ai), (br, bi) = base, exponent
    size, angle = ar.call("hypot", ai), ai.call("atan2", ar)
    flat = bi.equals(0.0)
    length, phase = size.call("pow", br), angle * br
    length = flat.select(length, length / (angle * bi).call("exp"))
    phase = flat.select(phase, phase + bi * size.call("log"))
    real, imaginary = length * phase.call("cos"), length * phase.call("sin")
    no_base = ar.equals(0.0) & ai.equals(0.0)
    zero = ar.constant(0.0)
    found = no_base.select(zero, real), no_base.select(zero, imaginary)
    wrong = no_base & ((br < 0.0) | ~flat)
    known = ar.is_finite() & ai.is_finite() & br.is_finite() & bi.is_finite()
    known = known & phase.is_finite() & found[0].is_finite() & found[1].is_finite()
    return found, wrong | (~known & ~no_base)


def _of_zeros(usual: Pair, base: Pair, exponent: Pair) -> Pair:
    """NumPy's powers of 0 and to 0."""
    (ar, ai), (br, bi) = base, exponent
    no_base = ar.equals(0.0) & ai.equals(0.0)
    no_exponent = br.equals(0.0) & bi.equals(0.0)
    zero, one = ar.constant(0.0), ar.constant(1.0)
    special = (br > 0.0).select(zero, ar.constant(float("nan")))
    real, imaginary = (no_base.select(special, each) for each in usual)
    return no_exponent.select(one, real), no_exponent.select(zero, imaginary)
