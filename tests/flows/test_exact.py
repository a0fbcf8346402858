"""Velocities with known flows: derivatives against differences, flows against a solver."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from refscore.fields import Family
from refscore.flows import Cubic, Forced, Hopf, Linear, Logistic, Rotating, Sine

RNG = np.random.default_rng(20261121)
X, V, A, B = RNG.uniform(0.1, 0.9, (4, 5, 3))
C = RNG.standard_normal(5)
T0, T1 = -0.4, 0.75
MATRIX = np.array([[0.3, -1.2, 0.4], [0.7, -0.5, 0.2], [-0.9, 0.1, 0.6]])
VELOCITIES = [
    Linear(MATRIX, [0.3, -0.2, 0.5]),
    Rotating([[-0.6, 1.9], [0.2, 0.4]], 1.7),
    Cubic([0.7, -0.2, 1.4]),
    Logistic([1.3, -0.8, 0.4]),
    Sine([-1.1, 0.9, 0.3]),
    Hopf(0.8, -1.3),
    Hopf(-0.5, 2.1),
    Hopf(0.0, 0.6),
    Forced([0.4, -1.1, 0.0], [0.9, -0.6, 1.2], [2.3, 1.1, 0.0]),
]
EVERY = pytest.mark.parametrize("velocity", VELOCITIES, ids=lambda f: type(f).__name__)


def close(got, want, tol=1e-12):
    np.testing.assert_allclose(got, want, rtol=0, atol=tol * max(1.0, np.abs(want).max(initial=0)))


def slope(function, at, along, h=2e-3):
    """The derivative of a function along a direction, by central differences of order 4."""

    def central(s):
        return (function(at + s * along) - function(at - s * along)) / (2 * s)

    return (4 * central(h) - central(2 * h)) / 3


def of_size(velocity):
    return [array[..., : velocity.dim] for array in (X, V, A, B)]


@EVERY
def test_derivatives_in_the_points(velocity):
    x, v, a, b = of_size(velocity)
    near, field = velocity.at(T1).linearise(x), velocity.at(T1)
    close(near.value, velocity(x, T1))
    close(near.jvp(v), slope(lambda y: velocity(y, T1), x, v), 1e-9)
    close(np.sum(near.vjp(a) * v, axis=1), np.sum(a * near.jvp(v), axis=1))
    close(field.vjp(x, a), near.vjp(a))
    close(near.divergence(), np.einsum("nii->n", field.jacobian(x)))
    close(field.divergence(x), near.divergence())

    def read(y):
        moved = velocity.at(T1).linearise(y)
        directions = moved.jvp(np.stack([v, b]))
        return (
            np.sum(a * moved.value, axis=1)
            + C * moved.divergence()
            + np.sum(b * directions[0] + a * directions[1], axis=1)
        )

    stacked = np.stack([v, b]), np.stack([b, a])
    total = near.point_gradient(value=a, divergence=C, jvp=stacked)
    close(np.sum(total * v, axis=1), slope(read, x, v), 1e-8)
    alone = [{"value": a}, {"divergence": C}, {"jvp": stacked}]
    close(sum(near.point_gradient(**one) for one in alone), total)


@EVERY
def test_the_gradient_in_the_parameters(velocity):
    x, v, a, b = of_size(velocity)
    t = np.array([-0.3, 0.2, 0.9, 0.2, 1.4])
    theta = velocity.parameters
    for s, one, p, q, r, u in zip(t, x, a, C, v, b, strict=True):

        def total(eta, s=s, one=one, p=p, q=q, r=r, u=u):
            near = velocity.with_parameters(eta).at(s).linearise(one)
            return p @ near.value + q * near.divergence() + u @ near.jvp(r)

        got = velocity.at(s).linearise(one).gradient(value=p, divergence=q, jvp=(r, u))
        close(got, [slope(total, theta, unit) for unit in np.eye(theta.size)], 1e-8)
    each = [
        velocity.at(s).linearise(one).gradient(value=p, divergence=q, jvp=(r, u))
        for s, one, p, q, r, u in zip(t, x, a, C, v, b, strict=True)
    ]
    local = velocity._local(x, t)
    close(local.gradient(a, C, v[None], b[None]), np.sum(each, axis=0))


@EVERY
def test_rows_of_different_times(velocity):
    x, v, a, b = of_size(velocity)
    t = np.array([-0.3, 0.2, 0.9, 0.2, 1.4])
    local, rows = velocity._local(x, t), list(zip(x, t, strict=True))
    near = [velocity.at(s).linearise(one) for one, s in rows]
    close(velocity(x, t), np.stack([n.value for n in near]))
    close(local.value, velocity(x, t))
    close(local.divergence(), [n.divergence() for n in near])
    close(local.jvp(v[None])[0], np.stack([n.jvp(w) for n, w in zip(near, v, strict=True)]))
    close(local.vjp(a), np.stack([n.vjp(w) for n, w in zip(near, a, strict=True)]))
    want = [
        n.point_gradient(value=p, divergence=q, jvp=(r, u))
        for n, p, q, r, u in zip(near, a, C, v, b, strict=True)
    ]
    close(local.point_gradient(a, C, v[None], b[None]), np.stack(want))


@EVERY
def test_the_flow_solves_the_equation(velocity):
    x = of_size(velocity)[0]
    dim = velocity.dim

    def right_hand_side(t, y):
        z = y[: x.size].reshape(x.shape)
        return np.append(velocity(z, t), velocity.at(t).divergence(z))

    start = np.append(x, np.zeros(len(x)))
    for t0, t1 in ((T0, T1), (T1, 0.5)):
        end = solve_ivp(right_hand_side, (t0, t1), start, "DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
        close(velocity.flow(x, t0, t1), end[: x.size].reshape(x.shape), 1e-10)
        close(velocity.log_det(x, t0, t1), end[x.size :], 1e-10)
    z = velocity.flow(x, T0, T1)
    close(velocity.flow(z, T1, T0), x)
    close(velocity.log_det(z, T1, T0), -velocity.log_det(x, T0, T1))
    close(velocity.flow(velocity.flow(x, T0, 0.2), 0.2, T1), z)
    close(velocity.flow(x[0], T0, T1), z[0])
    assert velocity.log_det(np.empty((0, dim)), 0, 1).shape == (0,)
    close(velocity.flow(x, T0, T0), x, 1e-15)


def test_closed_forms_by_hand():
    x0 = np.array([[0.3, -0.8]])
    close(Cubic([0.5, 0.5]).flow(x0, 1.0, 3.0), x0 / np.sqrt(1 + 2 * x0**2))
    tangent = 2 * np.arctan(np.exp(0.7) * np.tan(x0 / 2))
    close(Sine([1.0, 1.0]).flow(x0, 0.0, 0.7), tangent)
    close(Sine([1.0, 1.0]).flow(x0 + 4 * np.pi, 0.0, 0.7), tangent + 4 * np.pi)
    close(Sine([1.0]).flow([[np.pi], [0.0], [-np.pi]], 0.0, 3.0), [[np.pi], [0.0], [-np.pi]])
    close(Hopf(4.0, 0.3).flow([[1e-9, 0.0]], 0.0, 400.0), [[2 * np.cos(120), 2 * np.sin(120)]])
    close(Logistic([900.0]).flow([[0.2], [1e-9]], 0.0, 1.0), [[1.0], [1.0]])
    close(Logistic([900.0]).log_det([[0.2]], 0.0, 1.0), [-900 - 2 * np.log(0.2)])
    growing = Rotating([[-1.0, 4.0], [0.0, -1.0]], -1.0)
    assert np.linalg.eigvals(growing.matrix).max() < 0
    assert np.linalg.norm(growing.flow([[1.0, 1.0]], 0.0, 12.0)) > 1e3


def test_paths_that_are_infinite_by_then_are_refused():
    x = np.array([[0.3], [0.9]])
    with pytest.raises(ValueError, match="from t0 = 0 at row 1 it is infinite before t1 = 1"):
        Cubic([-0.8]).flow(x, 0, 1)
    with pytest.raises(ValueError, match="t1 must be a time"):
        Logistic([1.0]).log_det([2.0], 0, -1)
    with pytest.raises(ValueError, match="at row 0"):
        Hopf(0.5, 1.0).flow([[1.0, 1.0]], 1, 0)
    with pytest.raises(ValueError, match=r"force must have shape \(1\)"):
        Forced([1.0], [1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="at least one coordinate"):
        Sine([])


def test_fixed_points_long_times_and_far_points():
    close(Forced([-1000.0], [1.0], [3.0]).flow([[1.0]], 0, 1), [[-9.895602305341910e-4]])
    close(Forced([-1.0], [1.0], [0.0]).flow([[5.0]], 0, 1e4), [[1.0]])
    close(Forced([-850.0], [0.0], [0.0]).flow([[1e300]], 0, 1) * 1e70, [[7.0744125465834]])
    close(Forced([1000.0], [0.0], [2.0]).flow([[0.0], [1e-300]], 0, 0.9)[0], [0.0])
    assert Forced([-1000.0], [0.0], [0.0]).log_det([[1.0]], 0, 1) == [-1000]
    for velocity in (Logistic([1.0]), Hopf(1.0, 2.0), Forced([1.0], [0.0], [0.0])):
        zero = np.zeros((1, velocity.dim))
        np.testing.assert_array_equal(velocity.flow(zero, 0, 800), zero)
        close(velocity.log_det(zero, 0, 800), [800.0 * velocity.dim])
    close(Logistic([1.0]).flow([[1.0]], 0, -800), [[1.0]])
    close(Logistic([1.0]).flow([[1e-320]], 0, 735), [[0.1385672897583]])
    close(Cubic([0.0]).flow([[1e200]], 0, 2), [[1e200]])
    close(Cubic([1.0]).flow([[1e200], [-1e9]], 0, 1), [[0.5**0.5], [-(0.5**0.5)]])
    close(Cubic([1.0]).log_det([[1e200]], 0, 1), [-1.5 * (np.log(2) + 400 * np.log(10))])
    close(Cubic([1e12]).flow([[1e150]], 0, 1e-12), [[0.5**0.5]])
    limit = (1 - np.exp(-2)) ** -0.5
    far = Hopf(1.0, 2.0).flow([[1e200, 0.0]], 0, 1)
    close(far, [[limit * np.cos(2), limit * np.sin(2)]])
    with pytest.raises(ValueError, match="infinite before t1 = 800"):
        Logistic([1.0]).flow([[-1e-320]], 0, 800)
    with pytest.raises(ValueError, match="the closed form passes 1.8e308 by t1 = 1000"):
        Linear([[1.0]]).flow([[0.0]], 0, 1000)
    close(Linear([[1.0]]).log_det([[0.0]], 0, 1000), [1000.0])


def test_they_add_and_scale_as_families():
    cubic, sine = VELOCITIES[2], VELOCITIES[4]
    both = cubic - 2 * sine
    assert isinstance(both, Family)
    assert both.dim == 3
    close(both.parameters, [*cubic.parameters, *sine.parameters])
    t = np.arange(5.0)
    local = both._local(X, t)
    first, second = cubic._local(X, t), sine._local(X, t)
    points, parameters = local.gradients(A, C, V[None], B[None])
    parts = [near.gradients(A, C, V[None], B[None]) for near in (first, second)]
    close(points, parts[0][0] - 2 * parts[1][0])
    close(parameters, np.append(parts[0][1], -2 * parts[1][1]))
    close(local.vjp(A), first.vjp(A) - 2 * second.vjp(A))
