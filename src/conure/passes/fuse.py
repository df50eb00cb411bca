"""Make one loop of several over the same domain, so that what they share is read once.

>>> from conure.analysis.parallel import judge_of
>>> from conure.ir.parse import parse
>>> from conure.ir.text import show
>>> from conure.schedule.fusion import Grouper
>>> program = parse('''program p(x: f64[1]C, y: f64[1]C, out: f64[1]C) {
...   if dim(x, 0) != dim(y, 0) { fail }
...   t = alloc f64[dim(x, 0)]
...   for i in 0:dim(x, 0) { t[i] = x[i] * 2.0:f64 }
...   if dim(out, 0) != dim(y, 0) { fail }
...   for j in 0:dim(out, 0) { out[j] = t[j] + y[j] }
... }''')
>>> print(show(fuse(program, Grouper(program, judge_of(program).verdict))))
program p(x: f64[1]C, y: f64[1]C, out: f64[1]C) {
    if dim(x, 0) != dim(y, 0) {
        fail
    }
    if dim(out, 0) != dim(y, 0) {
        fail
    }
    t = alloc f64[dim(x, 0)]
    for i in 0:dim(x, 0) {
        t[i] = x[i] * 2.0:f64
        out[i] = t[i] + y[i]
    }
}

Loops inside fused loops are fused in turn. Which loops those are is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from conure.analysis.fusion import merged
from conure.analysis.sizes import Sizes
from conure.ir.nodes import For, Program, Stmt
from conure.ir.walk import bodies, with_bodies

Stmts = tuple[Stmt, ...]
Group = Callable[[Sequence[Stmt], Sizes, For | None], list[list[int]]]


def fuse(program: Program, group: Group) -> Program:
    """Fuse in every list of statements what `group` puts together, outer lists first; it is told
    the loop whose body the list is, if it is one."""
    body = _list(program.body, Sizes.of(program), group, None)
    return program if body == program.body else program.with_body(body)


def _list(stmts: Stmts, sizes: Sizes, group: Group, around: For | None) -> Stmts:
    if not any(bodies(stmt) for stmt in stmts):
        for stmt in stmts:
            sizes.learn(stmt)
        return stmts
    known = sizes.inside()
    groups = group(stmts, sizes, around)
    made: list[Stmt] = []
    for members in groups:
        stmt = _together([stmts[at] for at in members])
        loop = stmt if isinstance(stmt, For) else None
        lists = [_list(body, known.inside(), group, loop) for body in bodies(stmt)]
        made.append(with_bodies(stmt, tuple(lists)))
        known.learn(stmt)
    return tuple(made)


def _together(stmts: list[Stmt]) -> Stmt:
    loops = [stmt for stmt in stmts if isinstance(stmt, For)]
    return merged(loops) if len(stmts) > 1 else stmts[0]
