"""Time stepping, cellular automata, random numbers."""

from __future__ import annotations

import math

import numpy as np

from tests.oracle import FEW_ULP, native

RNG = np.random.default_rng(32)


def test_game_of_life_wraps_around():
    def f(cells, steps):
        n, m = cells.shape
        new = np.zeros_like(cells)
        for _ in range(steps):
            for i in range(n):
                for j in range(m):
                    neighbours = 0
                    for di in (-1, 0, 1):
                        for dj in (-1, 0, 1):
                            if di != 0 or dj != 0:
                                neighbours += cells[(i + di) % n, (j + dj) % m]
                    if (
                        cells[i, j] == 1
                        and (neighbours == 2 or neighbours == 3)
                        or cells[i, j] == 0
                        and neighbours == 3
                    ):
                        new[i, j] = 1
                    else:
                        new[i, j] = 0
            cells[:, :] = new
        return int(cells.sum())

    native(f, RNG.integers(0, 2, (16, 20)), 5)
    native(f, RNG.integers(0, 2, (16, 20)).astype(np.uint8), 5)


def lorenz(x, y, z):
    return 10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z


def test_runge_kutta_of_an_ensemble():
    def f(state, dt, steps):
        for k in range(state.shape[0]):
            x, y, z = state[k, 0], state[k, 1], state[k, 2]
            for _ in range(steps):
                a1, b1, c1 = lorenz(x, y, z)
                a2, b2, c2 = lorenz(x + 0.5 * dt * a1, y + 0.5 * dt * b1, z + 0.5 * dt * c1)
                a3, b3, c3 = lorenz(x + 0.5 * dt * a2, y + 0.5 * dt * b2, z + 0.5 * dt * c2)
                a4, b4, c4 = lorenz(x + dt * a3, y + dt * b3, z + dt * c3)
                x += dt / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4)
                y += dt / 6.0 * (b1 + 2.0 * b2 + 2.0 * b3 + b4)
                z += dt / 6.0 * (c1 + 2.0 * c2 + 2.0 * c3 + c4)
            state[k, 0], state[k, 1], state[k, 2] = x, y, z

    native(f, RNG.random((10, 3)), 0.01, 50)


def test_monte_carlo_with_python_ints():
    def f(seed, count):
        inside = 0
        state = seed
        for _ in range(count):
            state = (state * 1103515245 + 12345) % 2147483648
            x = state / 2147483648
            state = (state * 1103515245 + 12345) % 2147483648
            y = state / 2147483648
            if x * x + y * y <= 1.0:
                inside += 1
        return 4.0 * inside / count

    native(f, 42, 3000)


def test_generator_in_64_bits():
    def f(out, seed):
        state = np.uint64(seed)
        for i in range(out.shape[0]):
            state ^= state >> np.uint64(12)
            state ^= (state << np.uint64(25)) & np.uint64(0xFFFFFFFFFFFFFFFF)
            state ^= state >> np.uint64(27)
            out[i] = state >> np.uint64(11)

    native(f, np.zeros(100, np.uint64), 12345)


def test_heat_with_closed_ends():
    def f(u, alpha, steps):
        n = u.shape[0]
        new = u.copy()
        for _ in range(steps):
            for i in range(n):
                left = u[i - 1] if i > 0 else u[1]
                right = u[i + 1] if i < n - 1 else u[n - 2]
                new[i] = u[i] + alpha * (left - 2.0 * u[i] + right)
            u[:] = new

    native(f, RNG.random(60), 0.2, 30)


def test_upwind_advection():
    def f(u, speed, dt, dx, steps):
        n = len(u)
        flux = np.zeros(n + 1)
        for _ in range(steps):
            for i in range(n + 1):
                if speed >= 0:
                    flux[i] = speed * u[i - 1]
                else:
                    flux[i] = speed * u[i % n]
            for i in range(n):
                u[i] -= dt / dx * (flux[i + 1] - flux[i])

    native(f, RNG.random(50), 1.0, 0.01, 0.05, 20)
    native(f, RNG.random(50), -1.0, 0.01, 0.05, 20)


def test_lattice_boltzmann():
    def f(pops, new, weights, cx, cy, omega, steps):
        n, m = pops.shape[1], pops.shape[2]
        for _ in range(steps):
            for i in range(n):
                for j in range(m):
                    rho = 0.0
                    ux = 0.0
                    uy = 0.0
                    for q in range(9):
                        rho += pops[q, i, j]
                        ux += pops[q, i, j] * cx[q]
                        uy += pops[q, i, j] * cy[q]
                    ux /= rho
                    uy /= rho
                    square = 1.5 * (ux * ux + uy * uy)
                    for q in range(9):
                        cu = 3.0 * (cx[q] * ux + cy[q] * uy)
                        equal = rho * weights[q] * (1.0 + cu + 0.5 * cu * cu - square)
                        ii = (i + cx[q]) % n
                        jj = (j + cy[q]) % m
                        new[q, ii, jj] = pops[q, i, j] + omega * (equal - pops[q, i, j])
            pops, new = new, pops
        return pops[0, 0, 0]

    weights = np.array([4 / 9] + [1 / 9] * 4 + [1 / 36] * 4)
    cx = np.array([0, 1, 0, -1, 0, 1, -1, -1, 1])
    cy = np.array([0, 0, 1, 0, -1, 1, 1, -1, -1])
    pops = RNG.random((9, 12, 10)) + 0.5
    native(f, pops, np.zeros_like(pops), weights, cx, cy, 1.2, 4, tolerance=FEW_ULP)


def test_pendulum_until_it_swings_back():
    def f(angle, dt):
        speed = 0.0
        t = 0.0
        turns = 0
        while angle > 0.0 and turns < 100_000:
            speed -= 9.81 * math.sin(angle) * dt
            angle += speed * dt
            t += dt
            turns += 1
        return t, turns

    native(f, 0.3, 1e-3)


def test_predator_and_prey():
    def f(prey, predators, steps):
        out = np.zeros((steps, 2))
        for t in range(steps):
            dx = 1.1 * prey - 0.4 * prey * predators
            dy = 0.1 * prey * predators - 0.4 * predators
            prey, predators = prey + 0.01 * dx, predators + 0.01 * dy
            out[t, 0] = prey
            out[t, 1] = predators
        return out

    native(f, 10.0, 5.0, 200)


def test_ising_with_given_randomness():
    def f(spins, uniform, beta):
        n, m = spins.shape
        accepted = 0
        for i in range(n):
            for j in range(m):
                around = (
                    spins[(i + 1) % n, j]
                    + spins[i - 1, j]
                    + spins[i, (j + 1) % m]
                    + spins[i, j - 1]
                )
                cost = 2 * spins[i, j] * around
                if cost <= 0 or uniform[i, j] < math.exp(-beta * cost):
                    spins[i, j] *= -1
                    accepted += 1
        return accepted

    native(f, RNG.choice([-1, 1], (14, 11)), RNG.random((14, 11)), 0.4)
