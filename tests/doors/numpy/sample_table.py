"""The sample programs: those written out in `samples/*.txt`, one a line, and those made by rule.

The names that they use are those of `compared.operands`; `;` separates statements, and the last
one is an expression.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy

PAIRS = ("a", "b"), ("a", "2.0"), ("3", "a"), ("i", "j"), ("f", "b"), ("A", "V[:1]"), ("w", "j")
SINGLE = "a", "u", "p", "i", "z", "f", "h", "w", "F", "S", "R", "E", "O", "m"

SIGNS = ("+", "-", "*", "/", "//", "%", "**", "<", "<=", ">", "==", "!=", ">=")
INTEGER_SIGNS = ("&", "|", "^", "<<", ">>", "@")
OPERANDS = ("a", "b"), ("i", "j"), ("f", "2"), ("2", "p"), ("A", "V[:1]"), ("a", "None")
INTEGERS = ("i", "j"), ("i", "3"), ("3", "j"), ("m", "m"), ("a", "b")

REDUCTIONS = (
    *("sum", "prod", "min", "max", "mean", "var", "std", "any", "all", "argmin", "argmax"),
    *("cumsum", "cumprod"),
)
MORE_REDUCTIONS = (
    *("median", "ptp", "average", "amin", "amax", "nansum", "nanprod", "nanmin", "nanmax"),
    *("nanmean", "nanvar", "nanstd", "nanargmin", "nanargmax", "nancumsum", "nancumprod"),
    *("nanmedian", "cumulative_sum", "cumulative_prod", "count_nonzero"),
)


def ufuncs() -> Iterator[str]:
    """Every ufunc on several dtypes and layouts; what NumPy refuses must be refused."""
    for name in sorted(vars(numpy)):
        function = getattr(numpy, name)
        if not isinstance(function, numpy.ufunc) or name == "matmul":
            continue
        if function.nin == 1:
            yield from (f"np.{name}({operand})" for operand in SINGLE)
        elif function.nin == 2:
            yield from (f"np.{name}({left}, {right})" for left, right in PAIRS)


def operators() -> Iterator[str]:
    for sign in SIGNS:
        yield from (f"{left} {sign} {right}" for left, right in OPERANDS)
    for sign in INTEGER_SIGNS:
        yield from (f"{left} {sign} {right}" for left, right in INTEGERS)


def reductions() -> Iterator[str]:
    for name in (*REDUCTIONS, *MORE_REDUCTIONS):
        yield from (f"np.{name}({operand})" for operand in ("a", "i", "E", "O", "m"))
        yield f"np.{name}(A, axis=0)"
    for name in REDUCTIONS:
        yield from (f"{operand}.{name}()" for operand in ("u", "F", "f", "z", "S", "nans"))
        yield f"A.{name}(1)"
    for name in REDUCTIONS[:-2]:
        yield f"A.{name}(axis=-1, keepdims=True)"


def written_out() -> Iterator[str]:
    for path in sorted((Path(__file__).parent / "samples").glob("*.txt")):
        yield from path.read_text(encoding="utf-8").splitlines()


SAMPLES = list(dict.fromkeys([*written_out(), *ufuncs(), *operators(), *reductions()]))
"""Every sample program, once."""
