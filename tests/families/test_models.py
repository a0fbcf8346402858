"""Chains of regressions and probabilistic principal components: fits, draws and laws."""

import numpy as np
import pytest

from refscore.distributions import Gaussian
from refscore.families import AutoregressiveGaussian, ProbabilisticPCA

RNG = np.random.default_rng(21)
A = RNG.standard_normal((4, 4))
MEAN, COVARIANCE = np.array([0.4, -1.0, 2.0, 0.0]), A @ A.T + 0.3 * np.eye(4)
X = RNG.multivariate_normal(MEAN, COVARIANCE, 30)


def test_a_chain_has_the_moments_it_was_made_of():
    mean, covariance = AutoregressiveGaussian.from_gaussian(MEAN, COVARIANCE).moments()
    np.testing.assert_allclose(mean, MEAN, atol=1e-13)
    np.testing.assert_allclose(covariance, COVARIANCE, atol=1e-13)


def test_a_fitted_chain_is_the_gaussian_of_greatest_likelihood():
    fitted = AutoregressiveGaussian.fit(X)
    mean, covariance = fitted.moments()
    np.testing.assert_allclose(mean, X.mean(0), atol=1e-12)
    np.testing.assert_allclose(covariance, np.cov(X.T, bias=True), atol=1e-12)
    law = Gaussian(X.mean(0), np.cov(X.T, bias=True))
    np.testing.assert_allclose(fitted.log_density(X), law.log_density(X), atol=1e-11)


def test_draws_follow_the_law_and_the_seed():
    """20000 draws: mean within 5 standard errors; the same seed gives the same draws."""
    model = AutoregressiveGaussian.from_gaussian(MEAN, COVARIANCE)
    drawn = model.sample(20_000, rng=1)
    assert (np.abs(drawn.mean(0) - MEAN) < 5 * np.sqrt(np.diag(COVARIANCE) / 20_000)).all()
    np.testing.assert_array_equal(model.sample(3, rng=2), model.sample(3, rng=2))


def test_a_chain_that_looks_ahead_is_refused():
    with pytest.raises(ValueError, match="x_j sees x_<j only"):
        AutoregressiveGaussian(np.eye(2), np.zeros(2), np.ones(2))
    with pytest.raises(ValueError, match="deviations must be positive"):
        AutoregressiveGaussian(np.zeros((2, 2)), np.zeros(2), [1.0, 0.0])
    with pytest.raises(ValueError, match="collinear"):
        AutoregressiveGaussian.fit(np.column_stack([X[:, 0], 2 * X[:, 0], X[:, 1]]))


def test_the_latent_bound_misses_the_divergence_from_the_posterior():
    model = ProbabilisticPCA(RNG.standard_normal((4, 2)), MEAN, 0.7)
    q, S = RNG.standard_normal((30, 2)), np.array([[0.8, 0.3], [0.3, 0.5]])
    gap = model.elbo_gap(X, q, S)
    assert (gap > 0).all()
    np.testing.assert_allclose(model.elbo(X, q, S) + gap, model.log_density(X), rtol=1e-12)
    best = model.posterior(X)
    np.testing.assert_allclose(model.elbo_gap(X, *best), 0, atol=1e-12)


def test_latent_density_is_that_of_its_moments():
    model = ProbabilisticPCA(RNG.standard_normal((4, 2)), MEAN, 0.7)
    law = Gaussian(*model.moments())
    np.testing.assert_allclose(model.log_density(X), law.log_density(X), rtol=1e-12)
    drawn = model.sample(20_000, rng=1)
    error = np.sqrt(np.diag(law.covariance) / 20_000)
    assert (np.abs(drawn.mean(0) - MEAN) < 5 * error).all()


def test_no_neighbour_of_the_fit_has_a_greater_likelihood():
    fitted = ProbabilisticPCA.fit(X, 2)
    best = fitted.log_density(X).mean()
    for _ in range(20):
        step = 0.02 * RNG.standard_normal(fitted.loadings.shape)
        sigma = fitted.sigma * np.exp(0.02 * RNG.standard_normal())
        other = ProbabilisticPCA(fitted.loadings + step, fitted.offset, sigma)
        assert other.log_density(X).mean() < best


def test_points_that_leave_no_noise_are_refused():
    with pytest.raises(ValueError, match="n_latent directions"):
        ProbabilisticPCA.fit(X[:, :1] @ np.ones((1, 3)), 1)
    with pytest.raises(ValueError, match="n_latent be below d"):
        ProbabilisticPCA.fit(X, 4)
