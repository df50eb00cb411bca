"""Chains of elementwise operations over arrays and numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tests.random_arrays.rules import (
    Rule,
    absolute,
    added,
    carried,
    divided,
    exact,
    extremum,
    multiplied,
    powered,
    rooted,
    smooth,
    stored,
)
from tests.random_arrays.scope import Scope
from tests.random_arrays.terms import Term, literal, name


class Row(NamedTuple):
    """One operation: how often, its code, its bound, and the kinds of its operands."""

    weight: float
    template: str
    rule: Rule
    kinds: str = "biufc"


UNARY = (
    Row(3, "(-{})", carried, "iufc"),
    Row(1, "np.negative({})", carried, "iufc"),
    Row(2, "np.abs({})", absolute),
    Row(1, "abs({})", absolute),
    Row(1, "(+{})", carried, "iufc"),
    Row(1.5, "(~{})", exact, "biu"),
    Row(1, "np.logical_not({})", exact),
    Row(2, "np.square({})", lambda case: multiplied(_twice(case)), "iufc"),
    Row(1, "({} ** 2)", lambda case: multiplied(_twice(case)), "iufc"),
    Row(0.5, "({} ** 3)", powered, "iufc"),
    Row(0.5, "({} ** 0.5)", powered, "iuf"),
    Row(0.3, "({} ** -1)", powered, "fc"),
    Row(2, "np.sqrt({})", rooted),
    Row(2, "np.sin({})", smooth(), "iufc"),
    Row(2, "np.cos({})", smooth(), "iufc"),
    Row(1, "np.tanh({})", smooth(), "iuf"),
    Row(1, "np.arctan({})", smooth(), "iuf"),
    Row(1.5, "np.exp({})", smooth(60.0, high=4.0), "iufc"),
    Row(0.5, "np.expm1({})", smooth(60.0, high=4.0), "iuf"),
    Row(1, "np.log({})", smooth(10.0, low=0.1), "iuf"),
    Row(0.7, "np.log1p({})", smooth(10.0, low=-0.9), "iuf"),
    Row(0.5, "np.exp2({})", smooth(60.0, high=4.0), "iuf"),
    Row(0.5, "np.log2({})", smooth(20.0, low=0.1), "iuf"),
    Row(0.5, "np.arcsinh({})", smooth(), "iuf"),
    Row(0.4, "np.arccos({})", smooth(0.0, low=0, high=0), "f"),
    Row(0.4, "np.sinh({})", smooth(60.0, -4.0, 4.0), "iuf"),
    Row(0.4, "np.cbrt({})", smooth(10.0, low=0.1), "iuf"),
    Row(1, "np.floor({})", exact, "biuf"),
    Row(0.7, "np.ceil({})", exact, "biuf"),
    Row(0.7, "np.rint({})", exact, "biuf"),
    Row(0.7, "np.trunc({})", exact, "biuf"),
    Row(0.5, "np.round({}, 1)", exact, "iufc"),
    Row(1, "np.sign({})", exact, "iufc"),
    Row(1, "np.isnan({})", exact),
    Row(0.7, "np.isfinite({})", exact),
    Row(0.7, "np.signbit({})", exact, "biuf"),
    Row(0.7, "np.reciprocal({})", exact, "f"),
    Row(1, "np.conj({})", carried, "iufc"),
    Row(0.7, "{}.conj()", carried, "fc"),
    Row(0.5, "np.positive({})", carried, "iufc"),
    Row(0.4, "np.degrees({})", smooth(60.0), "f"),
    Row(0.3, "np.nan_to_num({})", exact, "f"),
    Row(0.3, "np.angle({})", exact, "f"),
    Row(0.3, "np.spacing({})", exact, "f"),
    Row(0.3, "np.modf({})[0]", exact, "f"),
    Row(0.2, "np.frexp({})[1]", exact, "f"),
)
BINARY = (
    Row(6, "({} + {})", added),
    Row(4, "({} - {})", added, "iufc"),
    Row(6, "({} * {})", multiplied),
    Row(3, "({} / {})", divided),
    Row(1, "np.add({}, {})", added),
    Row(0.7, "np.multiply({}, {})", multiplied),
    Row(0.7, "np.subtract({}, {})", added, "iufc"),
    Row(0.5, "np.true_divide({}, {})", divided),
    Row(1.5, "({} // {})", exact, "biuf"),
    Row(1.5, "({} % {})", exact, "biuf"),
    Row(0.5, "np.fmod({}, {})", exact, "iuf"),
    Row(1.5, "np.maximum({}, {})", extremum),
    Row(1.5, "np.minimum({}, {})", extremum),
    Row(0.5, "np.fmax({}, {})", extremum),
    Row(0.5, "np.fmin({}, {})", extremum),
    Row(2, "({} < {})", exact),
    Row(1, "({} <= {})", exact),
    Row(2, "({} > {})", exact),
    Row(1, "({} >= {})", exact),
    Row(1, "({} == {})", exact),
    Row(1, "({} != {})", exact),
    Row(1, "({} & {})", exact, "biu"),
    Row(1, "({} | {})", exact, "biu"),
    Row(1, "({} ^ {})", exact, "biu"),
    Row(0.5, "({} << {})", exact, "biu"),
    Row(0.5, "({} >> {})", exact, "biu"),
    Row(0.5, "np.logical_and({}, {})", exact),
    Row(0.4, "np.logical_or({}, {})", exact),
    Row(0.3, "np.logical_xor({}, {})", exact),
    Row(0.5, "np.hypot({}, {})", smooth(2.0), "iuf"),
    Row(0.5, "np.arctan2({}, {})", smooth(0.0, 0, 0), "iuf"),
    Row(0.4, "np.copysign({}, {})", exact, "iuf"),
    Row(0.4, "({} ** {})", powered, "f"),
    Row(0.3, "np.power({}, {})", powered, "biuf"),
    Row(0.2, "np.logaddexp({}, {})", smooth(2.0), "f"),
    Row(0.2, "np.heaviside({}, {})", exact, "f"),
    Row(0.2, "np.gcd({}, {})", exact, "iu"),
    Row(0.2, "np.nextafter({}, {})", exact, "f"),
    Row(0.2, "np.float_power({}, {})", powered, "iuf"),
    Row(0.2, "np.outer({}, {})", multiplied),
    Row(0.3, "np.divmod({}, {})[1]", exact, "iuf"),
    Row(0.2, "divmod({}, {})[0]", exact, "iuf"),
    Row(0.2, "np.ldexp({}, {})", exact, "i"),
)
LITERALS = (
    *((3.0, "2"), (2.0, "-1"), (1.0, "0"), (1.5, "3"), (0.4, "300"), (0.2, "-200"), (0.2, "2**40")),
    *((0.1, "2**63"), (0.1, "2**70"), (0.1, "-2**65"), (3.0, "0.5"), (2.0, "1.5"), (1.0, "-0.25")),
    *((0.3, "0.1"), (0.2, "1e300"), (0.2, "np.nan"), (0.2, "np.inf"), (0.2, "-0.0"), (0.5, "True")),
    *((0.4, "1j"), (0.3, "(0.5-2j)"), (0.7, "np.float32(0.5)"), (0.5, "np.float64(2.0)")),
    *((0.5, "np.int8(3)"), (0.4, "np.int64(-2)"), (0.4, "np.uint8(200)"), (0.2, "np.uint64(7)")),
    *((0.2, "np.bool_(True)"), (0.2, "np.complex64(1j)"), (0.1, "np.float16(1.5)")),
    *((0.15, "[1]"), (0.1, "(1.5,)"), (0.1, "None"), (0.05, "'text'")),
)
DTYPES = (
    *((6.0, "float64"), (3.0, "float32"), (3.0, "int64"), (2.0, "int32"), (1.5, "bool")),
    *((1.0, "complex128"), (0.3, "complex64"), (0.7, "uint8"), (0.6, "int8"), (0.4, "int16")),
    *((0.4, "uint16"), (0.4, "uint32"), (0.5, "uint64"), (0.15, "float16")),
)


def _twice(case):  # type: ignore[no-untyped-def] # a Case, of one operand made two
    return type(case)(case.values[:1] * 2, case.errors[:1] * 2, case.result)


def operand(scope: Scope, kinds: str = "biufc", like: tuple[int, ...] | None = None) -> Term:
    """An array, mostly one that broadcasts with the shape `like`; perhaps a view of one."""
    draw = scope.draw
    names = scope.arrays("biufc" if draw.chance(scope.wild) else kinds)
    if like is not None and not draw.chance(scope.wild):
        names = [each for each in names if _fits(scope.env[each].shape, like)]
    if not names:
        return literal(draw.weighted(LITERALS[:5]))
    chosen = draw.pick(names[-6:] if draw.chance(0.5) else names)
    if draw.chance(0.1):
        return Term("{}" + draw.pick(["[::-1]", ".T", "[...]", "[()]"]), carried, (name(chosen),))
    return name(chosen)


def _fits(shape: tuple[int, ...], like: tuple[int, ...]) -> bool:
    try:
        np.broadcast_shapes(shape, like)
    except ValueError:
        return False
    return True


def number(scope: Scope) -> Term:
    """A number: a literal or a variable."""
    names = scope.numbers()
    if names and scope.draw.chance(0.3):
        return name(scope.draw.pick(names))
    return literal(scope.draw.weighted(LITERALS))


def chain(
    scope: Scope, depth: int, kinds: str = "biufc", like: tuple[int, ...] | None = None
) -> Term:
    """An expression of up to so many operations on top of each other."""
    draw = scope.draw
    if depth <= 0:
        return operand(scope, kinds, like)
    if draw.chance(0.12):
        inner = chain(scope, depth - 1, like=like)
        copying = draw.pick(["", "", ", copy=False"])
        text = f"{{}}.astype({draw.weighted(DTYPES)!r}{copying})"
        return Term(text, _cast, (inner,))
    if draw.chance(0.12):
        return _choice(scope, depth, like)
    wanted = draw.pick(kinds) if draw.chance(0.3) else ""
    if draw.chance(0.35):
        row = draw.weighted([(row.weight, row) for row in UNARY if wanted in row.kinds])
        return Term(row.template, row.rule, (chain(scope, depth - 1, row.kinds, like),))
    row = draw.weighted([(row.weight, row) for row in BINARY if wanted in row.kinds])
    one = chain(scope, depth - 1, row.kinds, like)
    other = (
        number(scope)
        if draw.chance(0.4)
        else chain(scope, draw.between(0, depth - 1), row.kinds, _shape(scope, one, like))
    )
    parts = (one, other) if draw.chance(0.75) else (other, one)
    return Term(row.template, row.rule, parts)


def _shape(scope: Scope, term: Term, like: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """The shape of a variable; of anything else, what is known."""
    value = scope.env.get(term.template)
    return value.shape if isinstance(value, np.ndarray) else like


def _cast(case):  # type: ignore[no-untyped-def] # a Case
    """Floats outside the range of the integers become anything."""
    numbers, result = np.asarray(case.values[0]), np.asarray(case.result)
    if numbers.dtype.kind in "fc" and result.dtype.kind in "iu":
        info = np.iinfo(result.dtype)
        inside = (
            np.isfinite(numbers) & (numbers.real < info.max * 0.999) & (numbers.real > info.min)
        )
        if not inside.all():
            return None
    return stored(case)


def _choice(scope: Scope, depth: int, like: tuple[int, ...] | None) -> Term:
    """where, clip, select."""
    draw = scope.draw
    one = chain(scope, depth - 1, like=like)
    shape = _shape(scope, one, like)
    other = number(scope) if draw.chance(0.5) else operand(scope, like=shape)
    if draw.chance(0.3):
        text = draw.pick(["np.clip({}, -1, 2)", "{}.clip(0, 3)", "np.clip({}, None, 1.5)"])
        return Term(text, extremum, (one,))
    mask = condition(scope, shape)
    if draw.chance(0.15):
        return Term("np.select([{}], [{}], {})", _chosen, (mask, one, other))
    return Term("np.where({}, {}, {})", _chosen, (mask, one, other))


def _chosen(case):  # type: ignore[no-untyped-def] # a Case
    return None if case.errors[0] else stored(case)


def condition(scope: Scope, like: tuple[int, ...] | None = None) -> Term:
    """A mask."""
    draw = scope.draw
    names = [each for each in scope.arrays("b") if like is None or scope.env[each].shape == like]
    if names and draw.chance(0.5):
        return name(draw.pick(names))
    one = operand(scope, like=like)
    if scope.plain and 0 in np.shape(scope.env.get(one.template, 0)):
        # A plain array takes an empty mask of ours for integers, as it would an empty list.
        return Term("real.zeros(np.shape({}), bool)", exact, (one,))
    text = draw.pick(["({} > {})", "({} <= {})", "({} != {})", "({} == {})"])
    return Term(text, exact, (one, literal(draw.pick(["0", "1", "0.5", "-1"]))))
