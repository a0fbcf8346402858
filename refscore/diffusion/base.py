"""What every reverse step is: a pure map from x at time t to x at an earlier time s."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import as_like, as_points, as_real, beyond_float
from refscore.diffusion._moves import LinearMove, one_variance
from refscore.diffusion.probability_flow import one_time, score_at_time, score_values
from refscore.processes import as_process


class ReverseStep:
    """A step of a sampler from time t to a time s < t, `step(x, t, s, noise) -> x'`.

    `noises` standard-normal arrays of x's shape are taken a step (0: noise is None; 1: noise
    has x's shape; 2: (2, *x.shape)); `evaluations` scores are evaluated; `memory` arrays are
    remembered. A one-step method defines `plan` (or `__call__`); a multistep one `advance`, on
    a state (x, *memory) whose memory is (time, array) pairs, oldest first. `coupled`: rows
    depend on each other.
    Checked by: reverse_step_given_noise, reverse_sampler_given_noise
    """

    noises = 0
    evaluations = 1
    memory = 0
    coupled = False
    dim: int | None = None  # of the points, where the law of the score says it
    _of_one_variance = None

    def __init__(self, process, score_at):
        self.process: object = as_process(process)
        self.score_of: Callable = score_at_time(process, score_at)
        self.dim = getattr(score_at, "dim", None) if hasattr(score_at, "diffuse") else None
        self._of_one_variance = one_variance(score_at)

    def start(self, x, t) -> tuple:
        """The state at time t before any step: (x,)."""
        return (x,)

    def advance(self, state: tuple, t, s, noise=None) -> tuple:
        """The state at time s from the state at time t."""
        return (self(state[0], t, s, noise),)

    def __call__(self, x, t, s, noise=None) -> np.ndarray:
        """x' at time s from x (..., d) at time t."""
        x = as_points(x, "x", self.dim)
        move = self.plan(*self.times(t, s))
        with beyond_float():
            return move(x, self.noise_for(x, noise))

    def plan(self, t: float, s: float) -> Callable:
        """The map (x, noise) -> x' from t to s < t: what depends on times alone is done once."""
        if type(self).__call__ is ReverseStep.__call__:
            raise NotImplementedError(f"{type(self).__name__} defines neither plan nor __call__")
        return lambda x, noise: self(x, t, s, noise)

    def linear(self, t: float, a: float, b: float, c: float) -> LinearMove:
        """The map (x, z) -> a x + b s_t(x) + c z."""
        if self._of_one_variance is None:
            return LinearMove(self.score_at(t), a, b, c)
        score = self._later(t)
        return self._of_one_variance.move(self.process, t, score, a, b, c)

    def _later(self, t: float) -> Callable:
        """`score_at(t)`, made when it is first asked."""
        made: list[Callable] = []

        def score(x: np.ndarray) -> np.ndarray:
            if not made:
                made.append(self.score_at(t))
            return made[0](x)

        score.by_rows = True  # type: ignore[attr-defined]
        return score

    def times(self, t, s) -> tuple[float, float]:
        """(t, s) as numbers of the process, checked: s < t."""
        t, s = one_time(t, self.process, "t"), one_time(s, self.process, "s")
        if not s < t:
            raise ValueError(f"s must be before t = {t:g}, got {s:g}")
        return t, s

    def noise_for(self, x: np.ndarray, noise):
        """The noise of one step for points x, checked: None, or (..., d), or (2, ..., d)."""
        if self.noises == 0:
            if noise is not None:
                raise ValueError("noise must be None: the step takes none")
            return None
        if noise is None:
            raise ValueError(f"noise must be given: the step takes {self.noises} a point")
        if self.noises == 1:
            return as_like(noise, "noise", x, "x")
        noise, shape = as_real(noise, "noise"), (self.noises, *x.shape)
        if noise.shape != shape:
            raise ValueError(f"noise must have shape {shape}, got shape {noise.shape}")
        return noise

    def score_at(self, t: float) -> Callable:
        """The score at time t as a function x -> (..., d), its shape checked."""
        try:
            score = self.score_of(t)
        except ValueError as error:
            raise ValueError(f"score_at gives no score at time {t:.6g}: {error}") from error

        def value(x: np.ndarray) -> np.ndarray:
            return score_values(score, x, t)

        value.by_rows = hasattr(score, "rows_at_once")  # type: ignore[attr-defined]
        return value

    def denoised(self, x, t) -> np.ndarray:
        """E[X_0 | X_t = x] = (x + σ_t² s_t(x)) / α_t, x (..., d), by the step's score."""
        x, t = as_points(x, "x", self.dim), one_time(t, self.process, "t")
        alpha, sigma = (float(v) for v in self.process.marginal(t))  # type: ignore[attr-defined]
        if alpha == 0:
            raise ValueError(f"t must be a time with alpha above 0 to denoise at, got {t:.6g}")
        if sigma == 0:
            return x / alpha
        with beyond_float():
            return (x + sigma**2 * self.score_at(t)(x)) / alpha


def vector_of(function: Callable, name: str, x: np.ndarray, t) -> np.ndarray:
    """function(x, t), of the shape of x."""
    value = as_real(function(x.copy(), t), f"{name}(x, t)")
    if value.shape != x.shape:
        raise ValueError(
            f"{name}(x, t) must have the shape of x, {x.shape}; got shape {value.shape}"
        )
    return value
