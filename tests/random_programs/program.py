"""A seed becomes a program: the text of a module with `f` and `arguments`.

>>> program = build(3)
>>> "def f(" in program.source and "def arguments():" in program.source
True
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.oracle import EXACT, Outcome, Tolerance, observe

from .arguments import draw_arguments
from .builder import Builder, indented
from .expressions import Expressions
from .loops import loop
from .scope import Draw, Scalar, Scope
from .statements import block, scratch

HEADER = """import cmath
import math

import numpy as np

from tests.random_programs.data import array, readonly
"""
HELPERS = {
    ("scaled", "f"): "def scaled(x, y):\n    return x * 2.0 - y",
    ("clipped", "f"): "def clipped(x, y=1.0):\n    if x > y:\n        return y\n    return x",
    ("halved", "f"): "def halved(x, y):\n    t = x * 0.5\n    return t if t < y else -t",
    ("put", "store"): "def put(target, place, value):\n    target[place] = value",
    ("damp", "store"): "def damp(target, place, value):\n"
    "    target[place] = target[place] * 0.5 if value > 0 else value",
}
GLOBALS = {"i": ("COUNT", ["3", "-2", "7"]), "f": ("FACTOR", ["2.5", "-0.5", "0.25"])}
TRIES = 8


@dataclass(frozen=True)
class Program:
    """The source of a module, and how exactly its results are to be compared."""

    seed: int
    source: str
    tolerance: Tolerance


@dataclass(frozen=True)
class Loaded:
    """A program that has been executed: its function and a maker of fresh arguments."""

    function: Callable[..., Any]
    arguments: Callable[[], tuple[Any, ...]]
    filename: str


def load(source: str, filename: str) -> Loaded:
    """Write the module to `filename` (so that its source can be inspected) and execute it."""
    with open(filename, "w") as file:
        file.write(source)
    module = types.ModuleType("random_program")
    module.__file__ = filename
    exec(compile(source, filename, "exec"), module.__dict__)
    return Loaded(module.f, module.arguments, filename)


def build(seed: int, filename: str = "") -> Program:
    """The program of a seed, redrawn a few times until it raises nothing, or (one of four) does.

    `filename` is where drafts may be written.
    """
    sensible = Draw(seed).chance(0.75)
    for attempt in range(TRIES):
        program = draw_program(seed, attempt, sensible)
        if not filename or sensible != bool(run_plainly(program, filename).error):
            break
    return program


def run_plainly(program: Program, filename: str) -> Outcome:
    """What CPython does with the program."""
    loaded = load(program.source, filename)
    return observe(loaded.function, loaded.arguments(), filename)


def draw_program(seed: int, attempt: int, sensible: bool = True) -> Program:
    """One try at the program of a seed."""
    draw = Draw(seed * 1000 + attempt)
    mode = draw.weighted([(0.7, "exact"), (0.3, "approximate")])
    scope = Scope(draw, mode, wild=draw.pick([0.0, 0.02] if sensible else [0.05, 0.15, 0.3]))
    scope.statements = draw.between(2, 12)
    made = draw_arguments(scope, seed * 100)
    builder = Builder(scope, Expressions(scope), block)
    preamble = _helpers(scope)
    body = _body(builder)
    result = _result(scope)
    parameters = ", ".join(made.parameters)
    source = "\n".join(
        [
            HEADER,
            *preamble,
            "",
            f"def f({parameters}):",
            *indented(body + result),
            "",
            "",
            "def arguments():",
            *indented(made.lines),
            f"    return ({parameters}{',' if parameters else ''})",
            "",
        ]
    )
    return Program(seed, source, _tolerance(scope, source))


def _helpers(scope: Scope) -> list[str]:
    """User functions and globals."""
    lines: list[str] = []
    for (name, kind), text in HELPERS.items():
        if scope.draw.chance(0.2):
            scope.helpers.append((name, kind))
            lines += ["", "", text]
    for kind, (name, values) in GLOBALS.items():
        if scope.draw.chance(0.15):
            value = scope.draw.pick(values) if scope.mode == "exact" else "2"
            lines += ["", f"{name} = {value}"]
            scope.bind(Scalar(name, kind))
    return [*lines, ""]


def _body(builder: Builder) -> list[str]:
    """A few scalars, then one to three loop nests."""
    scope, draw = builder.scope, builder.draw
    lines: list[str] = []
    for _ in range(draw.between(0, 2)):
        kind = draw.pick("if")
        lines += builder.private(
            kind,
            builder.expressions.leaf(kind) if draw.chance(0.3) else {"i": "2", "f": "0.5"}[kind],
        )
    if draw.chance(0.2):
        lines += scratch(builder, 0)
    for _ in range(draw.weighted([(5.0, 1), (2.5, 2), (1.0, 3)])):
        depth = draw.weighted([(3.0, 1), (4.0, 2), (2.0, 3), (0.5, 4)])
        scope.statements = max(scope.statements, 2)
        lines += loop(builder, depth)
    return lines


def _result(scope: Scope) -> list[str]:
    """What is returned: scalars that the loops leave, loop variables, arrays."""
    draw = scope.draw
    names = list(dict.fromkeys(scope.results))
    kept = draw.random.sample(names, min(len(names), draw.between(0, 4)))
    if draw.chance(0.15):
        kept.append(draw.pick(scope.arrays).name)
    if not kept:
        return []
    return [f"return {', '.join(kept)}"]


def _tolerance(scope: Scope, source: str) -> Tolerance:
    if scope.mode == "exact":
        return EXACT
    narrow = any(name in source for name in ("float32", "complex64", "float16"))
    single = 2e-3 if "float16" in source else 1e-4 + scope.limit * 2.4e-7
    return Tolerance(double=single if narrow else 1e-10, single=single)
