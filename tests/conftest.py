"""What every test gets: a cache folder of its own, the IR checker on, golden files.

Tests run with the artifact cache in a temporary folder, so that neither does an old artifact
hide a fault nor does a test litter the user's cache. Workers of one run share the folder, which
exercises concurrent writers. `CONURE_CHECK=1` verifies the program after every pass; subprocesses
inherit both.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

GOLDEN = Path(__file__).parent / "golden"

_CACHE = pytest.StashKey[str]()

hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)
hypothesis.settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the golden files with today's texts"
    )


def pytest_configure(config: pytest.Config) -> None:
    # A run in the background of a shell ignores Ctrl-C, and so would all that it starts.
    with contextlib.suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("CONURE_CHECK", "1")
    if "CONURE_CACHE_DIR" not in os.environ:
        folder = tempfile.mkdtemp(prefix="conure-tests-")
        config.stash[_CACHE] = os.environ["CONURE_CACHE_DIR"] = folder


def pytest_unconfigure(config: pytest.Config) -> None:
    folder = config.stash.get(_CACHE, None)
    if folder is not None:
        del os.environ["CONURE_CACHE_DIR"]
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(name, text)` compares with `tests/golden/NAME`; --update-golden writes it."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
        expected = path.read_text(encoding="utf-8") if path.exists() else "(no golden file yet)\n"
        assert text + "\n" == expected

    return check
