"""Mixtures against scipy.stats, high precision, far points, ties, offsets and memory."""

import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from refscore.distributions import Gaussian, GaussianMixture
from validation.precision.cases import covariance_with, mixture_cases
from validation.precision.reference import relative_errors

KINDS = ["equal", "different", "diagonal", "isotropic", "one isotropic", "spread out", "some equal"]


def random_mixture(seed, dim, count, kind):
    rng = np.random.default_rng(seed)
    means = 2 * rng.standard_normal((count, dim))
    weights = rng.dirichlet(np.ones(count))
    full = np.stack([covariance_with(rng, dim, 8.0) for _ in range(count)])
    covariances = {
        "equal": np.stack([full[0]] * count),
        "different": full,
        "diagonal": np.diagonal(full, axis1=1, axis2=2),
        "isotropic": full[:, 0, 0],
        "one isotropic": np.full(count, full[0, 0, 0]),
        "spread out": np.stack([full[0]] * count),
        "some equal": full[np.arange(count) // 2],
    }[kind]
    means = means * (200 if kind == "spread out" else 1)
    return GaussianMixture(weights, means, covariances), rng


def near(law, rng, n):
    which = rng.integers(len(law.means), size=n)
    return law.means[which] + rng.standard_normal((n, law.dim))


def plain_log_density(law, x):
    parts = [
        np.log(w) + multivariate_normal(m, s).logpdf(x)
        for w, m, s in zip(law.weights, law.means, law.covariances, strict=True)
    ]
    return logsumexp(np.stack(parts), axis=0)


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 5), st.sampled_from(KINDS))
@settings(max_examples=40, deadline=None)
def test_values_and_derivatives(seed, dim, count, kind):
    law, rng = random_mixture(seed, dim, count, kind)
    x, v = near(law, rng, 7), rng.standard_normal((7, dim))
    scale = 1 + np.abs(plain_log_density(law, x))
    gap = np.abs(law.log_density(x) - plain_log_density(law, x).reshape(7))
    assert (gap < 1e-10 * scale.reshape(7)).all()
    h = 1e-3 * np.sqrt(np.diagonal(law.covariances, axis1=1, axis2=2).min())

    def slope(f):  # Richardson on central differences, O(h⁴)
        once = (f(x + h * v) - f(x - h * v)) / (2 * h)
        return (4 * (f(x + h / 2 * v) - f(x - h / 2 * v)) / h - once) / 3

    size = np.abs(law.score.jacobian(x)).max()
    along = np.einsum("ni,ni->n", law.score(x), v)
    np.testing.assert_allclose(along, slope(law.log_density), rtol=1e-6, atol=1e-6 * size)
    np.testing.assert_allclose(law.score.jvp(x, v), slope(law.score), rtol=1e-6, atol=1e-6 * size)
    jacobian = law.score.jacobian(x)
    np.testing.assert_allclose(
        np.einsum("nij,nj->ni", jacobian, v), law.score.jvp(x, v), rtol=1e-9, atol=1e-11 * size
    )
    np.testing.assert_allclose(
        law.score.divergence(x), np.trace(jacobian, axis1=1, axis2=2), rtol=1e-9, atol=1e-11 * size
    )
    np.testing.assert_allclose(jacobian, jacobian.swapaxes(1, 2), rtol=1e-9, atol=1e-11 * size)
    np.testing.assert_array_equal(law.score.vjp(x, v), law.score.jvp(x, v))


def test_precision_table_cases_hold():
    for case in mixture_cases():
        errors = relative_errors(case.law, case.log_density, case.points, case.digits, case.step)
        assert max(errors.values()) <= case.bound, (case.name, errors)


@pytest.mark.parametrize("kind", ["full", "diagonal", "isotropic"])
def test_one_component_is_the_gaussian(kind):
    rng = np.random.default_rng(4)
    full = covariance_with(rng, 3, 9.0)
    spread = {"full": full, "diagonal": np.diag(full), "isotropic": full[1, 1]}[kind]
    mixture = GaussianMixture([1.0], [[1.0, 2.0, 3.0]], np.array(spread)[None])
    law, x = Gaussian([1.0, 2.0, 3.0], spread), 5 * rng.standard_normal((8, 3))
    for left, right in [
        (mixture.log_density(x), law.log_density(x)),
        (mixture.score(x), law.score(x)),
        (mixture.score.jacobian(x), law.score.jacobian(x)),
        (mixture.score.divergence(x), law.score.divergence(x)),
    ]:
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_leading_shapes_are_a_rowwise_loop(kind):
    law, rng = random_mixture(1, 2, 3, kind)
    for lead in [(), (3,), (2, 2), (0,), (2, 0)]:
        x = near(law, rng, int(np.prod(lead, dtype=int))).reshape((*lead, 2))
        for f in (law.log_density, law.score, law.score.jacobian, law.score.divergence):
            values = f(x)
            assert values.shape[: len(lead)] == lead
            for index in np.ndindex(lead):
                np.testing.assert_allclose(values[index], f(x[index]), rtol=1e-11, atol=1e-13)


def test_zero_weights_change_nothing():
    law, rng = random_mixture(2, 2, 2, "different")
    weights, x = np.append(law.weights, 0.0), rng.standard_normal((9, 2))
    means, covariances = (
        np.vstack([law.means, [[0, 0]]]),
        np.append(law.covariances, [np.zeros((2, 2))], 0),
    )
    with_zero = GaussianMixture(weights, means, covariances)
    np.testing.assert_array_equal(with_zero.log_density(x), law.log_density(x))
    np.testing.assert_array_equal(with_zero.score.jacobian(x), law.score.jacobian(x))
    np.testing.assert_allclose(with_zero.covariance, law.covariance, rtol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
@pytest.mark.parametrize("distance", [1e3, 1e8, 1e20, 1e100, 1e150])
def test_far_points_are_finite_and_silent(kind, scale, distance):
    law, rng = random_mixture(3, 3, 4, kind)
    law = GaussianMixture(law.weights, scale * law.means, scale**2 * law.covariances)
    x = distance * rng.standard_normal((5, 3))
    x[0] = [distance, 0, 0]
    x[1] = -distance
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values, score = law.log_density(x), law.score(x)
        jacobian, divergence = law.score.jacobian(x), law.score.divergence(x)
        product = law.score.jvp(x, np.ones_like(x))
    if scale >= 1:
        assert np.isfinite(values).all()
    assert not np.isnan(values).any()
    assert np.isfinite(score).all()
    assert np.isfinite(jacobian).all()
    np.testing.assert_allclose(jacobian.sum(axis=-1), product, rtol=1e-9, atol=1e-9 / scale**2)
    trace = np.trace(jacobian, axis1=1, axis2=2)
    np.testing.assert_allclose(divergence, trace, rtol=1e-9, atol=1e-9 / scale**2)
    precisions = np.linalg.inv(law.covariances)
    if distance > 1e6 * scale * np.abs(law.means / scale).max():  # every s_k there is −P_k x
        ratio = -np.einsum("ni,ni->n", score / distance, x / distance)
        ratio /= np.einsum("ni,ni->n", x / distance, x / distance)
        eigenvalues = np.linalg.eigvalsh(precisions)
        assert (ratio <= 1.001 * eigenvalues.max()).all()
        assert (ratio >= 0.999 * eigenvalues.min()).all()


@pytest.mark.parametrize("spread", [1.0, 100.0])
@pytest.mark.parametrize("variances", [[1.0, 1.0], [[1.0, 2.0], [3.0, 2.0]]])
def test_a_far_tie_keeps_its_closed_form(spread, variances):
    """Far along y both modes tie in y, and x decides: a logistic curve."""
    m = 2.0 * spread
    law = GaussianMixture([0.5, 0.5], [[-m, 0.0], [m, 0.0]], variances)
    v = np.broadcast_to(np.array(variances).reshape(2, -1), (2, 2))
    x = np.array([[0.3 / spread, 1e150], [-0.1 / spread, -1e120]])
    q = -0.5 * (x[:, :1] - [[-m, m]]) ** 2 / v[:, 0] - 0.5 * np.log(v[:, 0])
    r = np.exp(q - logsumexp(q, axis=1, keepdims=True))
    s = -(x[:, :1] - [[-m, m]]) / v[:, 0]
    mean = (r * s).sum(axis=1)
    np.testing.assert_allclose(law.score(x)[:, 0], mean, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(law.score(x)[:, 1], -x[:, 1] / v[0, 1], rtol=1e-14)
    curvature = (r * ((s - mean[:, None]) ** 2 - 1 / v[:, 0])).sum(axis=1)
    np.testing.assert_allclose(law.score.jacobian(x)[:, 0, 0], curvature, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ["equal", "different", "one isotropic"])
def test_an_offset_of_1e8_changes_nothing(kind):
    law, rng = random_mixture(6, 3, 4, kind)
    grid = 2.0**-20  # representable after the shift
    means = np.round(law.means / grid) * grid
    x = np.round(near(law, rng, 30) / grid) * grid
    home = GaussianMixture(law.weights, means, law.covariances)
    away = GaussianMixture(law.weights, means + 1e8, law.covariances)
    for f, g in [(home.log_density, away.log_density), (home.score, away.score),
                 (home.score.jacobian, away.score.jacobian)]:  # fmt: skip
        np.testing.assert_allclose(g(x + 1e8), f(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_moments_and_diffusion(kind):
    law, _ = random_mixture(8, 2, 3, kind)
    deviation = law.means - law.weights @ law.means
    covariance = np.einsum("k,kij->ij", law.weights, law.covariances)
    covariance += np.einsum("k,ki,kj->ij", law.weights, deviation, deviation)
    np.testing.assert_allclose(law.covariance, covariance, rtol=1e-12)
    x = law.sample(40_000, rng=2)
    sd = np.sqrt(np.diag(covariance))
    assert (np.abs(x.mean(axis=0) - law.mean) < 5 * sd / 200).all()
    assert np.abs((np.cov(x.T) - covariance) / np.outer(sd, sd)).max() < 0.05
    diffused = law.diffuse(0.6, 0.8)
    np.testing.assert_allclose(diffused.mean, 0.6 * law.mean)
    np.testing.assert_allclose(diffused.covariance, 0.36 * covariance + 0.64 * np.eye(2))
    np.testing.assert_allclose(diffused.covariances, 0.36 * law.covariances + 0.64 * np.eye(2))


@pytest.mark.parametrize("kind", ["different", "diagonal", "isotropic", "one isotropic"])
@pytest.mark.parametrize("dim", [1, 3, 8])
@pytest.mark.parametrize("spread", [1.0, 12.0, 40.0, 300.0])
def test_products_and_pairs_are_as_good_as_components_one_by_one(kind, dim, spread):
    """From within the reach of the products to beyond it, against extended precision."""
    law, rng = random_mixture(11, dim, 40, kind)
    means = spread / np.sqrt(dim) * rng.standard_normal(law.means.shape)
    precision = np.linalg.inv(law.covariances)
    law = GaussianMixture(law.weights, means, law.covariances if kind == "different" else
                          np.diagonal(law.covariances, axis1=1, axis2=2))  # fmt: skip
    i, j = rng.integers(40, size=(2, 60))
    share = rng.random((60, 1))
    x = share * means[i] + (1 - share) * means[j] + rng.standard_normal((60, dim))
    gaps = x.astype(np.longdouble) - means[:, None, :]
    pulls = -np.einsum("kni,kij->knj", gaps, precision)
    logits = np.log(law.weights) + 0.5 * np.linalg.slogdet(precision)[1]
    logits = logits[:, None] + 0.5 * np.einsum("kni,kni->kn", gaps, pulls)
    r = np.exp(logits - logits.max(axis=0))
    r /= r.sum(axis=0)
    score = np.einsum("kn,kni->ni", r, pulls)
    scale = np.einsum("kn,kn->n", r, np.abs(pulls).sum(axis=2)).astype(float)[:, None]
    assert (np.abs(law.score(x) - score) < 1e-11 * scale).all()
    log_density = logits.max(axis=0) + np.log(np.exp(logits - logits.max(axis=0)).sum(axis=0))
    log_density -= 0.5 * dim * np.log(2 * np.pi)
    np.testing.assert_allclose(law.log_density(x), log_density.astype(float), rtol=1e-12)
    size = np.abs(precision).sum() / 40 + scale**2
    trace = np.einsum("kii->k", precision)
    curvature = np.einsum("kn,kn->n", r, (pulls**2).sum(axis=2) - trace[:, None])
    gap = np.abs(law.score.divergence(x) - (curvature - (score**2).sum(axis=1)))
    assert (gap < 1e-10 * size[:, 0]).all()


def test_component_frequencies_of_draws():
    law = GaussianMixture([0.6, 0.0, 0.4], [[0.0], [50.0], [100.0]], [1.0, 1.0, 0.0])
    x = law.sample(10_000, rng=0)
    assert abs((x > 75).mean() - 0.4) < 0.03
    assert (x[x > 75] == 100).all()
    assert not ((x > 25) & (x < 75)).any()


@pytest.mark.parametrize("kind", KINDS)
def test_workspace_does_not_grow_with_the_points(kind):
    law, rng = random_mixture(9, 4, 20, kind)
    peaks = []
    for n in (20_000, 80_000):
        x = rng.standard_normal((n, 4))
        tracemalloc.start()
        law.score(x), law.log_density(x), law.score.divergence(x)
        peaks.append(tracemalloc.get_traced_memory()[1] - 8 * x.size)
        tracemalloc.stop()
    assert peaks[1] < 12e6
    if kind != "spread out":
        small = random_mixture(9, 4, 20, kind)[0]
        x = rng.standard_normal((3000, 4))
        tracemalloc.start()
        out = small.score.jacobian(x)
        assert tracemalloc.get_traced_memory()[1] - out.nbytes < 12e6
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 0.6], np.zeros((2, 1)), [1.0, 1.0]), "weights must sum to 1"),
        (([1.5, -0.5], np.zeros((2, 1)), [1.0, 1.0]), "weights must be at least 0"),
        (([], np.zeros((0, 1)), []), "weights must have shape"),
        (([0.5, 0.5], np.zeros((3, 1)), [1.0, 1.0]), "means must have shape"),
        (([0.5, 0.5], np.zeros((2, 0)), [1.0, 1.0]), "means must have shape"),
        (([0.5, 0.5], np.full((2, 1), np.nan), [1.0, 1.0]), "means must be finite"),
        (([0.5, 0.5], np.zeros((2, 3)), [1.0, 1.0, 1.0]), "covariances must have shape"),
        (([0.5, 0.5], np.zeros((2, 1)), 1.0), "covariances must have shape"),
        (([0.5, 0.5], np.zeros((2, 1)), [1.0, -1.0]), "covariances must be .*at least 0"),
        (([0.5, 0.5], np.zeros((2, 2)), [np.eye(2), -np.eye(2)]), "covariances must be positive"),
    ],
)
def test_bad_parameters_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(*arguments)


def test_a_singular_component_has_no_score():
    law = GaussianMixture([0.5, 0.5], np.zeros((2, 2)), [np.eye(2), np.ones((2, 2))])
    assert law.sample(3, rng=0).shape == (3, 2)
    assert np.isfinite(law.diffuse(1.0, 1.0).score([0.0, 0.0])).all()
    with pytest.raises(ValueError, match="covariances must be positive definite"):
        law.score([0.0, 0.0])
    for bad in ([np.nan, 0.0], [1.0], 2.0):
        with pytest.raises(ValueError, match=r"^x must"):
            law.score(bad)


def test_float32_integers_and_read_only_points():
    law, rng = random_mixture(5, 2, 3, "equal")
    x = rng.integers(-3, 4, (6, 2)).astype(float)
    x.flags.writeable = False
    for y in (x.astype(np.float32), x.astype(int), np.asfortranarray(x), x[::-1][::-1]):
        assert law.score(y).dtype == np.float64
        np.testing.assert_array_equal(law.score(y), law.score(x))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "dim", "count"), [(6, 1, 2), (1, 3, 2), (1, 2, 4), (5, 1, 3)])
def test_points_are_never_written_to(kind, n, dim, count):
    """Not even where a transposed copy would be a view: one point, or one dimension."""
    law, rng = random_mixture(10, dim, count, kind)
    x, v = near(law, rng, n), rng.standard_normal((n, dim))
    kept, kept_v = x.copy(), v.copy()
    law.log_density(x), law.score(x), law.score.jacobian(x), law.score.divergence(x)
    law.score.jvp(x, v)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(v, kept_v)


@pytest.mark.parametrize("apart", [0.5, 8.0, 40.0, 80.0])
@pytest.mark.parametrize("kind", ["diagonal", "isotropic", "different"])
@pytest.mark.parametrize("ratio", [1e-4, 1.5, 1e4])
def test_two_components_are_a_mixture_like_any_other(kind, apart, ratio):
    """Two take a path of their own; one of them split into halves is the same law."""
    law, rng = random_mixture(11, 3, 2, kind)
    weights, means, covariances = law.weights, apart * law.means, law.covariances
    covariances[1] *= ratio
    two = GaussianMixture(weights, means, covariances)
    halves = np.r_[weights[0], weights[1] / 2, weights[1] / 2]
    three = GaussianMixture(halves, means[[0, 1, 1]], covariances[[0, 1, 1]])
    x = means[rng.integers(2, size=40)] + 2 * rng.standard_normal((40, 3))
    expected = three.score(x)
    steepness = np.abs(np.linalg.inv(covariances)).max() * (1 + np.abs(x).max())
    np.testing.assert_allclose(two.score(x), expected, rtol=1e-11, atol=1e-14 * steepness)
    one_by_one = np.stack([two.score(point) for point in x])
    np.testing.assert_allclose(one_by_one, expected, rtol=1e-11, atol=1e-14 * steepness)
