"""What became of each loop, and why: for `explain`, in the user's own source.

A loop's verdict is "parallel" (its iterations are independent, perhaps under a guard that is
tested when it is reached), "serial" (compiled, in order) or "python" (left to CPython).
"""

from __future__ import annotations

import ast
import builtins
import linecache
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from conure.analysis.parallel import Parallel, Serial, judge_all
from conure.configuration import Config
from conure.dispatch import Dispatcher
from conure.errors import Reason
from conure.foresight import foresee
from conure.frontend.lowered import Lowered, ScalarOutcome
from conure.frontend.source import parse_function, parse_text
from conure.ir.nodes import For, Local, Param
from conure.ir.text import show
from conure.ir.types import Scalar
from conure.ir.walk import statements
from conure.pipeline import PROVE, TIDY, decide
from conure.signature import UNBOUND, Signature, describe


@dataclass(frozen=True)
class LoopReport:
    """One loop of the user's source.

    Attributes
    ----------
    line
        Where its `for` or `while` stands.
    verdict
        "parallel", "serial" (compiled) or "python" (left to CPython).
    guard
        The condition under which it is parallel, as text; None: always.
    reason
        Why it is not parallel, or not compiled; empty for parallel loops.
    reductions
        What it accumulates, as "name: operator".
    device
        Where it runs: "cpu" or "python".
    """

    line: int
    verdict: str
    guard: str | None = None
    reason: str = ""
    reductions: tuple[str, ...] = ()
    device: str = "cpu"

    def note(self) -> str:
        """One line for the margin."""
        parts = [self.verdict]
        if self.guard is not None:
            parts.append(f"if {self.guard}")
        if self.reductions:
            parts.append("with reductions " + ", ".join(self.reductions))
        text = " ".join(parts)
        return f"{text}: {self.reason}" if self.reason else text


@dataclass(frozen=True)
class Explanation:
    """The loops of one function for given arguments; `str()` is the annotated source."""

    file: str
    function: str
    loops: list[LoopReport] = field(default_factory=list)
    first_line: int = 1
    last_line: int = 0

    def __str__(self) -> str:
        notes: dict[int, list[str]] = {}
        for loop in self.loops:
            notes.setdefault(loop.line, []).append(loop.note())
        lines = [f"{self.function} ({self.file}:{self.first_line})"]
        for number in range(self.first_line, self.last_line + 1):
            text = linecache.getline(self.file, number).rstrip("\n")
            indent = " " * (len(text) - len(text.lstrip()))
            lines += [f"{'':>6}| {indent}# {note}" for note in notes.get(number, ())]
            lines.append(f"{number:>5} | {text}".rstrip())
        return "\n".join(lines)


def explain_function(
    function: Any, dispatchers: Sequence[Dispatcher], known: dict[str, Any]
) -> Explanation:
    """Walk through the function's statements as they would run, region by region."""
    node = parse_function(function)
    code = function.__code__
    if isinstance(node, Reason):
        return Explanation(code.co_filename, function.__name__)
    walker = _Walker(dispatchers, known)
    walker.walk(node.body)
    walker.rest_to_python(node)
    found = sorted(walker.loops.values(), key=lambda loop: loop.line)
    last = node.end_lineno or node.lineno
    return Explanation(code.co_filename, function.__name__, found, code.co_firstlineno, last)


def explain_run(dispatchers: Iterable[Dispatcher], path: str) -> str:
    """The whole file with what became of its loops in the run that just ended."""
    loops: dict[tuple[int, int], LoopReport] = {}
    for dispatcher in sorted(dispatchers, key=lambda d: d.place.line):
        for variant in dispatcher.variants.values():
            for place, report in region_reports(
                dispatcher, variant.signature, variant.config
            ).items():
                if place not in loops or loops[place].verdict == "python":
                    loops[place] = report
    with open(path, encoding="utf-8") as file:
        tree = parse_text(file.read(), path)
    for loop in ast.walk(tree):
        if isinstance(loop, ast.For | ast.While):
            place = (loop.lineno, loop.col_offset)
            loops.setdefault(place, _left_to_python(loop.lineno, _NOT_SEEN))
    last = max((node.end_lineno or 1 for node in tree.body), default=1)
    return str(Explanation(path, "script", [loops[place] for place in sorted(loops)], 1, last))


Place = tuple[int, int]

_NOT_SEEN = "not reached, or not of the accepted language"
_NOT_ACCEPTED = "it holds statements that are not of the accepted language"


def _left_to_python(line: int, reason: str) -> LoopReport:
    return LoopReport(line, "python", None, reason, (), "python")


class _Walker:
    """Follows the statements, with what is known of the values of names."""

    def __init__(self, dispatchers: Sequence[Dispatcher], known: dict[str, Any]) -> None:
        self.by_start: dict[Place, list[Dispatcher]] = {}
        for dispatcher in dispatchers:
            first = dispatcher.region.statements[0]
            self.by_start.setdefault((first.lineno, first.col_offset), []).append(dispatcher)
        self.known = known
        self.loops: dict[Place, LoopReport] = {}

    def walk(self, body: Sequence[ast.stmt]) -> None:
        position = 0
        while position < len(body):
            stmt = body[position]
            taken = self._region((stmt.lineno, stmt.col_offset))
            if taken:
                position += taken
                continue
            self._descend(stmt)
            position += 1

    def _region(self, place: Place) -> int:
        """Try the regions that start here, widest first; how many statements one took."""
        for dispatcher in self.by_start.get(place, ()):
            values = [self._look(name) for name in dispatcher.region.live_in]
            signature = describe(dispatcher.region.live_in, values)
            lowered = dispatcher.lower(signature)
            reports = region_reports(dispatcher, signature, dispatcher.config(), lowered)
            if isinstance(lowered, Lowered):
                self.loops |= reports
                self._results(dispatcher, lowered)
                return len(dispatcher.region.statements)
            for where, report in reports.items():
                self.loops.setdefault(where, report)
        return 0

    def _descend(self, stmt: ast.stmt) -> None:
        bodies = [getattr(stmt, name, []) for name in ("body", "orelse", "finalbody")]
        if not any(bodies) or isinstance(stmt, ast.FunctionDef | ast.ClassDef):
            foresee([stmt], self.known)
            return
        if isinstance(stmt, ast.For):
            self._sample_target(stmt)
        for body in bodies:
            self.walk(body)

    def _sample_target(self, stmt: ast.For) -> None:
        is_range = isinstance(stmt.iter, ast.Call) and isinstance(stmt.iter.func, ast.Name)
        if isinstance(stmt.target, ast.Name) and is_range:
            self.known[stmt.target.id] = 1
        else:
            foresee([stmt], self.known)

    def _look(self, name: str) -> object:
        root, *attributes = name.split(".")
        value = self.known.get(root, getattr(builtins, root, UNBOUND))
        for attribute in attributes:
            value = getattr(value, attribute, UNBOUND)
        return value

    def _results(self, dispatcher: Dispatcher, lowered: Lowered) -> None:
        """Samples of the types that the region leaves in its live-outs."""
        types: dict[str, Scalar] = {}
        for declared in (*lowered.program.params, *lowered.program.locals):
            if isinstance(declared, Param | Local) and isinstance(declared.type, Scalar):
                types[declared.name] = declared.type
        for name, outcome in lowered.outcomes:
            if isinstance(outcome, ScalarOutcome):
                type_ = types.get(lowered.program.results[outcome.position].name)
                if type_ is not None:
                    self.known[name] = _sample(type_)

    def rest_to_python(self, node: ast.FunctionDef) -> None:
        """Loops that no region holds."""
        for loop in ast.walk(node):
            if isinstance(loop, ast.For | ast.While):
                place = (loop.lineno, loop.col_offset)
                self.loops.setdefault(place, _left_to_python(loop.lineno, _NOT_ACCEPTED))


def _sample(type_: Scalar) -> object:
    one = type_.dtype.type(1)
    return one.item() if type_.python else one


def region_reports(
    dispatcher: Dispatcher,
    signature: Signature,
    config: Config,
    lowered: Lowered | Reason | None = None,
) -> dict[Place, LoopReport]:
    """A report for each loop of a region, by line and column."""
    if lowered is None:
        lowered = dispatcher.lower(signature)
    loops = [
        node
        for stmt in dispatcher.region.statements
        for node in ast.walk(stmt)
        if isinstance(node, ast.For | ast.While)
    ]
    if isinstance(lowered, Reason):
        text = lowered.message + (f" ({lowered.hint})" if lowered.hint else "")
        at = f"line {lowered.loc.line}: {text}"
        return {(node.lineno, node.col_offset): _left_to_python(node.lineno, at) for node in loops}
    program = decide(lowered.program, config, False, TIDY + PROVE)
    verdicts = judge_all(program, config.float_order == "exact")
    compiled: dict[Place, For] = {}
    for stmt in statements(program):
        if isinstance(stmt, For):
            compiled.setdefault((stmt.loc.line, stmt.loc.column), stmt)
    return {(node.lineno, node.col_offset): _report(node, compiled, verdicts) for node in loops}


def _report(
    node: ast.For | ast.While, compiled: dict[Place, For], verdicts: dict[str, Parallel | Serial]
) -> LoopReport:
    loop = compiled.get((node.lineno, node.col_offset))
    if loop is None:
        reason = "a while loop runs in order" if isinstance(node, ast.While) else "it never runs"
        return LoopReport(node.lineno, "serial", None, reason)
    verdict = verdicts[loop.index]
    match verdict:
        case Parallel():
            guard = None if verdict.guard is None else show(verdict.guard)
            sums = tuple(f"{r.name}: {r.op}" for r in verdict.reductions)
            return LoopReport(node.lineno, "parallel", guard, "", sums)
        case Serial():
            reason = verdict.reason
            text = reason.message + (f"; {reason.hint}" if reason.hint else "")
            return LoopReport(node.lineno, "serial", None, text)
