"""Blocks of statements."""

from __future__ import annotations

import re

from .builder import Builder, Lines, indented
from .loops import loop
from .reductions import reduction
from .scope import Array
from .slices import slice_statement
from .subscripts import element
from .walks import walk

CARRIED = re.compile(r"\b[tsvz]\d")  # scalars that may hold an element of the same array


def block(build: Builder, depth: int) -> Lines:
    """One to four statements; loops only while `depth` lasts."""
    scope, draw = build.scope, build.draw
    lines: Lines = []
    inside = bool(scope.loops)
    for _ in range(draw.weighted([(3, 1), (3, 2), (2, 3), (0.7, 4)])):
        if scope.statements <= 0 and lines:
            break
        scope.statements -= 1
        lines += _statement(build, depth, inside)
    if depth > 0 and inside and draw.chance(0.75) and scope.statements > 0:
        place = draw.pick([0, len(lines)])
        lines[place:place] = loop(build, depth) if place else []
        if not place:
            lines += loop(build, depth)
    return lines


def _statement(build: Builder, depth: int, inside: bool) -> Lines:
    exact = build.scope.mode == "exact"
    writer = build.draw.weighted(
        [
            (6.0, _store),
            (2.5, _private),
            (5.0 if inside else 0.0, lambda build, depth: reduction(build)),
            (2.0, _if),
            (1.2 if exact else 0.4, lambda build, depth: slice_statement(build)),
            (0.8 if inside else 0.0, _jump),
            (0.5, _swap),
            (1.0 if depth > 0 else 0.0, loop),
            (0.4, _helper),
            (0.5, _augmented),
            (0.3, scratch),
            (0.8 if depth > 0 or not inside else 0.0, walk),
            (2.0 * build.scope.wild, _failing),
        ]
    )
    return writer(build, depth)


def scratch(build: Builder, depth: int) -> Lines:
    """A new array, local to the block."""
    scope, draw = build.scope, build.draw
    like = draw.pick(scope.arrays_of("in out", "f") or scope.arrays)
    shape = like.shape[-2:]
    if like.kind != "f" or scope.trips * like.shape[-1] > scope.limit:
        return _private(build, depth)
    name = scope.fresh("u")
    sizes = ", ".join(scope.size(size) for size in shape)
    made = draw.pick(["np.zeros(({},))", "np.ones(({},))", "np.full(({},), 2.0)"]).format(sizes)
    scope.bind(Array(name, "float64", shape, "out", 100 + scope.counter))
    if not scope.loops:
        scope.results.append(name)
    return [f"{name} = {made}"]


def _failing(build: Builder, depth: int) -> Lines:
    """A statement that may raise in the middle of a loop, or make NumPy warn."""
    scope, draw = build.scope, build.draw
    index = draw.pick(scope.indices).name if scope.indices else "2"
    arrays = scope.arrays_of("out")
    if not arrays:
        return _private(build, depth)
    target = element(scope, draw.pick(arrays))
    leaf, place = build.expressions.leaf("f"), draw.between(0, 9)
    text = draw.pick(
        [
            f"100 // ({index} - {place})",
            f"100 % ({index} - {place})",
            f"1.5 / ({index} - {place})",
            f"math.sqrt({place} - {index})",
            f"math.log({place} - {index})" if not build.exact else f"{place} - {index}",
            f"2 ** (60 + {index})",
            f"1 << ({place} - {index})",
            f"int({leaf} * 1e300)",
            f"{index} * 40",
            f"{draw.pick(scope.arrays).name}[{index} * 3]",
            f"{leaf} + (1j if {index} == {place} else 0)",
            f"undefined_{place}" if draw.chance(0.2) else f"{leaf}",
        ]
    )
    return [f"{target} = {text}"]


def _store(build: Builder, depth: int) -> Lines:
    arrays = build.scope.arrays_of("out")
    if not arrays:
        return _private(build, depth)
    array = build.draw.pick(arrays)
    target = element(build.scope, array)
    write = build.expressions
    if array.kind in "fc":
        own = build.draw.chance(0.35)
        if not own:
            write.avoid.add(array.group)
        text = build.value(array, 2)
        write.avoid.discard(array.group)
        if own or CARRIED.search(text):
            text = f"({text}) * 0.5"  # not a sum over the loop, whose order may change
        return [f"{target} = {text}"]
    return [f"{target} = {build.value(array, 3)}"]


def _augmented(build: Builder, depth: int) -> Lines:
    arrays = build.scope.arrays_of("out", "ib")
    if not arrays:
        return _store(build, depth)
    array = build.draw.pick(arrays)
    target = element(build.scope, array)
    if array.kind == "b":
        return [f"{target} {build.draw.pick('&|^')}= {build.expressions.condition(0)}"]
    if array.dtype in ("int64", "int32") or build.draw.chance(build.scope.wild):
        operator = build.draw.pick(["+=", "-=", "*=", "^=", "|=", "//=", "%="])
        value = build.expressions.leaf("i")
        if operator in ("//=", "%="):
            value = build.draw.pick(["3", "7", "-2"])
        return [f"{target} {operator} {value}"]
    return [f"{target} {build.draw.pick(['+=', '^=', '|='])} 1"]


def _private(build: Builder, depth: int) -> Lines:
    kind = build.draw.pick("ffi")
    text = build.expressions.number(kind, 2)
    lines = build.private(kind, text)
    if not build.scope.loops and build.draw.chance(0.5):
        build.scope.results.append(lines[0].split()[0])
    return lines


def _if(build: Builder, depth: int) -> Lines:
    scope, draw = build.scope, build.draw
    lines = [f"if {build.expressions.condition(1)}:"]
    with scope.branch():
        lines += indented(_arm(build, depth))
    if draw.chance(0.25):
        lines.append(f"elif {build.expressions.condition(1)}:")
        with scope.branch():
            lines += indented(_arm(build, depth))
    if draw.chance(0.4):
        lines.append("else:")
        with scope.branch():
            lines += indented(_arm(build, depth))
    return lines


def _arm(build: Builder, depth: int) -> Lines:
    inside = bool(build.scope.loops)
    deeper = depth if build.draw.chance(0.3) else 0
    return [
        line
        for _ in range(build.draw.pick([1, 1, 2]))
        for line in _statement(build, deeper, inside)
    ]


def _jump(build: Builder, depth: int) -> Lines:
    """break, continue or an early return under a condition that seldom holds."""
    scope, draw = build.scope, build.draw
    test = build.expressions.condition(1)
    if scope.indices and draw.chance(0.6):
        index = scope.indices[-1]
        test = f"{index.name} == {draw.between(index.low, max(index.high, index.low)) or 1}"
    kinds = [(1.0, "break"), (0.4, f"return {scope.results[0] if scope.results else 0}")]
    if scope.loops[-1] == "for":
        kinds.append((1.0, "continue"))
    return [f"if {test}:", f"    {draw.weighted(kinds)}"]


def _swap(build: Builder, depth: int) -> Lines:
    scope, draw = build.scope, build.draw
    scalars = [scalar for scalar in scope.scalars if scalar.kind == "i"]
    if len(scalars) > 1 and draw.chance(0.4):
        one, two = draw.random.sample(scalars, 2)
        return [f"{one.name}, {two.name} = {two.name}, {one.name}"]
    arrays = scope.arrays_of("out")
    if not arrays:
        return _private(build, depth)
    array = draw.pick(arrays)
    one, two = element(scope, array), element(scope, array)
    return [f"{one}, {two} = {two}, {one}"]


def _helper(build: Builder, depth: int) -> Lines:
    """A call that writes an array, or whose result goes to a scalar."""
    scope, draw = build.scope, build.draw
    writers = [name for name, kind in scope.helpers if kind == "store"]
    arrays = [array for array in scope.arrays_of("out", "f") if len(array.shape) == 1]
    if not writers or not arrays or not scope.indices:
        return _private(build, depth)
    array, index = draw.pick(arrays), draw.pick(scope.indices)
    if not (-array.shape[0] <= index.low and index.high < array.shape[0]):
        return _private(build, depth)
    return [f"{draw.pick(writers)}({array.name}, {index.name}, {build.expressions.leaf('f')})"]
