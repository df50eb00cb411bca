"""What a method reads of its object.

>>> class Box:
...     def area(self):
...         return self.width * self.height
>>> attributes_of_self(Box.area.__code__, Box.area)
('height', 'width')
"""

from __future__ import annotations

import ast
from functools import lru_cache
from types import CodeType, FunctionType

from conure.errors import Reason
from conure.frontend.source import parse_function


@lru_cache(maxsize=1024)
def attributes_of_self(code: CodeType, function: FunctionType) -> tuple[str, ...] | None:
    """The attributes that a method reads of its first argument, if it does nothing else with it.

    `code` is the function's: another one is another question.
    """
    node = parse_function(function)
    if isinstance(node, Reason) or not node.args.args:
        return None
    owner = node.args.args[0].arg
    rooted: set[int] = set()
    found: set[str] = set()
    for inner in ast.walk(node):
        match inner:
            case ast.Attribute(value=ast.Name(id=name) as root, attr=attribute, ctx=ctx):
                if name == owner:
                    if not isinstance(ctx, ast.Load):
                        return None
                    rooted.add(id(root))
                    found.add(attribute)
            case _:
                pass
    bare = (
        inner
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and inner.id == owner and id(inner) not in rooted
    )
    return tuple(sorted(found)) if next(bare, None) is None else None
