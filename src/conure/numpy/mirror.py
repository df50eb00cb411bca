"""Modules that mirror NumPy's: each name is found at its first use and wrapped for what it is.

`mirrored` gives the `__getattr__` and `__dir__` of a module; `install` makes
`import conure.numpy.linalg` and `from conure.numpy.lib.stride_tricks import as_strided` work.

    >>> import conure.numpy as np
    >>> np.linalg.norm([3.0, 4.0]), np.abs is np.absolute
    (np.float64(5.0), True)
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from typing import Any

import numpy

from conure.numpy.arrays import FlatIterator, ndarray
from conure.numpy.functions import function, is_function
from conure.numpy.stand_ins import GRIDS, vectorize
from conure.numpy.ufuncs import ufunc

WRAPPING = frozenset(
    {
        *("numpy", "numpy.char", "numpy.ctypeslib", "numpy.fft", "numpy.linalg", "numpy.random"),
        *("numpy.lib", "numpy.lib.array_utils", "numpy.lib.npyio", "numpy.lib.recfunctions"),
        *("numpy.lib.scimath", "numpy.lib.stride_tricks", "numpy.polynomial.chebyshev"),
        *("numpy.polynomial.hermite", "numpy.polynomial.hermite_e", "numpy.polynomial.laguerre"),
        *("numpy.polynomial.legendre", "numpy.polynomial.polynomial"),
        *("numpy.polynomial.polyutils", "numpy.polynomial", "numpy.rec", "numpy.strings"),
        "numpy.testing",
    }
)
"""The modules whose functions are wrapped; the others of NumPy's are passed through as they are."""

STAND_INS: dict[tuple[str, str], tuple[str, str]] = {
    ("numpy.random", "Generator"): ("conure.numpy.streams", "Generator"),
    ("numpy.random", "RandomState"): ("conure.numpy.streams", "RandomState"),
    ("numpy.random", "default_rng"): ("conure.numpy.streams", "default_rng"),
}
"""Names that have a form of their own here, and where it is."""

CLASSES: dict[Any, Any] = {
    numpy.ndarray: ndarray,
    numpy.ufunc: ufunc,
    numpy.flatiter: FlatIterator,
    numpy.vectorize: vectorize,
}
"""NumPy's classes that ours stand in for."""

WRAPPED: dict[Any, Any] = {}
"""A cache: the wrapped form of each function, so that two names of one stay one."""


def mirrored(original: types.ModuleType, names: dict[str, Any]) -> tuple[Any, Any]:
    """The `__getattr__` and `__dir__` of the module of ours whose globals are `names`."""

    def __getattr__(name: str) -> Any:
        value = ours(original.__name__, name, getattr(original, name))
        names[name] = value
        return value

    def __dir__() -> list[str]:
        return dir(original)

    return __getattr__, __dir__


def ours(module: str, name: str, value: Any) -> Any:
    """What stands for `value`, found under `name` in `module` of NumPy."""
    if (module, name) in STAND_INS:
        home, inner = STAND_INS[module, name]
        return getattr(importlib.import_module(home), inner)
    if module == "numpy" and name in GRIDS:
        return GRIDS[name]
    if isinstance(value, types.ModuleType):
        return _module(value)
    if isinstance(value, type):
        return CLASSES.get(value, value)
    if isinstance(value, numpy.ufunc):
        return _once(value, ufunc)
    if is_function(value) and not name.startswith("__") and _takes_arrays(module, name):
        return _once(value, lambda plain: function(plain, f"conure.{module}"))
    return value


def _once(value: Any, wrap: Callable[[Any], Any]) -> Any:
    if value not in WRAPPED:
        WRAPPED[value] = wrap(value)
    return WRAPPED[value]


def _takes_arrays(module: str, name: str) -> bool:
    """Whether to wrap a function; a tester that is handed a function passes arguments on."""
    if module != "numpy.testing":
        return True
    return name.startswith("assert_") and name.endswith(
        ("equal", "almost_equal", "allclose", "less", "ulp", "nulp")
    )


def _module(original: types.ModuleType) -> types.ModuleType:
    if original.__name__ in WRAPPING:
        return importlib.import_module(f"conure.{original.__name__}")
    return original


class Mirror:
    """Finds and loads `conure.numpy.X` where NumPy has `numpy.X`.

    It is what `importlib.abc` describes, but for the class, which takes 20 ms to import.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """The place of a module of ours that mirrors NumPy's; None if NumPy has none."""
        if not name.startswith("conure.numpy."):
            return None
        try:
            original = importlib.import_module(name.removeprefix("conure."))
        except ModuleNotFoundError:
            return None
        loader: Any = self
        return ModuleSpec(name, loader, is_package=hasattr(original, "__path__"))

    def create_module(self, spec: ModuleSpec) -> None:
        """A module as Python makes it."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Fill the module, or put NumPy's own in its place."""
        original = importlib.import_module(module.__name__.removeprefix("conure."))
        if original.__name__ not in WRAPPING:
            sys.modules[module.__name__] = original
            return
        module.__doc__ = original.__doc__
        names = vars(module)
        if hasattr(original, "__all__"):
            names["__all__"] = original.__all__
        names["__getattr__"], names["__dir__"] = mirrored(original, names)


def install() -> None:
    """Let Python find the submodules; asked only for what is no file."""
    if not any(isinstance(finder, Mirror) for finder in sys.meta_path):
        sys.meta_path.append(Mirror())
