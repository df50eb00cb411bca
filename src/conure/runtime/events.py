"""What happened, for people: notes said once, and the events that `conure.profile` collects.

>>> with profile() as run:
...     collect(Event("heat.py:12", "loop", "cpu", seconds=0.5))
...     collect(Event("heat.py:12", "loop", "cpu", seconds=0.25))
>>> print(run)
where       what  device  calls   seconds  compiling  to device  from device  reason
----------  ----  ------  -----  --------  ---------  ---------  -----------  ------
heat.py:12  loop  cpu         2  750.0 ms          -          -            -
total                         2  750.0 ms          -          -            -
"""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Final, NamedTuple, Self

from conure.configuration import current
from conure.errors import Loc

_HEADER: Final = (
    "where", "what", "device", "calls", "seconds", "compiling", "to device", "from device", "reason"
)  # fmt: skip
_NUMBERS: Final = range(3, 8)


class Event(NamedTuple):
    """One thing that ran, or was left to Python.

    Attributes
    ----------
    where
        File and line, as the user knows them.
    what
        "region", "loop", "array expression", "compile", ...
    device
        "cpu", "cuda", ..., or "python" for what was left to CPython.
    seconds, compile_seconds
        Time to run, and before that to compile; 0 where nothing was compiled.
    bytes_to_device, bytes_from_device
        What was copied.
    reason
        Why it ran where it ran; empty if there is nothing to say.
    """

    where: str
    what: str
    device: str
    seconds: float = 0.0
    compile_seconds: float = 0.0
    bytes_to_device: int = 0
    bytes_from_device: int = 0
    reason: str = ""


class Profile:
    """The events of a `with conure.profile()` block; printed, a table with one row per place."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __enter__(self) -> Self:
        global _profiles
        with _profiles_lock:
            _profiles = (*_profiles, self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        global _profiles
        with _profiles_lock:
            _profiles = tuple(each for each in _profiles if each is not self)

    def rows(self) -> list[tuple[str, ...]]:
        """The table as text cells: the header, a row per place and reason, the total."""
        groups: dict[tuple[str, str, str, str], list[Event]] = {}
        for event in self.events:
            name = (event.where, event.what, event.device, event.reason)
            groups.setdefault(name, []).append(event)
        body = [(*name[:3], *_sums(events), name[3]) for name, events in groups.items()]
        return [_HEADER, *body, ("total", "", "", *_sums(self.events), "")]

    def __str__(self) -> str:
        if not self.events:
            return "nothing was compiled or run by Conure"
        header, *body = self.rows()
        widths = [max(map(len, column)) for column in zip(header, *body, strict=True)]
        lines = [header, tuple("-" * width for width in widths), *body]
        return "\n".join(_line(cells, widths) for cells in lines)


_profiles: tuple[Profile, ...] = ()
_profiles_lock = threading.Lock()


def profile() -> Profile:
    """Collect what Conure does inside a `with` block, in all threads of the process."""
    return Profile()


def recording() -> bool:
    """Whether anybody collects events: ask before measuring anything for one (40 ns)."""
    return bool(_profiles)


def collect(event: Event) -> None:
    """Give an event to everyone who collects."""
    for each in _profiles:
        each.events.append(event)


def record(
    place: Loc, what: str, device: str, begin: float, compile_seconds: float = 0.0,
    reason: str = "", moved: tuple[int, int] = (0, 0),
) -> None:  # fmt: skip
    """An event that began at `time.perf_counter() == begin`, compiling included, and ends now;
    `moved` are the bytes that went to the device and came from it."""
    if _profiles:
        seconds = time.perf_counter() - begin - compile_seconds
        text = place.text()
        collect(Event(text, what, device, seconds, compile_seconds, *moved, reason=reason))


_notes: dict[str, None] = {}
"""What has been noted in this process, in order; said once each."""


def note(text: str) -> None:
    """Say something that a user may want to know but need not act on; once per process.

    With verbose >= 1 it is printed to stderr at once; `explain` lists all of them.
    """
    if text in _notes:
        return
    _notes[text] = None
    if current().verbose >= 1:
        print(f"conure: {text}", file=sys.stderr)


def notes() -> tuple[str, ...]:
    """Everything noted in this process, in order."""
    return tuple(_notes)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = (
        cell.rjust(width) if index in _NUMBERS else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(padded).rstrip()


def _sums(events: list[Event]) -> tuple[str, ...]:
    return (
        str(len(events)),
        _time(sum(event.seconds for event in events)),
        _time(sum(event.compile_seconds for event in events)),
        _bytes(sum(event.bytes_to_device for event in events)),
        _bytes(sum(event.bytes_from_device for event in events)),
    )


def _time(seconds: float) -> str:
    if seconds == 0:
        return "-"
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.1f} {unit}"
    return f"{seconds * 1e6:.1f} us"


def _bytes(count: int) -> str:
    if count == 0:
        return "-"
    for factor, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} B"
