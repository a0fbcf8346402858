"""EDM's sampler: Euler, Heun and midpoint steps in σ/α, with churn."""

from __future__ import annotations

import math
from collections.abc import Callable

from refscore._arguments import as_count, as_positive, as_scalar
from refscore.diffusion.base import ReverseStep
from refscore.diffusion.predicting import PredictingStep, by_rows_of, one_of

METHODS = ("euler", "heun", "midpoint")


class EDMStep(PredictingStep):
    """See `edm`."""

    def __init__(self, process, score_at, method="heun", churn=0.0, n_steps=None,
                 churn_min=0.0, churn_max=math.inf, noise_scale=1.0):  # fmt: skip
        super().__init__(process, score_at, "noise")
        self.method = one_of(method, "method", METHODS)
        self.evaluations = 1 if method == "euler" else 2
        churn = as_positive(churn, "churn", zero=True)
        if churn and n_steps is None:
            raise ValueError("n_steps must be given with churn: it is shared among the steps")
        self.gamma = min(churn / as_count(n_steps, "n_steps"), math.sqrt(2) - 1) if churn else 0.0
        self.low = as_positive(churn_min, "churn_min", zero=True)
        self.high = math.inf if churn_max == math.inf else as_scalar(churn_max, "churn_max")
        self.noise_scale = as_positive(noise_scale, "noise_scale", zero=True)
        self.noises = int(churn > 0)

    def plan(self, t: float, s: float) -> Callable:
        """x̂ = x/α + S √(σ̂² - σ²) z at σ̂ = (1 + γ) σ, then the method from σ̂ to σ_s."""
        alpha, start = self._scaled(t)
        alpha_end, end = self._scaled(s)
        raised, when = self._raised(t, start)
        added = self.noise_scale * math.sqrt((raised - start) * (raised + start))
        alpha_when = self.levels(when)[0]
        first = self.predicted(when, "noise")
        rest = self._rest(raised, s, end)

        def move(x, noise):
            y = x / alpha
            if added:
                y = y + added * noise
            return alpha_end * rest(y, first(alpha_when * y))

        return by_rows_of(move, first)

    def _rest(self, start: float, s: float, end: float) -> Callable:
        """The method from σ̂ to σ_s given x̂ and ε there; Euler's where σ_s = 0."""
        h = end - start
        if self.method == "euler" or end == 0:
            return lambda y, noise: y + h * noise
        middle = math.sqrt(start * end)
        when = s if self.method == "heun" else self._time(middle)
        alpha, second = self.levels(when)[0], self.predicted(when, "noise")
        if self.method == "heun":
            return lambda y, noise: y + h / 2 * (noise + second(alpha * (y + h * noise)))
        return lambda y, noise: y + h * second(alpha * (y + (middle - start) * noise))

    def _scaled(self, t: float) -> tuple[float, float]:
        """α and σ/α at time t."""
        alpha, sigma = self.levels(t)
        if alpha == 0:
            raise ValueError(f"t must be a time with alpha above 0, got {t:g}")
        return alpha, sigma / alpha

    def _time(self, sigma: float) -> float:
        """The time with this σ/α."""
        return float(self.process.time_at(-math.log(sigma)))  # type: ignore[attr-defined]

    def _raised(self, t: float, start: float) -> tuple[float, float]:
        """σ̂ and the time it belongs to."""
        if not self.gamma or not self.low <= start <= self.high:
            return start, t
        raised = (1 + self.gamma) * start
        last = math.exp(-self.log_snr(self.process.final_time))  # type: ignore[attr-defined]
        if raised > last:
            raise ValueError(
                f"churn_max must be at most {last / (1 + self.gamma):.6g}: churn raises sigma from"
                f" {start:.6g} to {raised:.6g}, beyond {last:.6g}, where the process ends"
            )
        return raised, self._time(raised)


def edm(
    process, score_at, *, method="heun", churn=0.0, n_steps=None, churn_min=0.0,
    churn_max=math.inf, noise_scale=1.0,
) -> ReverseStep:  # fmt: skip
    """The EDM step: noise raised by churn, then Euler or Heun on d(x/α) = ε d(σ/α).

        γ = min(S_churn/n, √2 - 1) where S_min <= σ <= S_max, else 0;  σ̂ = (1 + γ) σ
        x̂ = x + S_noise √(σ̂² - σ²) z,  e = ε(x̂, σ̂),  x' = x̂ + (σ_s - σ̂) e
        heun, unless σ_s = 0:  x' = x̂ + (σ_s - σ̂) ½ (e + ε(x', σ_s))
        midpoint:  x' = x̂ + (σ_s - σ̂) ε(x̂ + (σ_m - σ̂) e, σ_m),  σ_m = √(σ̂ σ_s)  (DPM-2)

    x and σ stand for x/α and σ/α, so that it serves every process; ε = (x - D)/σ is EDM's slope.
    Arguments: process; score_at; method "heun", "euler" or "midpoint"; churn S_churn >= 0 with
    n_steps n, the number of steps; churn_min, churn_max and noise_scale S_min, S_max, S_noise.
    Returns: step(x, t, s, noise); noise is taken where churn > 0, used or not. Euler's without
    churn is `exponential`. Raises: ValueError naming the argument, where churn leaves the
    process's range, and at α = 0. Cost: two scores, one for Euler. Order: 2, 1 for Euler;
    the same in law with churn and S_noise = 1. Source: Karras et al. 2022, algorithms 1 and 2.
    Checked by: heun_step_value, edm_step_value, heun_step_order, edm_draws
    """
    return EDMStep(process, score_at, method, churn, n_steps, churn_min, churn_max, noise_scale)
