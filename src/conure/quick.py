"""The quick way into compiled code: a function written out for one variant.

It stands in the rewritten function in place of the dispatcher. What the signature says of the
values is tested here (types of scalars, identities) or by the compiled prologue (arrays); any
other value, option or state goes the long way.

    def quick(v0, v1, v2):                       # a: float, x: f64[1]C, np.sqrt
        if (type(v0) is not float or v2 is not object_2 or options() is not chosen
                or errors() is not default or events._profiles):
            return long(v0, v1, v2)
        status, slots = call((v0, v1))
        if status == INTERRUPTED: raise interruption()
        if status: return long(v0, v1, v2)
        return build((v0, v1, v2), box(slots))
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy._core import umath

from conure.artifact import INTERRUPTED
from conure.configuration import in_force
from conure.frontend.lowered import (
    Argument,
    ArrayArgument,
    Guard,
    ObjectArgument,
    ScalarArgument,
)
from conure.runtime import events
from conure.runtime.execute import Kernel
from conure.runtime.pool import take_interruption
from conure.signature import Signature

Hook = Callable[..., Any]

_PYTHON: Final = {"bool": bool, "int": int, "float": float, "complex": complex}


def quick(
    names: Sequence[str], signature: Signature, guards: Sequence[Guard], kernel: Kernel,
    pick: Hook, build: Hook, long: Hook,
) -> Hook | None:  # fmt: skip
    """The function for a variant, or None where only the long way will do."""
    if signature.overlaps or kernel.artifact.may_fail_after_write:
        return None
    tests: list[str] = []
    constants: dict[str, Any] = {}
    for position, name in enumerate(names):
        if name not in signature.arguments:
            return None
        test = _test(position, signature.arguments[name], constants)
        if test is None:
            return None
        tests += test
    tests += _guard_tests(guards, constants)
    tests += ["options() is not chosen", "errors() is not default"]
    tests += ["tracer() is not None", "events._profiles"]
    values = ", ".join(f"v{k}" for k in range(len(names)))
    text = f"""
def quick({values}):
    if {" or ".join(tests)}:
        return long({values})
    values = ({values}{"," if values else ""})
    status, slots = call(pick(values))
    if status == INTERRUPTED:
        raise interruption()
    if status:
        return long({values})
    return build(values, box(slots))
"""
    constants |= {
        "options": in_force,
        "chosen": in_force(),
        "errors": _error_state,
        "default": _error_state(),
        "tracer": sys.gettrace,
        "events": events,
        "INTERRUPTED": INTERRUPTED,
        "interruption": take_interruption,
        "call": kernel.call,
        "box": kernel.box,
        "pick": pick,
        "build": build,
        "long": long,
    }
    exec(text, constants)
    made: Hook = constants["quick"]
    return made


def _test(position: int, argument: Argument, constants: dict[str, Any]) -> list[str] | None:
    """What must not be true of a value; None where that cannot be told quickly."""
    match argument:
        case ScalarArgument(type_):
            kind = _PYTHON[type_.name] if type_.python else type_.dtype.type
            constants[f"type_{position}"] = kind
            return [f"type(v{position}) is not type_{position}"]
        case ArrayArgument(type_):
            # wider layout classes hold narrower ones, which have faster variants
            narrow = type_.layout == "C"
            return [] if narrow else [f"v{position}.flags.c_contiguous"]
        case ObjectArgument(value):
            constants[f"object_{position}"] = value
            return [f"v{position} is not object_{position}"]
        case _:
            return None


def _guard_tests(guards: Sequence[Guard], constants: dict[str, Any]) -> list[str]:
    tests = []
    for number, guard in enumerate(guards):
        space, value = f"space_{number}", f"value_{number}"
        constants[space], constants[value] = guard.namespace, guard.value
        if isinstance(guard.namespace, Mapping):
            tests.append(f"{space}.get({guard.name!r}) is not {value}")
        else:
            tests.append(f"getattr({space}, {guard.name!r}, None) is not {value}")
    return tests


def _error_state_source() -> Callable[[], object]:
    """A function that gives the same object as long as nobody changes `np.errstate`."""
    variable = getattr(umath, "_extobj_contextvar", None)
    if variable is not None:
        read: Callable[[], object] = variable.get
        return read
    usual = np.geterr()  # a NumPy that keeps it elsewhere: ask in the public, slower way
    return lambda: usual if np.geterr() == usual else None


_error_state: Final = _error_state_source()
