"""Each operator on each type, over special values: the device against the evaluator."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from conure.analysis.parallel import judge_all
from conure.artifact import FAIL, OK
from conure.ir.evaluate import evaluate
from conure.ir.nodes import (
    Apply,
    Const,
    Dim,
    Expr,
    For,
    Load,
    Mark,
    Param,
    Program,
    Store,
    Var,
)  # fmt: skip
from conure.ir.ops import OPS, cast, result_type
from conure.ir.types import B1, F32, F64, I64, INT, SCALARS, ArrayType, Scalar
from conure.runtime.devices import target_of
from conure.schedule.grid import grids
from tests.devices.running import compiled_for, run
from tests.unit.codegen.test_operators import SLACK, excused, operator_program, same, values

_ELEMENTS = {"bool": B1, "int": I64, "float": F64}


def element(scalar: Scalar) -> Scalar:
    """The type of an array's elements that hold such values."""
    return _ELEMENTS.get(scalar.name, SCALARS["c128"] if scalar.name == "complex" else scalar)


def loop_of(op: str, scalar: Scalar, number: int = 0) -> tuple[tuple[Param, ...], For]:
    """`r[i] = op(x[i], y[i])`, and its arrays."""
    names = [f"{name}{number}" for name in ("x", "y", "z")[: OPS[op].arity]]
    index = (Var("i", INT),)
    loads: list[Expr] = [
        cast(Load(name, index, element(scalar), False), scalar, False) for name in names
    ]
    result = result_type(op, (scalar,))
    applied = Apply(op, tuple(loads), result, OPS[op].can_fail(scalar))
    value = cast(applied, element(result), False)
    params = tuple(Param(name, ArrayType(element(scalar), 1, "C")) for name in names)
    target = f"r{number}"
    params += (Param(target, ArrayType(element(result), 1, "C")),)
    start, step = Const(0, INT), Const(1, INT)
    body = (Store(target, index, value, False),)
    return params, For("i", start, Dim(target, 0, INT), step, body, Mark("grid"))


def may_go(op: str, scalar: Scalar, device: str) -> bool:
    """Whether the operator is promised to be good enough there."""
    target = target_of(device)
    assert target is not None
    params, loop = loop_of(op, scalar)
    program = Program("f", params, (), (loop,))
    return bool(grids(program, judge_all(program, False), target).nests)


_TOGETHER = 8
NOT_HERE = ("cast", "select", "choice", "complex", "and", "or")


def cases() -> list[tuple[Scalar, tuple[str, ...]]]:
    """Some operators on one type at a time: they share a program, as compiling takes the time."""
    found = []
    for scalar in SCALARS.values():
        ops = [op for op, row in OPS.items() if op not in NOT_HERE and scalar.kind in row.kinds]
        found += [(scalar, tuple(ops[k : k + _TOGETHER])) for k in range(0, len(ops), _TOGETHER)]
    return found


def expected(op: str, scalar: Scalar) -> list[tuple[tuple[Any, ...], Any]]:
    """Operands, and what the evaluator makes of them: None where Python would raise."""
    checked = OPS[op].can_fail(scalar)
    program = operator_program(op, scalar, checked, result_type(op, (scalar,)))
    found = []
    for args in itertools.product(values(scalar), repeat=OPS[op].arity):
        if excused(op, scalar, checked, args):
            continue
        with np.errstate(all="ignore"):
            try:
                outcome = evaluate(program, dict(zip("xyz", args, strict=False)))
            except AssertionError:
                continue  # an unchecked operator where Python would raise: anything goes
        found.append((args, outcome.results[0] if outcome.status == "OK" else None))
    return found


def arrays_of(
    pairs: list[tuple[tuple[Any, ...], Any]], op: str, scalar: Scalar, number: int
) -> dict[str, Any]:
    names = [f"{name}{number}" for name in ("x", "y", "z")[: OPS[op].arity]]
    made = {
        name: np.array([args[k] for args, _ in pairs], element(scalar).dtype)
        for k, name in enumerate(names)
    }
    made[f"r{number}"] = np.zeros(len(pairs), element(result_type(op, (scalar,))).dtype)
    return made


@pytest.mark.parametrize(("scalar", "ops"), cases(), ids=lambda each: str(each))
def test_operators(device: str, scalar: Scalar, ops: tuple[str, ...]) -> None:
    ops = tuple(op for op in ops if may_go(op, scalar, device))
    if not ops:
        pytest.skip("not promised to be exact there: they stay with the host")
    loops = [loop_of(op, scalar, number) for number, op in enumerate(ops)]
    params = tuple(param for own, _ in loops for param in own)
    kernel = compiled_for(device, Program("f", params, (), tuple(loop for _, loop in loops)))
    good: dict[str, Any] = {}
    bad: list[dict[str, Any]] = []
    answers = []
    for number, op in enumerate(ops):
        pairs = expected(op, scalar)
        fine = [pair for pair in pairs if pair[1] is not None]
        answers.append(fine)
        good |= arrays_of(fine, op, scalar, number)
        raising = [pair for pair in pairs if pair[1] is None][:3]
        bad += [arrays_of([*fine[:5], pair], op, scalar, number) for pair in raising]
    assert run(kernel, good)[0] == OK
    for number, op in enumerate(ops):
        slack = op in SLACK and scalar.is_inexact
        kind = result_type(op, (scalar,)).dtype.type
        wrong = [
            (args, want, got)
            for (args, want), got in zip(answers[number], good[f"r{number}"], strict=True)
            if not same(kind(got), kind(want), slack)
        ]
        assert not wrong, (op, len(wrong), wrong[:5])
    for arrays in bad:
        assert run(kernel, good | arrays)[0] == FAIL, arrays


def test_elements_of_float32_are_divided_exactly(device: str) -> None:
    rng = np.random.default_rng(3)
    x, y = (rng.standard_normal(100_000).astype("f4") for _ in range(2))
    params, loop = loop_of("divide", F32)
    kernel = compiled_for(device, Program("f", params, (), (loop,)))
    result = np.zeros_like(x)
    assert run(kernel, {"x0": x, "y0": y, "r0": result})[0] == OK
    np.testing.assert_array_equal(result, x / y)
