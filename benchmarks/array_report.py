"""The figures of `arrays.py` as tables for a terminal."""

from typing import Any

from array_peers import TITLES
from report import disturbed, duration, geometric_mean, ratio, table, versus

Record = dict[str, Any]


def of_size(size: int) -> str:
    """A size as a power of ten."""
    return f"{size:.0e}".replace("e+0", "e")


def programs_table(figures: Record) -> str:
    """Medians, and how many times faster than each peer conure is."""
    others = [name for name in figures["peers"] if name != "conure"]
    head = ["program", "size", *(TITLES[name] for name in figures["peers"])]
    head += [f"vs {TITLES[name]}" for name in others] + ["of triad"]
    rows = []
    for record in figures["programs"]:
        seconds = record["seconds"]
        row = [record["program"], of_size(record["size"])]
        row += [duration(seconds.get(name)) for name in figures["peers"]]
        row += [ratio(record, name) for name in others]
        row.append("-" if record.get("share") is None else f"{record['share']:.0%}")
        rows.append(row)
    sizes = sorted({record["size"] for record in figures["programs"]})
    for size in sizes:
        row = ["geometric mean", of_size(size), *("" for _ in figures["peers"])]
        records = [record for record in figures["programs"] if record["size"] == size]
        for name in others:
            found = [value for each in records if (value := versus(each, name)) is not None]
            row.append(f"{geometric_mean(found):.2f}x" if found else "-")
        rows.append([*row, ""])
    return table(head, rows)


def against_best(record: Record) -> float | None:
    """How many times faster conure is than the best of the peers."""
    found = [versus(record, name) for name in record["seconds"] if name != "conure"]
    values = [value for value in found if value is not None]
    return min(values) if values else None


def goals(figures: Record) -> str:
    """Each goal of the project, the figure, and whether it is reached."""
    rows: list[list[str]] = []

    def judge(title: str, goal: str, text: str, reached: bool) -> None:
        rows.append([title, goal, text, "reached" if reached else "MISSED"])

    small = figures["small"]
    if small:
        judge("recording one operation", "2 us", duration(small["record"]), small["record"] <= 2e-6)
        launch = small["launch"]
        judge("a known plan, observed to launched", "25 us", duration(launch), launch <= 25e-6)
        for size, found in small["per_operation"].items():
            times = found["conure"] / found["numpy"]
            judge(
                f"operations on {size} elements vs NumPy",
                "2x slower",
                f"{times:.2f}x slower",
                times <= 2,
            )
    for record in figures["programs"]:
        if record["program"] == "chain of 10" and record["size"] == 10_000_000:
            for name, goal in (("numpy", 6.0), ("numexpr", 1.2), ("jax", 1.2)):
                value = versus(record, name)
                if value is not None:
                    judge(
                        f"chain of 10, 1e7, vs {TITLES[name]}",
                        f"{goal:g}x",
                        f"{value:.2f}x",
                        value >= goal,
                    )
        share = record.get("share")
        if share is not None:
            judge(f"{record['program']}: share of triad", "85%", f"{share:.0%}", share >= 0.85)
    large = [each for each in figures["programs"] if each["size"] >= 1_000_000]
    best = [value for each in large if (value := against_best(each)) is not None]
    if best:
        mean = geometric_mean(best)
        judge("from 1e6 on, vs the best peer, mean", "1.2x", f"{mean:.2f}x", mean >= 1.2)
    slower = [
        (1 / value, each)
        for each in figures["programs"]
        if each["size"] >= 10_000 and (value := versus(each, "numpy")) is not None
    ]
    for times, each in sorted(slower, key=lambda pair: -pair[0]):
        if times > 1.05:
            name = f"{each['program']} {of_size(each['size'])} vs NumPy"
            noisy = "~" if disturbed(each, "numpy") else ""
            judge(name, "1.05x slower", f"{noisy}{times:.2f}x slower", False)
    for kind, title in (("by itself", ""), ("at once", ", compiled")):
        first = figures["first"].get(kind, {}).get("cold")
        if first is not None:
            judge(f"first evaluation, cold{title}", "100 ms", duration(first), first <= 0.1)
    return table(["figure", "goal", "measured", ""], rows) if rows else ""


def render(figures: Record) -> str:
    """Everything, as text."""
    machine = figures["machine"]
    named = ", ".join(
        f"{name} {version}" for name, version in figures["versions"].items() if version
    )
    parts = [
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}; {named}"
    ]
    if machine["load"] > 0.5:
        parts.append(f"NOT IDLE: {machine['load']:.1f} other processes ran when this started")
    parts += [f"left out: {TITLES[name]}: {why}" for name, why in figures["skipped"].items()]
    if figures["programs"]:
        triad = figures["triad"]
        rate = triad["bytes_per_second"] / 1e9
        parts.append(f"STREAM triad beside: {rate:.1f} GB/s over the bus, by {triad['by']}")
        parts += ["", "Median time of a call, its result consumed", "", programs_table(figures)]
    for record in figures["programs"]:
        where = f"{record['program']} {of_size(record['size'])}"
        parts += [f"WRONG {where}: {text}" for text in record["wrong"]]
        parts += [f"{where}: {name}: {why}" for name, why in record["left_out"].items()]
    if figures["import"] is not None:
        parts += ["", f"import conure.numpy after numpy: {duration(figures['import'])}"]
    for kind, found in figures["first"].items():
        texts = ", ".join(f"{name} {duration(value)}" for name, value in found.items())
        parts.append(f"first evaluation, chain of 10 over 1e6, compiled {kind}: {texts}")
    reached = goals(figures)
    parts += ["", "Goals", "", reached] if reached else []
    parts.append(f"\n{figures['elapsed']:.0f} s in all")
    return "\n".join(parts)
