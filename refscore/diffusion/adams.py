"""Adams-Bashforth steps of the noise prediction: in σ/α (LMS), in t (DEIS), pseudo (PLMS).

The flow is d(x/α) = ε d(σ/α): a polynomial through ε at earlier times is integrated.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_points, beyond_float
from refscore.diffusion.base import ReverseStep
from refscore.diffusion.multistep import MultistepStep, starting
from refscore.diffusion.predicting import as_order, one_of

VARIABLES = ("sigma", "time")
PSEUDO = {
    1: [1.0],
    2: [3 / 2, -1 / 2],
    3: [23 / 12, -16 / 12, 5 / 12],
    4: [55 / 24, -59 / 24, 37 / 24, -9 / 24],
}


class AdamsBashforth(MultistepStep):
    """See `adams_bashforth`."""

    def __init__(self, process, score_at, order=4, variable="sigma", final=None,
                 start="lower order"):  # fmt: skip
        order = as_order(order, 4)
        starter = starting(process, score_at, order, "noise", start)
        super().__init__(process, score_at, order, "noise", final, starter)
        self.variable = one_of(variable, "variable", VARIABLES)

    def weights(self, times: list[float], s: float) -> tuple[float, np.ndarray, float]:
        """α_s ∫ L_j d(σ/α) from t to s, L_j the Lagrange polynomials of the times."""
        A, change = self.scaled_change(times[0], s)
        nodes, end = (list(times), s) if self.variable == "time" else self._noise(times, s)
        theta = [(u - nodes[0]) / (end - nodes[0]) for u in nodes]
        moments = 1 / np.arange(1.0, len(theta) + 1)
        if self.variable == "time":
            moments = self._moments(len(theta), times[0], s)
        vandermonde = np.vander(theta, increasing=True)
        return A, change * np.linalg.solve(vandermonde.T, moments), 0.0

    def scaled_change(self, t: float, s: float) -> tuple[float, float]:
        """α_s/α_t and α_s (σ_s/α_s - σ_t/α_t)."""
        (alpha_t, sigma_t), (alpha_s, sigma_s) = self.levels(t), self.levels(s)
        if alpha_t == 0:
            raise ValueError(f"t must be a time with alpha above 0, got {t:g}")
        return alpha_s / alpha_t, sigma_s - alpha_s / alpha_t * sigma_t

    def _noise(self, times, s):
        """σ/α at the times, and at s."""
        rho = [sigma / alpha for alpha, sigma in map(self.levels, (*times, s))]
        return rho[:-1], rho[-1]

    def _moments(self, n: int, t: float, s: float) -> np.ndarray:
        """∫ θ^k d(σ/α)/(ρ_s - ρ_t) from t to s, θ = (τ - t)/(s - t): by parts ∫₀¹ u k θ^{k-1} dθ,
        u = (ρ - ρ_s)/(ρ_t - ρ_s), on parts of the time halved until they resolve u."""
        (start,), end = self._noise([t], s)

        def left(theta):
            alpha, sigma = self.process.marginal(np.clip(t + theta * (s - t), s, t))
            return (sigma / alpha - end) / (start - end)

        floor = 4 * np.finfo(float).eps * start / (start - end)
        return np.append(1.0, power_moments(left, n - 1, floor))


class PseudoLinearMultistep(AdamsBashforth):
    """See `plms`."""

    def __init__(self, process, score_at, final=None):
        super().__init__(process, score_at, 4, "sigma", final)

    def weights(self, times: list[float], s: float) -> tuple[float, np.ndarray, float]:
        """α_s (σ_s/α_s - σ_t/α_t) times the coefficients of uniform steps."""
        A, change = self.scaled_change(times[0], s)
        return A, change * np.array(PSEUDO[len(times)]), 0.0

    def advance(self, state: tuple, t, s, noise=None) -> tuple:
        """The first step is Heun's: the mean of ε at t and at where ε leads."""
        t, s = self.times(t, s)
        if len(state) > 1 or self.ends(s):
            return super().advance(state, t, s, noise)
        x = as_points(state[0], "x")
        self.noise_for(x, noise)
        A, change = self.scaled_change(t, s)
        with beyond_float():
            now = self.predicted(t, "noise")(x)
            if self.levels(s)[1] == 0:
                return A * x + change * now, (t, now)
            then = self.predicted(s, "noise")(A * x + change * now)
            return A * x + change * (now + then) / 2, (t, now)


def power_moments(function, n: int, floor: float) -> np.ndarray:
    """∫₀¹ u(θ) k θ^{k-1} dθ, k = 1 ... n, each part of [0, 1] to `floor`: u may have kinks."""
    from refscore.processes._smooth import legendre

    node, weight, fit, _ = legendre()
    a, b, total = np.linspace(0, 0.75, 4), np.linspace(0.25, 1, 4), np.zeros(n)
    power, sign = np.arange(1, n + 1)[:, None, None], (-1.0) ** np.arange(len(node))
    for level in range(48):
        theta, width = a + (b - a) * (node[:, None] + 1) / 2, b - a
        u = function(theta)
        c = fit @ u
        tail = np.abs(c[-2:]).sum(0) + np.abs(function(b) - c.sum(0))
        tail += np.abs(function(a) - sign @ c)  # a kink may hide from the nodes beside an end
        done = (tail * width <= floor) | (level == 47)
        parts = np.einsum("i,im,kim->km", weight, u, power * theta ** (power - 1)) * width / 2
        total += parts[:, done].sum(axis=1)
        a, b, middle = a[~done], b[~done], ((a + b) / 2)[~done]
        a, b = np.append(a, middle), np.append(middle, b)
        if not a.size:
            break
    return total


def adams_bashforth(
    process, score_at, order=4, *, variable="sigma", final=None, start="lower order"
) -> ReverseStep:
    """The Adams-Bashforth step of the noise prediction: a polynomial in σ/α (LMS) or t (DEIS).

        x'/α_s = x/α_t + Σ_j ε_j ∫ L_j d(σ/α),  L_j the Lagrange polynomials of the used times

    Arguments: process; score_at; order 1 to 4; variable of the polynomial, "sigma" for σ/α or
    "time"; final and start as for `dpm_multistep`. Returns: a step with start and advance;
    σ_s = 0 is a usual end. Raises: ValueError naming the argument, or at α_t = 0. Cost: one
    score. Order: `order` after a start of that order; 2 with the lower-order start.
    Source: Zhang and Chen 2023, equation 15 (tAB, ρAB); the LMS of k-diffusion.
    Checked by: adams_bashforth_value, deis_value
    """
    return AdamsBashforth(process, score_at, order, variable, final, start)


def plms(process, score_at, *, final=None) -> ReverseStep:
    """The pseudo linear multistep method: Adams-Bashforth weights of uniform steps on ε.

        ε' = (55 ε_0 - 59 ε_1 + 37 ε_2 - 9 ε_3)/24,  x' = α_s/α_t x + (σ_s - α_s σ_t/α_t) ε'

    First a Heun step (two scores), then (3, -1)/2, (23, -16, 5)/12. Whatever the steps, the
    weights stay: order 2 at most, on times of equal spacing.
    Arguments: process; score_at; final as for `adams_bashforth`. Returns: a step with start and
    advance. Raises: as `adams_bashforth`. Cost: one score. Source: Liu et al. 2022, section 3.3.
    Checked by: plms_value
    """
    return PseudoLinearMultistep(process, score_at, final)
