"""The options: one frozen record, read once from the environment and passed down.

The file is not called `config.py` because `conure.config` is the record in force; a submodule
of that name would replace it as an attribute of the package as soon as anybody imports it.

    >>> with options(device="cpu", threads=2) as config:
    ...     config.device, current().threads
    ('cpu', 2)
    >>> options(devise="cpu")
    Traceback (most recent call last):
    conure.errors.OptionError: there is no option 'devise'; did you mean 'device'?
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

from conure.errors import OptionError
from conure.record import Record

PREFIX = "CONURE_"

_YES = ("1", "true", "yes", "on")
_NO = ("0", "false", "no", "off")

_SIMILAR = 0.6  # enough for a suggestion, as difflib's own default
_ALMOST = 0.75  # enough to refuse: `devise` and `thread`, but not `version` for `verbose`


class Kind(Record):
    """What a knob may hold: a sentence for messages, a test, and how its text form is read.

    `parse` gives back a text that it cannot read, which `accepts` then refuses.
    """

    allowed: str
    accepts: Callable[[object], bool]
    parse: Callable[[str], object]


def _one_of(*names: str) -> Kind:
    allowed = "one of " + ", ".join(map(repr, names))
    return Kind(allowed, lambda value: isinstance(value, str) and value in names, str)


def _parse_flag(text: str) -> object:
    lowered = text.lower()
    return True if lowered in _YES else False if lowered in _NO else text


def _parse_number(text: str) -> object:
    return int(text) if text.isascii() and text.isdigit() else text


def _parse_threads(text: str) -> object:
    return None if text.lower() == "none" else _parse_number(text)


def _is_number(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


_FLAG = Kind(
    "True or False (in the environment 1 or 0, true or false, yes or no, on or off)",
    lambda value: isinstance(value, bool),
    _parse_flag,
)
_LEVEL = Kind("a whole number from 0", lambda value: _is_number(value, 0), _parse_number)
_THREADS = Kind(
    "a whole number from 1, or None for one per core",
    lambda value: value is None or _is_number(value, 1),
    _parse_threads,
)
_FOLDER = Kind(
    "the path of a folder as a string, or None for the user's cache folder",
    lambda value: value is None or (isinstance(value, str) and value != ""),
    str,
)


def _knob(default: object, kind: Kind, doc: str) -> Any:  # dataclasses.field is typed so too
    return dataclasses.field(default=default, metadata={"kind": kind, "doc": doc})


@dataclass(frozen=True, slots=True)
class Config:
    """The options in force: `conure.config` is one of these, `conure.options` changes it."""

    device: Literal["auto", "cpu", "cuda", "opencl", "reference", "python"] = _knob(
        "auto",
        _one_of("auto", "cpu", "cuda", "opencl", "reference", "python"),
        "Where to run: 'auto' chooses by cost; a named device is an order, whatever the size.",
    )
    threads: int | None = _knob(
        None, _THREADS, "Threads of a parallel loop; None is one per core the process may use."
    )
    float_order: Literal["tree", "exact"] = _knob(
        "tree",
        _one_of("tree", "exact"),
        "Order of float reductions: a fixed tree that depends on sizes only, or Python's own.",
    )
    fast_math: bool = _knob(
        False, _FLAG, "Let LLVM contract and reorder float arithmetic: faster, other last bits."
    )
    strict: bool = _knob(False, _FLAG, "Raise UnsupportedError instead of leaving code to Python.")
    cache: bool = _knob(True, _FLAG, "Keep compiled code on disk between processes.")
    cache_dir: str | None = _knob(
        None, _FOLDER, "The folder of compiled code; None is the user's cache folder."
    )
    verbose: int = _knob(
        0, _LEVEL, "What to print on compiling: 0 nothing, 1 decisions, 2 programs, 3 LLVM's text."
    )
    check: bool = _knob(
        False, _FLAG, "Check the program after every pass: slow, for tests and bug reports."
    )

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            _require(kind, getattr(self, name), f"{name}={getattr(self, name)!r}")


_KINDS: dict[str, Kind] = {
    field.name: field.metadata["kind"] for field in dataclasses.fields(Config)
}


def documentation() -> list[tuple[str, str, object, str]]:
    """One row per knob, for printed tables: name, environment variable, default, meaning."""
    return [
        (field.name, _variable(field.name), field.default, field.metadata["doc"])
        for field in dataclasses.fields(Config)
    ]


def read(environment: Mapping[str, str]) -> Config:
    """The config that `CONURE_DEVICE`, `CONURE_THREADS`, ... describe.

    A variable set to nothing counts as not set. Another name after `CONURE_` is an error if it
    looks like a misspelt option, which would be silently without effect, and ignored otherwise.

    Raises
    ------
    OptionError
        For a misspelt name or a bad value; the message says what is allowed.
    """
    names = {_variable(name): name for name in _KINDS}
    values: dict[str, Any] = {}
    for variable in sorted(environment):
        text = environment[variable].strip()
        if not variable.startswith(PREFIX) or not text:
            continue
        if variable in names:
            name = names[variable]
            values[name] = _KINDS[name].parse(text)
            _require(_KINDS[name], values[name], f"{variable}={text}")
        elif near := _nearest(variable.removeprefix(PREFIX).lower(), _ALMOST):
            message = f"no option is read from {variable!r}; did you mean {_variable(near)!r}?"
            raise OptionError(message)
    return Config(**values)


def current() -> Config:
    """The config in force here: the innermost `options`, or else what the environment says.

    As with every context variable, a thread that the user starts begins without the options
    of the thread that started it; `contextvars.copy_context().run` carries them over.
    """
    return _in_force.get() or _from_environment()


def options(**changes: object) -> Options:
    """Change options inside a `with` block; the names are the fields of `Config`.

    Raises
    ------
    OptionError
        Here, not at the `with`, for a name that is no option (the nearest one is suggested)
        or for a value that is not allowed (the message lists those that are).
    """
    for name, value in changes.items():
        if name not in _KINDS:
            near = _nearest(name, _SIMILAR)
            remedy = f"did you mean {near!r}?" if near else f"there are {', '.join(sorted(_KINDS))}"
            raise OptionError(f"there is no option {name!r}; {remedy}")
        _require(_KINDS[name], value, f"{name}={value!r}")
    return Options(changes)


class Options:
    """What `options` returns: a context manager that may be entered again, also nested."""

    __slots__ = ("_changes", "_tokens")

    def __init__(self, changes: Mapping[str, Any]) -> None:
        self._changes = dict(changes)
        self._tokens: list[Token[Config | None]] = []

    def __enter__(self) -> Config:
        config = dataclasses.replace(current(), **self._changes)
        self._tokens.append(_in_force.set(config))
        return config

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _in_force.reset(self._tokens.pop())


_in_force: ContextVar[Config | None] = ContextVar("conure_options", default=None)

in_force = _in_force.get
"""What `options` has set here, None outside of it: the same object as long as nothing changes."""


@functools.cache
def _from_environment() -> Config:
    return read(os.environ)


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _require(kind: Kind, value: object, given: str) -> None:
    if not kind.accepts(value):
        raise OptionError(f"{given} is not allowed; write {kind.allowed}")


def _nearest(name: str, similarity: float) -> str:
    import difflib

    return next(iter(difflib.get_close_matches(name, _KINDS, n=1, cutoff=similarity)), "")
