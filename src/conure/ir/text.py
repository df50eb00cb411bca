"""The printed form of a program, and the key of its contents; `ir/parse.py` reads it back.

A `?` after an operator, a call's name or an array's name marks the node as checked. Constants
of NumPy types carry their type (`1:i32`, `0.5:f64`), a complex one is `[1.0, 2.0]`. A name that is
a word of the language is written `$name`. What was decided about a loop stands before its brace;
notes trail as comments and are no part of the key.

    >>> from conure.ir.nodes import Param
    >>> from conure.ir.types import F64, FLOAT, ArrayType
    >>> i, s = Var("i", INT), Var("s", FLOAT)
    >>> add = Assign("s", Apply("add", (s, Apply("cast", (Load("a", (i,), F64),), FLOAT)), FLOAT))
    >>> mark = Mark("parallel", reductions=(Reduction("s", "add"),))
    >>> loop = For("i", Const(0, INT), Dim("a", 0, INT), Const(1, INT), (add,), mark, ("hot",))
    >>> params = (Param("a", ArrayType(F64, 1, "C")),)
    >>> program = Program("total", params, (Local("s", FLOAT),), (loop,), (Result("s"),))
    >>> print(show(program))
    program total(a: f64[1]C) -> s {
        local s: float
        for i in 0:dim(a, 0) parallel(reduce add s) {  # hot
            s = s + float(a?[i])
        }
    }
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Final, assert_never

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
    Program,
    Rebind,
    Reduction,
    Result,
    Stmt,
    Store,
    Var,
    While,
)
from conure.ir.ops import OPS
from conure.ir.types import INT, SCALARS

NAME: Final = r"[^\W\d][\w.]*"
_KEYWORDS: Final = (
    "program local overlaps for in while if else block leave assume fail alloc dim parallel vector"
    " serial reduce private last guard grain nan inf True False and or not"
)
RESERVED: Final = frozenset(_KEYWORDS.split()) | SCALARS.keys()
"""The words that are written with a `$` where they are names."""

_LEVELS: Final = (
    ("or",),
    ("and",),
    ("not",),
    ("<", "<=", ">", ">=", "==", "!="),
    ("|",),
    ("^",),
    ("&",),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "//", "%"),
)
PRECEDENCE: Final = {symbol: level for level, row in enumerate(_LEVELS) for symbol in row}
"""How tightly an infix operator binds, as in Python; prefix signs and `**` bind only atoms."""

COMPARISON: Final = PRECEDENCE["<"]
TIGHT: Final = len(_LEVELS)
_ATOM: Final = TIGHT + 1
_NAMED: Final = TIGHT + 2  # an atom that is not a number: a sign before it is an operator
_INDENT: Final = "    "
_LOCALS: Final = 10  # declared on one line


def show(node: Program | Stmt | Expr | tuple[Stmt, ...], notes: bool = True) -> str:
    """The text of a program, of statements, or of an expression."""
    match node:
        case Program():
            return "\n".join([_header(node), *_list(node.body, 1, notes), "}"])
        case Const() | Var() | Dim() | Load() | Apply():
            return _expression(node)[0]
        case tuple():
            return "\n".join(_list(node, 0, notes))
        case _:
            return "\n".join(_statement(node, 0, notes))


def key(program: Program, *salts: str) -> str:
    """SHA-256 of the text without notes, and of `salts` (target, versions, options)."""
    digest = hashlib.sha256(show(program, notes=False).encode())
    for salt in salts:
        digest.update(b"\0" + salt.encode())
    return digest.hexdigest()


# ---- programs ------------------------------------------------------------------------------


def _header(program: Program) -> str:
    name = program.name
    if not re.fullmatch(NAME, name) or name in RESERVED:
        name = json.dumps(name, ensure_ascii=False)
    params = ", ".join(f"{_name(param.name)}: {param.type}" for param in program.params)
    text = f"program {name}({params})"
    if program.results:
        text += " -> " + ", ".join(map(_result, program.results))
    if program.overlaps:
        pairs = (f"{_name(a)}/{_name(b)}" for a, b in program.overlaps)
        text += " overlaps " + ", ".join(pairs)
    lines = [text + " {"]
    group: list[Local] = []
    for local in (*program.locals, None):
        full = len(group) == _LOCALS
        if group and (full or local is None or local.type is not group[0].type):
            lines.append(f"{_INDENT}local {_names(g.name for g in group)}: {group[0].type}")
            group = []
        if local is not None:
            group.append(local)
    return "\n".join(lines)


def _result(result: Result) -> str:
    text = _name(result.name)
    if result.kind is not None:
        text += f"?kind={_name(result.kind)}"
    if result.python is not None:
        text += f":{result.python}"
    if result.bound is not None:
        text += f"?bound={_name(result.bound)}"
    return text


def _name(name: str) -> str:
    return f"${name}" if name in RESERVED else name


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(_name, names))


# ---- statements ----------------------------------------------------------------------------


def _list(stmts: tuple[Stmt, ...], depth: int, notes: bool) -> list[str]:
    return [line for stmt in stmts for line in _statement(stmt, depth, notes)]


def _statement(stmt: Stmt, depth: int, notes: bool) -> list[str]:
    margin = _INDENT * depth
    match stmt:
        case For():
            comment = "".join(f"  # {' '.join(note.split())}" for note in stmt.notes if notes)
            head = [margin + _for(stmt) + " {" + comment]
            return [*head, *_list(stmt.body, depth + 1, notes), margin + "}"]
        case While():
            head = [f"{margin}while {show(stmt.condition)} {{"]
            return [*head, *_list(stmt.body, depth + 1, notes), margin + "}"]
        case Block():
            head = [f"{margin}block {_name(stmt.label)} {{"]
            return [*head, *_list(stmt.body, depth + 1, notes), margin + "}"]
        case If():
            return _if(stmt, depth, notes)
        case _:
            return [margin + _simple(stmt)]


def _if(stmt: If, depth: int, notes: bool) -> list[str]:
    margin = _INDENT * depth
    lines = [f"{margin}if {show(stmt.condition)} {{", *_list(stmt.then, depth + 1, notes)]
    while len(stmt.orelse) == 1 and isinstance(inner := stmt.orelse[0], If):
        lines += [f"{margin}}} else if {show(inner.condition)} {{"]
        lines += _list(inner.then, depth + 1, notes)
        stmt = inner
    if stmt.orelse:
        lines += [f"{margin}}} else {{", *_list(stmt.orelse, depth + 1, notes)]
    return [*lines, margin + "}"]


def _simple(stmt: Assign | Store | Leave | Assume | Fail | Alloc | Rebind) -> str:
    match stmt:
        case Assign():
            return f"{_name(stmt.name)} = {show(stmt.value)}"
        case Store():
            return f"{_access(stmt)} = {show(stmt.value)}"
        case Leave():
            return f"leave {_name(stmt.label)}"
        case Assume():
            return f"assume {show(stmt.condition)}"
        case Fail():
            return "fail"
        case Alloc():
            return f"{_name(stmt.name)} = alloc {stmt.dtype}[{_listed(stmt.shape)}]"
        case Rebind():
            return f"{_names(stmt.names)} := {_names(stmt.sources)}"
        case _:
            assert_never(stmt)


def _for(loop: For) -> str:
    text = f"for {_name(loop.index)} in {show(loop.start)}:{show(loop.stop)}"
    if loop.step != Const(1, INT):
        text += f":{show(loop.step)}"
    mark = _mark(loop.mark)
    return f"{text} {mark}" if mark else text


def _mark(mark: Mark) -> str:
    clauses = [_reduction(reduction) for reduction in mark.reductions]
    if mark.private:
        clauses.append(f"private {_names(mark.private)}")
    if mark.last:
        clauses.append(f"last {_names(mark.last)}")
    if mark.guard is not None:
        clauses.append(f"guard {show(mark.guard)}")
    if mark.grain:
        clauses.append(f"grain {mark.grain}")
    if clauses:
        return f"{mark.kind}({'; '.join(clauses)})"
    return "" if mark.kind == "serial" else mark.kind


def _reduction(reduction: Reduction) -> str:
    text = f"reduce {reduction.op} {_name(reduction.name)}{'[]' if reduction.array else ''}"
    return f"{text} with {_names(reduction.companions)}" if reduction.companions else text


# ---- expressions ---------------------------------------------------------------------------


def _access(node: Load | Store) -> str:
    return f"{_name(node.array)}{'?' if node.checked else ''}[{_listed(node.index)}]"


def _listed(exprs: tuple[Expr, ...]) -> str:
    return ", ".join([_expression(expr)[0] for expr in exprs])


def _expression(expr: Expr) -> tuple[str, int]:
    """The text of an expression and how tightly its outermost operator binds."""
    match expr:
        case Const():
            text = _constant(expr)
            return text, TIGHT if text.startswith("-") else _ATOM
        case Var():
            return _name(expr.name), _NAMED
        case Dim():
            return f"dim({_name(expr.array)}, {expr.axis})", _NAMED
        case Load():
            return _access(expr), _NAMED
        case Apply():
            return _application(expr)
        case _:
            assert_never(expr)


def _constant(const: Const) -> str:
    value = const.value
    if isinstance(value, complex):
        text = f"[{value.real!r}, {value.imag!r}]"
    else:
        text = repr(value)
    return text if const.type.python else f"{text}:{const.type}"


def _application(expr: Apply) -> tuple[str, int]:
    mark = "?" if expr.checked else ""
    symbol = OPS[expr.op].symbol if expr.op in OPS else ""
    if expr.op == "cast":
        return f"{expr.type}{mark}({_listed(expr.args)})", _NAMED
    if not symbol:
        return f"{expr.op}{mark}({_listed(expr.args)})", _NAMED
    if len(expr.args) == 1:
        if symbol == "not":
            return f"not {_inside(expr.args[0], PRECEDENCE['not'])}", PRECEDENCE["not"]
        return f"{symbol}{mark}{_inside(expr.args[0], _NAMED)}", TIGHT
    level = PRECEDENCE.get(symbol, _ATOM)  # of ** both operands are atoms
    left, right = expr.args
    first = _inside(left, level + (level == COMPARISON) if level < _ATOM else _ATOM)
    last = _inside(right, min(level + 1, _ATOM))
    return f"{first} {symbol}{mark} {last}", min(level, TIGHT)


def _inside(expr: Expr, least: int) -> str:
    text, level = _expression(expr)
    return text if level >= least else f"({text})"
