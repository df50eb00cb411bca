"""What code generation hands to the runtime: code bytes, entry, and what the arguments mean.

The native entry is `i32 entry(ptr runtime, ptr out, arguments...)`; beside it the code has the
function `entry.call` around it, with Python's calling convention (`codegen.calling`). Per
`ArgumentSlot`: an array is the `PyObject*` of the ndarray; an integer or bool of any width is an
i64; a real number is a double (float32 too: the value is exact); a complex number is two doubles,
real part first.

`out` is an array of 8-byte slots. Per `ResultSlot`, in order, one slot, for complex results two
(real, imaginary). A slot holds the value's own bits at its lower end: a float32 or the parts of
a complex64 are 4-byte floats, integers are sign- or zero-extended to i64, a bool is 0 or 1.

    >>> slot = ArgumentSlot("x", "array", "f64", rank=2, layout="C", written=True)
    >>> ArgumentSlot.from_json(slot.to_json()) == slot
    True
    >>> [slot.native for slot in (scalar_argument("n", "int"), scalar_argument("z", "c64"))]
    [('i64',), ('f64', 'f64')]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, Self

from conure.ir.types import SCALARS, Scalar

ArgumentKind = Literal["array", "int", "float", "bool", "complex"]
Layout = Literal["C", "F", "U", "S"]
Native = Literal["object", "i64", "f64"]

OK: Final = 0
"""The status of an entry that did its work."""
MISS: Final = 1
"""The arguments do not fit this variant (layout, overlap, an int beyond 64 bits)."""
ASSUMPTION: Final = 2
"""An assumption of this variant is false; nothing is written yet."""
FAIL: Final = 3
"""Python would raise or warn, or an int overflowed: restore the arrays and replay in CPython."""
INTERRUPTED: Final = 4
"""A signal handler raised; `runtime.pool.take_interruption` has the exception."""

CALL: Final = ".call"
"""Behind the entry's symbol: the function around it that takes Python's objects."""

_KIND_OF_SCALAR: Final[Mapping[str, ArgumentKind]] = {
    "bool": "bool",
    "signed": "int",
    "unsigned": "int",
    "real": "float",
    "complex": "complex",
}


class ArgumentSlot(NamedTuple):
    """One live-in of a region, in the order of the entry's arguments.

    Attributes
    ----------
    kind
        How it is passed; `dtype` is the exact IR scalar name (of the elements, for an array).
    rank, layout
        Of an array: its number of dimensions and the layout class this variant needs.
    written
        Whether the region may write to the array (then it is snapshotted where needed).
    """

    name: str
    kind: ArgumentKind
    dtype: str
    rank: int = 0
    layout: Layout = "C"
    written: bool = False

    @property
    def scalar(self) -> Scalar:
        """The IR type that `dtype` names."""
        return SCALARS[self.dtype]

    @property
    def native(self) -> tuple[Native, ...]:
        """The machine arguments that carry this slot."""
        match self.kind:
            case "array":
                return ("object",)
            case "int" | "bool":
                return ("i64",)
            case "float":
                return ("f64",)
            case "complex":
                return ("f64", "f64")

    def to_json(self) -> dict[str, Any]:
        """A mapping of plain values, that `from_json` reads."""
        return self._asdict()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        return cls(**values)


def scalar_argument(name: str, dtype: str) -> ArgumentSlot:
    """The slot of a scalar of this IR type."""
    return ArgumentSlot(name, _KIND_OF_SCALAR[SCALARS[dtype].kind], dtype)


class ResultSlot(NamedTuple):
    """One live-out scalar of a region, in the order of `out`.

    Attributes
    ----------
    type
        The IR scalar name of the value.
    kind_of
        The name of a companion result of type bool: true, the value is a NumPy scalar; false,
        it is boxed as `python_type`. None: as `type` says.
    bound_by
        The name of a companion result of type bool: false, the variable is still unbound.
    python
        The Python kind of the value where it is not a NumPy scalar: after `s = 0` and no turn of
        `s += a[i]`, an int in a slot of type f64. None: the kind with the values of `type`.
    """

    name: str
    type: str
    kind_of: str | None = None
    bound_by: str | None = None
    python: str | None = None

    @property
    def scalar(self) -> Scalar:
        """The IR type that `type` names."""
        return SCALARS[self.type]

    @property
    def width(self) -> int:
        """How many out slots the value takes."""
        return 2 if self.scalar.kind == "complex" else 1

    @property
    def python_type(self) -> Literal["bool", "int", "float", "complex"]:
        """The Python kind with these values: of f32 and f64 `float`, of integers `int`, ..."""
        kind = _KIND_OF_SCALAR[self.scalar.kind]
        assert kind != "array"
        return kind

    def to_json(self) -> dict[str, Any]:
        """A mapping of plain values, that `from_json` reads."""
        return self._asdict()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        return cls(**values)


class Launch(NamedTuple):
    """What the runtime must know of a kernel; compiled code holds it as text.

    Where the code launches, it hands over a descriptor of three addresses, of this text (ending in
    a zero byte), of the device's code and of its length, and a block of 8-byte slots: the points
    of the grid along x and y, the address and size of the outcome (size 0: there is none), of each
    array its data pointer, its first byte and the byte behind its last, and the scalars.

    The kernel's own arguments are the outcome, if there is one, the memory of each array with
    the data pointer's offset in it, and the scalars.

    Attributes
    ----------
    device, kernel
        The device's name, and the kernel's in the code.
    group
        How many threads a group has.
    fixed
        Whether x counts threads rather than points, in whole groups of exactly this size.
    written
        Per array, whether the kernel writes to it.
    scalars
        Per scalar a letter: `q` i64, `d` double, `f` float.
    place
        File and line of the loop.
    """

    device: str
    kernel: str
    group: int
    fixed: bool
    written: tuple[bool, ...]
    scalars: str
    place: str

    def to_text(self) -> str:
        """Text that `from_text` reads."""
        return json.dumps(self)

    @classmethod
    def from_text(cls, text: str) -> Self:
        device, kernel, group, fixed, written, scalars, place = json.loads(text)
        return cls(device, kernel, group, fixed, tuple(written), scalars, place)


class Artifact(NamedTuple):
    """Compiled code and all that is needed to call it; immutable, and storable as bytes.

    Attributes
    ----------
    key
        The content key: of the printed program, the choices, the target and the versions.
    code
        A relocatable object file.
    entry
        The symbol to call.
    parallel
        Whether the code calls `parallel`; if not, no worker thread is started for it.
    may_fail_after_write
        Whether status FAIL may come after the code wrote to an array (then it is snapshotted).
    device
        The name of the device that its kernels are for; empty: it has none.
    reports
        What `explain` and `profile` say of the loops: rows of plain values.
    """

    key: str
    code: bytes
    entry: str
    arguments: tuple[ArgumentSlot, ...] = ()
    results: tuple[ResultSlot, ...] = ()
    parallel: bool = True
    may_fail_after_write: bool = True
    device: str = ""
    reports: tuple[Mapping[str, Any], ...] = ()

    @property
    def written(self) -> tuple[str, ...]:
        """The names of the arrays that the code may write to."""
        return tuple(slot.name for slot in self.arguments if slot.written)

    @property
    def out_slots(self) -> int:
        """The length of `out` in slots of 8 bytes."""
        return sum(slot.width for slot in self.results)

    def to_json(self) -> dict[str, Any]:
        """Everything but the code, as plain values."""
        return {
            "key": self.key,
            "entry": self.entry,
            "arguments": [slot.to_json() for slot in self.arguments],
            "results": [slot.to_json() for slot in self.results],
            "parallel": self.parallel,
            "may_fail_after_write": self.may_fail_after_write,
            "device": self.device,
            "reports": [dict(row) for row in self.reports],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], code: bytes) -> Self:
        return cls(
            key=values["key"],
            code=code,
            entry=values["entry"],
            arguments=tuple(map(ArgumentSlot.from_json, values["arguments"])),
            results=tuple(map(ResultSlot.from_json, values["results"])),
            parallel=values["parallel"],
            may_fail_after_write=values["may_fail_after_write"],
            device=values["device"],
            reports=tuple(values["reports"]),
        )
