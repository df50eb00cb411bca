"""Twelve nests of plain Python loops: Conure beside Numba, NumPy and CPython, in one run.

    python benchmarks/loops.py
    python benchmarks/loops.py --nests saxpy,matmul --sizes large --peers conure,expert

What each column means is in benchmarks/README.md.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import cases
import measure
import peers
import report

PARTS = ("steady", "first", "dispatch", "import")
Record = dict[str, Any]


def steady_state(
    case: cases.Case, size: str, names: list[str], repeat: int, triad: measure.Triad
) -> Record:
    """Check the variants against each other, then time them in turns."""
    pristine = case.arguments(size)
    record: Record = {"nest": case.name, "size": size, "wrong": []}
    variants: dict[str, measure.Timed] = {}
    # CPython, or else Numba's serial loop, says what is right.
    for name in sorted(names, key=("python", "numba", "numpy", "expert", "conure").index):
        if name == "python" and size != "small":
            continue
        variant = measure.Timed(peers.PEERS[name](case.nest), pristine)
        try:
            variant.once()
        except Exception as problem:  # a peer's failure is a row of the table, not the end
            record["wrong"].append(f"{name}: {type(problem).__name__}: {problem}"[:300])
            continue
        if variants:
            oracle = next(iter(variants.values()))
            problem_text = measure.difference(oracle.arguments, variant.arguments, case.dtype)
            if problem_text:
                record["wrong"].append(f"{name}: {problem_text}")
        variants[name] = variant
        variant.warm()
    bound = case.moved if size == "large" and "conure" in variants else None
    beside = [triad.rate()] if bound else []
    measure.interleave(variants, repeat)
    beside += [triad.rate()] if bound else []
    record["seconds"] = {name: variant.median for name, variant in variants.items()}
    record["best"] = {name: min(variant.seconds) for name, variant in variants.items()}
    if bound:
        rate = bound(pristine) / min(variants["conure"].seconds)  # best against best, as STREAM
        record["share"] = rate / max(beside)
    if size == "large" and "conure" in variants:
        record["extra_memory"] = measure.extra_memory(variants["conure"])
    return record


def first_calls(nests: list[str], names: list[str]) -> list[Record]:
    """Cold and warm first calls of each nest, in fresh processes."""
    records = []
    for nest in nests:
        found = {
            name: measure.cold_and_warm(name, nest)
            for name in ("conure", "expert", "numba")
            if name in names
        }
        records.append({"nest": nest, "seconds": found})
        print(f"  first call: {nest}", file=sys.stderr)
    return records


def parse() -> argparse.Namespace:
    """The command line."""
    known = list(dict.fromkeys(case.nest for case in cases.CASES))

    def listed(choices: list[str]) -> Any:
        def check(text: str) -> list[str]:
            chosen = text.split(",")
            for each in chosen:
                if each not in choices:
                    raise argparse.ArgumentTypeError(f"{each!r} is none of {', '.join(choices)}")
            return chosen

        return check

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nests", type=listed(known), default=known, help=", ".join(known))
    sizes = list(cases.SIZES)
    parser.add_argument("--sizes", type=listed(sizes), default=sizes, help=", ".join(sizes))
    names = list(peers.PEERS)
    parser.add_argument("--peers", type=listed(names), default=names, help=", ".join(names))
    parts = list(PARTS)
    parser.add_argument("--parts", type=listed(parts), default=parts, help=", ".join(parts))
    parser.add_argument("--markdown", action="store_true", help="also print the README's table")
    parser.add_argument("--repeat", type=int, default=7, help="turns of each variant")
    default = Path(__file__).with_name("results") / "loops.json"
    parser.add_argument("--json", type=Path, default=default, help="where the figures go")
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> Record:
    """Take all figures that were asked for."""
    names, skipped = [], {}
    for name in arguments.peers:
        reason = peers.missing(name)
        if reason:
            skipped[name] = reason
        else:
            names.append(name)
    figures: Record = {
        "machine": measure.machine(), "versions": peers.versions(), "skipped": skipped,
        "peers": names, "steady": [], "first": [], "dispatch": {}, "import": {},
    }  # fmt: skip
    if "import" in arguments.parts:
        modules = {"conure": "conure", "numba": "numba"}
        for name, module in modules.items():
            if name in names:
                figures["import"][name] = measure.import_seconds(module)
    if "first" in arguments.parts:
        figures["first"] = first_calls(arguments.nests, names)
    if "dispatch" in arguments.parts:
        for name in names:
            figures["dispatch"][name] = measure.dispatch(peers.PEERS[name]("tiny"))
    if "steady" in arguments.parts:
        triad = measure.Triad("numba" in names or "expert" in names)
        triad.rate()
        for case in cases.CASES:
            for size in arguments.sizes:
                if case.nest in arguments.nests:
                    record = steady_state(case, size, names, arguments.repeat, triad)
                    figures["steady"].append(record)
                    print(f"  steady state: {case.name} {size}", file=sys.stderr)
        figures["triad"] = {"bytes_per_second": triad.best, "by": triad.winner}
    return figures


def main() -> None:
    """Measure, print, save; status 1 if any result is wrong."""
    arguments = parse()
    start = time.perf_counter()
    figures = run(arguments)
    figures["elapsed"] = time.perf_counter() - start
    print(report.render(figures))
    if arguments.markdown:
        print("\n" + report.markdown(figures))
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"\nwritten to {arguments.json}")
    if any(record["wrong"] for record in figures["steady"]):
        sys.exit(1)


if __name__ == "__main__":
    main()
