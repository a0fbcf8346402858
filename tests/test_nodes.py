"""Nodes against moments, densities and each other."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore.distributions import Categorical, Empirical, Gaussian, GaussianMixture, StudentT
from refscore.nodes import (
    Nodes,
    enumerate_binary,
    gauss_hermite,
    monte_carlo,
    quasi_monte_carlo,
    signs,
    trapezoid,
)

MEAN = np.array([1.0, -2.0])
COVARIANCE = np.array([[2.0, 0.6], [0.6, 0.5]])
GAUSSIAN = Gaussian(MEAN, COVARIANCE)
MIXTURE = GaussianMixture(
    np.array([0.3, 0.7]),
    np.array([[-2.0, 0.5], [1.0, -1.0]]),
    np.array([[[1.0, 0.4], [0.4, 0.5]], [[0.6, -0.2], [-0.2, 1.5]]]),
)


def moments(nodes):
    mean = nodes.mean(nodes.points)
    centred = nodes.points - mean
    return mean, nodes.mean(centred[:, :, None] * centred[:, None, :])


def mixture_moments(p):
    mean = p.weights @ p.means
    centred = p.means - mean
    return mean, np.einsum("k,kij->ij", p.weights, p.covariances) + np.einsum(
        "k,ki,kj->ij", p.weights, centred, centred
    )


@given(st.integers(1, 6))
def test_signs_are_all_sign_vectors_once(dim):
    nodes = signs(dim)
    assert len({tuple(p) for p in nodes.points}) == 2**dim == len(nodes)
    assert set(nodes.points.ravel()) == {-1.0, 1.0}
    mean, second = moments(nodes)
    np.testing.assert_array_equal(mean, np.zeros(dim))
    np.testing.assert_array_equal(second, np.eye(dim))


def test_enumeration_gives_the_moments_of_a_boltzmann_law():
    bias, coupling = np.array([0.3, -1.2]), 0.8
    nodes = enumerate_binary(2).under(lambda x: x @ bias + coupling * x[:, 0] * x[:, 1] + 700)
    weight = {(a, b): math.exp(0.3 * a - 1.2 * b + 0.8 * a * b) for a in (0, 1) for b in (0, 1)}
    total = sum(weight.values())
    expected = [(weight[1, 0] + weight[1, 1]) / total, (weight[0, 1] + weight[1, 1]) / total]
    np.testing.assert_allclose(nodes.mean(nodes.points), expected, rtol=1e-14)


@pytest.mark.parametrize("order", [1, 2, 5, 40, 120])
def test_hermite_is_exact_for_polynomials_to_its_degree(order):
    nodes = gauss_hermite(Gaussian(np.array([0.5]), np.array([[4.0]])), order)
    z = (nodes.points[:, 0] - 0.5) / 2
    for degree in range(0, min(2 * order, 12)):
        expected = 0.0 if degree % 2 else math.prod(range(1, degree, 2))
        assert nodes.mean(z**degree) == pytest.approx(expected, rel=1e-12, abs=1e-11)


@pytest.mark.parametrize("build", [lambda p: gauss_hermite(p, 4), lambda p: trap(p)])
def test_quadratures_give_the_moments_of_a_correlated_mixture(build):
    mean, covariance = moments(build(MIXTURE))
    expected = mixture_moments(MIXTURE)
    np.testing.assert_allclose(mean, expected[0], atol=1e-13)
    np.testing.assert_allclose(covariance, expected[1], atol=1e-13)


def trap(p):
    return trapezoid([-12, -12], [12, 12], 120).under(p.log_density)


def test_hermite_of_an_empirical_law_takes_one_component_a_point():
    data = np.array([[0.0, 1.0], [2.0, -1.0], [0.5, 0.5]])
    mean, covariance = moments(gauss_hermite(Empirical(data, 0.3), 3))
    np.testing.assert_allclose(mean, data.mean(0), atol=1e-14)
    np.testing.assert_allclose(covariance, np.cov(data.T, bias=True) + 0.09 * np.eye(2), atol=1e-14)


def test_trapezoid_converges_faster_than_powers_on_a_mixture():
    errors = []
    for n in (10, 20, 40, 80):
        nodes = trapezoid([-12, -12], [12, 12], n)
        errors.append(abs(nodes.mean(np.exp(MIXTURE.log_density(nodes.points))) - 1))
    assert errors[-1] < 1e-14
    assert errors[2] < 1e-3 * errors[1] < 1e-4


def test_trapezoid_in_one_dimension_integrates_lines_exactly():
    nodes = trapezoid(-1.0, 3.0, 7)
    assert nodes.weights.sum() == pytest.approx(4.0, rel=1e-15)
    assert nodes.mean(2 * nodes.points[:, 0] + 1) == pytest.approx(12.0, rel=1e-14)


def test_under_keeps_missing_mass_when_asked():
    nodes = trapezoid(0.0, 12.0, 4000).under(Gaussian([0.0], 1.0).log_density, normalise=False)
    assert nodes.weights.sum() == pytest.approx(0.5, rel=1e-12)


def test_monte_carlo_carries_the_draws_of_the_law():
    nodes = monte_carlo(GAUSSIAN, 5, rng=3)
    np.testing.assert_array_equal(nodes.points, GAUSSIAN.sample(5, rng=3))
    np.testing.assert_array_equal(nodes.weights, np.full(5, 0.2))


@pytest.mark.parametrize("law", [GAUSSIAN, MIXTURE], ids=["gaussian", "mixture"])
def test_quasi_monte_carlo_beats_the_monte_carlo_error(law):
    exact = moments(gauss_hermite(law, 4))
    n = 2**13
    for found, expected in zip(moments(quasi_monte_carlo(law, n, rng=1)), exact, strict=True):
        assert np.abs(found - expected).max() < 1 / n**0.75


def test_quasi_monte_carlo_of_the_cube_is_balanced():
    points = quasi_monte_carlo(3, 64, rng=0).points
    assert ((points >= 0) & (points < 1)).all()
    for axis in points.T:
        np.testing.assert_array_equal(np.sort(np.floor(64 * axis)), np.arange(64))


@settings(max_examples=20)
@given(st.integers(1, 3), st.integers(0, 2**31))
def test_mean_is_linear_and_takes_functions_and_leading_shapes(dim, seed):
    rng = np.random.default_rng(seed)
    nodes = Nodes(rng.normal(size=(7, dim)), rng.dirichlet(np.ones(7)))
    values = rng.normal(size=(7, 2, 3))
    by_hand = sum(w * v for w, v in zip(nodes.weights, values, strict=True))
    np.testing.assert_allclose(nodes.mean(values), by_hand, atol=1e-14)
    np.testing.assert_allclose(nodes.mean(lambda x: x**2), nodes.weights @ nodes.points**2)
    assert np.ndim(nodes.mean(np.ones(7))) == 0


def test_nodes_are_read_only_and_leave_the_arrays_writable():
    points, weights = np.zeros((2, 1)), np.full(2, 0.5)
    nodes = Nodes(points, weights)
    with pytest.raises(ValueError, match="read-only"):
        nodes.points[0] = 1
    points[0] = 1.0
    weights[0] = 0.2


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Nodes(np.zeros(3), np.ones(3)), ValueError, r"points must have shape \(m, d\)"),
        (lambda: Nodes(np.zeros((3, 1)), np.ones(2)), ValueError, "weights must have shape"),
        (lambda: signs(40), ValueError, "points"),
        (lambda: signs(0), ValueError, "dim must be at least 1"),
        (lambda: gauss_hermite(StudentT(MEAN, COVARIANCE, 5.0), 3), TypeError, "StudentT"),
        (lambda: gauss_hermite(GAUSSIAN, 100_000), ValueError, "points"),
        (lambda: trapezoid(1.0, 0.0, 5), ValueError, "low < high"),
        (lambda: quasi_monte_carlo(2, 100, rng=0), ValueError, "power of two"),
        (lambda: signs(2).mean(np.ones(3)), ValueError, "values must have shape"),
        (lambda: signs(2).mean(np.full(4, np.nan)), ValueError, "values must be finite"),
        (lambda: signs(2).under(lambda x: np.full(4, -np.inf)), ValueError, "no mass"),
        (lambda: signs(2).under(lambda x: x), ValueError, "log_density must give"),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: signs(2000),
        lambda: enumerate_binary(1100),
        lambda: gauss_hermite(Gaussian(np.zeros(1000), 1.0), 3),
        lambda: trapezoid(np.zeros(700), np.ones(700), 3),
        lambda: enumerate_binary(25),
    ],
)
def test_too_many_points_to_count_are_refused(call):
    with pytest.raises(ValueError, match="would take .* points; at most"):
        call()


def test_hermite_at_the_edges_of_what_it_takes():
    one = gauss_hermite(Gaussian(np.arange(100.0), 1.0), 1)
    np.testing.assert_array_equal(one.points, np.arange(100.0)[None])
    atoms = gauss_hermite(Empirical([[1.0], [2.0]], 0.0), 2)
    np.testing.assert_array_equal(atoms.points.ravel(), [1, 1, 2, 2])
    np.testing.assert_allclose(atoms.weights, 0.25)


def test_the_last_axis_of_a_rule_runs_fastest():
    points = trapezoid([0.0, 10.0], [1.0, 11.0], 1).points
    np.testing.assert_array_equal(points, [[0, 10], [0, 11], [1, 10], [1, 11]])


def test_extremes_of_boxes_and_means_are_silent_or_named():
    assert Nodes([[0.0], [1.0]], [2.0, 2.0]).mean([1e308, 1e308]) == np.inf
    assert trapezoid(-8e307, 8e307, 4).weights.sum() == pytest.approx(1.6e308)
    for low, high in ((-1.7e308, 1.7e308), ([-1e200, -1e200], [1e200, 1e200])):
        with pytest.raises(ValueError, match="low and high must span a finite volume"):
            trapezoid(low, high, 4)


def test_a_law_that_draws_no_points_is_refused_by_name():
    with pytest.raises(TypeError, match=r"law must draw points.*Categorical"):
        monte_carlo(Categorical([0.0, 1.0]), 5, rng=0)
