"""Conure runs plain Python loops and NumPy programs on all cores.

`import conure` loads nothing heavy: every public name is found at its first use, in the table
below. `conure.config` is looked up each time, since it is the `Config` in force at that moment.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC: dict[str, str] = {
    "Config": "conure.configuration",
    "ConureError": "conure.errors",
    "DeviceProfile": "conure.inventory",
    "Event": "conure.runtime.events",
    "Explanation": "conure.explanation",
    "UnsupportedError": "conure.errors",
    "devices": "conure.inventory",
    "explain": "conure.api",
    "jit": "conure.api",
    "options": "conure.configuration",
    "profile": "conure.runtime.events",
}
"""Where each public name is defined."""

__all__ = [  # noqa: PLE0604 # the table is the one list of names
    "__version__",
    "config",
    *_PUBLIC,
]


def __getattr__(name: str) -> Any:  # as `import` itself is typed: the table's values differ
    if name == "config":
        return importlib.import_module("conure.configuration").current()
    if name not in _PUBLIC:
        raise AttributeError(f"module 'conure' has no attribute {name!r}")
    value = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
