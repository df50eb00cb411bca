"""Which nests run on a device, and how their loops become a grid; or the reason why not.

A loop goes to the device if its iterations are independent (sums aside) and all that it does can
be said there. The loops directly inside it, if they are independent too and their bounds fixed,
become dimensions of the same grid; the one that walks through memory in order becomes the fastest.
A serial loop around such nests stays with the host, which launches them in turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Final

from conure.analysis.parallel import Parallel, Serial
from conure.analysis.ranges import as_poly
from conure.errors import Reason
from conure.ir.nodes import (
    Alloc,
    Apply,
    Block,
    Const,
    Expr,
    For,
    Leave,
    Load,
    Mark,
    Program,
    Rebind,
    Stmt,
    Store,
    Var,
    While,
)
from conure.ir.ops import OPS
from conure.ir.types import INT, ArrayType
from conure.ir.walk import bodies, names_read, names_written, statements, walk
from conure.record import Record
from conure.schedule.choices import Nest
from conure.target import DeviceFacts, Target

Verdicts = Mapping[str, Parallel | Serial]

_STACK_BYTES: Final = 1024  # arrays that a thread has to itself
_COMPLEX: Final = frozenset(
    ("add", "sub", "mul", "divide", "neg", "abs", "conj", "real", "imag", "complex", "equal",
     "not_equal", "cast", "select", "choice")
)  # fmt: skip


class Grids(Record):
    """What goes to the device: by the index of the outermost loop of a nest; and the reasons of the
    other outermost loops."""

    nests: dict[str, Nest] = field(default_factory=dict)
    reasons: dict[str, Reason] = field(default_factory=dict)


def grids(program: Program, verdicts: Verdicts, target: Target) -> Grids:
    """Choose for a whole program."""
    assert target.device is not None
    chooser = _Chooser(program, verdicts, target.device)
    for stmt in program.body:
        chooser.outside(stmt)
    return chooser.found


class _Chooser(Record):
    program: Program
    verdicts: Verdicts
    device: DeviceFacts
    found: Grids = field(default_factory=Grids)

    def outside(self, stmt: Stmt) -> bool:
        """A statement of the host; whether something in it goes to the device."""
        if isinstance(stmt, While) and any(isinstance(each, Load) for each in walk(stmt.condition)):
            self._refuse(stmt, "the condition of the `while` around it reads an array")
            return False
        reason = None
        if isinstance(stmt, For):
            verdict = self.verdicts.get(stmt.index)
            reason = self._reason(stmt, verdict)
            if reason is None:
                assert isinstance(verdict, Parallel)
                self.found.nests[stmt.index] = self._nest(stmt, verdict)
                return True
        inside = [self.outside(inner) for body in bodies(stmt) for inner in body]
        if isinstance(stmt, For) and reason is not None and not any(inside):
            for inner in statements(stmt.body):
                if isinstance(inner, For):
                    self.found.reasons.pop(inner.index, None)
            self.found.reasons[stmt.index] = reason
        return any(inside)

    def _refuse(self, stmt: Stmt, message: str) -> None:
        for inner in statements(stmt):
            if isinstance(inner, For):
                self.found.reasons[inner.index] = Reason(message, inner.loc)

    # ---- may it? --------------------------------------------------------------------------

    def _reason(self, loop: For, verdict: Parallel | Serial | None) -> Reason | None:
        """Why a loop stays with the host."""
        if isinstance(verdict, Serial):
            return verdict.reason
        if verdict is None:
            return Reason("nothing is known of its iterations", loop.loc)
        for message in (
            *self._shape(loop, verdict),
            *(text for node in walk(loop.body) for text in self._unsaid(node)),
        ):
            return Reason(message, loop.loc)
        return None

    def _shape(self, loop: For, verdict: Parallel) -> Iterator[str]:
        local = {stmt.name for stmt in statements(loop.body) if isinstance(stmt, Alloc)}
        arrays = {stmt.name for stmt in statements(self.program) if isinstance(stmt, Alloc)}
        arrays |= {p.name for p in self.program.params if isinstance(p.type, ArrayType)}
        blocks = {stmt.label for stmt in statements(loop.body) if isinstance(stmt, Block)}
        for reduction in verdict.reductions:
            if reduction.array:
                yield f"iterations add to the same elements of {_spoken(reduction.name)}"
        for name in verdict.private:
            if name in arrays - local:
                yield f"each iteration needs an array {_spoken(name)} of its own"
        for stmt in statements(loop.body):
            if isinstance(stmt, Leave) and stmt.label not in blocks:
                yield "it may be left in the middle"

    def _unsaid(self, node: Expr | Stmt) -> Iterator[str]:
        """What the device cannot do."""
        match node:
            case Alloc():
                size = _constant_bytes(node)
                if size is None or size > _STACK_BYTES:
                    yield "an array is made in each iteration"
            case Rebind():
                yield "array names trade places in it"
            case Apply():
                yield from self._function(node)
            case _:
                return

    def _function(self, node: Apply) -> Iterator[str]:
        kind = node.args[1 if node.op in ("select", "choice") else 0].type
        if kind.kind == "complex" and node.op not in _COMPLEX:
            yield f"{node.op} of complex numbers is not available there"
        if kind.kind != "real" or not OPS[node.op].math or node.op == "sqrt":
            return
        if node.op == "pow" and node.args[1] in (Const(2.0, kind), Const(2, kind)):
            return
        name = OPS[node.op].math
        if kind.bits == 64 and name not in self.device.double:
            yield f"{self.device.source} does not promise {node.op} to 4 units in the last place"

    # ---- how? -----------------------------------------------------------------------------

    def _nest(self, loop: For, verdict: Parallel) -> Nest:
        chain = [loop]
        while (inner := self._next(chain, verdict)) is not None:
            chain.append(inner)
        marks = []
        for each in chain:
            own = self.verdicts[each.index]
            assert isinstance(own, Parallel)
            guard = own.guard if each is loop else None
            marks.append(Mark("grid", guard, own.reductions, own.private, own.last))
        order = [each.index for each in chain]
        if len(chain) > 1 and not (verdict.guard or verdict.reductions or verdict.last):
            fastest = min(reversed(order), key=lambda index: _jumps(chain[-1], index, self.program))
            order.remove(fastest)
            order.append(fastest)
        by_index = {each.index: mark for each, mark in zip(chain, marks, strict=True)}
        return Nest(tuple(order), tuple(by_index[index] for index in order))

    def _next(self, chain: list[For], verdict: Parallel) -> For | None:
        """The loop that is the whole body of the last one, if it may be a dimension too."""
        body = chain[-1].body
        if len(body) != 1 or not isinstance(inner := body[0], For):
            return None
        own = self.verdicts.get(inner.index)
        if not isinstance(own, Parallel) or own.guard is not None or own.last or verdict.last:
            return None
        if {(r.name, r.op) for r in own.reductions} != {(r.name, r.op) for r in verdict.reductions}:
            return None
        if any(self._shape(inner, own)):
            return None
        bounds = (inner.start, inner.stop, inner.step)
        changing = {each.index for each in chain} | names_written(chain[0].body)
        if names_read(bounds) & changing or any(isinstance(node, Load) for node in walk(bounds)):
            return None
        return inner


def _constant_bytes(stmt: Alloc) -> int | None:
    size = stmt.dtype.bytes
    for extent in stmt.shape:
        if not isinstance(extent, Const):
            return None
        size *= int(extent.value.real)
    return size


def _jumps(loop: For, index: str, program: Program) -> int:
    """How many accesses in the body of a nest leap through memory as this index counts up."""
    layouts = {p.name: p.type.layout for p in program.params if isinstance(p.type, ArrayType)}
    jumps = 0
    for node in walk(loop.body):
        if isinstance(node, Load | Store) and node.index:
            axis = 0 if layouts.get(node.array) == "F" else len(node.index) - 1
            for place, subscript in enumerate(node.index):
                moves = index in names_read(subscript)
                jumps += moves and (place != axis or not _is_unit(subscript, index))
    return jumps


def _is_unit(subscript: Expr, index: str) -> bool:
    growth = as_poly(subscript).coefficient(Var(index, INT))
    return growth.terms == {(): 1}


def _spoken(name: str) -> str:
    return name.partition(".")[0]
