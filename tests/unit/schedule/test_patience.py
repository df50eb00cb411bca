"""How long CPython would take: an estimate that never fails."""

from __future__ import annotations

from conure.ir.parse import parse
from conure.schedule.patience import python_seconds


def test_lengths_without_a_number():
    """`x[i * i :: i]` after a loop whose length is not known; counts that no float holds."""
    program = parse("""
        program p(x: f64[1]C, n: int, m: int) {
          for i in 0:n:m {
            for j in 0:(i - n) {
              x[j] = 0.0:f64
            }
          }
        }""")
    for n in (3, float("inf"), -float("inf"), 10**400, -(10**400)):
        for m in (0, 1, 3, -1, float("inf"), float("nan"), 10**400):
            assert python_seconds(program, {"n": n, "m": m}) >= 0.0
    assert python_seconds(program, {"m": 2}) == float("inf")
