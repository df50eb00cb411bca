"""What became of each loop, and why: for `explain`, in the user's own source.

A loop's verdict is "parallel" (its iterations are independent, perhaps under a guard that is
tested when it is reached), "serial" (compiled, in order) or "python" (left to CPython).
"""

from __future__ import annotations

import ast
import builtins
import linecache
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from conure.analysis.parallel import Judge, Parallel, Serial, Verdict, Verdicts, judge_of
from conure.configuration import Config
from conure.dispatch import Dispatcher
from conure.errors import Reason
from conure.foresight import foresee
from conure.frontend.lowered import Lowered, ScalarOutcome
from conure.frontend.plausible import first_refused, holds_loop
from conure.frontend.source import parse_function, parse_text
from conure.ir.nodes import For, Local, Param, Program, Reduction, Store
from conure.ir.text import show
from conure.ir.types import SCALARS, Scalar
from conure.ir.walk import statements
from conure.passes.distribute import distribute
from conure.passes.peel import ENDS
from conure.passes.place import HOST
from conure.passes.privatize import LAST
from conure.pipeline import PROVE, TIDY, decide, split_where_parallel
from conure.runtime.devices import target_of
from conure.signature import UNBOUND, Signature, describe
from conure.target import DEVICES


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
        Where it runs: "cpu", the device that was named, or "python".
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
        if self.device not in ("cpu", "python"):
            parts.append(f"on {self.device}")
        if self.guard is not None:
            parts.append(f"if {self.guard}")
        if self.reductions:
            parts.append("with reductions " + ", ".join(self.reductions))
        text = " ".join(parts)
        return f"{text}: {self.reason}" if self.reason else text


@dataclass(frozen=True)
class Explanation:
    """The loops of one function, or of a script; `str()` is the annotated source.

    Attributes
    ----------
    file, function
        Where they stand.
    loops
        A report for each, in the order of the source.
    spans
        The lines to show, as pairs of first and last line.
    reason
        Why the whole function is left to Python; empty if it is not.
    """

    file: str
    function: str
    loops: list[LoopReport] = field(default_factory=list)
    spans: tuple[tuple[int, int], ...] = ()
    reason: str = ""

    def lines(self) -> Iterator[tuple[int, str, LoopReport | None]]:
        """What is shown, line by line: the number, the source and no report; or, above the line
        of its loop, the text and the report of a loop. The number 0 stands between spans."""
        reports: dict[int, list[LoopReport]] = {}
        for loop in self.loops:
            reports.setdefault(loop.line, []).append(loop)
        for position, (first, last) in enumerate(self.spans):
            if position:
                yield 0, "", None
            for number in range(first, last + 1):
                text = linecache.getline(self.file, number).rstrip("\n")
                indent = " " * (len(text) - len(text.lstrip()))
                for report in reports.get(number, ()):
                    yield number, f"{indent}# {report.note()}", report
                yield number, text, None

    def title(self) -> str:
        """Whose loops these are."""
        place = f"{self.file}:{self.spans[0][0]}" if self.spans else self.file
        said = self.reason or ("" if self.loops else "no loops")
        return f"{self.function} ({place}){': ' if said else ''}{said}"

    def __str__(self) -> str:
        shown = [self.title()]
        for number, text, report in self.lines():
            margin = "..." if not number else str(number) if report is None else ""
            shown.append(f"{margin:>5} | {text}".rstrip() if number else f"{margin:>5}")
        return "\n".join(shown)


def explain_function(
    function: Any, dispatchers: Sequence[Dispatcher], known: dict[str, Any], left_alone: str = ""
) -> Explanation:
    """Walk through the function's statements as they would run, region by region."""
    node = parse_function(function)
    code = function.__code__
    if isinstance(node, Reason):
        reason = left_alone or node.message
        return Explanation(code.co_filename, function.__name__, reason=reason)
    walker = _Walker(dispatchers, known)
    walker.walk(node.body)
    walker.rest_to_python(node)
    found = [walker.loops[place] for place in sorted(walker.loops)]
    span = (code.co_firstlineno, node.end_lineno or node.lineno)
    return Explanation(code.co_filename, function.__name__, found, (span,), left_alone)


def explain_run(
    dispatchers: Iterable[Dispatcher], path: str, function: str | None = None
) -> Explanation:
    """What became of the loops of a file in the run that just ended; of one function if named
    (then without lines if the file has no such function)."""
    loops: dict[tuple[int, int], LoopReport] = {}
    for dispatcher in sorted(dispatchers, key=lambda d: d.place.line):
        for variant in dispatcher.variants.values():
            reports = region_reports(dispatcher, variant.signature, variant.config)
            for place, report in reports.items():
                if place not in loops or loops[place].verdict == "python":
                    loops[place] = report
    tree = parse_text(Path(path).read_bytes(), path)
    spans = tuple(_spans(tree, function))
    for loop in ast.walk(tree):
        if isinstance(loop, ast.For | ast.While):
            place = (loop.lineno, loop.col_offset)
            refused = first_refused(loop) is not None
            reason = _refusal(loop) if refused else "it was not reached"
            loops.setdefault(place, _left_to_python(loop.lineno, reason))
    inside = [
        loops[place]
        for place in sorted(loops)
        if any(first <= place[0] <= last for first, last in spans)
    ]
    return Explanation(path, function or "script", inside, spans)


def _spans(tree: ast.Module, function: str | None) -> Iterator[tuple[int, int]]:
    """The lines of the named function or method, or of all top-level statements with loops."""
    named = ast.FunctionDef | ast.AsyncFunctionDef
    for stmt in tree.body if function is None else ast.walk(tree):
        wanted = (
            holds_loop(stmt)
            if function is None and isinstance(stmt, ast.stmt)
            else isinstance(stmt, named) and stmt.name == function
        )
        if wanted and isinstance(stmt, ast.stmt):
            decorators = [d.lineno for d in getattr(stmt, "decorator_list", ())]
            yield min([stmt.lineno, *decorators]), stmt.end_lineno or stmt.lineno


Place = tuple[int, int]

_SUFFIX: Final = re.compile(rf"\b([A-Za-z_]\w*)(?:\.(?:\d+|{'|'.join(SCALARS)}|cell|tmp))+\b")
_HIDDEN: Final = (".kind", ".bound")
_OPERATORS: Final = {
    "add": "+", "mul": "*", "minimum": "min", "maximum": "max", "fmin": "min", "fmax": "max",
    "less": "min", "less_equal": "min", "greater": "max", "greater_equal": "max",
    "bitand": "&", "bitor": "|", "bitxor": "^",
}  # fmt: skip
_NOT_ACCEPTED = "it holds statements that are not of the accepted language"
_SHOWN: Final = 40  # characters of what is refused


def _refusal(loop: ast.For | ast.While) -> str:
    """Why a loop is no region: the first thing in it that is not compiled."""
    node = first_refused(loop)
    if node is None:
        return _NOT_ACCEPTED
    text = ast.unparse(node).split("\n")[0]
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return f"line {node.lineno}: `{shown}` is not compiled"


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
            region = dispatcher.region
            signature = describe(region.live_in, values, region.fields)
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
                self.loops.setdefault(place, _left_to_python(loop.lineno, _refusal(loop)))


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
    whole_arrays = not dispatcher.region.holds_loop
    if isinstance(lowered, Reason):
        text = lowered.message + (f" ({lowered.hint})" if lowered.hint else "")
        at = f"line {lowered.loc.line}: {text}"
        if whole_arrays:
            line, column = dispatcher.place.line, dispatcher.place.column
            return {(line, column): _left_to_python(line, at)}
        return {(node.lineno, node.col_offset): _left_to_python(node.lineno, at) for node in loops}
    program = decide(lowered.program, config, False, TIDY + PROVE)
    exact = config.float_order == "exact"
    judge = judge_of(program, exact)
    verdicts = judge.all()
    verdicts |= _split(program, judge, config)
    verdicts |= _distributed(program, verdicts, exact)
    compiled: dict[Place, For] = {}
    for stmt in statements(program):
        if isinstance(stmt, For) and not {ENDS, LAST} & set(stmt.notes):
            compiled.setdefault((stmt.loc.line, stmt.loc.column), stmt)
    inlined = {
        place: _compiled_report(loop, verdicts)
        for place, loop in compiled.items()
        if loop.loc.file == dispatcher.file
        and (whole_arrays or loop.loc.function != dispatcher.function)
    }
    found = inlined | {
        (node.lineno, node.col_offset): _report(node, compiled, verdicts) for node in loops
    }
    ends = {(node.lineno, node.col_offset): node.end_lineno or node.lineno for node in loops}
    return _placed(found, ends, lowered.program, config)


def _placed(
    found: dict[Place, LoopReport], ends: Mapping[Place, int], program: Program, config: Config
) -> dict[Place, LoopReport]:
    """The reports with the device that a named one's nests run on, or why they do not. Loops may
    have been fused, so it is their statements that are looked for; `ends` are the last lines."""
    if config.device not in DEVICES:
        return found
    there: set[int] = set()
    reasons: dict[int, str] = {}
    for stmt in statements(decide(program, config, False, device=target_of(config.device))):
        if not isinstance(stmt, For):
            continue
        lines = {inner.loc.line for inner in statements(stmt)}
        if stmt.mark.kind == "grid":
            there |= lines
        for note in stmt.notes:
            if note.startswith(HOST):
                reasons |= dict.fromkeys(lines, _plain(note.removeprefix(HOST)))
    for place, report in found.items():
        span = range(place[0], ends.get(place, place[0]) + 1)
        if there.intersection(span):
            found[place] = replace(report, device=config.device)
            continue
        reason = next((reasons[line] for line in span if line in reasons), "")
        if reason and report.verdict == "parallel":
            found[place] = replace(report, reason=f"not on the device: {reason}")
    return found


def _split(program: Program, judge: Judge, config: Config) -> dict[str, Verdict]:
    """Serial loops that are cut where their parts are parallel, with a reason that says so."""
    verdicts = Verdicts(judge)
    made, other = split_where_parallel(program, judge, config)
    if made is program:
        return {}
    judged = Verdicts(other)
    parts = [s for s in statements(made) if isinstance(s, For) and s.index not in verdicts]
    found: dict[str, Verdict] = {}
    for loop in (s for s in statements(program) if isinstance(s, For)):
        verdict = verdicts[loop.index]
        if not isinstance(verdict, Serial):
            continue
        free = [p for p in parts if p.loc == loop.loc and isinstance(judged[p.index], Parallel)]
        if len(free) > 1:
            hint = f"parallel before and after {_plain(show(free[0].stop))}"
            found[loop.index] = replace(verdict, reason=replace(verdict.reason, hint=hint))
    return found


def _distributed(
    program: Program, verdicts: Mapping[str, Verdict], exact: bool
) -> dict[str, Verdict]:
    """Serial loops that become several loops, with a reason that says which lines are parallel."""
    made = distribute(program, verdicts, exact)
    if made is program:
        return {}
    parts = [s for s in statements(made) if isinstance(s, For)]
    judged = Verdicts(judge_of(made, exact))
    found: dict[str, Verdict] = {}
    for loop in (s for s in statements(program) if isinstance(s, For)):
        verdict = verdicts[loop.index]
        own = [each for each in parts if each.loc == loop.loc]
        if not isinstance(verdict, Serial) or len(own) < 2:
            continue
        free = [each for each in own if isinstance(judged[each.index], Parallel)]
        if free:
            stores = (s for each in free for s in statements(each) if isinstance(s, Store))
            lines = sorted({store.loc.line for store in stores})
            what = f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"
            hint = f"{what}: parallel, in a loop apart"
            found[loop.index] = replace(verdict, reason=replace(verdict.reason, hint=hint))
    return found


def _report(
    node: ast.For | ast.While, compiled: dict[Place, For], verdicts: Mapping[str, Verdict]
) -> LoopReport:
    loop = compiled.get((node.lineno, node.col_offset))
    if loop is None:
        is_while = isinstance(node, ast.While)
        reason = "a while loop runs in order" if is_while else "no turn of it has an effect"
        return LoopReport(node.lineno, "serial", None, reason)
    return _compiled_report(loop, verdicts)


def _compiled_report(loop: For, verdicts: Mapping[str, Verdict]) -> LoopReport:
    line, verdict = loop.loc.line, verdicts[loop.index]
    match verdict:
        case Parallel():
            guard = None if verdict.guard is None else _plain(show(verdict.guard))
            named = [each for each in verdict.reductions if not each.name.endswith(_HIDDEN)]
            sums = tuple(_accumulated(each) for each in named)
            return LoopReport(line, "parallel", guard, "", sums)
        case Serial(reason=reason):
            places = [reason.loc, *(loc for loc, _ in reason.related)]
            lines = sorted({loc.line for loc in places if loc.line > 0} - {line})
            where = f" (line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))})"
            text = _plain(reason.message) + (where if lines else "")
            return LoopReport(line, "serial", None, text + _help(reason))


def _accumulated(reduction: Reduction) -> str:
    """`s: +`, or `best: max with at`."""
    names = [_plain(name).split(".")[-1] for name in (reduction.name, *reduction.companions)]
    operator = _OPERATORS.get(reduction.op, reduction.op)
    return " with ".join([f"{names[0]}: {operator}", *names[1:]])


def _plain(text: str) -> str:
    """Text with the user's names for the compiler's: `s` for `s.f64`, `i` for `i.1`."""
    return _SUFFIX.sub(r"\1", text).replace("?", "")


def _help(reason: Reason) -> str:
    return f"; {reason.hint}" if reason.hint else ""
