"""Chains of regressions and probabilistic principal components: fits, draws and laws."""

import itertools

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


def models():
    chain = AutoregressiveGaussian.from_gaussian(MEAN, COVARIANCE)
    return [chain, ProbabilisticPCA(np.random.default_rng(5).standard_normal((4, 2)), MEAN, 0.7)]


@pytest.mark.parametrize("model", models())
def test_draws_follow_the_law_and_the_seed(model):
    """20000 draws: mean and covariance within 5 standard errors; one seed gives the same draws."""
    mean, covariance = model.moments()
    drawn = model.sample(20_000, rng=1)
    variance, found = np.diag(covariance), np.cov(drawn.T)
    assert (np.abs(drawn.mean(0) - mean) < 5 * np.sqrt(variance / 20_000)).all()
    error = np.sqrt((np.outer(variance, variance) + covariance**2) / 20_000)
    assert (np.abs(found - covariance) < 5 * error).all()
    np.testing.assert_array_equal(model.sample(3, rng=2), model.sample(3, rng=2))
    assert model.sample(0, rng=2).shape == (0, 4)


@pytest.mark.parametrize("model", models())
def test_leading_shapes_are_kept(model):
    np.testing.assert_array_equal(
        model.log_density(X.reshape(5, 6, 4)), model.log_density(X).reshape(5, 6)
    )
    np.testing.assert_allclose(model.log_density(X[0]), model.log_density(X)[0], rtol=1e-13)
    if isinstance(model, ProbabilisticPCA):
        q, S = X[:, :2], np.array([[0.8, 0.3], [0.3, 0.5]])
        for bound in (model.elbo, model.elbo_gap):
            folded = bound(X.reshape(5, 6, 4), q.reshape(5, 6, 2), S)
            np.testing.assert_allclose(folded, bound(X, q, S).reshape(5, 6), rtol=1e-13)
        folded = model.posterior(X.reshape(5, 6, 4)).mean
        np.testing.assert_array_equal(folded, model.posterior(X).mean.reshape(5, 6, 2))


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


@pytest.mark.parametrize("sigma", [1.0, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10])
@pytest.mark.parametrize("loadings", [RNG.standard_normal((3, 5)), np.diag([1.0, 1e-6]), A[:, :2]])
def test_the_bound_at_the_posterior_is_the_evidence_by_its_root(loadings, sigma):
    """Its covariance has eigenvalues from 1 to σ², and loses them from σ² = eps on."""
    model = ProbabilisticPCA(loadings, np.zeros(len(loadings)), sigma)
    x = model.sample(20, rng=1)
    evidence, own = model.log_density(x), model.posterior(x)
    lost = (1e-14 / sigma) ** 2  # 8 eps |W|: what W R has of it
    np.testing.assert_allclose(model.elbo(x, *own), evidence, rtol=1e-12, atol=1e-12 + lost)
    gap = model.elbo_gap(x, *own)
    assert (gap >= 0).all()
    np.testing.assert_allclose(gap, 0, atol=1e-24 + lost)


def test_a_root_stands_for_its_covariance():
    """Any root; one without an inverse has no density; another covariance's is refused."""
    model = ProbabilisticPCA(A[:, :2], MEAN, 0.7)
    q, root = RNG.standard_normal((30, 2)), np.array([[0.8, 0.3], [-0.9, 0.5]])
    for bound in (model.elbo, model.elbo_gap):
        by_root = bound(X, q, root @ root.T, root)
        np.testing.assert_allclose(by_root, bound(X, q, root @ root.T), rtol=1e-12)
    for small in (0.5, 1e-5, 1e-12, 1e-150):
        narrow = q, root * small @ (root * small).T, root * small
        both = model.elbo(X, *narrow) + model.elbo_gap(X, *narrow)
        np.testing.assert_allclose(both, model.log_density(X), atol=1e-11)
    assert (model.elbo(X, q, np.zeros((2, 2)), np.zeros((2, 2))) == -np.inf).all()
    assert (model.elbo_gap(X, q, np.zeros((2, 2)), np.zeros((2, 2))) == np.inf).all()
    with pytest.raises(ValueError, match="root must have root @ root.T = covariance, got 0"):
        model.elbo(X, q, root @ root.T, root.T)


def test_latent_density_is_that_of_its_moments():
    model = ProbabilisticPCA(RNG.standard_normal((4, 2)), MEAN, 0.7)
    law = Gaussian(*model.moments())
    np.testing.assert_allclose(model.log_density(X), law.log_density(X), rtol=1e-12)
    one = ProbabilisticPCA([[1.5]], [0.2], 0.5)
    law = Gaussian([0.2], 2.5)
    np.testing.assert_allclose(one.log_density(X[:, :1]), law.log_density(X[:, :1]), rtol=1e-13)


def test_no_neighbour_of_the_fit_has_a_greater_likelihood():
    fitted = ProbabilisticPCA.fit(X, 2)
    best = fitted.log_density(X).mean()
    for _ in range(20):
        step = 0.02 * RNG.standard_normal(fitted.loadings.shape)
        sigma = fitted.sigma * np.exp(0.02 * RNG.standard_normal())
        other = ProbabilisticPCA(fitted.loadings + step, fitted.offset, sigma)
        assert other.log_density(X).mean() < best


def test_the_first_row_of_fitted_loadings_is_not_negative():
    for signs in itertools.product([1.0, -1.0], repeat=3):
        fitted = ProbabilisticPCA.fit(X * [*signs, 1.0], 2)
        assert (fitted.loadings[0] >= 0).all()


@pytest.mark.parametrize(("shift", "scale"), [(3e6, 1.0), (0.0, 1e-14), (5.0, 1e14), (0, 1e-140)])
def test_fits_move_with_the_data(shift, scale):
    near, far = AutoregressiveGaussian.fit(X), AutoregressiveGaussian.fit((X + shift) * scale)
    np.testing.assert_allclose(far.coefficients, near.coefficients, atol=1e-7)
    np.testing.assert_allclose(far.deviations / scale, near.deviations, rtol=1e-7)
    near, far = ProbabilisticPCA.fit(X, 2), ProbabilisticPCA.fit((X + shift) * scale, 2)
    np.testing.assert_allclose(far.sigma / scale, near.sigma, rtol=1e-7)
    products = [fitted.loadings @ fitted.loadings.T for fitted in (near, far)]
    np.testing.assert_allclose(products[1] / scale**2, products[0], atol=1e-6)
    np.testing.assert_allclose(far.offset / scale, near.offset + shift, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-14, 1.0, 3e6])
def test_columns_that_others_give_are_refused(scale):
    """A copy, a combination of all before, the last column and a middle one; then constants."""
    x = scale * X[:, :2] + 0.3
    for column in (x[:, 0], 0.7 * x[:, 0] - 1e3 * x[:, 1] + 0.1):
        with pytest.raises(ValueError, match="before it as column 2"):
            AutoregressiveGaussian.fit(np.column_stack([x, column]))
    for column in (np.zeros(30), np.full(30, 0.1 * scale)):
        with pytest.raises(ValueError, match="a constant as column 2"):
            AutoregressiveGaussian.fit(np.column_stack([x, column]))
    near = scale * np.column_stack([X[:, 0], X[:, 0] + 1e-9 * X[:, 2]])  # far above rounding
    assert 0 < AutoregressiveGaussian.fit(near).deviations[1] < 1e-8 * scale
    near = scale * np.column_stack([X[:, 0], X[:, 0] + 1e-5 * X[:, 2]])
    assert 0 < ProbabilisticPCA.fit(near, 1).sigma < 1e-4 * scale


def test_columns_of_units_far_apart():
    """Slopes of 1e-400 are 0; those that have to be 0 are, whatever they are multiplied by."""
    fitted = AutoregressiveGaussian.fit(X[:, :2] * [1e200, 1e-200])
    np.testing.assert_array_equal(fitted.coefficients, 0)
    near = AutoregressiveGaussian.fit(X[:, :2])
    np.testing.assert_allclose(fitted.deviations, near.deviations * [1e200, 1e-200], rtol=1e-12)


@pytest.mark.parametrize("sigma", [1e-3, 1e-5, 1e-7])
def test_the_latent_bound_at_the_posterior_is_the_evidence_for_little_noise(sigma):
    """Three columns, two latents: log p(x) once lost (|x|/σ)² eps, a quarter for σ = 1e-7."""
    model = ProbabilisticPCA([[1.0, 0.3], [0.5, -2.0], [0.7, 0.1]], np.zeros(3), sigma)
    x = model.sample(200, rng=3)
    evidence = model.log_density(x)
    np.testing.assert_allclose(model.elbo(x, *model.posterior(x)), evidence, atol=1e-10)
    normal = np.linalg.svd(model.loadings)[0][:, 2]  # where alone there is nothing but noise
    rest = -0.5 * (x @ normal / sigma) ** 2 - np.log(sigma) - 0.5 * np.log(2 * np.pi)
    within = np.linalg.svd(model.loadings)[0][:, :2]
    law = Gaussian(np.zeros(2), within.T @ model.moments()[1] @ within)
    # a coordinate of x is known to eps |x|, a deviation of noise to eps |x|/σ
    np.testing.assert_allclose(
        evidence, law.log_density(x @ within) + rest, atol=1e-15 / sigma + 1e-9
    )


@pytest.mark.parametrize("loadings", [[[1.0, 2.0]], [[3.0, 1.0], [3.0, 1.0], [3.0, 1.0]]])
def test_loadings_of_lower_rank_than_latents_and_little_noise(loadings):
    """M is singular to rounding, W Wᵀ + σ²I has one large direction: log p by it and the rest."""
    model = ProbabilisticPCA(loadings, np.zeros(len(loadings)), 1e-9)
    w = np.asarray(loadings)
    x, d = w @ [0.3, -0.8], len(w)
    variance = (w**2).sum()
    exact = -0.5 * (x @ x / variance + np.log(variance) + 2 * (d - 1) * np.log(1e-9))
    exact -= 0.5 * d * np.log(2 * np.pi)
    np.testing.assert_allclose(model.log_density(x), exact, rtol=1e-12)
    mean, covariance, root = model.posterior(x)
    np.testing.assert_allclose(w @ mean, x, rtol=1e-12)
    unseen = np.array([-w[0, 1], w[0, 0]]) / np.hypot(*w[0])
    np.testing.assert_allclose(covariance, np.outer(unseen, unseen), atol=1e-12)
    np.testing.assert_allclose(root @ root.T, covariance, atol=1e-15)
    for sigma in (1e200, 1e-200):
        with pytest.raises(ValueError, match="within the range of floats"):
            ProbabilisticPCA([[1.0], [0.0]], [0.0, 0.0], sigma)
    with pytest.raises(ValueError, match="loadings must have an entry"):
        ProbabilisticPCA(np.zeros((2, 0)), [0.0, 0.0], 1.0)


def test_a_number_of_draws_beside_their_noise_is_refused():
    model = AutoregressiveGaussian([[0.0]], [0.0], [1.0])
    with pytest.raises(ValueError, match="n and noise must not both be given"):
        model.sample(5, noise=[[1.0]])
    assert model.sample(noise=[[1.0]]) == 1.0


def test_points_that_leave_no_noise_are_refused():
    with pytest.raises(ValueError, match="n_latent directions"):
        ProbabilisticPCA.fit(X[:, :1] @ np.ones((1, 3)), 1)
    for mixing in RNG.standard_normal((5, 2, 4)):  # the noise is rounding, of either sign
        with pytest.raises(ValueError, match="n_latent directions"):
            ProbabilisticPCA.fit(X[:, :2] @ mixing, 2)
    with pytest.raises(ValueError, match="n_latent be below d"):
        ProbabilisticPCA.fit(X, 4)
    with pytest.raises(ValueError, match="x must hold more than d points"):
        ProbabilisticPCA.fit(X[:4], 2)
    with pytest.raises(ValueError, match="x must hold more than d points"):
        AutoregressiveGaussian.fit(X[:4])
