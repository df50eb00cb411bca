"""The magnitudes that the fast program assumes of its numbers, and equal shapes of arrays.

Arithmetic on numbers of such magnitudes does not overflow; arguments beyond them are left to the
careful program.
"""

from __future__ import annotations

from conure.analysis.affine import leaves, order_key
from conure.analysis.survey import survey
from conure.ir.nodes import Apply, Assume, Dim, Program, Rebind, Var
from conure.ir.ops import integer
from conure.ir.types import BOOL, INT, ArrayType
from conure.ir.walk import statements

LIMIT = 2**31
"""Extents and `int` parameters that subscripts and loop bounds use are assumed not to exceed it."""


def magnitudes(program: Program) -> tuple[Assume, ...]:
    """Limits on what subscripts and bounds are made of, and equal shapes of exchanged arrays."""
    equal = _exchanged(program)
    found = survey(program.with_body(equal + program.body))
    read = [poly for access in found.accesses for poly in access.index]
    read += [fact for context in found.contexts.values() for fact in context.facts]
    for loop in found.loops.values():
        read += [loop.start, loop.stop, loop.step]
    for access in found.accesses:
        axes = range(len(access.index))
        read += [found.extent(access.array, axis, access.context) for axis in axes]
    atoms = {atom for poly in read for atom in poly.atoms}
    dims = {atom for atom in atoms if isinstance(atom, Dim)}
    params = {param.name for param in program.params if param.type is INT}
    names = {name for atom in atoms for name in leaves(atom)} & params
    limits = [
        Assume(Apply("less_equal", (dim, integer(LIMIT)), BOOL))
        for dim in sorted(dims, key=order_key)
    ]
    for name in sorted(names):
        var = Var(name, INT)
        limits.append(Assume(Apply("less_equal", (integer(-LIMIT), var), BOOL)))
        limits.append(Assume(Apply("less_equal", (var, integer(LIMIT)), BOOL)))
    return (*equal, *limits)


def _exchanged(program: Program) -> tuple[Assume, ...]:
    """Arrays that exchange names are assumed to have one shape, so that extents stay known."""
    ranks = {p.name: p.type.rank for p in program.params if isinstance(p.type, ArrayType)}
    assumed: list[Assume] = []
    for stmt in statements(program):
        if isinstance(stmt, Rebind):
            first, *others = sorted({*stmt.names, *stmt.sources})
            if any(name not in ranks or ranks[name] != ranks[first] for name in (first, *others)):
                continue
            for other in others:
                for axis in range(ranks[first]):
                    dims = Dim(first, axis, INT), Dim(other, axis, INT)
                    new = Assume(Apply("equal", dims, BOOL))
                    if new not in assumed:
                        assumed.append(new)
    return tuple(assumed)
