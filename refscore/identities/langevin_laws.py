"""Chapter E: exact laws in a metric and with noisy scores, what a step size costs, acceptance."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.smoothing import score_of


def _start(d):
    return np.linspace(1.0, -2.0, d), settings.covariance(d, 5)


def _metric_cases():
    for d, eta in ((2, 0.5), (3, 0.3)):
        G = settings.covariance(d, 7, low=0.3, high=1.8)
        yield Case(f"d = {d}, step {eta}", law=settings.gaussian(d), step_size=eta, matrix=G)


@identity(
    "E7-metric-law",
    ports="preconditioned_law",
    kind="exact law",
    statement=r"m_k-\mu = M^k(m_0-\mu),\ C_k = MC_{k-1}M^T + \eta G,\quad M = I-\tfrac{\eta}{2}GP",
    assumptions="Gaussian target, Gaussian start",
    source="derived",
    cases=_metric_cases,
    tolerance=1e-8,
)
def preconditioned_law(ports, case):
    """The exact law of preconditioned steps after 0, 1 and 9 of them."""
    start = _start(len(case.law.mean))
    map_ = oracles.langevin_laws.preconditioned(case.law, case.step_size, case.matrix)
    for k in (0, 1, 9):
        got = ports.preconditioned_law(case.law, case.step_size, case.matrix, k, *start)
        yield from _compared(got, oracles.langevin_laws.propagated(*map_, k, *start), k)


@identity(
    "E7-stochastic-law",
    ports="sgld_law",
    kind="exact law",
    statement=r"C_k = MC_{k-1}M + \eta I + \tfrac{\eta^2}{4}\Gamma,\quad M = I-\tfrac{\eta}{2}P",
    assumptions="Gaussian target and start, gradient noise N(0, Γ)",
    source="derived",
    cases=_metric_cases,
    tolerance=1e-8,
)
def sgld_law(ports, case):
    """The exact law of stochastic-gradient steps after 0, 1 and 9 of them."""
    start = _start(len(case.law.mean))
    map_ = oracles.langevin_laws.noisy(case.law, case.step_size, case.matrix)
    for k in (0, 1, 9):
        got = ports.sgld_law(case.law, case.step_size, case.matrix, k, *start)
        yield from _compared(got, oracles.langevin_laws.propagated(*map_, k, *start), k)


def _compared(got, want, k):
    yield Sides(f"mean after {k}", got["mean"], want.mean)
    yield Sides(f"covariance after {k}", got["covariance"], want.covariance)


def _step_cases():
    for d, eta in ((3, 0.5), (2, 0.7), (1, 0.05)):
        direction = np.linspace(1.0, -0.5, d) if d > 1 else np.array([2.0])
        yield Case(
            f"d = {d}, step {eta}", law=settings.gaussian(d), step_size=eta, direction=direction
        )


@identity(
    "E2-bias",
    ports="wasserstein_bias",
    kind="exact law",
    statement=r"W_2^2 = \sum_i(\sqrt{v_i}-\sqrt{\lambda_i})^2,\quad "
    r"v_i = \lambda_i/(1-\tfrac{\eta}{4\lambda_i})",
    assumptions="Gaussian target, η < 4 lambda_min(S)",
    source="derived",
    cases=_step_cases,
    tolerance=1e-8,
    family="stable step",
)
def wasserstein_bias(ports, case):
    """The distance of the target from the stationary law of the unadjusted chain."""
    want = oracles.langevin_laws.wasserstein_bias(case.law, case.step_size)
    yield Sides("W2", np.asarray(ports.wasserstein_bias(case.law, case.step_size)), want)


@identity(
    "E2-time",
    ports="autocorrelation_time",
    kind="exact law",
    statement=r"1+2\sum_{k\ge1}\rho_k = \frac{\sum_i w_i(4\lambda_i-\eta)/\eta}{\sum_i w_i},\quad "
    r"w_i = (u\cdot e_i)^2v_i",
    assumptions="Gaussian target, η < 4 lambda_min(S), stationarity",
    source="derived",
    cases=_step_cases,
    tolerance=1e-8,
    family="stable step",
)
def autocorrelation_time(ports, case):
    """The integrated autocorrelation time of a linear function along the unadjusted chain."""
    inputs = case.law, case.step_size, case.direction
    want = oracles.langevin_laws.autocorrelation_time(*inputs)
    yield Sides("time", np.asarray(ports.autocorrelation_time(*inputs)), want)


@identity(
    "E2-stability",
    ports="stability_limit",
    kind="exact law",
    statement=r"\eta < 4\lambda_{\min}(S)",
    assumptions="Gaussian target",
    source="derived",
    cases=lambda: [Case(f"d = {d}", law=settings.gaussian(d)) for d in (1, 2, 3)],
    family="stable step",
)
def stability_limit(ports, case):
    """The step size from which the unadjusted chain diverges."""
    got = np.asarray(ports.stability_limit(case.law))
    yield Sides("limit", got, oracles.langevin_laws.stability_limit(case.law))


def _isotropic(d, variance):
    return Law("gaussian", mean=np.linspace(0.5, -1.0, d), covariance=variance * np.eye(d))


def _acceptance_cases():
    for law, name, size in (
        (settings.gaussian(1), "d = 1", 1.1),
        (settings.gaussian(2), "d = 2", 0.8),
        (_isotropic(10, 1.3), "d = 10, isotropic", 1.2),
        (settings.gaussian(2), "d = 2, a large step", 2.5),
    ):
        yield Case(name, law=law, size=size, n_leapfrog=3)


@identity(
    "E3-rate-mala",
    ports="mala_acceptance",
    kind="exact law",
    statement=r"d=1:\ \tfrac4\pi\arctan\tfrac1\kappa;\quad N(\mu,\lambda I):\ "
    r"2F_{d,d}(\kappa^{-2});\quad \kappa-\tfrac1\kappa = \tfrac14(\eta/\lambda)^{3/2}",
    assumptions="Gaussian target, stationarity",
    source="derived",
    cases=_acceptance_cases,
    tolerance=1e-8,
)
def mala_acceptance(ports, case):
    """The mean acceptance of the Metropolis-adjusted Langevin step on a Gaussian."""
    got = ports.mala_acceptance(case.law, case.size)
    yield Sides(
        "acceptance", np.asarray(got), oracles.langevin_acceptance.mala(case.law, case.size)
    )


@identity(
    "E3-rate-walk",
    ports="random_walk_acceptance",
    kind="exact law",
    statement=r"d=1:\ \tfrac4\pi\arctan\tfrac1\kappa;\quad N(\mu,\lambda I):\ "
    r"2F_{d,d}(\kappa^{-2});\quad \kappa-\tfrac1\kappa = \tau/\sqrt\lambda",
    assumptions="Gaussian target, stationarity",
    source="derived",
    cases=_acceptance_cases,
    tolerance=1e-8,
)
def random_walk_acceptance(ports, case):
    """The mean acceptance of the random-walk step on a Gaussian."""
    got = ports.random_walk_acceptance(case.law, case.size)
    yield Sides(
        "acceptance", np.asarray(got), oracles.langevin_acceptance.random_walk(case.law, case.size)
    )


@identity(
    "E3-rate-hmc",
    ports="hmc_acceptance",
    kind="exact law",
    statement=r"d=1:\ \tfrac4\pi\arctan\tfrac1\kappa;\quad N(\mu,\lambda I):\ "
    r"2F_{d,d}(\kappa^{-2});\quad \kappa\ \text{the leapfrog matrix's top singular value}",
    assumptions="Gaussian target, stationarity",
    source="derived",
    cases=lambda: (case for case in _acceptance_cases() if "large" not in case.name),
    tolerance=1e-8,
)
def hmc_acceptance(ports, case):
    """The mean acceptance of the Hamiltonian step on a Gaussian."""
    got = ports.hmc_acceptance(case.law, 0.7 * case.size, case.n_leapfrog)
    want = oracles.langevin_acceptance.hamiltonian(case.law, 0.7 * case.size, case.n_leapfrog)
    yield Sides("acceptance", np.asarray(got), want)


_HALVED = 0.04 / 2.0 ** np.arange(6)


def _rate(law, after):
    """-d/dt KL(p_t || p) at 0, from laws after short times, extrapolated to none."""
    values = np.array(
        [
            oracles.langevin_laws.kl_to(after(t), law) - oracles.langevin_laws.kl_to(after(0), law)
            for t in _HALVED
        ]
    )
    values = -values / _HALVED
    for order in range(1, len(_HALVED)):
        values = values[1:] + (values[1:] - values[:-1]) / (2**order - 1)
    return values[0]


def _flow_cases():
    for d in (1, 2, 3):
        start = Law(
            "gaussian", mean=np.linspace(1.0, -0.6, d), covariance=settings.covariance(d, 5)
        )
        yield Case(f"Gaussians, d = {d}", law=settings.gaussian(d), start=start)


@identity(
    "E10",
    ports="langevin_law",
    kind="exact law",
    statement=r"\frac{d}{dt}\mathrm{KL}(p_t\|p) = "
    r"-\tfrac12E_{p_t}\|\nabla\log p_t-\nabla\log p\|^2",
    assumptions="dx = ½ ∇log p dt + dw, Gaussian target and start; the step size tends to 0",
    source="derived (de Bruijn's identity)",
    cases=_flow_cases,
    tolerance=1e-7,
)
def de_bruijn(ports, case):
    """With short steps the chain's divergence falls at the rate of the Fisher divergence."""
    law, p0 = case.law, case.start

    def after(t):
        if t == 0:
            return p0
        found = ports.langevin_law(law, t, 1, p0.mean, p0.covariance)
        return Law("gaussian", mean=found["mean"], covariance=found["covariance"])

    yield Sides("rate", np.asarray(_rate(law, after)), oracles.langevin_laws.fisher(p0, law))


@identity(
    "E10-fisher",
    ports="fisher_loss",
    statement=r"\tfrac12E_{p_0}\|\nabla\log p_0-\nabla\log p\|^2 = "
    r"-\frac{d}{dt}\mathrm{KL}(p_t\|p)\big|_{t=0}",
    assumptions="Gaussian target and start",
    source="derived (de Bruijn's identity)",
    cases=_flow_cases,
    tolerance=1e-7,
)
def de_bruijn_fisher(ports, case):
    """The Fisher divergence from the target is the rate at which Langevin dynamics approach it."""
    law, p0 = case.law, case.start
    z, w = settings.hermite(len(law.mean), 3)
    x = p0.mean + z @ np.linalg.cholesky(p0.covariance).T
    loss = np.asarray(ports.fisher_loss(score_of(p0), score_of(law), x))
    if loss.ndim == 0:
        mean = loss
        loss = np.array([ports.fisher_loss(score_of(p0), score_of(law), a[None]) for a in x])
        yield Sides("mean of a batch, by the losses of its points", mean, loss.mean())

    def after(t):
        return oracles.langevin.law_after(law, t, 1, p0.mean, p0.covariance) if t else p0

    yield Sides("rate", w @ loss, np.asarray(_rate(law, after)))
