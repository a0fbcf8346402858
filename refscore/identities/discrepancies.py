"""Chapter E: how far a sample is from a law, and two samples from each other."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law

LIU = "Liu, Lee and Jordan (2016); Chwialkowski, Strathmann and Gretton (2016)"
GRETTON = "Gretton et al. (2012), A kernel two-sample test"
SZEKELY = "Szekely and Rizzo (2013), Energy statistics"
VALLENDER = "Vallender (1974); Villani (2003), theorem 2.18"


def _other(n, dim, key=3):
    return np.array(settings.points(n, dim, key, spread=0.8)) + np.linspace(0.9, -0.5, dim)


def _stein_cases():
    gauss, mixture = settings.gaussian_score, settings.mixture_score
    for name, field, n, d, kernel, h, b, statistic in (
        ("mixture in the plane", mixture(2), 7, 2, "imq", 0.8, 0.5, "V"),
        ("correlated Gaussian", gauss(settings.gaussian(3)), 6, 3, "rbf", 1.7, 0.5, "V"),
        ("no pair twice, a steep kernel", gauss(settings.gaussian(2)), 5, 2, "imq", 1.6, 0.8, "U"),
        ("mixture, no pair twice", mixture(2), 9, 2, "rbf", 0.6, 0.5, "U"),
        ("a field that is no score", settings.affine(3), 8, 3, "imq", 2.3, 0.3, "V"),
        ("one point", mixture(2), 1, 2, "rbf", 0.7, 0.5, "V"),
    ):
        yield Case(name, field=field, x=settings.points(n, d, 7), kernel=kernel, bandwidth=h,
                   exponent=b, statistic=statistic)  # fmt: skip


@identity(
    "E11-ksd",
    ports="kernel_stein_discrepancy",
    statement=r"\sum w_iw_j\,h(x_i,x_j),\ h = k\,s\cdot s' + s\cdot\nabla'k + s'\cdot\nabla k"
    r" + \operatorname{tr}\nabla\nabla'^Tk",
    source=LIU + "; Gorham and Mackey (2017)",
    cases=_stein_cases,
)
def kernel_stein_of_samples(ports, case):
    """The squared kernel Stein discrepancy of a sample, pair by pair."""
    arguments = case.kernel, case.bandwidth, case.exponent, case.statistic
    scores = oracles.fields.value(case.field, case.x)
    right = oracles.discrepancies.kernel_stein(scores, case.x, *arguments)
    got = ports.kernel_stein_discrepancy(case.field, case.x, *arguments)
    yield Sides("KSD squared", got, np.array(right))


def _nodes(law, order):
    """Gauss-Hermite nodes and weights of a Gaussian."""
    z, w = settings.hermite(len(law.mean), order)
    return law.mean + z @ np.linalg.cholesky(law.covariance).T, w


def _gaussian(mean, covariance):
    return Law("gaussian", mean=np.array(mean), covariance=np.array(covariance))


def _pairs_of_laws():
    line = _gaussian([0.0], [[1.0]]), _gaussian([0.0], [[0.49]])
    yield Case("variance on the line", law=line[0], other=line[1], bandwidth=1.3, order=44)
    shift = _gaussian([0.0, 0.0], np.eye(2)), _gaussian([0.6, -0.9], np.eye(2))
    yield Case("mean in the plane", law=shift[0], other=shift[1], bandwidth=1.9, order=24)
    full = settings.gaussian(2), _gaussian([0.2, 0.5], [[0.9, -0.3], [-0.3, 0.6]])
    yield Case("means and covariances", law=full[0], other=full[1], bandwidth=2.1, order=26)


@identity(
    "E11-ksd-gaussian",
    ports="weighted_kernel_stein_discrepancy",
    statement=r"|I+2T/\ell^2|^{-1/2}\left(\|\delta(n)\|^2+\operatorname{tr}A\tfrac{2T-D}4A^T"
    r"\right),\ A=T^{-1}-S^{-1},\ D=(T^{-1}/2+I/\ell^2)^{-1}",
    assumptions="N(m, S) from N(n, T), RBF kernel",
    source="derived; Liu, Lee and Jordan (2016)",
    cases=_pairs_of_laws,
    tolerance=1e-8,
)
def kernel_stein_of_gaussians(ports, case):
    """From one Gaussian to another in closed form, on the nodes of a product rule."""
    x, w = _nodes(case.other, case.order)
    field = settings.gaussian_score(case.law)
    got = ports.weighted_kernel_stein_discrepancy(field, x, w, "rbf", case.bandwidth, 0.5)
    right = oracles.discrepancies.kernel_stein_gaussian(case.law, case.other, case.bandwidth)
    yield Sides("KSD squared", got, np.array(right))


def _samples():
    for name, n, m, d, kernel, h, statistic in (
        ("7 against 5 points in the plane", 7, 5, 2, "rbf", 0.8, "V"),
        ("4 against 9 points in space", 4, 9, 3, "imq", 1.7, "V"),
        ("on the line, no pair twice", 6, 8, 1, "rbf", 0.5, "U"),
        ("5 against 7 in the plane, no pair twice", 5, 7, 2, "imq", 0.6, "U"),
    ):
        x = settings.points(n, d, 8)
        yield Case(name, x=x, y=_other(m, d), kernel=kernel, bandwidth=h, statistic=statistic)


@identity(
    "E11-mmd",
    ports="mmd",
    statement=r"\overline{k(x,x')} + \overline{k(y,y')} - 2\,\overline{k(x,y)}",
    source=GRETTON,
    cases=_samples,
)
def mmd_of_samples(ports, case):
    """The squared maximum mean discrepancy of two samples, pair by pair."""
    arguments = case.kernel, case.bandwidth, case.statistic
    right = oracles.discrepancies.mmd(case.x, case.y, *arguments)
    yield Sides("MMD squared", ports.mmd(case.x, case.y, *arguments), np.array(right))


@identity(
    "E11-mmd-gaussian",
    ports="weighted_mmd",
    statement=r"M(p,p)+M(q,q)-2M(p,q),\ M = |I+\tfrac{S+T}{h^2}|^{-1/2}"
    r"e^{-\frac12(m-n)^T(h^2I+S+T)^{-1}(m-n)}",
    assumptions="Gaussians, RBF kernel",
    source="derived; " + GRETTON,
    cases=_pairs_of_laws,
    tolerance=1e-8,
)
def mmd_of_gaussians(ports, case):
    """Of two Gaussians in closed form, on the nodes of product rules of different orders."""
    x, v = _nodes(case.law, case.order)
    y, w = _nodes(case.other, case.order - 3)
    got = ports.weighted_mmd(x, y, v, w, "rbf", case.bandwidth)
    right = oracles.discrepancies.mmd_gaussian(case.law, case.other, case.bandwidth)
    yield Sides("MMD squared", got, np.array(right))


@identity(
    "E11-energy",
    ports="energy_distance",
    statement=r"2\,\overline{\|x-y\|} - \overline{\|x-x'\|} - \overline{\|y-y'\|}",
    source=SZEKELY,
    cases=lambda: [
        Case(f"{n} against {m} points in {d} dimensions, {s}",
             x=settings.points(n, d, 9), y=_other(m, d, 4), statistic=s)
        for n, m, d, s in ((6, 9, 1, "V"), (5, 7, 1, "U"), (8, 5, 2, "V"), (4, 6, 3, "U"))
    ],
)  # fmt: skip
def energy_of_samples(ports, case):
    """The energy distance of two samples, pair by pair: the square, no root taken."""
    right = oracles.discrepancies.mmd(case.x, case.y, "energy", statistic=case.statistic)
    got = ports.energy_distance(case.x, case.y, case.statistic)
    yield Sides("energy distance", got, np.array(right))


def _lattice(mean, sd, step):
    """Points of one lattice for all laws, with the density as weights."""
    x = np.arange(-12.0, 12.0 + step / 2, step)
    w = np.exp(-((x - mean) ** 2) / (2 * sd**2))
    return x[:, None], w / w.sum()


@identity(
    "E11-energy-gaussian",
    ports="weighted_mmd",
    statement=r"2F(m-n,s^2+t^2)-F(0,2s^2)-F(0,2t^2),\ F(m,v)=\sqrt{2v/\pi}e^{-m^2/2v}"
    r"+m\operatorname{erf}(m/\sqrt{2v})",
    assumptions="Gaussians on the line",
    source="derived; " + SZEKELY,
    cases=lambda: [
        Case(f"N({m}, {s}²) and N({n}, {t}²)", means=[m, n], sds=[s, t])
        for m, s, n, t in ((0.3, 1.0, -0.7, 1.0), (0.0, 1.3, 0.0, 0.9), (1.1, 0.9, -0.4, 1.2))
    ],
    tolerance=1e-7,
)
def energy_of_gaussians(ports, case):
    """The energy kernel on a lattice, whose error in even powers of the spacing is taken out."""
    (m, n), (s, t) = case.means, case.sds
    values = []
    for step in (0.3, 0.15, 0.075):
        (x, v), (_, w) = _lattice(m, s, step), _lattice(n, t, step)
        values.append(ports.weighted_mmd(x, x, v, w, "energy", 1.0))
    for power in (4, 16):  # Richardson: the kink of the kernel lies on the lattice
        values = [(power * b - a) / (power - 1) for a, b in zip(values, values[1:])]
    right = oracles.discrepancies.energy_gaussian(m, s, n, t)
    yield Sides("energy distance", values[0], np.array(right))


@identity(
    "E11-pairs",
    ports="wasserstein_1d",
    statement=r"W_p^p = \min_\sigma\frac1n\sum_i|x_i-y_{\sigma(i)}|^p",
    assumptions="samples of one size on the line",
    source=VALLENDER,
    cases=lambda: [
        Case(f"6 against 6 points, p = {p}", x=settings.points(6, 1, 2)[:, 0],
             y=_other(6, 1, 5)[:, 0], p=p)
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
             y=_other(m, 1, 6)[:, 0], p=p)
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
        Case("7 against 11 points", x=settings.points(7, 1, 3)[:, 0], y=_other(11, 1)[:, 0]),
        Case("the other way round", x=_other(11, 1)[:, 0], y=settings.points(7, 1, 3)[:, 0]),
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
