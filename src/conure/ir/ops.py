"""The table of operators, one row each: all that a layer needs to know of an operator is here.

Operands of one row have one type (casts are explicit; a shift or a power too). The result has
that type, except where `result` says otherwise. `fails` names the kinds of type for which the
*checked* form can fail; a row that cannot fail for its type is never marked checked.

    >>> OPS["add"].meaning(2, 3)
    5
    >>> apply("less", Const(1, INT), Const(2, INT)).type
    bool
    >>> one, half = Const(1, INT), Const(0.5, F64)
    >>> apply("add", one, one).checked, apply("add", half, half).checked
    (True, False)
"""

from __future__ import annotations

import cmath
import math
import operator
from collections.abc import Callable
from typing import Any, Final, Literal

import numpy as np

from conure.errors import NOWHERE, Loc
from conure.ir.nodes import Apply, Const, Expr
from conure.ir.types import COMPLEX, F64, FLOAT, INT, Kind, Scalar, component, truth
from conure.record import Record

ResultRule = Literal["same", "truth", "component", "divide", "int"]
_PYTHON_REAL: Final = "python real"  # `float`: raises where f64 gives inf or nan
_PYTHON_COMPLEX: Final = "python complex"  # `complex`, likewise


class Op(Record):
    """One operator. `python`/`numpy` are its meaning on Python scalars and on NumPy scalars."""

    name: str
    arity: int
    python: Callable[..., Any]
    numpy: Callable[..., Any]
    symbol: str = ""  # infix or prefix form; empty: printed as a call
    result: ResultRule = "same"
    fails: frozenset[str] = frozenset()  # kinds (or "python real") whose checked form can fail
    kinds: frozenset[Kind] = frozenset(("bool", "signed", "unsigned", "real", "complex"))
    commutative: bool = False
    associative: bool = False  # exactly so on integers and booleans; re-associable on reals
    identity: float | None = None
    idempotent: bool = False
    lazy: bool = False  # evaluates only the operands that it needs
    integer: str = ""  # LLVM instruction on integers
    real: str = ""  # LLVM instruction on reals
    math: str = ""  # C math function on reals
    cost: float = 1.0  # in additions, per element, vectorized

    def meaning(self, *args: Any) -> Any:
        """The operator on actual Python or NumPy scalars."""
        return (self.numpy if isinstance(args[-1], np.generic) else self.python)(*args)

    def can_fail(self, operand: Scalar) -> bool:
        """Whether the checked form on operands of this type can fail."""
        python = {FLOAT: _PYTHON_REAL, COMPLEX: _PYTHON_COMPLEX}.get(operand)
        return operand.kind in self.fails or python in self.fails


_INTEGER: Final[frozenset[Kind]] = frozenset(("signed", "unsigned"))
_BITS: Final[frozenset[Kind]] = frozenset(("bool", "signed", "unsigned"))
_ORDERED: Final[frozenset[Kind]] = frozenset(("bool", "signed", "unsigned", "real"))
_NUMBER: Final[frozenset[Kind]] = frozenset(("signed", "unsigned", "real", "complex"))
_REAL: Final[frozenset[Kind]] = frozenset(("real",))
_INEXACT: Final[frozenset[Kind]] = frozenset(("real", "complex"))
_COMPLEX: Final[frozenset[Kind]] = frozenset(("complex",))
_OVERFLOW: Final = frozenset(("signed", "unsigned"))
_ZERO: Final = frozenset(("signed", "unsigned", _PYTHON_REAL, _PYTHON_COMPLEX))
_DOMAIN: Final = frozenset((_PYTHON_REAL,))


def _select(condition: Any, yes: Any, no: Any) -> Any:
    return yes if condition else no


def _power(base: Any, exponent: Any) -> Any:
    """NumPy's ufunc and its operator differ for complex zeros."""
    return base**exponent if isinstance(base, np.complexfloating) else np.power(base, exponent)


def _product(one: Any, other: Any) -> Any:
    """Of elements of arrays: one rounding less than of NumPy's scalars."""
    kind = np.result_type(one, other)
    return np.multiply(np.array([one], kind), np.array([other], kind))[0]


def _arithmetic() -> tuple[Op, ...]:
    o = operator
    return (
        Op("add", 2, o.add, np.add, "+", fails=_OVERFLOW, kinds=_NUMBER, commutative=True,
           associative=True, identity=0, integer="add", real="fadd"),
        Op("sub", 2, o.sub, np.subtract, "-", fails=_OVERFLOW, kinds=_NUMBER,
           integer="sub", real="fsub"),
        Op("mul", 2, o.mul, np.multiply, "*", fails=_OVERFLOW, kinds=_NUMBER, commutative=True,
           associative=True, identity=1, integer="mul", real="fmul"),
        # of complex arrays, where NumPy's fuses a multiplication and an addition
        Op("product", 2, _product, _product, kinds=_COMPLEX, cost=4),
        Op("divide", 2, o.truediv, np.divide, "/", "divide", fails=_ZERO,
           kinds=_NUMBER, real="fdiv", cost=5),
        Op("floordiv", 2, o.floordiv, np.floor_divide, "//", fails=_ZERO,
           kinds=_INTEGER | _REAL, cost=15),
        Op("mod", 2, o.mod, np.remainder, "%", fails=_ZERO, kinds=_INTEGER | _REAL, cost=15),
        Op("pow", 2, o.pow, _power, "**", fails=_ZERO,
           kinds=_NUMBER, math="pow", cost=25),
        Op("neg", 1, o.neg, np.negative, "-", fails=_OVERFLOW, kinds=_NUMBER, real="fneg"),
        Op("abs", 1, abs, np.absolute, result="component", fails=_OVERFLOW | {_PYTHON_COMPLEX},
           kinds=_NUMBER),
        Op("bitand", 2, o.and_, np.bitwise_and, "&", kinds=_BITS, commutative=True,
           associative=True, idempotent=True, identity=-1, integer="and"),
        Op("bitor", 2, o.or_, np.bitwise_or, "|", kinds=_BITS, commutative=True,
           associative=True, idempotent=True, identity=0, integer="or"),
        Op("bitxor", 2, o.xor, np.bitwise_xor, "^", kinds=_BITS, commutative=True,
           associative=True, identity=0, integer="xor"),
        Op("bitnot", 1, o.invert, np.invert, "~", kinds=_INTEGER),
        Op("shl", 2, o.lshift, np.left_shift, "<<", fails=_OVERFLOW, kinds=_INTEGER, integer="shl"),
        Op("shr", 2, o.rshift, np.right_shift, ">>", fails=_OVERFLOW, kinds=_INTEGER),
        # np.minimum/np.maximum: a NaN wins; fmin/fmax: a NaN loses. Python's min/max are selects.
        Op("minimum", 2, np.minimum, np.minimum, kinds=_ORDERED, commutative=True,
           associative=True, idempotent=True),
        Op("maximum", 2, np.maximum, np.maximum, kinds=_ORDERED, commutative=True,
           associative=True, idempotent=True),
        Op("fmin", 2, np.fmin, np.fmin, kinds=_REAL, commutative=True, associative=True,
           idempotent=True),
        Op("fmax", 2, np.fmax, np.fmax, kinds=_REAL, commutative=True, associative=True,
           idempotent=True),
    )  # fmt: skip


def _logic() -> tuple[Op, ...]:
    o = operator
    boolean: frozenset[Kind] = frozenset(("bool",))
    return (
        Op("less", 2, o.lt, np.less, "<", "truth", kinds=_ORDERED),
        Op("less_equal", 2, o.le, np.less_equal, "<=", "truth", kinds=_ORDERED),
        Op("greater", 2, o.gt, np.greater, ">", "truth", kinds=_ORDERED),
        Op("greater_equal", 2, o.ge, np.greater_equal, ">=", "truth", kinds=_ORDERED),
        Op("equal", 2, o.eq, np.equal, "==", "truth", commutative=True),
        Op("not_equal", 2, o.ne, np.not_equal, "!=", "truth", commutative=True),
        Op("and", 2, lambda x, y: x and y, np.logical_and, "and", kinds=boolean,
           associative=True, idempotent=True, identity=1, lazy=True),
        Op("or", 2, lambda x, y: x or y, np.logical_or, "or", kinds=boolean,
           associative=True, idempotent=True, identity=0, lazy=True),
        Op("not", 1, o.not_, np.logical_not, "not", kinds=boolean),
        # select(c, x, y): c is bool or b1, the result has the type of x and y
        # choice(c, x, y): the same, but both are evaluated, as NumPy's `where` does
        Op("select", 3, _select, _select, lazy=True),
        Op("choice", 3, _select, _select),
        # cast(x): to the node's type; the front end only writes casts that Python or NumPy do.
        Op("cast", 1, lambda x: x, lambda x: x, fails=frozenset(("signed", "unsigned", "real"))),
        Op("isnan", 1, math.isnan, np.isnan, result="truth", kinds=_REAL),
        Op("isinf", 1, math.isinf, np.isinf, result="truth", kinds=_REAL),
        Op("isfinite", 1, math.isfinite, np.isfinite, result="truth", kinds=_REAL),
        Op("signbit", 1, np.signbit, np.signbit, result="truth", kinds=_REAL),
        Op("real", 1, o.attrgetter("real"), np.real, result="component", kinds=_COMPLEX),
        Op("imag", 1, o.attrgetter("imag"), np.imag, result="component", kinds=_COMPLEX),
        Op("conj", 1, lambda z: z.conjugate(), np.conj, kinds=_COMPLEX),
    )  # fmt: skip


def _math(name: str, python: Callable[..., Any], numpy: Callable[..., Any], cost: float,
          arity: int = 1, fails: frozenset[str] = frozenset(), c_name: str = "") -> Op:  # fmt: skip
    """A C math function on reals; complex where a target can."""
    return Op(name, arity, python, numpy, fails=fails, kinds=_REAL, math=c_name or name, cost=cost)


def _complex_math(name: str, numpy: Callable[..., Any], cost: float,
                  fails: frozenset[str] = _DOMAIN) -> Op:  # fmt: skip
    """A C math function that has a complex form, in Python too: `math.sqrt`, `cmath.sqrt`."""
    real, other = getattr(math, name), getattr(cmath, name)

    def python(value: Any) -> Any:
        return other(value) if isinstance(value, complex) else real(value)

    fails |= {_PYTHON_COMPLEX}
    return Op(name, 1, python, numpy, fails=fails, kinds=_INEXACT, math=name, cost=cost)


def _functions() -> tuple[Op, ...]:
    erf, erfc = np.frompyfunc(math.erf, 1, 1), np.frompyfunc(math.erfc, 1, 1)
    gamma = np.frompyfunc(math.gamma, 1, 1)
    return (
        _complex_math("sqrt", np.sqrt, 6),
        # floor, ceil, trunc and rint keep the type; Python's int-valued ones are casts of these
        Op("floor", 1, np.floor, np.floor, kinds=_REAL),
        Op("ceil", 1, np.ceil, np.ceil, kinds=_REAL),
        Op("trunc", 1, np.trunc, np.trunc, kinds=_REAL),
        Op("rint", 1, np.rint, np.rint, kinds=_REAL),
        Op("copysign", 2, math.copysign, np.copysign, kinds=_REAL),
        _math("fmod", math.fmod, np.fmod, 20, 2, _DOMAIN),
        _complex_math("exp", np.exp, 10),
        _math("exp2", math.exp2, np.exp2, 10, fails=_DOMAIN),
        _math("expm1", math.expm1, np.expm1, 15, fails=_DOMAIN),
        _complex_math("log", np.log, 10),
        _math("log2", math.log2, np.log2, 10, fails=_DOMAIN),
        _complex_math("log10", np.log10, 10),
        _math("log1p", math.log1p, np.log1p, 15, fails=_DOMAIN),
        _complex_math("sin", np.sin, 12),
        _complex_math("cos", np.cos, 12),
        _complex_math("tan", np.tan, 18),
        _complex_math("asin", np.arcsin, 18),
        _complex_math("acos", np.arccos, 18),
        _complex_math("atan", np.arctan, 18, frozenset()),
        _math("atan2", math.atan2, np.arctan2, 25, 2),
        _complex_math("sinh", np.sinh, 18),
        _complex_math("cosh", np.cosh, 18),
        _complex_math("tanh", np.tanh, 18, frozenset()),
        _complex_math("asinh", np.arcsinh, 20, frozenset()),
        _complex_math("acosh", np.arccosh, 20),
        _complex_math("atanh", np.arctanh, 20),
        _math("cbrt", math.cbrt, np.cbrt, 18),
        _math("hypot", math.hypot, np.hypot, 12, 2, fails=_DOMAIN),
        _math("erf", math.erf, erf, 20),
        _math("erfc", math.erfc, erfc, 20),
        _math("gamma", math.gamma, gamma, 60, fails=_DOMAIN, c_name="tgamma"),
        _math("lgamma", math.lgamma, np.frompyfunc(math.lgamma, 1, 1), 60, fails=_DOMAIN),
        # complex(re, im): the node's type is the complex type of the parts
        Op("complex", 2, complex, lambda re, im: re + 1j * im, kinds=_REAL),
    )  # fmt: skip


OPS: Final[dict[str, Op]] = {op.name: op for op in _arithmetic() + _logic() + _functions()}

REDUCIBLE: Final = (
    "add",
    "mul",
    "minimum",
    "maximum",
    "fmin",
    "fmax",
    "bitand",
    "bitor",
    "bitxor",
    "and",
    "or",
)
"""Operators a loop may accumulate with."""

KEEPING: Final = ("less", "less_equal", "greater", "greater_equal")
"""Comparisons a loop may accumulate with: `less` keeps the new value where `new < kept`, and of
partial results, in their order, the later one where `later < earlier`."""


def result_type(op: str, operands: tuple[Scalar, ...]) -> Scalar:
    """The type of `op` on operands of these types (`cast` and `complex` are told theirs)."""
    row = OPS[op]
    first = operands[1] if op in ("select", "choice") else operands[0]
    match row.result:
        case "same":
            return first
        case "truth":
            return truth(first)
        case "component":
            return component(first)
        case "divide":
            return FLOAT if first is INT else F64 if first.is_integer else first
        case "int":
            return INT


def apply(op: str, *args: Expr, checked: bool = True, loc: Loc = NOWHERE) -> Apply:
    """An operator node with its type; `checked` is dropped where the operator cannot fail."""
    operands = tuple(arg.type for arg in args)
    result = result_type(op, operands)
    return Apply(op, args, result, checked and OPS[op].can_fail(operands[0]), loc)


def cast(value: Expr, target: Scalar, checked: bool = True, loc: Loc = NOWHERE) -> Expr:
    """Convert `value` to `target`; constants convert at once where that is exact and safe."""
    if value.type is target:
        return value
    if isinstance(value, Const) and (folded := _fold_cast(value, target)) is not None:
        return folded
    return Apply("cast", (value,), target, checked and cast_can_fail(value.type, target), loc)


def cast_can_fail(source: Scalar, target: Scalar) -> bool:
    """Python ints must fit; reals become integers only if finite and in range; NumPy integers
    wrap among themselves as in C, except into Python's exact int."""
    if not target.is_integer or source.kind == "bool":
        return False
    if source.kind == "real":
        return True
    if source is INT:
        return target not in (INT,) and target.name != "i64"
    return target is INT and source.name == "u64"


def _fold_cast(value: Const, target: Scalar) -> Const | None:
    if target.kind == "bool":
        return Const(bool(value.value), target)
    if target.is_integer and isinstance(value.value, bool | int):
        low, high = target.range
        return Const(int(value.value), target) if low <= value.value <= high else None
    if target.kind == "real" and isinstance(value.value, bool | int | float):
        if isinstance(value.value, int) and abs(value.value) > 2**53:
            return None
        with np.errstate(all="ignore"):
            return Const(float(target.dtype.type(float(value.value))), target)
    if target.kind == "complex" and value.type.kind != "complex":
        real = _fold_cast(value, component(target))
        return None if real is None else Const(complex(real.value), target)
    return None


def integer(value: int) -> Const:
    """An `int` constant."""
    return Const(value, INT)
