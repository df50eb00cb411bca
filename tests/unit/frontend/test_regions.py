"""Regions: which runs of statements are tried, with which names in and out."""

from __future__ import annotations

import ast
import textwrap

import pytest

from conure.frontend.flow import binds, bound_after, live_before, reads
from conure.frontend.plausible import is_plain, is_plausible
from conure.frontend.regions import Region, Scope, rewrite_body


def regions(
    text: str, after: str = "", parameters: str = "x n", known: str = "range len math"
) -> list[Region]:
    body = ast.parse(textwrap.dedent(text)).body
    bound = frozenset(parameters.split())
    scope = Scope(
        locals=binds(ast.Module(body, [])) | bound,
        modules=frozenset({"math"}),
        known=frozenset(known.split()),
        always_live=frozenset(),
        at_module_level=False,
    )
    rewritten = rewrite_body(body, scope, frozenset(after.split()), bound)
    module = ast.fix_missing_locations(ast.Module(rewritten, []))
    compile(ast.Module([function_of(module.body)], []), "<test>", "exec")
    return scope.regions


def function_of(body: list[ast.stmt]) -> ast.stmt:
    """The statements inside a function, so that `return` may stand among them."""
    made = ast.parse("def f(): pass").body[0]
    assert isinstance(made, ast.FunctionDef)
    made.body = body
    return ast.fix_missing_locations(made)


def lines(found: list[Region]) -> list[tuple[int, int]]:
    return [(r.statements[0].lineno, r.statements[-1].end_lineno or 0) for r in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for i in range(n):\n    x[i] = 1", [(1, 2)]),
        ("print(n)\nfor i in range(n):\n    x[i] = 1\nprint(n)", [(2, 3)]),
        ("while n:\n    n -= 1\nk = n + 1\nwhile k:\n    k -= 1", [(1, 5), (1, 2), (4, 5)]),
        ("for i in range(n):\n    x[i] = 1\nk = x[1:]\nfor v in k:\n    n += v", [(1, 2), (4, 5)]),
        ("for i in range(n):\n    print(i)\n    for j in range(n):\n        x[j] = i", [(3, 4)]),
        ("with n:\n    for i in range(n):\n        x[i] = 1", [(2, 3)]),
        ("try:\n    for i in range(n):\n        x[i] = 1\nfinally:\n    pass", [(2, 3)]),
        ("if n:\n    for i in range(n):\n        x[i] = 1", [(1, 3), (2, 3)]),
        ("while n:\n    for i in range(n):\n        yield i\n        break", []),
        ("while n:\n    if n:\n        break\n    while x:\n        n = 0", [(1, 5), (4, 5)]),
        ("x = n", []),
    ],
)  # fmt: skip
def test_runs(text, expected):
    assert lines(regions(text)) == expected


@pytest.mark.parametrize(
    ("text", "after", "live_in", "live_out"),
    [
        ("for i in range(n):\n    x[i] = 1", "", "n range x", ""),
        ("for i in range(n):\n    x[i] = 1", "i", "n range x", "i"),
        ("s = 0\nfor i in range(n):\n    s += x[i]", "s", "n range s x", "s"),
        ("for i in range(n):\n    t = x[i]\n    x[i] = t * t", "t", "n range x", "t"),
        ("for i in range(n):\n    x[i] = math.sqrt(i)", "", "n range x math.sqrt", ""),
        ("for i in range(n):\n    x[i] = g(i)", "", "g n range x", ""),
        ("for i in range(n):\n    if x[i]:\n        t = i\n    x[i] = t", "", "n range t x", ""),
        ("for n in range(n):\n    x[n] = n", "n", "n range x", "n"),
        ("for i in range(n):\n    pass\ndel i", "", "n range", "i"),
        ("k = 0\nwhile k < n:\n    k += 1", "", "k n", ""),
        ("k = 0\nwhile (v := x[k]) < n:\n    k += 1", "v", "k n x", "v"),
    ],
)  # fmt: skip
def test_names(text, after, live_in, live_out):
    region = regions(text, after)[-1] if text.startswith("k") else regions(text, after)[0]
    assert set(region.live_in) == set(live_in.split())
    assert set(region.live_out) == set(live_out.split())


def test_returns_are_told():
    (first, second) = regions(
        "for i in range(n):\n    return i\nx = [1]\nfor i in range(n):\n    x = i"
    )
    assert (first.returns, second.returns) == (True, False)


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("y = x", "x", ""),
        ("if c:\n    y = 1\nelse:\n    y = z", "c z", "y"),
        ("if c:\n    y = 1", "c y", "y"),
        ("while c:\n    y = y + 1", "c y", ""),
        ("for y in z:\n    pass", "z y", "y"),
        ("for y in z:\n    if c: break\nelse:\n    y = 0", "c z", "y"),
        ("try:\n    y = f()\nexcept E:\n    y = g", "E f g y", "y"),
        ("with a as b:\n    y = b", "a y", "y"),
        ("return y", "y", "z"),
        ("y += 1", "y", ""),
        ("del y", "y", ""),
        ("def f():\n    return y", "y", ""),
        ("y = [y for y in z]", "z", ""),
        ("y = [y for x in y]", "y", ""),
        ("x = sum(y + b for b in b if c)", "b c sum y", "x"),
        ("raise E", "E", "y"),
        ("y: int = z", "z", "y"),
        ("y: int", "int y", "y"),
        ("import y", "", "y"),
    ],
)
def test_live_before(text, before, after):
    found = live_before(ast.parse(text).body, frozenset(after.split()))
    needed = set(before.split())
    assert found >= needed - {"b"}
    assert found - needed <= {"b", "int"}


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("y = 1", "y"),
        ("if c:\n    y = z = 1\nelse:\n    y = 2", "y"),
        ("if c:\n    y = 1\nelse:\n    raise E", "y"),
        ("for i in x:\n    y = 1", ""),
        ("while c:\n    y = 1", ""),
        ("try:\n    y = 1\nexcept E:\n    pass", ""),
        ("a, (b, *c) = z", "a b c"),
        ("y = 1\ndel y", ""),
        ("def f(): pass\nclass C: pass\nimport a.b, c as d", "C a d f"),
        ("x[0] = 1", ""),
    ],
)
def test_bound_after(text, bound):
    assert bound_after(ast.parse(text).body, frozenset()) == frozenset(bound.split())


def test_reads_and_binds():
    text = "def f(a):\n    global g\n    b = a + c\n[i for i in z]\nlambda q: w\nexcept_ = 1"
    tree = ast.parse(text)
    assert {"c", "z", "w"} <= reads(tree)
    assert binds(tree) == {"f", "except_"}
    match = "match v:\n    case [a, *b]:\n        c = 1\n    case {'k': d, **e}:\n        pass"
    assert binds(ast.parse(match)) == set("abcde")


@pytest.mark.parametrize(
    ("text", "plausible", "plain"),
    [
        ("for i in range(3):\n    x[i] = i", True, True),
        ("y = x[1:]", True, False),
        ("y = f(x)", True, False),
        ("y = len(x)", True, True),
        ("y = [1]", False, True),
        ("y = {}", False, True),
        ("y = f'{x}'", False, True),
        ("print(x)", False, False),
        ("break", False, True),
        ("while x:\n    break", True, True),
        ("for i in x:\n    pass\nelse:\n    break", False, True),
        ("with x:\n    pass", False, True),
        ("a, *b = x", False, True),
        ("yield x", False, False),
        ("y = await x", False, True),
    ],
)
def test_plausible(text, plausible, plain):
    (outer,) = ast.parse(f"async def f():\n{textwrap.indent(text, '    ')}").body
    assert isinstance(outer, ast.AsyncFunctionDef)
    (stmt,) = outer.body
    assert (is_plausible(stmt), is_plain(stmt)) == (plausible, plain)
