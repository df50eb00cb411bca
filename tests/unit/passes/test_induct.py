"""Variables that grow steadily: closed forms have the same values, and loops become parallel."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from conure.analysis.parallel import Parallel, judge_all
from conure.ir.check import check
from conure.ir.evaluate import evaluate
from conure.ir.nodes import Program
from conure.ir.parse import parse
from conure.passes.induct import induct
from conure.passes.uncheck import uncheck
from tests.programs import observed, random_program
from tests.unit.passes.nests import NESTS, nest

HEAD = """program p(a: f64[1]C, b: f64[1]C, c: f64[2]C, q: i64[1]C, k: int, n: int, m: int)
  -> k.out, h.out { local k.out, h.out, l: int k.out = k h.out = k
"""
STEADY = {
    "before": "for i in 0:n { a?[k.out] = b?[i] k.out = k.out +? 2 }",
    "after": "for i in 0:n { k.out = k.out +? 2 a?[k.out] = b?[i] }",
    "both": """for i in 0:n { l = k.out k.out = 3 +? k.out
        a?[k.out] = a?[k.out - 1] + b?[i + l - l] }""",
    "by another": """for i in 0:n { a?[h.out] = b?[i] h.out = h.out +? 1
        k.out = k.out +? h.out }""",
    "down": "for i in n - 1:-1:-1 { k.out = k.out +? 1 a?[k.out] = b?[i] }",
    "by two": "for i in 1:n:2 { a?[k.out] = b?[i] k.out = k.out +? 1 }",
    "by a parameter": "for i in 0:n { a?[k.out] = b?[i] k.out = k.out +? m }",
    "backwards": "k.out = 2 * n for i in 0:n { k.out = k.out -? 1 a?[k.out] = b?[i] }",
    "nested": "for i in 0:n { for j in 0:m { a?[k.out] = c?[i, j] k.out = k.out +? 1 } }",
    "rows": """for i in 0:n { for j in 0:m { a?[k.out] = c?[i, j] k.out = k.out +? 1 }
        b?[i] = a?[0] k.out = k.out +? 0 }""",
    "two": """for i in 0:n { a?[k.out] = b?[h.out] k.out = k.out +? 2 h.out = h.out +? 1 }""",
    "inside an if": "for i in 0:n { if b?[i] > 2.0:f64 { a?[k.out] = b?[i] } k.out = k.out +? 1 }",
    "twice": "for i in 0:n { k.out = k.out +? 1 a?[k.out] = b?[i] k.out = k.out +? 1 }",
    "of another": "for i in 0:n { h.out = k.out + 1 k.out = h.out +? 1 }",
    "before and after the inner loop": """for i in 0:n { k.out = k.out +? 1
        for j in 0:m { a?[k.out] = c?[i, j] k.out = k.out +? 1 } k.out = k.out -? 1 }""",
}
OTHER = {
    "sometimes": "for i in 0:n { if b?[i] > 2.0:f64 { k.out = k.out +? 1 } a?[k.out] = 1.0:f64 }",
    "by the index": "for i in 0:n { a?[k.out] = b?[i] k.out = k.out +? i }",
    "by what changes": "for i in 0:n { a?[k.out] = b?[i] k.out = k.out +? l l = l * 2 }",
    "by memory": "for i in 0:n { k.out = k.out +? int(q?[i]) a?[k.out] = b?[i] }",
    "an early end": """block out { for i in 0:n { if b?[i] > 3.0:f64 { leave out }
        a?[k.out] = b?[i] k.out = k.out +? 1 } }""",
    "a moving stop": "for i in 0:k.out + 3 { k.out = k.out +? 1 }",
    "of another before": "for i in 0:n { k.out = h.out +? 1 h.out = k.out }",
}


def program(name: str) -> Program:
    return parse(HEAD + {**STEADY, **OTHER}[name] + " }")


def arguments(seed: int) -> dict[str, Any]:
    source = random.Random(seed)
    n, m, k = source.randint(0, 6), source.randint(0, 3), source.randint(-1, 2)
    size = source.choice((24, 24, 24, 5))

    def reals(*shape: int) -> Any:
        return np.array([float(source.randint(0, 5)) for _ in range(int(np.prod(shape)))])

    args = {"a": reals(size), "b": reals(8), "c": reals(n, m).reshape(n, m), "n": n, "m": m}
    return args | {"q": np.array(source.choices(range(2), k=8), np.int64), "k": k}


@pytest.mark.parametrize("name", {**STEADY, **OTHER})
def test_the_values_stay(name: str) -> None:
    before = program(name)
    after = induct(before)
    check(after)
    check(uncheck(after))
    for seed in range(40):
        args = arguments(seed)
        want = observed(before, args)
        assert observed(after, args) == want
        fast = observed(uncheck(after), args)
        assert fast == want or "ASSUMPTION" in fast


@pytest.mark.parametrize("name", STEADY)
def test_iterations_do_not_wait(name: str) -> None:
    before = uncheck(program(name))
    verdicts = judge_all(uncheck(induct(program(name))))
    assert not isinstance(judge_all(before)["i"], Parallel)
    assert name in ("both", "rows", "by a parameter", "by another") or isinstance(
        verdicts["i"], Parallel
    )


@pytest.mark.parametrize("name", OTHER)
def test_what_stays(name: str) -> None:
    before = program(name)
    assert induct(before).body == before.body


def test_an_overflow_still_fails() -> None:
    text = "program p(k: int, n: int) -> k.out { local k.out: int k.out = k "
    after = induct(parse(text + "for i in 0:n { k.out = k.out +? 5 } }"))
    assert evaluate(after, {"k": 2**63 - 12, "n": 2}).results == (2**63 - 2,)
    assert evaluate(after, {"k": 2**63 - 12, "n": 3}).status == "FAIL"


@pytest.mark.parametrize("seed", range(80))
def test_random_programs_keep_their_meaning(seed: int) -> None:
    before, args = random_program(seed)
    after = induct(before)
    check(after)
    assert observed(after, args) == observed(before, args)


@pytest.mark.parametrize("name", NESTS)
def test_nests_keep_their_meaning(name: str) -> None:
    before, args = nest(name, 1)
    assert observed(induct(before), args) == observed(before, args)
