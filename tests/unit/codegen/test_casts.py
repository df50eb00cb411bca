"""Each conversion, checked and not, on special values: native code against the evaluator."""

from __future__ import annotations

import math

import numpy as np
import pytest

from conure.ir.evaluate import evaluate
from conure.ir.nodes import Apply, Assign, Local, Param, Program, Result, Var
from conure.ir.ops import cast_can_fail
from conure.ir.text import show
from conure.ir.types import SCALARS, Scalar
from tests.unit.codegen.native import run
from tests.unit.codegen.test_operators import same, values

PAIRS = [
    (source, target, checked)
    for source in SCALARS.values()
    for target in SCALARS.values()
    for checked in ((False, True) if cast_can_fail(source, target) else (False,))
]


def inputs(source: Scalar) -> list[object]:
    if source.kind != "real":
        return values(source)
    edges = [s * (2.0**k + d) for s in (1, -1) for k in (7, 8, 15, 16, 31, 32, 63, 64)
             for d in (-1, -0.5, 0, 0.5, 1)]  # fmt: skip
    return [*values(source), *(float(edge) for edge in edges)]


@pytest.mark.parametrize(("source", "target", "checked"), PAIRS, ids=lambda each: str(each))
def test_cast(source: Scalar, target: Scalar, checked: bool) -> None:
    value = Apply("cast", (Var("x", source),), target, checked)
    body = (Assign("r", value),)
    program = Program("f", (Param("x", source),), (Local("r", target),), body, (Result("r"),))
    wrong = []
    for x in inputs(source):
        with np.errstate(all="ignore"):
            arg = x if source.python else source.dtype.type(x)
            if not checked and target.is_integer and source.is_inexact:
                low, high = target.range
                part = complex(arg).real
                if not (math.isfinite(part) and low <= math.trunc(part) <= high):
                    continue  # whatever the processor gives
            expected = evaluate(program, {"x": arg})
            found = run(show(program), {"x": arg})
        if expected.status != found[0] or (
            found[1] and not same(found[1][0], expected.results[0], False)
        ):
            wrong.append((arg, expected, found))
    assert not wrong, (len(wrong), wrong[:5])
