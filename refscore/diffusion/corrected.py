"""Predictor-corrector steps: Langevin moves at one time between steps in time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import as_count, as_positive
from refscore.diffusion.base import ReverseStep
from refscore.langevin.corrector import NORMS, corrector
from refscore.langevin.unadjusted import ula

ORDERS = ("before", "after")


class PredictorCorrector(ReverseStep):
    """A predictor between Langevin moves; see `predictor_corrector`."""

    def __init__(self, predictor, n_corrections=1, snr=None, step_size=None, order="after",
                 norm="row", alpha=1.0):  # fmt: skip
        if not isinstance(predictor, ReverseStep) or predictor.memory:
            raise TypeError(f"predictor must be a one-step reverse step, got {predictor!r}")
        if (snr is None) == (step_size is None):
            raise ValueError("one of snr and step_size must be given, not both")
        for name, value, words in (("order", order, ORDERS), ("norm", norm, NORMS)):
            if not isinstance(value, str) or value not in words:
                raise ValueError(f"{name} must be one of {', '.join(words)}; got {value!r}")
        self.predictor = predictor
        self.process, self.score_of = predictor.process, predictor.score_of
        self.dim = predictor.dim
        self.n_corrections = as_count(n_corrections, "n_corrections", minimum=0)
        self.order, self.norm = order, norm
        self.snr = None if snr is None else as_positive(snr, "snr")
        self.step_size = step_size if step_size is None else _of_time(step_size, "step_size")
        self.alpha = _of_time(alpha, "alpha")
        self.noises = predictor.noises + self.n_corrections
        self.evaluations = predictor.evaluations + self.n_corrections
        self.coupled = predictor.coupled or (snr is not None and norm == "batch")

    def plan(self, t: float, s: float) -> Callable:
        """The predictor from t to s, the corrector at t before it or at s after it."""
        move, fix = self.predictor.plan(t, s), self._correction(t if self.order == "before" else s)
        n, k, first = self.n_corrections, self.predictor.noises, self.order == "before"

        def both(x: np.ndarray, noise) -> np.ndarray:
            noise = noise if self.noises > 1 else [noise]
            fixes, own = (noise[:n], noise[n:]) if first else (noise[k:], noise[:k])
            own = None if k == 0 else own[0] if k == 1 else own
            x = x if first else move(x, own)
            for z in fixes[:n]:
                x = fix(x, z)
            return move(x, own) if first else x

        return both

    def _correction(self, u: float) -> Callable:
        """The Langevin move at time u."""
        if self.step_size is not None:
            return ula(self.score_at(u), self.step_size(u))
        fix = corrector(self.score_at(u), self.snr, self.alpha(u), self.norm)

        def checked(x: np.ndarray, z: np.ndarray) -> np.ndarray:
            new = fix(x, z)
            if not np.isfinite(new.sum()):
                _require_scores(fix, x[z.any(-1)], u)
            return new

        return checked


def _require_scores(fix, x: np.ndarray, u: float) -> None:
    """Raise at the first finite point whose score, finite too, is one the corrector cannot take."""
    scores = fix.score(x)
    bad, must_be = fix.unusable(scores)
    bad &= np.isfinite(x).all(-1) & np.isfinite(scores).all(-1)
    for point in x[bad][:1]:
        raise ValueError(f"the score must be {must_be}, at time {u:.6g} it is 0 at x = {point}")


def _of_time(value, name: str) -> Callable:
    """A function of time, from one or from a positive number."""
    if callable(value):
        return lambda u: as_positive(value(u), f"{name}({u:.6g})")
    number = as_positive(value, name)
    return lambda u: number


def predictor_corrector(
    predictor, n_corrections: int = 1, *, snr=None, step_size=None, order: str = "after",
    norm: str = "row", alpha=1.0,
) -> ReverseStep:  # fmt: skip
    """A predictor with Langevin moves that leave the law at one time u nearly as it is.

        fixed step:  x' = x + (η/2) s_u(x) + √η z
        by norms:    x' = x + ε s_u(x) + √(2ε) z,  ε = 2 α (snr ‖z‖/‖s_u(x)‖)²

    Arguments: predictor, a one-step reverse step; n_corrections; step_size η, a number or a
    function of u; or snr, with alpha a number or a function of u (1 - β_i a step in the
    authors' code, 1 for variance-exploding processes) and norm "row": each row's own norms;
    "batch": the mean of the rows' norms, as in the authors' code, so that every row moves all
    others (the step is `coupled` then); order "after": the corrector at u = s after the
    predictor, as the algorithms are printed; "before": at u = t before it, as in the authors'
    code, so that the last points are not corrected.
    Returns: step(x, t, s, noise), noise in the order of use. Raises: TypeError or ValueError
    naming the argument; by norms where a score is 0: ε is infinite there. Cost: n_corrections
    scores more.
    With a fixed step on Gaussian data the law is Gaussian and `laws.sampler_law` gives it; by
    norms it is not, since ε depends on z.
    Source: Song et al. 2021, algorithms 1 to 5.
    Checked by: predictor_corrector_given_noise
    """
    return PredictorCorrector(predictor, n_corrections, snr, step_size, order, norm, alpha)
