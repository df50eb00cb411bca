"""Which NumPy functions can be recorded, and what their results look like.

A function is recorded if the front end lowers it for the operands' types: that is tried once for
each combination of types, on the very source that an evaluation would lower.

    >>> sine = elementwise(np.sin)
    >>> sine.template, result_dtype(sine, (np.dtype("f4"),)), result_dtype(sine, (np.dtype("O"),))
    ('np.sin({})', dtype('float32'), None)
    >>> result_dtype(elementwise(np.add), (np.dtype("f4"), float))
    dtype('float32')
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from conure.errors import Reason
from conure.frontend.lower import lower
from conure.frontend.lowered import Argument, ArrayArgument, Lowered, SameArray
from conure.frontend.numpy_table import ROWS
from conure.ir.ops import OPS
from conure.lazy.nodes import Dtype, Operation
from conure.signature import describe

Kind = Dtype | type
"""Of an operand: a dtype, or the type of a Python number."""

_ELEMENTWISE_RULES: Final = frozenset(
    (
        "real", "binary", "unary", "whole number", "test", "logical", "complex", "where", "clip",
        "square", "sign", "turn", "reciprocal", "step",
    )
)  # fmt: skip
_TERNARY: Final = frozenset(("where", "clip"))
_STATIC: Final = frozenset(("axis", "keepdims", "ddof"))
_SAMPLES: Final[dict[type, Any]] = {bool: True, int: 1, float: 1.0, complex: 1j}
_NANOSECONDS: Final = 0.5  # of one cheap operation on one element, in NumPy


WHERE_MASKED: Final = Operation("np.where({}, {}, {})", "elementwise", 0.5)
"""`np.where` that stands for something that looks at selected elements only: what is computed of
the others may not warn."""


@functools.cache
def elementwise(function: Callable[..., Any]) -> Operation | None:
    """The operation that a NumPy function applies to each element; None if there is none."""
    row = ROWS.get(function)
    if row is None or row.rule not in _ELEMENTWISE_RULES:
        return None
    name = function.__name__
    arity = function.nin if isinstance(function, np.ufunc) else 3 if row.rule in _TERNARY else 1
    braces = ", ".join(["{}"] * arity)
    cost = OPS[row.op].cost if row.op in OPS else 1.0
    return Operation(f"np.{name}({braces})", "elementwise", cost * _NANOSECONDS)


@functools.cache
def casting(dtype: Dtype) -> Operation:
    """`x.astype(dtype)`."""
    return Operation(f"{{}}.astype(np.{dtype.name})", "elementwise", _NANOSECONDS)


def reduction(function: Callable[..., Any], keywords: Mapping[str, Any]) -> Operation | None:
    """The operation of a reduction with these keywords; None if it is not recorded so."""
    if not keywords:
        return _reduction(function, "")
    if not all(name in _STATIC and _is_static(item) for name, item in keywords.items()):
        return None
    return _reduction(
        function, "".join(f", {name}={keywords[name]!r}" for name in sorted(keywords))
    )


@functools.cache
def _reduction(function: Callable[..., Any], keywords: str) -> Operation | None:
    """By the keywords' text: 1, 1.0 and True are equal, and NumPy does not take them alike."""
    row = ROWS.get(function)
    if row is None or row.rule != "reduce":
        return None
    return Operation(f"np.{function.__name__}({{}}{keywords})", "reduction", _NANOSECONDS)


@functools.cache
def product(function: Callable[..., Any]) -> Operation | None:
    """The operation of a product of vectors and matrices; None if it is none."""
    row = ROWS.get(function)
    if row is None or row.rule != "dot":
        return None
    return Operation(f"np.{function.__name__}({{}}, {{}})", "reduction", _NANOSECONDS)


def _is_static(item: object) -> bool:
    return item is None or type(item) in (int, bool) or _is_axes(item)


def _is_axes(value: object) -> bool:
    return type(value) is tuple and all(type(axis) is int for axis in value)


def result_dtype(
    operation: Operation, kinds: tuple[Kind, ...], rank: int | tuple[int, ...] = 1
) -> Dtype | None:
    """The dtype of the result on operands of these kinds; None if it is not recorded."""
    key = (*kinds, rank) if operation.role == "reduction" else kinds
    if key not in operation.types:
        operation.types[key] = _found_dtype(operation, kinds, rank)
    return operation.types[key]


def _found_dtype(
    operation: Operation, kinds: tuple[Kind, ...], rank: int | tuple[int, ...]
) -> Dtype | None:
    """Ask NumPy on samples, and the front end whether it would compile the same."""
    ranks = rank if isinstance(rank, tuple) else (rank,) * len(kinds)
    samples = [
        _SAMPLES[kind] if isinstance(kind, type) else np.ones((2,) * each, kind)
        for kind, each in zip(kinds, ranks, strict=True)
    ]
    names = [f"v{k}" for k in range(len(samples))]
    source = operation.template.format(*names)
    scope: dict[str, Any] = {"np": np, **dict(zip(names, samples, strict=True))}
    try:
        with np.errstate(all="ignore"):
            result = eval(source, scope)
    except Exception:  # whatever NumPy says, it says again when it is called in earnest
        return None
    if not isinstance(result, np.ndarray | np.generic):
        return None
    dtype: Dtype = result.dtype
    target = scope["o0"] = np.empty(result.shape, dtype)
    statement = "o0[...] = " if target.ndim else "r0 = "
    results = ("r0",) if not target.ndim else ()
    _, lowered = lowered_source(statement + source, scope, results, (*names, "o0"))
    return dtype if isinstance(lowered, Lowered) else None


def lowered_source(
    source: str, scope: Mapping[str, Any], results: tuple[str, ...], names: Sequence[str]
) -> tuple[dict[str, Argument], Lowered | Reason]:
    """A straight-line NumPy program lowered for the arrays and numbers in `scope`, which `names`
    are, the array that is written last; `results` are the numbers it leaves."""
    tree = ast.parse(source)
    dotted = sorted({ast.unparse(node) for node in ast.walk(tree) if _is_name_of_numpy(node)})
    functions = [getattr(np, name.removeprefix("np.")) for name in dotted]
    values = [scope[name] for name in names]
    signature = describe([*names, "np", *dotted], [*values, np, *functions])
    arguments = _apart(signature.arguments, scope, names)
    overlaps = _overlaps(arguments, scope, names)
    return arguments, lower(
        "graph", tree.body, arguments, results, "<recorded>", "<recorded>", False, overlaps
    )


def _overlaps(
    arguments: Mapping[str, Argument], scope: Mapping[str, Any], names: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Which arrays share memory with the written one, as the key sees it: views that only
    interleave may be others next time."""
    last = arguments[names[-1]]
    written = last.name if isinstance(last, SameArray) else names[-1]
    if not isinstance(arguments[written], ArrayArgument):
        return ()
    return tuple(
        (name, written)
        for name in names
        if name != written
        and isinstance(arguments[name], ArrayArgument)
        and np.may_share_memory(scope[name], scope[written])
    )


def _apart(
    arguments: Mapping[str, Argument], scope: Mapping[str, Any], names: Sequence[str]
) -> dict[str, Argument]:
    """Arrays that are the same in this request alone become arguments of their own: the next
    request with this key may bring two. Which are the written one is part of the key."""
    last = arguments[names[-1]] if names else None
    written = last.name if isinstance(last, SameArray) else ""
    return {
        name: describe([name], [scope[name]]).arguments[name]
        if isinstance(argument, SameArray) and argument.name != written
        else argument
        for name, argument in arguments.items()
    }


def _is_name_of_numpy(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "np"
    )
