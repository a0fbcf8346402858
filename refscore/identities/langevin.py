"""Chapter E, the slice on Gaussians: the unadjusted Langevin step and its exact laws."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Draws, Normal, Sides, identity
from refscore.identities.cases import Case
from refscore.identities.langevin_sharing import distinct, far_noise
from refscore.identities.smoothing import score_of

LECTURES = "seeds 000, 001, 002, 003, 004"


def step_cases():
    """A Gaussian and a mixture, two step sizes, noise handed in, some of it far out."""
    for eta in (0.3, 0.07):
        for law, d in ((settings.gaussian(3), 3), (settings.mixture(2), 2)):
            x, z = settings.points(5, d), far_noise(5, d, key=2)
            yield Case(f"{law.kind}, step {eta}", law=law, x=x, step_size=eta, noise=z)
    law, z = settings.gaussian(1), far_noise(5, 1, key=2)
    yield Case("d = 1, a small step", law=law, x=settings.points(5, 1), step_size=1e-3, noise=z)
    x, z = 40 * settings.points(5, 2), settings.normals(5, 2, key=2)
    yield Case("far out, a large step", law=settings.mixture(2), x=x, step_size=2.5, noise=z)


def _step_terms(case):
    s = oracles.scores.score(case.law, case.x)
    eta = case.step_size
    return {"x": case.x, "(η/2) s(x)": eta / 2 * s, "√η z": np.sqrt(eta) * case.noise}


@identity(
    "E1",
    ports="langevin_step",
    statement=r"x' = x + \tfrac{\eta}{2}s(x) + \sqrt{\eta}\,z;\quad \eta = \epsilon^2 = 2h",
    source=LECTURES,
    cases=step_cases,
    family="step",
    terms=_step_terms,
)
def langevin_spellings(ports, case):
    """One unadjusted Langevin step on given noise."""
    got = ports.langevin_step(score_of(case.law), case.x, case.step_size, noise=case.noise)
    right = oracles.langevin.step(case.law, case.x, case.step_size, case.noise)
    yield Sides("x'", got, right)


def affine_map(ports, law, eta):
    """M, c, B of the subject's step x' = M x + c + B z on a Gaussian, by unit vectors."""
    d = len(law.mean)
    field, zero, unit = score_of(law), np.zeros((1, d)), np.eye(d)

    def at(x, z):
        return ports.langevin_step(field, x, eta, noise=z)

    c = at(zero, zero)[0]
    m = at(unit, np.zeros((d, d))) - c
    b = at(np.zeros((d, d)), unit) - c
    return m.T, c, b.T


def _chain_cases():
    for d, eta in ((3, 0.3), (2, 0.7)):
        yield Case(f"Gaussian, d = {d}, step {eta}", law=settings.gaussian(d), step_size=eta)


def propagate(mean, cov, m, c, b, steps):
    """Mean and covariance after steps of x' = M x + c + B z."""
    for _ in range(steps):
        mean, cov = m @ mean + c, m @ cov @ m.T + b @ b.T
    return mean, cov


def settled(m, c, b):
    """Mean and covariance that x' = M x + c + B z keeps; nan where it keeps none, or many.

    vec(C) = (I - M (x) M)^-1 vec(B B^T)."""
    d = len(m)
    try:
        cov = np.linalg.solve(np.eye(d * d) - np.kron(m, m), (b @ b.T).ravel()).reshape(d, d)
        return np.linalg.solve(np.eye(d) - m, c), cov
    except np.linalg.LinAlgError:
        return np.full(d, np.nan), np.full((d, d), np.nan)


@identity(
    "E2",
    ports="langevin_step",
    kind="exact law",
    statement=r"\mu + M^k(m_0-\mu),\quad M^kC_0M^k + \eta\sum_{j<k}M^{2j},\ "
    r"M = I-\tfrac{\eta}{2}P",
    assumptions="Gaussian target, Gaussian start",
    source="derived; seeds 000, 002, 003",
    cases=_chain_cases,
    tolerance=1e-8,
)
def langevin_law_of_steps(ports, case):
    """The step's own affine map, propagated, gives the exact law after 1 and 7 steps."""
    law, eta = case.law, case.step_size
    d = len(law.mean)
    m, c, b = affine_map(ports, law, eta)
    start = np.linspace(1.0, -2.0, d), settings.covariance(d, 5)
    for k in (1, 7):
        mean, cov = propagate(*start, m, c, b, k)
        want = oracles.langevin.law_after(law, eta, k, *start)
        yield Sides(f"mean after {k}", mean, want.mean)
        yield Sides(f"covariance after {k}", cov, want.covariance)


@identity(
    "E2-stationary",
    ports="langevin_step",
    kind="exact law",
    statement=r"\Sigma_\infty = S(I-\tfrac{\eta}{4}P)^{-1},\quad \eta < 4\lambda_{\min}(S)",
    assumptions="Gaussian target",
    source="derived; seeds 000, 002, 003",
    cases=_chain_cases,
    tolerance=1e-8,
)
def langevin_stationary_of_steps(ports, case):
    """The stationary law of the step: right mean, covariance inflated by the step size."""
    law, eta = case.law, case.step_size
    mean, cov = settled(*affine_map(ports, law, eta))
    want = oracles.langevin.stationary(law, eta)
    yield Sides("mean", mean, want.mean)
    yield Sides("covariance", cov, want.covariance)


@identity(
    "E2-law",
    ports="langevin_law",
    kind="exact law",
    statement=r"\mu + M^k(m_0-\mu),\quad M^kC_0M^k + \eta\sum_{j<k}M^{2j}",
    assumptions="Gaussian target, Gaussian start",
    source="derived; seeds 000, 002, 003",
    cases=_chain_cases,
    tolerance=1e-8,
)
def langevin_law(ports, case):
    """The exact law of the chain at step counts 0, 1 and 50."""
    law, eta = case.law, case.step_size
    d = len(law.mean)
    start = np.linspace(1.0, -2.0, d), settings.covariance(d, 5)
    for k in (0, 1, 50):
        got = ports.langevin_law(law, eta, k, *start)
        want = oracles.langevin.law_after(law, eta, k, *start)
        yield Sides(f"mean after {k}", got["mean"], want.mean)
        yield Sides(f"covariance after {k}", got["covariance"], want.covariance)


@identity(
    "E2-limit",
    ports="langevin_stationary",
    kind="exact law",
    statement=r"N(\mu,\ S(I-\tfrac{\eta}{4}P)^{-1})",
    assumptions="Gaussian target, step below 4 lambda_min(S)",
    source="derived; seeds 000, 002, 003",
    cases=_chain_cases,
    tolerance=1e-8,
)
def langevin_stationary(ports, case):
    """The stationary law in closed form."""
    got = ports.langevin_stationary(case.law, case.step_size)
    want = oracles.langevin.stationary(case.law, case.step_size)
    yield Sides("mean", got["mean"], want.mean)
    yield Sides("covariance", got["covariance"], want.covariance)


@identity(
    "E9",
    ports="langevin_step",
    kind="exact law",
    statement=r"X_0\sim N(\mu,S):\ \operatorname{Cov}X_1 = S + \tfrac{\eta^2}{4}P;\quad "
    r"N(0,1):\ 1+\eta^2/4",
    assumptions="Gaussian target, exact start",
    source="seeds 000, 002, 003 (stationarity)",
    cases=_chain_cases,
    tolerance=1e-8,
)
def one_step_variance(ports, case):
    """From the target itself one step keeps the mean and adds (eta^2/4) P."""
    law, eta = case.law, case.step_size
    m, c, b = affine_map(ports, law, eta)
    mean, cov = propagate(law.mean, law.covariance, m, c, b, 1)
    yield Sides("mean", mean, law.mean)
    yield Sides("covariance", cov, oracles.langevin.one_step_covariance(law, eta))


@identity(
    "E9-draws",
    ports="langevin_step",
    kind="expectation",
    draws="rng",
    statement=r"X_1 \sim N(\mu,\ S + \tfrac{\eta^2}{4}P)",
    assumptions="Gaussian target, exact start; the subject draws the noise",
    source="seeds 000, 002, 003",
    cases=_chain_cases,
)
def one_step_draws(ports, case):
    """One step that draws its own noise, from exact draws of the target and from far out."""
    law, eta, d = case.law, case.step_size, len(case.law.mean)

    def step(seed, n, mean, root):
        x = mean + settings.drawn(seed, n, d) @ root.T
        return x, ports.langevin_step(score_of(law), x, eta, rng=seed)

    target = law.mean, np.linalg.cholesky(law.covariance)
    after = Normal(law.mean, oracles.langevin.one_step_covariance(law, eta))
    yield Draws("x'", lambda seed, n: step(seed, n, *target)[1], after)
    noise, far = Normal(np.zeros(d), np.eye(d)), far_start(law)
    yield Draws("noise", lambda seed, n: _noise_of(law, eta, *step(seed, n, *far)), noise)
    yield from distinct(
        lambda x, seed: ports.langevin_step(score_of(law), x, eta, rng=seed), law.mean
    )


def far_start(law):
    """Mean and root of a narrow start some deviations off: drift and noise cannot cancel there.

    From the target itself a wrong drift hides behind a wrong noise of the same variance."""
    root = np.linalg.cholesky(law.covariance)
    return law.mean + root @ np.resize([4.0, -4.0], len(root)), 0.3 * root


def _noise_of(law, eta, x, after):
    """The noise a right step must have drawn."""
    drift = x + eta / 2 * (law.mean - x) @ np.linalg.inv(law.covariance)
    return (after - drift) / np.sqrt(eta)
