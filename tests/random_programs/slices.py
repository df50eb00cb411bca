"""Whole-array expressions and slices inside loop bodies."""

from __future__ import annotations

from .builder import Builder, Lines
from .scope import Array
from .subscripts import subscript

EXACT_TERMS = 100_000  # so many tame terms still sum exactly in single precision


def slice_statement(build: Builder) -> Lines:
    """A row assigned, a sum of a slice, a dot product."""
    writer = build.draw.weighted(
        [(3.0, _assign), (2.0, _sum), (1.0, _dot), (0.7, _extreme), (0.6, _fill), (0.5, _section)]
    )
    return writer(build)


def _rows(build: Builder, array: Array) -> list[tuple[str, int]]:
    """One-dimensional pieces of an array: text and length."""
    if len(array.shape) == 1:
        return [(array.name, array.shape[0]), (f"{array.name}[:]", array.shape[0])]
    found = []
    if len(array.shape) == 2:
        rows, columns = array.shape
        row, column = subscript(build.scope, rows), subscript(build.scope, columns)
        found += [
            (f"{array.name}[{row}, :]", columns),
            (f"{array.name}[:, {column}]", rows),
            (f"{array.name}[{row}]", columns),
        ]
        if columns > 2:
            found.append((f"{array.name}[{row}, 1:-1]", columns - 2))
            found.append((f"{array.name}[{row}, ::-1]", columns))
    return found


def _pieces(build: Builder, roles: str, kinds: str = "f") -> list[tuple[str, int]]:
    return [
        piece
        for array in build.scope.arrays_of(roles, kinds)
        if array.group not in build.expressions.avoid
        for piece in _rows(build, array)
    ]


def _assign(build: Builder) -> Lines:
    draw = build.draw
    targets = _pieces(build, "out")
    if not targets:
        return _sum(build)
    target, length = draw.pick(targets)
    sources = [text for text, count in _pieces(build, "in out") if count == length]
    if not sources:
        return [f"{target} = {build.expressions.leaf('f')}"]
    one, two = draw.pick(sources), draw.pick(sources)
    leaf = build.expressions.leaf("f")
    same = one if target.endswith("]") else _not_tame(build, one)
    forms = [f"{target} = {one} * 0.5", f"{target} = {same}", f"{target} = {one} * 0.5 + {two}"]
    if build.exact:
        forms += [
            f"{target} = {one} * {leaf}",
            f"{target} = {one} - {two}",
            f"{target} *= 0.5",
            f"{target} = np.minimum({one}, {two})",
            f"{target} = np.where({one} > {leaf}, {two}, {leaf})",
            f"{target} = -{one}",
            f"{target} = np.sqrt(np.abs({one})) / 2",
        ]
    return [draw.pick(forms)]


def _not_tame(build: Builder, piece: str) -> str:
    """What a name may stand for: by that name a tame array would be written, and tame no more."""
    tame = {array.name for array in build.scope.arrays if array.tame}
    return f"{piece} * 1.0" if piece.partition("[")[0] in tame else piece


def _tame(build: Builder) -> list[tuple[str, int]]:
    if not build.exact:
        return _pieces(build, "in out")
    return [
        piece
        for array in build.scope.arrays_of("in", "f")
        if array.tame
        for piece in _rows(build, array)
    ]


def _sum(build: Builder) -> Lines:
    pieces = _tame(build)
    if not pieces:
        return build.private("i", build.expressions.number("i", 1))
    text, _ = build.draw.pick(pieces)
    form = build.draw.pick([f"{text}.sum()", f"np.sum({text})", f"np.sum({text} * 2.0)"])
    return _kept(build, form)


def _dot(build: Builder) -> Lines:
    pieces = _tame(build)
    pairs = [(one, two) for one, length in pieces for two, count in pieces if length == count]
    if not pairs:
        return _sum(build)
    one, two = build.draw.pick(pairs)
    return _kept(
        build,
        build.draw.pick(
            [
                f"np.dot({one}, {two})",
                f"{one} @ {two}",
                f"{one}.dot({two})",
                f"({one} * {two}).sum()",
            ]
        ),
    )


def _extreme(build: Builder) -> Lines:
    pieces = [piece for piece in _pieces(build, "in out") if piece[1] > 0]
    if not pieces:
        return _sum(build)
    text, _ = build.draw.pick(pieces)
    form = build.draw.pick(["{}.max()", "np.min({})", "np.abs({}).max()", "{}.min()"])
    return build.private("f", form.format(text))


def _kept(build: Builder, text: str) -> Lines:
    """The value goes to an array, an accumulator or a private scalar."""
    draw = build.draw
    longest = max(size for array in build.scope.arrays for size in array.shape)
    small = build.scope.trips * longest < EXACT_TERMS
    if small and build.scope.before and draw.chance(0.4):
        name = build.accumulator("f", "0.0")
        return [f"{name} += {text}"]
    outs = [array for array in build.scope.arrays_of("out", "f") if len(array.shape) == 1]
    if outs and draw.chance(0.6):
        array = draw.pick(outs)
        return [f"{array.name}[{subscript(build.scope, array.shape[0])}] = {text}"]
    return build.private("f", text)


def _fill(build: Builder) -> Lines:
    targets = _pieces(build, "out", "if")
    if not targets:
        return _sum(build)
    return [f"{build.draw.pick(targets)[0]} = {build.draw.pick(['0', '1', '-2'])}"]


def _section(build: Builder) -> Lines:
    """A slice whose bounds move with the loop."""
    sums = [
        array
        for array in build.scope.arrays_of("in", "f")
        if len(array.shape) == 1 and (array.tame or not build.exact)
    ]
    if not sums or not build.scope.indices:
        return _sum(build)
    name, index = build.draw.pick(sums).name, build.draw.pick(build.scope.indices).name
    return _kept(
        build,
        build.draw.pick(
            [
                f"{name}[{index}:].sum()",
                f"{name}[:{index}].sum()",
                f"{name}[{index} + 1:].sum()",
                f"np.sum({name}[{index}:{index} + 3])",
            ]
        ),
    )
