"""Reverse steps that use a prediction of the noise or of the data, in half log-SNR."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_count, as_offering, as_points, beyond_float
from refscore.diffusion._denoiser import mixture_denoiser
from refscore.diffusion.base import ReverseStep
from refscore.diffusion.parametrisation import Predictions, conversion
from refscore.diffusion.probability_flow import one_time, score_values

PREDICTIONS = ("noise", "data")


class Frame(NamedTuple):
    """The linear part of a step from t to s, x' = A x - C (e^z - 1) m + ..., for a prediction m.

        "noise"  A = α_s/α_t, C = σ_s, z = h     "data"  A = σ_s/σ_t, C = α_s, z = -h

    h = λ_s - λ_t > 0 with λ = log(α/σ): the linear part of the flow is solved exactly, and m is
    what is left to approximate.
    """

    A: float
    C: float
    z: float


class PredictingStep(ReverseStep):
    """A reverse step that asks for predictions of a kind, in the exact frame of the flow."""

    def __init__(self, process, score_at, prediction: str = "noise"):
        super().__init__(as_offering(process, "process", "log_snr", "time_at"), score_at)
        self._score_at = score_at
        self.prediction = one_of(prediction, "prediction", PREDICTIONS)

    def predicted(self, t: float, kind: str) -> Callable:
        """The prediction of this kind at time t, a function of points.

        Network predictions are converted as they come, scores by `conversion`; where α is small
        the data a law predicts are its own mean given x, at α = 0 its mean.
        """
        native = self._score_at if isinstance(self._score_at, Predictions) else None
        law = self._score_at if hasattr(self._score_at, "diffuse") else None
        if law is not None and self.levels(t)[0] == 0:
            return _without_data(self.process, law, t, kind)
        exact = mixture_denoiser(law, *self.levels(t)) if kind == "data" else None
        if exact is not None:
            return by_rows_of(lambda x: exact(x))
        source = "score" if native is None else native.kind
        p, q = (float(c) for c in conversion(self.process, t, source, kind))
        value = self.score_at(t) if native is None else _checked(native.native(t), t, source)

        def prediction(x: np.ndarray) -> np.ndarray:
            return p * x + q * value(x)

        prediction.by_rows = getattr(value, "by_rows", False)  # type: ignore[attr-defined]
        return prediction

    def denoised(self, x, t) -> np.ndarray:
        """E[X_0 | X_t = x] of the step's prediction, x (..., d)."""
        x, t = as_points(x, "x"), one_time(t, self.process, "t")
        if self.levels(t)[1] == 0:
            return super().denoised(x, t)
        with beyond_float():
            return self.predicted(t, "data")(x)

    def levels(self, t: float) -> tuple[float, float]:
        """(α_t, σ_t)."""
        alpha, sigma = self.process.marginal(t)  # type: ignore[attr-defined]
        return float(alpha), float(sigma)

    def log_snr(self, t: float) -> float:
        """λ_t, inf where σ = 0 and -inf where α = 0."""
        return float(self.process.log_snr(t))  # type: ignore[attr-defined]

    def between(self, t: float, s: float, ratio: float) -> float:
        """The time at λ_t + ratio (λ_s - λ_t); s itself for 1."""
        if ratio == 1:
            return s
        start, end = self.log_snr(t), self.log_snr(s)
        return float(self.process.time_at(start + ratio * (end - start)))  # type: ignore[attr-defined]

    def frame(self, t: float, s: float, kind: str = "") -> Frame:
        """A, C and z from t to s."""
        (alpha_t, sigma_t), (alpha_s, sigma_s) = self.levels(t), self.levels(s)
        h = self.log_snr(s) - self.log_snr(t)
        if (kind or self.prediction) == "data":
            return Frame(sigma_s / sigma_t, alpha_s, -h)
        return Frame(alpha_s / alpha_t, sigma_s, h)

    def first_order(self, t: float, s: float) -> Callable:
        """The exponential step of first order, x -> α_s x₀ + σ_s ε, finite also to σ_s = 0."""
        kind = self.prediction if math.isfinite(self.log_snr(s) - self.log_snr(t)) else "data"
        if mixture_denoiser(self._score_at, *self.levels(t)) is not None:
            kind = "data"  # the same map: nothing is divided by α_t
        A, C, z = self.frame(t, s, kind)
        weight, m = -C * math.expm1(z), self.predicted(t, kind)
        return by_rows_of(lambda x, noise: A * x + weight * m(x), m)


def phi(k: int, z: float) -> float:
    """φ_k(z) = ∫₀¹ e^{(1-u) z} u^{k-1}/(k-1)! du: e^z, (e^z - 1)/z, (e^z - 1 - z)/z², ...

    Checked by: dpm_third_order_value, exponential_multistep_value
    """
    if k == 0:
        return math.exp(z)
    if k == 1:
        return math.expm1(z) / z if z else 1.0
    if abs(z) < 2:  # the recursion cancels here
        return sum(z**j / math.factorial(j + k) for j in range(30))
    return (phi(k - 1, z) - 1 / math.factorial(k - 1)) / z


def by_rows_of(move: Callable, *predictions) -> Callable:
    """`move`, said to work row by row where its predictions do."""
    move.by_rows = all(getattr(p, "by_rows", False) for p in predictions)  # type: ignore[attr-defined]
    return move


def one_of(value, name: str, allowed: tuple):
    """`value`, which must be one of those allowed."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {allowed}, got {value!r}")
    return value


def as_order(order, highest: int) -> int:
    """A whole number from 1 to `highest`."""
    order = as_count(order, "order")
    if order > highest:
        raise ValueError(f"order must be at most {highest}, got {order}")
    return order


def _checked(field, t: float, kind: str) -> Callable:
    """The predictions of a network's field, their shape checked."""

    def value(x: np.ndarray) -> np.ndarray:
        return score_values(field, x, t, f"the {kind} prediction")

    value.by_rows = hasattr(field, "rows_at_once")  # type: ignore[attr-defined]
    return value


def _without_data(process, law, t: float, kind: str) -> Callable:
    """Predictions at α = 0, where X_t = σ ε: x₀ is the law's mean, ε is x/σ."""
    sigma, mean = float(process.marginal(t)[1]), np.asarray(law.mean)
    if kind == "noise":
        return lambda x: x / sigma
    if kind == "data":
        return lambda x: np.broadcast_to(mean, x.shape)
    slope_a, slope_s = (float(rate) for rate in process.marginal_rates(t))
    return lambda x: slope_a * mean + slope_s * (x / sigma)
