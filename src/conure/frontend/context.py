"""The state of one lowering, which every function of the front end is handed.

Statements are emitted into `out`; names of locals are handed out here; `Refused` carries the
reason why a region is left to Python from wherever it is found up to `lower`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from typing import Any, Literal, NoReturn, cast

from conure.errors import Loc, Reason
from conure.frontend.liveness import Liveness
from conure.frontend.lowered import Guard
from conure.frontend.values import Environment, Number, Value
from conure.ir.nodes import (
    Apply,
    Assign,
    Block,
    Const,
    Dim,
    Expr,
    Fail,
    For,
    If,
    Load,
    Stmt,
    Var,
    While,
)
from conure.ir.ops import apply
from conure.ir.rules import can_fail
from conure.ir.types import BOOL, INT, ArrayType, Scalar
from conure.ir.walk import walk
from conure.record import Record

Tail = Literal["", "loop", "function"]
"""Whether nothing follows a statement list but the next turn of a loop, or the function's end."""

LARGEST_INLINE = 12
"""Nodes of an index expression that may be repeated at each use instead of being stored."""


Draft = list[Any]
"""Statements being emitted. Their own bodies are drafts too (a join may still put statements at
the end of a branch already left), and a draft within a draft is spliced; `frozen` ends that."""


def body_of(draft: Draft) -> tuple[Stmt, ...]:
    """A draft where a node wants its body: it stays the same list until `frozen`."""
    return cast(tuple[Stmt, ...], draft)


def frozen(draft: Iterable[Any]) -> tuple[Stmt, ...]:
    """The finished statements."""
    result: list[Stmt] = []
    for item in draft:
        match item:
            case list():
                result.extend(frozen(item))
            case For() | While() | Block():
                result.append(replace(item, body=frozen(item.body)))
            case If():
                then, orelse = frozen(item.then), frozen(item.orelse)
                if then or orelse or can_fail(item.condition):
                    result.append(replace(item, then=then, orelse=orelse))
            case _:
                result.append(item)
    return tuple(result)


class Refused(Exception):
    """Unwinds to `lower`, which returns the reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message)
        self.reason = reason


class Edge(Record, frozen=False):
    """A way to a join: where its last statements are, and what the names hold at its end."""

    out: Draft
    env: Environment
    leaves: bool = False  # ends with a `leave`, before which adaptations go
    returning: bool = False  # after a `return` only the returned value matters

    def emit(self, statement: Stmt) -> None:
        self.out.insert(len(self.out) - 1 if self.leaves else len(self.out), statement)


class Target(Record, frozen=False):
    """Where `break`, `continue` or `return` go: a block's label and the ways that lead there."""

    label: str
    edges: list[Edge] = field(default_factory=list)


class Loop(Record, frozen=False):
    """The loop being lowered."""

    leave: Target
    again: Target


class Frame(Record, frozen=False):
    """The function whose statements are being lowered: the region's own, or an inlined one."""

    function: str
    file: str
    prefix: str
    env: Environment
    outside: Callable[[str], Value | None]
    liveness: Liveness
    assigned: frozenset[str]
    returns: Target | None
    code: object = None
    loops: list[Loop] = field(default_factory=list)


class Lowering(Record, frozen=False):
    """See the module. `reachable` is false after a break, continue or raise, `returning`
    true after a return from which nothing follows but the end; `body`
    lowers statements (it stands here because inlining, below it, needs it)."""

    frame: Frame
    body: Callable[[Lowering, Sequence[ast.stmt], Tail], None]
    out: Draft = field(default_factory=list)
    head: Draft = field(default_factory=list)
    reachable: bool = True
    returning: bool = False
    may_return: bool = False
    locals: dict[str, Scalar] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)  # the last number given to a stem
    storage: dict[tuple[str, str], str] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)  # names whose value never changes
    natural: set[str] = field(default_factory=set)  # ints known not to be negative
    indexes: set[str] = field(default_factory=set)  # every index of a loop
    binders: set[str] = field(default_factory=set)  # those of the loops now open
    bounds: dict[str, Expr] = field(default_factory=dict)  # index that counts from 0: its stop
    arrays: dict[str, ArrayType] = field(default_factory=dict)
    allocated: dict[str, Draft] = field(default_factory=dict)  # in which statement list
    open_lists: list[Draft] = field(default_factory=list)
    body_list: Draft | None = None  # the statements of the region itself
    made: dict[str, tuple[Expr, ...]] = field(default_factory=dict)  # arrays that come out
    is_reordered: bool = False  # an array was transposed: NumPy's results may be as well
    overlaps: frozenset[frozenset[str]] = frozenset()
    rebound: set[str] = field(default_factory=set)
    fields: dict[str, Value] = field(default_factory=dict)  # `self.u`: attributes of instances
    guards: list[Guard] = field(default_factory=list)
    varying: frozenset[tuple[int, str]] = frozenset()  # id of a namespace, and a name in it
    outer: dict[tuple[int, str], Var] = field(default_factory=dict)  # what stands for those
    inlined: list[Frame] = field(default_factory=list)
    at: ast.AST | None = None  # the node being lowered, for places

    @property
    def env(self) -> Environment:
        return self.frame.env

    @property
    def loc(self) -> Loc:
        return place(self, self.at)

    # ---- names

    def unique(self, base: str) -> str:
        """A name not yet in the program: `base` itself or `base.1`, `base.2`, ..."""
        stem, _, number = base.rpartition(".")
        count = int(number) if stem and number.isdigit() else 0
        stem = stem if count else base
        name = base
        if name in self.taken:
            count = max(count, self.counts.get(stem, 0))
        while name in self.taken:
            count += 1
            name = f"{stem}.{count}"
            self.counts[stem] = count
        self.taken.add(name)
        return name

    def local(self, base: str, kind: Scalar) -> str:
        """A new scalar local."""
        name = self.unique(base)
        self.locals[name] = kind
        return name

    def cell(self, path: str, kind: Scalar) -> Var:
        """The local in which the Python name `path` is kept while it has this type."""
        key = (self.frame.prefix + path, kind.name)
        if key not in self.storage:
            base = key[0] if key[0] not in self.taken else f"{key[0]}.{kind.name}"
            self.storage[key] = self.local(base, kind)
        return Var(self.storage[key], kind)

    def flag(self, path: str, suffix: str) -> Var:
        """`path.kind` or `path.bound`."""
        key = (self.frame.prefix + path, suffix)
        if key not in self.storage:
            self.storage[key] = self.local(f"{key[0]}.{suffix}", BOOL)
        return Var(self.storage[key], BOOL)

    # ---- statements

    def emit(self, statement: Stmt) -> None:
        self.out.append(statement)

    def fail_if(self, condition: Expr) -> None:
        """Leave to Python where the condition holds; at the head if it is known there."""
        if isinstance(condition, Const):
            if condition.value:
                self.emit(Fail(self.loc))
            return
        check = If(condition, (Fail(self.loc),), (), self.loc)
        if known_at_entry(self, condition):
            if check not in self.head:
                self.head.append(check)
        else:
            self.emit(check)

    def temporary(self, expr: Expr, base: str = "t") -> Var:
        """The value of an expression now, whatever is written later."""
        name = self.local(f"{base}.tmp" if "." not in base else base, expr.type)
        self.emit(Assign(name, expr, self.loc))
        return Var(name, expr.type)

    def held(self, expr: Expr) -> Expr:
        """An expression that means later what this one means now, cheap enough to repeat."""
        return expr if is_repeatable(self, expr) else self.temporary(expr)

    def held_number(self, number: Number) -> Number:
        kind = None if number.kind is None else self.held(number.kind)
        return Number(self.held(number.expr), kind, number.python)

    @contextmanager
    def nested(self) -> Iterator[Draft]:
        """Emit into a new statement list."""
        outer = self.out
        inner: Draft = []
        self.out = inner
        self.open_lists.append(inner)
        try:
            yield inner
        finally:
            self.out = outer
            self.open_lists.pop()

    @contextmanager
    def placed(self, node: ast.AST) -> Iterator[None]:
        """Reasons and statements belong to this node."""
        outer = self.at
        self.at = node
        yield
        self.at = outer

    def absorb(self, statements: Draft) -> None:
        """Append what was emitted into a nested list that turns out not to be one."""
        self.out.append(statements)
        for name, place_of in self.allocated.items():
            if place_of is statements:
                self.allocated[name] = self.out

    @contextmanager
    def index(self, base: str, start: Expr, stop: Expr, down: bool = False) -> Iterator[Var]:
        """The index of a loop, while its body is lowered."""
        name = self.unique(f"{base}.1")
        self.indexes.add(name)
        self.fixed.add(name)
        self.binders.add(name)
        if is_natural(self, stop if down else start) or (down and stop == Const(-1, INT)):
            self.natural.add(name)
        if start == Const(0, INT) and not down:
            self.bounds[name] = stop
        yield Var(name, INT)
        self.binders.discard(name)

    # ---- refusals

    def refuse(self, message: str, hint: str = "", node: ast.AST | None = None) -> NoReturn:
        raise Refused(Reason(message, place(self, node or self.at), hint))


def place(ctx: Lowering, node: ast.AST | None) -> Loc:
    """The span of a node of the function being lowered."""
    line = getattr(node, "lineno", 0)
    column = getattr(node, "col_offset", 0)
    end_line = getattr(node, "end_lineno", None) or line
    end_column = getattr(node, "end_col_offset", None) or column
    return Loc(ctx.frame.file, line, column, end_line, end_column, ctx.frame.function)


def children(expr: Expr) -> tuple[Expr, ...]:
    """The operands of an expression."""
    match expr:
        case Apply():
            return expr.args
        case Load():
            return expr.index
        case _:
            return ()


def size(expr: Expr) -> int:
    """How many nodes."""
    return 1 + sum(size(child) for child in children(expr))


def atom(expr: Expr) -> bool:
    """No computation at all."""
    return isinstance(expr, Const | Var | Dim)


def is_fixed(ctx: Lowering, expr: Expr) -> bool:
    """Whether nothing the region does can change its value."""
    match expr:
        case Const() | Dim():
            return True
        case Var(name):
            return name in ctx.fixed
        case Load():
            return False
        case Apply():
            return all(is_fixed(ctx, arg) for arg in expr.args)


def is_repeatable(ctx: Lowering, expr: Expr) -> bool:
    """Whether it may be used several times, at any time, or never: simple index arithmetic at
    most, in which Python raises nothing."""
    small = expr.type is INT and size(expr) <= LARGEST_INLINE and not may_raise(expr)
    return is_fixed(ctx, expr) and (small or atom(expr))


def may_raise(expr: Expr) -> bool:
    """Whether Python may raise where this is evaluated: a sum that is too large for us is none
    for Python."""
    return any(
        isinstance(node, Apply | Load) and node.checked and not _always_has_a_value(node)
        for node in walk(expr)
    )


def _always_has_a_value(node: Apply | Load) -> bool:
    match node:
        case Apply("add" | "sub" | "mul" | "neg" | "abs", type=kind):
            return kind is INT
        case Apply("floordiv" | "mod", (_, Const(divisor)), type=kind):
            return kind is INT and divisor != 0
        case Apply("shl" | "shr", (_, Const(int(count))), type=kind):
            return kind is INT and count >= 0
        case _:
            return False


def mentions(expr: Expr, names: set[str]) -> bool:
    """Whether a variable of these occurs."""
    if isinstance(expr, Var):
        return expr.name in names
    return any(mentions(child, names) for child in children(expr))


def known_at_entry(ctx: Lowering, expr: Expr) -> bool:
    """Only extents of parameters, constants and parameters: the same on entry to the region."""
    match expr:
        case Const():
            return True
        case Dim(array):
            return array not in ctx.allocated
        case Var(name):
            return name in ctx.fixed and name not in ctx.indexes
        case Load():
            return False
        case Apply():
            return all(known_at_entry(ctx, arg) for arg in expr.args)


def is_natural(ctx: Lowering, expr: Expr) -> bool:
    """Whether an `int` is known not to be negative."""
    match expr:
        case Const(value):
            return isinstance(value, int) and value >= 0
        case Dim():
            return True
        case Var(name):
            return name in ctx.natural
        case Apply("maximum", args):
            return any(is_natural(ctx, arg) for arg in args)
        case Apply("add" | "mul" | "minimum" | "floordiv", args):
            return all(is_natural(ctx, arg) for arg in args)
        case Apply("mod", (_, Const(value))):
            return isinstance(value, int) and value > 0
        case _:
            return False


def conjunction(conditions: Sequence[Expr]) -> Expr:
    """All of them, in order."""
    result: Expr = Const(True, BOOL)
    for condition in reversed(conditions):
        result = condition if result == Const(True, BOOL) else apply("and", condition, result)
    return result
