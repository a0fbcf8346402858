"""Chapter E: kernel distances of a sample from a law, and of two samples."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law

LIU = "Liu, Lee and Jordan (2016); Chwialkowski, Strathmann and Gretton (2016)"
GRETTON = "Gretton et al. (2012), A kernel two-sample test"
SZEKELY = "Szekely and Rizzo (2013), Energy statistics"


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
