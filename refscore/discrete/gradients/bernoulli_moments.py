"""Exact means and covariances of gradient estimators over bits."""

from __future__ import annotations

import itertools

import numpy as np

from refscore._arguments import as_positive, as_scalar, require_finite
from refscore.discrete._logits import sigmoid
from refscore.discrete.gradients._inputs import as_bit_logits, slopes_of, values_of
from refscore.discrete.gradients.bernoulli import (
    bernoulli_expectation_gradient,
    bit_scores,
    enumerated_bits,
)
from refscore.discrete.gradients.moments import Moments, concrete_nodes, moments_of

MOST_ANTITHETIC, MOST_RELAXED = 12, 2


def bernoulli_score_function_moments(logits, f, *, baseline=0.0) -> Moments:
    """Of one draw of the score-function estimate over bits, by enumeration.

        Σ_b p(b) ĝ_b,  Σ_b p(b) (ĝ_b - m)(ĝ_b - m)ᵀ,  ĝ_b = (f(b) - β)(b - θ)

    The mean is `bernoulli_expectation_gradient`, whatever β, and taken as that.
    Arguments: logits (d,), d <= 20; f, of vectors of bits; baseline β, a number. Returns:
    `Moments`. Cost: 2^d values of f, 2^d d². Source: definition.
    Tested in: tests/discrete/test_bernoulli_moments.py
    """
    bits, weights = enumerated_bits(logits)
    values = values_of(f, bits)
    estimates = values - as_scalar(baseline, "baseline")
    estimates = estimates[:, None] * bit_scores(bits, as_bit_logits(logits))
    mean = bernoulli_expectation_gradient(logits, lambda _: values)
    return moments_of(weights, estimates, mean)


def bernoulli_straight_through_moments(logits, f) -> Moments:
    """Of one draw of the straight-through estimate over bits, by enumeration.

        ĝ_b = θ(1-θ) ∘ ∇f(b) with probability p(b)

    Arguments: logits (d,), d <= 20; f with `.gradient`. Returns: `Moments`. Cost: 2^d gradients
    of f, 2^d d². Source: definition.
    Tested in: tests/discrete/test_bernoulli_moments.py
    """
    bits, weights = enumerated_bits(logits)
    logits = as_bit_logits(logits)
    return moments_of(weights, sigmoid(logits) * sigmoid(-logits) * slopes_of(f, bits))


def bernoulli_relaxed_moments(logits, f, temperature) -> Moments:
    """Of one draw of the relaxed estimate over one or two bits, by quadrature.

        E ĝ and cov ĝ,  ĝ = y (1-y) ∘ ∇f(y)/τ,  y_i and 1 - y_i over `concrete_nodes((l_i, 0), τ)`

    Arguments: logits (d,), d <= 2, finite; f with `.gradient`; temperature τ > 0. Returns:
    `Moments`. Cost: some 1e3 gradients of f for one bit, 1e5 or 1e6 for two; errors as of
    `relaxed_moments`. Source: derived.
    Tested in: tests/discrete/test_bernoulli_moments.py
    """
    logits = require_finite(as_bit_logits(logits, one=True), "logits")
    if len(logits) > MOST_RELAXED:
        raise ValueError(f"logits must be of at most {MOST_RELAXED} bits, got {len(logits)}")
    tau = as_positive(temperature, "temperature")
    rules = [concrete_nodes(np.array([l, 0.0]), tau) for l in logits]
    at = np.stack(np.meshgrid(*(np.arange(len(r.weights)) for r in rules), indexing="ij"), -1)
    at = at.reshape(-1, len(logits))
    on, off = (np.stack([r.points[i, k] for r, i in zip(rules, at.T)], -1) for k in (0, 1))
    weights = np.prod([r.weights[i] for r, i in zip(rules, at.T)], axis=0)
    with np.errstate(under="ignore"):
        return moments_of(weights, on * off * slopes_of(f, on) / tau)


def arm_moments(logits, f) -> Moments:
    """Of one draw of the ARM estimate, by enumeration of where every uniform number falls.

    With q = min(θ, 1-θ) a uniform number is below q, between, or above 1-q; there u - ½ has mean
    ∓(1-q)/2 or 0 and variance q²/12 or (1-2q)²/12.
    Arguments: logits (d,), d <= 12; f, of vectors of bits. Returns: `Moments`.
    Cost: 2·3^d values of f. Source: derived.
    Checked by: arm_variance_by_enumeration
    """
    return _antithetic_moments(logits, f, averaged=False)


def disarm_moments(logits, f) -> Moments:
    """Of one draw of the DisARM estimate: as ARM's, without the variance inside an interval.

    Arguments, returns and cost as `arm_moments`. Source: derived.
    Checked by: disarm_variance_by_enumeration
    """
    return _antithetic_moments(logits, f, averaged=True)


def _antithetic_moments(logits, f, *, averaged):
    logits = as_bit_logits(logits, one=True)
    if len(logits) > MOST_ANTITHETIC:
        raise ValueError(f"logits must be of at most {MOST_ANTITHETIC} bits, got {len(logits)}")
    q = sigmoid(-np.abs(logits))
    place = np.array(list(itertools.product((-1, 0, 1), repeat=len(logits))))
    middle = np.tanh(np.abs(logits) / 2)  # 1 - 2q
    weights = np.where(place == 0, middle, q).prod(1)
    between = (logits > 0).astype(float)
    above = np.where(place == 0, between, place == 1)
    below = np.where(place == 0, between, place == -1)
    difference = values_of(f, above) - values_of(f, below)
    moments = moments_of(weights, difference[:, None] * place * sigmoid(np.abs(logits)) / 2)
    if averaged:
        return moments
    inside = np.where(place == 0, middle, q) ** 2 / 12
    more = weights @ (difference[:, None] ** 2 * inside)
    return moments._replace(covariance=moments.covariance + np.diag(more))
