"""The score-function estimator (REINFORCE) and its baselines."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_count, as_positive, as_scalar
from refscore.discrete._logits import as_logits, softmax
from refscore.discrete.gradients._inputs import (
    as_baseline,
    as_gumbels,
    as_variable,
    drawn,
    pulled_back,
    scores,
    slopes_of,
    values_at_codes,
    values_of,
    without_own,
)


def _scored(logits, gumbels):
    """One-hot b = argmax(l + g) and its score ∂ log π(b)/∂l = b - π."""
    hot = drawn(logits, gumbels)
    return hot, scores(hot, softmax(logits))


def score_function_gradient(
    logits, f, gumbels=None, *, rng=None, n_draws=1, baseline=0.0
) -> np.ndarray:
    """The score-function estimate of ∂E f/∂l, one a draw.

        ĝ_i = (f(b_i) - β_i)(b_i - π),  b_i = one-hot argmax(l + g_i)

    Unbiased for any baseline β_i that does not depend on b_i. Arguments: logits l (..., K);
    f, a function of vectors (..., K) that gives (...,), of several variables together a number
    a draw that is repeated for each of them; gumbels (m, ..., K), or `n_draws` drawn
    from `rng`; baseline, a number or an array of the shape of f's values (m, ...).
    Returns: (m, ..., K); the estimate is their mean. Raises: ValueError naming the argument.
    Cost: m values of f. Source: Williams 1992.
    Checked by: score_function_given_draws, score_function_unbiased, score_function_mean,
    score_function_of_frequencies
    """
    logits = as_logits(logits)
    hot, score = _scored(logits, as_gumbels(gumbels, logits, rng, n_draws))
    values = values_of(f, hot)
    return (values - as_baseline(baseline, values))[..., None] * score


def leave_one_out_gradient(logits, f, gumbels=None, *, rng=None, n_draws=2) -> np.ndarray:
    """The score-function estimate whose baseline is the mean of the other draws' values.

        ĝ_i = (f(b_i) - 1/(m-1) Σ_{j≠i} f(b_j))(b_i - π)
            = m/(m-1) (f(b_i) - f̄)(b_i - π)

    Its mean over i is unbiased: the sample covariance of f and the score. Arguments as
    `score_function_gradient`, m >= 2. Returns: (m, ..., K). Cost: m values of f.
    Source: Kool, van Hoof and Welling 2019.
    Checked by: leave_one_out_given_draws, leave_one_out_unbiased, leave_one_out_mean,
        leave_one_out_of_frequencies
    """
    logits = as_logits(logits)
    if gumbels is None:
        n_draws = as_count(n_draws, "n_draws", minimum=2)
    gumbels = as_gumbels(gumbels, logits, rng, n_draws)
    if len(gumbels) < 2:
        raise ValueError("gumbels must hold at least two draws to leave one out, got 1")
    hot, score = _scored(logits, gumbels)
    return without_own(values_of(f, hot))[..., None] * score


def control_variate_gradient(
    logits, f, surrogate, gumbels=None, *, rng=None, n_draws=1
) -> np.ndarray:
    """The score-function estimate with a learned baseline that may see its own draw.

        ĝ_i = (f(b_i) - c(b̂_i))(b_i - π) + ∂E c/∂l

    with c the surrogate's first-order expansion at π, c(b) = s(π) + ∇s(π)·(b - π), whose
    expectation is known: ∂E c/∂l = π ∘ (∇s(π) - π·∇s(π)). Unbiased for every surrogate s.
    Arguments as `score_function_gradient`; surrogate, a function of vectors with `.gradient`.
    Returns: (m, ..., K). Cost: m values of f, one value and gradient of the surrogate.
    Source: Gu, Levine, Sutskever and Mnih 2016 (MuProp).
    Checked by: control_variate_given_draws, control_variate_unbiased, control_variate_mean
    """
    logits = as_logits(logits)
    hot, score = _scored(logits, as_gumbels(gumbels, logits, rng, n_draws))
    mean = softmax(logits)
    slope = slopes_of(surrogate, mean, "surrogate")
    line = values_of(surrogate, mean, "surrogate") + (slope * score).sum(-1)
    return (values_of(f, hot) - line)[..., None] * score + pulled_back(mean, slope)


def running_baseline(values, *, decay=0.9, start=0.0) -> np.ndarray:
    """A moving average of the values seen so far: a baseline that is learned as draws come.

        β_0 = start,  β_{i+1} = decay β_i + (1 - decay) f_i

    β_i knows the draws before i alone, so that it leaves the estimate unbiased.
    Arguments: values f (m, ...) in the order of the draws; decay in [0, 1). Returns: (m, ...).
    Raises: ValueError naming the argument. Cost: O(m). Source: definition.
    Tested in: tests/discrete/test_gradient_estimators.py
    """
    values = as_array(values, "values")
    if values.ndim == 0:
        raise ValueError("values must have shape (m, ...), got a scalar")
    decay = as_positive(decay, "decay", zero=True)
    if decay >= 1:
        raise ValueError(f"decay must be below 1, got {decay!r}")
    baseline = np.full_like(values, as_scalar(start, "start"))
    for i in range(1, len(values)):
        baseline[i] = decay * baseline[i - 1] + (1 - decay) * values[i - 1]
    return baseline


def best_baseline(logits, f) -> float:
    """The constant baseline of least variance, summed over the classes.

        β* = E[f(b) |b - π|²] / E |b - π|²

    With two classes it is (1-θ) f(1) + θ f(0), and the variance is zero. Arguments: logits (K,);
    f as in `expectation`. Returns: a number; E f where only one class is possible.
    Raises: ValueError naming the argument. Cost: K values of f. Source: derived.
    Checked by: best_baseline_is_least
    """
    logits = as_variable(logits)
    probabilities = softmax(logits)
    values = values_at_codes(f, len(logits))
    weights = probabilities * _squares(probabilities)
    if weights.sum() == 0:
        return float(probabilities @ values)
    return float(weights @ values / weights.sum())


def _squares(probabilities):
    """|e_k - π|² = (1-π_k)² + Σ_{j≠k} π_j², of the likeliest class without taking 1 - π_k."""
    squares = (1 - probabilities) ** 2 + probabilities @ probabilities - probabilities**2
    first = probabilities.argmax()
    others = np.delete(probabilities, first)
    squares[first] = others.sum() ** 2 + others @ others
    return squares
