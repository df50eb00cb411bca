"""Verdicts on random nests, against a run by hand."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from conure.analysis.parallel import Parallel, judge_all
from conure.ir.nodes import Program
from conure.ir.parse import parse
from conure.passes.uncheck import uncheck
from tests.unit.analysis.oracle import AssumedError, FailedError, Trace, conflicts, exposed

SIZES = (0, 1, 2, 5, 7)


def affine(rng: random.Random, indices: list[str]) -> str:
    terms = []
    for index in rng.sample(indices, rng.randint(0, len(indices))):
        factor = rng.choice((1, 1, 1, 1, -1, 2, 3, -2))
        terms.append(f"{factor} * {index}")
    terms.append(rng.choice(("0", "0", "1", "2", "-1", "n", "b", "n - 1", "b", "k")))
    text = " + ".join(terms)
    if rng.random() < 0.15:
        text = f"({text}) // {rng.choice((2, 3))}"
    elif rng.random() < 0.15:
        text = f"({text}) % {rng.choice(('2', 'n', '5'))}"
    elif rng.random() < 0.1 and len(indices) > 1:
        text = f"{indices[0]} * m + {indices[1]}"
    return text


def access(rng: random.Random, indices: list[str], checked: bool) -> str:
    mark = "?" if checked else ""
    if rng.random() < 0.6:
        return f"{rng.choice('ab')}v{mark}[{affine(rng, indices)}]"
    return f"cv{mark}[{affine(rng, indices)}, {affine(rng, indices)}]"


def statements(rng: random.Random, indices: list[str], depth: int, checked: bool) -> list[str]:
    lines = []
    for _ in range(rng.randint(1, 3)):
        choice = rng.random()
        if depth < 3 and choice < 0.45:
            lines += loop(rng, indices, depth, checked)
        elif depth < 4 and choice < 0.55:
            inner = statements(rng, indices, max(depth + 1, 3), checked)
            relation = rng.choice(("<", "<=", ">", "==", "!="))
            lines += [
                f"if {affine(rng, indices)} {relation} {affine(rng, indices)} {{",
                *inner,
                "}",
            ]
        elif choice < 0.65:
            lines.append(f"k = {rng.choice(('k + 2', 'k + 1', affine(rng, indices)))}")
        elif choice < 0.72:
            lines.append(f"s = s + {access(rng, indices, checked)}")
        elif choice < 0.78:
            lines.append(f"t = {access(rng, indices, checked)}")
        else:
            value = f"{access(rng, indices, checked)} + t" if rng.random() < 0.7 else "1.0:f64"
            lines.append(f"{access(rng, indices, checked)} = {value}")
    return lines


def loop(rng: random.Random, indices: list[str], depth: int, checked: bool) -> list[str]:
    index = f"x{len(indices)}{rng.randint(0, 10**6)}"
    low = rng.choice(("0", "0", "0", "1", "b", indices[-1] if indices else "0"))
    high = rng.choice(("n", "n", "n", "n - 1", "m", "5", indices[-1] if indices else "n"))
    header = f"{low}:{high}"
    if rng.random() < 0.25:
        header = rng.choice((f"{low}:{high}:2", f"{high}:{low}:-1", f"{high}:{low}:-3"))
    body = statements(rng, [*indices, index], depth + 1, checked)
    return [f"for {index} in {header} {{", *body, "}"]


def program(seed: int, checked: bool) -> Program:
    rng = random.Random(seed)
    lines = loop(rng, [], 0, checked)
    text = "\n".join(["local s: f64", "local t: f64", "local k: int", *lines])
    header = "program p(av: f64[1]C, bv: f64[1]C, cv: f64[2]C, n: int, m: int, b: int)"
    return parse(f"{header} -> s, t {{\n{text}\n}}")


def arguments(n: int, m: int, b: int, room: int) -> dict[str, object]:
    return {
        "av": np.arange(float(room)),
        "bv": np.arange(float(room)),
        "cv": np.ones((room, room)),
        "n": n,
        "m": m,
        "b": b,
    }


def traces(found: Program, index: str, guard: object, room: int) -> list[Trace]:
    result = []
    for n, m, b in itertools.product((0, 1, 2, 5), (1, 4), (-2, 0, 1, 3)):
        trace = Trace(found, arguments(n, m, b, room), index, guard=guard)
        try:
            trace.run()
        except (FailedError, ZeroDivisionError):
            pass
        else:
            result.append(trace)
    return result


def contradictions(found: Program, room: int) -> list[str]:
    wrong = []
    for index, verdict in judge_all(found).items():
        if not isinstance(verdict, Parallel):
            continue
        ignored = {*verdict.private, *(r.name for r in verdict.reductions)}
        for trace in traces(found, index, verdict.guard, room):
            names = conflicts(trace, ignored) | exposed(trace, verdict.private)
            if names:
                values = {k: v for k, v in trace.args.items() if isinstance(v, int)}
                wrong.append(f"{index} {values} {names} {verdict}")
                break
    return wrong


@pytest.mark.parametrize("seed", range(150))
def test_no_parallel_loop_has_dependent_iterations(seed: int) -> None:
    assert not contradictions(program(seed, checked=seed % 2 == 0), room=40 if seed % 3 else 9)


@pytest.mark.parametrize("seed", range(60))
def test_no_unchecked_access_is_out_of_range(seed: int) -> None:
    fast = uncheck(program(seed, checked=True))
    for room in (1, 5, 9, 40):
        for n, m, b in itertools.product((0, 1, 2, 5), (1, 4), (-2, 0, 3)):
            trace = Trace(fast, arguments(n, m, b, room))
            try:
                trace.run()
            except (FailedError, AssumedError, ZeroDivisionError):
                assert not trace.out_of_range
