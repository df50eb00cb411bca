"""The short way to record a call against the general one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from conure.lazy import memory
from conure.lazy.nodes import Node, leaf
from conure.lazy.record import record
from conure.lazy.simple import recorder

N = 100_000


def pending(array) -> Node:
    node = record(np.negative, (leaf(array),))
    assert node is not None
    assert node.value is None
    return node


def exposed() -> Node:
    array = np.ones(N)
    memory.give(array)
    return leaf(array)


OPERANDS = {
    "row": lambda: leaf(np.ones(N)),
    "another": lambda: leaf(np.ones(N) * 2),
    "single": lambda: leaf(np.ones(N, "f4")),
    "whole": lambda: leaf(np.ones(N, "i4")),
    "objects": lambda: leaf(np.ones(N, "O")),
    "strided": lambda: leaf(np.ones(2 * N)[::2]),
    "few": lambda: leaf(np.ones(3)),
    "one": lambda: leaf(np.ones(1)),
    "none": lambda: leaf(np.ones(0)),
    "plane": lambda: leaf(np.ones((200, N // 200))),
    "column": lambda: leaf(np.ones((200, 1))),
    "Fortran": lambda: leaf(np.ones((N // 200, 200)).T),
    "skipping": lambda: leaf(np.ones((400, N // 200))[::2]),
    "exposed": exposed,
    "pending": lambda: pending(np.ones(N)),
    "pending plane": lambda: pending(np.ones((200, N // 200))),
    "pending Fortran": lambda: pending(np.ones((N // 200, 200)).T),
    "pending complex": lambda: pending(np.ones(N, "c16")),
    "plain": lambda: np.ones(N),
    "plain few": lambda: np.ones(1),
    "float": lambda: 1.5,
    "int": lambda: 3,
    "huge": lambda: 1 << 70,
    "bool": lambda: True,
    "complex": lambda: 1j,
    "numpy": lambda: np.float32(1.5),
    "text": lambda: "a",
}
TWO = list(itertools.product(OPERANDS, repeat=2))


def described(node: Node | None) -> object:
    if node is None:
        return None
    assert all(type(arg) is Node or isinstance(arg, complex | float | np.generic) or
               type(arg) in (int, bool) for arg in node.args)  # fmt: skip
    return node.shape, node.dtype, node.order, node.value is None


@pytest.mark.parametrize("function", [np.add, np.true_divide, np.power, np.greater, np.left_shift])
def test_of_two(function) -> None:
    short = recorder(function)
    for first, second in TWO:
        operands = OPERANDS[first](), OPERANDS[second]()
        if not any(type(each) is Node for each in operands):
            continue
        want = described(record(function, operands))
        assert described(short(*operands)) == want, (first, second)
        again = OPERANDS[first](), OPERANDS[second]()
        assert described(short(*again)) == want, (first, second)


@pytest.mark.parametrize("function", [np.sqrt, np.negative, np.invert, np.isnan, np.conjugate])
@pytest.mark.parametrize("operand", OPERANDS)
def test_of_one(function, operand) -> None:
    short = recorder(function)
    for _ in range(2):
        array = OPERANDS[operand]()
        if type(array) is Node:
            assert described(short(array)) == described(record(function, (array,)))


def test_operands_keep_their_places() -> None:
    x = leaf(np.ones(N))
    for operands in ((x, 2.0), (2.0, x), (x, leaf(np.zeros(N))), (leaf(np.zeros(N)), x)):
        node = recorder(np.subtract)(*operands)
        assert node is not None
        assert all(one is other for one, other in zip(node.args, operands, strict=True))


def test_nothing_is_recorded_where_numpy_is_to_raise() -> None:
    x = leaf(np.ones(N))
    with np.errstate(divide="raise"):
        assert recorder(np.divide)(x, 0.0) is None
        assert recorder(np.log)(x) is None
