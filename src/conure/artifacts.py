"""The artifact of a program: from the cache on disk, or compiled and put there.

A new process that finds everything in the cache never imports the compiler proper (analysis,
passes, code generation, LLVM): that is what makes a warm start quick.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterator

from conure import __version__
from conure.artifact import Artifact
from conure.codegen.load import load
from conure.configuration import Config
from conure.ir.nodes import Program
from conure.ir.text import key
from conure.runtime import pool
from conure.runtime.cache import cache_for
from conure.runtime.devices import target_of
from conure.target import Target, host


def artifact_of(program: Program, config: Config, careful: bool) -> Artifact:
    """The compiled form of a lowered program, with every check in place or with assumptions."""
    found = ready_artifact(program, config, careful)
    if found is not None:
        return found
    with pool.being_made():  # LLVM starts and compiles the pool while the compiler is imported
        artifact = _make(program, config, careful, _name(program, config, careful))
    cache = cache_for(config)
    if cache is not None:
        cache.put(artifact)
    return artifact


def ready_artifact(program: Program, config: Config, careful: bool) -> Artifact | None:
    """The compiled form, if the cache has it."""
    cache = cache_for(config)
    pool.connect(_assemble, load, cache)
    return cache.get(_name(program, config, careful)) if cache is not None else None


def _name(program: Program, config: Config, careful: bool) -> str:
    variant = "careful" if careful else "fast"
    order, fast_math = config.float_order, str(config.fast_math)
    device = target_of(config.device)
    there = "" if device is None else f"{device.key} {config.strict}"  # which may refuse
    return key(program, variant, order, fast_math, host().key, there, version())


def _make(program: Program, config: Config, careful: bool, name: str) -> Artifact:
    from conure.pipeline import make

    return make(program, config, careful, name)


def _assemble(text: str, target: Target) -> bytes:
    """The worker pool's own code: written by hand, short, and in the way of a first call."""
    from conure.codegen.assemble import assemble

    return assemble(text, target, level=0)


@functools.cache
def version() -> str:
    """What this very compiler is: its version and a digest of its own files' sizes and times."""
    digest = hashlib.sha256(__version__.encode())
    for path, size, changed in sorted(_own_files(os.path.dirname(__file__))):
        digest.update(f"{path} {size} {changed}".encode())
    return digest.hexdigest()


def _own_files(folder: str) -> Iterator[tuple[str, int, int]]:
    """The source files under a folder: name, size and time of the last change (0.4 ms)."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                facts = entry.stat()
                yield entry.name, facts.st_size, facts.st_mtime_ns
            elif entry.is_dir() and entry.name != "__pycache__":
                yield from _own_files(entry.path)
