"""How compile time grows with the number of statements and with the depth of a nest.

Writes plain functions to a temporary module and times the first call of each in a fresh
process with an empty cache: Conure beside Numba.

    python benchmarks/compile_time.py
    python benchmarks/compile_time.py --statements 10,100 --depth 1,2,3 --peers conure
"""

import argparse
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import measure
import numpy as np
import peers
import report

PEERS = ("conure", "numba", "expert")
CHOICES = {
    "statements in one loop": "statements",
    "loops of one statement": "loops",
    "depth of one nest": "depth",
}


def statements(count: int) -> str:
    """One loop over `count` statements, each using the one before."""
    lines = ["def generated(a, b, c):", "    for i in RANGE(len(a)):", "        t0 = a[i] + b[i]"]
    for k in range(1, count - 1):
        operand = ("a[i]", "b[i]", f"{k}.5")[k % 3]
        lines.append(f"        t{k} = t{k - 1} * 0.5 + {operand}")
    return "\n".join([*lines, f"        c[i] = t{max(count - 2, 0)}"]) + "\n"


def loops(count: int) -> str:
    """`count` loops of one statement, one after the other."""
    lines = ["def generated(a, b, c):"]
    for k in range(count):
        lines += ["    for i in RANGE(len(a)):", f"        c[i] = c[i] * 0.5 + a[i] * {k}.5"]
    return "\n".join(lines) + "\n"


def depth(count: int) -> str:
    """One nest of `count` loops over arrays of that rank."""
    names = [f"i{k}" for k in range(count)]
    at = ", ".join(names)
    lines = ["def generated(a, b, c):"]
    for k, name in enumerate(names):
        bounds = "RANGE" if k == 0 else "range"
        lines.append(f"{'    ' * (k + 1)}for {name} in {bounds}(a.shape[{k}]):")
    lines.append(f"{'    ' * (count + 1)}c[{at}] = a[{at}] * 2.0 + b[{at}]")
    return "\n".join(lines) + "\n"


WRITERS = {"statements": statements, "loops": loops, "depth": depth}


def timed_call(peer: str, shape: str, count: int, folder: Path) -> None:
    """In the fresh process: write, import and call the function; print the seconds as JSON."""
    text = WRITERS[shape](count)
    head = "from numba import prange\n\n\n" if peer == "expert" else ""
    text = text.replace("RANGE", "prange" if peer == "expert" else "range")
    path = folder / "generated_module.py"
    path.write_text(head + text)
    spec = importlib.util.spec_from_file_location("generated_module", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generated_module"] = module
    spec.loader.exec_module(module)
    rank = count if shape == "depth" else 1
    arrays = [np.ones((4,) * rank) for _ in range(3)]
    if peer == "conure":
        import conure  # only in its own process

        # By itself Conure leaves work as small as this to Python.
        function = conure.jit(device="cpu")(module.generated)
    else:
        import numba  # only in its own process

        function = numba.njit(parallel=peer == "expert")(module.generated)
    start = time.perf_counter()
    function(*arrays)
    print(json.dumps({"first": time.perf_counter() - start}))


def first_call(peer: str, shape: str, count: int, repeat: int, limit: float) -> float | None:
    """Median seconds of the first call in `repeat` fresh processes; None past the limit."""
    found = []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory(prefix="conure-bench-") as folder:
            cache = Path(folder)
            (cache / "conure").mkdir(mode=0o700)
            call = ["--call", peer, shape, str(count), folder]
            answer = measure.fresh("compile_time.py", call, cache, limit)
        if not answer:
            return None
        found.append(answer["first"])
        if found[0] > 5.0:
            break
    return statistics.median(found)


def parse() -> argparse.Namespace:
    """The command line."""

    def numbers(text: str) -> list[int]:
        return [int(each) for each in text.split(",")]

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--statements", type=numbers, default=[10, 100, 1000])
    parser.add_argument("--loops", type=numbers, default=[1, 10, 100])
    parser.add_argument("--depth", type=numbers, default=[1, 2, 3, 4, 5])
    parser.add_argument("--peers", type=lambda text: text.split(","), default=list(PEERS))
    parser.add_argument("--repeat", type=int, default=3, help="fresh processes for each figure")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds after which to give up")
    default = Path(__file__).with_name("results") / "compile_time.json"
    parser.add_argument("--json", type=Path, default=default, help="where the figures go")
    return parser.parse_args()


def main() -> None:
    """Measure, print one table, save."""
    if sys.argv[1:2] == ["--call"]:
        peer, shape, count, folder = sys.argv[2:6]
        timed_call(peer, shape, int(count), Path(folder))
        return
    arguments = parse()
    names = [name for name in arguments.peers if not peers.missing(name)]
    records = []
    for title, shape in CHOICES.items():
        for count in getattr(arguments, shape):
            seconds = {
                name: first_call(name, shape, count, arguments.repeat, arguments.limit)
                for name in names
            }
            records.append({"what": title, "count": count, "seconds": seconds})
    head = ["first call, empty cache", "count", *(peers.TITLES[name] for name in names)]
    rows = [
        [each["what"], str(each["count"])]
        + [report.duration(each["seconds"][name]) for name in names]
        for each in records
    ]
    print(report.table(head, rows))
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    figures = {"machine": measure.machine(), "versions": peers.versions(), "records": records}
    arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"\nwritten to {arguments.json}")


if __name__ == "__main__":
    main()
