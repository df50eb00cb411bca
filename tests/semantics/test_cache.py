"""The cache on disk: whatever lies in its folder, answers are right and nothing foreign runs."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("conure")

SCRIPT = """
import sys
import numpy as np
import conure

@conure.jit(device="cpu")
def f(a, b):
    s = 0
    for i in range(a.shape[0]):
        b[i] = a[i] * 3
        s += a[i]
    return s

a = np.arange(1000)
b = np.zeros(1000)
assert f(a, b) == 499500
assert b[7] == 21
print("done")
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def run(folder: Path, script: str = SCRIPT) -> subprocess.CompletedProcess[str]:
    path = folder.parent / "script.py"
    path.write_text(script)
    environment = {**os.environ, "CONURE_CACHE_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "done"
    return done


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_files_are_written_and_used_again(folder):
    run(folder)
    first = {path.name: path.stat().st_mtime_ns for path in files(folder)}
    assert first
    run(folder)
    assert {path.name: path.stat().st_mtime_ns for path in files(folder)} == first


def test_no_temporary_files_stay(folder):
    run(folder)
    assert not [path for path in files(folder) if "temporary" in path.name or "tmp" in path.name]


@pytest.mark.parametrize("length", [0, 1, 20, -1])
def test_truncated_files(folder, length):
    run(folder)
    for path in files(folder):
        data = path.read_bytes()
        path.write_bytes(data[:length])
    run(folder)
    run(folder)


def test_bytes_flipped_in_the_middle(folder):
    run(folder)
    for path in files(folder):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(data)
    run(folder)


@pytest.mark.parametrize("content", [b"", b"\x00" * 5000, b"\x7fELF" + b"x" * 3000, b"{}"])
def test_foreign_files_under_the_right_names(folder, content):
    run(folder)
    for path in files(folder):
        path.write_bytes(content)
    run(folder)


def test_files_exchanged_with_those_of_another_function(folder):
    other = SCRIPT.replace("a[i] * 3", "a[i] * 5").replace("== 21", "== 35")
    run(folder)
    mine = files(folder)
    run(folder, other)
    theirs = [path for path in files(folder) if path not in mine]
    for one, two in zip(mine, theirs, strict=False):
        if one.suffix == two.suffix:
            one.write_bytes(two.read_bytes())
    run(folder)
    run(folder, other)


def test_files_of_another_folder(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    run(elsewhere)
    run(folder)
    for path in files(folder):
        if not path.name.startswith("secret"):
            path.write_bytes(
                (elsewhere / path.name).read_bytes() if (elsewhere / path.name).exists() else b"?"
            )
    run(folder)


def test_directories_and_links_in_place_of_files(folder, tmp_path):
    run(folder)
    target = tmp_path / "target"
    target.write_bytes(b"untouched")
    for number, path in enumerate(files(folder)):
        path.unlink()
        if number % 2:
            path.symlink_to(target)
        else:
            path.mkdir()
    run(folder)
    assert target.read_bytes() == b"untouched"


def test_named_pipe_in_place_of_a_file(folder):
    run(folder)
    for path in files(folder):
        path.unlink()
        os.mkfifo(path)
    run(folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unwritable for root")
def test_unwritable_folder(folder):
    folder.mkdir(mode=0o500)
    run(folder)


def test_folder_that_cannot_be_made(folder, tmp_path):
    (tmp_path / "file").write_text("a file, no folder")
    environment = {**os.environ, "CONURE_CACHE_DIR": str(tmp_path / "file" / "cache")}
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )
    assert done.stdout.strip() == "done", done.stderr


def test_folder_in_a_place_without_room(tmp_path):
    environment = {**os.environ, "CONURE_CACHE_DIR": "/dev/full/cache"}
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )
    assert done.stdout.strip() == "done", done.stderr


def test_world_writable_folder_is_not_used(folder):
    folder.mkdir()
    folder.chmod(0o777)
    run(folder)
    assert not [path for path in files(folder) if path.stat().st_size > 100]


def test_world_writable_file_is_not_used(folder):
    run(folder)
    for path in files(folder):
        path.chmod(0o666)
    run(folder)


def test_new_folder_and_files_are_private(folder):
    run(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(not stat.S_IMODE(path.stat().st_mode) & 0o077 for path in files(folder))


def test_concurrent_writers(folder):
    path = folder.parent / "script.py"
    path.write_text(SCRIPT)
    environment = {**os.environ, "CONURE_CACHE_DIR": str(folder)}
    processes = [
        subprocess.Popen(
            [sys.executable, str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(6)
    ]
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert output.strip() == "done", errors
    run(folder)


def test_folder_removed_between_calls(folder):
    script = SCRIPT.replace(
        'print("done")',
        """
import os, shutil
shutil.rmtree(os.environ["CONURE_CACHE_DIR"], ignore_errors=True)
assert f(a.astype(float), b) == 499500.0
print("done")""",
    )
    run(folder, script)
    shutil.rmtree(folder, ignore_errors=True)
    run(folder)


def test_cache_turned_off(folder):
    path = folder.parent / "script.py"
    path.write_text(SCRIPT)
    environment = {**os.environ, "CONURE_CACHE_DIR": str(folder), "CONURE_CACHE": "0"}
    done = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )
    assert done.stdout.strip() == "done", done.stderr
    assert not folder.exists() or not files(folder)


def test_changed_helper_in_another_file_is_noticed(folder):
    helper = folder.parent / "weights.py"
    script = "import sys\nsys.dont_write_bytecode = True\n" + SCRIPT.replace(
        "import conure\n", "import conure\nimport weights\n"
    ).replace("a[i] * 3", "weights.weight(a[i])")
    helper.write_text("def weight(x):\n    return x * 3\n")
    run(folder, script)
    helper.write_text("def weight(x):\n    return x * 5\n")
    run(folder, script.replace("== 21", "== 35"))
