"""The arguments of a random program: arrays that may alias, sizes and scalars."""

from __future__ import annotations

from dataclasses import dataclass, field

from .scope import Array, Scalar, Scope

DTYPES = [
    (10.0, "float64"),
    (3.0, "float32"),
    (3.0, "int64"),
    (1.0, "int32"),
    (0.5, "bool"),
    (0.5, "complex128"),
    (0.3, "complex64"),
    (0.4, "uint8"),
    (0.3, "int8"),
    (0.2, "uint16"),
    (0.2, "int16"),
    (0.2, "uint32"),
    (0.4, "uint64"),
    (0.05, "float16"),
    (0.03, "longdouble"),
    (0.03, "object"),
]
NUMBERS = {
    "i": [
        (5.0, "3"),
        (3.0, "-2"),
        (1.0, "np.int64(5)"),
        (0.5, "np.int32(-4)"),
        (0.5, "np.uint8(200)"),
        (0.3, "2**62"),
        (0.2, "2**63 - 1"),
        (0.1, "-2**63"),
        (0.1, "2**70"),
        (0.5, "True"),
        (0.3, "np.int8(127)"),
        (0.5, "0"),
        (1.0, "17"),
    ],
    "f": [
        (5.0, "2.5"),
        (2.0, "-0.75"),
        (1.5, "np.float64(1.5)"),
        (1.0, "np.float32(0.5)"),
        (0.3, "math.nan"),
        (0.3, "math.inf"),
        (0.3, "-0.0"),
        (0.3, "5e-324"),
        (0.2, "0.0"),
        (0.3, "1e308"),
        (0.1, "np.float16(1.5)"),
    ],
    "c": [(1.0, "(1+2j)"), (0.5, "np.complex64(1-1j)"), (0.5, "-0.5j")],
    "b": [(1.0, "True"), (1.0, "False"), (0.5, "np.True_")],
}
DISTINCT_SIZES = ((1.0, 1), (4.0, 2), (2.0, 3))


@dataclass
class Arguments:
    """Lines that make the arguments, and the parameters in order."""

    scope: Scope
    sizes: list[int]
    rank: int
    seed: int
    lines: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    groups: int = 0

    def add(self, array: Array, text: str) -> None:
        """One more array parameter."""
        self.scope.arrays.append(array)
        self.parameters.append(array.name)
        self.lines.append(f"{array.name} = {text}")
        for axis, size in enumerate(array.shape):
            texts = self.scope.sizes.setdefault(size, [])
            texts.append(f"{array.name}.shape[{axis}]")
            if axis == 0:
                texts.append(f"len({array.name})")

    def group(self) -> int:
        self.groups += 1
        return self.groups


def draw_arguments(scope: Scope, seed: int) -> Arguments:
    """Choose sizes, then three to seven arrays and a few scalars."""
    draw = scope.draw
    sizes, rank = _sizes(scope)
    made = Arguments(scope, sizes, rank, seed)
    for name, size in zip("nmp", sizes, strict=False):
        if draw.chance(0.75):
            made.parameters.append(name)
            made.lines.append(f"{name} = {size}")
            scope.sizes.setdefault(size, []).extend([name] * 4)
    names = iter("abcdegh")
    float_type = draw.weighted([(4.0, "float64"), (1.5, "float32"), (1.0, "")])
    for role in ["in", "out", *(draw.pick(["in", "out", "in"]) for _ in range(draw.between(0, 3)))]:
        _array(made, next(names), role, float_type)
    if scope.mode == "exact":
        _fresh(made, "tame", "in", float_type or "float64", tame=True)
    if draw.chance(0.35):
        _fresh(made, "q", "sum", draw.pick([float_type or "float64", "int64", "int32"]))
    if draw.chance(0.15) and scope.mode == "exact":
        _signs(made)
    if draw.chance(0.25):
        _index_array(made)
    _scalars(made)
    return made


def _sizes(scope: Scope) -> tuple[list[int], int]:
    """Sizes that axes are drawn from, and the highest rank."""
    draw = scope.draw
    scale = draw.weighted(
        [(6.0, "small"), (2.5, "middle"), (1.0, "large"), (0.6, "wide"), (0.5, "none")]
    )
    count = draw.weighted(DISTINCT_SIZES)
    if scale == "small":
        return [draw.between(2, 12) for _ in range(count)], draw.weighted(
            [(3.0, 1), (5.0, 2), (1.5, 3), (0.3, 4)]
        )
    if scale == "middle":
        return [draw.between(13, 60) for _ in range(count)], draw.weighted([(1.0, 1), (2.0, 2)])
    if scale == "large":
        scope.statements = min(scope.statements, 5)
        return [draw.between(5001, 9000), *(draw.between(1, 3) for _ in range(count - 1))], 1
    if scale == "wide":
        scope.statements = min(scope.statements, 5)
        return [draw.between(80, 200), draw.between(20, 60)], 2
    return [0, *(draw.between(0, 5) for _ in range(count - 1))], draw.between(1, 2)


def _shape(made: Arguments) -> tuple[int, ...]:
    draw = made.scope.draw
    rank = draw.between(1, made.rank)
    extra = draw.weighted([(8.0, 0), (0.5, 1), (0.5, 2)])
    return tuple(draw.pick(made.sizes) + (extra if not axis else 0) for axis in range(rank))


def _contents(made: Arguments, dtype: str) -> str:
    draw = made.scope.draw
    if "int" in dtype:
        return draw.weighted([(6.0, "tame"), (1.0, "edge")])
    if made.scope.mode == "approximate":
        return "positive"
    return draw.weighted([(4.0, "tame"), (4.0, "plain"), (1.5, "special")])


def _made(made: Arguments, shape: tuple[int, ...], dtype: str, contents: str) -> str:
    made.seed += 1
    return f'array({made.seed}, {shape}, "{dtype}", "{contents}")'


def _array(made: Arguments, name: str, role: str, float_type: str) -> None:
    """An array, which may be a view, or share memory with one before."""
    scope, draw = made.scope, made.scope.draw
    if scope.arrays and draw.chance(0.15) and _alias(made, name, role):
        return
    dtype = draw.weighted(DTYPES)
    if dtype == "float64" and float_type:
        dtype = float_type
    shape = _shape(made)
    tame = draw.chance(0.2) and role == "in" and "float" in dtype and scope.mode == "exact"
    contents = "tame" if tame else _contents(made, dtype)
    array = Array(name, dtype, shape, role, made.group(), tame)
    made.add(array, _layout(made, array, dtype, contents))


def _layout(made: Arguments, array: Array, dtype: str, contents: str) -> str:
    """The text of an array in C order, or in one of the other layouts."""
    draw, shape = made.scope.draw, array.shape
    plain = _made(made, shape, dtype, contents)
    wide = (shape[0] * 2, *shape[1:])
    forms = [
        (12.0, plain),
        (0.8, f"{plain}[::-1]"),
        (0.8, f"{_made(made, wide, dtype, contents)}[::2]"),
        (0.5, f"{_made(made, wide, dtype, contents)}[{shape[0]}:]"),
        (0.05, f'{plain}.astype(np.dtype("{dtype}").newbyteorder())'),
    ]
    if len(shape) > 1:
        forms += [
            (1.5, f"np.asfortranarray({plain})"),
            (1.0, f"{_made(made, shape[::-1], dtype, contents)}.T"),
            (0.5, f"{plain}[:, ::-1]" if len(shape) == 2 else plain),
        ]
        if array.role == "in" or draw.chance(0.1):
            row = _made(made, shape[1:], dtype, contents)
            forms.append((0.8, f"np.broadcast_to({row}, {shape})"))
    if array.role == "in" or draw.chance(made.scope.wild * 0.3):
        forms.append((0.8, f"readonly({plain})"))
    return draw.weighted(forms)


def _alias(made: Arguments, name: str, role: str) -> bool:
    """The same array again, or an overlapping view of it."""
    draw = made.scope.draw
    other = draw.pick(made.scope.arrays)
    if other.tame or other.dtype == "object":
        return False
    written = "out" if "out" in (role, other.role) else "in"
    shape = other.shape
    forms = [(shape, other.name), (shape, f"{other.name}[::-1]")]
    if shape[0] > 3:
        forms += [
            ((shape[0] - 1, *shape[1:]), f"{other.name}[1:]"),
            ((shape[0] - 1, *shape[1:]), f"{other.name}[:-1]"),
            ((shape[0] - 2, *shape[1:]), f"{other.name}[2:]"),
        ]
    if len(shape) == 2:
        forms.append((shape[::-1], f"{other.name}.T"))
    view, text = draw.pick(forms)
    if other.role != written:  # its memory is written now
        place = made.scope.arrays.index(other)
        made.scope.arrays[place] = Array(other.name, other.dtype, shape, written, other.group)
    made.add(Array(name, other.dtype, view, written, other.group), text)
    return True


def _fresh(made: Arguments, name: str, role: str, dtype: str, tame: bool = False) -> None:
    shape = _shape(made)
    contents = "positive" if made.scope.mode == "approximate" and "float" in dtype else "tame"
    made.add(
        Array(name, dtype, shape, role, made.group(), tame), _made(made, shape, dtype, contents)
    )


def _signs(made: Arguments) -> None:
    shape = _shape(made)
    made.add(
        Array("signs", "float64", shape, "in", made.group(), limit=2),
        _made(made, shape, "float64", "signs"),
    )


def _index_array(made: Arguments) -> None:
    size = made.scope.draw.pick(made.sizes)
    limit = made.scope.draw.pick(made.sizes)
    dtype = made.scope.draw.pick(["int64", "int64", "int32", "uint8" if limit < 256 else "int64"])
    made.add(
        Array("idx", dtype, (size,), "index", made.group(), limit=limit),
        _made(made, (size,), dtype, f"below {limit}"),
    )


def _scalars(made: Arguments) -> None:
    draw = made.scope.draw
    for name in "xyz"[: draw.between(0, 3)]:
        kind = draw.pick("ffficb")
        if kind == "c" and not made.scope.arrays_of("in out", "c"):
            kind = "f"
        text = draw.weighted(NUMBERS[kind])
        if made.scope.mode == "approximate" and kind == "f":
            text = draw.pick(["1.25", "np.float64(0.75)", "np.float32(0.5)"])
        made.scope.bind(Scalar(name, kind))
        made.parameters.append(name)
        made.lines.append(f"{name} = {text}")
