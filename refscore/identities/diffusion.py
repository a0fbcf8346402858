"""Chapter F, the slice on VP processes: marginals and the probability flow."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Bound, Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.settings import prior_of, process_of

TIMES = (1e-5, 1e-3, 0.13, 0.5, 1.0)
SEED = "seed 003"


@identity(
    "F4",
    ports="marginal",
    statement=r"\alpha = e^{-\frac12\int_0^t\beta},\quad \sigma^2 = 1 - \alpha^2",
    assumptions="VP, beta linear from 0.1 to 20 on [0, 1]",
    source=SEED,
    cases=lambda: [Case(f"t = {t}", t=t) for t in TIMES],
)
def linear_sde_moments(ports, case):
    """The marginal's alpha and sigma, also at t = 1e-5."""
    alpha, sigma = ports.marginal(case.t)
    right = oracles.diffusion.marginal(process_of(ports), case.t)
    yield Sides("alpha", np.asarray(alpha), np.array(right[0]), 1.0)
    yield Sides("sigma", np.asarray(sigma), np.array(right[1]))


@identity(
    "F4-own-drift",
    ports="drift",
    statement=r"f(x,t) = \frac{\alpha'}{\alpha}\,x",
    assumptions="the subject's process",
    source=SEED,
    cases=lambda: [Case(f"t = {t}", t=t, x=settings.points(4, 2)) for t in (0.05, 0.3, 0.8)],
)
def drift_of_the_process(ports, case):
    """The drift, whether or not the marginal is offered too."""
    f, _ = oracles.diffusion.rates(process_of(ports), case.t)
    yield Sides("drift", ports.drift(case.x, case.t), f * case.x, np.abs(case.x).max())


@identity(
    "F4-own-diffusion",
    ports="diffusion",
    statement=r"g = \sqrt{(\sigma^2)'-2f\sigma^2}",
    assumptions="the subject's process",
    source=SEED,
    cases=lambda: [Case(f"t = {t}", t=t) for t in (0.05, 0.3, 0.8)],
)
def diffusion_of_the_process(ports, case):
    """The diffusion g, not its square, whether or not the marginal is offered too."""
    _, g2 = oracles.diffusion.rates(process_of(ports), case.t)
    yield Sides("g", np.asarray(ports.diffusion(case.t)), np.sqrt(g2))


@identity(
    "F4-rates",
    ports="marginal drift diffusion",
    statement=r"\alpha' = f\alpha,\quad (\sigma^2)' = 2f\sigma^2 + g^2,\quad f(x,t) = f(t)\,x",
    assumptions="VP, beta linear from 0.1 to 20",
    source=SEED,
    cases=lambda: [Case(f"t = {t}", t=t) for t in (0.13, 0.5, 0.9)],
    tolerance=1e-7,
)
def rates_of_marginals(ports, case):
    """Drift and diffusion are the rates of the subject's own marginals, and those of VP."""
    t, x = case.t, settings.points(4, 2)
    f, g2 = oracles.diffusion.rates(process_of(ports), t)
    drift, g = ports.drift(x, t), np.asarray(ports.diffusion(t), float)
    yield Sides("drift", drift, f * x)
    yield Sides("g²", g**2, np.array(g2))
    h = 1e-3

    def moments(u):
        alpha, sigma = (float(v) for v in ports.marginal(u))
        return np.array([alpha, sigma**2])

    d1, d2 = ((moments(t + k) - moments(t - k)) / (2 * k) for k in (h, h / 2))
    alpha, variance = moments(t)
    slope = (4 * d2 - d1) / 3
    yield Sides("alpha'", slope[0], drift[0, 0] / x[0, 0] * alpha)
    yield Sides("(sigma²)'", slope[1], 2 * drift[0, 0] / x[0, 0] * variance + g**2, float(g2))


def flow_cases():
    """A Gaussian and a mixture, early and late."""
    for law, d in ((settings.gaussian(3), 3), (settings.mixture(2), 2)):
        for t in (0.01, 0.4, 1.0):
            yield Case(f"{law.kind}, t = {t}", law=law, x=settings.points(5, d), t=t)


def _flow_terms(case, process=settings.VP):
    (f, g2), law = (
        oracles.diffusion.rates(process, case.t),
        oracles.diffusion.law_at(case.law, process, case.t),
    )
    return {"f x": f * case.x, "−½g² s": -0.5 * g2 * oracles.scores.score(law, case.x)}


@identity(
    "F6",
    ports="flow_velocity",
    statement=r"v(x,t) = f(t)\,x - \tfrac12 g(t)^2\,\nabla\log p_t(x)",
    assumptions="VP; exact score of the diffused law",
    source=SEED,
    cases=flow_cases,
    terms=_flow_terms,
)
def flow_velocity(ports, case):
    """The probability flow's right-hand side, where the rates are finite."""
    if oracles.diffusion.marginal(process_of(ports), case.t)[0] == 0:
        raise NotImplementedError("alpha = 0 at this time, where f and g are infinite")
    right = oracles.diffusion.flow_velocity(case.law, process_of(ports), case.x, case.t)
    yield Sides("velocity", ports.flow_velocity(case.law, case.x, case.t), right)


@identity(
    "F6-map",
    ports="flow_map",
    statement=r"x \mapsto \alpha_s\mu + S_s^{1/2}S_t^{-1/2}(x-\alpha_t\mu),\ "
    r"S_t = \alpha_t^2S+\sigma_t^2I",
    assumptions="Gaussian data, VP",
    source=SEED,
    cases=lambda: [
        Case(f"from {t} to {s}", law=settings.gaussian(3), x=settings.points(5, 3), t=t, s=s)
        for t, s in ((1.0, 0.0), (0.1, 0.8), (0.6, 0.2))
    ],
    tolerance=1e-8,
)
def flow_map(ports, case):
    """The flow of Gaussian data in closed form; there and back is the identity."""
    got = ports.flow_map(case.law, case.x, case.t, case.s)
    yield Sides(
        "map", got, oracles.diffusion.flow_map(case.law, process_of(ports), case.x, case.t, case.s)
    )
    yield Sides("back", ports.flow_map(case.law, got, case.s, case.t), case.x)


def carried(matrix, start, end, n=32):
    """Y(end) of Y' = matrix(u) Y, Y(start) = I, by collocation at n Gauss-Legendre points.

    The error falls like rho^-n where the matrix is analytic on an ellipse of half-axes' sum rho
    around the interval, whatever its rates."""
    node, weight = np.polynomial.legendre.leggauss(n)
    V = np.polynomial.legendre.legvander(node, n)
    k = np.arange(1, n)
    rising = np.column_stack([node + 1, (V[:, 2:] - V[:, :-2]) / (2 * k + 1)])  # int from -1 of P_k
    area = (rising * (np.arange(n) + 0.5)) @ (V[:, :-1].T * weight)
    half = (end - start) / 2
    B = half * np.array([matrix(start + half * (u + 1)) for u in node])
    d = B.shape[-1]
    system = np.eye(n * d) - np.einsum("ij,jab->iajb", area, B).reshape(n * d, n * d)
    Y = np.linalg.solve(system, np.tile(np.eye(d), (n, 1))).reshape(n, d, d)
    return np.eye(d) + np.einsum("j,jab,jbc->ac", weight, B, Y)


@identity(
    "F6-marginals",
    ports="flow_velocity",
    kind="exact law",
    statement=r"X_T \sim p_T,\ \dot X = v \Rightarrow X_t \sim p_t",
    assumptions="Gaussian data, VP: the subject's velocity is affine, so its law is integrated",
    source=SEED,
    cases=lambda: [Case(f"d = {d}", law=settings.gaussian(d), t=0.7, s=0.1) for d in (2, 3)],
    tolerance=1e-7,
)
def flow_marginals(ports, case):
    """Integrating the subject's velocity carries the law at t to the law at s."""
    law, d = case.law, len(case.law.mean)
    start, end = (oracles.diffusion.law_at(law, process_of(ports), u) for u in (case.t, case.s))

    def affine(u):
        v = ports.flow_velocity(law, np.vstack([np.zeros((1, d)), np.eye(d)]), u)
        return np.vstack([np.column_stack([(v[1:] - v[0]).T, v[0]]), np.zeros((1, d + 1))])

    moved = carried(affine, case.t, case.s)
    mean = moved[:d, :d] @ start.mean + moved[:d, d]
    cov = moved[:d, :d] @ start.covariance @ moved[:d, :d].T
    yield Sides("mean", mean, end.mean)
    yield Sides("covariance", cov, end.covariance)


def _likelihood(ports, case):
    """The subject's answer; one that takes probes gets all sign vectors, for which it is exact."""
    taken = ports.takes("log_likelihood")
    if taken.optional:
        return ports.log_likelihood(case.law, case.x)
    if taken.given is None:
        raise NotImplementedError("log_likelihood draws its own probes: not judged yet")
    v = settings.all_signs(case.x.shape[-1])
    probes = np.broadcast_to(v, (len(case.x), *v.shape)).copy()
    return ports.log_likelihood(case.law, case.x, probes=probes)


@identity(
    "F11",
    ports="log_likelihood",
    statement=r"\log p_0(x_0) = \log p_T(x_T) + \int_0^T\nabla\cdot v(x_t,t)\,dt",
    assumptions="VP; exact score; prior N(0, I) in place of p_T, and its mismatch taken off",
    source=SEED,
    cases=lambda: [
        Case("Gaussian, d = 3", law=settings.gaussian(3), x=settings.points(4, 3)),
        Case("Gaussian, d = 2", law=settings.gaussian(2), x=settings.points(5, 2)),
        # the others have determinant 1, and no volume changes on the way
        Case(
            "small Gaussian, d = 2",
            x=settings.points(5, 2),
            law=Law("gaussian", mean=[0.3, -0.8], covariance=settings.covariance(2, 3, high=0.9)),
        ),
    ],
    tolerance=2e-5,
)
def flow_log_likelihood(ports, case):
    """The flow's log-likelihood is log p_0, once the prior's mismatch is taken off."""
    exact = oracles.scores.log_density(case.law, case.x)
    process = process_of(ports)
    std = oracles.diffusion.prior_std(process, prior_of(ports, "log_likelihood"))
    with_prior = oracles.diffusion.log_likelihood_with_prior(case.law, process, case.x, std)
    got = _likelihood(ports, case)
    yield Sides("log likelihood", got - (with_prior - exact), exact, 10.0)


@identity(
    "F11-mixture",
    ports="log_likelihood",
    kind="bound",
    statement=r"|\log\hat p_0 - \log p_0| = |\log N(x_T;0,I) - \log p_T(x_T)|",
    assumptions="VP; exact score of a mixture; prior N(0, I)",
    source=SEED,
    cases=lambda: [Case("mixture, d = 2", law=settings.mixture(2), x=settings.points(4, 2))],
)
def flow_log_likelihood_of_mixtures(ports, case):
    """On a mixture the log-likelihood misses log p_0 by the prior's mismatch, below 0.05."""
    if process_of(ports) != settings.VP:
        raise NotImplementedError("the bound is that of the default process's prior")
    exact = oracles.scores.log_density(case.law, case.x)
    yield Bound("gap", np.abs(_likelihood(ports, case) - exact), 0.05)
