"""Calls compiled code: loads it at first use, passes values in, makes objects of the results.

The two functions on the way, `call` and `box`, are written out as Python source for the slots of
the artifact and compiled once. For `(x: f64[2]C, n: int, z: complex) -> (s: f64 kind, s.kind)`:

    def call(values):
        v0, v1, v2 = values
        if not -0x8000000000000000 <= v1 <= 0x7fffffffffffffff: return MISS, None
        if pool.threads != THREADS: use(THREADS)
        slots = free.pop() if free else new()
        return entry(RUNTIME, slots[1], v0, v1, v2.real, v2.imag), slots

    def box(slots):
        out = slots[0]
        results = (numpy_f64(out.s0) if out.s1 else out.s0, out.s1 != 0,)
        free.append(slots)
        return results

`entry` is the function with Python's calling convention that stands beside the native entry
(`codegen.calling`). Measured for three arrays: 0.2 us without results.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from conure.artifact import CALL, MISS, ArgumentSlot, Artifact, ResultSlot
from conure.errors import DeviceError
from conure.ir.types import NUMPY_SCALARS, SCALARS
from conure.runtime import pool
from conure.runtime.device import calling
from conure.runtime.devices import the_device
from conure.target import ArrayFields, host

Values = tuple[object, ...]
Slots = tuple[ctypes.Structure, int]
"""The memory of `out`, and its address."""

_FASTCALL: Final = 0x80  # CPython's METH_FASTCALL


class _Method(ctypes.Structure):
    """CPython's `PyMethodDef`."""

    _fields_ = (
        ("name", ctypes.c_char_p), ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int), ("doc", ctypes.c_char_p),
    )  # fmt: skip


_methods: Final[list[_Method]] = []
"""What the built-in functions of `_builtin` point to; like code, never freed."""


class Kernel:
    """An artifact as something to call; nothing is loaded before the first call.

    Parameters
    ----------
    artifact
        The code and the meaning of its arguments.
    threads
        How many threads its parallel loops use; None: as the options in force say.
    unbound
        What stands in the results for a variable that is still unbound.
    """

    def __init__(
        self, artifact: Artifact, threads: int | None = None, unbound: object = None
    ) -> None:
        self.artifact = artifact
        self.call: Callable[[Values], tuple[int, Slots | None]] = self._first_call
        self.box: Callable[[Slots | None], Values] = _not_called
        self._threads = threads
        self._unbound = unbound
        self._lock = threading.Lock()

    def _first_call(self, values: Values) -> tuple[int, Slots | None]:
        with self._lock:
            if self.call == self._first_call:
                self._prepare()
        return self.call(values)

    def _prepare(self) -> None:
        check_array_fields(host().arrays)
        artifact = self.artifact
        address = pool.load(artifact.code, artifact.entry + CALL)
        structure = _structure(artifact.results)

        def new() -> Slots:
            memory = structure()
            return memory, ctypes.addressof(memory)

        threads = (self._threads or host().threads) if artifact.parallel else 0
        names: dict[str, Any] = {
            "entry": _builtin(address),
            "RUNTIME": pool.runtime_address(threads),
            "THREADS": threads,
            "pool": pool.the_pool(),
            "use": pool.runtime_address,
            "free": [],
            "new": new,
            "nowhere": new(),
            "MISS": MISS,
            "UNBOUND": self._unbound,
            **{f"numpy_{scalar.name}": scalar.dtype.type for scalar in NUMPY_SCALARS},
        }
        source = call_source(artifact.arguments, bool(artifact.results), artifact.parallel)
        exec(source + box_source(artifact.results), names)
        self.box = names["box"]
        call = names["call"]
        if artifact.device:
            written = [k for k, slot in enumerate(artifact.arguments) if slot.written]
            call = calling(call, functools.partial(the_device, artifact.device), written)
        self.call = call


def _builtin(address: int) -> Callable[..., int]:
    """A built-in function of Python for machine code with its calling convention."""
    make = ctypes.PYFUNCTYPE(ctypes.py_object, *[ctypes.c_void_p] * 3)
    method = _Method(b"entry", address, _FASTCALL, None)
    _methods.append(method)
    function = ctypes.cast(ctypes.pythonapi.PyCFunction_NewEx, ctypes.c_void_p).value or 0
    made: Callable[..., int] = make(function)(ctypes.addressof(method), None, None)
    return made


def call_source(
    arguments: tuple[ArgumentSlot, ...], results: bool = True, parallel: bool = True
) -> str:
    """The Python text of `call` for these arguments, with results or without."""
    names = [f"v{k}" for k in range(len(arguments))]
    passed = ["RUNTIME", "slots[1]"]
    lines = ["def call(values):"]
    if names:
        lines.append(f"    {', '.join(names)}, = values")
    for name, slot in zip(names, arguments, strict=True):
        if slot.dtype == "int" and slot.kind == "int":
            in_range = f"-0x8000000000000000 <= {name} <= 0x7fffffffffffffff"
            lines.append(f"    if not {in_range}: return MISS, None")
        passed += [f"{name}.real", f"{name}.imag"] if slot.kind == "complex" else [name]
    if parallel:
        lines.append("    if pool.threads != THREADS: use(THREADS)")
    lines.append(f"    slots = {'free.pop() if free else new()' if results else 'nowhere'}")
    lines.append(f"    return entry({', '.join(passed)}), slots")
    return "\n".join(lines) + "\n"


def box_source(results: tuple[ResultSlot, ...]) -> str:
    """The Python text of `box` for these results."""
    places: dict[str, str] = {}
    position = 0
    for slot in results:
        places[slot.name] = f"out.s{position}"
        position += slot.width
    if not results:
        return "def box(slots):\n    return ()\n"
    boxed = "".join(f"{_boxed(slot, places)}, " for slot in results).strip()
    lines = [
        "def box(slots):",
        "    out = slots[0]",
        f"    results = ({boxed})",
        "    free.append(slots)",
        "    return results",
    ]
    return "\n".join(lines) + "\n"


def _boxed(slot: ResultSlot, places: dict[str, str]) -> str:
    """The expression that makes the Python object of one result."""
    plain = places[slot.name]
    if slot.scalar.kind == "bool":
        plain = f"({plain} != 0)"
    elif slot.scalar.kind == "complex":
        position = int(plain.removeprefix("out.s"))
        plain = f"complex({plain}, out.s{position + 1})"
    text = plain if slot.scalar.python else f"numpy_{slot.type}({plain})"
    converted = plain
    if slot.python not in (None, slot.python_type):
        other = SCALARS[slot.python or ""]
        converted = f"{'' if other.python else 'numpy_'}{other.name}({plain})"
    if slot.kind_of is not None:
        text = f"({text} if {places[slot.kind_of]} else {converted})"
    elif slot.python is not None:
        text = converted
    if slot.bound_by is not None:
        text = f"({text} if {places[slot.bound_by]} else UNBOUND)"
    return text


def _structure(results: tuple[ResultSlot, ...]) -> type[ctypes.Structure]:
    """The layout of `out`: 8 bytes per slot, read as the machine type of the result."""
    fields: list[tuple[str, Any]] = []
    for slot in results:
        for _ in range(slot.width):
            number = sum(name.startswith("s") for name, _ in fields)
            fields.append((f"s{number}", _field(slot)))
            if slot.type in ("f32", "c64"):
                fields.append((f"unused{number}", ctypes.c_int32))
    return type("Out", (ctypes.Structure,), {"_fields_": fields or [("s0", ctypes.c_int64)]})


def _field(slot: ResultSlot) -> Any:
    match slot.scalar.kind:
        case "bool" | "signed":
            return ctypes.c_int64
        case "unsigned":
            return ctypes.c_uint64
        case "real" | "complex":
            return ctypes.c_float if slot.type in ("f32", "c64") else ctypes.c_double


def _not_called(slots: Slots | None) -> Values:
    raise AssertionError("box comes after call")


@functools.cache
def check_array_fields(fields: ArrayFields) -> None:
    """Compare the places where compiled code looks into an array with what NumPy says.

    These are also the type, just before the fields, and of the dtype its byte order and number.

    Raises
    ------
    DeviceError
        If they differ: this NumPy or Python lays its arrays out in another way.
    """
    sample = np.zeros((3, 5, 2), np.int32)[:, ::2]
    sample.flags.writeable = False
    base = id(sample)
    dimensions = _pointer(base + fields.dimensions)
    strides = _pointer(base + fields.strides)
    descr = _pointer(base + fields.descr)
    found = (
        _pointer(base + fields.data - 8),
        _pointer(base + fields.data),
        ctypes.c_int.from_address(base + fields.rank).value,
        tuple(_pointer(dimensions + 8 * k) for k in range(3)),
        tuple(_pointer(strides + 8 * k) for k in range(3)),
        descr,
        ctypes.c_int.from_address(base + fields.flags).value,
        chr(ctypes.c_ubyte.from_address(descr + fields.data + 10).value),
        ctypes.c_int.from_address(descr + fields.data + 12).value,
    )
    told = (
        id(np.ndarray),
        sample.__array_interface__["data"][0],
        sample.ndim,
        sample.shape,
        sample.strides,
        id(sample.dtype),
        sample.flags.num,
        sample.dtype.byteorder,
        sample.dtype.num,
    )
    if found != told:
        raise DeviceError(
            f"NumPy {np.__version__} lays out its arrays differently from what Conure knows"
            f" ({found} is not {told}); compiled code is not used"
        )


def _pointer(address: int) -> int:
    return ctypes.c_void_p.from_address(address).value or 0
