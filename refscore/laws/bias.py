"""What a step size costs on a Gaussian N(μ, S): bias, correlation, stability, signal to noise."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_ladder, as_positive, beyond_float
from refscore.laws._information import fisher_information
from refscore.laws._shared import eigenbasis
from refscore.nodes import gaussian_components


def stability_limit(law) -> float:
    """The step size from which the unadjusted Langevin step has no stationary law.

        η < 4 λ_min(S)

    Arguments: law with .mean (d,) and .covariance (d, d). Returns: a number. Cost: O(d³).
    Source: derived.
    Checked by: stability_limit
    """
    return float(4 * eigenbasis(law)[1].min())


def wasserstein_bias(law, step_size) -> float:
    """The Wasserstein-2 distance of N(μ, S) from the chain's stationary law.

        W² = Σ (√v - √λ)²,  v = λ/(1 - η/(4λ)),  √v - √λ = √λ q/((1 + √(1-q)) √(1-q)), q = η/(4λ)

    Arguments: law with .mean (d,) and .covariance (d, d); step_size η, below the stability
    limit. Returns: a number. Raises: ValueError beyond it. Cost: O(d³). Source: derived.
    Checked by: wasserstein_bias
    """
    variances, q = _stable(law, step_size)
    root = np.sqrt(1 - q)
    return float(np.linalg.norm(np.sqrt(variances) * q / ((1 + root) * root)))


def autocorrelation_time(law, step_size, direction=None) -> float:
    """The integrated autocorrelation time of u·x along the unadjusted chain on N(μ, S).

        1 + 2 Σ_{k>=1} ρ_k = Σ w_i (4λ_i - η)/η / Σ w_i,  w_i = (u·e_i)² λ_i/(1 - η/(4λ_i))

    Arguments: law with .mean (d,) and .covariance (d, d); step_size η, below the stability
    limit; direction u (d,), unless given the slowest, that of the largest variance.
    Returns: a number, so that n steps are worth n/τ independent draws for the mean of u·x.
    Raises: ValueError beyond the limit or for u = 0. Cost: O(d³). Source: derived.
    Checked by: autocorrelation_time
    """
    (variances, q), E = _stable(law, step_size), eigenbasis(law)[2]
    times = 1 / q - 1
    if direction is None:
        return float(times.max())
    u = as_array(direction, "direction", (len(E),))
    if not u.any():
        raise ValueError("direction must not be zero")
    weights = (u / np.abs(u).max() @ E) ** 2 * variances / (1 - q)
    return float(weights @ times / weights.sum())


def signal_to_noise(law, sigmas, step_size) -> np.ndarray:
    """Drift against noise at every level of an annealed chain whose points follow that level.

        E‖(η_t/2) s_t‖² / E‖√η_t z‖² = η_t I(q_t)/(4d),  η_t = η (σ_t/σ_T)²

    with I(q_t) = E‖∇ log q_t‖² of the law with noise σ_t. Constant for a point mass, (η/4)/σ_T²,
    and nearly so wherever σ_t is large beside the data. On the line I comes from an adaptive
    rule, to 1e-12; of a mixture with d > 1 from Gauss-Hermite nodes (150 an axis of the plane, 60
    in space or for more than 100 components), where it must agree with −E ∇·s to 1e-6:
    components of very different width are refused.
    Arguments: law, a Gaussian or a mixture (d <= 3); sigmas (T,), descending; step_size η > 0.
    Returns: (T,). Raises: ValueError naming the argument.
    Cost: T (d³ or, of each of K components, 150² or 60³ scores, 300 K or more on the line).
    Source: Song and Ermon 2019, section 4.3 (as constant); derived.
    Checked by: signal_to_noise
    """
    sigmas, eta = as_ladder(sigmas, "sigmas"), as_positive(step_size, "step_size")
    gaussian_components(law)
    with beyond_float():
        information = np.array([fisher_information(law.diffuse(1.0, s), s) for s in sigmas])
        ratios = eta * (sigmas / sigmas[-1]) ** 2 * information / (4 * law.dim)
    if not np.isfinite(ratios).all():
        raise ValueError(
            "sigmas and step_size must be such that eta (sigma/sigma_T)^2 stays below 1e308, got"
            f" {ratios.tolist()}"[:200]
        )
    return ratios


def _stable(law, step_size):
    """(λ, η/(4λ)), the latter below one."""
    eta, variances = as_positive(step_size, "step_size"), eigenbasis(law)[1]
    limit = 4 * variances.min()
    if eta >= limit:
        raise ValueError(
            f"step_size must be below 4 times the smallest variance, {limit:.6g}, or the chain"
            f" has no stationary law; got {eta:.6g}"
        )
    return variances, eta / (4 * variances)
