"""Plans: compiled code for requests of one structure, and NumPy where there is none.

Compiling takes as long as NumPy needs for millions of elements, so a plan is run by NumPy until
that has taken longer than compiling would, unless its code is on disk.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Hashable, Sequence
from types import FrameType
from typing import Any, Final

import numpy as np

from conure.artifact import INTERRUPTED, OK
from conure.artifacts import artifact_of, ready_artifact
from conure.configuration import Config, current
from conure.errors import NOWHERE, Loc
from conure.frontend.lowered import Lowered, ScalarOutcome
from conure.ir.nodes import Program
from conure.lazy import results
from conure.lazy.errstate import watched
from conure.lazy.operations import WHERE_MASKED, lowered_source
from conure.lazy.source import Request, Source, source, without_ones
from conure.lazy.stepwise import stepwise
from conure.outcomes import parameters
from conure.runtime.events import record, recording
from conure.runtime.execute import Kernel
from conure.runtime.pool import take_interruption
from conure.runtime.snapshot import Snapshot

_COMPILING: Final = 0.03  # seconds that compiling takes, whatever it is
_COMPILING_EACH: Final = 0.003  # and for each operation
_WORTH_LOADING: Final = 0.002  # and worth looking for finished code for
_MOST_FAILURES: Final = 3

Values = Sequence[Any]


class Plan:
    """How requests with one key are run."""

    def __init__(self, request: Request, values: Values, config: Config) -> None:
        self.config = config
        self.source: Source = source(request)
        self.seconds = 0.0
        self.failures = 0
        self.kernel: Kernel | None = None
        self.pick: Callable[[Any], Any] = tuple
        self.positions: tuple[int, ...] = ()
        end = len(values) - (request.target is not None)
        written = range(len(request.values), end)
        self.narrow = [k for k in written if without_ones(values[k]) is not values[k]]
        self.reason = ""
        self.program: Program | None = None
        self.compile_seconds = 0.0
        self._steps: Callable[..., tuple[Any, ...]] | None = None
        self._rooms: tuple[int, ...] = ()
        self._is_lowered = False
        self._is_quiet = any(node.operation is WHERE_MASKED for node in request.nodes)
        self._next_look = _WORTH_LOADING  # seconds spent by NumPy before code is looked for

    def run(self, values: Values, request: Request) -> tuple[Any, ...]:
        """Run on these values, of this request; the numbers that are left."""
        begin = time.perf_counter()
        kernel = self.kernel or self._ready(values, request)
        if kernel is not None and self.failures < _MOST_FAILURES:
            results = self._attempt(kernel, values)
            if results is not None:
                self._record(kernel.artifact.device or "cpu", begin)
                return results
        with_numpy = self._numpy(values, request)
        self.seconds += time.perf_counter() - begin
        self._record("python", begin)
        return with_numpy

    def _attempt(self, kernel: Kernel, values: Values) -> tuple[Any, ...] | None:
        given = self.pick(self._bare(values))
        saved = None
        if kernel.artifact.may_fail_after_write:
            slots = zip(given, kernel.artifact.arguments, strict=True)
            saved = Snapshot([value for value, slot in slots if slot.written])
        status, out = kernel.call(given)
        if status == OK:
            results = kernel.box(out)
            return tuple(results[k] for k in self.positions)
        if status == INTERRUPTED:
            raise take_interruption()
        if saved is not None:
            saved.restore()
        self.failures += 1
        return None

    def _ready(self, values: Values, request: Request) -> Kernel | None:
        """The compiled code, if it is there or worth making."""
        forced = self.config.device not in ("auto", "python")
        spent = self.seconds + request.work
        if not forced and spent < self._next_look or self.config.device == "python":
            return None
        if not self._is_lowered:
            self._lower(values)
        if self.program is None:
            self._next_look = math.inf
            return None
        patience = _COMPILING + _COMPILING_EACH * len(request.nodes)
        if not forced and spent < patience:
            artifact = ready_artifact(self.program, self.config, False)
            self._next_look = patience  # looking takes longer than many a run
        else:
            begin = time.perf_counter()
            self._next_look = math.inf
            artifact = artifact_of(self.program, self.config, False)
            self.compile_seconds = time.perf_counter() - begin
        if artifact is not None:
            self.kernel = Kernel(artifact, threads=self.config.threads)
        return self.kernel

    def _bare(self, values: Values) -> Values:
        """The values with the arrays written as the source has them."""
        if not self.narrow:
            return values
        bare = list(values)
        for position in self.narrow:
            bare[position] = without_ones(bare[position])
        return bare

    def _lower(self, values: Values) -> None:
        self._is_lowered = True
        scope = dict(zip(self.source.names, self._bare(values), strict=True))
        names = self.source.names
        arguments, lowered = lowered_source(self.source.text, scope, self.source.results, names)
        if not isinstance(lowered, Lowered):
            self.reason = lowered.message
            return
        outcomes = dict(lowered.outcomes)
        found = [outcomes.get(name) for name in self.source.results]
        if not all(isinstance(each, ScalarOutcome) for each in found):
            self.reason = "a result is no number"
            return
        self.positions = tuple(each.position for each in found if isinstance(each, ScalarOutcome))
        self.pick = parameters(lowered, names, arguments)
        self.program = lowered.program

    def _numpy(self, values: Values, request: Request) -> tuple[Any, ...]:
        if self._steps is None:
            text, self._rooms = stepwise(request)
            names: dict[str, Any] = {"np": np}
            exec(compile(text, "<recorded>", "exec"), names)
            self._steps = names["run"]
        nodes = [request.nodes[index] for index in self._rooms]
        rooms = [results.empty(node.shape, node.dtype, node.order) for node in nodes]
        if (
            self._is_quiet or watched()
        ):  # this was recorded when nobody watched, so nothing was to be raised
            with np.errstate(all="ignore"):
                return self._steps(*values, *rooms)
        return self._steps(*values, *rooms)

    def _record(self, device: str, begin: float) -> None:
        if recording():
            record(_observer(), "arrays", device, begin, self.compile_seconds, self.reason)
        self.compile_seconds = 0.0


def _observer() -> Loc:
    """The user's line that wants the value."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("conure."):
        frame = frame.f_back
    if frame is None:
        return NOWHERE
    code, line = frame.f_code, frame.f_lineno
    return Loc(code.co_filename, line, 0, line, 0, code.co_qualname)


_MOST_PLANS: Final = 4096
_plans: dict[Hashable, Plan] = {}
"""The plans of this process, by the structure of what they run."""


def plan_for(request: Request, values: Values) -> Plan:
    """The plan of requests like this one under the options in force."""
    config = current()
    key = (request.key, config)
    plan = _plans.get(key)
    if plan is None:
        if len(_plans) >= _MOST_PLANS:  # a program whose structures never repeat
            _plans.clear()
        plan = _plans[key] = Plan(request, values, config)
    return plan
