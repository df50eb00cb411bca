"""Array programs with one import line changed: conure.numpy beside NumPy, numexpr, Numba, JAX.

    python benchmarks/arrays.py
    python benchmarks/arrays.py --programs "chain of 10,softmax" --sizes 1e6 --peers conure,numpy

What each column means is in benchmarks/README.md.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import array_peers
import array_programs
import array_report
import measure
import numpy as np
import peers

PARTS = ("programs", "small", "first")
SIZES = (10, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)
Record = dict[str, Any]


def program_record(
    program: array_programs.Program, size: int, names: list[str], repeat: int, triad: measure.Triad
) -> Record:
    """Check the variants against NumPy, then time them in turns."""
    pristine = program.build(size)
    record: Record = {"program": program.name, "size": size, "wrong": [], "left_out": {}}
    variants: dict[str, array_peers.Variant] = {}
    want: list[np.ndarray] = []
    for name in sorted(names, key=lambda name: name != "numpy"):
        try:
            variant = array_peers.Variant(name, program, pristine)
            got = variant.results()
        except LookupError:
            continue
        except Exception as problem:  # a peer's failure is a row of the table, not the end
            record["left_out"][name] = f"{type(problem).__name__}: {problem}"[:300]
            continue
        want = want or got
        problem_text = array_peers.difference(want, got)
        if problem_text:
            record["wrong"].append(f"{name}: {problem_text}")
        variants[name] = variant
        variant.warm()
    bound = program.arrays if size >= 10_000_000 and "conure" in variants else None
    beside = [triad.rate()] if bound else []
    measure.interleave(variants, repeat)
    beside += [triad.rate()] if bound else []
    record["seconds"] = {name: variant.median for name, variant in variants.items()}
    record["best"] = {name: min(variant.seconds) for name, variant in variants.items()}
    if bound:
        rate = bound * 8 * size / min(variants["conure"].seconds)  # best against best, as STREAM
        record["share"] = rate / max(beside)
    return record


# ---- small figures ---------------------------------------------------------------------------


def small_figures() -> Record:
    """Recording an operation, launching a plan, and operations on small arrays."""
    import conure  # not before it is asked for: its import is one of the figures
    import conure.numpy as cnp

    figures: Record = {"record": _recording(cnp), "per_operation": {}}
    with conure.options(device="cpu"):  # compiled at once
        figures["launch"] = _launching(cnp)
    for size in (10, 100, 1_000):
        figures["per_operation"][size] = {
            name: _per_operation(namespace, size)
            for name, namespace in (("numpy", np), ("conure", cnp))
        }
    return figures


def _recording(cnp: Any, rounds: int = 300) -> float:
    """Seconds to record one operation on a large array, the rest being thrown away."""
    x = cnp.array(np.ones(1_000_000))
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        y = x * 0.5
        y = y + x
        y = y - 0.25
        y = y * x
        y = y + 1.0
        y = y * 0.5
        y = y + x
        y = y - 0.25
        y = y * x
        y = y + 1.0
        seconds.append((time.perf_counter() - start) / 10)
    return statistics.median(seconds)


def _launching(cnp: Any) -> float:
    """Seconds from observation to launch, of a chain of 10 whose plan is known.

    What observing takes at two sizes, both in the cache, is continued to no elements at all.
    """
    size = 40_000
    one, other = _observing(cnp, size), _observing(cnp, 2 * size)
    return one - (other - one)


def _observing(cnp: Any, size: int, rounds: int = 500) -> float:
    """Seconds from observation to result."""
    run, seconds = array_programs.chain(10), []
    x, z = cnp.array(np.ones(size)), cnp.array(np.ones(size))
    for k in range(rounds):
        x[k] = 1.0 + 1e-6 * k
        result = run(cnp, x, z)
        start = time.perf_counter()
        np.asarray(result)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[rounds // 2 :])


def _per_operation(namespace: Any, size: int, rounds: int = 2_000) -> float:
    """Seconds of one operation on small arrays."""
    x, z = namespace.array(np.ones(size)), namespace.array(np.ones(size))
    seconds = []
    for _ in range(9):
        start = time.perf_counter()
        for _ in range(rounds // 5):
            y = x * 0.5
            y = y + z
            y = namespace.sqrt(y)
            y = y[1:] - 0.25
            y.sum()
        seconds.append((time.perf_counter() - start) / rounds)
    return statistics.median(seconds)


def first_evaluations() -> Record:
    """First evaluations in new processes, with an empty cache folder and with a full one."""
    found: Record = {}
    for kind, size in (("at once", 1_000_000), ("by itself", 1_000_000)):
        with tempfile.TemporaryDirectory(prefix="conure-bench-") as folder:
            (Path(folder) / "conure").mkdir(mode=0o700)
            arguments = [str(size), kind]
            cold = measure.fresh("array_first.py", arguments, Path(folder), 60.0)
            warm = measure.fresh("array_first.py", arguments, Path(folder), 60.0)
        found[kind] = {
            "cold": cold.get("first"),
            "warm": warm.get("first"),
            "second": warm.get("second"),
        }
    return found


# ---- the command -----------------------------------------------------------------------------


def parse() -> argparse.Namespace:
    """The command line."""
    known = [program.name for program in array_programs.PROGRAMS]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])

    def listed(text: str) -> list[str]:
        return text.split(",")

    parser.add_argument("--programs", type=listed, default=known, help=", ".join(known))
    sizes = ",".join(map(array_report.of_size, SIZES))
    parser.add_argument("--sizes", type=listed, default=listed(sizes), help=f"{sizes}; also 1e8")
    names = ["conure", "numpy", "numexpr", "numba", "jax"]
    parser.add_argument("--peers", type=listed, default=names, help=", ".join(array_peers.TITLES))
    parser.add_argument("--parts", type=listed, default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--repeat", type=int, default=5, help="turns of each variant")
    default = Path(__file__).with_name("results") / "arrays.json"
    parser.add_argument("--json", type=Path, default=default, help="where the figures go")
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> Record:
    """Take all figures that were asked for."""
    skipped = {name: why for name in arguments.peers if (why := array_peers.missing(name))}
    names = [name for name in arguments.peers if name not in skipped]
    figures: Record = {
        "machine": measure.machine(), "versions": peers.versions(("numexpr", "jax")),
        "skipped": skipped, "peers": names, "programs": [], "small": {}, "first": {},
        "import": None,
    }  # fmt: skip
    if "first" in arguments.parts and "conure" in names:
        figures["import"] = measure.import_seconds("conure.numpy")
        figures["first"] = first_evaluations()
    if "small" in arguments.parts and "conure" in names:
        figures["small"] = small_figures()
    if "programs" not in arguments.parts:
        return figures
    triad = measure.Triad("numba" in names)
    triad.rate()
    for program in array_programs.PROGRAMS:
        for size in [int(float(text)) for text in arguments.sizes]:
            if program.name in arguments.programs:
                record = program_record(program, size, names, arguments.repeat, triad)
                figures["programs"].append(record)
        print(f"  {program.name}", file=sys.stderr)
    figures["triad"] = {"bytes_per_second": triad.best, "by": triad.winner}
    return figures


def main() -> None:
    """Measure, print, save; status 1 if any result is wrong."""
    arguments = parse()
    start = time.perf_counter()
    figures = run(arguments)
    figures["elapsed"] = time.perf_counter() - start
    print(array_report.render(figures))
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"\nwritten to {arguments.json}")
    if any(record["wrong"] for record in figures["programs"]):
        sys.exit(1)


if __name__ == "__main__":
    main()
