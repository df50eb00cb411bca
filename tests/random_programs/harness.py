"""Run many programs in worker processes, which may crash or hang."""

from __future__ import annotations

import json
import os
import queue
import re
import select
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.oracle import EXACT, Tolerance

ROOT = Path(__file__).resolve().parents[2]
WORKER = "tests.random_programs.worker"
STARTUP = 60.0  # seconds that a worker may take to import and to run CPython


@dataclass(frozen=True)
class Verdict:
    """What came of one program: agreed, wrong, crashed, hung or broken (a fault of ours)."""

    seed: int
    kind: str
    detail: str = ""
    error: str = ""
    loops: dict[str, int] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    source: str = ""
    tolerance: Tolerance = EXACT

    @property
    def bad(self) -> bool:
        return self.kind != "agreed"


class Worker:
    """One worker process, started again when it is lost."""

    def __init__(self, subject: str, limit: float, module: str = WORKER):
        self.module = module
        self.subject = subject
        self.limit = limit
        self.process: subprocess.Popen[bytes] | None = None
        self.received = b""

    def check(self, request: dict[str, Any]) -> Verdict:
        """Send one request and wait for the verdict, no longer than the limit."""
        process = self._alive()
        assert process.stdin is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        seed = request["seed"]
        started = self._read(STARTUP)
        if started is None or "started" not in started:
            if started is not None:
                return Verdict(seed, started["verdict"], started["detail"])
            return self._lost(seed, "broken", "no answer from CPython in time", "", EXACT)
        source, tolerance = started["source"], Tolerance(**started["tolerance"])
        answer = self._read(self.limit)
        if answer is None:
            kind = "hung" if process.poll() is None else "crashed"
            return self._lost(seed, kind, f"{kind} ({process.poll()})", source, tolerance)
        return Verdict(
            seed,
            answer["verdict"],
            answer["detail"],
            answer["error"],
            answer["loops"],
            tuple(answer["reasons"]),
            source,
            tolerance,
        )

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _alive(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.process.poll() is not None:
            self.received = b""
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module, self.subject],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self.process

    def _read(self, seconds: float) -> dict[str, Any] | None:
        """The next line, or None if it does not come in time or never will."""
        assert self.process is not None
        assert self.process.stdout is not None
        descriptor = self.process.stdout.fileno()
        deadline = time.monotonic() + seconds
        while b"\n" not in self.received:
            rest = max(deadline - time.monotonic(), 0.0)
            if not select.select([descriptor], [], [], rest)[0]:
                return None
            chunk = os.read(descriptor, 1 << 16)
            if not chunk:
                self.process.wait()
                return None
            self.received += chunk
        line, _, self.received = self.received.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found

    def _lost(
        self, seed: int, kind: str, detail: str, source: str, tolerance: Tolerance
    ) -> Verdict:
        self.close()
        return Verdict(seed, kind, detail, source=source, tolerance=tolerance)


@dataclass
class Tally:
    """Counts over all programs, and the bad ones; `counted` says what the workers count."""

    counted: str = "loops"
    programs: int = 0
    agreed: int = 0
    raised: Counter[str] = field(default_factory=Counter)
    loops: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    bad: list[Verdict] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, verdict: Verdict) -> None:
        """Count one program."""
        self.programs += 1
        self.agreed += not verdict.bad
        self.loops.update(verdict.loops)
        self.reasons.update(re.sub(r"[a-z]*\d+|`.*?`", "_", text) for text in verdict.reasons)
        if verdict.error:
            self.raised[verdict.error] += 1
        if verdict.bad:
            self.bad.append(verdict)

    def __str__(self) -> str:
        raised = ", ".join(f"{name} {count}" for name, count in self.raised.most_common())
        loops = ", ".join(f"{count} {name}" for name, count in self.loops.most_common())
        kinds = Counter(verdict.kind for verdict in self.bad)
        bad = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        return (
            f"{self.programs} programs in {self.seconds:.0f} s: {self.agreed} agreed, "
            f"{len(self.bad)} did not{f' ({bad})' if bad else ''}\n"
            f"{self.counted}: {loops or 'no report'}\n"
            f"raised in CPython: {sum(self.raised.values())}"
            f"{f' ({raised})' if raised else ''}"
        )


def run(
    seeds: Iterable[int],
    subject: str = "conure",
    jobs: int = 2,
    limit: float = 60.0,
    report: Callable[[Verdict], None] = lambda verdict: None,
    module: str = WORKER,
) -> Tally:
    """Check the programs of these seeds in `jobs` processes, each of which runs `module`."""
    todo: queue.SimpleQueue[int] = queue.SimpleQueue()
    for seed in seeds:
        todo.put(seed)
    tally, lock, begun = Tally(), threading.Lock(), time.monotonic()

    def work() -> None:
        worker = Worker(subject, limit, module)
        try:
            while True:
                try:
                    seed = todo.get_nowait()
                except queue.Empty:
                    return
                verdict = worker.check({"seed": seed})
                with lock:
                    tally.add(verdict)
                    report(verdict)
        finally:
            worker.close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tally.seconds = time.monotonic() - begun
    return tally


def recheck(worker: Worker, verdict: Verdict, source: str) -> Verdict:
    """The verdict on a changed source of the same program."""
    return worker.check(
        {"seed": verdict.seed, "source": source, "tolerance": asdict(verdict.tolerance)}
    )
