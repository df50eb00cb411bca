"""What is said of a loop: its iterations may run in any order, or the reason why not."""

from __future__ import annotations

import linecache
import re
from dataclasses import dataclass
from typing import Final

from conure.analysis.access import Access, Loop
from conure.analysis.affine import Poly
from conure.errors import NOWHERE, Loc, Reason
from conure.ir.nodes import Expr, Load, Reduction
from conure.ir.text import show
from conure.ir.walk import walk


@dataclass(frozen=True)
class Parallel:
    """The iterations are independent (where `guard` holds), apart from the reductions; the fields
    are those of `ir.nodes.Mark`."""

    guard: Expr | None = None
    reductions: tuple[Reduction, ...] = ()
    private: tuple[str, ...] = ()
    last: tuple[str, ...] = ()


@dataclass(frozen=True)
class Serial:
    """The iterations depend on their order. `kind`: flow, anti, output, scalar or control."""

    reason: Reason
    kind: str
    first: Access | None = None
    second: Access | None = None
    distance: int | None = None


Verdict = Parallel | Serial


def conflict(
    first: Access, second: Access, distance: int | None, direction: int, loop: Loop
) -> Serial:
    """The reason: which accesses meet, and how. `distance`: how many iterations after the first
    the second touches the cell; `direction` is the sign of the loop's step."""
    if distance is not None and distance * direction < 0:
        first, second, distance = second, first, -distance
    elif distance is None and not first.write:
        first, second = second, first
    kind = "output" if first.write and second.write else "flow" if first.write else "anti"
    message = _message(first, second, kind, abs(distance or 0), loop)
    related = ((second.loc, f"{subscripted(second)} is here"),) if second.loc != NOWHERE else ()
    reason = Reason(message, place(first.loc, loop), "", related)
    return Serial(reason, kind, first, second, None if distance is None else abs(distance))


def _message(first: Access, second: Access, kind: str, distance: int, loop: Loop) -> str:
    indirect = [a for a in (first, second) if a.write and any(unknown(p) for p in a.index)]
    if indirect:
        where = subscripted(indirect[0])
        return f"{where} is written at a subscript not known before the loop, perhaps twice"
    one, two = subscripted(first), subscripted(second)
    if kind == "output":
        if one == two:
            return f"{one} may be written by more than one iteration of {spoken(loop.index)}"
        return f"{one} and {two} may write the same element in different iterations"
    if distance:
        gap = f"{distance} iteration{'s' if distance > 1 else ''} before"
        if kind == "flow":
            return f"{two} reads in a later iteration what {one} wrote {gap}"
        return f"{two} overwrites what {one} read {gap}"
    if kind == "flow":
        return f"{two} may read what {one} wrote in another iteration"
    return f"{two} may overwrite what {one} read in another iteration"


def unknown(poly: Poly) -> bool:
    """Whether something loaded or computed decides it."""
    loaded = any(isinstance(node, Load) for node in walk(poly.atoms))
    return loaded or any("@" in name for name in poly.names)


def subscripted(access: Access) -> str:
    """The access as the user wrote it, or else as the program has it."""
    loc = access.loc
    line = linecache.getline(loc.file, loc.line).encode() if loc.line == loc.end_line > 0 else b""
    text = line[loc.column : loc.end_column].decode(errors="replace").strip()
    array = spoken(access.array)
    written = _leading(text, array)
    if written and _AUGMENTED.match(text[len(written) :]):
        return written
    index = ", ".join(show(expr).replace("?", "") for expr in access.subscript)
    return f"{array}[{spoken(index)}]"


_AUGMENTED: Final = re.compile(r"$|\s*([-+*/%&|^@]|//|\*\*|<<|>>)=")


def _leading(text: str, array: str) -> str:
    """The subscripted array that a text begins with: `a[i]` of `a[i] += b[i]`; else nothing."""
    if not text.startswith(f"{array}["):
        return ""
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if at >= len(array) and not depth and text[at + 1 : at + 2] != "[":
            return text[: at + 1]
    return ""


def spoken(text: str) -> str:
    """Names as the user knows them: whatever follows a dot in a name was added."""
    return re.sub(r"\b([^\W\d]\w*)\.[\w.]+", r"\1", text)


def place(loc: Loc, loop: Loop) -> Loc:
    """A place, or that of the loop where it has none."""
    return loop.statement.loc if loc == NOWHERE else loc
