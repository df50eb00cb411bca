"""An NVIDIA device, through the functions of the driver's own library.

This file has run on no hardware yet: its tests stand in for the library. What it hands over is
the same as for the other devices, and PTX of the same kernels is assembled in tests. It says so in
a note when it is first used.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from conure.errors import DeviceError
from conure.runtime.buffers import Buffers
from conure.runtime.device import Memory, refused
from conure.runtime.events import note

_LIBRARIES: Final = ("libcuda.so.1", "libcuda.so")
_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_...
_MOST_ROWS: Final = 65535  # groups along y
_KNOWN: Final = (70, 75, 80, 86, 89, 90, 100, 120)
"""Processors that PTX is made for; a newer one runs the PTX of an older one."""
_TYPES: Final[Mapping[type, Any]] = {
    np.float64: ctypes.c_double,
    np.float32: ctypes.c_float,
    np.int64: ctypes.c_int64,
}


class Cuda:
    """The first device, with its primary context."""

    name = "cuda"

    def __init__(self, library: Any) -> None:
        self._library = library
        self._lock = threading.RLock()
        self._modules: dict[bytes, int] = {}
        self._call("cuInit", 0)
        device = ctypes.c_int()
        self._call("cuDeviceGet", ctypes.byref(device), 0)
        self._context = ctypes.c_void_p()
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(self._context), device)
        self.processor = _processor(*(self._attribute(device, k) for k in (_MAJOR, _MINOR)))
        title = ctypes.create_string_buffer(256)
        self._call("cuDeviceGetName", title, 256, device)
        driver = ctypes.c_int()
        self._call("cuDriverGetVersion", ctypes.byref(driver))
        self.description = f"{title.value.decode()} ({self.processor})"
        self.version = f"driver {driver.value}"
        self._buffers = Buffers(self._new)
        note('device="cuda" has not been tried on hardware yet: compare what matters with "cpu"')

    def _attribute(self, device: ctypes.c_int, which: int) -> int:
        value = ctypes.c_int()
        self._call("cuDeviceGetAttribute", ctypes.byref(value), which, device)
        return value.value

    def _call(self, function: str, *arguments: Any) -> None:
        status = getattr(self._library, function)(*arguments)
        if status:
            text = ctypes.c_char_p()
            self._library.cuGetErrorString(status, ctypes.byref(text))
            raise DeviceError(f"{function}: {(text.value or b'error').decode()} ({status})")

    def _here(self) -> None:
        """Each thread of the host has a context of its own to set."""
        self._call("cuCtxSetCurrent", self._context)

    def _new(self, size: int) -> Any:
        self._here()
        memory = ctypes.c_uint64()
        self._call("cuMemAlloc_v2", ctypes.byref(memory), ctypes.c_size_t(size))
        return _Memory(self, memory.value)

    def free(self, address: int) -> None:
        """Give memory back to the driver."""
        self._here()
        self._call("cuMemFree_v2", ctypes.c_uint64(address))

    def allocate(self, size: int) -> Memory:
        return self._buffers.take(size)

    def release(self, memory: Memory, size: int) -> None:
        self._buffers.give(memory, size)

    def write(self, memory: Memory, offset: int, address: int, size: int) -> None:
        self._here()
        place = ctypes.c_uint64(memory.address + offset)
        self._call("cuMemcpyHtoD_v2", place, ctypes.c_void_p(address), ctypes.c_size_t(size))

    def read(self, memory: Memory, offset: int, address: int, size: int) -> None:
        self._here()
        place = ctypes.c_uint64(memory.address + offset)
        self._call("cuMemcpyDtoH_v2", ctypes.c_void_p(address), place, ctypes.c_size_t(size))

    def copy(self, source: Memory, target: Memory, offset: int, size: int) -> None:
        self._here()
        place = ctypes.c_uint64(target.address + offset)
        origin = ctypes.c_uint64(source.address)
        self._call("cuMemcpyDtoD_v2", place, origin, ctypes.c_size_t(size))

    def load(self, code: bytes, name: str) -> Any:
        self._here()
        with self._lock:
            if code not in self._modules:
                module = ctypes.c_void_p()
                self._call("cuModuleLoadData", ctypes.byref(module), ctypes.c_char_p(code))
                self._modules[code] = module.value or 0
        function = ctypes.c_void_p()
        module = ctypes.c_void_p(self._modules[code])
        self._call("cuModuleGetFunction", ctypes.byref(function), module, name.encode())
        return function

    def run(
        self, kernel: Any, extents: tuple[int, int], group: tuple[int, int],
        arguments: Sequence[Memory | np.generic],
    ) -> None:  # fmt: skip
        self._here()
        values = [_value(each) for each in arguments]
        places = (ctypes.c_void_p * len(values))(*(ctypes.addressof(each) for each in values))
        self._call(
            "cuLaunchKernel", kernel, extents[0], min(extents[1], _MOST_ROWS), 1, *group, 1,
            0, None, places, None,
        )  # fmt: skip


class _Memory:
    """An allocation; the driver gets it back with the last reference."""

    def __init__(self, owner: Cuda, address: int) -> None:
        self._owner, self.address = owner, address

    def __del__(self) -> None:
        try:
            self._owner.free(self.address)
        except DeviceError:  # the context is gone, and the memory with it
            return


def _value(argument: Any) -> Any:
    """An argument of a kernel in memory of its own."""
    if argument is None:
        return ctypes.c_uint64(0)
    if isinstance(argument, np.generic):
        return _TYPES[type(argument)](argument.item())
    return ctypes.c_uint64(argument.address)


def _processor(major: int, minor: int) -> str:
    """The newest known processor that is not newer than the device.

    >>> _processor(9, 0), _processor(8, 7), _processor(12, 1)
    ('sm_90', 'sm_86', 'sm_120')
    """
    fitting = [each for each in _KNOWN if each <= 10 * major + minor]
    if not fitting:
        raise refused("cuda", f"a device of compute capability {major}.{minor} is too old")
    return f"sm_{fitting[-1]}"


def open_cuda() -> Cuda:
    """The first NVIDIA device.

    Raises
    ------
    DeviceError
        If there is no driver or no device.
    """
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        try:
            return Cuda(library)
        except DeviceError as error:
            raise refused("cuda", f"the driver refuses: {error}") from error
    raise refused("cuda", "no NVIDIA driver was found; pip install conure[cuda] brings the rest")
