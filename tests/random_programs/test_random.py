"""Five hundred random programs, the same each time, give CPython's answer."""

from __future__ import annotations

import os

import pytest

from .harness import run

COUNT = int(os.environ.get("CONURE_RANDOM_PROGRAMS", "500"))
SUBJECT = os.environ.get("CONURE_TEST_SUBJECT", "conure")


@pytest.mark.timeout(1500)  # 90 s on two idle cores
def test_random_programs_agree_with_cpython():
    tally = run(range(COUNT), subject=SUBJECT, jobs=2, limit=120.0)  # the machine may be busy
    print(tally)
    wrong = [f"seed {verdict.seed} {verdict.kind}: {verdict.detail}" for verdict in tally.bad]
    assert not wrong, "\n".join(["--only SEED makes one smaller", *wrong])


def test_harness_notices_wrong_answers():
    """Were the comparison blind, every program would agree."""
    tally = run(range(1000, 1010), subject="wrong", jobs=1)
    assert len(tally.bad) >= 5


def test_harness_agrees_with_itself():
    """Programs are deterministic: CPython against CPython."""
    tally = run(range(1000, 1020), subject="cpython", jobs=1)
    assert tally.agreed == 20, tally.bad
