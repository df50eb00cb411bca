"""Dataclasses that cost little to define: a class statement takes 20 us, not 400.

`dataclasses.dataclass` writes six methods as source and compiles them for each class; eighty
classes take longer than the rest of a warm start. Here the methods are inherited, and the one
that must be written, `__init__`, is compiled when the first object is made. Fields are declared
as for a dataclass, and `dataclasses.replace` and `match` work as they do there.

    >>> class Point(Record):
    ...     x: int
    ...     y: int = 0
    >>> Point(1), Point(1) == Point(1, 0), replace(Point(1), y=2)
    (Point(x=1, y=0), True, Point(x=1, y=2))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, field, replace  # noqa: F401 # replace is the doctest's
from operator import attrgetter
from typing import Any, ClassVar, dataclass_transform


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class RecordType(type):
    """Gives a class slots and the table of its fields.

    Objects are frozen, compared and hashed by value; with `frozen=False` they may be changed
    (and not hashed), with `eq=False` each is equal to itself alone.
    """

    def __new__(
        cls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        frozen: bool = True,
        eq: bool = True,
    ) -> RecordType:
        fields = {
            each: _field(each, namespace.pop(each, MISSING))
            for each, kind in namespace.get("__annotations__", {}).items()
            if not kind.startswith("ClassVar")
        }
        namespace.setdefault("__slots__", tuple(fields) if bases else ("_hash",))
        namespace["__match_args__"] = tuple(fields)
        namespace["__dataclass_fields__"] = fields
        if not frozen:
            namespace["__setattr__"] = object.__setattr__
            namespace["__delattr__"] = object.__delattr__
        if eq:
            equal, hashed = _comparison([each.name for each in fields.values() if each.compare])
            namespace.setdefault("__eq__", equal)
            namespace.setdefault("__hash__", hashed if frozen else None)
        else:
            namespace.setdefault("__eq__", object.__eq__)
            namespace.setdefault("__hash__", object.__hash__)
        return super().__new__(cls, name, bases, namespace)


def _field(name: str, value: Any) -> Any:
    made = value if isinstance(value, Field) else field(default=value)
    made.name = name
    return made


def _comparison(names: list[str]) -> tuple[Callable[..., Any], Callable[..., int]]:
    """`__eq__` and `__hash__` over these fields."""
    values = attrgetter(*names) if names else lambda record: ()

    def equal(self: object, other: object) -> Any:
        if self is other:
            return True
        if other.__class__ is not self.__class__:
            return NotImplemented
        return values(self) == values(other)

    def hashed(self: Any) -> int:
        try:
            known: int = self._hash  # trees are hashed again and again: each node once
        except AttributeError:
            known = hash(values(self))
            object.__setattr__(self, "_hash", known)
        return known

    return equal, hashed


class Record(metaclass=RecordType):
    """What every record inherits."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __init__(self, *args: Any, **keywords: Any) -> None:
        made = _constructor(type(self))
        type.__setattr__(type(self), "__init__", made)
        made(self, *args, **keywords)

    def __repr__(self) -> str:
        shown = (
            f"{each.name}={getattr(self, each.name)!r}"
            for each in self.__dataclass_fields__.values()
            if each.repr
        )
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in self.__dataclass_fields__)


def _constructor(cls: type[Record]) -> Callable[..., None]:
    """The `__init__` of a class, written out: as quick as one in a source file."""
    known: dict[str, Any] = {}
    parameters, body = ["self"], []
    for name, each in cls.__dataclass_fields__.items():
        value = name
        known[f"_set_{name}"] = getattr(cls, name).__set__
        if each.default_factory is not MISSING:
            known[f"_make_{name}"] = each.default_factory
            known["_missing"] = MISSING
            value = f"_make_{name}() if {name} is _missing else {name}"
            parameters.append(f"{name}=_missing")
        elif each.default is not MISSING:
            known[f"_default_{name}"] = each.default
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
        body.append(f"_set_{name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    lines = [f"def __init__({', '.join(parameters)}):", *body, "pass"]
    exec("\n    ".join(lines), known)
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made
