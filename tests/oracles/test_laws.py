"""Moments, normalisation, information and cumulative distributions by independent quadrature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from refscore.oracles import cumulative, quadrature, scores
from refscore.oracles.objectives import fisher_information

from .cases import LAWS, MIXTURE, M, law, spd

LINES = {
    "gaussian": law("gaussian", mean=[0.5], covariance=[[2.0]]),
    "mixture": law(
        "mixture", weights=[0.6, 0.4], means=[[2.0], [-2.0]], covariances=[[[0.25]], [[0.04]]]
    ),
    "empirical": law("empirical", data=np.array([[0.0], [1.0], [1.5]]), bandwidth=0.2),
    "student_t": law("student_t", location=[0.5], shape=[[2.0]], dof=5.0),
    "laplace": law("laplace", location=[0.5], scale=[2.0]),
    "logistic": law("logistic", location=[0.5], scale=[0.7]),
    "generalised_normal": law("generalised_normal", location=[0.5], scale=[2.0], power=[3.0]),
    "uniform": law("uniform", low=[-1.0], high=[2.0]),
    "smoothed_uniform": law("smoothed_uniform", low=[-1.0], high=[2.0], sigma=0.3),
    "truncated_normal": law("truncated_normal", mean=[0.5], sd=[2.0], low=[-1.0], high=[9.0]),
    "half_normal": law("half_normal", sd=[2.0]),
}
ENDS = {"uniform": (-1, 2), "truncated_normal": (-1, 9), "half_normal": (0, 60)}


def integral(name, f):
    low, high = ENDS.get(name, (-np.inf, np.inf))
    p, own = LINES[name], 0.5

    def term(x):
        x = np.array([[x]])
        return float(np.exp(scores.log_density(p, x)[0]) * f(x[0, 0]))

    if np.isinf(high):  # split at the kink and near the modes; student_t tails go on
        cuts = [-2.0, 0.0, own, 1.0, 2.0]
        ends = [(-np.inf, -40.0), (40.0, np.inf)]
        pieces = list(zip([-40.0, *cuts], [*cuts, 40.0])) + ends
    else:
        pieces = [(low, own), (own, high)]
    return sum(integrate.quad(term, *e, epsabs=1e-12, epsrel=1e-12, limit=200)[0] for e in pieces)


@pytest.mark.parametrize("name", LINES)
def test_mass_mean_variance_and_information(name):
    p = LINES[name]
    mean = integral(name, lambda x: x)
    assert integral(name, lambda x: 1) == pytest.approx(1, abs=1e-10)
    assert scores.mean(p)[0] == pytest.approx(mean, abs=1e-9)
    variance = integral(name, lambda x: (x - mean) ** 2)
    assert scores.covariance(p)[0, 0] == pytest.approx(variance, rel=1e-8)
    information = integral(name, lambda x: scores.score(p, np.array([x]))[0] ** 2)
    assert fisher_information(p) == pytest.approx(information, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("name", LINES)
def test_marginal_cdf_differentiates_to_the_density(name):
    p, low, high = LINES[name], -0.4, 1.3
    part = integrate.quad(
        lambda x: np.exp(scores.log_density(p, [x])), max(low, 0.01), high, epsabs=1e-13
    )[0]
    got = cumulative.marginal_cdf(p, 0, np.array([max(low, 0.01), high, -1e4, 1e4]))
    assert got[1] - got[0] == pytest.approx(part, abs=1e-11)
    tail = 1e-12 if name != "student_t" else 1e-9
    assert got[2] == pytest.approx(0, abs=tail)
    assert got[3] == pytest.approx(1, abs=tail)


def test_projected_cdf_against_draws():
    rng, n = np.random.default_rng(0), 20000
    k = rng.choice(3, n, p=MIXTURE.weights)
    roots = np.linalg.cholesky(MIXTURE.covariances)
    x = MIXTURE.means[k] + np.einsum("nij,nj->ni", roots[k], rng.normal(size=(n, 3)))
    u = np.array([1.0, -2.0, 0.5])
    distance = cumulative.dkw_distance(lambda v: scores.projected_cdf(MIXTURE, u, v), x @ u)
    assert distance < cumulative.dkw_bound(n, 1e-6)
    assert distance > 1e-4
    t = LAWS["student_t"]
    y = t.location + rng.normal(size=(n, 3)) @ np.linalg.cholesky(t.shape).T * np.sqrt(
        t.dof / rng.chisquare(t.dof, (n, 1))
    )
    distance = cumulative.dkw_distance(lambda v: scores.projected_cdf(t, u, v), y @ u)
    assert distance < cumulative.dkw_bound(n, 1e-6)


def test_curved_marginals():
    v = np.array([-3.0, 0.2, 4.0])
    funnel, banana = LAWS["funnel"], LAWS["banana"]
    for p, given in (
        (funnel, lambda a, w: stats.norm.cdf(w, 0, np.exp(a / 2))),
        (banana, lambda a, w: stats.norm.cdf(w, 0.3 * (a**2 - 4), 1)),
    ):
        for w, got in zip(v, scores.marginal_cdf(p, 1, v)):
            exact = integrate.quad(
                lambda a, f=given, w=w, s=p.scale: f(a, w) * stats.norm.pdf(a, 0, s),
                -40,
                40,
                epsabs=1e-13,
                limit=400,
                points=[-5, 0, 5],
            )[0]
            assert got == pytest.approx(exact, abs=1e-11)
    rng = np.random.default_rng(1)
    a = 2 * rng.normal(size=400000)
    b = 0.3 * (a**2 - 4) + rng.normal(size=a.size)
    assert scores.covariance(banana)[1, 1] == pytest.approx(b.var(), rel=0.02)
    assert scores.covariance(funnel)[1, 1] == pytest.approx(np.exp(4.5))


def test_dense_moments_by_total_covariance():
    w, m, c = MIXTURE.weights, MIXTURE.means, MIXTURE.covariances
    second = np.einsum("k,kij->ij", w, c) + np.einsum("k,ki,kj->ij", w, m, m)
    np.testing.assert_allclose(scores.mean(MIXTURE), w @ m, rtol=1e-14)
    np.testing.assert_allclose(
        scores.covariance(MIXTURE), second - np.outer(w @ m, w @ m), rtol=1e-13
    )
    e = LAWS["empirical"]
    np.testing.assert_allclose(
        scores.covariance(e), np.cov(e.data.T, bias=True) + 0.09 * np.eye(3), rtol=1e-13
    )
    t = LAWS["student_t"]
    np.testing.assert_allclose(scores.covariance(t), 2 * t.shape, rtol=1e-14)
    assert np.isinf(scores.covariance(law("student_t", location=M, shape=spd(3, 0), dof=2.0))).all()


def test_information_of_known_mixtures():
    """FI of 1/2 N(+-a, 1): .550400 at a = 1, .725610 at a = 2 (oracles.md, section 2)."""
    for a, value in ((1.0, 0.550400), (2.0, 0.725610)):
        p = law("mixture", weights=[0.5, 0.5], means=[[a], [-a]], covariances=np.ones((2, 1, 1)))
        assert fisher_information(p) == pytest.approx(value, abs=6e-7)


def test_information_in_two_dimensions_splits_for_a_rotated_product():
    """1/2 N(+-u, I), |u| = 1, is a 1-D mixture along u times N(0, 1) across: I = I_1 + 1."""
    u = np.array([0.6, 0.8])
    two = law("mixture", weights=[0.5, 0.5], means=np.array([u, -u]), covariances=[np.eye(2)] * 2)
    one = law("mixture", weights=[0.5, 0.5], means=[[1.0], [-1.0]], covariances=np.ones((2, 1, 1)))
    assert fisher_information(two) == pytest.approx(1 + fisher_information(one), rel=1e-10)


def test_expectation_is_exact_on_moments():
    p = law("gaussian", mean=M[:2], covariance=spd(2, 0))
    got = quadrature.expectation(p, lambda x: x[:, 0] * x[:, 1])
    assert got == pytest.approx(p.covariance[0, 1] + M[0] * M[1], rel=1e-12)


def test_half_normal_boundary():
    assert quadrature.boundary_mean_score(law("half_normal", sd=[1.0]))[0] == pytest.approx(
        -np.sqrt(2 / np.pi), rel=1e-14
    )
    p = LINES["truncated_normal"]
    expected = integral("truncated_normal", lambda x: scores.score(p, np.array([x]))[0])
    assert quadrature.boundary_mean_score(p)[0] == pytest.approx(expected, rel=1e-9)
