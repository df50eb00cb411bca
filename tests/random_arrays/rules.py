"""How far a result may be off: each operation's bound from the bounds of its operands.

NumPy's sums and elementary functions round as its loops happen to, so another order or another
library gives other last bits. A bound is absolute, for the whole array; 0 means the very same
bits. Where a small error could become a large one (a comparison, a division by something
rounded) a rule answers None, and no such program is made.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

SIGN_OF_ZERO = 5e-324
"""The bound where only the sign of a zero is left open."""
_LARGEST = 1e8  # of what is rounded
_WORST = 1e-4  # bound per magnitude


@dataclass
class Case:
    """One application of an operation."""

    values: list[Any]
    errors: list[float]
    result: Any

    @property
    def is_rounded(self) -> bool:
        return any(self.errors)


Rule = Callable[[Case], float | None]


def magnitude(value: Any) -> float:
    """The largest finite absolute value."""
    numbers = np.asarray(value)
    if numbers.dtype.kind not in "biufc" or not numbers.size:
        return 0.0
    if numbers.dtype.kind in "fc":
        size = np.abs(numbers.astype(np.complex128 if numbers.dtype.kind == "c" else np.float64))
        return float(np.max(np.where(np.isfinite(size), size, 0.0), initial=0.0))
    return float(np.max(np.abs(numbers.astype(np.float64)), initial=0.0))


def smallest(value: Any) -> float:
    """The smallest absolute value."""
    numbers = np.asarray(value)
    return float(np.min(np.abs(numbers), initial=np.inf))


def precision(value: Any) -> float:
    """The distance from 1 to the next number of the dtype; 0 for integers."""
    dtype = np.asarray(value).dtype
    return float(np.finfo(dtype).eps) if dtype.kind in "fc" else 0.0


def is_finite(value: Any) -> bool:
    """Whether no number is NaN or infinite."""
    numbers = np.asarray(value)
    return numbers.dtype.kind not in "fc" or bool(np.isfinite(numbers).all())


def is_whole(value: Any, count: int = 1) -> bool:
    """Whether sums of `count` of the numbers are exact in every order."""
    numbers = np.asarray(value)
    if numbers.dtype.kind not in "fc":
        return True
    if not is_finite(numbers) or bool((numbers != np.rint(numbers)).any()):
        return False
    limit = {2: 2**11, 4: 2**24, 8: 2**53}.get(numbers.real.dtype.itemsize, 2**53)
    return magnitude(numbers) * count < limit


def _is_complex(case: Case) -> bool:
    return any(np.asarray(value).dtype.kind == "c" for value in (*case.values, case.result))


def bounded(case: Case, error: float | None) -> float | None:
    """The bound of a rule, or None if it is too large to tell right from wrong."""
    if error is None or error <= SIGN_OF_ZERO:
        return error
    size = magnitude(case.result)
    if not math.isfinite(error) or size > _LARGEST or error > _WORST * max(size, 0.01):
        return None
    return error


# ---- rules -----------------------------------------------------------------------------------


def exact(case: Case) -> float | None:
    """A jump: what is rounded may fall on either side."""
    return None if case.is_rounded else 0.0


def carried(case: Case) -> float | None:
    """Numbers moved, negated or chosen."""
    return max(case.errors, default=0.0)


def stored(case: Case) -> float | None:
    """Numbers moved, perhaps to a narrower dtype."""
    if np.asarray(case.result).dtype.kind not in "fc":
        return exact(case)
    return _and_rounding(case, max(case.errors, default=0.0))


def _and_rounding(case: Case, error: float) -> float:
    return error + 2 * precision(case.result) * magnitude(case.result) if error else 0.0


def added(case: Case) -> float | None:
    """A sum or difference of two."""
    return _and_rounding(case, sum(case.errors))


def multiplied(case: Case) -> float | None:
    """A product; complex ones may be contracted."""
    one, two = (magnitude(value) for value in case.values[:2])
    error = 0.0
    if _is_complex(case) and not (is_whole(case.values[0]) and is_whole(case.values[1])):
        if not all(is_finite(value) for value in case.values):
            return None
        error = 4 * precision(case.result) * one * two
    if case.is_rounded:
        if not all(is_finite(value) for value in case.values):
            return None
        error += case.errors[0] * two + case.errors[1] * one
    return _and_rounding(case, error)


def divided(case: Case) -> float | None:
    """A quotient by something exact."""
    if case.errors[1]:
        return None
    if _is_complex(case):
        if not (is_finite(case.result) and all(is_finite(value) for value in case.values)):
            return None
        return 16 * precision(case.result) * magnitude(case.result) + case.errors[0] * 1e3
    if not case.errors[0]:
        return 0.0
    return _and_rounding(case, case.errors[0] / max(smallest(case.values[1]), 1e-300))


def smooth(slope: float = 1.0, low: float = -1e9, high: float = 1e9) -> Rule:
    """An elementary function; the slope holds from `low` to `high`."""

    def rule(case: Case) -> float | None:
        error = 8 * precision(case.result) * magnitude(case.result)
        if _is_complex(case):
            if not is_finite(case.result) or any(magnitude(value) > 4 for value in case.values):
                return None
            error *= 4
        if case.is_rounded:
            numbers = np.asarray(case.values[0])
            inside = numbers.dtype.kind != "c" and bool(((numbers > low) & (numbers < high)).all())
            if not inside:
                return None
            error += slope * sum(case.errors)
        return error

    return rule


def rooted(case: Case) -> float | None:
    """A square root, which is exact, but steep at zero."""
    rule = smooth(2.0, low=0.1)(case)
    return rule if case.is_rounded or _is_complex(case) or rule is None else 0.0


def absolute(case: Case) -> float | None:
    """An absolute value; complex ones take a root."""
    if _is_complex(case):
        return max(case.errors) + 4 * precision(case.result) * magnitude(case.result)
    return max(case.errors)


def extremum(case: Case) -> float | None:
    """The larger or the smaller: of two zeros, either."""
    error = max(case.errors, default=0.0)
    return max(error, SIGN_OF_ZERO) if _has_both_zeros(case.values) else error


def _has_both_zeros(values: list[Any]) -> bool:
    found = set()
    for value in values:
        numbers = np.asarray(value)
        if numbers.dtype.kind == "f":
            signs = np.signbit(numbers[numbers == 0])
            found |= {bool(sign) for sign in (signs.all(), signs.any())} if signs.size else set()
        elif numbers.dtype.kind in "biu" and bool((numbers == 0).any()):
            found.add(False)
    return len(found) > 1


def summed(case: Case) -> float | None:
    """A sum over axes, or a running one."""
    numbers = np.asarray(case.values[0])
    count = max(numbers.size, 1)
    if np.asarray(case.result).dtype.kind not in "fc":
        return exact(case)
    narrow = np.asarray(case.result).astype(np.result_type(case.result, np.float16), copy=False)
    if not case.is_rounded and is_whole(numbers.astype(narrow.dtype, copy=False), count):
        return 0.0
    if not is_finite(numbers) and case.is_rounded:
        return None
    total = magnitude(numbers) * count
    if total > 1e30:
        return None
    size = float(np.sum(np.where(np.isfinite(numbers), np.abs(numbers), 0), dtype=np.float64))
    noise = precision(case.result) * size * (8 + math.sqrt(count))
    return noise + sum(case.errors) * count


def averaged(case: Case) -> float | None:
    """A mean."""
    error = summed(case)
    extent = np.asarray(case.values[0]).size / max(np.asarray(case.result).size, 1)
    return error / max(extent, 1.0) * 4 if error else error


def multiplied_up(case: Case) -> float | None:
    """A product over axes, or a running one."""
    numbers = np.asarray(case.values[0])
    if np.asarray(case.result).dtype.kind not in "fc":
        return exact(case)
    if case.is_rounded or not is_finite(case.result):
        return None
    tiny = bool(((np.abs(case.result) < 1e-30) & (np.asarray(case.result) != 0)).any())
    return None if tiny else precision(case.result) * 4 * numbers.size * magnitude(case.result)


def spread(case: Case) -> float | None:
    """A variance; for a deviation, ask `rooted` as well."""
    numbers = np.asarray(case.values[0])
    size = magnitude(numbers)
    if not is_finite(numbers) or size > 1e6 or not numbers.size:
        return None
    result = np.asarray(case.result)
    noise = precision(result) * (16 + math.sqrt(numbers.size)) * size * size
    return noise + 8 * size * sum(case.errors)


def deviated(case: Case) -> float | None:
    """A standard deviation that is well away from zero."""
    error = spread(case)
    return None if error is None or smallest(case.result) < 0.1 else error * 10


def matrix(case: Case) -> float | None:
    """A product of matrices or vectors."""
    one, two = (np.asarray(value) for value in case.values[:2])
    if np.asarray(case.result).dtype.kind not in "fc":
        return exact(case)
    depth = max(one.shape[-1:] or (1,))
    size = magnitude(one) * magnitude(two) * depth
    if not case.is_rounded and is_whole(one) and is_whole(two) and size < 2**24:
        return 0.0
    if not (is_finite(one) and is_finite(two)) or size > 1e30:
        return None
    noise = precision(case.result) * size * 4
    return noise + depth * (case.errors[0] * magnitude(two) + case.errors[1] * magnitude(one))


def powered(case: Case) -> float | None:
    """A power."""
    if case.is_rounded:
        return None
    if np.asarray(case.result).dtype.kind not in "fc":
        return 0.0
    if not is_finite(case.result) and _is_complex(case):
        return None
    return 16 * precision(case.result) * magnitude(case.result)
