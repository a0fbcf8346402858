"""Ancestral steps: the posterior of X_s given X_t with the denoised point for the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from refscore._arguments import as_positive
from refscore.diffusion.base import ReverseStep

VARIANCES = ("small", "large")


class Pair(NamedTuple):
    """What one step needs of the marginals at t and s < t: X_t = r X_s + √β Z, σ_t, σ_s."""

    r: float
    beta: float
    sigma_t: float
    sigma_s: float


def pair_of(process, t: float, s: float) -> Pair:
    """r = α_t/α_s and β = σ_t² - r² σ_s², which must be at least 0."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = (
        tuple(float(v) for v in process.marginal(u)) for u in (t, s)
    )
    if alpha_t == 0:
        raise ValueError(f"t must be a time with alpha above 0, got {t:.6g}: start later")
    if sigma_t == 0:
        raise ValueError(f"t must be a time with sigma above 0, got {t:.6g}")
    if hasattr(process, "transition"):
        r, root = (float(v) for v in process.transition(s, t))
        return Pair(r, root**2, sigma_t, sigma_s)
    r = alpha_t / alpha_s
    beta = (sigma_t - r * sigma_s) * (sigma_t + r * sigma_s)
    if beta < 0:
        raise ValueError(f"sigma/alpha must fall from t = {t:.6g} to s = {s:.6g}, and rises")
    return Pair(r, beta, sigma_t, sigma_s)


class Ancestral(ReverseStep):
    """(x + β s)/r + √v z; see `ancestral`."""

    noises = 1

    def __init__(self, process, score_at, variance="small"):
        super().__init__(process, score_at)
        if not isinstance(variance, str) or variance not in VARIANCES:
            raise ValueError(f"variance must be one of {', '.join(VARIANCES)}; got {variance!r}")
        self.variance = variance

    def plan(self, t: float, s: float) -> Callable:
        """x' = (x + β s_t(x))/r + √v z."""
        p = pair_of(self.process, t, s)
        small = self.variance == "small" or p.sigma_s == 0
        v = p.beta * (p.sigma_s / p.sigma_t) ** 2 if small else p.beta
        return self.linear(t, 1 / p.r, p.beta / p.r, v**0.5)


class Implicit(ReverseStep):
    """α_s x̂_0 + √(σ_s² - η² β̃) ε̂ + η √β̃ z; see `ddim`."""

    def __init__(self, process, score_at, eta=0.0):
        super().__init__(process, score_at)
        self.eta = as_positive(eta, "eta", zero=True)
        self.noises = int(self.eta > 0)

    def plan(self, t: float, s: float) -> Callable:
        """x' = x/r + σ_t (β/r² + η² β̃)/(σ_t/r + √(σ_s² - η² β̃)) s_t(x) + η √β̃ z."""
        p = pair_of(self.process, t, s)
        share = (p.sigma_s / p.sigma_t) ** 2
        v = self.eta**2 * p.beta * share  # η² β̃
        rest = ((1 - self.eta**2) * p.beta + (p.r * p.sigma_s) ** 2) * share  # σ_s² - η² β̃
        if rest < -1e-12 * p.sigma_s**2:
            most = p.sigma_t / p.beta**0.5
            raise ValueError(
                f"eta must be at most {most:.6g} from t = {t:.6g} to s = {s:.6g},"
                f" got {self.eta:.6g}"
            )
        rest = max(rest, 0.0)
        b = p.sigma_t * (p.beta / p.r**2 + v) / (p.sigma_t / p.r + rest**0.5)
        return self.linear(t, 1 / p.r, b, v**0.5)


def ancestral(process, score_at, variance: str = "small") -> ReverseStep:
    """The ancestral step: a draw of X_s given X_t, its data denoised, from any (α, σ) table.

        r = α_t/α_s,  β = σ_t² - r² σ_s²,  x̂_0 = (x + σ_t² s_t(x))/α_t
        mean of X_s given X_t = x, X_0 = x̂_0: (α_s β x̂_0 + r σ_s² x)/σ_t² = (x + β s_t(x))/r
        x' = (x + β s_t(x))/r + √v z,   v = β σ_s²/σ_t² ("small") or β ("large")

    "small" is the exact variance when the data are one point, "large" when X_s is N(0, I)
    under a variance-preserving process. Where σ_s = 0, neither adds noise: the posterior is one
    point, and the published algorithm has z = 0 there.
    Arguments: process, of which only the marginals and the transition of the two times are
    used: a table's `.process()`, at the table's `times` and 0, is the chain itself; score_at, a
    law, a family with .at(t) or a function t -> field; variance. Returns: step(x, t, s, noise).
    Raises: ValueError where α_t = 0, σ_t = 0 or σ/α does not fall. Cost: one score.
    Order: 1, weak, on variances and mixtures.
    Source: Ho et al. 2020, equations 7 and 11, section 3.2, algorithm 2.
    Checked by: ancestral_given_noise, ancestral_draws, ancestral_order
    """
    return Ancestral(process, score_at, variance)


def ddim(process, score_at, eta=0.0) -> ReverseStep:
    """The implicit step, from no noise (η = 0) to `ancestral` with small variance (η = 1).

        x̂_0 = (x + σ_t² s)/α_t,  ε̂ = -σ_t s,  β̃ = β σ_s²/σ_t²,  s = s_t(x)
        x' = α_s x̂_0 + √(σ_s² - η² β̃) ε̂ + η √β̃ z

    Arguments, raises: as `ancestral`; eta >= 0, at most σ_t/√β. Returns: step(x, t, s, noise);
    noise is None for η = 0. Computed without subtracting its near-equal terms.
    Cost: one score. Order: 1, of the probability flow for η = 0.
    Source: Song, Meng and Ermon 2021, equations 12 and 16.
    Checked by: ddim_given_noise, ddim_draws, ddim_order
    """
    return Implicit(process, score_at, eta)
