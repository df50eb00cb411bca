"""Products of complex arrays have the very bits that NumPy gives them on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import conure
import conure.numpy
from conure.frontend.fused_products import products_are_fused

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
    if not products_are_fused(numpy.dtype(dtype)):
        pytest.skip("NumPy rounds twice here")
    parts = numpy.random.default_rng(5).normal(size=(4, SIZE))
    x, y = (parts[:2] + 1j * parts[2:]).astype(dtype)
    x[:6] = [numpy.nan, numpy.inf, -0.0, 1e30, 1e-30, complex(0.0, -0.0)]
    y[2:8] = [0, -0.0, 1e30, complex(0.0, numpy.inf), numpy.nan, complex(-0.0, 1)]
    with numpy.errstate(all="ignore"), conure.options(device="cpu"), conure.profile() as profile:
        want = form(x, y)
        got = numpy.asarray(form(conure.numpy.array(x), conure.numpy.array(y)))
    assert {event.device for event in profile.events} == {"cpu"}
    assert want.dtype == got.dtype
    one, other = (numpy.ascontiguousarray(each).view(want.real.dtype) for each in (want, got))
    alike = (one == other) & (numpy.signbit(one) == numpy.signbit(other))
    assert (alike | (numpy.isnan(one) & numpy.isnan(other))).all()
