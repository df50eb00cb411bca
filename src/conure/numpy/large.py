"""Calls on one or two operands of which one is large or pending: the short way to the engine.

`seam.call` says the same for all calls, and is what these come to where nothing is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conure.numpy.seam import call_now, engine


def of_one(function: Any, run: Any = None) -> Callable[[Any], Any]:
    """What calls `function` on an array of ours; `run` as of `seam.call`."""
    record: Any = None

    def call(array: Any) -> Any:
        nonlocal record
        if record is None:
            record = engine().recorder_of_one(function)
        result = record(array)
        return call_now(function, (array,), {}, run) if result is None else result

    return call


def of_two(function: Any, run: Any = None) -> Callable[[Any, Any], Any]:
    """What calls `function` on two operands, which are arrays of ours, plain arrays or numbers."""
    record: Any = None

    def call(first: Any, second: Any) -> Any:
        nonlocal record
        if record is None:
            record = engine().recorder_of_two(function)
        result = record(first, second)
        return call_now(function, (first, second), {}, run) if result is None else result

    return call
