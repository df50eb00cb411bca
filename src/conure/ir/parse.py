"""Read the printed form of a program (see `ir/text.py`) back; line breaks mean nothing.

>>> program = parse("program f(n: int) -> s { local s: int  for i in 0:n { s = s +? i } }")
>>> program.body[0].body[0].value
Apply(op='add', args=(Var(name='s', type=int), Var(name='i', type=int)), type=int, checked=True)
>>> parse("program f(n: int) { x = n }")
Traceback (most recent call last):
conure.errors.CheckError: line 1: x is not declared
    program f(n: int) { x = n }
                        ^
"""

from __future__ import annotations

import json
import re
from typing import Final, NoReturn

from conure.errors import CheckError
from conure.ir.nodes import (
    Alloc,
    Apply,
    Assign,
    Assume,
    Block,
    Const,
    Dim,
    Expr,
    Fail,
    For,
    If,
    Leave,
    Load,
    Local,
    Mark,
    Param,
    Program,
    Rebind,
    Reduction,
    Result,
    Stmt,
    Store,
    Value,
    Var,
    While,
)
from conure.ir.ops import OPS, result_type
from conure.ir.text import COMPARISON, NAME, PRECEDENCE, RESERVED
from conure.ir.types import (
    BOOL,
    C64,
    C128,
    COMPLEX,
    F32,
    F64,
    FLOAT,
    INT,
    SCALARS,
    ArrayType,
    Layout,
    Scalar,
)
from conure.record import Record

_TOKEN: Final = re.compile(
    rf"""(?P<skip>\s+|\#[^\n]*)
    |(?P<number>\d+\.\d*(?:[eE][+-]?\d+)?|\d+(?:[eE][+-]?\d+)?)
    |(?P<name>\$?{NAME})
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<symbol>\*\*|//|<<|>>|<=|>=|==|!=|:=|->|[-+*/%&|^~<>=?:,;(){{}}\[\]])
    |(?P<wrong>.)""",
    re.VERBOSE,
)
_INFIX: Final = {op.symbol: op.name for op in OPS.values() if op.symbol and op.arity == 2}
_PREFIX: Final = {op.symbol: op.name for op in OPS.values() if op.symbol and op.arity == 1}
_COMPLEX_OF: Final = {FLOAT: COMPLEX, F64: C128, F32: C64}
_LAYOUTS: Final[dict[str, Layout]] = {"C": "C", "F": "F", "U": "U", "S": "S"}


class _Token(Record):
    kind: str
    text: str
    start: int


def parse(text: str) -> Program:
    """The program that `text` shows; `CheckError` with the line and a caret where it shows none."""
    return _Parser(text).program()


def parse_expression(text: str, scalars: dict[str, Scalar], arrays: dict[str, Scalar]) -> Expr:
    """The expression that `text` shows, given the types of its variables and arrays."""
    parser = _Parser(text)
    parser.scalars.update(scalars)
    parser.arrays.update(arrays)
    expr = parser.expression()
    parser.end()
    return expr


class _Tokens:
    """The tokens of a text and the place reached."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.tokens = []
        for match in _TOKEN.finditer(text):
            kind = match.lastgroup or ""
            if kind != "skip":
                self.tokens.append(_Token(kind, match.group(), match.start()))
        self.tokens.append(_Token("end", "", len(text)))

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def next(self) -> _Token:
        token = self.token
        if token.kind != "end":
            self.at += 1
        return token

    def sees(self, *texts: str) -> bool:
        following = self.tokens[self.at : self.at + len(texts)]
        return tuple(token.text for token in following) == texts

    def sees_number(self) -> bool:
        return self.token.kind == "number" or self.token.text in ("nan", "inf")

    def accept(self, text: str) -> bool:
        found = self.token.text == text and self.token.kind != "string"
        self.at += found
        return found

    def expect(self, text: str) -> None:
        if not self.accept(text):
            self.fail(f"expected {text}")

    def end(self) -> None:
        if self.token.kind != "end":
            self.fail("expected the end")

    def fail(self, message: str, at: _Token | None = None) -> NoReturn:
        start = (at or self.token).start
        line = self.text.count("\n", 0, start) + 1
        first = self.text.rfind("\n", 0, start) + 1
        shown = self.text[first:].split("\n", 1)[0]
        caret = " " * (start - first) + "^"
        raise CheckError(f"line {line}: {message}\n    {shown}\n    {caret}")

    def name(self) -> str:
        token = self.token
        if token.kind != "name" or token.text in RESERVED:
            self.fail("expected a name")
        self.at += 1
        return token.text.removeprefix("$")

    def names(self) -> tuple[str, ...]:
        names = [self.name()]
        while self.accept(","):
            names.append(self.name())
        return tuple(names)

    def scalar(self) -> Scalar:
        if self.token.text not in SCALARS:
            self.fail("expected a scalar type")
        return SCALARS[self.next().text]

    def natural(self) -> int:
        if not self.token.text.isdecimal():
            self.fail("expected a number")
        return int(self.next().text)


class _Expressions(_Tokens):
    """Expressions, by climbing the levels of precedence."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.scalars: dict[str, Scalar] = {}
        self.arrays: dict[str, Scalar] = {}

    def expression(self, level: int = 0) -> Expr:
        if level <= PRECEDENCE["not"] and self.accept("not"):
            left: Expr = self.build("not", (self.expression(PRECEDENCE["not"]),), False)
        else:
            left = self.power()
        while (found := PRECEDENCE.get(self.token.text, -1)) >= level:
            token = self.next()
            checked = self.accept("?")
            right = self.expression(found + 1)
            left = self.build(_INFIX[token.text], (left, right), checked, token)
            if found == PRECEDENCE.get(self.token.text) == COMPARISON:
                self.fail("comparisons do not chain")
        return left

    def power(self) -> Expr:
        left = self.atom()
        if self.token.text != "**":
            return left
        token = self.next()
        checked = self.accept("?")
        return self.build("pow", (left, self.atom()), checked, token)

    def build(
        self, op: str, args: tuple[Expr, ...], checked: bool, at: _Token | None = None
    ) -> Apply:
        row = OPS.get(op)
        if row is None or row.arity != len(args):
            self.fail(f"no operator {op} of {len(args)} operands", at)
        types = tuple(arg.type for arg in args)
        if op == "complex":
            if types[0] not in _COMPLEX_OF:
                self.fail(f"no complex type has parts of type {types[0]}", at)
            return Apply(op, args, _COMPLEX_OF[types[0]], checked)
        return Apply(op, args, result_type(op, types), checked)

    def atom(self) -> Expr:
        token = self.token
        if self.sees_number() or token.text in ("True", "False"):
            return self.constant(1)
        if token.text in ("-", "~"):
            self.at += 1
            if token.text == "-" and self.sees_number():
                return self.constant(-1)
            checked = self.accept("?")
            return self.build(_PREFIX[token.text], (self.atom(),), checked, token)
        if self.accept("("):
            inner = self.expression()
            self.expect(")")
            return inner
        if token.text == "[":
            return self.complex_constant()
        if token.kind != "name":
            self.fail("expected an expression")
        return self.named()

    def constant(self, sign: int) -> Const:
        text = self.next().text
        value: Value
        if text in ("True", "False"):
            value, default = text == "True", BOOL
        elif text.isdecimal():
            value, default = sign * int(text), INT
        else:
            value, default = sign * float(text), FLOAT
        scalar = self.suffix(default)
        return Const(float(value) if scalar.kind == "real" else value, scalar)

    def complex_constant(self) -> Const:
        self.expect("[")
        real = self.part()
        self.expect(",")
        imaginary = self.part()
        self.expect("]")
        return Const(complex(real, imaginary), self.suffix(COMPLEX))

    def part(self) -> float:
        sign = -1.0 if self.accept("-") else 1.0
        if not self.sees_number():
            self.fail("expected a number")
        return sign * float(self.next().text)

    def suffix(self, default: Scalar) -> Scalar:
        following = self.tokens[self.at + 1 : self.at + 2]
        if self.token.text == ":" and following and following[0].text in SCALARS:
            self.at += 1
            return self.scalar()
        return default

    def named(self) -> Expr:
        token = self.next()
        after = self.at + self.sees("?")
        following = self.tokens[after].text
        if following == "(":
            return self.call(token)
        self.at -= 1
        name = self.name()
        if following == "[":
            return self.load(name, token)
        if name not in self.scalars:
            self.fail(f"{name} is not declared", token)
        return Var(name, self.scalars[name])

    def call(self, token: _Token) -> Expr:
        checked = self.accept("?")
        self.expect("(")
        if token.text == "dim":
            array = self.name()
            self.expect(",")
            axis = self.natural()
            self.expect(")")
            return Dim(array, axis, INT)
        args = self.listed(")")
        if token.text in SCALARS and len(args) == 1:
            return Apply("cast", args, SCALARS[token.text], checked)
        return self.build(token.text, args, checked, token)

    def listed(self, end: str) -> tuple[Expr, ...]:
        exprs: list[Expr] = []
        while not self.accept(end):
            if exprs:
                self.expect(",")
            exprs.append(self.expression())
        return tuple(exprs)

    def load(self, name: str, token: _Token) -> Load:
        if name not in self.arrays:
            self.fail(f"{name} is not a declared array", token)
        checked = self.accept("?")
        self.expect("[")
        return Load(name, self.listed("]"), self.arrays[name], checked)


class _Parser(_Expressions):
    """Programs and statements."""

    def program(self) -> Program:
        self.expect("program")
        quoted = self.token.kind == "string"
        name = str(json.loads(self.next().text)) if quoted else self.name()
        params = self.params()
        results: list[Result] = []
        if self.accept("->"):
            results.append(self.result())
            while self.accept(","):
                results.append(self.result())
        overlaps = self.overlaps()
        self.expect("{")
        variables = self.locals()
        body = self.statements()
        self.end()
        return Program(name, params, variables, body, tuple(results), overlaps)

    def params(self) -> tuple[Param, ...]:
        params: list[Param] = []
        self.expect("(")
        while not self.accept(")"):
            if params:
                self.expect(",")
            name = self.name()
            self.expect(":")
            scalar = self.scalar()
            if self.accept("["):
                rank = self.natural()
                self.expect("]")
                if self.token.text not in _LAYOUTS:
                    self.fail("expected a layout")
                layout = _LAYOUTS[self.next().text]
                params.append(Param(name, ArrayType(scalar, rank, layout)))
                self.arrays[name] = scalar
            else:
                params.append(Param(name, scalar))
                self.scalars[name] = scalar
        return tuple(params)

    def result(self) -> Result:
        name = self.name()
        kind = self.option("kind")
        python = self.scalar() if self.accept(":") else None
        return Result(name, python, kind, self.option("bound"))

    def option(self, word: str) -> str | None:
        if not self.sees("?", word, "="):
            return None
        self.at += 3
        return self.name()

    def overlaps(self) -> tuple[tuple[str, str], ...]:
        pairs: list[tuple[str, str]] = []
        more = self.accept("overlaps")
        while more:
            first = self.name()
            self.expect("/")
            pairs.append((first, self.name()))
            more = self.accept(",")
        return tuple(pairs)

    def locals(self) -> tuple[Local, ...]:
        variables: list[Local] = []
        while self.accept("local"):
            names = self.names()
            self.expect(":")
            scalar = self.scalar()
            variables += [Local(name, scalar) for name in names]
            self.accept(";")
        self.scalars.update((local.name, local.type) for local in variables)
        return tuple(variables)

    def statements(self) -> tuple[Stmt, ...]:
        stmts: list[Stmt] = []
        while not self.accept("}"):
            stmts.append(self.statement())
            self.accept(";")
        return tuple(stmts)

    def body(self) -> tuple[Stmt, ...]:
        self.expect("{")
        return self.statements()

    def statement(self) -> Stmt:
        match self.token.text:
            case "for":
                return self.loop()
            case "while":
                self.at += 1
                return While(self.expression(), self.body())
            case "if":
                return self.branch()
            case "block":
                self.at += 1
                return Block(self.name(), self.body())
            case "leave":
                self.at += 1
                return Leave(self.name())
            case "assume":
                self.at += 1
                return Assume(self.expression())
            case "fail":
                self.at += 1
                return Fail()
            case _:
                return self.assignment()

    def assignment(self) -> Stmt:
        token = self.token
        name = self.name()
        if self.token.text in ("?", "["):
            access = self.load(name, token)
            self.expect("=")
            return Store(name, access.index, self.expression(), access.checked)
        if self.token.text in (",", ":="):
            names = (name, *(self.names() if self.accept(",") else ()))
            self.expect(":=")
            return Rebind(names, self.names())
        self.expect("=")
        if self.accept("alloc"):
            self.arrays[name] = self.scalar()
            self.expect("[")
            return Alloc(name, self.arrays[name], self.listed("]"))
        if name not in self.scalars:
            self.fail(f"{name} is not declared", token)
        return Assign(name, self.expression())

    def branch(self) -> If:
        self.expect("if")
        condition, then = self.expression(), self.body()
        orelse: tuple[Stmt, ...] = ()
        if self.accept("else"):
            orelse = (self.branch(),) if self.token.text == "if" else self.body()
        return If(condition, then, orelse)

    def loop(self) -> For:
        self.expect("for")
        index = self.name()
        self.expect("in")
        start = self.expression()
        self.expect(":")
        stop = self.expression()
        step = self.expression() if self.accept(":") else Const(1, INT)
        mark = self.mark()
        self.scalars[index] = INT
        return For(index, start, stop, step, self.body(), mark)

    def mark(self) -> Mark:
        if self.token.text not in ("parallel", "vector", "grid", "serial"):
            return Mark()
        kind = self.next().text
        reductions: list[Reduction] = []
        private: tuple[str, ...] = ()
        last: tuple[str, ...] = ()
        guard, grain = None, 0
        more = self.accept("(") and not self.accept(")")
        while more:
            match self.next().text:
                case "reduce":
                    op, name = self.next().text, self.name()
                    array = self.accept("[")
                    if array:
                        self.expect("]")
                    companions = self.names() if self.accept("with") else ()
                    reductions.append(Reduction(name, op, array, companions))
                case "private":
                    private = self.names()
                case "last":
                    last = self.names()
                case "guard":
                    guard = self.expression()
                case "grain":
                    grain = self.natural()
                case _:
                    self.at -= 1
                    self.fail("expected a clause of a mark")
            more = self.accept(";")
            if not more:
                self.expect(")")
        return Mark(kind, guard, tuple(reductions), private, last, grain)
