"""From a region and the values at hand to compiled code: variants, their choice, and the way back.

A region's hook in the rewritten function is first `Dispatcher.first`; once a variant is compiled
the hook is a small generated function that calls it directly and comes back here on a miss.
"""

from __future__ import annotations

import ast
import sys
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import field, replace
from typing import Any, Protocol

import numpy as np

from conure.artifact import ASSUMPTION, FAIL, INTERRUPTED, MISS, OK
from conure.artifacts import artifact_of, ready_artifact
from conure.configuration import Config, current, in_force
from conure.errors import Loc, Reason, UnsupportedError
from conure.frontend.lower import lower
from conure.frontend.lowered import Guard, Lowered
from conure.frontend.regions import Region
from conure.ir.nodes import For, Program
from conure.ir.types import scalar_of_value
from conure.ir.walk import statements
from conure.outcomes import builder, parameters
from conure.quick import has_short_rows, quick
from conure.record import Record
from conure.refusals import Refusals
from conure.runtime import device
from conure.runtime.events import Event, collect, note, record, recording
from conure.runtime.execute import Kernel
from conure.runtime.pool import take_interruption
from conure.runtime.snapshot import Snapshot
from conure.schedule.patience import Facts, python_seconds
from conure.signature import UNBOUND, Signature, describe

Values = tuple[object, ...]
Hook = Callable[..., Any]

NOTHING_TO_GAIN = "there is no loop and no array in it"
MOST_SPENT = 1.0
"""Seconds of compiling, one after the other, the parts of a region that failed."""
PATIENCE_OF_SCRIPTS = 0.1
"""Seconds in CPython that are worth compiling for, unasked."""
PATIENCE_OF_DECORATED = 5e-3
"""And where the user has asked for it, expecting many calls."""


class Install(Protocol):
    """Puts a function where the rewritten code looks for a region's hook."""

    def __call__(self, hook: Hook) -> None: ...


class Variant(Record, frozen=False):
    """One signature's compiled forms. `reason` stands where there is nothing to run."""

    signature: Signature
    config: Config
    lowered: Lowered | None = None
    reason: Reason | None = None
    fast: Kernel | None = None
    careful: Kernel | None = None
    assumptions_failed: int = 0
    pick: Callable[[Values], Values] = lambda values: values
    build: Callable[[Values, Values, Values], Any] = lambda values, results, given: results
    python_seconds: float = 0.0  # of all calls so far, and of one with these facts
    python_seconds_each: float = 0.0
    facts: Facts = field(default_factory=dict)
    compile_seconds: float = 0.0
    look_at: float = 1e-3  # of those, when finished code is looked for next: it takes a while
    is_short: bool = False

    @property
    def made(self) -> frozenset[str]:
        """The parameters that are arrays made for the call."""
        return frozenset() if self.lowered is None else self.lowered.made_names

    def kernel(self, careful: bool) -> Kernel | None:
        """The compiled form, if there is one."""
        return self.careful if careful else self.fast


class Around(Record, frozen=False):
    """A region among those that it is part of. Where one `fails`, its parts are tried one after
    the other: not without end. `spent`: seconds of compiling them."""

    outer: list[Around] = field(default_factory=list)
    fails: bool = False
    spent: float = 0.0

    def account(self, seconds: float, status: int) -> None:
        """A run that took so long to compile has ended so."""
        self.fails = status == FAIL
        for outer in self.outer:
            if outer.fails:
                outer.spent += seconds

    def is_exhausted(self) -> bool:
        """Whether nothing more is to be compiled for what failed."""
        return any(outer.fails and outer.spent > MOST_SPENT for outer in self.outer)


class Dispatcher:
    """Runs one region of one function. Calling it gives the results, or None: left to Python."""

    def __init__(
        self, region: Region, file: str, function: str, options: dict[str, Any], install: Install,
        patience: float,
    ) -> None:  # fmt: skip
        self.region, self.file, self.function = region, file, function
        self.options = options
        self.install = install
        self.patience = patience if region.holds_loop else _NUMPY_SPEED * patience
        self.variants: dict[Hashable, Variant] = {}
        self.lock = threading.RLock()
        self.shortcuts: list[Hook] = []
        self.refusals = Refusals()
        self.noted: set[str] = set()
        self.idle = 0
        self.varying: frozenset[tuple[int, str]] = frozenset()
        self.inner: list[Dispatcher] = []  # of the smaller regions, tried where this one declines
        self.inner_rests = False
        self.around = Around()

    @property
    def place(self) -> Loc:
        first, last = self.region.statements[0], self.region.statements[-1]
        return Loc(
            self.file, first.lineno, first.col_offset,
            last.end_lineno or last.lineno, last.end_col_offset or 0, self.function,
        )  # fmt: skip

    def config(self) -> Config:
        """The options in force for this region now."""
        config = current()
        return replace(config, **self.options) if self.options else config

    def __call__(self, *values: object) -> Any:
        if self.refusals and not recording() and self.refusals.expected(values, in_force()):
            return None
        config = self.config()
        if obstacle := _obstacle(config, self.region, values):
            return _record_python(self.place, obstacle)
        signature = describe(self.region.live_in, values, self.region.fields)
        variant = self.variants.get((signature.key, config))
        if variant is None or not _guards_hold(variant):
            variant = self.prepare(signature, config)
            _remember(self.refusals, values, config, in_vain=True)
        else:
            _remember(self.refusals, values, config, in_vain=variant.reason is not None)
        if variant.reason is not None:
            _rest_inner(self, False)
            _rest_if_idle(self, variant.reason)
            if recording() and variant.reason.message != NOTHING_TO_GAIN:
                _record_python(self.place, variant.reason.message)
            return self._declined(variant.reason, config)
        return self._run(variant, values)

    def prepare(self, signature: Signature, config: Config) -> Variant:
        """Lower and compile for a signature seen for the first time."""
        with self.lock:
            known = self.variants.get((signature.key, config))
            if known is not None and _guards_hold(known):
                return known
            if known is not None and known.lowered is not None:
                self.varying |= _changed_numbers(known.lowered.guards)
            variant = _lowered(self, signature, config)
            self.variants[signature.key, config] = variant
            return variant

    def lower(self, signature: Signature) -> Lowered | Reason:
        """The region as a program for these arguments, or why not."""
        return lower(
            name=f"{self.function}.{self.region.number}".replace("<", "").replace(">", ""),
            statements=self.region.statements,
            arguments=signature.arguments,
            live_out=self.region.live_out,
            file=self.file,
            function=self.function,
            may_return=self.region.returns,
            overlaps=signature.overlaps,
            varying=self.varying,
        )

    def _kernel(self, variant: Variant, careful: bool) -> Kernel:
        if (ready := variant.kernel(careful)) is not None:
            return ready
        with self.lock:
            if (ready := variant.kernel(careful)) is not None:  # another thread's, meanwhile
                return ready
            begin = time.perf_counter()
            assert variant.lowered is not None
            artifact = artifact_of(variant.lowered.program, variant.config, careful)
            kernel = Kernel(artifact, threads=variant.config.threads, unbound=UNBOUND)
            variant.compile_seconds = time.perf_counter() - begin
            if careful:
                variant.careful = kernel
            else:
                variant.fast = kernel
            return kernel

    def _run(self, variant: Variant, values: Values) -> Any:
        given = variant.pick(values)
        if _too_small(variant, given, self.patience):
            _rest_inner(self, True)
            return _record_python(self.place, "too little work to be worth compiling")
        if variant.fast is None and self.around.is_exhausted():
            return _record_python(self.place, "compiling each part of what failed takes too long")
        _rest_inner(self, False)
        careful = variant.assumptions_failed > _PATIENCE
        status = MISS
        results: Values = ()
        begin = time.perf_counter()
        if not careful:
            status, results = self._attempt(self._kernel(variant, False), given, variant)
            if status == ASSUMPTION:
                variant.assumptions_failed += 1
                careful = True
        if careful:
            status, results = self._attempt(self._kernel(variant, True), given, variant)
        if status == FAIL and device.failed():
            at_home = replace(variant.config, device="cpu")
            return self._run(self.prepare(variant.signature, at_home), values)
        _record_run(self.place, variant, careful, status, begin)
        self.around.account(variant.compile_seconds, status)
        variant.compile_seconds = 0.0
        if status == OK:
            if not careful:
                self._shorten(variant)
            return variant.build(values, results, given)
        if status == INTERRUPTED:
            raise take_interruption()
        if status == MISS:
            variant.reason = Reason(
                "an array that is written here shares memory with itself or is not writeable",
                self.place,
                "give the loop an array of its own (x.copy())",
            )
        return self._declined(Reason(_TEXT[status], self.place), variant.config)

    def _shorten(self, variant: Variant) -> None:
        """From now on, try this variant first."""
        if variant.is_short or variant.fast is None or variant.lowered is None:
            return
        variant.is_short = True
        facts = (
            self.region.live_in, variant.signature, variant.lowered.guards, variant.fast,
            variant.pick, variant.build,
        )  # fmt: skip
        of_arrays = None if self.region.holds_loop else variant.made
        hook = quick(*facts, self._others, of_arrays)
        alone = quick(*facts, _missed, of_arrays)
        if hook is not None and alone is not None and len(self.shortcuts) < _MOST_SHORTCUTS:
            self.shortcuts.append(alone)
            self.install(hook)

    def _others(self, *values: object) -> Any:
        """What the newest shortcut does not take: the older ones, then the long way."""
        for shortcut in self.shortcuts:
            result = shortcut(*values)
            if result is not _MISSED:
                return result
        return self(*values)

    def _attempt(self, kernel: Kernel, given: Values, variant: Variant) -> tuple[int, Values]:
        saved = None
        artifact = kernel.artifact
        if artifact.may_fail_after_write:
            written = zip(given, artifact.arguments, strict=True)
            made = variant.made
            arrays = (v for v, slot in written if slot.written and slot.name not in made)
            saved = Snapshot([value for value in arrays if isinstance(value, np.ndarray)])
        status, out = kernel.call(given)
        if status == OK:
            return OK, kernel.box(out)
        if saved is not None and status in (ASSUMPTION, FAIL):
            saved.restore()
        return status, ()

    def _declined(self, reason: Reason, config: Config) -> None:
        if config.strict and reason.message != NOTHING_TO_GAIN:
            raise UnsupportedError(reason)
        if reason.message not in self.noted:
            self.noted.add(reason.message)
            note(f"left to Python: {reason.render()}")


def _too_small(variant: Variant, given: Values, patience: float) -> bool:
    """Whether CPython is done before a compiler would be, counting the calls so far."""
    if variant.config.device != "auto" or variant.fast is not None:
        return False
    assert variant.lowered is not None
    program = variant.lowered.program
    facts = {
        param.name: value.shape if isinstance(value, np.ndarray) else value
        for param, value in zip(program.params, given, strict=True)
        if isinstance(value, np.ndarray | int | float)
    }
    if facts != variant.facts:
        variant.facts, variant.python_seconds_each = facts, python_seconds(program, facts)
    variant.python_seconds += variant.python_seconds_each + _ASKING
    if variant.python_seconds >= patience:
        return False
    if variant.python_seconds >= variant.look_at:
        variant.look_at = 4 * variant.python_seconds
        return ready_artifact(program, variant.config, False) is None
    return True


def _remember(refusals: Refusals, values: Values, config: Config, in_vain: bool) -> None:
    """Ask less often for what was asked in vain: was refused, or lowered anew once more
    since a function or number has changed; where Conure may choose."""
    if not in_vain:
        refusals.forget()
    elif config.device == "auto" and not config.strict:
        refusals.add(values, in_force())


def _lowered(dispatcher: Dispatcher, signature: Signature, config: Config) -> Variant:
    lowered = dispatcher.lower(signature)
    variant = Variant(signature, config)
    if isinstance(lowered, Reason):
        variant.reason = lowered
        return variant
    variant.lowered = lowered
    if not (dispatcher.region.holds_loop or _has_loop(lowered.program)):
        variant.reason = Reason(NOTHING_TO_GAIN, dispatcher.place)
    names = dispatcher.region.live_in
    variant.pick = parameters(lowered, names, signature.arguments)
    variant.build = builder(lowered, dispatcher.region, signature.arguments)
    return variant


def _rest_if_idle(dispatcher: Dispatcher, reason: Reason) -> None:
    """Where there never was anything to gain, stop asking."""
    dispatcher.idle += reason.message == NOTHING_TO_GAIN
    if dispatcher.idle > _MOST_IDLE and not dispatcher.shortcuts:
        dispatcher.install(_decline)


def _rest_inner(dispatcher: Dispatcher, rest: bool) -> None:
    """Let the smaller regions decline at once, or ask them again."""
    if rest != dispatcher.inner_rests:
        dispatcher.inner_rests = rest
        for each in dispatcher.inner:
            each.install(_decline if rest else each)


def nest(dispatchers: Sequence[Dispatcher]) -> None:
    """Tell each region's dispatcher those of the regions inside it."""
    for outer in dispatchers:
        inside = {id(node) for stmt in outer.region.statements for node in ast.walk(stmt)}
        outer.inner = [
            each
            for each in dispatchers
            if each.region.number > outer.region.number and id(each.region.statements[0]) in inside
        ]
        for each in outer.inner:
            each.around.outer.append(outer.around)


def _decline(*values: object) -> None:
    """The hook of a region that is not asked."""


def _record_run(place: Loc, variant: Variant, careful: bool, status: int, begin: float) -> None:
    """An event of a run that began then; on a device, with the bytes that it moved."""
    kernel = variant.kernel(careful)
    there = kernel.artifact.device if kernel is not None else ""
    where = (there or "cpu") if status in (OK, INTERRUPTED) else "python"
    bytes_moved = device.moved() if there else (0, 0)
    record(place, "loops", where, begin, variant.compile_seconds, _TEXT[status], bytes_moved)


def _record_python(place: Loc, reason: str) -> None:
    """An event without a time: CPython runs the statements after this call."""
    if recording():
        collect(Event(place.text(), "loops", "python", reason=reason))


_MISSED = object()


def _missed(*values: object) -> object:
    return _MISSED


_MOST_SHORTCUTS = 8
_MOST_IDLE = 8  # times asked that there was neither a loop nor an array
_NUMPY_SPEED = 30  # how much sooner than CPython NumPy is done with an array
_ASKING = 30e-6  # what finding this out takes each time
_PATIENCE = 3  # failed assumptions before the careful variant is tried first
_TEXT = {
    OK: "",
    MISS: "the arguments do not fit the compiled code",
    ASSUMPTION: "an assumption failed",
    FAIL: "Python raises or warns in this region, or an integer exceeds 64 bits",
    INTERRUPTED: "interrupted",
}


def _has_loop(program: Program) -> bool:
    return any(isinstance(stmt, For) for stmt in statements(program))


def _guards_hold(variant: Variant) -> bool:
    return variant.lowered is None or all(_holds(guard) for guard in variant.lowered.guards)


def _holds(guard: Guard) -> bool:
    value = _value_now(guard)
    if value is guard.value:
        return True
    return type(value) is type(guard.value) and isinstance(
        value, bool | int | float | complex | str | np.generic
    ) and (bool(guard.parameter) or value == guard.value)  # fmt: skip


def _value_now(guard: Guard) -> object:
    missing = object()
    if isinstance(guard.namespace, dict):
        return guard.namespace.get(guard.name, missing)
    return getattr(guard.namespace, guard.name, missing)


def _changed_numbers(guards: Sequence[Guard]) -> frozenset[tuple[int, str]]:
    """Where numbers are now others than the guards say, as `lower` takes it."""
    return frozenset(
        (id(guard.namespace), guard.name)
        for guard in guards
        if scalar_of_value(guard.value) is not None and not _holds(guard)
    )


def _obstacle(config: Config, region: Region, values: Values) -> str:
    """Why nothing compiled may or should run now, whatever the types; empty if it may."""
    if config.device == "python":
        return 'the option device="python"'
    if sys.gettrace() is not None:
        return "a tracer or debugger watches the lines"
    if _floating_point_raises():
        return "np.errstate asks NumPy to raise or to call"
    if config.device == "auto" and not region.holds_loop and any(map(has_short_rows, values)):
        return "NumPy is as fast on rows of few elements"
    return ""


def _floating_point_raises() -> bool:
    """Whether `np.errstate` asks for exceptions or calls: then NumPy itself must run."""
    return any(way in ("raise", "call", "print", "log") for way in np.geterr().values())
