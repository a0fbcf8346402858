"""Annealed Langevin: the same chain down a ladder of noise levels."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np

from refscore._arguments import (
    as_array,
    as_callable,
    as_count,
    as_points,
    as_positive,
    as_real,
    as_switch,
    beyond_float,
)
from refscore.langevin.finite import all_finite
from refscore.langevin.runner import Run, run
from refscore.langevin.steps import Step, vector_at
from refscore.langevin.unadjusted import Unadjusted


def annealed_step_sizes(sigmas, step_size) -> np.ndarray:
    """The step sizes of a ladder.

        η_t = η (σ_t/σ_T)²,  σ_T the last level

    Arguments: sigmas (T,) positive, any order (a ladder usually descends); step_size η > 0.
    Returns: (T,). Raises: ValueError naming the argument.
    Source: Song and Ermon 2019, algorithm 1.
    Checked by: ladder_step_sizes
    """
    sigmas, eta = _ladder(sigmas), as_positive(step_size, "step_size")
    with np.errstate(all="ignore"):
        sizes = eta * (sigmas / sigmas[-1]) ** 2
    if not (np.isfinite(sizes).all() and sizes.min() > 0):
        raise ValueError(f"sigmas must give step sizes within float64, got {sizes.tolist()}"[:200])
    return sizes


class Annealed(Step):
    """Step k is the unadjusted step of level (k − 1) // n_steps_each; `run` asks `at`."""

    def __init__(self, score_at, sigmas, step_size, n_steps_each):
        score_at, self.sigmas = as_callable(score_at, "score_at"), _ladder(sigmas)
        sizes = annealed_step_sizes(sigmas, step_size)
        super().__init__(step_size)
        self.n_steps_each = as_count(n_steps_each, "n_steps_each")
        self.levels = [
            Unadjusted(_at(score_at, float(sigma)), size) for sigma, size in zip(self.sigmas, sizes)
        ]

    def at(self, k: int) -> Step:
        """The step number k, from 1."""
        return self.levels[(k - 1) // self.n_steps_each]


def annealed(
    score_at: Callable, x0, sigmas, step_size, n_steps_each: int, *,
    noise=None, rng=None, denoise: bool = False, **options,
) -> Run:  # fmt: skip
    """Unadjusted Langevin at each noise level in turn, started where the last level ended.

        x ← x + (η_t/2) s(x, σ_t) + √η_t z,  η_t = η (σ_t/σ_T)²,  n_steps_each times per level
        at the end, if denoise:  x ← x + σ_T² s(x, σ_T)

    Arguments: score_at(x, sigma), (..., d) -> (..., d); x0 (..., d); sigmas (T,), in the order
    of use; step_size η > 0, that of the last level; n_steps_each >= 1; noise
    (T, n_steps_each, ..., d), or rng; denoise: the last line, without noise, on the last points
    only (E[X | x] where s(·, σ_T) is the score of X + σ_T Z); options as `run`, which counts the
    steps of all levels through; moments are off unless asked for.
    Returns: Run, whose x are the last points. Raises: as `run`; an exception while denoising
    carries the run before it.
    Cost: T n_steps_each scores. Source: Song and Ermon 2019; Jolicoeur-Martineau et al. 2021.
    Checked by: annealed_given_noise, annealed_draws, mixture_annealed_draws
    """
    denoise = as_switch(denoise, "denoise")
    step = Annealed(score_at, sigmas, step_size, n_steps_each)
    x0, n_levels = as_points(x0, "x0"), len(step.levels)
    if noise is not None:
        noise = as_real(noise, "noise")
        wanted = (n_levels, step.n_steps_each, *x0.shape)
        if noise.shape != wanted:
            raise ValueError(
                f"noise must have shape {wanted} = (levels, steps, *x0.shape), got {noise.shape}"
            )
        noise = noise.reshape(-1, *x0.shape)
    options = {"moments": False} | options
    found = run(step, x0, n_levels * step.n_steps_each, noise=noise, rng=rng, **options)
    return _denoised(step, found) if denoise else found


def _denoised(step: Annealed, found: Run) -> Run:
    """The run with its last points denoised; an exception on the way carries it as it was."""
    sigma = float(step.sigmas[-1])
    try:
        score = vector_at(step.levels[-1].score, found.x, "score_at(x, sigma)")
        with beyond_float():
            x = found.x + sigma**2 * score
            if not all_finite(x):
                raise ValueError(
                    f"the denoised points are not finite: score_at(x, {sigma:.6g}) at the last"
                    " points is not, or is too large"
                )
    except BaseException as error:
        with contextlib.suppress(Exception):
            error.run = found  # type: ignore[attr-defined]
        raise
    return found._replace(x=x)


def _ladder(sigmas) -> np.ndarray:
    sigmas = as_array(sigmas, "sigmas", (None,))
    if not sigmas.size or sigmas.min() <= 0:
        raise ValueError(f"sigmas must be at least one positive level, got {sigmas.tolist()}"[:200])
    return sigmas.copy()


def _at(score_at, sigma: float) -> Callable:
    def score(x):
        return score_at(x, sigma)

    return score
