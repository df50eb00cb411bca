"""Products of complex arrays have the very bits that NumPy gives them on this machine."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy
import pytest

import conure
import conure.numpy

SIZE = 100_003  # large enough to be recorded
FORMS: dict[str, Callable[[Any, Any], Any]] = {
    "product": lambda x, y: x * y,
    "square": lambda x, y: x**2 + y,
    "strided": lambda x, y: x[::2] * y[::-2],
    "a number": lambda x, y: x * (2 + 1j),
    "of three": lambda x, y: (x * y) * x * 0.5,
    "of a real": lambda x, y: x * y.real,
    "a real of": lambda x, y: y.imag * x,
    "outer": lambda x, y: x[:300, None] * y[None, :200],
}


@pytest.mark.parametrize("dtype", ["c16", "c8"])
@pytest.mark.parametrize("form", FORMS.values(), ids=[*FORMS])
def test_bits(form: Callable[[Any, Any], Any], dtype: str) -> None:
    parts = numpy.random.default_rng(5).normal(size=(4, SIZE))
    x, y = (parts[:2] + 1j * parts[2:]).astype(dtype)
    x[:6] = [numpy.nan, numpy.inf, -0.0, 1e30, 1e-30, complex(0.0, -0.0)]
    y[2:8] = [0, -0.0, 1e30, complex(0.0, numpy.inf), numpy.nan, complex(-0.0, 1)]
    with numpy.errstate(all="ignore"), conure.options(device="cpu"), conure.profile() as profile:
        want = form(x, y)
        got = numpy.asarray(form(conure.numpy.array(x), conure.numpy.array(y)))
    assert len(profile.events) <= 1
    assert want.dtype == got.dtype
    one, other = (numpy.ascontiguousarray(each).view(want.real.dtype) for each in (want, got))
    alike = (one == other) & (numpy.signbit(one) == numpy.signbit(other))
    assert (alike | (numpy.isnan(one) & numpy.isnan(other))).all()


def parts_read(np: Any, z: Any) -> Any:
    size = z.real * z.real + z.imag * z.imag
    before = z.real + 1
    z[...] = 2j
    return size, before, z.real * 1


def parts_written(np: Any, z: Any) -> Any:
    x, y = z.real, z.imag
    before = x * 2 + y
    x += 1
    y *= 2
    y[x > 0] = 3
    z.imag[10:] -= x[:-10]
    return before, z, x, y


def parts_of_parts(np: Any, z: Any) -> Any:
    w = z[::2]
    found = w.real[::-1] + z.real[1::2] * w.imag
    w.real[...] = w.imag * 2
    return found, z, z.T.imag + 1


def other_bases(np: Any, z: Any) -> Any:
    unpickled = pickle.loads(pickle.dumps(z.real * 1))
    spread = np.broadcast_to(z.real[:2], (z.size, 2))
    return unpickled + 1, spread + 1


def parts_lent(np: Any, z: Any) -> Any:
    plain = numpy.asarray(z)
    found = z.real + z.imag
    plain[...] = 0
    return found, z.real * 1, z.imag + 0


@pytest.mark.parametrize("device", ["auto", "cpu"])
@pytest.mark.parametrize("dtype", ["c16", "c8"])
@pytest.mark.parametrize(
    "program", [parts_read, parts_written, parts_of_parts, parts_lent, other_bases]
)
def test_parts(program: Callable[[Any, Any], Any], dtype: str, device: Any) -> None:
    parts = numpy.random.default_rng(6).normal(size=(2, 2 * SIZE + 2))
    z = (parts[0] + 1j * parts[1]).astype(dtype)
    with conure.options(device=device):
        want, got = program(numpy, z.copy()), program(conure.numpy, conure.numpy.array(z))
    for one, other in zip(want, got, strict=True):
        assert one.dtype == other.dtype
        numpy.testing.assert_allclose(numpy.asarray(other), one, rtol=1e-6)
