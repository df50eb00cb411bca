"""Expressions of each kind: i integers, f floats, c complex, b truth values.

In "exact" mode floats meet only operations that IEEE 754 rounds one way. In "approximate"
mode floats stay positive and moderate, so that rounding does not grow, and whatever decides
the flow of control or a subscript reads clean names only.
"""

from __future__ import annotations

from .scope import Array, Scalar, Scope
from .subscripts import element

FLOATS = ("0.5", "2.0", "1.5", "-1.0", "0.25", "3.0", "1e-3", "0.0", "-0.0", "1.0")
SPECIALS = ("math.inf", "np.nan", "1e300", "5e-324", "-math.inf")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
COMPLEX_FUNCTIONS = ("sqrt", "exp", "log", "sin", "cosh", "tanh")
COMMON_DIVISORS = ("3", "7", "16", "-5", "2")


class Expressions:
    """Draws the text of expressions. `avoid` are names and groups not to be read."""

    def __init__(self, scope: Scope):
        self.scope = scope
        self.draw = scope.draw
        self.clean = False
        self.avoid: set[str | int] = set()

    # --- leaves ---

    def arrays(self, kinds: str) -> list[Array]:
        """Arrays that may be read here."""
        roles = "in index" if self.clean else "in in out index"
        return [
            array for array in self.scope.arrays_of(roles, kinds) if array.group not in self.avoid
        ]

    def scalars(self, kinds: str) -> list[Scalar]:
        """Scalars that may be read here."""
        return [
            scalar
            for scalar in self.scope.scalars
            if scalar.kind in kinds
            and scalar.name not in self.avoid
            and (scalar.clean or not self.clean)
        ]

    def leaf(self, kind: str) -> str:
        """An element, a scalar, a loop variable or a constant."""
        draw, scope = self.draw, self.scope
        choices: list[tuple[float, str]] = []
        arrays = self.arrays(kind)
        if arrays:
            choices.append((5.0, element(scope, draw.pick(arrays))))
        scalars = self.scalars(kind)
        if scalars:
            choices.append((2.0, draw.pick(scalars).name))
        if kind == "i":
            choices += [(2.0, index.name) for index in scope.indices]
            choices.append((1.0, str(draw.between(-3, 9))))
        elif kind == "f":
            choices.append((0.8, self.constant()))
        elif kind == "c":
            choices.append((0.5, draw.pick(["1j", "(1+2j)", "0.5j", "complex(2, -1)"])))
        else:
            choices.append((0.2, draw.pick(["True", "False"])))
        return draw.weighted(choices)

    def constant(self) -> str:
        """A float constant."""
        if self.scope.mode == "approximate":
            return self.draw.pick(["0.5", "0.25", "1.0", "1.5"])
        return self.draw.pick(SPECIALS if self.draw.chance(0.04) else FLOATS)

    # --- numbers ---

    def number(self, kind: str, depth: int) -> str:
        """An expression of this kind."""
        if depth <= 0 or self.draw.chance(0.25):
            return self.leaf(kind)
        if kind == "i":
            return self.integer(depth - 1)
        if kind == "b":
            return self.condition(depth - 1)
        if kind == "c":
            return self.complex(depth - 1)
        if self.scope.mode == "approximate":
            return self.moderate(depth - 1)
        return self.floating(depth - 1)

    def integer(self, depth: int) -> str:
        draw = self.draw
        one, two = self.number("i", depth), self.number("i", depth - 1)
        return draw.weighted(
            [
                (6.0, f"({one} {draw.pick('+-*')} {two})"),
                (1.0, f"({one} % {draw.pick(COMMON_DIVISORS)})"),
                (1.0, f"({one} // {draw.pick(COMMON_DIVISORS)})"),
                (0.1, f"({one} // {two})"),
                (0.1, f"({one} % {two})"),
                (0.7, f"({one} {draw.pick('&|^')} {two})"),
                (0.3, f"({one} << {draw.between(0, 4)})"),
                (0.3, f"({one} >> {draw.between(0, 4)})"),
                (0.4, f"abs({one})"),
                (0.3, f"-{one}"),
                (0.2, f"~{one}"),
                (0.5, f"{draw.pick(['min', 'max'])}({one}, {two})"),
                (0.2, f"np.{draw.pick(['minimum', 'maximum'])}({one}, {two})"),
                (0.4, f"({one} if {self.condition(depth - 1)} else {two})"),
                (0.2, f"int({one})"),
                (0.15, f"np.int64({self.leaf('i')})"),
                (0.15, f"(abs({self.leaf('i')}) % 12) ** 2"),
                (0.1, f"{draw.between(2, 3)} ** (abs({self.leaf('i')}) % 8)"),
                (0.1, f"divmod({one}, 5)[{draw.between(0, 1)}]"),
                (0.1, f"math.gcd(int({one}), 12)"),
                (0.05, f"np.int32({self.leaf('i')})"),
                (0.1, f"int({self.truth(depth - 1)})"),
                (0.1, f"len({self.any_array()})"),
            ]
        )

    def any_array(self) -> str:
        """The name of some array, for its length."""
        return self.draw.pick(self.scope.arrays).name

    def _of_two(self, one: str, two: str) -> str:
        """Of equal zeros NumPy's `fmin` gives the one or the other, by how they lie in memory."""
        name = self.draw.pick(["minimum", "maximum", "copysign", "fmin"])
        return f"(np.fmin({one}, {two}) + 0.0)" if name == "fmin" else f"np.{name}({one}, {two})"

    def floating(self, depth: int) -> str:
        draw = self.draw
        one, two = self.number("f", depth), self.number("f", depth - 1)
        return draw.weighted(
            [
                (6.0, f"({one} {draw.pick('+-*')} {two})"),
                (1.0, f"({one} {draw.pick('+-*')} {self.leaf('i')})"),
                (0.6, f"({one} / (abs({two}) + 1.0))"),
                (0.15, f"({one} / {two})"),
                (0.4, f"({one} / {draw.pick(['2.0', '3.0', '4'])})"),
                (0.2, f"({one} // 2.0)"),
                (0.2, f"({one} % 3.0)"),
                (0.5, f"abs({one})"),
                (0.4, f"-{one}"),
                (0.6, f"{draw.pick(['min', 'max'])}({one}, {two})"),
                (0.4, self._of_two(one, two)),
                (0.3, f"math.sqrt(abs({one}))"),
                (0.3, f"np.sqrt(np.abs({one}))"),
                (0.1, f"np.sqrt({one})"),
                (0.05, f"math.sqrt({one})"),
                (0.3, f"np.{draw.pick(['floor', 'ceil', 'trunc', 'rint', 'sign'])}({one})"),
                (0.2, f"math.copysign({one}, {two})"),
                (0.2, f"math.fabs({one})"),
                (0.5, f"({one} if {self.condition(depth - 1)} else {two})"),
                (0.2, f"float({self.leaf('i')})"),
                (0.15, f"np.float32({self.leaf('f')})"),
                (0.1, f"np.float64({self.leaf('i')})"),
                (0.4, self.call(depth)),
                (0.1, f"float(math.floor(min(max({one}, -9.0), 9.0)))"),
                (0.2, f"round({one}, {draw.between(0, 4)})"),
                (0.1, f"np.round({one}, {draw.between(-1, 4)})"),
                (0.1, f"{draw.pick(['np.real', 'np.imag'])}({self.leaf('c')})"),
            ]
        )

    def moderate(self, depth: int) -> str:
        """Positive and without cancellation, for approximate programs."""
        draw = self.draw
        one, two = self.number("f", depth), self.number("f", depth - 1)
        kept, self.clean = self.clean, True
        leaf = self.leaf("f")
        self.clean = kept
        return draw.weighted(
            [
                (4.0, f"({one} + {two})"),
                (2.0, f"({one} * {draw.pick(['0.5', '0.75', leaf])})"),
                (1.0, f"({one} / (1.0 + {two}))"),
                (0.5, f"max({one}, {two})"),
                (0.5, f"math.sqrt({one})"),
                (0.5, f"np.sqrt({one})"),
                (0.7, f"({draw.pick(['math', 'np'])}.{draw.pick(['sin', 'cos'])}({leaf}) + 2.0)"),
                (0.7, f"{draw.pick(['math', 'np'])}.exp(-abs({one}))"),
                (0.5, f"{draw.pick(['math', 'np'])}.{draw.pick(['log1p', 'tanh'])}(abs({one}))"),
                (0.3, f"math.atan2({leaf}, 2.0)"),
                (0.3, f"np.hypot({one}, {two})"),
                (0.2, f"math.erf({leaf})"),
                (0.4, f"abs({one}) ** 0.5"),
                (0.4, f"{leaf} ** 2"),
                (0.2, f"np.power({leaf}, 1.5)"),
                (0.3, f"np.log(abs({leaf}) + 2.0)"),
                (0.4, f"({one} if {self.condition(depth - 1)} else {two})"),
            ]
        )

    def complex(self, depth: int) -> str:
        draw = self.draw
        one, two = self.number("c", depth), self.number("c", depth - 1)
        return draw.weighted(
            [
                (4.0, f"({one} {draw.pick('+-*')} {two})"),
                (0.5, f"-{one}"),
                (1.0, f"({one} * {self.leaf('f')})"),
                (0.5, f"({one} + {self.leaf('i')})"),
                (0.3, f"{one}.conjugate()"),
                (0.3, f"complex({self.leaf('f')}, {self.leaf('f')})"),
                (0.2, f"({one} / {two})"),
                (0.2, f"np.conj({one})"),
                (0.2, f"{draw.pick(['cmath', 'np'])}.{draw.pick(COMPLEX_FUNCTIONS)}({one})"),
                (0.2, f"{one} ** {draw.pick(['2', '3', '0.5', '(1+0.5j)'])}"),
            ]
        )

    def call(self, depth: int) -> str:
        """A call of one of the program's own functions."""
        helpers = [name for name, kind in self.scope.helpers if kind == "f"]
        if not helpers or self.scope.mode == "approximate":
            return self.leaf("f")
        arguments = (self.number("f", depth - 1), self.leaf("f"))
        return f"{self.draw.pick(helpers)}({', '.join(arguments)})"

    def tame(self, depth: int) -> str:
        """A float that is a small integer: sums of such are exact in any order."""
        draw = self.draw
        arrays = [array for array in self.scope.arrays_of("in", "fi") if array.tame]
        if not arrays:
            return draw.pick(["1.0", "2.0", "-3.0"])
        leaf = element(self.scope, draw.pick(arrays))
        if depth <= 0:
            return leaf
        other = element(self.scope, draw.pick(arrays))
        return draw.weighted(
            [
                (3.0, f"({leaf} * {other})"),
                (2.0, f"({leaf} {draw.pick('+-')} {other})"),
                (1.0, f"{leaf} * 2.0"),
                (0.5, f"abs({leaf})"),
                (0.5, f"max({leaf}, {other})"),
                (0.5, f"({leaf} if {self.condition(0)} else {other})"),
                (2.0, leaf),
            ]
        )

    # --- truth ---

    def condition(self, depth: int) -> str:
        """A truth value that reads clean names only when floats are approximate."""
        kept, self.clean = self.clean, self.clean or self.scope.mode == "approximate"
        try:
            return self.truth(depth)
        finally:
            self.clean = kept

    def truth(self, depth: int) -> str:
        draw = self.draw
        kind = draw.pick("if")
        one, two = self.simple(kind), self.simple(kind)
        operator = draw.pick(COMPARISONS)
        choices = [
            (5.0, f"{one} {operator} {two}"),
            (1.0, f"{self.leaf('i')} % {draw.between(2, 3)} == {draw.between(0, 1)}"),
            (0.5, f"{one} < {two} {draw.pick(['<', '<=', '!='])} {self.simple(kind)}"),
            (0.3, f"{self.leaf('i')} % 2"),
            (0.3, f"not {self.leaf('i')} & 1"),
            (0.2, f"{draw.pick(['math', 'np'])}.isnan({self.simple('f')})"),
            (0.1, f"{self.leaf('i')} in (1, 2, 5)"),
            (0.2, f"bool({self.leaf('i')})"),
        ]
        if self.arrays("b") or self.scalars("b"):
            choices.append((1.0, self.leaf("b")))
        if depth > 0:
            left, right = self.truth(depth - 1), self.truth(depth - 1)
            choices += [
                (1.5, f"({left} {draw.pick(['and', 'or'])} {right})"),
                (0.5, f"not ({left})"),
            ]
        return draw.weighted(choices)

    def simple(self, kind: str) -> str:
        """A leaf, or a sum with a constant."""
        text = self.leaf(kind)
        if self.draw.chance(0.2):
            return f"{text} {self.draw.pick('+-')} {1 if kind == 'i' else 0.5}"
        return text
