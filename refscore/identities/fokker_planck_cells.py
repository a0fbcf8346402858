"""Chapter F: densities carried in time on the line."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities.base import Bound, Sides, identity
from refscore.identities.cases import Case, Law
from refscore.identities.fokker_planck import SEED, preserving, spread, transport

HILLS = Law("mixture", weights=[0.35, 0.65], means=[[-1.4], [1.1]], covariances=[[[0.4]], [[0.25]]])
TOLERANCE, ROOM = 1e-4, 20  # what cells may miss: 0.2 % of the largest value


def points_of(low: float, high: float, n: int) -> np.ndarray:
    """The middles of n equal cells."""
    edges = np.linspace(low, high, n + 1)
    return (edges[1:] + edges[:-1]) / 2


def near(label: str, left, right) -> Sides:
    """Two sides that agree but for what cells may miss."""
    return Sides(label, left, right, ROOM * np.abs(right).max())


def on_cells(name, low, high, n, **inputs) -> Case:
    """A case on n equal cells between two ends."""
    return Case(name, grid=points_of(low, high, n), ends=(low, high), **inputs)


def _normal(x, mean, variance):
    return np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


def mixed(law, x):
    """The density of a Gaussian or a mixture on the line."""
    if law.kind == "gaussian":
        return _normal(x, law.mean[0], law.covariance[0, 0])
    parts = zip(law.weights, law.means[:, 0], law.covariances[:, 0, 0])
    return sum(w * _normal(x, m, v) for w, m, v in parts)


def _linear(law, drift, g):
    """A linear drift, noise of the time alone: components stay Gaussian."""

    def exact(x, t0, t1):
        return oracles.fokker_planck.linear_density(law, drift, g, x, t0, t1)

    return {"drift": drift, "diffusion": g, "start": lambda x: mixed(law, x), "exact": exact}


def _geometric(growth: float, rate: float):
    """dX = growth X dt + √rate X dw from a lognormal: the noise depends on the state."""

    def exact(x, t0, t1):
        moved = 0.1 + (growth - rate / 2) * (t1 - t0), 0.03 + rate * (t1 - t0)
        return oracles.fokker_planck.lognormal_density(*moved, x)

    return {
        "drift": transport(growth), "diffusion": spread(rate, 0.0, 0.0, 1.0), "exact": exact,
        "start": lambda x: _normal(np.log(x), 0.1, 0.03) / x,
    }  # fmt: skip


def _box(low, high, velocity, D, c):
    """A steady push between walls, from what it ends in and a share c of the slowest mode."""
    length, g = high - low, velocity / (2 * D)
    q = np.pi / length

    def start(x):
        y = x - low
        ends_in = 2 * g * np.exp(2 * g * y) / np.expm1(2 * g * length) if g else 1 / length
        return ends_in + c * np.exp(g * y) * (np.cos(q * y) + g / q * np.sin(q * y))

    def exact(x, t0, t1):
        return oracles.fokker_planck.box_density(low, high, velocity, D, (c,), x, t1 - t0)

    drift = transport(0.0, offset=velocity)
    return {"drift": drift, "diffusion": spread(2 * D), "start": start, "exact": exact}


def _cases(n: int = 180):
    pull, warming = transport(-1.3, offset=0.4), spread(0.4, 2.0)
    yield on_cells("warming", -4.5, 4.5, n, t0=0.0, t1=0.4, **_linear(HILLS, pull, warming))
    yield on_cells("VP", -5.0, 5.0, n, t0=0.05, t1=0.3, **_linear(HILLS, *preserving(1)))
    yield on_cells("geometric", 0.05, 6.5, n, t0=0.0, t1=0.5, **_geometric(0.5, 0.25))
    yield on_cells("box", 0.0, 1.5, n // 2, t0=0.0, t1=0.2, **_box(0.0, 1.5, 0.0, 0.4, 0.4))
    box = _box(-0.5, 1.0, 0.8, 0.3, 0.2)
    yield on_cells("sloping box", -0.5, 1.0, n // 2, t0=0.0, t1=0.3, **box)


def _carried(ports, case, grid):
    """The density at t1; at t0 it has mass 1 on the cells, as some solvers make it."""
    start = case.start(grid)
    start = start / (np.sum(start) * (grid[1] - grid[0]))
    return ports.density_evolution(start, case.drift, case.diffusion, grid, case.t0, case.t1)


@identity(
    "F2-cells",
    ports="density_evolution",
    kind="exact law",
    statement=r"\partial_tp = -\partial_x(fp) + \tfrac12\partial_x^2(g^2p),\quad "
    r"fp - \tfrac12\partial_x(g^2p) = 0\ \text{at the ends}",
    assumptions="on the line, 90 or 180 cells: 0.2 % of the greatest density is allowed",
    source=SEED,
    cases=_cases,
    tolerance=TOLERANCE,
)
def density_evolution(ports, case):
    """A solver carries a density to where its equation takes it, and keeps all of its mass."""
    got, h = _carried(ports, case, case.grid), case.grid[1] - case.grid[0]
    yield near("density", got, case.exact(case.grid, case.t0, case.t1))
    yield Sides("mass", np.sum(got) * h, np.array(1.0), 1e-5)


@identity(
    "F2-order",
    ports="density_evolution",
    kind="bound",
    statement=r"|p_h - p| = O(h^2):\ \text{half the width leaves at most .4 of the error}",
    assumptions="on the line, smooth drift and density",
    source="derived; Chang and Cooper 1970",
    cases=lambda: [case for case in _cases(80) if case.name in ("warming", "geometric")],
)
def second_order_in_width(ports, case):
    """The error of a solver falls with the square of the width, or faster."""
    errors = []
    for n in (len(case.grid), 2 * len(case.grid)):
        grid = points_of(*case.ends, n)
        off = _carried(ports, case, grid) - case.exact(grid, case.t0, case.t1)
        errors.append(np.abs(off).max())
    yield Bound("error, half the width", np.array(errors[1]), np.array(0.4 * errors[0] + 1e-9))


@identity(
    "F2-positive",
    ports="density_evolution",
    kind="bound",
    statement=r"p_0\ge0\ \Rightarrow\ p_t\ge0",
    assumptions="a drift of six diffusions a cell",
    source="derived; Scharfetter and Gummel 1969",
    cases=lambda: [
        on_cells(
            "steep drift", -1.0, 2.0, 60, t0=0.0, t1=0.12,
            **_linear(Law("gaussian", mean=[-0.1], covariance=[[0.02]]),
                      transport(0.0, offset=9.0), spread(0.15)),
        )
    ],
)  # fmt: skip
def density_stays_positive(ports, case):
    """No density falls below 0, also where the drift outweighs the diffusion in a cell."""
    got = _carried(ports, case, case.grid)
    least = 1e-9 * np.abs(got).max()
    yield Bound("below 0", np.maximum(-got, 0), np.full(got.shape, least))
