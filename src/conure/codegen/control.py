"""Statements to instructions."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from conure.artifact import ASSUMPTION, FAIL
from conure.codegen import sums
from conure.codegen.expression import evaluate, steer
from conure.codegen.facts import without_grids
from conure.codegen.loops import loop_bounds, run_loop, run_while
from conure.codegen.memory import allocate, rebind, store
from conure.codegen.scope import Bounds, Scope
from conure.ir.nodes import (
    SERIAL,
    Alloc,
    Assign,
    Assume,
    Block,
    Fail,
    For,
    If,
    Leave,
    Rebind,
    Stmt,
    Store,
    While,
)
from conure.ir.walk import arrays_written


def write_all(scope: Scope, stmts: tuple[Stmt, ...]) -> None:
    """A statement list; memory that it owns is given back at its end."""
    owned = len(scope.owned)
    for stmt in stmts:
        if not scope.function.open:
            break
        if arrays_written(stmt):
            _settle_before_writing(scope)
        write(scope, stmt)
    if scope.function.open and scope.owned[owned:]:
        scope.free(scope.owned[owned:])
    del scope.owned[owned:]


def _settle_before_writing(scope: Scope) -> None:
    """Outside of loops nothing is written yet that would have to be restored."""
    if scope.flag and scope.place.depth == 0:
        scope.settle()


def write(scope: Scope, stmt: Stmt) -> None:
    """One statement. Where some loops run on a device, what is said of one that holds none holds
    for all inside it."""
    beside = scope.beside
    if beside is not None and not beside(scope, stmt):
        scope.beside = None
        _write(scope, stmt)
        scope.beside = beside
        return
    _write(scope, stmt)


def _write(scope: Scope, stmt: Stmt) -> None:
    match stmt:
        case Assign(name, value):
            with scope.at(steering=name in scope.facts.steering):
                if name in scope.high_sums:
                    sums.add(scope, stmt)
                else:
                    scope.write(name, evaluate(scope, value))
        case Store(array, index, value, checked):
            place, operands = steer(scope, *index), evaluate(scope, value)
            _settle_before_writing(scope)
            store(scope, array, place, operands, checked)
        case For():
            _for(scope, stmt)
        case While():
            run_while(scope, stmt, lambda: write_all(scope, stmt.body))
        case If():
            _if(scope, stmt)
        case Block():
            _block(scope, stmt)
        case Leave(label):
            target, owned = scope.labels[label]
            if scope.owned[owned:]:
                scope.free(scope.owned[owned:])
            scope.function.branch(target)
        case Assume(condition):
            (holds,) = steer(scope, condition)
            scope.leave_if(scope.function.value(f"xor i1 {holds}, true"), ASSUMPTION)
        case Fail():
            scope.function.branch(scope.way_out(FAIL))
        case Alloc(shape=shape):
            allocate(scope, stmt, steer(scope, *shape))
        case Rebind():
            rebind(scope, stmt)
        case _:
            assert_never(stmt)


def _if(scope: Scope, stmt: If) -> None:
    function = scope.function
    (condition,) = steer(scope, stmt.condition)
    yes, no, end = (function.label(hint) for hint in ("then", "else", "endif"))
    function.branch_if(condition, yes, no if stmt.orelse else end)
    function.begin(yes)
    write_all(scope, stmt.then)
    function.branch(end)
    if stmt.orelse:
        function.begin(no)
        write_all(scope, stmt.orelse)
    function.begin(end)


def _block(scope: Scope, stmt: Block) -> None:
    end = scope.function.label("left")
    scope.labels[stmt.label] = end, len(scope.owned)
    write_all(scope, stmt.body)
    scope.function.begin(end)


def _for(scope: Scope, loop: For) -> None:
    """A loop; if its mark has a guard, once as marked and once serial, and the guard chooses."""
    function, bounds = scope.function, loop_bounds(scope, loop)
    if loop.mark.guard is None or loop.mark.kind == "serial":
        _run_marked(scope, loop, bounds)
        return
    (holds,) = steer(scope, loop.mark.guard)
    yes, no, end = (function.label(hint) for hint in ("guarded", "serial", "done"))
    function.branch_if(holds, yes, no)
    function.begin(yes)
    _run_marked(scope, replace(loop, mark=replace(loop.mark, guard=None)), bounds)
    function.branch(end)
    function.begin(no)
    if loop.mark.kind == "grid":
        write(scope, without_grids(loop))
    else:
        _run_marked(scope, replace(loop, mark=SERIAL), bounds)
    function.begin(end)


def _run_marked(scope: Scope, loop: For, bounds: Bounds) -> None:
    if loop.mark.kind in ("parallel", "grid") and scope.parallel is not None:
        scope.parallel(scope, loop, bounds)
    else:
        run_loop(scope, loop, bounds, lambda: write_all(scope, loop.body))
