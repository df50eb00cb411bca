"""Functions with whatever Python allows around loops; all give the same with and without jit.

`CASES` lists each function with arguments. None of them may make `jit` raise.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

X = np.arange(1.0, 9.0)
COUNT = 0
SCALE = 3
CASES: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []


def case(*arguments: Any) -> Callable[[Any], Any]:
    def remember(function: Any) -> Any:
        CASES.append((function, arguments))
        return function

    return remember


@case(X)
@case(X, 5.0)
def defaults(x, a=2.0, *rest, b=3.0, **more):
    for i in range(len(x)):
        x[i] = a * x[i] + b
    return a, b, rest, more


@case(X)
def positional_only(x, /, k=2, *, last=4):
    s = 0
    for i in range(k, last):
        s += x[i]
    return s


@case(X)
def try_finally(x):
    done = []
    try:
        for i in range(len(x) + 1):
            x[i] = -1.0
    finally:
        for i in range(3):
            x[i] = 7.0
        done.append("finally")
    return done


@case(X)
def try_except_else(x):
    try:
        for i in range(len(x)):
            x[i] += 1
    except IndexError as error:
        return str(error)
    else:
        for i in range(2):
            x[i] = 0
    return i


@case(X)
def caught(x):
    last = None
    try:
        for i in range(20):
            last = i
            x[i] = 2.0
    except IndexError as error:
        return last, i, type(error).__name__
    return "not reached"


@case(X)
def caught_deeper(x):
    seen = []
    for k in range(3):
        try:
            for i in range(7 + k):
                x[i] = k
        except IndexError:
            seen.append((k, i))
            continue
        seen.append(k)
    return seen


@case(X)
def with_statement(x):
    with contextlib.suppress(IndexError):
        for i in range(10):
            x[i] = i
    return i


@case(X)
def with_errstate(x):
    with np.errstate(divide="ignore"):
        for i in range(len(x)):
            x[i] = x[i] / (x[i] - x[i])
    return x


@case(X, 3.0)
@case(X, 100.0)
def early_return(x, limit):
    for i in range(len(x)):
        if x[i] > limit:
            return i
        x[i] = 0.0
    return -1


@case(X)
def return_nothing(x):
    for i in range(len(x)):
        if x[i] == 5.0:
            return
        x[i] = 1.0
    for i in range(2):
        x[i] = 2.0


@case(X, 3.0)
@case(X, 30.0)
def loop_else(x, limit):
    for i in range(len(x)):
        if x[i] == limit:
            found = i
            break
    else:
        found = -1
        for i in range(2):
            x[i] = -1.0
    return found, i


@case(X)
def while_else(x):
    i = 0
    while i < len(x):
        x[i] *= 2
        i += 1
    else:
        i = 100
    return i


@case(X)
def continue_inside(x):
    total = 0.0
    for i in range(len(x)):
        if i % 2:
            continue
        for j in range(i):
            if j == 3:
                break
            total += x[j]
        x[i] = total
    return total


@case(X)
def captured(x):
    made = []
    for i in range(3):
        made.append(lambda: i)
    for k in range(len(x)):
        x[k] = k
    return [f() for f in made], k


@case(X)
def captured_later(x):
    def get():
        return s

    s = 0.0
    for i in range(len(x)):
        s += x[i]
    return get()


@case(X)
def written_by_another(x):
    s = 1.0

    def grow():
        nonlocal s
        s += 1

    for i in range(len(x)):
        x[i] *= s
        if i == 3:
            grow()
    for i in range(2):
        x[i] = s
    return s


@case(X)
def global_counter(x):
    global COUNT
    COUNT = 0
    for i in range(len(x)):
        COUNT += 1
        x[i] = COUNT
    return COUNT


@case(X)
def deleted(x):
    t = 2.0
    for i in range(len(x)):
        x[i] *= t
    del t, i
    try:
        return t
    except NameError as error:
        return type(error).__name__


@case(X)
def deleted_inside(x):
    for i in range(len(x)):
        t = x[i]
        x[i] = t * t
        del t
    return i


@case(X)
def walrus(x):
    n = 0
    while (v := x[n]) < 5:
        x[n] = v * v
        n += 1
    return n, v


@case(X)
def comprehension(x):
    i = "outside"
    squares = [i * i for i in range(3)]
    for k in range(len(x)):
        x[k] += squares[2]
    return i, {k: k for k in range(2)}, k


@case(X)
def comprehension_inside(x):
    for i in range(3):
        x[i] = sum([x[j] for j in range(i)])
    return x


@case(X[:0])
@case(X)
def perhaps_unbound(x):
    for i in range(len(x)):
        t = x[i]
    return t


@case(X, 0)
@case(X, 1)
def bound_on_one_way(x, flag):
    if flag:
        t = 2.0
    for i in range(len(x)):
        x[i] = t
    return i


@case(X)
def never_bound(x):
    for i in range(len(x)):
        x[i] = missing  # noqa: F821 # on purpose
    return x


@case(X)
def missing_attribute(x):
    for i in range(len(x)):
        x[i] = np.there_is_no_such_thing(x[i])
    return x


@case(X)
def annotated(x: np.ndarray) -> float:
    s: float = 0.0
    n: int  # noqa: F842 # on purpose
    for i in range(len(x)):
        v: float = x[i]
        s += v
    return s


@case(X)
def nested_annotated(x):
    def inner(a: int, b: SCALE = 2) -> float:  # type: ignore[valid-type] # looked at below
        return a * b

    for i in range(len(x)):
        x[i] = i
    return inner.__annotations__, inner(3)


@case(X)
def class_inside(x):
    class Box:
        total = 0.0
        for i in range(len(x)):
            total += x[i]

        def scaled(self, y):
            for i in range(len(y)):
                y[i] *= self.total
            return self.total

    return Box().scaled(x), Box.i


class Base:
    def __init__(self):
        self.k = 4.0

    def work(self, x):
        for i in range(len(x)):
            x[i] += 1
        return "base"


class Derived(Base):
    def work(self, x):
        name = super().work(x)
        for i in range(len(x)):
            x[i] *= 2
        return name, __class__.__name__

    def private(self, x):
        __hidden = 3.0
        self.__kept = 2.0
        for i in range(len(x)):
            x[i] = __hidden
        return sorted(vars(self)), self.__kept

    def attributes(self, x):
        k = self.k
        for i in range(len(x)):
            x[i] = k
            self.k += 1
        return self.k


case(Derived(), X)(Derived.work)
case(Derived(), X)(Derived.private)
case(Derived(), X)(Derived.attributes)


@case(X)
def generator_inside(x):
    def numbers():
        for i in range(3):
            yield x[i]

    total = 0.0
    for v in numbers():
        total += v
    for i in range(len(x)):
        x[i] = total
    return list(numbers())


@case(X)
def generator(x):
    for i in range(len(x)):
        yield x[i] * 2


@case(X)
def looks_at_locals(x):
    for i in range(len(x)):
        x[i] = 1.0
    return sorted(locals())


@case([1, 2, 3])
def over_a_list(items):
    total = 0
    for item in items:
        total += item
        if total == 3:
            items.append(10)
    return total


@case({"a": 1.0, "b": 2.0}, X)
def over_a_dict(table, x):
    for name, value in table.items():  # noqa: B007 # returned below
        for i in range(len(x)):
            x[i] += value
    return name


@case(X)
def star_target(x):
    first, *rest = x
    for i in range(len(rest)):
        rest[i] = 2 * rest[i]
    return first, rest


@case(X)
def chained(x):
    a = b = c = 0.0
    for i in range(len(x)):
        a = b = x[i]
        c += a if 1 < b <= 5 else -a
    return a, b, c


@case(X)
def swap(x):
    for i in range(len(x) // 2):
        x[i], x[-1 - i] = x[-1 - i], x[i]
    return x


@case(X, 2)
@case(X, "two")
def matched(x, what):
    match what:
        case 2:
            for i in range(len(x)):
                x[i] = 2.0
        case str() as text:
            for i in range(len(x)):
                x[i] = len(text)
    return i


@case(X)
def asserts(x):
    for i in range(len(x)):
        assert x[i] < 5, f"too large at {i}"
        x[i] = 0.0


@case(X)
def raises(x):
    for i in range(len(x)):
        if i == 4:
            raise ValueError(i)
        x[i] = 0.0


@case(X)
def prints_between(x):
    out = []
    for i in range(len(x)):
        x[i] += 1
    out.append(x.sum())
    for i in range(len(x)):
        x[i] += 1
    out.append(x.sum())
    return out


@case(X)
def imports_inside(x):
    import math as m
    from math import sqrt

    for i in range(len(x)):
        x[i] = sqrt(x[i]) + m.floor(x[i])
    return x


@case(X)
def shadows_builtins(x):
    range = reversed
    total = 0.0
    for v in range(x):
        total = total / 2 + v
    len = 3
    for i in (0, 1, 2):
        x[i] = len
    return total


@case(X)
def global_function(x):
    for i in range(len(x)):
        x[i] = twice(x[i]) * SCALE
    return x


def twice(v):
    return 2 * v


@case(X)
def qualified_names(x):
    class Inner:
        def method(self):
            return 1

    def function():
        return [lambda: i for i in range(1)]

    for i in range(len(x)):
        x[i] = 1.0
    return Inner.__qualname__, Inner.method.__qualname__, function()[0].__qualname__


@case(X)
def recursion(x, depth=3):
    if not depth:
        return 0
    for i in range(len(x)):
        x[i] += 1
    return recursion(x, depth - 1) + depth


@case(X)
@functools.cache
def not_hashable(x):
    for i in range(len(x)):
        x[i] = 1


@case(X)
def docstring(x):
    """A text."""
    for i in range(len(x)):
        "no statement"
        x[i] = 1


@case(X, 5)
def parameter_rebound(x, n):
    for n in range(n):  # noqa: B020 # on purpose
        x[n] = n
    x = x[:2]
    for i in range(len(x)):
        x[i] = 9
    return n, x


@case(X)
def star_arguments(*xs, **named):
    for x in xs:
        for i in range(len(x)):
            x[i] = len(xs)
    return len(named)


@case(X)
def loop_over_loops(x):
    for _ in range(2):
        for _ in range(3):
            x[0] += 1
    for i in reversed(range(len(x))):
        for j, v in enumerate(x):
            x[i] = x[i] + j * v
            if j > 3:
                break
    return _, i, j, v


@case(X)
def tuple_results(x):
    low, high = x[0], x[0]
    at = (0, 0)
    for i in range(len(x)):
        if x[i] < low:
            low, at = x[i], (i, at[1])
        if x[i] > high:
            high, at = x[i], (at[0], i)
    return low, high, at


async def asynchronous(x):
    for i in range(len(x)):
        x[i] = 1


lambda_loop = lambda x: [v * 2 for v in x]  # noqa: E731 # a function without def
