"""The corrector of predictor-corrector samplers: a Langevin step sized by a ratio of norms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import as_callable, as_positive
from refscore.langevin.steps import Step, vector_at

NORMS = ("row", "batch")


class Corrector(Step):
    """x + ε s(x) + √(2ε) z with ε from the norms; see `corrector`."""

    def __init__(self, score, snr, alpha=1.0, norm="row"):
        self.score = as_callable(score, "score")
        self.snr, self.alpha = as_positive(snr, "snr"), as_positive(alpha, "alpha")
        if not isinstance(norm, str) or norm not in NORMS:
            raise ValueError(f"norm must be one of {', '.join(NORMS)}; got {norm!r}")
        self.norm, self.coupled = norm, norm == "batch"
        self.step_size = None  # depends on the noise

    def unusable(self, scores: np.ndarray) -> tuple[np.ndarray, str]:
        """Rows whose score is 0 too, where the rule gives no step; of a batch, if all are."""
        bad, zero = super().unusable(scores)[0], ~scores.any(-1)
        if self.norm == "batch":
            zero &= zero.all()
        return bad | zero, "finite and not 0 (the corrector's step is sized by 1/|score|)"

    def _move(self, x, z):
        s = vector_at(self.score, x)
        norms = [np.linalg.norm(a, axis=-1, keepdims=True) for a in (z, s)]
        if self.norm == "batch":
            norms = [a.mean() if a.size else 1.0 for a in norms]
        with np.errstate(divide="ignore"):
            epsilon = 2 * self.alpha * (self.snr * norms[0] / norms[1]) ** 2
        return x + epsilon * s + np.sqrt(2 * epsilon) * z


def corrector(score: Callable, snr, alpha=1.0, norm: str = "row") -> Step:
    """The Langevin corrector of predictor-corrector sampling, with its signal-to-noise rule.

        x' = x + ε s(x) + √(2ε) z,   ε = 2 α (snr ‖z‖ / ‖s(x)‖)²

    Arguments: score, (..., d) -> (..., d), at the present noise level; snr > 0; alpha α > 0
    (1 for variance-exploding processes); norm "row": ‖·‖ of each row, so that chains stay
    independent; "batch": the mean of the rows' norms over all leading axes, as in the authors'
    code, so that every row moves all others.
    Returns: step(x, noise), both (..., d); step.step_size is None, since η = 2ε depends on the
    noise. Raises: ValueError naming the argument; where s(x) = 0 the row is not finite
    (an error of `run`).
    Cost: one score. ε depends on z, so that even on a Gaussian the law is not Gaussian, and more
    steps do not remove the bias: on N(0, v I), d → ∞, the stationary variance is v (1 + α snr²).
    Source: Song et al. 2021, algorithms 4 and 5.
    Checked by: corrector_given_noise, corrector_draws
    """
    return Corrector(score, snr, alpha, norm)
