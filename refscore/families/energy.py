"""Energy models: p = e^{−E}/Z, what Z costs, and the gradient of the likelihood through it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from refscore._arguments import (
    as_array,
    as_count,
    as_offering,
    as_points,
    as_positive,
    beyond_float,
)
from refscore.distributions import Energy


def log_normaliser(energy, low, high, *, cut=False, tolerance=1e-10) -> float:
    """log Z = log ∫ e^{−E} over a box that holds the mass, by quadrature, d ≤ 2.

    energy with .dim and .gradient, called on points (n, d) for (n,); low, high (d,) or numbers.
    The box is halved into panels until log Z, mean and covariance move by less than `tolerance`:
    put its middle, or an end, where E has a kink. cut=True: Z of the box, which need not hold all
    the mass. Raises ValueError where that does not settle, or, without `cut`, for a box that cuts
    mass off.
    Source: definition.
    Checked by: normaliser_by_quadrature
    """
    return float(_normalised(energy, low, high, cut, tolerance).log_normaliser)


def likelihood_gradient(energy, x, low, high, *, cut=False, tolerance=1e-10) -> np.ndarray:
    """∂/∂θ of the mean log p(x; θ): −E_data ∂E/∂θ + E_model ∂E/∂θ, the second by quadrature.

    energy with .parameter_gradient(x) (n, p) beside; x data (n, d); low, high the model's box, cut
    and tolerance as for `log_normaliser`: cut=True makes the box all there is of the model. Panels
    on which E has settled are taken: that ∂E/∂θ is rougher than E goes unnoticed.
    Returns (p,), 0 at maximum likelihood. Raises: as `log_normaliser`. Cost: quadrature.
    Source: seed 004.
    Checked by: likelihood_gradient_has_two_terms
    """
    as_offering(energy, "energy", "parameter_gradient", "dim")
    x = as_points(x, "x", energy.dim)
    if x.ndim != 2 or len(x) == 0:
        raise ValueError(f"x must hold points (n, d), got shape {x.shape}")
    at = _normalised(energy, low, high, cut, tolerance).nodes()
    with beyond_float():
        data = energy.parameter_gradient(x).mean(0)
        return at.weights @ energy.parameter_gradient(at.points) - data


def importance_log_normaliser(log_unnormalised, log_proposal) -> float:
    """log Ẑ = log (1/n) Σ e^{−E(x_i)}/q(x_i), from values at draws x_i of q.

    log_unnormalised −E(x_i) (n,), log_proposal log q(x_i) (n,), normalised. Ẑ is unbiased, its log
    too small on average. Source: definition.
    Checked by: importance_estimate_given_points
    """
    from scipy.special import logsumexp

    top = as_array(log_unnormalised, "log_unnormalised", (None,))
    if top.size == 0:
        raise ValueError("log_unnormalised must hold a number, got none")
    below = as_array(log_proposal, "log_proposal", top.shape)
    return float(logsumexp(top - below) - np.log(len(top)))


def importance_variance(dim: int, scale: float) -> float:
    """n times the relative variance of Ẑ for N(0, I_d) from draws of N(0, τ² I).

        (τ²/√(2τ² − 1))^d − 1 = (1 + (τ² − 1)²/(2τ² − 1))^{d/2} − 1,
            infinite for τ² ≤ ½;  0 at τ = 1 alone

    dim d, scale τ > 0. It grows exponentially with d: what makes Z hard. No digits are lost near
    τ = 1, where it is d (τ² − 1)²/2, or near τ² = ½. Cost O(1).
    Source: derived from I4.
    Checked by: normaliser_is_exponentially_hard
    """
    dim, scale = as_count(dim, "dim"), as_positive(scale, "scale")
    if scale > 2:  # τ²/√(2τ² − 1) = τ/√(2 − τ⁻²), whose squares are never too large
        log = np.log(scale) - 0.5 * np.log(2 - 1 / scale / scale)
    else:
        gap = float(2 * Fraction(scale) ** 2 - 1)  # exactly, since it cancels near τ² = ½
        if gap <= 0:
            return np.inf
        log = 0.5 * np.log1p(((scale - 1) * (scale + 1)) ** 2 / gap)
    with np.errstate(over="ignore"):
        return float(np.expm1(dim * log))


def _normalised(energy, low, high, cut, tolerance):
    as_offering(energy, "energy", "dim", "gradient")
    law = Energy(energy, energy.dim, energy.gradient)
    return law.normalise(low, high, cut=cut, tolerance=tolerance)
