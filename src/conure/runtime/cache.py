"""Artifacts on disk, so that a new process need not compile again.

A file is trusted only if nobody else could have written it and all of it is as it was written:

- the folder and the file belong to this user, and no other user may write to them;
- the file's tag is the HMAC-SHA256 of its key and content under a secret that lies in the
  folder: a truncated or damaged file, one under another key's name, or one brought from
  elsewhere does not have it.

What fails is noted once, removed where that is possible, and never executed. Files are written
under a temporary name and renamed, so readers see all of a file or none, and of several writers
the last one wins. A hit costs 60 us.

    cache = Cache(folder)
    cache.put(artifact)
    cache.get(artifact.key) == artifact
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import json
import os
import stat
import struct
import sys
import time
from collections.abc import Callable
from typing import Final

from conure.artifact import Artifact
from conure.configuration import Config
from conure.errors import CacheError
from conure.runtime.events import note

FORMAT: Final = 2
"""Counts changes of the file's layout; it is part of the magic number and of every key."""

_MAGIC: Final = b"CONURE" + FORMAT.to_bytes(2, "little")
_HEADER: Final = struct.Struct("<8sQQ32s")  # magic, length of facts, length of code, tag
_SUFFIX: Final = ".artifact"
_TEMPORARY: Final = ".temporary"
_SECRET: Final = "secret"
_LIMIT: Final = 512 << 20
_PUTS_PER_SWEEP: Final = 64
_DAY: Final = 86_400.0


def content_key(*parts: str) -> str:
    """The key of what these texts determine; never the same for two different lists."""
    digest = hashlib.sha256()
    for part in (str(FORMAT), *parts):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def default_folder() -> str:
    """`$XDG_CACHE_HOME/conure`, or `.cache/conure` in the user's home."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(home):
        home = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "conure")


@functools.cache
def cache_for(config: Config) -> Cache | None:
    """The cache that these options ask for."""
    if not config.cache:
        return None
    folder = os.path.expanduser(config.cache_dir) if config.cache_dir else default_folder()
    return Cache(folder)


class Cache:
    """Artifacts in one folder, bounded in size; the oldest go first."""

    def __init__(self, folder: str | os.PathLike[str], limit: int = _LIMIT) -> None:
        self.folder = os.fspath(folder)
        self.limit = limit
        self._secret: bytes | None = None
        self._usable = True
        self._puts = 0

    def get(self, key: str) -> Artifact | None:
        """The artifact under this key, or None: not there, or not to be trusted (then noted)."""
        if not self._usable:
            return None
        path = self._path(key)
        try:
            secret = self._key_of_tags()
        except (OSError, CacheError) as error:
            self._give_up(error)
            return None
        try:
            return _decode(_read(path), key, secret)
        except FileNotFoundError:
            return None
        except (OSError, CacheError) as error:
            note(f"{error}; it is ignored")
            _remove(path)
            return None

    def put(self, artifact: Artifact) -> None:
        """Keep an artifact; where that is not possible, that is noted and nothing happens."""
        if not self._usable:
            return
        try:
            data = _encode(artifact, self._key_of_tags())
            _write(self._path(artifact.key), data)
            if self._puts % _PUTS_PER_SWEEP == 0:
                self.sweep()
            self._puts += 1
        except (OSError, CacheError) as error:
            self._give_up(error)

    def clear(self) -> None:
        """Remove all artifacts; other files in the folder stay."""
        for path, _size, _age in self._files():
            _remove(path)

    def size(self) -> tuple[int, int]:
        """The number of artifacts and their bytes."""
        sizes = [size for _path, size, _age in self._files()]
        return len(sizes), sum(sizes)

    def sweep(self) -> None:
        """Remove the oldest artifacts beyond the limit, and what dead writers left behind."""
        now = time.time()
        total = 0
        for path, size, written in sorted(self._files(), key=lambda file: -file[2]):
            abandoned = path.endswith(_TEMPORARY) and now - written > _DAY
            total += size
            if abandoned or total > self.limit:
                _remove(path)

    def _files(self) -> list[tuple[str, int, float]]:
        found = []
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    if entry.name.endswith((_SUFFIX, _TEMPORARY)):
                        facts = entry.stat(follow_symlinks=False)
                        found.append((entry.path, facts.st_size, facts.st_mtime))
        except OSError:
            return []
        return found

    def _path(self, key: str) -> str:
        name = hashlib.sha256(key.encode()).hexdigest() + _SUFFIX
        return os.path.join(self.folder, name)

    def _key_of_tags(self) -> bytes:
        """The folder's secret; made with the folder at first use."""
        if self._secret is None:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            _refuse_foreign(self.folder, os.stat(self.folder), stat.S_ISDIR)
            path = os.path.join(self.folder, _SECRET)
            try:
                secret = _read(path)
            except FileNotFoundError:
                _write(path, os.urandom(32), replace=False)
                secret = _read(path)
            if len(secret) != 32:
                _remove(path)
                raise CacheError(f"{path} is damaged")
            self._secret = secret
        return self._secret

    def _give_up(self, error: Exception) -> None:
        self._usable = False
        note(f"compiled code is not kept on disk: {error}")


def _encode(artifact: Artifact, secret: bytes) -> bytes:
    facts = json.dumps(artifact.to_json(), separators=(",", ":")).encode()
    tag = _tag(secret, artifact.key, facts, artifact.code)
    return _HEADER.pack(_MAGIC, len(facts), len(artifact.code), tag) + facts + artifact.code


def _decode(data: bytes, key: str, secret: bytes) -> Artifact:
    if len(data) < _HEADER.size:
        raise CacheError("a file of the cache of compiled code is truncated")
    magic, facts_length, code_length, tag = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        raise CacheError("a file of the cache of compiled code is of another format")
    if len(data) != _HEADER.size + facts_length + code_length:
        raise CacheError("a file of the cache of compiled code has not its full length")
    facts = data[_HEADER.size : _HEADER.size + facts_length]
    code = data[_HEADER.size + facts_length :]
    if not hmac.compare_digest(tag, _tag(secret, key, facts, code)):
        raise CacheError("a file of the cache of compiled code is damaged or foreign")
    try:
        return Artifact.from_json(json.loads(facts), code)
    except (LookupError, TypeError, ValueError) as error:
        raise CacheError("a file of the cache of compiled code is of another version") from error


def _tag(secret: bytes, key: str, facts: bytes, code: bytes) -> bytes:
    digest = hmac.new(secret, digestmod=hashlib.sha256)
    for part in (_MAGIC, key.encode(), facts, code):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()


def _read(path: str) -> bytes:
    # Neither through a link nor from a pipe that would block for ever.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CacheError(f"{path} cannot be read: {error.strerror}") from error
    with open(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        _refuse_foreign(path, facts, stat.S_ISREG)
        if time.time() - facts.st_mtime > _DAY and os.access(path, os.W_OK):
            os.utime(path)  # eviction counts from the last day of use
        return file.read()


def _write(path: str, data: bytes, replace: bool = True) -> None:
    temporary = f"{path}.{os.urandom(8).hex()}{_TEMPORARY}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(data)
        if replace:
            os.replace(temporary, path)
        else:
            _link(temporary, path)
    finally:
        _remove(temporary)


def _link(temporary: str, path: str) -> None:
    """Give a finished file its name unless somebody else was first."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links: the last writer wins
        os.replace(temporary, path)


def _refuse_foreign(path: str, facts: os.stat_result, of_kind: Callable[[int], bool]) -> None:
    if not of_kind(facts.st_mode):
        raise CacheError(f"{path} is not what it should be")
    if sys.platform == "win32":  # there the folders of users are closed to others
        return
    if facts.st_uid != os.geteuid():
        raise CacheError(f"{path} belongs to another user")
    if facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise CacheError(f"{path} can be written by other users")


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
