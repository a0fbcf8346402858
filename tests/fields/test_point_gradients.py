"""Gradients in the points and in the parameters at once, and a network of x and t."""

import autograd.numpy as anp
import numpy as np
import pytest

from refscore.distributions import GaussianMixture
from refscore.fields import Affine, Family, Function, LinearInParameters, Zero
from refscore.networks import MLP, ConditionalMLP, TimeMLP

RNG = np.random.default_rng(20261121)
X, V, U, A, B, D = RNG.standard_normal((6, 4, 3))
C = RNG.standard_normal(4)
WEIGHTS = {"value": A, "divergence": C, "jvp": (np.stack([V, U]), np.stack([B, D]))}
MATRIX = RNG.standard_normal((3, 3))
T = np.array([-0.4, 0.7, 1.3, 0.7])


def network(*widths, kind=MLP, **options):
    made = kind.initialise((3, *widths, 3), rng=len(widths) + 1, **options)
    return made.with_parameters(made.parameters + 0.1 * RNG.standard_normal(made.parameters.size))


WRITTEN = Function(lambda x, theta: anp.sin(x[:, ::-1] * theta) * x, 3, [0.4, -1.2, 0.7])
TIMED = [network(*widths, kind=TimeMLP) for widths in ((), (5,), (5, 4), (5, 4, 6), (4, 3, 5, 4))]
NOISY = network(5, 4, kind=ConditionalMLP, reading="denoiser", sigma_data=0.7, frequencies=(2.0,))
FIELDS = {
    "affine": Affine(MATRIX, [0.3, -0.2, 0.5]),
    "zero": Zero(3),
    **{f"network of {n} layers": network(*(5, 4, 6, 3)[: n - 1]) for n in range(1, 6)},
    **{f"timed network of {n + 1} layers": f.at(0.7) for n, f in enumerate(TIMED)},
    "denoiser": NOISY.at(0.8),
    "written": WRITTEN,
    "combined": 0.7 * network(5) - WRITTEN + Affine(MATRIX),
    "on a plane": network(5, 4).restrict(RNG.standard_normal((3, 3)), [0.1, 0.2, 0.3]),
}
EVERY = pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)


def close(got, want, tol=1e-12):
    np.testing.assert_allclose(got, want, rtol=0, atol=tol * max(1.0, np.abs(want).max(initial=0)))


def slope(function, at, along, h=2e-3):
    """The derivative of a function along a direction, by central differences of order 4."""

    def central(s):
        return (function(at + s * along) - function(at - s * along)) / (2 * s)

    return (4 * central(h) - central(2 * h)) / 3


def read(field, x, value=None, divergence=None, jvp=None):
    """What the weights make of a field, row by row, from its public methods."""
    total = np.zeros(len(x))
    if value is not None:
        total += np.sum(value * field(x), axis=1)
    if divergence is not None:
        total += divergence * field.divergence(x)
    for v, b in zip(*jvp, strict=True) if jvp else ():
        total += np.sum(b * field.jvp(x, v), axis=1)
    return total


@EVERY
@pytest.mark.parametrize("asked", [*({k: w} for k, w in WEIGHTS.items()), WEIGHTS])
def test_the_gradient_in_the_points_is_the_slope_of_what_is_read(field, asked):
    got = field.linearise(X).point_gradient(**asked)
    for along in (V, np.eye(3)[[0, 2, 1, 0]]):
        close(np.sum(got * along, axis=1), slope(lambda y: read(field, y, **asked), X, along), 1e-7)


@EVERY
def test_both_gradients_at_once(field):
    for asked in ({}, *({k: w} for k, w in WEIGHTS.items()), WEIGHTS):
        points, parameters = field.linearise(X).gradients(**asked)
        close(points, field.linearise(X).point_gradient(**asked))
        close(parameters, field.linearise(X).gradient(**asked))
    near = field.linearise(X[0])
    one = near.point_gradient(value=A[0], divergence=C[0], jvp=(V[0], B[0]))
    weights = {"value": A, "divergence": C, "jvp": (V, B)}
    close(one, field.linearise(X).point_gradient(**weights)[0])
    close(near.vjp(A[0]), field.vjp(X[0], A[0]))
    assert field.linearise(np.empty((0, 3))).point_gradient().shape == (0, 3)


def test_where_there_are_no_second_derivatives_it_says_so():
    score = GaussianMixture([0.4, 0.6], [[1.0, 0.0, 0.3], [-1.0, 0.5, 0.0]], [0.5, 0.8]).score
    line = LinearInParameters(lambda x: x[:, None] ** 3, lambda x: _cubes(x), [0.4], 3)
    for field in (score, line):
        near = field.linearise(X)
        close(near.point_gradient(value=A), field.vjp(X, A))
        with pytest.raises(NotImplementedError, match="no second derivatives"):
            near.point_gradient(value=A, divergence=C)
    with pytest.raises(ValueError, match="value must have shape"):
        near.point_gradient(value=A[:2])
    with pytest.raises(ValueError, match="w must have shape"):
        near.vjp(A[:2])


def _cubes(x):
    return (3 * x[:, :, None] ** 2 * np.eye(3))[:, None]


@pytest.mark.parametrize("family", TIMED, ids=lambda f: len(f.weights))
def test_a_network_of_time_is_the_network_of_both(family):
    def plainly(x, t):
        h = np.append(x, t)
        for weight, bias in zip(family.weights[:-1], family.biases[:-1], strict=True):
            h = np.tanh(weight @ h + bias)
        return family.weights[-1] @ h + family.biases[-1]

    close(family(X, T), np.stack([plainly(x, t) for x, t in zip(X, T, strict=True)]))
    close(family.at(0.7)(X[1]), plainly(X[1], 0.7))
    near = family.at(0.7).linearise(X)
    close(near.jvp(V), slope(lambda x: family(x, 0.7), X, V), 1e-8)
    close(np.sum(near.vjp(A) * V, axis=1), np.sum(A * near.jvp(V), axis=1))
    close(family.at(0.7).jacobian(X) @ V[0], near.jvp(np.broadcast_to(V[0], X.shape)))
    close(near.divergence(), np.einsum("nii->n", family.at(0.7).jacobian(X)))


@pytest.mark.parametrize("family", [*TIMED, TIMED[1] - 2 * TIMED[2], Family.constant(WRITTEN)])
def test_points_of_different_times_in_one_pass(family):
    theta, local = family.parameters, family._local(X, T)
    near = [family.at(t).linearise(x) for x, t in zip(X, T, strict=True)]
    weights = [
        {"value": a, "divergence": c, "jvp": (v, b)} for a, c, v, b in zip(A, C, V, B, strict=True)
    ]
    pairs = [n.gradients(**w) for n, w in zip(near, weights, strict=True)]
    points, parameters = local.gradients(A, C, V[None], B[None])
    close(points, np.stack([p for p, _ in pairs]))
    close(parameters, np.sum([p for _, p in pairs], axis=0))
    close(local.value, family(X, T))
    close(local.divergence(), [n.divergence() for n in near])
    close(local.vjp(A), np.stack([n.vjp(a) for n, a in zip(near, A, strict=True)]))
    for i in RNG.choice(theta.size, 3, replace=False):

        def total(eta):
            moved = family.with_parameters(eta)
            rows = zip(X, T, weights, strict=True)
            return sum(
                read(moved.at(t), x[None], w["value"][None], w["divergence"][None],
                     ([w["jvp"][0][None]], [w["jvp"][1][None]]))[0]
                for x, t, w in rows
            )  # fmt: skip

        close(parameters[i], slope(total, theta, np.eye(theta.size)[i]), 1e-7)


def test_a_family_of_levels_in_one_pass():
    local = NOISY._local(X, T**2)
    near = [NOISY.at(t * t).linearise(x) for x, t in zip(X, T, strict=True)]
    pairs = [
        n.gradients(value=a, divergence=c, jvp=(v, b))
        for n, a, c, v, b in zip(near, A, C, V, B, strict=True)
    ]
    points, parameters = local.gradients(A, C, V[None], B[None])
    close(points, np.stack([p for p, _ in pairs]))
    close(parameters, np.sum([p for _, p in pairs], axis=0))


def test_what_a_timed_network_refuses():
    with pytest.raises(ValueError, match="one input more than the outputs"):
        TimeMLP([np.ones((2, 2))], [np.ones(2)])
    with pytest.raises(ValueError, match="theta must have shape"):
        TIMED[0].with_parameters([1.0])
    with pytest.raises(ValueError, match="x must have shape"):
        TIMED[0](X[:, :2], 0.1)
    with pytest.raises(ValueError, match="widths must be"):
        TimeMLP.initialise((2,))
