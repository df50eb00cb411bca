"""The array class, put together from its parts."""

from __future__ import annotations

import numpy

from conure.numpy.attributes import attributes
from conure.numpy.handle import ndarray, wrap
from conure.numpy.indexing import INDEXING
from conure.numpy.iterators import FlatIterator
from conure.numpy.methods import methods
from conure.numpy.operators import operators
from conure.numpy.protocols import PROTOCOLS

__all__ = ["FlatIterator", "ndarray", "wrap"]


def _assemble() -> None:
    for part in (attributes(), methods(), operators(), INDEXING, PROTOCOLS):
        for name, member in part.items():
            setattr(ndarray, name, member)
    ndarray.__doc__ = numpy.ndarray.__doc__
    ndarray.__module__ = "conure.numpy"


_assemble()
