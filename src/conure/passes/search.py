"""Search for a best value in lanes: each keeps the best of its own turns, and which that was.

    for i in 0:n vector(reduce less m with k) {      (the lanes start with m and k, and no turn)
      if a[i] < m { m = a[i] ; k = i }         -->   for i.strip in 0:n // 32 * 32:32 {
    }                                                  for i.lane in 0:32 vector() {
                                                         m.lane = m.v[i.lane] ...
                                                         if a[..] < m.lane { ... ; m.turn = .. }
                                                         m.v[i.lane] = m.lane ... } }
                                                     for i.lane.1 in 0:32 { the better of the two,
                                                       the earlier one of equals, into m and k }
                                                     for i.1 in ... { the rest, one by one }

LLVM's vectorizer takes sums and least values, but not the places where they were found. A search
that is shared among cores is cut into blocks first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from conure.analysis.ranges import as_poly
from conure.ir.nodes import (
    Alloc,
    Assign,
    Const,
    Expr,
    For,
    If,
    Load,
    Mark,
    Program,
    Reduction,
    Stmt,
    Store,
    Var,
)
from conure.ir.ops import KEEPING, OPS, apply, cast, integer
from conure.ir.types import BOOL, INT, Scalar, numpy_type
from conure.ir.walk import map_statements, names_read, names_written, statements, substitute, walk
from conure.passes.binders import Names, with_fixed_stop, with_fresh_binders, with_privates

Stmts = tuple[Stmt, ...]

_BLOCK: Final = 4096  # turns between two times that lanes are compared
_LEAST: Final = 4  # strips; fewer are not worth comparing lanes
_STRICT: Final = {"less": "less", "less_equal": "less", "greater": "greater",
                  "greater_equal": "greater"}  # fmt: skip


def search(program: Program, bits: int) -> Program:
    """Put lanes, two vectors of so many bits, into innermost loops that keep a best value with what
    belongs to it."""
    names = Names(program)

    def change(stmt: Stmt) -> Stmt | Stmts:
        if not isinstance(stmt, For) or not _suits(stmt):
            return stmt
        before, loop = with_fixed_stop(stmt, names)
        width = 2 * bits // max(32, *(names.types[r.name].bits for r in loop.mark.reductions))
        if loop.mark.kind == "parallel":
            return (*before, _blocks(loop, width, names))
        return (*before, *_Search(loop, width, names, _is_natural(loop)).stmts())

    body = map_statements(program.body, change)
    if body is program.body:
        return program
    body = map_statements(body, with_privates)
    return replace(program, body=body, locals=program.locals + tuple(names.new))


def _suits(loop: For) -> bool:
    """Whether the loop is one that the vectorizer would leave, and of the plain kind."""
    mark = loop.mark
    if mark.kind not in ("parallel", "vector") or mark.guard is not None or mark.last:
        return False
    if loop.step != integer(1) or any(isinstance(node, Load) for node in walk(loop.start)):
        return False
    if not any(each.op in KEEPING and each.companions for each in mark.reductions):
        return False
    known = all(not r.array and (r.op in KEEPING or r.op in OPS) for r in mark.reductions)
    plain = all(isinstance(stmt, Assign | Store | If) for stmt in statements(loop.body))
    steady = names_read(loop.start).isdisjoint(names_written(loop.body))
    return known and plain and steady


def _is_natural(loop: For) -> bool:
    """Whether the index is surely not negative."""
    first = as_poly(loop.start).constant
    return first is not None and first >= 0


def _blocks(loop: For, width: int, names: Names) -> For:
    block = names.make(f"{loop.index}.block")
    start = Var(block, INT)
    end = apply("add", start, integer(_BLOCK), checked=False)
    mark = Mark("vector", None, loop.mark.reductions, loop.mark.private)
    inner = replace(loop, start=start, stop=apply("minimum", end, loop.stop), mark=mark)
    body = _Search(inner, width, names, _is_natural(loop)).stmts()
    return replace(loop, index=block, step=integer(_BLOCK), body=body)


class _Search:
    """The work on one loop."""

    def __init__(self, loop: For, width: int, names: Names, is_natural: bool) -> None:
        self.loop, self.width, self.names, self.is_natural = loop, width, names, is_natural
        self.reductions = loop.mark.reductions
        self.cells = {
            name: names.local(f"{name}.lane", names.types[name])
            for each in self.reductions
            for name in each.names
        }
        self.turns = {each.name: self._turn(each) for each in self.reductions if each.op in KEEPING}
        cells = dict.fromkeys((*self.cells.values(), *self.turns.values()))
        self.arrays = {cell: names.make(f"{cell}.v") for cell in cells}

    def _turn(self, reduction: Reduction) -> str:
        """The cell with a lane's best turn: that of a companion, if it is the index and cannot be
        -1, which says that there is none."""
        loop = self.loop
        for name in reduction.companions if self.is_natural else ():
            sets = [s for s in statements(loop.body) if isinstance(s, Assign) and s.name == name]
            if all(each.value == Var(loop.index, INT) for each in sets):
                return self.cells[name]
        return self.names.local(f"{reduction.name}.turn", INT)

    def stmts(self) -> Stmts:
        """What takes the place of the loop."""
        loop, names, width = self.loop, self.names, integer(self.width)
        end = names.local(f"{loop.index}.main", INT)
        count = _minus(apply("maximum", loop.stop, loop.start), loop.start)
        strips = apply("floordiv", count, width, checked=False)
        lanes = apply("mul", strips, width, checked=False)
        enough = apply("less_equal", integer(_LEAST * self.width), count)
        main = _plus(loop.start, apply("select", enough, lanes, integer(0)))
        bound = Var(end, INT)
        many = If(apply("less", loop.start, bound), self._in_lanes(bound), (), loop.loc)
        rest = replace(loop, start=bound, notes=("the rest of the lanes",))
        return (Assign(end, main, loop.loc), many, with_fresh_binders(rest, names))

    def _in_lanes(self, bound: Expr) -> Stmts:
        loop, width = self.loop, integer(self.width)
        strip = self.names.make(f"{loop.index}.strip")
        allocations = tuple(
            Alloc(array, numpy_type(self.names.types[cell]), (width,), loop.loc)
            for cell, array in self.arrays.items()
        )
        lane, turn = self._lane(), self.names.make(f"{loop.index}.lane")
        begin = tuple(self._put(cell, value, lane) for cell, value in self._beginnings().items())
        at = {loop.index: _plus(Var(strip, INT), Var(turn, INT))}
        fetch = [self._get(cell, turn) for cell in self.arrays]
        put = [self._put(cell, Var(cell, self.names.types[cell]), turn) for cell in self.arrays]
        body = (*fetch, *substitute(self._renamed(loop.body), at), *put)
        turns = replace(
            loop, index=strip, stop=bound, step=width, mark=Mark(),
            body=(self._lanes(turn, body, "vector"),),
        )  # fmt: skip
        return (*allocations, self._lanes(lane, begin, "vector"), turns, *self._compared())

    def _beginnings(self) -> dict[str, Expr]:
        """What the cells of a lane are before its first turn."""
        found: dict[str, Expr] = {}
        for each in self.reductions:
            for name in each.names:
                found[self.cells[name]] = _beginning(each, Var(name, self.names.types[name]))
        return found | dict.fromkeys(self.turns.values(), integer(-1))

    def _renamed(self, body: Stmts) -> Stmts:
        """The body on a lane's own cells, the turn noted where a value is kept."""
        cells: dict[str, Expr] = {
            name: Var(cell, self.names.types[name]) for name, cell in self.cells.items()
        }
        turn = _minus(Var(self.loop.index, INT), self.loop.start)
        separate = {n: cell for n, cell in self.turns.items() if cell not in self.cells.values()}

        def change(stmt: Stmt) -> Stmt | Stmts:
            if not isinstance(stmt, Assign) or stmt.name not in self.cells:
                return stmt
            sets = replace(stmt, name=self.cells[stmt.name])
            if stmt.name in separate:
                return (sets, Assign(separate[stmt.name], turn, stmt.loc))
            return sets

        return map_statements(substitute(body, cells), change)

    def _compared(self) -> Stmts:
        """What the lanes found, one after another."""
        lane = self._lane()
        best = {name: self.names.local(f"{name}.best", INT) for name in self.turns}
        begin = tuple(Assign(name, integer(-1), self.loop.loc) for name in best.values())
        body: list[Stmt] = [self._get(cell, lane) for cell in self.arrays]
        for each in self.reductions:
            kind = self.names.types[each.name]
            ours, theirs = Var(each.name, kind), Var(self.cells[each.name], kind)
            if each.op not in KEEPING:
                value = apply(each.op, ours, theirs, checked=False)
                body.append(Assign(each.name, value, self.loop.loc))
                continue
            turn, before = Var(self.turns[each.name], INT), Var(best[each.name], INT)
            sets = [
                Assign(name, Var(self.cells[name], self.names.types[name]), self.loop.loc)
                for name in each.names
            ]
            sets.append(Assign(before.name, turn, self.loop.loc))
            body.append(If(_is_better(each.op, theirs, ours, turn, before), tuple(sets)))
        return (*begin, self._lanes(lane, tuple(body), "serial"))

    def _lane(self) -> str:
        return self.names.make(f"{self.loop.index}.lane")

    def _lanes(self, lane: str, body: Stmts, kind: str) -> For:
        zero, width, one = integer(0), integer(self.width), integer(1)
        return For(lane, zero, width, one, body, Mark(kind), (), self.loop.loc)

    def _get(self, cell: str, lane: str) -> Stmt:
        kind = self.names.types[cell]
        value = Load(self.arrays[cell], (Var(lane, INT),), numpy_type(kind), False)
        return Assign(cell, cast(value, kind, checked=False), self.loop.loc)

    def _put(self, cell: str, value: Expr, lane: str) -> Stmt:
        kind = numpy_type(self.names.types[cell])
        value = cast(value, kind, checked=False)
        return Store(self.arrays[cell], (Var(lane, INT),), value, False, self.loop.loc)


def _beginning(reduction: Reduction, before: Var) -> Expr:
    """What a lane starts from: combined with what was before, it changes nothing."""
    if reduction.op in KEEPING or OPS[reduction.op].idempotent:
        return before
    identity = OPS[reduction.op].identity
    assert identity is not None, reduction
    kind = before.type
    if reduction.op == "add" and kind.kind in ("real", "complex"):
        return Const(complex(-0.0, -0.0) if kind.kind == "complex" else -0.0, kind)
    return Const(complex(identity) if kind.kind == "complex" else _number(identity, kind), kind)


def _number(value: float, kind: Scalar) -> float:
    return float(value) if kind.kind == "real" else int(value)


def _is_better(op: str, theirs: Expr, ours: Expr, turn: Expr, before: Expr) -> Expr:
    """Whether a lane has something better than all before it, or as good and in a turn that a
    search one by one would have left it for."""
    better = cast(apply(_STRICT[op], theirs, ours), BOOL)
    equal = cast(apply("equal", theirs, ours), BOOL)
    first = apply("less" if op == _STRICT[op] else "greater", turn, before)
    found = apply("less_equal", integer(0), turn)
    return apply("and", found, apply("or", better, apply("and", equal, first)))


def _plus(a: Expr, b: Expr) -> Expr:
    return apply("add", a, b, checked=False)


def _minus(a: Expr, b: Expr) -> Expr:
    return apply("sub", a, b, checked=False)
