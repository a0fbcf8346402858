"""Chapters B and J: kernel densities and kernel estimators of scores."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law

LI_TURNER = "Li and Turner (2018), equation 8"
NYSTROM = "Sriperumbudur et al. (2017); Sutherland et al. (2018)"
ERRATUM = "seed 004, erratum J7: 1/h for 1/h^d"


def _data(n, dim):
    return np.array(settings.points(n, dim, 3, spread=1.0)) + np.linspace(0.8, -0.4, dim)


def _densities():
    return [
        Case(
            f"{n} points in {d} dimensions, h = {h}",
            data=_data(n, d),
            bandwidth=h,
            x=settings.points(6, d, 4),
        )
        for n, d, h in ((5, 1, 0.6), (4, 2, 0.35), (7, 3, 1.4))
    ] + [
        Case(
            f"a cross in {d} dimensions, h = {h}",
            data=np.vstack([np.eye(d), -np.eye(d)]) + np.linspace(0.5, -0.2, d),
            bandwidth=h,
            x=settings.points(5, d, 5),
        )
        for d, h in ((2, 0.7), (3, 0.45))  # equal spread in all directions
    ]


@identity(
    "J7",
    ports="kernel_density",
    statement=r"\log\hat p(x) = \log\frac1m\sum_j(2\pi h^2)^{-d/2}e^{-\|x-x_j\|^2/2h^2}",
    source=ERRATUM,
    cases=_densities,
)
def kernel_density_values(ports, case):
    """The Gaussian kernel density, with one factor 1/h for every dimension."""
    got = ports.kernel_density(case.data, case.bandwidth, case.x)
    law = Law("empirical", data=case.data, bandwidth=case.bandwidth)
    yield Sides("log density", got, oracles.scores.log_density(law, case.x))


@identity(
    "J7-mass",
    ports="kernel_density",
    statement=r"\int\hat p\,dx = 1",
    source=ERRATUM,
    cases=lambda: [
        Case("2 points in 1 dimension", data=_data(2, 1), bandwidth=0.45),
        Case("3 points in 2 dimensions", data=_data(3, 2), bandwidth=0.7),
        Case("2 points in 3 dimensions", data=_data(2, 3), bandwidth=1.6),
    ],
)
def kernel_density_integrates_to_one(ports, case):
    """A kernel density is a density: on a lattice of spacing 0.8 h the sum is exact to rounding."""
    step, d = 0.8 * case.bandwidth, case.data.shape[1]
    low, high = case.data.min(axis=0) - 11 * step, case.data.max(axis=0) + 11 * step
    sides = [np.arange(a, b, step) for a, b in zip(low, high)]
    x = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, d)
    p = np.exp(ports.kernel_density(case.data, case.bandwidth, x))
    yield Sides("integral", p.sum() * step**d, np.array(1.0))


@identity(
    "B18-held-out",
    ports="leave_one_out",
    statement=r"\log\hat p_{-i}(x_i) = \log\frac1{n-1}\sum_{j\ne i}N(x_i; x_j, h^2I)",
    source="Duin (1976); Habbema, Hermans and van den Broek (1974)",
    cases=lambda: [
        Case(f"{n} points in {d} dimensions", data=_data(n, d), bandwidth=h)
        for n, d, h in ((5, 1, 0.6), (4, 2, 0.35), (7, 3, 1.4))
    ],
)
def leave_one_out_density(ports, case):
    """Every point's log density under the kernel density of the others."""
    got = ports.leave_one_out(case.data, case.bandwidth)
    yield Sides("log density", got, oracles.kernels.leave_one_out(case.data, case.bandwidth))


@identity(
    "B18",
    ports="kernel_mise",
    statement=r"E\|\hat p-p\|^2 = (4\pi)^{-d/2}[h^{-d}/m + (1-\tfrac1m)(1+h^2)^{-d/2}"
    r" - 2(1+h^2/2)^{-d/2} + 1]",
    assumptions="N(0, I) data, Gaussian kernel",
    source="seed 004 (kernel density estimation)",
    cases=lambda: [
        Case(f"{n} draws in {d} dimensions, h = {h}", dim=d, n=n, bandwidth=h)
        for d, n, h in ((1, 12, 0.5), (2, 5, 0.7), (3, 40, 1.3), (5, 3, 0.9))
    ],
)
def kernel_density_error(ports, case):
    """The mean integrated squared error of a kernel density of normal data."""
    law = Law("gaussian", mean=np.zeros(case.dim), covariance=np.eye(case.dim))
    right = oracles.kernels.mise_normal(case.dim, case.n, case.bandwidth)
    yield Sides("error", ports.kernel_mise(law, case.n, case.bandwidth), np.array(right))


@identity(
    "B18-mixture",
    ports="kernel_mise",
    statement=r"E\|\hat p-p\|^2 = \int \operatorname{Var}\hat p(x) + (E\hat p(x)-p(x))^2\,dx",
    assumptions="Gaussian and mixture data, Gaussian kernel",
    source="Marron and Wand (1992)",
    cases=lambda: [
        Case(
            "mixture on the line",
            law=settings.mixture(1),
            n=9,
            bandwidth=0.4,
        ),
        Case("correlated Gaussian", law=settings.gaussian(2), n=6, bandwidth=0.8),
        Case("mixture in the plane", law=settings.mixture(2), n=14, bandwidth=0.6),
    ],
)
def kernel_density_error_of_mixtures(ports, case):
    """The mean integrated squared error is integrated variance plus squared bias."""
    right = oracles.kernels.mise_quadrature(case.law, case.n, case.bandwidth)
    yield Sides("error", ports.kernel_mise(case.law, case.n, case.bandwidth), np.array(right))


def _samples():
    spaced = np.linspace(-2.0, 2.5, 6)[:, None] ** 3 / 6
    return [
        Case("7 points in the plane", x=_data(7, 2), bandwidth=0.8, regularisation=0.3),
        Case("6 points in space", x=_data(6, 3), bandwidth=1.7, regularisation=0.05),
        Case("no regularisation", x=spaced, bandwidth=0.6, regularisation=0.0),
    ]


@identity(
    "B14-stein",
    ports="stein_estimator",
    statement=r"(K+\eta I)G = -B,\ B_i=\sum_j\nabla_{x_j}k(x_i,x_j)",
    source=LI_TURNER,
    cases=_samples,
)
def stein_normal_equations(ports, case):
    """The Stein estimator solves the kernel's Stein identity, averaged over the sample."""
    arguments = (case.x, case.bandwidth, case.regularisation)
    right = oracles.kernels.stein_scores(*arguments)
    yield Sides("scores", ports.stein_estimator(*arguments), right)


@identity(
    "B14-moved",
    ports="stein_estimator",
    statement=r"G(xQ^T + c) = G(x)Q^T,\ Q^TQ = I",
    assumptions="a radial kernel",
    source=LI_TURNER,
    cases=lambda: [
        Case(
            "turned and shifted",
            x=_data(6, 3),
            turn=np.linalg.qr(settings.matrix(3))[0],
            shift=np.array([40.0, -3.0, 0.7]),
            bandwidth=1.1,
            regularisation=0.2,
        )
    ],
)
def stein_moves_with_data(ports, case):
    """Turned and shifted data have turned scores."""
    right = ports.stein_estimator(case.x, case.bandwidth, case.regularisation) @ case.turn.T
    moved = case.x @ case.turn.T + case.shift
    yield Sides("scores", ports.stein_estimator(moved, case.bandwidth, case.regularisation), right)


def _fits():
    return [
        Case("9 points, 4 centres in the plane", x=_data(9, 2), basis=settings.points(4, 2, 6),
             bandwidth=0.9, regularisation=0.2),
        Case("11 points, 5 of them centres in space", x=_data(11, 3), basis=_data(11, 3)[:5],
             bandwidth=1.6, regularisation=0.03),
        Case("no regularisation", x=_data(8, 1), basis=[[-1.3], [0.4], [1.9]],
             bandwidth=0.7, regularisation=0.0),
    ]  # fmt: skip


@identity(
    "B14-family",
    ports="kernel_exponential_family",
    statement=r"(A+\lambda K)\alpha=-b,\ A=\frac1n\sum_i\nabla k\cdot\nabla k,"
    r"\ b=\frac1n\sum_i\Delta k",
    assumptions="flat base density",
    source=NYSTROM,
    cases=_fits,
)
def kernel_family_normal_equations(ports, case):
    """The score-matching fit of a kernel exponential family solves its normal equations."""
    arguments = (case.x, np.array(case.basis), case.bandwidth, case.regularisation)
    right = oracles.kernels.family_coefficients(*arguments)
    yield Sides("coefficients", ports.kernel_exponential_family(*arguments), right)


@identity(
    "B14-minimum",
    ports="kernel_exponential_family",
    statement=r"\nabla_\alpha\{\frac1n\sum_i[\tfrac12\|\nabla f\|^2+\Delta f](x_i)"
    r"+\tfrac\lambda2\|f\|^2\}=0,\ \text{where it is }\tfrac12b^T\alpha",
    assumptions="flat base density",
    source=NYSTROM,
    cases=_fits,
)
def kernel_family_is_a_minimum(ports, case):
    """At the fit the regularised implicit objective has no slope, and is half its linear part."""
    arguments = (case.x, np.array(case.basis), case.bandwidth, case.regularisation)
    alpha = ports.kernel_exponential_family(*arguments)
    slope = oracles.kernels.family_gradient(alpha, *arguments)
    at_zero = oracles.kernels.family_gradient(np.zeros(len(alpha)), *arguments)
    yield Sides("slope", slope, np.zeros(len(alpha)), np.abs(at_zero).max())
    least = oracles.kernels.family_objective(alpha, *arguments)
    yield Sides("least objective", np.array(0.5 * alpha @ at_zero), np.array(least))


@identity(
    "B14-base",
    ports="kernel_exponential_family_on_base",
    statement=r"(A+\lambda K)\alpha=-b,\ b=\frac1n\sum_i[\Delta k+\nabla k\cdot\nabla\log q_0]",
    source=NYSTROM,
    cases=lambda: [
        Case(
            f"{name} base",
            field=field,
            x=_data(10, 2),
            basis=settings.points(4, 2, 6),
            bandwidth=h,
            regularisation=0.1,
        )
        for name, field, h in (
            ("Gaussian", settings.gaussian_score(settings.gaussian(2)), 1.3),
            ("mixture", settings.mixture_score(2), 0.7),
        )
    ],
)
def kernel_family_on_a_base(ports, case):
    """On a base density its score joins the right side of the normal equations."""
    arguments = (case.x, case.basis, case.bandwidth, case.regularisation)
    base = oracles.fields.value(case.field, case.x)
    right = oracles.kernels.family_coefficients(*arguments, base)
    got = ports.kernel_exponential_family_on_base(case.field, *arguments)
    yield Sides("coefficients", got, right)
