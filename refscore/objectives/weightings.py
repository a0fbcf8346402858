"""Weights of noise levels, each with its reading on the score, and laws of the levels.

With Y = α X + σ Z and the residual r = s(Y) + Z/σ, every regression of diffusion models is a
weight on ‖r‖²: see `score_weight`. No weight carries the ½ of the losses.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import (
    as_array,
    as_count,
    as_offering,
    as_positive,
    as_rng,
    as_scalar,
    beyond_float,
)

TARGETS = ("score", "noise", "data", "velocity", "flow")
PREDICTIONS = ("noise", "velocity", "data")


def sigma_squared_weight(sigmas) -> np.ndarray:
    """λ(σ) = σ², which makes the loss of the zero score d/2 at every level.

    sigmas: levels σ > 0 of any shape. On the score; on the noise ẑ = −σ s its reading is 1.
    Checked by: ladder_given_noise
    """
    with beyond_float():
        return _positive(sigmas, "sigmas") ** 2


def likelihood_weight(process, t) -> np.ndarray:
    """λ(t) = g(t)²: ½∫ g² E‖s + Z/σ‖² dt bounds −log p up to a constant free of s.

    process: with `diffusion(t)` g; t: times of any shape. For a geometric ladder of exploding
    variance g² = 2σ² log(σ_max/σ_min): the weight σ² up to a factor.
    Source: Song, Durkan, Murray and Ermon (2021), theorem 1.
    Tested in: tests/objectives/test_weightings.py
    """
    process = as_offering(process, "process", "diffusion")
    return np.asarray(process.diffusion(as_array(t, "t"))) ** 2


def min_snr_weight(snr, gamma=5.0, prediction="noise") -> np.ndarray:
    """The min-SNR weight on the squared error of a prediction, SNR = α²/σ².

        noise  min(SNR, γ)/SNR     velocity  min(SNR, γ)/(SNR + 1)     data  min(SNR, γ)

    The three are one weight on the score where α² + σ² = 1. snr: above 0, any shape; gamma:
    γ > 0; prediction: "noise", "velocity" or "data". Returns an array of snr's shape.
    Raises ValueError naming the argument.
    Source: Hang et al., Efficient diffusion training via min-SNR weighting (2023).
    Checked by: min_snr_values, min_snr_is_one_weight
    """
    snr, gamma = _positive(snr, "snr"), as_positive(gamma, "gamma")
    _known(prediction, "prediction", PREDICTIONS)
    clamped = np.minimum(snr, gamma)
    if prediction == "data":
        return clamped
    return clamped / (snr if prediction == "noise" else snr + 1.0)


def edm_weight(sigmas, sigma_data) -> np.ndarray:
    """EDM's weight on ‖D − x‖²: (σ² + σ_d²)/(σ σ_d)², so that weight · c_out² = 1.

    sigmas: levels σ > 0 of any shape; sigma_data: σ_d > 0. On the score its reading is σ⁴
    times as large: `score_weight(edm_weight(σ, σ_d), "data", 1, σ)`. Source: Karras et al.
    (2022), table 1.
    Checked by: edm_weight_values, edm_unit_variance
    """
    sigmas, sigma_data = _positive(sigmas, "sigmas"), as_positive(sigma_data, "sigma_data")
    with beyond_float():
        return (1 / sigmas) ** 2 + (1 / sigma_data) ** 2


def score_weight(weight, target, alpha, sigma) -> np.ndarray:
    """The weight on ‖s + z/σ‖² that equals `weight` on the squared error of a target.

        score  1     noise ẑ = −σ s  σ²     data x̂ = (y + σ² s)/α  σ⁴/α²
        velocity v = α z − σ x  (σ/α)²(α² + σ²)²     flow u = z − x  (σ/α)²(α + σ)²

    where y = α x + σ z, and v and u are predicted through ẑ and x̂. weight: an array;
    target: one of these five words; alpha: above 0; sigma: above 0; all of one shape, or
    numbers. Returns weight times the factor. Raises ValueError naming the argument.
    Checked by: score_weights
    """
    _known(target, "target", TARGETS)
    weight = as_array(weight, "weight")
    alpha, sigma = (_positive(v, n) for v, n in ((alpha, "alpha"), (sigma, "sigma")))
    for value, name in ((alpha, "alpha"), (sigma, "sigma")):
        if value.ndim and weight.ndim and value.shape != weight.shape:
            raise ValueError(f"{name} must have weight's shape {weight.shape}, got {value.shape}")
    if alpha.ndim and sigma.ndim and alpha.shape != sigma.shape:
        raise ValueError(f"sigma must have alpha's shape {alpha.shape}, got {sigma.shape}")
    if target == "score":
        return weight * np.ones(np.broadcast_shapes(alpha.shape, sigma.shape))
    with beyond_float():
        slopes = {
            "noise": sigma,
            "data": sigma**2 / alpha,
            "velocity": sigma / alpha * (alpha**2 + sigma**2),
            "flow": sigma / alpha * (alpha + sigma),
        }
        return weight * slopes[target] ** 2


def uncertainty_loss(squares, log_variance) -> np.ndarray:
    """½(‖r‖² e^(−u) + u): a Gaussian's −log density with learned log variance u, up to a constant.

    squares: ‖r‖² ≥ 0; log_variance: u, of the same shape or a number. The best u is log ‖r‖².
    Checked by: uncertainty_weighting
    """
    squares, u = as_array(squares, "squares"), as_array(log_variance, "log_variance")
    if u.ndim and u.shape != squares.shape:
        raise ValueError(f"log_variance must have squares' shape {squares.shape}, got {u.shape}")
    with beyond_float():
        return 0.5 * (squares * np.exp(-u) + u)


def geometric_sigmas(sigma_max, sigma_min, n) -> np.ndarray:
    """A ladder σ_l = σ_max (σ_min/σ_max)^(l/(n−1)), l = 0, ..., n − 1: both ends included.

    sigma_max > sigma_min > 0; n: two levels or more. Returns (n,), decreasing.
    Source: Song and Ermon (2019), section 4.2.
    Checked by: geometric_ladder
    """
    high, low = _range(sigma_min, sigma_max)
    return np.geomspace(high, low, as_count(n, "n", minimum=2))


def log_uniform_sigmas(uniforms, sigma_min, sigma_max) -> np.ndarray:
    """Levels σ_min (σ_max/σ_min)^u, whose logarithm is uniform where u is.

    uniforms: u in [0, 1], any shape; sigma_max > sigma_min > 0. Returns their shape.
    Checked by: log_uniform_levels
    """
    u, (high, low) = as_array(uniforms, "uniforms"), _range(sigma_min, sigma_max)
    if u.size and (u.min() < 0 or u.max() > 1):
        raise ValueError(f"uniforms must lie in [0, 1], got {u.min()} to {u.max()}")
    return np.exp((1 - u) * np.log(low) + u * np.log(high))


def edm_sigmas(normals, p_mean=-1.2, p_std=1.2) -> np.ndarray:
    """EDM's levels for training, exp(P_mean + P_std z): their logarithm is normal.

    normals: standard normal z, any shape; p_mean: a number; p_std > 0. Returns z's shape.
    Source: Karras et al. (2022), table 1.
    Checked by: log_normal_levels
    """
    z, mean = as_array(normals, "normals"), as_scalar(p_mean, "p_mean")
    with beyond_float():
        return np.exp(mean + as_positive(p_std, "p_std") * z)


def draw_levels(n, n_levels, *, rng=None) -> np.ndarray:
    """n independent levels, uniform over all of 0, ..., n_levels − 1.

    rng: anything numpy.random.default_rng takes. Returns (n,) whole numbers.
    Checked by: levels_are_drawn_from_all
    """
    n, count = as_count(n, "n", minimum=0), as_count(n_levels, "n_levels")
    return as_rng(rng, "levels").integers(count, size=n)


def _positive(value, name):
    array = as_array(value, name)
    if array.size and array.min() <= 0:
        raise ValueError(f"{name} must be positive, got {array.min()!r}")
    return array


def _known(value, name, words):
    if not isinstance(value, str) or value not in words:
        raise ValueError(f"{name} must be one of {words}, got {value!r}")


def _range(sigma_min, sigma_max):
    low, high = as_positive(sigma_min, "sigma_min"), as_positive(sigma_max, "sigma_max")
    if high <= low:
        raise ValueError(f"sigma_max must exceed sigma_min, got {high} and {low}")
    return high, low
