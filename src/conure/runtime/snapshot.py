"""Copies of the arrays that a region may write, to put back when it failed in the middle.

>>> x = np.arange(4)
>>> saved = Snapshot([x, x[1:3]])
>>> x[:] = -1
>>> saved.restore()
>>> x
array([0, 1, 2, 3])
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Snapshot:
    """The values of these arrays at this moment.

    Each array is copied as it lies in memory, also where two overlap: the copies then agree,
    and putting them back in any order gives what was there. What cannot be written needs no copy.
    """

    __slots__ = ("_saved",)

    def __init__(self, arrays: Iterable[Array]) -> None:
        different = {id(array): array for array in arrays}
        self._saved = [
            (array, array.copy(order="K")) for array in different.values() if array.flags.writeable
        ]

    @property
    def nbytes(self) -> int:
        """The memory that the copies take."""
        return sum(copy.nbytes for _array, copy in self._saved)

    def restore(self) -> None:
        """Put all values back."""
        for array, copy in self._saved:
            array[...] = copy
