"""Chapter J: what the lectures print of flows, each formula run along the path beside the truth."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import flow_settings, settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law, VelocityDescription
from refscore.identities.discrete_settings import legendre
from refscore.identities.flow_densities import given
from refscore.identities.ode_solves import ACCURACY

GROWTH = VelocityDescription("linear", matrix=[[1.0]], offset=[0.0])  # z' = z


def _ends():
    yield Case("z' = z", velocity=GROWTH, z1=np.array([[np.e]]), t0=0.0, t1=1.0)
    for v in (flow_settings.linear(3), flow_settings.rotating()):
        z1 = flow_settings.points(v)
        yield Case(v.kind, velocity=v, z1=z1, t0=flow_settings.T0, t1=flow_settings.T1)


def _integral(case, path, start, stop):
    """The integral of f from one time to another along the path, a function of time."""
    times, weights = legendre(start, stop, 5)
    slopes = [oracles.flows.velocity_at(case.velocity, path(t), t) for t in times]
    return np.tensordot(weights, slopes, 1)


def _judged(case, path, printed):
    """The start of the path that ends in z1, and where the printed integral puts it."""
    right = oracles.flows.carried(case.velocity, case.z1, case.t1, case.t0)
    yield Sides("start", path(case.t0), right)
    yield Sides("integral from t1 to t0", case.z1 + _integral(case, path, case.t1, case.t0), right)
    yield Sides("as printed", printed, 2 * case.z1 - right)


@identity(
    "J5",
    ports="flow_inverse",
    statement=r"z(0) = \int_1^0 f\,dt + x,\ \text{not}\ \int_0^1:\quad f = z,\ x = e\ "
    r"\text{give}\ 1,\ \text{not}\ 4.437",
    assumptions="the inverse of a flow, from data x at t1 to z at t0",
    source="seed 003 (the recapitulation of continuous flows, as printed)",
    cases=_ends,
    tolerance=ACCURACY,
)
def erratum_inverse_of_a_flow(ports, case):
    """Printed with the integral from 0 to 1; the way back integrates from 1 to 0."""

    def path(t):
        return ports.flow_inverse(case.velocity, case.z1, t, case.t1)

    yield from _judged(case, path, _integral(case, path, case.t0, case.t1) + case.z1)


@identity(
    "J8",
    ports="ode_solve",
    statement=r"z(t_0) = \int_{t_1}^{t_0}f\,dt + z_1,\ \text{not}\ -\int_{t_1}^{t_0}:\quad "
    r"f = z,\ z_1 = e\ \text{give}\ 1,\ \text{not}\ 4.437",
    assumptions="a solve with t1 after t0, backwards",
    source="seeds 000, 002 (the solve back in time, as printed)",
    cases=_ends,
    tolerance=ACCURACY,
)
def erratum_solve_back_in_time(ports, case):
    """Printed with a minus before an integral whose ends already run backwards."""

    def path(t):
        return ports.ode_solve(case.velocity, case.z1, case.t1, t)

    yield from _judged(case, path, -_integral(case, path, case.t1, case.t0) + case.z1)


def _likelihoods():
    rate, left = 0.3, 0.417
    yield Case("z' = w z", velocity=VelocityDescription("linear", matrix=[[rate]], offset=[0.0]),
               x=np.array([[np.exp(rate) * np.sqrt(left)]]), t0=0.0, t1=1.0,
               base=Law("gaussian", mean=[0.0], covariance=[[1.0]]))  # fmt: skip
    v = flow_settings.by_coordinate("cubic", 2)
    yield Case("cubic, mixture", velocity=v, x=flow_settings.points(v), base=settings.mixture(2),
               t0=flow_settings.T0, t1=flow_settings.T1)  # fmt: skip


@identity(
    "J13",
    ports="flow_log_density_gradient",
    statement=r"-\partial_w\log p = T(1 - z_0^2) = .583;\quad \text{as printed, } \dot a = -f_z^Ta,"
    r"\ \dot a_w = -f_w^Ta:\ -T z_0^2 = -.417",
    assumptions="z' = w z, base N(0, 1), T = 1; a velocity whose trace moves with the point",
    source="seed 003 (backward pass of a likelihood, as printed)",
    cases=_likelihoods,
    tolerance=ACCURACY,
)
def erratum_likelihood_adjoint(ports, case):
    """Printed without the trace's own terms; dropping them turns the sign of the gradient."""
    right = oracles.flows.gradient(*given(case))[1]
    yield Sides("in w", -ports.flow_log_density_gradient(*given(case))[1], -right, 1.0)
    yield Sides("as printed", _printed_adjoint(case), _of_log_det(case) - right, 1.0)


def _moved(velocity, by):
    """The velocity with each of its parameters in turn moved by so much."""
    names = ("rate",) if velocity.kind == "cubic" else ("matrix", "offset")
    kept = {name: np.asarray(getattr(velocity, name), dtype=float) for name in names}
    for name, array in kept.items():
        for step in by * np.eye(array.size):
            moved = array + step.reshape(array.shape)
            yield VelocityDescription(velocity.kind, **{**kept, name: moved})


def _printed_adjoint(case):
    """a_w of the mean at t1: z, a and a_w carried by ż = f, ȧ = -f_zᵀa, ȧ_w = -f_wᵀa from t0."""
    from scipy.integrate import solve_ivp

    v, z0 = case.velocity, oracles.flows.carried(case.velocity, case.x, case.t1, case.t0)
    a = -oracles.scores.score(case.base, z0) / len(z0)
    moved = list(_moved(v, 1.0))  # velocities are linear in their parameters

    def rates(t, state):
        z, a = state[: 2 * z0.size].reshape(2, *z0.shape)
        f, in_z = oracles.flows.slope(v, z, t)
        in_w = [((oracles.flows.velocity_at(w, z, t) - f) * a).sum() for w in moved]
        return np.concatenate(
            [f.ravel(), -np.einsum("nij,ni->nj", in_z, a).ravel(), -np.array(in_w)]
        )

    state = np.concatenate([z0.ravel(), a.ravel(), np.zeros(len(moved))])
    found = solve_ivp(rates, (case.t0, case.t1), state, rtol=1e-7, atol=1e-9)
    return found.y[-len(moved) :, -1]


def _of_log_det(case):
    """The derivative of the mean log |det| in the parameters, by differences."""

    def means(by):
        moved = _moved(case.velocity, by)
        return np.array([oracles.flows.log_det(w, case.x, case.t0, case.t1).mean() for w in moved])

    return (means(1e-4) - means(-1e-4)) / 2e-4
