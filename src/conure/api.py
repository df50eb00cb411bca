"""`conure.jit`: the same function with its loops compiled, where that is shown to be the same.

>>> @jit
... def double(x):
...     for i in range(len(x)):
...         x[i] = 2 * x[i]
>>> x = np.arange(3.0); double(x); x
array([0., 2., 4.])
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import weakref
from collections.abc import Callable, Collection
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final, TypeVar, overload

import numpy as np  # noqa: F401 # for the doctests

from conure.configuration import options as check_options
from conure.dispatch import (
    PATIENCE_OF_DECORATED,
    PATIENCE_OF_SCRIPTS,
    Dispatcher,
    nest,
)
from conure.errors import Reason, UnsupportedError
from conure.frontend.flow import Names, binds, reads
from conure.frontend.plausible import first_refused, holds_loop
from conure.frontend.regions import Scope, rewrite_array_code, rewrite_body
from conure.frontend.source import (
    outermost_names,
    parse_function,
    place_of,
    place_of_function,
    recompile,
    with_code,
)
from conure.record import Record
from conure.signature import UNBOUND

Function = TypeVar("Function", bound=Callable[..., Any])

_BUILTINS = frozenset(vars(builtins))
_INTROSPECTIVE = frozenset(("locals", "vars", "eval", "exec", "globals", "dir"))


@overload
def jit(function: Function, /) -> Function: ...
@overload
def jit(**options: object) -> Callable[[Function], Function]: ...
def jit(function: Any = None, /, **options: object) -> Any:
    """Compile the loops of a function.

    Parameters
    ----------
    function
        A Python function; also a `staticmethod` or `classmethod` object.
    **options
        Fields of `conure.Config` for this function alone, e.g. `device="cpu"`, `strict=True`.

    Returns
    -------
    function
        A function with the same name, signature, defaults, closure and source. Loops that can
        be shown to give CPython's and NumPy's answer run compiled, the others as before.

    Raises
    ------
    OptionError
        For an unknown option or a value that is not allowed.
    UnsupportedError
        With `strict=True` where a loop is left to Python: at the definition if its statements
        are not of the accepted language, else at the call.

    Examples
    --------
    >>> @jit
    ... def total(x):
    ...     s = 0.0
    ...     for value in x:
    ...         s += value
    ...     return s
    >>> total(np.array([1.0, 2.0]))
    np.float64(3.0)
    """
    check_options(**options)
    if function is None:
        return functools.partial(_compiled, options=options)
    return _compiled(function, options)


def jit_unasked(function: Any) -> Any:
    """`jit` for the functions of a script, of which nobody has said that they are called often."""
    return _compiled(function, {}, PATIENCE_OF_SCRIPTS)


def _compiled(
    function: Any, options: dict[str, Any], patience: float = PATIENCE_OF_DECORATED
) -> Any:
    if isinstance(function, staticmethod | classmethod):
        return type(function)(_compiled(function.__func__, options, patience))
    if isinstance(function, MethodType):
        return MethodType(_compiled(function.__func__, options, patience), function.__self__)
    if not isinstance(function, FunctionType):
        raise TypeError(f"conure.jit takes a function made by def, not {_described(function)}")
    if function in _dispatchers_of:
        return function
    if left_alone := _left_alone(function):
        if options.get("strict"):
            raise UnsupportedError(Reason(left_alone, place_of_function(function)))
        return function
    code = function.__code__
    place = (code.co_filename, id(function.__globals__))
    key = (code, *place, patience, tuple(sorted(options.items())))
    if key not in _rewritings:
        node = parse_function(function)
        if isinstance(node, Reason):
            if options.get("strict"):
                raise UnsupportedError(node)
            return function
        _rewritings[key] = _rewriting(function, node, options, patience)
    rewriting = _rewritings[key]
    if rewriting is None:
        return function
    result = with_code(function, rewriting.code, rewriting.cells)
    functools.update_wrapper(result, function)
    _dispatchers_of[result] = rewriting.dispatchers
    return result


def _described(subject: object) -> str:
    """What is no function, and what to write instead."""
    name = getattr(subject, "__name__", "")
    match subject:
        case type():
            advice = f"the class {name}: put @conure.jit on its methods"
        case functools.partial():
            advice = (
                f"{subject!r}: compile the function first, functools.partial(conure.jit(f), ...)"
            )
        case property():
            advice = "a property: put @property above @conure.jit"
        case str() | bytes() | int() | float() | None:
            advice = f"{subject!r}: options are given by name, as in @conure.jit(device='cpu')"
        case _ if callable(subject) and name:
            advice = f"{name}, which is not written in Python: compile the function that calls it"
        case _ if callable(subject):
            kind = type(subject).__name__
            advice = f"an object of type {kind}: put @conure.jit on its method __call__"
        case _:
            advice = f"{subject!r}"
    return advice


def _left_alone(function: FunctionType) -> str:
    """Why a function is not even looked at; empty if it is."""
    if inspect.isgeneratorfunction(function):
        return "a generator function is left to Python"
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return "an async function is left to Python"
    found = sorted(_INTROSPECTIVE.intersection(function.__code__.co_names))
    return f"a function that uses {found[0]}() is left to Python" if found else ""


class _Rewriting(Record):
    """One `def` in the source, rewritten: shared by all functions that it makes."""

    code: CodeType
    cells: dict[str, CellType]
    dispatchers: tuple[Dispatcher, ...]
    namespace: dict[str, Any]  # kept, so that its id stays its own


def _rewriting(
    function: FunctionType, node: ast.FunctionDef, options: dict[str, Any], patience: float
) -> _Rewriting | None:
    scope = _scope(function, node)
    parameters = frozenset(a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg))
    if holds_loop(node) or patience == PATIENCE_OF_SCRIPTS:
        body = rewrite_body(node.body, scope, frozenset(), parameters)
    else:
        body = rewrite_array_code(node.body, scope, parameters)
    if options.get("strict"):
        _require_regions(node, scope, function)
    if not scope.regions and not scope.wrapped:
        return None
    changed = ast.FunctionDef(**{**vars(node), "body": body})
    cells = {
        "__conure_UNBOUND": CellType(UNBOUND),
        "__conure_NameError": CellType(NameError),
        "__conure_AttributeError": CellType(AttributeError),
        _NESTED: CellType(functools.partial(_compiled, options=options, patience=patience)),
    }
    file = function.__code__.co_filename
    made: list[Dispatcher] = []
    for region in scope.regions:
        cell = cells[f"__conure_region_{region.number}"] = CellType(None)
        install = functools.partial(setattr, cell, "cell_contents")
        made.append(Dispatcher(region, file, function.__name__, options, install, patience))
        install(made[-1])
    nest(made)
    code = recompile(changed, function, tuple(cells))
    return _Rewriting(code, cells, tuple(made), function.__globals__)


def _require_regions(node: ast.FunctionDef, scope: Scope, function: FunctionType) -> None:
    """Under `strict` there is no loop that would not even be tried."""
    tried = {
        id(inner)
        for stmt in (*scope.wrapped, *(s for region in scope.regions for s in region.statements))
        for inner in ast.walk(stmt)
    }
    for loop in ast.walk(node):
        if isinstance(loop, ast.For | ast.While) and id(loop) not in tried:
            place = place_of(
                first_refused(loop) or loop, function.__code__.co_filename, function.__name__
            )
            raise UnsupportedError(Reason("a loop with this in it is left to Python", place))


def _scope(function: FunctionType, node: ast.FunctionDef) -> Scope:
    own = frozenset(function.__code__.co_varnames) | frozenset(function.__code__.co_cellvars)
    outside = outermost_names(function)
    modules = frozenset(name for name, value in outside.items() if isinstance(value, ModuleType))
    declared = [
        name
        for inner in ast.walk(node)
        if isinstance(inner, ast.Global | ast.Nonlocal)
        for name in inner.names
    ]
    scope = Scope(
        locals=own,
        modules=modules - own,
        known=(frozenset(outside) | _BUILTINS) - own,
        always_live=frozenset(declared) | _captured(node, {*own, *outside}),
        at_module_level=False,
    )
    scope.wrap = functools.partial(_with_jit, scope)
    return scope


_NESTED: Final = "__conure_jit"


def _with_jit(scope: Scope, stmt: ast.stmt) -> ast.stmt:
    """The definition of a function with loops inside the function: it is compiled as well."""
    if not isinstance(stmt, ast.FunctionDef) or not holds_loop(stmt):
        return stmt
    scope.wrapped.append(stmt)
    hook = ast.copy_location(ast.Name(_NESTED, ast.Load()), stmt)
    return ast.FunctionDef(**{**vars(stmt), "decorator_list": [*stmt.decorator_list, hook]})


def _captured(node: ast.FunctionDef, taken: Collection[str]) -> Names:
    """Names of the function that functions inside it read or bind, later perhaps. A comprehension
    is done at once, and so is a generator that goes to `sum` and its kin (if those are not among
    the names `taken` for something else)."""
    found = frozenset[str]()
    done: set[int] = set()
    for inner in ast.walk(node):
        match inner:
            case ast.Call(ast.Name(name), [ast.GeneratorExp() as made], keywords=[]):
                if name in _CONSUMERS and name not in taken:
                    done.add(id(made))
            case _:
                pass
        nested = isinstance(
            inner,
            ast.FunctionDef | ast.Lambda | ast.ClassDef | ast.AsyncFunctionDef | ast.GeneratorExp,
        )
        if nested and inner is not node and id(inner) not in done:
            found |= reads(inner) | binds(inner)
    return found


_CONSUMERS: Final = frozenset(("sum", "min", "max", "any", "all"))


_rewritings: dict[tuple[Any, ...], _Rewriting | None] = {}
_dispatchers_of: weakref.WeakKeyDictionary[FunctionType, tuple[Dispatcher, ...]] = (
    weakref.WeakKeyDictionary()
)


def explain(function: Callable[..., Any], *args: object, **keywords: object) -> Any:
    """What Conure does with each loop of a function for these arguments; runs nothing.

    Parameters
    ----------
    function
        A function, compiled by `conure.jit` or not.
    *args, **keywords
        The arguments of the call that is asked about.

    Returns
    -------
    Explanation
        `str()` of it is the source with a verdict beside each loop; `.loops` lists them.

    Raises
    ------
    TypeError
        If the arguments do not fit the function's parameters.
    """
    if isinstance(function, MethodType):
        return explain(function.__func__, function.__self__, *args, **keywords)
    plain: object = inspect.unwrap(function)
    if not isinstance(plain, FunctionType):
        raise TypeError(
            "conure.explain takes a function made by def, and then the arguments of the call that"
            f" is asked about, conure.explain(f, x, n); not {_not_explained(plain)}"
        )
    compiled: Any = function if function in _dispatchers_of else jit(plain)
    bound = _bound(plain, args, keywords)
    known = outermost_names(plain) | bound
    from conure.explanation import explain_function

    return explain_function(plain, _dispatchers_of.get(compiled, ()), known, _left_alone(plain))


def _not_explained(subject: object) -> str:
    if callable(subject):
        return repr(subject)
    return f"{subject!r} (the function itself is meant, not what it returned)"


def _bound(
    function: FunctionType, args: tuple[object, ...], keywords: dict[str, object]
) -> dict[str, Any]:
    """The parameters with their values, as in the call."""
    signature = inspect.signature(function)
    try:
        bound = signature.bind(*args, **keywords)
    except TypeError as error:
        names = ", ".join(["f", *signature.parameters]).replace("f", function.__name__, 1)
        raise TypeError(
            f"the arguments do not fit {function.__name__}{signature}: {error};"
            f" write conure.explain({names})"
        ) from None
    bound.apply_defaults()
    return dict(bound.arguments)


def explain_all(path: str, function: str | None) -> Any:
    """What became of each loop of a file that has run; of one function if named."""
    from conure.explanation import explain_run

    made = (each.dispatchers for each in _rewritings.values() if each is not None)
    seen = {d for each in made for d in each} | set(_scripts)
    return explain_run([each for each in seen if each.file == path], path, function)


def remember(dispatcher: Dispatcher) -> None:
    """Let `explain_all` know of a region of a script's own statements."""
    _scripts.append(dispatcher)


_scripts: list[Dispatcher] = []
