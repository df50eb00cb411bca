"""python -m tests.random_arrays: compare random array programs under NumPy and conure.numpy.

python -m tests.random_arrays --count 50000 --seed 0 --jobs 2
python -m tests.random_arrays --show 17       # print the program of a seed
python -m tests.random_arrays --only 17       # check it, shrink it if it is wrong
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter

from tests.random_arrays.program import build
from tests.random_programs.harness import Verdict, Worker, run
from tests.random_programs.shrink import shrink

MODULE = "tests.random_arrays.worker"


def main() -> int:
    """Parse the command line, run, report; 1 if anything was wrong."""
    options = _parser().parse_args()
    if options.show is not None:
        print(build(options.show))
        return 0
    seeds = (
        range(options.seed, options.seed + options.count)
        if options.only is None
        else [options.only]
    )

    def report(verdict: Verdict) -> None:
        if verdict.bad:
            print(f"seed {verdict.seed} {verdict.kind}: {verdict.detail}", flush=True)

    tally = run(seeds, options.subject, options.jobs, options.time_limit, report, MODULE)
    tally.counted = "in the subject"
    bad = sorted(tally.bad, key=lambda verdict: verdict.seed)
    for verdict in bad[: options.shrink]:
        _print_shrunk(verdict, options.subject, options.time_limit)
    for sort, count in Counter(map(_sort, bad)).most_common():
        print(f"{count:6d}  {sort}")
    print(tally)
    return 1 if tally.bad else 0


def _sort(verdict: Verdict) -> str:
    """The aspect in which it was wrong, and the exception, without numbers."""
    parts = verdict.detail.split(": ")
    ending = re.search(r"\(it ends with (.*)\)", verdict.detail)
    text = f"{verdict.kind}, {parts[1] if len(parts) > 1 else ''}"
    return re.sub(r"\d+", "_", text + (f", {ending[1]}" if ending else ""))[:100]


def _print_shrunk(verdict: Verdict, subject: str, limit: float) -> None:
    if not verdict.source:
        return
    worker = Worker(subject, min(limit, 10.0), MODULE)
    try:
        small = shrink(verdict, worker, 30.0)
    finally:
        worker.close()
    print(f"\n# seed {small.seed} {small.kind}: {small.detail}\n{small.source}\n", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.random_arrays", description=(__doc__ or "").splitlines()[0]
    )
    add = parser.add_argument
    add("--count", type=int, default=1000, help="how many programs")
    add("--seed", type=int, default=0, help="the first seed")
    add("--jobs", type=int, default=2, help="worker processes")
    add("--subject", default="conure", choices=["conure", "numpy", "wrong"])
    add("--show", type=int, metavar="SEED", help="print the program of a seed and stop")
    add("--only", type=int, metavar="SEED", help="check this seed only")
    add("--time-limit", type=float, default=60.0, help="seconds for one program")
    add("--shrink", type=int, default=5, help="how many wrong programs to make smaller")
    return parser


if __name__ == "__main__":
    sys.exit(main())
