"""Steps along the reverse SDE and the probability flow: Euler's and Heun's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import as_positive
from refscore.diffusion.base import ReverseStep


def rates(process, t: float) -> tuple[float, float]:
    """(f(t), g(t)); f is read off the drift where a process has no `drift_rate`."""
    if hasattr(process, "drift_rate"):
        f = float(process.drift_rate(t))
    else:
        f = float(process.drift(np.ones((1, 1)), t)[0, 0])
    return f, float(process.diffusion(t))


class Euler(ReverseStep):
    """One Euler step of the reverse family; see `euler_maruyama`."""

    def __init__(self, process, score_at, stochasticity=1.0):
        super().__init__(process, score_at)
        self.stochasticity = as_positive(stochasticity, "stochasticity", zero=True)
        self.noises = int(self.stochasticity > 0)

    def plan(self, t: float, s: float) -> Callable:
        """x' = (1 - h f) x + h ½(1 + l²) g² s_t(x) + l g √h z, h = t - s."""
        h, (a, b, c) = t - s, self.slopes(t)
        return self.linear(t, 1 - h * a, h * b, h**0.5 * c)

    def slopes(self, t: float) -> tuple[float, float, float]:
        """(f, ½(1 + l²) g², l g): minus the drift is -f x + ½(1 + l²) g² s."""
        (f, g), stochasticity = rates(self.process, t), self.stochasticity
        return f, 0.5 * (1 + stochasticity**2) * g * g, stochasticity * g


class Heun(Euler):
    """One Heun step of the reverse family; see `stochastic_heun`."""

    evaluations = 2

    def plan(self, t: float, s: float) -> Callable:
        """x' = x + ½ h [F_t(x) + F_s(x̃)] + ½ √h [c_t + c_s] z,  x̃ = x + h F_t(x) + √h c_t z."""
        h, (a_t, b_t, c_t), (a_s, b_s, c_s) = t - s, self.slopes(t), self.slopes(s)
        before, after, root = self.score_at(t), self.score_at(s), h**0.5

        def move(x: np.ndarray, noise) -> np.ndarray:
            slope = b_t * before(x) - a_t * x
            guess = x + h * slope
            if c_t:
                guess += root * c_t * noise
            slope += b_s * after(guess)
            slope -= a_s * guess
            out = x + 0.5 * h * slope
            if c_t or c_s:
                out += 0.5 * root * (c_t + c_s) * noise
            return out

        move.by_rows = before.by_rows and after.by_rows  # type: ignore[attr-defined]
        return move


def euler_maruyama(process, score_at, stochasticity=1.0) -> ReverseStep:
    """The Euler-Maruyama step of the reverse family, from t down to s, h = t - s.

        dx = [f x - ½(1 + l²) g² s_t(x)] dt + l g dw,  dt < 0
        x' = x - h [f(t) x - ½(1 + l²) g(t)² s_t(x)] + l g(t) √h z

    Arguments: process; score_at, a law (its exact diffused score), a family with .at(t) or a
    function t -> field; stochasticity l >= 0: 1 reverses the process, 0 is the probability flow
    (no noise is taken). As h -> 0 every l has the marginals of the process.
    Returns: step(x, t, s, noise). Raises: ValueError naming the argument. Cost: one score.
    Order: 1, weak and strong (the noise is additive), on variances and on mixtures.
    Source: Anderson 1982; Song et al. 2021, equation 6; Karras et al. 2022, equation 6.
    Checked by: reverse_step_given_noise, reverse_family_given_noise, reverse_step_draws,
    reverse_order, quadratic_variation, erratum_forward_noise
    """
    return Euler(process, score_at, stochasticity)


def milstein(process, score_at, stochasticity=1.0) -> ReverseStep:
    """The Milstein step of the reverse family, which is the Euler-Maruyama step.

        Milstein adds ½ G ∂ₓG (dw² - dt), and here G = l g(t) does not depend on x

    So `euler_maruyama` already has Milstein's strong order 1; nothing is left to add.
    Arguments, returns, raises, cost: as there. Source: Kloeden and Platen 1992, section 10.3.
    Tested in: tests/diffusion/test_euler.py
    """
    return Euler(process, score_at, stochasticity)


def stochastic_heun(process, score_at, stochasticity=1.0) -> ReverseStep:
    """Heun's step of the reverse family: the drift averaged over both ends, one noise.

        F_t(x) = -f(t) x + ½(1 + l²) g(t)² s_t(x)
        x̃ = x + h F_t(x) + l g(t) √h z
        x' = x + ½ h [F_t(x) + F_s(x̃)] + ½ l [g(t) + g(s)] √h z

    Arguments, returns, raises: as `euler_maruyama`; the score is asked at s too, which must
    not be a time where it is infinite. Cost: two scores.
    Order: weak 2, strong 1, the noise being additive. Source: Rößler 2010 (additive noise).
    Checked by: stochastic_heun_given_noise, stochastic_heun_order
    """
    return Heun(process, score_at, stochasticity)


def flow_euler(process, score_at) -> ReverseStep:
    """Euler's step of the probability flow: `euler_maruyama` with l = 0, no noise, order 1.

        x' = x - h [f(t) x - ½ g(t)² s_t(x)]

    Checked by: flow_euler_step, flow_euler_order
    """
    return Euler(process, score_at, 0.0)


def flow_heun(process, score_at) -> ReverseStep:
    """Heun's step of the probability flow: `stochastic_heun` with l = 0, no noise, order 2.

        x̃ = x - h v_t(x),   x' = x - ½ h [v_t(x) + v_s(x̃)],   v_t(x) = f x - ½ g² s_t(x)

    Checked by: flow_heun_step, flow_heun_order
    """
    return Heun(process, score_at, 0.0)
