"""Chapter E: kinetic steps: splittings of underdamped dynamics, Hamiltonian steps unadjusted."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Draws, Normal, Sides, identity
from refscore.identities.cases import Case
from refscore.identities.langevin import settled
from refscore.identities.langevin_metropolis import points_of
from refscore.identities.langevin_sharing import distinct, far_noise
from refscore.identities.smoothing import score_of

SCHEMES = ("BAOAB", "ABOBA", "OBABO", "OABAO")


def scheme_of(ports) -> str:
    """The splitting a subject declares, BAOAB unless it does."""
    return settings.convention_of(ports, "underdamped_step", "splitting", "BAOAB")


def _handed(noise, scheme):
    """The first part alone where the splitting has one O."""
    return noise if scheme.count("O") == 2 else noise[0]


def _step_cases():
    for law, d in ((settings.gaussian(3), 3), (settings.mixture(2), 2)):
        for h, friction in ((0.4, 1.5), (0.15, 0.3)):
            x, v = settings.points(5, d), settings.normals(5, d, key=21)
            yield Case(
                f"{law.kind}, h = {h}, friction {friction}", law=law, x=x, v=v, step_size=h,
                friction=friction, noise=far_noise(2, 5, d, key=22),
            )  # fmt: skip


@identity(
    "E7-splitting",
    ports="underdamped_step",
    statement=r"A: x \mathrel{+}= tv,\quad B: v \mathrel{+}= t\,s(x),\quad "
    r"O: v \leftarrow e^{-\gamma t}v + \sqrt{1-e^{-2\gamma t}}\,z",
    source="Leimkuhler and Matthews 2013; Bussi and Parrinello 2007",
    cases=_step_cases,
    family="splitting",
)
def underdamped_given_noise(ports, case):
    """One splitting step of underdamped Langevin dynamics on given noise."""
    scheme = scheme_of(ports)
    noise = _handed(case.noise, scheme)
    x, v = ports.underdamped_step(
        score_of(case.law), case.x, case.v, case.step_size, case.friction, noise=noise
    )
    right = oracles.langevin_steps.underdamped(
        case.law, case.x, case.v, case.step_size, case.friction, noise, scheme
    )
    yield Sides("x'", x, right[0])
    yield Sides("v'", v, right[1])


def _affine_map(ports, case):
    """M, c, B of the subject's step on (x, v), by unit vectors, in one call."""
    law, scheme = case.law, scheme_of(ports)
    d, n = len(law.mean), scheme.count("O")
    inputs = np.vstack([np.zeros(2 * d + n * d), np.eye(2 * d + n * d)])
    states, noise = inputs[:, : 2 * d], inputs[:, 2 * d :]
    parts = noise.reshape(-1, n, d).swapaxes(0, 1)
    out = ports.underdamped_step(
        score_of(law), states[:, :d], states[:, d:], case.step_size, case.friction,
        noise=_handed(parts, scheme),
    )  # fmt: skip
    out = np.hstack(out)
    columns = (out[1:] - out[0]).T
    return columns[:, : 2 * d], out[0], columns[:, 2 * d :]


def _gaussian_cases():
    for d, h, friction in ((2, 0.5, 0.8), (3, 0.3, 2.0)):
        law = settings.gaussian(d)
        yield Case(f"d = {d}, h = {h}", law=law, step_size=h, friction=friction)


def _stationary(law, h, scheme):
    """Cov x and Cov v: S, S Q or S/Q and I, Q or 1/Q, with Q = I - (h²/4) P."""
    Q = np.eye(len(law.mean)) - h * h / 4 * np.linalg.inv(law.covariance)
    R, S, I = np.linalg.inv(Q), law.covariance, np.eye(len(Q))
    return {"BAOAB": (S, Q), "ABOBA": (S, R), "OBABO": (S @ R, I), "OABAO": (S @ Q, I)}[scheme]


@identity(
    "E7-splitting-law",
    ports="underdamped_step",
    kind="exact law",
    statement=r"Q = I-\tfrac{h^2}{4}P:\ \text{BAOAB}\ (S, Q),\ \text{ABOBA}\ (S, Q^{-1}),\ "
    r"\text{OBABO}\ (SQ^{-1}, I),\ \text{OABAO}\ (SQ, I)",
    assumptions="Gaussian target, h² < 4 lambda_min(S)",
    source="derived; Leimkuhler and Matthews 2013",
    cases=_gaussian_cases,
    tolerance=1e-8,
)
def underdamped_stationary_of_steps(ports, case):
    """The stationary law of the splitting step, from its own affine map."""
    mean, covariance = settled(*_affine_map(ports, case))
    d = len(case.law.mean)
    x, v = _stationary(case.law, case.step_size, scheme_of(ports))
    yield Sides("mean of x", mean[:d], case.law.mean)
    yield Sides("covariance of x", covariance[:d, :d], x)
    yield Sides("covariance of v", covariance[d:, d:], v)


def _drawn_cases():
    law = settings.gaussian(2)
    yield Case("Gaussian, d = 2", law=law, step_size=0.6, friction=0.4)
    yield Case("much friction, which parts the splittings", law=law, step_size=1.0, friction=1.5)


@identity(
    "E9-splitting",
    ports="underdamped_step",
    kind="expectation",
    draws="rng",
    statement=r"(X_0,V_0)\ \text{Gaussian}:\quad (X_1,V_1)\ \text{Gaussian, propagated}",
    assumptions="Gaussian target and start, velocities not at rest; the subject draws the noise",
    source="derived",
    cases=_drawn_cases,
)
def underdamped_draws(ports, case):
    """One splitting step that draws its own noise, from a start that is not at rest."""
    law, d = case.law, len(case.law.mean)
    mean = np.concatenate([law.mean, np.linspace(1.5, -1.0, d)])
    root = np.diag(np.concatenate([np.ones(d), 0.4 * np.ones(d)]))
    root[:d, :d] = np.linalg.cholesky(law.covariance)

    def step(seed, n):
        start = mean + settings.drawn(seed, n, 2 * d) @ root.T
        x, v = start[:, :d], start[:, d:]
        state = ports.underdamped_step(score_of(law), x, v, case.step_size, case.friction, rng=seed)
        return np.hstack(state)

    def from_rest(x, seed):
        v = np.zeros_like(x)
        after = ports.underdamped_step(score_of(law), x, v, case.step_size, case.friction, rng=seed)
        return after[0] + after[1]

    yield from distinct(from_rest, law.mean)
    map_ = oracles.langevin_laws.underdamped(law, case.step_size, case.friction, scheme_of(ports))
    after = oracles.langevin_laws.propagated(*map_, 1, mean, root @ root.T)
    yield Draws("(x', v')", step, Normal(after.mean, after.covariance))


def _law_cases():
    for scheme, d, h, friction in zip(
        SCHEMES, (2, 3, 2, 3), (0.5, 0.3, 0.7, 0.4), (0.8, 2, 0.3, 1)
    ):
        yield Case(
            f"{scheme}, d = {d}", law=settings.gaussian(d), step_size=h, friction=friction,
            scheme=scheme,
        )  # fmt: skip


@identity(
    "E7-splittings",
    ports="underdamped_law",
    kind="exact law",
    statement=r"m_k = Mm_{k-1}+c,\quad C_k = MC_{k-1}M^T + BB^T\ \text{of the state}\ (x,v)",
    assumptions="Gaussian target, Gaussian start",
    source="derived",
    cases=_law_cases,
    tolerance=1e-8,
)
def underdamped_law(ports, case):
    """The exact law of a splitting after 0, 1 and 9 steps."""
    law, d = case.law, 2 * len(case.law.mean)
    start = np.linspace(1.0, -2.0, d), settings.covariance(d, 5)
    map_ = oracles.langevin_laws.underdamped(law, case.step_size, case.friction, case.scheme)
    for k in (0, 1, 9):
        got = ports.underdamped_law(law, case.step_size, case.friction, case.scheme, k, *start)
        want = oracles.langevin_laws.propagated(*map_, k, *start)
        yield Sides(f"mean after {k}", got["mean"], want.mean)
        yield Sides(f"covariance after {k}", got["covariance"], want.covariance)


@identity(
    "E7-splittings-limit",
    ports="underdamped_stationary",
    kind="exact law",
    statement=r"\text{BAOAB}\ (S, Q),\ \text{ABOBA}\ (S, Q^{-1}),\ \text{OBABO}\ (SQ^{-1}, I),\ "
    r"\text{OABAO}\ (SQ, I),\quad Q = I-\tfrac{h^2}{4}P",
    assumptions="Gaussian target, h² < 4 lambda_min(S), any friction",
    source="derived; Leimkuhler and Matthews 2013",
    cases=_law_cases,
    tolerance=1e-8,
)
def underdamped_stationary(ports, case):
    """The stationary law of a splitting, by the discrete Lyapunov equation."""
    got = ports.underdamped_stationary(case.law, case.step_size, case.friction, case.scheme)
    map_ = oracles.langevin_laws.underdamped(case.law, case.step_size, case.friction, case.scheme)
    want = oracles.langevin_laws.fixed(*map_)
    yield Sides("mean", got["mean"], want.mean)
    yield Sides("covariance", got["covariance"], want.covariance)


def _leapfrog_cases():
    for d, h, n in ((2, 0.5, 4), (3, 0.8, 1), (2, 0.3, 7)):
        yield Case(
            f"d = {d}, {n} steps of {h}", law=settings.gaussian(d), step_size=h, n_leapfrog=n
        )


@identity(
    "E7-unadjusted",
    ports="hmc_step",
    kind="exact law",
    statement=r"\text{accepting all}:\ \Sigma_\infty = S(I-\tfrac{h^2}{4}P)^{-1}\ "
    r"\text{for every number of leapfrog steps}",
    assumptions="Gaussian target, fresh momenta, h² < 4 lambda_min(S)",
    source="derived",
    cases=_leapfrog_cases,
    tolerance=1e-8,
)
def unadjusted_hmc_of_steps(ports, case):
    """With a uniform number of 0 every trajectory is taken: the step's affine map, its law."""
    law, h, n = case.law, case.step_size, case.n_leapfrog
    d = len(law.mean)

    def at(x, v):
        zero = np.zeros(len(x))
        return points_of(ports.hmc_step(law, score_of(law), x, v, h, n, uniform=zero))

    c = at(np.zeros((1, d)), np.zeros((1, d)))[0]
    m = (at(np.eye(d), np.zeros((d, d))) - c).T
    b = (at(np.zeros((d, d)), np.eye(d)) - c).T
    mean, found = settled(m, c, b)
    P = np.linalg.inv(law.covariance)
    yield Sides("mean", mean, law.mean)
    inflated = law.covariance @ np.linalg.inv(np.eye(d) - h * h / 4 * P)
    yield Sides("covariance", found, inflated)


@identity(
    "E7-unadjusted-law",
    ports="unadjusted_hmc_law",
    kind="exact law",
    statement=r"x'-\mu = \cos(L\theta)(x-\mu) + \tfrac{\sqrt\lambda}{\chi}\sin(L\theta)\,z,\quad "
    r"\cos\theta = 1-\tfrac{h^2}{2\lambda},\ \chi^2 = 1-\tfrac{h^2}{4\lambda}",
    assumptions="Gaussian target, Gaussian start, fresh momenta",
    source="derived",
    cases=_leapfrog_cases,
    tolerance=1e-8,
)
def unadjusted_hmc_law(ports, case):
    """The exact law of Hamiltonian steps without acceptance after 0, 1 and 6 of them."""
    law, h, n = case.law, case.step_size, case.n_leapfrog
    d = len(law.mean)
    start = np.linspace(1.0, -2.0, d), settings.covariance(d, 5)
    map_ = oracles.langevin_laws.unadjusted_hamiltonian(law, h, n)
    for k in (0, 1, 6):
        got = ports.unadjusted_hmc_law(law, h, n, k, *start)
        want = oracles.langevin_laws.propagated(*map_, k, *start)
        yield Sides(f"mean after {k}", got["mean"], want.mean)
        yield Sides(f"covariance after {k}", got["covariance"], want.covariance)
