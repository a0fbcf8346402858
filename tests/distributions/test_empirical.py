"""The kernel density estimate against its plain sum, and its closure under diffusion."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import gaussian_kde

import refscore.distributions as distributions
from refscore.distributions import Empirical, GaussianMixture
from validation.precision.cases import empirical_cases
from validation.precision.reference import relative_errors


def plain_log_density(data, h, x):
    d = data.shape[1]
    q = ((x[:, None] - data) ** 2).sum(axis=-1) / h**2
    return logsumexp(-0.5 * q, axis=1) - np.log(len(data)) - d * np.log(h * np.sqrt(2 * np.pi))


@given(st.integers(0, 10**6), st.integers(1, 3), st.floats(1e-3, 3.0))
@settings(max_examples=30, deadline=None)
def test_density_and_score_are_the_plain_sums(seed, dim, h):
    rng = np.random.default_rng(seed)
    data = rng.standard_normal((9, dim))
    law, x = Empirical(data, h), data[:5] + h * rng.standard_normal((5, dim))
    expected = plain_log_density(data, h, x)
    np.testing.assert_allclose(law.log_density(x), expected, rtol=1e-10, atol=1e-10)
    r = np.exp(-0.5 * ((x[:, None] - data) ** 2).sum(axis=-1) / h**2 - logsumexp(
        -0.5 * ((x[:, None] - data) ** 2).sum(axis=-1) / h**2, axis=1, keepdims=True))  # fmt: skip
    denoised = r @ data
    np.testing.assert_allclose(law.score(x), (denoised - x) / h**2, rtol=1e-7, atol=1e-7 / h)
    full = GaussianMixture(np.full(9, 1 / 9), data, np.stack([h**2 * np.eye(dim)] * 9))
    size = 1 / h**2
    for f, g in [
        (law.score.jacobian, full.score.jacobian),
        (law.score.divergence, full.score.divergence),
    ]:
        np.testing.assert_allclose(f(x), g(x), rtol=1e-9, atol=1e-11 * size)


def test_one_dimension_is_scipys_kde():
    data = np.random.default_rng(0).standard_normal(50)
    kde = gaussian_kde(data, bw_method=0.3)
    law = Empirical(data[:, None], np.sqrt(kde.covariance[0, 0]))
    x = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(np.exp(law.log_density(x[:, None])), kde(x), rtol=1e-12)


def test_precision_table_cases_hold():
    for case in empirical_cases():
        errors = relative_errors(case.law, case.log_density, case.points, case.digits, case.step)
        assert max(errors.values()) <= case.bound, (case.name, errors)


def test_diffusing_adds_bandwidths_in_quadrature():
    rng = np.random.default_rng(1)
    data, x = rng.standard_normal((6, 2)), rng.standard_normal((5, 2))
    law = Empirical(data, 0.5).diffuse(-0.6, 0.8)
    assert isinstance(law, Empirical)
    np.testing.assert_allclose(law.bandwidth, np.hypot(0.3, 0.8), rtol=1e-15)
    np.testing.assert_allclose(law.data, -0.6 * data)
    other = Empirical(data, 0.5).as_mixture().diffuse(-0.6, 0.8)
    np.testing.assert_allclose(law.score(x), other.score(x), rtol=1e-12)
    np.testing.assert_allclose(law.covariance, other.covariance, rtol=1e-12)


def test_without_bandwidth_it_is_the_sample_itself():
    data = np.random.default_rng(2).standard_normal((20, 3))
    law = Empirical(data)
    np.testing.assert_allclose(law.mean, data.mean(axis=0), atol=1e-15)
    np.testing.assert_allclose(law.covariance, np.cov(data.T, bias=True), rtol=1e-12)
    draws = law.sample(100, rng=0)
    assert {tuple(row) for row in draws} <= {tuple(row) for row in data}
    assert np.isfinite(law.diffuse(1.0, 0.3).score(data)).all()
    for ask in (law.log_density, law.score, law.score.jacobian, law.score.divergence):
        with pytest.raises(ValueError, match=r"bandwidth must be positive definite.*singular"):
            ask(data)


def test_moments_of_draws():
    data = np.random.default_rng(3).standard_normal((10, 2))
    law = Empirical(data, 0.7)
    expected = np.cov(data.T, bias=True) + 0.49 * np.eye(2)
    np.testing.assert_allclose(law.covariance, expected, rtol=1e-12)
    x = law.sample(40_000, rng=4)
    assert np.abs(np.cov(x.T) - expected).max() < 0.05
    assert np.abs(x.mean(axis=0) - law.mean).max() < 0.03


@pytest.mark.parametrize("h", [0.5, 1e-3])
def test_workspace_is_bounded(h):
    rng = np.random.default_rng(5)
    law, x = Empirical(rng.standard_normal((500, 2)), h), rng.standard_normal((20_000, 2))
    tracemalloc.start()
    score = law.score(x)
    assert tracemalloc.get_traced_memory()[1] - score.nbytes < 8e6
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("data", "h", "message"),
    [
        (np.zeros(3), 1.0, "data must have shape"),
        (np.zeros((0, 2)), 1.0, "data must have shape"),
        (np.zeros((2, 0)), 1.0, "data must have shape"),
        ([[np.nan]], 1.0, "data must be finite"),
        ([[0.0]], -1.0, "bandwidth must be at least 0"),
        ([[0.0]], [1.0], "bandwidth must be a number"),
    ],
)
def test_bad_parameters_are_named(data, h, message):
    with pytest.raises(ValueError, match=message):
        Empirical(data, h)


def test_the_folder_names_every_constructor_lazily():
    assert {"Gaussian", "Empirical", "StudentT", "Categorical"} <= set(dir(distributions))
    with pytest.raises(AttributeError, match="no attribute 'Gausian'"):
        distributions.Gausian  # noqa: B018
