"""The languages of devices, by name: one row each."""

from __future__ import annotations

from typing import Final

from conure.codegen import ptx, spirv
from conure.codegen.dialect import Dialect
from conure.target import Target

DIALECTS: Final = {"spirv": spirv.DIALECT, "ptx": ptx.DIALECT}


def dialect_of(target: Target) -> Dialect:
    """The language of a device."""
    assert target.device is not None
    return DIALECTS[target.device.language]
