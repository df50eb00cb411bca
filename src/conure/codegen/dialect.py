"""How the language of a device says what LLVM leaves to it: who a thread is, functions."""

from __future__ import annotations

from collections.abc import Callable

from conure.codegen.module import Function, Module
from conure.record import Record

WORDS = ("thread", "threads", "group", "groups")
"""What a thread may ask, per axis: its place in its group, how many are in one, the group's place
in the grid, and how many groups there are."""


class Dialect(Record):
    """One language.

    Attributes
    ----------
    convention
        LLVM's calling convention of kernels.
    attributes
        Further attributes of a kernel with groups of so many threads.
    symbol
        The device's name of C's function: by name, LLVM type and number of operands.
    ask
        The answer, an i64, to one of `WORDS` along an axis.
    wait
        Wait until all threads of the group are here, and see what they wrote.
    """

    convention: str
    attributes: Callable[[int], str]
    symbol: Callable[[str, str, int], str]
    ask: Callable[[Module, Function, str, int], str]
    wait: Callable[[Module, Function], None]
