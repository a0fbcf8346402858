"""Exact means and covariances of gradient estimators, by enumeration and by quadrature."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_count, as_positive, as_scalar, as_switch, beyond_float
from refscore.discrete._logits import softmax
from refscore.discrete.gradients._inputs import (
    as_variable,
    at_every_code,
    gradient_of,
    pulled_back,
    scores,
    slopes_of,
    values_at_codes,
)
from refscore.nodes import Nodes

MOST_CLASSES = 3
_NODES, _TAIL = 10, 40.0  # Gauss-Legendre nodes a panel; e^-40 of a law's mass is left out
_LEAST, _WIDE = 50.0, 60.0  # -log of a node's weight; gap of a logit to the largest, over τ > 1
_HOT = 4.0  # temperatures from which what is within e^-80 of a class's law has its moments


class Moments(NamedTuple):
    """Mean (K,) and covariance (K, K) of an estimate; its bias is the mean minus
    `expectation_gradient`, its variances are the diagonal.

    The functions that return it raise ValueError or TypeError naming the argument.
    """

    mean: np.ndarray
    covariance: np.ndarray


def moments_of(weights, estimates, mean=None) -> Moments:
    """Of estimates (n, K) with these weights; the mean, where it is known better than as a sum."""
    with beyond_float():
        mean = weights @ estimates if mean is None else mean
        centred = estimates - mean
        return Moments(mean, (weights[:, None] * centred).T @ centred)


def score_function_moments(logits, f, *, baseline=0.0) -> Moments:
    """Of one draw of the score-function estimate, by enumeration.

        Σ_k π_k ĝ_k,  Σ_k π_k (ĝ_k - m)(ĝ_k - m)ᵀ,  ĝ_k = (f(e_k) - β)(e_k - π)

    The mean is `expectation_gradient`, whatever β, and taken as that.
    Arguments: logits (K,); f as in `expectation`; baseline β, a number. Returns: `Moments`.
    Cost: K³. Source: definition.
    Checked by: score_function_variance_by_enumeration
    """
    logits = as_variable(logits)
    weights, values = softmax(logits), values_at_codes(f, len(logits))
    score = scores(np.eye(len(logits)), weights)
    estimates = (values - as_scalar(baseline, "baseline"))[:, None] * score
    return moments_of(weights, estimates, gradient_of(weights, values))


def leave_one_out_moments(logits, f, n_draws) -> Moments:
    """Of the leave-one-out estimate, the mean of its m draws: a sample covariance.

        cov ĝ = (E[f̃² s sᵀ] - c cᵀ)/m + (E f̃² E[s sᵀ] + c cᵀ)/(m(m-1)),  c = E f̃ s

    with f̃ = f - E f and s = b - π. Arguments: logits (K,); f as in `expectation`; n_draws m >= 2.
    Returns: `Moments`. Cost: K³.
    Source: derived; the variance of a U-statistic of order two (Hoeffding 1948).
    Checked by: leave_one_out_variance_by_enumeration
    """
    logits, m = as_variable(logits), as_count(n_draws, "n_draws", minimum=2)
    weights, values = softmax(logits), values_at_codes(f, len(logits))
    c, score = gradient_of(weights, values), scores(np.eye(len(logits)), weights)
    values = values - values[weights.argmax()]
    values = values - weights @ values
    both = (score.T * (weights * values**2)) @ score
    apart = (weights @ values**2) * (score.T * weights) @ score
    square = np.outer(c, c)
    return Moments(c, (both - square) / m + (apart + square) / (m * (m - 1)))


def straight_through_moments(logits, f) -> Moments:
    """Of one draw of the straight-through estimate, by enumeration.

        ĝ_k = π ∘ (∇f(e_k) - π·∇f(e_k)) with probability π_k

    Arguments: logits (K,); f with `.gradient`. Returns: `Moments`. Cost: K gradients of f, K³.
    Source: definition.
    Checked by: straight_through_bias
    """
    logits = as_variable(logits)
    weights = softmax(logits)
    slopes = at_every_code(lambda b: slopes_of(f, b), len(logits))
    return moments_of(weights, pulled_back(weights, slopes))


def relaxed_moments(logits, f, temperature, *, straight_through=False) -> Moments:
    """Of one draw of the relaxed estimate, or of its straight-through form, by quadrature.

        E ĝ and cov ĝ over `concrete_nodes(logits, τ)`,  ĝ = y ∘ (∇f - y·∇f)/τ

    with ∇f at y, or with straight_through=True at the one-hot argmax of y.
    Arguments: logits (K,), at most three classes with probability; f with `.gradient`;
    temperature τ > 0. Returns: `Moments`. Cost: some 1e5 gradients of f for three classes, 1e6
    where two are far from the largest. Error of the mean 1e-12 of E Σ_j y_k y_j |∇f_k - ∇f_j|/τ
    for quadratics and exponentials, however rare a class is up to `concrete_nodes`' 60, and as
    much of the covariance, unless f is flat to second order where its rare class is small.
    Source: derived.
    Checked by: relaxed_bias, relaxed_variance_by_quadrature, straight_through_relaxed_bias,
    erratum_relaxed_gradient_equal
    """
    nodes = concrete_nodes(logits, temperature)
    y, tau = nodes.points, as_positive(temperature, "temperature")
    hard = as_switch(straight_through, "straight_through")
    at = np.eye(y.shape[1])[y.argmax(1)] if hard else y
    return moments_of(nodes.weights, _by_pairs(y, slopes_of(f, at)) / tau)


def _by_pairs(y, slopes):
    """y ∘ (∇f - y·∇f) as Σ_j y_k y_j (∇f_k - ∇f_j): y_k near 1 loses nothing of the others."""
    estimates = np.zeros_like(y)
    with np.errstate(over="ignore", under="ignore"):
        for i, j in itertools.combinations(np.flatnonzero(y.any(0)), 2):
            passed = y[:, i] * y[:, j] * (slopes[:, i] - slopes[:, j])
            estimates[:, i] += passed
            estimates[:, j] -= passed
    return estimates


def concrete_nodes(logits, temperature) -> Nodes:
    """Nodes for expectations over y = softmax((l + g)/τ), at most three classes.

    Class b is the largest and y_i/y_b = e^{-x_i}, all x_i > 0, with the density

        τ^{K-1} (K-1)! Π_{i≠b} a_i e^{τ x_i} / (1 + Σ_{i≠b} a_i e^{τ x_i})^K,  a_i = π_i/π_b

    Gauss-Legendre panels in every x_i, finer near 0. Arguments: logits (K,), -inf allowed, which
    anything 60 max(1, τ) below the largest counts as: its y is e^{-60} or less; temperature.
    Returns: Nodes, points (m, K).
    Source: derived from Maddison, Mnih and Teh 2017.
    Checked by: relaxed_bias
    """
    logits, tau = as_variable(logits), as_positive(temperature, "temperature")
    with np.errstate(over="ignore"):
        gaps = logits.max() - logits
    open_ = np.flatnonzero(gaps < _WIDE * max(1.0, tau))
    if len(open_) > MOST_CLASSES:
        raise ValueError(
            f"logits must give at most {MOST_CLASSES} classes a probability, got {len(open_)}"
        )
    largest = [b for b, i in enumerate(open_) if tau < _HOT or gaps[i] < 2 * _TAIL]
    pieces = [_where_largest(-gaps[open_], b, tau) for b in largest]
    points = np.zeros((sum(len(w) for _, w in pieces), len(logits)))
    points[:, open_] = np.concatenate([y for y, _ in pieces])
    weights = np.concatenate([w for _, w in pieces])
    return Nodes(points, weights / weights.sum())


def _where_largest(logits, b, tau):
    """Points y whose largest entry is b, and their weights; logits with 0 for the largest."""
    others = [i for i in range(len(logits)) if i != b]
    rules = [_panels(logits[b] - logits[i], -logits[i], tau) for i in others]
    x, terms, each = (_combined([rule[i] for rule in rules]) for i in (0, 1, 2))
    log_total = np.logaddexp.reduce(np.column_stack([np.zeros(len(x)), terms]), axis=1)
    log_p = np.log(tau * each).sum(1) + terms.sum(1) - len(logits) * log_total
    with np.errstate(under="ignore"):
        weights = max(1, len(others)) * np.exp(log_p)  # (K-1)! for K <= 3
        keep = (log_p > logits.sum() - _LEAST) & (weights > 0)  # rare classes have moments, too
        y = np.insert(np.exp(-x[keep]), b, 1.0, axis=1)
    return y / y.sum(1, keepdims=True), weights[keep]


def _combined(axes):
    """All combinations of numbers, one of each axis, (m, axes)."""
    if not axes:
        return np.ones((1, 0))
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


def _panels(place, gap, tau):
    """Nodes x > 0, u = τx - place, and weights: panels that widen, never beyond the law's scale.

    The law of u is at 0 or above, up to gap - place, the largest logit's. Below 0 its density is
    e^u times what hardly changes; in the cold that counts all the way to x = 0.
    """
    first = -place if tau < _HOT else -min(place, 2 * _TAIL)
    start, edges = (place + first) / tau, [0.0]
    while tau * edges[-1] < _TAIL + (gap - place) - first:
        scale = min(6.0, max(2.0, -(first + tau * edges[-1]) / 3)) / tau
        edges.append(edges[-1] + min(1 + (start + edges[-1]) / 3, scale))
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    low, width = np.array(edges[:-1])[:, None], np.diff(edges)[:, None] / 2
    x = (low + width * (node + 1)).ravel()
    return start + x, first + tau * x, (width * weight).ravel()
