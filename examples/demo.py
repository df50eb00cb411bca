"""`make demo`: run examples/terrain.py under CPython and under Conure, compare, and show.

The script is the same file in all runs and does not mention Conure. A small window is run
under both and every result array is compared bit for bit; then the whole sheet is run under
Conure. Ends with status 1 if any bit differs.

    python examples/demo.py [--crop 80] [--out examples/output/terrain.png] [--full]
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

SCRIPT = Path(__file__).with_name("terrain.py")
PYTHON = [sys.executable]
CONURE = [sys.executable, "-m", "conure"]
STAGE = re.compile(r"^\s*(\S.*?)\s+(\d+\.\d+) s$")


class Run(NamedTuple):
    """One finished run of the script."""

    seconds: float
    stages: dict[str, float]
    text: str


def run(command: list[str], cache: Path) -> Run:
    """Run `command` to its end; stop the demo if it fails."""
    environment = dict(os.environ, CONURE_CACHE_DIR=str(cache))
    start = time.perf_counter()
    finished = subprocess.run(command, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if finished.returncode != 0:
        print(finished.stdout)
        print(finished.stderr, file=sys.stderr)
        sys.exit(f"demo: status {finished.returncode} from: {' '.join(command)}")
    matches = (STAGE.match(line) for line in finished.stdout.splitlines())
    stages = {match[1]: float(match[2]) for match in matches if match}
    return Run(seconds, stages, finished.stdout + finished.stderr)


def differences(expected: Path, actual: Path) -> list[str]:
    """What differs between two saved runs: names, dtypes, shapes, bits."""
    found = []
    with np.load(expected) as left, np.load(actual) as right:
        if left.files != right.files:
            return [f"arrays {left.files} became {right.files}"]
        for name in left.files:
            a, b = left[name], right[name]
            if (a.dtype, a.shape) != (b.dtype, b.shape):
                found.append(f"{name}: {a.dtype}{a.shape} became {b.dtype}{b.shape}")
            elif a.tobytes() != b.tobytes():
                cells = np.argwhere(np.atleast_1d(a != b)).tolist()
                first = f"first at {cells[0]}" if cells else "in the sign of a zero or in a NaN"
                found.append(f"{name}: {len(cells)} cells differ, {first}")
    return found


def compare(label: str, expected: Path, actual: Path) -> None:
    """Say that two saved runs agree exactly, or stop the demo."""
    found = differences(expected, actual)
    if found:
        print(f"demo: {label}: the results DIFFER", file=sys.stderr)
        for line in found:
            print(f"  {line}", file=sys.stderr)
        sys.exit(1)
    with np.load(expected) as saved:
        size = sum(saved[name].nbytes for name in saved.files)
        print(f"{label}: all {len(saved.files)} results agree to the last bit ({size:,} bytes)\n")


def print_stages(columns: dict[str, Run]) -> None:
    """Seconds per stage, one column per run, and the ratio of the first to the last."""
    runs = list(columns.values())
    titles = "".join(f"{title:>16}" for title in columns)
    print(f"{'seconds':>18}{titles}{'ratio':>10}")
    rows = [(name, [each.stages[name] for each in runs]) for name in runs[0].stages]
    rows.append(("with start-up", [each.seconds for each in runs]))
    for name, seconds in rows:
        cells = "".join(f"{value:16.3f}" for value in seconds)
        print(f"{name:>18}{cells}{seconds[0] / max(seconds[-1], 1e-3):9.1f}x")
    print()


def main() -> None:
    """Run everything in order."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crop", type=int, default=80, help="size of the window compared")
    picture = SCRIPT.parent / "output" / "terrain.png"
    parser.add_argument("--out", type=Path, default=picture, help="where the picture goes")
    parser.add_argument(
        "--full", action="store_true", help="also run the whole under CPython (minutes)"
    )
    arguments = parser.parse_args()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    crop = [str(SCRIPT), "--crop", str(arguments.crop), "--times"]
    whole = [str(SCRIPT), "--times"]
    with tempfile.TemporaryDirectory(prefix="conure-demo-") as folder:
        place = Path(folder)
        cache = place / "cache"
        cache.mkdir(mode=0o700)

        def job(python: list[str], task: list[str], name: str, out: Path | None = None) -> Run:
            out = out or place / f"{name}.png"
            return run([*python, *task, "--out", str(out), "--save", f"{place / name}.npz"], cache)

        print(f"A window of {arguments.crop} x {arguments.crop} cells, under CPython ...")
        plain = job(PYTHON, crop, "plain")
        print("the same under python -m conure, with an empty cache ...")
        cold = job(CONURE, crop, "cold")
        print("and once more, from the cache ...\n")
        warm = job(CONURE, crop, "warm")
        compare("window, first run", place / "plain.npz", place / "cold.npz")
        compare("window, from the cache", place / "plain.npz", place / "warm.npz")
        print_stages({"CPython": plain, "conure, first": cold, "conure, again": warm})

        print("The whole sheet under python -m conure --report ...\n")
        report = job([*CONURE, "--report"], whole, "whole", arguments.out)
        print(report.text)
        if arguments.full:
            print("The whole sheet under CPython (minutes) ...\n")
            slow = job(PYTHON, whole, "slow")
            compare("whole sheet", place / "slow.npz", place / "whole.npz")
            print_stages({"CPython": slow, "conure": report})
    print(f"The picture: {arguments.out.resolve()}")


if __name__ == "__main__":
    main()
