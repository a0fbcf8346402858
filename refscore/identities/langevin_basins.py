"""Chapter E: where a chain ends: ridges, basins and their weights, scores in empty places."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Bound, Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.langevin_chains import LECTURES
from refscore.identities.smoothing import score_of

_TRANSFER = oracles.langevin_transfer

# weights .6 and .4, means 2 and -2, standard deviations .5 and .2
LECTURE = Law(
    "mixture", weights=[0.6, 0.4], means=[[2.0], [-2.0]], covariances=[[[0.25]], [[0.04]]]
)


def _ascent_cases():
    law = settings.mixture(2)
    yield Case("mixture, d = 2", law=law, x=settings.points(4, 2), step_size=0.25)
    law = settings.gaussian(3)
    yield Case("Gaussian, d = 3", law=law, x=settings.points(4, 3), step_size=0.8)


@identity(
    "E4",
    ports="langevin_step",
    statement=r"z = 0,\ \eta < 4/L:\quad x \leftarrow x+\tfrac{\eta}{2}s(x)\ \to\ s(x) = 0",
    assumptions="s Lipschitz with constant L",
    source="seeds 000, 001, 002 (zero noise)",
    cases=_ascent_cases,
    tolerance=1e-7,
)
def zero_noise_climbs(ports, case):
    """Without noise a chain climbs to a critical point of the log density, one step at a time."""
    x, zero, field = case.x, np.zeros_like(case.x), score_of(case.law)
    first = oracles.langevin.step(case.law, x, case.step_size, zero)
    for k in range(400):
        x = ports.langevin_step(field, x, case.step_size, noise=zero)
        if k == 0:
            yield Sides("first step", x, first)
    slope = oracles.scores.score(case.law, x)
    yield Sides("score at the end", x + slope, x, 1.0)
    gain = oracles.scores.log_density(case.law, case.x) - oracles.scores.log_density(case.law, x)
    yield Bound("log density lost", np.exp(gain), 1.0)


def _ridge_cases():
    for a in (2.0, 3.0):
        law = Law("mixture", weights=[0.5, 0.5], means=[[a, 0.0], [-a, 0.0]],
                  covariances=[np.eye(2), np.eye(2)])  # fmt: skip
        yield Case(
            f"modes at ±{a:g}", law=law, x=np.array([[0.0, 1.7], [0.0, -0.4]]), step_size=0.3
        )


@identity(
    "E4-ridge",
    ports="langevin_step",
    statement=r"z = 0,\ x_1 = 0:\ \text{the chain stays on the ridge and ends at the saddle}\ 0",
    assumptions="two equal components that mirror each other",
    source="derived",
    cases=_ridge_cases,
)
def symmetric_start_stays(ports, case):
    """From the ridge between two equal modes no step without noise leaves it."""
    x, zero, field = case.x, np.zeros_like(case.x), score_of(case.law)
    for _ in range(80):
        x = ports.langevin_step(field, x, case.step_size, noise=zero)
    decay = (1 - case.step_size / 2) ** 80
    yield Sides("the saddle", x + 1, 1 + case.x * np.array([0.0, decay]))


_POINTS = np.array([-2.2, -1.0, 0.0, 1.9, 2.6])


def _plain_cases():
    for (low, high), eta, k in (((-3, 3), 0.01, 25), ((0, 3), 0.03, 8), ((-3, 3), 0.02, 2)):
        yield Case(
            f"the lectures' mixture from U[{low}, {high}], {k} steps of {eta}", law=LECTURE,
            low=float(low), high=float(high), step_size=eta, n_steps=k, points=_POINTS,
        )  # fmt: skip
    yield Case(
        "three modes, one step", law=settings.mixture(1), low=-1.0, high=2.5, step_size=0.3,
        n_steps=1, points=np.array([-1.0, 0.3, 1.4]),
    )  # fmt: skip


def _plain(ports, case):
    return ports.chain_distribution(
        case.law, case.low, case.high, case.step_size, case.n_steps, case.points
    )


@identity(
    "E5",
    ports="chain_distribution",
    kind="exact law",
    statement=r"\rho_{k+1}(y) = \int N(y;\ x+\tfrac{\eta}{2}s(x),\ \eta)\,\rho_k(x)\,dx:\ "
    r"\text{the basins keep the weights the start gave them}",
    assumptions="one dimension; the law is carried exactly, without draws",
    source="seeds 001, 004 (figure 3.4); derived",
    cases=_plain_cases,
    tolerance=1e-8,
)
def chain_distribution(ports, case):
    """The exact law of the unadjusted chain, forwards against backwards."""
    want = _TRANSFER.uniform_chain(
        case.law, case.low, case.high, case.step_size, case.n_steps, case.points
    )
    yield Sides("P(X <= c)", _plain(ports, case), want, 1.0)


def _annealed_cases():
    for hi, lo, levels, eta, n in ((2.0, 0.5, 4, 0.1, 30), (3.0, 0.4, 6, 0.05, 10)):
        yield Case(
            f"the lectures' mixture, {levels} levels of {n} steps", law=LECTURE, low=-3.0,
            high=3.0, sigmas=np.geomspace(hi, lo, levels), step_size=eta, n_steps_each=n,
            points=_POINTS,
        )  # fmt: skip


@identity(
    "E5-annealed",
    ports="annealed_distribution",
    kind="exact law",
    statement=r"\text{down the levels}\ \sigma_t,\ \eta_t = \eta(\sigma_t/\sigma_T)^2:\ "
    r"\text{the basins' weights come near those of the law}",
    assumptions="one dimension, exact noised scores",
    source="seeds 001, 004; Song and Ermon 2019; derived",
    cases=_annealed_cases,
    tolerance=1e-8,
)
def annealed_distribution(ports, case):
    """The exact law of the annealed chain, forwards against backwards."""
    ladder = case.sigmas, case.step_size, case.n_steps_each, case.points
    got = ports.annealed_distribution(case.law, case.low, case.high, *ladder)
    want = _TRANSFER.annealed_chain(case.law, case.low, case.high, *ladder)
    yield Sides("P(X <= c)", got, want, 1.0)


def _shares(points, weights):
    """The middle of n equal shares of a mixture on the line."""
    from scipy.special import ndtri

    return np.concatenate(
        [m + s * ndtri((np.arange(n) + 0.5) / n) for (m, s), n in zip(points, weights)]
    )[:, None]


def _learnt_cases():
    data = _shares(((2.0, 0.5), (-2.0, 0.2)), (18, 12))
    yield Case("30 points of the lectures' mixture", law=LECTURE, data=data, bandwidth=0.25)


@identity(
    "E8",
    ports="score",
    statement=r"\int\|\hat s-s\|^2 p\,dx\ \text{small},\ \|\hat s-s\|\ "
    r"\text{large where}\ p\ \text{is small, less so under noise}",
    assumptions="the score learnt is that of a kernel density of the data",
    source="seed 001 (pitfalls of naive score estimation)",
    cases=_learnt_cases,
)
def learnt_scores_fail_in_gaps(ports, case):
    """A learnt score errs most between the modes, where hardly a point is; noise mends that."""
    x = np.linspace(-3.5, 4.0, 151)[:, None]
    worst = []
    for sigma in (0.0, 2.0):
        h = float(np.hypot(case.bandwidth, sigma))
        learnt = Law("empirical", data=case.data, bandwidth=h)
        truth = _TRANSFER.noised(case.law, sigma)
        s = oracles.scores.score(truth, x)
        mass = np.exp(oracles.scores.log_density(truth, x))
        error = np.abs(ports.score(learnt, x) - s)[:, 0]
        right = np.abs(oracles.scores.score(learnt, x) - s)[:, 0]
        near, gap = mass > 0.5 * mass.max(), mass < 0.05 * mass.max()
        yield Sides(f"error weighted by the density, noise {sigma:g}",
                    np.array((error**2) @ mass), np.array((right**2) @ mass))  # fmt: skip
        yield Sides(f"largest error, noise {sigma:g}", np.array(error.max()), np.array(right.max()))
        worst.append(error.max())
        if sigma == 0:
            yield Bound(
                "error at the modes beside that in the gap",
                error[near].max(),
                0.2 * error[gap].max(),
            )
    yield Bound("largest error under noise beside that without", worst[1], 0.2 * worst[0])


@identity(
    "J18",
    ports="chain_distribution",
    kind="exact law",
    statement=r"P(X_{100} > 0) = .631\ \text{from}\ U[-3,3]\ (\text{the start's basins hold}\ .637),"
    r"\ 1.000\ \text{from}\ U[0,3];\ \text{the law has}\ .6",
    assumptions="the lectures' mixture, 100 steps of .01",
    source="seed 004 (figure 3.4: the samples become the desired distribution)",
    cases=lambda: [
        Case(
            "from U[-3, 3]",
            law=LECTURE,
            low=-3.0,
            high=3.0,
            step_size=0.05,
            n_steps=100,
            points=np.zeros(1),
        ),
        Case(
            "from U[0, 3]",
            law=LECTURE,
            low=0.0,
            high=3.0,
            step_size=0.05,
            n_steps=100,
            points=np.zeros(1),
        ),
    ],  # fmt: skip
    tolerance=1e-8,
)
def erratum_becomes_the_distribution(ports, case):
    """Said to become the law, with .6 in the upper mode; the chain keeps what its start split."""
    above = 1 - _plain(ports, case)
    exact = 1 - _TRANSFER.uniform_chain(
        case.law, case.low, case.high, case.step_size, case.n_steps, case.points
    )
    yield Sides("in the upper mode", above, exact, 1.0)
    start = _TRANSFER.basin_mass(case.law, case.low, case.high)
    yield Bound("further from the law than from the start's basins",
                np.abs(above - start), 0.2 * np.abs(above - 0.6))  # fmt: skip


__all__ = ["LECTURE", "LECTURES"]
