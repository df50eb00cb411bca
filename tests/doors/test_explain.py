"""What `explain` and the errors say, word for word (`pytest --update-golden` rewrites them)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import conure
from conure.terminal import print_explanation
from tests.doors import explained

X = np.arange(1.0, 9.0)
ARGUMENTS = {
    "stencils": (X, X + 1, 8, 2),
    "product": (np.ones((4, 3)), np.ones((3, 5)), np.ones((4, 5))),
    "sweeps": (X, X + 1, 3),
    "searches": (X, 4.0),
    "scattered": (X, np.arange(8), X + 1),
    "left_to_python": (X, {"a": "text"}),
    "partly": (X,),
    "mandelbrot": (8, 20),
    "nothing": (3.0,),
    "text_keys": (X, {"a": "text"}),
    "overflows": (3**30,),
}


def named(text: str) -> str:
    """The text without the folder of the file it is about."""
    return text.replace(explained.__file__, "explained.py")


@pytest.mark.parametrize("name", ARGUMENTS)
def test_explanations(golden, name):
    explanation = conure.explain(getattr(explained, name), *ARGUMENTS[name])
    golden(f"explain/{name}.txt", named(str(explanation)))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_colours_say_the_same(name, capsys):
    explanation = conure.explain(getattr(explained, name), *ARGUMENTS[name])
    print_explanation(explanation, True)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    bare = [re.sub(r"[^\w#]", "", line) for line in shown.splitlines()]
    assert bare == [re.sub(r"[^\w#]", "", line) for line in str(explanation).splitlines()]


def test_nothing_runs():
    x = X.copy()
    conure.explain(explained.stencils, x, X + 1, 8, 2)
    conure.explain(conure.jit(explained.partly), x)
    assert np.array_equal(x, X)


def test_reports():
    loops = conure.explain(explained.stencils, X, X + 1, 8, 2).loops
    assert [loop.verdict for loop in loops] == ["parallel", "serial", "parallel", "serial"]
    assert loops[0].reductions == ("s: +",)
    assert loops[1].guard is None
    assert "d" in (loops[2].guard or "")
    assert {loop.device for loop in loops} == {"cpu"}
    with pytest.raises(TypeError):
        conure.explain(explained.stencils, X)


@pytest.mark.parametrize("name", ["left_to_python", "partly", "overflows", "text_keys"])
def test_strict_errors(golden, name):
    with pytest.raises(conure.UnsupportedError) as raised:
        conure.jit(device="cpu", strict=True)(getattr(explained, name))(*ARGUMENTS[name])
    golden(f"strict/{name}.txt", named(str(raised.value)))


SCRIPT = '''"""A script."""
import numpy as np

x = np.zeros(400)
for i in range(400):
    x[i] = i


def smooth(x):
    for i in range(1, len(x)):
        x[i] = 0.5 * (x[i] + x[i - 1])


def shift(x, k):
    for i in range(len(x)):
        x[i] = add(x[i], k)


def add(a, b):
    for _ in range(3):
        a = a + b
    return a


def unused(x):
    for v in x:
        print(v)


def plain():
    return 1


smooth(x)
shift(x, 2.0)
'''


def conure_command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "conure", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_command_explain(golden, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    for function in ("", ":smooth"):
        got = conure_command(tmp_path, "explain", f"script.py{function}")
        assert got.returncode == 0, got.stderr
        text = got.stdout.replace(f"{tmp_path}/", "").rstrip("\n")
        golden(f"explain/command{function.replace(':', '_')}.txt", text)


def test_command_explain_of_what_fails(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT + "import sys\nsys.exit(5)\n")
    got = conure_command(tmp_path, "explain", "script.py:smooth")
    assert got.returncode == 5
    assert "# serial" in got.stdout
    got = conure_command(tmp_path, "explain", "script.py:smoth")
    assert (got.returncode, got.stdout) == (2, "")
    assert got.stderr == "conure: there is no function 'smoth' in script.py\n"
