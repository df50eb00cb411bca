"""What the device tests call: against CPython, and that it ran on the device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import conure
from conure.artifact import OK, Artifact
from conure.artifacts import ready_artifact
from conure.codegen.assemble import assemble
from conure.codegen.assemble_kernels import assemble_kernels
from conure.codegen.cpu import generate
from conure.codegen.grid import embed
from conure.configuration import current
from conure.ir.nodes import Program
from conure.runtime.devices import target_of
from conure.runtime.execute import Kernel
from conure.target import host
from tests.oracle import EXACT, Outcome, Tolerance, compiled, copied, same


def there(
    device: str, function: Callable[..., Any], *arguments: Any, tolerance: Tolerance = EXACT
) -> Outcome:
    """`same` as CPython, and all of it ran on the device."""
    outcome = same(function, *arguments, tolerance=tolerance, device=device)
    ran = places(device, function, *arguments)
    assert ran, f"{function.__name__}: nothing ran"
    assert set(ran) == {device}, f"{function.__name__}: {ran}"
    return outcome


def places(device: str, function: Callable[..., Any], *arguments: Any) -> list[str]:
    """Where the regions of a call ran."""
    with conure.profile() as profile:
        compiled(function, device=device)(*copied(arguments))
    return [event.device for event in profile.events]


def compiled_for(device: str, program: Program) -> Kernel:
    """A program as it is, compiled."""
    target = target_of(device)
    assert target is not None
    made = generate(program, host(), target)
    text = embed(made.text, made.entry, assemble_kernels(made.kernels, target))
    ready_artifact(program, current(), False)  # connects the runtime to the assembler
    return Kernel(Artifact(
        "test", assemble(text, host()), made.entry, made.arguments, made.results, made.parallel,
        made.snapshot, device,
    ))  # fmt: skip


def run(kernel: Kernel, arguments: Mapping[str, Any]) -> tuple[int, tuple[Any, ...]]:
    """Status and results of a call, arrays written in place."""
    slots = kernel.artifact.arguments
    status, out = kernel.call(tuple(arguments[slot.name] for slot in slots))
    return status, kernel.box(out) if status == OK else ()


rng = np.random.default_rng(7)
