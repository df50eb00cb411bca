"""Whether NumPy is asked to raise, print or call on floating-point errors: then it must run itself.

>>> with np.errstate(divide="raise"):
...     watched()
True
>>> watched()
False
"""

from __future__ import annotations

from typing import Any

import numpy as np

_WATCHING = frozenset(("raise", "call", "print", "log"))


def watched() -> bool:
    """See the module. Takes 0.1 us where nothing was ever set."""
    if _state is not None and _state.get() is _untouched:
        return False
    return not _WATCHING.isdisjoint(np.geterr().values())


# NumPy's own record of the settings, a context variable; None if this NumPy keeps it elsewhere.
_state: Any = getattr(
    getattr(getattr(np, "_core", None), "umath", None), "_extobj_contextvar", None
)
_untouched: Any = None if _state is None or np.geterr().get("divide") != "warn" else _state.get()
