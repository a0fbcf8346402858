"""Exponential integrators of the probability flow, one step at a time: DDIM, DPM-Solver, ++.

With λ = log(α/σ), h = λ_s - λ_t, the flow from t to s is exactly

    x_s = (α_s/α_t) x_t - α_s ∫ e^{-λ} ε dλ = (σ_s/σ_t) x_t + σ_s ∫ e^{λ} x₀ dλ

and a method is what it puts for the prediction ε or x₀ under the integral.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from refscore._arguments import as_positive, as_scalar
from refscore.diffusion.base import ReverseStep
from refscore.diffusion.predicting import PredictingStep, as_order, by_rows_of, phi


class SinglestepSolver(PredictingStep):
    """One step of a singlestep DPM-Solver; see `dpm_solver`."""

    def __init__(self, process, score_at, order=2, prediction="noise", ratio=None):
        super().__init__(process, score_at, prediction)
        self.order = self.evaluations = as_order(order, 3)
        self.ratio = _ratio(self.order, ratio)

    def plan(self, t: float, s: float) -> Callable:
        """First order where λ is infinite at either end, the method's own order elsewhere."""
        finite = math.isfinite(self.log_snr(s) - self.log_snr(t))
        if self.order == 1 or not finite:
            return self.first_order(t, s)
        return self._second(t, s) if self.order == 2 else self._third(t, s)

    def _second(self, t: float, s: float) -> Callable:
        """u = A₁ x - C₁ (e^{rz} - 1) m_t,  x' = A x - C (e^z - 1) [m_t + (m_u - m_t)/2r]."""
        r, middle = self.ratio, self.between(t, s, self.ratio)
        (A, C, z), (A1, C1, z1) = self.frame(t, s), self.frame(t, middle)
        step, part = -C * math.expm1(z), -C1 * math.expm1(z1)
        m, m1 = (self.predicted(u, self.prediction) for u in (t, middle))

        def move(x, noise):
            now = m(x)
            change = m1(A1 * x + part * now) - now
            return A * x + step * (now + change / (2 * r))

        return by_rows_of(move, m, m1)

    def _third(self, t: float, s: float) -> Callable:
        """u₁ at r, u₂ = A₂ x - C₂ [(e^{2rz} - 1) m_t + 2 (φ₁(2rz) - 1) D₁],  D_i = m_i - m_t,
        x' = A x - C [(e^z - 1) m_t + (φ₁(z) - 1) D₂/2r]."""
        r, t1, t2 = self.ratio, *(self.between(t, s, k * self.ratio) for k in (1, 2))
        (A, C, z), (A1, C1, z1), (A2, C2, z2) = (self.frame(t, u) for u in (s, t1, t2))
        m, m1, m2 = (self.predicted(u, self.prediction) for u in (t, t1, t2))

        def move(x, noise):
            now = m(x)
            D1 = m1(A1 * x - C1 * math.expm1(z1) * now) - now
            u2 = A2 * x - C2 * (math.expm1(z2) * now + 2 * z2 * phi(2, z2) * D1)
            D2 = m2(u2) - now
            return A * x - C * (math.expm1(z) * now + z * phi(2, z) / (2 * r) * D2)

        return by_rows_of(move, m, m1, m2)


class StochasticSolver(PredictingStep):
    """See `sde_dpm_solver`."""

    noises = evaluations = 2

    def __init__(self, process, score_at, ratio=None, stochasticity=1.0):
        super().__init__(process, score_at, "data")
        self.ratio, self.eta = _ratio(2, ratio), as_positive(stochasticity, "stochasticity") ** 2

    def plan(self, t: float, s: float) -> Callable:
        """Both stages; α_s x₀ to σ_s = 0, and α_s x₀ + σ_s z_2 from α_t = 0, the limits."""
        if math.isinf(self.log_snr(s)):
            return self.first_order(t, s)
        if math.isinf(self.log_snr(t)) and self.ratio < 1:  # the inner stage is at λ = -inf too
            (alpha, sigma), m = self.levels(s), self.predicted(t, "data")
            return by_rows_of(lambda x, noise: alpha * m(x) + sigma * noise[1], m)
        r, middle = self.ratio, self.between(t, s, self.ratio)
        (A, C, b), (A1, C1, b1), (_, _, b2) = (
            self._damped(*span) for span in ((t, s), (t, middle), (middle, s))
        )
        carried = self._damped(middle, s)[0] * b1
        m, m1 = (self.predicted(u, "data") for u in (t, middle))

        def move(x, noise):
            now = m(x)
            change = m1(A1 * x + C1 * now + b1 * noise[0]) - now
            return A * x + C * (now + change / (2 * r)) + carried * noise[0] + b2 * noise[1]

        return by_rows_of(move, m, m1)

    def _damped(self, t: float, s: float) -> tuple[float, float, float]:
        """(σ_s/σ_t) e^{-ηh}, α_s (1 - e^{-(1+η)h}) and σ_s √(1 - e^{-2ηh})."""
        A, C, z = self.frame(t, s)
        b = self.levels(s)[1] * math.sqrt(-math.expm1(2 * self.eta * z))
        return A * math.exp(self.eta * z), -C * math.expm1((1 + self.eta) * z), b


def sde_dpm_solver(process, score_at, *, ratio=None, stochasticity=1.0) -> ReverseStep:
    """The singlestep DPM-Solver++ of second order of the reverse SDE, on two noises.

        u = a(t, u) x + c(t, u) m_t + b(t, u) z_1,  λ_u = λ_t + r h
        x' = a(t, s) x + c(t, s) [m_t + (m_u - m_t)/2r] + a(u, s) b(t, u) z_1 + b(u, s) z_2
        a = (σ_s/σ_t) e^{-ηh},  c = α_s (1 - e^{-(1+η)h}),  b = σ_s √(1 - e^{-2ηh}),  η = l²

    The noise of the inner stage is carried on to the end, as one path has it; m predicts x₀.
    Arguments: process; score_at; ratio r in (0, 1], ½ unless given; stochasticity l > 0.
    Returns: step(x, t, s, noise), noise (2, ..., d). A step to σ_s = 0 is x' = α_s x₀, one from
    α_t = 0 is x' = α_s x₀ + σ_s z_2 (z_1 and both stages for r = 1).
    Raises: ValueError naming the argument. Cost: two scores. Order: 2 in law.
    Source: Gonzalez et al. 2023 (SEEDS-2); Lu et al. 2022b, section 5.
    Checked by: sde_dpm_second_value
    """
    return StochasticSolver(process, score_at, ratio, stochasticity)


def exponential(process, score_at) -> ReverseStep:
    """The first-order exponential step: DDIM with eta = 0, DPM-Solver-1, Euler's step in σ/α.

        x' = (α_s/α_t) x - σ_s (e^h - 1) ε = (σ_s/σ_t) x - α_s (e^{-h} - 1) x₀ = α_s x₀ + σ_s ε

    The same map whatever is predicted. Arguments: process; score_at, a law, a family with
    .at(t), a function t -> field, or `predictions`. Returns: step(x, t, s); s may have σ_s = 0
    (x' = α_s x₀), t may have α_t = 0 for a law or predictions that are finite there.
    Raises: ValueError naming the argument. Cost: one score. Order: 1.
    Source: Song, Meng and Ermon 2021, equation 12; Lu et al. 2022a, equation 3.7.
    Checked by: exponential_step_value
    """
    return SinglestepSolver(process, score_at, order=1)


def dpm_solver(process, score_at, order=2, *, prediction="noise", ratio=None) -> ReverseStep:
    """The singlestep DPM-Solver of an order, of the noise (DPM-Solver) or data (DPM-Solver++).

        order 2:  x' = A x - C (e^z - 1) [m_t + (m_u - m_t)/2r],  u at λ_t + r h
        order 3:  x' = A x - C [(e^z - 1) m_t + (φ₁(z) - 1) (m_v - m_t)/2r],  v at λ_t + 2 r h

    with A = α_s/α_t, C = σ_s, z = h and m = ε for noise; A = σ_s/σ_t, C = α_s, z = -h and
    m = x₀ for data; φ₁(z) = (e^z - 1)/z.
    Arguments: process; score_at; order 1, 2 or 3; prediction "noise" or "data", which differ
    from order 2 on; ratio r in (0, 1], ½ for order 2 unless given, 1/3 for order 3 (fixed there).
    Returns: step(x, t, s). A step that ends at σ_s = 0, or starts at α_t = 0, is the
    first-order one. Raises: ValueError naming the argument. Cost: `order` scores.
    Source: Lu et al. 2022a, algorithms 1 and 2 (noise); 2022b, algorithm 1 (data).
    Checked by: dpm_second_order_value, dpm_third_order_value, dpm_second_data_value
    """
    return SinglestepSolver(process, score_at, order, prediction, ratio)


def _ratio(order: int, ratio) -> float:
    if ratio is None:
        return 1 / 3 if order == 3 else 0.5
    ratio = as_scalar(ratio, "ratio")
    if order != 2:
        raise ValueError(f"ratio must be left out for order {order}: it is free at order 2 alone")
    if not 0 < ratio <= 1:
        raise ValueError(f"ratio must lie in (0, 1], got {ratio:g}")
    return ratio
