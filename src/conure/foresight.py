"""What names will hold when a region is reached, found without running the function.

Only what has no effect is evaluated: arithmetic on known scalars and small arrays, shapes, and
allocations (as arrays of the right type and shape whose contents nobody looks at). What else is
bound becomes unknown; a name whose type alone is known gets a sample of that type.

    >>> known = {"x": np.zeros((3, 4), "f4"), "np": np}
    >>> foresee(ast.parse("n, m = x.shape; y = np.empty(n)").body, known)
    >>> known["m"], known["y"].shape
    (4, (3,))
"""

from __future__ import annotations

import ast
import builtins
import math
import operator
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, Final

import numpy as np

from conure.frontend.flow import binds
from conure.frontend.numpy_table import ROWS
from conure.frontend.reductions import REDUCTIONS
from conure.signature import is_plain_field

Known = dict[str, Any]


class Unknown(Exception):
    """A value that cannot be told before running."""


_BINARY: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
    ast.Pow: operator.pow, ast.MatMult: operator.matmul,
}  # fmt: skip
_UNARY: Final[dict[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_,
}  # fmt: skip
_CALLS: Final = frozenset(
    ("len", "int", "float", "bool", "complex", "min", "max", "abs", "range", "round")
)
_ALLOCATIONS: Final = frozenset(("empty", "zeros", "ones", "full", "empty_like", "zeros_like",
                                 "ones_like", "full_like", "arange", "linspace"))  # fmt: skip
_METHODS: Final = frozenset(("copy", "astype", "reshape", "ravel", "transpose", "item"))
_MOST: Final = 100_000  # elements that are computed with, to learn the type of the result
_ATTRIBUTES: Final = frozenset(("shape", "ndim", "size", "dtype", "T", "real", "imag"))


def foresee(statements: Iterable[ast.stmt], known: Known) -> None:
    """Update `known` with what simple statements bind; what is not simple becomes unknown."""
    for stmt in statements:
        try:
            if isinstance(stmt, ast.Assign):
                with np.errstate(all="ignore"):
                    value = _value(stmt.value, known)
                for target in stmt.targets:
                    _bind(target, value, known)
                continue
            if isinstance(stmt, ast.AugAssign) and isinstance(stmt.target, ast.Name):
                left, right = known[stmt.target.id], _operand(stmt.value, known)
                if not isinstance(left, np.ndarray):  # which changes in place
                    known[stmt.target.id] = _small(_BINARY[type(stmt.op)](left, right))
                continue
            if isinstance(stmt, ast.AnnAssign) and stmt.value is not None:
                _bind(stmt.target, _value(stmt.value, known), known)
                continue
        except Exception:  # whatever the user's expression raises: not known
            pass
        for name in binds(stmt):
            known.pop(name, None)


def _bind(target: ast.expr, value: Any, known: Known) -> None:
    match target:
        case ast.Name():
            known[target.id] = value
        case ast.Tuple():
            for each, item in zip(target.elts, value, strict=True):
                _bind(each, item, known)
        case _:
            raise Unknown


def _value(node: ast.expr, known: Known) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            if node.id in known:
                return known[node.id]
            return getattr(builtins, node.id)
        case ast.Tuple():
            return tuple(_value(item, known) for item in node.elts)
        case ast.BinOp():
            return _small(
                _BINARY[type(node.op)](_operand(node.left, known), _operand(node.right, known))
            )
        case ast.UnaryOp():
            return _UNARY[type(node.op)](_operand(node.operand, known))
        case ast.Attribute():
            return _attribute(_value(node.value, known), node.attr)
        case ast.Subscript():
            return _value(node.value, known)[_index(node.slice, known)]
        case ast.Call():
            return _call(node, known)
        case _:
            raise Unknown


def _number(node: ast.expr, known: Known) -> Any:
    value = _value(node, known)
    if isinstance(value, np.ndarray):
        raise Unknown
    return value


def _operand(node: ast.expr, known: Known) -> Any:
    value = _value(node, known)
    if isinstance(value, np.ndarray) and value.size > _MOST:
        raise Unknown
    return value


def _small(value: Any) -> Any:
    if isinstance(value, int) and value.bit_length() > 64:
        raise Unknown
    return value


def _attribute(value: Any, name: str) -> Any:
    if isinstance(value, ModuleType) or name in _ATTRIBUTES or is_plain_field(value, name):
        return getattr(value, name)
    raise Unknown


def _index(node: ast.expr, known: Known) -> Any:
    match node:
        case ast.Slice():
            parts = (node.lower, node.upper, node.step)
            return slice(*(None if part is None else _number(part, known) for part in parts))
        case ast.Tuple():
            return tuple(_index(item, known) for item in node.elts)
        case _:
            return _number(node, known)


def _call(node: ast.Call, known: Known) -> Any:
    arguments = [_value(argument, known) for argument in node.args]
    keywords = {k.arg: _value(k.value, known) for k in node.keywords if k.arg}
    match node.func:
        case ast.Name(id=name) if name in _CALLS and name not in known:
            return getattr(builtins, name)(*arguments, **keywords)
        case ast.Attribute(value=ast.Name(id=root), attr=name) if known.get(root) is np:
            if name in _ALLOCATIONS or isinstance(getattr(np, name, None), type):
                return getattr(np, name)(*arguments, **keywords)
            if getattr(np, name, None) in ROWS and _is_cheap(arguments):
                return getattr(np, name)(*arguments, **keywords)
        case ast.Attribute(value=ast.Name(id=root), attr=name) if known.get(root) is math:
            if getattr(math, name, None) in ROWS:
                return getattr(math, name)(*arguments)
        case ast.Attribute(value=receiver, attr=name) if name in _METHODS | REDUCTIONS:
            array = _value(receiver, known)
            if isinstance(array, np.ndarray) and (name in _METHODS or _is_cheap([array])):
                return getattr(array, name)(*arguments, **keywords)
    raise Unknown


def _is_cheap(arguments: Iterable[Any]) -> bool:
    return all(not isinstance(each, np.ndarray) or each.size <= _MOST for each in arguments)
