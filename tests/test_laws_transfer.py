"""The transfer operator against Gaussian laws, symmetry, and chains that were run."""

import re

import numpy as np
import pytest
from scipy.special import ndtr

from refscore import langevin, laws
from refscore.distributions import Gaussian, GaussianMixture
from refscore.nodes import Nodes, gauss_hermite

LECTURE = GaussianMixture([0.6, 0.4], [[2.0], [-2.0]], [[[0.25]], [[0.04]]])
POINTS = np.array([-2.0, -1.0, 0.0, 1.5, 2.5])


@pytest.mark.parametrize("n_steps", [1, 2, 3, 30])
def test_a_gaussian_chain_keeps_its_gaussian_law(n_steps):
    p, start = Gaussian([0.4], 0.7), Gaussian([-1.0], 0.3)
    law = laws.langevin_law(p, 0.5, n_steps, start.mean, start.covariance)
    want = ndtr((POINTS - law.mean[0]) / law.covariance[0, 0] ** 0.5)
    nodes = gauss_hermite(start, 60)
    found = laws.chain_distribution(p.score, 0.5, n_steps, nodes, POINTS, -9.0, 9.0)
    np.testing.assert_allclose(found, want, atol=1e-12)
    point = Nodes([[-1.0]], [1.0])
    law = laws.langevin_law(p, 0.5, n_steps, [-1.0], [[0.0]])
    want = ndtr((POINTS - law.mean[0]) / law.covariance[0, 0] ** 0.5)
    found = laws.chain_distribution(p.score, 0.5, n_steps, point, POINTS, -9.0, 9.0)
    np.testing.assert_allclose(found, want, atol=1e-12)


def test_an_annealed_gaussian_chain_keeps_its_gaussian_law():
    p, start, sigmas = Gaussian([0.4], 0.7), Gaussian([-1.0], 0.3), [2.0, 1.0, 0.5]
    law = laws.annealed_law(p, sigmas, 0.3, 4, start.mean, start.covariance)
    want = ndtr((POINTS - law.mean[0]) / law.covariance[0, 0] ** 0.5)
    found = laws.annealed_distribution(
        lambda x, s: p.diffuse(1.0, s).score(x), sigmas, 0.3, 4, gauss_hermite(start, 60), POINTS,
        -40.0, 40.0,
    )  # fmt: skip
    np.testing.assert_allclose(found, want, atol=1e-9)


def test_the_operator_applied_keeps_mass_and_finds_the_stationary_law():
    p, grid = Gaussian([0.0], 1.0), np.linspace(-10, 10, 241)
    T = laws.transfer_operator(p.score, 1.0, grid)
    density = np.exp(-((grid - 2) ** 2)) / np.pi**0.5
    once, twice = T.apply(density), T.apply(T.apply(density))
    np.testing.assert_allclose(T.apply(density, 2), twice, atol=1e-15)
    np.testing.assert_allclose(T.apply(density, 0), density)
    assert once.sum() * T.spacing == pytest.approx(1.0, abs=1e-12)
    limit = T.apply(density, 60)
    v = 1 / (1 - 1 / 4)
    np.testing.assert_allclose(
        limit, np.exp(-(grid**2) / (2 * v)) / (2 * np.pi * v) ** 0.5, atol=1e-12
    )
    start = Nodes([[0.3]], [1.0])
    direct = T.distribution_after(start, POINTS)
    np.testing.assert_allclose(direct, ndtr(POINTS - 0.15), atol=1e-15)


def test_the_weights_of_the_lectures_example_come_from_the_start():
    """.6 is wanted; U[-3, 3] splits .637 and ends at .631, U[0, 3] at 1, N(0, 1) at .785."""
    mass = {}
    wide = Nodes(np.linspace(-8, 8, 4001)[:, None], np.ones(4001))
    normal = Nodes(wide.points, np.exp(-(wide.points[:, 0] ** 2) / 2) * 0.004 / (2 * np.pi) ** 0.5)
    starts = {
        "U[-3, 3]": laws.uniform_start(-3.0, 3.0), "U[0, 3]": laws.uniform_start(0.0, 3.0),
        "N(0, 1)": normal,
    }  # fmt: skip
    for name, start in starts.items():
        below = laws.chain_distribution(LECTURE.score, 0.02, 100, start, [0.0], -9.0, 9.0)
        mass[name] = 1 - below[0]
    assert mass["U[-3, 3]"] == pytest.approx(0.6318, abs=5e-5)
    assert mass["U[0, 3]"] == pytest.approx(0.99995, abs=5e-6)
    assert mass["N(0, 1)"] == pytest.approx(0.78465, abs=5e-6)


def test_annealing_needs_enough_steps_a_level():
    """From U[-3, 3], 10 levels from 3 to .3: .584 with 10 steps each, .6005 with 100."""
    found = {}
    for n in (10, 100):
        below = laws.annealed_distribution(
            lambda x, s: LECTURE.diffuse(1.0, s).score(x), np.geomspace(3, 0.3, 10), 0.02, n,
            laws.uniform_start(-3.0, 3.0), [0.0], -40.0, 40.0,
        )  # fmt: skip
        found[n] = 1 - below[0]
    assert found[10] == pytest.approx(0.5836, abs=5e-5)
    assert found[100] == pytest.approx(0.6005, abs=5e-5)


def test_chains_that_are_run_have_the_law_of_the_operator():
    rng = np.random.default_rng()
    x0 = rng.uniform(-3, 3, (20_000, 1))
    x = langevin.run(langevin.ula(LECTURE.score, 0.02), x0, 40, rng=rng, moments=False).x[:, 0]
    start = laws.uniform_start(-3.0, 3.0)
    law = laws.chain_distribution(LECTURE.score, 0.02, 40, start, np.sort(x), -9.0, 9.0)
    gap = np.abs(law - (np.arange(len(x)) + 0.5) / len(x)).max()
    assert gap < np.sqrt(np.log(2 / 1e-9) / (2 * len(x))) + 1 / len(x)


def test_a_grid_that_does_not_fit_is_refused():
    p = Gaussian([0.0], 1.0)
    with pytest.raises(ValueError, match="spacing of at most"):
        laws.transfer_operator(p.score, 0.01, np.linspace(-5, 5, 50))
    with pytest.raises(ValueError, match="hold the whole law"):
        laws.chain_distribution(p.score, 0.5, 5, Nodes([[0.0]], [1.0]), [0.0], -1.0, 1.0)
    with pytest.raises(ValueError, match="at most 8192 points"):
        laws.chain_distribution(p.score, 1e-9, 5, Nodes([[0.0]], [1.0]), [0.0], -1.0, 1.0)
    with pytest.raises(ValueError, match="equally spaced"):
        laws.transfer_operator(p.score, 0.5, [0.0, 0.1, 0.3])
    with pytest.raises(ValueError, match=r"score\(x\)"):
        laws.transfer_operator(lambda x: x[:, 0], 0.5, np.linspace(-5, 5, 50))


@pytest.mark.parametrize(("eta", "n_steps", "count"), [(0.1, 20, 103), (0.02, 100, 228)])
def test_a_grid_too_coarse_for_the_drift_is_refused_and_the_count_asked_for_suffices(
    eta, n_steps, count
):
    start = laws.uniform_start(-3.0, 3.0)
    with pytest.raises(ValueError, match=r"spacing of at most .* \d+ points or more") as error:
        laws.transfer_operator(LECTURE.score, eta, np.linspace(-8, 8, count))
    count = int(re.search(r"(\d+) points or more", str(error.value))[1])
    T = laws.transfer_operator(LECTURE.score, eta, np.linspace(-8, 8, count))
    found = T.distribution(T.apply(T.after(start), n_steps - 2), POINTS)
    fine = laws.transfer_operator(LECTURE.score, eta, np.linspace(-8, 8, 2000))
    want = fine.distribution(fine.apply(fine.after(start), n_steps - 2), POINTS)
    np.testing.assert_allclose(found, want, atol=1e-9)
    both = laws.chain_distribution(LECTURE.score, eta, n_steps, start, POINTS, -8.0, 8.0)
    np.testing.assert_allclose(both, want, atol=1e-10)


def test_a_drift_that_is_steep_where_it_leaves_the_grid_asks_for_no_more_points():
    laws.transfer_operator(lambda x: -(x**3), 0.1, np.linspace(-8, 8, 450))


def test_a_grid_too_narrow_says_how_far():
    p, start = Gaussian([0.5], 1.0), Nodes([[0.5]], [1.0])
    with pytest.raises(ValueError, match="from about") as error:
        laws.chain_distribution(p.score, 0.5, 9, start, [0.0], -1.0, 2.0)
    low, high = map(float, re.search(r"from about (\S+) to (\S+)$", str(error.value)).groups())
    assert -6.0 < low < -2.0 < 3.0 < high < 7.0


def test_weights_and_densities_that_are_no_law_are_refused():
    p, grid = Gaussian([0.0], 1.0), np.linspace(-10, 10, 201)
    T, double = laws.transfer_operator(p.score, 1.0, grid), Nodes([[0.0]], [2.0])
    for call in (
        lambda: laws.chain_distribution(p.score, 0.5, 1, double, [9.0], -8, 8),
        lambda: laws.chain_distribution(p.score, 0.5, 3, double, [9.0], -8, 8),
        lambda: T.after(double), lambda: T.distribution_after(double, [0.0]),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="start.weights must sum to 1"):
            call()
    for call in (T.apply, lambda density: T.distribution(density, [0.0])):
        with pytest.raises(ValueError, match="density must integrate to 1"):
            call(np.ones(201))


@pytest.mark.parametrize("n_steps", [1, 2, 5])
def test_the_density_of_a_gaussian_chain(n_steps):
    p = Gaussian([0.4], 0.7)
    law = laws.langevin_law(p, 0.5, n_steps, [-1.0], [[0.0]])
    start = laws.point_start(-1.0)
    found = laws.chain_density(p.score, 0.5, n_steps, start, POINTS, -9.0, 9.0)
    np.testing.assert_allclose(found, np.exp(law.log_density(POINTS[:, None])), atol=1e-12)
    T = laws.transfer_operator(p.score, 0.5, np.linspace(-9, 9, 200))
    np.testing.assert_allclose(T.density(T.after(start), T.grid), T.apply(T.after(start)))
    np.testing.assert_allclose(T.density_after(start, T.grid), T.after(start))
