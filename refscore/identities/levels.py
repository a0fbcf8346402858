"""Chapter B: noise levels: laid out, drawn, and weighted by what is learned."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Draws, Mean, Sides, identity
from refscore.identities.cases import Case
from refscore.identities.ladder import NCSN
from refscore.identities.weightings import EDM


@identity(
    "B11-log-normal",
    ports="edm_sigmas",
    statement=r"\sigma = \exp(P_{mean} + P_{std} z)",
    source=EDM,
    cases=lambda: [
        Case(f"mean {m}, sd {s}", normals=settings.normals(6), p_mean=m, p_std=s)
        for m, s in ((-1.2, 1.2), (0.4, 2.0), (-0.5, 0.9))
    ],
    family="normal numbers for levels",
)
def log_normal_levels(ports, case):
    """Training levels on given normal numbers."""
    got = ports.edm_sigmas(case.normals, case.p_mean, case.p_std)
    right = oracles.ladder.log_normal(case.normals, case.p_mean, case.p_std)
    yield Sides("levels", got, right, right)


_RANGES = ((0.01, 50.0), (0.3, 2.0))


@identity(
    "B11-log-uniform",
    ports="log_uniform_sigmas",
    statement=r"\sigma = \sigma_{min}(\sigma_{max}/\sigma_{min})^u",
    source="definition; Song and Ermon 2019",
    cases=lambda: [
        Case(f"{low} to {high}", uniforms=np.array([0.0, 0.11, 0.5, 0.72, 0.9]),
             sigma_min=low, sigma_max=high)
        for low, high in _RANGES
    ],
    family="uniform numbers for levels",
)  # fmt: skip
def log_uniform_levels(ports, case):
    """Levels whose logarithm is uniform, on given uniform numbers."""
    arguments = (case.uniforms, case.sigma_min, case.sigma_max)
    right = oracles.ladder.log_uniform(*arguments)
    yield Sides("levels", ports.log_uniform_sigmas(*arguments), right, right)


@identity(
    "B11-geometric",
    ports="geometric_sigmas",
    statement=r"\sigma_l = \sigma_{max}(\sigma_{min}/\sigma_{max})^{l/(n-1)},\ l = 0,\dots,n-1",
    source=NCSN,
    cases=lambda: [
        Case(f"{n} levels from {high} to {low}", sigma_max=high, sigma_min=low, n=n)
        for n, (low, high) in zip((7, 10), _RANGES)
    ],
    family="geometric ladder",
)
def geometric_ladder(ports, case):
    """A ladder of one ratio with both ends on it."""
    arguments = (case.sigma_max, case.sigma_min, case.n)
    right = oracles.ladder.geometric(*arguments)
    yield Sides("levels", ports.geometric_sigmas(*arguments), right, right)


@identity(
    "B11-uncertainty",
    ports="uncertainty_loss",
    statement=r"\tfrac12(r^2e^{-u}+u) = -\log N(r;0,e^u) - \tfrac12\log 2\pi",
    source="definition; Kendall and Gal 2017",
    cases=lambda: [
        Case("squares and log variances", squares=settings.normals(6) ** 2,
             log_variance=np.array([-3.0, -0.7, 0.0, 0.4, 1.3, 2.2]))
    ],
    family="squares and log variances",
)  # fmt: skip
def uncertainty_weighting(ports, case):
    """A squared error weighted by a learned variance is minus a Gaussian's log density."""
    got = ports.uncertainty_loss(case.squares, case.log_variance)
    yield Sides("loss", got, oracles.ladder.uncertainty(case.squares, case.log_variance))


@identity(
    "B11-levels",
    ports="draw_levels",
    kind="expectation",
    draws="rng",
    statement=r"P(l_i = k) = 1/L,\ P(l_i = l_j) = P(l_i = L-1-l_j) = 1/L\ (i \ne j)",
    source=NCSN,
    cases=lambda: [Case("5 levels", n=20_000, n_levels=5)],
)
def levels_are_drawn_from_all(ports, case):
    """All levels are drawn equally often, the first and the last too, and independently."""
    share, levels = 1 / case.n_levels, np.arange(case.n_levels)

    def drawn(seed, n):
        return np.asarray(ports.draw_levels(n, case.n_levels, rng=seed))

    def shares(seed, n):
        return drawn(seed, n)[:, None] == levels

    def equal(pairs):
        one, other = pairs
        return np.stack([one == other, one == case.n_levels - 1 - other], -1)

    names = tuple(f"share of level {level}" for level in levels)
    yield Draws("levels", shares, Mean(np.full(len(levels), share), 0.0, 1.0, names=names))
    law = Mean([share, share], 0.0, 1.0, names=("share of equal pairs", "share of mirrored pairs"))
    for name, pairs in (
        ("neighbours", lambda d: (d[:-1:2], d[1::2])),
        ("rows half a batch apart", lambda d: (d[: len(d) // 2], d[len(d) // 2 :])),
    ):
        yield Draws(name, lambda seed, n, p=pairs: equal(p(drawn(seed, 2 * n))), law)
    i, j = np.triu_indices(case.n_levels, 1)

    def shares_of_pairs(seed, n):
        """Of batches as small as the ladder, where a balanced draw never repeats a level."""
        seeds = np.random.default_rng((1, seed)).integers(2**31, size=n)
        batches = np.stack([drawn(int(s), case.n_levels) for s in seeds])
        return (batches[:, i] == batches[:, j]).mean(-1)

    law = Mean(share, 0.0, 1.0, names=("share of equal pairs in a small batch",))
    yield Draws("small batches", shares_of_pairs, law, 0.1, batch=500)
