"""Mistakes in straight-through and relaxed gradients."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.discrete_gradients import hot, jacobian_times, softmax

THROUGH, RELAXED = "straight_through_gradient", "relaxed_gradient"
HARD = "straight_through_relaxed_gradient"


@mistake("straight_through_identity", port=THROUGH, source="classic: the softmax's Jacobian lost")
def _(logits, f, gumbels):
    """The gradient at the sample is passed to the logits as it is."""
    return f.gradient(hot(logits + gumbels)).mean(0)


@mistake("straight_through_detached_wrong_side", port=THROUGH, source="D28")
def _(logits, f, gumbels):
    """The soft part is subtracted where it should be added: the gradient is negated."""
    return -library.straight_through_gradient(logits, f, gumbels)


@mistake("straight_through_soft_forward", port=THROUGH, source="classic: no hard sample")
def _(logits, f, gumbels):
    """f is differentiated at the probabilities."""
    pi = softmax(logits)
    return jacobian_times(pi, f.gradient(pi[None])[0])


@mistake("straight_through_selected_code_only", port=THROUGH,
         source="D09: vector-quantize-pytorch #59")  # fmt: skip
def _(logits, f, gumbels):
    """Only the selected class passes a gradient on."""
    b = hot(logits + gumbels)
    return jacobian_times(softmax(logits), b * f.gradient(b)).mean(0)


@mistake("straight_through_no_path", port=THROUGH, source="classic: a hard sample has no gradient")
def _(logits, f, gumbels):
    """The sample is hard in both directions: the gradient is zero."""
    return np.zeros(len(logits))


@mistake("straight_through_diagonal_jacobian", port=THROUGH, source="classic: sigmoids")
def _(logits, f, gumbels):
    """Only the diagonal of the softmax's Jacobian is used."""
    pi = softmax(logits)
    return pi * (1 - pi) * f.gradient(hot(logits + gumbels)).mean(0)


@mistake("straight_through_not_centred", port=THROUGH, source="classic: normaliser left out")
def _(logits, f, gumbels):
    """The gradient is multiplied by the probabilities alone."""
    return softmax(logits) * f.gradient(hot(logits + gumbels)).mean(0)


@mistake("straight_through_summed", port=THROUGH, source="T01")
def _(logits, f, gumbels):
    """Draws are summed, not averaged."""
    return len(gumbels) * library.straight_through_gradient(logits, f, gumbels)


@mistake("straight_through_without_noise", port=THROUGH, source="classic: argmax for a draw")
def _(logits, f, gumbels):
    """The most likely class stands for a draw."""
    return library.straight_through_gradient(logits, f, 0 * gumbels)


@mistake("straight_through_gumbel_sign", port=THROUGH, source="D04")
def _(logits, f, gumbels):
    """The Gumbel number is subtracted before the largest is taken."""
    return library.straight_through_gradient(logits, f, -gumbels)


@mistake("straight_through_noisy_softmax", port=THROUGH,
         source="classic: Gumbel-softmax for straight-through")  # fmt: skip
def _(logits, f, gumbels):
    """Backward goes through the softmax of the noisy logits."""
    return library.straight_through_relaxed_gradient(logits, f, 1.0, gumbels)


def _through(f, y, temperature):
    return (jacobian_times(y, f.gradient(y)) / temperature).mean(0)


@mistake(
    "relaxed_gradient_noise_divided_alone", port=RELAXED, source="classic: temperature on one side"
)
def _(logits, f, temperature, gumbels):
    """The temperature divides the Gumbel numbers, not the logits."""
    return _through(f, softmax(logits + gumbels / temperature), 1.0)


@mistake(
    "relaxed_gradient_logits_divided_alone", port=RELAXED, source="classic: temperature on one side"
)
def _(logits, f, temperature, gumbels):
    """The temperature divides the logits, not the Gumbel numbers."""
    return _through(f, softmax(logits / temperature + gumbels), temperature)


@mistake("relaxed_gradient_temperature_lost_backward", port=RELAXED, source="classic: chain rule")
def _(logits, f, temperature, gumbels):
    """The derivative lacks the factor 1/τ."""
    return temperature * library.relaxed_gradient(logits, f, temperature, gumbels)


@mistake("relaxed_gradient_temperature_twice_backward", port=RELAXED, source="classic: exponent")
def _(logits, f, temperature, gumbels):
    """The derivative has the factor 1/τ²."""
    return library.relaxed_gradient(logits, f, temperature, gumbels) / temperature


@mistake(
    "relaxed_gradient_temperature_multiplies", port=RELAXED, source="classic: inverse temperature"
)
def _(logits, f, temperature, gumbels):
    """The noisy logits are multiplied by the temperature."""
    return library.relaxed_gradient(logits, f, 1 / temperature, gumbels)


@mistake("relaxed_gradient_temperature_ignored", port=RELAXED, source="D05: tf-imle #1")
def _(logits, f, temperature, gumbels):
    """The temperature goes elsewhere: the relaxation has τ = 1."""
    return library.relaxed_gradient(logits, f, 1.0, gumbels)


@mistake("relaxed_gradient_gumbel_sign", port=RELAXED, source="D04")
def _(logits, f, temperature, gumbels):
    """The Gumbel numbers are subtracted."""
    return library.relaxed_gradient(logits, f, temperature, -gumbels)


@mistake("relaxed_gradient_hard_forward", port=RELAXED, source="classic: hard=True left on")
def _(logits, f, temperature, gumbels):
    """f is differentiated at the hard sample."""
    return library.straight_through_relaxed_gradient(logits, f, temperature, gumbels)


@mistake("relaxed_gradient_diagonal_jacobian", port=RELAXED, source="classic: sigmoids")
def _(logits, f, temperature, gumbels):
    """Only the diagonal y (1 - y) of the softmax's Jacobian is used."""
    y = softmax((logits + gumbels) / temperature)
    return (y * (1 - y) * f.gradient(y) / temperature).mean(0)


@mistake(
    "relaxed_gradient_softmax_over_draws",
    port=RELAXED,
    source="classic: softmax over the batch axis",
)
def _(logits, f, temperature, gumbels):
    """The softmax is taken over the draws, the derivative as if over the classes."""
    return _through(f, softmax((logits + gumbels) / temperature, axis=0), temperature)


@mistake("relaxed_gradient_no_path", port=RELAXED, source="classic: softmax(dim=0), or detach()")
def _(logits, f, temperature, gumbels):
    """The gradient is 0: the softmax is over the draws (dim=0), or the sample is detached."""
    return np.zeros(len(logits))


@mistake("relaxed_gradient_probabilities_for_logits", port=RELAXED, source="D07")
def _(logits, f, temperature, gumbels):
    """Noise is added to the probabilities; backward through these as well."""
    pi = softmax(logits)
    y = softmax((pi + gumbels) / temperature)
    return jacobian_times(pi, _through(f, y, temperature))


@mistake(
    "relaxed_gradient_noiseless_jacobian",
    port=RELAXED,
    source="classic: Jacobian at the wrong point",
)
def _(logits, f, temperature, gumbels):
    """Backward goes through the softmax of the logits without their noise."""
    y = softmax((logits + gumbels) / temperature)
    return jacobian_times(softmax(logits / temperature), f.gradient(y).mean(0)) / temperature


@mistake("relaxed_gradient_summed", port=RELAXED, source="T01")
def _(logits, f, temperature, gumbels):
    """Draws are summed, not averaged."""
    return len(gumbels) * library.relaxed_gradient(logits, f, temperature, gumbels)


@mistake("relaxed_gradient_one_noise_a_draw", port=RELAXED, source="O26: noise shared")
def _(logits, f, temperature, gumbels):
    """All classes of a draw share one Gumbel number, which the softmax does not see."""
    return library.relaxed_gradient(logits, f, temperature, 0 * gumbels)


@mistake("hard_relaxed_soft_forward", port=HARD, source="classic: hard=False")
def _(logits, f, temperature, gumbels):
    """f is differentiated at the soft sample."""
    return library.relaxed_gradient(logits, f, temperature, gumbels)


@mistake("hard_relaxed_detached_wrong_side", port=HARD, source="D28: y_hard - y + sg(y)")
def _(logits, f, temperature, gumbels):
    """The soft sample is subtracted where it should be added: the gradient is negated."""
    return -library.straight_through_relaxed_gradient(logits, f, temperature, gumbels)


@mistake("hard_relaxed_selected_code_only", port=HARD, source="D09")
def _(logits, f, temperature, gumbels):
    """Only the selected class passes a gradient on."""
    noisy = logits + gumbels
    b = hot(noisy)
    return (jacobian_times(softmax(noisy / temperature), b * f.gradient(b)) / temperature).mean(0)


@mistake("hard_relaxed_temperature_lost_backward", port=HARD, source="classic: chain rule")
def _(logits, f, temperature, gumbels):
    """The derivative lacks the factor 1/τ."""
    right = library.straight_through_relaxed_gradient(logits, f, temperature, gumbels)
    return temperature * right


@mistake("hard_relaxed_temperature_ignored", port=HARD, source="D05")
def _(logits, f, temperature, gumbels):
    """Backward goes through the softmax at τ = 1."""
    return library.straight_through_relaxed_gradient(logits, f, 1.0, gumbels)


@mistake("hard_relaxed_noiseless_jacobian", port=HARD, source="classic: straight-through for it")
def _(logits, f, temperature, gumbels):
    """Backward goes through the probabilities, not through the relaxed sample."""
    return library.straight_through_gradient(logits, f, gumbels)


@mistake("hard_relaxed_no_path", port=HARD, source="classic: a hard sample has no gradient")
def _(logits, f, temperature, gumbels):
    """The sample is hard in both directions: the gradient is zero."""
    return np.zeros(len(logits))


@mistake("hard_relaxed_gumbel_sign", port=HARD, source="D04")
def _(logits, f, temperature, gumbels):
    """The Gumbel numbers are subtracted."""
    return library.straight_through_relaxed_gradient(logits, f, temperature, -gumbels)
