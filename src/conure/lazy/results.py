"""Memory for results, that of dead results first: new memory is as dear as the work on it.

    >>> first = empty((300, 400), np.dtype("f8"))
    >>> address = first.ctypes.data
    >>> second = empty((300, 400), np.dtype("f8"))  # the first is in use
    >>> second.ctypes.data == address
    False
    >>> del first
    >>> empty((300, 400), np.dtype("f8")).ctypes.data == address
    True

The newest results are remembered, at most `MOST_BYTES` of them in all, and one that nobody else
refers to is handed out again. Whoever can reach memory of an array refers to the array: its views,
`memoryview`s, capsules and C code all do. One that has had weak references is not handed out, since
they tell who has its memory (`memory.give`).
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from typing import Final
from weakref import getweakrefcount

import numpy as np

from conure.lazy.nodes import Array, Dtype, Shape

_LEAST_BYTES: Final = 1 << 17
"""What is smaller, C's own allocator has at hand."""
_MOST_OF_A_KIND: Final = 8
_MOST: Final = 256


def _most_bytes() -> int:
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 1 << 26
    return min(physical // 32, 1 << 30)


MOST_BYTES: Final = _most_bytes()
"""So much may be held that nobody needs: a 32nd of the machine's memory, 1 GiB at most."""

_Kind = tuple[Shape, Dtype, str]


class _Known:
    """The results of one kind that are remembered, oldest first; what their flags were."""

    __slots__ = ("arrays", "flags", "size")

    def __init__(self, array: Array) -> None:
        self.arrays: list[Array] = []
        self.flags = array.flags.num
        self.size = array.nbytes


_kinds: dict[_Kind, _Known] = {}
_order: deque[_Kind] = deque()
"""The kinds of all that is remembered, oldest first."""
_bytes = 0


_lock = threading.RLock()


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()  # whoever held it is not in this process


os.register_at_fork(after_in_child=_after_fork)


def keep_freed_memory() -> None:
    """Let the C library keep what is freed, up to 64 MB at the end of its heap.

    It gives freed memory back to the system sooner than that until it has seen a large block
    freed (mallopt(3), M_MMAP_THRESHOLD), and new pages cost NumPy's operations on 300 kB ten
    times what they do. Whatever the user has told it by its variables stays in force.
    """
    np.empty(_LARGEST_BLOCK, np.uint8)  # freed at once, and no page of it was touched


_LARGEST_BLOCK: Final = (32 << 20) - (1 << 13)
"""Bytes; freeing a larger one teaches glibc nothing."""


def empty(shape: Shape, dtype: Dtype, order: str = "C") -> Array:
    """As `np.empty`."""
    size = dtype.itemsize
    for extent in shape:
        size *= extent
    if size < _LEAST_BYTES or not _COUNTS_TELL:
        return _fresh(shape, dtype, order)
    kind = (shape, dtype, order)
    with _lock:  # until this thread's reference is counted
        array = _unused(kind)
    if array is not None:
        return array
    try:
        array = _fresh(shape, dtype, order)
    except MemoryError:
        forget()
        array = _fresh(shape, dtype, order)
    if size <= MOST_BYTES:
        with _lock:
            _remember(kind, array)
    return array


def _fresh(shape: Shape, dtype: Dtype, order: str) -> Array:
    array: Array = np.empty(shape, dtype, order)  # type: ignore[call-overload]  # "C" or "F"
    return array


def forget() -> None:
    """Hold no more memory that nobody needs."""
    global _bytes
    with _lock:
        _kinds.clear()
        _order.clear()
        _bytes = 0


def release(array: Array) -> None:
    """Remember this array no longer: its memory is about to be another's, or of another size."""
    with _lock:
        for kind, known in _kinds.items():
            for position, each in enumerate(known.arrays):
                if each is array:
                    _drop(kind, known, position)
                    return


def _unused(kind: _Kind) -> Array | None:
    """A result of this kind that nobody refers to, and that is as it was made."""
    known = _kinds.get(kind)
    counts = _references(known.arrays) if known is not None else ()
    if known is None or _UNUSED not in counts:
        return None
    position = counts.index(_UNUSED)
    array = known.arrays[position]
    is_as_made = array.shape == kind[0] and array.dtype == kind[1]
    if is_as_made and array.flags.num == known.flags and not getweakrefcount(array):
        return array
    _drop(kind, known, position)
    return None


def _remember(kind: _Kind, array: Array) -> None:
    global _bytes
    known = _kinds.get(kind)
    if known is None:
        known = _kinds[kind] = _Known(array)
    if len(known.arrays) >= _MOST_OF_A_KIND:
        _drop(kind, known, 0)
    known.arrays.append(array)
    _order.append(kind)
    _bytes += known.size
    while _bytes > MOST_BYTES or len(_order) > _MOST:
        oldest = _order[0]
        _drop(oldest, _kinds[oldest], 0)


def _drop(kind: _Kind, known: _Known, position: int) -> None:
    global _bytes
    del known.arrays[position]
    _order.remove(kind)  # the oldest of the kind; which of them it is makes little difference
    _bytes -= known.size
    if not known.arrays:
        _kinds.pop(kind, None)


def _references(arrays: list[Array]) -> list[int]:
    return [sys.getrefcount(array) for array in arrays]


_UNUSED: Final = _references([np.empty(0)])[0]
"""The references to an array that only a list holds, as counted here."""
_COUNTS_TELL: Final = getattr(sys, "_is_gil_enabled", lambda: True)()
"""Without the interpreter's lock, counts of references are not exact."""
