"""Random chains of array operations as nests over temporaries: what fusing is tested on.

Each operation reads parameters and earlier temporaries at their own place, shifted, reversed or
broadcast, and writes a temporary, a parameter or a sum. Extents are equal because the program has
tested it, because they come from one shape, or by chance. Floats are small whole numbers.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from conure.ir.nodes import Program
from conure.ir.parse import parse

_HEAD = """program chain(x: f64[1]C, y: f64[1]C, z: f64[1]C, a: f64[2]C, b: f64[2]C, n: int, m: int)
  -> {results} {{ local {locals}: f64
"""
_OPERATORS = ("{} + {}", "{} - {}", "maximum({}, {})", "minimum({}, {})", "{} + {} * 0.5:f64")


class Chain:
    """One random program, written as text."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.vectors = {"x": 0, "y": 0, "z": 0}  # each with how much shorter than n it is
        self.matrices = ["a", "b"]
        self.sums: list[str] = []
        self.count = 0
        self.tested: set[str] = set()

    def program(self) -> Program:
        for _ in range(self.random.randint(2, 9)):
            self.operation()
        names = self.sums or ["none"]
        head = _HEAD.format(results=", ".join(names), locals=", ".join(names))
        return parse(head + "\n".join(self.lines) + " }")

    def operation(self) -> None:
        kind = self.random.random()
        if kind < 0.45:
            self.vector()
        elif kind < 0.60:
            self.recurrence()
        elif kind < 0.80:
            self.matrix()
        elif kind < 0.9:
            self.total()
        else:
            self.repeated()

    def new(self, stem: str) -> str:
        self.count += 1
        return f"{stem}.{self.count}"

    # ---- expressions

    def element(self, index: str, reach: int) -> str:
        """An element of a vector for an index in 0:n - reach."""
        name = self.random.choice(list(self.vectors))
        free = reach - self.vectors[name]
        if free < 0:
            return self.random.choice(["1.0:f64", "2.0:f64", *self.sums])
        choice = self.random.random()
        if choice < 0.2 and free > 0:
            return f"{name}[{index} + {self.random.randint(1, free)}]"
        if choice < 0.3:
            return f"{name}[n - {self.vectors[name] + free + 1} - {index}]"
        return f"{name}[{index}]"

    def value(self, index: str, reach: int) -> str:
        operator = self.random.choice(_OPERATORS)
        return operator.format(self.element(index, reach), self.element(index, reach))

    def cell(self, row: str, column: str) -> str:
        choice = self.random.random()
        name = self.random.choice(self.matrices)
        short = [vector for vector, less in self.vectors.items() if less == 0]
        if choice < 0.2:
            return f"{self.random.choice(short)}[{row}]"
        if choice < 0.3:
            return f"{name}[n - 1 - {row}, {column}]"
        if choice < 0.4:
            return f"{name}[{row}, m - 1 - {column}]"
        return f"{name}[{row}, {column}]"

    # ---- statements

    def extent(self, less: int) -> str:
        """n - less, in one of the ways in which it may be written."""
        ways = [f"n - {less}" if less else "n"]
        same = [name for name, other in self.vectors.items() if other == less]
        ways += [f"dim({self.random.choice(same)}, 0)"] * 2 if same else []
        return self.random.choice(ways)

    def test(self) -> None:
        if self.random.random() < 0.4:
            name = self.random.choice([each for each, less in self.vectors.items() if less == 0])
            self.lines.append(f"if dim({name}, 0) != n {{ fail }}")

    def vector(self) -> None:
        self.test()
        less = self.random.choice((0, 0, 0, 1, 2))
        index = self.new("i")
        expr = self.value(index, less)
        extent = self.extent(less)
        if self.random.random() < 0.75:
            name = self.new("t")
            self.lines.append(f"{name} = alloc f64[{extent}]")
            bound = self.random.choice((extent, extent, f"dim({name}, 0)"))
        else:
            name, bound = self.random.choice("xyz"), extent
            less = 0
        self.lines.append(f"for {index} in 0:{bound} {{ {name}[{index}] = {expr} }}")
        self.vectors[name] = less

    def recurrence(self) -> None:
        """A serial loop, whose reads are of elements at hand, ahead, or behind."""
        name, index = self.new("t"), self.new("i")
        source = self.random.choice([each for each, less in self.vectors.items() if less == 0])
        place = self.random.choice((index, f"{index} - 1", f"{index} - 1", f"n - 1 - {index}"))
        self.lines.append(f"""{name} = alloc f64[n]
            {name}[0] = 1.0:f64
            for {index} in 1:n {{ {name}[{index}] = {name}[{index} - 1] + {source}[{place}] }}""")
        self.vectors[name] = 0

    def matrix(self) -> None:
        row, column = self.new("r"), self.new("c")
        operator = self.random.choice(_OPERATORS)
        expr = operator.format(self.cell(row, column), self.cell(row, column))
        if self.random.random() < 0.7:
            name = self.new("u")
            self.lines.append(f"{name} = alloc f64[n, m]")
        else:
            name = self.random.choice("ab")
        store = f"{name}[{row}, {column}] = {expr}"
        if self.random.random() < 0.3:
            total = self.new("s")
            self.sums.append(total)
            store += f" {total} = {total} + {expr}"
        self.lines.append(f"for {row} in 0:n {{ for {column} in 0:m {{ {store} }} }}")
        if name not in self.matrices:
            self.matrices.append(name)

    def total(self) -> None:
        """A sum of a vector, or of the rows of a matrix into a new vector."""
        index = self.new("i")
        if self.random.random() < 0.5:
            total = self.new("s")
            expr = self.value(index, 0)
            self.lines.append(f"for {index} in 0:n {{ {total} = {total} + {expr} }}")
            self.sums.append(total)
            return
        name, total, column = self.new("t"), self.new("s"), self.new("c")
        expr = self.cell(index, column)
        self.lines.append(f"""{name} = alloc f64[n]
            for {index} in 0:n {{ {total} = 0.0:f64
              for {column} in 0:m {{ {total} = {total} + {expr} }}
              {name}[{index}] = {total} }}""")
        self.vectors[name] = 0
        self.sums.append(total)

    def repeated(self) -> None:
        """A few steps of two operations, with a temporary of their own."""
        name, step, one, two = self.new("t"), self.new("k"), self.new("i"), self.new("i")
        first = self.value(one, 0)
        target = self.random.choice("xyz")
        self.lines.append(f"""for {step} in 0:3 {{
            {name} = alloc f64[n]
            for {one} in 0:n {{ {name}[{one}] = {first} }}
            for {two} in 0:n {{ {target}[{two}] = {name}[{two}] + 1.0:f64 }} }}""")


def chain(seed: int, sizes: tuple[int, ...] = (3, 4, 5, 7)) -> tuple[Program, dict[str, Any]]:
    """A random chain and arguments for it, with one of these many elements."""
    maker = Chain(seed)
    program = maker.program()
    source = maker.random
    n, m = source.choice(sizes), source.randint(0, 4)

    def numbers(*shape: int) -> np.ndarray[Any, Any]:
        count = int(np.prod(shape))
        return np.array([float(source.randint(0, 9)) for _ in range(count)]).reshape(shape)

    args: dict[str, Any] = {name: numbers(n) for name in "xyz"}
    args |= {name: numbers(n, m) for name in "ab"}
    return program, args | {"n": n, "m": m}
