"""Where something is in the user's source, why it was refused, and the exceptions that say so.

Every text that reaches a user has the same shape: where, the line itself with a caret under
the culprit, the cause in one sentence, and what to write instead.

    >>> loc = Loc("heat.py", 2, 11, 2, 17, "smooth")
    >>> text = "for i in range(1, n):\\n    a[i] = a[i-1]\\n"
    >>> cause = "this iteration reads what the last one wrote"
    >>> print(render(loc, cause, "use a second array", text))
    heat.py:2:12: in smooth
        2 |     a[i] = a[i-1]
          |            ^^^^^^
    this iteration reads what the last one wrote
    help: use a second array
"""

from __future__ import annotations

import linecache
import unicodedata

from conure.record import Record

_TAB_STOP = 4


class Loc(Record):
    """A span of the user's source, counted as Python's own `ast` counts.

    Lines start at 1. Columns start at 0 and are offsets into the UTF-8 bytes of the line, so
    that `ast` nodes can be copied field by field; `render` turns them into what is displayed.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    function: str

    def text(self) -> str:
        """The short form `file:line`, the one that terminals and editors make clickable."""
        return f"{self.file}:{self.line}"


NOWHERE = Loc("<none>", 0, 0, 0, 0, "")
"""The place of what no user wrote."""


def render(loc: Loc, message: str, hint: str | None = None, source: str | None = None) -> str:
    """Text for a person: the place, the line with a caret under the span, the cause, the help.

    Parameters
    ----------
    loc
        The span to underline; with `NOWHERE` only the cause and the help remain.
    message
        The cause, in one sentence.
    hint
        What to write instead; nothing is printed where it is None or empty.
    source
        The whole text of the file, where Python's `linecache` cannot find it.
    """
    lines = [*_place(loc, source), message]
    if hint:
        lines.append(f"help: {hint}")
    return "\n".join(lines)


def _place(loc: Loc, source: str | None) -> list[str]:
    if loc.line <= 0:
        return []
    line = _source_line(loc, source)
    encoded = line.encode()
    start, end = _columns(loc, encoded)
    column = len(encoded[:start].decode(errors="replace")) if line else loc.column
    header = f"{loc.file}:{loc.line}:{column + 1}:"
    lines = [f"{header} in {loc.function}" if loc.function else header]
    if not line.strip():
        return lines
    before = _displayed(encoded[:start])
    under = _displayed(encoded[start:end])
    number = str(loc.line)
    carets = " " * _width(before) + "^" * max(_width(under), 1)
    lines.append(f"    {number} | {_displayed(encoded)}")
    lines.append(f"    {' ' * len(number)} | {carets}")
    return lines


def _source_line(loc: Loc, source: str | None) -> str:
    if source is None:
        return linecache.getline(loc.file, loc.line).rstrip("\r\n")
    lines = source.splitlines()
    return lines[loc.line - 1] if loc.line <= len(lines) else ""


def _columns(loc: Loc, line: bytes) -> tuple[int, int]:
    """The part of the span that lies on its first line; a longer span runs to that line's end."""
    start = min(loc.column, len(line))
    end = loc.end_column if loc.end_line <= loc.line else len(line.rstrip())
    return start, max(min(end, len(line)), start)


def _displayed(part: bytes) -> str:
    return part.decode(errors="replace").replace("\t", " " * _TAB_STOP)


def _width(text: str) -> int:
    """Terminal cells: a wide character takes two, a combining mark none."""
    cells = 0
    for character in text:
        if not unicodedata.combining(character):
            cells += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return cells


class Reason(Record):
    """Why something is not done: a value that analyses return and reports print.

    `message` is the cause in one sentence, `loc` its place, `hint` what to write instead, and
    `related` names the other places that take part, such as the second of two accesses.
    """

    message: str
    loc: Loc
    hint: str = ""
    related: tuple[tuple[Loc, str], ...] = ()

    def render(self) -> str:
        """The text for a person, with every related place under the main one."""
        lines = [*_place(self.loc, None), self.message]
        for loc, message in self.related:
            lines += [*_place(loc, None), f"note: {message}"]
        if self.hint:
            lines.append(f"help: {self.hint}")
        return "\n".join(lines)


class ConureError(Exception):
    """Whatever Conure itself raises; the user's own exceptions pass through unchanged."""


class UnsupportedError(ConureError):
    """Under `strict`, or on a named device: this code would have been left to Python."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason.render()


class OptionError(ConureError, ValueError):
    """An option or an environment variable has no such name or may not have that value."""


class CheckError(ConureError):
    """A program of the IR is malformed: a fault of the front end or of a pass, not of the user."""


class CompileError(ConureError):
    """The code generator or LLVM refused a program that the checker had accepted."""


class DeviceError(ConureError):
    """A device is absent, was lost, or refused what it was asked to do."""


class CacheError(ConureError):
    """A file of the artifact cache cannot be trusted or used; it is ignored, never executed."""
