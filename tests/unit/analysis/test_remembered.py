"""Proofs are remembered, as long as nothing more is learnt, and end."""

from __future__ import annotations

from conure.analysis import ranges
from conure.analysis.affine import ZERO, Poly
from conure.analysis.interval import Interval
from conure.analysis.ranges import Ranges, opaque
from conure.ir.nodes import Var
from conure.ir.types import INT


def test_what_is_learnt_later_counts():
    book = Ranges()
    n = Var("n", INT)
    half = Poly.atom(opaque("floordiv", Poly.atom(n), Poly.of(2)))
    assert not book.prove(half - 2) and not book.prove(Poly.atom(n) - 5)
    book.narrow(n, Interval(5, 100))
    assert book.prove(half - 2) and book.prove(Poly.atom(n) - 5)
    assert book.interval(half).high == 50


def test_a_name_that_is_given_again_is_another_variable():
    book = Ranges()
    i, n = Poly.atom(Var("i", INT)), Poly.atom(Var("n", INT))
    assert book.extremes(i, upper=True) == [i]  # a parameter, as far as is known
    book.fresh("i", ("i",), lows=(ZERO,), highs=(n - 1,))
    assert book.extremes(i, upper=True) == [n - 1]
    assert book.prove(i)
    book.fresh("i", ("i",), lows=(ZERO - 3,), highs=(n - 1,))
    assert not book.prove(i)


def network(book):
    """What a sorting network makes of nine values: each the least or the greatest of two."""
    size = Poly.atom(Var("m", INT))
    starts = [Poly.atom(Var(f"p{at}", INT)) for at in range(9)]
    wires = [
        Poly.atom(book.version("w", ("i",), INT, (start,), (start + size,))) for start in starts
    ]
    for turn in range(9):
        for at in range(turn % 2, 8, 2):
            pair = wires[at], wires[at + 1]
            wires[at] = Poly.atom(opaque("minimum", *pair))
            wires[at + 1] = Poly.atom(opaque("maximum", *pair))
    return wires


def test_a_question_is_answered_once_and_in_a_bounded_number_of_steps(monkeypatch):
    steps: list[Poly] = []
    bounds = Ranges.bounds

    def counted(self, atom, *others):
        steps.append(atom)
        return bounds(self, atom, *others)

    monkeypatch.setattr(Ranges, "bounds", counted)
    book = Ranges()
    wires = network(book)
    assert book.prove(wires[8] - wires[0])
    taken = len(steps)
    assert book.prove(wires[8] - wires[0])
    assert len(steps) == taken
    monkeypatch.setattr(ranges, "_STEPS", 20)
    hasty = Ranges()
    wires = network(hasty)
    steps.clear()
    assert not hasty.prove(wires[8] - wires[0])
    assert 0 < len(steps) <= 20 < taken
