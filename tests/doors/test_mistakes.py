"""What people write who have not read the documentation: each gets told what to write instead."""

from __future__ import annotations

import functools
import subprocess
import sys

import numpy as np
import pytest

import conure


class Box:
    def __init__(self, k):
        self.k = k

    def total(self, x):
        s = 0.0
        for value in x:
            s += value * self.k
        return s

    def __call__(self, x):
        return x


def total(x, n=3):
    s = 0.0
    for i in range(n):
        s += x[i]
    return s


def counting(n):
    for i in range(n):  # noqa: UP028 # a loop is the point
        yield i


async def waiting(n):
    for _ in range(n):
        pass


@pytest.mark.parametrize(
    ("subject", "advice"),
    [
        (Box, "put @conure.jit on its methods"),
        (len, "not written in Python"),
        (np.sqrt, "not written in Python"),
        (functools.partial(total, n=2), r"functools.partial\(conure.jit\(f\), ...\)"),
        (property(total), "put @property above @conure.jit"),
        ("cpu", r"options are given by name, as in @conure.jit\(device='cpu'\)"),
        (Box(1), "on its method __call__"),
        ([], r"not \[\]"),
    ],
)
def test_no_function(subject, advice):
    with pytest.raises(TypeError, match=advice):
        conure.jit(subject)


def test_a_bound_method():
    compiled = conure.jit(device="cpu")(Box(2).total)
    assert compiled(np.ones(5)) == 10.0
    assert [loop.verdict for loop in conure.explain(Box(2).total, np.ones(5)).loops] == ["parallel"]


@pytest.mark.parametrize("function", [counting, waiting])
def test_strict_refuses_what_is_not_looked_at(function):
    assert conure.jit(function) is function
    with pytest.raises(conure.UnsupportedError, match="is left to Python"):
        conure.jit(strict=True)(function)


def test_explain_says_why_nothing_is_compiled():
    names: dict[str, object] = {}
    exec("def typed(n):\n    for i in range(n): pass\n", names)
    assert "the source text of this function cannot be found" in str(
        conure.explain(names["typed"], 3)
    )
    assert "a generator function is left to Python" in str(conure.explain(counting, 3))
    assert "an async function is left to Python" in str(conure.explain(waiting, 3))


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ((), r"the arguments do not fit total\(x, n=3\): missing a required argument: 'x'"),
        ((1, 2, 3), r"too many positional arguments; write conure.explain\(total, x, n\)"),
    ],
)
def test_explain_with_other_arguments(arguments, advice):
    with pytest.raises(TypeError, match=advice):
        conure.explain(total, *arguments)


@pytest.mark.parametrize(
    ("subject", "advice"), [(6.0, "not what it returned"), (Box, "a function made by def")]
)
def test_explain_without_a_function(subject, advice):
    with pytest.raises(TypeError, match=advice):
        conure.explain(subject)


# ---- the command line --------------------------------------------------------------------------


def run(folder, *arguments, compiled=True):
    command = [sys.executable, *(["-m", "conure"] if compiled else []), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "good.py").write_text("for i in range(3):\n    x = i\nprint(x)\n")
    (tmp_path / "wrong.py").write_text("for i in range(3)\n    x = i\n")
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "fill.py").write_text("def fill(x):\n    for i in range(len(x)): x[i] = i\n")
    (package / "__main__.py").write_text(
        "import sys\nfrom .fill import fill\nx = [0, 0]\nfill(x)\nfor i in range(3): x.append(i)\n"
        "print(x, __name__, __package__, __spec__.name, sys.argv[1:], __file__)\nsys.exit(len(x))\n"
    )
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "__main__.py").write_text("print(__name__, repr(__package__))\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["god.py"], "did you mean 'good.py'?"),
        (["good.py:f"], "did you mean `explain good.py:f`?"),
        (["explain"], "the following arguments are required: FILE[:FUNCTION]\n"),
        (["explain", "good.py:nosuch"], "there is no function 'nosuch' in good.py"),
        (["cache", "bogus"], "usage: python -m conure cache [-h]"),
        ([], "the following arguments are required: SCRIPT\n"),
        (["-m", "nosuch"], "no module named nosuch"),
    ],
)
def test_mistyped_commands(folder, arguments, said):
    result = run(folder, *arguments)
    assert said in result.stderr
    assert result.returncode in (1, 2)
    assert "Traceback" not in result.stderr


def test_explaining_a_script_with_a_syntax_error(folder):
    want, got = run(folder, "wrong.py", compiled=False), run(folder, "explain", "wrong.py")
    assert got.stderr.replace(str(folder) + "/", "") == want.stderr.replace(str(folder) + "/", "")
    assert got.returncode == 1


@pytest.mark.parametrize("arguments", [["-m", "package", "a", "b"], ["folder"]])
def test_modules_and_folders(folder, arguments):
    want, got = run(folder, *arguments, compiled=False), run(folder, *arguments)
    assert (got.stdout, got.returncode) == (want.stdout, want.returncode), got.stderr
