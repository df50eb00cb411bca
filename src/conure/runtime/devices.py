"""The devices that are there, by name: opened when they are first asked for."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from typing import Final

from conure.runtime.cuda import open_cuda
from conure.runtime.device import Device, refused
from conure.runtime.opencl import open_opencl
from conure.target import DEVICES, Target
from conure.target import device as target_named

_OPENERS: Final[Mapping[str, Callable[[], Device]]] = {"opencl": open_opencl, "cuda": open_cuda}


def the_device(name: str) -> Device:
    """The device of this name, in this process (drivers do not survive a fork).

    Raises
    ------
    DeviceError
        If it cannot be had; the message says what to install.
    """
    return _opened(name, os.getpid())


@functools.cache
def _opened(name: str, process: int) -> Device:
    if _first.setdefault(name, process) != process:
        raise refused(name, "its driver does not survive a fork; start processes by spawning")
    return _OPENERS[name]()


_first: Final[dict[str, int]] = {}
"""The process in which each driver was first asked for; known to its children."""


def target_of(name: str) -> Target | None:
    """The target of the device that an option names; None where it names the host."""
    if name not in DEVICES:
        return None
    return target_named(name, getattr(the_device(name), "processor", ""))
