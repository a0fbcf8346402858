"""Mistakes in exact gradients over discrete variables and in score-function estimates."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.gumbel import sigmoid

EXACT, BITS = "expectation_gradient", "bernoulli_expectation_gradient"
SCORE, LEFT_OUT = "score_function_gradient", "leave_one_out_gradient"
CONTROL = "control_variate_gradient"


def softmax(z, axis=-1):
    """e^z over its sum."""
    raised = np.exp(z - z.max(axis, keepdims=True))
    return raised / raised.sum(axis, keepdims=True)


def jacobian_times(pi, v):
    """π ∘ (v - π·v)."""
    return pi * (v - (pi * v).sum(-1, keepdims=True))


def hot(scores):
    """One-hot at the largest, of the last axis."""
    return np.eye(scores.shape[-1])[scores.argmax(-1)]


def _at_codes(logits, f):
    return softmax(logits), f(np.eye(len(logits)))


@mistake("expectation_gradient_in_probabilities", port=EXACT, source="classic: π for logits")
def _(logits, f):
    """The derivative in the probabilities, f(e_k), is given for that in the logits."""
    return _at_codes(logits, f)[1]


@mistake("expectation_gradient_not_centred", port=EXACT, source="classic: normaliser left out")
def _(logits, f):
    """The mean of f is not subtracted: the normaliser of the softmax has no derivative."""
    pi, values = _at_codes(logits, f)
    return pi * values


@mistake("expectation_gradient_diagonal_jacobian", port=EXACT, source="classic: sigmoids")
def _(logits, f):
    """Only the diagonal π (1 - π) of the softmax's Jacobian is used."""
    pi, values = _at_codes(logits, f)
    return pi * (1 - pi) * values


@mistake("expectation_gradient_softmax_twice", port=EXACT, source="D07")
def _(logits, f):
    """Probabilities are taken for logits: the softmax is applied twice."""
    pi = softmax(logits)
    return jacobian_times(pi, library.expectation_gradient(pi, f))


@mistake("expectation_gradient_of_descent", port=EXACT, source="classic: sign")
def _(logits, f):
    """The sign is that of a step down."""
    return -library.expectation_gradient(logits, f)


def _all_bits(logits, f):
    d = len(logits)
    bits = (np.arange(2**d)[:, None] >> np.arange(d)) & 1
    bits, theta = bits.astype(float), sigmoid(logits)
    return bits, theta, np.where(bits == 1, theta, 1 - theta).prod(1), f(bits)


@mistake("bits_gradient_in_probabilities", port=BITS, source="classic: θ for logits")
def _(logits, f):
    """The derivative is that in the probabilities: θ (1 - θ) is lost."""
    theta = sigmoid(logits)
    return library.bernoulli_expectation_gradient(logits, f) / (theta * (1 - theta))


@mistake("bits_gradient_at_mean", port=BITS, source="classic: E f(b) for f(E b)")
def _(logits, f):
    """f is differentiated at the mean of the bits."""
    theta = sigmoid(logits)
    return theta * (1 - theta) * f.gradient(theta[None])[0]


@mistake("bits_gradient_of_uniform_bits", port=BITS, source="classic: weights")
def _(logits, f):
    """All vectors of bits are weighted alike."""
    bits, theta, weights, values = _all_bits(logits, f)
    return (values / len(weights)) @ (bits - theta)


@mistake("bits_gradient_of_spins", port=BITS, source="conventions: bits of -1 and 1")
def _(logits, f):
    """Bits are handed to f as -1 and 1."""
    return library.bernoulli_expectation_gradient(logits, lambda b: f(2 * b - 1))


@mistake("bits_gradient_of_descent", port=BITS, source="classic: sign")
def _(logits, f):
    """The sign is that of a step down."""
    return -library.bernoulli_expectation_gradient(logits, f)


def _scored(logits, f, gumbels):
    b = hot(logits + gumbels)
    return b, softmax(logits), f(b)


def _mean(weights, terms):
    return (weights[:, None] * terms).mean(0)


@mistake("score_function_baseline_added", port=SCORE, source="classic: sign")
def _(logits, f, baseline, gumbels):
    """The baseline is added."""
    return library.score_function_gradient(logits, f, -baseline, gumbels)


@mistake("score_function_baseline_ignored", port=SCORE, source="classic")
def _(logits, f, baseline, gumbels):
    """The baseline is left out."""
    return library.score_function_gradient(logits, f, 0.0, gumbels)


@mistake("score_function_of_descent", port=SCORE, source="classic: sign of a loss")
def _(logits, f, baseline, gumbels):
    """The sign is that of a step down."""
    return -library.score_function_gradient(logits, f, baseline, gumbels)


@mistake("score_function_of_probability", port=SCORE, source="classic: logarithm left out")
def _(logits, f, baseline, gumbels):
    """The gradient of π(b) stands for that of its logarithm."""
    b, pi, values = _scored(logits, f, gumbels)
    return _mean((values - baseline) * (b @ pi), b - pi)


@mistake("score_function_without_normaliser", port=SCORE, source="classic: logits for log π")
def _(logits, f, baseline, gumbels):
    """The logit of the class drawn is differentiated, not its log probability."""
    b, _, values = _scored(logits, f, gumbels)
    return _mean(values - baseline, b)


@mistake("score_function_summed", port=SCORE, source="T01")
def _(logits, f, baseline, gumbels):
    """Draws are summed, not averaged."""
    return len(gumbels) * library.score_function_gradient(logits, f, baseline, gumbels)


@mistake("score_function_baseline_of_own_draw", port=SCORE,
         source="classic: a baseline that depends on the sample")  # fmt: skip
def _(logits, f, baseline, gumbels):
    """The mean of f over all draws, the own among them, is the baseline: biased by (m-1)/m."""
    b, pi, values = _scored(logits, f, gumbels)
    return _mean(values - values.mean(), b - pi)


@mistake("score_function_values_standardised", port=SCORE,
         source="classic: rewards divided by their deviation")  # fmt: skip
def _(logits, f, baseline, gumbels):
    """Values are divided by their standard deviation over the draws."""
    b, pi, values = _scored(logits, f, gumbels)
    return _mean((values - baseline) / values.std(), b - pi)


@mistake("score_function_gumbel_sign", port=SCORE, source="D04: chainerrl #104")
def _(logits, f, baseline, gumbels):
    """The Gumbel number is subtracted before the largest is taken."""
    return library.score_function_gradient(logits, f, baseline, -gumbels)


@mistake("score_function_without_noise", port=SCORE, source="classic: argmax for a draw")
def _(logits, f, baseline, gumbels):
    """The most likely class stands for a draw."""
    return library.score_function_gradient(logits, f, baseline, 0 * gumbels)


@mistake("score_function_values_of_neighbour", port=SCORE, source="classic: index")
def _(logits, f, baseline, gumbels):
    """Every draw's score is multiplied by the value of the next one."""
    b, pi, values = _scored(logits, f, gumbels)
    return _mean(np.roll(values, -1) - baseline, b - pi)


@mistake("score_function_probabilities_for_logits", port=SCORE, source="D07: pytorch #97851")
def _(logits, f, baseline, gumbels):
    """Draws are made from probabilities taken for logits."""
    b, pi = hot(softmax(logits) + gumbels), softmax(logits)
    return _mean(f(b) - baseline, b - pi)


@mistake("leave_one_out_with_own_draw", port=LEFT_OUT,
         source="classic: a baseline that depends on the sample")  # fmt: skip
def _(logits, f, gumbels):
    """The own draw is in its baseline: the estimate is too small by (m-1)/m."""
    m = len(gumbels)
    return (m - 1) / m * library.leave_one_out_gradient(logits, f, gumbels)


@mistake("leave_one_out_divided_by_all", port=LEFT_OUT, source="classic: m for m - 1")
def _(logits, f, gumbels):
    """The sum over the other draws is divided by their number and one."""
    b, pi, values = _scored(logits, f, gumbels)
    return _mean(values - (values.sum() - values) / len(values), b - pi)


@mistake("leave_one_out_baseline_added", port=LEFT_OUT, source="classic: sign")
def _(logits, f, gumbels):
    """The mean of the other draws is added."""
    b, pi, values = _scored(logits, f, gumbels)
    return _mean(values + (values.sum() - values) / (len(values) - 1), b - pi)


@mistake("leave_one_out_summed", port=LEFT_OUT, source="T01")
def _(logits, f, gumbels):
    """Draws are summed, not averaged."""
    return len(gumbels) * library.leave_one_out_gradient(logits, f, gumbels)


@mistake("leave_one_out_of_descent", port=LEFT_OUT, source="classic: sign of a loss")
def _(logits, f, gumbels):
    """The sign is that of a step down."""
    return -library.leave_one_out_gradient(logits, f, gumbels)


@mistake("leave_one_out_of_earlier_draws", port=LEFT_OUT, source="classic: a running mean")
def _(logits, f, gumbels):
    """The baseline is the mean of the draws before, not of all the others."""
    b, pi, values = _scored(logits, f, gumbels)
    before = np.cumsum(values) - values
    return _mean(values - before / np.maximum(np.arange(len(values)), 1), b - pi)


def _controlled(logits, f, surrogate, gumbels):
    b, pi, values = _scored(logits, f, gumbels)
    at, slope = surrogate(pi[None])[0], surrogate.gradient(pi[None])[0]
    return b, pi, values, at, slope


@mistake("control_mean_left_out", port=CONTROL, source="classic: biased baseline")
def _(logits, f, surrogate, gumbels):
    """The gradient of the control's own mean is not added back."""
    *_, slope = _controlled(logits, f, surrogate, gumbels)
    right = library.control_variate_gradient(logits, f, surrogate, gumbels)
    return right - jacobian_times(softmax(logits), slope)


@mistake("control_mean_subtracted", port=CONTROL, source="classic: sign")
def _(logits, f, surrogate, gumbels):
    """The gradient of the control's own mean is subtracted."""
    *_, slope = _controlled(logits, f, surrogate, gumbels)
    right = library.control_variate_gradient(logits, f, surrogate, gumbels)
    return right - 2 * jacobian_times(softmax(logits), slope)


@mistake("control_mean_without_jacobian", port=CONTROL, source="classic: chain rule")
def _(logits, f, surrogate, gumbels):
    """The surrogate's slope is added back without the softmax's Jacobian."""
    *_, slope = _controlled(logits, f, surrogate, gumbels)
    right = library.control_variate_gradient(logits, f, surrogate, gumbels)
    return right - jacobian_times(softmax(logits), slope) + slope


@mistake("control_added_to_values", port=CONTROL, source="classic: sign")
def _(logits, f, surrogate, gumbels):
    """The control is added to f, not subtracted."""
    b, pi, values, at, slope = _controlled(logits, f, surrogate, gumbels)
    return _mean(values + at + (b - pi) @ slope, b - pi) + jacobian_times(pi, slope)


@mistake("control_value_left_out", port=CONTROL, source="classic: no constant term")
def _(logits, f, surrogate, gumbels):
    """The control is the slope's part alone, without the surrogate's value at π."""
    b, pi, values, _, slope = _controlled(logits, f, surrogate, gumbels)
    return _mean(values - (b - pi) @ slope, b - pi) + jacobian_times(pi, slope)


@mistake("control_not_centred", port=CONTROL, source="classic: expansion about 0")
def _(logits, f, surrogate, gumbels):
    """The slope is multiplied by b, not by b - π."""
    b, pi, values, at, slope = _controlled(logits, f, surrogate, gumbels)
    return _mean(values - at - b @ slope, b - pi) + jacobian_times(pi, slope)


@mistake("control_slope_at_draw", port=CONTROL, source="classic: expanded at the sample")
def _(logits, f, surrogate, gumbels):
    """The surrogate's slope is taken at the draw: its mean is not that of the control."""
    b, pi, values, at, slope = _controlled(logits, f, surrogate, gumbels)
    own = ((b - pi) * surrogate.gradient(b)).sum(1)
    return _mean(values - at - own, b - pi) + jacobian_times(pi, slope)
