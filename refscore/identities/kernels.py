"""Chapters B and J: kernel densities."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law

ERRATUM = "seed 004, erratum J7: 1/h for 1/h^d"


def data(n, dim):
    """n points around a centre away from the origin."""
    return np.array(settings.points(n, dim, 3, spread=1.0)) + np.linspace(0.8, -0.4, dim)


def _densities():
    return [
        Case(
            f"{n} points in {d} dimensions, h = {h}",
            data=data(n, d),
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
    ] + [
        Case(
            f"60 bandwidths from the data, d = {d}",
            data=data(5, d), bandwidth=0.1, x=settings.points(4, d, 4) + 8,
        )
        for d in (1, 2)
    ]  # fmt: skip


def _lonely():
    """Data with one point so far from the others that all their kernels underflow there."""
    return np.vstack([data(5, 2), [[8.0, -9.0]]])


@identity(
    "J7",
    ports="kernel_density",
    statement=r"\log\hat p(x) = \log\frac1m\sum_j(2\pi h^2)^{-d/2}e^{-\|x-x_j\|^2/2h^2}",
    source=ERRATUM,
    cases=_densities,
    family="kernel density",
)
def kernel_density_values(ports, case):
    """The Gaussian kernel density, with one factor 1/h for every dimension."""
    got = ports.kernel_density(case.data, case.bandwidth, case.x)
    law = Law("empirical", data=case.data, bandwidth=case.bandwidth)
    yield Sides("log density", got, oracles.scores.log_density(law, case.x))


@identity(
    "J7-mass",
    ports="kernel_density",
    statement=r"\int\hat p\,dx = 1,\ \text{with}\ 1/h\ \text{as printed}\ h^{d-1}",
    source=ERRATUM,
    cases=lambda: [
        Case("2 points in 1 dimension", data=data(2, 1), bandwidth=0.45),
        Case("3 points in 2 dimensions", data=data(3, 2), bandwidth=0.7),
        Case("2 points in 3 dimensions", data=data(2, 3), bandwidth=1.6),
    ],
    family="kernel density",
)
def kernel_density_integrates_to_one(ports, case):
    """A kernel density is a density: on a lattice of spacing 0.8 h the sum is exact to rounding."""
    step, d = 0.8 * case.bandwidth, case.data.shape[1]
    low, high = case.data.min(axis=0) - 11 * step, case.data.max(axis=0) + 11 * step
    sides = [np.arange(a, b, step) for a, b in zip(low, high)]
    x = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, d)
    p = np.exp(ports.kernel_density(case.data, case.bandwidth, x))
    yield Sides("integral", p.sum() * step**d, np.array(1.0))
    squares = ((x[:, None] - case.data) ** 2).sum(-1) / case.bandwidth**2
    printed = np.exp(-squares / 2).mean(1) / (2 * np.pi) ** (d / 2) / case.bandwidth
    yield Sides("as printed", printed.sum() * step**d, np.array(case.bandwidth ** (d - 1)))


@identity(
    "B18-held-out",
    ports="leave_one_out",
    statement=r"\log\hat p_{-i}(x_i) = \log\frac1{n-1}\sum_{j\ne i}N(x_i; x_j, h^2I)",
    source="Duin (1976); Habbema, Hermans and van den Broek (1974)",
    cases=lambda: (
        [
            Case(f"{n} points in {d} dimensions", data=data(n, d), bandwidth=h)
            for n, d, h in ((5, 1, 0.6), (4, 2, 0.35), (7, 3, 1.4))
        ]
        + [Case("a point 80 bandwidths from the others", data=_lonely(), bandwidth=0.1)]
    ),
    family="kernel density",
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
    family="error of a kernel density",
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
    family="kernel density of a mixture",
)
def kernel_density_error_of_mixtures(ports, case):
    """The mean integrated squared error is integrated variance plus squared bias."""
    right = oracles.kernels.mise_quadrature(case.law, case.n, case.bandwidth)
    yield Sides("error", ports.kernel_mise(case.law, case.n, case.bandwidth), np.array(right))
