"""The unadjusted Langevin step, plain and preconditioned, and the step without noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import as_callable, as_covariance
from refscore.langevin.steps import Step, vector_at


class Unadjusted(Step):
    """x + (η/2) s(x) + √η z; see `ula`."""

    def __init__(self, score: Callable, step_size):
        self.score = as_callable(score, "score")
        self._functions = (score,)
        super().__init__(step_size)
        self._half, self._root = 0.5 * self.step_size, self.step_size**0.5

    def _move(self, x, z):
        out = self._half * vector_at(self.score, x)  # a fresh array: a Field may keep its own
        out += x
        out += self._root * z
        return out


class Preconditioned(Unadjusted):
    """x + (η/2) G s(x) + √η L z; see `preconditioned`."""

    def __init__(self, score: Callable, step_size, preconditioner):
        super().__init__(score, step_size)
        self.preconditioner = as_covariance(preconditioner, "preconditioner")
        self._factor = np.linalg.cholesky(self.preconditioner)

    def _move(self, x, z):
        G, L = self.preconditioner, self._factor
        if x.shape[-1] != len(G):
            raise ValueError(
                f"x must have shape (..., {len(G)}), as preconditioner has shape {G.shape};"
                f" got shape {x.shape}"
            )
        return x + self._half * (vector_at(self.score, x) @ G) + self._root * (z @ L.T)


class Ascent(Unadjusted):
    """x + (η/2) s(x); see `gradient_ascent`."""

    parts = ()

    def _move(self, x):
        return x + self._half * vector_at(self.score, x)


def ula(score: Callable, step_size) -> Step:
    """The unadjusted Langevin step as a pure map of the point and the noise.

        step(x, z) = x + (η/2) s(x) + √η z,  z ~ N(0, I)

    Arguments: score, (..., d) -> (..., d); step_size η > 0 (see `spellings`).
    Returns: step(x, noise), both (..., d); the attribute step.step_size is η.
    Raises: ValueError when noise or score have not the shape of x. Numbers that are not finite
    pass through, rowwise, as far as score takes them (the laws' raise). Cost: one score.
    Source: Parisi 1981; Roberts and Tweedie 1996.
    Checked by: langevin_spellings, langevin_law_of_steps, langevin_stationary_of_steps,
    one_step_variance, one_step_draws, zero_noise_climbs, symmetric_start_stays,
    erratum_langevin_exact, erratum_drift_of_current_law
    """
    return Unadjusted(score, step_size)


def preconditioned(score: Callable, step_size, preconditioner) -> Step:
    """The unadjusted Langevin step in a constant metric.

        step(x, z) = x + (η/2) G s(x) + √η L z,  L Lᵀ = G,  z ~ N(0, I)

    Arguments: score, (..., d) -> (..., d); step_size η > 0; preconditioner G (d, d), symmetric
    positive definite; L is its lower Cholesky factor.
    Returns: step(x, noise), both (..., d). Raises: as `ula`, and ValueError when G is not
    positive definite. Cost: one score and 2 d² a point.
    Source: Roberts and Stramer 2002.
    Checked by: preconditioned_given_noise, preconditioned_draws
    """
    return Preconditioned(score, step_size, preconditioner)


def gradient_ascent(score: Callable, step_size) -> Step:
    """The Langevin step without its noise: ascent of the log density.

        step(x) = x + (η/2) s(x)

    Arguments: score, (..., d) -> (..., d); step_size η > 0.
    Returns: step(x) (noise, if named, is None; `run` knows), points (..., d). Raises: as `ula`.
    Cost: one score.
    Source: row E4 of the catalogue.
    Tested in: tests/langevin/test_unadjusted.py
    """
    return Ascent(score, step_size)
