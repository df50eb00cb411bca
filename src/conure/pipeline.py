"""THE list of stages from a lowered program to an artifact, one row each.

`decide` runs the stages that rewrite the program; `make` adds code generation. A careful program
keeps every check; a fast one has its checks proven away or assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from conure.analysis.legality import Yes, may_interchange
from conure.analysis.parallel import Judge, Parallel, Verdicts, judge_of
from conure.artifact import Artifact
from conure.codegen.assemble import assemble
from conure.codegen.assemble_kernels import assemble_kernels
from conure.codegen.cpu import generate
from conure.codegen.grid import embed
from conure.configuration import Config
from conure.errors import CompileError, Reason, UnsupportedError
from conure.ir.check import check
from conure.ir.nodes import Alloc, Expr, For, Program
from conure.ir.ops import integer
from conure.ir.text import show
from conure.ir.walk import statements
from conure.passes.band import band
from conure.passes.branch import branch
from conure.passes.contract import contract
from conure.passes.direct import direct
from conure.passes.distribute import distribute
from conure.passes.fuse import fuse
from conure.passes.induct import induct
from conure.passes.interchange import interchange
from conure.passes.jam import jam
from conure.passes.lanes import lanes
from conure.passes.lift import lift
from conure.passes.pack import pack
from conure.passes.panel import panel
from conure.passes.parallelize import parallelize
from conure.passes.part import part
from conure.passes.peel import peel
from conure.passes.place import HOST, place
from conure.passes.privatize import privatize
from conure.passes.recall import recall
from conure.passes.recompute import recompute
from conure.passes.scalarize import scalarize
from conure.passes.search import search
from conure.passes.settle import settle
from conure.passes.simplify import simplify
from conure.passes.sink import sink
from conure.passes.split import split, split_points
from conure.passes.tidy import tidy
from conure.passes.tile import tile
from conure.passes.uncheck import uncheck
from conure.record import Record
from conure.runtime.devices import target_of
from conure.runtime.events import note
from conure.schedule.bands import ROWS, bands_pay
from conure.schedule.choose import choose
from conure.schedule.fusion import Grouper, worth_recomputing
from conure.schedule.grid import Grids, grids
from conure.schedule.order import free, swaps
from conure.schedule.packing import packings
from conure.target import Target, host


class Setting(Record):
    """What a stage may depend on besides the program."""

    target: Target
    config: Config
    careful: bool
    known: list[tuple[Program, Judge]]
    device: Target | None = None

    @property
    def host_alone(self) -> bool:
        """Whether what serves the host's caches and vectors may be done to a fast program."""
        return not self.careful and self.device is None

    @property
    def exact(self) -> bool:
        """Whether float sums keep Python's order."""
        return self.config.float_order == "exact"

    def may_try(self, program: Program) -> bool:
        """Whether forms of the program are to be tried that may be no better than it is."""
        return not self.careful or len(list(statements(program))) <= _SMALL

    def judge(self, program: Program) -> Judge:
        """Who answers for the program's loops; the last ones' answers are known still."""
        for known, judge in self.known:
            if known.body is program.body and known.locals == program.locals:
                return judge
        return self.remember(program, judge_of(program, self.exact))

    def remember(self, program: Program, judge: Judge) -> Judge:
        """This judge answers for this program, should it be asked for next."""
        self.known[1:] = []
        self.known.insert(0, (program, judge))
        return judge

    def judged(self, program: Program) -> Verdicts:
        """The verdict on every loop that is asked about."""
        return Verdicts(self.judge(program))


class Stage(Record):
    """One row: what it is called, what it does, and why it stands where it stands."""

    name: str
    run: Callable[[Program, Setting], Program]
    why: str


def _fuse(program: Program, setting: Setting) -> Program:
    """Fuse; loops are judged as they are asked for."""
    if setting.careful:
        return program
    return fuse(program, Grouper(program, setting.judge(program).verdict))


def _band(program: Program, setting: Setting) -> Program:
    """Run nests in bands; loops are judged as they are asked for."""
    made = any(isinstance(stmt, Alloc) for stmt in statements(program))
    if not (setting.host_alone and made):
        return program
    return band(program, setting.judge(program).verdict, bands_pay, ROWS)


def _arrange(program: Program, setting: Setting) -> Program:
    """Judge and choose once, then apply what was chosen, outer decisions first."""
    verdicts = setting.judged(program)
    found = Grids() if setting.device is None else grids(program, verdicts, setting.device)
    choices = choose(program, verdicts, setting.target, found.nests)
    program = place(program, found.nests, found.reasons)
    program = parallelize(program, choices.marks)
    program = panel(program, choices.panels)
    program = tile(program, choices.tiles)
    program = lanes(program, choices.lanes, choices.masked)
    return jam(program, choices.copies)


def _pack(program: Program, setting: Setting) -> Program:
    """Pack; only where there may be lanes are loops judged."""
    if not setting.host_alone:
        return program
    return pack(program, packings(program, setting.judged(program)))


def _split(program: Program, setting: Setting) -> Program:
    """Split serial loops where that makes parts of them parallel; a few attempts at most, as long
    as the program stays small, and only the loops in question are judged."""
    if not setting.may_try(program):
        return program
    judge = setting.judge(program)
    seen: set[str] = set()
    for _ in range(_MOST_SPLITS):
        found = _where_to_split(program, judge, seen)
        if found is None:
            break
        cut = split(program, *found)
        if len(list(statements(cut))) > _LARGE:
            continue
        new = judge_of(cut, setting.exact)
        parts = [new.verdict(index) for index in new.found.loops if index not in judge.found.loops]
        if sum(isinstance(part, Parallel) for part in parts) >= 2:
            program, judge = cut, new
    setting.remember(program, judge)  # of the attempts, what was refused is of no use
    return program


def split_where_parallel(program: Program, judge: Judge, config: Config) -> tuple[Program, Judge]:
    """What SPLIT makes of a program about whose loops there are answers, and who answers then."""
    setting = Setting(host(), config, False, [(program, judge)])
    made = _split(program, setting)
    return made, setting.judge(made)


def _where_to_split(program: Program, judge: Judge, seen: set[str]) -> tuple[str, Expr] | None:
    """The next loop, of those not yet seen, and a point where it may be worth splitting."""
    for loop in statements(program):
        if isinstance(loop, For) and loop.index not in seen and loop.step == integer(1):
            seen.add(loop.index)
            for point in split_points(loop, judge.verdict(loop.index)):
                return loop.index, point
    return None


def _order(program: Program, setting: Setting) -> Program:
    """Swap loops with the loop inside where that is legal and pays; a few attempts at most."""
    refused: set[tuple[str, str]] = set()
    if not setting.may_try(program):
        return program
    for _ in range(_MOST_SWAPS):
        judge = setting.judge(program)
        wishes = swaps(program, Verdicts(judge))
        wish = next((each for each in wishes if (each.outer, each.inner) not in refused), None)
        if wish is None:
            break
        refused |= {(wish.outer, wish.inner), (wish.inner, wish.outer)}
        swapped = interchange(program, {wish.outer})
        legal = isinstance(may_interchange(judge, wish.outer, wish.inner), Yes)
        if wish.freed or not legal:
            new = judge_of(swapped, setting.exact)
            if not free(new.verdict(wish.inner)):
                continue
            setting.remember(swapped, new)
        program = swapped
    return program


def _scalarize(program: Program, setting: Setting) -> Program:
    """Proofs are asked of the program as it is given: accesses keep their places."""
    judge = setting.judge(program)
    return scalarize(
        program, lambda index, array: judge.cells.alone(judge.found.loops[index], array)
    )


_SMALL: Final = 40  # statements of a careful program
_MOST_SPLITS: Final = 6
_LARGE: Final = 240  # statements of a program, above which it is not made larger to be parallel
_MOST_SWAPS: Final = 8


TIDY: Final = (
    Stage(
        "simplify", lambda p, s: simplify(p), "fold what is constant, so that later stages see less"
    ),
    Stage("tidy", lambda p, s: tidy(p), "drop what nobody reads"),
    Stage("branch", lambda p, s: branch(p), "a best value kept by choice is a reduction"),
)
PROVE: Final = (
    Stage("settle", lambda p, s: settle(p), "tests of extents that are known to pass go away"),
    Stage("direct", lambda p, s: direct(p), "a loop knows in which direction it goes"),
    Stage(
        "induct",
        lambda p, s: p if s.careful else induct(p),
        "what grows steadily depends on the index alone",
    ),
    Stage("recall", lambda p, s: recall(p, s.exact), "what is remembered is computed again"),
    Stage("peel", lambda p, s: peel(p), "only the ends of a loop wrap around"),
    Stage("part", lambda p, s: part(p, s.careful), "or one part of it, as long as it may be"),
    Stage(
        "uncheck",
        lambda p, s: p if s.careful else uncheck(p),
        "assume at entry what cannot be proven",
    ),
    Stage("simplify", lambda p, s: simplify(p), "assumptions that are always true go away"),
    Stage(
        "privatize",
        lambda p, s: privatize(p, s.judge(p)),
        "what is filled anew is private",
    ),
)
SPLIT: Final = Stage(
    "split", _split, "cut loops where their parts are parallel though the whole is not"
)
DISTRIBUTE: Final = Stage(
    "distribute",
    lambda p, s: distribute(p, s.judged(p), s.exact) if s.may_try(p) else p,
    "make several loops of a serial one where some of them are parallel",
)
FUSE: Final = (
    Stage(
        "recompute",
        lambda p, s: p if s.careful else recompute(p, worth_recomputing),
        "what is cheap is rather computed twice than stored",
    ),
    Stage("fuse", _fuse, "what loops over one domain share is read once"),
    Stage(
        "contract",
        lambda p, s: p if s.careful else contract(p),
        "what a fused iteration keeps for itself is a register",
    ),
    Stage("band", _band, "what passes between nests stays in the cache, rows at a time"),
    Stage("tidy", lambda p, s: p if s.careful else tidy(p), "arrays that nobody reads go away"),
)
APPLY: Final = (
    SPLIT,
    DISTRIBUTE,
    Stage(
        "sink",
        lambda p, s: sink(p, s.judged(p)),
        "loops that sum into arrays go inside, where the element is a register",
    ),
    Stage("order", _order, "walk memory in order inside, and be parallel outside"),
    Stage("scalarize", _scalarize, "sums in registers; memory sums become scalar ones"),
    Stage("pack", _pack, "lanes across short rows read them side by side"),
    Stage("arrange", _arrange, "choose cores, vector and tiles for each nest, and rewrite it so"),
    Stage(
        "search",
        lambda p, s: search(p, s.target.vector_bits) if s.host_alone else p,
        "the vectorizer does not find where the best value was",
    ),
    Stage("lift", lambda p, s: lift(p), "allocate once what each iteration would"),
    Stage("simplify", lambda p, s: simplify(p), "copied code has constants of its own"),
)
STAGES: Final = TIDY + PROVE + FUSE + APPLY


def decide(
    program: Program,
    config: Config,
    careful: bool,
    stages: tuple[Stage, ...] = STAGES,
    device: Target | None = None,
) -> Program:
    """The program after all stages that rewrite it, for the host or for a device beside it."""
    setting = Setting(host(), config, careful, [], device)
    if config.check:
        check(program)
    for stage in stages:
        program = stage.run(program, setting)
        if config.check:
            check(program)
    if config.verbose >= 2 and stages is STAGES:
        print(show(program))
    return program


def make(program: Program, config: Config, careful: bool, name: str) -> Artifact:
    """Compile a lowered program to an artifact with this key."""
    target, device = host(), target_of(config.device)
    decided = decide(program, config, careful, STAGES, device)
    if device is not None and config.strict:
        _require_device(decided)
    made = generate(decided, target, device)
    if config.verbose >= 3:
        print(made.text, made.kernels, sep="\n")
    text, name_of_device = made.text, ""
    if device is not None and made.kernels:
        try:
            text = embed(text, made.entry, assemble_kernels(made.kernels, device))
        except CompileError as error:
            if config.strict:
                raise
            note(f"{program.name} stays with the host: {error}")
            return make(program, replace(config, device="cpu"), careful, name)
        name_of_device = device.name
    return Artifact(
        name, assemble(text, target), made.entry, made.arguments, made.results,
        made.parallel, made.snapshot, name_of_device, made.reports,
    )  # fmt: skip


def _require_device(program: Program) -> None:
    """Under `strict` a named device runs every loop.

    Raises
    ------
    UnsupportedError
        For the first loop that stays with the host.
    """
    for stmt in statements(program):
        for text in stmt.notes if isinstance(stmt, For) else ():
            if text.startswith(HOST):
                raise UnsupportedError(Reason(text.removeprefix(HOST), stmt.loc))
