"""Reading and binding Python names."""

from __future__ import annotations

import builtins
import types
from typing import Any

import numpy as np

from conure.frontend.arrays import hold_view, materialize
from conure.frontend.context import Lowering, is_repeatable
from conure.frontend.lowered import Guard
from conure.frontend.values import (
    Binding,
    Elements,
    Number,
    Object,
    Poison,
    Tuple,
    Value,
    View,
    constant_number,
)
from conure.ir.nodes import Assign, Const, Var
from conure.ir.ops import apply
from conure.ir.types import scalar_of_value


def lookup(ctx: Lowering, name: str) -> Value:
    """What a name holds here; one that may be unbound leaves to Python if it is."""
    binding = ctx.env.get(name)
    if binding is None:
        value = None if name in ctx.frame.assigned else ctx.frame.outside(name)
        if value is None and hasattr(builtins, name) and name not in ctx.frame.assigned:
            value = Object(getattr(builtins, name))
            ctx.guards.append(Guard(vars(builtins), name, value.value))
        if value is None:
            ctx.refuse(f"{name!r} has no value here", f"assign {name} before")
        return value
    if binding.bound is not None:
        ctx.fail_if(apply("not", binding.bound))
    if isinstance(binding.value, Poison):
        ctx.refuse(binding.value.message, f"use two names, or make {name} of one type")
    return binding.value


def bind(ctx: Lowering, name: str, value: Value) -> None:
    """`name = value`."""
    ctx.env[name] = Binding(_kept(ctx, name, value))


def _kept(ctx: Lowering, path: str, value: Value) -> Value:
    """The value in a form that later statements cannot change."""
    match value:
        case Number():
            return _keep_number(ctx, path, value)
        case Elements():
            return materialize(ctx, value, path)
        case View():
            return hold_view(ctx, value)
        case Tuple(items, origin):
            return Tuple(tuple(_held(ctx, f"{path}.{k}", v) for k, v in enumerate(items)), origin)
        case _:
            return value


def _held(ctx: Lowering, path: str, value: Value) -> Value:
    return ctx.held_number(value) if isinstance(value, Number) else _kept(ctx, path, value)


def _keep_number(ctx: Lowering, path: str, number: Number) -> Number:
    if number.kind is None and is_repeatable(ctx, number.expr):
        return number
    kind = number.kind
    if kind is not None and not isinstance(kind, Const | Var):
        kind = ctx.temporary(kind)
    cell = ctx.cell(path, number.type)
    if cell != number.expr:
        ctx.emit(Assign(cell.name, number.expr, ctx.loc))
    if kind is None:
        return Number(cell)
    flag = ctx.flag(path, "kind")
    if flag != kind:
        ctx.emit(Assign(flag.name, kind, ctx.loc))
    return Number(cell, flag, number.python)


def from_outside(ctx: Lowering, namespace: object, name: str, value: Any) -> Value:
    """What a name of another function's world holds: a constant under a guard, or a parameter if
    it is known to be a number that varies from call to call."""
    place = (id(namespace), name)
    kind = scalar_of_value(value)
    if kind is None or place not in ctx.varying:
        ctx.guards.append(Guard(namespace, name, value))
        return constant(value)
    if place not in ctx.outer:
        parameter = ctx.unique(f"{name}.outside")
        ctx.outer[place] = Var(parameter, kind)
        ctx.fixed.add(parameter)
        ctx.guards.append(Guard(namespace, name, value, parameter))
    return Number(ctx.outer[place])


def constant(value: Any) -> Value:
    """A Python object that is known at compile time."""
    if type(value) in (bool, int, float, complex):
        return constant_number(value) or Object(value)
    scalar = scalar_of_value(value)
    if scalar is not None and isinstance(value, np.generic):
        return Number(Const(value.item(), scalar))
    if type(value) is tuple:
        return Tuple(tuple(constant(item) for item in value))
    return Object(value)


def attribute_of(ctx: Lowering, owner: Any, name: str) -> Value:
    """`module.name`, guarded."""
    if not isinstance(owner, types.ModuleType) or not hasattr(owner, name):
        ctx.refuse(
            f"attribute {name!r} of an object of type {type(owner).__name__} is not compiled",
            "read it into a local variable before the loop",
        )
    value = getattr(owner, name)
    ctx.guards.append(Guard(owner, name, value))
    return constant(value)
