"""The figures of `loops.py` as tables for a terminal."""

import math
import statistics
from typing import Any

from peers import TITLES

Record = dict[str, Any]


def duration(seconds: float | None) -> str:
    """A time with its unit, three digits."""
    if seconds is None:
        return "-"
    for factor, unit in ((1.0, "s "), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1.0 or unit == "us":
            return f"{seconds * factor:.3g} {unit}"
    return "-"


def versus(record: Record, peer: str) -> float | None:
    """How many times faster than `peer` Conure is, or None where one of the two did not run.

    The ratio of the medians, or, if one side was disturbed, of the best times of both.
    """
    seconds = record["seconds"]
    if not {"conure", peer} <= set(seconds):
        return None
    if disturbed(record, peer):
        seconds = record["best"]
    found: float = seconds[peer] / seconds["conure"]
    return found


def disturbed(record: Record, peer: str) -> bool:
    """Whether a median is so far above the best time that other processes must have a part in it.

    A spinning team of threads that loses a core waits for a whole time slice of the scheduler.
    """
    return any(record["seconds"][each] > 3.0 * record["best"][each] for each in (peer, "conure"))


def ratio(record: Record, peer: str) -> str:
    """`versus` as text, or a dash; a tilde where best times were taken."""
    found = versus(record, peer)
    if found is None:
        return "-"
    return f"{'~' if disturbed(record, peer) else ''}{found:.2f}x"


def geometric_mean(values: list[float]) -> float:
    """Geometric mean of positive numbers."""
    return math.exp(statistics.fmean(math.log(value) for value in values))


def table(head: list[str], rows: list[list[str]]) -> str:
    """Columns of equal width: the first two to the left, numbers to the right."""
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    lines = []
    for row in [head, ["-" * width for width in widths], *rows]:
        cells = [
            cell.ljust(width) if k == 0 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def ratios(figures: Record, peer: str, size: str | None = None) -> list[float]:
    """How many times faster than `peer` Conure is, for each row that has both."""
    records = [each for each in figures["steady"] if size in (None, each["size"])]
    found = (versus(each, peer) for each in records)
    return [each for each in found if each is not None]


def steady_table(figures: Record) -> str:
    """Medians, how many times faster Conure is than each peer, bandwidth and memory."""
    peers = figures["peers"]
    others = [name for name in peers if name != "conure"] if "conure" in peers else []
    head = ["nest", "size", *(TITLES[name] for name in peers)]
    head += [f"vs {TITLES[name]}" for name in others]
    head += ["of triad", "memory"] if others else []
    rows = []
    for record in figures["steady"]:
        seconds = record["seconds"]
        row = [record["nest"], record["size"], *(duration(seconds.get(name)) for name in peers)]
        row += [ratio(record, name) for name in others]
        if others:
            share, memory = record.get("share"), record.get("extra_memory")
            row.append("-" if share is None else f"{share:.0%}")
            row.append("-" if memory is None else f"{memory / 1e6:.1f} MB")
        rows.append(row)
    sizes = list(dict.fromkeys(record["size"] for record in figures["steady"]))
    for label, size in [*((size, size) for size in sizes), ("all", None)]:
        row = ["geometric mean", label, *("" for _ in peers)]
        for name in others:
            values = ratios(figures, name, size)
            row.append(f"{geometric_mean(values):.2f}x" if values else "-")
        if others:
            rows.append([*row, "", ""])
    return table(head, rows)


def first_table(figures: Record) -> str:
    """First calls, from an empty and from a full cache."""
    peers = [name for name in ("conure", "expert", "numba") if name in figures["peers"]]
    head = ["nest"] + [f"{TITLES[name]}, {kind}" for name in peers for kind in ("cold", "warm")]
    rows = []
    for record in figures["first"]:
        found = record["seconds"]
        cells = [duration(found[name].get(kind)) for name in peers for kind in ("cold", "warm")]
        rows.append([record["nest"], *cells])
    row = ["median"]
    for name in peers:
        for kind in ("cold", "warm"):
            row.append(duration(median_first(figures, name, kind)))
    return table(head, [*rows, row])


def median_first(figures: Record, peer: str, kind: str) -> float | None:
    """Median over the nests of a peer's first calls."""
    found = [record["seconds"].get(peer, {}).get(kind) for record in figures["first"]]
    values = [value for value in found if value is not None]
    return statistics.median(values) if values else None


def goals(figures: Record) -> str:
    """Each goal of the project, the figure, and whether it is reached."""
    rows: list[list[str]] = []

    def judge(title: str, goal: str, text: str, reached: bool) -> None:
        rows.append([title, goal, text, "reached" if reached else "MISSED"])

    versus = ratios(figures, "expert")
    if versus:
        mean, worst = geometric_mean(versus), min(versus)
        judge("vs expert Numba, geometric mean", "1.2x", f"{mean:.2f}x", mean >= 1.2)
        judge("vs expert Numba, worst nest", "0.8x", f"{worst:.2f}x", worst >= 0.8)
    cold, warm = (median_first(figures, "conure", kind) for kind in ("cold", "warm"))
    theirs = median_first(figures, "expert", "cold")
    if cold is not None:
        judge("cold first call, median", "300 ms", duration(cold), cold <= 0.3)
    if cold is not None and theirs is not None:
        judge("cold first call vs Numba's", "3x", f"{theirs / cold:.2f}x", theirs >= 3 * cold)
    if warm is not None:
        judge("first call, warm disk cache", "40 ms", duration(warm), warm <= 0.04)
    call = figures["dispatch"].get("conure")
    if call is not None:
        judge("dispatch of a tiny call", "10 us", duration(call), call <= 1e-5)
    loading = figures["import"].get("conure")
    if loading is not None:
        judge("import beyond numpy", "60 ms", duration(loading), loading <= 0.06)
    for record in figures["steady"]:
        if record.get("share") is not None:
            share = record["share"]
            judge(f"{record['nest']}: share of triad", "85%", f"{share:.0%}", share >= 0.85)
    memory = [each.get("extra_memory") for each in figures["steady"]]
    known = [each for each in memory if each is not None]
    if known:
        # The first touch of stacks and of the pool's own pages is not a temporary.
        judge("memory beyond arguments", "none", f"{max(known) / 1e6:.1f} MB", max(known) < 2e6)
    return table(["figure", "goal", "measured", ""], rows) if rows else ""


def markdown(figures: Record) -> str:
    """The table of the README: f64, the largest size (against CPython the smallest)."""
    others = [name for name in ("python", "numpy", "numba", "expert") if name in figures["peers"]]
    lines = ["| nest | " + " | ".join(f"vs {TITLES[name]}" for name in others) + " |"]
    lines.append("|---" * (len(others) + 1) + "|")
    found: dict[str, dict[str, float]] = {}
    for record in figures["steady"]:
        row = found.setdefault(record["nest"], {})
        for peer in others:
            value = versus(record, peer)
            if value is not None:
                row[peer] = value
    found = {nest: row for nest, row in found.items() if " " not in nest}
    for nest, row in found.items():
        cells = (f"{row[peer]:.2f}x" if peer in row else "-" for peer in others)
        lines.append(f"| {nest.replace('_', '-')} | " + " | ".join(cells) + " |")
    means = []
    for peer in others:
        values = [row[peer] for row in found.values() if peer in row]
        means.append(f"{geometric_mean(values):.2f}x" if values else "-")
    lines.append("| **geometric mean** | " + " | ".join(means) + " |")
    return "\n".join(lines)


def render(figures: Record) -> str:
    """Everything, as text."""
    machine, versions = figures["machine"], figures["versions"]
    named = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    parts = [
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}; {named}"
    ]
    if machine["load"] > 0.5:
        parts.append(f"NOT IDLE: {machine['load']:.1f} other processes ran when this started")
    parts += [f"left out: {TITLES[name]}: {why}" for name, why in figures["skipped"].items()]
    if figures["steady"]:
        triad = figures["triad"]
        rate = triad["bytes_per_second"] / 1e9
        parts.append(f"STREAM triad beside: {rate:.1f} GB/s over the bus, by {triad['by']}")
        parts += [
            "",
            "Steady state: median time of a call (ratios with ~: of best times, see README)",
            "",
            steady_table(figures),
        ]
    wrong = [
        f"WRONG {record['nest']} {record['size']}: {text}"
        for record in figures["steady"]
        for text in record["wrong"]
    ]
    parts += ["", *wrong] if wrong else []
    if any(record["seconds"] for record in figures["first"]):
        parts += ["", "First call in a new process, small size", "", first_table(figures)]
    for key, title in (("dispatch", "A call with 3 tiny arrays"), ("import", "Import after numpy")):
        if figures[key]:
            found = (f"{TITLES[name]} {duration(value)}" for name, value in figures[key].items())
            parts += ["", f"{title}: " + ", ".join(found)]
    reached = goals(figures)
    parts += ["", "Goals", "", reached] if reached else []
    parts.append(f"\n{figures['elapsed']:.0f} s in all")
    return "\n".join(parts)
