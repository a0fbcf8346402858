"""Sliced score matching on given probes, and its exact expectation over all sign probes."""

import itertools

import numpy as np
import pytest

from refscore.distributions import GaussianMixture
from refscore.fields import Affine
from refscore.networks import MLP
from refscore.objectives import (
    implicit_loss,
    implicit_loss_gradient,
    sliced_loss,
    sliced_loss_and_gradient,
    sliced_loss_gradient,
    variance_reduced_sliced_loss,
    variance_reduced_sliced_loss_and_gradient,
    variance_reduced_sliced_loss_gradient,
)
from tests.objectives import plain

WIDTHS = (3, 5, 4, 3)
RNG = np.random.default_rng(0)
NET = MLP.initialise(WIDTHS, rng=1).with_parameters(0.7 * RNG.standard_normal(59))
AFFINE = Affine(RNG.standard_normal((3, 3)), RNG.standard_normal(3))
MIXTURE = GaussianMixture([0.3, 0.7], RNG.standard_normal((2, 3)), [0.6, 1.1])
X, PROBES = RNG.standard_normal((6, 3)), RNG.standard_normal((6, 2, 3))
SIGNS = np.array(list(itertools.product([-1.0, 1.0], repeat=3)))
LOSSES = {
    "sliced": (sliced_loss, plain.sliced),
    "reduced": (variance_reduced_sliced_loss, plain.variance_reduced),
}
GRADIENTS = {
    "sliced": (sliced_loss_gradient, sliced_loss_and_gradient, plain.sliced),
    "reduced": (
        variance_reduced_sliced_loss_gradient,
        variance_reduced_sliced_loss_and_gradient,
        plain.variance_reduced,
    ),
}
FIELDS = {"net": NET, "affine": AFFINE, "mixture": MIXTURE.score, "sum": NET + MIXTURE.score}


@pytest.mark.parametrize(("loss", "formula"), LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_loss_on_given_probes_is_the_formula(loss, formula, field):
    rows = zip(X, PROBES, strict=True)
    want = [formula(field(x), field.jacobian(x), probes) for x, probes in rows]
    np.testing.assert_allclose(loss(field, X, PROBES), want, rtol=1e-13)


@pytest.mark.parametrize("loss", [sliced_loss, variance_reduced_sliced_loss])
@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_mean_over_all_signs_is_the_implicit_loss(loss, field):
    probes = np.broadcast_to(SIGNS, (6, 8, 3))
    np.testing.assert_allclose(loss(field, X, probes), implicit_loss(field, X), rtol=1e-13)


@pytest.mark.parametrize("gradient", [sliced_loss_gradient, variance_reduced_sliced_loss_gradient])
@pytest.mark.parametrize("field", [NET, AFFINE, NET - 2 * AFFINE], ids=["net", "affine", "sum"])
def test_mean_gradient_over_all_signs_is_the_implicit_gradient(gradient, field):
    probes = np.broadcast_to(SIGNS, (6, 8, 3))
    got = gradient(field, X, probes)
    np.testing.assert_allclose(got, implicit_loss_gradient(field, X), atol=1e-13)


def test_probes_with_another_covariance_weigh_the_trace_and_the_square():
    """E vvᵀ = V: tr(V J) + ½ sᵀ V s; the reduced form keeps ½‖s‖²."""
    root = np.array([[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [-1.0, 0.3, 0.7]])
    probes = np.broadcast_to(SIGNS @ root.T, (6, 8, 3))
    V, s, J = root @ root.T, NET(X), NET.jacobian(X)
    trace = np.einsum("ij,nji->n", V, J)
    weighted = 0.5 * np.einsum("ni,ij,nj->n", s, V, s)
    np.testing.assert_allclose(sliced_loss(NET, X, probes), trace + weighted, rtol=1e-12)
    reduced = trace + 0.5 * np.sum(s**2, axis=1)
    np.testing.assert_allclose(variance_reduced_sliced_loss(NET, X, probes), reduced, rtol=1e-12)


@pytest.mark.parametrize(("gradient", "both", "formula"), GRADIENTS.values(), ids=GRADIENTS)
@pytest.mark.parametrize("m", [1, 2])
def test_network_gradient_is_the_complex_step(gradient, both, formula, m):
    probes = PROBES[:, :m]

    def field_at(theta, x):
        return plain.mlp(*plain.unflatten_mlp(theta, WIDTHS), x)

    want = plain.complex_step(plain.mean_over_points(formula, field_at, X, probes), NET.parameters)
    np.testing.assert_allclose(gradient(NET, X, probes), want, atol=1e-13)
    NET.rows_at_once = 4
    loss, got = both(NET, X.reshape(3, 2, 3), probes.reshape(3, 2, m, 3))
    np.testing.assert_allclose(got, want, atol=1e-13)
    mean = np.mean([formula(NET(x), NET.jacobian(x), v) for x, v in zip(X, probes, strict=True)])
    np.testing.assert_allclose(loss, mean, rtol=1e-13)


@pytest.mark.parametrize(("gradient", "both", "formula"), GRADIENTS.values(), ids=GRADIENTS)
def test_affine_gradient_is_the_complex_step(gradient, both, formula):
    def field_at(theta, x):
        return plain.affine(theta[:9].reshape(3, 3), theta[9:], x)

    mean = plain.mean_over_points(formula, field_at, X, PROBES)
    want = plain.complex_step(mean, AFFINE.parameters)
    np.testing.assert_allclose(gradient(AFFINE, X, PROBES), want, atol=1e-13)
    np.testing.assert_allclose(both(AFFINE, X, PROBES)[1], want, atol=1e-13)


@pytest.mark.parametrize("loss", [sliced_loss, variance_reduced_sliced_loss])
def test_drawn_probes_are_reproducible_and_of_the_kind_asked_for(loss):
    first = loss(NET, X, rng=7, n_probes=3, probe="gaussian")
    again = loss(NET, X, rng=7, n_probes=3, probe="gaussian")
    np.testing.assert_array_equal(first, again)
    other = loss(NET, X, rng=8, n_probes=3, probe="gaussian")
    assert not np.allclose(first, other)
    diagonal = Affine(np.diag([1.0, -2.0, 3.0]))
    trace = variance_reduced_sliced_loss(diagonal, X, rng=1) - 0.5 * np.sum(diagonal(X) ** 2, 1)
    np.testing.assert_allclose(trace, 2.0, rtol=1e-13)  # signs see a diagonal exactly
    other = variance_reduced_sliced_loss(diagonal, X, rng=1, probe="gaussian")
    assert not np.allclose(other - 0.5 * np.sum(diagonal(X) ** 2, 1), 2.0)


def test_leading_shapes_equal_the_loop_and_bad_probes_are_refused():
    got = sliced_loss(NET, X.reshape(2, 3, 3), PROBES.reshape(2, 3, 2, 3))
    loop = [sliced_loss(NET, x, v) for x, v in zip(X, PROBES, strict=True)]
    np.testing.assert_allclose(got.ravel(), loop, rtol=1e-13)
    for bad in (PROBES[:, 0], PROBES[:1], PROBES[:, :0], PROBES[..., :2]):
        with pytest.raises(ValueError, match="probes must have shape"):
            sliced_loss(NET, X, bad)
    with pytest.raises(ValueError, match="probe"):
        sliced_loss(NET, X, probe="uniform")
