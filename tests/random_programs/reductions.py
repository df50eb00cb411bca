"""Reductions, arg-min/arg-max pairs, counters and recurrences."""

from __future__ import annotations

from .builder import Builder, Lines, indented
from .subscripts import element


def reduction(build: Builder) -> Lines:
    """One statement (or two) that carries a value from one iteration to the next."""
    writer = build.draw.weighted(
        [
            (3.0, _total),
            (1.0, _product),
            (2.0, _extreme),
            (1.5, _argument),
            (1.5, _integer),
            (1.0, _logical),
            (1.0, _recurrence),
            (1.0, _counter),
            (1.5, _cells),
            (0.5, _fibonacci),
            (0.5, _previous),
            (0.4, _complex_total),
            (0.3, _big),
        ]
    )
    lines = writer(build)
    if build.draw.chance(0.25):
        return [f"if {build.expressions.condition(1)}:", *indented(lines)]
    return lines


def _term(build: Builder) -> str:
    """What may be summed: exact in any order, unless the program is approximate."""
    write = build.expressions
    return write.tame(1) if build.exact else write.number("f", 2)


def _total(build: Builder) -> Lines:
    draw = build.draw
    start = draw.pick(["0.0", "0", "-0.0", "1.0", "np.float32(0)", "np.float64(0)"])
    name = build.accumulator("f", start)
    operator = "+" if not build.exact or draw.chance(0.8) else "-"
    term = _term(build)
    form = draw.between(0, 3)
    if form == 0:
        return [f"{name} = {name} {operator} {term}"]
    if form == 1:
        return [f"{name} = {term} + {name}"]
    return [f"{name} {operator}= {term}"]


def _product(build: Builder) -> Lines:
    signs = [array for array in build.scope.arrays_of("in", "f") if array.limit == 2]
    name = build.accumulator("f", build.draw.pick(["1.0", "1", "-1.0"]))
    if not build.exact:
        return [f"{name} *= 0.9 + {build.expressions.number('f', 0)} * 0.1"]
    term = element(build.scope, build.draw.pick(signs)) if signs else "-1.0"
    return [f"{name} = {name} * {term}" if build.draw.chance(0.4) else f"{name} *= {term}"]


def _extreme(build: Builder) -> Lines:
    draw = build.draw
    kind = draw.pick("ffi")
    value = build.expressions.number(kind, 1)
    start = draw.pick(["-math.inf", "math.inf", "0.0", value] if kind == "f" else ["0", "-100"])
    if "[" in start:
        start = "1.5"
    name = build.accumulator(kind, start)
    which = draw.pick(["min", "max"])
    if not build.exact and kind == "f":
        return [f"{name} = {which}({name}, {value})"]
    return draw.pick(
        [
            [f"{name} = {which}({name}, {value})"],
            [f"{name} = {which}({value}, {name})"],
            [f"{name} = np.{which}imum({name}, {value})"],
            [f"if {value} {'<' if which == 'min' else '>'} {name}:", f"    {name} = {value}"],
            [f"{name} = {value} if {value} >= {name} else {name}"],
        ]
    )


def _argument(build: Builder) -> Lines:
    """`if a[i] > best: best = a[i]; where = i` with any comparison."""
    write = build.expressions
    kept, write.clean = write.clean, write.clean or not build.exact
    value = write.leaf(build.draw.pick("fi"))
    write.clean = kept
    best = build.accumulator("f", build.draw.pick(["-math.inf", "-1000.0", "0", "math.inf"]))
    where = build.accumulator("i", build.draw.pick(["-1", "0"]))
    place = build.scope.indices[-1].name if build.scope.indices else "1"
    operator = build.draw.pick(["<", ">", "<=", ">="])
    if build.draw.chance(0.3):
        return [f"if {value} {operator} {best}:", f"    {best}, {where} = {value}, {place}"]
    return [f"if {value} {operator} {best}:", f"    {best} = {value}", f"    {where} = {place}"]


def _integer(build: Builder) -> Lines:
    draw = build.draw
    name = build.accumulator("i", draw.pick(["0", "1", "-7", "np.int64(0)"]))
    build.expressions.avoid.add(name)
    value = build.expressions.number("i", 2)
    return [
        draw.weighted(
            [
                (4.0, f"{name} += {value}"),
                (1.0, f"{name} -= {value}"),
                (0.7, f"{name} += int({value}) ** 2"),
                (1.0, f"{name} ^= {value}"),
                (0.7, f"{name} |= {value}"),
                (0.5, f"{name} &= {value}"),
                (0.3, f"{name} = {name} * 3 % 1009"),
                (0.7, f"{name} = ({name} * 5 + {value}) % 1009"),
            ]
        )
    ]


def _logical(build: Builder) -> Lines:
    draw = build.draw
    name = build.accumulator("b", draw.pick(["True", "False"]))
    test = build.expressions.condition(1)
    return draw.pick(
        [
            [f"{name} = {name} and {test}"],
            [f"{name} = {name} or {test}"],
            [f"{name} = bool({test}) and {name}"],
            [f"{name} &= {test}"],
            [f"{name} |= {test}"],
            [f"{name} ^= bool({test})"],
            [f"if {test}:", f"    {name} = not {name}"],
            [f"if {test}:", f"    {name} = True"],
        ]
    )


def _recurrence(build: Builder) -> Lines:
    """Serial: each iteration needs the one before."""
    write = build.expressions
    name = build.accumulator("f", build.draw.pick(["0.0", "1.0", "0.5"]))
    term = write.number("f", 1)
    forms = [f"{name} = {name} * 0.5 + {term}", f"{name} = ({name} + {term}) * 0.25"]
    if build.exact:
        forms += [
            f"{name} = {term} - {name}",
            f"{name} = {name} / 2.0 - {term}",
            f"{name} = max({name} * 0.5, {term})",
        ]
    lines = [build.draw.pick(forms)]
    outs = build.scope.arrays_of("out", "f")
    if outs and build.draw.chance(0.6):
        lines.append(f"{element(build.scope, build.draw.pick(outs))} = {name}")
    return lines


def _counter(build: Builder) -> Lines:
    """An induction variable, conditional or not, which may also be a subscript."""
    name = build.accumulator("i", build.draw.pick(["0", "-1", "10"]))
    step = build.draw.between(1, 3)
    lines = [f"{name} += {step}"]
    outs = [array for array in build.scope.arrays_of("out") if len(array.shape) == 1]
    if outs and build.draw.chance(0.5):
        array = build.draw.pick(outs)
        guard = f"if 0 <= {name} < len({array.name}):"
        lines += [guard, f"    {array.name}[{name}] = {build.value(array, 1)}"]
    return lines


def _cells(build: Builder) -> Lines:
    """Sums held by the cells of an array: histograms and `c[i, j] += a[i, k] * b[k, j]`."""
    sums = build.scope.arrays_of("sum")
    if not sums:
        return _total(build)
    array = build.draw.pick(sums)
    target = element(build.scope, array)
    if array.kind == "i":
        term = build.draw.pick(["1", "2", "-1" if not array.dtype.startswith("u") else "3"])
    else:
        term = _term(build)
    if build.draw.chance(0.3):
        return [f"{target} = {target} + {term}"]
    return [f"{target} += {term}"]


def _fibonacci(build: Builder) -> Lines:
    one, two = build.accumulator("i", "0"), build.accumulator("i", "1")
    if build.scope.trips > 200:
        return [f"{one}, {two} = {two}, ({one} + {two}) % 10007"]
    return [f"{one}, {two} = {two}, {one} + {two}"]


def _previous(build: Builder) -> Lines:
    """A wrap-around variable: the value of the last iteration."""
    name = build.accumulator("f", "0.0")
    outs = build.scope.arrays_of("out", "f")
    if not outs:
        return [f"{name} = {build.expressions.leaf('f')}"]
    target = element(build.scope, build.draw.pick(outs))
    return [f"{target} = {name}", f"{name} = {build.expressions.leaf('f')}"]


def _complex_total(build: Builder) -> Lines:
    name = build.accumulator("c", "0j")
    return [f"{name} += complex({_term(build)}, {_term(build)})"]


def _big(build: Builder) -> Lines:
    """Python integers that leave 64 bits on the way."""
    name = build.accumulator("i", build.draw.pick(["2**62", "2**63 - 5", "-2**63", "10**18"]))
    value = build.expressions.leaf("i")
    return build.draw.pick(
        [
            [f"{name} += int({value}) * 10**17"],
            [f"{name} -= int({value})"],
            [f"{name} = abs({name}) + {value}"],
            [f"{name} += 1"],
        ]
    )
