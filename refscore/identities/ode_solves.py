"""Chapter G: solvers reach the exact flow, in both directions, row by row."""

from __future__ import annotations

import functools

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import ROUNDING, Sides, identity
from refscore.identities.cases import Case, VelocityDescription
from refscore.identities.flow_settings import linear, network
from refscore.identities.ode_steps import turning

ACCURACY = 1e-5  # what ode_solve promises, of the size of the answer
# no step a user would choose goes into these, or between them, a whole number of times
START, LATER, END = np.sqrt(0.1), np.sqrt(0.98), 6 / np.pi
BEFORE = -np.sqrt(0.6)


@functools.cache
def known() -> tuple[tuple[VelocityDescription, np.ndarray], ...]:
    """Velocities with closed forms, and points their paths start from."""
    made = VelocityDescription
    rate, x = np.array([0.7, 1.3]), settings.points(5, 2)
    inside = 1 / (1 + np.exp(-x))
    forced = made("forced", rate=-rate, force=3 * rate, frequency=np.array([5.0, 2.0]))
    return (
        (linear(), settings.points(4, 3)),
        (turning(), x),
        (made("cubic", rate=rate), 0.45 * x),
        (made("logistic", rate=2 * rate), inside),
        (made("sine", rate=rate), x),
        (made("hopf", growth=0.8, frequency=2.0), 0.45 * x),
        (forced, x),
        (network(), x),
    )


def _solve_cases(t0, t1):
    return [Case(velocity.kind, velocity=velocity, x0=x, t0=t0, t1=t1) for velocity, x in known()]


@identity(
    "G1-solve",
    ports="ode_solve",
    tolerance=ACCURACY,
    statement=r"x(t_1) = \Phi_{t_0\to t_1}(x_0)",
    assumptions="closed forms; a network by an integration to 1e-13; the subject's own solver",
    source="derived: separation of variables, variation of constants, a rotating frame",
    cases=lambda: _solve_cases(START, END),
    family="velocity and interval",
)
def solved_flows(ports, case):
    """A solver's end point is the exact flow's."""
    inputs = case.velocity, case.x0, case.t0, case.t1
    yield Sides("x(t1)", ports.ode_solve(*inputs), oracles.ode.solve(*inputs))


def _returning(case):
    """The case backwards, from where its paths end."""
    end = oracles.flows.carried(case.velocity, case.x0, case.t0, case.t1)
    return Case(case.name, velocity=case.velocity, x0=end, t0=case.t1, t1=case.t0)


@identity(
    "G1-backwards",
    ports="ode_solve",
    tolerance=ACCURACY,
    statement=r"\Phi_{t_1\to t_0}(x_1),\ t_0 < t_1:\ f \text{ at the same times, } dt < 0",
    assumptions="closed forms; velocities that change with time tell time from its mirror image",
    source="derived: the flow of t1 to t0 is the inverse of that of t0 to t1",
    cases=lambda: [
        _returning(case) for case in _solve_cases(START, LATER) if case.velocity.kind != "time_mlp"
    ],
)
def solved_backwards(ports, case):
    """Solving from t1 to an earlier t0 inverts the flow."""
    inputs = case.velocity, case.x0, case.t0, case.t1
    yield Sides("x(t0)", ports.ode_solve(*inputs), oracles.ode.solve(*inputs))


def _path_cases():
    times = np.array([START, np.sqrt(0.13), 0.9, 1 / 0.97, np.sqrt(3)])
    for velocity, x in known():
        if velocity.kind in ("rotating", "forced", "hopf"):
            yield Case(f"{velocity.kind}, rising", velocity=velocity, x0=x, times=times)
    velocity, x = known()[6]
    end = oracles.flows.carried(velocity, x, times[0], times[-1])
    yield Case("forced, falling", velocity=velocity, x0=end, times=times[::-1])


@identity(
    "G1-paths",
    ports="ode_path",
    tolerance=ACCURACY,
    statement=r"x(t_k) = \Phi_{t_0\to t_k}(x_0)\ \text{at every } t_k",
    assumptions="closed forms; unequal times, rising and falling",
    source="derived: as of the end point",
    cases=_path_cases,
)
def paths_of_flows(ports, case):
    """The solution at several times, the start first."""
    inputs = case.velocity, case.x0, case.times
    path = oracles.ode.path(*inputs)
    yield Sides("x(t)", ports.ode_path(*inputs), path)


@identity(
    "G1-rows",
    ports="ode_solve",
    statement=r"\Phi(x_1, \ldots, x_n)_i = \Phi(x_i)",
    assumptions="rows of very different speeds; step sizes row by row, or declared otherwise: then"
    " to the solver's accuracy",
    source="derived: the equations of two rows share nothing",
    cases=lambda: [
        Case(
            kind,
            velocity=VelocityDescription(kind, rate=np.array([0.8, 1.3])),
            x0=np.array([[0.1, 0.2], [0.95, 0.5], [0.7, 0.9], [1e-3, 0.99]]) * scale,
            t0=START,
            t1=np.sqrt(4.4),
        )
        for kind, scale in (("logistic", 1.0), ("sine", 3.0))
    ],
)
def rows_solved_alone(ports, case):
    """A row's solution does not depend on the rows beside it: its error is its own."""
    together = ports.ode_solve(case.velocity, case.x0, case.t0, case.t1)
    alone = [
        ports.ode_solve(case.velocity, case.x0[i : i + 1], case.t0, case.t1)
        for i in range(len(case.x0))
    ]
    shared = settings.convention_of(ports, "ode_solve", "step_control", "row") == "batch"
    scale = np.abs(case.x0).max() * (ACCURACY / ROUNDING if shared else 1.0)
    yield Sides("rows", together, np.concatenate(alone), scale)


@identity(
    "G1-constant",
    ports="ode_solve",
    statement=r"f = b:\ x(t_1) = x_0 + (t_1 - t_0)b\ \text{to rounding, whatever the steps}",
    assumptions="any consistent method; t1 = t0 may be declined",
    source="Hairer, Nørsett and Wanner 1993, II.2: the weights sum to one",
    cases=lambda: [
        Case(
            f"{t0:g} to {t1:g}",
            velocity=VelocityDescription(
                "linear", matrix=np.zeros((2, 2)), offset=np.array([1.7, -0.43])
            ),
            x0=settings.points(4, 2),
            t0=t0,
            t1=t1,
        )
        for t0, t1 in ((START, END), (END, BEFORE), (END, END))
    ],
)
def constant_velocity(ports, case):
    """A constant velocity is followed to rounding, to t1 and no further, in double precision."""
    try:
        left = ports.ode_solve(case.velocity, case.x0, case.t0, case.t1)
    except Exception as error:
        if case.t0 != case.t1:
            raise
        raise NotImplementedError("an empty interval is declined") from error
    yield Sides("x(t1)", left, case.x0 + (case.t1 - case.t0) * case.velocity.offset)


@identity(
    "G1-control",
    ports="ode_next_step",
    statement=r"h'(E_1)/h'(E_2) = (E_2/E_1)^{1/q}",
    assumptions="steps that grow by less than 1.5, within all limits of growth in use",
    source="Hairer, Nørsett and Wanner 1993, II.4, equation 4.13",
    cases=lambda: [
        Case(f"order {q}", step_size=0.037, order=q, error_ratios=(1.48**-q, 1.28**-q))
        for q in (2, 3, 5, 8)
    ],
)
def step_size_control(ports, case):
    """The next step grows as the error's root, whatever the safety factor."""
    few, many = (ports.ode_next_step(case.step_size, e, case.order) for e in case.error_ratios)
    ratio = case.error_ratios[1] / case.error_ratios[0]
    yield Sides("exponent", np.log(few / many) / np.log(ratio), np.array(1 / case.order))
    scaled = ports.ode_next_step(-3 * case.step_size, case.error_ratios[0], case.order)
    yield Sides("in proportion to h", scaled, -3 * few)
