"""python -m tests.random_programs: compare random programs under CPython and conure.

python -m tests.random_programs --count 20000 --seed 0 --jobs 2
python -m tests.random_programs --show 17       # print the program of a seed
python -m tests.random_programs --only 17       # check it, shrink it if it is wrong
"""

from __future__ import annotations

import argparse
import sys
import tempfile

from .harness import Verdict, Worker, run
from .program import build
from .shrink import as_test, shrink


def main() -> int:
    """Parse the command line, run, report; 1 if anything was wrong."""
    options = _parser().parse_args()
    if options.show is not None:
        with tempfile.NamedTemporaryFile(suffix=".py") as file:
            program = build(options.show, file.name)
        print(f"# tolerance {program.tolerance}")
        print(program.source)
        return 0
    seeds = (
        range(options.seed, options.seed + options.count)
        if options.only is None
        else [options.only]
    )

    def report(verdict: Verdict) -> None:
        if verdict.bad:
            print(f"seed {verdict.seed} {verdict.kind}: {verdict.detail}", flush=True)

    tally = run(seeds, options.subject, options.jobs, options.time_limit, report)
    for verdict in sorted(tally.bad, key=lambda bad: bad.seed)[: options.shrink]:
        _print_shrunk(verdict, options.subject, options.time_limit)
    print(tally)
    for reason, count in tally.reasons.most_common(options.reasons):
        print(f"{count:6d}  {reason}")
    return 1 if tally.bad else 0


def _print_shrunk(verdict: Verdict, subject: str, limit: float) -> None:
    if not verdict.source:
        return
    worker = Worker(subject, min(limit, 10.0))
    try:
        small = shrink(verdict, worker)
    finally:
        worker.close()
    print(f"\n{as_test(small)}\n", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.random_programs", description=(__doc__ or "").splitlines()[0]
    )
    add = parser.add_argument
    add("--count", type=int, default=500, help="how many programs")
    add("--seed", type=int, default=0, help="the first seed")
    add("--jobs", type=int, default=2, help="worker processes")
    add("--subject", default="conure", choices=["conure", "cpython", "wrong"])
    add("--show", type=int, metavar="SEED", help="print the program of a seed and stop")
    add("--only", type=int, metavar="SEED", help="check this seed only")
    add("--time-limit", type=float, default=60.0, help="seconds for one program")
    add("--reasons", type=int, default=0, help="how many reasons for Python to print")
    add("--shrink", type=int, default=5, help="how many wrong programs to make smaller")
    return parser


if __name__ == "__main__":
    sys.exit(main())
