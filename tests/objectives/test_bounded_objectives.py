"""Generalised score matching: plain formulas, weights, closed minimisers and their variances."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import ndtri

from refscore import objectives
from refscore.distributions import Gaussian, HalfNormal, TruncatedNormal, Uniform
from refscore.estimation import fit_generalised
from refscore.fields import Affine, LinearInParameters, Zero
from refscore.networks import MLP
from refscore.objectives import (
    Weight,
    bounded_loss,
    bounded_loss_and_gradient,
    bounded_loss_gradient,
    box_weight,
    capped_weight,
    distance_weight,
    log_weight,
    power_weight,
)
from refscore.oracles import bounded as oracle
from tests.objectives import plain

WIDTHS = (3, 5, 4, 3)
RNG = np.random.default_rng(0)
NET = MLP.initialise(WIDTHS, rng=1).with_parameters(0.7 * RNG.standard_normal(59))
X = RNG.uniform(0.05, 0.95, (6, 3))
LOW, HIGH = [-0.5, 0.0, -1.0], [1.0, 2.0, 1.5]
WEIGHTS = {
    "square": power_weight(2.0),
    "root": power_weight(0.5),
    "capped": capped_weight(0.4),
    "log": log_weight(),
    "box": box_weight(LOW, HIGH),
    "distance": distance_weight(LOW, HIGH),
}


def weighted(s, jacobian, h, slope):
    """Σ ½hs² + h ∂s + h′s, one coordinate after the other."""
    return sum(
        0.5 * h[i] * s[i] ** 2 + h[i] * jacobian[i, i] + slope[i] * s[i] for i in range(len(s))
    )


@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
def test_loss_and_gradient_are_the_formula(weight):
    h, slope = weight(X), weight.derivative(X)
    want = [weighted(NET(x), NET.jacobian(x), a, b) for x, a, b in zip(X, h, slope, strict=True)]
    np.testing.assert_allclose(bounded_loss(NET, X, weight), want, rtol=1e-12)

    def field_at(theta, x):
        return plain.mlp(*plain.unflatten_mlp(theta, WIDTHS), x)

    mean = plain.mean_over_points(weighted, field_at, X, h, slope)
    gradient = plain.complex_step(mean, NET.parameters)
    np.testing.assert_allclose(bounded_loss_gradient(NET, X, weight), gradient, atol=1e-12)
    blocks = NET.with_parameters(NET.parameters)
    blocks.rows_at_once = 4
    both = bounded_loss_and_gradient(blocks, X.reshape(2, 3, 3), weight)
    np.testing.assert_allclose(both[0], np.mean(want), rtol=1e-12)
    np.testing.assert_allclose(both[1], gradient, atol=1e-12)


@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
def test_weights_vanish_at_their_ends_and_have_the_derivative_they_say(weight):
    for end in (weight.low, weight.high):
        if np.isfinite(end).all():
            assert np.abs(weight(np.broadcast_to(end, 3))).max() <= 1e-15
    step = 1e-6
    difference = (weight(X + step) - weight(X - step)) / (2 * step)
    np.testing.assert_allclose(weight.derivative(X), difference, rtol=2e-8)
    v = RNG.standard_normal(X.shape)
    np.testing.assert_allclose(weight.vjp(X, v), v * difference, rtol=2e-8)
    outside = np.array([[3.0, 0.5, 0.5], [-2.0, 0.5, 0.5]])
    assert np.isnan(weight(outside)[1, 0])
    assert np.isnan(weight.derivative(outside)[1, 0])
    assert np.isfinite(weight(outside)[:, 1:]).all()


def test_known_values():
    x = np.array([[0.25, 4.0]])
    for weight, h, slope in (
        (power_weight(2.0), [0.0625, 16.0], [0.5, 8.0]),
        (power_weight(0.5), [0.5, 2.0], [1.0, 0.25]),
        (capped_weight(2.0), [0.25, 2.0], [1.0, 0.0]),
        (log_weight(), [math.log(1.25), math.log(5.0)], [0.8, 0.2]),
        (box_weight(0.0, [1.0, 5.0]), [0.1875, 4.0], [0.5, -3.0]),
        (distance_weight([0.0, 0.0], [1.0, 5.0]), [0.25, 1.0], [1.0, -1.0]),
    ):
        np.testing.assert_allclose(weight(x)[0], h, rtol=1e-15)
        np.testing.assert_allclose(weight.derivative(x)[0], slope, rtol=1e-15)


def test_functions_serve_as_a_weight():
    got = bounded_loss(NET, X, np.square, lambda x: 2 * x)
    np.testing.assert_allclose(got, bounded_loss(NET, X, power_weight(2.0)), rtol=1e-13)
    made = Weight(np.square, lambda x: 2 * x)
    np.testing.assert_allclose(bounded_loss(NET, X, made), got, rtol=1e-13)


def test_a_weight_of_one_is_the_implicit_loss():
    got = bounded_loss(NET, X - 5, np.ones_like, np.zeros_like)
    np.testing.assert_allclose(got, objectives.implicit_loss(NET, X - 5), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bounded_loss(NET, X - [0, 0.9, 0], log_weight()),
         r"x must lie in the weight's support, \[0, inf\] for coordinate 1; got -0.4\d+ in row 0"),
        (lambda: bounded_loss(NET, X + [0, 0, 1.4], box_weight(LOW, HIGH)),
         r"\[-1, 1.5\] for coordinate 2; got .* in row"),
        (lambda: bounded_loss(NET, X, box_weight([0, 0], [1, 1])), "made for 2 coordinates"),
        (lambda: bounded_loss(NET, 0 * X, power_weight(0.5)), r"weight_derivative\(x\) must be"),
        (lambda: bounded_loss(NET, X, np.square), "weight_derivative must be given"),
        (lambda: bounded_loss(NET, X, lambda x: x[:1], np.square), r"weight\(x\) must have the sh"),
        (lambda: bounded_loss(NET, X, lambda x: x - 2, np.ones_like), "weight must be at least 0"),
        (lambda: Weight(lambda x: x + 1, np.ones_like), "value must vanish at low"),
        (lambda: Weight(lambda x: x, np.ones_like, high=2.0), "value must vanish at high"),
        (lambda: box_weight(1.0, 1.0), "high must exceed low"),
        (lambda: power_weight(0.0), "exponent must be positive"),
        (lambda: objectives.boundary_term(Zero(1), Uniform([0, 0], [1, 1])), "dimension 1"),
        (lambda: bounded_loss_gradient(NET, X[:0], log_weight()), "at least one point"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_no_points_one_point_and_inputs_untouched():
    assert bounded_loss(NET, np.zeros((0, 3)), log_weight()).shape == (0,)
    x = X.copy()
    bounded_loss_and_gradient(NET, x, log_weight())
    assert np.array_equal(x, X)
    rows = [bounded_loss(NET, row, log_weight()) for row in X]
    np.testing.assert_allclose(bounded_loss(NET, X, log_weight()), rows, rtol=1e-13)


def test_a_weight_that_writes_to_its_argument_does_no_harm():
    def squared(x):
        x *= x
        return x

    x = X.copy()
    got = bounded_loss(NET, x, squared, lambda x: 2 * x)
    np.testing.assert_allclose(got, bounded_loss(NET, X, power_weight(2.0)), rtol=1e-13)
    assert np.array_equal(x, X)


# --- closed minimisers -----------------------------------------------------------------------


def constant(value):
    return LinearInParameters(
        lambda x: np.full((len(x), 1, 1), value), lambda x: np.zeros((len(x), 1, 1, 1)), [0.0], 1
    )


def least(field, x, weight, fixed=None):
    return fit_generalised(field, x, weight, fixed=fixed).parameters


def test_mean_of_a_normal_law_on_the_half_line():
    x = np.abs(RNG.standard_normal((50, 1)))
    h, slope = (np.ravel(f(x)) for f in (log_weight(), log_weight().derivative))
    got = least(constant(1.0), x, log_weight(), HalfNormal([1.0]).score)
    np.testing.assert_allclose(got, (h @ x[:, 0] - slope.sum()) / h.sum(), rtol=1e-12)


def test_rate_of_an_exponential_law_is_the_maximum_likelihood_estimate():
    x = RNG.exponential(0.7, (200, 1))
    rate = constant(-1.0)
    np.testing.assert_allclose(least(rate, x, power_weight(1.0)), [1 / x.mean()])
    both = 2 * x.mean() / np.mean(x**2)
    np.testing.assert_allclose(least(rate, x, power_weight(2.0)), [both])


def test_affine_minimiser_has_no_gradient_and_is_the_truth_in_the_limit():
    u = (np.arange(20_000) + 0.5) / 20_000
    draws = 0.8 * ndtri(0.5 + 0.5 * u)[:, None]  # quantiles of the half-normal law
    theta = least(Affine([[0.0]], [0.0]), draws, log_weight())
    np.testing.assert_allclose(theta, [-1 / 0.64, 0.0], atol=2e-3)
    at = Affine([theta[:1]], theta[1:])
    assert np.abs(bounded_loss_gradient(at, draws, log_weight())).max() < 1e-12


def test_boundary_terms_by_hand():
    field = Affine([[2.0]], [-1.0])
    assert objectives.boundary_term(field, Uniform([1.0], [3.0])) == pytest.approx(0.5 * (5 - 1))
    half = objectives.boundary_term(field, HalfNormal([2.0]))
    assert half == pytest.approx(math.sqrt(2 / math.pi) / 2)
    whole = TruncatedNormal([0.0], [1.0], [-np.inf], [np.inf])
    assert objectives.boundary_term(field, whole) == 0.0
    with pytest.raises(TypeError, match=r"law must offer \.low"):
        objectives.boundary_term(field, Gaussian([0.0], 1.0))


# --- asymptotic variances --------------------------------------------------------------------


def kind(name, **more):
    return SimpleNamespace(kind=name, **more)


@pytest.mark.parametrize(
    ("weight", "mean", "variance"),
    [
        (kind("power", exponent=2.0), 7.0, 14 / 3),
        (kind("power", exponent=1.0), math.pi, 2.748894),
        (kind("capped", cap=1.0), 3.008293, None),
        (kind("capped", cap=2.0), 3.074790, None),
        (kind("log"), 2.795459, None),
    ],
)
def test_asymptotic_variances_on_the_half_normal_law(weight, mean, variance):
    assert oracle.variance_of_mean(weight) == pytest.approx(mean, abs=6e-7)
    assert oracle.variance_of_mean(weight) > oracle.bound_on_mean()
    assert oracle.variance_of_variance(weight) > oracle.bound_on_variance()
    if variance:
        assert oracle.variance_of_variance(weight) == pytest.approx(variance, abs=6e-7)


def test_bounds_and_the_exponential_law():
    assert oracle.bound_on_mean() == pytest.approx(1 / (1 - 2 / math.pi), rel=1e-12)
    assert oracle.bound_on_mean(1.2, 0.7) == pytest.approx(
        0.7**4 / TruncatedNormal([1.2], [0.7], [0.0], [np.inf]).covariance[0, 0], rel=1e-10
    )
    assert oracle.bound_on_variance(sd=1.3) == pytest.approx(2 * 1.3**4, rel=1e-12)
    assert oracle.variance_of_rate(kind("power", exponent=1.0), 1.7) == pytest.approx(1.7**2)
    assert oracle.variance_of_rate(kind("power", exponent=2.0), 1.7) == pytest.approx(2 * 1.7**2)


@pytest.mark.parametrize("name", ["square", "capped", "log"])
def test_the_minimiser_spreads_as_its_asymptotic_variance_says(name):
    """1500 repetitions of 400 draws: the mean square has a relative error of √(2/1500)."""
    weight = WEIGHTS[name]
    described = {"square": kind("power", exponent=2.0), "capped": kind("capped", cap=0.4),
                 "log": kind("log")}[name]  # fmt: skip
    x = np.abs(np.random.default_rng(5).standard_normal((1500, 400)))
    h, slope = weight(x), weight.derivative(x)
    mu = (h * x - slope).mean(1) / h.mean(1)
    assert 400 * np.mean(mu**2) == pytest.approx(
        oracle.variance_of_mean(described), rel=5 * math.sqrt(2 / 1500)
    )
