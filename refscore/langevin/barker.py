"""Barker's proposal: a random walk whose signs lean towards the gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import as_callable, as_positive
from refscore.langevin.metropolis import Metropolis, squared


class Barker(Metropolis):
    """Proposals x + b τ z; see `barker`."""

    parts = ("normal", "uniforms", "uniform")

    def __init__(self, log_density, score, scale):
        self.scale = as_positive(scale, "scale")
        super().__init__(log_density, as_callable(score, "score"), squared(self.scale))

    def _propose(self, state, z, uniforms):
        w = self.scale * z
        kept = uniforms < np.exp(-np.logaddexp(0.0, -w * state.score))
        new, lost = self._state_near(state.x + np.where(kept, w, -w), state.x)
        return new, self.log_ratio(state, new) + lost

    def log_ratio(self, old, new) -> np.ndarray:
        """r of `barker`, from states."""
        w = new.x - old.x
        turned = np.logaddexp(0.0, -w * old.score) - np.logaddexp(0.0, w * new.score)
        return new.log_density - old.log_density + turned.sum(-1)


def barker(log_density: Callable, score: Callable, scale) -> Metropolis:
    """The Barker step: less hurt by a gradient that is steep or badly scaled than MALA.

        w = τ z;  bᵢ = +1 if uᵢ < 1/(1 + e^{−wᵢ sᵢ(x)}), else −1;  y = x + b w
        r = log p(y) − log p(x) + Σᵢ log [(1 + e^{−(yᵢ−xᵢ) sᵢ(x)}) / (1 + e^{(yᵢ−xᵢ) sᵢ(y)})]

    Arguments: log_density, (..., d) -> (...,), up to a constant; score, its gradient; scale
    τ > 0. Returns: step(x, (z, u_i, u)), z (..., d) standard normal, u_i (..., d) and
    u (...,) uniform; x' = y if u < min(1, e^r), else x; step.step_size is τ².
    Raises: ValueError naming the argument, log p = +∞ too. Cost: one log density and one score.
    Source: Livingstone and Zanella 2022.
    Checked by: barker_given_noise, barker_draws
    """
    return Barker(log_density, score, scale)
