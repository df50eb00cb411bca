"""Find what to compile: maximal runs of statements that hold a loop, and rewrite around them.

    for i in range(n):              __conure_out = __conure_0(n, x, range)
        x[i] = 0.0          -->     if __conure_out is None:
    print(x)                            for i in range(n):
                                            x[i] = 0.0
                                    print(x)

The original statements stay, with their own lines, as what runs when a region is left to
Python; inside them the smaller regions are rewritten in turn.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from typing import TypeVar

from conure.frontend.flow import Flow, Names, binds, bound_after, live_before, reads
from conure.frontend.plausible import holds_loop, is_plain, is_plausible
from conure.record import Record

OUT = "__conure_out"

Node = TypeVar("Node", bound=ast.AST)


class Region(Record):
    """A run of statements that may be compiled as a whole.

    `live_in` names what it may read from outside (a dotted name is a chain of attributes of a
    module, looked up at each call); `live_out` what it binds that is read later. `returns` tells
    whether a `return` of the function stands in it. `fields`: the attributes read of names of
    which nothing else is used. Without a loop, it is worth compiling where arrays are large.
    """

    number: int
    statements: tuple[ast.stmt, ...]
    live_in: tuple[str, ...]
    live_out: tuple[str, ...]
    returns: bool
    holds_loop: bool = True
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Scope(Record, frozen=False):
    """What is known of the names of the function or script that is being rewritten."""

    locals: Names  # names that the body binds itself
    modules: Names  # names known to hold modules
    known: Names  # outside names that are surely bound (globals already there, builtins)
    always_live: Names  # names that someone else may read at any time
    at_module_level: bool
    regions: list[Region] = field(default_factory=list)
    wrapped: list[ast.stmt] = field(default_factory=list)  # functions inside, as they were
    wrap: Callable[[ast.stmt], ast.stmt] = lambda stmt: stmt


def rewrite_body(
    body: Sequence[ast.stmt], scope: Scope, after: Names, bound: Names, flow: Flow | None = None
) -> list[ast.stmt]:
    """The statements with every region tried first; `after`: names needed once they are done."""
    flow = flow or Flow()
    rewritten: list[ast.stmt] = []
    for run in _runs(body):
        start, stop = run.start, run.stop
        rest = live_before(body[stop:], after, flow)
        if not run.region:
            for k in range(start, stop):
                needed = live_before(body[k + 1 :], after, flow)
                rewritten.append(_inside(body[k], scope, needed, bound, flow))
                bound = bound_after([body[k]], bound)
            continue
        rewritten += _tried(list(body[start:stop]), scope, rest, bound, flow)
        bound = bound_after(body[start:stop], bound)
    return rewritten


def rewrite_array_code(body: Sequence[ast.stmt], scope: Scope, bound: Names) -> list[ast.stmt]:
    """The statements of a function without loops, those that may compute with arrays tried first:
    from the first call or operator to the first statement that is not of the accepted language."""
    computing = [k for k, stmt in enumerate(body) if is_plausible(stmt) and _computes(stmt)]
    if not computing:
        return list(body)
    start = stop = computing[0]
    while stop < len(body) and is_plausible(body[stop]):
        stop += 1
    run, rest = list(body[start:stop]), list(body[stop:])
    bound = bound_after(body[:start], bound)
    after = live_before(rest, frozenset(), Flow())
    region = _region(run, scope, after, bound, Flow())
    return [*body[:start], *_Writer(run[0], scope).attempt(region, bound, run), *rest]


def _computes(stmt: ast.stmt) -> bool:
    """Whether there is an operator or a call in it, that may be one of NumPy's."""
    return any(isinstance(node, ast.BinOp | ast.AugAssign | ast.Call) for node in ast.walk(stmt))


class _Run(Record):
    start: int
    stop: int
    region: bool


def _runs(body: Sequence[ast.stmt]) -> list[_Run]:
    """Cut a list into regions (from first loop to last loop, plain scalar statements between)
    and what lies between them."""
    runs: list[_Run] = []
    k = 0
    while k < len(body):
        if not (holds_loop(body[k]) and is_plausible(body[k])):
            runs.append(_Run(k, k + 1, False))
            k += 1
            continue
        stop, last = k + 1, k + 1
        while stop < len(body) and is_plausible(body[stop]):
            if holds_loop(body[stop]):
                last = stop + 1
            elif not is_plain(body[stop]):
                break
            stop += 1
        runs.append(_Run(k, last, True))
        k = last
    return runs


def _tried(
    stmts: list[ast.stmt], scope: Scope, after: Names, bound: Names, flow: Flow
) -> list[ast.stmt]:
    """`out = region(...)`, the statements for when it declines, the assignments for when not."""
    region = _region(stmts, scope, after, bound, flow)
    slow: list[ast.stmt]
    if len(stmts) > 1:
        slow = []
        for k, stmt in enumerate(stmts):
            needed = live_before(stmts[k + 1 :], after, flow)
            if holds_loop(stmt):
                slow += _tried([stmt], scope, needed, bound, flow)
            else:
                slow.append(stmt)
            bound = bound_after([stmt], bound)
    else:
        slow = [_inside(stmts[0], scope, after, bound, flow)]
    return _Writer(stmts[0], scope).attempt(region, bound, slow)


def _region(stmts: list[ast.stmt], scope: Scope, after: Names, bound: Names, flow: Flow) -> Region:
    needed = live_before(stmts, frozenset())
    bound_here = frozenset[str]().union(*(binds(stmt) for stmt in stmts))
    chains = _module_chains(stmts, scope)
    roots = {chain.split(".")[0] for chain in chains}
    bare = _bare_uses(stmts)
    names = {name for name in needed if name not in roots or name in bare}
    live_out = bound_here & (after | flow.after_raise | scope.always_live)
    region = Region(
        number=len(scope.regions),
        statements=tuple(stmts),
        live_in=tuple(sorted(names) + sorted(chains)),
        live_out=tuple(sorted(live_out)),
        fields=_fields(stmts, names),
        returns=any(isinstance(node, ast.Return) for stmt in stmts for node in ast.walk(stmt)),
        holds_loop=any(holds_loop(stmt) for stmt in stmts),
    )
    scope.regions.append(region)
    return region


def _module_chains(stmts: Sequence[ast.stmt], scope: Scope) -> set[str]:
    """`np.sqrt`, `np.linalg.norm`: attribute chains whose root is known to be a module."""
    found: set[str] = set()
    inner: set[int] = set()
    for stmt in stmts:
        for node in ast.walk(stmt):
            if isinstance(node, ast.Attribute) and id(node) not in inner:
                chain, value = [node.attr], node.value
                while isinstance(value, ast.Attribute):
                    inner.add(id(value))
                    chain.append(value.attr)
                    value = value.value
                if isinstance(value, ast.Name) and value.id in scope.modules:
                    found.add(".".join([value.id, *reversed(chain)]))
    return found


def _fields(
    stmts: Sequence[ast.stmt], names: Collection[str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """`self.dx`, `self.u`: the attributes read of each name that is used in no other way."""
    bare = _bare_uses(stmts)
    found: dict[str, set[str]] = {}
    for stmt in stmts:
        for node in ast.walk(stmt):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                name = node.value.id
                if not isinstance(node.ctx, ast.Load):
                    bare.add(name)
                elif name in names:
                    found.setdefault(name, set()).add(node.attr)
    return tuple((name, tuple(sorted(found[name]))) for name in sorted(found.keys() - bare))


def _bare_uses(stmts: Sequence[ast.stmt]) -> set[str]:
    """Names loaded other than as the root of an attribute chain."""
    rooted = {
        id(node.value)
        for stmt in stmts
        for node in ast.walk(stmt)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    return {
        node.id
        for stmt in stmts
        for node in ast.walk(stmt)
        if isinstance(node, ast.Name) and id(node) not in rooted
    }


def _inside(stmt: ast.stmt, scope: Scope, after: Names, bound: Names, flow: Flow) -> ast.stmt:
    """The statement left to Python, with the regions of its bodies tried."""
    match stmt:
        case ast.For() | ast.While():
            inner = _loop_flow(stmt, after, flow)
            target = binds(stmt.target) if isinstance(stmt, ast.For) else frozenset[str]()
            head = inner.after_continue
            fields = {
                "body": rewrite_body(stmt.body, scope, head, bound | target, inner),
                "orelse": rewrite_body(stmt.orelse, scope, after, bound, flow),
            }
        case ast.If():
            fields = {
                "body": rewrite_body(stmt.body, scope, after, bound, flow),
                "orelse": rewrite_body(stmt.orelse, scope, after, bound, flow),
            }
        case ast.With():
            inside = after | frozenset(scope.locals)
            fields = {"body": rewrite_body(stmt.body, scope, inside, bound, flow)}
        case ast.Try():
            return _inside_try(stmt, scope, bound)
        case _:
            return scope.wrap(stmt)
    return _replaced(stmt, fields)


def _inside_try(stmt: ast.Try, scope: Scope, bound: Names) -> ast.stmt:
    """Anything may be read after a handler: every local counts as needed."""
    everything = frozenset(scope.locals)
    flow = Flow(everything, everything, everything)
    handlers = [
        _replaced(h, {"body": rewrite_body(h.body, scope, everything, bound, flow)})
        for h in stmt.handlers
    ]
    parts = {
        name: rewrite_body(getattr(stmt, name), scope, everything, bound, flow)
        for name in ("body", "orelse", "finalbody")
    }
    return _replaced(stmt, {**parts, "handlers": handlers})


def _loop_flow(stmt: ast.For | ast.While, after: Names, flow: Flow) -> Flow:
    head = live_before([stmt], after, flow) | reads(
        stmt.test if isinstance(stmt, ast.While) else stmt.target
    )
    return Flow(after, head | after, flow.after_raise)


def _replaced(node: Node, fields: Mapping[str, object]) -> Node:
    same = {
        name: getattr(node, name)
        for name in (*node._fields, *node._attributes)
        if hasattr(node, name)
    }
    return type(node)(**{**same, **fields})


class _Writer:
    """Makes the syntax around one region; every new node has the first statement's line."""

    def __init__(self, place: ast.stmt, scope: Scope) -> None:
        self.place, self.scope = place, scope

    def attempt(self, region: Region, bound: Names, slow: list[ast.stmt]) -> list[ast.stmt]:
        prepared: list[ast.stmt] = []
        arguments: list[ast.expr] = []
        for position, name in enumerate(region.live_in):
            arguments.append(self._argument(name, position, bound, prepared))
        call = self._at(ast.Call(self._dispatcher(region), arguments, []))
        tried = self._at(ast.Assign([self._store(OUT)], call))
        # The statements come last: CPython 3.11 runs a store and the load after it as one, and an
        # unbound name that is read there would be reported on the line of the store.
        test = self._at(ast.Compare(self._load(OUT), [ast.IsNot()], [self._constant(None)]))
        assigned = self._assignments(region) or [self._at(ast.Pass())]
        choice = self._at(ast.If(test, assigned, slow))
        return [*prepared, tried, choice]

    def _argument(
        self, name: str, position: int, bound: Names, prepared: list[ast.stmt]
    ) -> ast.expr:
        value = self._chain(name)
        root = name.split(".")[0]
        if root in bound or (root in self.scope.known and root not in self.scope.locals):
            return value
        if self.scope.at_module_level:
            nothing = ast.arguments([], [], None, [], [], None, [])
            thunk = self._at(ast.Lambda(nothing, value))
            return self._at(ast.Call(self._hook("look"), [thunk], []))
        temporary = f"__conure_in{position}"
        errors = self._at(
            ast.Tuple([self._hook("NameError"), self._hook("AttributeError")], ast.Load())
        )
        missing = self._at(ast.Assign([self._store(temporary)], self._hook("UNBOUND")))
        handler = self._at(ast.ExceptHandler(errors, None, [missing]))
        found = self._at(ast.Assign([self._store(temporary)], value))
        prepared.append(self._at(ast.Try([found], [handler], [], [])))
        return self._load(temporary)

    def _assignments(self, region: Region) -> list[ast.stmt]:
        stmts: list[ast.stmt] = []
        first = 0
        if region.returns:
            returned = self._at(ast.Return(self._item(1)))
            stmts.append(self._at(ast.If(self._item(0), [returned], [])))
            first = 2
        for position, name in enumerate(region.live_out, first):
            value = self._item(position)
            assign = self._at(ast.Assign([self._store(name)], value))
            there = self._at(ast.Compare(value, [ast.IsNot()], [self._hook("UNBOUND")]))
            stmts.append(self._at(ast.If(there, [assign], [])))
        return stmts

    def _dispatcher(self, region: Region) -> ast.expr:
        return self._hook(f"region_{region.number}")

    def _hook(self, name: str) -> ast.expr:
        """What the rewritten code needs from Conure: a closure cell of a function, an attribute
        of one global of a script."""
        if self.scope.at_module_level:
            return self._at(ast.Attribute(self._load("__conure__"), name, ast.Load()))
        return self._load(f"__conure_{name}")

    def _chain(self, dotted: str) -> ast.expr:
        root, *attributes = dotted.split(".")
        value = self._load(root)
        for attribute in attributes:
            value = self._at(ast.Attribute(value, attribute, ast.Load()))
        return value

    def _item(self, position: int) -> ast.expr:
        return self._at(ast.Subscript(self._load(OUT), self._constant(position), ast.Load()))

    def _load(self, name: str) -> ast.expr:
        return self._at(ast.Name(name, ast.Load()))

    def _store(self, name: str) -> ast.expr:
        return self._at(ast.Name(name, ast.Store()))

    def _constant(self, value: int | None) -> ast.expr:
        return self._at(ast.Constant(value))

    def _at(self, node: Node) -> Node:
        return ast.copy_location(node, self.place)
