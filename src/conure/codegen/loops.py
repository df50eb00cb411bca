"""Counted loops in the form that LLVM understands, and the polls that keep long runs stoppable.

A loop counts turns from 0 with step 1 in 64 bits, whatever its own start and step; its index is
`start + turn*step`. The poll is for Ctrl-C: inner loops add their turns to a counter, and loops
around them ask the runtime once there are many; a long loop with none around it runs in strips.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from conure.artifact import INTERRUPTED
from conure.codegen.expression import steer
from conure.codegen.facts import constant_trips, is_leaf, unrolls
from conure.codegen.scope import Bounds, Scope
from conure.codegen.sums import finish_sums, start_sums
from conure.ir.nodes import Const, For, Load, Store, Var, While
from conure.ir.walk import walk

_POLL_TURNS: Final = 1 << 20
_STRIP: Final = 1 << 22
_POLL_SLOT: Final = 2
_LONG_STEP: Final = 1 << 16


def loop_bounds(scope: Scope, loop: For) -> Bounds:
    """Evaluate the bounds of a loop, once."""
    start, stop, step = steer(scope, loop.start, loop.stop, loop.step)
    value = scope.function.value
    if isinstance(loop.step, Const):
        return Bounds(start, step, _trips(scope, start, stop, int(loop.step.value.real)))
    scope.leave_if(value(f"icmp eq i64 {step}, 0"))
    up = value(f"icmp sgt i64 {step}, 0")
    low = value(f"select i1 {up}, i64 {start}, i64 {stop}")
    high = value(f"select i1 {up}, i64 {stop}, i64 {start}")
    down = value(f"sub i64 0, {step}")
    size = value(f"select i1 {up}, i64 {step}, i64 {down}")
    return Bounds(start, step, _count(scope, low, high, size))


def _trips(scope: Scope, start: str, stop: str, step: int) -> str:
    value = scope.function.value
    low, high = (start, stop) if step > 0 else (stop, start)
    if abs(step) != 1:
        return _count(scope, low, high, str(abs(step)))
    if low == "0":
        scope.module.declare("i64 @llvm.smax.i64(i64, i64)")
        return value(f"call i64 @llvm.smax.i64(i64 {high}, i64 0)")
    some = value(f"icmp sgt i64 {high}, {low}")
    length = value(f"sub i64 {high}, {low}")
    return value(f"select i1 {some}, i64 {length}, i64 0")


def _count(scope: Scope, low: str, high: str, size: str) -> str:
    """How often `size` fits into [low, high), rounded up; unsigned, as it may be long."""
    value = scope.function.value
    some = value(f"icmp sgt i64 {high}, {low}")
    length = value(f"sub i64 {value(f'sub i64 {high}, {low}')}, 1")
    count = value(f"add i64 {value(f'udiv i64 {length}, {size}')}, 1")
    return value(f"select i1 {some}, i64 {count}, i64 0")


def run_loop(scope: Scope, loop: For, bounds: Bounds, body: Callable[[], None]) -> None:
    """A whole loop, in place."""
    if not _needs_strips(scope, loop):
        counted(scope, loop, bounds, ("0", bounds.trips), body)
        if is_leaf(loop) and not unrolls(loop):
            add_turns(scope, bounds.trips)
        return
    scope.module.declare("i64 @llvm.umin.i64(i64, i64)")

    def strip(low: str) -> None:
        value = scope.function.value
        left = value(f"sub i64 {bounds.trips}, {low}")
        length = value(f"call i64 @llvm.umin.i64(i64 {left}, i64 {_STRIP})")
        counted(scope, loop, bounds, (low, value(f"add i64 {low}, {length}")), body)
        add_turns(scope, length)
        _poll_if_due(scope)

    rest = scope.function.value(f"add i64 {bounds.trips}, {_STRIP - 1}")
    strips = scope.function.value(f"udiv i64 {rest}, {_STRIP}")
    _count_turns(
        scope, ("0", strips), lambda turn: strip(scope.function.value(f"mul i64 {turn}, {_STRIP}"))
    )


def _needs_strips(scope: Scope, loop: For) -> bool:
    """A leaf with no loop around it, or whose number of turns no array bounds."""
    if not is_leaf(loop) or unrolls(loop) or not scope.runtime:
        return False
    if scope.place.depth == 0:
        return not isinstance(loop.stop, Const) or abs(int(loop.stop.value.real)) > _STRIP
    accesses = (node for node in walk(loop.body) if isinstance(node, Load | Store))
    return not any(_reads(access, loop.index) for access in accesses)


def _reads(access: Load | Store, name: str) -> bool:
    return any(isinstance(node, Var) and node.name == name for node in walk(access.index))


def counted(
    scope: Scope, loop: For, bounds: Bounds, span: tuple[str, str], body: Callable[[], None]
) -> None:
    """The turns of a loop from span[0] up to span[1]."""
    leaf, marked = is_leaf(loop), loop.mark.kind != "serial"
    lanes = leaf and marked and not unrolls(loop)
    strip = loop.mark.kind == "vector" and loop.mark.grain > 0
    shares = any(reduction.array for reduction in loop.mark.reductions)
    group = scope.module.distinct() if (lanes or strip) and not shares else ""
    names = {each.name: each.op for each in loop.mark.reductions if marked}
    place = scope.place
    changes = {
        "depth": place.depth + 1,
        "reductions": {**place.reductions, **names},
        "vector": place.vector if unrolls(loop) else lanes,
        "group": place.group if unrolls(loop) and not strip else group,
    }

    def turn_body(turn: str) -> None:
        scope.indexes[loop.index] = index_of(scope, loop, bounds, turn)
        with scope.at(**changes):
            body()
            if not leaf and scope.function.open:
                scope.settle()
                add_turns(scope, "1")
                _poll_if_due(scope)

    sums = start_sums(scope, loop) if lanes else {}
    _count_turns(scope, span, turn_body, _loop_note(scope, group, loop if strip else None))
    finish_sums(scope, sums, span)


def _loop_note(scope: Scope, group: str, strip: For | None) -> str:
    """What LLVM is told of a loop. A strip of lanes becomes whole vectors: left alone, LLVM would
    unroll a short one and then put pieces of it together to vectors as it finds them."""
    module = scope.module
    told = [module.node(f'!{{!"llvm.loop.parallel_accesses", {group}}}')] if group else []
    if strip is not None and (trips := constant_trips(strip)):
        width = strip.mark.grain
        told.append(module.node(f'!{{!"llvm.loop.interleave.count", i32 {trips // width}}}'))
        told.append(module.node('!{!"llvm.loop.unroll.disable"}'))
    return f", !llvm.loop {module.distinct(', '.join(told), itself=True)}" if told else ""


def index_of(scope: Scope, loop: For, bounds: Bounds, turn: str) -> str:
    """The index of a loop in its turn of this number."""
    value = scope.function.value
    if not isinstance(loop.step, Const):
        offset = value(f"mul i64 {turn}, {bounds.step}")
        return value(f"add i64 {bounds.start}, {offset}")
    step = int(loop.step.value.real)
    if step == 1:
        return turn if bounds.start == "0" else value(f"add nsw i64 {bounds.start}, {turn}")
    exact = "nsw " if abs(step) <= _LONG_STEP else ""
    offset = value(f"mul {exact}i64 {turn}, {step}")
    return value(f"add {exact}i64 {bounds.start}, {offset}")


def _count_turns(
    scope: Scope, span: tuple[str, str], body: Callable[[str], None], note: str = ""
) -> None:
    """Count from span[0] up to span[1] and run the body with the count."""
    function = scope.function
    low, high = span
    head, latch, end = (function.label(hint) for hint in ("loop", "latch", "end"))
    before = function.block
    function.branch_if(function.value(f"icmp ult i64 {low}, {high}"), head, end)
    function.begin(head)
    turn, after = (
        function.value(f"phi i64 [ {low}, %{before} ], [ %{latch}.turn, %{latch} ]"),
        (f"%{latch}.turn"),
    )
    body(turn)
    function.begin(latch)
    function.emit(f"{after} = add nuw nsw i64 {turn}, 1")
    done = function.value(f"icmp eq i64 {after}, {high}")
    function.branch_if(done, end, head, note.removeprefix(", "))
    function.begin(end)


def run_while(scope: Scope, loop: While, body: Callable[[], None]) -> None:
    """A loop that tests its condition before each turn."""
    function = scope.function
    head, inside, end = (function.label(hint) for hint in ("while", "do", "end"))
    function.begin(head)
    with scope.at(depth=scope.place.depth + 1, vector=False, group=""):
        (condition,) = steer(scope, loop.condition)
        function.branch_if(condition, inside, end)
        function.begin(inside)
        body()
        if function.open:
            scope.settle()
            add_turns(scope, "1")
            _poll_if_due(scope)
    function.branch(head)
    function.begin(end)


# ---- polls ----


def add_turns(scope: Scope, turns: str) -> None:
    """Count turns towards the next poll; where there is no runtime nobody is asked."""
    if not scope.runtime:
        return
    if not scope.turns:
        scope.turns = scope.function.slot("i64", "0")
    old = scope.function.value(f"load i64, ptr {scope.turns}")
    new = scope.function.value(f"add i64 {old}, {turns}")
    scope.function.emit(f"store i64 {new}, ptr {scope.turns}")


def _poll_if_due(scope: Scope) -> None:
    if not scope.runtime:
        return
    function = scope.function
    turns = function.value(f"load i64, ptr {scope.turns}")
    due, onward = function.label("poll"), function.label("on")
    weights = scope.module.node('!{!"branch_weights", i32 1, i32 1048576}')
    many = function.value(f"icmp ugt i64 {turns}, {_POLL_TURNS}")
    function.branch_if(many, due, onward, f"!prof {weights}")
    function.begin(due)
    function.emit(f"store i64 0, ptr {scope.turns}")
    poll(scope)
    function.branch(onward)
    function.begin(onward)


def poll(scope: Scope) -> None:
    """Ask the runtime whether to stop."""
    value = scope.function.value
    function = runtime_slot(scope, _POLL_SLOT, "ptr")
    answer = value(f"call i32 {function}(ptr {scope.runtime}) cold")
    from_poll = value(f"icmp ne i32 {answer}, 0")
    scope.leave_if(from_poll, INTERRUPTED)


def runtime_slot(scope: Scope, slot: int, kind: str) -> str:
    """A slot of the runtime's struct."""
    value = scope.function.value
    address = value(f"getelementptr inbounds i8, ptr {scope.runtime}, i64 {8 * slot}")
    return value(f"load {kind}, ptr {address}")
