"""Chapter G: gradients of a flow's log density, whose trace is a running cost."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.flow_densities import ACCURACY, flow_cases, given, wide_case
from refscore.identities.flow_settings import linear

ADJOINT = "seed 003 (adjoint of a likelihood), corrected: J13"


def _scale(array):
    """At least 1: a parameter that hardly matters is not judged by its own size."""
    return np.maximum(1.0, np.abs(array).max())


def _sides(got, right):
    for label, left, exact in zip(("in x", "in the parameters"), got, right):
        yield Sides(label, left, exact, _scale(exact))


@identity(
    "G9",
    ports="flow_log_density_gradient",
    statement=r"-\partial_x\log p = e^{-W^TT}z_0,\quad -\partial_W\log p = T\,(I - "
    r"L_{\exp}(-W^TT, z_0x^T))\ \text{for } N(0,I)",
    assumptions="linear velocity, any span; bases with a mean, a covariance, or several modes",
    source=ADJOINT,
    cases=lambda: [
        Case("N(0, I), T = 1", velocity=linear(2), x=settings.points(4, 2), t0=0.0, t1=1.0,
             base=Law("gaussian", mean=np.zeros(2), covariance=np.eye(2))),
        Case("Gaussian, d = 3", velocity=linear(3), x=settings.points(4, 3), t0=-0.3, t1=0.4,
             base=settings.gaussian(3)),
        Case("mixture", velocity=linear(2), x=settings.points(5, 2), t0=0.2, t1=1.6,
             base=settings.mixture(2)),
        wide_case(),
    ],
    tolerance=ACCURACY,
)  # fmt: skip
def flow_gradients(ports, case):
    """Of a linear flow, by the Frechet derivative of the matrix exponential."""
    got = ports.flow_log_density_gradient(*given(case))
    yield from _sides(got, oracles.flows.linear_gradient(*given(case)))


@identity(
    "G9-curved",
    ports="flow_log_density_gradient",
    statement=r"\dot a = -f_z^Ta + \partial_z\mathrm{tr}f_z,\quad "
    r"\dot a_\theta = -f_\theta^Ta + \partial_\theta\mathrm{tr}f_z,\quad a(t_0) = \nabla\log p_0",
    assumptions="velocities with a known flow, whose trace moves with the point and the parameters",
    source=ADJOINT,
    cases=lambda: flow_cases(("rotating", "cubic", "logistic", "hopf", "forced")),
    tolerance=ACCURACY,
)
def flow_gradients_of_curved(ports, case):
    """Where the divergence depends on the point it is a cost that the adjoint has to carry."""
    got = ports.flow_log_density_gradient(*given(case))
    yield from _sides(got, oracles.flows.gradient(*given(case)))


def _probed_cases():
    for case in [*flow_cases(("linear", "rotating", "cubic", "sine")), wide_case()]:
        n, d = case.x.shape
        case.probes = settings.normals(n, 3, d, key=13)
        yield case


@identity(
    "G9-probes",
    ports="flow_log_density_estimate_gradient",
    statement=r"\partial\Bigl[\log p_0(z) - \int\tfrac1m\sum_jv_j^T\partial_zf\,v_j\,dt\Bigr]"
    r"\ \text{on the same } v_j",
    assumptions="velocities with a known flow; probes given",
    source=ADJOINT + "; Grathwohl et al. 2019, section 3.1",
    cases=_probed_cases,
    tolerance=ACCURACY,
)
def flow_gradients_on_probes(ports, case):
    """The gradient of the value that given probes realise, not of its mean."""
    got = ports.flow_log_density_estimate_gradient(*given(case), probes=case.probes)
    yield from _sides(got, oracles.flows.gradient(*given(case), case.probes))
