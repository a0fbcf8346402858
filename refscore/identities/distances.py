"""Chapter E: transport on the line and of Gaussians, and gaps of distribution functions."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law

VALLENDER = "Vallender (1974); Villani (2003), theorem 2.18"


def _other(n, key=3):
    return np.array(settings.points(n, 1, key, spread=0.8))[:, 0] + 0.9


def _gaussian(mean, covariance):
    return Law("gaussian", mean=np.array(mean), covariance=np.array(covariance))


@identity(
    "E11-pairs",
    ports="wasserstein_1d",
    statement=r"W_p^p = \min_\sigma\frac1n\sum_i|x_i-y_{\sigma(i)}|^p",
    assumptions="samples of one size on the line",
    source=VALLENDER,
    cases=lambda: [
        Case(f"6 against 6 points, p = {p}", x=settings.points(6, 1, 2)[:, 0],
             y=_other(6, 5), p=p)
        for p in (1.0, 2.0, 3.5)
    ],
)  # fmt: skip
def wasserstein_by_pairing(ports, case):
    """No pairing of the points costs less than the distance of two samples on the line."""
    right = oracles.discrepancies.wasserstein_pairings(case.x, case.y, case.p)
    got = ports.wasserstein_1d(case.x, case.y, case.p)
    yield Sides("distance", got, np.array(right))


@identity(
    "E11-plans",
    ports="wasserstein_1d",
    statement=r"W_p^p = \min_{\pi 1=1/n,\ \pi^T1=1/m}\sum\pi_{ij}|x_i-y_j|^p",
    assumptions="samples on the line",
    source=VALLENDER,
    cases=lambda: [
        Case(f"{n} against {m} points, p = {p}", x=settings.points(n, 1, 4)[:, 0],
             y=_other(m, 6), p=p)
        for n, m, p in ((7, 4, 1.0), (5, 8, 2.0), (6, 9, 3.0))
    ],
)  # fmt: skip
def wasserstein_by_programming(ports, case):
    """Samples of different sizes: the least cost of a transport plan."""
    right = oracles.discrepancies.wasserstein_programme(case.x, case.y, case.p)
    got = ports.wasserstein_1d(case.x, case.y, case.p)
    yield Sides("distance", got, np.array(right))


@identity(
    "E11-gaussian",
    ports="wasserstein_gaussian",
    statement=r"\|m-n\|^2+\operatorname{tr}(S+T-2(S^{1/2}TS^{1/2})^{1/2})",
    assumptions="Gaussians",
    source="Dowson and Landau (1982)",
    cases=lambda: [
        Case("in the plane", law=settings.gaussian(2),
             other=_gaussian([0.2, 0.5], [[0.9, -0.3], [-0.3, 0.6]])),
        Case("in four dimensions", law=settings.gaussian(4),
             other=_gaussian(np.arange(4) / 5, settings.covariance(4, 6))),
        Case("on the line", law=settings.gaussian(1), other=_gaussian([-0.4], [[0.3]])),
        Case("one mean", law=_gaussian(np.zeros(3), settings.covariance(3, 1)),
             other=_gaussian(np.zeros(3), settings.covariance(3, 2))),
    ],
)  # fmt: skip
def wasserstein_of_gaussians(ports, case):
    """The Wasserstein-2 distance of two Gaussians, through the optimal map."""
    p, q = case.law, case.other
    got = ports.wasserstein_gaussian(p.mean, p.covariance, q.mean, q.covariance)
    yield Sides("distance", got, oracles.langevin.wasserstein_gaussian(p, q))


@identity(
    "E11-ks",
    ports="kolmogorov_smirnov",
    statement=r"\sup_z|F_n(z)-G_m(z)|",
    source="Smirnov (1948)",
    cases=lambda: [
        Case("7 against 11 points", x=settings.points(7, 1, 3)[:, 0], y=_other(11)),
        Case("the other way round", x=_other(11), y=settings.points(7, 1, 3)[:, 0]),
        Case("points in common", x=[2.0, -1.0, 0.5, 2.0, 0.0], y=[0.5, 2.0, -1.5, 0.5]),
        Case("apart", x=[3.0, 2.5, 4.0], y=[-1.0, 2.0]),
    ],
)
def ks_of_samples(ports, case):
    """The largest gap of two empirical distribution functions."""
    x, y = np.array(case.x), np.array(case.y)
    right = oracles.discrepancies.kolmogorov_smirnov(x, y)
    yield Sides("distance", ports.kolmogorov_smirnov(x, y), np.array(right))


@identity(
    "E11-ks-uniform",
    ports="kolmogorov_smirnov_uniform",
    statement=r"\max_i\max(i/n-u_{(i)},\ u_{(i)}-(i-1)/n)",
    source="Kolmogorov (1933)",
    cases=lambda: [
        Case("above the line", u=[0.31, 0.05, 0.42, 0.11, 0.73]),
        Case("below the line", u=[0.66, 0.97, 0.42, 0.88, 0.55, 0.91]),
        Case("in the middle", u=[0.47, 0.52, 0.5]),
    ],
)
def ks_of_uniforms(ports, case):
    """The largest gap to a continuous distribution function, before or after a jump."""
    u = np.array(case.u)
    right = oracles.discrepancies.kolmogorov_smirnov_uniform(u)
    yield Sides("distance", ports.kolmogorov_smirnov_uniform(u), np.array(right))
