"""Chapter G: Runge-Kutta steps are what their tables say, and have their orders."""

from __future__ import annotations

import functools

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Order, Sides, identity
from refscore.identities.cases import Case, VelocityDescription
from refscore.identities.flow_settings import linear, network
from refscore.identities.precision import is_single

METHODS = (
    "euler", "midpoint", "heun", "ralston", "rk3", "rk4", "rk4_38", "bogacki_shampine",
    "dormand_prince", "tsitouras",
)  # fmt: skip
EMBEDDED = ("midpoint", "heun", "ralston", "bogacki_shampine", "dormand_prince", "tsitouras")
DENSE = ("bogacki_shampine", "dormand_prince", "tsitouras")
SOURCE = "Hairer, Nørsett and Wanner 1993, II.1, definition 1.1"


@functools.cache
def turning() -> VelocityDescription:
    """R(wt) A R(-wt) z in the plane: linear, and nowhere still."""
    return VelocityDescription("rotating", matrix=0.7 * settings.matrix(2, 4), frequency=1.3)


def step_cases(methods=METHODS, **more):
    """Every method on a network, backwards in time on what turns, and on a linear velocity."""
    for method in methods:
        for velocity, x, t, h in (
            (network(), settings.points(5, 2), 0.3, 0.7),
            (turning(), settings.points(4, 2), 1.1, -0.6),
            (linear(), settings.points(4, 3), -0.2, 0.5),
        ):
            name = f"{method}, {velocity.kind}, h = {h:g}"
            yield Case(name, velocity=velocity, x=x, t=t, step_size=h, method=method, **more)


@identity(
    "G1-steps",
    ports="ode_step",
    statement=r"x' = x + h\sum_i b_ik_i,\ k_i = f(x + h\sum_j a_{ij}k_j,\,t + c_ih);\quad "
    r"f = Mz:\ x' = R(hM)x",
    assumptions="the methods a subject has; h of either sign",
    source=SOURCE + "; its tables 1.1-1.2, II.5; Ralston 1962; Tsitouras 2011",
    cases=lambda: step_cases(),
    family="velocity and step",
)
def runge_kutta_steps(ports, case):
    """One step of a named method, stage by stage; the stability polynomial where f is linear."""
    inputs = case.velocity, case.x, case.t, case.step_size
    yield Sides("x'", ports.ode_step(*inputs, case.method), oracles.ode.step(*inputs, case.method))


@identity(
    "G1-errors",
    ports="ode_error",
    statement=r"h\sum_i(b_i - \hat b_i)k_i",
    assumptions="methods with embedded weights; of midpoint, Heun and Ralston those of Euler; up"
    " to one sign",
    source="Hairer, Nørsett and Wanner 1993, II.4, equations 4.4, 4.7; Shampine 1986",
    cases=lambda: step_cases(EMBEDDED),
)
def runge_kutta_errors(ports, case):
    """The embedded error estimate of one step."""
    inputs = case.velocity, case.x, case.t, case.step_size, case.method
    weights = settings.convention_of(ports, "ode_error", "embedded_weights", "Dormand and Prince")
    got, expected = ports.ode_error(*inputs), oracles.ode.error(*inputs, weights)
    if np.shape(got) == expected.shape and np.sum(got * expected) < 0:
        got = -got  # an error has no sign that all agree on
    yield Sides("error", got, expected, np.abs(case.step_size) * _speed(case))


def _speed(case):
    """The size of a slope: what the weights' rounding is relative to."""
    return np.abs(oracles.ode.velocity(case.velocity, case.x, case.t)).max()


@identity(
    "G1-interpolants",
    ports="ode_interpolate",
    statement=r"x(t+\theta h) \approx x + h\sum_i b_i(\theta)k_i",
    assumptions="Bogacki and Shampine's cubic, Shampine's quartic for Dormand and Prince, Tsitouras"
    "'s own",
    source="Hairer, Nørsett and Wanner 1993, II.6; Shampine 1986; Tsitouras 2011",
    cases=lambda: (
        Case(f"{c.name}, {s:g}", **{**c.inputs, "fraction": s})
        for s in (0.3, 0.5, 0.85)
        for c in step_cases(DENSE)
    ),
)
def runge_kutta_interpolants(ports, case):
    """The state within a step."""
    inputs = case.velocity, case.x, case.t, case.step_size, case.fraction, case.method
    yield Sides("x", ports.ode_interpolate(*inputs), oracles.ode.interpolate(*inputs))


@identity(
    "G1",
    ports="residual_network",
    statement=r"x_{k+1} = x_k + f_k(x_k):\ \text{Euler's method with } h = 1",
    assumptions="blocks that do not depend on time",
    source="seeds 000, 002, 003 (residual networks); Chen et al. 2018, equation 1",
    cases=lambda: [
        Case("two blocks, d = 2", velocities=_blocks(2), x=settings.points(5, 2)),
        Case("three blocks, d = 3", velocities=_blocks(3), x=settings.points(4, 3)),
    ],
)
def residual_block_is_an_euler_step(ports, case):
    """A residual network is a composition of Euler steps."""
    steps = case.x
    for velocity in case.velocities:
        steps = oracles.ode.step(velocity, steps, 0.0, 1.0, "euler")
    yield Sides("x", ports.residual_network(case.velocities, case.x), steps)


def _blocks(dim):
    rate = np.linspace(0.5, 1.1, dim)
    blocks = (
        linear(dim),
        VelocityDescription("sine", rate=rate),
        VelocityDescription("logistic", rate=-0.3 * rate),
    )
    return blocks[:dim]


GRID = np.sqrt([0.05, 0.12, 0.37, 0.5, 1.3, 1.7, 3.0])  # of no whole number of steps


@identity(
    "G1-grids",
    ports="ode_steps",
    statement=r"x_{k+1} = \Phi_{t_{k+1}-t_k}(x_k, t_k),\ \text{to the last time of the grid}",
    assumptions="the methods a subject has; grids of unequal steps, rising and falling",
    source=SOURCE,
    cases=lambda: [
        Case(f"{method}, {name}", velocity=velocity, x0=x, times=times, method=method)
        for method in ("euler", "midpoint", "heun", "ralston", "rk4", "rk4_38")
        for name, velocity, x, times in (
            ("rising", network(), settings.points(5, 2), GRID),
            ("falling", turning(), settings.points(4, 2), GRID[::-1]),
        )
    ],
)
def steps_over_a_grid(ports, case):
    """Steps meet every time of a grid, also the last and also backwards."""
    inputs = case.velocity, case.x0, case.times, case.method
    yield Sides("x", ports.ode_steps(*inputs), oracles.ode.steps(*inputs))


def _order_cases():
    counts = {1: (24, 48), 2: (12, 24), 3: (8, 16), 4: (7, 14), 5: (13, 26)}
    for method in METHODS:
        grids = tuple(np.linspace(0.1, 1.7, n + 1) for n in counts[oracles.ode.order(method)])
        yield Case(method, velocity=network(), x0=settings.points(3, 2), method=method, grids=grids)


@identity(
    "G1-orders",
    ports="ode_steps",
    kind="order",
    statement=r"x_N - x(t_1) = O(h^p),\ p = 1, 2, 2, 2, 3, 4, 4, 3, 5, 5",
    assumptions="a smooth velocity, neither linear nor still in time; the methods a subject has",
    source="Hairer, Nørsett and Wanner 1993, II.3, theorem 3.4",
    cases=_order_cases,
)
def orders_of_methods(ports, case):
    """Errors over the whole interval fall with the step to the order of the method."""
    order = oracles.ode.order(case.method)
    if is_single(ports) and order > 3:
        raise NotImplementedError("errors of an order above 3 are below single precision")
    exact = oracles.ode.solve(case.velocity, case.x0, *case.grids[0][[0, -1]])
    errors = [
        np.sqrt(np.mean((ports.ode_steps(case.velocity, case.x0, g, case.method) - exact) ** 2))
        for g in case.grids
    ]
    steps = [g[1] - g[0] for g in case.grids]
    yield Order("path", np.array(steps), np.array(errors), float(order))
