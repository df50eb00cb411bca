"""Expressions that move or reduce: views, subscripts, reductions, scans, joining, sorting."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.random_arrays.elementwise import DTYPES, chain, condition, operand
from tests.random_arrays.rules import (
    Case,
    Rule,
    added,
    averaged,
    carried,
    deviated,
    exact,
    extremum,
    matrix,
    multiplied_up,
    spread,
    summed,
)
from tests.random_arrays.scope import Scope
from tests.random_arrays.terms import Term, literal, name


def subscript(scope: Scope, shape: tuple[int, ...]) -> str:
    """Slices, integers, None and an ellipsis for some of the axes."""
    draw = scope.draw
    items = []
    for extent in shape[: draw.between(1, max(len(shape), 1))]:
        items.append(_item(scope, extent))
    if len(items) < len(shape) and draw.chance(0.25):
        items.insert(draw.pick([0, len(items)]), "...")
    if draw.chance(0.06):
        items.insert(draw.between(0, len(items)), "None")
    return ", ".join(items) or "..."


def _item(scope: Scope, extent: int) -> str:
    draw = scope.draw
    near, far = draw.between(0, min(extent, 5)), draw.between(0, min(extent, 3))
    stride = draw.weighted([(5.0, ""), (1.0, ":2"), (1.0, ":-1"), (0.5, ":3"), (0.3, ":-2")])
    place = draw.between(-extent - (draw.chance(scope.wild)), max(extent - 1, 0))
    return (
        draw.weighted(
            [
                (3.0, ":"),
                (2.0, f"{near}:{stride}" if "-" not in stride else f":{stride}"),
                (2.0, f":{-far - 1}{stride}" if "-" not in stride else f"{stride}"),
                (1.5, f"{near}:{-far - 1}" if near + far < extent else ":"),
                (1.0, f"{stride}" if stride else ":"),
                (1.0 if extent else 0.0, str(place)),
                (0.5, f":{extent // 2}"),
                (0.5, f"{extent // 2}:"),
            ]
        )
        or ":"
    )


def view(scope: Scope, chosen: str = "") -> Term:
    """A view of an array (or, from some calls, a copy)."""
    draw = scope.draw
    names = scope.arrays()
    if not names:
        return literal("np.arange(4)")
    chosen = chosen or draw.pick(names[-2:] if draw.chance(0.5) else names)  # may be pending
    value = scope.env[chosen]
    texts = [(4.0, f"{{}}[{subscript(scope, value.shape)}]"), *_shapes(scope, value)]
    if value.dtype.kind == "c":
        texts += [(3.0, "{}.real"), (2.0, "{}.imag"), (0.5, "np.real({})")]
    if value.ndim > 1:
        one, two = draw.random.sample(range(value.ndim), 2)
        texts += [
            (2.0, "{}.T"),
            (0.7, "np.transpose({})"),
            (0.7, f"{{}}.swapaxes({one}, {two})"),
            (0.4, f"np.moveaxis({{}}, {one}, {two})"),
            (0.7, f"np.diagonal({{}}, {draw.between(-1, 1)})"),
            (0.5, "np.fliplr({})"),
            (0.3, "np.rot90({})"),
            (0.2, "np.einsum('ij->ji', {})" if value.ndim == 2 else "{}.T"),
        ]
    if value.dtype.itemsize == 8 and draw.chance(0.1) and value.dtype.kind in "iu":
        texts.append((2.0, "{}.view(np.uint64)"))
    return Term(draw.weighted(texts), carried, (name(chosen),))


def _shapes(scope: Scope, value: np.ndarray) -> list[tuple[float, str]]:
    shape = value.shape
    merged = (-1,) if len(shape) < 2 else (shape[0] * shape[1], *shape[2:])
    split = (2, -1) if value.size % 2 == 0 else (1, -1)
    return [
        (0.7, "{}.reshape(-1)"),
        (0.5, f"{{}}.reshape({merged})" if value.size else "{}.reshape(-1)"),
        (0.5, f"{{}}.reshape({split})" if value.size else "{}.reshape(-1)"),
        (0.5, "{}.ravel()"),
        (0.3, "{}.flatten()"),
        (0.6, f"np.broadcast_to({{}}, {(2, *shape)})"),
        (0.6, "np.flip({})"),
        (0.3, "np.squeeze({})"),
        (0.5, "{}[..., None]"),
        (0.3, "np.expand_dims({}, 0)"),
        (0.3, "np.atleast_2d({})"),
        (0.3, "np.ascontiguousarray({})"),
        (0.3, "np.asfortranarray({})"),
        (0.4, "{}.copy()"),
        (0.2, "np.copy({})"),
        (0.2, "{}.view()"),
        (0.3 if max(shape, default=0) > 2 else 0.0, f"{WINDOWS}({{}}, 2, axis=-1)"),
    ]


WINDOWS = "np.lib.stride_tricks.sliding_window_view"


# ---- reductions and scans --------------------------------------------------------------------

REDUCTIONS: tuple[tuple[float, str, Rule, str], ...] = (
    *((5.0, "sum", summed, "biufc"), (1.0, "prod", multiplied_up, "biufc")),
    *((2.0, "min", extremum, "biufc"), (2.0, "max", extremum, "biufc")),
    *(
        (2.5, "mean", averaged, "biufc"),
        (1.0, "var", spread, "biuf"),
        (0.7, "std", deviated, "biuf"),
    ),
    *((1.5, "any", exact, "biufc"), (1.0, "all", exact, "biufc")),
    *((1.0, "argmax", exact, "biuf"), (1.0, "argmin", exact, "biuf")),
    *((0.7, "count_nonzero", exact, "biufc"), (0.4, "nansum", summed, "iuf")),
    *((0.4, "nanmax", extremum, "iuf"), (0.4, "ptp", added, "iuf")),
    *((0.3, "median", averaged, "iuf"), (0.2, "nanmean", averaged, "iuf")),
)
_METHODS = ("sum", "prod", "min", "max", "mean", "var", "std", "any", "all", "argmax", "argmin")
_ONE_AXIS = ("argmax", "argmin")


def reduction(scope: Scope, depth: int = 1) -> Term:
    """A reduction over some axes, of an expression."""
    draw = scope.draw
    _, method, rule, kinds = draw.weighted([(row[0], row) for row in REDUCTIONS])
    inner = chain(scope, draw.between(0, depth), kinds)
    value = scope.env.get(str(inner))
    rank = value.ndim if isinstance(value, np.ndarray) else 1
    keywords = _keywords(scope, method, rank)
    if method in _METHODS and draw.chance(0.6):
        return Term(f"{{}}.{method}({keywords.removeprefix(', ')})", rule, (inner,))
    return Term(f"np.{method}({{}}{keywords})", rule, (inner,))


def _keywords(scope: Scope, method: str, rank: int) -> str:
    draw = scope.draw
    text = ""
    if rank and draw.chance(0.55):
        low, high = (-rank, rank - 1) if not draw.chance(scope.wild) else (-rank - 1, rank)
        text = f", axis={draw.between(low, high)}"
        if rank > 1 and draw.chance(0.2) and method not in _ONE_AXIS:
            text = f", axis={tuple(draw.random.sample(range(rank), 2))}"
    if draw.chance(0.25) and method != "ptp":
        text += ", keepdims=True"
    if method in ("sum", "prod", "mean") and draw.chance(0.15):
        text += f", dtype={draw.pick(['float64', 'float32', 'int64'])!r}"
    if method in ("sum", "max", "min") and draw.chance(0.06):
        text += ", initial=3"
    if method in ("var", "std") and draw.chance(0.15):
        text += ", ddof=1"
    return text


SCANS: tuple[tuple[float, str, Rule, str], ...] = (
    (3.0, "np.cumsum({}{axis})", summed, "biufc"),
    (1.0, "{}.cumsum({method_axis})", summed, "biufc"),
    (0.7, "np.cumprod({}{axis})", multiplied_up, "biufc"),
    (1.0, "np.maximum.accumulate({}{axis_0})", extremum, "iuf"),
    (0.5, "np.minimum.accumulate({}{axis_0})", extremum, "iuf"),
    (0.5, "np.add.accumulate({}{axis_0})", summed, "biuf"),
    (1.5, "np.diff({}{axis_1})", added, "iufc"),
    (0.5, "np.add.reduce({}{axis_0})", summed, "biufc"),
    (0.3, "np.multiply.outer({}, [1, 2])", carried, "i"),
    (0.3, "np.gradient({}{axis_0})", summed, "f"),
)


def scan(scope: Scope) -> Term:
    """A running sum and its like."""
    draw = scope.draw
    _, text, rule, kinds = draw.weighted([(row[0], row) for row in SCANS])
    inner = operand(scope, kinds)
    value = scope.env.get(str(inner))
    rank = value.ndim if isinstance(value, np.ndarray) else 1
    axis = draw.between(-rank, rank - 1) if rank else 0
    for key, with_axis in (("axis", f", axis={axis}"), ("method_axis", f"axis={axis}"),
                           ("axis_0", f", axis={axis}"), ("axis_1", f", axis={axis}")):  # fmt: skip
        text = text.replace(f"{{{key}}}", with_axis if draw.chance(0.6) else "")
    return Term(text, rule, (inner,))


# ---- subscripts by arrays --------------------------------------------------------------------


def places(scope: Scope, extent: int) -> str:
    """Integers that are subscripts of an axis."""
    draw = scope.draw
    if not extent:
        return "np.array([], dtype=np.int64)"
    count = draw.between(1, min(extent, 6))
    low, high = (-extent, extent - 1) if not draw.chance(scope.wild) else (-extent, extent)
    return f"np.array({[draw.between(low, high) for _ in range(count)]})"


def gathered(scope: Scope) -> Term:
    """Reading by a mask, by integers, or by `take`."""
    draw = scope.draw
    names = scope.arrays(ranks="123")
    if not names:
        return view(scope)
    chosen = draw.pick(names)
    value = scope.env[chosen]
    last = value.shape[-1]
    part = name(chosen)
    axis = draw.between(0, value.ndim - 1)
    mask = condition(scope, value.shape)
    along = lambda: places(scope, value.shape[axis])  # noqa: E731 # as short as it is
    rows, few = (lambda: places(scope, value.shape[0])), (lambda: places(scope, last))
    forms: list[tuple[float, Callable[[], Term]]] = [
        (3.0, lambda: Term("{}[{}]", _selected, (part, mask))),
        (3.0, lambda: Term(f"{{}}[{rows()}]", carried, (part,))),
        (1.0, lambda: Term(f"{{}}[..., {few()}]", carried, (part,))),
        (1.0, lambda: Term(f"np.take({{}}, {along()}, axis={axis})", carried, (part,))),
        (0.7, lambda: Term("np.nonzero({})[0]", exact, (part,))),
        (0.4, lambda: Term("np.argwhere({})", exact, (mask,))),
        (0.5, lambda: Term("np.flatnonzero({})", exact, (mask,))),
        (0.3, lambda: Term("np.extract({1}, {0})", _selected, (part, mask))),
    ]  # fmt: skip
    if value.ndim == 2:
        forms.append((0.7, lambda: Term(f"{{}}[{rows()}, 1:]", carried, (part,))))
        crossed = f"{{}}[{rows()}[:, None], {few()}]"
        forms.append((0.7, lambda: Term(crossed, carried, (part,))))
    return draw.weighted(forms)()


def _selected(case: Case) -> float | None:
    return None if case.errors[1] else case.errors[0]


# ---- several arrays, sorting, matrices -------------------------------------------------------


def joined(scope: Scope) -> Term:
    """concatenate, stack, roll, tile, repeat, pad."""
    draw = scope.draw
    one = operand(scope)
    value = scope.env.get(str(one))
    shape = value.shape if isinstance(value, np.ndarray) else ()
    same = [each for each in scope.arrays() if scope.env[each].shape == shape]
    other = name(draw.pick(same)) if same else one
    axis = draw.between(-len(shape), len(shape) - 1) if shape else 0
    text, count = draw.weighted(
        [
            (2.0, (f"np.concatenate([{{}}, {{}}], axis={axis})", 2)),
            (1.5, (f"np.stack([{{}}, {{}}], axis={axis})", 2)),
            (0.5, ("np.hstack(({}, {}))", 2)),
            (0.5, ("np.vstack(({}, {}))", 2)),
            (1.5, (f"np.roll({{}}, {draw.between(-3, 3)}, axis={axis})", 1)),
            (0.7, (f"np.roll({{}}, {draw.between(-3, 3)})", 1)),
            (0.7, ("np.tile({}, 2)", 1)),
            (0.7, (f"np.repeat({{}}, 2, axis={axis})", 1)),
            (0.5, ("np.pad({}, 1)", 1)),
            (0.4, ("np.hstack([0.5, {}])", 1)),
            (0.3, ("np.pad({}, 1, mode='edge')", 1)),
            (0.3, ("np.append({}, {})", 2)),
            (0.3, (f"np.split({{}}, [2], axis={axis})[0]", 1)),
            (0.3, ("np.triu({})", 1)),
            (0.3, ("np.insert({}, 0, {}.flat[0] if {}.size else 0)", 3)),
        ]
    )
    return Term(text, carried, (one, other, other)[:count])


SORTED: tuple[tuple[float, str, Rule, str], ...] = (
    (3.0, "np.sort({})", extremum, "biuf"),
    (1.0, "np.sort({}, axis=0)", extremum, "biuf"),
    (1.0, "np.argsort({}, kind='stable')", exact, "biuf"),
    (1.0, "np.unique({})", exact, "biuf"),
    (0.7, "np.searchsorted(np.sort({}.ravel()), [0, 1])", exact, "iuf"),
    (0.5, "np.bincount(np.abs({}).ravel() % 7)", exact, "i"),
    (0.3, "np.partition({}, 0)[..., 0]", extremum, "iuf"),
    (0.3, "np.isin({}, [0, 1, 2])", exact, "iuf"),
    (0.3, "np.flipud(np.sort({}, axis=None))", extremum, "iuf"),
)


def sorted_term(scope: Scope) -> Term:
    """Sorting and searching."""
    _, text, rule, kinds = scope.draw.weighted([(row[0], row) for row in SORTED])
    return Term(text, rule, (operand(scope, kinds),))


def product(scope: Scope) -> Term:
    """Products of vectors and matrices."""
    draw = scope.draw
    names = scope.arrays("iuf", "12")
    pairs = [(one, other) for one in names for other in names if _are_chained(scope, one, other)]
    if not pairs or draw.chance(scope.wild):
        return Term("({} @ {}.T)", matrix, (operand(scope, "f"), operand(scope, "f")))
    one, other = map(name, draw.pick(pairs))
    text = draw.pick(["({} @ {})", "np.dot({}, {})", "{}.dot({})", "np.matmul({}, {})"])
    return Term(text, matrix, (one, other))


def _are_chained(scope: Scope, one: str, other: str) -> bool:
    left, right = scope.env[one], scope.env[other]
    depth = right.shape[0] if right.ndim == 1 else right.shape[-2]
    work = left.size * (right.shape[-1] if right.ndim == 2 else 1)
    return left.shape[-1] == depth and work < 10_000_000


# ---- creation --------------------------------------------------------------------------------


def created(scope: Scope) -> Term:
    """A new array."""
    draw = scope.draw
    shape = scope.shape()
    dtype = draw.weighted(DTYPES)
    scope.counter += 1
    contents = "plain"
    if "int" in dtype:
        contents = draw.weighted([(5.0, "tame"), (1.0, "edge")])
    elif dtype != "bool":
        contents = draw.weighted(
            [(4.0, "tame"), (4.0, "plain"), (3.0, "positive"), (0.7, "special")]
        )
    made = f"data({draw.between(0, 10**6)}, {shape}, {dtype!r}, {contents!r})"
    text = draw.weighted(
        [
            (9.0, f"np.array({made})"),
            (2.0, f"np.asarray({made})"),
            (0.7, f"np.array({made}, order='F')"),
            (1.0, f"np.zeros({shape}, {dtype!r})"),
            (0.7, f"np.ones({shape}, dtype={dtype!r})"),
            (0.5, f"np.full({shape}, 3, {dtype!r})"),
            (0.7, f"np.arange({int(np.prod(shape))}, dtype='int64').reshape({shape})"),
            (0.4, f"np.linspace(0, 1, {max(shape, default=3)})"),
            (0.4, "np.zeros_like({})"),
            (0.3, "np.ones_like({}, dtype='float64')"),
            (0.3, "np.full_like({}, 1)"),
            (0.2, f"np.eye({min(max(shape, default=3), 300)})"),
            (0.2, f"np.indices(({min(max(shape, default=3), 300)}, 3))[0]"),
            (0.2, "np.array(3.0)"),
        ]
    )
    if "{}" not in text:
        return literal(text)
    return Term(text, lambda case: 0.0, (operand(scope),))
