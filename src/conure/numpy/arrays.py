"""The array class, put together from its parts."""

from __future__ import annotations

import types
from typing import Any

import numpy

from conure.numpy.arithmetic import all_operators
from conure.numpy.attributes import attributes
from conure.numpy.buffers import lend_memory
from conure.numpy.handle import ndarray, wrap
from conure.numpy.indexing import INDEXING
from conure.numpy.iterators import FlatIterator
from conure.numpy.methods import methods
from conure.numpy.protocols import PROTOCOLS
from conure.numpy.subclasses import install_bases

__all__ = ["FlatIterator", "ndarray", "wrap"]


def _signed(method: types.FunctionType, plain: Any) -> None:
    """Give a method the words and the signature of NumPy's."""
    method.__doc__ = plain.__doc__
    vars(method).setdefault("__wrapped__", plain)


def _assemble() -> None:
    for part in (attributes(), methods(), all_operators(), INDEXING, PROTOCOLS):
        for name, member in part.items():
            setattr(ndarray, name, member)
            if isinstance(member, types.FunctionType) and hasattr(numpy.ndarray, name):
                _signed(member, getattr(numpy.ndarray, name))
    ndarray.__doc__ = numpy.ndarray.__doc__
    ndarray.__module__ = "conure.numpy"
    lend_memory()
    install_bases()


_assemble()
