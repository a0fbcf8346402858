"""The densities of relaxed one-hot rows, on the simplex and in logarithms."""

from __future__ import annotations

import math

import numpy as np

from refscore._arguments import as_points
from refscore.discrete._logits import as_logits, as_temperature, given_or_drawn, log_softmax

SMALL = 2.0**-30  # of this size the sums of numbers up to 1.8e308 are numbers


def concrete_log_density(y, logits, temperature) -> np.ndarray:
    """log density of y = softmax((l + G)/τ) in its first K - 1 coordinates.

    log (K-1)! + (K-1) log τ + Σ_k [s_k - log Σ_j e^{s_j} - log y_k],  s_k = l_k - τ log y_k

    y (..., K): rows of sum 1 (to 1e-6), positive where the logit is finite, 0 where it is
    -inf: these codes are left out, K counts the others. logits of y's shape, or its last axes.
    Returns (...,), log densities in float64. Raises ValueError for rows off the simplex, and
    for entries that are 0, as rows of low temperature underflow: those have a density in
    logarithms, `exp_concrete_log_density`. Cost O(K) a row.
    Source: Maddison, Mnih and Teh 2017; seeds 000, 002.

    Checked by: concrete_density, concrete_rounds
    """
    y, logits = as_points(y, "y"), as_logits(logits)
    logits = _like(logits, y, "y")
    possible = np.isfinite(logits)
    if (y < 0).any() or (np.abs(y.sum(-1) - 1) > 1e-6).any():
        raise ValueError("y must be rows of the simplex: at least 0, with sum 1")
    if ((y == 0) & possible).any() or ((y > 0) & ~possible).any():
        raise ValueError(
            "y must be positive where the logit is finite, and 0 where it is -inf; rows that"
            " underflow have a density in logarithms, exp_concrete_log_density"
        )
    log_y = np.log(np.where(possible, y, 1.0))
    return _log_density(log_y, logits, temperature) - log_y.sum(-1)


def exp_concrete_log_density(log_y, logits, temperature) -> np.ndarray:
    """log density of log y in the log ratios log(y_k / y_K), k < K.

    log (K-1)! + (K-1) log τ + Σ_k [s_k - log Σ_j e^{s_j}],  s_k = l_k - τ log y_k

    That of y times Π_k y_k, the Jacobian determinant of y in its log ratios; finite at every
    temperature. log_y (..., K) from `log_gumbel_softmax`, Σ e^{log y} = 1 (to 1e-6), -inf
    where the logit is -inf and nowhere else; logits of its shape, or its last axes. Returns
    (...,). Raises ValueError otherwise. Cost O(K) a row.
    Source: Maddison, Mnih and Teh 2017.

    Checked by: exp_concrete_density
    """
    log_y, logits = as_logits(log_y, "log_y"), as_logits(logits)
    logits = _like(logits, log_y, "log_y")
    possible = np.isfinite(logits)
    if (np.isfinite(log_y) != possible).any():
        raise ValueError("log_y must be finite where the logit is, and -inf where it is -inf")
    with np.errstate(under="ignore"):
        if (np.abs(np.exp(np.minimum(log_y, 1.0)).sum(-1) - 1) > 1e-6).any():
            raise ValueError("log_y must be logarithms of rows of the simplex, with sum 1")
    return _log_density(np.where(possible, log_y, 0.0), logits, temperature)


def _log_density(log_y, logits, temperature):
    """In log ratios; codes of logit -inf are left out."""
    from scipy.special import gammaln

    tau, possible = as_temperature(temperature), np.isfinite(logits)
    with np.errstate(over="ignore"):
        s = log_softmax(logits - tau * log_y)
    count = possible.sum(-1)
    constant = gammaln(count) + (count - 1) * math.log(tau)
    return constant + np.where(possible, s, 0.0).sum(-1)


def concrete_kl(
    logits, other_logits, temperature, other_temperature, gumbels=None, *, rng=None, n=None
) -> np.ndarray:
    """log q(y) - log p(y) at a draw y of q: one unbiased value of KL(q ‖ p) of two relaxed laws.

        (K-1) log(τ/τ') + Σ_k log softmax(-G)_k - Σ_k log softmax(l' - (τ'/τ)(l + G))_k

    q of logits l and temperature τ, p of other_logits l' and other_temperature τ'. The Jacobians
    Π y_k of both densities cancel, and y itself: none underflows. The divergence of the codes,
    Σ π log(π/π'), is another number, and below it: a bound with relaxed draws needs this one.
    For two codes and τ = τ' its mean is a coth(a/2) - 2 with
    a = l_1 - l_2 - l'_1 + l'_2, whatever τ.

    logits (..., K), other_logits of that shape, or its last axes; gumbels, rng, n as in
    `gumbel_softmax`. Returns (...,), axes of draws first; inf where one law has codes that the
    other has not. Raises ValueError for τ <= 0. Cost O(K) a draw.
    Source: derived; Maddison, Mnih and Teh 2017.

    Checked by: concrete_kl_given, concrete_kl_mean, concrete_kl_draws
    """
    logits, other = as_logits(logits), as_logits(other_logits, "other_logits")
    other, tau = _like(other, logits, "logits", "other_logits"), as_temperature(temperature)
    other_tau = as_temperature(other_temperature, "other_temperature")
    g = given_or_drawn(logits, gumbels, rng, n)
    possible = np.isfinite(logits)
    apart = (possible != np.isfinite(other)).any(-1)
    shared = possible & np.isfinite(other)
    l, held, g = (np.where(shared, each, 0.0) for each in (logits, other, g))
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        ratio, l, held, g = other_tau / tau, SMALL * l, SMALL * held, SMALL * g
        logs = (_logs(-g, shared) - _logs((held - ratio * l) - ratio * g, shared)) / SMALL
        logs = logs + (shared.sum(-1) - 1) * (math.log(tau) - math.log(other_tau))
    return np.where(apart, np.inf, np.where(shared.sum(-1) > 1, logs, 0.0))  # of one code no law


def _logs(x, shared):
    """ε Σ_k log softmax(x/ε)_k over codes both laws have, ε = 2^-30; -inf where x overflowed."""
    top = np.where(shared, x, -np.inf).max(-1, keepdims=True)
    below = np.where(shared, x - top, -np.inf)
    total = SMALL * np.log(np.exp(below / SMALL).sum(-1, keepdims=True))
    logs = np.where(shared, below - total, 0.0).sum(-1)
    return np.where((shared & ~np.isfinite(x)).any(-1), -np.inf, logs)


def concrete_log_density_gradient(y, logits, temperature) -> np.ndarray:
    """The gradient of `concrete_log_density` in the logits: 1 - K softmax(l - τ log y).

    The score function of the relaxed law; also the gradient of `exp_concrete_log_density`, whose
    other factor, Π_k y_k, knows no l. Arguments and errors as there; returns (..., K), 0 where
    the logit is -inf, rows that sum to 0. Cost O(K) a row. Source: derived.

    Checked by: concrete_density_gradient
    """
    y, logits = as_points(y, "y"), as_logits(logits)
    concrete_log_density(y, logits, temperature)  # its errors
    logits = _like(logits, y, "y")
    possible = np.isfinite(logits)
    s = logits - as_temperature(temperature) * np.log(np.where(possible, y, 1.0))
    with np.errstate(under="ignore"):
        share = np.exp(log_softmax(s))
    return np.where(possible, 1 - possible.sum(-1, keepdims=True) * share, 0.0)


def _like(logits, y, name, own="logits"):
    """Logits of every row."""
    if logits.shape != y.shape[y.ndim - min(y.ndim, logits.ndim) :]:
        raise ValueError(
            f"{own} must have the shape of {name}, {y.shape}, or its last axes; got shape"
            f" {logits.shape}"
        )
    return np.broadcast_to(logits, y.shape)
