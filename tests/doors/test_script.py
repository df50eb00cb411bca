"""`python -m conure script.py`: what a script prints, raises and returns is what CPython's does."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

LOOP = """
import numpy as np
x = np.arange(1000.0)
for i in range(len(x)):
    x[i] = 2 * x[i]
"""

SCRIPTS = {
    "what it sees of itself": """
        import sys
        print(sys.argv, __name__, __file__, __doc__, __package__, __spec__, __cached__)
        print(type(__loader__).__name__, sys.path[0], sys.modules["__main__"].__file__)
        print(sorted(k for k in globals() if "conure" not in k))
    """,
    "docstring and future": '''
        """A text."""
        from __future__ import annotations
        import numpy as np
        x: Missing = np.zeros(500)
        for i in range(500):
            x[i] = i
        print(__doc__, x.sum(), i, __annotations__)
    ''',
    "exit code": "import sys; sys.exit(3)",
    "exit message": "import sys; sys.exit('no good')",
    "exit from a loop": """
        for i in range(10):
            if i == 5:
                raise SystemExit(i)
    """,
    "error at module level": LOOP + "for i in range(2000):\n    x[i] = 1.0\n",
    "error in a function": LOOP
    + """
def fill(x, n):
    for i in range(n):
        x[i] = 1.0
    return i

try:
    fill(x, 1001)
except IndexError as error:
    print(error, x[:3])
class Box:
    def work(self):
        fill(x, 1001)
Box().work()
""",
    "chained errors": """
        import numpy as np
        x = np.zeros(3)
        def f(n):
            for i in range(n):
                x[i] = 1
        try:
            f(4)
        except IndexError as error:
            raise ValueError("outer") from error
    """,
    "unbound name": """
        for i in range(3):
            y = i + z
    """,
    "syntax error": "x = 1\nfor i in range(3)\n    print(i)\n",
    "late syntax error": "x = 1\nfor i in range(3):\n    pass\nreturn x\n",
    "syntax error at run time": "eval('1 +')",
    "own exception hook": """
        import sys
        sys.excepthook = lambda kind, error, trace: print("hook", kind.__name__, error)
        for i in range(3):
            [][i]
    """,
    "at exit": "import atexit\natexit.register(print, 'bye')\nraise KeyError('k')\n",
    "warning": """
        import warnings
        for i in range(3):
            pass
        warnings.warn("careful")
        def f(x):
            for i in range(3):
                if x is 1: pass
            return x
        f(2)
    """,
    "source and pickles": LOOP
    + """
import inspect, pickle
def total(x, start=0.0):
    for v in x:
        start += v
    return start
class Box:
    def __init__(self, k): self.k = k
    def scale(self, x):
        for i in range(len(x)):
            x[i] *= self.k
print(inspect.getsource(total), inspect.getsource(Box.scale), inspect.signature(total))
again = pickle.loads(pickle.dumps(total))
print(again is total, again(x), pickle.loads(pickle.dumps(Box(2))).k)
Box(3).scale(x)
print(x[:4], total.__qualname__, Box.scale.__qualname__, total.__module__)
""",
    "sibling module": "import sibling\nprint(sibling.twice(4), sibling.__name__)\n",
    "main guard": LOOP
    + """
if __name__ == "__main__":
    for k in range(3):
        x[k] = k
    print(x[:5], k)
""",
    "processes": """
        import multiprocessing as mp
        import numpy as np
        def work(n):
            x = np.zeros(n)
            for i in range(n):
                x[i] = i
            return float(x.sum())
        if __name__ == "__main__":
            print(work(1000))
            for way in ("fork", "spawn"):
                with mp.get_context(way).Pool(2) as pool:
                    print(way, pool.map(work, [10, 100, 1000]))
    """,
    "globals seen by functions": LOOP
    + """
scale = 2
def f():
    for i in range(len(x)):
        x[i] = scale
    return x[0]
print(f())
scale = 5
print(f())
for scale in range(7, 9):
    print(f())
s = 0
for i in range(10):
    s += i
    if s > 20: break
else:
    print("else")
print(s, i)
del i
try:
    print(i)
except NameError as error:
    print(error)
""",
    "input": "for line in range(2):\n    print(input())\n",
}


def run(folder: Path, *command: str, **options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder, capture_output=True, text=True, timeout=120, input="one\ntwo\n", **options,
    )  # fmt: skip


def both(folder: Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "sibling.py").write_text("def twice(v):\n    return 2 * v\n")
    (folder / "script.py").write_bytes(textwrap.dedent(text).lstrip("\n").encode())
    want = run(folder, "script.py", *arguments)
    got = run(folder, "-m", "conure", "script.py", *arguments)
    assert (got.returncode, got.stdout) == (want.returncode, want.stdout), got.stderr
    assert got.stderr == want.stderr
    return got


@pytest.mark.parametrize("name", SCRIPTS)
def test_same_as_python(tmp_path, name):
    both(tmp_path, SCRIPTS[name], "--report", "-m", "x")


def test_other_encodings(tmp_path):
    text = "# -*- coding: latin-1 -*-\nfor i in range(2):\n    print(ascii('é'))\n"
    (tmp_path / "script.py").write_bytes(text.encode("latin-1"))
    assert run(tmp_path, "-m", "conure", "script.py").stdout == "'\\xe9'\n'\\xe9'\n"
    (tmp_path / "script.py").write_bytes(b"\xef\xbb\xbfprint('bom')\r\n")
    assert run(tmp_path, "-m", "conure", "script.py").stdout == "bom\n"


def test_from_another_folder(tmp_path):
    folder = tmp_path / "inner"
    folder.mkdir()
    (folder / "sibling.py").write_text("def twice(v):\n    return 2 * v\n")
    (folder / "script.py").write_text("import sys, sibling\nprint(sys.argv, sibling.twice(2))\n")
    (tmp_path / "link.py").symlink_to(folder / "script.py")
    for path in ("inner/script.py", str(folder / "script.py"), "link.py"):
        want = run(tmp_path, path)
        assert run(tmp_path, "-m", "conure", path).stdout == want.stdout != ""


def test_standard_input(tmp_path):
    got = subprocess.run(
        [sys.executable, "-m", "conure", "-", "word"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
        input="import sys\ns = 0\nfor i in range(5):\n    s += i\nprint(s, sys.argv)\n",
    )  # fmt: skip
    assert got.stdout == "10 ['-', 'word']\n", got.stderr


def test_interrupt(tmp_path):
    text = "import time\nprint('ready', flush=True)\nwhile True:\n    time.sleep(0.05)\n"
    (tmp_path / "script.py").write_text(text)
    ended = []
    for command in (["script.py"], ["-m", "conure", "script.py"]):
        with subprocess.Popen(
            [sys.executable, *command],
            cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
            ended.append((process.returncode, errors))
    assert ended[1] == ended[0]


def test_report_lists_the_loops(tmp_path):
    (tmp_path / "script.py").write_text(LOOP + "for i in range(3):\n    print(i)\n")
    for device in ("cpu", "python"):
        command = ("-m", "conure", "--report", "--device", device, "script.py")
        got = run(tmp_path, *command)
        assert got.stdout == "0\n1\n2\n"
        (row,) = [line for line in got.stderr.splitlines() if "script.py:4" in line]
        assert row.split()[1:3] == ["loops", device]
