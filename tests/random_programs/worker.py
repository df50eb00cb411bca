"""A process that checks programs, one JSON line in, two out: "started", then the verdict.

It runs apart from the harness because a wrong compiler may crash or hang it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tests.oracle import Tolerance, difference, observe, subject_named

from .program import Loaded, Program, build, load

CALLS = 2  # a second call finds a plan
Check = Callable[[Program, str, str, Any], dict[str, Any]]


def check(program: Program, folder: str, subject: str, announce: Any) -> dict[str, Any]:
    """Compare CPython and the subject on one program."""
    filename = os.path.join(folder, f"program_{program.seed}.py")
    loaded = load(program.source, filename)
    want = observe(loaded.function, loaded.arguments(), filename)
    announce()
    result: dict[str, Any] = {
        "seed": program.seed,
        "verdict": "agreed",
        "detail": "",
        "error": want.error,
        "loops": {},
        "reasons": [],
    }
    try:
        compiled = subject_named(subject)(loaded.function)
    except Exception as error:
        return {**result, "verdict": "wrong", "detail": f"jit raised {error!r}"}
    for call in range(CALLS):
        got = observe(compiled, loaded.arguments(), filename)
        text = difference(want, got, program.tolerance)
        if text:
            return {**result, "verdict": "wrong", "detail": f"call {call + 1}: {text}"}
    if program.seed % 3 == 0:
        text = _apart(loaded, compiled, program)
        if text:
            detail = f"call {CALLS + 1}, with arrays that are copies of their own: {text}"
            return {**result, "verdict": "wrong", "detail": detail}
    if subject == "conure":
        result |= _loops(loaded)
    return result


def _apart(loaded: Loaded, compiled: Any, program: Program) -> str:
    """One more call, where no arguments share memory and all are in C order: other guards hold."""
    want, got = (
        observe(
            function,
            [np.array(each) if isinstance(each, np.ndarray) else each for each in made],
            loaded.filename,
        )
        for function, made in (
            (loaded.function, loaded.arguments()),
            (compiled, loaded.arguments()),
        )
    )
    return difference(want, got, program.tolerance)


def _loops(loaded: Loaded) -> dict[str, Any]:
    """How many loops have which verdict, and why some are left to Python."""
    import conure  # only here: another subject needs none

    try:
        with conure.options(device="cpu"):
            reports = conure.explain(loaded.function, *loaded.arguments()).loops
    except Exception as error:
        return {"loops": {f"explain failed with {type(error).__name__}": 1}}
    left = [str(report.reason) for report in reports if report.verdict == "python"]
    return {"loops": dict(Counter(str(report.verdict) for report in reports)), "reasons": left}


def serve(subject: str, build: Callable[[int, str], Program], check: Check) -> None:
    """Answer requests until the input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what the subject prints is no answer
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("CONURE_CACHE_DIR", os.path.join(folder, "cache"))
        for line in sys.stdin:
            request = json.loads(line)
            if "source" in request:
                program = Program(
                    request["seed"], request["source"], Tolerance(**request["tolerance"])
                )
            else:
                program = build(request["seed"], os.path.join(folder, "draft.py"))
            described = {"source": program.source, "tolerance": asdict(program.tolerance)}

            def announce(described: dict[str, Any] = described) -> None:
                answers.write(json.dumps({"started": True, **described}) + "\n")

            try:
                result = check(program, folder, subject, announce)
            except Exception as error:  # the program itself is broken
                result = {
                    "seed": request["seed"],
                    "verdict": "broken",
                    "detail": repr(error),
                    "error": "",
                    "loops": {},
                    "reasons": [],
                }
            answers.write(json.dumps(result) + "\n")
            for stale in Path(folder).glob("program_*.py"):
                with contextlib.suppress(OSError):
                    stale.unlink()


if __name__ == "__main__":
    faulthandler.enable()
    serve(sys.argv[1], build, check)
