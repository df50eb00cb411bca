"""Searching, counting, merging, dynamic programming."""

from __future__ import annotations

import math

import numpy as np

from tests.oracle import FEW_ULP, native

RNG = np.random.default_rng(33)


def test_prefix_sums():
    def f(a, out):
        total = 0
        for i in range(len(a)):
            total += a[i]
            out[i] = total
        return total

    native(f, RNG.integers(0, 100, 50), np.zeros(50, np.int64))
    native(f, RNG.random(50), np.zeros(50))


def test_run_lengths():
    def f(a, values, lengths):
        count = 0
        i = 0
        while i < len(a):
            j = i
            while j < len(a) and a[j] == a[i]:
                j += 1
            values[count] = a[i]
            lengths[count] = j - i
            count += 1
            i = j
        return count

    native(f, np.repeat(RNG.integers(0, 3, 20), RNG.integers(1, 5, 20)), np.zeros(80), np.zeros(80))


def test_histogram_of_floats():
    def f(x, low, high, counts):
        width = (high - low) / len(counts)
        for value in x:
            if low <= value < high:
                counts[int((value - low) / width)] += 1

    native(f, RNG.random(300), 0.1, 0.9, np.zeros(16, np.int64))


def test_merge_of_sorted_arrays():
    def f(a, b, out):
        i = j = k = 0
        while i < len(a) and j < len(b):
            if a[i] <= b[j]:
                out[k] = a[i]
                i += 1
            else:
                out[k] = b[j]
                j += 1
            k += 1
        while i < len(a):
            out[k] = a[i]
            i += 1
            k += 1
        while j < len(b):
            out[k] = b[j]
            j += 1
            k += 1
        return k

    native(f, np.sort(RNG.random(30)), np.sort(RNG.random(40)), np.zeros(70))


def test_bisection_of_many_keys():
    def f(table, keys, out):
        for k in range(len(keys)):
            low, high = 0, len(table)
            while low < high:
                middle = (low + high) // 2
                if table[middle] < keys[k]:
                    low = middle + 1
                else:
                    high = middle
            out[k] = low

    native(f, np.sort(RNG.random(50)), RNG.random(80), np.zeros(80, np.int64))


def test_words_in_bytes():
    def f(text):
        words = 0
        inside = False
        letters = np.zeros(26, dtype=np.int64)
        for c in text:
            if 65 <= c <= 90:
                c = c + 32
            if 97 <= c <= 122:
                letters[c - 97] += 1
                if not inside:
                    words += 1
                inside = True
            else:
                inside = False
        return words, letters.max()

    text = b"It was the best of times, it was the worst of times; it was ...  the AGE of wisdom"
    native(f, np.frombuffer(text, np.uint8))


def test_collatz():
    def f(limit, lengths):
        best = 0
        for n in range(1, limit):
            steps = 0
            m = n
            while m != 1:
                if m % 2 == 0:
                    m //= 2
                else:
                    m = 3 * m + 1
                steps += 1
            lengths[n] = steps
            if steps > lengths[best]:
                best = n
        return best

    native(f, 300, np.zeros(300, np.int32))


def test_sieve():
    def f(n):
        flags = np.ones(n + 1, dtype=np.bool_)
        flags[0] = flags[1] = False
        i = 2
        while i * i <= n:
            if flags[i]:
                for j in range(i * i, n + 1, i):
                    flags[j] = False
            i += 1
        count = 0
        for k in range(n + 1):
            if flags[k]:
                count += 1
        return count

    native(f, 500)


def test_pairwise_distances():
    def f(points, out):
        n, d = points.shape
        for i in range(n):
            for j in range(i + 1, n):
                total = 0.0
                for k in range(d):
                    total += (points[i, k] - points[j, k]) ** 2
                out[i, j] = out[j, i] = math.sqrt(total)

    native(f, RNG.random((20, 3)), np.zeros((20, 20)), tolerance=FEW_ULP)


def test_nearest_neighbours():
    def f(points, queries, k, index, distance):
        for q in range(queries.shape[0]):
            for s in range(k):
                distance[q, s] = np.inf
                index[q, s] = -1
            for i in range(points.shape[0]):
                d = 0.0
                for c in range(points.shape[1]):
                    t = points[i, c] - queries[q, c]
                    d += t * t
                if d < distance[q, k - 1]:
                    s = k - 1
                    while s > 0 and distance[q, s - 1] > d:
                        distance[q, s] = distance[q, s - 1]
                        index[q, s] = index[q, s - 1]
                        s -= 1
                    distance[q, s] = d
                    index[q, s] = i

    native(
        f,
        RNG.integers(0, 50, (40, 3)).astype(float),
        RNG.integers(0, 50, (10, 3)).astype(float),
        4,
        np.zeros((10, 4), np.int64),
        np.zeros((10, 4)),
    )


def test_dynamic_time_warping():
    def f(a, b, cost):
        n, m = len(a), len(b)
        cost[:, :] = np.inf
        cost[0, 0] = 0.0
        for i in range(1, n + 1):
            for j in range(1, m + 1):
                d = abs(a[i - 1] - b[j - 1])
                cost[i, j] = d + min(cost[i - 1, j], cost[i, j - 1], cost[i - 1, j - 1])
        return cost[n, m]

    native(f, RNG.random(25), RNG.random(20), np.zeros((26, 21)))


def test_smith_waterman():
    def f(a, b, table, match, mismatch, gap):
        best = 0
        where = (0, 0)
        for i in range(1, len(a) + 1):
            for j in range(1, len(b) + 1):
                score = match if a[i - 1] == b[j - 1] else mismatch
                value = max(
                    0, table[i - 1, j - 1] + score, table[i - 1, j] + gap, table[i, j - 1] + gap
                )
                table[i, j] = value
                if value > best:
                    best = value
                    where = (i, j)
        return best, where

    a, b = (RNG.integers(0, 4, 30).astype(np.uint8) for _ in range(2))
    native(f, a, b, np.zeros((31, 31), np.int64), 2, -1, -2)


def test_kmeans_step():
    def f(points, centres, labels):
        k, d = centres.shape
        sums = np.zeros((k, d))
        counts = np.zeros(k, dtype=np.int64)
        for i in range(points.shape[0]):
            best, closest = -1, 1e300
            for c in range(k):
                distance = 0.0
                for j in range(d):
                    distance += (points[i, j] - centres[c, j]) ** 2
                if distance < closest:
                    best, closest = c, distance
            labels[i] = best
            counts[best] += 1
            for j in range(d):
                sums[best, j] += points[i, j]
        for c in range(k):
            if counts[c] > 0:
                for j in range(d):
                    centres[c, j] = sums[c, j] / counts[c]

    native(
        f,
        RNG.integers(0, 30, (60, 2)).astype(float),
        RNG.integers(0, 30, (4, 2)).astype(float),
        np.zeros(60, np.int64),
    )


def test_insertion_sort():
    def f(a):
        swaps = 0
        for i in range(1, len(a)):
            x = a[i]
            j = i - 1
            while j >= 0 and a[j] > x:
                a[j + 1] = a[j]
                j -= 1
                swaps += 1
            a[j + 1] = x
        return swaps

    native(f, RNG.random(40))
    native(f, RNG.integers(0, 9, 40).astype(np.int16))


def test_knapsack():
    def f(weights, values, capacity):
        best = np.zeros(capacity + 1, dtype=np.int64)
        for i in range(len(weights)):
            for w in range(capacity, weights[i] - 1, -1):
                best[w] = max(best[w], best[w - weights[i]] + values[i])
        return best[capacity]

    native(f, RNG.integers(1, 10, 12), RNG.integers(1, 30, 12), 40)


def test_greatest_common_divisors():
    def f(a, b, out):
        for i in range(len(a)):
            x, y = a[i], b[i]
            while y:
                x, y = y, x % y
            out[i] = x

    native(f, RNG.integers(1, 999, 30), RNG.integers(1, 999, 30), np.zeros(30, np.int64))


def test_union_find():
    def f(parent, left, right):
        groups = len(parent)
        for k in range(len(left)):
            a = left[k]
            while parent[a] != a:
                parent[a] = parent[parent[a]]
                a = parent[a]
            b = right[k]
            while parent[b] != b:
                b = parent[b]
            if a != b:
                parent[a] = b
                groups -= 1
        return groups

    native(f, np.arange(30), RNG.integers(0, 30, 25), RNG.integers(0, 30, 25))
