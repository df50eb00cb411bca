"""Unroll an outer parallel loop and jam the copies into the inner loops.

    for i in 0:n:1 {                      for i.jam in 0:n // 2 * 2:2 {
      s = 0.0                               s = 0.0 ; s.1 = 0.0
      for k in 0:m:1 {                      for k in 0:m:1 {
        s = s + a[i, k] * x[k]      -->       s = s + a[i.jam, k] * x[k]
      }                                       s.1 = s.1 + a[i.jam + 1, k] * x[k] }
      y[i] = s                              y[i.jam] = s ; y[i.jam + 1] = s.1 }
    }                                     for i.1 in ... { the rest, one by one }

What the copies share, `x[k]`, is read once for all of them. Only loops that all copies run
alike are shared; others are repeated, copy after copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from conure.analysis.lanes import depends, holds_loop, varying
from conure.ir.nodes import (
    SERIAL,
    Alloc,
    Assign,
    Dim,
    Expr,
    For,
    If,
    Load,
    Program,
    Stmt,
    Store,
    Var,
    While,
)  # fmt: skip
from conure.ir.ops import apply, integer
from conure.ir.types import INT
from conure.ir.walk import map_expressions, map_statements, names_written, statements, substitute
from conure.passes.binders import Names, with_fixed_stop, with_fresh_binders, with_privates

Stmts = tuple[Stmt, ...]


def jam(program: Program, copies: Mapping[str, int]) -> Program:
    """Unroll and jam each loop (step 1, iterations independent) named in `copies`."""
    names = Names(program)

    def change(stmt: Stmt) -> Stmt | Stmts:
        if isinstance(stmt, For) and stmt.index in copies:
            return _Jam(stmt, copies[stmt.index], names).split()
        return stmt

    body = map_statements(map_statements(program.body, change), with_privates)
    return replace(program, body=body, locals=program.locals + tuple(names.new))


class _Jam:
    """The work on one loop: `renames[u]` are the names that copy u has to itself."""

    def __init__(self, loop: For, copies: int, names: Names) -> None:
        self.loop, self.copies, self.names = loop, copies, names
        self.apart = varying(loop)
        self.strip = names.make(f"{loop.index}.jam")
        own = sorted(names_written(loop.body) & self.apart)
        arrays = [s.name for s in statements(loop) if isinstance(s, Alloc)]
        self.scalars: list[dict[str, Expr]] = []
        self.arrays: list[dict[str, str]] = []
        for copy in range(copies):
            fresh = {name: names.local(name, names.types[name]) if copy else name for name in own}
            self.scalars.append({name: Var(new, names.types[name]) for name, new in fresh.items()})
            self.arrays.append({name: names.make(name) if copy else name for name in arrays})

    def split(self) -> Stmts:
        before, loop = with_fixed_stop(self.loop, self.names)
        most = apply("maximum", loop.stop, loop.start)
        trips = apply("sub", most, loop.start, checked=False)
        blocks = apply("floordiv", trips, integer(self.copies), checked=False)
        span = apply("mul", blocks, integer(self.copies), checked=False)
        end = self.names.local(f"{loop.index}.end", INT)
        main = Assign(end, apply("add", loop.start, span, checked=False), loop.loc)
        bound = Var(end, INT)
        rest = replace(loop, start=bound, notes=("the rest of the unrolled loop",))
        rest = with_fresh_binders(rest, self.names)
        step, body = integer(self.copies), self._jammed(loop.body)
        first = replace(loop, index=self.strip, stop=bound, step=step, body=body)
        return (*before, main, first, rest)

    def _jammed(self, stmts: Stmts) -> Stmts:
        made: list[Stmt] = []
        for stmt in stmts:
            made += self._statement(stmt)
        return tuple(made)

    def _statement(self, stmt: Stmt) -> Stmts:
        match stmt:
            case Assign() if stmt.name not in self.apart:
                return (stmt,)
            case For() if self._shared(stmt.start, stmt.stop, stmt.step):
                return (replace(_unreduced(stmt), body=self._jammed(stmt.body)),)
            case While() if self._shared(stmt.condition):
                return (replace(stmt, body=self._jammed(stmt.body)),)
            case If() if holds_loop(stmt) and self._shared(stmt.condition):
                then, orelse = self._jammed(stmt.then), self._jammed(stmt.orelse)
                return (replace(stmt, then=then, orelse=orelse),)
            case _:
                return tuple(self._copy(stmt, copy) for copy in range(self.copies))

    def _shared(self, *exprs: Expr) -> bool:
        return not any(depends(expr, self.apart) for expr in exprs)

    def _copy(self, stmt: Stmt, copy: int) -> Stmt:
        """The statement as copy number `copy` does it."""
        at = apply("add", Var(self.strip, INT), integer(copy), checked=False)
        scalars = self.scalars[copy] | {self.loop.index: at if copy else Var(self.strip, INT)}
        arrays = self.arrays[copy]

        def expression(expr: Expr) -> Expr:
            if isinstance(expr, Load | Dim) and expr.array in arrays:
                return replace(expr, array=arrays[expr.array])
            return expr

        def target(inner: Stmt) -> Stmt:
            match inner:
                case For():
                    return _unreduced(inner)
                case Assign() if isinstance(new := scalars.get(inner.name), Var):
                    return replace(inner, name=new.name)
                case Store() if inner.array in arrays:
                    return replace(inner, array=arrays[inner.array])
                case Alloc() if inner.name in arrays:
                    return replace(inner, name=arrays[inner.name])
                case _:
                    return inner

        (made,) = map_statements(map_expressions(substitute((stmt,), scalars), expression), target)
        alone = isinstance(made, Alloc)  # named above, together with what uses it
        return made if alone or not copy else with_fresh_binders(made, self.names)


def _unreduced(loop: For) -> For:
    """The loop without a mark that names scalars which the copies have to themselves."""
    named = loop.mark.reductions or loop.mark.last or loop.mark.guard
    return replace(loop, mark=SERIAL) if named else loop
