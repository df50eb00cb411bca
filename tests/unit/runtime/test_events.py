"""Notes and events."""

from __future__ import annotations

import time

import numpy as np
import pytest

from conure.configuration import options
from conure.errors import Loc
from conure.runtime.events import Event, collect, note, notes, profile, record, recording
from conure.runtime.snapshot import Snapshot


def test_a_note_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    with options(verbose=1):
        note("the lake is frozen")
        note("the lake is frozen")
    note("silent at level 0")
    assert capsys.readouterr().err == "conure: the lake is frozen\n"
    assert notes()[-2:] == ("the lake is frozen", "silent at level 0")


def test_events_go_to_whoever_listens() -> None:
    place = Loc("heat.py", 12, 0, 14, 0, "step")
    record(place, "loops", "cpu", time.perf_counter())
    with profile() as outer:
        assert recording()
        with profile() as inner:
            record(place, "loops", "cpu", time.perf_counter() - 2.0, compile_seconds=0.5)
        collect(Event("heat.py:20", "copy", "cuda", bytes_to_device=3 << 20, reason="first use"))
    assert not recording()
    assert [event.where for event in inner.events] == ["heat.py:12"]
    assert [event.where for event in outer.events] == ["heat.py:12", "heat.py:20"]
    assert inner.events[0].seconds == pytest.approx(1.5, abs=0.1)
    lines = str(outer).splitlines()
    assert lines[3].split() == [
        "heat.py:20", "copy", "cuda", "1", "-", "-", "3.0", "MiB", "-", "first", "use"
    ]  # fmt: skip
    assert str(profile()) == "nothing was compiled or run by Conure"


def test_a_snapshot_restores_views_and_skips_what_is_read_only() -> None:
    x = np.arange(24.0).reshape(4, 6)
    fixed = np.arange(3)
    fixed.flags.writeable = False
    before = x.copy()
    saved = Snapshot([x[::-1, ::2], x.T, fixed, x, x])
    x[...] = -1
    saved.restore()
    assert (x == before).all()
    assert saved.nbytes == 8 * (12 + 24 + 24)
