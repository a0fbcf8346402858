"""Chapter C: estimators on finite samples: bias, variance and coverage, exactly."""

from __future__ import annotations

import itertools
import math

import numpy as np

from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.fields import HYVARINEN
from refscore.identities.uncertainty import HUBER
from refscore.oracles import finite_samples as exact


def _of_radius(precision, n, squares):
    """A sample (n, d) with Σᵢ λⱼ xᵢⱼ² = `squares` in every coordinate, its directions generic."""
    directions = settings.normals(n, len(precision), key=31)
    directions = directions / np.sqrt((directions**2).sum(0))
    return np.sqrt(squares / precision) * directions


@identity(
    "C1-bias",
    ports="fit_diagonal_precision",
    statement=r"E\hat\lambda = \frac{n}{n-2}\lambda,\ "
    r"n\operatorname{Var}\hat\lambda = \frac{2n^3\lambda^2}{(n-2)^2(n-4)} \to 2\lambda^2",
    assumptions="N(0, diag 1/lambda) data; the estimate depends on the sum of squares alone",
    source="derived: an inverse chi-square; " + HYVARINEN,
    cases=lambda: [
        Case(f"{n} points", precision=np.array(precision), n=n)
        for n, precision in ((6, [0.7, 1.3, 2.1]), (11, [3.0]), (300, [0.2, 5.0]))
    ],
)
def diagonal_precision_moments(ports, case):
    """Bias and variance of the estimate at every n, integrated over its chi-square."""
    n = case.n
    u, w = _laguerre(3, n / 2 - 3)  # of the density of χ²/2 = u over u²
    w = w * u**2 / ((n / 2 - 1) * (n / 2 - 2))
    got = np.array([ports.fit_diagonal_precision(_of_radius(case.precision, n, 2 * t)) for t in u])
    mean = w @ got
    want, variance = exact.precision_moments(case.precision, n)
    yield Sides("mean", mean, want)
    yield Sides("n variance", n * (w @ (got - mean) ** 2), n * variance)


def _laguerre(order, power):
    """Nodes and weights of u^power e^-u on [0, inf), the weights summing to one."""
    k = np.arange(1, order)
    beside = np.sqrt(k * (k + power))
    matrix = np.diag(2 * np.arange(order) + 1 + power) + np.diag(beside, 1) + np.diag(beside, -1)
    u, vectors = np.linalg.eigh(matrix)
    return u, vectors[0] ** 2


@identity(
    "C2-bias",
    ports="fit_gaussian",
    statement=r"E\hat\mu = \bar X,\ E\hat K^{-1} = \frac{n-1}{n}\,S,\ "
    r"S = \tfrac1{N-1}\sum(X_i-\bar X)(X_i-\bar X)^T",
    assumptions="all samples of n out of N points, without repetition",
    source="derived: finite populations; " + HYVARINEN,
    cases=lambda: [
        Case("4 of 6 points in the plane", x=settings.points(6, 2, key=5), n=4),
        Case("5 of 7 points in space", x=settings.points(7, 3, key=5) + [0.3, -2.0, 1.0], n=5),
    ],
)
def gaussian_fit_moments(ports, case):
    """The mean has no bias, the covariance the factor (n - 1) / n: maximum likelihood's."""
    chosen = itertools.combinations(range(len(case.x)), case.n)
    fits = [ports.fit_gaussian(case.x[list(rows)]) for rows in chosen]
    mean, covariance = exact.subset_moments(case.x, case.n)
    yield Sides("mean", np.mean([fit[0] for fit in fits], axis=0), mean, np.abs(case.x).max())
    got = np.mean([np.linalg.inv(fit[1]) for fit in fits], axis=0)
    yield Sides("covariance", got, covariance)


def _two_valued(case, k):
    """A sample (n, 1) whose squares are `large` k times and `small` otherwise, of both signs."""
    squares = np.where(np.arange(case.n) < k, case.large, case.small)
    return (np.sqrt(squares) * (-1.0) ** np.arange(case.n))[:, None]


@identity(
    "C3-coverage",
    ports="precision_interval",
    statement=r"P(\lambda \in \hat\lambda \pm z\,\mathrm{se} \mid 0<k<n) = "
    r"\sum_k\binom nk p^k(1-p)^{n-k}\,1[\lambda\in I_k]/P(0<k<n)",
    assumptions="x^2 takes two values, k times the larger: .945, .892, .923, .520",
    source="derived: a binomial law; " + HUBER,
    cases=lambda: [
        Case(f"n = {n}, level {level}, share {share}", n=n, level=level, share=share, small=0.4,
             large=2.3)
        for n, level, share in ((60, 0.95, 0.4), (25, 0.9, 0.7), (40, 0.95, 0.15), (50, 0.5, 0.5))
    ],
)  # fmt: skip
def interval_coverage(ports, case):
    """How often the interval covers the truth, exactly, on data that are anything but normal."""
    n, p = case.n, case.share
    truth = 1 / (case.small + (case.large - case.small) * p)
    weights = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(1, n)]
    ends = [ports.precision_interval(_two_valued(case, k), case.level)[0] for k in range(1, n)]
    covers = [low <= truth <= high for low, high in ends]
    want = exact.two_valued_coverage(case.small, case.large, p, n, case.level)
    yield Sides("coverage", np.dot(weights, covers) / sum(weights), np.array(want), 1.0)
