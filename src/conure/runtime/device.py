"""Kernels on a device, for compiled code that the host runs: launches, and where data is.

During one call of compiled code a `Session` knows which spans of the host's memory have a copy on
the device, and which of these copies are newer. Kernels find their arrays there: what is missing
is copied first. What they write comes home when the host is about to touch it, and at the end,
element by element where an array has gaps, since the gaps belong to others. A call that fails
leaves the host's arrays as they were, apart from what the host itself had touched.

Compiled code calls `launch`, `touch` and `forget` (see `codegen.grid`) through the runtime struct.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from conure.artifact import FAIL, OK, Launch
from conure.errors import DeviceError
from conure.runtime import pool, pool_code
from conure.runtime.events import note

_HEAD: Final = 4  # slots of a block before those of its arrays

Memory = Any
"""A device's handle of an allocation."""


class Device(Protocol):
    """What a device file offers; all calls may raise DeviceError."""

    name: str
    description: str

    def allocate(self, size: int) -> Memory:
        """Memory of at least this many bytes."""

    def release(self, memory: Memory, size: int) -> None:
        """Give memory back."""

    def write(self, memory: Memory, offset: int, address: int, size: int) -> None:
        """Copy from the host."""

    def read(self, memory: Memory, offset: int, address: int, size: int) -> None:
        """Copy to the host; done when it returns, as is everything before it."""

    def copy(self, source: Memory, target: Memory, offset: int, size: int) -> None:
        """Copy the beginning of an allocation into another one."""

    def load(self, code: bytes, name: str) -> Any:
        """A kernel of a module."""

    def run(
        self, kernel: Any, extents: tuple[int, int], group: tuple[int, int],
        arguments: Sequence[Memory | np.generic],
    ) -> None:  # fmt: skip
        """Start a kernel on so many groups of so many threads along x and y."""


class Held(NamedTuple):
    """A span of the host's memory and its copy."""

    low: int
    high: int
    memory: Memory
    newer: bool


class Kernel(NamedTuple):
    """A kernel that was launched before."""

    launch: Launch
    handle: Any


class Session:
    """One call of compiled code: its copies of arrays."""

    def __init__(self, device: Device, written: Sequence[np.ndarray[Any, Any]]) -> None:
        self.device = device
        self.written = written
        self.held: list[Held] = []
        self.error: BaseException | None = None
        self.to_device = self.from_device = 0

    # ---- what compiled code asks for

    def launch(self, descriptor: int, block: int) -> int:
        """Run a kernel; the status that it left."""
        kernel = _kernel(self.device, descriptor)
        launch = kernel.launch
        count = len(launch.written)
        slots = (ctypes.c_int64 * (_HEAD + 3 * count + len(launch.scalars))).from_address(block)
        x, y, outcome, size = slots[:_HEAD]
        spans = [tuple(slots[_HEAD + 3 * k : _HEAD + 3 * k + 3]) for k in range(count)]
        for _, low, high in spans:
            self._hold(low, high)
        arguments: list[Any] = []
        result = None
        if size:
            ctypes.memset(outcome, 0, size)
            result = self.device.allocate(size)
            self.device.write(result, 0, outcome, size)
            arguments.append(result)
        for (data, low, high), writes in zip(spans, launch.written, strict=True):
            arguments += self._argument(data, low, high, writes)
        first = ctypes.addressof(slots) + 8 * (_HEAD + 3 * count)
        arguments += [_scalar(letter, first + 8 * k) for k, letter in enumerate(launch.scalars)]
        group = (launch.group, 1) if launch.fixed else _group(x, y, launch.group)
        extents = (-(-x // group[0]), -(-y // group[1]))
        self.device.run(kernel.handle, extents, group, arguments)
        if result is None:
            return OK
        self.device.read(result, 0, outcome, size)
        self.device.release(result, size)
        return int(ctypes.c_int32.from_address(outcome).value)

    def touch(self, low: int, high: int, writes: bool) -> int:
        """The host is about to read a span, or to write to it: then its copy is void. A status."""
        for each in self._meeting(low, high):
            if each.newer:
                self._fetch(each)
            self.held.remove(each)
            if writes:
                self._free(each)
            else:
                self.held.append(each._replace(newer=False))
        return OK

    def forget(self, address: int) -> int:
        """Memory of the host that began here is no more. A status."""
        for each in self._meeting(address, address + 1):
            self.held.remove(each)
            self._free(each)
        return OK

    # ---- the end

    def finish(self) -> None:
        """Bring home what is newer on the device; what was allocated in the call goes away."""
        for each in self.held:
            if each.newer and self._arrays_in(each):
                self._fetch(each)
        self.discard()

    def discard(self) -> None:
        """Drop all copies."""
        for each in self.held:
            self._free(each)
        self.held = []

    # ---- copies

    def _meeting(self, low: int, high: int) -> list[Held]:
        return [each for each in self.held if low < each.high and each.low < high]

    def _hold(self, low: int, high: int) -> None:
        """Make one allocation hold the whole span; copies of its parts move into it."""
        parts = self._meeting(low, high)
        if high <= low or (len(parts) == 1 and parts[0].low <= low and high <= parts[0].high):
            return
        first = min([low, *(each.low for each in parts)])
        end = max([high, *(each.high for each in parts)])
        memory = self.device.allocate(end - first)
        self.device.write(memory, 0, first, end - first)
        self.to_device += end - first
        for each in parts:
            if each.newer:
                size = each.high - each.low
                self.device.copy(each.memory, memory, each.low - first, size)
            self.held.remove(each)
            self._free(each)
        self.held.append(Held(first, end, memory, any(each.newer for each in parts)))

    def _argument(self, data: int, low: int, high: int, writes: bool) -> list[Any]:
        """An array's memory and offset; nothing can be read of an empty one."""
        if high <= low:
            return [None, np.int64(0)]
        (each,) = self._meeting(low, high)
        if writes and not each.newer:
            place = self.held.index(each)
            self.held[place] = each = each._replace(newer=True)
        return [each.memory, np.int64(data - each.low)]

    def _arrays_in(self, each: Held) -> list[np.ndarray[Any, Any]]:
        """The arrays that lie wholly in a span; those that kernels wrote to are among them."""
        found = []
        for array in self.written:
            low, high = byte_bounds(array) if array.size else (0, 0)
            if each.low <= low and high <= each.high:
                found.append(array)
        return found

    def _fetch(self, each: Held) -> None:
        arrays = self._arrays_in(each)
        if not arrays:  # memory that the call itself allocated
            self.device.read(each.memory, 0, each.low, each.high - each.low)
            self.from_device += each.high - each.low
        for array in arrays:
            low, high = byte_bounds(array)
            self.from_device += high - low
            if high - low == array.nbytes:
                self.device.read(each.memory, low - each.low, low, high - low)
                continue
            copied = np.empty(high - low, np.uint8)
            address = copied.__array_interface__["data"][0]
            self.device.read(each.memory, low - each.low, address, high - low)
            start = array.__array_interface__["data"][0] - low
            array[...] = np.ndarray(array.shape, array.dtype, copied, start, array.strides)

    def _free(self, each: Held) -> None:
        self.device.release(each.memory, each.high - each.low)


def byte_bounds(array: np.ndarray[Any, Any]) -> tuple[int, int]:
    """The first byte of an array that is not empty, and the one behind its last."""
    low = high = int(array.__array_interface__["data"][0])
    for extent, stride in zip(array.shape, array.strides, strict=True):
        low += min(0, (extent - 1) * stride)
        high += max(0, (extent - 1) * stride)
    return low, high + array.itemsize


def _group(x: int, y: int, threads: int) -> tuple[int, int]:
    """The shape of a group for so many points: as long along x as there are points.

    >>> _group(1000, 1000, 256), _group(10, 1000, 256), _group(3, 2, 256)
    ((256, 1), (16, 16), (4, 2))
    """
    along = min(threads, 1 << max(0, x - 1).bit_length())
    return along, min(threads // along, 1 << max(0, y - 1).bit_length())


def _scalar(letter: str, address: int) -> np.generic:
    match letter:
        case "d":
            return np.float64(ctypes.c_double.from_address(address).value)
        case "f":
            return np.float32(ctypes.c_float.from_address(address).value)
        case _:
            return np.int64(ctypes.c_int64.from_address(address).value)


_kernels: dict[tuple[str, int], Kernel] = {}
"""By device and address of the descriptor; code is never unloaded, so an address stays its own."""


def _kernel(device: Device, descriptor: int) -> Kernel:
    key = (device.name, descriptor)
    if key not in _kernels:
        text, code, length = (ctypes.c_void_p * 3).from_address(descriptor)
        launch = Launch.from_text(ctypes.string_at(text or 0).decode())
        size = ctypes.c_int64.from_address(length or 0).value
        handle = device.load(ctypes.string_at(code or 0, size), launch.kernel)
        _kernels[key] = Kernel(launch, handle)
    return _kernels[key]


# ---- the way from compiled code ----


class _Stack(threading.local):
    """The sessions of a thread, innermost last: a signal handler may start another one."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.moved = (0, 0)
        self.failed = False


_stack: Final = _Stack()


def _guarded(act: Callable[[Session], int]) -> int:
    session = _stack.sessions[-1]
    try:
        return act(session)
    except BaseException as error:  # it is raised again behind the compiled code
        session.error = error
        return FAIL


def _launch(runtime: int, descriptor: int, block: int) -> int:
    return _guarded(lambda session: session.launch(descriptor, block))


def _touch(runtime: int, low: int, high: int, writes: int) -> int:
    return _guarded(lambda session: session.touch(low, high, bool(writes)))


def _forget(runtime: int, address: int) -> None:
    _guarded(lambda session: session.forget(address))


_pointer: Final = ctypes.c_void_p
_CALLS: Final = (
    (pool_code.LAUNCH, ctypes.CFUNCTYPE(ctypes.c_int32, _pointer, _pointer, _pointer)(_launch)),
    (
        pool_code.TOUCH,
        ctypes.CFUNCTYPE(ctypes.c_int32, _pointer, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(
            _touch
        ),
    ),
    (pool_code.FORGET, ctypes.CFUNCTYPE(None, _pointer, ctypes.c_int64)(_forget)),
)


def _connect() -> None:
    """Write the addresses of the three calls into the runtime struct (again in a forked child)."""
    base = pool.the_pool().address
    for offset, function in _CALLS:
        address = ctypes.cast(function, ctypes.c_void_p).value
        ctypes.c_int64.from_address(base + offset).value = address or 0


def moved() -> tuple[int, int]:
    """The bytes that this thread's last call moved to the device and back."""
    return _stack.moved


def failed() -> bool:
    """Whether it was the device that failed in this thread's last call on one; asked once."""
    was, _stack.failed = _stack.failed, False
    return was


def calling(
    call: Callable[[tuple[object, ...]], tuple[int, Any]],
    device: Callable[[], Device],
    written: Sequence[int],
) -> Callable[[tuple[object, ...]], tuple[int, Any]]:
    """A call of compiled code, with a session around it; `written` are the places of the arrays
    that it may write to."""

    def call_with_session(values: tuple[object, ...]) -> tuple[int, Any]:
        arrays = [each for k in written if isinstance(each := values[k], np.ndarray)]
        session = Session(device(), arrays)
        _connect()
        _stack.sessions.append(session)
        _stack.failed = False
        try:
            status, out = call(values)
            if status == OK and session.error is None:
                session.finish()
                return status, out
        finally:
            _stack.sessions.pop()
            session.discard()
            _stack.moved = session.to_device, session.from_device
        if session.error is not None and not isinstance(session.error, Exception):
            raise session.error
        if session.error is not None:
            note(f"{session.device.name} failed, the host runs instead: {session.error}")
            _stack.failed = True
            return FAIL, out
        return status, out

    return call_with_session


def refused(name: str, remedy: str) -> DeviceError:
    """What is raised where a device is named that cannot be had."""
    return DeviceError(f'device="{name}": {remedy}')
