"""What this machine has to run on, with measured facts: `conure.devices()`.

Each device is measured once, in about a second, and the figures are kept in the folder of
compiled code, by the device's name and its driver's version: another driver is measured anew.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from conure.codegen.assemble_kernels import assemble_kernels
from conure.codegen.cpu import generate
from conure.configuration import current
from conure.errors import DeviceError
from conure.ir.parse import parse
from conure.runtime.cache import default_folder
from conure.runtime.device import Device
from conure.runtime.devices import target_of, the_device
from conure.target import DEVICES, Target, host

_BYTES: Final = 1 << 25
_FILE: Final = "devices.json"
_FORMAT: Final = 1
_REPEATS: Final = 5
_COPY: Final = """program probe(x: f64[1]C, y: f64[1]C) {
    for i in 0:dim(x, 0) grid { y[i] = x[i] } }"""


class DeviceProfile(NamedTuple):
    """One device as it was measured.

    Attributes
    ----------
    name, description, version
        The name that an option takes, who it is, and its driver.
    memory
        Bytes per second that a kernel reads and writes together.
    to_device, from_device
        Bytes per second that are copied there and back; infinite for the host itself.
    launch
        Seconds from a launch to its end, when there is nothing to do.
    compiling
        Seconds that a small kernel takes from LLVM's text to something that runs.
    """

    name: str
    description: str
    version: str
    memory: float
    to_device: float
    from_device: float
    launch: float
    compiling: float

    def __str__(self) -> str:
        facts = [f"memory {_rate(self.memory)}"]
        if self.name != "cpu":
            facts += [
                f"to device {_rate(self.to_device)}",
                f"from device {_rate(self.from_device)}",
                f"launch {self.launch * 1e6:.0f} us",
                f"compiling {self.compiling * 1e3:.0f} ms",
            ]
        return f"{self.name}: {self.description}\n    {', '.join(facts)}"


def _rate(value: float) -> str:
    return f"{value / 1e9:.1f} GB/s"


def devices() -> list[DeviceProfile]:
    """What is there to run on, measured: the processor first.

    Returns
    -------
    list of DeviceProfile
        Printed, each is two lines.
    """
    return [_kept("cpu", _host_version(), _measured_host), *_others()[0]]


def missing() -> dict[str, str]:
    """By name, why a device is not among `devices()`."""
    return _others()[1]


def _others() -> tuple[list[DeviceProfile], dict[str, str]]:
    found, lacking = [], {}
    for name in DEVICES:
        try:
            device = the_device(name)
            version = f"{device.description} {getattr(device, 'version', '')}"
            found.append(_kept(name, version, functools.partial(_measured, device, version)))
        except DeviceError as error:
            lacking[name] = str(error)
    return found, lacking


# ---- keeping ----


def _path() -> str:
    folder = current().cache_dir
    return os.path.join(os.path.expanduser(folder) if folder else default_folder(), _FILE)


def _kept(name: str, version: str, measure: Callable[[], DeviceProfile]) -> DeviceProfile:
    """The profile from the file, or measured and put there. A file that cannot be read or written
    does no harm."""
    rows: dict[str, list[object]] = {}
    with contextlib.suppress(OSError, ValueError), open(_path(), encoding="utf-8") as file:
        kept = json.load(file)
        rows = kept["rows"] if kept.get("format") == _FORMAT else {}
    row = rows.get(name)
    if isinstance(row, list) and len(row) == len(DeviceProfile._fields) and row[2] == version:
        return DeviceProfile(*row)  # type: ignore[arg-type]  # the file is our own
    made = measure()
    if current().cache:
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(_path()), mode=0o700, exist_ok=True)
            temporary = f"{_path()}.{os.getpid()}"
            with open(temporary, "w", encoding="utf-8") as file:
                json.dump({"format": _FORMAT, "rows": rows | {name: made}}, file, indent=1)
            os.replace(temporary, _path())
    return made


# ---- measuring ----


def _host_version() -> str:
    return f"{host().features.partition(':')[0]}, {host().threads} threads"


def _measured_host() -> DeviceProfile:
    x, y = np.ones(_BYTES // 8), np.zeros(_BYTES // 8)
    seconds = _best(lambda: np.copyto(y, x))
    version = _host_version()
    infinite = float("inf")
    return DeviceProfile(
        "cpu", version, version, 2 * _BYTES / seconds, infinite, infinite, 0.0, 0.0
    )


def _measured(device: Device, version: str) -> DeviceProfile:
    target = target_of(device.name)
    assert target is not None
    x = np.ones(_BYTES // 8)
    address = x.__array_interface__["data"][0]
    here, there = device.allocate(_BYTES), device.allocate(_BYTES)

    def settle() -> None:
        device.read(there, 0, address, 8)

    def to_device() -> None:
        device.write(here, 0, address, _BYTES)
        settle()

    inward = _best(to_device)
    outward = _best(lambda: device.read(here, 0, address, _BYTES))
    begin = time.perf_counter()
    kernel, group = _probe(device, target)
    compiling = time.perf_counter() - begin

    def run(points: int) -> None:
        zero, count = np.int64(0), np.int64(points)  # offsets; extents and the loop's turns
        given = (here, zero, there, zero, count, count, count)
        device.run(kernel, (-(-points // group), 1), (group, 1), given)
        settle()

    launch = _best(lambda: run(1))
    copying = _best(lambda: run(_BYTES // 8))
    for memory in (here, there):
        device.release(memory, _BYTES)
    return DeviceProfile(
        device.name, device.description, version, 2 * _BYTES / max(copying - launch, 1e-9),
        _BYTES / inward, _BYTES / outward, launch, compiling,
    )  # fmt: skip


def _probe(device: Device, target: Target) -> tuple[object, int]:
    """A kernel that copies, and the size of its groups."""
    made = generate(parse(_COPY), host(), target)
    assert target.device is not None
    return device.load(assemble_kernels(made.kernels, target), "k0"), target.device.group


def _best(act: Callable[[], object]) -> float:
    """Seconds of the quickest of several runs; the first one, which may set things up, apart."""
    act()
    times = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        act()
        times.append(time.perf_counter() - begin)
    return min(times)
