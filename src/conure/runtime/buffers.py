"""Allocations of a device, kept for the next call: making one costs as much as a small kernel.

>>> made = []
>>> buffers = Buffers(lambda size: made.append(size) or len(made))
>>> first = buffers.take(1000)
>>> buffers.give(first, 1000)
>>> buffers.take(900) == first, made
(True, [1024])
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from conure.errors import DeviceError

_KEPT: Final = 1 << 28  # bytes that lie ready at most


class Buffers:
    """Allocations by size, rounded up to powers of two and their halves."""

    def __init__(self, make: Callable[[int], Any]) -> None:
        self._make = make
        self._ready: dict[int, list[Any]] = {}
        self._kept = 0
        self._lock = threading.Lock()

    def take(self, size: int) -> Any:
        """Memory of at least this size. Where the device has none left, what lies ready is given
        back to it first."""
        rounded = _rounded(size)
        with self._lock:
            if ready := self._ready.get(rounded):
                self._kept -= rounded
                return ready.pop()
        try:
            return self._make(rounded)
        except DeviceError:
            self.clear()
            return self._make(rounded)

    def give(self, memory: Any, size: int) -> None:
        """Take memory back that was asked for with this size."""
        rounded = _rounded(size)
        with self._lock:
            if self._kept + rounded <= _KEPT:
                self._ready.setdefault(rounded, []).append(memory)
                self._kept += rounded

    def clear(self) -> None:
        """Let go of all that lies ready."""
        with self._lock:
            self._ready.clear()
            self._kept = 0


def _rounded(size: int) -> int:
    """
    >>> _rounded(1), _rounded(1025), _rounded(1537)
    (64, 1536, 2048)
    """
    whole = 1 << max(6, (size - 1).bit_length())
    return whole * 3 // 4 if size <= whole * 3 // 4 and whole > 64 else whole
