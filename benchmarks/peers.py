"""What each peer runs for each nest.

`conure` and `numba` (serial) take the plain functions of `nests.py` as they are. `expert` is
`numba.njit(parallel=True)` on `expert_loops.py`; where its sums may be reordered (`reassoc`),
Conure's may too. `numpy` is `array_code.py`. A peer that is not installed is left out.
"""

import importlib.metadata
import importlib.util
from collections.abc import Callable
from typing import Any

import array_code
import nests

Function = Callable[..., object]


def with_numba(nest: str, expert: bool, cache: bool = False) -> Function:
    """The nest under Numba: as it is, or as an expert writes it."""
    import numba  # a peer: no other peer's process should have it loaded

    if not expert:
        return numba.njit(cache=cache)(getattr(nests, nest))
    import expert_loops  # it imports Numba

    flags = {"reassoc", "nsz"} if nest in expert_loops.SUMS_REORDERED else False
    compiler = numba.njit(parallel=True, error_model="numpy", fastmath=flags, cache=cache)
    return compiler(expert_loops.LOOPS[nest])


def with_conure(nest: str, **options: object) -> Function:
    """The nest under Conure: the plain loops, the decorator and nothing else (but options)."""
    import conure  # not before it is asked for: its import is one of the figures

    compiled: Function = conure.jit(**options)(getattr(nests, nest))
    return compiled


PEERS: dict[str, Callable[[str], Function]] = {
    "conure": with_conure,
    "expert": lambda nest: with_numba(nest, expert=True),
    "numba": lambda nest: with_numba(nest, expert=False),
    "numpy": lambda nest: array_code.CODE[nest],
    "python": lambda nest: getattr(nests, nest),
}
TITLES = {
    "conure": "Conure",
    "expert": "Numba prange",
    "numba": "Numba serial",
    "numpy": "NumPy",
    "python": "CPython",
}


def missing(peer: str) -> str:
    """Why a peer cannot run here, or an empty string."""
    if peer in ("numba", "expert") and importlib.util.find_spec("numba") is None:
        return "numba is not installed"
    if peer == "conure":
        try:
            with_conure("tiny")
        except (ImportError, AttributeError) as problem:
            return f"conure.jit is not there: {problem}"
    return ""


def versions(others: tuple[str, ...] = ()) -> dict[str, Any]:
    """Version of each package that takes part, None where it is absent."""
    names = ("conure", "numpy", "numba", "llvmlite", "scipy", *others)
    found: dict[str, Any] = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found
