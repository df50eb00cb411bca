"""Loops: every header that the language has, mostly with 3 to 60 trips."""

from __future__ import annotations

from .builder import Builder, Lines, indented
from .scope import Array, Index, Scalar, Scope

Header = tuple[str, list[Index | Array | Scalar], int]  # text, what it binds, trips


def loop(build: Builder, depth: int) -> Lines:
    """A loop with its body and whatever must be set before it."""
    if build.draw.chance(0.12):
        return _while(build, depth)
    text, names, trips = _header(build)
    with build.scope.inside(names, trips, "for") as before:
        body = build.body(depth - 1)
        lines = [*before, text, *body]
    if build.draw.chance(0.07):
        lines += ["else:", *indented(build.private("i", str(build.draw.between(0, 9))))]
        build.scope.results.append(lines[-1].split()[0])
    build.scope.results += [name.name for name in names if isinstance(name, Index)]
    return lines


def _header(build: Builder) -> Header:
    scope, draw = build.scope, build.draw
    budget = max(scope.limit // scope.trips, 1)
    for _ in range(20):
        header = draw.weighted(
            [
                (8.0, _range),
                (1.5, _triangular),
                (0.7, _elements),
                (0.7, _rows),
                (0.7, _enumerate),
                (0.7, _zip),
                (0.4, _reversed),
                (0.4, _ndindex),
            ]
        )(build)
        if header and header[2] <= budget:
            return header
    count = draw.between(1, min(4, budget))
    index = scope.fresh("i")
    return f"for {index} in range({count}):", [Index(index, 0, count - 1)], count


def _axis(scope: Scope) -> int:
    """The length of some axis of some array."""
    sizes = [size for array in scope.arrays for size in array.shape]
    return scope.draw.pick(sizes) if sizes else 5


def _range(build: Builder) -> Header | None:
    scope, draw = build.scope, build.draw
    size = _axis(scope)
    text, name = scope.size(size), scope.fresh("i")
    edge = draw.between(1, 2)
    arguments, values = draw.weighted(
        [
            (6.0, (text, range(size))),
            (1.5, (f"{edge}, {text}", range(edge, size))),
            (1.5, (f"{edge}, {text} - {edge}", range(edge, size - edge))),
            (1.0, (f"{text} - 1", range(size - 1))),
            (1.0, (f"{text} - 1, -1, -1", range(size - 1, -1, -1))),
            (0.5, (f"{text} - {edge}, 0, -1", range(size - edge, 0, -1))),
            (0.7, (f"0, {text}, 2", range(0, size, 2))),
            (0.3, (f"{edge}, {text}, 3", range(edge, size, 3))),
            (0.3, (f"{text} - 1, 0, -2", range(size - 1, 0, -2))),
            (0.7, (f"{text} // 2", range(size // 2))),
            (0.3, (f"-{text}, 0", range(-size, 0))),
            (0.3, (f"{text}, {edge}", range(size, edge))),
            (scope.wild * 0.5, (f"{text} + 1", range(size + 1))),
        ]
    )
    return f"for {name} in range({arguments}):", [_index(name, values)], len(values)


def _index(name: str, values: range) -> Index:
    return Index(name, min(values), max(values)) if len(values) else Index(name, 1, 0)


def _triangular(build: Builder) -> Header | None:
    scope, draw = build.scope, build.draw
    outer = [index for index in scope.indices if 0 <= index.low <= index.high]
    if not outer:
        return None
    index, size = draw.pick(outer), _axis(scope)
    text, name, edge = scope.size(size), scope.fresh("i"), draw.between(0, 1)
    last = max(size - 1, index.high)
    arguments, low, high = draw.pick(
        [
            (f"{index.name}", 0, index.high - 1),
            (f"{index.name} + 1", 0, index.high),
            (f"{index.name}, {text}", index.low, size - 1),
            (f"{index.name} + 1, {text}", index.low + 1, size - 1),
            (f"{text} - {index.name}", 0, size - 1 - index.low),
            (f"{index.name}, -1, -1", 0, index.high),
            (f"max({index.name} - 2, 0), min({index.name} + 3, {text})", 0, size - 1),
            (f"{edge}, {text}, {index.name} + 1", edge, size - 1),
            (f"{text} - 1, {index.name} - 1, -1", min(index.low, last), size - 1),
        ]
    )
    if high < low:
        return None
    return f"for {name} in range({arguments}):", [Index(name, low, high)], high - low + 1


def _variable(scope: Scope, array: Array, name: str) -> Scalar | Array:
    """What iterating over an array gives: an element, or a row that shares its memory."""
    if len(array.shape) == 1:
        return Scalar(name, array.kind, clean=array.role in "in index")
    return Array(
        name, array.dtype, array.shape[1:], array.role, array.group, array.tame, array.limit
    )


def _elements(build: Builder) -> Header | None:
    scope = build.scope
    arrays = scope.arrays_of("in in out", rank=1)
    if not arrays:
        return None
    array, name = build.draw.pick(arrays), scope.fresh("v")
    return f"for {name} in {array.name}:", [_variable(scope, array, name)], array.shape[0]


def _rows(build: Builder) -> Header | None:
    scope = build.scope
    arrays = scope.arrays_of("in out sum", rank=2)
    if not arrays:
        return None
    array, name = build.draw.pick(arrays), scope.fresh("row")
    return f"for {name} in {array.name}:", [_variable(scope, array, name)], array.shape[0]


def _enumerate(build: Builder) -> Header | None:
    scope = build.scope
    arrays = scope.arrays_of("in out", rank=build.draw.pick([1, 1, 2]))
    if not arrays:
        return None
    array, place, name = build.draw.pick(arrays), scope.fresh("i"), scope.fresh("v")
    start = build.draw.pick([0, 0, 0, 1])
    size = array.shape[0]
    text = f"enumerate({array.name})" if not start else f"enumerate({array.name}, 1)"
    return (
        f"for {place}, {name} in {text}:",
        [_index(place, range(start, size + start)), _variable(scope, array, name)],
        size,
    )


def _zip(build: Builder) -> Header | None:
    scope = build.scope
    arrays = scope.arrays_of("in out", rank=1)
    if len(arrays) < 2:
        return None
    one, two = build.draw.random.sample(arrays, 2)
    first, second = scope.fresh("v"), scope.fresh("v")
    names = [_variable(scope, one, first), _variable(scope, two, second)]
    return (
        f"for {first}, {second} in zip({one.name}, {two.name}):",
        names,
        min(one.shape[0], two.shape[0]),
    )


def _reversed(build: Builder) -> Header | None:
    size, name = _axis(build.scope), build.scope.fresh("i")
    text = build.scope.size(size)
    return f"for {name} in reversed(range({text})):", [_index(name, range(size))], size


def _ndindex(build: Builder) -> Header | None:
    scope = build.scope
    arrays = [array for array in scope.arrays if len(array.shape) == 2]
    if not arrays:
        return None
    array = build.draw.pick(arrays)
    one, two = scope.fresh("i"), scope.fresh("i")
    rows, columns = array.shape
    text = build.draw.pick(
        [
            f"*{array.name}.shape",
            f"{array.name}.shape",
            f"{scope.size(rows)}, {scope.size(columns)}",
        ]
    )
    return (
        f"for {one}, {two} in np.ndindex({text}):",
        [_index(one, range(rows)), _index(two, range(columns))],
        rows * columns,
    )


# --- while ----------------------------------------------------------------------------------


def _while(build: Builder, depth: int) -> Lines:
    writer = build.draw.weighted([(3.0, _countable), (1.0, _halving), (1.0, _escape)])
    return writer(build, depth)


def _countable(build: Builder, depth: int) -> Lines:
    scope, draw = build.scope, build.draw
    size = _axis(scope)
    budget = max(scope.limit // scope.trips, 1)
    if size > budget:
        size = min(3, budget)
    name, step = scope.fresh("w"), draw.pick([1, 1, 1, 2])
    up = draw.chance(0.7)
    first = "0" if up else f"{scope.size(size)} - 1"
    test = f"{name} < {scope.size(size)}" if up else f"{name} >= 0"
    if draw.chance(0.15):
        test += f" and {build.expressions.condition(0)}"
    with scope.inside([_index(name, range(size))], size, "while") as before:
        body = build.body(depth - 1)
        lines = [
            *before,
            f"{name} = {first}",
            f"while {test}:",
            *body,
            f"    {name} {'+' if up else '-'}= {step}",
        ]
    scope.results.append(name)
    return lines


def _halving(build: Builder, depth: int) -> Lines:
    scope = build.scope
    name, size = scope.fresh("w"), build.draw.between(3, 40)
    with scope.inside([Index(name, 1, size)], 6, "while") as before:
        body = build.body(min(depth - 1, 0))
        return [*before, f"{name} = {size}", f"while {name} > 0:", *body, f"    {name} //= 2"]


def _escape(build: Builder, depth: int) -> Lines:
    """A `while` per element whose length depends on data, as in a Mandelbrot set."""
    scope = build.scope
    count, real, imaginary = scope.fresh("w"), scope.fresh("x"), scope.fresh("y")
    write = build.expressions
    kept, write.clean = write.clean, True
    start = write.leaf("f")
    write.clean = kept
    limit = build.draw.between(3, 12)
    if not build.exact:
        lines = [
            f"{count} = 0",
            f"while {start} * 0.1 * {count} < 0.5 and {count} < {limit}:",
            f"    {count} += 1",
        ]
    else:
        squares = f"{real} * {real} + {imaginary} * {imaginary}"
        step = (
            f"{real} * {real} - {imaginary} * {imaginary} + 0.25, 2.0 * {real} * {imaginary} + 0.5"
        )
        lines = [
            f"{real} = {start} * 0.25",
            f"{imaginary} = {start} * 0.125",
            f"{count} = 0",
            f"while {squares} <= 4.0 and {count} < {limit}:",
            f"    {real}, {imaginary} = {step}",
            f"    {count} += 1",
        ]
    scope.bind(Scalar(count, "i"))
    return lines
