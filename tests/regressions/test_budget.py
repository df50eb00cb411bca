"""What would take too long is not done: deciding, and trying each part of what failed."""

from __future__ import annotations

import numpy as np
import pytest

import conure
from conure import dispatch
from conure.analysis import dependence
from conure.analysis.parallel import judge_all
from conure.ir.parse import parse
from tests.oracle import same, typed

ACCESSES = "\n".join(f"a[(i * {k} + j) // 3] = b[j]" for k in range(2, 40))
MANY = f"""program p(a: f64[1]C, b: f64[1]C, n: int, m: int) {{
    for i in 0:n {{
        for j in 0:m {{
            {ACCESSES}
        }}
    }}
}}"""


def test_questions_to_isl_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def counted(*question):
        asked.append(question)
        return True

    monkeypatch.setattr(dependence, "apart", counted)
    verdicts = judge_all(parse(MANY))
    assert 0 < len(asked) <= 2 * dependence._MOST_QUESTIONS
    assert type(verdicts["i"]).__name__ == "Serial"


NEST = """
def f(a, q):
    for r in range(a.shape[0]):
        for i in range(a.shape[1]):
            for j in range(a.shape[2]):
                a[r, i, q[j]] = a[r, i, j] * {} + r
"""


@pytest.mark.parametrize(("most", "compiled"), [(1e9, 3), (0.0, 2), (-1.0, 1)])
def test_the_parts_of_what_failed_are_not_tried_without_end(
    monkeypatch: pytest.MonkeyPatch, most: float, compiled: int
) -> None:
    monkeypatch.setattr(dispatch, "MOST_SPENT", most)
    f = typed(NEST.format(compiled))
    with conure.profile() as profile, pytest.raises(IndexError):
        conure.jit(device="cpu")(f)(np.ones((2, 3, 4)), np.array([0, 1, 2, 4]))
    assert sum(event.compile_seconds > 0 for event in profile.events) == compiled
    same(f, np.ones((2, 3, 4)), np.array([0, 1, 2, 4]))
