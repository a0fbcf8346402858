"""Chapter F: the orders of samplers, on a Gaussian and on a mixture, without a draw."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Order, identity
from refscore.identities.cases import Case
from refscore.identities.settings import process_of


def on_default_process(ports):
    """The default process; where another is judged, its steps are already held to given noise."""
    process = process_of(ports)
    if vars(process) != vars(settings.VP):
        raise NotImplementedError("grids and times are chosen for the default process")
    return process


def _order_cases(t, s):
    return [
        Case(law.kind, law=law, t=t, s=s) for law in (settings.gaussian(1), settings.mixture(1))
    ]


def _weak_errors(ports, step, case, counts=(5, 10, 20)):
    """E φ(X_N) - E φ under p_s, from p_t exactly: backward over a grid, no draw.

    φ = x² and a smooth step between the hills."""
    from scipy.interpolate import CubicSpline

    process, grid = on_default_process(ports), np.linspace(-7.0, 7.0, 281)
    z, w = settings.hermite(1, 10)
    law_t, law_s = (oracles.diffusion.law_at(case.law, process, u) for u in (case.t, case.s))
    p_t, p_s = (np.exp(oracles.scores.log_density(law, grid[:, None])) for law in (law_t, law_s))
    tests = np.stack([grid**2, np.tanh(2 * grid)])
    errors = []
    for n in counts:
        values, times = tests, np.linspace(case.t, case.s, n + 1)
        for t, s in zip(times[-2::-1], times[:0:-1]):
            moved = step(np.repeat(grid, len(w))[:, None], t, s, np.tile(z, (len(grid), 1)))
            u = CubicSpline(grid, values, axis=1)(np.clip(moved[:, 0], grid[0], grid[-1]))
            values = u.reshape(len(u), len(grid), len(w)) @ w
        h = grid[1] - grid[0]
        errors.append(np.abs(h * (values @ p_t) - h * (tests @ p_s)))
    return 1.0 / np.array(counts), np.array(errors).T


def _weak(ports, step, case, order, counts=(5, 10, 20)):
    steps, errors = _weak_errors(ports, step, case, counts)
    for label, values in zip(("second moment", "smooth step"), errors):
        yield Order(label, steps, values, order)


@identity(
    "F7-order",
    ports="euler_maruyama_step",
    kind="order",
    statement=r"E\varphi(X_N) - E_{p_s}\varphi = O(h)",
    assumptions="exact start and scores, data on the line",
    source="Kloeden and Platen 1992, chapter 14",
    cases=lambda: _order_cases(0.5, 0.15),
)
def reverse_order(ports, case):
    """The weak order of Euler-Maruyama is 1, on a Gaussian and on a mixture."""
    law = case.law
    yield from _weak(
        ports, lambda x, t, s, z: ports.euler_maruyama_step(law, x, t, s, noise=z), case, 1.0
    )


@identity(
    "F9-ancestral-order",
    ports="ancestral_step",
    kind="order",
    statement=r"E\varphi(X_N) - E_{p_s}\varphi = O(h)",
    assumptions="exact start and scores, data on the line",
    source="derived: one-step errors add up",
    cases=lambda: _order_cases(0.5, 0.15),
)
def ancestral_order(ports, case):
    """The weak order of ancestral sampling is 1, on a Gaussian and on a mixture."""
    law = case.law
    yield from _weak(
        ports, lambda x, t, s, z: ports.ancestral_step(law, x, t, s, noise=z), case, 1.0
    )


@identity(
    "F9-stochastic-heun-order",
    ports="stochastic_heun_step",
    kind="order",
    statement=r"E\varphi(X_N) - E_{p_s}\varphi = O(h^2)",
    assumptions="exact start and scores, data on the line",
    source="Rößler 2010 (additive noise)",
    cases=lambda: _order_cases(0.5, 0.15),
)
def stochastic_heun_order(ports, case):
    """The weak order of the stochastic Heun step is 2, on a Gaussian and on a mixture."""
    law = case.law

    def step(x, t, s, z):
        return ports.stochastic_heun_step(law, x, t, s, noise=z)

    yield from _weak(ports, step, case, 2.0, (8, 16, 32))


def _path_order(ports, step, case, order):
    """The end of paths against the exact flow, which keeps the quantiles."""
    x = np.linspace(-1.5, 2.0, 5)[:, None]
    right = oracles.reverse_lines.flow_on_line(case.law, process_of(ports), x, case.t, case.s)
    counts, errors = (8, 16), []
    for n in counts:
        y, times = x, np.linspace(case.t, case.s, n + 1)
        for t, s in zip(times[:-1], times[1:]):
            y = step(y, t, s)
        errors.append(np.sqrt(np.mean((y - right) ** 2)))
    yield Order("path", 1.0 / np.array(counts), np.array(errors), order)


@identity(
    "F9-flow-order",
    ports="flow_euler_step",
    kind="order",
    statement=r"x_N - x(s) = O(h),\quad F_s(x(s)) = F_t(x(t))",
    assumptions="exact scores, data on the line",
    source="derived: one-step errors add up",
    cases=lambda: _order_cases(0.6, 0.2),
)
def flow_euler_order(ports, case):
    """Euler's paths of the probability flow have order 1, on a Gaussian and on a mixture."""
    step = ports.flow_euler_step
    yield from _path_order(ports, lambda x, t, s: step(case.law, x, t, s), case, 1.0)


@identity(
    "F9-flow-heun-order",
    ports="flow_heun_step",
    kind="order",
    statement=r"x_N - x(s) = O(h^2)",
    assumptions="exact scores, data on the line",
    source="derived: one-step errors add up",
    cases=lambda: _order_cases(0.6, 0.2),
)
def flow_heun_order(ports, case):
    """Heun's paths of the probability flow have order 2, on a Gaussian and on a mixture."""
    step = ports.flow_heun_step
    yield from _path_order(ports, lambda x, t, s: step(case.law, x, t, s), case, 2.0)


@identity(
    "F9-ddim-order",
    ports="ddim_step",
    kind="order",
    statement=r"\eta = 0:\ x_N - x(s) = O(h)",
    assumptions="exact scores, data on the line",
    source="Song, Meng and Ermon 2021, equations 12 and 16",
    cases=lambda: _order_cases(0.6, 0.2),
)
def ddim_order(ports, case):
    """The implicit step without noise follows the probability flow, with order 1."""

    def step(x, t, s):
        return ports.ddim_step(case.law, x, t, s, 0.0, noise=np.zeros_like(x))

    yield from _path_order(ports, step, case, 1.0)
