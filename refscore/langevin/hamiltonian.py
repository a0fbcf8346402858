"""Hamiltonian Monte Carlo: leapfrog, with the Metropolis test or without."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import (
    as_callable,
    as_count,
    as_like,
    as_points,
    as_positive,
    as_switch,
    beyond_float,
)
from refscore.langevin.finite import vector_through
from refscore.langevin.metropolis import Metropolis
from refscore.langevin.steps import Step, dots, number_at, points, vector_at


def leapfrog(
    score: Callable, x, v, step_size, n_leapfrog: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """The leapfrog steps of x' = v, v' = s(x): reversible, and volume is kept.

        v ← v + (h/2) s(x),  x ← x + h v,  v ← v + (h/2) s(x),  n_leapfrog times

    Arguments: score, (..., d) -> (..., d); x, v (..., d); step_size h > 0; n_leapfrog >= 1.
    Returns: (x, v) at the end; with −v for v the same call leads back.
    Raises: ValueError naming the argument. Cost: n_leapfrog + 1 scores.
    Source: Verlet 1967; Neal 2011.
    Tested in: tests/langevin/test_hamiltonian.py
    """
    score, h = as_callable(score, "score"), as_positive(step_size, "step_size")
    x = as_points(x, "x")
    v = as_like(v, "v", x, "x")
    n = as_count(n_leapfrog, "n_leapfrog")
    with beyond_float():
        x, v, _ = _leapfrog(lambda y: vector_at(score, y), x, v, vector_at(score, x), h, n)
    return x, v


def _leapfrog(score_at, x, v, s, h: float, n: int):
    """(x, v, s(x)) after n leapfrog steps, given s(x) at the start."""
    v = v + 0.5 * h * s
    for i in range(n):
        x = x + h * v
        s = score_at(x)
        v = v + (h if i < n - 1 else 0.5 * h) * s
    return x, v, s


class Hamiltonian(Metropolis):
    """Leapfrog proposals with the Metropolis test; see `hmc`."""

    def __init__(self, log_density, score, step_size, n_leapfrog):
        super().__init__(log_density, as_callable(score, "score"), step_size)
        self.n_leapfrog = as_count(n_leapfrog, "n_leapfrog")

    def _propose(self, state, v):
        lost = np.zeros(state.x.shape[:-1], bool)

        def score_at(y):
            bad = ~np.isfinite(y).all(-1) if not np.isfinite(y.sum()) else None
            if bad is None:
                return vector_at(self.score, y)
            lost[...] |= bad
            return vector_at(self.score, np.where(bad[..., None], state.x, y))

        y, w, s = _leapfrog(score_at, state.x, v, state.score, self.step_size, self.n_leapfrog)
        if lost.any():
            y = np.where(lost[..., None], state.x, y)
        new = state._replace(x=y, log_density=number_at(self.log_density, y), score=np.array(s))
        log_ratio = new.log_density - state.log_density - 0.5 * (dots(w, w) - dots(v, v))
        return new, np.where(lost, -np.inf, log_ratio)


class Trajectory(Step):
    """Leapfrog from a fresh velocity, without a test; see `hmc`."""

    def __init__(self, score, step_size, n_leapfrog):
        super().__init__(step_size)
        self.score, self.n_leapfrog = (
            as_callable(score, "score"),
            as_count(n_leapfrog, "n_leapfrog"),
        )

    def start(self, x) -> ScoredPoint:
        """The score at x, so that the next step need not ask again."""
        x = points(x)
        with beyond_float():
            return ScoredPoint(x, vector_through(self.score, x))

    def _next(self, state: ScoredPoint, *noise) -> ScoredPoint:
        (v,) = noise
        with beyond_float():
            x, _, s = _leapfrog(
                lambda y: vector_through(self.score, y), state.x, v, state.score,
                self.step_size, self.n_leapfrog,
            )  # fmt: skip
        return ScoredPoint(x, s)


class ScoredPoint(NamedTuple):
    """A point and its score."""

    x: np.ndarray
    score: np.ndarray


def hmc(
    log_density: Callable, score: Callable, step_size, n_leapfrog: int, adjusted: bool = True
) -> Step:
    """The Hamiltonian Monte Carlo step with unit mass.

        (y, w) = leapfrog(x, v),  v = z;   x' = y if u < min(1, e^{−ΔH}), else x
        ΔH = −log p(y) + ½|w|² + log p(x) − ½|v|²

    Arguments: log_density, (..., d) -> (...,), up to a constant (not called when adjusted is
    false); score, its gradient; step_size h > 0, the time step; n_leapfrog >= 1; adjusted
    false: x' = y always, and the noise is z alone.
    Returns: step(x, (z, u)), z (..., d) the velocity, standard normal, u (...,) uniform.
    Raises: ValueError naming the argument, log p = +∞ too; a trajectory that leaves the finite
    numbers is rejected, or when not adjusted passes through, rowwise (`run` names the step).
    Cost: n_leapfrog scores, one log density a step.
    Source: Duane et al. 1987; Neal 2011.
    Checked by: hmc_given_momentum, hmc_draws, unadjusted_hmc_of_steps
    """
    if as_switch(adjusted, "adjusted"):
        return Hamiltonian(log_density, score, step_size, n_leapfrog)
    return Trajectory(score, step_size, n_leapfrog)
