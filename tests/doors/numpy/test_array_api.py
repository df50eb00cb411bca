"""The array API standard: its names, and results that agree with its strict implementation.

Where the standard wants an array without dimensions and NumPy gives a scalar, NumPy's way wins.
"""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import conure.numpy as np
from tests.doors.numpy.compared import SIZES

strict = pytest.importorskip("array_api_strict")

PROGRAMS = """
xp.astype(i, xp.float32)
xp.astype(x, xp.float64, copy=False)
xp.astype(x, xp.float32, device=x.device)
xp.asarray(x, copy=True, dtype=xp.float32)
xp.unique_all(i).counts
xp.unique_counts(i).values
xp.unique_inverse(i).inverse_indices
xp.sort(xp.unique_values(i))
xp.vecdot(x, x)
xp.vecdot(t, t, axis=-2)
xp.linalg.vecdot(x, x)
xp.linalg.matrix_norm(s)
xp.linalg.vector_norm(x, axis=0, keepdims=True)
xp.linalg.vector_norm(t, ord=1, axis=1)
xp.linalg.cholesky(s)
xp.linalg.cross(s, s)
xp.linalg.det(s)
xp.linalg.diagonal(s, offset=1)
xp.linalg.eigh(s).eigenvalues
xp.linalg.eigvalsh(s)
xp.linalg.inv(s)
xp.linalg.matmul(s, s)
xp.linalg.matrix_power(s, 3)
xp.linalg.matrix_rank(s)
xp.linalg.matrix_transpose(t)
xp.linalg.outer(s[0, :], s[1, :])
xp.linalg.pinv(s)
xp.linalg.qr(s).R
xp.linalg.slogdet(s).logabsdet
xp.linalg.solve(s, s[0, :])
xp.linalg.svd(s, full_matrices=False).S
xp.linalg.svdvals(s)
xp.linalg.tensordot(s, s, axes=1)
xp.linalg.trace(s)
xp.fft.fft(x + 0j)
xp.fft.rfft(x)
xp.fft.irfft(xp.fft.rfft(x))
xp.fft.fftn(t + 0j)
xp.fft.fftfreq(8, d=0.5)
xp.fft.fftshift(x)
xp.permute_dims(t, (1, 0))
xp.matrix_transpose(t)
xp.concat([x, x])
xp.concat([t, t], axis=None)
xp.stack([x, x], axis=1)
xp.unstack(s)[1]
xp.expand_dims(x, axis=0)
xp.squeeze(xp.expand_dims(x, axis=0), axis=0)
xp.moveaxis(t, 0, 1)
xp.roll(x, 2)
xp.repeat(x, 2)
xp.tile(x, (2,))
xp.flip(x)
xp.take(x, xp.asarray([1, 0]))
xp.take_along_axis(s, xp.asarray([[0, 1, 0]]), axis=0)
xp.searchsorted(xp.sort(x), xp.asarray([0.1, 0.2]))
xp.sort(x, axis=0, stable=True)
xp.argsort(x, stable=True)
xp.cumulative_sum(x)
xp.cumulative_sum(x, include_initial=True)
xp.cumulative_prod(x / 2)
xp.diff(x)
xp.count_nonzero(i)
xp.nonzero(i)[0]
xp.where(x > 0.5, x, 0.0)
xp.clip(x, 0.25, None)
xp.clip(x, max=0.5)
xp.maximum(x, 0.5)
xp.hypot(x, x)
xp.copysign(x, -1.0)
xp.signbit(-x)
xp.nextafter(x, x + 1)
xp.reciprocal(x + 1)
xp.logaddexp(x, x)
xp.round(x * 10)
xp.trunc(x * 10)
xp.pow(x, 2)
xp.bitwise_invert(i)
xp.bitwise_left_shift(i, 1)
xp.acos(x)
xp.atan2(x, x + 1)
xp.std(x, correction=1)
xp.var(t, axis=0, correction=1, keepdims=True)
xp.mean(x)
xp.sum(i)
xp.sum(x, dtype=xp.float32)
xp.prod(x + 1)
xp.any(i)
xp.all(i)
xp.argmax(x)
xp.argmin(t, axis=1)
xp.min(x)
xp.broadcast_arrays(x, x[:1])[1]
xp.broadcast_to(x[:1], (3,))
xp.meshgrid(s[0, :], s[1, :])[0]
xp.tril(s)
xp.triu(s, k=1)
xp.full_like(x, 2)
xp.linspace(0.0, 1.0, 5, endpoint=False)
xp.eye(3, k=1)
xp.arange(3, device=x.device)
x + 1
1 - x
2 / (x + 1)
x // 0.3
x % 0.3
x**2
i & 3
i | 1
i ^ 1
~i
i << 1
i >> 1
-x
abs(-x)
s @ s
x <= 0.5
x.T if x.ndim == 2 else x
t.mT
x[None, ...]
x[::2]
t[..., 0]
x[x > 0.5]
s[xp.asarray([0, 2]), xp.asarray([1, 1])]
""".strip().splitlines()


def names(xp: Any, size: int) -> dict[str, Any]:
    i = xp.arange(size) * 7 % 5
    x = xp.astype(xp.arange(size) * 13 % 17, xp.float64) / 17
    s = xp.asarray([[4.0, 1.0, 0.5], [1.0, 5.0, 2.0], [0.5, 2.0, 6.0]])
    return {"xp": xp, "i": i, "x": x, "t": xp.reshape(x, (-1, 5)), "s": s}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("program", PROGRAMS)
def test_results(program: str, size: int) -> None:
    want = numpy.asarray(eval(program, names(strict, size)))
    got = eval(program, names(np, size))
    assert isinstance(got, np.ndarray | numpy.generic)
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    numpy.testing.assert_allclose(numpy.asarray(got), want, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("module", ["", "linalg", "fft"])
def test_names(module: str) -> None:
    theirs = getattr(strict, module) if module else strict
    ours = getattr(np, module) if module else np
    for name in theirs.__all__:
        if name != "Device" and "flags" not in name.lower():  # which are the module's own
            assert name.startswith("__version") or hasattr(ours, name), name


def test_inspection() -> None:
    info = np.__array_namespace_info__()
    assert info.devices() == ["cpu"]
    assert info.capabilities()["boolean indexing"]
    assert info.default_dtypes()["real floating"] == np.float64
    assert "float32" in info.dtypes(kind="real floating")
    assert np.isdtype(np.float32, ("real floating", "integral"))
    assert np.result_type(np.ones(3, np.float32), 1.0) == np.float32
    assert np.can_cast(np.int8, np.int16)
    assert np.finfo(np.ones(2)).bits == 64


@pytest.mark.parametrize("size", SIZES)
def test_exchange(size: int) -> None:
    array = np.arange(float(size)) * 2
    for made in (np.from_dlpack(array), np.from_dlpack(array, copy=None, device="cpu")):
        assert type(made) is np.ndarray
        assert np.shares_memory(made, array)
    assert not np.shares_memory(np.from_dlpack(array, copy=True), array)
    assert numpy.shares_memory(numpy.from_dlpack(array), numpy.asarray(array))
    assert array.__dlpack__(max_version=(1, 0), dl_device=(1, 0), copy=False) is not None
    assert strict.from_dlpack(array).shape == array.shape
    with pytest.raises(ValueError, match="device"):
        array.to_device("gpu")


def test_in_place() -> None:
    array = other = np.arange(4.0)
    array += 1
    array *= array
    array -= np.ones(4)
    array /= 2
    array //= 1
    array **= 2
    array %= 5
    assert other is array
    assert array.tolist() == [0, 1, 1, 4]
    assert bool(np.asarray(1)) and int(np.asarray(3)) == 3 and [1, 2][np.asarray(1)] == 2
    assert float(np.asarray(2.5)) == 2.5 and complex(np.asarray(1j)) == 1j
