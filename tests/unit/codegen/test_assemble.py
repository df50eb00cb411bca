"""What is asked of LLVM beyond its usual passes."""

from __future__ import annotations

import platform

import pytest

from conure.codegen.assemble import assembly
from conure.target import host

CHAIN = """
define i64 @chain(ptr noalias %a, ptr noalias %b, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %best = phi i64 [ 0, %entry ], [ %better, %loop ]
  %at = getelementptr i64, ptr %a, i64 %i
  %value = load i64, ptr %at
  %longer = add i64 %best, 1
  %less = icmp slt i64 %value, %longer
  %better = select i1 %less, i64 %value, i64 %longer
  %to = getelementptr i64, ptr %b, i64 %i
  store i64 %better, ptr %to
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret i64 %better
}
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="x86's conditional moves")
def test_a_choice_that_the_next_turn_waits_for_is_no_branch() -> None:
    text = assembly(CHAIN, host())
    assert text.count("cmovl") >= 2, "in the unrolled loop, and in what it leaves over"
