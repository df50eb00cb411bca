"""Analysis has a budget: what would take too long to decide is serial."""

from __future__ import annotations

import pytest

from conure.analysis import dependence
from conure.analysis.parallel import judge_all
from conure.ir.parse import parse

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
