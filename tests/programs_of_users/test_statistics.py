"""Statistics and learning, with rows and whole arrays inside the loops."""

from __future__ import annotations

import math

import numpy as np

from tests.oracle import FEW_ULP, compiled_wholly

RNG = np.random.default_rng(41)


def check(function, *arguments, regions=1):
    return compiled_wholly(function, *arguments, tolerance=FEW_ULP, regions=regions)


def test_standard_scores_of_rows():
    def f(x, out):
        for i in range(x.shape[0]):
            out[i] = (x[i] - x[i].mean()) / x[i].std()

    check(f, RNG.random((7, 12)), np.zeros((7, 12)))


def test_correlation_matrix():
    def f(x, out):
        n = x.shape[1]
        for i in range(n):
            for j in range(i, n):
                u = x[:, i] - x[:, i].mean()
                v = x[:, j] - x[:, j].mean()
                out[i, j] = out[j, i] = np.sum(u * v) / np.sqrt(np.sum(u * u) * np.sum(v * v))

    check(f, RNG.random((30, 5)), np.zeros((5, 5)))


def test_kmeans_with_rows():
    def f(points, centres, labels, turns):
        k = centres.shape[0]
        for _ in range(turns):
            for i in range(len(points)):
                distances = np.sqrt(((centres - points[i]) ** 2).sum(axis=1))
                labels[i] = np.argmin(distances)
            for c in range(k):
                mine = labels == c
                if np.any(mine):
                    for j in range(points.shape[1]):
                        centres[c, j] = points[:, j][mine].mean()

    check(f, RNG.random((40, 3)), RNG.random((4, 3)), np.zeros(40, np.int64), 3)


def test_logistic_regression():
    def f(x, y, w, rate, epochs):
        for _ in range(epochs):
            gradient = np.zeros(len(w))
            for i in range(len(y)):
                p = 1.0 / (1.0 + np.exp(-np.dot(x[i], w)))
                gradient += (p - y[i]) * x[i]
            w -= rate * gradient / len(y)

    check(f, RNG.standard_normal((25, 4)), RNG.integers(0, 2, 25), np.zeros(4), 0.1, 5)


def test_perceptron():
    def f(x, y, w, epochs):
        errors = 0
        for _ in range(epochs):
            errors = 0
            for row, target in zip(x, y, strict=False):
                if target * (row @ w) <= 0:
                    w += target * row
                    errors += 1
            if errors == 0:
                break
        return errors

    check(f, RNG.standard_normal((20, 3)), np.where(RNG.random(20) > 0.5, 1, -1), np.zeros(3), 4)


def test_softmax_of_rows():
    def f(scores, out):
        for i in range(len(scores)):
            e = np.exp(scores[i] - np.max(scores[i]))
            out[i, :] = e / e.sum()

    check(f, RNG.standard_normal((6, 9)), np.zeros((6, 9)))


def test_bootstrap_means():
    def f(x, picks, out):
        for b in range(picks.shape[0]):
            sample = x[picks[b]]
            out[b] = sample.mean()

    check(f, RNG.random(30), RNG.integers(0, 30, (50, 30)), np.zeros(50))


def test_median_absolute_deviation():
    def f(x, out):
        for i in range(len(x)):
            middle = np.median(x[i])
            out[i] = np.median(np.abs(x[i] - middle))

    check(f, RNG.random((8, 11)), np.zeros(8))


def test_outliers_are_clipped():
    def f(x):
        clipped = 0
        for row in x:
            limit = row.mean() + 1.5 * row.std()
            high = row > limit
            clipped += high.sum()
            row[high] = limit
        return clipped

    check(f, RNG.standard_normal((10, 30)))


def test_moving_average_and_spread():
    def f(x, window, mean, spread):
        for i in range(len(x) - window + 1):
            part = x[i : i + window]
            mean[i] = part.mean()
            spread[i] = part.std(ddof=1)

    check(f, RNG.random(40), 7, np.zeros(34), np.zeros(34))


def test_covariance_by_outer_products():
    def f(x, out):
        centre = np.zeros(x.shape[1])
        for row in x:
            centre += row
        centre /= len(x)
        for row in x:
            d = row - centre
            out += np.outer(d, d)
        out /= len(x) - 1

    check(f, RNG.random((20, 4)), np.zeros((4, 4)))


def test_nearest_neighbour_votes():
    def f(train, labels, queries, out):
        for q in range(len(queries)):
            best = np.inf
            for i in range(len(train)):
                d = np.linalg.norm(train[i] - queries[q])
                if d < best:
                    best = d
                    out[q] = labels[i]

    check(f, RNG.random((30, 4)), RNG.integers(0, 3, 30), RNG.random((9, 4)), np.zeros(9, int))


def test_entropy_of_histograms():
    def f(counts, out):
        for i in range(len(counts)):
            total = counts[i].sum()
            p = counts[i] / total
            out[i] = -sum(v * math.log(v) for v in p if v > 0)

    check(f, RNG.integers(0, 9, (6, 8)), np.zeros(6))


def test_gini_of_splits():
    def f(x, labels, thresholds, out):
        for k, t in enumerate(thresholds):
            left = labels[x <= t]
            right = labels[x > t]
            gini = 0.0
            if len(left) > 0 and len(right) > 0:
                p = left.mean()
                q = right.mean()
                gini = len(left) * 2 * p * (1 - p) + len(right) * 2 * q * (1 - q)
            out[k] = gini / len(x)

    check(f, RNG.random(40), RNG.integers(0, 2, 40), RNG.random(12), np.zeros(12))


def test_empirical_quantile_positions():
    def f(ordered, values, out):
        for i in range(len(values)):
            out[i] = np.searchsorted(ordered, values[i], side="right") / len(ordered)

    check(f, np.sort(RNG.random(25)), RNG.random(30), np.zeros(30))


def test_missing_values():
    def f(x, out):
        for i in range(len(x)):
            missing = np.isnan(x[i])
            out[i, 0] = np.count_nonzero(missing)
            out[i, 1] = np.nansum(x[i])
            out[i, 2] = np.nanmax(x[i]) - np.nanmin(x[i])
            x[i][missing] = np.nanmean(x[i])

    x = RNG.random((6, 9))
    x[RNG.random((6, 9)) > 0.8] = np.nan
    x[:, 0] = 0.5
    check(f, x, np.zeros((6, 3)))
