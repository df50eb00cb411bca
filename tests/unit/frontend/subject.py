"""Lower a Python function, run the program in the evaluator, compare with CPython."""

from __future__ import annotations

import ast
import inspect
import linecache
import math
import textwrap
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from conure.errors import Reason
from conure.frontend.lower import lower
from conure.frontend.lowered import (
    Argument,
    ArgumentOutcome,
    ArrayArgument,
    ConstantOutcome,
    Lowered,
    ObjectArgument,
    Outcome,
    RebindOutcome,
    SameArray,
    ScalarArgument,
    ScalarOutcome,
    TupleArgument,
    TupleOutcome,
)
from conure.ir.check import check
from conure.ir.evaluate import UNBOUND, evaluate
from conure.ir.nodes import Program
from conure.ir.types import ArrayType, scalar_of_dtype, scalar_of_value
from tests.oracle import copied


def argument(value: Any) -> Argument:
    """What a name holds, as the caller of `lower` says it."""
    dtype = scalar_of_dtype(value.dtype) if isinstance(value, np.ndarray) else None
    if dtype is not None:
        layout = "C" if value.flags.c_contiguous else "F" if value.flags.f_contiguous else "S"
        return ArrayArgument(ArrayType(dtype, value.ndim, layout), value.flags.writeable)
    if isinstance(value, tuple) and value and all(_plain(item) for item in value):
        return TupleArgument(tuple(argument(item) for item in value))
    kind = scalar_of_value(value)
    return ObjectArgument(value) if kind is None else ScalarArgument(kind)


def _plain(value: Any) -> bool:
    return isinstance(value, np.ndarray) or scalar_of_value(value) is not None


def define(source: str, **names: Any) -> Callable[..., Any]:
    """The function `f` of a text, with its source where `inspect` finds it."""
    text = textwrap.dedent(source)
    file = f"<defined {hash(text)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    space: dict[str, Any] = {"np": np, "math": math, **names}
    exec(compile(text, file, "exec"), space)  # the text is this test's own
    function: Callable[..., Any] = space["f"]
    return function


def function_ast(function: Callable[..., Any]) -> ast.FunctionDef:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    node = tree.body[0]
    assert isinstance(node, ast.FunctionDef)
    return node


def arguments_of(
    function: Any, args: tuple[Any, ...]
) -> tuple[dict[str, Argument], dict[str, Any]]:
    """The arguments of `lower`, and the values of the scalar and array parameters."""
    found: dict[str, Argument] = {}
    values: dict[str, Any] = {}
    seen: dict[int, str] = {}
    for name, value in zip(function.__code__.co_varnames, args, strict=False):
        if isinstance(value, np.ndarray) and id(value) in seen:
            found[name] = SameArray(seen[id(value)])
            continue
        if isinstance(value, np.ndarray):
            seen[id(value)] = name
        found[name] = argument(value)
        values[name] = value
        if isinstance(found[name], TupleArgument):
            values.update({f"{name}.{k}": item for k, item in enumerate(value)})
    closure = inspect.getclosurevars(function)
    for name, value in {**closure.builtins, **closure.globals, **closure.nonlocals}.items():
        found.setdefault(name, argument(value))
        values.setdefault(name, value)
    return found, values


def lowered(function: Callable[..., Any], *args: Any) -> Lowered | Reason:
    """The function's whole body as a region."""
    node = function_ast(function)
    found, values = arguments_of(function, args)
    arrays = [name for name, given in found.items() if isinstance(given, ArrayArgument)]
    overlaps = [
        (a, b)
        for k, a in enumerate(arrays)
        for b in arrays[k + 1 :]
        if np.shares_memory(values[a], values[b])
    ]
    return lower(
        node.name, node.body, found, [], "test.py", node.name, may_return=True, overlaps=overlaps
    )


def program(function: Callable[..., Any], *args: Any) -> Program:
    """The checked program of a function that must be compiled."""
    result = lowered(function, *args)
    assert isinstance(result, Lowered), result.render()
    check(result.program)
    return result.program


class Failed(Exception):
    """The program left to Python."""


def compiled(function: Callable[..., Any], *args: Any) -> Any:
    """What the program returns."""
    result = lowered(function, *args)
    assert isinstance(result, Lowered), result.render()
    check(result.program)
    _, values = arguments_of(function, args)
    names = {param.name for param in result.program.params}
    given = {name: value for name, value in values.items() if name in names}
    outcome = evaluate(result.program, given)
    if outcome.status != "OK":
        raise Failed(outcome.status)
    if result.value is None or result.returned is None or not outcome.results[result.returned]:
        return None
    return _rebuilt(result.value, outcome.results, values, result.program)


def _rebuilt(outcome: Outcome, results: tuple[Any, ...], values: Any, program: Program) -> Any:
    match outcome:
        case ScalarOutcome(position):
            assert results[position] is not UNBOUND
            return results[position]
        case ArgumentOutcome(name):
            return values[name]
        case RebindOutcome(position):
            return values[program.params[results[position]].name]
        case TupleOutcome(items):
            return tuple(_rebuilt(item, results, values, program) for item in items)
        case ConstantOutcome(value):
            return value
        case _:
            raise AssertionError(outcome)


def same(function: Callable[..., Any], *args: Any, may_fail: bool = False) -> None:
    """Both ways give the same value, type and arrays; if CPython raises or warns, the program
    leaves to Python. `may_fail`: leaving to Python is right too."""
    plain, ours = tuple(copied(args)), tuple(copied(args))
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            expected = function(*plain)
    except (ArithmeticError, ValueError, LookupError, AssertionError, UnboundLocalError) as error:
        try:
            compiled(function, *ours)
        except Failed:
            same_value(ours, args)
            return
        raise AssertionError(f"CPython raises {error!r}") from error
    try:
        with np.errstate(all="ignore"):
            found = compiled(function, *ours)
    except Failed:
        assert may_fail, "left to Python"
        return
    same_value(found, expected, function)
    same_value(ours, plain, function)


def same_value(found: Any, expected: Any, where: Any = None) -> None:
    """Equal, of the same type, bit for bit but for NaNs."""
    assert type(found) is type(expected), (found, expected, where)
    if isinstance(expected, tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            same_value(one, other, where)
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    elif expected is not None and scalar_of_value(expected) is not None:
        assert repr(found) == repr(expected), where
    else:
        assert found is expected


def refused(function: Callable[..., Any], *args: Any) -> Reason:
    """The reason why a function is left to Python."""
    result = lowered(function, *args)
    assert isinstance(result, Reason), "compiled"
    return result
