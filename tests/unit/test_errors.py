"""Places, reasons and the texts that users read."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from conure.errors import (
    NOWHERE,
    CacheError,
    CheckError,
    CompileError,
    ConureError,
    DeviceError,
    Loc,
    OptionError,
    Reason,
    UnsupportedError,
    render,
)

SOURCE = "def f(a):\n    for i in range(9):\n        a[i] = a[i-1]\n"


def at(line: int, column: int, end: int, *, end_line: int = 0, function: str = "f") -> Loc:
    return Loc("f.py", line, column, end_line or line, end, function)


def test_text_is_file_and_line() -> None:
    assert at(3, 15, 21).text() == "f.py:3"


def test_everything_is_shown() -> None:
    assert render(at(3, 15, 21), "a cycle", "use b", SOURCE).splitlines() == [
        "f.py:3:16: in f",
        "    3 |         a[i] = a[i-1]",
        "      |                ^^^^^^",
        "a cycle",
        "help: use b",
    ]


def test_without_function_and_help() -> None:
    assert render(at(2, 4, 7, function=""), "why", source=SOURCE).splitlines() == [
        "f.py:2:5:",
        "    2 |     for i in range(9):",
        "      |     ^^^",
        "why",
    ]


def test_nowhere_has_no_place() -> None:
    assert render(NOWHERE, "why", "do this") == "why\nhelp: do this"


def test_a_missing_file_keeps_the_header() -> None:
    assert render(at(3, 4, 5), "why") == "f.py:3:5: in f\nwhy"


def test_a_span_of_several_lines_is_underlined_to_the_end_of_its_first() -> None:
    text = render(at(2, 4, 21, end_line=3), "why", source=SOURCE)
    assert text.splitlines()[2] == "      |     ^^^^^^^^^^^^^^^^^^"


@pytest.mark.parametrize(("column", "end"), [(0, 0), (200, 300), (5, 2)])
def test_an_impossible_span_still_has_a_caret(column: int, end: int) -> None:
    assert "^" in render(at(2, column, end), "why", source=SOURCE).splitlines()[2]


def test_a_line_beyond_the_file() -> None:
    assert render(at(99, 4, 5), "why", source=SOURCE) == "f.py:99:5: in f\nwhy"


def test_columns_count_bytes_and_carets_count_cells() -> None:
    line = "\tπ = '速' + x[i]"
    start = len("\tπ = '速' + ".encode())
    header, shown, carets, _ = render(at(1, start, start + 4), "why", source=line).splitlines()
    assert header == "f.py:1:12: in f"
    assert shown == "    1 |     π = '速' + x[i]"
    assert carets == "      |" + " " * 16 + "^^^^"


def test_the_line_is_found_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "g.py"
    path.write_text("x = 1\ny = x\n")
    assert "    2 | y = x" in render(Loc(str(path), 2, 4, 2, 5, ""), "why")


def test_a_reason_shows_its_related_places(tmp_path: Path) -> None:
    path = tmp_path / "g.py"
    path.write_text(SOURCE)
    write, read = (Loc(str(path), 3, *span, "f") for span in ((8, 3, 12), (15, 3, 21)))
    reason = Reason("a flow dependence of distance 1", write, "use b", ((read, "read here"),))
    assert reason.render().splitlines() == [
        f"{path}:3:9: in f",
        "    3 |         a[i] = a[i-1]",
        "      |         ^^^^",
        "a flow dependence of distance 1",
        f"{path}:3:16: in f",
        "    3 |         a[i] = a[i-1]",
        "      |                ^^^^^^",
        "note: read here",
        "help: use b",
    ]


def test_unsupported_is_its_rendered_reason() -> None:
    error = UnsupportedError(Reason("no generators", NOWHERE, "use a loop"))
    assert str(error) == "no generators\nhelp: use a loop"
    copy = pickle.loads(pickle.dumps(error))
    assert copy.reason == error.reason
    assert str(copy) == str(error)


@pytest.mark.parametrize(
    "kind", [UnsupportedError, OptionError, CheckError, CompileError, DeviceError, CacheError]
)
def test_one_tree(kind: type[Exception]) -> None:
    assert issubclass(kind, ConureError)
