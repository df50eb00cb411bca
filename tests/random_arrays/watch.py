"""What a program lets us see, and how two runs of it differ.

>>> one, other = Watch(), Watch()
>>> one.see("x", np.ones(3)); other.see("x", np.ones(3, "f4"))
>>> difference(one, other)
'dtype: x: want float64, got float32'
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.random_arrays.rules import SIGN_OF_ZERO

SEQUENCE = (
    "setting an array element with a sequence.",
    "only 0-dimensional arrays can be converted to Python scalars",
)
APART, SHARES, MAYBE = "is apart from", "shares memory with", "is or shares memory with"
WIDE = 3.0
"""How many times its bound a value may be off: the bounds are estimates."""


@dataclass
class Seen:
    """One value at one moment."""

    name: str
    sort: str
    value: Any
    layout: tuple[Any, ...] = ()
    error: float = 0.0


@dataclass
class Watch:
    """Collects what one run shows."""

    seen: list[Seen] = field(default_factory=list)

    def see(self, name: str, value: Any, error: float = 0.0) -> None:
        """A number or an array, which is evaluated and copied."""
        sort = _sort(value)
        if sort != "array":
            self.seen.append(Seen(name, sort, value, (), error))
            return
        layout = (str(value.dtype), value.shape, _strides(value), bool(value.flags.writeable))
        self.seen.append(Seen(name, sort, np.array(value, copy=True), layout, error))

    def text(self, value: object) -> None:
        """Something that is compared as it prints."""
        self.seen.append(Seen("a text", "text", str(value)))

    def error(self, error: Exception) -> None:
        """An exception that was caught."""
        text = str(error).replace("conure.numpy", "numpy")
        if text in SEQUENCE:  # which one, a plain array asks of the class of what it is given
            error, text = ValueError(), SEQUENCE[0]
        self.seen.append(Seen("an exception", "exception", f"{type(error).__name__}: {text}"))

    def memory(self, mixed: bool, **variables: Any) -> None:
        """Which variables are one object, and which share memory; `mixed`: with plain arrays."""
        found: dict[tuple[str, str], str] = {}
        bounds = {name: _bounds(value) for name, value in variables.items()}
        for one, other in itertools.combinations(variables, 2):
            if not _overlap(bounds[one], bounds[other]):
                continue
            if variables[one] is variables[other] and not mixed:
                found[one, other] = "is"
            else:
                found[one, other] = MAYBE if mixed else SHARES
        self.seen.append(Seen("memory", "memory", found))


def _sort(value: Any) -> str:
    if isinstance(value, np.generic):
        return "scalar"
    if isinstance(value, np.ndarray) or type(value).__name__ == "ndarray":
        return "array"
    return type(value).__name__


def _strides(value: Any) -> tuple[int, ...]:
    """The strides that mean anything."""
    if not value.size:
        return ()
    return tuple(
        stride for stride, extent in zip(value.strides, value.shape, strict=True) if extent > 1
    )


def _bounds(value: Any) -> tuple[int, int]:
    if _sort(value) != "array" or not value.size:
        return 0, 0
    low, high = np.lib.array_utils.byte_bounds(np.asarray(value))
    return int(low), int(high)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])


# ---- comparing -------------------------------------------------------------------------------


def difference(want: Watch, got: Watch) -> str:
    """The first difference in words, as "aspect: where: details"; empty if there is none."""
    for one, other in zip(want.seen, got.seen, strict=False):
        text = _differs(one, other)
        if text:
            return text
    if len(want.seen) != len(got.seen):
        return f"observations: number: want {len(want.seen)}, got {len(got.seen)}"
    return ""


def _differs(want: Seen, got: Seen) -> str:
    where = want.name
    if want.sort != got.sort:
        detail = f"want {want.sort} {want.value!r}, got {got.sort} {got.value!r}"
        ended = f", {got.value.split(':')[0]}" if got.sort == "exception" else ""
        return f"sort {want.sort} became {got.sort}{ended}: {where}: {detail[:600]}"
    if want.sort == "memory":
        return _relations_differ(want.value, got.value)
    if want.sort in ("text", "exception", "str", "NoneType"):
        if want.value == got.value:
            return ""
        sort = want.sort
        if sort == "exception":
            sort += " " + ", got ".join(each.value.split(":")[0] for each in (want, got))
        return f"{sort}: {where}: want {want.value!r}, got {got.value!r}"[:1200]
    for aspect, one, other in zip(
        ("dtype", "shape", "strides", "writeable"), want.layout, got.layout, strict=False
    ):
        if one != other:
            return f"{aspect}: {where}: want {one}, got {other}"
    return values_differ(where, np.asarray(want.value), np.asarray(got.value), want.error)


def _relations_differ(want: dict[Any, str], got: dict[Any, str]) -> str:
    """An array of ours that went through a plain one comes back as another."""
    for one, other in [*want, *got]:
        left, right = want.get((one, other), APART), got.get((one, other), APART)
        if left != right:
            return f"memory: {one}, {other}: want {one} {left} {other}, got {one} {right} {other}"
    return ""


def values_differ(where: str, want: np.ndarray, got: np.ndarray, error: float) -> str:
    """Where numbers are not as near as they must be."""
    if want.dtype != got.dtype:
        return f"dtype: {where}: want {want.dtype}, got {got.dtype}"
    if want.dtype.kind == "c":
        part = want.real.dtype
        want, got = (np.stack([x.real, x.imag], -1).astype(part) for x in (want, got))
    want, got = np.atleast_1d(want), np.atleast_1d(got)
    bad = ~_near(want, got, error)
    if not bad.any():
        return ""
    first = tuple(int(x) for x in np.argwhere(bad)[0])
    return (
        f"values: {where}: {int(bad.sum())} of {bad.size} differ, first at {first}: "
        f"want {want[first]!r}, got {got[first]!r}, bound {error:.2g}"
    )


def _near(want: np.ndarray, got: np.ndarray, error: float) -> np.ndarray:
    if want.dtype.kind != "f":
        return np.asarray(want == got)
    alike = (want == got) | (np.isnan(want) & np.isnan(got))
    if not error:
        same_sign = (np.signbit(want) == np.signbit(got)) | np.isnan(want)
        return np.asarray(alike & same_sign)
    if error > SIGN_OF_ZERO:
        with np.errstate(all="ignore"):
            apart = np.abs(want.astype(np.float64) - got.astype(np.float64))
            alike |= np.isfinite(want) & np.isfinite(got) & (apart <= error * WIDE)
    return np.asarray(alike)
