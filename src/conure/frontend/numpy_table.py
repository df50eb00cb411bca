"""One row per NumPy and `math` function: which operator it is, and the rule of its types.

>>> ROWS[np.sqrt].op, ROWS[math.floor].rule
('sqrt', 'whole')
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any, Final, Literal

import numpy as np

from conure.record import Record

Rule = Literal[
    "real",  # NumPy: real argument(s), promoted to float; the result has that type
    "binary",  # NumPy: as the operator of that name on arrays
    "unary",  # NumPy: keeps the type
    "whole number",  # NumPy: floor and the like; integers stay
    "test",  # NumPy: isnan and the like
    "logical",  # NumPy: truth of the arguments
    "complex",  # NumPy: conjugate
    "part",  # NumPy: real and imaginary part
    "phase",  # NumPy: angle
    "step",  # NumPy: heaviside
    "float power",
    "divmod",
    "where",  # NumPy: one of two, by element
    "clip",
    "square",
    "sign",
    "python",  # math: float arguments, checked, float result
    "python complex",  # cmath: complex argument, checked, complex result
    "python test",  # math: float argument, bool result
    "whole",  # math: float argument, int result
    "angle",  # math: degrees and radians
    "turn",  # NumPy: degrees and radians
    "reciprocal",
    "reduce",  # NumPy: all elements to one, or those along axes
    "dot",
    "new",  # NumPy: a new array
    "cast",  # NumPy: asarray and the like
    "array",  # NumPy: by name, in `array_functions`
    "round",  # NumPy: to a number of decimals
]


class Row(Record):
    """A function: its operator of `ir/ops.py` (or its own name) and its rule."""

    function: Callable[..., Any]
    op: str
    rule: Rule
    factor: float = 1.0


def _numpy_math() -> tuple[Row, ...]:
    return (
        Row(np.sqrt, "sqrt", "real"),
        Row(np.cbrt, "cbrt", "real"),
        Row(np.exp, "exp", "real"),
        Row(np.exp2, "exp2", "real"),
        Row(np.expm1, "expm1", "real"),
        Row(np.log, "log", "real"),
        Row(np.log2, "log2", "real"),
        Row(np.log10, "log10", "real"),
        Row(np.log1p, "log1p", "real"),
        Row(np.sin, "sin", "real"),
        Row(np.cos, "cos", "real"),
        Row(np.tan, "tan", "real"),
        Row(np.arcsin, "asin", "real"),
        Row(np.arccos, "acos", "real"),
        Row(np.arctan, "atan", "real"),
        Row(np.sinh, "sinh", "real"),
        Row(np.cosh, "cosh", "real"),
        Row(np.tanh, "tanh", "real"),
        Row(np.arcsinh, "asinh", "real"),
        Row(np.arccosh, "acosh", "real"),
        Row(np.arctanh, "atanh", "real"),
        Row(np.arctan2, "atan2", "real"),
        Row(np.hypot, "hypot", "real"),
        Row(np.copysign, "copysign", "real"),
        Row(np.fmod, "fmod", "binary"),
        Row(np.degrees, "degrees", "turn", 180.0),
        Row(np.rad2deg, "degrees", "turn", 180.0),
        Row(np.radians, "radians", "turn", 180.0),
        Row(np.deg2rad, "radians", "turn", 180.0),
        Row(np.reciprocal, "reciprocal", "reciprocal"),
    )


def _numpy_operators() -> tuple[Row, ...]:
    return (
        Row(np.floor, "floor", "whole number"),
        Row(np.ceil, "ceil", "whole number"),
        Row(np.trunc, "trunc", "whole number"),
        Row(np.rint, "rint", "real"),
        Row(np.add, "add", "binary"),
        Row(np.subtract, "sub", "binary"),
        Row(np.multiply, "mul", "binary"),
        Row(np.divide, "divide", "binary"),
        Row(np.floor_divide, "floordiv", "binary"),
        Row(np.remainder, "mod", "binary"),
        Row(np.power, "pow", "binary"),
        Row(np.minimum, "minimum", "binary"),
        Row(np.maximum, "maximum", "binary"),
        Row(np.fmin, "fmin", "binary"),
        Row(np.fmax, "fmax", "binary"),
        Row(np.bitwise_and, "bitand", "binary"),
        Row(np.bitwise_or, "bitor", "binary"),
        Row(np.bitwise_xor, "bitxor", "binary"),
        Row(np.positive, "plus", "unary"),
        Row(np.less, "less", "binary"),
        Row(np.less_equal, "less_equal", "binary"),
        Row(np.greater, "greater", "binary"),
        Row(np.greater_equal, "greater_equal", "binary"),
        Row(np.equal, "equal", "binary"),
        Row(np.not_equal, "not_equal", "binary"),
        Row(np.negative, "neg", "unary"),
        Row(np.absolute, "abs", "unary"),
        Row(np.fabs, "abs", "real"),
        Row(np.invert, "bitnot", "unary"),
        Row(np.square, "mul", "square"),
        Row(np.sign, "sign", "sign"),
        Row(np.isnan, "isnan", "test"),
        Row(np.isinf, "isinf", "test"),
        Row(np.isfinite, "isfinite", "test"),
        Row(np.signbit, "signbit", "test"),
        Row(np.logical_and, "and", "logical"),
        Row(np.logical_or, "or", "logical"),
        Row(np.logical_not, "not", "logical"),
        Row(np.logical_xor, "bitxor", "logical"),
        Row(np.left_shift, "shl", "binary"),
        Row(np.right_shift, "shr", "binary"),
    )


def _numpy_rest() -> tuple[Row, ...]:
    return (
        Row(np.fix, "trunc", "whole number"),
        Row(np.float_power, "float_power", "float power"),
        Row(np.divmod, "divmod", "divmod"),
        Row(np.heaviside, "heaviside", "step"),
        Row(np.conjugate, "conj", "complex"),
        Row(np.real, "real", "part"),
        Row(np.imag, "imag", "part"),
        Row(np.angle, "angle", "phase"),
        Row(np.round, "round", "round"),
        Row(np.around, "round", "round"),
    )


def _numpy_arrays() -> tuple[Row, ...]:
    return (
        Row(np.where, "where", "where"),
        Row(np.clip, "clip", "clip"),
        Row(np.sum, "sum", "reduce"),
        Row(np.prod, "prod", "reduce"),
        Row(np.min, "min", "reduce"),
        Row(np.max, "max", "reduce"),
        Row(np.mean, "mean", "reduce"),
        Row(np.any, "any", "reduce"),
        Row(np.all, "all", "reduce"),
        Row(np.amin, "min", "reduce"),
        Row(np.amax, "max", "reduce"),
        Row(np.std, "std", "reduce"),
        Row(np.var, "var", "reduce"),
        Row(np.argmin, "argmin", "reduce"),
        Row(np.argmax, "argmax", "reduce"),
        Row(np.ptp, "ptp", "reduce"),
        Row(np.count_nonzero, "count_nonzero", "reduce"),
        Row(np.nansum, "nansum", "reduce"),
        Row(np.nanmin, "nanmin", "reduce"),
        Row(np.nanmax, "nanmax", "reduce"),
        Row(np.nanmean, "nanmean", "reduce"),
        Row(np.dot, "dot", "dot"),
        Row(np.matmul, "matmul", "dot"),
        Row(np.vdot, "vdot", "dot"),
        Row(np.inner, "inner", "dot"),
        Row(np.empty, "empty", "new"),
        Row(np.zeros, "zeros", "new"),
        Row(np.ones, "ones", "new"),
        Row(np.full, "full", "new"),
        Row(np.zeros_like, "zeros", "new"),
        Row(np.ones_like, "ones", "new"),
        Row(np.empty_like, "empty", "new"),
        Row(np.full_like, "full", "new"),
        Row(np.array, "array", "cast"),
        Row(np.copy, "copy", "cast"),
    )


def _numpy_by_name() -> tuple[Row, ...]:
    return (
        Row(np.outer, "outer", "array"),
        Row(np.cross, "cross", "array"),
        Row(np.linalg.norm, "norm", "array"),
        Row(np.cumsum, "cumsum", "array"),
        Row(np.cumprod, "cumprod", "array"),
        Row(np.diff, "diff", "array"),
        Row(np.roll, "roll", "array"),
        Row(np.flip, "flip", "array"),
        Row(np.transpose, "transpose", "array"),
        Row(np.diag, "diagonal", "array"),
        Row(np.trace, "trace", "array"),
        Row(np.arange, "arange", "array"),
        Row(np.eye, "eye", "array"),
        Row(np.identity, "eye", "array"),
        Row(np.concatenate, "concatenate", "array"),
    )


def _math() -> tuple[Row, ...]:
    return (
        Row(math.sqrt, "sqrt", "python"),
        Row(math.cbrt, "cbrt", "python"),
        Row(math.exp, "exp", "python"),
        Row(math.exp2, "exp2", "python"),
        Row(math.expm1, "expm1", "python"),
        Row(math.log, "log", "python"),
        Row(math.log2, "log2", "python"),
        Row(math.log10, "log10", "python"),
        Row(math.log1p, "log1p", "python"),
        Row(math.sin, "sin", "python"),
        Row(math.cos, "cos", "python"),
        Row(math.tan, "tan", "python"),
        Row(math.asin, "asin", "python"),
        Row(math.acos, "acos", "python"),
        Row(math.atan, "atan", "python"),
        Row(math.atan2, "atan2", "python"),
        Row(math.sinh, "sinh", "python"),
        Row(math.cosh, "cosh", "python"),
        Row(math.tanh, "tanh", "python"),
        Row(math.asinh, "asinh", "python"),
        Row(math.acosh, "acosh", "python"),
        Row(math.atanh, "atanh", "python"),
        Row(math.hypot, "hypot", "python"),
        Row(math.copysign, "copysign", "python"),
        Row(math.fmod, "fmod", "python"),
        Row(math.pow, "pow", "python"),
        Row(math.erf, "erf", "python"),
        Row(math.erfc, "erfc", "python"),
        Row(math.gamma, "gamma", "python"),
        Row(math.lgamma, "lgamma", "python"),
        Row(math.fabs, "abs", "python"),
        Row(math.isnan, "isnan", "python test"),
        Row(math.isinf, "isinf", "python test"),
        Row(math.isfinite, "isfinite", "python test"),
        Row(math.floor, "floor", "whole"),
        Row(math.ceil, "ceil", "whole"),
        Row(math.trunc, "trunc", "whole"),
        Row(math.degrees, "mul", "angle", 180.0 / math.pi),
        Row(math.radians, "mul", "angle", math.pi / 180.0),
    )


def _cmath() -> tuple[Row, ...]:
    return (
        Row(cmath.sqrt, "sqrt", "python complex"),
        Row(cmath.exp, "exp", "python complex"),
        Row(cmath.log, "log", "python complex"),
        Row(cmath.log10, "log10", "python complex"),
        Row(cmath.sin, "sin", "python complex"),
        Row(cmath.cos, "cos", "python complex"),
        Row(cmath.tan, "tan", "python complex"),
        Row(cmath.asin, "asin", "python complex"),
        Row(cmath.acos, "acos", "python complex"),
        Row(cmath.atan, "atan", "python complex"),
        Row(cmath.sinh, "sinh", "python complex"),
        Row(cmath.cosh, "cosh", "python complex"),
        Row(cmath.tanh, "tanh", "python complex"),
        Row(cmath.asinh, "asinh", "python complex"),
        Row(cmath.acosh, "acosh", "python complex"),
        Row(cmath.atanh, "atanh", "python complex"),
    )


_ALL: Final = (
    *_numpy_math(), *_numpy_operators(), *_numpy_rest(), *_numpy_arrays(), *_numpy_by_name(),
    *_math(), *_cmath(),
)  # fmt: skip

ROWS: Final[dict[Any, Row]] = {row.function: row for row in _ALL}

ARRAY_RULES: Final = frozenset(("reduce", "dot", "round", "new", "cast"))
"""Rules of functions that take arrays as a whole."""
