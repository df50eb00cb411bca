"""The cache on disk: what is not as it was written is never used, and nothing ever fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from conure.artifact import ArgumentSlot, Artifact, ResultSlot, scalar_argument
from conure.configuration import Config
from conure.runtime import cache as module
from conure.runtime.cache import Cache, cache_for, content_key, default_folder

ARTIFACT = Artifact(
    key=content_key("program"),
    code=bytes(range(256)) * 20,
    entry="entry",
    arguments=(ArgumentSlot("x", "array", "f64", 2, "S", True), scalar_argument("n", "int")),
    results=(ResultSlot("s", "f64", "s.kind", "s.bound"), ResultSlot("s.kind", "bool")),
    parallel=True,
    reports=({"line": 3, "verdict": "parallel"},),
)


@pytest.fixture(name="notes")
def collected_notes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(module, "note", texts.append)
    return texts


def only_file(folder: Path) -> Path:
    (path,) = folder.glob("*.artifact")
    return path


def test_what_was_put_comes_back_in_another_cache(tmp_path: Path, notes: list[str]) -> None:
    Cache(tmp_path / "a" / "b").put(ARTIFACT)
    other = Cache(tmp_path / "a" / "b")
    assert other.get(ARTIFACT.key) == ARTIFACT
    assert other.get("another") is None
    assert notes == []
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    assert only_file(tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o600
    assert not list((tmp_path / "a" / "b").glob("*.temporary"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:20],
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: b"X" + data[1:],
        lambda data: data[:70] + bytes([data[70] ^ 1]) + data[71:],
        lambda data: data[:-9] + bytes([data[-9] ^ 128]) + data[-8:],
        lambda data: bytes(len(data)),
    ],
)
def test_damage_is_noticed(
    tmp_path: Path, notes: list[str], damage: Callable[[bytes], bytes]
) -> None:
    cache = Cache(tmp_path)
    cache.put(ARTIFACT)
    path = only_file(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get(ARTIFACT.key) is None
    assert len(notes) == 1
    assert not path.exists()
    cache.put(ARTIFACT)
    assert cache.get(ARTIFACT.key) == ARTIFACT


def test_an_artifact_under_another_key_is_refused(tmp_path: Path, notes: list[str]) -> None:
    cache = Cache(tmp_path)
    cache.put(ARTIFACT)
    only_file(tmp_path).rename(cache._path("other"))
    assert cache.get("other") is None
    assert len(notes) == 1


def test_what_another_version_wrote_is_refused(
    tmp_path: Path, notes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker pool's own code has a key in which no version of ours takes part."""
    facts = {name: value for name, value in ARTIFACT.to_json().items() if name != "parallel"}
    with monkeypatch.context() as before:
        before.setattr(Artifact, "to_json", lambda self: facts)
        Cache(tmp_path).put(ARTIFACT)
    assert Cache(tmp_path).get(ARTIFACT.key) is None
    assert len(notes) == 1
    assert not list(tmp_path.glob("*.artifact"))


def test_an_artifact_of_another_folder_is_refused(tmp_path: Path, notes: list[str]) -> None:
    there, here = Cache(tmp_path / "there"), Cache(tmp_path / "here")
    there.put(ARTIFACT)
    here.put(ARTIFACT)
    only_file(tmp_path / "here").write_bytes(only_file(tmp_path / "there").read_bytes())
    assert here.get(ARTIFACT.key) is None
    assert len(notes) == 1


def test_links_and_pipes_are_refused(tmp_path: Path, notes: list[str]) -> None:
    cache = Cache(tmp_path)
    cache.put(ARTIFACT)
    path = only_file(tmp_path)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert cache.get(ARTIFACT.key) is None
    os.mkfifo(path)
    assert cache.get(ARTIFACT.key) is None
    assert len(notes) == 2


def test_what_others_can_write_is_refused(tmp_path: Path, notes: list[str]) -> None:
    cache = Cache(tmp_path)
    cache.put(ARTIFACT)
    only_file(tmp_path).chmod(0o666)
    assert cache.get(ARTIFACT.key) is None
    assert "can be written by other users" in notes[0]
    cache.put(ARTIFACT)
    tmp_path.chmod(0o777)
    open_folder = Cache(tmp_path)
    assert open_folder.get(ARTIFACT.key) is None
    open_folder.put(ARTIFACT)
    assert "can be written by other users" in notes[1]
    assert len(notes) == 2


def test_what_belongs_to_another_user_is_refused(
    tmp_path: Path, notes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Cache(tmp_path).put(ARTIFACT)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert Cache(tmp_path).get(ARTIFACT.key) is None
    assert "belongs to another user" in notes[0]


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path, notes: list[str]) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "folder")
    assert cache.get(ARTIFACT.key) is None
    cache.put(ARTIFACT)
    assert len(notes) == 1
    assert "not kept on disk" in notes[0]


def test_a_damaged_secret_is_replaced(tmp_path: Path, notes: list[str]) -> None:
    Cache(tmp_path).put(ARTIFACT)
    (tmp_path / "secret").write_bytes(b"short")
    assert Cache(tmp_path).get(ARTIFACT.key) is None
    Cache(tmp_path).put(ARTIFACT)
    assert Cache(tmp_path).get(ARTIFACT.key) == ARTIFACT


def test_writers_at_once(tmp_path: Path, notes: list[str]) -> None:
    def work() -> None:
        for _ in range(20):
            cache = Cache(tmp_path)
            cache.put(ARTIFACT)
            kept.append(cache.get(ARTIFACT.key) == ARTIFACT)

    kept: list[bool] = []
    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept == [True] * 120
    assert notes == []


PROGRAM = """
import sys
from pathlib import Path
from tests.unit.runtime.test_cache import ARTIFACT
from conure.runtime.cache import Cache
for _ in range(50):
    cache = Cache(Path(sys.argv[1]))
    cache.put(ARTIFACT)
    assert cache.get(ARTIFACT.key) == ARTIFACT
"""


def test_processes_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "new")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [subprocess.Popen(command, env=environment) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]


def test_the_oldest_go_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=20_000)
    for number in range(6):
        artifact = Artifact(str(number), bytes(5000), "entry")
        cache.put(artifact)
        os.utime(cache._path(str(number)), (number, number))
    cache.sweep()
    assert [cache.get(str(number)) is not None for number in range(6)] == [False] * 3 + [True] * 3
    assert cache.size()[0] == 3
    cache.clear()
    assert cache.size() == (0, 0)


def test_the_options_choose_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_for(Config(cache=False)) is None
    chosen = cache_for(Config(cache_dir=str(tmp_path)))
    assert chosen is not None
    assert chosen.folder == str(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == str(tmp_path / "conure")


def test_keys_do_not_run_together() -> None:
    assert content_key("ab", "c") != content_key("a", "bc") != content_key("abc")


def test_slots_survive_json() -> None:
    facts = json.loads(json.dumps(ARTIFACT.to_json()))
    assert Artifact.from_json(facts, ARTIFACT.code) == ARTIFACT
