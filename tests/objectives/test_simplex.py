"""Generalised score matching of compositions: plain formulas, both weights, Dirichlet laws."""

import numpy as np
import pytest

from refscore.fields import Affine, LinearInParameters
from refscore.networks import MLP
from refscore.objectives import simplex_loss, simplex_loss_and_gradient, simplex_loss_gradient
from tests.objectives import plain

WIDTHS = (3, 5, 4, 3)
RNG = np.random.default_rng(4)
NET = MLP.initialise(WIDTHS, rng=1).with_parameters(0.7 * RNG.standard_normal(59))
X = RNG.dirichlet([2.0, 2.0, 1.5, 3.0], 6)[:, 1:]


def weight(kind, x):
    """h at one point of the simplex."""
    shares = [1 - sum(x), *x]
    return np.prod(shares) if kind == "product" else min(shares)


def slope(kind, x):
    """∇h by differences; exact but for rounding where h is a polynomial of low degree."""
    step = 1e-5 * np.eye(3)
    return np.array([(weight(kind, x + e) - weight(kind, x - e)) / 2e-5 for e in step])


@pytest.mark.parametrize("kind", ["product", "min"])
def test_loss_and_gradient_are_the_formula(kind):
    h = np.array([weight(kind, x) for x in X])
    slopes = np.array([slope(kind, x) for x in X])

    def loss(s, jacobian, a, b):
        return a * (0.5 * sum(s * s) + np.trace(jacobian)) + sum(b * s)

    rows = zip(X, h, slopes, strict=True)
    want = [loss(NET(x), NET.jacobian(x), a, b) for x, a, b in rows]
    np.testing.assert_allclose(simplex_loss(NET, X, kind), want, atol=1e-9)

    def field_at(theta, x):
        return plain.mlp(*plain.unflatten_mlp(theta, WIDTHS), x)

    mean = plain.mean_over_points(loss, field_at, X, h, slopes)
    gradient = plain.complex_step(mean, NET.parameters)
    np.testing.assert_allclose(simplex_loss_gradient(NET, X, kind), gradient, atol=1e-8)
    blocks = NET.with_parameters(NET.parameters)
    blocks.rows_at_once = 4
    both = simplex_loss_and_gradient(blocks, X.reshape(2, 3, 3), kind)
    np.testing.assert_allclose(both[0], np.mean(want), atol=1e-9)
    np.testing.assert_allclose(both[1], gradient, atol=1e-8)


def test_weights_vanish_on_every_face_and_the_loss_stays_finite_there():
    field = Affine(np.eye(2), [0.3, -0.2])
    faces = np.array([[0.0, 0.4], [0.4, 0.0], [0.25, 0.75], [0.0, 0.0], [1.0, 0.0]])
    want = []  # only ∇h·s is left: of h = x₀x₁x₂, and 0 at the corners
    for x1, x2 in faces:
        x0 = 1 - x1 - x2
        want.append(np.array([x2 * (x0 - x1), x1 * (x0 - x2)]) @ [x1 + 0.3, x2 - 0.2])
    np.testing.assert_allclose(simplex_loss(field, faces), want, atol=1e-16)


@pytest.mark.parametrize("kind", ["product", "min"])
def test_concentrations_of_a_dirichlet_law_are_found(kind):
    """s = Σ (αᵢ − 1) ψᵢ, linear in α: 40 fits of 5000 draws lie about the truth as they spread."""

    def features(x):
        rest = 1 - x.sum(-1, keepdims=True)
        own = np.einsum("ni,ij->nij", 1 / x, np.eye(2))
        return np.concatenate([own, -np.ones((len(x), 1, 2)) / rest[..., None]], 1)

    def jacobians(x):
        rest = 1 - x.sum(-1)
        out = np.zeros((len(x), 3, 2, 2))
        out[:, 0, 0, 0], out[:, 1, 1, 1] = -1 / x[:, 0] ** 2, -1 / x[:, 1] ** 2
        out[:, 2] = -1 / rest[:, None, None] ** 2
        return out

    def fitted(x):
        g = simplex_loss_gradient(model, x, kind)
        gamma = [simplex_loss_gradient(model.with_parameters(e), x, kind) - g for e in np.eye(3)]
        return 1 - np.linalg.solve(gamma, g)

    model = LinearInParameters(features, jacobians, np.zeros(3), 2)
    x = RNG.dirichlet([4.0, 3.0, 5.0], 200_000)[:, [1, 2]]
    apart = np.array([fitted(part) for part in np.split(x, 40)])
    error = apart.std(0) / np.sqrt(40)
    assert error.max() < 0.02
    assert np.all(np.abs(fitted(x) - [3.0, 5.0, 4.0]) < 6 * error)


@pytest.mark.parametrize(
    ("x", "weight", "message"),
    [
        ([[0.2, 0.3, 0.1], [0.2, -0.1, 0.3]], "product", "at least 0; got -0.1 in row 1, coord.*1"),
        (
            [[0.2, 0.3, 0.1], [0.2, 0.5, 0.4]],
            "product",
            "sum at most 1; got the sum 1.1.* in row 1",
        ),
        (X, "distance", "weight must be one of"),
        (X[:, :2], "product", r"x must have shape \(..., 3\)"),
    ],
)
def test_bad_input_is_refused_by_name(x, weight, message):
    with pytest.raises(ValueError, match=message):
        simplex_loss(NET, x, weight)


def test_no_points_and_sums_of_one_to_rounding():
    assert simplex_loss(NET, np.zeros((0, 3))).shape == (0,)
    assert np.isfinite(simplex_loss(NET, [0.7, 0.1, 0.2])).all()
    with pytest.raises(ValueError, match="at least one point"):
        simplex_loss_gradient(NET, X[:0])
