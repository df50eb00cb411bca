"""Compile a program and call it with NumPy arrays, without the runtime: `parallel` is a Python
function that runs the chunks one after another in a shuffled order."""

from __future__ import annotations

import ctypes
import functools
import random
import struct
from collections.abc import Mapping
from typing import Any
from unittest import mock

import numpy as np

from conure.artifact import ResultSlot
from conure.codegen import parallel
from conure.codegen.assemble import assemble, assembly, load
from conure.codegen.cpu import Generated, generate
from conure.ir.parse import parse
from conure.ir.types import NUMPY_SCALARS, Scalar
from conure.target import host

_EAGER = {"_WORTH": 0.0, "_LEAST_CHUNK": 20.0, "_LEAST_FIXED_CHUNK": 20.0, "_LANES": 64}
STATUS = ("OK", "MISS", "ASSUMPTION", "FAIL", "INTERRUPTED")
_KERNEL = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, *[ctypes.c_int64] * 3)
chunks_run: list[int] = []
polls: list[int] = []
poll_answer = [0]


@ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 3
)
def _parallel(_: int, kernel: int, env: int, trips: int, grain: int, _time: int) -> int:
    count = -(-trips // grain)
    chunks = list(range(count))
    random.Random(count).shuffle(chunks)
    call = _KERNEL(kernel)
    chunks_run.append(count)
    return max(call(env, k * grain, min((k + 1) * grain, trips), k) for k in chunks)


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
def _poll(_: int) -> int:
    polls.append(1)
    return poll_answer[0]


def _runtime(threads: int) -> Any:
    slots = [id(np.ndarray), ctypes.cast(_parallel, ctypes.c_void_p).value or 0]
    slots += [ctypes.cast(_poll, ctypes.c_void_p).value or 0, 0, threads]
    slots += [id(scalar.dtype) for scalar in NUMPY_SCALARS]
    return (ctypes.c_int64 * len(slots))(*slots)


@functools.cache
def compiled(text: str, eager: bool = False) -> tuple[Generated, int]:
    """Eager code hands the shortest loops to `parallel`, in short chunks."""
    with mock.patch.multiple(parallel, **(_EAGER if eager else {"_LANES": parallel._LANES})):
        generated = generate(parse(text), host())
    code = assemble(generated.text, host())
    return generated, load(code, [generated.entry])[generated.entry]


def machine_code(text: str) -> str:
    return assembly(generate(parse(text), host()).text, host())


def run(
    text: str, args: Mapping[str, Any], threads: int = 2, eager: bool = False
) -> tuple[str, tuple[Any, ...]]:
    """Status and results of one call, arrays written in place."""
    generated, address = compiled(text, eager)
    kinds: list[Any] = [ctypes.c_void_p, ctypes.c_void_p]
    values: list[Any] = []
    for slot in generated.arguments:
        value = args[slot.name]
        if slot.kind == "array":
            kinds.append(ctypes.py_object)
            values.append(value)
        elif slot.kind == "complex":
            kinds += [ctypes.c_double] * 2
            values += [float(value.real), float(value.imag)]
        elif slot.kind == "float":
            kinds.append(ctypes.c_double)
            values.append(float(value))
        else:
            kinds.append(ctypes.c_int64)
            values.append(ctypes.c_int64(int(value)))
    width = sum(slot.width for slot in generated.results)
    out = (ctypes.c_int64 * max(width, 1))()
    entry = ctypes.CFUNCTYPE(ctypes.c_int, *kinds)(address)
    runtime = _runtime(threads)
    status = STATUS[entry(ctypes.addressof(runtime), ctypes.addressof(out), *values)]
    if status != "OK":
        return status, ()
    results, place = [], 0
    for result in generated.results:
        results.append(_unboxed(result, list(out[place : place + result.width])))
        place += result.width
    return status, tuple(results)


def _unboxed(slot: ResultSlot, raw: list[int]) -> Any:
    scalar: Scalar = slot.scalar
    if scalar.is_inexact:
        code = "<f" if scalar.name in ("f32", "c64") else "<d"
        parts = [struct.unpack_from(code, struct.pack("<q", bits))[0] for bits in raw]
        value: Any = parts[0] if len(parts) == 1 else complex(*parts)
    else:
        value = raw[0] % 2**64 if scalar.kind == "unsigned" else raw[0]
    if scalar.python:
        return {"bool": bool, "int": int, "float": float, "complex": complex}[scalar.name](value)
    return scalar.dtype.type(value)
