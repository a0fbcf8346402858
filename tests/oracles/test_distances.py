"""Closed forms of distances against quadrature, and oracles against definitions by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import dblquad, quad

from refscore.oracles import discrepancies as oracle

WIDE = 9.0


def gaussian(mean, variance):
    return SimpleNamespace(
        kind="gaussian", mean=np.array([mean]), covariance=np.array([[variance]])
    )


def density(x, law):
    v = law.covariance[0, 0]
    return np.exp(-((x - law.mean[0]) ** 2) / 2 / v) / np.sqrt(2 * np.pi * v)


def double(function):
    return dblquad(function, -WIDE, WIDE, -WIDE, WIDE, epsabs=1e-9)[0]


def test_the_stein_discrepancy_of_gaussians_by_quadrature_and_by_the_formulas_of_one_dimension():
    p, q, l = gaussian(0.3, 1.0), gaussian(-0.2, 0.6), 1.2

    def integrand(y, x):
        s = [(p.mean[0] - z) / p.covariance[0, 0] for z in (x, y)]
        gap, k = (x - y) / l**2, np.exp(-((x - y) ** 2) / 2 / l**2)
        h = k * (s[0] * s[1] + s[0] * gap - s[1] * gap + 1 / l**2 - gap**2)
        return h * density(x, q) * density(y, q)

    assert oracle.kernel_stein_gaussian(p, q, l) == pytest.approx(double(integrand), abs=1e-7)
    v = 0.6
    found = oracle.kernel_stein_gaussian(gaussian(0.0, 1.0), gaussian(0.0, v), l)
    assert found == pytest.approx((1 - 1 / v) ** 2 * v**2 / l**2 * (1 + 2 * v / l**2) ** -1.5)
    full = SimpleNamespace(kind="gaussian", mean=np.zeros(3), covariance=np.eye(3))
    moved = SimpleNamespace(kind="gaussian", mean=np.array([0.5, 1.0, -1.0]), covariance=np.eye(3))
    found = oracle.kernel_stein_gaussian(full, moved, l)
    assert found == pytest.approx(2.25 * (1 + 2 / l**2) ** -1.5)


def test_the_mean_discrepancy_of_gaussians_by_quadrature():
    p, q, h = gaussian(0.3, 1.0), gaussian(-0.4, 0.5), 0.9

    def integrand(y, x):
        gap = [density(z, p) - density(z, q) for z in (x, y)]
        return gap[0] * gap[1] * np.exp(-((x - y) ** 2) / 2 / h**2)

    assert oracle.mmd_gaussian(p, q, h) == pytest.approx(double(integrand), abs=1e-7)


def test_the_energy_distance_of_gaussians_is_the_integral_of_squared_gaps():
    from scipy.special import ndtr

    def gap(x):
        return 2 * (ndtr((x - 0.3) / 1.1) - ndtr((x + 0.5) / 0.7)) ** 2

    want = quad(gap, -12, 12, epsabs=1e-12, limit=200)[0]
    assert oracle.energy_gaussian(0.3, 1.1, -0.5, 0.7) == pytest.approx(want, rel=1e-10)


@pytest.mark.parametrize("name", ["rbf", "imq"])
def test_the_stein_kernel_by_differences(name):
    """The operator in x and y from differences of k alone."""
    rng = np.random.default_rng(0)
    x, s, h, b, e = rng.normal(size=(2, 3)), rng.normal(size=(2, 3)), 1.3, 0.7, 1e-4

    def k(a, c):
        return oracle.kernel(name, x[0] + a, x[1] + c, h, b)

    unit, zero = e * np.eye(3), np.zeros(3)
    in_x = [(k(u, zero) - k(-u, zero)) / (2 * e) for u in unit]
    in_y = [(k(zero, u) - k(zero, -u)) / (2 * e) for u in unit]
    both = sum(k(u, u) - k(u, -u) - k(-u, u) + k(-u, -u) for u in unit) / (4 * e * e)
    want = k(zero, zero) * s[0] @ s[1] + s[0] @ in_y + s[1] @ in_x + both
    assert oracle.stein_kernel(s, x, name, h, b)[0, 1] == pytest.approx(want, abs=1e-6)


def test_small_samples_by_hand():
    assert oracle.wasserstein_pairings([0.0, 3.0], [1.0, 1.0], 2) == pytest.approx(np.sqrt(2.5))
    assert oracle.wasserstein_programme([0.0, 0.0, 6.0], [3.0], 1) == pytest.approx(3.0)
    assert oracle.kolmogorov_smirnov(np.array([0.0, 1.0]), np.array([0.5])) == 0.5
    assert oracle.kolmogorov_smirnov_uniform(np.array([0.9])) == 0.9
    x, y = np.array([[0.0], [2.0]]), np.array([[1.0]])
    assert oracle.mmd(x, y, "energy") == pytest.approx(2 * 1 - 1 - 0)
    assert oracle.mmd(x, np.array([[1.0], [5.0]]), "energy", statistic="U") == 2 * 2.5 - 2 - 4
