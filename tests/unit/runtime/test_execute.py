"""Values into compiled code and out again: every type, every companion."""

from __future__ import annotations

import math

import numpy as np
import pytest

from conure.artifact import MISS, OK, ArgumentSlot, Artifact, ResultSlot, scalar_argument
from conure.codegen import assemble
from conure.codegen.calling import DECLARED, caller
from conure.errors import DeviceError
from conure.ir.types import NUMPY_SCALARS, SCALARS
from conure.runtime import pool
from conure.runtime.execute import Kernel, box_source, call_source, check_array_fields
from conure.target import host

pool.connect(assemble.assemble, assemble.load)

UNBOUND = object()


def kernel(
    body: str, arguments: list[ArgumentSlot], results: list[ResultSlot], parallel: bool = False
) -> Kernel:
    """A kernel with this IR body over `%out` and `%a0`, `%a1`, ... (one per machine argument)."""
    machine = {"object": "ptr", "i64": "i64", "f64": "double"}
    parameters = ["ptr %runtime", "ptr %out"]
    for kind in (kind for slot in arguments for kind in slot.native):
        parameters.append(f"{machine[kind]} %a{len(parameters) - 2}")
    text = f"define i32 @entry({', '.join(parameters)}) {{\n{body}\n  ret i32 0\n}}"
    code = assemble.assemble(with_caller(text, arguments), host())
    artifact = Artifact("key", code, "entry", tuple(arguments), tuple(results), parallel)
    return Kernel(artifact, unbound=UNBOUND)


def with_caller(text: str, arguments: list[ArgumentSlot]) -> str:
    native = [kind for slot in arguments for kind in slot.native]
    return "\n".join([*(f"declare {each}" for each in DECLARED), text, caller("entry", native)])


def answer(compiled: Kernel, *values: object) -> tuple[object, ...]:
    status, slots = compiled.call(values)
    assert status == OK
    return compiled.box(slots)


def same(a: object, b: object) -> bool:
    return type(a) is type(b) and (a == b or (a != a and b != b))


INTEGERS = [name for name, scalar in SCALARS.items() if scalar.is_integer]


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_of_all_widths(name: str) -> None:
    compiled = kernel(
        "  store i64 %a0, ptr %out", [scalar_argument("n", name)], [ResultSlot("n", name)]
    )
    make = int if name == "int" else SCALARS[name].dtype.type
    for value in (*SCALARS[name].range, 0, 1):
        assert same(answer(compiled, value)[0], make(value))


def test_an_int_beyond_64_bits_misses() -> None:
    compiled = kernel("", [scalar_argument("n", "int")], [])
    assert compiled.call((2**63,)) == (MISS, None)
    assert compiled.call((-(2**63) - 1,)) == (MISS, None)
    assert compiled.call((2**63 - 1,))[0] == OK


@pytest.mark.parametrize("name", ["float", "f64", "f32"])
def test_reals(name: str) -> None:
    store = "  store double %a0, ptr %out"
    if name == "f32":
        store = "  %f = fptrunc double %a0 to float\n  store float %f, ptr %out"
    compiled = kernel(store, [scalar_argument("x", name)], [ResultSlot("x", name)])
    make = SCALARS[name].dtype.type if name != "float" else float
    for value in (0.5, -1.25, math.inf, math.nan):
        assert same(answer(compiled, value)[0], make(value))
    assert math.copysign(1, answer(compiled, -0.0)[0]) == -1


@pytest.mark.parametrize("name", ["complex", "c128", "c64"])
def test_complex_numbers_take_two_of_everything(name: str) -> None:
    body = """
  %second = getelementptr i64, ptr %out, i64 1
  %third = getelementptr i64, ptr %out, i64 2
  store double %a0, ptr %out
  store double %a1, ptr %second
  store i64 %a2, ptr %third"""
    if name == "c64":
        body = body.replace(
            "store double %a0", "%f0 = fptrunc double %a0 to float\n  store float %f0"
        )
        body = body.replace(
            "store double %a1", "%f1 = fptrunc double %a1 to float\n  store float %f1"
        )
    compiled = kernel(
        body,
        [scalar_argument("z", name), scalar_argument("n", "int")],
        [ResultSlot("z", name), ResultSlot("n", "int")],
    )
    make = complex if name == "complex" else SCALARS[name].dtype.type
    z, n = answer(compiled, 1.5 - 2.5j, 7)
    assert same(z, make(1.5 - 2.5j))
    assert same(n, 7)


@pytest.mark.parametrize("name", ["bool", "b1"])
def test_bools(name: str) -> None:
    compiled = kernel(
        "  store i64 %a0, ptr %out", [scalar_argument("t", name)], [ResultSlot("t", name)]
    )
    make = bool if name == "bool" else np.bool_
    assert same(answer(compiled, True)[0], make(True))
    assert same(answer(compiled, False)[0], make(False))


PYTHON = {"b1": bool, "i32": int, "u64": int, "f32": float, "f64": float, "c128": complex}


@pytest.mark.parametrize("name", PYTHON)
def test_a_companion_says_whether_a_result_is_a_numpy_scalar(name: str) -> None:
    results = [ResultSlot("s", name, kind_of="s.kind"), ResultSlot("s.kind", "bool")]
    width = results[0].width
    body = f"  %at = getelementptr i64, ptr %out, i64 {width}\n  store i64 %a0, ptr %at"
    compiled = kernel(body, [scalar_argument("t", "bool")], results)
    value, kind = answer(compiled, True)
    assert (type(value), kind) == (SCALARS[name].dtype.type, True)
    value, kind = answer(compiled, False)
    assert (type(value), kind) == (PYTHON[name], False)


def test_a_companion_says_whether_a_variable_is_bound() -> None:
    results = [ResultSlot("i", "int", bound_by="i.bound"), ResultSlot("i.bound", "bool")]
    body = """
  %at = getelementptr i64, ptr %out, i64 1
  store i64 5, ptr %out
  store i64 %a0, ptr %at"""
    compiled = kernel(body, [scalar_argument("t", "bool")], results)
    assert answer(compiled, True) == (5, True)
    assert answer(compiled, False) == (UNBOUND, False)


def test_arrays_are_passed_as_objects() -> None:
    fields = host().arrays
    body = f"""
  %data.at = getelementptr i8, ptr %a0, i64 {fields.data}
  %data = load ptr, ptr %data.at
  %element = getelementptr double, ptr %data, i64 %a1
  %value = load double, ptr %element
  store double %value, ptr %out
  store double 0.0, ptr %element"""
    array = ArgumentSlot("x", "array", "f64", 1, "C", written=True)
    compiled = kernel(body, [array, scalar_argument("i", "int")], [ResultSlot("v", "f64")])
    x = np.arange(5.0)
    assert answer(compiled, x, 3) == (3.0,)
    assert x.tolist() == [0, 1, 2, 0, 4]


def test_the_runtime_struct_is_what_kernels_expect() -> None:
    body = "".join(
        f"""
  %from{k} = getelementptr i64, ptr %runtime, i64 {slot}
  %value{k} = load i64, ptr %from{k}
  %to{k} = getelementptr i64, ptr %out, i64 {k}
  store i64 %value{k}, ptr %to{k}"""
        for k, slot in enumerate((0, 3, *range(5, 18)))
    )
    results = [ResultSlot(f"r{k}", "int") for k in range(15)]
    array_type, cancel, *descriptors = answer(kernel(body, [], results))
    assert array_type == id(np.ndarray)
    assert cancel == 0
    assert descriptors == [id(np.zeros(1, scalar.numpy).dtype) for scalar in NUMPY_SCALARS]


def test_the_sources_read_well() -> None:
    arguments = (
        ArgumentSlot("x", "array", "f64", 2),
        scalar_argument("n", "int"),
        scalar_argument("z", "complex"),
    )
    assert call_source(arguments) == (
        "def call(values):\n"
        "    v0, v1, v2, = values\n"
        "    if not -0x8000000000000000 <= v1 <= 0x7fffffffffffffff: return MISS, None\n"
        "    if pool.threads != THREADS: use(THREADS)\n"
        "    slots = free.pop() if free else new()\n"
        "    return entry(RUNTIME, slots[1], v0, v1, v2.real, v2.imag), slots\n"
    )
    results = (ResultSlot("s", "f64", kind_of="s.kind"), ResultSlot("s.kind", "bool"))
    assert box_source(results) == (
        "def box(slots):\n"
        "    out = slots[0]\n"
        "    results = ((numpy_f64(out.s0) if out.s1 else out.s0), (out.s1 != 0),)\n"
        "    free.append(slots)\n"
        "    return results\n"
    )


def test_an_unknown_array_layout_is_refused() -> None:
    fields = host().arrays
    check_array_fields(fields)
    with pytest.raises(DeviceError, match="lays out its arrays differently"):
        check_array_fields(fields._replace(rank=fields.flags))


def test_code_that_lacks_a_symbol_is_refused() -> None:
    text = "declare void @conure_no_such_thing()\ndefine i32 @entry(ptr %r, ptr %o) {\n"
    text += "  call void @conure_no_such_thing()\n  ret i32 0\n}"
    code = assemble.assemble(with_caller(text, []), host())
    with pytest.raises(DeviceError, match="does not load"):
        Kernel(Artifact("key", code, "entry")).call(())


def test_wrong_ir_is_refused_with_its_line() -> None:
    with pytest.raises(DeviceError, match="refuses the generated code(.|\n)*%x"):
        assemble.assemble("define i32 @f() {\n  ret i32 %x\n}", host())
