"""A process that checks programs; see `tests.random_programs.worker`, which talks for it.

Subjects: "conure" is `conure.numpy`, "numpy" NumPy itself (every comparison must then pass),
"wrong" NumPy with another input (most must then fail).
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import os
import sys
import tempfile
import types
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.oracle import EXACT
from tests.random_arrays.program import build, load
from tests.random_arrays.watch import Watch, difference
from tests.random_programs.data import array
from tests.random_programs.program import Program
from tests.random_programs.worker import serve

CALLS = 2  # a second run finds plans


def run(source: str, namespace: Any, spoil: bool = False) -> tuple[Watch, str]:
    """What a program shows, and the exception that ended it."""
    module: Any = load(source, namespace)
    if spoil:
        module.data = _other_data
    watch = Watch()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            module.f(watch)
        except Exception as error:
            watch.error(error)
            return watch, f"{type(error).__name__}: {error}"
    return watch, ""


def _other_data(seed: int, shape: tuple[int, ...], dtype: str, contents: str) -> np.ndarray:
    numbers = array(seed, shape, dtype, contents)
    if numbers.size:
        numbers.flat[numbers.size - 1] = not numbers.flat[numbers.size - 1]
    return numbers


def check(program: Program, folder: str, subject: str, announce: Any) -> dict[str, Any]:
    """Compare NumPy and the subject on one program."""
    want, error = run(program.source, np)
    announce()
    result: dict[str, Any] = {
        "seed": program.seed, "verdict": "agreed", "detail": "", "error": error.split(":")[0],
        "loops": {}, "reasons": [],
    }  # fmt: skip
    namespace = importlib.import_module("conure.numpy") if subject == "conure" else np
    counted: Counter[str] = Counter()
    mode = getattr(load(program.source, np), "MODE", "plain")
    with _mode(mode if subject == "conure" else "", counted):
        for call in range(CALLS):
            got, message = run(program.source, namespace, spoil=subject == "wrong")
            text = difference(want, got)
            if text:
                aspect, _, rest = text.partition(": ")
                ending = f" (it ends with {message})" if message and not error else ""
                detail = f"{mode} run {call + 1}: {aspect}: {rest}{ending}"
                return {**result, "verdict": "wrong", "detail": detail}
    return {**result, "loops": dict(counted)}


@contextlib.contextmanager
def _mode(mode: str, counted: Counter[str]) -> Iterator[None]:
    """Record more than is worth it, compile at once, and count what is recorded and run."""
    if not mode:
        yield
        return
    conure: Any = importlib.import_module("conure")
    record: Any = importlib.import_module("conure.lazy.record")
    with contextlib.ExitStack() as stack:
        stack.enter_context(_replaced(record, "memory", _counting(record.memory, counted)))
        if mode in ("recorded", "compiled"):
            stack.enter_context(_replaced(record, "WORTH_RECORDING", 0.0))
            seam: Any = importlib.import_module("conure.numpy.seam")
            for limit in (seam.SMALL, seam.LARGE):
                stack.callback(limit.__setitem__, 0, limit[0])
                limit[0] = -1
        device = "cpu" if "compiled" in mode else "auto"
        stack.enter_context(conure.options(device=device))
        profile = stack.enter_context(conure.profile())
        yield
    for event in profile.events:
        if event.what == "arrays":
            compiled = event.device != "python"
            counted["evaluations by compiled code" if compiled else "evaluations by NumPy"] += 1


@contextlib.contextmanager
def _replaced(module: Any, name: str, value: Any) -> Iterator[None]:
    """Another value for a name of a module, for a while."""
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


def _counting(memory: Any, counted: Counter[str]) -> Any:
    """The module `conure.lazy.memory`, which counts what is registered."""
    stand_in = types.SimpleNamespace(**vars(memory))

    def register(node: Any) -> bool:
        counted["operations recorded"] += 1
        return bool(memory.register(node))

    stand_in.register = register
    return stand_in


def draw(seed: int, filename: str = "") -> Program:
    """The program of a seed."""
    return Program(seed, build(seed), EXACT)


if __name__ == "__main__":
    faulthandler.enable()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("CONURE_CACHE_DIR", folder)
        serve(sys.argv[1], draw, check)
