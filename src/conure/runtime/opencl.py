"""An OpenCL device that takes SPIR-V, through pyopencl.

It must compute as the host does: float64, subnormal numbers, infinities and NaNs, rounding to
nearest. One queue, in order; a lock, since a kernel's arguments belong to the kernel.
"""

from __future__ import annotations

import ctypes
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from conure.errors import DeviceError
from conure.runtime.buffers import Buffers
from conure.runtime.device import Memory, refused

_INSTALL: Final = "pip install conure[opencl], and a driver of the device"
_EXACT: Final = 0x7  # CL_FP_DENORM | CL_FP_INF_NAN | CL_FP_ROUND_TO_NEAREST
_LEAST_GROUP: Final = 256


class OpenCL:
    """One device with its context and queue."""

    name = "opencl"

    def __init__(self, driver: Any, device: Any) -> None:
        self._driver, self._device = driver, device
        self._context = driver.Context([device])
        self._queue = driver.CommandQueue(self._context)
        self._lock = threading.RLock()
        self._modules: dict[bytes, Any] = {}
        self._nothing = driver.Buffer(self._context, driver.mem_flags.READ_WRITE, 16)
        self._buffers = Buffers(self._new)
        self.description = f"{device.name.strip()} ({device.platform.name.strip()})"
        self.version = f"{device.version} {device.driver_version}"

    def _new(self, size: int) -> Any:
        try:
            made = self._driver.Buffer(self._context, self._driver.mem_flags.READ_WRITE, size)
            self._driver.enqueue_fill_buffer(self._queue, made, np.uint8(0), 0, 1)
        except self._driver.Error as error:
            raise DeviceError(
                f"no memory for {size} bytes on {self.description}: {error}"
            ) from error
        return made

    def allocate(self, size: int) -> Memory:
        return self._buffers.take(size)

    def release(self, memory: Memory, size: int) -> None:
        self._buffers.give(memory, size)

    def write(self, memory: Memory, offset: int, address: int, size: int) -> None:
        self._copy(memory, _bytes_at(address, size), dst_offset=offset)

    def read(self, memory: Memory, offset: int, address: int, size: int) -> None:
        self._copy(_bytes_at(address, size), memory, src_offset=offset)

    def copy(self, source: Memory, target: Memory, offset: int, size: int) -> None:
        self._copy(target, source, dst_offset=offset, byte_count=size)

    def _copy(self, target: Any, source: Any, **places: int) -> None:
        try:
            self._driver.enqueue_copy(self._queue, target, source, **places)
        except self._driver.Error as error:
            raise DeviceError(f"a copy failed on {self.description}: {error}") from error

    def load(self, code: bytes, name: str) -> Any:
        with self._lock:
            try:
                if code not in self._modules:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")  # compilers are talkative
                        self._modules[code] = self._driver.Program(self._context, code).build()
                return self._driver.Kernel(self._modules[code], name)
            except self._driver.Error as error:
                raise DeviceError(f"{self.description} refuses a kernel: {error}") from error

    def run(
        self, kernel: Any, extents: tuple[int, int], group: tuple[int, int],
        arguments: Sequence[Memory | np.generic],
    ) -> None:  # fmt: skip
        given = [self._nothing if each is None else each for each in arguments]
        total = (extents[0] * group[0], min(extents[1], _MOST) * group[1])
        with self._lock:
            try:
                kernel.set_args(*given)
                self._driver.enqueue_nd_range_kernel(self._queue, kernel, total, group)
            except self._driver.Error as error:
                raise DeviceError(f"a launch failed on {self.description}: {error}") from error


_MOST: Final = 65535  # groups along y; a kernel takes further rows in turns


def _bytes_at(address: int, size: int) -> np.ndarray[Any, Any]:
    """The host's memory as an array."""
    return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address))


def open_opencl() -> OpenCL:
    """The first device that will do, GPUs first.

    Raises
    ------
    DeviceError
        If there is none; the message says what to install, or what each device lacks.
    """
    try:
        import pyopencl
    except ImportError as error:
        raise refused("opencl", f"pyopencl is missing; {_INSTALL}") from error
    try:
        found = [d for platform in pyopencl.get_platforms() for d in platform.get_devices()]
    except pyopencl.Error as error:
        raise refused("opencl", f"no OpenCL driver was found; {_INSTALL}") from error
    found.sort(key=lambda device: not device.type & pyopencl.device_type.GPU)
    lacking = []
    for device in found:
        missing = ", ".join(_missing(device))
        if not missing:
            return OpenCL(pyopencl, device)
        lacking.append(f"{device.name.strip()} lacks {missing}")
    raise refused("opencl", "; ".join(lacking) or f"there is no device; {_INSTALL}")


def _missing(device: Any) -> Iterator[str]:
    if "SPIR-V" not in (getattr(device, "il_version", "") or ""):
        yield "SPIR-V"
    if not device.double_fp_config:
        yield "float64"
    if device.single_fp_config & _EXACT != _EXACT:
        yield "float32 with subnormal numbers"
    if device.address_bits != 64:
        yield "64-bit addresses"
    if device.max_work_group_size < _LEAST_GROUP:
        yield f"groups of {_LEAST_GROUP} threads"
