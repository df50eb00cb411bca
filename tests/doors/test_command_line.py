"""The command line: its tools, and what it says to a slip of the fingers."""

from __future__ import annotations

import pytest

import conure
from conure.cli import main

ABSENT = "[Errno 2] No such file or directory"
DEVICES = "'auto', 'cpu', 'cuda', 'opencl', 'reference', 'python'"
MESSAGES = {
    "explian x.py": f"can't open file HERE/explian': {ABSENT}; did you mean the tool 'explain'?",
    "missing.py": f"can't open file HERE/missing.py': {ABSENT}",
    ".": "'.' is a directory; name the file to run",
    "--device gpu x.py": f"device='gpu' is not allowed; write one of {DEVICES}",
    "explain missing.py:f": f"can't open file HERE/missing.py': {ABSENT}",
}


@pytest.mark.parametrize("arguments", MESSAGES)
def test_messages(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments.split()) == 2
    out, err = capsys.readouterr()
    message = MESSAGES[arguments].replace("HERE", repr(str(tmp_path))[:-1])
    assert (out, err) == ("", f"conure: {message}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--reprot", "x.py"], "did you mean --report?"),
        (["--rep", "x.py"], "--rep"),
        ([], "SCRIPT"),
        (["explain"], "FILE[:FUNCTION]"),
        (["cache", "shwo"], "'shwo'"),
    ],
)
def test_usage_errors(arguments, message, capsys):
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    text = capsys.readouterr().err
    assert message in text
    assert text.startswith("usage: python -m conure")


def test_version_and_help(capsys):
    for option in ("--version", "--help"):
        with pytest.raises(SystemExit) as raised:
            main([option])
        assert raised.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"conure {conure.__version__}\n")
    for word in ("explain FILE[:FUNCTION]", "cache [show|clear]", "--report", "--device"):
        assert word in text


def test_cache(capsys, tmp_path):
    with conure.options(cache_dir=str(tmp_path)):
        assert main(["cache"]) == 0
        assert capsys.readouterr().out == f"{tmp_path}: 0 files, 0.0 MiB\n"
        assert main(["cache", "clear"]) == 0
        assert capsys.readouterr().out == f"removed 0 files from {tmp_path}\n"
