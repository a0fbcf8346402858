"""Chapter G: paths that never cross, equations with many solutions, and what flows keep."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import flow_settings, settings
from refscore.identities.base import Bound, Sides, identity
from refscore.identities.cases import Case, Description, VelocityDescription
from refscore.identities.ode_solves import ACCURACY

TIMES = np.array(flow_settings.TIMES)


def _on_the_line():
    for kind in ("logistic", "sine"):
        v = flow_settings.by_coordinate(kind, 1)
        yield kind, v, 1.4
    yield "forced", flow_settings.forced(1), 0.7


def _crossings():
    for name, v, largest in _on_the_line():
        x0 = np.sort(flow_settings.points(v), axis=0)
        yield Case(name, velocity=v, x0=x0, times=TIMES, lipschitz=largest)
    name, v, largest = next(_on_the_line())
    x0 = np.sort(flow_settings.points(v), axis=0)
    yield Case(f"{name}, back", velocity=v, x0=x0, times=TIMES[::-1].copy(), lipschitz=largest)


@identity(
    "G7",
    ports="ode_path",
    statement=r"|f(x) - f(y)| \le L|x - y|\ \Rightarrow\ e^{-L|t-t_0|}|x_0 - y_0| \le "
    r"|x_t - y_t| \le e^{L|t-t_0|}|x_0 - y_0|:\ \text{paths keep their order}",
    assumptions="paths on the line; L the largest slope of the velocity",
    source="seeds 000, 002 (Picard); Grönwall 1919",
    cases=_crossings,
    kind="bound",
    tolerance=ACCURACY,
)
def paths_never_cross(ports, case):
    """Paths of a Lipschitz velocity on the line keep their order and part no faster than e^{Lt}."""
    path = ports.ode_path(case.velocity, case.x0, case.times)
    want = [oracles.flows.carried(case.velocity, case.x0, case.times[0], t) for t in case.times]
    yield Sides("paths", path, np.stack(want))
    if np.shape(path) != np.shape(want):
        return
    path = path[..., 0]
    gaps = np.diff(path, axis=1)
    grown = np.exp(case.lipschitz * np.abs(case.times - case.times[0]))[:, None]
    yield Bound("apart", gaps, gaps[0] * grown * (1 + ACCURACY))
    yield Bound("together", gaps[0] / grown, gaps * (1 + ACCURACY))


def _unequal():
    """Times whose spacing grows, from a start that is not 0."""
    u = np.linspace(0.0, 1.0, 73)
    return TIMES[0] + (TIMES[-1] - TIMES[0]) * u * (0.7 + 0.3 * u)


def _iterates():
    for dim, n, backwards in ((3, 2, False), (1, 4, False), (2, 3, True)):
        v = flow_settings.linear(dim)
        times = _unequal()[::-1].copy() if backwards else _unequal()
        name = f"d = {dim}, n = {n}" + (", back" if backwards else "")
        yield Case(name, velocity=v, x0=flow_settings.points(v, 4), times=times, n_iterations=n)
    v = flow_settings.forced(2)
    x0 = flow_settings.points(v, 4)
    yield Case("forced", velocity=v, x0=x0, times=_unequal(), n_iterations=3)
    yield Case("forced, back", velocity=v, x0=x0, times=_unequal()[::-1].copy(), n_iterations=2)


@identity(
    "G7-picard",
    ports="picard_iterate",
    statement=r"x^{n+1}(t) = x_0 + \int_{t_0}^t f(x^n(s), s)\,ds,\ f = Wx + b(t):\ x^n = "
    r"\sum_{k\le n}\tfrac{(TW)^k}{k!}x_0 + \sum_{k < n}\int_{t_0}^t\tfrac{((t-s)W)^k}{k!}b(s)\,ds",
    assumptions="an affine velocity, at rest or driven; unequal times; the constant path first",
    source="seeds 000, 002 (Picard)",
    cases=_iterates,
    tolerance=1e-6,
)
def picard_iterates(ports, case):
    """Picard's iterates of a linear equation are the Taylor polynomials of its exponential."""
    given = case.velocity, case.x0, case.times, case.n_iterations
    yield Sides("iterate", ports.picard_iterate(*given), oracles.velocities.picard(*given))


def _waits():
    for wait, last in ((0.0, 2.0), (0.7, 2.5), (3.0, 2.5)):
        yield Case(f"leaves at {wait:g}", wait=wait, last=last)


@identity(
    "G7-root",
    ports="square_root_solution",
    statement=r"x' = \sqrt{|x|},\ x(0) = 0:\ x = 0\ \text{and}\ x = \tfrac14(t - w)_+^2\ "
    r"\text{for every}\ w \ge 0",
    assumptions="the velocity is continuous, and not Lipschitz at 0",
    source="seeds 000, 002 (Picard); Peano 1890",
    cases=_waits,
    tolerance=1e-9,
)
def square_root_has_many_solutions(ports, case):
    """From 0 a path of √|x| may leave whenever it will: every one of them solves the equation."""
    nodes, weights = np.polynomial.legendre.leggauss(6)
    start = min(case.wait, case.last)
    middle, half = (start + case.last) / 2, (case.last - start) / 2
    times = np.concatenate([np.linspace(0.0, start, 4), middle + half * nodes, [case.last]])
    path = ports.square_root_solution(times, case.wait)
    yield Sides("path", path, oracles.velocities.square_root_path(times, case.wait), 1.0)
    gained = half * weights @ np.sqrt(np.abs(path[4:-1]))
    yield Sides("solves the equation", np.array(path[-1] - path[0]), np.array(gained), 1.0)


def _carried():
    plane, still = settings.mixture(2), flow_settings.hopf()
    pairs = {
        "non-normal, d = 3": (flow_settings.linear(3), settings.mixture(3)),
        "non-autonomous": (flow_settings.rotating(), plane),
        "no linear map": (still, plane),
        "forced, d = 1": (flow_settings.forced(1), settings.mixture(1)),
    }
    yield _residual("another velocity", still, plane, flow_settings.rotating())
    for name, (v, law) in pairs.items():
        yield _residual(name, v, law, v)


def _residual(name, velocity, law, own) -> Case:
    density = Description("carried", velocity=own, law=law, t0=flow_settings.T0)
    return Case(name, density=density, velocity=velocity, x=flow_settings.points(velocity), t=0.8)


@identity(
    "G8",
    ports="continuity_residual",
    statement=r"x' = f(x, t),\ x_0 \sim p_0:\quad \partial_t\log p_t + \nabla\cdot f + "
    r"f\cdot\nabla\log p_t = 0",
    assumptions="p_t carried by the flow; another velocity misses by a known amount",
    source="seed 003 (the continuity equation)",
    cases=_carried,
    tolerance=1e-7,
)
def flow_keeps_the_continuity_equation(ports, case):
    """What a velocity carries has no residual, and what another one carries has the right one."""
    given = case.density, case.velocity, case.x, case.t
    want = oracles.velocities.terms(*given)
    yield Sides("residual", ports.continuity_residual(*given), want.sum(axis=0), np.abs(want).max())


def _branches():
    for rate, T in ((1.0, np.sqrt(0.65)), (-0.7, np.sqrt(1.2))):
        v = VelocityDescription("sine", rate=[rate])
        x0 = np.linspace(-8.1, 8.3, 12)[:, None]
        yield Case(f"rate {rate:g}", velocity=v, x0=x0, t0=0.4, t1=0.4 + T)


@identity(
    "G10",
    ports="ode_solve",
    statement=r"z' = r\sin z:\ z(T) = 2\arctan(e^{rT}\tan(z_0/2)),\ \text{increasing in}\ z_0\ "
    r"\text{though}\ \sin z = \sin(\pi - z)",
    assumptions="a velocity that is not injective, on several branches",
    source="seeds 000, 002 (the flow is a bijection)",
    cases=_branches,
    tolerance=ACCURACY,
)
def flow_of_sine_is_bijective(ports, case):
    """A velocity that takes every value twice has a flow that takes each once, both ways."""
    rate, T = case.velocity.rate, case.t1 - case.t0
    there = ports.ode_solve(case.velocity, case.x0, case.t0, case.t1)
    yield Sides("there", there, oracles.velocities.sine_path(rate, case.x0, T))
    want = oracles.velocities.sine_path(rate, case.x0, -T)
    yield Sides("back", ports.ode_solve(case.velocity, case.x0, case.t1, case.t0), want)
    yield Sides("and again", ports.ode_solve(case.velocity, want, case.t0, case.t1), case.x0)
    yield Sides("order kept", np.sign(np.diff(there[:, 0])), np.ones(len(there) - 1))
