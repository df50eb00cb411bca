"""Records behave as frozen, slotted dataclasses do, at a lower price."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from conure.record import Record


class Point(Record):
    x: int
    y: tuple[int, ...] = ()
    note: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Peer:
    x: int
    y: tuple[int, ...] = ()
    note: str = field(default="", compare=False, repr=False)


class Draft(Record, frozen=False):
    name: str
    lines: list[str] = field(default_factory=list)


class Lonely(Record, eq=False):
    x: int


class Loud(Record):
    x: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Loud)

    def __hash__(self) -> int:
        return 7


def test_it_is_what_a_dataclass_is() -> None:
    record, peer = Point(1, (2,), "a"), Peer(1, (2,), "a")
    assert repr(record) == repr(peer).replace("Peer", "Point")
    assert record == Point(1, (2,), "b") and hash(record) == hash(Point(1, (2,), "b"))
    assert hash(record) == hash(record) == hash(peer)
    assert record != Point(2, (2,))
    assert replace(record, x=5) == Point(5, (2,)) and replace(record, x=5).note == "a"
    assert Point.__match_args__ == Peer.__match_args__


def test_a_frozen_one_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(Point(1), "x", 2)  # noqa: B010 # the type checker would refuse the statement
    with pytest.raises(FrozenInstanceError):
        delattr(Point(1), "x")  # as above
    with pytest.raises(AttributeError):
        setattr(Draft("a"), "unknown", 2)  # noqa: B010 # as above


def test_one_that_changes() -> None:
    draft = Draft("a")
    draft.lines.append("text")
    draft.name = "b"
    assert draft == Draft("b", ["text"]) and Draft("c").lines == []
    with pytest.raises(TypeError):
        hash(draft)


def test_own_comparison() -> None:
    assert Lonely(1) != Lonely(1) and len({Lonely(1), Lonely(1)}) == 2
    assert Loud(1) == Loud(2) and hash(Loud(1)) == 7


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))]
)
def test_copies(copied: object) -> None:
    assert callable(copied)
    record = Point(1, (2,), "a")
    assert hash(record) and copied(record) == record and copied(record).note == "a"


def test_wrong_arguments() -> None:
    for arguments in ((), (1, (), "", 2)):
        with pytest.raises(TypeError, match="Point.__init__"):
            Point(*arguments)
