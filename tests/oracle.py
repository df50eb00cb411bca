"""CPython as the oracle: run a function twice, plainly and through conure, and compare.

`same(f, *args)` is what tests call. It copies the arguments (keeping who aliases whom), calls
`f` in CPython and `conure.jit(device="cpu")(f)` on one copy each, and asserts that the returned
value, the arguments afterwards, the exception, its message and its lines inside `f` agree.

The environment variable CONURE_TEST_SUBJECT replaces conure: "cpython" compares CPython with
itself (every comparison must then pass), "wrong" spoils results (most must then fail).
CONURE_TEST_DEVICE names another device than the processor.
"""

from __future__ import annotations

import cmath
import copy
import linecache
import math
import os
import traceback
import types
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Function = Callable[..., Any]


@dataclass(frozen=True)
class Tolerance:
    """How far two floats may lie apart; the default is not at all."""

    double: float = 0.0
    single: float = 0.0

    def of(self, dtype: np.dtype[Any]) -> float:
        """The relative tolerance for a dtype."""
        return self.single if dtype.name in ("float16", "float32", "complex64") else self.double


NEAR = 12  # lines
EXACT = Tolerance()
FEW_ULP = Tolerance(double=1e-13, single=1e-5)


@dataclass
class Outcome:
    """All that a caller can see of one call."""

    value: Any = None
    arguments: Sequence[Any] = ()
    error: str = ""
    message: str = ""
    chained: str = ""
    lines: list[tuple[str, int]] = field(default_factory=list)


# --- arguments ------------------------------------------------------------------------------


def owner(array: np.ndarray) -> np.ndarray:
    """The array whose memory `array` is a view of (itself, if it owns it)."""
    while True:
        below = array.base
        if not isinstance(below, np.ndarray):
            below = getattr(below, "base", None)  # as_strided puts a dummy in between
        if not isinstance(below, np.ndarray):
            return array
        array = below


def copied(arguments: Sequence[Any]) -> list[Any]:
    """Copies of `arguments` in which the same memory is shared as before."""
    memo: dict[int, Any] = {}
    return [_copied(argument, memo) for argument in arguments]


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    if id(value) in memo:
        return memo[id(value)]
    if type(value) is np.ndarray and not value.dtype.hasobject:
        duplicate = _copied_array(value, memo)
    elif isinstance(value, tuple | list) and type(value) in (tuple, list):
        duplicate = type(value)(_copied(item, memo) for item in value)
    elif isinstance(value, types.FunctionType | types.ModuleType | type | np.generic):
        return value
    else:
        return copy.deepcopy(value, memo)
    memo[id(value)] = duplicate
    return duplicate


def _copied_array(array: np.ndarray, memo: dict[int, Any]) -> np.ndarray:
    base = owner(array)
    low, high = np.lib.array_utils.byte_bounds(base)
    if -id(base) not in memo:  # id(base) itself stands for the duplicate of `base`
        whole = (high - low) % base.itemsize == 0
        window = types.SimpleNamespace(
            __array_interface__={
                "data": (low, True),
                "shape": (high - low,),
                "typestr": "|u1",
                "version": 3,
            }
        )
        memory = np.empty(
            (high - low) // (base.itemsize if whole else 1), base.dtype if whole else np.uint8
        )
        if memory.size:
            memory.view(np.uint8)[:] = np.asarray(window)
        memo[-id(base)] = memory
    memory = memo[-id(base)]
    offset = array.__array_interface__["data"][0] - low
    duplicate = (
        np.ndarray(array.shape, array.dtype, memory, offset, array.strides)
        if array.size
        else np.empty_like(array)
    )
    duplicate.flags.writeable = array.flags.writeable
    return duplicate


# --- running --------------------------------------------------------------------------------


def observe(subject: Function, arguments: Sequence[Any], filename: str) -> Outcome:
    """Call `subject` and record what a caller sees; lines are those inside `filename`."""
    outcome = Outcome(arguments=arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome.value = subject(*arguments)
    except Exception as error:
        outcome.error = type(error).__name__
        outcome.message = str(error)
        outcome.chained = type(error.__context__).__name__
        outcome.lines = [
            (frame.name, frame.lineno or 0)
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == filename
        ]
    return outcome


def subject_named(name: str) -> Callable[..., Function]:
    """What turns a function into the one under test: "conure", "cpython" or "wrong"."""
    if name == "cpython":
        return lambda function, **options: function
    if name == "wrong":
        return _spoiled
    import conure  # only here, so that the oracle can be tested without it

    device = os.environ.get("CONURE_TEST_DEVICE", "cpu")
    return lambda function, **options: conure.jit(**{"device": device, **options})(function)


def _spoiled(function: Function, **options: Any) -> Function:
    def wrong(*arguments: Any) -> Any:
        value = function(*arguments)
        for argument in arguments:
            if isinstance(argument, np.ndarray) and argument.size and argument.flags.writeable:
                argument.flat[argument.size - 1] = 1
        return value

    return wrong


# --- comparing ------------------------------------------------------------------------------


def difference(want: Outcome, got: Outcome, tolerance: Tolerance = EXACT) -> str:
    """The first difference between two outcomes, in words; empty if there is none."""
    if (want.error, want.message) != (got.error, got.message):
        return (
            f"exception: want {want.error or 'none'}: {want.message!r}, "
            f"got {got.error or 'none'}: {got.message!r}"
        )
    if not _same_lines(want, got):
        return f"lines of the traceback: want {want.lines}, got {got.lines}"
    if want.chained != got.chained:
        return f"chained exception: want {want.chained}, got {got.chained}"
    found = _differs("result", want.value, got.value, tolerance)
    for position, (left, right) in enumerate(zip(want.arguments, got.arguments, strict=True)):
        mutable = not isinstance(left, int | float | complex | str | np.generic | tuple | None)
        if mutable and (want.value is left) != (got.value is right):
            found = found or f"result is argument {position}: want {want.value is left}"
        found = found or _differs(f"argument {position}", left, right, tolerance)
        if isinstance(left, np.ndarray) and owner(left) is not left:
            found = found or _differs(
                f"memory under argument {position}", owner(left), owner(right), tolerance
            )
    return found


def _same_lines(want: Outcome, got: Outcome) -> bool:
    """Whether the traceback has the same lines.

    CPython 3.11 joins a store and a following load into one instruction once a function is warm,
    and then blames an unbound local on the line of the store: there, near is enough.
    """
    if want.error != "UnboundLocalError" or not want.lines or not got.lines:
        return want.lines == got.lines
    (name, line), (other, near) = want.lines[-1], got.lines[-1]
    return want.lines[:-1] == got.lines[:-1] and name == other and abs(line - near) < NEAR


def _differs(where: str, want: Any, got: Any, tolerance: Tolerance) -> str:
    if type(want) is not type(got):
        return f"{where}: want {type(want).__name__} {want!r}, got {type(got).__name__} {got!r}"
    if isinstance(want, tuple | list):
        if len(want) != len(got):
            return f"{where}: want {len(want)} items, got {len(got)}"
        items = (
            _differs(f"{where}[{index}]", left, right, tolerance)
            for index, (left, right) in enumerate(zip(want, got, strict=True))
        )
        return next((item for item in items if item), "")
    if isinstance(want, np.ndarray | np.generic | float | complex) and not isinstance(want, bool):
        return _numbers_differ(where, np.asarray(want), np.asarray(got), tolerance)
    if isinstance(want, int | str | bytes | bool | range | dict | set | None):
        return "" if want == got else f"{where}: want {want!r}, got {got!r}"
    if hasattr(want, "__dict__"):
        return _differs(where, sorted(vars(want).items()), sorted(vars(got).items()), tolerance)
    return ""


def _numbers_differ(where: str, want: np.ndarray, got: np.ndarray, tolerance: Tolerance) -> str:
    if (want.dtype, want.shape) != (got.dtype, got.shape):
        return f"{where}: want {want.dtype} {want.shape}, got {got.dtype} {got.shape}"
    if want.dtype.hasobject:
        return _differs(where, want.tolist(), got.tolist(), tolerance)
    allowed = tolerance.of(want.dtype)
    if want.dtype.kind == "c":
        part = want.real.dtype
        want, got = (np.stack([x.real, x.imag], -1).astype(part) for x in (want, got))
    bad = ~_equal(np.atleast_1d(want), np.atleast_1d(got), allowed)
    if not bad.any():
        return ""
    first = tuple(int(x) for x in np.argwhere(bad)[0])
    want, got = np.atleast_1d(want), np.atleast_1d(got)
    return (
        f"{where}: {int(bad.sum())} of {bad.size} differ, first at {first}: "
        f"want {want[first]!r}, got {got[first]!r}"
    )


def _equal(want: np.ndarray, got: np.ndarray, allowed: float) -> np.ndarray:
    if want.dtype.kind != "f":
        return np.asarray(want == got)
    bits = (want == got) & (np.signbit(want) == np.signbit(got))
    alike = bits | (np.isnan(want) & np.isnan(got))
    if allowed:
        with np.errstate(all="ignore"):
            finite = np.isfinite(want) & np.isfinite(got)
            apart = np.abs(want.astype(np.float64) - got.astype(np.float64))
            scale = np.maximum(np.abs(want), np.abs(got)).astype(np.float64)
            alike |= finite & (apart <= allowed * np.maximum(scale, allowed))
    return np.asarray(alike)


# --- what tests call ------------------------------------------------------------------------


def compiled(function: Function, **options: Any) -> Function:
    """The function under conure, small cases compiled too."""
    return subject_named(os.environ.get("CONURE_TEST_SUBJECT", "conure"))(function, **options)


def same(
    function: Function,
    *arguments: Any,
    tolerance: Tolerance = EXACT,
    calls: int = 2,
    **options: Any,
) -> Outcome:
    """Assert that conure and CPython agree on `function(*arguments)`; returns CPython's outcome.

    The function is called `calls` times, since a second call takes other paths (a plan that is
    there already). `options` go to `conure.jit`.
    """
    filename = function.__code__.co_filename
    subject = compiled(function, **options)
    want = observe(function, copied(arguments), filename)
    for _ in range(calls):
        got = observe(subject, copied(arguments), filename)
        text = difference(want, got, tolerance)
        assert not text, f"{function.__name__}: {text}"
    return want


def typed(lines: str, **names: Any) -> Function:
    """The function `f` of a text, with its source kept as for one that a user typed."""
    filename = f"<typed {hash(lines)}>"
    linecache.cache[filename] = (len(lines), None, lines.splitlines(keepends=True), filename)
    module: dict[str, Any] = {
        "math": math,
        "cmath": cmath,
        "np": np,
        "__name__": "typed",
        "__loader__": None,
    }
    module |= names
    exec(compile(lines, filename, "exec"), module)
    function: Function = module["f"]
    return function


def unary(text: str) -> Function:
    """A loop that gives the value of `text` at z."""
    lines = ["def f(z, n):", "    r = None", "    for i in range(n):", f"        r = {text}"]
    return typed("\n".join([*lines, "    return r", ""]))


def each(function: Function, values: Iterable[Any], tolerance: Tolerance = EXACT) -> None:
    """`same` of one compiled function on one value (or tuple of values) after the other; the
    function's last argument is how often it turns."""
    subject = compiled(function)
    for value in values:
        given = value if isinstance(value, tuple) else (value,)
        want, got = (observe(call, [*given, 1], "") for call in (function, subject))
        text = difference(want, got, tolerance)
        assert not text, f"{function.__name__} at {value!r}: {text}"


def verdicts(function: Function, *arguments: Any) -> list[str]:
    """The verdict of each loop of `function` for these arguments, in the order of its lines."""
    import conure  # only here, so that the oracle can be tested without it

    with conure.options(device="cpu"):
        explanation = conure.explain(function, *copied(arguments))
    return [str(report.verdict) for report in sorted(explanation.loops, key=lambda x: x.line)]


def native(function: Function, *arguments: Any, **options: Any) -> Outcome:
    """`same` without an exception, and no loop is left to Python."""
    outcome = same(function, *arguments, **options)
    assert not outcome.error, f"{function.__name__} raises {outcome.error}: {outcome.message}"
    if _on_conure():
        found = verdicts(function, *arguments)
        assert found, f"{function.__name__}: no loop was seen"
        assert "python" not in found, f"{function.__name__}: {found}"
    return outcome


def parallel(
    function: Function, *arguments: Any, loops: Sequence[str] = (), **options: Any
) -> Outcome:
    """`same`, and some loop is parallel; `loops` gives the verdict of each ("" is any)."""
    outcome = native(function, *arguments, **options)
    if _on_conure():
        found = verdicts(function, *arguments)
        if loops:
            agree = [not want or want == got for want, got in zip(loops, found, strict=False)]
            assert len(loops) == len(found), f"{function.__name__}: {found}"
            assert all(agree), f"{function.__name__}: want {list(loops)}, got {found}"
        assert "parallel" in found, f"{function.__name__}: {found}"
    return outcome


def compiled_wholly(
    function: Function, *arguments: Any, regions: int = 1, **options: Any
) -> Outcome:
    """`native`, and in a call so many regions ran compiled, to their end, and none in Python."""
    outcome = native(function, *arguments, **options)
    if _on_conure():
        import conure  # only here, so that the oracle can be tested without it

        with conure.profile() as profile:
            observe(compiled(function), copied(arguments), function.__code__.co_filename)
        ran = [(event.where, event.device, event.reason) for event in profile.events]
        left = [each for each in ran if each[1] == "python"]
        assert not left, f"{function.__name__}: {left}"
        assert len({where for where, _, _ in ran}) == regions, f"{function.__name__}: {ran}"
    return outcome


def _on_conure() -> bool:
    return os.environ.get("CONURE_TEST_SUBJECT", "conure") == "conure"
