"""Chapter E: from exact draws of the target, one adjusted step leaves exact draws."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Draws, Mean, Normal, Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.langevin_metropolis import acceptance, flag_rates, has_moved, points_of
from refscore.identities.langevin_sharing import distinct, ends_of_trajectories, quadrants
from refscore.identities.smoothing import score_of


def _unit_cases():
    law = Law("gaussian", mean=np.zeros(1), covariance=np.eye(1))
    for eta in (0.5, 1.6):
        yield Case(f"N(0, 1), step {eta}", law=law, step_size=eta)


def _polar(eta):
    """(x, z, weights) of two normal numbers; arcs end where the proposal has |y| = |x|."""
    a, root = 1 - eta / 2, np.sqrt(eta)
    kinks = np.sort(np.arctan([(1 - a) / root, (-1 - a) / root]))
    edges = np.concatenate([kinks, kinks + np.pi, kinks[:1] + 2 * np.pi])
    g, v = np.polynomial.legendre.leggauss(10)
    half = np.diff(edges)[:, None] / 2
    angle, dangle = (edges[:-1, None] + half * (1 + g)).ravel(), (half * v).ravel()
    t, w = np.polynomial.laguerre.laggauss(8)
    radius = np.sqrt(2 * t)
    x, z = (np.outer(f(angle), radius).ravel() for f in (np.cos, np.sin))
    return x[:, None], z[:, None], np.outer(dangle, w).ravel() / (2 * np.pi)


@identity(
    "E9-adjusted",
    ports="mala_step",
    kind="exact law",
    statement=r"X_0\sim N(0,1):\quad E X_1^2 = E[a(x,z)y^2 + (1-a(x,z))x^2] = 1",
    assumptions="exact start; the acceptance a is measured by sections of the uniform number",
    source="seeds 000, 002, 003 (stationarity)",
    cases=_unit_cases,
    tolerance=1e-7,
)
def mala_keeps_variance(ports, case):
    """One adjusted step keeps the variance 1 where an unadjusted one makes it 1 + η²/4."""
    law, eta = case.law, case.step_size
    x, z, w = _polar(eta)

    def call(u, row):
        return points_of(ports.mala_step(law, score_of(law), x[row], eta, noise=z[row], uniform=u))

    y = call(np.zeros(len(x)), slice(None))
    a = acceptance(lambda u, row: has_moved(call(u, row), x[row]), len(x), 9)
    after = a * y[:, 0] ** 2 + (1 - a) * x[:, 0] ** 2
    yield Sides("proposals", w @ y[:, 0] ** 2, 1 + eta**2 / 4)
    yield Sides("variance", w @ after, np.array(1.0))
    yield Sides("acceptance", w @ a, oracles.langevin_acceptance.mala(law, eta))


def exact_draws(law, seed, n) -> np.ndarray:
    """n independent draws of a Gaussian or a mixture."""
    if law.kind == "gaussian":
        return (
            law.mean + settings.drawn(seed, n, len(law.mean)) @ np.linalg.cholesky(law.covariance).T
        )
    from scipy.special import ndtr

    z = settings.drawn(seed, n, law.means.shape[1] + 1)
    k = np.minimum(np.searchsorted(np.cumsum(law.weights), ndtr(z[:, -1])), len(law.weights) - 1)
    roots = np.linalg.cholesky(law.covariances)
    return law.means[k] + np.einsum("nij,nj->ni", roots[k], z[:, :-1])


_TENTHS = np.array([0.1, 0.3, 0.5, 0.7, 0.9])


def below(label, uniforms, names) -> Draws:
    """Draws of values that the right law makes uniform: how many lie below tenths.

    Mean and spread alone would miss what changes within the modes of a mixture."""

    def indicators(seed, n):
        u = np.asarray(uniforms(seed, n)).reshape(n, -1)
        return (u[..., None] < _TENTHS).reshape(n, -1).astype(float)

    wanted = np.tile(_TENTHS, len(names))
    told = tuple(f"{name} below its quantile {t:g}" for name in names for t in _TENTHS)
    return Draws(label, indicators, Mean(wanted, 0.0, 1.0, names=told))


_ROWS, _SEED = 250, 1  # of one call whose flags are compared with its points, exactly


def _judged(case, step, rate, *sizes, apart=True):
    """The points after a step; where the rate is known, how often they moved; what was said.

    `apart`: the step draws its proposals, which no two rows share."""
    law = case.law

    def after(seed, n):
        return points_of(step(exact_draws(law, seed, n), seed))

    def uniforms(seed, n):
        x = after(seed, n)
        along = np.eye(x.shape[-1]), np.ones((1, x.shape[-1]))
        return np.stack(
            [oracles.cumulative.projected_cdf(law, u, x @ u) for u in np.vstack(along)], -1
        )

    def moved(seed, n):
        x = exact_draws(law, seed, n)
        return has_moved(step(x, seed), x).astype(float)

    x = exact_draws(law, _SEED, _ROWS)
    yield from flag_rates(step(x, _SEED), x)
    if law.kind == "mixture":
        yield below("x'", uniforms, ("x1", "x2", "x1 + x2"))
        return
    if len(law.mean) > 1 and apart:
        yield from distinct(lambda x, seed: points_of(step(x, seed)), law.mean)
    yield Draws("x'", after, Normal(law.mean, law.covariance))
    yield Draws("accepted", moved, Mean(np.array(rate(law, *sizes)), 0.0, 1.0), 0.035)


def _both(**inputs):
    return [
        Case("Gaussian, d = 2", law=settings.gaussian(2), **inputs),
        Case("mixture, d = 2", law=settings.mixture(2), **inputs),
    ]


def _often_rejected(**inputs):
    """Where about half of the proposals are taken, uniform numbers that rows share show."""
    return Case("Gaussian, d = 2, often rejected", law=settings.gaussian(2), **inputs)


@identity(
    "E9-mala",
    ports="mala_step",
    kind="expectation",
    draws="rng",
    statement=r"X_0\sim p:\quad X_1\sim p,\quad P(X_1\ne X_0) = E\min(1,e^r)",
    assumptions="exact start; the subject draws noise and uniform numbers",
    source="seeds 000, 002, 003 (stationarity); derived",
    cases=lambda: [*_both(step_size=0.5), _often_rejected(step_size=1.5)],
)
def mala_draws(ports, case):
    """Adjusted Langevin steps that draw for themselves keep the target, and accept as they must."""
    law, eta = case.law, case.step_size

    def step(x, seed):
        return ports.mala_step(law, score_of(law), x, eta, rng=seed)

    yield from _judged(case, step, oracles.langevin_acceptance.mala, eta)


@identity(
    "E9-walk",
    ports="random_walk_step",
    kind="expectation",
    draws="rng",
    statement=r"X_0\sim p:\quad X_1\sim p,\quad P(X_1\ne X_0) = E\min(1,p(y)/p(x))",
    assumptions="exact start; the subject draws noise and uniform numbers",
    source="Metropolis et al. 1953; derived",
    cases=lambda: [*_both(scale=0.5), _often_rejected(scale=1.2)],
)
def random_walk_draws(ports, case):
    """Random-walk steps that draw for themselves keep the target, and accept as they must."""
    law, scale = case.law, case.scale

    def step(x, seed):
        return ports.random_walk_step(law, x, scale, rng=seed)

    yield from _judged(case, step, oracles.langevin_acceptance.random_walk, scale)


@identity(
    "E9-barker",
    ports="barker_step",
    kind="expectation",
    draws="rng",
    statement=r"X_0\sim p:\quad X_1\sim p,\quad P(X_1\ne X_0) = E\min(1,e^r)",
    assumptions="exact start; the subject draws noise and uniform numbers",
    source="Livingstone and Zanella 2022; derived",
    cases=lambda: [
        Case("Gaussian, d = 1", law=settings.gaussian(1), scale=1.4),
        Case("mixture, d = 2", law=settings.mixture(2), scale=1.4),
        Case(
            "Gaussian, d = 2, from one point",
            law=settings.gaussian(2),
            scale=1.4,
            at=np.array([-2.2, 0.4]),
        ),
    ],
)
def barker_draws(ports, case):
    """Barker steps that draw for themselves keep the target, and accept as they must."""
    law, scale = case.law, case.scale

    def step(x, seed):
        return ports.barker_step(law, score_of(law), x, scale, rng=seed)

    def after(x, seed):
        return points_of(step(x, seed))

    if "at" in case.inputs:
        yield from distinct(after, law.mean)
        yield from quadrants(after, law, case.at, scale)
    else:
        yield from _judged(case, step, oracles.langevin_acceptance.barker, scale)


@identity(
    "E9-hmc",
    ports="hmc_step",
    kind="expectation",
    draws="rng",
    statement=r"X_0\sim p,\ V\sim N(0,I):\quad X_1\sim p,\quad "
    r"P(X_1\ne X_0) = E\min(1,e^{-\Delta H})",
    assumptions="exact start; the subject draws the uniform numbers",
    source="Duane et al. 1987; derived",
    cases=lambda: _both(step_size=0.9, n_leapfrog=3),
)
def hmc_draws(ports, case):
    """Hamiltonian steps that draw their uniform numbers: where they end, how often, in what law."""
    law, h, n = case.law, case.step_size, case.n_leapfrog

    def step(x, v, seed):
        return ports.hmc_step(law, score_of(law), x, v, h, n, rng=seed)

    def drawn(x, seed):
        return step(x, settings.drawn(seed + 1, *x.shape), seed)

    yield from ends_of_trajectories(lambda *given: points_of(step(*given)), law, h, n)
    yield from _judged(case, drawn, oracles.langevin_acceptance.hamiltonian, h, n, apart=False)
