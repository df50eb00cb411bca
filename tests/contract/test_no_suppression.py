"""A silenced checker says why: `# type: ignore[code] # reason`, `# noqa: CODE # reason`."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.sources import all_files, short

SUPPRESSION = re.compile(r"#\s*(?:ruff:\s*noqa|noqa|type:\s*ignore|mypy:\s*\S+)\b", re.IGNORECASE)
EXPLAINED = re.compile(
    r"#\s*(?:(?:ruff:\s*)?noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|type:\s*ignore\[[a-z, -]+\])"
    r"\s*[#-]\s*\S+ \S+"
)


def comments(path: Path) -> Iterator[tuple[int, str]]:
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


@pytest.mark.parametrize("path", all_files(), ids=short)
def test_every_suppression_has_a_reason(path: Path) -> None:
    for line, comment in comments(path):
        if SUPPRESSION.search(comment):
            assert EXPLAINED.search(comment), f"{short(path)}:{line}: {comment}"


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "# noqa: E501",
        "# type: ignore",
        "# type: ignore[misc]",
        "# ruff: noqa",
        "#noqa:X1",
    ],
)
def test_a_bare_suppression_is_found(comment: str) -> None:
    assert SUPPRESSION.search(comment)
    assert not EXPLAINED.search(comment)


def test_an_explained_one_passes() -> None:
    assert EXPLAINED.search("x = 1  # type: ignore[no-any-return] # ctypes has no types")
