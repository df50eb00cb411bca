"""A target is a record, an emission file and a device file: nothing else names one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.contract.sources import package_files, short

WORDS = re.compile(r"cuda|ptx|spirv|opencl", re.IGNORECASE)

MAY_NAME_TARGETS = (
    "target.py",
    "codegen/",
    "runtime/",
    "configuration.py",  # the device names that a user may write
)


@pytest.mark.parametrize("path", package_files(), ids=short)
def test_only_targets_name_targets(path: Path) -> None:
    if short(path).startswith(MAY_NAME_TARGETS):
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        assert not WORDS.search(line), f"{short(path)}:{number}: {line.strip()}"
