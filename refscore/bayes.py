"""Bayes with scores: denoising by Tweedie's formula, linear-Gaussian posteriors, guidance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore._arguments import (
    as_array,
    as_covariance,
    as_points,
    as_positive,
    as_real,
    as_scalar,
    beyond_float,
    require_finite,
)
from refscore.distributions._far import FarMixture, FarPoints
from refscore.distributions._spread import Spread, apply, spread_of
from refscore.distributions.empirical import Empirical
from refscore.distributions.gaussian import Gaussian
from refscore.distributions.mixture import GaussianMixture
from refscore.fields import Affine, Field
from refscore.fields.base import as_field

EPSILON = np.finfo(float).eps


class Denoised(NamedTuple):
    """E[X | y] (..., d) and Cov[X | y] (..., d, d)."""

    mean: np.ndarray
    covariance: np.ndarray


def denoise(score: Field, y, alpha, sigma) -> Denoised:
    """Mean and covariance of X given Y = alpha X + sigma Z = y, from the score of Y.

        E[X | y] = (y + σ² s(y)) / α        Cov[X | y] = (σ² I + σ⁴ ∇s(y)) / α²

    `score` the score of the law of Y; `y` (..., d); `alpha` ≠ 0; `sigma` ≥ 0. For data
    coming in at large alpha/sigma the covariance is a small difference of large terms:
    its error is about ε σ²/α². Cost: one Jacobian a point.
    Source: Robbins (1956) and Efron (2011), Tweedie's formula; the covariance by
    differentiating once more.
    Checked by: tweedie
    """
    score, alpha = as_field(score, "score"), as_scalar(alpha, "alpha")
    sigma = as_positive(sigma, "sigma", zero=True)
    if alpha == 0:
        raise ValueError("alpha must not be 0: Y then says nothing about X")
    y = as_points(y, "y", score.dim)
    mean = (y + sigma**2 * score(y)) / alpha
    identity = np.eye(score.dim)
    return Denoised(mean, (sigma / alpha) ** 2 * (identity + sigma**2 * score.jacobian(y)))


def posterior(law, H, y, noise_covariance, weight=1.0):
    """The law ∝ p(x) p(y|x)^w for y = H x + n, n ~ N(0, R), in closed form.

        G_k = S_k Hᵀ M_k⁻¹,   M_k = H S_k Hᵀ + R/w
        mean m_k + G_k (y − H m_k),   covariance S_k − G_k H S_k = (P_k + w Hᵀ R⁻¹ H)⁻¹
        weight ∝ π_k N(y; H m_k, M_k)

    `law` a Gaussian, GaussianMixture or Empirical prior (its covariances may be singular);
    `H` (k, d); `y` (k,); `noise_covariance` R (k, k), (k,) or a number, may be singular as
    long as every M_k is not; `weight` w ≥ 0, 1 for Bayes, 0 gives the prior back. Returns a
    Gaussian, else a GaussianMixture. Covariances by Joseph's form, which stays positive;
    what an observation without noise determines has variance zero, and the law no density.
    This holds at one noise level: adding a likelihood score at every level of a diffusion
    samples another law. Cost: O(d² k) per distinct covariance.
    Source: derived by completing the square; row A7 of the catalogue, `refscore identities A7`.
    Checked by: bayes_posterior, guided_score_adds
    """
    if not isinstance(law, (Gaussian, GaussianMixture, Empirical)):
        raise TypeError(
            "law must be a Gaussian, GaussianMixture or Empirical for a posterior in closed"
            f" form, got {type(law).__name__}"
        )
    h, y = _observation(H, y, law.dim)
    noise = spread_of(noise_covariance, "noise_covariance", len(y)).matrices()[0]
    weight = as_positive(weight, "weight", zero=True)
    if weight == 0:
        return law
    with beyond_float():
        if isinstance(law, Gaussian):
            gain, covariance = _condition(law._spread.values[0], h, noise / weight)[:2]
            mean = require_finite(law.mean + gain @ (y - h @ law.mean), "y far from H m: the mean")
            why = "" if (np.linalg.eigvalsh(noise) > 0).all() else "an observation has no noise"
            one = Spread(covariance[None], np.zeros(1, dtype=int), "covariance", why)
            return Gaussian.__new__(Gaussian)._hold(mean, one)
        return _mixture_posterior(law, h, y, noise / weight)


def _mixture_posterior(law, h, y, noise):
    parts = [_condition(values, h, noise) for values in law._spread.values]
    residuals = y - law._means @ h.T
    means = law._means.copy()
    for g, (gain, _, _) in enumerate(parts):
        mine = law._spread.index == g
        means[mine] += residuals[mine] @ gain.T
    require_finite(means, "y far from H m: the posterior's means")
    weights = _component_weights(law, h, y, np.stack([part[2] for part in parts]))
    spread = Spread(np.stack([part[1] for part in parts]), law._spread.index, "covariances")
    return GaussianMixture.__new__(GaussianMixture)._hold(weights, means, spread)


def _component_weights(law, h, y, totals):
    """π_k N(y; H m_k, M_k) / Σ_j …, from differences of logarithms pair by pair.

    Far out −½ z² has no digits left for the difference of two components; `_far` keeps them.
    """
    active = np.flatnonzero(law._weights > 0)
    first = law._means[active[0]]
    means, y = (law._means[active] - first) @ h.T, (y - h @ first)[:, None]
    spread = Spread(totals, law._spread.index[active], "H covariance Hᵀ + noise_covariance")
    logits = np.log(law._weights[active]) - 0.5 * spread.log_det[spread.index]
    far = FarMixture(logits.copy(), means, spread)
    for g, w in enumerate(spread.whitener):
        mine = spread.index == g
        logits[mine] -= 0.5 * (apply(w, y - means[mine].T) ** 2).sum(axis=0)
    leader = [logits.argmax()] if logits.max() > -np.inf else far._leader(y)
    weights = np.zeros(len(law._weights))
    everyone = np.ones((1, len(active)), dtype=bool)
    weights[active] = FarPoints(far, y, everyone, np.asarray(leader)).r
    if not abs(weights.sum() - 1) < 1e-8:
        raise ValueError("y lies too far from H m of every component to weigh them")
    return weights


def _condition(values, h, noise):
    """Gain, posterior covariance, and M, for a prior covariance."""
    cross = apply(values, h.T)  # S Hᵀ, (d, k)
    total = h @ cross + noise
    total = as_covariance(0.5 * (total + total.T), "H covariance Hᵀ + noise_covariance / weight")
    root = np.linalg.cholesky(total)
    gain = np.linalg.solve(root.T, np.linalg.solve(root, cross.T)).T
    keep = np.eye(len(cross)) - gain @ h
    covariance = keep @ apply(values, keep.T) + gain @ noise @ gain.T
    sd = np.sqrt(values if values.ndim == 1 else np.diagonal(values))
    return gain, _without_the_known(0.5 * (covariance + covariance.T), h, noise, total, sd), total


def _without_the_known(covariance, h, noise, total, sd):
    """The posterior covariance C with C Hᵀ u = 0, exactly, for every noiseless direction u.

    C Hᵀ = S Hᵀ M⁻¹ R. Noise below ε² of M is lost in Joseph's form and counts as none. Pivots are
    chosen in units of the prior's standard deviations.
    """
    variances, vectors = np.linalg.eigh(noise)
    silent = variances <= (len(h) * EPSILON) ** 2 * np.abs(total).max()
    rows = (sd[:, None] * h.T @ vectors[:, silent]).T
    known = np.empty(len(rows), dtype=int)  # coordinates that the others determine
    for i in range(len(rows)):
        known[i] = np.abs(rows[i]).argmax()
        rows[i] /= rows[i, known[i]]
        others = np.arange(len(rows)) != i
        rows[others] -= np.outer(rows[others, known[i]], rows[i])
    free, unit = np.delete(np.arange(len(sd)), known), np.where(sd > 0, sd, 1.0)
    from_free = np.zeros((len(sd), len(free)))
    from_free[free, np.arange(len(free))], from_free[known] = 1.0, -rows[:, free]
    from_free = from_free * unit[:, None] / unit[free]
    covariance = from_free @ covariance[np.ix_(free, free)] @ from_free.T
    return 0.5 * (covariance + covariance.T)


class LikelihoodScore(Affine):
    """∇ₓ log N(y; H x, R) = Hᵀ R⁻¹ (y − H x), evaluated from the residual y − H x."""

    def __init__(self, h, y, whitener):
        self._h, self._y, self._w = h, y, whitener
        wh = apply(whitener, h)
        super().__init__(-(wh.T @ wh), wh.T @ apply(whitener, y[:, None])[:, 0])

    def _whitened(self, x):
        return apply(self._w, self._y[:, None] - self._h @ x.T)

    def _value(self, x):
        return (self._h.T @ apply(self._w.T, self._whitened(x))).T

    def _energy(self, x):
        return 0.5 * (self._whitened(x) ** 2).sum(axis=0)


def likelihood_score(H, y, noise_covariance) -> LikelihoodScore:
    """The affine field ∇ₓ log p(y|x) of y = H x + n, n ~ N(0, R).

        s(x) = Hᵀ R⁻¹ (y − H x)

    `H` (k, d); `y` (k,); `noise_covariance` R (k, k), (k,) or a number, positive definite.
    Its `matrix` is −Hᵀ R⁻¹ H and its `offset` Hᵀ R⁻¹ y. Source: derived.
    Checked by: dps_posterior_score
    """
    h, y = _observation(H, y, None)
    noise = spread_of(noise_covariance, "noise_covariance", len(y))
    with beyond_float():
        return LikelihoodScore(h, y, noise.whitener[0])


def guided_score(score: Field, likelihood_score: Field, weight=1.0) -> Field:
    """The field s(x) + w ∇ log p(y|x), the score of p(x) p(y|x)^w.

    `score` the prior's; `likelihood_score` any Field of the same dimension; `weight` a
    number. Source: Bayes' rule; row A7 of the catalogue, `refscore identities A7`.
    Tested in: tests/test_bayes.py
    """
    score, likelihood_score = (
        as_field(score, "score"),
        as_field(likelihood_score, "likelihood_score"),
    )
    if score.dim != likelihood_score.dim:
        raise ValueError(
            f"likelihood_score must have the dimension of score, {score.dim};"
            f" got {likelihood_score.dim}"
        )
    return score + as_scalar(weight, "weight") * likelihood_score


def _observation(H, y, dim):
    h = as_array(H, "H", (None, dim))
    if 0 in h.shape:
        raise ValueError(f"H must have shape (k, d) with k, d >= 1, got {h.shape}")
    return h.copy(), as_array(as_real(y, "y"), "y", (len(h),)).copy()
