"""Multistep exponential integrators: DPM-Solver++ 2M and 3M, their SDE forms, Adams-Bashforth.

A step from t to s uses the prediction m_0 at t and those remembered. In θ = (λ - λ_t)/h a
polynomial through them, c_0 + c_1 θ + c_2 θ² + ..., stands for m under the exact integral:

    x' = A x + C Σ_k w_k c_k,  w_k = -z k! φ_{k+1}(z)
"""

from __future__ import annotations

import math

import numpy as np

from refscore._arguments import as_points, as_positive, beyond_float
from refscore.diffusion.base import ReverseStep
from refscore.diffusion.exponential import SinglestepSolver
from refscore.diffusion.predicting import PredictingStep, as_order, one_of, phi
from refscore.diffusion.probability_flow import one_time

RULES = ("published", "exact")
STARTS = ("lower order", "singlestep")


class MultistepStep(PredictingStep):
    """A step by weights on the predictions at this and at earlier times.

    A subclass gives `weights(times, s)`: (A, w, b) of x' = A x + Σ_j w_j m_j + b z, with times
    newest first, t and those remembered.
    """

    def __init__(self, process, score_at, order: int, prediction: str, final=None, starter=None):
        super().__init__(process, score_at, prediction)
        self.order, self.memory, self.starter = order, order - 1, starter
        self.final = None if final is None else one_time(final, self.process, "final")

    def weights(self, times: list[float], s: float) -> tuple[float, np.ndarray, float]:
        """(A, w, b) with as many w as times."""
        raise NotImplementedError

    def advance(self, state: tuple, t, s, noise=None) -> tuple:
        """(x', remembered predictions) from (x, remembered): the lower order while few are."""
        t, s = self.times(t, s)
        x, past = as_points(state[0], "x"), list(state[1:])
        noise = self.noise_for(x, noise)
        with beyond_float():
            now = self.predicted(t, self.kind_for(t, s))(x)
            if self.starter is not None and len(past) < self.memory and not self.ends(s):
                new = self.starter.plan(t, s)(x, None)
            else:
                new = self._combined(x, [(t, now), *reversed(self.usable(past, t, s))], s, noise)
        return (new, *[*past, (t, now)][max(0, len(past) + 1 - self.memory) :])

    def _combined(self, x, used: list, s: float, noise) -> np.ndarray:
        """A x + Σ_j w_j m_j + b z."""
        A, w, b = self.weights([u for u, _ in used], s)
        new = A * x + sum(c * m for c, (_, m) in zip(w, used, strict=True))
        return new + b * noise if b else new

    def __call__(self, x, t, s, noise=None) -> np.ndarray:
        """x' at time s from x (..., d) at time t alone: the first-order step."""
        return self.advance((as_points(x, "x"),), t, s, noise)[0]

    def kind_for(self, t: float, s: float) -> str:
        """What is predicted on a step."""
        return self.prediction

    def usable(self, past: list, t: float, s: float) -> list:
        """What of the past, oldest first, a step uses: nothing on a step made first order."""
        return [] if self.ends(s) else past

    def ends(self, s: float) -> bool:
        """Whether a step to s is made first order by `final`."""
        return self.final is not None and s <= self.final


class ExponentialMultistep(MultistepStep):
    """Multistep methods in λ; see `dpm_multistep`, `exponential_multistep`, `sde_dpm_multistep`."""

    def __init__(self, process, score_at, order, prediction, rule, stochasticity=0.0, final=None,
                 start="lower order"):  # fmt: skip
        order = as_order(order, 3 if rule == "published" else 4)
        starter = starting(process, score_at, order, prediction, start)
        super().__init__(process, score_at, order, prediction, final, starter)
        self.rule, self.eta = rule, as_positive(stochasticity, "stochasticity", zero=True) ** 2
        self.noises = int(self.eta > 0)

    def weights(self, times: list[float], s: float) -> tuple[float, np.ndarray, float]:
        """The polynomial through the predictions, integrated, or the published shortcuts."""
        t = times[0]
        A, C, z, b = self._stochastic(t, s, self.kind_for(t, s))
        now, h = self.log_snr(t), self.log_snr(s) - self.log_snr(t)
        past = [u for u in times[1:] if math.isfinite(self.log_snr(u))] if math.isfinite(h) else []
        nodes = [0.0, *((self.log_snr(u) - now) / h for u in past)]
        vandermonde, w = np.vander(nodes, increasing=True), np.zeros(len(times))
        w[: len(nodes)] = C * np.linalg.solve(vandermonde.T, self._integrals(len(nodes), z))
        return A, w, b

    def kind_for(self, t: float, s: float) -> str:
        """The data where λ is infinite at an end: x' = α_s x₀ is the limit."""
        return self.prediction if math.isfinite(self.log_snr(s) - self.log_snr(t)) else "data"

    def usable(self, past: list, t: float, s: float) -> list:
        """Nothing, too, where λ is infinite at an end."""
        finite = math.isfinite(self.log_snr(s) - self.log_snr(t))
        return super().usable(past, t, s) if finite else []

    def _stochastic(self, t: float, s: float, kind: str) -> tuple[float, float, float, float]:
        """(A, C, z, b) of the SDE with η = l²: A e^{-ηh}, z = -(1 + η) h, b² = σ_s² (1 - e^{-2ηh})
        for data; C (1 + η), b² = η σ_s² (e^{2h} - 1) for noise."""
        A, C, z = self.frame(t, s, kind)
        if not self.eta:
            return A, C, z, 0.0
        sigma = self.levels(s)[1]
        if kind == "noise":
            return A, (1 + self.eta) * C, z, sigma * math.sqrt(self.eta * math.expm1(2 * z))
        b = sigma * math.sqrt(-math.expm1(2 * self.eta * z))
        return A * math.exp(self.eta * z), C, (1 + self.eta) * z, b

    def _integrals(self, n: int, z: float) -> np.ndarray:
        """w_k, k < n: -z k! φ_{k+1}(z); half of w_0 for w_1 of two, half of w_2, as published."""
        if n == 1:
            return np.array([-math.expm1(z)])
        w = np.array([-z * math.factorial(k) * phi(k + 1, z) for k in range(n)])
        if self.rule == "published":
            w[n - 1] = w[0] / 2 if n == 2 else w[2] / 2
        return w


def starting(process, score_at, order: int, prediction: str, start: str):
    """The singlestep solver that the first steps are taken by, or None: the lower order."""
    if one_of(start, "start", STARTS) == "lower order" or order == 1:
        return None
    return SinglestepSolver(process, score_at, min(order, 3), prediction)


def dpm_multistep(
    process, score_at, order=2, *, prediction="data", final=None, start="lower order"
) -> ReverseStep:
    """The multistep DPM-Solver as published: DPM-Solver++ 2M and 3M for data, or of the noise.

        2M:  x' = A x - C (e^z - 1) [m_0 + D/2],  D = (m_0 - m_1)/r,  r = h_before/h
        3M:  x' = A x - C [(e^z - 1) m_0 + (φ₁(z) - 1) D_1 + (φ₂(z) - ½) D_2]
             D_1 = d_0 + r_0/(r_0 + r_1) (d_0 - d_1),  D_2 = (d_0 - d_1)/(r_0 + r_1),
             d_0 = (m_0 - m_1)/r_0,  d_1 = (m_1 - m_2)/r_1,  φ₂(z) = (φ₁(z) - 1)/z

    A, C, z and m as for `dpm_solver`. D_2 is half the second derivative, so that 3M's last term
    is half of what third order takes: whatever its start, 3M is of order 2;
    `exponential_multistep` is of order 3.
    Arguments: process; score_at; order 1, 2 or 3; prediction "data" or "noise"; final, a time:
    the step that arrives there is first order ("lower order final"); start, "lower order": the
    first steps are of the order their memory allows, the first of order 1, as published;
    "singlestep": they are `dpm_solver`'s of that order. Returns: a step with start and advance.
    A step that ends at σ_s = 0 is x' = α_s x₀.
    Raises: ValueError naming the argument. Cost: one score. Order: 2 for orders 2 and 3.
    Source: Lu et al. 2022b, algorithm 2, and the DPM-Solver code for 3M.
    Checked by: dpm_multistep_value, dpm_multistep_third_value, dpm_multistep_last_step,
    dpm_multistep_third_order
    """
    return ExponentialMultistep(
        process, score_at, order, prediction, "published", 0.0, final, start
    )


def exponential_multistep(
    process, score_at, order=2, *, prediction="data", final=None, start="lower order"
) -> ReverseStep:
    """The exponential Adams-Bashforth method of an order: the polynomial through the predictions
    in λ, integrated exactly.

        x' = A x + C Σ_k w_k c_k,  w_k = -z k! φ_{k+1}(z),  m ≈ Σ_k c_k θ^k,  θ = (λ - λ_t)/h

    Arguments: as for `dpm_multistep`, order 1 to 4. Returns: a step with start and advance.
    Raises: ValueError naming the argument. Cost: one score. Order: `order` after a start of that
    order; 2 with the lower-order start, whose first step errs by O(h²).
    Source: Hochbruck and Ostermann 2010, section 2.5; Zhang and Chen 2023.
    Checked by: exponential_multistep_value
    """
    return ExponentialMultistep(process, score_at, order, prediction, "exact", 0.0, final, start)


def sde_dpm_multistep(
    process, score_at, order=2, *, prediction="data", stochasticity=1.0, rule="published",
    final=None,
) -> ReverseStep:  # fmt: skip
    """The multistep DPM-Solver of the reverse SDE: SDE-DPM-Solver++ 1 and 2M, or of the noise.

        data:   x' = (σ_s/σ_t) e^{-ηh} x + α_s (1 - e^{-(1+η)h}) [m_0 + D/2] + σ_s √(1 - e^{-2ηh}) z
        noise:  x' = (α_s/α_t) x - (1 + η) σ_s (e^h - 1) [m_0 + D/2] + σ_s √(η (e^{2h} - 1)) z

    with D = (m_0 - m_1)/r and η = l², l the stochasticity; 0 gives `dpm_multistep`. Order 1 of
    the data with l = 1 is DDIM with eta = 1.
    Arguments: as for `dpm_multistep`; stochasticity l >= 0; rule "published" (midpoint, above)
    or "exact", the integral of the polynomial ("heun" of the published code, at order 2).
    Returns: a step with start and advance. Raises: ValueError naming the argument.
    Cost: one score. Source: Lu et al. 2022b, appendix B.
    Checked by: sde_dpm_value, sde_dpm_multistep_value, sde_dpm_draws, sde_dpm_multistep_draws
    """
    rule = one_of(rule, "rule", RULES)
    return ExponentialMultistep(process, score_at, order, prediction, rule, stochasticity, final)
