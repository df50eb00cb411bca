"""Subscripts: affine, modular, mirrored, negative and indirect ones, mostly in range."""

from __future__ import annotations

from .scope import Array, Index, Scope

Candidate = tuple[float, str, int, int]  # weight, text, lowest, highest


def element(scope: Scope, array: Array) -> str:
    """`a[i, j + 1]`, or now and then `a[i][j + 1]`."""
    texts = [subscript(scope, size) for size in array.shape]
    if len(texts) > 1 and scope.draw.chance(0.08):
        return array.name + "".join(f"[{text}]" for text in texts)
    return f"{array.name}[{', '.join(texts)}]"


def subscript(scope: Scope, size: int) -> str:
    """A subscript for an axis of this size."""
    draw = scope.draw
    candidates = _constants(scope, size)
    for index in scope.indices:
        candidates += _of_one(scope, index, size)
    if len(scope.indices) > 1:
        candidates += _of_two(scope, size)
    if not (scope.dead or draw.chance(scope.wild * 0.3)):
        candidates = [
            candidate for candidate in candidates if candidate[2] >= -size and candidate[3] < size
        ]
    if not candidates:
        return "0"
    return draw.weighted([(weight, text) for weight, text, _, _ in candidates])


def _constants(scope: Scope, size: int) -> list[Candidate]:
    found = [
        (0.15, "0", 0, 0),
        (0.05, "-1", -1, -1),
        (0.1, f"{scope.size(size)} - 1", size - 1, size - 1),
    ]
    if not scope.indices:
        found.append((0.5, str(size // 2), size // 2, size // 2))
    return found


def _of_one(scope: Scope, index: Index, size: int) -> list[Candidate]:
    name, low, high = index.name, index.low, index.high
    step = scope.draw.between(1, 3)
    text = scope.size(size)
    found: list[Candidate] = [
        (6.0, name, low, high),
        (1.0, f"{name} + {step}", low + step, high + step),
        (1.0, f"{name} - {step}", low - step, high - step),
        (0.6, f"{text} - 1 - {name}", size - 1 - high, size - 1 - low),
        (0.3, f"-{name} - 1", -high - 1, -low - 1),
        (0.1, f"-{name}", -high, -low),
        (0.5, f"2 * {name}", 2 * low, 2 * high),
        (0.3, f"2 * {name} + 1", 2 * low + 1, 2 * high + 1),
        (0.4, f"{name} // 2", low // 2, high // 2),
        (0.3, f"{name} >> 1", low >> 1, high >> 1),
        (0.2, f"min({name} + {step}, {text} - 1)", low, size - 1),
        (0.2, f"max({name} - {step}, 0)", 0, high),
        (0.2, f"abs({name} - {step})", 0, max(abs(low - step), abs(high - step))),
    ]
    if size > 0:
        found += [
            (0.5, f"({name} + {step}) % {text}", 0, size - 1),
            (0.5, f"({name} - {step}) % {text}", 0, size - 1),
            (0.3, f"{name} * {step + 1} % {text}", 0, size - 1),
        ]
    for array in scope.arrays_of("index", rank=1):
        if -array.shape[0] <= low and high < array.shape[0]:
            found.append((0.8, f"{array.name}[{name}]", 0, array.limit - 1))
    return found


def _of_two(scope: Scope, size: int) -> list[Candidate]:
    one, two = scope.draw.random.sample(scope.indices, 2)
    width = max(two.high + 1, 1)
    found: list[Candidate] = [
        (0.6, f"{one.name} + {two.name}", one.low + two.low, one.high + two.high),
        (0.5, f"{one.name} - {two.name}", one.low - two.high, one.high - two.low),
        (
            0.8,
            f"{one.name} * {scope.size(width)} + {two.name}",
            one.low * width + two.low,
            one.high * width + two.high,
        ),
    ]
    if size > 0:
        found.append((0.3, f"({one.name} + {two.name}) % {scope.size(size)}", 0, size - 1))
        found.append((0.2, f"{one.name} * {two.name} % {scope.size(size)}", 0, size - 1))
    return found
