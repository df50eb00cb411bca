"""Make a wrong program smaller while it stays wrong in the same way, and print it as a test."""

from __future__ import annotations

import ast
import copy
import re
import time
from collections.abc import Iterator

from tests.oracle import EXACT

from .harness import Verdict, Worker, recheck

SECONDS = 90.0
BLOCKS = ("body", "orelse")


def shrink(verdict: Verdict, worker: Worker, seconds: float = SECONDS) -> Verdict:
    """Delete statements and parts of expressions until nothing more can go."""
    deadline = time.monotonic() + seconds
    best = verdict
    progress = True
    while progress and time.monotonic() < deadline:
        progress = False
        for source in _smaller(best.source):
            if time.monotonic() > deadline:
                break
            found = recheck(worker, best, source)
            if _sort(found) == _sort(verdict):
                best = found
                progress = True
                break
    return best


def _sort(verdict: Verdict) -> tuple[str, str]:
    """What kind of difference it is, without numbers and values."""
    parts = verdict.detail.split(": ") if verdict.kind == "wrong" else []
    return verdict.kind, re.sub(r"[0-9]+|\[.*?\]", "", parts[1]) if len(parts) > 1 else ""


def _smaller(source: str) -> Iterator[str]:
    """Programs with one thing less, the biggest cuts first."""
    tree = ast.parse(source)
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    for place, node in enumerate(tree.body):
        if isinstance(node, ast.Assign | ast.FunctionDef) and getattr(node, "name", "") not in (
            "f",
            "arguments",
        ):
            yield _without(tree, place)
    for owner_path in _blocks(tree, "f"):
        yield from _cuts(tree, owner_path)
    if "f" in names:
        yield from _simpler(tree)


def _without(tree: ast.Module, place: int) -> str:
    changed = copy.deepcopy(tree)
    del changed.body[place]
    return ast.unparse(changed)


def _function(tree: ast.Module, name: str) -> ast.FunctionDef:
    return next(
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name
    )


def _blocks(tree: ast.Module, name: str) -> list[tuple[int, str]]:
    """Each list of statements in the function: the number of its owner and the field."""
    return [
        (number, name_of)
        for number, node in enumerate(ast.walk(_function(tree, name)))
        for name_of in BLOCKS
        if isinstance(getattr(node, name_of, None), list) and getattr(node, name_of)
    ]


def _cuts(tree: ast.Module, where: tuple[int, str]) -> Iterator[str]:
    number, name = where
    count = len(_block(tree, number, name))
    for place in range(count):
        for hoist in (False, True):
            changed = copy.deepcopy(tree)
            statements = _block(changed, number, name)
            statement = statements[place]
            if hoist and not hasattr(statement, "body"):
                continue
            statements[place : place + 1] = getattr(statement, "body", []) if hoist else []
            if not statements and name == "body":
                statements.append(ast.Pass())
            if not (count == 1 and isinstance(statement, ast.Pass)):
                yield ast.unparse(ast.fix_missing_locations(changed))


def _block(tree: ast.Module, number: int, name: str) -> list[ast.stmt]:
    owner = list(ast.walk(_function(tree, "f")))[number]
    found: list[ast.stmt] = getattr(owner, name)
    return found


def _simpler(tree: ast.Module) -> Iterator[str]:
    """Expressions replaced by one of their parts."""
    count = sum(1 for _ in ast.walk(_function(tree, "f")))
    for number in range(count):
        node = list(ast.walk(_function(tree, "f")))[number]
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.Name | ast.Constant) or name == "func":
                continue
            if isinstance(value, ast.expr):
                for part in _parts(value):
                    changed = copy.deepcopy(tree)
                    target = list(ast.walk(_function(changed, "f")))[number]
                    setattr(target, name, copy.deepcopy(part))
                    yield ast.unparse(changed)


def _parts(value: ast.expr) -> list[ast.expr]:
    match value:
        case ast.BinOp():
            return [value.left, value.right]
        case ast.IfExp():
            return [value.body, value.orelse]
        case ast.BoolOp():
            return list(value.values)
        case ast.UnaryOp():
            return [value.operand]
        case ast.Call(func=ast.Attribute(value=of)) if not isinstance(of, ast.Name):
            return [of, *value.args]
        case ast.Call():
            return [argument for argument in value.args if not isinstance(argument, ast.Starred)]
        case ast.Subscript() | ast.Attribute():
            return [value.value] if not isinstance(value.ctx, ast.Store) else []
        case ast.Compare():
            return [value.left]
    return []


def as_test(verdict: Verdict) -> str:
    """The program as a pytest function, ready to be pasted into a file of tests."""
    name = f"seed_{verdict.seed}"
    tree = ast.parse(verdict.source)
    made = _function(tree, "arguments")
    function = _function(tree, "f")
    function.name = name
    rest = [node for node in tree.body if node is not made]
    returned = made.body.pop()
    assert isinstance(returned, ast.Return)
    assert isinstance(returned.value, ast.Tuple)
    passed = [ast.unparse(item) for item in returned.value.elts]
    if verdict.tolerance != EXACT:
        passed.append(f"tolerance={verdict.tolerance!r}")
    lines = [
        f"# {verdict.kind}: {verdict.detail}",
        "from tests.oracle import Tolerance, same",
        *(ast.unparse(node) for node in rest),
        "",
        f"def test_{name}():",
        *("    " + line for node in made.body for line in ast.unparse(node).splitlines()),
        f"    same({name}, {', '.join(passed)})",
    ]
    return "\n".join(lines)
