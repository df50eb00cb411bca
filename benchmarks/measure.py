"""How the figures are taken: interleaved timing, bandwidth, memory, and fresh processes."""

import compileall
import functools
import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cases
import numpy as np

Function = Callable[..., object]
SHORT = 5e-3  # seconds; shorter calls are timed several times in a row, after untimed ones
REST = 5e-3  # seconds in which the threads of the variant before stop spinning
ENOUGH = 4.0  # seconds of one variant, after which it is not repeated more than thrice


class Timed:
    """One variant under the clock: its function, its own arguments, its seconds so far."""

    def __init__(self, function: Function, pristine: cases.Arguments) -> None:
        self.function = function
        self.pristine = pristine
        self.arguments = cases.copied(pristine)
        self.seconds: list[float] = []

    def once(self) -> float:
        """Seconds of one call on restored arguments."""
        cases.restore(self.arguments, self.pristine)
        start = time.perf_counter()
        self.function(*self.arguments)
        return time.perf_counter() - start

    def warm(self) -> None:
        """Calls outside the clock, so that whoever compiles after a few calls has done so."""
        spent = 0.0
        for _ in range(20):
            if spent > 0.3:
                break
            spent += self.once()

    def turn(self) -> None:
        """One turn in the interleaving."""
        time.sleep(REST)
        if self.seconds and self.seconds[0] < SHORT:
            for _ in range(3):
                self.once()  # this variant's own threads wake
            self.seconds += [self.once() for _ in range(5)]
        elif len(self.seconds) < 3 or sum(self.seconds) < ENOUGH:
            self.seconds.append(self.once())

    @property
    def median(self) -> float:
        """Median seconds of a call."""
        return statistics.median(self.seconds)


def difference(expected: cases.Arguments, actual: cases.Arguments, dtype: str) -> str:
    """Where the results of two variants part by more than rounding; empty if nowhere."""
    tolerance = 1e-9 if dtype == "f8" else 2e-4
    for position, (a, b) in enumerate(zip(expected, actual, strict=True)):
        if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
            continue
        if a.dtype.kind == "i":
            if not np.array_equal(a, b):
                return f"argument {position}: {np.count_nonzero(a != b)} integers differ"
        elif not np.allclose(a, b, rtol=tolerance, atol=tolerance):
            return f"argument {position}: differs by up to {np.nanmax(np.abs(a - b)):.3g}"
    return ""


def interleave(variants: dict[str, Timed], repeat: int) -> None:
    """Let the variants take turns, in an order that rotates, `repeat` times."""
    names = list(variants)
    for turn in range(repeat):
        shift = turn % max(len(names), 1)
        for name in names[shift:] + names[:shift]:
            variants[name].turn()


# ---------------------------------------------------------------------------- bandwidth


def triad(a: np.ndarray, b: np.ndarray, c: np.ndarray, scale: float) -> None:
    """The triad of STREAM with NumPy, in blocks that stay in the cache between its two steps."""
    block = 8_192
    for low in range(0, len(a), block):
        part = a[low : low + block]
        np.multiply(c[low : low + block], scale, out=part)
        part += b[low : low + block]


class Triad:
    """The triad of STREAM, run now and then beside the nests; the best way of running it counts.

    Counts four arrays per cell: two read, one fetched because it is written, one written back.
    """

    def __init__(self, with_numba: bool, cells: int = 20_000_000) -> None:
        self.arrays = np.zeros(cells), np.ones(cells), np.ones(cells)
        self.variants: dict[str, Function] = {"NumPy": triad}
        self.best = 0.0  # bytes per second
        self.winner = ""
        if with_numba:
            import numba  # a peer, see peers.py

            def loop(a: np.ndarray, b: np.ndarray, c: np.ndarray, scale: float) -> None:
                for i in numba.prange(len(a)):
                    a[i] = b[i] + scale * c[i]

            self.variants["Numba prange"] = numba.njit(parallel=True)(loop)
            self.variants["Numba serial"] = numba.njit(loop)
            for name in ("Numba prange", "Numba serial"):
                self.variants[name](*self.arrays, 3.0)  # compiles

    def rate(self, repeat: int = 5) -> float:
        """Bytes per second over the memory bus, now."""
        found = 0.0
        for name, function in self.variants.items():
            time.sleep(REST)
            for _ in range(repeat):
                start = time.perf_counter()
                function(*self.arrays, 3.0)
                rate = 4 * self.arrays[0].nbytes / (time.perf_counter() - start)
                found = max(found, rate)
                if rate > self.best:
                    self.best, self.winner = rate, name
        return found


# -------------------------------------------------------------------------------- memory


def peak_memory() -> int:
    """Highest resident bytes of this process since the last reset; 0 where Linux is not there."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def extra_memory(variant: Timed) -> int | None:
    """Bytes by which one more call, already compiled, raises the peak of the process."""
    variant.once()
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    before = peak_memory()
    variant.once()
    return peak_memory() - before


# ----------------------------------------------------------------------- fresh processes


def dispatch(function: Function, calls: int = 2_000, rounds: int = 9) -> float:
    """Seconds of one call with three tiny arrays."""
    a, b, c = np.ones(4), np.ones(4), np.zeros(4)
    for _ in range(100):
        function(a, b, c)
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            function(a, b, c)
        seconds.append((time.perf_counter() - start) / calls)
    return statistics.median(seconds)


def fresh(script: str, arguments: Sequence[str], cache: Path, limit: float) -> dict[str, float]:
    """Run a script of this folder in a new process; it prints one JSON object at its end."""
    _byte_compile()
    environment = dict(
        os.environ, CONURE_CACHE_DIR=str(cache / "conure"), NUMBA_CACHE_DIR=str(cache / "numba")
    )
    command = [sys.executable, str(Path(__file__).with_name(script)), *arguments]
    try:
        finished = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=limit
        )
    except subprocess.TimeoutExpired:
        return {}
    if finished.returncode != 0:
        last = (finished.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"{script} {' '.join(arguments[:3])}: {last}", file=sys.stderr)
        return {}
    answer: dict[str, float] = json.loads(finished.stdout.splitlines()[-1])
    return answer


@functools.cache
def _byte_compile() -> None:
    """Leave Conure's modules as installing them would: compiled to byte code."""
    found = importlib.util.find_spec("conure")
    if found is not None:
        for folder in found.submodule_search_locations or ():
            compileall.compile_dir(folder, quiet=1)


def cold_and_warm(peer: str, nest: str, limit: float = 120.0) -> dict[str, float]:
    """Seconds of the first call: in a new process with an empty cache, then with a full one."""
    with tempfile.TemporaryDirectory(prefix="conure-bench-") as folder:
        cache = Path(folder)
        for name in ("conure", "numba"):
            (cache / name).mkdir(mode=0o700)
        cold = fresh("first_call.py", [peer, nest], cache, limit)
        warm = fresh("first_call.py", [peer, nest], cache, limit) if cold else {}
    return {
        key: value
        for key, value in (
            ("cold", cold.get("first")),
            ("warm", warm.get("first")),
            ("second", warm.get("second")),
        )
        if value is not None
    }


def import_seconds(module: str, rounds: int = 7) -> float | None:
    """Median seconds that `import module` takes after `import numpy`, in fresh processes."""
    code = (
        "import time, numpy; start = time.perf_counter(); "
        f"import {module}; print(time.perf_counter() - start)"
    )
    seconds = []
    for _ in range(rounds):
        finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        if finished.returncode != 0:
            return None
        seconds.append(float(finished.stdout))
    return statistics.median(seconds)


def machine() -> dict[str, object]:
    """What the figures were taken on."""
    model = "unknown"
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        model = found[1] if found else model
    except OSError:
        pass
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "load": load,
    }
