"""Mechanics and geometry with small vectors and matrices."""

from __future__ import annotations

import math

import numpy as np

from tests.oracle import FEW_ULP, compiled_wholly

RNG = np.random.default_rng(43)


def check(function, *arguments, regions=1):
    return compiled_wholly(function, *arguments, tolerance=FEW_ULP, regions=regions)


def test_gravity_with_vectors():
    def f(position, velocity, mass, step, steps):
        n = len(mass)
        for _ in range(steps):
            for i in range(n):
                force = np.zeros(3)
                for j in range(n):
                    if i != j:
                        d = position[j] - position[i]
                        force += mass[j] * d / (np.dot(d, d) + 0.01) ** 1.5
                velocity[i] += step * force
            for i in range(n):
                position[i] += step * velocity[i]

    check(f, RNG.random((6, 3)), np.zeros((6, 3)), RNG.random(6), 0.01, 4)


def test_charged_particle_in_fields():
    def f(position, velocity, electric, magnetic, step, steps):
        for k in range(1, steps):
            v = velocity[k - 1]
            a = electric + np.cross(v, magnetic)
            velocity[k] = v + a * step
            position[k] = position[k - 1] + velocity[k] * step

    check(
        f,
        np.zeros((30, 3)),
        np.ones((30, 3)),
        np.array([0.1, 0, 0]),
        np.array([0, 0, 1.0]),
        0.1,
        30,
    )


def test_normals_of_triangles():
    def f(vertices, faces, normals, areas):
        for k in range(len(faces)):
            a = vertices[faces[k, 0]]
            b = vertices[faces[k, 1]]
            c = vertices[faces[k, 2]]
            n = np.cross(b - a, c - a)
            length = np.linalg.norm(n)
            areas[k] = 0.5 * length
            normals[k] = n / length

    check(f, RNG.random((12, 3)), RNG.permutation(12).reshape(4, 3), np.zeros((4, 3)), np.zeros(4))


def test_rotations():
    def f(points, angles, out):
        for i in range(len(points)):
            c, s = math.cos(angles[i]), math.sin(angles[i])
            r = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
            out[i] = r @ points[i]

    check(f, RNG.random((15, 3)), RNG.random(15), np.zeros((15, 3)))


def test_chain_of_transforms():
    def f(joints, out):
        total = np.eye(3)
        for i in range(len(joints)):
            c, s = np.cos(joints[i]), np.sin(joints[i])
            step = np.array([[c, -s, 1.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
            new = total @ step
            total[:] = new
            out[i] = total[:2, 2]

    check(f, RNG.random(9), np.zeros((9, 2)))


def test_kalman_filter():
    def f(measured, transition, noise, out):
        x = np.zeros(2)
        p = np.eye(2)
        for k in range(len(measured)):
            x[:] = transition @ x
            p[:, :] = transition @ p @ transition.T + noise
            s = p[0, 0] + 0.5
            gain = p[:, 0] / s
            residual = measured[k] - x[0]
            x += gain * residual
            p -= np.outer(gain, p[0])
            out[k] = x

    transition = np.array([[1.0, 0.1], [0.0, 1.0]])
    check(f, RNG.random(25), transition, 0.01 * np.eye(2), np.zeros((25, 2)))


def test_runge_kutta_of_a_system():
    def f(matrix, y, step, steps, out):
        for k in range(steps):
            k1 = matrix @ y
            k2 = matrix @ (y + 0.5 * step * k1)
            k3 = matrix @ (y + 0.5 * step * k2)
            k4 = matrix @ (y + step * k3)
            y += step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            out[k] = np.linalg.norm(y)

    check(f, RNG.standard_normal((4, 4)), RNG.random(4), 0.01, 20, np.zeros(20))


def test_gram_schmidt():
    def f(a, q):
        n = a.shape[1]
        for j in range(n):
            v = a[:, j].copy()
            for k in range(j):
                v -= np.dot(q[:, k], a[:, j]) * q[:, k]
            q[:, j] = v / np.linalg.norm(v)

    check(f, RNG.standard_normal((8, 5)), np.zeros((8, 5)))


def test_conjugate_gradients():
    def f(a, b, x, most):
        r = b - a @ x
        p = r.copy()
        old = r @ r
        turns = 0
        for _ in range(most):
            ap = a @ p
            alpha = old / (p @ ap)
            x += alpha * p
            r -= alpha * ap
            new = r @ r
            if math.sqrt(new) < 1e-30:
                break
            p *= new / old
            p += r
            old = new
            turns += 1
        return turns

    a = RNG.standard_normal((6, 6))
    check(f, a @ a.T + 6 * np.eye(6), RNG.random(6), np.zeros(6), 3)


def test_jacobi_sweeps_until_still():
    def f(a, b, x, most):
        n = len(b)
        new = np.zeros(n)
        for turn in range(most):  # noqa: B007 # read after the loop
            for i in range(n):
                new[i] = (b[i] - a[i] @ x + a[i, i] * x[i]) / a[i, i]
            change = np.max(np.abs(new - x))
            x[:] = new
            if change < 1e-3:
                break
        return turn

    check(f, RNG.random((9, 9)) + 20 * np.eye(9), RNG.random(9), np.zeros(9), 40)


def test_polygon():
    def f(polygons, areas, lengths):
        for k in range(len(polygons)):
            x = polygons[k, :, 0]
            y = polygons[k, :, 1]
            areas[k] = 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))
            steps = np.diff(polygons[k], axis=0)
            lengths[k] = np.sqrt((steps**2).sum(axis=1)).sum()

    check(f, RNG.random((5, 7, 2)), np.zeros(5), np.zeros(5))


def test_lennard_jones_with_periodic_box():
    def f(position, box, forces):
        energy = 0.0
        for i in range(len(position)):
            for j in range(i + 1, len(position)):
                d = position[i] - position[j]
                d -= box * np.round(d / box)
                r2 = np.sum(d**2)
                s = 1.0 / r2**3
                energy += 4.0 * s * (s - 1.0)
                push = 24.0 * s * (2.0 * s - 1.0) / r2 * d
                forces[i] += push
                forces[j] -= push
        return energy

    grid = np.stack(np.meshgrid(*[np.arange(3.0)] * 3), -1).reshape(-1, 3) * 1.1
    check(f, grid + 0.1 * RNG.random((27, 3)), 3.3, np.zeros((27, 3)))


def test_ray_and_spheres():
    def f(origins, directions, centres, radii, hit):
        for k in range(len(origins)):
            d = directions[k] / np.linalg.norm(directions[k])
            nearest = np.inf
            for s in range(len(centres)):
                oc = origins[k] - centres[s]
                b = np.dot(oc, d)
                c = np.dot(oc, oc) - radii[s] ** 2
                disc = b * b - c
                if disc > 0:
                    t = -b - np.sqrt(disc)
                    if 0 < t < nearest:
                        nearest = t
                        hit[k] = s

    check(
        f,
        RNG.random((20, 3)) - 3,
        RNG.random((20, 3)) + 0.5,
        RNG.random((5, 3)),
        RNG.random(5),
        np.full(20, -1),
    )


def test_inertia_tensor():
    def f(position, mass, out):
        centre = (mass[:, None] * position).sum(axis=0) / mass.sum()
        for i in range(len(mass)):
            r = position[i] - centre
            out += mass[i] * (np.dot(r, r) * np.eye(3) - np.outer(r, r))
        return np.trace(out)

    check(f, RNG.random((10, 3)), RNG.random(10), np.zeros((3, 3)))
