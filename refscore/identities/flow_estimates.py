"""Chapter G: log densities of flows from probes, held fixed along a path or fresh on a grid."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Draws, Mean, Sides, identity
from refscore.identities.cases import Case, VelocityDescription
from refscore.identities.flow_densities import ACCURACY, flow_cases, given, wide_case
from refscore.identities.flow_settings import linear

FFJORD = "seeds 000, 003 (FFJORD density estimation); Grathwohl et al. 2019, section 3.1"


def _probed_cases():
    for case in [*flow_cases(("linear", "rotating", "cubic", "sine")), wide_case()]:
        n, d = case.x.shape
        case.probes = settings.normals(n, 3, d, key=7)
        yield case
    at_rest = VelocityDescription("rotating", matrix=[[0.4, 1.5], [0.7, -0.8]], frequency=6.0)
    yield Case("rotating, at rest", velocity=at_rest, x=np.zeros((2, 2)), t0=0.1, t1=0.9,
               base=settings.mixture(2), probes=settings.normals(2, 2, 2, key=8))  # fmt: skip


@identity(
    "G6-probes",
    ports="flow_log_density_estimate",
    statement=r"\log\hat p(x) = \log p_0(z) - \tfrac1m\sum_jv_j^T\int_{t_0}^{t_1}\partial_zf\,dt\,"
    r"v_j,\quad \text{linear: } -T\,v^TWv",
    assumptions="velocities with a known flow; probes given, held fixed along the path; one point"
    " is at rest, where the log density alone asks for small steps",
    source=FFJORD,
    cases=_probed_cases,
    tolerance=ACCURACY,
)
def flow_estimates_on_probes(ports, case):
    """On given probes the estimated log density is exact: the quadratic forms of one matrix."""
    got = ports.flow_log_density_estimate(*given(case), probes=case.probes)
    right = oracles.flows.estimate(*given(case), case.probes)
    yield Sides("log density", got, right)


def _signed(n, dim):
    """One point for every sign vector, beside it."""
    signs = settings.all_signs(dim)
    return np.repeat(settings.points(n, dim), len(signs), axis=0), np.tile(signs, (n, 1))


@identity(
    "G6",
    ports="flow_log_density_estimate",
    statement=r"E_v\Bigl[\log p_0(z)-\int v^T\partial_zf\,v\,dt\Bigr] = \log p(x),\quad "
    r"\mathrm{Var} = 2T^2(\|W_s\|_F^2-\sum_iw_{ii}^2)",
    assumptions="linear velocity; all sign vectors, one a solve",
    source=FFJORD,
    cases=lambda: [
        Case(f"d = {d}", velocity=linear(d), n=2, d=d, base=settings.mixture(d), t0=0.3, t1=1.2)
        for d in (2, 3)
    ],
    tolerance=ACCURACY,
)
def flow_estimate_is_unbiased(ports, case):
    """Over all sign vectors held fixed the mean is the log density, the variance the trace's."""
    x, signs = _signed(case.n, case.d)
    got = ports.flow_log_density_estimate(
        case.velocity, x, case.base, case.t0, case.t1, probes=signs[:, None]
    ).reshape(case.n, -1)
    right = oracles.flows.log_density(
        case.velocity, settings.points(case.n, case.d), case.base, case.t0, case.t1
    )
    yield Sides("mean", got.mean(axis=1), right)
    span, matrix = case.t1 - case.t0, case.velocity.matrix
    spread = oracles.flows.estimate_variance(matrix, span, "rademacher")
    yield Sides("variance", got.var(axis=1), np.full(case.n, spread))


@identity(
    "G6-mean",
    ports="flow_log_density_estimate",
    kind="expectation",
    draws="rng",
    statement=r"E_v[\log\hat p(x)] = \log p(x)",
    assumptions="the subject draws its probes, independent over points, one a solve or more",
    source=FFJORD,
    cases=lambda: [
        Case("linear, d = 3", velocity=linear(3), x=settings.points(5, 3),
             base=settings.mixture(3), t0=0.3, t1=0.75),
    ],
)  # fmt: skip
def flow_estimate_mean(ports, case):
    """A flow that draws its own probes has the log density for its mean."""
    exact = oracles.flows.log_density(*given(case))
    bound = oracles.flows.estimate_variance(case.velocity.matrix, case.t1 - case.t0, "gaussian")

    def draw(seed, n):
        x = np.resize(case.x, (n, case.x.shape[1]))
        found = ports.flow_log_density_estimate(
            case.velocity, x, case.base, case.t0, case.t1, rng=seed
        )
        return found - np.resize(exact, n)

    yield Draws("log density", draw, Mean([0.0], variance=[bound]), batch=1000)


@identity(
    "G6-held",
    ports="flow_log_density_estimate",
    draws="rng",
    statement=r"\int_0^{\pi/\omega}v^TR(\omega t)AR(-\omega t)v\,dt = 0,\quad A=A^T,\ "
    r"\mathrm{tr}A=0",
    assumptions="the subject draws its probes, of any law; a velocity that turns by half a circle",
    source=FFJORD,
    cases=lambda: [
        Case(f"frequency {w:g}", x=settings.points(4, 2), base=settings.mixture(2), t0=0.2,
             t1=0.2 + np.pi / w, velocity=VelocityDescription(
                 "rotating", matrix=[[0.5, 0.9], [0.9, -0.5]], frequency=w))
        for w in (2.5, 4.0)
    ],
    tolerance=ACCURACY,
)  # fmt: skip
def flow_probes_are_held(ports, case):
    """A probe held through the whole solve sees what turns about it as often as it does not."""
    got = ports.flow_log_density_estimate(*given(case), rng=11)
    yield Sides("log density", got, oracles.flows.log_density(*given(case)))


@identity(
    "G6-grid",
    ports="flow_log_density_on_grid",
    statement=r"\log p_0(z) - \sum_kh_k\,\tfrac1m\sum_jv_{kj}^TWv_{kj}",
    assumptions="linear velocity, probes[k] from times[k] to times[k + 1], steps of unequal length",
    source="derived from Grathwohl et al. 2019, section 3.1",
    cases=lambda: [
        Case(f"d = {d}", velocity=linear(d), x=settings.points(4, d), base=settings.mixture(d),
             times=0.2 + 0.9 * np.linspace(0, 1, 17) ** 1.2,
             probes=settings.normals(16, 4, m, d, key=3))
        for d, m in ((3, 2), (2, 3))
    ],
    tolerance=ACCURACY,
)  # fmt: skip
def flow_estimates_on_fresh_probes(ports, case):
    """On a fixed grid every step has probes of its own, weighted by its length."""
    got = ports.flow_log_density_on_grid(
        case.velocity, case.x, case.base, case.times, probes=case.probes
    )
    right = oracles.flows.estimate_on_grid(
        case.velocity, case.x, case.base, case.times, case.probes
    )
    yield Sides("log density", got, right)


@identity(
    "G6-fresh",
    ports="flow_log_density_on_grid",
    statement=r"\mathrm{Var}_{\text{fresh}} = \tfrac1N\,\mathrm{Var}_{\text{fixed}}",
    assumptions="linear velocity in the plane, a sign vector for each half, all pairs of them",
    source="derived from Grathwohl et al. 2019, section 3.1",
    cases=lambda: [
        Case("two halves", velocity=linear(2), base=settings.mixture(2), t0=0.3, t1=1.2, n=2),
    ],
    tolerance=ACCURACY,
)
def fresh_probes_are_unbiased(ports, case):
    """Fresh probes are right on average too, and N of them have a variance N times less."""
    signs, fine = settings.all_signs(2), 8
    first, second = (a.ravel() for a in np.meshgrid(*2 * [np.arange(len(signs))]))
    x = np.repeat(settings.points(case.n, 2), len(first), axis=0)
    halves = np.stack([np.tile(signs[k], (case.n, 1)) for k in (first, second)])
    probes = np.repeat(halves, fine, axis=0)[:, :, None]
    times = np.linspace(case.t0, case.t1, 2 * fine + 1)
    got = ports.flow_log_density_on_grid(case.velocity, x, case.base, times, probes=probes)
    got, span = got.reshape(case.n, -1), case.t1 - case.t0
    right = oracles.flows.log_density(
        case.velocity, settings.points(case.n, 2), case.base, case.t0, case.t1
    )
    yield Sides("mean", got.mean(axis=1), right)
    held = oracles.flows.estimate_variance(case.velocity.matrix, span, "rademacher")
    yield Sides("variance", got.var(axis=1), np.full(case.n, held / 2))
