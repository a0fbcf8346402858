"""The log-likelihood of data by the probability flow and the change of variables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import as_callable, as_points, beyond_float
from refscore.diffusion.probability_flow import (
    diffused,
    flow_map,
    integrate,
    one_time,
    score_at_time,
    velocity_by,
)
from refscore.processes import as_process
from refscore.traces.divergences import divergence_estimate, point_probes


def log_likelihood(
    process, score_at, x, *, probes=None, terminal: Callable | None = None,
    start=0.0, end=None, **options,
) -> np.ndarray:  # fmt: skip
    """Log-density at time `start` by integrating the flow of x and the divergence of its velocity.

        log p_s(x_s) = log p_T(x_T) + ∫_s^T div v(x_t, t) dt,  dx/dt = v = f x - ½ g² s_t
        div v = f d - ½ g² div s_t,  or with probes held fixed: mean over m of vᵀ (∂v/∂x) v

    Arguments: process, VP, VE or anything with their methods; score_at, a law, a family or a
    function t -> field (with .divergence, or .jvp when probes are used); x (..., d); probes
    (..., m, d), unbiased for the log density; terminal, log p_T as a function (..., d) ->
    (...,): the exact diffused law when score_at is a law, else N(0, prior_std² I), an
    approximation; start, end within [0, T]; options rtol, atol and method of scipy's solve_ivp,
    the log density is under error control too. Returns: (...,).
    Raises: ValueError naming the argument or when a solve fails. Cost: one solve a point.
    Source: Song et al. 2021, equation 39; Grathwohl et al. 2019.
    Checked by: flow_log_likelihood, flow_log_likelihood_of_mixtures
    """
    x, process = as_points(x, "x"), as_process(process)
    end = process.final_time if end is None else one_time(end, process, "end")
    start = one_time(start, process, "start")
    if terminal is None:
        terminal = _terminal(process, score_at, end, x.shape[-1])
    terminal = as_callable(terminal, "terminal")
    probes = None if probes is None else point_probes(x, probes)
    score_of = score_at_time(process, score_at)
    rows = x.reshape(-1, x.shape[-1])
    fixed = [None] * len(rows) if probes is None else probes.reshape(len(rows), -1, x.shape[-1])
    with beyond_float():
        ends = [
            integrate(_slope(process, score_of, v), start, end, np.append(row, 0.0), **options)
            for row, v in zip(rows, fixed, strict=True)
        ]
        ends = np.reshape(ends, (*x.shape[:-1], x.shape[-1] + 1))
        return terminal(ends[..., :-1]) + ends[..., -1]


def gaussian_log_likelihood(
    law, process, x, *, probes=None, terminal: Callable | None = None
) -> np.ndarray:
    """What `log_likelihood` gives for Gaussian data, in closed form: no solver.

        log p_T(x_T) + tr G,  x_T = m_T + e^G (x - m_0),  G = ½ log(S_T S_0⁻¹)
        with probes: log p_T(x_T) + mean over m of vᵀ G v

    Arguments: law, Gaussian; process, VP, VE or anything with their methods; x (..., d), data
    at time 0; probes (..., m, d); terminal, log p_T as a function (..., d) -> (...,), the exact
    diffused law's unless given. Returns: (...,). Cost: O(d³) once, d² a point. Source: derived.
    Tested in: tests/diffusion/test_likelihood.py
    """
    x, process = as_points(x, "x"), as_process(process)
    flow = flow_map(law, process, 0.0, process.final_time)
    if terminal is None:
        terminal = _terminal(process, law, process.final_time, law.dim)
    end = as_callable(terminal, "terminal")(flow(x))
    if probes is None:
        return end + flow.log_det
    v = point_probes(x, probes)
    with beyond_float():
        return end + np.mean(np.sum(v * (v @ flow.generator), axis=-1), axis=-1)


def _slope(process, score_of, v) -> Callable:
    """d/dt of (x, ∫ div v) for one point, y (d + 1,); exact, or by the fixed probes v (m, d)."""

    def slope(t, y) -> np.ndarray:
        x, score = y[:-1], score_of(t)
        if v is None:
            identity, trace = len(x), score.divergence(x)
        else:
            identity, trace = np.sum(v * v) / len(v), divergence_estimate(score, x, v)
        divergence = process.drift_rate(t) * identity - 0.5 * process.diffusion(t) ** 2 * trace
        return np.append(velocity_by(score, process, x, t), divergence)

    return slope


def _terminal(process, score_at, end: float, dim: int) -> Callable:
    if hasattr(score_at, "diffuse"):
        return diffused(process, score_at, end).log_density
    variance = process.prior_std() ** 2
    return lambda x: -0.5 * (np.sum(x**2, axis=-1) / variance + dim * np.log(2 * np.pi * variance))
