"""Classes and objects of NumPy that take or give arrays, standing in for NumPy's own."""

from __future__ import annotations

import sys
from typing import Any

import numpy

from conure.numpy.functions import given_ours
from conure.numpy.seam import WRAP, call, wrapped


class vectorize(numpy.vectorize):  # noqa: N801 # the name that it stands in for
    """A function of scalars made one of arrays; see `numpy.vectorize`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The results of the function for each element."""
        return call(super().__call__, args, kwargs)

    def _vectorize_call_with_signature(self, func: Any, args: Any) -> Any:
        """NumPy's own step, in which the function is given parts of arrays."""
        step: Any = getattr(super(), "_vectorize_call_with_signature")  # noqa: B009 # private to NumPy
        return step(given_ours(func), args)


vectorize.__module__ = "conure.numpy"


def _grid(plain: Any) -> Any:
    """`np.r_` and its like: an object of a subclass of NumPy's, whose items are ours."""

    def __getitem__(self: Any, key: Any) -> Any:
        if isinstance(key, str):  # names of the caller's
            frame = sys._getframe(1)
            return numpy.bmat(key, frame.f_globals, frame.f_locals)
        return call(plain.__getitem__, (key,), {})

    kind = type(plain)
    made = type(kind.__name__, (kind,), {"__getitem__": __getitem__, "__doc__": kind.__doc__})
    return made()


GRIDS: dict[str, Any] = {
    name: _grid(getattr(numpy, name)) for name in ("r_", "c_", "mgrid", "ogrid")
}
"""What makes arrays of subscripts."""


class NpzFile(numpy.lib.npyio.NpzFile):
    """The arrays of an `.npz` file, read when asked for; see `numpy.lib.npyio.NpzFile`."""

    def __getitem__(self, key: str) -> Any:
        return wrapped(super().__getitem__(key))


def archive(plain: numpy.lib.npyio.NpzFile) -> numpy.lib.npyio.NpzFile:
    """The open file, as one whose arrays are ours."""
    plain.__class__ = NpzFile
    return plain


WRAP[numpy.lib.npyio.NpzFile] = archive
