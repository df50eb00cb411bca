"""Options: their environment, their values, where they hold."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading

import pytest

import conure
from conure.configuration import Config, current, documentation, options, read
from conure.errors import OptionError


def test_the_empty_environment_gives_the_defaults() -> None:
    assert read({"PATH": "/bin", "CONURE_DEVICE": ""}) == Config()


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("CONURE_DEVICE", "cpu", "device", "cpu"),
        ("CONURE_THREADS", " 4 ", "threads", 4),
        ("CONURE_THREADS", "none", "threads", None),
        ("CONURE_FLOAT_ORDER", "exact", "float_order", "exact"),
        ("CONURE_FAST_MATH", "Yes", "fast_math", True),
        ("CONURE_STRICT", "1", "strict", True),
        ("CONURE_CACHE", "off", "cache", False),
        ("CONURE_CACHE_DIR", "/a b", "cache_dir", "/a b"),
        ("CONURE_VERBOSE", "2", "verbose", 2),
        ("CONURE_CHECK", "true", "check", True),
    ],
)
def test_each_variable(variable: str, text: str, name: str, value: object) -> None:
    assert read({variable: text}) == Config(**{name: value})


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("CONURE_DEVICE", "gpu", "CONURE_DEVICE=gpu is not allowed; write one of 'auto', 'cpu'"),
        ("CONURE_THREADS", "0", "a whole number from 1, or None"),
        ("CONURE_THREADS", "-1", "a whole number from 1"),
        ("CONURE_STRICT", "maybe", "True or False"),
        ("CONURE_VERBOSE", "1.5", "a whole number from 0"),
        ("CONURE_DEVISE", "cpu", "did you mean 'CONURE_DEVICE'"),
        ("CONURE_device", "cpu", "did you mean"),
        ("CONURE_THREAD", "2", "did you mean 'CONURE_THREADS'"),
    ],
)
def test_a_bad_environment_says_what_to_write(variable: str, text: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        read({variable: text})


@pytest.mark.parametrize("variable", ["CONURE_VERSION", "CONURE_HOME", "CONURE_TEST_SUBJECT"])
def test_the_variables_of_others_are_ignored(variable: str) -> None:
    assert read({variable: "1"}) == Config()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"device": "gpu"}, "device='gpu' is not allowed; write one of 'auto', 'cpu', 'cuda'"),
        ({"threads": True}, "threads=True"),
        ({"threads": 2.0}, "threads=2.0"),
        ({"strict": 1}, "strict=1"),
        ({"cache_dir": ""}, "cache_dir=''"),
        ({"devise": "cpu"}, "no option 'devise'; did you mean 'device'?"),
        ({"float-order": "tree"}, "did you mean 'float_order'?"),
        ({"q": 1}, "there are cache, cache_dir, check"),
    ],
)
def test_a_bad_option_is_refused_before_the_block(changes: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        options(**changes)
    assert message in str(caught.value)


def test_a_config_checks_its_values() -> None:
    with pytest.raises(ValueError, match="verbose=-1"):
        Config(verbose=-1)


def test_blocks_nest_and_end() -> None:
    before = current()
    with options(device="cpu") as outer:
        with options(threads=3) as inner:
            assert inner == dataclasses.replace(before, device="cpu", threads=3)
            assert conure.config is inner
        assert conure.config is outer
    assert current() == before


def test_an_exception_ends_the_block() -> None:
    before = current()
    with pytest.raises(KeyError), options(strict=not before.strict):
        raise KeyError
    assert current() == before


def test_the_same_options_may_be_entered_again() -> None:
    quiet = options(verbose=0, threads=5)
    with quiet, quiet, options(threads=6), quiet:
        assert current().threads == 5
    with quiet:
        assert current().threads == 5


def test_other_threads_are_not_affected() -> None:
    seen: list[Config] = []
    before = current()
    with options(device="reference"):
        thread = threading.Thread(target=lambda: seen.append(current()))
        thread.start()
        thread.join()
    assert seen == [before]


def test_at_most_twelve_documented_knobs() -> None:
    rows = documentation()
    assert len(rows) <= 12
    assert all(len(doc) > 20 for *_, doc in rows)
    assert rows[0][:3] == ("device", "CONURE_DEVICE", "auto")


def test_the_attribute_survives_the_import_of_every_module() -> None:
    program = "import conure.configuration, conure.errors, conure; print(conure.config.device)"
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env={"CONURE_DEVICE": "python"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == "python"
