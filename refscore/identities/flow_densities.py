"""Chapter G: the log density of a continuous flow, its inverse, and what runs along its paths."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import flow_settings, settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, VelocityDescription
from refscore.identities.ode_solves import ACCURACY

SEEDS = "seeds 000, 002, 003 (continuous change of variables)"


def velocities() -> dict[str, VelocityDescription]:
    """One of every kind, in the plane."""
    made = flow_settings
    return {
        "linear": made.linear(2),
        "rotating": made.rotating(),
        "cubic": made.by_coordinate("cubic", 2),
        "logistic": made.by_coordinate("logistic", 2),
        "sine": made.by_coordinate("sine", 2),
        "hopf": made.hopf(),
        "forced": made.forced(2),
        "time_mlp": made.network(2, (6, 4)),
    }


def bounded_points(n: int, dim: int = 2, key: int = 0) -> np.ndarray:
    """Points within the square of side 1.2, from which no path is lost on the way back."""
    return 0.6 * np.tanh(settings.normals(n, dim, key=key + 50))


def flow_cases(kinds=None) -> list[Case]:
    """A velocity of every kind, times that are not 0 and 1, and bases that are not N(0, I)."""
    bases = {"linear": settings.gaussian(2), "hopf": settings.gaussian(2)}
    return [
        Case(f"{kind}, {base.kind} base", velocity=velocity, x=bounded_points(4), base=base,
             t0=0.2, t1=1.05)
        for kind, velocity in velocities().items()
        if kinds is None or kind in kinds
        for base in (bases.get(kind, settings.mixture(2)),)
    ]  # fmt: skip


def wide_case() -> Case:
    """Three dimensions, and from the later time to the earlier."""
    return Case("linear, d = 3, t1 < t0", velocity=flow_settings.linear(3), x=settings.points(5, 3),
                base=settings.mixture(3), t0=1.1, t1=-0.2)  # fmt: skip


def given(case):
    """The arguments every port of this chapter begins with."""
    return case.velocity, case.x, case.base, case.t0, case.t1


@identity(
    "G5",
    ports="flow_log_density",
    statement=r"\log p(x) = \log p_0(z) - \int_{t_0}^{t_1}\mathrm{tr}\,\partial_zf(z_t,t)\,dt,"
    r"\quad \text{linear: } -T\,\mathrm{tr}\,W",
    assumptions="velocities with a known flow, and a network, integrated to 1e-13",
    source=SEEDS,
    cases=lambda: [*flow_cases(), wide_case()],
    tolerance=ACCURACY,
)
def flow_densities(ports, case):
    """The log density of a flow is that of the base less the divergence along the path."""
    right = oracles.flows.log_density(case.velocity, case.x, case.base, case.t0, case.t1)
    yield Sides("log density", ports.flow_log_density(*given(case)), right)


def _rest_cases():
    points = {
        "logistic": [[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]],
        "sine": [[0.0, np.pi], [-np.pi, 0.0], [np.pi, np.pi]],
        "hopf": [[0.0, 0.0]],
    }
    for kind, at in points.items():
        yield Case(kind, velocity=velocities()[kind], x=np.array(at), base=settings.gaussian(2),
                   times=np.array([0.3, 0.55, 1.2]))  # fmt: skip


@identity(
    "G5-rate",
    ports="flow_log_density",
    statement=r"\frac{d}{dt}\log p(z(t),t) = -\mathrm{tr}\,\frac{\partial f}{\partial z}",
    assumptions="at points of rest, where both sides are numbers",
    source=SEEDS + ", the theorem's first line",
    cases=_rest_cases,
    tolerance=ACCURACY,
)
def flow_density_at_rest(ports, case):
    """Where a point is at rest its log density falls at the rate of the divergence there."""
    start, middle, end = case.times
    values = [
        ports.flow_log_density(case.velocity, case.x, case.base, start, t) for t in (middle, end)
    ]
    rate = -np.trace(
        oracles.flows.slope(case.velocity, case.x, start)[1], axis1=-2, axis2=-1
    )  # of an autonomous velocity
    yield Sides("rate", (values[1] - values[0]) / (end - middle), rate)
    first = oracles.flows.log_base(case.base, case.x) + (middle - start) * rate
    yield Sides("log density", values[0], first)


@identity(
    "G5-joint",
    ports="flow_forward",
    statement=r"\begin{bmatrix}x\\\log p(x)\end{bmatrix} = \begin{bmatrix}z\\\log p_0(z)"
    r"\end{bmatrix} + \int_{t_0}^{t_1}\begin{bmatrix}f\\-\mathrm{tr}\,\partial_zf\end{bmatrix}dt",
    assumptions="velocities with a known flow",
    source=SEEDS + ", forward transform and log density",
    cases=lambda: [*flow_cases(), wide_case()],
    tolerance=ACCURACY,
)
def flow_forwards(ports, case):
    """Point and log density move together from the base to the data."""
    v, z, t0, t1 = case.velocity, case.x, case.t0, case.t1
    x, value = ports.flow_forward(*given(case))
    yield Sides("x", x, oracles.flows.carried(v, z, t0, t1))
    right = oracles.flows.log_base(case.base, z) - oracles.flows.log_det(v, z, t1, t0)
    yield Sides("log density", value, right)


@identity(
    "G5-inverse",
    ports="flow_inverse",
    statement=r"z(t_0) = z(t_1) + \int_{t_1}^{t_0}f(z(t),t)\,dt",
    assumptions="velocities with a known flow",
    source=SEEDS + ", inverse transform",
    cases=lambda: [*flow_cases(), wide_case()],
    tolerance=ACCURACY,
)
def flow_inverses(ports, case):
    """The base's point of a data point is where its path comes from."""
    got = ports.flow_inverse(case.velocity, case.x, case.t0, case.t1)
    yield Sides("z", got, oracles.flows.carried(case.velocity, case.x, case.t1, case.t0))


def _energy_cases():
    kinds = ("linear", "rotating", "cubic", "hopf", "forced")
    for case in [*flow_cases(kinds), wide_case()]:
        n, d = case.x.shape
        case.probes = settings.normals(n, 3, d, key=9)
        yield case


@identity(
    "G2-kinetic",
    ports="kinetic_energy",
    statement=r"\int\tfrac12\|f\|^2|dt|,\quad \text{linear: } "
    r"\tfrac12\tilde x^T\int e^{-M^Ts}M^TMe^{-Ms}ds\,\tilde x",
    assumptions="velocities with a known flow; a running cost of the path that ends in x",
    source="beyond the lectures: Finlay et al. 2020",
    cases=_energy_cases,
    tolerance=ACCURACY,
)
def kinetic_energies(ports, case):
    """The kinetic energy of a path, linear velocities by a Gramian."""
    got = ports.kinetic_energy(case.velocity, case.x, case.t0, case.t1)
    yield Sides("energy", got, _energy(oracles.flows.kinetic_energy, case))


@identity(
    "G2-jacobian",
    ports="jacobian_energy",
    statement=r"\int\tfrac1m\sum_j\|\partial_zf\,v_j\|^2|dt|,\quad E = \int\|\partial_zf\|_F^2|dt|",
    assumptions="velocities with a known flow, probes held fixed",
    source="beyond the lectures: Finlay et al. 2020",
    cases=_energy_cases,
    tolerance=ACCURACY,
)
def jacobian_energies(ports, case):
    """The Jacobian's norm along a path, as given probes see it."""
    got = ports.jacobian_energy(case.velocity, case.x, case.t0, case.t1, probes=case.probes)
    yield Sides("energy", got, _energy(oracles.flows.jacobian_energy, case, case.probes))


@identity(
    "G2-directional",
    ports="directional_energy",
    statement=r"\int\|\partial_zf\,f\|^2|dt|",
    assumptions="velocities with a known flow",
    source="beyond the lectures: Finlay et al. 2020",
    cases=_energy_cases,
    tolerance=ACCURACY,
)
def directional_energies(ports, case):
    """How much a path bends, summed along it."""
    got = ports.directional_energy(case.velocity, case.x, case.t0, case.t1)
    yield Sides("energy", got, _energy(oracles.flows.directional_energy, case))


def _energy(oracle, case, *more):
    """What is summed does not depend on which way."""
    return np.abs(oracle(case.velocity, case.x, case.t0, case.t1, *more))
