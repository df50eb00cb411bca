"""THE list of stages from a lowered program to an artifact, one row each.

`decide` runs the stages that rewrite the program; `compile_program` adds code generation and the
caches. A careful program keeps every check; a fast one has its checks proven away or assumed.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from conure import __version__
from conure.analysis.parallel import judge_all
from conure.artifact import Artifact
from conure.codegen.assemble import assemble
from conure.codegen.cpu import generate
from conure.configuration import Config
from conure.ir.check import check
from conure.ir.nodes import Program
from conure.ir.text import key, show
from conure.passes.parallelize import parallelize
from conure.passes.simplify import simplify
from conure.passes.tidy import tidy
from conure.passes.uncheck import uncheck
from conure.runtime.cache import cache_for
from conure.schedule.choose import choose
from conure.target import Target, host


@dataclass(frozen=True, slots=True)
class Setting:
    """What a stage may depend on besides the program."""

    target: Target
    config: Config
    careful: bool

    @property
    def exact(self) -> bool:
        """Whether float sums keep Python's order."""
        return self.config.float_order == "exact"


@dataclass(frozen=True, slots=True)
class Stage:
    """One row: what it is called, what it does, and why it stands where it stands."""

    name: str
    run: Callable[[Program, Setting], Program]
    why: str


def _mark(program: Program, setting: Setting) -> Program:
    verdicts = judge_all(program, setting.exact)
    return parallelize(program, choose(program, verdicts, setting.target))


TIDY: Final = (
    Stage("simplify", lambda p, s: simplify(p), "fold what is constant, so that later stages see less"),
    Stage("tidy", lambda p, s: tidy(p), "drop what nobody reads"),
)
PROVE: Final = (
    Stage("uncheck", lambda p, s: p if s.careful else uncheck(p), "assume at entry what cannot be proven"),
    Stage("simplify", lambda p, s: simplify(p), "assumptions that are always true go away"),
)
APPLY: Final = (
    Stage("parallelize", _mark, "mark the loops, now that their bodies are final"),
)
STAGES: Final = TIDY + PROVE + APPLY


def decide(
    program: Program, config: Config, careful: bool, stages: tuple[Stage, ...] = STAGES
) -> Program:
    """The program after all stages that rewrite it."""
    setting = Setting(host(), config, careful)
    if config.check:
        check(program)
    for stage in stages:
        program = stage.run(program, setting)
        if config.check:
            check(program)
    if config.verbose >= 2 and stages is STAGES:
        print(show(program))
    return program


def compile_program(program: Program, config: Config, careful: bool) -> Artifact:
    """The artifact of a lowered program: from the cache on disk, or made and put there."""
    target = host()
    name = key(program, "careful" if careful else "fast", config.float_order,
               str(config.fast_math), repr(target), version())  # fmt: skip
    cache = cache_for(config)
    found = cache.get(name) if cache is not None else None
    if found is not None:
        return found
    module = generate(decide(program, config, careful), target, name)
    if config.verbose >= 3:
        print(module.text)
    artifact = module.artifact(assemble(module.text, target))
    if cache is not None:
        cache.put(artifact)
    return artifact


@functools.cache
def version() -> str:
    """What this very compiler is: its version and a digest of its own files' sizes and times."""
    digest = hashlib.sha256(__version__.encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        facts = path.stat()
        digest.update(f"{path.name} {facts.st_size} {facts.st_mtime_ns}".encode())
    return digest.hexdigest()
