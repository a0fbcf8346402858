"""Mistakes in what is said of estimates of gradients over discrete variables: means, variances."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.discrete_gradients import jacobian_times, softmax

SCORE, BASELINE, LEFT_OUT = "score_function_variance", "best_baseline", "leave_one_out_variance"
THROUGH, RELAXED, SPREAD = "straight_through_mean", "relaxed_mean", "relaxed_variance"
HARD, ARM, DISARM = "straight_through_relaxed_mean", "arm_variance", "disarm_variance"


@mistake("score_variance_not_centred", port=SCORE, source="classic: second moment for variance")
def _(logits, f, baseline):
    """The squared mean is not subtracted."""
    right = library.score_function_variance(logits, f, baseline)
    return right + library.expectation_gradient(logits, f) ** 2


@mistake("score_variance_baseline_ignored", port=SCORE, source="classic")
def _(logits, f, baseline):
    """The baseline is left out."""
    return library.score_function_variance(logits, f, 0.0)


@mistake("score_variance_baseline_added", port=SCORE, source="classic: sign")
def _(logits, f, baseline):
    """The baseline is added."""
    return library.score_function_variance(logits, f, -baseline)


@mistake("score_variance_is_deviation", port=SCORE, source="M01: variance and deviation")
def _(logits, f, baseline):
    """The standard deviation is given."""
    return np.sqrt(library.score_function_variance(logits, f, baseline))


@mistake("score_variance_of_uniform_classes", port=SCORE, source="classic: weights")
def _(logits, f, baseline):
    """Classes are weighted alike."""
    dim = len(logits)
    terms = (f(np.eye(dim)) - baseline)[:, None] * (np.eye(dim) - softmax(logits))
    return terms.var(0)


@mistake("baseline_is_the_mean", port=BASELINE, source="classic: E f taken for the best")
def _(logits, f):
    """The mean of f is given: best only where all scores have one length."""
    return softmax(logits) @ f(np.eye(len(logits)))


@mistake("baseline_of_uniform_classes", port=BASELINE, source="classic: weights")
def _(logits, f):
    """Squared scores are not weighted by the probabilities."""
    squares = ((np.eye(len(logits)) - softmax(logits)) ** 2).sum(1)
    return squares @ f(np.eye(len(logits))) / squares.sum()


@mistake("baseline_by_lengths", port=BASELINE, source="classic: exponent")
def _(logits, f):
    """Scores weigh by their lengths, not by their squares."""
    pi = softmax(logits)
    weights = pi * np.sqrt(((np.eye(len(logits)) - pi) ** 2).sum(1))
    return weights @ f(np.eye(len(logits))) / weights.sum()


@mistake("baseline_sign", port=BASELINE, source="classic: sign")
def _(logits, f):
    """The sign is that of what is added."""
    return -library.best_baseline(logits, f)


@mistake("leave_one_out_variance_of_known_mean", port=LEFT_OUT, source="classic: first term alone")
def _(logits, f, n):
    """The baseline is taken for the exact mean of f: the term of order 1/n² is left out."""
    mean = softmax(logits) @ f(np.eye(len(logits)))
    return library.score_function_variance(logits, f, mean) / n


@mistake("leave_one_out_variance_of_no_baseline", port=LEFT_OUT, source="classic")
def _(logits, f, n):
    """The variance is that of n draws without a baseline."""
    return library.score_function_variance(logits, f, 0.0) / n


@mistake("leave_one_out_variance_with_own_draw", port=LEFT_OUT, source="classic: (m-1)/m")
def _(logits, f, n):
    """The own draw is in its baseline."""
    return ((n - 1) / n) ** 2 * library.leave_one_out_variance(logits, f, n)


@mistake("leave_one_out_variance_of_one", port=LEFT_OUT, source="T01")
def _(logits, f, n):
    """The variance is not divided by n."""
    return n * library.leave_one_out_variance(logits, f, n)


@mistake("leave_one_out_variance_pairs_squared", port=LEFT_OUT, source="classic: m² for m(m-1)")
def _(logits, f, n):
    """The second term is divided by n², not n (n - 1)."""
    mean = softmax(logits) @ f(np.eye(len(logits)))
    first = library.score_function_variance(logits, f, mean) / n
    second = library.leave_one_out_variance(logits, f, n) - first
    return first + second * (n - 1) / n


@mistake("straight_through_called_unbiased", port=THROUGH, source="erratum J6a")
def _(logits, f):
    """The exact gradient is given for the mean of the straight-through estimate."""
    return library.expectation_gradient(logits, f)


@mistake("straight_through_mean_at_mean", port=THROUGH, source="classic: E ∇f(b) for ∇f(E b)")
def _(logits, f):
    """f is differentiated at the probabilities."""
    pi = softmax(logits)
    return jacobian_times(pi, f.gradient(pi[None])[0])


@mistake("straight_through_mean_without_jacobian", port=THROUGH, source="classic: chain rule")
def _(logits, f):
    """The mean gradient at the draws is not passed through the softmax."""
    return softmax(logits) @ f.gradient(np.eye(len(logits)))


@mistake("straight_through_mean_of_uniform_classes", port=THROUGH, source="classic: weights")
def _(logits, f):
    """Classes are weighted alike."""
    return jacobian_times(softmax(logits), f.gradient(np.eye(len(logits))).mean(0))


@mistake("relaxed_called_unbiased", port=RELAXED, source="erratum J6a: the lectures write =")
def _(logits, f, temperature):
    """The exact gradient is given for the mean of the relaxed one."""
    return library.expectation_gradient(logits, f)


@mistake("relaxed_mean_temperature_lost", port=RELAXED, source="classic: chain rule")
def _(logits, f, temperature):
    """The factor 1/τ is left out."""
    return temperature * library.relaxed_mean(logits, f, temperature)


@mistake("relaxed_mean_without_noise", port=RELAXED, source="classic: softmax for its mean")
def _(logits, f, temperature):
    """The Gumbel numbers are left out: f at the softmax of the logits over τ."""
    y = softmax(logits / temperature)
    return jacobian_times(y, f.gradient(y[None])[0]) / temperature


@mistake("relaxed_mean_of_hard_form", port=RELAXED, source="classic: hard=True left on")
def _(logits, f, temperature):
    """The mean is that of the straight-through form."""
    return library.straight_through_relaxed_mean(logits, f, temperature)


@mistake("relaxed_mean_temperature_inverted", port=RELAXED, source="classic: inverse temperature")
def _(logits, f, temperature):
    """The temperature multiplies."""
    return library.relaxed_mean(logits, f, 1 / max(temperature, 0.25))


@mistake("relaxed_variance_not_centred", port=SPREAD, source="classic: second moment for variance")
def _(logits, f, temperature):
    """The squared mean is not subtracted."""
    mean = library.relaxed_mean(logits, f, temperature)
    return library.relaxed_variance(logits, f, temperature) + mean**2


@mistake("relaxed_variance_temperature_once", port=SPREAD, source="classic: exponent")
def _(logits, f, temperature):
    """One factor 1/τ of two is left out."""
    return temperature * library.relaxed_variance(logits, f, temperature)


@mistake("relaxed_variance_is_deviation", port=SPREAD, source="M01: variance and deviation")
def _(logits, f, temperature):
    """The standard deviation is given."""
    return np.sqrt(library.relaxed_variance(logits, f, temperature))


@mistake("relaxed_variance_of_score_function", port=SPREAD, source="classic: the other estimate")
def _(logits, f, temperature):
    """The variance is that of the score-function estimate."""
    return library.score_function_variance(logits, f, 0.0)


@mistake("hard_relaxed_called_unbiased", port=HARD, source="erratum J6a")
def _(logits, f, temperature):
    """The exact gradient is given for the mean of the straight-through form."""
    return library.expectation_gradient(logits, f)


@mistake("hard_relaxed_mean_of_soft_form", port=HARD, source="classic: hard=False")
def _(logits, f, temperature):
    """The mean is that of the relaxed gradient."""
    return library.relaxed_mean(logits, f, temperature)


@mistake("hard_relaxed_mean_temperature_lost", port=HARD, source="classic: chain rule")
def _(logits, f, temperature):
    """The factor 1/τ is left out."""
    return temperature * library.straight_through_relaxed_mean(logits, f, temperature)


@mistake("hard_relaxed_mean_of_straight_through", port=HARD, source="classic: the other estimate")
def _(logits, f, temperature):
    """The mean is that of the straight-through estimate, backward through the softmax."""
    return library.straight_through_mean(logits, f)


@mistake("arm_variance_of_disarm", port=ARM, source="classic: the other estimate")
def _(logits, f):
    """The variance of the uniform numbers given the bits is left out."""
    return library.disarm_variance(logits, f)


@mistake("arm_variance_not_centred", port=ARM, source="classic: second moment for variance")
def _(logits, f):
    """The squared mean is not subtracted."""
    mean = library.bernoulli_expectation_gradient(logits, f)
    return library.arm_variance(logits, f) + mean**2


@mistake("arm_variance_doubled_factor", port=ARM, source="classic: 2u - 1 for u - 1/2")
def _(logits, f):
    """The difference is multiplied by 2u - 1."""
    return 4 * library.arm_variance(logits, f)


@mistake("arm_variance_is_deviation", port=ARM, source="M01: variance and deviation")
def _(logits, f):
    """The standard deviation is given."""
    return np.sqrt(library.arm_variance(logits, f))


@mistake("disarm_variance_of_arm", port=DISARM, source="classic: the other estimate")
def _(logits, f):
    """The variance is ARM's."""
    return library.arm_variance(logits, f)


@mistake("disarm_variance_not_centred", port=DISARM, source="classic: second moment for variance")
def _(logits, f):
    """The squared mean is not subtracted."""
    mean = library.bernoulli_expectation_gradient(logits, f)
    return library.disarm_variance(logits, f) + mean**2


@mistake("disarm_variance_without_half", port=DISARM, source="classic: factor")
def _(logits, f):
    """The factor 1/2 is left out of the estimate."""
    return 4 * library.disarm_variance(logits, f)
