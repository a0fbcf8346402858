"""Mistakes in log densities of flows that probes estimate: which probe, when, and how many."""

from __future__ import annotations

import numpy as np

from refscore import ode
from refscore.flows.running import Joint, Layout
from refscore.traces import draw_probes
from refscore.verify.library import continuous_flows as library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.flow_densities import Reclocked, parts

ESTIMATE, GRID = "flow_log_density_estimate", "flow_log_density_on_grid"


def _in_turn(velocity, x, base, t0, t1, probes):
    """The log density with probes[k] (n, m, d) on the k-th part of the time, equal parts."""
    times, total, y = np.linspace(t1, t0, len(probes) + 1), 0.0, x
    for v, s, t in zip(probes, times[:-1], times[1:]):
        found = parts(velocity, y, base, t, s, v)
        total, y = total + found.log_det, found.base_points
    return base(y) + total


@mistake("estimate_probe_redrawn", port=ESTIMATE, source="G6: a fresh probe inside a solve")
def _(velocity, x, base_log_density, t0, t1, probes=None, *, rng=None):
    """Twelve times on the way another probe is taken."""
    if probes is None:
        fresh = draw_probes((12, len(x), 1, x.shape[-1]), rng=rng)
    else:
        fresh = [probes[:, [k % probes.shape[1]]] for k in range(12)]
    return _in_turn(velocity, x, base_log_density, t0, t1, fresh)


@mistake("estimate_probes_summed", port=ESTIMATE, source="T01")
def _(velocity, x, base_log_density, t0, t1, probes):
    """The probes' estimates are summed, not averaged."""
    found = parts(velocity, x, base_log_density, t0, t1, probes)
    return found.log_base + probes.shape[1] * found.log_det


@mistake("estimate_first_probe", port=ESTIMATE, source="classic: probes[:, 0]")
def _(velocity, x, base_log_density, t0, t1, probes):
    """Only the first probe is used."""
    return parts(velocity, x, base_log_density, t0, t1, probes[:, :1]).log_density


@mistake("estimate_probes_shared", port=ESTIMATE, source="classic: one probe a batch")
def _(velocity, x, base_log_density, t0, t1, probes):
    """The first point's probes are used for all."""
    shared = np.repeat(probes[:1], len(x), axis=0)
    return parts(velocity, x, base_log_density, t0, t1, shared).log_density


@mistake("estimate_exact", port=ESTIMATE, source="classic: the probes are ignored")
def _(velocity, x, base_log_density, t0, t1, *, probes):
    """The probes are ignored, the divergence is exact."""
    return parts(velocity, x, base_log_density, t0, t1).log_density


@mistake("estimate_unit_probes", port=ESTIMATE, source="T11: a factor d is missing")
def _(velocity, x, base_log_density, t0, t1, probes):
    """Probes are scaled to length one."""
    unit = probes / np.maximum(np.linalg.norm(probes, axis=-1, keepdims=True), 1e-300)
    return parts(velocity, x, base_log_density, t0, t1, unit).log_density


@mistake("estimate_per_dimension", port=ESTIMATE, source="O23: mean for sum")
def _(velocity, x, base_log_density, t0, t1, probes):
    """The quadratic form is averaged over the dimensions."""
    found = parts(velocity, x, base_log_density, t0, t1, probes)
    return found.log_base + found.log_det / x.shape[-1]


@mistake("estimate_sign", port=ESTIMATE, source="L01")
def _(velocity, x, base_log_density, t0, t1, probes):
    """The estimated divergence is added."""
    found = parts(velocity, x, base_log_density, t0, t1, probes)
    return found.log_base - found.log_det


@mistake("estimate_base_at_data", port=ESTIMATE, source="classic: p0(x) for p0(z)")
def _(velocity, x, base_log_density, t0, t1, probes):
    """The base's density is taken at the data, not where their paths start."""
    return base_log_density(x) + parts(velocity, x, base_log_density, t0, t1, probes).log_det


@mistake("estimate_wrong_way", port=ESTIMATE, source="L12: t0 to t1 from the data")
def _(velocity, x, base_log_density, t0, t1, probes):
    """The data are carried from t0 to t1, away from the base."""
    return parts(velocity, x, base_log_density, t1, t0, probes).log_density


@mistake("estimate_uniform_probes", port=ESTIMATE, source="T01: E v vᵀ is not I")
def _(velocity, x, base_log_density, t0, t1, probes=None, *, rng=None):
    """Probes it draws are uniform between -1 and 1, of variance one third."""
    if probes is None:
        probes = rng.uniform(-1, 1, (len(x), 1, x.shape[-1]))
    return parts(velocity, x, base_log_density, t0, t1, probes).log_density


@mistake("estimate_clock_not_turned", port=ESTIMATE, source="A02, A03")
def _(velocity, x, base_log_density, t0, t1, probes):
    """On the way back the velocity is asked for at the time that has passed."""
    turned = Reclocked(velocity, lambda t: t0 + t1 - t)
    return parts(turned, x, base_log_density, t0, t1, probes).log_density


@mistake("estimate_uncontrolled", port=ESTIMATE, source="L09: the norm ignores the log density")
def _(velocity, x, base_log_density, t0, t1, *, probes):
    """The step sizes are those of the points alone: at rest they are far too long."""
    layout = Layout(x.shape[-1], ("trace",), probes.shape[1])
    joint, out = Joint(velocity, layout), np.empty(len(x))
    for row in range(len(x)):
        alone = ode.solve(velocity, x[row], t1, t0, keep="steps", **library.ACCURATE)
        y, times = layout.start(x[[row]], probes[[row]]), alone.times.ravel()
        y = ode.solve(joint, y, t1, t0, times=times).x1[0]
        out[row] = base_log_density(alone.x1[None])[0] + y[layout.dim : layout.inner].mean()
    return out


@mistake("estimate_twice", port=ESTIMATE, source="L12: both ways")
def _(velocity, x, base_log_density, t0, t1, probes):
    """The estimate is integrated there and back, and counts twice."""
    found = parts(velocity, x, base_log_density, t0, t1, probes)
    return found.log_base + 2 * found.log_det


# --- on a grid -------------------------------------------------------------------------------


def _on_grid(velocity, x, base, times, probes):
    return library.flow_log_density_on_grid(velocity, x, base, times, probes)


@mistake("grid_probe_kept", port=GRID, source="G6: the first probe throughout")
def _(velocity, x, base_log_density, times, probes):
    """The first step's probes are used for all steps."""
    kept = np.broadcast_to(probes[:1], probes.shape).copy()
    return _on_grid(velocity, x, base_log_density, times, kept)


@mistake("grid_probes_turned", port=GRID, source="A03: the order of the steps")
def _(velocity, x, base_log_density, times, probes):
    """Walking from the data, the first step is given the first probes, not the last."""
    return _on_grid(velocity, x, base_log_density, times, probes[::-1].copy())


@mistake("grid_steps_equal", port=GRID, source="classic: dt = (t1 - t0) / N")
def _(velocity, x, base_log_density, times, probes):
    """All steps are taken to be equally long."""
    even = np.linspace(times[0], times[-1], len(times))
    return _on_grid(velocity, x, base_log_density, even, probes)


@mistake("grid_probes_summed", port=GRID, source="T01")
def _(velocity, x, base_log_density, times, probes):
    """The probes of a step are summed, not averaged."""
    return _on_grid(velocity, x, base_log_density, times, probes * np.sqrt(probes.shape[2]))


@mistake("grid_sign", port=GRID, source="L01")
def _(velocity, x, base_log_density, times, probes):
    """The estimated divergence is added."""
    none = _on_grid(velocity, x, base_log_density, times, 0 * probes)
    return 2 * none - _on_grid(velocity, x, base_log_density, times, probes)


@mistake("grid_last_step_left_out", port=GRID, source="A11: the last point of the grid")
def _(velocity, x, base_log_density, times, probes):
    """The step that reaches the base's time is not taken."""
    return _on_grid(velocity, x, base_log_density, times[1:], probes[1:])


@mistake("grid_by_euler", port=GRID, source="G1: a method of order 1")
def _(velocity, x, base_log_density, times, probes):
    """The steps are Euler's."""
    own = library.flow(velocity, x, base_log_density, times[0], times[-1], method="euler")
    return own.log_density_on_grid(x, times, probes)
