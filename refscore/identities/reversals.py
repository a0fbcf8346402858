"""Chapter F: what a reversal keeps and loses: marginals, paths, starting errors, roughness."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Order, Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.settings import process_of

SEED = "seed 003"


def _drift_map(ports, case, u, level, when):
    """(A, b) of the subject's drift A x + b on Gaussian data at time u."""
    d = len(case.law.mean)
    nodes = np.vstack([np.zeros((1, d)), np.eye(d)])
    values = ports.reverse_drift(case.law, nodes, u, level, when)
    return (values[1:] - values[0]).T, values[0]


def _integrated(slope, state, start, end, n=64):
    """Runge-Kutta of order 4 for state' = slope(u, *state), a tuple of arrays."""
    h = (end - start) / n

    def moved(k, by):
        return tuple(a + by * b for a, b in zip(state, k))

    for i in range(n):
        u = start + i * h
        k1 = slope(u, *state)
        k2 = slope(u + h / 2, *moved(k1, h / 2))
        k3 = slope(u + h / 2, *moved(k2, h / 2))
        k4 = slope(u + h, *moved(k3, h))
        total = tuple((a + 2 * b + 2 * c + e) / 6 for a, b, c, e in zip(k1, k2, k3, k4))
        state = moved(total, h)
    return state


@identity(
    "F8-marginals",
    ports="reverse_drift",
    kind="exact law",
    statement=r"X_t\sim p_t,\ dx = \text{drift}\,dt + l\,g\,dw \Rightarrow X_s\sim p_s",
    assumptions="Gaussian data: the drift is affine, so its law is integrated",
    source=SEED,
    cases=lambda: [
        Case(f"l = {level:g}, {when}", law=settings.gaussian(2), level=level, when=when)
        for level, when in ((1.0, "backward"), (0.6, "backward"), (1.0, "forward"),
                            (1.7, "forward"))
    ],
    tolerance=1e-6,
)  # fmt: skip
def reversal_keeps_marginals(ports, case):
    """Every drift of the family carries p_t to p_s with its own noise, in its own direction."""
    process, back = process_of(ports), case.when == "backward"
    t, s = (0.55, 0.2) if back else (0.2, 0.55)
    start, end = (oracles.diffusion.law_at(case.law, process, u) for u in (t, s))

    def slope(u, mean, cov):
        A, b = _drift_map(ports, case, u, case.level, case.when)
        gain = case.level**2 * oracles.diffusion.rates(process, u)[1] * np.eye(len(b))
        return A @ mean + b, A @ cov + cov @ A.T + (-gain if back else gain)

    mean, cov = _integrated(slope, (np.array(start.mean), np.array(start.covariance)), t, s)
    yield Sides("mean", mean, end.mean)
    yield Sides("covariance", cov, end.covariance)


def _carried(ports, case, level):
    """How a deviation at t arrives at s under the backward drift of this noise.

    On Gaussian data the drift's matrices of all times commute: e^{-∫ A du} by Gauss's rule."""
    from scipy.linalg import expm

    nodes, weights = np.polynomial.legendre.leggauss(24)
    half = (case.t - case.s) / 2
    matrices = [
        _drift_map(ports, case, case.s + half * (1 + u), level, "backward")[0] for u in nodes
    ]
    return expm(-half * np.tensordot(weights, matrices, 1))


@identity(
    "F13",
    ports="reverse_drift",
    kind="exact law",
    statement=r"\operatorname{Cov}(X_s,X_t) = S_t(S_s/S_t)^{(1+l^2)/2}(\alpha_t/\alpha_s)^{l^2};"
    r"\quad l=1:\ \tfrac{\alpha_t}{\alpha_s}S_s\ \text{as forward}",
    assumptions="Gaussian data",
    source=SEED,
    cases=lambda: [Case("d = 2", law=settings.gaussian(2), t=0.5, s=0.2)],
    tolerance=1e-6,
)
def only_reverse_sde_reverses(ports, case):
    """Two times are jointly as in the forward process for l = 1 only, whatever the marginals."""
    process = process_of(ports)
    S_t = oracles.diffusion.law_at(case.law, process, case.t).covariance
    forward = oracles.reverse.forward_covariance(case.law, process, case.t, case.s)
    for level in (0.0, 0.6, 1.0):
        got = _carried(ports, case, level) @ S_t
        right = oracles.reverse.propagator(case.law, process, case.t, case.s, level) @ S_t
        yield Sides(f"Cov, l = {level:g}", got, right)
        if level == 1:
            yield Sides("as forward", got, forward)
        else:
            apart = np.abs(right - forward).max()
            yield Sides(f"apart from forward, l = {level:g}", np.abs(got - forward).max(), apart)


@identity(
    "F14",
    ports="reverse_family_step",
    kind="exact law",
    statement=r"\sum_k|\Delta_kx|^2 \to l^2\int_s^tg^2\,du;\quad l = 0:\ \text{smooth}",
    assumptions="Gaussian data; the part of every step that the noise makes",
    source="seed 003 (more stable trajectories)",
    cases=lambda: [
        Case(f"l = {level:g}", law=settings.gaussian(2), level=level) for level in (0.0, 0.5, 1.0)
    ],
)
def quadratic_variation(ports, case):
    """The roughness of paths is l² times the integral of g²: the flow's are smooth."""
    process, times = process_of(ports), np.linspace(0.8, 0.1, 15) ** 1.2
    x, z = settings.points(1, 2), settings.normals(1, 2, key=6)
    got, right = 0.0, 0.0
    for t, s in zip(times[:-1], times[1:]):
        ends = [ports.reverse_family_step(case.law, x, t, s, case.level, noise=k * z)
                for k in (1.0, 0.0)]  # fmt: skip
        got += np.sum((ends[0] - ends[1]) ** 2) / np.sum(z**2)
        right += case.level**2 * oracles.diffusion.rates(process, t)[1] * (t - s)
    yield Sides("sum of squares", np.array(got), np.array(right), 1.0)


@identity(
    "J23",
    ports="reverse_drift",
    kind="exact law",
    statement=r"\text{starting errors}\times(S_s/S_t)^{(1+l^2)/2}(\alpha_t/\alpha_s)^{l^2};"
    r"\ \text{the SDE's shrink more: VE},\ S_0/S_T=.2:\ .447\ \text{against}\ .2",
    assumptions="Gaussian data",
    source="seed 003 (the ODE is more stable)",
    cases=lambda: [
        Case("N(0, 0.3)", law=Law("gaussian", mean=[0.0], covariance=[[0.3]]), t=0.6, s=0.15),
        Case("d = 2", law=settings.gaussian(2), t=0.4, s=0.1),
    ],
    tolerance=1e-6,
)
def erratum_flow_more_stable(ports, case):
    """Printed: the flow's trajectories are more stable; the SDE forgets starting errors faster."""
    flow, sde = (_carried(ports, case, level) for level in (0.0, 1.0))
    process = process_of(ports)
    for name, got, level in (("flow", flow, 0.0), ("SDE", sde, 1.0)):
        right = oracles.reverse.propagator(case.law, process, case.t, case.s, level)
        yield Sides(f"left of a starting error, {name}", got, right)


@identity(
    "J17",
    ports="euler_maruyama_step",
    kind="order",
    statement=r"N(0,1),\ \int g^2=\ln 2:\ \text{forward noise again gives }1-\ln2=.307,\ "
    r"\text{fresh noise }1",
    assumptions="VP; Euler-Maruyama forward, then the subject's steps back",
    source="seed 003 (√dt with dt < 0)",
    cases=lambda: [Case("N(0, 1)", law=Law("gaussian", mean=[0.0], covariance=[[1.0]]))],
)
def erratum_forward_noise(ports, case):
    """Printed with √dt, dt < 0, and the forward noise: it needs √|dt| and noise of its own."""
    process = process_of(ports)
    if process.kind != "vp":
        raise NotImplementedError("the counterexample is on a variance-preserving process")
    counts, again, fresh = (10, 20, 40), [], []
    for n in counts:
        once, twice = _there_and_back(ports, process, case.law, n)
        again.append(abs(twice - (1 - np.log(2))))
        fresh.append(abs(once - 1))
    yield Order("fresh noise: variance to 1", 1 / np.array(counts), np.array(fresh), 1.0)
    yield Order("forward noise: to 1 - ln 2", 1 / np.array(counts), np.array(again), 1.0)


def _there_and_back(ports, process, law, n):
    """Variances at time 0 after n steps forth and back: with fresh noise, with the same again."""
    low, high = process.beta_min, process.beta_max
    end = (-low + np.sqrt(low**2 + 2 * (high - low) * np.log(2))) / (high - low)
    times = np.linspace(0.0, end, n + 1)
    x = np.zeros(n + 1)  # how the point depends on its start and on every step's noise
    x[0] = 1.0
    for k, t in enumerate(times[:-1]):
        f, g2 = oracles.diffusion.rates(process, t)
        h = times[k + 1] - t
        x *= 1 + h * f
        x[k + 1] += np.sqrt(g2 * h)
    own = np.zeros(n + 1)
    for k in range(n, 0, -1):
        inputs = np.array([[1.0], [0.0]]), times[k], times[k - 1]
        ends = ports.euler_maruyama_step(law, *inputs, noise=1 - inputs[0])[:, 0]
        x, own = ends[0] * x, ends[0] * own
        own[k] = ends[1]
    return np.sum(x**2) + np.sum(own**2), np.sum((x - own) ** 2)
