"""Solves of a continuous flow with what is summed along its paths, and their derivatives."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np

from refscore._arguments import as_like
from refscore.fields.linearisation import rows_in_blocks
from refscore.flows._options import require_gradients
from refscore.flows.running import Joint, Layout, arrived
from refscore.ode._grids import as_times_between
from refscore.ode._stopped import Stopped
from refscore.ode.adjoint import adjoint
from refscore.ode.backpropagation import backpropagate, checkpointed
from refscore.ode.solvers import solve
from refscore.ode.steps import runge_kutta_step
from refscore.traces.divergences import point_probes

AT_ONCE = 1 << 16  # numbers of states that are moved together, beside what a network holds

_TAPED = 1 << 11  # rows that are differentiated together: all their stages may be kept


def layout_of(dim: int, probes, terms=()) -> Layout:
    """The divergence exactly or on probes (n, m, d), and further terms."""
    if probes is None:
        return Layout(dim, ("divergence", *terms))
    return Layout(dim, ("trace", *terms), probes.shape[1])


@contextmanager
def counted_from(first: int):
    """A row that is complained of is counted over all rows, where these begin at the first."""
    try:
        yield
    except Stopped as stopped:
        if stopped.row is not None:
            stopped.row += first
        raise


def summed(flow, layout: Layout, y, s, t):
    """y at time t from y at time s, and the evaluations of every row."""
    solution = solve(Joint(flow.velocity, layout), y, s, t, **layout.tolerances(flow.options))
    return arrived(solution, s, t), solution.n_evaluations


def summed_rows(flow, layout: Layout, rows, probes, s, t):
    """z and its sums, (n, layout.inner), at time t from rows at time s, as many at once as memory
    should hold; and the evaluations of every row."""
    y, evaluations = np.empty((len(rows), layout.inner)), np.empty(len(rows), dtype=int)
    for block in rows_in_blocks(len(rows), max(1, AT_ONCE // layout.width)):
        start = layout.start(rows[block], None if probes is None else probes[block])
        with counted_from(block.start):
            end, evaluations[block] = summed(flow, layout, start, s, t)
        y[block] = end[:, : layout.inner]
    return y, evaluations


def log_of_base(base, z) -> np.ndarray:
    """log p0(z), one a point."""
    found = np.asarray(base.log_density(z), dtype=float)
    if found.shape != z.shape[:-1]:
        raise ValueError(
            f"base.log_density must give shape {z.shape[:-1]}, one a point; got {found.shape}"
        )
    return found


def score_of_base(base, z) -> np.ndarray:
    """∇ log p0(z), (n, d)."""
    return as_like(base.score(z), "base.score(z)", z, "z")


def differentiated(flow, x, rows, probes, weights):
    """log p less the weighted penalties, of every row; its derivative in x; of the sum, in θ."""
    layout = layout_of(flow.dim, probes, tuple(weights))
    value, points = np.empty(len(rows)), np.empty(rows.shape)
    parameters = np.zeros(flow.parameters.size)
    for block in rows_in_blocks(len(rows), _TAPED):
        start = layout.start(rows[block], None if probes is None else probes[block])
        with counted_from(block.start):
            value[block], points[block], slope = _block(flow, layout, start, weights)
        parameters += slope
    return value.reshape(x.shape[:-1]), points.reshape(x.shape), parameters


def _block(flow, layout, start, weights):
    def cotangent(end):
        found = np.zeros(end.shape)
        found[:, : flow.dim] = score_of_base(flow.base, end[:, : flow.dim])
        for columns, weight in _weighted(flow, layout, weights):
            found[:, columns] = weight
        return found

    end, points, parameters = _pulled_back(flow, layout, start, cotangent)
    value = log_of_base(flow.base, end[:, : flow.dim])
    for columns, weight in _weighted(flow, layout, weights):
        value = value + weight * end[:, columns].sum(axis=1)
    return value, points[:, : flow.dim], parameters


def _weighted(flow, layout, weights):
    """Where every term stands, and what it is multiplied by in log p less the penalties."""
    for term, columns in layout.columns.items():
        if term in weights:  # an energy has no sign, and this sum from t1 to t0 has
            yield columns, -weights[term] * np.sign(flow.t0 - flow.t1)
        else:
            yield columns, 1.0 / (columns.stop - columns.start)


def _pulled_back(flow, layout, start, cotangent):
    """y(t0) with y(t1) = start, and the derivatives of cotangent(y(t0)) · y(t0) in start and θ."""
    if flow.t0 == flow.t1 or not len(start):
        return start, cotangent(start), np.zeros(flow.parameters.size)
    require_gradients(flow.options["method"])
    velocity, options = Joint(flow.velocity, layout), layout.tolerances(flow.options)
    if flow.gradient == "adjoint":
        found = adjoint(velocity, start, flow.t1, flow.t0, cotangent, **options)
        return found.states[-1], found.x0, found.parameters
    n_steps = options.get("n_steps", 1)
    times = np.linspace(flow.t1, flow.t0, n_steps + 1)
    options = {name: value for name, value in options.items() if name != "n_steps"}
    through = checkpointed if flow.gradient == "checkpointed" else backpropagate
    found = through(velocity, start, times, cotangent, **options)
    return found.states[-1], found.x0, found.parameters


def log_density_on_grid(flow, x, times, probes, rng) -> np.ndarray:
    """See `ContinuousFlow.log_density_on_grid`."""
    times, rows = as_times_between(times, flow.t0, flow.t1), x.reshape(-1, flow.dim)
    probes = _fresh(flow, x, len(times) - 1, probes, rng)
    layout = layout_of(flow.dim, probes[0])
    joint, y = Joint(flow.velocity, layout), layout.start(rows, probes[-1])
    for k in reversed(range(len(probes))):
        y[:, layout.inner :] = probes[k].reshape(len(rows), -1)
        y = runge_kutta_step(
            flow.options["method"], joint, y, times[k + 1], times[k] - times[k + 1]
        )
    volumes = y[:, flow.dim : layout.inner]
    return (log_of_base(flow.base, y[:, : flow.dim]) + volumes.mean(axis=1)).reshape(x.shape[:-1])


def _fresh(flow, x, steps, probes, rng):
    """Probes for every step, (N, n, m, d)."""
    if probes is None and rng is None:
        raise ValueError("probes or rng must be given")
    many, own = np.broadcast_to(x, (steps, *x.shape)), {"n_probes": flow.n_probes}
    probes = point_probes(many, probes, rng=rng, probe=flow.probe, **own)
    return probes.reshape(steps, -1, *probes.shape[-2:])
