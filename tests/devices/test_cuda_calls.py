"""What the file for NVIDIA devices asks of the driver: of a stand-in, with memory of the host."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

from conure.errors import DeviceError
from conure.runtime.cuda import Cuda

OUT_OF_MEMORY = 2


class Driver:
    """As much of libcuda as is used."""

    def __init__(self, capability: tuple[int, int] = (9, 0), bytes_free: int = 1 << 30) -> None:
        self.capability, self.bytes_free = capability, bytes_free
        self.memory: dict[int, Any] = {}
        self.launched: list[tuple[Any, ...]] = []
        self.parameters: Any = None

    def __getattr__(self, name: str) -> Any:
        assert name.startswith("cu"), name
        return lambda *arguments: 0

    def cuDeviceGetAttribute(self, value: Any, which: int, device: Any) -> int:
        value._obj.value = self.capability[which - 75]
        return 0

    def cuGetErrorString(self, status: int, text: Any) -> int:
        text._obj.value = b"out of memory"
        return 0

    def cuMemAlloc_v2(self, address: Any, size: Any) -> int:
        if size.value > self.bytes_free:
            return OUT_OF_MEMORY
        self.bytes_free -= size.value
        block = ctypes.create_string_buffer(size.value)
        address._obj.value = ctypes.addressof(block)
        self.memory[address._obj.value] = block
        return 0

    def cuMemFree_v2(self, address: Any) -> int:
        self.bytes_free += len(self.memory.pop(address.value))
        return 0

    def cuMemcpyHtoD_v2(self, place: Any, source: Any, size: Any) -> int:
        ctypes.memmove(place.value, source.value, size.value)
        return 0

    def cuMemcpyDtoH_v2(self, target: Any, place: Any, size: Any) -> int:
        ctypes.memmove(target.value, place.value, size.value)
        return 0

    def cuMemcpyDtoD_v2(self, place: Any, source: Any, size: Any) -> int:
        ctypes.memmove(place.value, source.value, size.value)
        return 0

    def cuLaunchKernel(self, kernel: Any, *rest: Any) -> int:
        self.launched.append(rest[:6])
        self.parameters = rest[8]
        self.values = [
            ctypes.c_uint64.from_address(self.parameters[0]).value,
            ctypes.c_int64.from_address(self.parameters[1]).value,
            ctypes.c_double.from_address(self.parameters[2]).value,
            ctypes.c_float.from_address(self.parameters[3]).value,
        ]
        return 0


def test_copies_with_offsets() -> None:
    device = Cuda(Driver())
    x, y = np.arange(8, dtype="u1"), np.zeros(8, "u1")
    one, two = device.allocate(16), device.allocate(16)
    device.write(one, 0, x.ctypes.data, 8)
    device.copy(one, two, 4, 8)
    device.read(two, 6, y.ctypes.data, 6)
    assert y.tolist() == [2, 3, 4, 5, 6, 7, 0, 0]


def test_a_launch() -> None:
    driver = Driver()
    device = Cuda(driver)
    memory = device.allocate(64)
    kernel = device.load(b".version 7.8", "k0")
    given = (memory, np.int64(-5), np.float64(2.5), np.float32(0.5))
    device.run(kernel, (10, 100_000), (32, 8), given)
    assert driver.launched == [(10, 65535, 1, 32, 8, 1)]
    assert driver.values == [memory.address, -5, 2.5, 0.5]


def test_memory_lies_ready_and_goes_back_when_there_is_none() -> None:
    driver = Driver(bytes_free=3 << 20)
    device = Cuda(driver)
    for _ in range(3):
        device.release(device.allocate(1 << 20), 1 << 20)
    assert len(driver.memory) == 1
    large = device.allocate(3 << 20)  # more than there is, until what lies ready is given back
    assert len(driver.memory) == 1
    with pytest.raises(DeviceError, match="out of memory"):
        device.allocate(1 << 20)
    del large
    assert not driver.memory


def test_a_device_that_is_too_old() -> None:
    with pytest.raises(DeviceError, match="too old"):
        Cuda(Driver(capability=(5, 2)))
    assert Cuda(Driver(capability=(8, 9))).processor == "sm_89"
