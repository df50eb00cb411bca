"""The closed set of types: Python's own scalar kinds, NumPy's scalar dtypes, and arrays.

A scalar type carries meaning, not only bits. `float` and `f64` are both IEEE doubles, but
`1.0 / 0.0` raises for `float` and gives `inf` for `f64`; `int` is Python's exact integer, held in
64 bits and *checked*, while `i64` is NumPy's.

    >>> INT.python, I64.python, INT.bits == I64.bits
    (True, False, True)
    >>> scalar_of_dtype(np.dtype("float32"))
    f32
    >>> ArrayType(F64, 2, "C")
    f64[2]C
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from conure.record import Record

Kind = Literal["bool", "signed", "unsigned", "real", "complex"]

Layout = Literal["C", "F", "U", "S"]
"""How an array lies in memory: C-contiguous; Fortran-contiguous; last axis unit stride, other
strides free; every stride free (in bytes, any sign)."""


class Scalar(Record):
    """One scalar type. `numpy` names the dtype with the same bits."""

    name: str
    kind: Kind
    bits: int
    python: bool
    numpy: str

    @property
    def bytes(self) -> int:
        return max(1, self.bits // 8)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        return np.dtype(self.numpy)

    @property
    def is_integer(self) -> bool:
        return self.kind in ("signed", "unsigned")

    @property
    def is_inexact(self) -> bool:
        return self.kind in ("real", "complex")

    @property
    def range(self) -> tuple[int, int]:
        """Smallest and largest value of an integer or boolean type."""
        if self.kind == "bool":
            return 0, 1
        if self.kind == "unsigned":
            return 0, 2**self.bits - 1
        assert self.kind == "signed", self
        return -(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1

    def __repr__(self) -> str:
        return self.name


BOOL: Final = Scalar("bool", "bool", 1, True, "bool")
INT: Final = Scalar("int", "signed", 64, True, "int64")
FLOAT: Final = Scalar("float", "real", 64, True, "float64")
COMPLEX: Final = Scalar("complex", "complex", 128, True, "complex128")
B1: Final = Scalar("b1", "bool", 1, False, "bool")
I8: Final = Scalar("i8", "signed", 8, False, "int8")
I16: Final = Scalar("i16", "signed", 16, False, "int16")
I32: Final = Scalar("i32", "signed", 32, False, "int32")
I64: Final = Scalar("i64", "signed", 64, False, "int64")
U8: Final = Scalar("u8", "unsigned", 8, False, "uint8")
U16: Final = Scalar("u16", "unsigned", 16, False, "uint16")
U32: Final = Scalar("u32", "unsigned", 32, False, "uint32")
U64: Final = Scalar("u64", "unsigned", 64, False, "uint64")
F32: Final = Scalar("f32", "real", 32, False, "float32")
F64: Final = Scalar("f64", "real", 64, False, "float64")
C64: Final = Scalar("c64", "complex", 64, False, "complex64")
C128: Final = Scalar("c128", "complex", 128, False, "complex128")

PYTHON_SCALARS: Final = (BOOL, INT, FLOAT, COMPLEX)
NUMPY_SCALARS: Final = (B1, I8, I16, I32, I64, U8, U16, U32, U64, F32, F64, C64, C128)
SCALARS: Final = {scalar.name: scalar for scalar in PYTHON_SCALARS + NUMPY_SCALARS}
_BY_DTYPE: Final = {scalar.dtype: scalar for scalar in NUMPY_SCALARS}
_BY_PYTHON: Final[dict[type, Scalar]] = {bool: BOOL, int: INT, float: FLOAT, complex: COMPLEX}


class ArrayType(Record):
    """An array's static facts: element dtype (a NumPy scalar type), rank and layout."""

    dtype: Scalar
    rank: int
    layout: Layout = "S"

    def __repr__(self) -> str:
        return f"{self.dtype}[{self.rank}]{self.layout}"


Type = Scalar | ArrayType


def scalar_of_dtype(dtype: np.dtype[np.generic]) -> Scalar | None:
    """The scalar type of a native NumPy dtype, or None where Conure has none."""
    return _BY_DTYPE.get(dtype) if dtype.isnative else None


def scalar_of_value(value: object) -> Scalar | None:
    """The scalar type of a Python or NumPy scalar, or None where Conure has none."""
    if type(value) in _BY_PYTHON:
        return _BY_PYTHON[type(value)]
    if isinstance(value, np.generic) and type(value) is value.dtype.type:
        return scalar_of_dtype(value.dtype)
    return None


def component(scalar: Scalar) -> Scalar:
    """The real type of a complex type's parts; a real type itself."""
    return {COMPLEX: FLOAT, C128: F64, C64: F32}.get(scalar, scalar)


def truth(scalar: Scalar) -> Scalar:
    """The type of a comparison between values of this type."""
    return BOOL if scalar.python else B1


def numpy_type(scalar: Scalar) -> Scalar:
    """The NumPy type that a Python scalar becomes on its own or in an array; others as they are."""
    return {BOOL: B1, INT: I64, FLOAT: F64, COMPLEX: C128}.get(scalar, scalar)
