"""Quasi-Newton fits against closed forms."""

import numpy as np
import pytest

from refscore.distributions import GaussianMixture
from refscore.estimation import diagonal_precision, fit, fit_denoising, fit_implicit, fit_sliced
from refscore.fields import Affine, Sum
from refscore.networks import MLP
from refscore.objectives import denoising_loss_and_gradient, implicit_loss_and_gradient

RNG = np.random.default_rng(7)
X = RNG.standard_normal((80, 2)) @ [[1.0, 0.3], [0.0, 0.6]] + [0.4, -0.2]
NOISE = RNG.standard_normal((80, 2))
PROBES = RNG.standard_normal((80, 2, 2))


@pytest.mark.parametrize("field", [Affine(np.zeros((2, 2))), diagonal_precision(2)])
def test_closed_forms_are_found_again_with_their_errors(field):
    for name, given, solved in (
        ("implicit", {}, fit_implicit(field, X)),
        ("sliced", {"probes": PROBES}, fit_sliced(field, X, PROBES)),
        ("denoising", {"sigma": 0.5, "noise": NOISE}, fit_denoising(field, X, 0.5, NOISE)),
    ):
        found = fit(name, field, X, errors=True, **given)
        assert found.converged
        np.testing.assert_allclose(found.parameters, solved.parameters, atol=2e-5)
        np.testing.assert_allclose(found.loss, solved.loss, rtol=1e-9)
        np.testing.assert_allclose(found.standard_errors, solved.standard_errors, rtol=1e-3)


def test_draws_are_the_same_at_every_step():
    one, two = (fit("denoising", Affine(np.zeros((2, 2))), X, sigma=0.5, rng=3) for _ in range(2))
    np.testing.assert_array_equal(one.parameters, two.parameters)
    other = fit("denoising", Affine(np.zeros((2, 2))), X, sigma=0.5, rng=4)
    assert np.abs(one.parameters - other.parameters).max() > 1e-3


def test_a_network_comes_near_the_score_of_a_mixture():
    law = GaussianMixture([0.6, 0.4], [[-1.5], [1.0]], [0.3, 0.4])
    x = law.sample(2000, rng=0)
    found = fit("denoising", MLP.initialise((1, 16, 1), rng=1), x, sigma=0.4, rng=2,
                max_iterations=300)  # fmt: skip
    noised = law.diffuse(1, 0.4)
    best = denoising_loss_and_gradient(noised.score, x, 0.4, rng=5)[0]
    reached = denoising_loss_and_gradient(found.field, x, 0.4, rng=5)[0]
    assert reached < best + 0.05


def test_whatever_has_parameters_is_fitted():
    model = Sum(Affine(np.zeros((2, 2))), diagonal_precision(2).with_parameters([0.1, 0.1]))
    found = fit("implicit", model, X)
    assert found.field.parameters.shape == (8,)


def test_a_network_that_falls_without_end_is_told_and_the_best_point_is_kept():
    x, net = np.random.default_rng(3).normal(size=(10, 2)), MLP.initialise((2, 30, 2), rng=0)
    with pytest.raises(ValueError, match="the loss is not bounded below: it fell from"):
        fit("implicit", net, x, max_iterations=300)
    seen = []

    def objective(field, x):
        seen.append(implicit_loss_and_gradient(field, x))
        return seen[-1]

    for rounds in (1, 5, 9, 13):
        seen.clear()
        found = fit(objective, net, x, max_iterations=rounds)
        assert found.loss == min(loss for loss, _ in seen) <= seen[0][0]
        np.testing.assert_array_equal(
            implicit_loss_and_gradient(net.with_parameters(found.parameters), x)[0], found.loss
        )


def test_a_steep_but_bounded_loss_is_no_runaway():
    x = 1e-3 * X
    found, want = fit("implicit", Affine(-np.eye(2)), x), fit_implicit(Affine(-np.eye(2)), x)
    assert want.loss <= found.loss < 0.0


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="needs the noise or probes given"):
        fit("denoising", Affine(np.zeros((2, 2))), X, sigma=0.5, errors=True)
    with pytest.raises(ValueError, match="objective must be one of"):
        fit("likelihood", Affine(np.zeros((2, 2))), X)
    with pytest.raises(TypeError, match="field must offer .parameters"):
        fit("implicit", np.ones, X)
    with pytest.raises(ValueError, match="not finite at the field's own parameters"):
        fit(lambda f, x: (np.nan, np.zeros(6)), Affine(np.zeros((2, 2))), X)


@pytest.mark.parametrize("column", [np.full(50, 0.2), None])
def test_an_unbounded_loss_is_refused(column):
    first = np.random.default_rng(3).standard_normal(50)
    x = np.stack([first, 2 * first if column is None else column], axis=1)
    with pytest.raises(ValueError, match="constant in column 1|span 1 dim"):
        fit("implicit", Affine(-np.eye(2)), x)


def test_narrow_data_make_large_parameters_and_no_runaway():
    x = 1e-4 * np.random.default_rng(0).normal(size=(500, 2))
    found = fit("implicit", Affine(-np.eye(2)), x)
    exact = -np.linalg.inv(np.cov(x.T, bias=True))
    np.testing.assert_allclose(found.parameters[:4].reshape(2, 2), exact, rtol=1e-6)
