"""What compiled code is made for: one frozen record of facts per target.

`host()` finds the facts of this machine without LLVM (3 ms, of which most is libc's answer to
which vector functions it has; importing `llvmlite.binding` alone is 27 ms). The exact list of
instruction sets is asked of LLVM itself, at assembly; here `features` is the processor's own
list, and serves as part of every cache key, so that code never travels to another processor.

Records on the way of a warm start are named tuples: making a frozen, slotted dataclass takes
0.6 ms at import, a named tuple 0.07.

    >>> target = host()
    >>> target.vector_bits in (64, 128, 256, 512), target.threads >= 1
    (True, True)
    >>> target.arrays.data == object.__basicsize__
    True
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import sys
from collections.abc import Mapping
from typing import NamedTuple


class ArrayFields(NamedTuple):
    """Byte offsets of the fields of NumPy's `PyArrayObject` that compiled code reads.

    They follow from the size of Python's object header; `runtime.execute` compares them with a
    real array before the first call.
    """

    data: int
    rank: int
    dimensions: int
    strides: int
    descr: int
    flags: int


def array_fields(header: int = object.__basicsize__) -> ArrayFields:
    """The offsets behind an object header of this many bytes (16, 32 in free-threaded builds)."""
    return ArrayFields(header, header + 8, header + 16, header + 24, header + 40, header + 48)


class DeviceFacts(NamedTuple):
    """Facts of a target that runs a kernel at each point of a grid.

    Attributes
    ----------
    language
        The emission file that writes its kernels.
    array_pointer, group_pointer
        The LLVM pointer types of memory that all threads see, and that a group of threads shares.
    group, groups
        Threads in a group, and the most groups a reduction uses.
    overflow
        Whether the back end knows LLVM's operations that tell of an overflow.
    exact_single
        Whether division and square root of float32 are rounded correctly.
    double, single
        C math functions that are promised to within 4 units in the last place. Of float32, those
        not in `single` are computed in float64, where that cannot be seen.
    source
        Who promises it.
    """

    language: str
    array_pointer: str
    group_pointer: str
    group: int
    groups: int
    overflow: bool
    exact_single: bool
    double: frozenset[str]
    single: frozenset[str]
    source: str


class Target(NamedTuple):
    """Facts of one target.

    Attributes
    ----------
    name
        What `explain` and events call the device: "cpu".
    triple
        LLVM's name of the platform.
    cpu, features
        An LLVM processor name and feature list; or cpu "host", which `codegen.assemble` asks
        of LLVM, and then `features` is the processor's model and list of flags as the system
        tells them.
    vector_bits
        The width of vectors to prefer.
    threads
        How many threads a parallel loop uses when no option says otherwise.
    arrays
        Where the fields of an array object are.
    math_library, math_version
        The library of vector math functions and its version; "" where there is none.
    vector_kinds
        The prefixes of vector function names (x86-64 vector function ABI) that this processor
        can run, narrow to wide: "_ZGVb" SSE, "_ZGVd" AVX2, "_ZGVe" AVX-512.
    device
        What a target that is no host has besides.
    """

    name: str
    triple: str
    cpu: str
    features: str
    vector_bits: int
    threads: int
    arrays: ArrayFields
    math_library: str = ""
    math_version: str = ""
    vector_kinds: tuple[str, ...] = ()
    device: DeviceFacts | None = None

    @property
    def masks(self) -> bool:
        """Whether parts of a vector can be loaded and stored, with the rest left alone."""
        return self.triple.startswith("x86_64") and self.vector_bits >= 256

    @property
    def key(self) -> str:
        """Text of all that code depends on; the number of threads is not in it."""
        facts = (self.triple, self.cpu, self.features, self.vector_bits, self.arrays)
        library = (self.math_library, self.math_version, self.vector_kinds)
        if self.device is not None:
            device = [sorted(each) if isinstance(each, frozenset) else each for each in self.device]
            return hashlib.sha256(repr((self.name, facts, device)).encode()).hexdigest()
        return hashlib.sha256(repr((self.name, facts, library)).encode()).hexdigest()


_VECTOR_WIDTHS = {"_ZGVb": 128, "_ZGVc": 256, "_ZGVd": 256, "_ZGVe": 512}

_LIBMVEC = "libmvec.so.1"

# Names that any glibc may have in vector form, and how many arguments they take. Which ones this
# machine's library has is asked of the library: 2.22 began with sin cos exp log pow, 2.35 added
# the rest of these for x86-64.
_MATH_NAMES: Mapping[str, int] = {
    "acos": 1, "acosh": 1, "asin": 1, "asinh": 1, "atan": 1, "atan2": 2, "atanh": 1,
    "cbrt": 1, "cos": 1, "cosh": 1, "erf": 1, "erfc": 1, "exp": 1, "exp10": 1, "exp2": 1,
    "expm1": 1, "hypot": 2, "log": 1, "log10": 1, "log1p": 1, "log2": 1, "pow": 2,
    "sin": 1, "sinh": 1, "tan": 1, "tanh": 1,
}  # fmt: skip


# OpenCL 3.0, table of the error of functions of double (those of float32 are the same but for sqrt
# and division). It promises 5 to 16 units for: atan atan2 atanh erf erfc pow tan tanh tgamma.
_OPENCL = frozenset((
    "acos", "acosh", "asin", "asinh", "cbrt", "cos", "cosh", "exp", "exp2", "expm1", "fmod",
    "hypot", "log", "log10", "log1p", "log2", "sin", "sinh",
))  # fmt: skip
# CUDA's programming guide; erfc of double, tgamma and lgamma are worse than 4 units.
_LIBDEVICE = _OPENCL | {"atan", "atan2", "atanh", "erf", "pow", "tan", "tanh"}

DEVICES = ("opencl", "cuda")
"""The devices that a user may name."""


def device(name: str, processor: str = "") -> Target:
    """The target of a device; `processor` is its architecture where that matters ("sm_90").

    >>> device("opencl").device.language, device("cuda", "sm_90").cpu
    ('spirv', 'sm_90')
    """
    if name == "opencl":
        facts = DeviceFacts(
            "spirv", "ptr addrspace(1)", "ptr addrspace(3)", 256, 128, False, False,
            _OPENCL, _OPENCL, "OpenCL",
        )  # fmt: skip
        return Target(name, "spirv64-unknown-unknown", "", "", 0, 1, array_fields(), device=facts)
    facts = DeviceFacts(
        "ptx", "ptr addrspace(1)", "ptr addrspace(3)", 256, 1024, True, True,
        _LIBDEVICE, _LIBDEVICE | {"erfc"}, "CUDA's libdevice",
    )  # fmt: skip
    # Without features LLVM writes the oldest PTX that knows the processor: its drivers take it.
    return Target(name, "nvptx64-nvidia-cuda", processor, "", 0, 1, array_fields(), device=facts)


@functools.cache
def host() -> Target:
    """The machine that this process runs on."""
    machine = platform.machine().lower()
    model, flags = _processor()
    library, version = _math_library(machine)
    bits = _vector_bits(machine, flags)
    kinds = _vector_kinds(bits) if library else ()
    return Target(
        name="cpu",
        triple=_triple(machine),
        cpu="host",
        features=f"{model}: {' '.join(sorted(flags))}",
        vector_bits=bits,
        threads=cores(),
        arrays=array_fields(),
        math_library=library,
        math_version=version,
        vector_kinds=kinds,
    )


def cores() -> int:
    """How many cores this process may use at once: by its affinity and its container's quota."""
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    return max(1, min(allowed, _quota() or allowed))


def _quota() -> int:
    """Cores by the processor time that Linux grants this container, rounded up; 0: no limit."""
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:
            granted, period = file.read().split()
    except (OSError, ValueError):
        return 0
    return 0 if granted == "max" else -(-int(granted) // int(period))


@functools.cache
def vector_functions(target: Target) -> Mapping[str, tuple[str, ...]]:
    """The vector forms of C math functions that this target's library really has.

    The key is the C name (`exp`, for float32 `expf`), the value the symbols, narrow to wide, as
    the call attribute `vector-function-abi-variant` lists them. Asking takes 1 ms, once.

        >>> found = vector_functions(host()).get("exp", ("_ZGVbN2v_exp",))
        >>> found[0]
        '_ZGVbN2v_exp'
    """
    if not target.math_library:
        return {}
    library = ctypes.CDLL(target.math_library)
    found: dict[str, tuple[str, ...]] = {}
    for name, arguments in _MATH_NAMES.items():
        for scalar, bits in ((name, 64), (name + "f", 32)):
            symbols = (
                f"{kind}N{_VECTOR_WIDTHS[kind] // bits}{'v' * arguments}_{scalar}"
                for kind in target.vector_kinds
            )
            if present := tuple(symbol for symbol in symbols if hasattr(library, symbol)):
                found[scalar] = present
    return found


def _triple(machine: str) -> str:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    system = {"linux": "unknown-linux-gnu", "darwin": "apple-darwin", "win32": "pc-windows-msvc"}
    return f"{machine}-{system.get(sys.platform, 'unknown-unknown')}"


def _processor() -> tuple[str, frozenset[str]]:
    """The processor's model and its flags, from the first paragraph of Linux's list."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            facts: dict[str, str] = {}
            for line in lines:
                name, colon, value = line.partition(":")
                if not colon:
                    break
                facts[name.strip()] = value.strip()
    except OSError:
        return platform.processor() or platform.machine(), frozenset()
    identity = ("vendor_id", "cpu family", "model", "stepping", "CPU implementer", "CPU part")
    model = " ".join(facts[name] for name in identity if name in facts)
    return model, frozenset((facts.get("flags") or facts.get("Features") or "").split())


def _vector_bits(machine: str, flags: frozenset[str]) -> int:
    if machine not in ("x86_64", "amd64"):
        return 128
    # avx512_vbmi2 tells the processors whose clock does not fall with 512-bit arithmetic.
    if {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512_vbmi2"} <= flags:
        return 512
    return 256 if {"avx2", "fma"} <= flags else 128


def _math_library(machine: str) -> tuple[str, str]:
    """glibc's vector math on x86-64 Linux, else none (then calls stay scalar)."""
    if machine != "x86_64" or sys.platform != "linux":
        return "", ""
    try:
        ctypes.CDLL(_LIBMVEC)
    except OSError:
        return "", ""
    return _LIBMVEC, " ".join(platform.libc_ver())


def _vector_kinds(bits: int) -> tuple[str, ...]:
    kinds = {128: "_ZGVb", 256: "_ZGVd", 512: "_ZGVe"}
    return tuple(prefix for width, prefix in kinds.items() if width <= bits)
