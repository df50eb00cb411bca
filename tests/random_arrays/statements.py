"""Statements: bindings, writes, observations, and blocks of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from tests.random_arrays import readers
from tests.random_arrays.elementwise import chain, condition
from tests.random_arrays.rules import Case, Rule, added, carried, exact, multiplied
from tests.random_arrays.scope import Scope, UnsuitableError
from tests.random_arrays.terms import Term, literal, name
from tests.random_arrays.writes import Write, write
from tests.random_programs.builder import indented


class Statement(Protocol):
    """Something that can be run any number of times, and then printed."""

    def run(self, scope: Scope) -> None: ...

    def lines(self) -> list[str]: ...


@dataclass
class Bind:
    """`target = term`."""

    target: str
    term: Term
    plain: bool = False

    def run(self, scope: Scope) -> None:
        value, error = self.term.evaluate(scope)
        if not isinstance(value, np.ndarray | np.generic | int | float | complex):
            raise UnsuitableError
        scope.bind(self.target, value, error, self.plain)

    def lines(self) -> list[str]:
        return [f"{self.target} = {self.term}"]


@dataclass
class Delete:
    """`del x`."""

    target: str

    def run(self, scope: Scope) -> None:
        scope.forget(self.target)

    def lines(self) -> list[str]:
        return [f"del {self.target}"]


@dataclass
class See:
    """`watch.see("...", term, bound)`."""

    term: Term
    error: float = 0.0

    def run(self, scope: Scope) -> None:
        self.error = max(self.error, self.term.evaluate(scope)[1])

    def lines(self) -> list[str]:
        bound = f", {self.error:.3g}" if self.error else ""
        return [f"watch.see({str(self.term)!r}, {self.term}{bound})"]


@dataclass
class Print:
    """`watch.text(term)`, of something exact."""

    term: Term

    def run(self, scope: Scope) -> None:
        if self.term.evaluate(scope)[1]:
            raise UnsuitableError

    def lines(self) -> list[str]:
        return [f"watch.text({self.term})"]


@dataclass
class Attempt:
    """A statement, with a handler if NumPy raises."""

    inner: Statement
    raised: bool = False

    def run(self, scope: Scope) -> None:
        try:
            self.inner.run(scope)
        except UnsuitableError:
            raise
        except Exception:
            self.raised = True

    def lines(self) -> list[str]:
        if not self.raised:
            return self.inner.lines()
        handler = ["except Exception as error:", "    watch.error(error)"]
        return ["try:", *indented(self.inner.lines()), *handler]


@dataclass
class Strict:
    """A binding where floating-point errors are exceptions."""

    inner: Bind

    def run(self, scope: Scope) -> None:
        with np.errstate(all="raise", under="ignore"):
            self.inner.run(scope)

    def lines(self) -> list[str]:
        return ["with np.errstate(all='raise', under='ignore'):", *indented(self.inner.lines())]


@dataclass
class Block:
    """Statements under a header, run so many times."""

    header: str
    body: list[Statement] = field(default_factory=list)

    def run(self, scope: Scope) -> None:
        for statement in self.body:
            statement.run(scope)

    def lines(self) -> list[str]:
        return [self.header, *indented([line for each in self.body for line in each.lines()])]


# ---- drawing ---------------------------------------------------------------------------------


def known(case: Case) -> float:
    """What does not depend on values."""
    return 0.0


HELPERS: dict[str, tuple[str, Rule]] = {
    "one_of_three": (
        "def one_of_three(x):\n    dead = np.sin(x) * 2\n    other = dead + x\n    return x + 1",
        added,
    ),
    "rebound": ("def rebound(x):\n    x = x * 2\n    x = x - 1\n    return x", added),
    "halved": ("def halved(x):\n    y = x.copy()\n    y *= 2\n    return y", multiplied),
    "raised": ("def raised(x):\n    x += 1\n    return x", added),
    "kept": ("def kept(x):\n    old = x + 0\n    x[...] = 1\n    return old", added),
    "both": ("def both(x):\n    y = -x\n    z = y * 2\n    return np.where(x > 0, y, z)", exact),
}


def expression(scope: Scope) -> Term:
    """What is bound to a name."""
    draw = scope.draw
    form = draw.weighted(
        [
            *((8.0, "chain"), (4.0, "view"), (3.0, "reduction"), (1.0, "scan"), (2.5, "gathered")),
            *((1.5, "joined"), (0.8, "sorted"), (0.8, "product"), (1.5, "created")),
            *((1.0, "alias"), (0.6, "helper"), (0.5, "mixed")),
        ]
    )
    if form == "chain":
        return chain(scope, draw.between(1, 3))
    if form == "reduction":
        return readers.reduction(scope)
    if form == "alias":
        return name(draw.pick(scope.names))
    if form == "helper":
        return _helper(scope)
    if form == "mixed":
        return _mixed(scope)
    makers = {
        "view": readers.view, "scan": readers.scan, "gathered": readers.gathered,
        "joined": readers.joined, "sorted": readers.sorted_term, "product": readers.product,
        "created": readers.created,
    }  # fmt: skip
    return makers[form](scope)


def _helper(scope: Scope) -> Term:
    draw = scope.draw
    names = [each for each in scope.arrays("f") if not scope.error_of(each)]
    if not names:
        return chain(scope, 2)
    function = draw.pick(list(HELPERS))
    source, _ = HELPERS[function]
    if function not in scope.env:
        exec(source, scope.env)
    return Term(f"{function}({{}})", exact, (name(draw.pick(names)),))


def _mixed(scope: Scope) -> Term:
    """Calls of NumPy's own namespace, and arrays from plain ones."""
    draw = scope.draw
    names = scope.arrays("iuf")
    if not names:
        return chain(scope, 2)
    one, other = name(draw.pick(names)), name(draw.pick(names))
    text, rule = draw.pick(
        [
            ("real.add({}, 1)", added),
            ("real.negative({})", carried),
            ("real.where({} > 0, 1.0, {})", exact),
            ("np.asarray({})", carried),
            ("np.array({}, copy=False) if False else np.asarray({})", carried),
            ("np.ascontiguousarray({})", carried),
        ]
    )
    return Term(text, rule, (one, other)[: text.count("{}")])


def bind(scope: Scope) -> Statement:
    """A new name, or an old one bound anew."""
    draw = scope.draw
    term = expression(scope)
    target = scope.fresh()
    if scope.names and draw.chance(0.3):
        target = draw.pick(scope.names)
    if draw.chance(0.02):
        return Strict(Bind(target, term))
    return Bind(target, term)


def plain(scope: Scope) -> Statement:
    """An array of NumPy itself: its own, or the memory of one of ours."""
    scope.plain.add("")  # from here on, at least one may have been
    draw = scope.draw
    names = scope.arrays("biufc")
    if names and draw.chance(0.6):
        text = draw.weighted(
            [(4.0, "real.asarray({})"), (1.0, "real.array({})"), (0.7, "{}.__array__()")]
        )
        return Bind(scope.fresh("p"), Term(text, carried, (name(draw.pick(names)),)), plain=True)
    dtype = draw.pick(["float64", "float32", "int64", "int32"])
    made = f"data({draw.between(0, 10**6)}, {scope.shape()}, {dtype!r}, 'tame')"
    return Bind(scope.fresh("p"), literal(made), plain=True)


def observed(scope: Scope) -> Statement:
    """Something that needs values, or only tells of them."""
    draw = scope.draw
    names = scope.names
    one = name(draw.pick(names))
    value = scope.env[str(one)]
    if not isinstance(value, np.ndarray):
        return See(one)
    first = "[" + ", ".join("0" * value.ndim) + "]" if value.ndim else "[()]"
    few = value.size <= 60
    index = name(draw.pick(scope.arrays() or names))
    forms: list[tuple[float, Any]] = [
        (3.0, See(one)),
        (1.0, See(Term("np.sum({})", readers.summed, (one,)))),
        (1.0, Print(Term("({0}.shape, {0}.dtype, {0}.ndim, {0}.size, {0}.nbytes)", known, (one,)))),
        (0.5, Print(Term("({0}.flags.c_contiguous, {0}.flags.writeable)", known, (one,)))),
        (0.7, See(Term(f"{{}}{first}", carried, (one,)))) if value.size else (0.0, None),
        (0.7, See(Term(f"{{}}{first}.item()", carried, (one,)))) if value.size else (0.0, None),
        (0.5 if value.size else 0.0, See(Term("{}.max()", readers.extremum, (one,)))),
        (0.7, Print(Term("bool(np.any({}))", exact, (condition(scope),)))),
        (0.4, Print(Term("bool({})", exact, (one,)))),
        (0.4, Print(Term("len({})", known, (one,)))),
        (0.6 if few else 0.1, Print(Term("repr({})", exact, (one,)))),
        (0.4 if few else 0.1, Print(Term("str({})", exact, (one,)))),
        (0.4 if few else 0.0, Print(Term("{}.tolist()", exact, (one,)))),
        (0.4 if few else 0.0, Print(Term("[str(row) for row in {}]", exact, (one,)))),
        (0.3, Print(Term("np.array_equal({}, {})", exact, (one, index)))),
        (0.3 if few and value.ndim == 1 else 0.0, Print(Term("sum({})", exact, (one,)))),
        (0.2 if few else 0.0, Print(Term("sorted({}.ravel())", exact, (one,)))),
        (0.3, Print(Term("np.may_share_memory({}, {})", known, (one, index)))),
        (0.0 if scope.plain else 0.3, Print(Term("{0}.base is None", known, (one,)))),
        (0.2, Print(Term("f'{{{}}}'" if few else "{0}.dtype", exact, (one,)))),
    ]  # fmt: skip
    return draw.weighted(forms)


def statement(scope: Scope) -> Statement | None:
    """One that is no block."""
    draw = scope.draw
    # A plain array takes an empty array of ours, as a subscript, for one of integers.
    mixing = 0.0 if 0 in scope.dims else 1.0
    made = draw.weighted([(10.0, bind), (7.0, write), (2.5, observed), (mixing, plain)])(scope)
    if not scope.names or made is None:
        return None
    return made


def is_write(made: Statement) -> bool:
    """Whether running it changes memory (and cannot be undone)."""
    return isinstance(made, Write) or "raised(" in str(made.lines()) or "kept(" in str(made.lines())
