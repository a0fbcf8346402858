"""Chapter G: gradients through the exact flow, in its start, its parameters and its times."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Sides, identity
from refscore.identities.cases import Case, Description
from refscore.identities.flow_settings import linear
from refscore.identities.ode_solves import ACCURACY, known
from refscore.identities.ode_steps import turning

ADJOINT = "seeds 000, 002, 003; Pontryagin et al. 1962; Chen et al. 2018, algorithm 1, appendix B"


def velocities(*kinds):
    """The velocities of these kinds, and starts."""
    return [(v, x) for v, x in known() if v.kind in kinds]


def end_cases(pairs, t0=0.1**0.5, t1=2**0.5):
    """A loss of the end alone, forwards and, from where the paths end, backwards."""
    for key, (velocity, x) in enumerate(pairs):
        g = settings.normals(*x.shape, key=30 + key)
        inputs = {"velocity": velocity, "cotangent": g}
        name = f"{velocity.kind}, d = {x.shape[1]}"
        yield Case(name, x0=x, t0=t0, t1=t1, **inputs)
        if velocity.kind in ("linear", "rotating", "forced"):
            end = oracles.flows.carried(velocity, x, t0, t1)
            yield Case(f"{name}, t1 < t0", x0=end, t0=t1, t1=t0, **inputs)


def _pair(got, right):
    """The two gradients, each relative to its own size."""
    yield Sides("dL/dx0", got[0], right[0])
    yield Sides("dL/dtheta", got[1], right[1])


@identity(
    "G2",
    ports="ode_gradient",
    tolerance=ACCURACY,
    statement=r"z' = Wz + b:\ \nabla_{z_0}L = e^{W^TT}r,\ \nabla_ML = T\,L_{\exp}(TM^T, "
    r"\tilde r\tilde z_0^T),\ M = \begin{pmatrix}W&b\\0&0\end{pmatrix},\ L = \sum r\cdot z(t_1)",
    assumptions="W without symmetry; several rows; T of either sign",
    source=ADJOINT + "; Frechet derivative of the exponential, derived",
    cases=lambda: [
        *end_cases([(linear(), settings.points(4, 3))]),
        *end_cases([(linear(2), settings.points(5, 2))], 0.0, 0.65**0.5),
    ],
)
def adjoint_of_a_linear_velocity(ports, case):
    """Of a linear velocity the gradient is an exponential, and its Frechet derivative."""
    inputs = case.velocity, case.x0, case.t0, case.t1, case.cotangent
    yield from _pair(ports.ode_gradient(*inputs), oracles.ode_gradients.gradient(*inputs))


@identity(
    "G2-flows",
    ports="ode_gradient",
    tolerance=ACCURACY,
    statement=r"a' = -f_z^Ta,\ a(t_1) = r,\ \nabla_{z_0}L = a(t_0),\ "
    r"\nabla_\theta L = \int_{t_0}^{t_1}f_\theta^Ta\,dt",
    assumptions="closed forms, differentiated; a network by its variational equation to 1e-13;"
    " velocities that move with time",
    source=ADJOINT,
    cases=lambda: end_cases(velocities("rotating", "forced", "cubic", "hopf", "time_mlp")),
    family="velocity and loss",
)
def adjoint_of_flows(ports, case):
    """The adjoint's gradient is the derivative of the exact flow."""
    inputs = case.velocity, case.x0, case.t0, case.t1, case.cotangent
    yield from _pair(ports.ode_gradient(*inputs), oracles.ode_gradients.gradient(*inputs))


@identity(
    "G2-ends",
    ports="ode_time_gradient",
    tolerance=ACCURACY,
    statement=r"\frac{dL}{dt_1} = r\cdot f(z(t_1),t_1),\qquad "
    r"\frac{dL}{dt_0} = -a(t_0)\cdot f(z_0,t_0)",
    assumptions="closed forms; where f moves with time the two do not add up to 0",
    source=ADJOINT,
    cases=lambda: end_cases(velocities("forced", "rotating", "logistic", "time_mlp")),
)
def gradients_in_the_end_times(ports, case):
    """The gradient in the two ends of the interval."""
    inputs = case.velocity, case.x0, case.t0, case.t1, case.cotangent
    right = oracles.ode_gradients.gradient(*inputs)[2]
    got = ports.ode_time_gradient(*inputs)
    yield Sides("dL/dt0", got[0], right[0], np.abs(right).max())
    yield Sides("dL/dt1", got[1], right[1], np.abs(right).max())


TIMES = np.sqrt([0.1, 0.27, 1.1, 2.0])  # of no whole number of steps


def path_cases(*kinds):
    """A loss at every one of unequal times, the first too; also falling."""
    for key, (velocity, x) in enumerate(velocities(*kinds)):
        g = settings.normals(len(TIMES), *x.shape, key=40 + key)
        yield Case(velocity.kind, velocity=velocity, x0=x, times=TIMES, cotangents=g)
    velocity, x = turning(), settings.points(5, 2)
    g = settings.normals(len(TIMES), 5, 2, key=45)
    yield Case("rotating, falling", velocity=velocity, x0=x, times=TIMES[::-1], cotangents=g)


@identity(
    "G2-jumps",
    ports="ode_path_gradient",
    tolerance=ACCURACY,
    statement=r"a(t_k^-) = a(t_k^+) + \partial L/\partial z(t_k)",
    assumptions="losses at unequal times, one at the start among them",
    source=ADJOINT,
    cases=lambda: path_cases("linear", "forced", "time_mlp"),
)
def adjoint_with_jumps(ports, case):
    """With losses at several times the adjoint jumps at each."""
    inputs = case.velocity, case.x0, case.times, case.cotangents
    yield from _pair(ports.ode_path_gradient(*inputs), oracles.ode_gradients.path_gradient(*inputs))


@identity(
    "G2-times",
    ports="ode_path_time_gradient",
    tolerance=ACCURACY,
    statement=r"\frac{dL}{dt_k} = \frac{\partial L}{\partial z(t_k)}\cdot f(z(t_k),t_k),\ k > 0;"
    r"\qquad \frac{dL}{dt_0} = -a(t_0^+)\cdot f(z_0,t_0)",
    assumptions="the loss at the start, z(t_0) = z_0, does not move with t_0",
    source=ADJOINT,
    cases=lambda: path_cases("linear", "forced"),
)
def gradients_in_every_time(ports, case):
    """The gradient in the time of every loss."""
    inputs = case.velocity, case.x0, case.times, case.cotangents
    got = ports.ode_path_time_gradient(*inputs)
    yield Sides("dL/dt", got, oracles.ode_gradients.path_gradient(*inputs)[2])


@identity(
    "G2-running",
    ports="ode_cost_gradient",
    tolerance=ACCURACY,
    statement=r"L = \sum\int_{t_0}^{t_1}l(z,t)\,dt:\ a' = -f_z^Ta - l_z,\ a(t_1) = 0",
    assumptions="l = 1/2 (r + s t)|z|^2 + c sum z; closed forms by Gauss-Legendre quadrature",
    source=ADJOINT,
    cases=lambda: [
        Case(
            f"{velocity.kind}, {t0:g} to {t1:g}", velocity=velocity, x0=x, t0=t0, t1=t1,
            running=Description("cost", rate=1.3, ramp=-0.7, level=0.4),
        )
        for velocity, x in velocities("linear", "forced", "logistic")
        for t0, t1 in ((0.1**0.5, 2**0.5), (0.9, 0.3**0.5))
    ],
)  # fmt: skip
def adjoint_of_a_running_cost(ports, case):
    """A running cost drives the adjoint."""
    inputs = case.velocity, case.x0, case.t0, case.t1, case.running
    yield from _pair(ports.ode_cost_gradient(*inputs), oracles.ode_gradients.cost_gradient(*inputs))


@identity(
    "G2-forward",
    ports="ode_sensitivities",
    tolerance=ACCURACY,
    statement=r"J' = f_zJ,\ J(t_0) = I;\qquad S' = f_zS + f_\theta,\ S(t_0) = 0",
    assumptions="closed forms, differentiated",
    source="Hairer, Nørsett and Wanner 1993, I.14, theorems 14.1 and 14.3",
    cases=lambda: [
        Case(f"{v.kind}, {t0:g} to {t1:g}", velocity=v, x0=x[:3], t0=t0, t1=t1)
        for v, x in velocities("linear", "forced", "rotating")
        for t0, t1 in ((0.1**0.5, 1.2**0.5), (0.9, 0.3**0.5))
    ],
)
def forward_sensitivities(ports, case):
    """The variational equation carries the derivatives of the flow forward."""
    inputs = case.velocity, case.x0, case.t0, case.t1
    got, right = ports.ode_sensitivities(*inputs), oracles.ode_gradients.sensitivities(*inputs)
    yield Sides("dx1/dx0", got[0], right[0])
    yield Sides("dx1/dtheta", got[1], right[1])
