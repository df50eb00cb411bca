"""Nests that walk an array along or across its rows and read their own earlier elements, and
loops whose subscripts are shifted by a number of unknown sign."""

from __future__ import annotations

from .builder import Builder, Lines, indented
from .scope import Array, Scope


def walk(build: Builder, depth: int) -> Lines:
    """A perfect nest over an array, or a shifted loop, whatever there is an array for."""
    scope, draw = build.scope, build.draw
    arrays = scope.arrays_of("out", "f")
    deep = [array for array in arrays if len(array.shape) > 1 and _fits(scope, array, 2)]
    flat = [array for array in arrays if _fits(scope, array, 1)]
    if deep and draw.chance(0.7):
        return _nest(build, draw.pick(deep))
    if flat:
        return _shifted(build, draw.pick(flat))
    return build.private("i", str(draw.between(0, 9)))


def _fits(scope: Scope, array: Array, axes: int) -> bool:
    trips = scope.trips
    for size in array.shape[-axes:]:
        trips *= max(size, 1)
    return trips <= scope.limit


def _nest(build: Builder, array: Array) -> Lines:
    """Two loops in either order, the array's older elements at some distances."""
    scope, draw = build.scope, build.draw
    *leading, rows, columns = array.shape
    first = ["0"] * len(leading) if 0 not in leading else None
    if first is None:
        return [f"{scope.fresh('t')} = 0"]
    names = [scope.fresh("i"), scope.fresh("i")]
    reads, margin = [], [0, 0]
    for _ in range(draw.pick([1, 1, 2])):
        distance = [draw.pick([0, 1, 1, 2]), draw.pick([0, 0, 1, -1])]
        margin = [max(m, abs(d)) for m, d in zip(margin, distance, strict=True)]
        reads.append(_cell(array, first, names, distance))
    headers = [
        f"for {name} in range({_range(build, size, edge)}):"
        for name, size, edge in zip(names, (rows, columns), margin, strict=True)
    ]
    if draw.chance(0.6):
        headers.reverse()
    term = draw.pick(["0.5", f"{names[0]}", f"{names[1]} * 0.25", "1.0"])
    target = _cell(array, first, names, [0, 0])
    others = [a for a in scope.arrays_of("in", "f") if a.shape == array.shape]
    if others and draw.chance(0.5):
        term = _cell(draw.pick(others), first, names, [0, 0])
    value = f"({' + '.join(reads)}) * 0.5 + {term}"
    body = [f"{target} = {value}"]
    if draw.chance(0.2):
        body = [f"if {names[0]} != {names[1]} + {draw.between(-1, 3)}:", *indented(body)]
    return [headers[0], *indented([headers[1], *indented(body)])]


def _range(build: Builder, size: int, edge: int) -> str:
    text = build.scope.size(size)
    if build.draw.chance(0.15):
        return f"{text} - 1 - {edge}, {edge} - 1, -1"
    return f"{edge}, {text} - {edge}" if edge or build.draw.chance(0.5) else text


def _cell(array: Array, first: list[str], names: list[str], distance: list[int]) -> str:
    parts = [
        name if not d else f"{name} - {d}" if d > 0 else f"{name} + {-d}"
        for name, d in zip(names, distance, strict=True)
    ]
    return f"{array.name}[{', '.join([*first, *parts])}]"


def _shifted(build: Builder, array: Array) -> Lines:
    """`a[i] = b[i - k]`: where k > i the subscript counts from the end; often also where not all
    of it is in range."""
    scope, draw = build.scope, build.draw
    size = array.shape[-1]
    if 0 in array.shape:
        return [f"{scope.fresh('t')} = 0"]
    shift, name = scope.fresh("k"), scope.fresh("i")
    numbers = [scalar.name for scalar in scope.scalars if scalar.kind == "i"]
    source = draw.pick([*numbers, *(index.name for index in scope.indices)] or ["1"])
    most = max(min(size // 2, 5), 1)
    first = ["0"] * (len(array.shape) - 1)
    others = [a for a in scope.arrays_of("in out", "f") if a.shape == array.shape]
    read = draw.pick(others)
    stop = f"{scope.size(size)} - {most}" if draw.chance(0.7) else scope.size(size)
    sign = draw.pick("+-")
    begin = draw.pick(["0", "0", str(most), shift])
    value = f"{read.name}[{', '.join([*first, f'{name} {sign} {shift}'])}]"
    target = f"{array.name}[{', '.join([*first, name])}]"
    if draw.chance(0.3):
        target = f"{array.name}[{', '.join([*first, f'{name} - {shift}'])}]"
    return [
        f"{shift} = {source} % {2 * most + 1} - {most}",
        f"for {name} in range({begin}, {stop}):",
        *indented([f"{target} = {value} * 0.5 + 1.0"]),
    ]
