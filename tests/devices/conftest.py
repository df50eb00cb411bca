"""The devices present: each test that asks for `device` runs once on each of them.

The wheel `intel-opencl-rt` is an OpenCL device made of the processor; the loader finds it through
a folder of our own. Without any device the tests are skipped, and say why.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from pathlib import Path

import pytest

from conure.errors import DeviceError
from conure.runtime.devices import the_device
from conure.target import DEVICES


def _show_wheel_to_loader() -> None:
    library = Path(sys.prefix, "lib", "libintelocl.so")
    if "OCL_ICD_VENDORS" in os.environ or not library.exists():
        return
    folder = Path(tempfile.mkdtemp(prefix="conure-devices-"))
    (folder / "processor.icd").write_text(f"{library}\n", encoding="utf-8")
    os.environ["OCL_ICD_VENDORS"] = str(folder)


_show_wheel_to_loader()


@functools.cache
def lacking(name: str) -> str:
    """Why a device is not here; empty if it is."""
    try:
        the_device(name)
    except DeviceError as error:
        return str(error)
    return ""


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if reason := lacking(name):
        pytest.skip(reason)
    return name
