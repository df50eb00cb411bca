"""The kernels of the nests as PTX, assembled for two processors: no spills, registers as they were.

`ptxas` comes with the wheel `nvidia-cuda-nvcc`, the math functions with `nvidia-nvvm`; no GPU is
needed. The figures are golden, one file per version of ptxas; a kernel may get better, or a little
worse, as passes change. With another version it must only not spill.
"""

from __future__ import annotations

import functools
import re
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import conure
from benchmarks import nests
from conure.codegen.assemble_kernels import _places, assemble_kernels
from conure.codegen.cpu import generate
from conure.configuration import Config
from conure.dispatch import Dispatcher
from conure.errors import Reason
from conure.frontend.lowered import Lowered
from conure.ir.nodes import Program
from conure.pipeline import decide
from conure.signature import Signature
from conure.target import device, host
from tests.conftest import GOLDEN
from tests.devices.test_nests import NESTS, SUMS, R
from tests.oracle import copied

ALL = NESTS | SUMS
ALL["black_scholes"] = (R(9) + 1, R(9) + 1, R(9) + 0.1, 0.1, 0.3, np.zeros(9), np.zeros(9))


def ptxas() -> Path | None:
    folder = Path(sysconfig.get_paths()["purelib"], "nvidia")
    return next(iter(sorted(folder.glob("*/bin/ptxas"))), None)


needs_assembler = pytest.mark.skipif(
    ptxas() is None, reason="ptxas is missing: pip install nvidia-cuda-nvcc"
)
needs_functions = pytest.mark.skipif(
    not any(path.is_file() for path in _places()),
    reason="libdevice is missing: pip install nvidia-nvvm",
)


def total(x):
    s = 0.0
    for i in range(len(x)):
        s += x[i]
    return s


def first_smallest(x):
    best = x[0]
    place = 0
    for i in range(len(x)):
        if x[i] < best:
            best = x[i]
            place = i
    return best, place


ALL |= {"total": (R(9),), "first_smallest": (R(9),)}


@functools.cache
def program_of(name: str) -> Program:
    """The program that a nest is lowered to when it is called."""
    function = getattr(nests, name, globals().get(name))
    found: list[Program] = []
    lower = Dispatcher.lower

    def lower_and_keep(self: Dispatcher, signature: Signature) -> Lowered | Reason:
        lowered = lower(self, signature)
        if isinstance(lowered, Lowered):
            found.append(lowered.program)
        return lowered

    with mock.patch.object(Dispatcher, "lower", lower_and_keep):
        conure.jit(device="cpu", threads=3)(function)(*copied(ALL[name]))
    return found[0]


def kernels(name: str, processor: str) -> str:
    target = device("cuda", processor)
    program = decide(program_of(name), Config(check=True), False, device=target)
    made = generate(program, host(), target).kernels
    assert made, f"{name} has no kernel"
    return assemble_kernels(made, target).decode()


def assembled(text: str, processor: str, folder: Path) -> str:
    source = folder / "kernels.ptx"
    source.write_text(text, encoding="utf-8")
    command = [str(ptxas()), "-arch", processor, "-v", "-o", str(folder / "kernels.cubin")]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stderr


def figures(log: str) -> list[tuple[str, int, int]]:
    """Per kernel its name, registers, and bytes spilled."""
    found = re.findall(
        r"entry function '(\w+)'.*?(\d+) bytes spill stores, (\d+) bytes spill loads.*?"
        r"Used (\d+) registers",
        log,
        re.DOTALL,
    )
    return sorted((name, int(used), int(a) + int(b)) for name, a, b, used in found)


@needs_assembler
@needs_functions
@pytest.mark.parametrize("processor", ["sm_75", "sm_90"])
def test_registers_and_spills(
    processor: str,
    tmp_path: Path,
    golden: Callable[[str, str], None],
    request: pytest.FixtureRequest,
) -> None:
    found = {}
    for name in sorted(ALL):
        rows = figures(assembled(kernels(name, processor), processor, tmp_path))
        assert rows, name
        for kernel, registers, spilled in rows:
            assert spilled == 0, f"{name} {kernel}: {spilled} bytes"
            found[f"{name} {kernel}"] = registers
    text = "\n".join(f"{kernel:20} {registers:3} registers" for kernel, registers in found.items())
    version = subprocess.run([str(ptxas()), "--version"], capture_output=True, text=True)
    release = re.search(r"release ([\d.]+)", version.stdout)
    assert release is not None
    file = GOLDEN / "ptx" / f"{processor}-{release[1]}.txt"
    if request.config.getoption("--update-golden"):
        golden(str(file.relative_to(GOLDEN)), text)
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        kernel, before = line[:20].strip(), int(line[20:].split()[0])
        now = found.get(kernel, 0)
        assert now <= before + before // 4 + 4, f"{kernel}: {now} registers, it were {before}"


@needs_functions
def test_nothing_is_contracted_or_approximated() -> None:
    """Sums and products stay two instructions, rounded as the host rounds them."""
    text = kernels("jacobi", "sm_90") + kernels("nbody", "sm_90")
    assert "fma" not in text
    assert "approx" not in text
    assert ".ftz" not in text


@needs_functions
def test_functions_are_those_of_libdevice_and_nothing_is_left_to_link() -> None:
    text = kernels("black_scholes", "sm_75")
    assert ".extern" not in text
    assert "__nv_" not in text
    assert ".visible .entry" in text
