"""Statements that write into arrays: augmented, by slices, masks, integers, `out=`, methods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.random_arrays.elementwise import BINARY, UNARY, condition, number, operand
from tests.random_arrays.readers import places, subscript
from tests.random_arrays.rules import (
    Case,
    Rule,
    added,
    carried,
    divided,
    exact,
    extremum,
    multiplied,
    stored,
    summed,
)
from tests.random_arrays.scope import Scope, applied
from tests.random_arrays.terms import Term, literal, name


@dataclass(frozen=True)
class Write:
    """`template` with the written array first; `rule` is asked as if it gave the new contents."""

    template: str
    rule: Rule
    parts: tuple[Term, ...]

    def lines(self) -> list[str]:
        return [self.template.format(*map(str, self.parts))]

    def run(self, scope: Scope) -> None:
        """Do it, and find how far the memory may be off."""
        found = [part.evaluate(scope) for part in self.parts]
        before = [np.array(value) if isinstance(value, np.ndarray) else value for value, _ in found]
        errors = [error for _, error in found]
        names = {f"v{k}": value for k, (value, _) in enumerate(found)}
        text = self.template.format(*names)
        target = found[0][0]
        try:
            exec(compile(text, "<write>", "exec"), {**scope.env, **names})
        except AttributeError:  # `x.T += y` has written, and then cannot set `x.T`
            if isinstance(target, np.ndarray):
                scope.spoil(target, applied(self.rule, before, errors, target))
            raise
        if isinstance(target, np.ndarray):
            scope.spoil(target, applied(self.rule, before, errors, target))


def _numbers_fit(case: Case) -> bool:
    """Whether no float outside the range of an integer target was cast to it."""
    dtype = np.asarray(case.result).dtype
    for value in case.values[1:]:
        numbers = np.asarray(value)
        if numbers.dtype.kind in "fc" and dtype.kind in "iu":
            info = np.iinfo(dtype)
            inside = (numbers.real < info.max * 0.999) & (numbers.real > info.min)
            if not (np.isfinite(numbers) & inside).all():
                return False
    return True


def put(case: Case) -> float | None:
    """What is written stands beside what was there."""
    if not _numbers_fit(case):
        return None
    return stored(case)


def put_masked(case: Case) -> float | None:
    """The same, with a mask as the last part."""
    return None if case.errors[-1] else put(case)


AUGMENTED: tuple[tuple[float, str, Rule, str], ...] = (
    (6.0, "+=", added, "biufc"),
    (3.0, "-=", added, "iufc"),
    (4.0, "*=", multiplied, "biufc"),
    (1.5, "/=", divided, "fc"),
    (0.7, "//=", exact, "iuf"),
    (0.5, "%=", exact, "iuf"),
    (0.7, "|=", exact, "biu"),
    (0.7, "&=", exact, "biu"),
    (0.5, "^=", exact, "biu"),
    (0.3, "<<=", exact, "iu"),
)


def target(scope: Scope, kinds: str = "biufc", ranks: str = "0123") -> str:
    """The array to write to: one of the program's (a broadcast one raises)."""
    names = scope.arrays(kinds, ranks)
    if not scope.draw.chance(scope.wild):
        names = [each for each in names if scope.env[each].flags.writeable]
    if names and scope.draw.chance(0.4):
        names = names[-3:]  # which nobody may have looked at yet
    return scope.draw.pick(names) if names else ""


def value_for(scope: Scope, shape: tuple[int, ...], kinds: str) -> Term:
    """Something to write into an array of this shape: it must not make the shape larger."""
    draw = scope.draw
    if draw.chance(0.35):
        return number(scope)
    fitting = [each for each in scope.arrays(kinds) if _within(scope.env[each].shape, shape)]
    if not fitting or draw.chance(scope.wild):
        return operand(scope, kinds, shape)
    one = name(draw.pick(fitting))
    if draw.chance(0.4):
        row = draw.weighted([(row.weight, row) for row in UNARY])
        return Term(row.template, row.rule, (one,))
    if draw.chance(0.4):
        row = draw.weighted([(row.weight, row) for row in BINARY[:8]])
        other = name(draw.pick(fitting)) if draw.chance(0.5) else number(scope)
        return Term(row.template, row.rule, (one, other))
    return one


def _within(shape: tuple[int, ...], outer: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, outer) == outer
    except ValueError:
        return False


def _narrower(scope: Scope, kind: str) -> str:
    """The kinds that NumPy casts to this one (and others, now and then)."""
    if scope.draw.chance(scope.wild):
        return "biufc"
    return {"b": "b", "i": "bi", "u": "bu", "f": "biuf"}.get(kind, "biufc")


def augmented(scope: Scope) -> Write | None:
    """`x += e`, of a variable or a part of one."""
    draw = scope.draw
    _, operator, rule, kinds = draw.weighted([(row[0], row) for row in AUGMENTED])
    chosen = target(scope, kinds)
    if not chosen:
        return None
    array = scope.env[chosen]
    place, part = _part(scope, chosen)
    shape = getattr(part, "shape", ())
    value = value_for(scope, shape, _narrower(scope, array.dtype.kind))
    if draw.chance(0.1) and array.ndim and not place:  # overlapping itself
        return Write(
            f"{{0}} {operator} {{0}}[::-1]",
            _both(lambda case: _itself(rule)(case)),
            (name(chosen),),
        )
    return Write(f"{{}}{place} {operator} {{}}", _both(rule), (name(chosen), value))


def _both(rule: Rule) -> Rule:
    """The written part may be off as the rule says, the rest as before."""

    def combined(case: Case) -> float | None:
        found = rule(case) if _numbers_fit(case) else None
        return None if found is None else max(found, case.errors[0])

    return combined


def _part(scope: Scope, chosen: str) -> tuple[str, object]:
    """A subscript, perhaps none, and what it reads."""
    draw, array = scope.draw, scope.env[chosen]
    if draw.chance(0.45) or not array.ndim:
        return ("" if draw.chance(0.9) else "[...]"), array
    if draw.chance(0.15):
        place = f"[{places(scope, array.shape[0])}]"
    elif draw.chance(0.1):
        place = ".T"
    else:
        place = f"[{subscript(scope, array.shape)}]"
    try:
        return place, eval(f"v{place}", {**scope.env, "v": array})
    except Exception:  # the statement will say so
        return place, array


def assigned(scope: Scope) -> Write | None:
    """`x[...] = e` by slices, masks, integers."""
    draw = scope.draw
    chosen = target(scope, ranks="0123")
    if not chosen:
        return None
    array = scope.env[chosen]
    kinds = _narrower(scope, array.dtype.kind) if draw.chance(0.7) else "biufc"
    if draw.chance(0.25):
        mask = condition(scope, array.shape)
        if draw.chance(0.3):
            rule = draw.pick([("+=", added), ("*=", multiplied)])
            return Write(
                f"{{0}}[{{2}}] {rule[0]} {{1}}",
                _masked(_both(rule[1])),
                (name(chosen), number(scope), mask),
            )
        return Write("{0}[{2}] = {1}", put_masked, (name(chosen), number(scope), mask))
    place, part = _part(scope, chosen)
    value = value_for(scope, getattr(part, "shape", ()), kinds)
    if draw.chance(0.12) and array.ndim and array.shape[0] > 2:  # overlapping itself
        place, moved = draw.pick(
            [
                ("[1:]", "[:-1]"),
                ("[:-1]", "[1:]"),
                ("[...]", "[::-1]"),
                ("[::2]", f"[:{(array.shape[0] + 1) // 2}]"),
            ]
        )
        value = Term("{}" + moved + draw.pick(["", " + 1", " * 2"]), _shifted, (name(chosen),))
    return Write(f"{{}}{place or '[...]'} = {{}}", put, (name(chosen), value))


def reduced_into(scope: Scope) -> Write | None:
    """`np.sum(a, axis=0, out=x)`."""
    draw = scope.draw
    chosen = target(scope, "iuf", "123")
    shape = scope.env[chosen].shape if chosen else ()
    sources = [each for each in scope.arrays("iuf", "23") if scope.env[each].shape[1:] == shape]
    if not chosen or not sources:
        return None
    function, rule = draw.pick(
        [("np.sum", summed), ("np.max", extremum), ("np.add.reduce", summed)]
    )
    text = f"{function}({{1}}, axis=0, out={{0}})"
    return Write(text, _reduced(1, rule), (name(chosen), name(draw.pick(sources))))


def _shifted(case: Case) -> float | None:
    return max(case.errors) * 2


def _masked(rule: Rule) -> Rule:
    return lambda case: (
        None if case.errors[2] else rule(Case(case.values[:2], case.errors[:2], case.result))
    )


def through_out(scope: Scope) -> Write | None:
    """`np.add(a, b, out=x, where=m)` and reductions with `out=`."""
    draw = scope.draw
    chosen = target(scope, ranks="0123")
    if not chosen:
        return None
    array = scope.env[chosen]
    kinds = _narrower(scope, array.dtype.kind)
    function, rule = draw.pick(
        [
            ("np.add", added),
            ("np.multiply", multiplied),
            ("np.maximum", extremum),
            ("np.subtract", added),
            ("np.minimum", extremum),
        ]
    )
    inputs = (value_for(scope, array.shape, kinds), value_for(scope, array.shape, kinds))
    form = draw.between(0, 9)
    own = name(chosen)
    if form < 2:
        mask = condition(scope, array.shape)
        text = f"{function}({{1}}, {{2}}, out={{0}}, where={{3}})"
        return Write(text, _out(rule, 3), (own, *inputs, mask))
    if form == 2:
        text = draw.pick(["np.negative", "np.abs", "np.conj"])
        return Write(f"{text}({{1}}, out={{0}})", put, (own, inputs[0]))
    if form == 3 and array.ndim == 1:
        return Write("np.cumsum({1}, out={0})", _reduced(1), (own, inputs[0]))
    if form == 4:
        mask = condition(scope, array.shape)
        return Write("np.copyto({0}, {1}, where={2})", put_masked, (own, inputs[0], mask))
    if form == 5 and array.ndim and array.shape[0] > 1:
        return Write(f"{function}({{0}}[1:], {{0}}[:-1], out={{0}}[:-1])", _itself(rule), (own,))
    return Write(f"{function}({{1}}, {{2}}, out={{0}})", _out(rule), (own, *inputs))


def _out(rule: Rule, mask: int = 0) -> Rule:
    def combined(case: Case) -> float | None:
        if (mask and case.errors[mask]) or not _numbers_fit(case):
            return None
        found = rule(Case(case.values[1:3], case.errors[1:3], case.result))
        return None if found is None else max(found, case.errors[0])

    return combined


def _itself(rule: Rule) -> Rule:
    return lambda case: rule(Case(case.values * 2, case.errors * 2, case.result))


def _reduced(position: int, rule: Rule = summed) -> Rule:
    def combined(case: Case) -> float | None:
        if not _numbers_fit(case):
            return None
        found = rule(Case([case.values[position]], [case.errors[position]], case.result))
        return None if found is None else max(found, case.errors[0])

    return combined


def method(scope: Scope) -> Write | None:
    """Methods and functions that write: fill, sort, put, add.at, flat."""
    draw = scope.draw
    chosen = target(scope, ranks="12")
    if not chosen:
        return None
    array = scope.env[chosen]
    own, few = name(chosen), places(scope, array.shape[0])
    some = number(scope)
    forms: list[tuple[float, str, Rule, tuple[Term, ...]]] = [
        (1.0, "{}.fill({})", put, (own, some)),
        (1.0 if array.dtype.kind in "iuf" else 0.0, "{}.sort()", extremum, (own,)),
        (0.7, "{}.sort(axis=0)", extremum, (own,))
        if array.dtype.kind in "iuf"
        else (0.0, "", put, ()),
        (1.5, f"np.add.at({{}}, {few}, {{}})", _both(_repeated), (own, some)),
        (0.7, f"np.put({{}}, {places(scope, array.size)}, {{}})", put, (own, some)),
        (0.7, "{}.flat[0] = {}", put, (own, some)),
        (0.5, "{0}.flat[:] = {0}.T.ravel()", carried, (own,)),
        (0.5, "np.putmask({0}, {2}, {1})", put_masked, (own, some, condition(scope, array.shape))),
        (0.3, "np.fill_diagonal({}, {})", put, (own, some)),
        (0.3, "{}.partition(0)" if array.size < 2 else "{}.sort(kind='stable')", extremum, (own,)),
        (0.3, "{0}[:], {0}[...] = {0}[::-1], {0} + 0", carried, (own,)),
        # Of a plain array that was made of one of ours, the flag is another.
        (0.0 if scope.plain else 0.5, "{}.flags.writeable = False", carried, (own,)),
    ]
    if array.dtype.kind == "c":
        forms.append((2.0, "{}.real = {}", put, (own, literal("0.5"))))
        forms.append((1.0, "{}.imag[...] = {}", put, (own, literal("2"))))
    if array.dtype.kind not in "iuf":
        forms = [form for form in forms if "sort" not in form[1]]
    _, text, rule, parts = draw.weighted([(form[0], form) for form in forms])
    return Write(text, rule, parts) if text else None


def _repeated(case: Case) -> float | None:
    """A few additions to the same element, one after the other."""
    found = added(case)
    return found * 8 if found else found


WRITES = ((5.0, augmented), (5.0, assigned), (3.0, through_out), (2.0, method), (0.7, reduced_into))


def write(scope: Scope) -> Write | None:
    """One of them; None if there is nothing to write to."""
    return scope.draw.weighted(WRITES)(scope)
