"""Densities back from scores: path integrals, normalisers, circulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import roots_legendre

from refscore import recovery
from refscore.distributions import Gaussian, GaussianMixture
from refscore.fields import Affine, Field
from refscore.recovery import circulation, log_density_from_score, normalise


class Plain(Field):
    """A field from a function of points (n, d)."""

    def __init__(self, function, dim):
        super().__init__(dim)
        self._value = function


def test_the_rule_is_gauss_inside_kronrod():
    x, w = roots_legendre(7)
    np.testing.assert_allclose(recovery.NODES[1::2], x, atol=1e-15)
    np.testing.assert_allclose(recovery.GAUSS[1::2], w, atol=1e-15)
    for power in range(23):
        exact = (1 - (-1) ** (power + 1)) / (power + 1)
        assert abs(recovery.KRONROD @ recovery.NODES**power - exact) < 1e-14


@given(st.integers(0, 10**6), st.integers(1, 3), st.sampled_from([(), (3,), (2, 2), (0,)]))
@settings(max_examples=25, deadline=None)
def test_the_difference_of_log_densities(seed, dim, lead):
    rng = np.random.default_rng(seed)
    x, x0 = 3 * rng.standard_normal((*lead, dim)), rng.standard_normal(dim)
    for law in (
        Gaussian(rng.standard_normal(dim), rng.uniform(0.3, 2.0, dim)),
        GaussianMixture([0.4, 0.6], 2 * rng.standard_normal((2, dim)), rng.uniform(0.1, 1.0, 2)),
    ):
        got = log_density_from_score(law.score, x, x0)
        assert got.shape == lead
        expected = law.log_density(x) - law.log_density(x0)
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


def test_narrow_modes_far_apart():
    law = GaussianMixture([0.3, 0.7], [[0.0], [1.0]], [1e-8, 1e-8])
    got = log_density_from_score(law.score, [1.0], [0.0])
    np.testing.assert_allclose(got, np.log(7 / 3), atol=2.5e-3)  # 1e-10 of ∫|s| = 2.5e7
    x = np.array([[1e-4], [0.999]])
    got = log_density_from_score(law.score, x, [0.0])
    expected = law.log_density(x) - law.log_density([0.0])
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-2)


def test_a_kink_is_found_by_halving_and_helped_by_a_breakpoint():
    laplace = Plain(lambda x: -np.sign(x), 1)
    x = np.array([[2.0], [-3.0], [0.5]])
    got = log_density_from_score(laplace, x, [-1.0])
    np.testing.assert_allclose(got, 1 - np.abs(x[:, 0]), atol=1e-9)
    calls = []
    counted = Plain(lambda x: calls.append(len(x)) or -np.sign(x), 1)
    log_density_from_score(counted, [2.0], [-1.0], breakpoints=[1 / 3])
    assert sum(calls) == 75  # five panels, no halving


def test_on_two_pieces_the_score_does_not_know_the_weights():
    """½U(0,1)+½U(2,3) and .9/.1 both have score 0 on their support."""
    zero = Plain(np.zeros_like, 1)
    assert log_density_from_score(zero, [2.5], [0.5]) == 0.0 != np.log(0.1 / 0.9)


def test_circulation_of_affine_fields_is_area_times_curl():
    rng = np.random.default_rng(0)
    a = rng.standard_normal((2, 2))
    corners = rng.standard_normal((5, 2))
    x, y = corners.T
    area = 0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1))
    expected = (a[1, 0] - a[0, 1]) * area
    np.testing.assert_allclose(circulation(Affine(a, [1.0, 2.0]), corners), expected, rtol=1e-12)
    law = GaussianMixture([0.4, 0.6], rng.standard_normal((2, 2)), [0.3, 1.0])
    assert abs(circulation(law.score, corners)) < 1e-9
    assert abs(circulation(law.score, 10 * rng.standard_normal((4, 2)))) < 1e-8


def test_a_vortex_has_circulation_around_its_hole_only():
    vortex = Plain(lambda x: np.stack([-x[:, 1], x[:, 0]], 1) / (x**2).sum(1, keepdims=True), 2)
    square = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    np.testing.assert_allclose(circulation(vortex, square), 2 * np.pi, rtol=1e-10)
    assert abs(circulation(vortex, square + 3)) < 1e-10


@pytest.mark.parametrize("dim", [1, 2])
def test_normalise_gaussians_and_mixtures(dim):
    law = GaussianMixture([0.3, 0.7], [[-2.0] * dim, [1.5] * dim], [0.04, 0.5])
    box = np.full(dim, 9.0)
    constant = 123.4
    got = normalise(lambda x: law.log_density(x) + constant, -box, box)
    np.testing.assert_allclose(got, constant, rtol=1e-11)
    shifted = normalise(lambda x: law.log_density(x) - 2000.0, -box, box)
    np.testing.assert_allclose(shifted, -2000.0, rtol=1e-11)


def test_normalise_half_normal_and_ring():
    with np.errstate(all="ignore"):
        got = normalise(
            lambda x: np.where(x[:, 0] > 0, -0.5 * x[:, 0] ** 2, -np.inf), [-9.0], [8.7]
        )
    np.testing.assert_allclose(got, 0.5 * np.log(np.pi / 2), atol=1e-9)
    ring = normalise(lambda x: -0.5 * ((np.hypot(*x.T) - 2) / 0.1) ** 2, [-4.0, -4.0], [4.0, 4.0])
    np.testing.assert_allclose(ring, np.log(2 * np.pi * 2 * 0.1 * np.sqrt(2 * np.pi)), rtol=1e-9)


def test_recovering_a_normalised_density_from_a_score_alone():
    law = GaussianMixture([0.35, 0.65], [[-1.5], [2.0]], [0.3, 0.8])
    z = normalise(lambda x: log_density_from_score(law.score, x, [0.0]), [-9.0], [11.0])
    x = np.linspace(-3, 4, 9)[:, None]
    got = log_density_from_score(law.score, x, [0.0]) - z
    np.testing.assert_allclose(got, law.log_density(x), atol=1e-9)


def test_what_cannot_be_integrated_says_so():
    singular = Plain(lambda x: 1 / np.abs(x - 1 / 3), 1)
    with np.errstate(all="ignore"), pytest.raises(RuntimeError, match="breakpoints"):
        log_density_from_score(singular, [1.0], [0.0])
    with pytest.raises(RuntimeError, match="relative tolerance"):
        normalise(lambda x: np.where(x[:, 0] > x[:, 1] / 3, 0.0, -1.0), [0.0, 0.0], [1.0, 1.0])


def test_bad_arguments_are_named():
    law = Gaussian([0.0, 0.0], 1.0)
    cases = [
        (lambda: log_density_from_score(law.score, [0.0], [0.0, 0.0]), "x must have shape"),
        (lambda: log_density_from_score(law.score, [0.0, 1.0], [0.0]), "x0 must have shape"),
        (
            lambda: log_density_from_score(law.score, [0, 1], [0, 0], breakpoints=[1.0]),
            "breakpoints",
        ),
        (lambda: log_density_from_score(law.score, [0, 1], [0, 0], tolerance=0), "tolerance"),
        (lambda: circulation(law.score, [[0.0, 0.0], [1.0, 1.0]]), "vertices must have shape"),
        (lambda: normalise(law.log_density, [0.0] * 3, [1.0] * 3), "low and high"),
        (lambda: normalise(law.log_density, [0.0, 0.0], [1.0, 0.0]), "high must be above low"),
        (lambda: normalise(lambda x: np.full(len(x), np.nan), [0.0], [1.0]), "log_density must"),
        (lambda: normalise(lambda x: np.full(len(x), -np.inf), [0.0], [1.0]), "log_density must"),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()
