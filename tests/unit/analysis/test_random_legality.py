"""Swaps, and loops cut in pieces, on random nests: the answer `Yes` never changes a result."""

from __future__ import annotations

import graphlib
import itertools
import random
from dataclasses import replace

import numpy as np
import pytest

from conure.analysis.legality import Yes, dependences, may_interchange
from conure.analysis.parallel import judge_of
from conure.ir.nodes import For, Program, Stmt
from conure.ir.parse import parse
from conure.ir.walk import map_expressions
from tests.unit.analysis.oracle import FailedError, Trace


def subscript(rng: random.Random, first: str, second: str) -> str:
    text = f"{rng.choice((0, 1, 1, 1, -1, 2))} * {first} + {rng.choice((0, 0, 1, -1))} * {second}"
    return f"{text} + {rng.choice((0, 1, 2, 5, 'n', 'b'))}"


def access(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return f"av[{subscript(rng, 'i', 'j')}]"
    return f"{rng.choice(('cv', 'dv'))}[{subscript(rng, 'i', 'j')}, {subscript(rng, 'j', 'i')}]"


def nest(rng: random.Random) -> Program:
    lines = [f"{access(rng)} = {access(rng)} + {access(rng)}" for _ in range(rng.choice((1, 1, 2)))]
    if rng.random() < 0.3:
        lines = [f"if i < j + {rng.choice((0, 1, -1))} {{", *lines, "}"]
    bounds = [rng.choice(("0:n", "1:n", "n:0:-1", "0:n:2")) for _ in "ij"]
    if rng.random() < 0.2:
        bounds[1] = "0:i"
    text = f"for i in {bounds[0]} {{ for j in {bounds[1]} {{\n" + "\n".join(lines) + "\n} }"
    header = "program p(av: f64[1]C, cv: f64[2]C, dv: f64[2]C, n: int, b: int)"
    return parse(f"{header} {{ {text} }}")


def outcome(program: Program, n: int, b: int) -> list[np.ndarray] | None:
    arrays = {
        "av": np.arange(40.0),
        "cv": np.arange(1600.0).reshape(40, 40) % 17,
        "dv": np.arange(1600.0).reshape(40, 40) % 13,
    }
    trace = Trace(program, {**arrays, "n": n, "b": b})
    try:
        trace.run()
    except FailedError:
        return None
    return list(trace.arrays.values())


def same(one: Program, two: Program) -> bool:
    for n, b in itertools.product((0, 1, 3, 6), (0, 1, 4)):
        before, after = outcome(one, n, b), outcome(two, n, b)
        if before is not None:
            assert after is not None
            if not all(np.array_equal(x, y) for x, y in zip(before, after, strict=True)):
                return False
    return True


@pytest.mark.parametrize("block", range(20))
def test_interchange_is_never_wrong(block: int) -> None:
    for seed in range(10):
        program = nest(random.Random(block * 10 + seed))
        if not isinstance(may_interchange(judge_of(program), "i", "j"), Yes):
            continue
        (outer,) = program.body
        assert isinstance(outer, For)
        (inner,) = outer.body
        assert isinstance(inner, For)
        swapped = replace(inner, body=(replace(outer, body=inner.body),))
        assert same(program, program.with_body((swapped,)))


def groups_of(after: list[set[int]]) -> list[list[int]]:
    """Statements that depend on each other in a circle together, and else in their order."""
    order = graphlib.TopologicalSorter[frozenset[int]]()
    reach = {p: closure(after, p) for p in range(len(after))}
    home = {p: frozenset(q for q in reach[p] if p in reach[q]) for p in reach}
    for p, others in enumerate(after):
        order.add(home[p])
        for q in others:
            if home[q] != home[p]:
                order.add(home[q], home[p])
    return [sorted(group) for group in order.static_order()]


def closure(after: list[set[int]], start: int) -> set[int]:
    found, new = {start}, [start]
    while new:
        for q in after[new.pop()] - found:
            found.add(q)
            new.append(q)
    return found


def cut(loop: For, group: list[int], number: int) -> Stmt:
    body = tuple(loop.body[at] for at in sorted(group))
    new = replace(loop, index=f"{loop.index}.{number}", body=body)

    def renamed(expr: object) -> object:
        name = getattr(expr, "name", None)
        if name != loop.index:
            return expr
        return replace(expr, name=new.index)  # a node that has a name

    return map_expressions(new, renamed)  # nodes in, nodes out


@pytest.mark.parametrize("block", range(20))
def test_distribution_is_never_wrong(block: int) -> None:
    for seed in range(10):
        rng = random.Random(block * 10 + seed)
        lines = []
        for _ in range(4):
            left, *right = (
                f"{rng.choice('abe')}v[{rng.choice((1, 1, 2))} * i + {rng.randint(0, 3)}]"
                for _ in range(3)
            )
            lines.append(f"{left} = {right[0]} + {right[1]}")
        text = f"for i in {rng.choice(('0:n', 'n:0:-1', '1:n:2'))} {{\n" + "\n".join(lines) + "\n}"
        arrays = "av: f64[1]C, bv: f64[1]C, ev: f64[1]C"
        program = parse(f"program p({arrays}, n: int, b: int) {{ {text} }}")
        groups = groups_of(dependences(program, "i"))
        assert sorted(at for group in groups for at in group) == [0, 1, 2, 3]
        (loop,) = program.body
        assert isinstance(loop, For)
        parts = tuple(cut(loop, group, number) for number, group in enumerate(groups))
        assert run(program, 9) == run(program.with_body(parts), 9)


def run(program: Program, n: int) -> list[list[float]]:
    arrays = {name: np.arange(40.0) * factor for name, factor in (("av", 1), ("bv", 3), ("ev", 7))}
    trace = Trace(program, {**arrays, "n": n, "b": 0})
    trace.run()
    return [array.tolist() for array in trace.arrays.values()]
