"""The Gaussian against scipy.stats, high precision, and its own rowwise loop."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from refscore.distributions import Gaussian
from refscore.distributions._spread import _inverse_of_lower
from validation.precision.cases import covariance_with, gaussian_cases
from validation.precision.reference import relative_errors

RNG = np.random.default_rng(0)


def random_gaussian(seed, dim, kind="full"):
    rng = np.random.default_rng(seed)
    full = covariance_with(rng, dim, 30.0)
    spread = {"full": full, "diagonal": np.diag(full).copy(), "isotropic": full[0, 0]}[kind]
    return Gaussian(3 * rng.standard_normal(dim), spread), rng


@pytest.mark.parametrize("kind", ["full", "diagonal", "isotropic"])
@pytest.mark.parametrize("dim", [1, 2, 5])
def test_log_density_is_scipys(kind, dim):
    law, rng = random_gaussian(dim, dim, kind)
    x = law.mean + 3 * rng.standard_normal((20, dim))
    expected = multivariate_normal(law.mean, law.covariance).logpdf(x)
    np.testing.assert_allclose(law.log_density(x), expected, rtol=1e-12)


@pytest.mark.parametrize("kind", ["full", "diagonal", "isotropic"])
def test_the_kinds_of_covariance_agree_with_the_full_matrix(kind):
    law, rng = random_gaussian(7, 4, kind)
    full = Gaussian(law.mean, law.covariance)
    x, v = rng.standard_normal((2, 6, 4))
    for left, right in [
        (law.log_density(x), full.log_density(x)),
        (law.score(x), full.score(x)),
        (law.score.jacobian(x), full.score.jacobian(x)),
        (law.score.divergence(x), full.score.divergence(x)),
        (law.score.jvp(x, v), full.score.jvp(x, v)),
        (law.score.vjp(x, v), full.score.vjp(x, v)),
        (law.diffuse(0.5, 2.0).covariance, full.diffuse(0.5, 2.0).covariance),
    ]:
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-13)


@given(st.integers(0, 10**6), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_score_is_the_gradient_of_the_log_density(seed, dim):
    law, rng = random_gaussian(seed, dim)
    x, v = rng.standard_normal((2, dim))
    h = 1e-3
    slope = (law.log_density(x + h * v) - law.log_density(x - h * v)) / (2 * h)
    np.testing.assert_allclose(law.score(x) @ v, slope, rtol=1e-7, atol=1e-7)
    change = (law.score(x + h * v) - law.score(x - h * v)) / (2 * h)
    np.testing.assert_allclose(law.score.jvp(x, v), change, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(law.score.jacobian(x) @ v, change, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(law.score.energy(x), -law.log_density(x))


def test_precision_table_cases_hold():
    for case in gaussian_cases():
        errors = relative_errors(case.law, case.log_density, case.points, case.digits, case.step)
        assert max(errors.values()) <= case.bound, (case.name, errors)


@given(st.sampled_from([(), (3,), (2, 3), (0,), (2, 0), (1,)]), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_leading_shapes_are_a_rowwise_loop(lead, dim):
    law, rng = random_gaussian(3, dim)
    x = rng.standard_normal((*lead, dim))
    assert law.log_density(x).shape == lead
    assert law.score(x).shape == (*lead, dim)
    assert law.score.jacobian(x).shape == (*lead, dim, dim)
    assert law.score.divergence(x).shape == lead
    for index in np.ndindex(lead):
        np.testing.assert_allclose(law.log_density(x)[index], law.log_density(x[index]), rtol=1e-14)
        np.testing.assert_allclose(law.score(x)[index], law.score(x[index]), rtol=1e-13)


def test_any_layout_in_float64_out_and_nothing_mutated():
    law, rng = random_gaussian(5, 2)
    x = rng.integers(-3, 4, (6, 2)).astype(float)
    expected = law.score(x)
    frozen = x.copy()
    frozen.flags.writeable = False
    strided = np.repeat(x, 2, axis=0)[::2]
    layouts = [x.astype(np.float32), x.astype(int), x.tolist(), np.asfortranarray(x), frozen]
    for y in [*layouts, strided, x[::-1][::-1]]:
        assert law.score(y).dtype == np.float64
        np.testing.assert_array_equal(law.score(y), expected)
    np.testing.assert_array_equal(x, frozen)


def test_constructor_arguments_are_copied():
    mean, covariance = np.zeros(2), np.eye(2)
    law = Gaussian(mean, covariance)
    diagonal = np.ones(2)
    other = Gaussian(mean, diagonal)
    mean += 1
    covariance *= 2
    diagonal *= 2
    law.mean[:] = 9
    law.covariance[:] = 9
    assert law.log_density([0, 0]) == other.log_density([0, 0]) == -np.log(2 * np.pi)


def test_moments_of_draws():
    law, _ = random_gaussian(11, 3)
    x = law.sample(40_000, rng=1)
    error = np.sqrt(np.diag(law.covariance) / len(x))
    assert (np.abs(x.mean(axis=0) - law.mean) < 5 * error).all()
    sd = np.sqrt(np.diag(law.covariance))
    gap = (np.cov(x.T) - law.covariance) / np.outer(sd, sd)
    assert np.abs(gap).max() < 5 * np.sqrt(2 / len(x))
    np.testing.assert_array_equal(law.sample(5, rng=3), law.sample(5, rng=3))
    assert law.sample(0, rng=0).shape == (0, 3)


def test_diffuse_has_the_moments_of_alpha_x_plus_sigma_z():
    law, _ = random_gaussian(2, 3)
    diffused = law.diffuse(-0.7, 0.4)
    np.testing.assert_allclose(diffused.mean, -0.7 * law.mean)
    np.testing.assert_allclose(diffused.covariance, 0.49 * law.covariance + 0.16 * np.eye(3))
    assert law.diffuse(1.0, 0.0).log_density(law.mean) == law.log_density(law.mean)


@pytest.mark.parametrize(
    "singular",
    [np.zeros((2, 2)), np.ones((2, 2)), np.diag([1.0, 0.0]), np.array([1.0, 0.0]), 0.0,
     np.outer([1.0, 1e-8], [1.0, 1e-8])],
)  # fmt: skip
def test_singular_covariances_can_be_sampled_and_diffused_only(singular):
    law = Gaussian([1.0, 2.0], singular)
    full = law.covariance
    x = law.sample(2000, rng=0)
    assert np.abs(np.cov(x.T) - full).max() <= 0.15 * np.abs(full).max()
    np.testing.assert_allclose(law.diffuse(2.0, 1.0).covariance, 4 * full + np.eye(2))
    assert np.isfinite(law.diffuse(1.0, 0.1).score([0.0, 0.0])).all()
    for ask in (law.log_density, law.score, law.score.jacobian, law.score.divergence):
        with pytest.raises(ValueError, match=r"covariance must be positive definite.*singular"):
            ask([0.0, 0.0])


def test_a_thousand_dimensions_stay_diagonal():
    import tracemalloc

    law = Gaussian(np.zeros(100_000), np.linspace(1, 2, 100_000))
    x = np.ones((3, 100_000))
    tracemalloc.start()
    law.log_density(x), law.score(x), law.score.divergence(x), law.sample(2, rng=0)
    law.diffuse(1.0, 1.0).score.jvp(x, x)
    assert tracemalloc.get_traced_memory()[1] < 60e6
    tracemalloc.stop()


def test_far_away_is_finite_or_minus_infinity_and_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        law = Gaussian([0.0, 0.0], 1e-12)
        assert law.log_density([1e150, 0.0]) == -np.inf
        np.testing.assert_allclose(law.score([1e150, -1e149]), [-1e162, 1e161], rtol=1e-14)
        for covariance in (np.eye(2), 1.0):
            value = Gaussian([0.0, 0.0], covariance).log_density([1e150, 0.0])
            np.testing.assert_allclose(value, -0.5e300, rtol=1e-13)


@pytest.mark.parametrize(
    ("mean", "covariance", "message"),
    [
        (0.0, 1.0, "mean must have shape"),
        ([[0.0]], 1.0, "mean must have shape"),
        ([], 1.0, "mean"),
        ([0.0, np.nan], 1.0, "mean must be finite"),
        ([0.0, 0.0], np.inf, "covariance must be finite"),
        ([0.0, 0.0], -1.0, "covariance must be .*at least 0"),
        ([0.0, 0.0], [1.0, 1.0, 1.0], "covariance must have shape"),
        ([0.0, 0.0], np.eye(3), "covariance must have shape"),
        ([0.0, 0.0], [[1.0, 0.5], [0.0, 1.0]], "covariance must be symmetric"),
        ([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]], "covariance must be positive semidefinite"),
    ],
)
def test_bad_parameters_are_named(mean, covariance, message):
    with pytest.raises(ValueError, match=message):
        Gaussian(mean, covariance)


@pytest.mark.parametrize("bad", [[np.nan, 0.0], [np.inf, 0.0], [1.0], 1.0, [[1.0, 2.0, 3.0]], []])
def test_bad_points_are_named(bad):
    law = Gaussian([0.0, 0.0], 1.0)
    for ask in (law.log_density, law.score, law.score.jacobian, law.score.divergence):
        with pytest.raises(ValueError, match=r"^x must"):
            ask(bad)
    with pytest.raises(TypeError, match=r"^x must"):
        law.score(np.array([1j, 0]))
    with pytest.raises(ValueError, match=r"^v must"):
        law.score.jvp([0.0, 0.0], [1.0])
    with pytest.raises(TypeError, match=r"^n must"):
        law.sample(2.5, rng=0)
    with pytest.raises(ValueError, match=r"^sigma must"):
        law.diffuse(1.0, -1.0)


@pytest.mark.parametrize("dim", [1, 2, 15, 16, 20])
def test_the_inverse_factor_is_accurate_componentwise(dim):
    """|L W − I| ≤ ε d |L| |W|, the bound of forward substitution, at any scaling."""
    rng = np.random.default_rng(dim)
    factor = np.tril(rng.standard_normal((dim, dim))) + 3 * np.eye(dim)
    factor *= np.logspace(-80, 80, dim)[:, None]
    inverse = _inverse_of_lower(factor)
    bound = dim * np.finfo(float).eps * (np.abs(factor) @ np.abs(inverse))
    assert (np.abs(factor @ inverse - np.eye(dim)) <= 2 * bound).all()
