"""Chapter J: how the lectures print the way back along a flow, with the sign that refutes it."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import flow_settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, VelocityDescription
from refscore.identities.ode_solves import ACCURACY

GROWTH = VelocityDescription("linear", matrix=[[1.0]], offset=[0.0])  # z' = z


def _ends():
    yield Case("z' = z", velocity=GROWTH, z1=np.array([[np.e]]), t0=0.0, t1=1.0)
    for v in (flow_settings.linear(3), flow_settings.rotating()):
        z1 = flow_settings.points(v)
        yield Case(v.kind, velocity=v, z1=z1, t0=flow_settings.T0, t1=flow_settings.T1)


def _judged(case, start):
    """The start against its closed form, and what the printed sign would have made of it."""
    want = oracles.flows.carried(case.velocity, case.z1, case.t1, case.t0)
    yield Sides("start", start, want)
    printed = case.z1 + (case.z1 - start)  # the integral of f over the same path, added
    yield Sides("as printed", printed, 2 * case.z1 - want)
    if case.name == "z' = z":
        yield Sides("1, and not", np.append(start, printed), np.array([1.0, 2 * np.e - 1]))


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
    yield from _judged(case, ports.flow_inverse(case.velocity, case.z1, case.t0, case.t1))


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
    yield from _judged(case, ports.ode_solve(case.velocity, case.z1, case.t1, case.t0))
