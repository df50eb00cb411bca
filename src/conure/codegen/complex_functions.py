"""Functions of complex numbers.

NumPy's are C's: the same functions of the same library. CPython's `cmath` has formulas of its own
(W. Kahan, "Branch cuts for complex elementary functions", in The State of the Art in Numerical
Analysis, 1987), which are written here, so that signs of zeros and the sides of branch cuts come
out as there, and the bits too. What `cmath` treats apart fails instead, so that CPython itself
answers: operands that are infinite, nan, next to the largest numbers or subnormal, and all that
raises.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import Final

from conure.codegen.formulas import Outlined, Real, Truth
from conure.codegen.math import complex_library_call
from conure.codegen.scope import Operands, Scope, machine_type
from conure.ir.nodes import Apply
from conure.ir.ops import OPS
from conure.ir.types import COMPLEX

Pair = tuple[Real, Real]
Formula = Callable[[Real, Real], tuple[Pair, Truth]]
"""From the parts of an operand to the parts of the result, and whether it is left to CPython."""

_LARGE: Final = sys.float_info.max / 4.0
_SMALL: Final = sys.float_info.min
_LARGE_LOGARITHM: Final = math.log(_LARGE)
_LOG10_OF_E: Final = 0.43429448190325182765


def complex_function(scope: Scope, node: Apply, args: list[Operands]) -> Operands:
    """A function that is a row of the operator table."""
    kind = machine_type(node.type)
    if node.type is COMPLEX:
        return _of_python(scope, node, args[0])
    if node.op == "log10":
        factor = Real(scope, kind, "").constant(_LOG10_OF_E)
        parts = complex_library_call(scope, "clog", kind, args)
        return tuple((Real(scope, kind, part) * factor).name for part in parts)
    return complex_library_call(scope, f"c{OPS[node.op].math}", kind, args)


def _of_python(scope: Scope, node: Apply, parts: Operands) -> Operands:
    outlined = Outlined(f"conure.cmath.{node.op}", "double", ("%x", "%y"))
    if not scope.module.defined(outlined.symbol):
        inside = outlined.start(scope)
        x, y = (Real(inside, "double", name) for name in outlined.parameters)
        pair, wrong = FORMULAS[node.op](x, y)
        outlined.finish(inside, pair, wrong | ~(x.is_finite() & y.is_finite()))
        scope.module.define(outlined.symbol, inside.function.text())
    real, imaginary, failed = outlined.call(scope, parts)
    if node.checked:
        scope.fails(failed, False)
    return real, imaginary


def _signed(size: Real, sign: Real) -> Real:
    return size.intrinsic("copysign", sign)


# ---- roots and logarithms ---------------------------------------------------------------------


def _sqrt(x: Real, y: Real) -> tuple[Pair, Truth]:
    ax, ay = abs(x), abs(y)
    zero = x.equals(0.0) & y.equals(0.0)
    tiny = (ax < _SMALL) & (ay < _SMALL) & ~zero
    eighth = ax / 8.0
    s = 2.0 * (eighth + eighth.call("hypot", ay / 8.0)).intrinsic("sqrt")
    d = ay / (2.0 * s)
    right = x >= 0.0
    imaginary = zero.select(y, _signed(right.select(d, s), y))
    return (right.select(s, d), imaginary), tiny


def _log(x: Real, y: Real) -> tuple[Pair, Truth]:
    """Next to the unit circle by `log1p`, where the logarithm of the rounded length is wrong."""
    ax, ay = abs(x), abs(y)
    large = (ax > _LARGE) | (ay > _LARGE)
    small = (ax < _SMALL) & (ay < _SMALL)
    length = ax.call("hypot", ay)
    near = (length >= 0.71) & (length <= 1.73)
    longer = ax > ay
    more, less = longer.select(ax, ay), longer.select(ay, ax)
    by_square = ((more - 1.0) * (more + 1.0) + less * less).call("log1p") / 2.0
    return (near.select(by_square, length.call("log")), y.call("atan2", x)), large | small


def _log10(x: Real, y: Real) -> tuple[Pair, Truth]:
    (real, imaginary), wrong = _log(x, y)
    return (real / math.log(10.0), imaginary / math.log(10.0)), wrong


# ---- exponential and circular functions ---------------------------------------------------------


def _exp(x: Real, y: Real) -> tuple[Pair, Truth]:
    length = x.call("exp")
    return (length * y.call("cos"), length * y.call("sin")), x > _LARGE_LOGARITHM


def _cosh(x: Real, y: Real) -> tuple[Pair, Truth]:
    real, imaginary = y.call("cos") * x.call("cosh"), y.call("sin") * x.call("sinh")
    return (real, imaginary), abs(x) > _LARGE_LOGARITHM


def _sinh(x: Real, y: Real) -> tuple[Pair, Truth]:
    real, imaginary = y.call("cos") * x.call("sinh"), y.call("sin") * x.call("cosh")
    return (real, imaginary), abs(x) > _LARGE_LOGARITHM


def _tanh(x: Real, y: Real) -> tuple[Pair, Truth]:
    tx, ty, cx = x.call("tanh"), y.call("tan"), 1.0 / x.call("cosh")
    txty = tx * ty
    below = 1.0 + txty * txty
    real = tx * (1.0 + ty * ty) / below
    return (real, ((ty / below) * cx) * cx), abs(x) > _LARGE_LOGARITHM


# ---- inverse functions -------------------------------------------------------------------------


def _large(x: Real, y: Real) -> Truth:
    return (abs(x) > _LARGE) | (abs(y) > _LARGE)


def _acos(x: Real, y: Real) -> tuple[Pair, Truth]:
    (a, b), wrong = _sqrt(1.0 - x, -y)
    (c, d), also = _sqrt(1.0 + x, y)
    real = 2.0 * a.call("atan2", c)
    return (real, (c * b - d * a).call("asinh")), wrong | also | _large(x, y)


def _acosh(x: Real, y: Real) -> tuple[Pair, Truth]:
    (a, b), wrong = _sqrt(x - 1.0, y)
    (c, d), also = _sqrt(x + 1.0, y)
    real = (a * c + b * d).call("asinh")
    return (real, 2.0 * b.call("atan2", c)), wrong | also | _large(x, y)


def _asinh(x: Real, y: Real) -> tuple[Pair, Truth]:
    (a, b), wrong = _sqrt(1.0 + y, -x)
    (c, d), also = _sqrt(1.0 - y, x)
    real = (a * d - c * b).call("asinh")
    imaginary = y.call("atan2", a * c - b * d)
    return (real, imaginary), wrong | also | _large(x, y)


def _atanh(x: Real, y: Real) -> tuple[Pair, Truth]:
    """Of the right half plane; elsewhere -atanh(-z)."""
    one = x.constant(1.0)
    left = _signed(one, x) < 0.0
    x, y = left.select(-x, x), left.select(-y, y)
    ay = abs(y)
    most, least = math.sqrt(_LARGE), math.sqrt(_SMALL)
    wrong = (x > most) | (ay > most) | (x.equals(1.0) & (ay < least))
    real = (4.0 * x / ((1.0 - x) * (1.0 - x) + ay * ay)).call("log1p") / 4.0
    imaginary = -((-2.0 * y).call("atan2", (1.0 - x) * (1.0 + x) - ay * ay)) / 2.0
    return (left.select(-real, real), left.select(-imaginary, imaginary)), wrong


def _turned(formula: Formula) -> Formula:
    """f(z) = -i g(iz)."""

    def turned(x: Real, y: Real) -> tuple[Pair, Truth]:
        (real, imaginary), wrong = formula(-y, x)
        return (imaginary, -real), wrong

    return turned


def _cos(x: Real, y: Real) -> tuple[Pair, Truth]:
    return _cosh(-y, x)


FORMULAS: Final[Mapping[str, Formula]] = {
    "sqrt": _sqrt,
    "exp": _exp,
    "log": _log,
    "log10": _log10,
    "sin": _turned(_sinh),
    "cos": _cos,
    "tan": _turned(_tanh),
    "asin": _turned(_asinh),
    "acos": _acos,
    "atan": _turned(_atanh),
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _tanh,
    "asinh": _asinh,
    "acosh": _acosh,
    "atanh": _atanh,
}
"""The rows of the operator table that `cmath` has."""
