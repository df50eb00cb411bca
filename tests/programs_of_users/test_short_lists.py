"""Lists of a few numbers or pairs that are only read, tuples indexed by a variable, and slices
with a step that is a variable."""

from __future__ import annotations

import numpy as np
import pytest

import conure
from tests.oracle import native, same

RNG = np.random.default_rng(5)
GRID = RNG.integers(0, 3, (7, 9))


def flood(grid, moves):
    count = 0
    for i in range(grid.shape[0]):
        for j in range(grid.shape[1]):
            for di, dj in moves:
                y, x = i + di, j + dj
                if 0 <= y < grid.shape[0] and 0 <= x < grid.shape[1]:
                    count += grid[y, x]
    return count


@pytest.mark.parametrize(
    "moves", [[(0, 1), (1, 0), (0, -1), (-1, 0)], [[1, 1], [2, 2]], ((0, 1), [1, 0])]
)
def test_a_list_of_moves(moves):
    native(flood, GRID, moves)


def test_a_list_written_in_the_loop():
    def f(grid):
        count = 0
        for i in range(1, 6):
            for di, dj in [(0, 1), (1, 0), [0, -1], (-1, 0)]:
                count += grid[i + di, i + dj]
            a, b, c = [i, count % 3, 2 * i]
            b, a = a, b
            count += a * b - c
        return count

    native(f, GRID)


def turning(n, dx, dy):
    x = y = d = 0
    for i in range(n):
        if i % 3 == 0:
            d = (d + 1) % 4
        x += dx[d]
        y += dy[d - 4]
    return x, y


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_direction_chosen_by_a_variable(kind):
    native(turning, 50, kind((0, 1, 0, -1)), kind((1, 0, -1, 0)))
    native(turning, 50, kind((0.5, 1.0, 0.0, -1.0)), kind((1, 0, -1, 0)))
    same(turning, 50, kind((0, 1, 0)), kind((1, 0, -1, 0)))  # IndexError
    same(turning, 50, kind((0, 1, 0, 2.5)), kind((1, 0, -1, True)))


def distance(p, q):
    s = 0.0
    for i in range(len(p)):
        s += (p[i] - q[i]) ** 2
    return s, q


def test_points_as_tuples_and_lists():
    native(distance, (1.0, 2.0, 4.0), (0.0, 1.0, 7.0))
    native(distance, [1.0, 2.0, 4.0], [0.0, 1.0, 7.0])
    same(distance, [1.0, 2.0], [0.0])
    same(distance, [], [])
    same(distance, "ab", [1, 2])


def test_a_list_that_holds_itself():
    def f(x, pair):
        for i in range(len(x)):
            x[i] = len(pair)
        return x

    pair: list[object] = [1, 2]
    pair.append(pair)
    around: list[object] = []
    around.append((around,))
    compiled = conure.jit(device="cpu")(f)
    assert compiled(np.zeros(3), pair).tolist() == [3.0] * 3
    assert compiled(np.zeros(3), around).tolist() == [1.0] * 3
    assert compiled(np.zeros(3), (around, 1)).tolist() == [2.0] * 3


def test_what_a_list_is_and_a_tuple_is_not():
    def joined(x, pair):
        for i in range(len(x)):
            x[i] = len(pair + (1,))
        return pair

    def picked(x, pair):
        s = 0
        for _ in range(2):
            s += x[pair].sum()
        return s

    def cut(x, pair):
        for i in range(len(x)):
            x[i] = pair[1]
        return pair[1:]

    def stored(x, pair):
        for i in range(len(x)):
            pair[0] = x[i]
        return pair[0]

    def equal(x, pair):
        for i in range(len(x)):
            x[i] = pair == (1, 0)
        return pair

    x = np.arange(12.0).reshape(3, 4)
    for function in (joined, picked, cut, stored, equal):
        for pair in ([1, 0], (1, 0)):
            same(function, x, pair)
            same(function, x[0].copy(), pair)


def test_the_list_of_the_caller_is_read_at_each_call():
    def f(x, w):
        for i in range(len(x)):
            x[i] = w[0] * i + w[1]
        return w

    g = conure.jit(device="cpu")(f)
    weights = [1.0, 2.0]
    x = np.zeros(3)
    assert g(x, weights) is weights
    weights[1] = 5.0
    g(x, weights)
    assert x.tolist() == [5.0, 6.0, 7.0]
    weights.append(3)
    weights[0] = 2
    g(x, weights)
    assert x.tolist() == [5.0, 7.0, 9.0]
    weights[0] = "a"
    with pytest.raises(TypeError):
        g(x, weights)


def test_sieve():
    def f(prime):
        for i in range(2, int(len(prime) ** 0.5) + 1):
            if prime[i]:
                prime[i * i :: i] = False

    native(f, np.ones(400, dtype=bool))


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100, 2**62])
@pytest.mark.parametrize(("start", "stop"), [(0, 20), (3, -2), (-5, 50), (9, 4), (-50, None)])
def test_steps_that_are_variables(start, stop, step):
    def f(x, out, start, stop, step):
        for i in range(len(out)):
            part = x[start:stop:step]
            out[i] = part.sum() + len(part) + i
            x[start + i : stop : step] += 1
        return out

    native(f, np.arange(20.0), np.zeros(3), start, 20 if stop is None else stop, step)


@pytest.mark.parametrize("step", [0, -1, -3])
def test_steps_that_are_not_above_0(step):
    def f(x, out, step):
        for i in range(len(out)):
            out[i] = x[::step].sum()
        return out

    same(f, np.arange(20.0), np.zeros(3), step)


def test_a_slice_of_a_slice():
    def f(x, k, m):
        s = 0.0
        for i in range(3):
            s += x[i::k][1::m][::2].sum()
            s += x[::2][i::k].sum()
        return s

    native(f, np.arange(60.0), 2, 3)
