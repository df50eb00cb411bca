"""Who runs the array programs, with what inputs, and when a result is there.

Under JAX and `conure.numpy` the arrays are theirs; `consume` waits until all of a result exists.
"""

import importlib
import importlib.util
import time
from collections.abc import Callable
from typing import Any

import measure
import numpy as np
from array_programs import Arrays, Program

TITLES = {
    "conure": "conure.numpy",
    "numpy": "NumPy",
    "numexpr": "numexpr",
    "numba": "Numba, fused by hand",
    "jax": "JAX jit",
    "jax-calls": "JAX",
}
MODULES = {"conure": "conure.numpy", "numpy": "numpy", "jax": "jax", "jax-calls": "jax"}


def missing(peer: str) -> str:
    """Why a peer cannot run here, or an empty string."""
    module = MODULES.get(peer, peer)
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        found = None
    return "" if found else f"{module} is not installed"


LONGER = 0.2
"""Seconds of calls before anything of conure is timed: it compiles what has taken long."""


class Variant(measure.Timed):
    """A program under one peer: inputs change before each call, and each result is consumed."""

    def __init__(self, peer: str, program: Program, pristine: Arrays) -> None:
        self.program = program
        self.pristine = pristine
        self.make, self.consume = _arrays_of(peer)
        self.call = _function(peer, program)
        self.arrays = tuple(self.make(each) for each in pristine)
        self.is_jax = peer.startswith("jax")
        self.compiles_late = peer == "conure"
        self.calls = 0
        self.seconds: list[float] = []
        self.checksum = 0.0

    def vary(self) -> None:
        """Other inputs than before; those that the program writes are restored."""
        self.calls += 1
        if self.program.in_place:
            for each, original in zip(self.arrays, self.pristine, strict=True):
                each[...] = original
        varied = []
        for each, original in zip(self.arrays, self.pristine, strict=True):
            place = np.unravel_index(self.calls * 7919 % original.size, original.shape)
            value = original[place] * (1.0 + 1e-9 * self.calls)
            if self.is_jax:
                each = each.at[place].set(value)
            else:
                each[place] = value
            varied.append(each)
        self.arrays = tuple(varied)

    def once(self) -> float:
        """Seconds of one call on inputs that no call has seen."""
        self.vary()
        start = time.perf_counter()
        results = self.consume(self.call(*self.arrays))
        seconds = time.perf_counter() - start
        self.checksum += sum(float(np.real(each.flat[-1])) for each in results if each.size)
        return seconds

    def results(self) -> list[np.ndarray]:
        """The results on the pristine inputs."""
        arrays = tuple(self.make(each) for each in self.pristine)
        return [np.array(each) for each in self.consume(self.call(*arrays))]

    def turn(self) -> None:
        """As of `Timed`; what takes long is repeated three times."""
        if len(self.seconds) < 3 or sum(self.seconds) < 0.5:
            super().turn()

    def warm(self) -> None:
        """Calls outside the clock, so that whoever compiles after a while has done so."""
        spent, enough = 0.0, LONGER if self.compiles_late else 20 * measure.SHORT
        for _ in range(10_000):
            spent += self.once()
            if spent > enough:
                break


def _arrays_of(peer: str) -> tuple[Callable[[Any], Any], Callable[[Any], list[Any]]]:
    """How inputs are made, and how results become NumPy's."""
    if peer == "conure":
        namespace = importlib.import_module("conure.numpy")
        return lambda x: namespace.array(x), lambda result: [np.asarray(x) for x in several(result)]
    if peer.startswith("jax"):
        jax = importlib.import_module("jax")
        jax.config.update("jax_enable_x64", True)
        make = importlib.import_module("jax.numpy").asarray
        ready = jax.block_until_ready
        return make, lambda result: [np.asarray(x) for x in several(ready(result))]
    return lambda x: np.array(x), lambda result: [np.asarray(x) for x in several(result)]


def several(result: Any) -> tuple[Any, ...]:
    """A tuple of results."""
    return result if isinstance(result, tuple) else (result,)


def _function(peer: str, program: Program) -> Callable[..., Any]:
    """What a peer calls; LookupError if it has nothing for this program."""
    if peer == "numba":
        return importlib.import_module("array_loops").LOOPS[program.name]
    if peer == "numexpr":
        return importlib.import_module("array_expressions").EXPRESSIONS[program.name]
    if peer.startswith("jax"):
        if program.in_place or program.name in ("Mandelbrot", "k-means step"):
            raise LookupError("it writes into arrays, or its shapes depend on values")
        namespace = importlib.import_module("jax.numpy")
        jit = importlib.import_module("jax").jit
        bound = lambda *arrays: program.run(namespace, *arrays)  # noqa: E731 # jit needs a function
        return bound if peer == "jax-calls" else jit(bound)
    namespace = importlib.import_module(MODULES[peer])
    return lambda *arrays: program.run(namespace, *arrays)


def difference(want: list[np.ndarray], got: list[np.ndarray]) -> str:
    """Where results part by more than rounding; empty if nowhere."""
    if len(want) != len(got):
        return f"{len(got)} results, not {len(want)}"
    for position, (one, other) in enumerate(zip(want, got, strict=True)):
        if one.shape != other.shape:
            return f"result {position}: shape {other.shape}, not {one.shape}"
        if one.dtype.kind in "iu":  # counts that hang on the last bit of an iteration
            wrong = int(np.count_nonzero(one != other))
            if wrong > 1e-4 * one.size + 1:
                return f"result {position}: {wrong} integers differ"
        elif not np.allclose(one, other, rtol=1e-8, atol=1e-10, equal_nan=True):
            return f"result {position}: differs by up to {np.nanmax(np.abs(one - other)):.3g}"
    return ""
