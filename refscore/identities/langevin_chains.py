"""Chapter E: chains of Langevin steps, and steps in a metric, with noisy scores, sized by norms."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Draws, Normal, Sides, identity
from refscore.identities.cases import Case, Description
from refscore.identities.langevin import far_start
from refscore.identities.langevin_sharing import distinct, far_noise
from refscore.identities.langevin_stationarity import below
from refscore.identities.smoothing import score_of

LECTURES = "seeds 000, 001, 002, 003, 004"


def _laws():
    return ((settings.gaussian(3), 3), (settings.mixture(2), 2))


def _chain_cases():
    for law, d in _laws():
        for eta, k in ((0.3, 4), (0.07, 1)):
            x, z = settings.points(5, d), far_noise(k, 5, d, key=3)
            yield Case(
                f"{law.kind}, {k} steps of {eta}", law=law, x0=x, step_size=eta, n_steps=k, noise=z
            )


@identity(
    "E1-chain",
    ports="langevin_sample",
    statement=r"x_k = x_{k-1} + \tfrac{\eta}{2}s(x_{k-1}) + \sqrt{\eta}\,z_k",
    source=LECTURES,
    cases=_chain_cases,
    family="chain of steps",
)
def langevin_chain(ports, case):
    """A chain of unadjusted steps on given noise: its end, or all its points."""
    field, k = score_of(case.law), case.n_steps
    got = ports.langevin_sample(field, case.x0, case.step_size, k, noise=case.noise)
    right = oracles.langevin_steps.chain(case.law, case.x0, case.step_size, case.noise)
    if np.ndim(got) == 3 and len(got) == k + 1:  # the start as well
        right = np.concatenate([case.x0[None], right])
    yield Sides("chain", got, right if np.ndim(got) == 3 else right[-1])


def point_after(got, j, n_steps, shape):
    """x_j of what a chain of so many steps returned: its end, its points, or its start as well.

    What has another shape is handed back as it came, for the judge to refuse."""
    got = np.asarray(got)
    if got.shape == (n_steps, *shape):
        return got[j - 1]
    return got[j] if got.shape == (n_steps + 1, *shape) else got


def _drawn_cases():
    yield Case("Gaussian, d = 2", law=settings.gaussian(2), step_size=0.4, n_steps=3)
    yield Case("Gaussian, d = 3", law=settings.gaussian(3), step_size=0.2, n_steps=5)


@identity(
    "E2-drawn",
    ports="langevin_sample",
    kind="expectation",
    draws="rng",
    statement=r"X_k \sim N(\mu + M^k(m_0-\mu),\ M^kC_0M^k + \eta\sum_{j<k}M^{2j})",
    assumptions="Gaussian target and start; the subject draws the noise",
    source="derived; seeds 000, 002, 003",
    cases=_drawn_cases,
)
def langevin_chain_draws(ports, case):
    """Chains that draw their own noise, from a Gaussian start: their exact law after j <= k steps.

    x_j, j < k, is a point of a chain that is returned whole, else the end of a shorter chain."""
    law, k, d = case.law, case.n_steps, len(case.law.mean)
    mean, root = np.linspace(1.0, -1.0, d), 0.5 * np.eye(d) + 0.3

    def points(seed, n, j, n_steps):
        x0 = mean + settings.drawn(seed, n, d) @ root.T
        got = ports.langevin_sample(score_of(law), x0, case.step_size, n_steps, rng=seed)
        if np.ndim(got) == 2 and j < n_steps:
            return points(seed, n, j, j)
        return point_after(got, j, n_steps, x0.shape)

    def end(x, seed):
        got = ports.langevin_sample(score_of(law), x, case.step_size, k, rng=seed)
        return point_after(got, k, k, x.shape)

    yield from distinct(end, law.mean)
    for j, label in ((k, "last points"), (k // 2, "points on the way")):
        after = oracles.langevin.law_after(law, case.step_size, j, mean, root @ root.T)
        yield Draws(
            label, lambda seed, n, j=j: points(seed, n, j, k), Normal(after.mean, after.covariance)
        )


def _metric_cases():
    for law, d in _laws():
        G = settings.covariance(d, 7, low=0.3, high=1.8)
        x, z = settings.points(5, d), far_noise(5, d, key=4)
        yield Case(law.kind, law=law, x=x, step_size=0.4, preconditioner=G, noise=z)


def _root(ports):
    return settings.convention_of(ports, "preconditioned_step", "root", "cholesky")


@identity(
    "E7-metric",
    ports="preconditioned_step",
    statement=r"x' = x + \tfrac{\eta}{2}G\,s(x) + \sqrt{\eta}\,Lz,\quad LL^T = G",
    source="derived; Roberts and Stramer 2002",
    cases=_metric_cases,
    family="step in a metric",
)
def preconditioned_given_noise(ports, case):
    """One step in a constant metric, on given noise."""
    got = ports.preconditioned_step(
        score_of(case.law), case.x, case.step_size, case.preconditioner, noise=case.noise
    )
    right = oracles.langevin_steps.preconditioned(
        case.law, case.x, case.step_size, case.preconditioner, case.noise, _root(ports)
    )
    yield Sides("x'", got, right)


@identity(
    "E7-metric-drawn",
    ports="preconditioned_step",
    kind="expectation",
    draws="rng",
    statement=r"X_1 \sim N(\mu + M(m_0-\mu),\ MC_0M^T + \eta G),\quad M = I - \tfrac{\eta}{2}GP",
    assumptions="Gaussian target and start, far out; the subject draws the noise",
    source="derived",
    cases=lambda: [case for case in _metric_cases() if case.law.kind == "gaussian"],
)
def preconditioned_draws(ports, case):
    """One preconditioned step that draws its own noise, from a Gaussian start far out."""
    law, d = case.law, len(case.law.mean)
    mean, root = far_start(law)

    def step(seed, n):
        x = mean + settings.drawn(seed, n, d) @ root.T
        G = case.preconditioner
        return ports.preconditioned_step(score_of(law), x, case.step_size, G, rng=seed)

    def from_mean(x, seed):
        return ports.preconditioned_step(
            score_of(law), x, case.step_size, case.preconditioner, rng=seed
        )

    yield from distinct(from_mean, law.mean)
    map_ = oracles.langevin_laws.preconditioned(law, case.step_size, case.preconditioner)
    after = oracles.langevin_laws.propagated(*map_, 1, mean, root @ root.T)
    yield Draws("x'", step, Normal(after.mean, after.covariance))


def _noisy(law, d):
    return Description("noisy", law=law, root=0.6 * settings.matrix(d, 2) + 0.4 * np.eye(d))


def _stochastic_cases():
    for law, d in _laws():
        x, z = settings.points(5, d), far_noise(5, d, key=5)
        yield Case(
            law.kind,
            law=law,
            x=x,
            step_size=0.5,
            gradient=_noisy(law, d),
            gradient_noise=settings.normals(5, d, key=6),
            noise=z,
        )


@identity(
    "E7-stochastic",
    ports="sgld_step",
    statement=r"x' = x + \tfrac{\eta}{2}\,g(x,\xi) + \sqrt{\eta}\,z",
    source="Welling and Teh 2011",
    cases=_stochastic_cases,
)
def stochastic_gradient_given_noise(ports, case):
    """One step with a stochastic score, on given noise of both kinds."""
    got = ports.sgld_step(
        case.gradient, case.x, case.step_size, case.gradient_noise, noise=case.noise
    )
    right = oracles.langevin_steps.stochastic(
        case.law, case.x, case.step_size, case.gradient.root, case.gradient_noise, case.noise
    )
    yield Sides("x'", got, right)


@identity(
    "E7-stochastic-drawn",
    ports="sgld_step",
    kind="expectation",
    draws="rng",
    statement=r"(X_1 - x - \tfrac{\eta}{2}g(x,\xi))/\sqrt{\eta} \sim N(0, I)",
    assumptions="Gaussian target, start far out; x and ξ are handed over, the subject draws z",
    source="derived",
    cases=lambda: [case for case in _stochastic_cases() if case.law.kind == "gaussian"],
)
def stochastic_gradient_draws(ports, case):
    """The noise of a stochastic-gradient step, by its start and the score it was handed."""
    law, d, eta = case.law, len(case.law.mean), case.step_size
    mean, root = far_start(law)

    def step(x, xi, seed):
        return ports.sgld_step(case.gradient, x, eta, xi, rng=seed)

    def noise(seed, n):
        x, xi = mean + settings.drawn(seed, n, d) @ root.T, settings.drawn(seed + 1, n, d)
        at_rest = oracles.langevin_steps.stochastic(
            law, x, eta, case.gradient.root, xi, np.zeros_like(x)
        )
        return (step(x, xi, seed) - at_rest) / np.sqrt(eta)

    yield from distinct(lambda x, seed: step(x, np.zeros_like(x), seed), law.mean)
    yield Draws("noise", noise, Normal(np.zeros(d), np.eye(d)))


def _corrector_cases():
    for law, d in _laws():
        x, z = settings.points(5, d), far_noise(5, d, key=8)
        yield Case(law.kind, law=law, x=x, snr=0.3, noise=z)


@identity(
    "E1-corrector",
    ports="corrector_step",
    statement=r"x' = x + \epsilon s(x) + \sqrt{2\epsilon}\,z,\quad "
    r"\epsilon = 2(r\,\|z\|/\|s(x)\|)^2",
    source="Song et al. 2021, algorithms 4 and 5",
    cases=_corrector_cases,
    family="step by norms",
)
def corrector_given_noise(ports, case):
    """The corrector of predictor-corrector samplers: a Langevin step sized by norms."""
    got = ports.corrector_step(score_of(case.law), case.x, case.snr, noise=case.noise)
    norms = settings.convention_of(ports, "corrector_step", "norms", "row")
    right = oracles.langevin_steps.corrector(case.law, case.x, case.snr, case.noise, norms)
    yield Sides("x'", got, right)


@identity(
    "E1-corrector-drawn",
    ports="corrector_step",
    kind="expectation",
    draws="rng",
    statement=r"z = (x' - x - \epsilon s)/\sqrt{2\epsilon}\ \text{on}\ N(0,1):\ "
    r"x' = x - 2r^2 z^2/x + 2r z|z|/|x|",
    assumptions="N(0, 1), one row at a time, or two that share norms; the subject draws the noise",
    source="derived",
    cases=lambda: [Case("a point of N(0, 1), d = 1", law=_unit(), snr=0.2, at=1.3)],
)
def corrector_draws(ports, case):
    """In one dimension the corrector moves a point by a monotone function of its noise."""
    from scipy.special import ndtr

    r, x = case.snr, case.at

    def uniforms(seed, n):
        points = np.full((n, 1), x)
        if settings.convention_of(ports, "corrector_step", "norms", "row") != "row":
            return _two_by_two(ports, case, seed, n)
        moved = ports.corrector_step(score_of(case.law), points, r, rng=seed)[:, 0]
        return ndtr(_noise_of(moved - x, x, r))

    noise = below("noise", uniforms, ("z",))
    rows = settings.convention_of(ports, "corrector_step", "norms", "row") == "row"
    yield noise if rows else noise._replace(eps=0.15)  # two rows a call are dear


def _two_by_two(ports, case, seed, n):
    """Two rows a call, whose norms are averaged."""
    from scipy.special import ndtr

    r, x = case.snr, case.at
    moved = [
        ports.corrector_step(score_of(case.law), np.full((2, 1), x), r, rng=seed + i)[:, 0]
        for i in range((n + 1) // 2)
    ]
    return ndtr(_noise_of_two(np.array(moved) - x, x, r)).ravel()[:n]


def _noise_of_two(moves, x, r):
    """(z1, z2) of moves b w z_i - a w², w = (|z1| + |z2|)/2, a = 2r²/x, b = 2r/x.

    |m1 + a w²| + |m2 + a w²| = 2 b w²: w² is the largest root over the signs of both.
    """
    a, b = 2 * r * r / x, 2 * r / x
    signs = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    square = (moves @ signs.T / (2 * b - a * signs.sum(1))).max(-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (moves + a * square) / (b * np.sqrt(square))


def _noise_of(move, x, r):
    """z of a move 2r z|z|/x - 2r² z²/x: one branch for each sign."""
    up, down = 2 * r - 2 * r * r, 2 * r + 2 * r * r
    with np.errstate(invalid="ignore"):
        return np.where(move > 0, np.sqrt(move * x / up), -np.sqrt(-move * x / down))


def _unit():
    from refscore.identities.cases import Law

    return Law("gaussian", mean=np.zeros(1), covariance=np.eye(1))
