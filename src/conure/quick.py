"""The quick way into compiled code: a function written out for one variant.

It stands in the rewritten function in place of the dispatcher. What the signature says of the
values is tested here (types of scalars, identities) or by the compiled prologue (arrays); any
other value, option or state goes the long way.

    def quick(v0, v1, v2):                       # a: float, x: f64[1]C, np.sqrt
        if (type(v0) is not float or v2 is not object_2 or options() is not chosen
                or errors() is not default or events._profiles):
            return long(v0, v1, v2)
        saved = snapshot((v1,))                  # if it may fail after it has written to x
        status, slots = call((v0, v1))
        if status:
            if status == INTERRUPTED: raise interruption()
            if status != MISS: saved.restore()
            return long(v0, v1, v2)
        return build((v0, v1, v2), box(slots), given)
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy._core import umath

from conure.artifact import INTERRUPTED, MISS
from conure.configuration import in_force
from conure.frontend.lowered import (
    Argument,
    ArrayArgument,
    Guard,
    MethodArgument,
    ObjectArgument,
    SameArray,
    ScalarArgument,
    TupleArgument,
    UnboundArgument,
)
from conure.runtime import events
from conure.runtime.execute import Kernel
from conure.runtime.pool import take_interruption
from conure.runtime.snapshot import Snapshot
from conure.signature import UNBOUND, Signature, is_plain_field, method_of

Hook = Callable[..., Any]

_PYTHON: Final = {"bool": bool, "int": int, "float": float, "complex": complex}


def quick(
    names: Sequence[str], signature: Signature, guards: Sequence[Guard], kernel: Kernel,
    pick: Hook, build: Hook, long: Hook, of_arrays: Collection[str] | None = None,
) -> Hook | None:  # fmt: skip
    """The function for a variant, or None where only the long way will do; `of_arrays`: of array
    code, which is worth running on long rows only, the parameters that are made for the call."""
    if signature.overlaps:
        return None
    constants: dict[str, Any] = {}
    writer = _Tests(names, signature, constants)
    if not writer.write():
        return None
    tests = writer.tests + _guard_tests(guards, constants)
    tests += ["options() is not chosen", "errors() is not default"]
    tests += ["tracer() is not None", "events._profiles"]
    values = ", ".join(f"v{k}" for k in range(len(names)))
    if of_arrays is not None:
        tests += [f"has_short_rows({text})" for text, rank in writer.ranks.items() if rank > 1]
    save, restore = _undoing(kernel, of_arrays or ())
    if save:
        tests += [f"type({text}) is not ndarray" for text in writer.arrays]
    text = f"""
def quick({values}):
    if {" or ".join(tests)}:
        return long({values})
    values = ({values}{"," if values else ""})
    try: given = pick(values)
    except UNFIT: given = None
    if given is None: return long({values})
    {save}
    status, slots = call(given)
    if status:
        if status == INTERRUPTED:
            raise interruption()
        {restore}
        return long({values})
    return build(values, box(slots), given)
"""
    constants |= {
        **_ALWAYS,
        "chosen": in_force(),
        "default": _error_state(),
        "call": kernel.call,
        "box": kernel.box,
        "pick": pick,
        "build": build,
        "long": long,
    }
    exec(text, constants)
    made: Hook = constants["quick"]
    return made


def has_short_rows(value: object) -> bool:
    """Whether compiled array code, whose vectors run along rows, is slower than NumPy's here."""
    return type(value) is np.ndarray and value.ndim > 1 and value.shape[-1] < _SHORT


_SHORT: Final = 8


def _undoing(kernel: Kernel, made: Collection[str]) -> tuple[str, str]:
    """The statements before and after the call of a kernel that may fail after it has written."""
    slots = enumerate(kernel.artifact.arguments)
    places = [k for k, slot in slots if slot.written and slot.name not in made]
    if not kernel.artifact.may_fail_after_write or not places:
        return "", ""
    taken = ", ".join(f"given[{k}]" for k in places)
    return f"saved = snapshot(({taken},))", "if status != MISS: saved.restore()"


class _Tests:
    """What must not be true of the values, as expressions over `v0`, `v1`, ..."""

    def __init__(
        self, names: Sequence[str], signature: Signature, constants: dict[str, Any]
    ) -> None:
        self.names = names
        self.arguments = signature.arguments
        self.constants = constants
        self.tests: list[str] = []
        self.arrays: list[str] = []
        self.ranks: dict[str, int] = {}

    def write(self) -> bool:
        """All of them; false where that cannot be told quickly."""
        return all(self._name(f"v{k}", name) for k, name in enumerate(self.names))

    def _name(self, text: str, name: str) -> bool:
        if name in self.arguments:
            return self._value(text, self.arguments[name])
        fields = [each for each in self.arguments if each.rpartition(".")[0] == name]
        for each in fields:
            attribute = each.rpartition(".")[2]
            argument = self.arguments[each]
            if isinstance(argument, MethodArgument):
                function = self._constant(argument.called)
                self.tests.append(f"method_of({text}, {attribute!r}) is not {function}")
                continue
            self.tests.append(f"not is_plain_field({text}, {attribute!r})")
            if not self._value(f"{text}.{attribute}", argument):
                return False
        self.constants |= {"is_plain_field": is_plain_field, "method_of": method_of}
        return bool(fields)

    def _value(self, text: str, argument: Argument) -> bool:
        match argument:
            case ScalarArgument(type_):
                kind = _PYTHON[type_.name] if type_.python else type_.dtype.type
                self.tests.append(f"type({text}) is not {self._constant(kind)}")
            case ArrayArgument(type_):
                self.arrays.append(text)
                self.ranks[text] = type_.rank
                if type_.layout != "C":  # a wider class holds narrower ones, with faster variants
                    self.tests.append(f"type({text}) is not ndarray or {text}.flags.c_contiguous")
            case ObjectArgument(value):
                self.tests.append(f"{text} is not {self._constant(value)}")
            case UnboundArgument():
                self.tests.append(f"{text} is not {self._constant(UNBOUND)}")
            case SameArray(name) if name in self.names:
                self.tests.append(f"{text} is not v{self.names.index(name)}")
            case TupleArgument(items, is_list):
                name = "list" if is_list else "tuple"
                self.tests.append(f"type({text}) is not {name} or len({text}) != {len(items)}")
                return all(self._value(f"{text}[{k}]", item) for k, item in enumerate(items))
            case _:
                return False
        return True

    def _constant(self, value: object) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants[name] = value
        return name


def _guard_tests(guards: Sequence[Guard], constants: dict[str, Any]) -> list[str]:
    tests = []
    for number, guard in enumerate(guards):
        space, value = f"space_{number}", f"value_{number}"
        constants[space], constants[value] = guard.namespace, guard.value
        if guard.parameter:
            constants[value] = type(guard.value)
            get = f".get({guard.name!r})" if isinstance(guard.namespace, dict) else f".{guard.name}"
            tests.append(f"type({space}{get}) is not {value}")
        elif isinstance(guard.namespace, Mapping):
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

_ALWAYS: Final = {
    "UNFIT": (AttributeError, IndexError, TypeError),  # a shape asked of what has no such one
    "options": in_force,
    "errors": _error_state,
    "tracer": sys.gettrace,
    "events": events,
    "INTERRUPTED": INTERRUPTED,
    "MISS": MISS,
    "interruption": take_interruption,
    "ndarray": np.ndarray,
    "has_short_rows": has_short_rows,
    "snapshot": Snapshot,
}
"""What the text of every such function names."""
