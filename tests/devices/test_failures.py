"""Where Python raises, and where the device does: arrays as CPython leaves them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import conure
from conure.errors import DeviceError, UnsupportedError
from conure.runtime import device as device_file
from conure.runtime import devices
from tests.devices.running import places, rng, there
from tests.oracle import copied, same


def divide(x, y, n):
    for i in range(n):
        y[i] = 1.0 / float(x[i])


def test_a_division_by_zero_in_the_middle(device: str) -> None:
    x = rng.random(300)
    x[211] = 0.0
    outcome = same(divide, x, np.zeros(300), 300, device=device)
    assert outcome.error == "ZeroDivisionError"
    there(device, divide, rng.random(300) + 1, np.zeros(300), 300)


def test_an_index_beyond_the_end(device: str) -> None:
    def gather(x, k, y):
        for i in range(len(k)):
            y[i] = x[k[i]]

    k = rng.integers(-50, 50, 200)
    there(device, gather, rng.random(50), k, np.zeros(200))
    k[150] = 50
    assert same(gather, rng.random(50), k, np.zeros(200), device=device).error == "IndexError"


def test_an_integer_beyond_64_bits(device: str) -> None:
    def square(k, y):
        for i in range(len(k)):
            n = int(k[i])
            y[i] = float(n * n - 1)

    there(device, square, np.arange(100), np.zeros(100))
    same(square, np.arange(100) * 10**15, np.zeros(100), device=device)


def test_a_sum_beyond_64_bits(device: str) -> None:
    def add(k):
        s = 0
        for i in range(len(k)):
            s += int(k[i])
        return s

    there(device, add, np.full(1000, 2**50))
    same(add, np.full(1000, 2**62), device=device)
    same(add, np.array([2**62, 2**62, -(2**62)] * 5), device=device)


def test_it_fails_after_the_host_has_written(device: str) -> None:
    def mixed(x, y, z):
        z[0] = 5.0
        for i in range(len(x)):
            y[i] = 1.0 / float(x[i])
        z[1] = 7.0

    x = rng.random(100)
    x[40] = 0.0
    same(mixed, x, np.zeros(100), np.zeros(3), device=device)


def broken(*arguments: object) -> None:
    raise DeviceError("unplugged")


@pytest.mark.parametrize("what", ["allocate", "write", "run"])
def test_the_device_fails_and_the_host_runs(
    device: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(devices.the_device(device)), what, broken)
    same(divide, rng.random(64) + 1, np.zeros(64), 64, device=device)
    assert places(device, divide, rng.random(64) + 1, np.zeros(64), 64) == ["cpu"]


def test_results_that_do_not_come_home_are_an_error(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(devices.the_device(device)), "read", broken)
    fill = conure.jit(device=device)(_fill)
    with pytest.raises(DeviceError, match="unplugged"):
        fill(np.zeros(50))


def _fill(x):
    for i in range(len(x)):
        x[i] = 3.0


def test_an_interruption_leaves_arrays_alone(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    x = np.zeros(50)
    fill = conure.jit(device=device)(_fill)
    fill(x.copy())
    monkeypatch.setattr(type(devices.the_device(device)), "run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fill(x)
    assert not x.any()
    assert not device_file._stack.sessions


def test_no_memory_stays_behind(device: str) -> None:
    x = rng.random(1000)
    fill = conure.jit(device=device)(divide)
    for k in range(30):
        x[500] = k % 2  # each second call fails
        with contextlib.suppress(ZeroDivisionError):
            fill(x, np.zeros(1000), 1000)
    assert not device_file._stack.sessions


def test_strict_refuses_what_stays_with_the_host(device: str) -> None:
    def running(x):
        for i in range(1, len(x)):
            x[i] = x[i - 1] * 0.5

    same(running, rng.random(50), device=device)
    assert places(device, running, rng.random(50)) == ["cpu"]
    with pytest.raises(UnsupportedError, match="reads in a later iteration"):
        conure.jit(device=device, strict=True)(running)(rng.random(50))
    there(device, divide, rng.random(20) + 1, np.zeros(20), 20)


def test_after_a_fork(device: str, tmp_path: Path) -> None:
    code = f"""
import os, numpy as np, conure
@conure.jit(device={device!r})
def fill(x):
    for i in range(len(x)):
        x[i] = i * 0.5
x = np.zeros(100); fill(x)
child = os.fork()
if not child:
    try:
        fill(np.zeros(100))
    except conure.ConureError as error:
        os._exit(0 if "fork" in str(error) else 2)
    os._exit(1)
_, status = os.waitpid(child, 0)
y = np.zeros(100); fill(y)
assert (x == y).all() and status == 0
"""
    script = tmp_path / "forking.py"
    script.write_text(code, encoding="utf-8")
    subprocess.run([sys.executable, str(script)], check=True, timeout=120)


def test_a_device_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in ("pyopencl", "cuda"):
        monkeypatch.setitem(sys.modules, missing, None)
    devices._opened.cache_clear()
    try:
        for name in ("opencl", "cuda"):
            with pytest.raises(DeviceError, match=f'device="{name}"'):
                conure.jit(device=name)(_fill)(copied([np.zeros(5)])[0])
    finally:
        devices._opened.cache_clear()
