"""A seed becomes a program: the text of a module with `f(watch)`, whose `np` may be replaced.

>>> source = build(3)
>>> "def f(watch):" in source and "MODE =" in source
True
"""

from __future__ import annotations

import ast
import types
import warnings
from typing import Any

import numpy as np

from tests.random_arrays.readers import created
from tests.random_arrays.scope import Scope, UnsuitableError
from tests.random_arrays.statements import (
    HELPERS,
    Attempt,
    Bind,
    Block,
    Delete,
    See,
    Statement,
    is_write,
    statement,
)
from tests.random_arrays.terms import name
from tests.random_programs.builder import indented
from tests.random_programs.scope import Draw

HEADER = """import numpy as np
import numpy as real

from tests.random_programs.data import array as data
"""
MODES = (
    (1.0, "plain"),
    (5.0, "recorded"),
    (1.0, "compiled"),
    (0.7, "large"),
    (0.15, "large, compiled"),
)
"""How the subject runs it: as it likes, everything recorded, everything compiled."""


def build(seed: int, mode: str = "") -> str:
    """The source of a seed."""
    draw = Draw(seed)
    mode = mode or draw.weighted(MODES)
    large = mode.startswith("large")
    scope = Scope(draw, _dims(draw, large), wild=draw.pick([0.0, 0.02, 0.1]))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        lines = _body(scope, draw.between(3, 8 if large else 16))
    helpers = [text for function, (text, _) in HELPERS.items() if function in scope.env]
    source = "\n\n\n".join(
        [HEADER + f"\nMODE = {mode!r}", *helpers, "\n".join(["def f(watch):", *indented(lines)])]
    )
    return ast.unparse(ast.parse(source)) + "\n"


def _dims(draw: Draw, large: bool) -> tuple[int, int]:
    if large:
        return draw.between(100, 400), draw.between(200, 450)
    if draw.chance(0.06):
        return draw.pick([(0, 4), (3, 0), (0, 0)])
    return draw.between(1, 9), draw.between(1, 9)


def _body(scope: Scope, count: int) -> list[str]:
    """Creations, statements, and all variables seen in the end."""
    done: list[Statement] = []
    for _ in range(scope.draw.between(2, 4)):
        _add(scope, done, Bind(scope.fresh("a"), created(scope)))
    try:
        for _ in range(count):
            _one(scope, done)
    except UnsuitableError:
        pass  # memory may be wrong from here on: the program ends before
    last: list[Statement] = [See(name(each)) for each in scope.names]
    scope.draw.random.shuffle(last)
    for each in last:
        _add(scope, done, each)
    everything = ", ".join(f"{each}={each}" for each in scope.names)
    return [line for each in done for line in each.lines()] + [
        f"watch.memory({bool(scope.plain)}, {everything})"
    ]


def _one(scope: Scope, done: list[Statement]) -> None:
    draw = scope.draw
    if draw.chance(0.06):
        _block(scope, done)
        return
    if draw.chance(0.04) and len(scope.names) > 3:
        _add(scope, done, Delete(draw.pick(scope.names)))
        return
    made = statement(scope)
    if made is not None:
        _add(scope, done, made)


def _add(scope: Scope, done: list[Statement], made: Statement) -> bool:
    """Run it and keep it, if it can be kept."""
    attempt = Attempt(made)
    try:
        attempt.run(scope)
    except UnsuitableError:
        if is_write(made):
            raise
        return False
    done.append(attempt)
    return True


def _block(scope: Scope, done: list[Statement]) -> None:
    """A loop of a few repetitions, or an arm that is taken."""
    draw = scope.draw
    times = draw.between(2, 4) if draw.chance(0.8) else 0
    block, finished = Block("if np.array(True):"), 1
    try:
        for _ in range(draw.between(1, 4)):
            made = statement(scope)
            if made is not None:
                _add(scope, block.body, made)
        for _ in range(times - 1):
            block.run(scope)
            finished += 1
    finally:
        if times:
            block.header = f"for _ in range({finished}):"
        if block.body:
            done.append(block)


# ---- running ---------------------------------------------------------------------------------


def load(source: str, namespace: Any) -> types.ModuleType:
    """The module of a program, in which `np` is the namespace."""
    module = types.ModuleType("random_arrays_program")
    exec(compile(source, "<random arrays>", "exec"), module.__dict__)
    module.__dict__["np"] = namespace
    return module
