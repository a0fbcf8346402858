"""Data to noise and back along the probability flow, each point with its own step sizes."""

from __future__ import annotations

import numpy as np

from refscore._arguments import beyond_float
from refscore.diffusion._given import whole
from refscore.diffusion._pieces import solve_in_pieces, solved_or
from refscore.diffusion._timed import flow_of, points_of
from refscore.diffusion.probability_flow import one_time
from refscore.processes import as_process


def encode(process, score_at, x, *, start=0.0, end=None, **options) -> np.ndarray:
    """Data at time `start` carried to noise at time `end` (T unless given) by the flow.

    Arguments: process, VP, VE or anything with drift and diffusion; score_at, a law, a family
    with .at(t), or a function t -> score; x (..., d); start, end within [0, T]; options rtol,
    atol (1e-8), the error a step of each point alone, and method (DOP853), a name scipy's
    solve_ivp knows; shared_steps=True: one step size for all points, at which each is within
    its tolerance. Returns: (..., d); no row depends on the others, but for shared steps, where
    it does within the tolerance. Raises: ValueError naming the first point that a solve fails
    for; its attribute `finished` has all others, nan where it failed. Cost: all points at
    once for Gaussians, mixtures and empirical laws; any other score is called at every
    stage for every point, since each is at its own time, or once a stage for shared steps:
    for 1,000 points of a mixture's score, to 1e-5, 158 calls for 68,843, 0.4% of the time.
    Checked by: prior_error_of_a_likelihood
    """
    end = as_process(process).final_time if end is None else end
    return _carry(process, score_at, x, (start, "start"), (end, "end"), options)


def decode(process, score_at, x, *, start=0.0, end=None, **options) -> np.ndarray:
    """Noise at time `end` carried back to data at time `start`: the inverse of `encode`.

    Arguments: process, VP, VE or anything with drift and diffusion; score_at, a law, a family
    with .at(t), or a function t -> score; x (..., d), noise at time `end` (T unless given);
    start, end within [0, T]; options rtol, atol, method and shared_steps as of `encode`.
    Returns: (..., d), at time `start`; no row depends on the others, but for shared steps.
    Raises, cost: as `encode`.
    Tested in: tests/diffusion/test_probability_flow.py
    """
    end = as_process(process).final_time if end is None else end
    return _carry(process, score_at, x, (end, "end"), (start, "start"), options)


def _carry(process, score_at, x, s, t, options) -> np.ndarray:
    x, process = points_of(score_at, x), whole(process)
    s, t = (one_time(when, process, name) for when, name in (s, t))
    rows = x.reshape(-1, x.shape[-1])
    flow = flow_of(process, score_at, rows, (s, t), divergence=False)
    with beyond_float():
        return solved_or(
            lambda: solve_in_pieces(process, flow, s, t, rows.T, **options),
            lambda solved: solved.y.T.reshape(x.shape),
        )
