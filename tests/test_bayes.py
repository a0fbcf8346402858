"""Tweedie, linear-Gaussian posteriors and tilts, against conditioning and quadrature."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore.bayes import denoise, guided_score, likelihood_score, posterior
from refscore.distributions import Empirical, Gaussian, GaussianMixture
from refscore.fields import Affine
from validation.precision.cases import covariance_with


def random_mixture(rng, dim, count=3):
    covariances = np.stack([covariance_with(rng, dim, 6.0) for _ in range(count)])
    covariances[-1] = covariances[0]
    means = 2 * rng.standard_normal((count, dim))
    return GaussianMixture(rng.dirichlet(np.ones(count)), means, covariances)


@given(st.integers(0, 10**6), st.integers(1, 3), st.floats(0.2, 2.0), st.floats(0.1, 3.0))
@settings(max_examples=30, deadline=None)
def test_denoise_is_conditioning(seed, dim, alpha, sigma):
    """E and Cov of X given alpha X + sigma Z = y are those of the posterior law."""
    rng = np.random.default_rng(seed)
    covariance = covariance_with(rng, dim, 9.0)
    for law in (random_mixture(rng, dim), Gaussian(rng.standard_normal(dim), covariance)):
        y = rng.standard_normal(dim)
        denoised = denoise(law.diffuse(alpha, sigma).score, y, alpha, sigma)
        exact = posterior(law, alpha * np.eye(dim), y, sigma**2)
        scale = 1 + (sigma / alpha) ** 2
        np.testing.assert_allclose(denoised.mean, exact.mean, rtol=1e-9, atol=1e-11 * scale)
        np.testing.assert_allclose(
            denoised.covariance, exact.covariance, rtol=1e-9, atol=1e-11 * scale
        )


def test_denoise_an_empirical_law_by_hand():
    data = np.array([[0.0], [1.0], [3.0]])
    y, alpha, sigma = np.array([[1.2], [-2.0]]), 0.8, 0.5
    r = np.exp(-0.5 * ((y - alpha * data.T) / sigma) ** 2)
    r /= r.sum(axis=1, keepdims=True)
    mean, covariance = denoise(Empirical(data).diffuse(alpha, sigma).score, y, alpha, sigma)
    np.testing.assert_allclose(mean, r @ data, rtol=1e-12, atol=1e-14)
    variance = r @ data**2 - (r @ data) ** 2
    np.testing.assert_allclose(covariance[..., 0], variance, rtol=1e-10, atol=1e-14)


def test_denoise_by_quadrature_and_shapes():
    law = GaussianMixture([0.3, 0.7], [[-1.0], [2.0]], [0.25, 1.0])
    y, alpha, sigma = 0.4, 0.9, 0.7
    x = np.linspace(-12, 12, 20001)
    p = np.exp(law.log_density(x[:, None]) - 0.5 * ((y - alpha * x) / sigma) ** 2)
    p /= p.sum()
    mean, covariance = denoise(law.diffuse(alpha, sigma).score, [y], alpha, sigma)
    np.testing.assert_allclose(mean[0], p @ x, rtol=1e-12)
    np.testing.assert_allclose(covariance[0, 0], p @ x**2 - (p @ x) ** 2, rtol=1e-10)
    many = denoise(law.diffuse(alpha, sigma).score, np.full((2, 3, 1), y), alpha, sigma)
    assert many.mean.shape == (2, 3, 1)
    assert many.covariance.shape == (2, 3, 1, 1)
    np.testing.assert_allclose(many.covariance, covariance[0, 0])


@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 3), st.floats(0.1, 4.0))
@settings(max_examples=40, deadline=None)
def test_the_tilted_posterior_is_the_product_of_densities(seed, dim, k, weight):
    """log posterior − log prior − w log likelihood is one constant, and scores add."""
    rng = np.random.default_rng(seed)
    h, y, r = rng.standard_normal((k, dim)), rng.standard_normal(k), covariance_with(rng, k, 5.0)
    for law in (random_mixture(rng, dim), Gaussian(rng.standard_normal(dim), 2.0)):
        post, x = posterior(law, h, y, r, weight), rng.standard_normal((6, dim))
        likelihood = Gaussian(np.zeros(k), r).log_density(y - x @ h.T)
        gap = post.log_density(x) - law.log_density(x) - weight * likelihood
        np.testing.assert_allclose(gap, gap[0], rtol=1e-8, atol=1e-8)
        guided = guided_score(law.score, likelihood_score(h, y, r), weight)
        np.testing.assert_allclose(post.score(x), guided(x), rtol=1e-7, atol=1e-7)
        np.testing.assert_allclose(post.score.jacobian(x), guided.jacobian(x), rtol=1e-7, atol=1e-7)


def test_component_precisions_and_weights_of_the_tilt():
    rng = np.random.default_rng(1)
    law, w = random_mixture(rng, 3), 2.5
    h, y, r = rng.standard_normal((2, 3)), rng.standard_normal(2), np.diag([0.5, 2.0])
    post = posterior(law, h, y, np.array([0.5, 2.0]), w)
    information = w * h.T @ np.linalg.inv(r) @ h
    np.testing.assert_allclose(
        np.linalg.inv(post.covariances), np.linalg.inv(law.covariances) + information, rtol=1e-10
    )
    evidence = [
        pi * np.exp(Gaussian(h @ m, h @ s @ h.T + r / w).log_density(y))
        for pi, m, s in zip(law.weights, law.means, law.covariances, strict=True)
    ]
    np.testing.assert_allclose(post.weights, evidence / np.sum(evidence), rtol=1e-10)


def test_a_singular_prior_stays_in_its_subspace():
    direction = np.array([3.0, 4.0]) / 5
    law = Gaussian([1.0, 1.0], np.outer(direction, direction))
    post = posterior(law, [[1.0, 0.0]], [4.0], 0.04)
    t = (0.6 * 3.0) / (0.36 + 0.04)  # scalar conditioning along the direction
    np.testing.assert_allclose(post.mean, [1 + 0.6 * t, 1 + 0.8 * t], rtol=1e-12)
    v = 1 - 0.36 / 0.4
    np.testing.assert_allclose(post.covariance, v * np.outer(direction, direction), atol=1e-14)
    atoms = posterior(Empirical([[0.0], [1.0]]), [[1.0]], [1.0], 0.5)
    np.testing.assert_allclose(atoms.weights, np.array([np.exp(-1.0), 1]) / (1 + np.exp(-1.0)))
    np.testing.assert_array_equal(atoms.means, [[0.0], [1.0]])
    np.testing.assert_array_equal(atoms.covariances, 0)


def test_no_weight_gives_the_prior_and_no_noise_the_exact_plane():
    law = GaussianMixture([0.0, 1.0], [[9.0, 9.0], [0.0, 1.0]], [1.0, 2.0])
    assert posterior(law, [[1.0, 0.0]], [3.0], 1.0, 0.0) is law
    post = posterior(law, [[1.0, 0.0]], [3.0], 0.0)
    np.testing.assert_array_equal(post.weights, [0.0, 1.0])
    np.testing.assert_allclose(post.means[1], [3.0, 1.0])
    np.testing.assert_allclose(post.covariances[1], [[0, 0], [0, 2]], atol=1e-30)


def test_an_observation_far_out_keeps_weights_finite():
    law = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [1.0, 1.0])
    post = posterior(law, [[1.0]], [1e6], 1e-4)
    np.testing.assert_allclose(post.weights, [0.0, 1.0], atol=1e-300)
    np.testing.assert_allclose(post.mean, [1e6], rtol=1e-3)


def test_likelihood_score_is_affine_and_accurate_at_an_offset():
    h, y, r = np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 1.0]]), np.array([1.0, 2.0, 3.0]), 0.5
    field = likelihood_score(h, y, r)
    assert isinstance(field, Affine)
    np.testing.assert_allclose(field.matrix, -2 * h.T @ h)
    np.testing.assert_allclose(field.offset, 2 * h.T @ y)
    x = np.array([[0.3, -0.2], [4.0, 1.0]])
    np.testing.assert_allclose(field(x), x @ field.matrix.T + field.offset, rtol=1e-13)
    moved = likelihood_score(np.eye(2), [1e8, 1e8], 1e-6)
    np.testing.assert_allclose(moved([1e8 + 1.0, 1e8 - 0.5]), [-1e6, 0.5e6], rtol=1e-14)
    gap = field.energy(x) - np.array([0.5 * ((y - h @ row) ** 2).sum() / r for row in x])
    np.testing.assert_allclose(gap, 0, atol=1e-12)


def test_bad_arguments_are_named():
    law = Gaussian([0.0, 0.0], 1.0)
    cases = [
        (lambda: denoise(law.score, [0.0, 0.0], 0.0, 1.0), "alpha must not be 0"),
        (lambda: denoise(law.score, [0.0, 0.0], 1.0, -1.0), "sigma must be at least 0"),
        (lambda: denoise(law.score, [0.0], 1.0, 1.0), "y must have shape"),
        (lambda: posterior(law, [[1.0]], [1.0], 1.0), "H must have shape"),
        (lambda: posterior(law, [[1.0, 0.0]], [1.0, 2.0], 1.0), "y must have shape"),
        (lambda: posterior(law, [[1.0, 0.0]], [np.nan], 1.0), "y must be finite"),
        (lambda: posterior(law, [[1.0, 0.0]], [1.0], -1.0), "noise_covariance must be"),
        (lambda: posterior(law, [[1.0, 0.0]], [1.0], 1.0, -1.0), "weight must be at least 0"),
        (lambda: posterior(law, [[0.0, 0.0]], [1.0], 0.0), "H covariance Hᵀ"),
        (lambda: likelihood_score([[1.0, 0.0]], [1.0], 0.0), "noise_covariance must be positive"),
        (lambda: guided_score(law.score, Affine([[1.0]])), "likelihood_score must have"),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match="law must be"):
        posterior(law.score, [[1.0, 0.0]], [1.0], 1.0)


@pytest.mark.parametrize(
    ("gap", "variance", "noise", "y", "second"),
    [
        (1.0, 1.0, 0.1, 1e17, 1.0),
        (1.0, 1.0, 0.1, 1e150, 1.0),
        (1.0, 1.0, 0.1, 1e160, 1.0),
        (1.0, 1.0, 0.1, -1e160, 0.0),
        (1e-9, 1.0, 1.0, 1e10, 1 / (1 + np.exp(-5.0))),
        (2.0, 3.0, 1.0, -1e17, 0.0),
    ],
)
def test_far_observations_weigh_components_by_their_difference(gap, variance, noise, y, second):
    """The log odds of equal components are gap (y − gap/2) / (variance + noise)."""
    law = GaussianMixture([0.5, 0.5], [[0.0, 0.0], [gap, 5.0]], [variance, variance])
    weights = posterior(law, [[1.0, 0.0]], [y], noise).weights
    np.testing.assert_allclose(weights, [1 - second, second], rtol=1e-12)


def test_weights_of_unequal_components_far_out_and_of_weightless_ones():
    law = GaussianMixture([0.3, 0.7, 0.0], [[0.0], [1.0], [5.0]], [1.0, 2.0, 1.0])
    np.testing.assert_array_equal(posterior(law, [[1.0]], [1e160], 1.0).weights, [0, 1, 0])
    y, spread = 1.7, np.array([2.0, 3.0])
    odds = np.array([0.3, 0.7]) * np.exp(-0.5 * (y - np.arange(2)) ** 2 / spread) / np.sqrt(spread)
    np.testing.assert_allclose(
        posterior(law, [[1.0]], [y], 1.0).weights[:2], odds / odds.sum(), rtol=1e-13
    )


@pytest.mark.parametrize("kind", ["first", "last", "any", "two"])
def test_an_exact_observation_leaves_a_law_without_density(kind):
    rng = np.random.default_rng(5)
    for _ in range(60):
        dim = int(rng.integers(2, 6))
        root = rng.standard_normal((dim, dim)) * 10 ** rng.uniform(-3, 3, (dim, 1))
        h = {"first": np.eye(dim)[:1], "last": np.eye(dim)[-1:]}.get(kind)
        h = rng.standard_normal((1 + (kind == "two"), dim)) if h is None else h
        post = posterior(Gaussian(np.zeros(dim), root @ root.T), h, np.ones(len(h)), 0.0)
        if kind in ("first", "last"):
            assert (post.covariance[h[0] == 1] == 0).all()
        for density in (post.log_density, post.score):
            with pytest.raises(ValueError, match="singular"):
                density(np.zeros(dim))


def test_a_nearly_exact_observation_keeps_its_digits():
    prior = Gaussian([0.0, 0.0], [[2.0, 0.3], [0.3, 1.0]])
    post = posterior(prior, [[1.0, 0.0]], [1.0], 1e-20)
    exact = [[1e-20, 1.5e-21], [1.5e-21, 0.955]]
    np.testing.assert_allclose(post.covariance, exact, rtol=1e-10)
    mixed = posterior(prior, np.eye(2), [1.0, 2.0], [0.0, 0.5]).covariance
    np.testing.assert_allclose(mixed, [[0, 0], [0, 1 / (2 + 1 / 0.955)]], rtol=1e-12)
