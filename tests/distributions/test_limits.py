"""Scales near the ends of float64, and laws that stay what they were made as."""

import math
import warnings

import mpmath
import numpy as np
import pytest

from refscore import distributions as D
from refscore.distributions.arcs import _bessel_ratio

BIG, SMALL = 1e200, 1e-170


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("distance", [2.5, 30.0, 3e4, 1e6, 1e8, 1e150])
def test_a_checkerboard_keeps_its_transverse_score(distance):
    board = D.Checkerboard(4, 1.0, 0.1)
    across = 23.754906527587732  # mpmath, 60 digits
    for x in ([distance, 0.51], [-distance, -0.51], [0.51, distance]):
        along, other = (0, 1) if abs(x[0]) != 0.51 else (1, 0)
        score, jacobian = board.score(x), board.score.jacobian(x)
        np.testing.assert_allclose(score[other], np.sign(x[other]) * across, rtol=1e-12)
        np.testing.assert_allclose(jacobian[other, other], 1982.1750630088436, rtol=1e-9)
        if distance > 1e6:
            np.testing.assert_allclose(jacobian[along, along], -100.0, rtol=1e-12)
            assert jacobian[0, 1] == 0


def test_a_wide_checkerboard_weighs_its_strips_exactly():
    score = D.Checkerboard(4, 1.0, 3.0).score([[30.0, 0.51], [1e6, 0.51]])
    expected = [[-3.1458447767669653, -0.004649387693284347]]
    expected += [[-111110.8888898889, -0.0009796774515686486]]
    np.testing.assert_allclose(score, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: D.Gaussian([0.0], 1.0).diffuse(BIG, 1), "alpha"),
        (lambda: D.Gaussian([0.0], 1.0).diffuse(1, BIG), "sigma"),
        (lambda: D.Gaussian([BIG], 0.0).diffuse(BIG, 1), "alpha"),
        (lambda: D.Gaussian([0.0, 0.0], np.eye(2)).diffuse(1, BIG), "sigma"),
        (lambda: D.Empirical([[0.0]], BIG), "bandwidth"),
        (lambda: D.Empirical([[0.0]], 1.0).diffuse(1, BIG), "sigma"),
        (lambda: D.Uniform(0, 1).diffuse(0, BIG), "sigma"),
        (lambda: D.Uniform(0, BIG).diffuse(BIG, 1), "alpha"),
        (lambda: D.Ring(1, SMALL), "width"),
        (lambda: D.TwoMoons(1, SMALL), "width"),
        (lambda: D.Checkerboard(4, 1.0, SMALL), "sigma"),
        (lambda: D.BoltzmannBinary([[0, 1e308], [1e308, 0]], [1e308, 1e308]), "weights and biases"),
        (lambda: D.GaussianMixture([0.5, 0.5], [[1.5e308], [-1.5e308]], [1, 1]), "means"),
        (lambda: D.Empirical([[1.5e308], [-1.5e308]], 1.0), "data"),
    ],
)
def test_what_cannot_be_held_is_refused_by_name(make, argument):
    with pytest.raises(ValueError, match=argument):
        make()


def test_a_gaussian_diffuses_wherever_the_answer_is_finite():
    law = D.Gaussian([1e-100], 1e-300).diffuse(BIG, 1e10)
    assert law.covariance[0, 0] == pytest.approx(1e100)
    assert law.mean[0] == pytest.approx(1e100)


LAWS = [
    lambda s: D.Funnel(2, s),
    lambda s: D.Banana(1, s),
    lambda s: D.Banana(-1, s),
    lambda s: D.Banana(0, s),
    lambda s: D.HalfNormal([s, s]),
    lambda s: D.TruncatedNormal(0, [s, s], -1, 1),
    lambda s: D.Logistic([0.0, 0.0], s),
    lambda s: D.Laplace([0.0, 0.0], s),
    lambda s: D.GeneralisedNormal([0.0, 0.0], s, 3.0),
    lambda s: D.SmoothedUniform([0.0, 0.0], 1.0, s),
    lambda s: D.Uniform([0.0, 0.0], s),
    lambda s: D.Ring(1, max(s, 1e-70)),
    lambda s: D.TwoMoons(1, max(s, 1e-70), 2.0),
    lambda s: D.Checkerboard(4, 1.0, max(s, 1e-70)),
]


@pytest.mark.parametrize("scale", [BIG, 1e155, 1e-100, SMALL, 1e-300])
@pytest.mark.parametrize("make", LAWS)
def test_any_scale_answers_without_nan_or_warning(make, scale):
    law = make(scale)
    x = np.array([[0.0, 0.0], [0.5, 0.25], [0.5, -0.25], [1.0, 0.5]])
    inside = law.log_density(x) > -np.inf if law.support != "R^d" else np.ones(4, dtype=bool)
    for value in (law.score(x), law.score.divergence(x), law.score.jacobian(x)):
        assert not np.isnan(value[inside]).any()
    assert not np.isnan(law.log_density(x)).any()
    assert not np.isnan(law.covariance).any()
    law.sample(3, rng=0)


def test_known_values_at_extreme_scales():
    assert (D.Banana(1, SMALL).score([0.0, 0.0]) == 0).all()
    assert D.Logistic(0, SMALL).score.divergence([1.0]) == 0
    np.testing.assert_allclose(D.Banana(1, 1e70).covariance, np.diag([1e140, 2e280]), rtol=1e-14)
    np.testing.assert_array_equal(D.Banana(1, 1e100).covariance, np.diag([1e100 * 1e100, np.inf]))
    np.testing.assert_array_equal(D.Ring(1, BIG).covariance, np.diag([np.inf, np.inf]))
    np.testing.assert_array_equal(D.Funnel(2, BIG).score([3.0, 0.0])[1], 0.0)
    assert D.Funnel(2, SMALL).score.jacobian([0.0, 0.0])[0, 0] == -np.inf
    assert D.Uniform(0, BIG).covariance[0, 0] == np.inf
    np.testing.assert_allclose(
        D.Laplace(0, 1e308).log_density([0.0]), -np.log(2e154) - 154 * np.log(10)
    )
    expected = np.log(3) - np.log(2) - np.log(1e308) - math.lgamma(1 / 3)
    np.testing.assert_allclose(D.GeneralisedNormal(0, 1e308, 3.0).log_density([0.0]), expected)
    law = D.GaussianMixture([0.5, 0.5], [[BIG, 0.0], [-BIG, 0.0]], [1.0, 1.0])
    np.testing.assert_array_equal(law.covariance, np.diag([np.inf, 1.0]))
    assert not np.isnan(
        D.GaussianMixture([0.5, 0.5], [[BIG, BIG], [0, 0]], [1, 2]).covariance
    ).any()


def test_draws_at_extreme_scales():
    far = D.TruncatedNormal(0, 1, -BIG, BIG).sample(50, rng=0)
    assert (np.abs(far) < 10).all()
    assert (np.abs(D.TruncatedNormal(0, 1e-200, -1, 1).sample(50, rng=0)) < 1e-198).all()
    assert not np.isnan(D.GeneralisedNormal(0, 1, 0.001).sample(50, rng=0)).any()
    bits = D.BoltzmannBinary([[0, 0], [0, 0]], [4e307, -4e307])
    np.testing.assert_array_equal(bits.mean, [1.0, 0.0])
    np.testing.assert_array_equal(D.Categorical([1e308, -1e308]).probabilities, [1.0, 0.0])


def test_the_arc_slope_keeps_its_digits():
    kappa = np.array([1e-9, 0.5, 2.0, 10.0, 19.9, 20.1, 30.0, 199.0, 201.0, 1001.0, 1e6])
    with mpmath.workdps(50):
        ratios = [mpmath.besseli(1, k) / mpmath.besseli(0, k) for k in map(mpmath.mpf, kappa)]
        exact = [float(1 - a / mpmath.mpf(k) - a * a) for a, k in zip(ratios, kappa)]
    np.testing.assert_allclose(_bessel_ratio(kappa)[2], exact, rtol=1e-13)


def test_a_cut_energy_is_never_asked_outside_its_box():
    energy = D.Energy(lambda x: x[:, 0] - np.log(x[:, 0]), 1, gradient=lambda x: 1 - 1 / x)
    law = energy.normalise(0, 60, cut=True)
    assert law.log_density([-1.0]) == -np.inf
    np.testing.assert_allclose(
        law.log_density([[-1.0], [2.0]]), [-np.inf, np.log(2) - 2], atol=1e-9
    )
    np.testing.assert_array_equal(law.score([[-1.0], [2.0]]), [[np.nan], [-0.5]])


def test_functions_that_return_nonsense_are_named():
    family = D.ExponentialFamily([1.0], 1, lambda x: np.nan * x, lambda x: np.nan * x[:, None])
    with pytest.raises(ValueError, match="features must not return NaN"):
        family.log_density([1.0])
    with pytest.raises(ValueError, match="gradient must not return NaN"):
        family.score([1.0])
    with pytest.raises(TypeError, match="^energy"):
        D.Energy(lambda x: "low", 1).log_density([1.0])


def test_a_law_cannot_be_changed_into_one_that_contradicts_itself():
    laws = [
        (D.StudentT([0.0], [[1.0]], 3.5), "shape", "dof"),
        (D.Laplace([0.0], 1.0), "scale", "location"),
        (D.TruncatedNormal(0, 1, -1, 1), "low", "parent_sd"),
        (D.SmoothedUniform(0, 1, 1), "sigma", "low"),
        (D.Funnel(2), "scale", "dim"),
        (D.TwoMoons(), "radius", "width"),
        (D.Empirical([[1.0]], 0.5), "bandwidth", "dim"),
        (D.BoltzmannBinary([[0.0]], [1.0]), "biases", "weights"),
        (D.ExponentialFamily([1.0], 1, np.array, np.array), "theta", "dim"),
    ]
    for law, *names in laws:
        for name in names:
            value = getattr(law, name)
            with pytest.raises(AttributeError, match=f"{name} is read-only"):
                setattr(law, name, value)
            if isinstance(value, np.ndarray):
                with pytest.raises(ValueError, match="read-only"):
                    value *= 4
    with pytest.raises(ValueError, match="read-only"):
        D.Categorical([0.0, 1.0]).logits[0] = 3.0
    mine = np.array([1.0, 2.0])
    D.Gaussian(mine, mine)
    D.Laplace(mine, mine)
    mine[0] = 5.0  # the caller's arrays stay writeable


def test_covariances_that_look_like_one_matrix_are_refused():
    means = np.zeros((2, 2))
    with pytest.raises(ValueError, match="covariances .* pass all as"):
        D.GaussianMixture([0.5, 0.5], means, [[1.0, 0.3], [0.3, 1.0]])
    for diagonals in ([[1.0, 2.0], [3.0, 4.0]], np.ones((2, 2)), np.eye(2) + 1.0 - np.eye(2)):
        law = D.GaussianMixture([0.5, 0.5], means, diagonals)
        np.testing.assert_array_equal(law.covariances[1], np.diag(np.asarray(diagonals)[1]))


def test_weights_are_made_to_sum_to_one():
    single = D.GaussianMixture(np.full(3, 1 / 3, np.float32), [[0.0], [1.0], [2.0]], [1, 1, 1])
    assert abs(single.weights.sum() - 1) < 3e-16
    nearly = D.GaussianMixture([0.5, 0.5 + 9e-9], [[0.0], [1.0]], [1, 1])
    assert abs(nearly.weights.sum() - 1) < 3e-16
    for bad in ([0.5, 0.50001], [1e308, 1e308]):
        with pytest.raises(ValueError, match="weights must sum to 1"):
            D.GaussianMixture(bad, [[0.0], [1.0]], [1, 1])


def test_a_subnormal_variance_is_named_as_such():
    with pytest.raises(ValueError, match="a variance is 1e-310, below"):
        D.Gaussian([0.0], 1e-310).score([0.0])


def test_a_law_shows_what_it_is():
    shown = [
        (D.Gaussian(np.zeros(3), 1.0), "Gaussian(dim=3)"),
        (
            D.GaussianMixture([0.5, 0.2, 0.3], np.zeros((3, 2)), [1, 1, 1]),
            "GaussianMixture(K=3, dim=2)",
        ),
        (D.StudentT([0.0, 0.0], np.eye(2), 3.5), "StudentT(dim=2, dof=3.5)"),
        (D.Empirical(np.zeros((4, 2)), 0.5), "Empirical(m=4, dim=2, bandwidth=0.5)"),
        (D.Ring(2, 0.5), "Ring(radius=2.0, width=0.5)"),
        (D.Categorical([0.0, 1.0]), "Categorical(K=2)"),
    ]
    for law, text in shown:
        assert repr(law) == text
    np.testing.assert_array_equal(D.HalfNormal([1.0, 2.0]).low, [0.0, 0.0])
    np.testing.assert_array_equal(D.HalfNormal([1.0, 2.0]).high, [np.inf, np.inf])
