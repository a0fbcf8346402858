"""Chapters B and C: estimators: exact optima, variances, intervals."""

from __future__ import annotations

import numpy as np

from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case
from refscore.identities.fields import HYVARINEN, SONG, VINCENT
from refscore.oracles import estimators as exact

YU = "Yu, Drton and Shojaie 2019"


def _correlated(n, d):
    """Data with a full covariance and a mean away from the origin."""
    law = settings.gaussian(d)
    return law.mean + settings.normals(n, d, key=21) @ np.linalg.cholesky(law.covariance).T


def _clusters(n, d):
    """Data of three unequal clusters: nothing like a Gaussian."""
    law = settings.mixture(d)
    which = np.repeat([0, 1, 2], [n - n // 3 - n // 5, n // 3, n // 5])
    roots = np.linalg.cholesky(law.covariances)[which]
    return law.means[which] + np.einsum("nij,nj->ni", roots, settings.normals(n, d, key=22))


def _data():
    yield "correlated, d = 3", _correlated(11, 3)
    yield "clusters, d = 2", _clusters(17, 2)
    yield "40 points of unequal scale, d = 4", settings.points(40, 4) * [0.3, 1.0, 2.0, 5.0]


def data_cases():
    """Small samples, one of them far from any Gaussian."""
    for name, x in _data():
        yield Case(name, x=x)


def probe_cases():
    """The same with probes: signs, Gaussian ones, several a point."""
    for (name, x), m in zip(_data(), (2, 1, 3)):
        n, d = x.shape
        probes = settings.signs(n, m, d) if m == 3 else settings.normals(n, m, d, key=23)
        yield Case(name, x=x, probes=probes)


def noise_cases():
    """The same with noise, at levels no power of which is 1."""
    for (name, x), sigma in zip(_data(), (0.3, 1.7, 0.6)):
        yield Case(name, x=x, sigma=sigma, noise=settings.normals(*x.shape, key=24))


@identity(
    "C2",
    ports="fit_gaussian",
    statement=r"\hat K = S^{-1},\ \hat\mu = \bar x,\ S = \tfrac1n\sum(x-\bar x)(x-\bar x)^T",
    assumptions="unrestricted symmetric precision, n > d",
    source=HYVARINEN,
    cases=data_cases,
    family="sample",
)
def gaussian_is_maximum_likelihood(ports, case):
    """Score matching of an unrestricted Gaussian is maximum likelihood, with 1/n."""
    mean, precision = ports.fit_gaussian(case.x)
    want = exact.gaussian(case.x)
    yield Sides("mean", mean, want["mean"])
    yield Sides("precision", precision, want["precision"])


@identity(
    "C2-sparse",
    ports="fit_sparse_precision",
    statement=r"\min_K\tfrac12\operatorname{tr}KSK-\operatorname{tr}K,\ K_{ij}=0\ "
    r"\text{off the pattern; not maximum likelihood}",
    assumptions="symmetric pattern, free mean, n > d",
    source="Lin, Drton and Shojaie 2016",
    cases=lambda: [
        Case("a chain, d = 3", x=_correlated(11, 3), pattern=[[1, 1, 0], [1, 1, 1], [0, 1, 1]]),
        Case("diagonal, clusters", x=_clusters(17, 2), pattern=np.eye(2)),
        Case(
            "a star, d = 4",
            x=_correlated(23, 4),
            pattern=[[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]],
        ),
    ],
    family="sample with a pattern",
)
def sparse_precision_optimum(ports, case):
    """The score-matching precision with zeros where a pattern has them."""
    x, pattern = case.x, np.asarray(case.pattern, dtype=float)
    yield Sides(
        "precision", ports.fit_sparse_precision(x, pattern), exact.sparse_precision(x, pattern)
    )


@identity(
    "C1",
    ports="fit_diagonal_precision",
    statement=r"\hat\lambda_j = 1/\overline{x_j^2}",
    assumptions="model N(0, diag 1/lambda)",
    source=HYVARINEN,
    cases=data_cases,
    family="sample",
)
def diagonal_precision_optimum(ports, case):
    """The implicit minimiser of a zero-mean diagonal Gaussian, on any data."""
    yield Sides("precision", ports.fit_diagonal_precision(case.x), exact.diagonal_precision(case.x))


@identity(
    "C1-sliced",
    ports="fit_sliced_precision",
    statement=r"G\hat\lambda = \overline{v^2},\ G_{jk} = \overline{v_jx_jv_kx_k}",
    assumptions="model N(0, diag 1/lambda), given probes",
    source=SONG,
    cases=probe_cases,
    family="sample with probes",
)
def sliced_precision_optimum(ports, case):
    """The sliced minimiser on given probes solves a full linear system."""
    got = ports.fit_sliced_precision(case.x, probes=case.probes)
    yield Sides("precision", got, exact.sliced_precision(case.x, case.probes))


@identity(
    "C1-reduced",
    ports="fit_variance_reduced_precision",
    statement=r"\hat\lambda_j = \overline{v_j^2}/\overline{x_j^2}",
    assumptions="model N(0, diag 1/lambda), given probes",
    source=SONG,
    cases=probe_cases,
    family="sample with probes",
)
def variance_reduced_precision_optimum(ports, case):
    """The variance-reduced sliced minimiser on given probes."""
    got = ports.fit_variance_reduced_precision(case.x, probes=case.probes)
    yield Sides("precision", got, exact.variance_reduced_precision(case.x, case.probes))


@identity(
    "C1-denoising",
    ports="fit_denoised_precision",
    statement=r"\hat\lambda_j = \overline{\tilde x_jz_j}/(\sigma\,\overline{\tilde x_j^2}),\ "
    r"\tilde x = x+\sigma z",
    assumptions="model N(0, diag 1/lambda) of the noised data, given noise",
    source=VINCENT,
    cases=noise_cases,
    family="sample with noise",
)
def denoised_precision_optimum(ports, case):
    """The denoising minimiser on given noise: the noised data's precision."""
    got = ports.fit_denoised_precision(case.x, case.sigma, noise=case.noise)
    yield Sides("precision", got, exact.denoised_precision(case.x, case.sigma, case.noise))


def _level_cases():
    sigmas = np.array([2.5, 0.7, 0.2, 0.05])
    for name, x in _data():
        yield Case(name, x=x, sigmas=sigmas, noise=settings.normals(4, *x.shape, key=25))


@identity(
    "C1-levels",
    ports="fit_denoised_levels",
    statement=r"\min\sum_l w_l L_l(\theta_l) = \sum_l w_l\min L_l",
    assumptions="features of its own at every level",
    source="seeds 001, 004",
    cases=_level_cases,
    family="sample with noise at levels",
)
def denoised_levels_are_separate(ports, case):
    """A noise-conditional field with features for each level is a fit for each level."""
    got = ports.fit_denoised_levels(case.x, case.sigmas, noise=case.noise)
    want = [exact.denoised_precision(case.x, s, z) for s, z in zip(case.sigmas, case.noise)]
    yield Sides("precisions", got, np.array(want))


@identity(
    "C1-power",
    ports="fit_generalised_normal_rate",
    statement=r"\hat\theta = (a-1)\sum|x|^{a-2}/\sum|x|^{2a-2}",
    assumptions="model exp(-theta |x|^a / a)",
    source=HYVARINEN,
    cases=lambda: [
        Case(f"power {a}, {n} points", x=settings.points(n, 1), power=a)
        for a, n in ((1.75, 9), (2.0, 14), (3.0, 11), (4.5, 30))
    ],
    family="sample with a power",
)
def generalised_normal_optimum(ports, case):
    """The implicit estimate of the rate of a generalised normal law."""
    got = ports.fit_generalised_normal_rate(case.x, case.power)
    yield Sides("rate", got, exact.generalised_normal_rate(case.x, case.power))


def _half_line_cases():
    for a, n in ((1.0, 9), (2.0, 12), (1.5, 31)):
        x = np.abs(settings.points(n, 1, key=3))
        yield Case(f"h = x^{a:g}", x=x, h=x**a, h_slope=a * x ** (a - 1))
    x = np.abs(settings.points(14, 1, key=4))
    yield Case("h = log(1 + x)", x=x, h=np.log1p(x), h_slope=1 / (1 + x))


@identity(
    "C1-half-line",
    ports="fit_half_normal_mean",
    statement=r"\hat\mu = \overline{hx-h'}/\overline h",
    assumptions="N(mu, 1) on the half-line, a weight with h(0) = 0",
    source=YU,
    cases=_half_line_cases,
    family="sample on the half-line",
)
def half_normal_mean_optimum(ports, case):
    """The generalised minimiser for the mean of a truncated normal."""
    got = ports.fit_half_normal_mean(case.x, case.h, case.h_slope)
    yield Sides("mean", got, exact.half_normal_mean(case.x, case.h, case.h_slope))


@identity(
    "C1-half-line-variance",
    ports="fit_half_normal_variance",
    statement=r"\hat\sigma^2 = \overline{hx^2}\,/\,\overline{h+h'x}",
    assumptions="N(0, sigma^2) on the half-line, a weight with h(0) = 0",
    source=YU,
    cases=_half_line_cases,
    family="sample on the half-line",
)
def half_normal_variance_optimum(ports, case):
    """The generalised minimiser for the variance of a half-normal law."""
    got = ports.fit_half_normal_variance(case.x, case.h, case.h_slope)
    yield Sides("variance", got, exact.half_normal_square(case.x, case.h, case.h_slope))


@identity(
    "C1-exponential",
    ports="fit_exponential_rate",
    statement=r"\hat\lambda = \overline{h'}\,/\,\overline h,\quad h = x:\ 1/\bar x",
    assumptions="lambda exp(-lambda x) on the half-line, a weight with h(0) = 0",
    source=YU,
    cases=_half_line_cases,
    family="sample on the half-line",
)
def exponential_rate_optimum(ports, case):
    """The generalised minimiser for the rate of an exponential law."""
    got = ports.fit_exponential_rate(case.x, case.h, case.h_slope)
    yield Sides("rate", got, exact.exponential_rate(case.x, case.h, case.h_slope))
