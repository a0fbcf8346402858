"""Chapter E: basins keep their weights, annealing mends them; scores in empty places."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Description, Law
from refscore.identities.langevin_chains import point_after
from refscore.identities.langevin_stationarity import below
from refscore.identities.smoothing import score_of

# weights .6 and .4, means 2 and -2, standard deviations .5 and .2
LECTURE = Law(
    "mixture", weights=[0.6, 0.4], means=[[2.0], [-2.0]], covariances=[[[0.25]], [[0.04]]]
)


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
    want = oracles.langevin_transfer.uniform_chain(
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
    want = oracles.langevin_transfer.annealed_chain(case.law, case.low, case.high, *ladder)
    yield Sides("P(X <= c)", got, want, 1.0)


def _uniform_start(case, seed, n):
    from scipy.special import ndtr

    return case.low + (case.high - case.low) * ndtr(settings.drawn(seed, n, 1))


def _drawn_case(name, **inputs):
    return Case(f"the lectures' mixture from U[-3, 3], {name}", law=LECTURE, low=-3.0, high=3.0,
                **inputs)  # fmt: skip


@identity(
    "E5-drawn",
    ports="langevin_sample",
    kind="expectation",
    draws="rng",
    statement=r"X_k \sim \rho_k,\quad \rho_{k+1}(y) = \int N(y;\ x+\tfrac{\eta}{2}s,\ \eta)\,"
    r"\rho_k(x)\,dx",
    assumptions="one dimension, a uniform start; the subject draws the noise",
    source="seeds 001, 004 (figure 3.4); derived",
    cases=lambda: [_drawn_case("8 steps of .02", step_size=0.02, n_steps=8)],
)
def mixture_chain_draws(ports, case):
    """Chains on a mixture that draw their own noise: their exact law on the line."""
    transfer = oracles.langevin_transfer
    law_of = transfer.distribution_function(
        transfer.uniform_chain, case.law, case.low, case.high, case.step_size, case.n_steps
    )

    def uniforms(seed, n):
        x0 = _uniform_start(case, seed, n)
        got = ports.langevin_sample(score_of(case.law), x0, case.step_size, case.n_steps, rng=seed)
        return law_of(point_after(got, case.n_steps, case.n_steps, x0.shape))

    yield below("last points", uniforms, ("x",))


def _noisy_again(law, sigma, denoised):
    """The points x whose x + σ² s(x) these are: that map increases."""
    x = np.linspace(-20.0, 20.0, 20_001)
    return np.interp(denoised, x + sigma**2 * _line(law, sigma, x[:, None])[1], x)


@identity(
    "E5-annealed-drawn",
    ports="annealed_sample",
    kind="expectation",
    draws="rng",
    statement=r"X\ \text{after the levels}\ \sigma_t,\ \eta_t = \eta(\sigma_t/\sigma_T)^2",
    assumptions="one dimension, a uniform start, exact noised scores; the subject draws the noise",
    source="seeds 001, 004; Song and Ermon 2019; derived",
    cases=lambda: [
        _drawn_case("3 levels", sigmas=np.array([1.6, 0.8, 0.4]), step_size=0.1, n_steps_each=3)
    ],
)
def mixture_annealed_draws(ports, case):
    """Annealed chains on a mixture that draw their own noise: the exact law."""
    transfer, ladder = oracles.langevin_transfer, (case.sigmas, case.step_size, case.n_steps_each)
    law_of = transfer.distribution_function(
        transfer.annealed_chain, case.law, case.low, case.high, *ladder
    )

    denoised = settings.convention_of(ports, "annealed_sample", "last_step", "noisy") != "noisy"

    def uniforms(seed, n):
        x0, scores = _uniform_start(case, seed, n), Description("noised", law=case.law)
        x = ports.annealed_sample(scores, x0, *ladder, rng=seed)
        return law_of(_noisy_again(case.law, case.sigmas[-1], x) if denoised else x)

    yield below("last points", uniforms, ("x",))


def _shares(points, weights):
    """The middle of n equal shares of a mixture on the line."""
    from scipy.special import ndtri

    return np.concatenate(
        [m + s * ndtri((np.arange(n) + 0.5) / n) for (m, s), n in zip(points, weights)]
    )[:, None]


def _line(law, sigma, x):
    """Density and score of the law with noise added, on a line."""
    variances = np.ravel(law.covariances) + sigma**2
    gap = np.ravel(law.means) - x
    parts = law.weights * np.exp(-gap * gap / (2 * variances)) / np.sqrt(2 * np.pi * variances)
    return parts.sum(1), (parts * gap / variances).sum(1) / parts.sum(1)


@identity(
    "E8",
    ports="score",
    statement=r"E_p|\hat s-s|^2\ \text{small},\quad |\hat s-s|\ \text{large where}\ p\ "
    r"\text{is small; noise mends that}",
    assumptions="the score learnt is that of a kernel density of the data",
    source="seed 001 (pitfalls of naive score estimation)",
    cases=lambda: [
        Case(
            "30 points of the lectures' mixture",
            law=LECTURE,
            bandwidth=0.25,
            noise=2.0,
            data=_shares(((2.0, 0.5), (-2.0, 0.2)), (18, 12)),
        )
    ],
)
def learnt_scores_fail_in_gaps(ports, case):
    """A learnt score errs most between the modes, where hardly a point is; noise mends that."""
    x, worst = np.linspace(-3.5, 4.0, 151)[:, None], []
    for sigma in (0.0, case.noise):
        learnt = Law("empirical", data=case.data, bandwidth=float(np.hypot(case.bandwidth, sigma)))
        density, truth = _line(case.law, sigma, x)
        error = ports.score(learnt, x)[:, 0] - truth
        right = oracles.scores.score(learnt, x)[:, 0] - truth
        yield Sides(f"error, noise {sigma:g}", error, right)
        weights = density / density.sum()
        yield Sides(f"error, weighted, noise {sigma:g}", weights @ error**2, weights @ right**2)
        worst.append(np.abs(error).max())
        if sigma == 0:
            near, gap = density > 0.5 * density.max(), density < 0.05 * density.max()
            less = np.abs(error[near]).max() < 0.2 * np.abs(error[gap]).max()
            yield Sides(
                "error, at the modes, a fifth of the gap", np.array(float(less)), np.array(1.0)
            )
    yield Sides("error, noise, a fifth", np.array(float(worst[1] < 0.2 * worst[0])), np.array(1.0))


def _erratum_case(low, basins):
    return Case(
        f"from U[{low:g}, 3]", law=LECTURE, low=low, high=3.0, step_size=0.02, n_steps=100,
        points=np.zeros(1), basins=basins,
    )  # fmt: skip


@identity(
    "J18",
    ports="chain_distribution",
    kind="exact law",
    statement=r"P(X_{100} > 0) = .632\ \text{from}\ U[-3,3],\ 1.000\ \text{from}\ U[0,3]:\ "
    r"\text{the start's basins hold}\ .637\ \text{and}\ 1,\ \text{the law}\ .6",
    assumptions="the lectures' mixture, 100 steps of .02",
    source="seed 004 (figure 3.4: the samples become the desired distribution)",
    cases=lambda: [_erratum_case(-3.0, 0.6367846649588972), _erratum_case(0.0, 1.0)],
    tolerance=1e-8,
)
def erratum_becomes_the_distribution(ports, case):
    """Said to become the law, with .6 in the upper mode; the chain keeps what its start split."""
    above = 1 - _plain(ports, case)
    exact = 1 - oracles.langevin_transfer.uniform_chain(
        case.law, case.low, case.high, case.step_size, case.n_steps, case.points
    )
    yield Sides("in the upper mode", above, exact, 1.0)
    off, moved = np.abs(above - 0.6), np.abs(above - case.basins)
    yield Sides("nearer the start's basins than the law", 1.0 * (moved < 0.25 * off), np.ones(1))
