"""Sequences, graphs, prices and images, in the words of NumPy."""

from __future__ import annotations

import math

import numpy as np

from tests.oracle import FEW_ULP, compiled_wholly

RNG = np.random.default_rng(47)


def check(function, *arguments, regions=1):
    return compiled_wholly(function, *arguments, tolerance=FEW_ULP, regions=regions)


def test_viterbi():
    def f(start, move, emit, seen, score, back, path):
        n = len(seen)
        score[0] = start + emit[:, seen[0]]
        for t in range(1, n):
            for s in range(len(start)):
                ways = score[t - 1] + move[:, s]
                back[t, s] = np.argmax(ways)
                score[t, s] = ways.max() + emit[s, seen[t]]
        path[n - 1] = np.argmax(score[n - 1])
        for t in range(n - 2, -1, -1):
            path[t] = back[t + 1, path[t + 1]]

    seen = RNG.integers(0, 4, 20)
    logs = [np.log(RNG.random(shape)) for shape in (3, (3, 3), (3, 4))]
    check(f, *logs, seen, np.zeros((20, 3)), np.zeros((20, 3), int), np.zeros(20, int), regions=2)


def test_forward_algorithm():
    def f(start, move, emit, seen):
        alpha = start * emit[:, seen[0]]
        total = 0.0
        for t in range(1, len(seen)):
            scale = alpha.sum()
            total += math.log(scale)
            alpha /= scale
            step = alpha @ move
            alpha[:] = step * emit[:, seen[t]]
        return total + math.log(alpha.sum())

    check(f, RNG.random(3), RNG.random((3, 3)), RNG.random((3, 4)), RNG.integers(0, 4, 30))


def test_needleman_wunsch():
    def f(a, b, table, gap):
        for i in range(len(a) + 1):
            table[i, 0] = i * gap
        for j in range(len(b) + 1):
            table[0, j] = j * gap
        for i in range(1, len(a) + 1):
            for j in range(1, len(b) + 1):
                same = 1 if a[i - 1] == b[j - 1] else -1
                options = (table[i - 1, j - 1] + same, table[i - 1, j] + gap, table[i, j - 1] + gap)
                table[i, j] = max(options)
        return table[len(a), len(b)]

    a, b = (RNG.integers(0, 4, n).astype(np.uint8) for n in (18, 22))
    check(f, a, b, np.zeros((19, 23), int), -2)


def test_position_weights():
    def f(sequences, counts, consensus):
        length = sequences.shape[1]
        for j in range(length):
            for base in range(4):
                counts[base, j] = np.sum(sequences[:, j] == base)
            consensus[j] = counts[:, j].argmax()
        return (counts / counts.sum(axis=0)).max()

    check(f, RNG.integers(0, 4, (12, 9)), np.zeros((4, 9)), np.zeros(9, np.int64))


def test_hamming_distances():
    def f(words, out):
        n = len(words)
        for i in range(n):
            for j in range(i):
                out[i, j] = out[j, i] = sum(1 for k in range(words.shape[1])
                                            if words[i, k] != words[j, k])  # fmt: skip
        return min(out[i, j] for i in range(n) for j in range(n) if i != j)

    check(f, RNG.integers(0, 3, (8, 10)).astype(np.int8), np.zeros((8, 8), int))


def test_dijkstra_with_arrays():
    def f(weights, source, distance, done):
        n = len(weights)
        distance[:] = np.inf
        distance[source] = 0.0
        for _ in range(n):
            waiting = np.where(done, np.inf, distance)
            u = np.argmin(waiting)
            if waiting[u] == np.inf:
                break
            done[u] = True
            distance[:] = np.minimum(distance, distance[u] + weights[u])

    weights = np.where(RNG.random((12, 12)) < 0.3, RNG.random((12, 12)), np.inf)
    check(f, weights, 0, np.zeros(12), np.zeros(12, bool))


def test_page_rank():
    def f(links, rank, damping, most):
        n = len(rank)
        out = links.sum(axis=1)
        for turn in range(most):  # noqa: B007 # read after the loop
            new = np.full(n, (1 - damping) / n)
            for i in range(n):
                if out[i] > 0:
                    new += damping * rank[i] * links[i] / out[i]
                else:
                    new += damping * rank[i] / n
            change = np.abs(new - rank).sum()
            rank[:] = new
            if change < 1e-3:
                break
        return turn

    links = (RNG.random((15, 15)) < 0.2).astype(float)
    check(f, links, np.full(15, 1 / 15), 0.85, 50)


def test_triangles_and_degrees():
    def f(adjacency, degrees):
        n = len(adjacency)
        triangles = 0
        for i in range(n):
            degrees[i] = np.count_nonzero(adjacency[i])
            for j in range(i):
                if adjacency[i, j]:
                    triangles += (adjacency[i, :j] & adjacency[j, :j]).sum()
        return triangles

    upper = RNG.random((14, 14)) < 0.4
    check(f, upper | upper.T, np.zeros(14, int))


def test_label_propagation():
    def f(adjacency, labels, most):
        n = len(labels)
        for _ in range(most):
            changed = False
            for i in range(n):
                near = labels[adjacency[i]]
                if len(near) > 0 and near.min() < labels[i]:
                    labels[i] = near.min()
                    changed = True
            if not changed:
                break
        return len(labels) if all(v == 0 for v in labels) else 0

    upper = RNG.random((16, 16)) < 0.15
    check(f, upper | upper.T, np.arange(16), 20)


def test_binomial_option():
    def f(spot, strike, up, down, rate, steps):
        p = (math.exp(rate) - down) / (up - down)
        values = np.zeros(steps + 1)
        for k in range(steps + 1):
            values[k] = max(spot * up**k * down ** (steps - k) - strike, 0.0)
        for n in range(steps, 0, -1):
            values[:n] = math.exp(-rate) * (p * values[1 : n + 1] + (1 - p) * values[:n])
        return values[0]

    check(f, 100.0, 95.0, 1.02, 0.98, 0.001, 30)


def test_drawdowns():
    def f(prices, worst, when):
        for i in range(prices.shape[0]):
            peak = prices[i, 0]
            for j in range(prices.shape[1]):
                peak = max(peak, prices[i, j])
                fall = 1.0 - prices[i, j] / peak
                if fall > worst[i]:
                    worst[i] = fall
                    when[i] = j

    check(f, 100 + np.cumsum(RNG.standard_normal((5, 60)), axis=1), np.zeros(5), np.zeros(5, int))


def test_asian_options_on_given_paths():
    def f(normals, spot, strike, drift, sigma):
        total = 0.0
        for i in range(len(normals)):
            path = spot * np.exp(np.cumsum(drift + sigma * normals[i]))
            total += max(path.mean() - strike, 0.0)
        return total / len(normals)

    check(f, RNG.standard_normal((50, 12)), 100.0, 99.0, 0.0, 0.02)


def test_portfolio():
    def f(returns, weights, out):
        for k in range(len(weights)):
            w = weights[k] / weights[k].sum()
            daily = returns @ w
            out[k, 0] = daily.mean()
            out[k, 1] = daily.std(ddof=1)
            out[k, 2] = np.min(np.cumprod(1 + daily))

    check(f, 0.01 * RNG.standard_normal((40, 4)), RNG.random((9, 4)), np.zeros((9, 3)))


def test_crossing_averages():
    def f(prices, fast, slow, signal):
        for t in range(slow, len(prices)):
            quick = prices[t - fast : t].mean()
            calm = prices[t - slow : t].mean()
            signal[t] = 1 if quick > calm else -1
        return np.count_nonzero(np.diff(signal[slow:]))

    check(f, 50 + np.cumsum(RNG.standard_normal(80)), 5, 20, np.zeros(80, int))


def test_median_filter():
    def f(image, out):
        rows, columns = image.shape
        for i in range(1, rows - 1):
            for j in range(1, columns - 1):
                out[i, j] = np.median(image[i - 1 : i + 2, j - 1 : j + 2])

    check(f, RNG.random((12, 14)), np.zeros((12, 14)))


def test_dilation_and_erosion():
    def f(image, grown, shrunk):
        rows, columns = image.shape
        for i in range(rows):
            for j in range(columns):
                window = image[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2]
                grown[i, j] = window.any()
                shrunk[i, j] = window.all()

    image = RNG.random((11, 13)) > 0.6
    check(f, image, np.zeros_like(image), np.zeros_like(image))


def test_convolution_with_a_kernel():
    def f(image, kernel, out):
        k = kernel.shape[0]
        for i in range(out.shape[0]):
            for j in range(out.shape[1]):
                out[i, j] = np.sum(image[i : i + k, j : j + k] * kernel)

    check(f, RNG.random((12, 13)), RNG.random((3, 3)), np.zeros((10, 11)))


def test_template_by_correlation():
    def f(image, template, out):
        h, w = template.shape
        t = template - template.mean()
        scale = np.sqrt(np.sum(t * t))
        for i in range(out.shape[0]):
            for j in range(out.shape[1]):
                part = image[i : i + h, j : j + w]
                d = part - part.mean()
                out[i, j] = np.sum(d * t) / (np.linalg.norm(d) * scale)
        return out.argmax()

    check(f, RNG.random((10, 11)), RNG.random((3, 4)), np.zeros((8, 8)))


def test_gamma_and_stretch_of_channels():
    def f(image, gamma):
        for c in range(image.shape[2]):
            low = image[:, :, c].min()
            high = image[:, :, c].max()
            image[:, :, c] = np.clip((image[:, :, c] - low) / (high - low), 0, 1) ** gamma

    check(f, RNG.random((6, 7, 3)), 0.5)


def test_otsu_threshold():
    def f(counts):
        total = counts.sum()
        levels = np.arange(len(counts))
        best, threshold = -1.0, 0
        for t in range(1, len(counts)):
            low, high = counts[:t].sum(), counts[t:].sum()
            if low == 0 or high == 0:
                continue
            m0 = (levels[:t] * counts[:t]).sum() / low
            m1 = (levels[t:] * counts[t:]).sum() / high
            between = low / total * (high / total) * (m0 - m1) ** 2
            if between > best:
                best, threshold = between, t
        return threshold, best

    check(f, RNG.integers(0, 50, 32))


def test_run_and_gap_of_a_signal():
    def f(x, level):
        longest = run = 0
        for value in x > level:
            run = run + 1 if value else 0
            longest = max(longest, run)
        first = -1
        for i in range(len(x)):
            if all(v > level for v in x[i : i + 2]) and i + 2 <= len(x):
                first = i
                break
        return longest, first

    check(f, RNG.random(60), 0.4)


def test_edit_distance_by_rows():
    def f(a, b):
        row = np.arange(len(b) + 1)
        for i in range(1, len(a) + 1):
            before = row.copy()
            row[0] = i
            for j in range(1, len(b) + 1):
                cost = 0 if a[i - 1] == b[j - 1] else 1
                row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + cost)
        return row[len(b)]

    check(f, RNG.integers(0, 4, 15), RNG.integers(0, 4, 17))
