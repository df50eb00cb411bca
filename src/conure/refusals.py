"""For which values a region was refused again and again, so that it is asked less and less often.

>>> refusals = Refusals()
>>> [refusals.expected([1, 2.0]) or refusals.add([1, 2.0]) for _ in range(8)]
[None, None, None, None, True, None, True, True]
>>> refusals.expected(["a", 2.0])
False
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np

_ALWAYS: Final = 4  # refusals before a first call goes unasked
_MOST: Final = 1024  # calls in a row that go unasked
_KINDS: Final = 64  # how many kinds of values are told apart


class Refusals:
    """Counts refusals by the kinds of values; after some, `expected` is true for 1, 2, 4, ...
    calls, then it asks to try once more (a global or a function may have changed meanwhile)."""

    def __init__(self) -> None:
        self._left: dict[Hashable, int] = {}
        self._counts: dict[Hashable, int] = {}
        self._options: object = None  # under which they were counted

    def __bool__(self) -> bool:
        return bool(self._left)

    def expected(self, values: Sequence[object], options: object = None) -> bool:
        """Whether these values will be refused, without trying."""
        if options is not self._options:
            return False
        kinds = _kinds(values)
        left = self._left.get(kinds, 0)
        if left:
            self._left[kinds] = left - 1
        return left > 0

    def add(self, values: Sequence[object], options: object = None) -> None:
        """These values were refused."""
        if options is not self._options:
            self.forget()
            self._options = options
        kinds = _kinds(values)
        count = self._counts.get(kinds, 0) + 1
        if len(self._counts) >= _KINDS:
            self.forget()
        self._counts[kinds] = count
        if count >= _ALWAYS:
            self._left[kinds] = min(1 << (count - _ALWAYS), _MOST)

    def forget(self) -> None:
        """Something ran: ask every time again."""
        self._left.clear()
        self._counts.clear()


def _kinds(values: Sequence[object]) -> Hashable:
    """What a refusal depends on, mostly; of arrays also how large they are, since a large one is
    worth asking for."""
    return tuple(
        [
            (value.dtype, value.ndim, value.size.bit_length())
            if type(value) is np.ndarray
            else type(value)
            for value in values
        ]
    )
