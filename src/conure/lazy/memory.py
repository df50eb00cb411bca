"""Who still has to read a piece of memory before it may be written, and who else may write it.

Pending nodes read arrays later than the program says. So before memory is written, those that
read it are evaluated (`readers_of`). Memory that strangers hold (`expose`) can be written behind
our back: what reads it is not left pending.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any, Final

import numpy as np

from conure.lazy.nodes import Array, Node
from conure.lazy.results import MOST_BYTES

LIMIT = 1000
"""Pending nodes before the graph is evaluated though nobody has asked."""

MOST_HELD: Final = MOST_BYTES
"""Bytes of arrays that recorded calls have come to read before the graph is evaluated: it holds
them, though nobody else may any more."""

lock = threading.RLock()
"""Held while the graph is evaluated or memory written."""


def _after_fork() -> None:
    global lock, _table
    lock, _table = threading.RLock(), threading.RLock()  # who held them is not in this process


os.register_at_fork(after_in_child=_after_fork)

PENDING: list[weakref.ref[Node]] = []
"""Every pending node, and some that no longer are."""

_next_count = LIMIT


def register(node: Node) -> bool:
    """Remember a pending node; true if it is time to evaluate what is pending."""
    PENDING.append(weakref.ref(node))
    return len(PENDING) >= _next_count and _grown()


def _grown() -> bool:
    """Forget what is dead or done; true if too much is left."""
    global _next_count
    alive = len(pending())
    _next_count = alive + LIMIT
    return alive >= LIMIT


_held = 0


def hold(value: Array) -> bool:
    """Count an array that pending nodes are going to read; true if it is time to evaluate them."""
    global _held
    _held += value.nbytes
    if _held <= MOST_HELD:
        return False
    _held = 0
    return True


def pending() -> list[Node]:
    """All nodes that are alive and not evaluated, oldest first."""
    with lock:
        count = len(PENDING)  # another thread may append behind these
        nodes = [
            node for ref in PENDING[:count] if (node := ref()) is not None and node.value is None
        ]
        PENDING[:count] = [weakref.ref(node) for node in nodes]
        return nodes


def readers_of(memory: Array) -> list[Node]:
    """The pending nodes whose value depends on this memory."""
    if not PENDING:
        return []
    touched: dict[int, bool] = {}
    found = []
    for node in pending():  # operands are older than what uses them
        depends = False
        for arg in node.args:
            if isinstance(arg, Node):
                if id(arg) not in touched:
                    touched[id(arg)] = _overlaps(arg.value, memory)
                depends = depends or touched[id(arg)]
        touched[id(node)] = depends
        if depends:
            found.append(node)
    return found


def _overlaps(value: Any, memory: Array) -> bool:
    return isinstance(value, np.ndarray) and np.may_share_memory(value, memory)


# ---- memory that others hold -----------------------------------------------------------------


class _Holder:
    """Owns a reference to an array and lends its memory: numpy views of what it lends keep the
    lent array alive, not this array, so that one weak reference tells whether any is left."""

    __slots__ = ("array",)

    def __init__(self, array: Array) -> None:
        self.array = array

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return self.array.__array_interface__


class _Loan(weakref.ref[Array]):
    """Strangers have the memory of the array of this id as long as what this refers to is alive."""

    __slots__ = ("owner",)

    owner: int


_MOST_RETURNED: Final = 64
_lent: dict[int, dict[int, _Loan]] = {}
"""The loans of each array's memory, by its id; none, where all have been returned."""
_table = threading.RLock()
"""Held while loans are added or arrays forgotten; one is returned at any time, without it."""


def owner_of(value: Array) -> Array:
    """The array at the bottom of a chain of views."""
    base = value.base
    while isinstance(base, np.ndarray):
        value, base = base, base.base
    return value


def expose(value: Array) -> Array:
    """The memory of an array for somebody who may keep and write it.

    Where NumPy's interface cannot carry the dtype (objects), the array itself is handed out.
    """
    if value.dtype.kind in "?biufc" and value.size:
        if value.flags.c_contiguous and value.dtype.isnative:
            flat = np.frombuffer(value.data, value.dtype)  # views keep it: its base is no array
            lent = np.ndarray(value.shape, value.dtype, flat, 0, value.strides)
        else:
            lent = flat = np.asarray(_Holder(value))
        if lent.dtype == value.dtype and lent.strides == value.strides:
            _remember(owner_of(value), flat)
            return lent
    give(value)
    return value


def give(value: Array) -> None:
    """From now on strangers have this memory: nobody can tell until when."""
    owner = owner_of(value)
    if not any(loan() is owner for loan in [*_lent.get(id(owner), {}).values()]):
        _remember(owner, owner)


def _remember(owner: Array, holder: Array) -> None:
    """Strangers have the owner's memory as long as `holder` is alive."""
    loan = _Loan(holder, _returned)
    loan.owner = id(owner)
    with _table:
        if len(_lent) > _MOST_RETURNED:
            for key in [key for key, loans in _lent.items() if not loans]:
                del _lent[key]
        _lent.setdefault(loan.owner, {})[id(loan)] = loan


def _returned(loan: weakref.ref[Array]) -> None:
    assert isinstance(loan, _Loan)
    _lent[loan.owner].pop(id(loan))


def is_exposed(value: Array) -> bool:
    """Whether a stranger holds this memory now."""
    return bool(_lent) and bool(_lent.get(id(owner_of(value))))
