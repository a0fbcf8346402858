"""The Langevin oracles against second computations: plain loops, other formulas, chains run."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from refscore.oracles import (
    langevin_acceptance,
    langevin_laws,
    langevin_steps,
    langevin_transfer,
)

S = np.array([[1.1, 0.5], [0.5, 0.8]])
GAUSSIAN = SimpleNamespace(kind="gaussian", mean=np.array([0.4, -0.9]), covariance=S)
LINE = SimpleNamespace(kind="gaussian", mean=np.array([0.3]), covariance=np.array([[0.7]]))
MIXTURE = SimpleNamespace(
    kind="mixture", weights=np.array([0.7, 0.3]), means=np.array([[1.0, 0.2], [-1.5, 0.6]]),
    covariances=np.stack([S, 0.5 * np.eye(2)]),
)  # fmt: skip
X = np.array([[0.3, -0.2], [1.4, 0.9], [-2.0, 0.5]])
Z = np.array([[0.5, -1.2], [0.1, 0.8], [-0.7, -0.3]])


def density(law, x):
    if law.kind == "gaussian":
        return stats.multivariate_normal(law.mean, law.covariance).pdf(x)
    parts = zip(law.weights, law.means, law.covariances)
    return sum(w * stats.multivariate_normal(m, c).pdf(x) for w, m, c in parts)


def slope(law, x, step=1e-5):
    """∇ log p by central differences."""
    out = np.empty_like(x)
    for j in range(x.shape[1]):
        e = step * np.eye(x.shape[1])[j]
        out[:, j] = (np.log(density(law, x + e)) - np.log(density(law, x - e))) / (2 * step)
    return out


@pytest.mark.parametrize("law", [GAUSSIAN, MIXTURE], ids=lambda law: law.kind)
def test_the_log_ratio_is_that_of_densities(law):
    y, eta = X + Z, 0.7

    def kernel(a, b):  # q(b | a)
        mean = a + eta / 2 * slope(law, a)
        return np.prod(stats.norm(mean, eta**0.5).pdf(b), axis=1)

    want = np.log(density(law, y) * kernel(y, X) / (density(law, X) * kernel(X, y)))
    found = langevin_steps.log_ratio(law, X, y, eta)
    np.testing.assert_allclose(found, want, atol=1e-7)
    np.testing.assert_allclose(langevin_steps.log_ratio(law, y, X, eta), -found, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_leapfrog_by_positions_is_leapfrog_by_halves(n):
    h, x, v = 0.3, X, Z
    for _ in range(n):
        v = v + h / 2 * slope(MIXTURE, x)
        x = x + h * v
        v = v + h / 2 * slope(MIXTURE, x)
    found = langevin_steps.leapfrog(MIXTURE, X, Z, h, n)
    np.testing.assert_allclose(found[0], x, atol=1e-7)
    np.testing.assert_allclose(found[1], v, atol=1e-7)


def test_barker_balances_in_detail():
    """p(x) q(x → y) a(x → y) is symmetric; q from the proposal's own definition."""
    y, scale, law = X + Z, 0.8, MIXTURE

    def kernel(a, b):
        w = b - a
        lean = 1 / (1 + np.exp(-w * slope(law, a)))
        return np.prod(2 * stats.norm(0, scale).pdf(w) * lean, axis=1)

    want = np.log(density(law, y) * kernel(y, X) / (density(law, X) * kernel(X, y)))
    np.testing.assert_allclose(langevin_steps.barker_log_ratio(law, X, y), want, atol=1e-7)


@pytest.mark.parametrize(
    ("scheme", "x", "v"),
    [("BAOAB", 1.0, 1 - 0.0625), ("ABOBA", 1.0, 1 / (1 - 0.0625)),
     ("OBABO", 1 / (1 - 0.0625), 1.0), ("OABAO", 1 - 0.0625, 1.0)],
)  # fmt: skip
@pytest.mark.parametrize("friction", [0.3, 2.0])
def test_stationary_variances_of_splittings_on_the_harmonic_well(scheme, x, v, friction):
    unit = SimpleNamespace(kind="gaussian", mean=np.zeros(1), covariance=np.eye(1))
    found = langevin_laws.fixed(*langevin_laws.underdamped(unit, 0.5, friction, scheme))
    np.testing.assert_allclose(found.covariance, np.diag([x, v]), atol=1e-12)


def _walked(propose, n):
    rng = np.random.default_rng()
    x = LINE.mean + 0.7**0.5 * rng.standard_normal((n, 1))
    y, log_ratio = propose(x, rng)
    return np.minimum(1, np.exp(log_ratio)).mean()


def _score(x):
    return (0.3 - x) / 0.7


def _gain(x, y):
    return (((x - 0.3) ** 2 - (y - 0.3) ** 2) / 1.4)[:, 0]


def test_acceptance_is_what_chains_show():
    n = 400_000

    def mala(x, rng):
        y = x + 0.45 * _score(x) + 0.9**0.5 * rng.standard_normal(x.shape)
        there, back = (((b - a - 0.45 * _score(a)) ** 2)[:, 0] for a, b in ((x, y), (y, x)))
        return y, _gain(x, y) + (there - back) / 1.8

    def walk(x, rng):
        y = x + 1.3 * rng.standard_normal(x.shape)
        return y, _gain(x, y)

    def barker(x, rng):
        w = 1.3 * rng.standard_normal(x.shape)
        w = np.where(rng.random(x.shape) < 1 / (1 + np.exp(-w * _score(x))), w, -w)
        turned = np.log1p(np.exp(-w * _score(x))) - np.log1p(np.exp(w * _score(x + w)))
        return x + w, _gain(x, x + w) + turned[:, 0]

    for propose, want in (
        (mala, langevin_acceptance.mala(LINE, 0.9)),
        (walk, langevin_acceptance.random_walk(LINE, 1.3)),
        (barker, langevin_acceptance.barker(LINE, 1.3)),
    ):
        assert abs(_walked(propose, n) - want) < 6 * 0.5 / n**0.5  # at most 0.5 a draw: 6 sd


def test_acceptance_by_angles_meets_that_of_equal_eigenvalues():
    same = SimpleNamespace(kind="gaussian", mean=np.zeros(2), covariance=np.eye(2))
    near = SimpleNamespace(kind="gaussian", mean=np.zeros(2), covariance=np.diag([1, 1 + 1e-9]))
    for size in (0.2, 1.5):
        for f in (langevin_acceptance.mala, langevin_acceptance.random_walk):
            assert f(near, size) == pytest.approx(f(same, size), abs=1e-8)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_the_backward_equation_on_a_gaussian(n):
    """A start uniform on a short interval about a point: the normal law of the chain, twice."""
    points = np.array([-1.0, 0.2, 1.1])
    law = langevin_laws.propagated(
        *langevin_laws.preconditioned(LINE, 0.4, np.eye(1)), n, [1.0], [[0.0]]
    )
    want = stats.norm(law.mean[0], law.covariance[0, 0] ** 0.5).cdf(points)
    found = langevin_transfer.uniform_chain(LINE, 1 - 1e-4, 1 + 1e-4, 0.4, n, points)
    np.testing.assert_allclose(found, want, atol=1e-8)


def test_the_distribution_function_is_that_at_points():
    inputs = langevin_transfer.uniform_chain, LINE, -1.0, 2.0, 0.4, 5
    points = np.array([-0.7, 0.31, 1.9])
    want = langevin_transfer.uniform_chain(*inputs[1:], points)
    found = langevin_transfer.distribution_function(*inputs)(points)
    np.testing.assert_allclose(found, want, atol=1e-7)


def test_divergences_of_gaussians_against_quadrature():
    p, q = (SimpleNamespace(kind="gaussian", mean=np.array([m]), covariance=np.array([[v]]))
            for m, v in ((0.3, 0.7), (-0.4, 1.6)))  # fmt: skip
    x = np.linspace(-12, 12, 24_001)
    f, g = stats.norm(0.3, 0.7**0.5), stats.norm(-0.4, 1.6**0.5)
    mass = f.pdf(x) * (x[1] - x[0])
    assert langevin_laws.kl_to(p, q) == pytest.approx(mass @ (f.logpdf(x) - g.logpdf(x)))
    gap = (0.3 - x) / 0.7 - (-0.4 - x) / 1.6
    assert langevin_laws.fisher(p, q) == pytest.approx(0.5 * mass @ gap**2)


def test_the_fisher_information_of_a_mixture():
    """1/2 N(a, 1) + 1/2 N(-a, 1): .550400 at a = 1, .725610 at a = 2."""
    for a, want in ((1.0, 0.550400), (2.0, 0.725610)):
        law = SimpleNamespace(
            kind="mixture", weights=np.array([0.5, 0.5]), means=np.array([[a], [-a]]),
            covariances=np.ones((2, 1, 1)),
        )  # fmt: skip
        found = langevin_laws.signal_to_noise(law, np.array([1e-9]), 4.0)
        assert found[0] == pytest.approx(want, abs=1e-6)
