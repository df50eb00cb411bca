"""Other libraries take arrays of ours where they take NumPy's."""

from __future__ import annotations

import io

import numpy
import pytest

import conure.numpy as np
from tests.doors.numpy.compared import SIZES


@pytest.fixture(params=SIZES)
def ours(request: pytest.FixtureRequest):
    return np.sin(np.arange(float(request.param))) + 1.5


@pytest.fixture
def theirs(ours):
    return numpy.asarray(ours).copy()


def test_scipy(ours, theirs) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    linalg = pytest.importorskip("scipy.linalg")
    stats = pytest.importorskip("scipy.stats")
    signal = pytest.importorskip("scipy.signal")
    special = pytest.importorskip("scipy.special")
    interpolate = pytest.importorskip("scipy.interpolate")
    square, plain = ours[:9].reshape(3, 3), theirs[:9].reshape(3, 3)
    numpy.testing.assert_array_equal(linalg.inv(square), linalg.inv(plain))
    numpy.testing.assert_array_equal(
        linalg.solve(square, ours[:3]), linalg.solve(plain, theirs[:3])
    )
    numpy.testing.assert_allclose(special.gamma(ours), special.gamma(theirs))
    assert type(special.gamma(ours)) is np.ndarray
    assert stats.ttest_1samp(ours, 1.0).pvalue == pytest.approx(
        stats.ttest_1samp(theirs, 1.0).pvalue
    )
    numpy.testing.assert_allclose(
        signal.convolve(ours[:10], ours[:4]), signal.convolve(theirs[:10], theirs[:4])
    )
    found = optimize.minimize(lambda x: np.sum((x - ours[:3]) ** 2), np.zeros(3))
    numpy.testing.assert_allclose(found.x, theirs[:3], atol=1e-5)
    line = interpolate.CubicSpline(np.arange(9), ours[:9])
    numpy.testing.assert_allclose(
        line(np.array([0.5])), interpolate.CubicSpline(range(9), theirs[:9])(0.5)
    )


def test_sparse(ours, theirs) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_matrix(numpy.eye(10))
    numpy.testing.assert_array_equal(matrix @ ours[:10], theirs[:10])
    numpy.testing.assert_array_equal(ours[:10] @ matrix, theirs[:10])
    numpy.testing.assert_array_equal(
        sparse.csr_matrix(ours[:9].reshape(3, 3)).toarray(), theirs[:9].reshape(3, 3)
    )


def test_ndimage_and_fft(ours, theirs) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    fft = pytest.importorskip("scipy.fft")
    numpy.testing.assert_array_equal(
        ndimage.uniform_filter(ours, 3), ndimage.uniform_filter(theirs, 3)
    )
    numpy.testing.assert_allclose(fft.rfft(ours), fft.rfft(theirs))


def test_pandas(ours, theirs) -> None:
    pandas = pytest.importorskip("pandas")
    series = pandas.Series(ours)
    assert series.equals(pandas.Series(theirs))
    assert (series + ours).equals(pandas.Series(theirs + theirs))
    assert type(ours + series) is pandas.Series
    frame = pandas.DataFrame({"x": ours, "y": ours * 2})
    assert frame["y"].sum() == pytest.approx((theirs * 2).sum())
    assert series[ours > 1.5].equals(series[theirs > 1.5])
    assert type(np.sqrt(series)) is pandas.Series


def test_scikit_learn(ours, theirs) -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    table = ours[:10].reshape(5, 2)
    model = linear.LinearRegression().fit(table, ours[:5])
    plain = linear.LinearRegression().fit(theirs[:10].reshape(5, 2), theirs[:5])
    numpy.testing.assert_allclose(model.predict(table), plain.predict(theirs[:10].reshape(5, 2)))


def test_matplotlib(ours) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, axes = pyplot.subplots()
    (line,) = axes.plot(ours[:10], ours[:10] * 2)
    axes.scatter(ours[:10], ours[:10], c=ours[:10])
    axes.imshow(ours[:9].reshape(3, 3))
    axes.hist(ours[:100], bins=np.linspace(0, 3, 5))
    axes.fill_between(ours[:5], ours[:5], 0)
    figure.savefig(io.BytesIO(), format="png")
    numpy.testing.assert_array_equal(line.get_ydata(), numpy.asarray(ours[:10] * 2))
    pyplot.close(figure)


def test_files(ours, theirs, tmp_path) -> None:
    np.save(tmp_path / "one.npy", ours)
    assert type(np.load(tmp_path / "one.npy")) is np.ndarray
    assert np.array_equal(numpy.load(tmp_path / "one.npy"), theirs)
    np.savez(tmp_path / "two.npz", ours, name=ours * 2)
    with np.load(tmp_path / "two.npz") as archive:
        assert type(archive["name"]) is np.ndarray
        assert np.array_equal(archive["arr_0"], theirs)
    np.savetxt(tmp_path / "three.txt", ours[:10])
    assert np.array_equal(np.loadtxt(tmp_path / "three.txt"), theirs[:10])
    ours.tofile(tmp_path / "four")
    assert np.array_equal(np.fromfile(tmp_path / "four"), theirs)
    mapped = np.memmap(tmp_path / "four", dtype=float, mode="r+")
    assert np.array_equal(mapped + ours, theirs * 2)
    assert bytes(ours) == bytes(theirs)
