"""Run strips of an outer parallel loop as lanes, so that the vector goes across its iterations.

    for j in 0:n:1 {                       for j.strip in 0:n // 8 * 8:8 {
      s = 0.0                                s.v = alloc f64[8]
      for k in 0:m:1 {                       for j.lane in 0:8:1 vector() { s.v[j.lane] = 0.0 }
        s = s + a[k] * b[k, j]       -->     for k in 0:m:1 {
      }                                        for j.lane.1 in 0:8:1 vector() {
      c[j] = s                                   s = s.v[j.lane.1]
    }                                            s = s + a[k] * b[k, j.strip + j.lane.1]
                                                 s.v[j.lane.1] = s } }
                                             ... c[j.strip + j.lane.2] = s.v[j.lane.2] }
                                           (and the rest of n / 8 in narrower strips, one by one)

With `masked` the last strips go up to the end, `for j.strip in ...:n:8`: lanes at or beyond `n`
rest, `if j.strip + j.lane < n { ... }` around all that touches memory of theirs or could fail.

Scalars that live across the pieces become small arrays of one value per lane, which code
generation keeps in vector registers. A `while` whose condition differs between lanes, or a `for`
with a `break`, runs until every lane is done; lanes that are done rest under a mask. The idea
is that of SPMD-on-SIMD compilation (Pharr and Mark, "ispc", InPar 2012).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Final

from conure.analysis.lanes import depends, holds_loop, may_idle, strip_names, varying
from conure.ir.nodes import (
    SERIAL,
    Alloc,
    Assign,
    Block,
    Const,
    Expr,
    For,
    If,
    Leave,
    Load,
    Mark,
    Program,
    Reduction,
    Stmt,
    Store,
    Var,
    While,
)  # fmt: skip
from conure.ir.ops import apply, cast, integer
from conure.ir.types import I64, INT, numpy_type
from conure.ir.walk import map_statements, names_read, names_written, statements, substitute
from conure.passes.binders import Names, with_fixed_stop, with_fresh_binders, with_privates
from conure.passes.hoist import hoist, read_before
from conure.record import Record

Stmts = tuple[Stmt, ...]

_FEW: Final = 8
_OFF: Final = Const(0, I64)
_ON: Final = Const(1, I64)


def lanes(program: Program, widths: Mapping[str, tuple[int, ...]], masked: bool = False) -> Program:
    """Split each loop named in `widths` into strips of that many lanes, wide ones first, then
    narrower ones of what is left, and a rest; the narrowest are single vectors. `masked`: there is
    no rest, lanes of the narrowest strips that are beyond the end are masked."""
    names = Names(program)

    def split(stmt: Stmt) -> Stmt | Stmts:
        if isinstance(stmt, For) and stmt.index in widths:
            ready = hoist(stmt, varying(stmt), names)
            return _strips(ready, widths[stmt.index], names, masked)
        return stmt

    body = map_statements(map_statements(program.body, split), with_privates)
    return replace(program, body=body, locals=program.locals + tuple(names.new))


def _strips(loop: For, widths: tuple[int, ...], names: Names, masked: bool) -> Stmts:
    before, rest = with_fixed_stop(loop, names)
    made: list[Stmt] = list(before)
    for place, width in enumerate(widths):
        if masked and place + 1 == len(widths):
            return (*made, _Strip(rest, width, width, names, True).masked_strips())
        # few strips of a loop that the cores share would leave some of them without work
        least = _FEW if loop.mark.kind == "parallel" and place + 1 < len(widths) else 0
        end, strips, rest = _Strip(rest, width, widths[-1], names, False).split(least)
        made += [end, strips]
    return (*made, replace(rest, notes=("the rest of the lanes",)))


class _Piece(Record, frozen=False):
    """Statements without loops that are done lane by lane in one go."""

    stmts: Stmts


class _Around(Record, frozen=False):
    """A statement with loops inside, its bodies cut into pieces."""

    stmt: Stmt
    bodies: list[list[_Piece | _Around | Stmt]]


_Cut = list["_Piece | _Around | Stmt"]


class _Strip(Record, frozen=False):
    """The work on one loop."""

    loop: For
    width: int
    vector: int
    names: Names
    masked: bool
    apart: frozenset[str] = frozenset()
    spread: dict[str, str] = field(default_factory=dict)  # scalar -> its array of lane values
    strip: str = ""

    def split(self, least: int) -> tuple[Assign, For, For]:
        """Where the strips end, if there are at least so many, they, and what is left."""
        loop = self.loop
        trips = self.names.local(f"{loop.index}.main", INT)
        count = _minus(apply("maximum", loop.stop, loop.start), loop.start)
        blocks = apply("floordiv", count, integer(self.width), checked=False)
        lanes = apply("mul", blocks, integer(self.width), checked=False)
        if least:
            enough = apply("less_equal", integer(least * self.width), count)
            lanes = apply("select", enough, lanes, integer(0))
        main = _plus(loop.start, lanes)
        bound = Var(trips, INT)
        first = replace(self.masked_strips(), stop=bound)
        rest = self._renamed(replace(loop, start=bound))
        return Assign(trips, main, loop.loc), first, rest

    def masked_strips(self) -> For:
        """All of the loop in strips, the last one as far as it goes."""
        loop = self.loop
        self.apart = varying(loop)
        self.strip = self.names.make(f"{loop.index}.strip")
        cut = self._cut(loop.body)
        self._choose_spread(cut)
        emitted = self._emit(cut)
        body = (*self._allocations(), *emitted)
        return replace(loop, index=self.strip, step=integer(self.width), body=body)

    # ---- cutting --------------------------------------------------------------------------

    def _cut(self, stmts: Stmts) -> _Cut:
        cut: _Cut = []
        group: list[Stmt] = []
        for stmt in stmts:
            uniform = isinstance(stmt, Assign) and stmt.name not in self.apart
            if not holds_loop(stmt) and not uniform:
                group.append(stmt)
                continue
            if group:
                cut.append(_Piece(tuple(group)))
                group = []
            cut.append(stmt if uniform else self._around(stmt))
        return [*cut, _Piece(tuple(group))] if group else cut

    def _around(self, stmt: Stmt) -> _Around:
        match stmt:
            case While() if depends(stmt.condition, self.apart):
                return _Around(stmt, [[_Piece(stmt.body)]])
            case For() | While():
                return _Around(stmt, [self._cut(stmt.body)])
            case If():
                return _Around(stmt, [self._cut(stmt.then), self._cut(stmt.orelse)])
            case Block(body=(For() as inner,)):
                return _Around(stmt, [[_Piece(inner.body)]])
            case _:
                raise AssertionError(stmt)

    def _choose_spread(self, cut: _Cut) -> None:
        """Scalars needed in more than one piece, or carried around a loop, get lane values."""
        seen: dict[str, int] = {}
        for number, piece in enumerate(_pieces(cut)):
            for name in strip_names(piece.stmts) & self.apart - {self.loop.index}:
                carried = name in _exposed(piece.stmts)
                seen[name] = -1 if carried or seen.get(name, number) != number else number
        for around in _arounds(cut):
            if isinstance(around.stmt, While):
                read = names_read(around.stmt.condition)
                seen |= dict.fromkeys(read & self.apart - {self.loop.index}, -1)
        for name in sorted(name for name, where in seen.items() if where == -1):
            if name in self.names.types and not self._is_inner_index(name):
                self.spread[name] = self.names.make(f"{name}.v")

    def _is_inner_index(self, name: str) -> bool:
        return any(isinstance(s, For) and s.index == name for s in statements(self.loop))

    def _allocations(self) -> Iterator[Stmt]:
        width = integer(self.width)
        for name, array in self.spread.items():
            yield Alloc(array, numpy_type(self.names.types[name]), (width,), self.loop.loc)

    # ---- writing --------------------------------------------------------------------------

    def _emit(self, cut: _Cut) -> Stmts:
        made: list[Stmt] = []
        for item in cut:
            match item:
                case _Piece():
                    shared, stmts = self._under_mask(item.stmts)
                    made += [*shared, self._lane_loop(stmts)]
                case _Around():
                    made += self._emit_around(item)
                case _:
                    made.append(item)
        return tuple(made)

    def _emit_around(self, around: _Around) -> Stmts:
        match around.stmt:
            case While() as loop if depends(loop.condition, self.apart):
                return self._divided_while(loop)
            case For() | While() as loop:
                emitted = self._emit(around.bodies[0])
                if isinstance(loop, While):
                    return (replace(loop, body=emitted),)
                return (self._renamed(replace(loop, body=emitted, mark=SERIAL)),)
            case If() as choice:
                then, orelse = (self._emit(body) for body in around.bodies)
                return (replace(choice, then=then, orelse=orelse),)
            case Block(body=(For() as loop,)) as block:
                return self._divided_for(block, loop)
            case _:
                raise AssertionError(around.stmt)

    def _lane_loop(self, stmts: Stmts, reductions: tuple[Reduction, ...] = ()) -> For:
        """One loop over the lanes: fetch lane values, do the statements, put them back."""
        lane = self.names.make(f"{self.loop.index}.lane")
        at = Var(lane, INT)
        used = strip_names(stmts)
        fetch = [self._get(name, at) for name in self.spread if name in used]
        written = names_written(stmts)
        put = [self._put(name, at) for name in self.spread if name in written]
        here = {self.loop.index: _plus(Var(self.strip, INT), at)}
        body = (*fetch, *substitute(stmts, here), *put)
        mark = Mark("vector", reductions=reductions, grain=self.vector)
        zero, width, one = integer(0), integer(self.width), integer(1)
        return For(lane, zero, width, one, body, mark, (), self.loop.loc)

    def _under_mask(self, stmts: Stmts) -> tuple[Stmts, Stmts]:
        """The statements with those that a lane beyond the end must not do under a condition; and
        first what to read before all lanes, as each lane would gather it under the condition."""
        unsafe = [place for place, s in enumerate(stmts) if not may_idle(s, self.apart)]
        if not (self.masked and unsafe):
            return (), stmts
        shared, stmts = read_before(stmts, self.apart, self.names)
        first, last = unsafe[0], unsafe[-1] + 1
        return shared, (*stmts[:first], If(self._inside(), stmts[first:last]), *stmts[last:])

    def _inside(self) -> Expr:
        return apply("less", Var(self.loop.index, INT), self.loop.stop)

    def _get(self, name: str, at: Expr) -> Stmt:
        type_ = self.names.types[name]
        value = Load(self.spread[name], (at,), numpy_type(type_), False)
        return Assign(name, cast(value, type_, checked=False))

    def _put(self, name: str, at: Expr) -> Stmt:
        type_ = self.names.types[name]
        value = cast(Var(name, type_), numpy_type(type_), checked=False)
        return Store(self.spread[name], (at,), value, False)

    def _divided_while(self, loop: While) -> Stmts:
        """`while` with a condition of each lane's own: until no lane goes on."""
        active, some = self._masks()
        go_on = Assign(active, cast(loop.condition, I64, checked=False))
        turn = If(_on(active), (*loop.body, go_on))
        first: Stmts = (go_on,)
        if self.masked:
            first = (Assign(active, _OFF), If(self._inside(), (go_on,)))
        begin = self._lane_loop((*first, _gather(some, active)), _any(some))
        again = self._lane_loop((turn, _gather(some, active)), _any(some))
        nobody = Assign(some, _OFF)
        return (nobody, begin, While(_on(some), (nobody, again), loop.loc))

    def _divided_for(self, block: Block, loop: For) -> Stmts:
        """`for` with a `break`: lanes that leave rest; the loop ends early when all have left."""
        active, some = self._masks()
        on = cast(self._inside(), I64, checked=False) if self.masked else _ON
        start = self._lane_loop((Assign(active, on),))
        turn = If(_on(active), _without_leave(loop.body, active))
        label = self.names.make(block.label)
        body = (
            Assign(some, _OFF),
            self._lane_loop((turn, _gather(some, active)), _any(some)),
            If(apply("not", _on(some)), (Leave(label),)),
        )
        return (start, Block(label, (self._renamed(replace(loop, body=body)),), block.loc))

    def _masks(self) -> tuple[str, str]:
        """Which lanes go on, and whether some do: 64-bit numbers, as wide as what they mask, since
        the vectorizer does not take booleans for sums."""
        active, some = self.names.local("active", I64), self.names.local("some", I64)
        self.spread[active] = self.names.make(f"{active}.v")
        return active, some

    def _renamed(self, loop: For) -> For:
        """The loop and those inside it with fresh index names and labels."""
        return with_fresh_binders(loop, self.names)


def _without_leave(stmts: Stmts, active: str) -> Stmts:
    """`leave` as `active = False`, and what follows a possible one under `if active`."""
    made: list[Stmt] = []
    for position, stmt in enumerate(stmts):
        if isinstance(stmt, Leave):
            return (*made, Assign(active, _OFF, stmt.loc))
        if isinstance(stmt, If) and any(isinstance(s, Leave) for s in statements(stmt)):
            then, orelse = _without_leave(stmt.then, active), _without_leave(stmt.orelse, active)
            made.append(replace(stmt, then=then, orelse=orelse))
            rest = _without_leave(stmts[position + 1 :], active)
            return (*made, If(_on(active), rest)) if rest else tuple(made)
        made.append(stmt)
    return tuple(made)


def _exposed(stmts: Stmts) -> set[str]:
    """Scalars that may be read before they are assigned, or stay unassigned on some way."""
    exposed: set[str] = set()
    _expose(stmts, set(), exposed)
    return exposed


def _expose(stmts: Stmts, assigned: set[str], exposed: set[str]) -> set[str]:
    for stmt in stmts:
        if isinstance(stmt, If):
            exposed |= names_read(stmt.condition) - assigned
            then = _expose(stmt.then, set(assigned), exposed)
            orelse = _expose(stmt.orelse, set(assigned), exposed)
            exposed |= (then ^ orelse) - assigned
            assigned |= then & orelse
        else:
            exposed |= names_read(stmt) - assigned
            if isinstance(stmt, Assign):
                assigned.add(stmt.name)
    return assigned


def _pieces(cut: _Cut) -> Iterator[_Piece]:
    for item in cut:
        if isinstance(item, _Piece):
            yield item
        elif isinstance(item, _Around):
            for body in item.bodies:
                yield from _pieces(body)


def _arounds(cut: _Cut) -> Iterator[_Around]:
    for item in cut:
        if isinstance(item, _Around):
            yield item
            for body in item.bodies:
                yield from _arounds(body)


def _on(mask: str) -> Expr:
    return apply("not_equal", Var(mask, I64), _OFF)


def _gather(some: str, active: str) -> Stmt:
    return Assign(some, apply("bitor", Var(some, I64), Var(active, I64)))


def _any(some: str) -> tuple[Reduction, ...]:
    return (Reduction(some, "bitor"),)


def _plus(a: Expr, b: Expr) -> Expr:
    return apply("add", a, b, checked=False)


def _minus(a: Expr, b: Expr) -> Expr:
    return apply("sub", a, b, checked=False)
