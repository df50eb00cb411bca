"""The host's facts, LLVM's work on the IR text, and loading, by either linker."""

from __future__ import annotations

import ctypes
import os

import llvmlite
import numpy as np
import pytest

from conure.codegen import load as module
from conure.codegen.assemble import assemble, assembly, optimized
from conure.codegen.load import DirectLinker, PublicLinker, load
from conure.errors import DeviceError
from conure.target import array_fields, host, vector_functions

# y[i] = exp(x[i]); the calls may be vectorized by the named variants
EXP = """
declare double @exp(double)
{declarations}
@llvm.compiler.used = appending global [{count} x ptr] [{symbols}], section "llvm.metadata"

define void @entry(ptr noalias %x, ptr noalias %y, i64 %n) "prefer-vector-width"="{bits}" {{
start:
  br label %loop
loop:
  %i = phi i64 [ 0, %start ], [ %next, %loop ]
  %x.at = getelementptr double, ptr %x, i64 %i
  %y.at = getelementptr double, ptr %y, i64 %i
  %value = load double, ptr %x.at
  %result = call double @exp(double %value) #0
  store double %result, ptr %y.at
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %stop
stop:
  ret void
}}
attributes #0 = {{ nounwind memory(none) "vector-function-abi-variant"="{variants}" }}
"""
LANES = {"b": 2, "c": 4, "d": 4, "e": 8}


def exp_text(variants: tuple[str, ...]) -> str:
    return EXP.format(
        declarations="\n".join(
            f"declare <{LANES[name[4]]} x double> @{name}(<{LANES[name[4]]} x double>)"
            for name in variants
        ),
        count=len(variants),
        symbols=", ".join(f"ptr @{name}" for name in variants),
        bits=host().vector_bits,
        variants=",".join(variants),
    )


def test_the_host_has_its_facts() -> None:
    target = host()
    assert target.triple.split("-")[0] in ("x86_64", "aarch64", "arm64")
    assert target.threads >= 1
    assert target.key == target._replace(threads=99).key
    assert target.key != target._replace(features="other").key
    assert array_fields(32).data == 32


def test_vector_functions_are_those_of_the_library() -> None:
    variants = vector_functions(host()).get("exp")
    if variants is None:
        pytest.skip("no vector math library")
    text = exp_text(variants)
    assert variants[-1] in assembly(text, host())
    assert "vector.body" in optimized(text, host())
    entry = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(
        load(assemble(text, host()), ["entry"])["entry"]
    )
    x = np.linspace(-700, 700, 1001)
    y = np.empty_like(x)
    entry(x.ctypes.data, y.ctypes.data, len(x))
    np.testing.assert_array_max_ulp(y, np.exp(x), 4)


def linkers() -> list[module.Linker]:
    found: list[module.Linker] = [PublicLinker()]
    path = os.path.join(os.path.dirname(llvmlite.__file__), "binding", "libllvmlite.so")
    if llvmlite.__version__.startswith(module.KNOWN) and os.path.exists(path):
        found.append(DirectLinker(path))
    return found


@pytest.mark.parametrize("linker", linkers(), ids=lambda linker: type(linker).__name__)
def test_linkers_agree(linker: module.Linker) -> None:
    text = """
@table = constant [2 x i32] [i32 40, i32 2]
declare double @log2(double)
define i32 @first() {
  %x = load i32, ptr @table
  ret i32 %x
}
define double @root(double %x) {
  %y = call double @log2(double %x)
  ret double %y
}"""
    code = assemble(text, host())
    first, root = linker.link("one", code, ["first", "root"])
    again = linker.link("two", code, ["first"])
    assert again != [first]
    assert ctypes.CFUNCTYPE(ctypes.c_int)(first)() == 40
    assert ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(root)(8.0) == 3.0
    with pytest.raises(RuntimeError, match="not_there"):
        linker.link("three", code, ["not_there"])
    with pytest.raises(RuntimeError):
        linker.link("four", code[:200], ["first"])


@pytest.mark.parametrize("code", [b"", b"\x7fELF", bytes(4096), os.urandom(512)])
def test_what_is_no_object_file_does_not_load(code: bytes) -> None:
    with pytest.raises(DeviceError, match="does not load"):
        load(code, ["entry"])
