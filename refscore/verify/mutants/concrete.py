"""Mistakes in relaxed one-hot rows and in what they pass back."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.gumbel import shares

SOFT, HARD = "gumbel_softmax", "gumbel_softmax_hard"
BACK, THROUGH = "gumbel_softmax_gradient", "gumbel_softmax_hard_gradient"
HEAT = "gumbel_softmax_temperature_gradient"


def _possible(rows):
    """0 for what is no number, as where -inf is taken from -inf."""
    return np.where(np.isfinite(rows), rows, 0.0)


@mistake("concrete_temperature_multiplies", port=SOFT, source="classic: the wrong side")
def _(logits, temperature, gumbels):
    """The temperature multiplies."""
    return shares((logits + gumbels) * temperature)


@mistake("concrete_temperature_on_logits_alone", port=SOFT, source="classic: D06 reversed")
def _(logits, temperature, gumbels):
    """The temperature divides the logits, not the noise."""
    return shares(logits / temperature + gumbels)


@mistake("concrete_temperature_on_noise_alone", port=SOFT, source="classic: parentheses")
def _(logits, temperature, gumbels):
    """The temperature divides the noise, not the logits."""
    return shares(logits + gumbels / temperature)


@mistake("concrete_temperature_as_epsilon", port=SOFT, source="D05: nec-research/tf-imle #1")
def _(logits, temperature, gumbels):
    """The temperature is added to the uniform numbers in their logarithms; the rows have none."""
    u = np.exp(-np.exp(-gumbels))
    return shares(logits - np.log(np.abs(-np.log(u + temperature) + temperature)))


@mistake("concrete_over_the_batch", port=SOFT, source="classic: the axis of the softmax")
def _(logits, temperature, gumbels):
    """The softmax runs over the rows."""
    return shares((logits + gumbels).T / temperature).T


@mistake("concrete_noise_subtracted", port=SOFT, source="D04")
def _(logits, temperature, gumbels):
    """The Gumbel numbers are subtracted."""
    return shares((logits - gumbels) / temperature)


@mistake("concrete_of_probabilities", port=SOFT, source="D07: pytorch #97851")
def _(logits, temperature, gumbels):
    """Probabilities stand where logits are meant."""
    return shares((shares(logits) + gumbels) / temperature)


@mistake("concrete_noise_shared", port=SOFT, source="classic: one draw for the batch")
def _(logits, temperature, gumbels):
    """Every row is given the Gumbel numbers of the first."""
    return shares((logits + gumbels[0]) / temperature)


@mistake("concrete_without_noise", port=SOFT, source="classic: a softmax alone")
def _(logits, temperature, gumbels):
    """The softmax of the logits over the temperature: no draw at all."""
    return shares(logits / temperature)


@mistake("concrete_overflows", port=SOFT, source="classic: the largest is not subtracted")
def _(logits, temperature, gumbels):
    """Exponentials are taken as they are, and overflow."""
    with np.errstate(all="ignore"):
        weights = np.exp((logits + gumbels) / temperature)
        return weights / weights.sum(-1, keepdims=True)


@mistake("concrete_floor", port=SOFT, source="classic: clamped probabilities")
def _(logits, temperature, gumbels):
    """1e-6 is added to every entry against logarithms of 0, and the sum is no longer 1."""
    return library.gumbel_softmax(logits, temperature, gumbels) + 1e-6


@mistake("hard_of_logits", port=HARD, source="classic: the mode, not a draw")
def _(logits, temperature, gumbels):
    """The largest logit is rounded to, the noise is not seen."""
    return np.eye(logits.shape[1])[logits.argmax(1)]


@mistake("hard_beyond_half", port=HARD, source="classic: rounding by threshold")
def _(logits, temperature, gumbels):
    """Entries above one half are 1, so that rows without such an entry are empty."""
    return (library.gumbel_softmax(logits, temperature, gumbels) > 0.5).astype(float)


@mistake("hard_all_of_equals", port=HARD, source="classic: y == max y")
def _(logits, temperature, gumbels):
    """All entries that equal the largest are 1."""
    z = logits + gumbels
    return (z == z.max(1, keepdims=True)).astype(float)


@mistake("hard_left_soft", port=HARD, source="classic: the flag is ignored")
def _(logits, temperature, gumbels):
    """The soft row is returned."""
    return library.gumbel_softmax(logits, temperature, gumbels)


@mistake("hard_noise_subtracted", port=HARD, source="D04")
def _(logits, temperature, gumbels):
    """The Gumbel numbers are subtracted."""
    return np.eye(logits.shape[1])[(logits - gumbels).argmax(1)]


def _soft(logits, temperature, gumbels):
    return library.gumbel_softmax(logits, temperature, gumbels)


def _inner(y, c):
    return (y * c).sum(-1, keepdims=True)


@mistake("concrete_gradient_without_temperature", port=BACK, source="classic: 1/tau forgotten")
def _(logits, temperature, cotangent, gumbels):
    """The factor 1/tau is missing."""
    return temperature * library.gumbel_softmax_gradient(logits, temperature, cotangent, gumbels)


@mistake("concrete_gradient_times_temperature", port=BACK, source="classic: the wrong side")
def _(logits, temperature, cotangent, gumbels):
    """The temperature multiplies the gradient."""
    right = library.gumbel_softmax_gradient(logits, temperature, cotangent, gumbels)
    return temperature**2 * right


@mistake("concrete_gradient_diagonal", port=BACK, source="classic: y (1 - y) as of a bit")
def _(logits, temperature, cotangent, gumbels):
    """Only the diagonal of the softmax's Jacobian is kept."""
    y = _soft(logits, temperature, gumbels)
    return y * (1 - y) * cotangent / temperature


@mistake("concrete_gradient_not_centred", port=BACK, source="classic: the normaliser's derivative")
def _(logits, temperature, cotangent, gumbels):
    """The derivative of the normaliser is missing."""
    return _soft(logits, temperature, gumbels) * cotangent / temperature


@mistake("concrete_gradient_centred_by_mean", port=BACK, source="classic: unweighted mean")
def _(logits, temperature, cotangent, gumbels):
    """The cotangent's plain mean is subtracted, not the one weighted by the row."""
    y = _soft(logits, temperature, gumbels)
    return y * (cotangent - cotangent.mean(-1, keepdims=True)) / temperature


@mistake("concrete_gradient_without_noise", port=BACK, source="classic: another draw behind")
def _(logits, temperature, cotangent, gumbels):
    """The derivative is taken at the softmax of the logits, not at the row drawn."""
    return library.gumbel_softmax_gradient(logits, temperature, cotangent, 0 * gumbels)


@mistake("through_without_path", port=THROUGH, source="classic: an argmax has no gradient")
def _(logits, temperature, cotangent, gumbels):
    """The hard row has no path back: the gradient is 0."""
    return np.zeros(logits.shape)


@mistake("through_negated", port=THROUGH, source="D28: y_hard - y + sg(y)")
def _(logits, temperature, cotangent, gumbels):
    """The wrong side is detached: the gradient is negated, the value the same."""
    return -library.gumbel_softmax_hard_gradient(logits, temperature, cotangent, gumbels)


@mistake("through_selected_alone", port=THROUGH,
         source="D09: lucidrains/vector-quantize-pytorch #59 (f867b33)")  # fmt: skip
def _(logits, temperature, cotangent, gumbels):
    """The gradient passes at the selected code alone."""
    hard = library.gumbel_softmax_hard(logits, temperature, gumbels)
    return library.gumbel_softmax_hard_gradient(logits, temperature, hard * cotangent, gumbels)


@mistake("through_whole_softmax", port=THROUGH, source="classic: identity to the logits")
def _(logits, temperature, cotangent, gumbels):
    """The cotangent is passed to the logits as it is, past the softmax."""
    return np.array(cotangent)


@mistake("through_twice", port=THROUGH, source="classic: nothing detached")
def _(logits, temperature, cotangent, gumbels):
    """Both the soft row and the straight-through term pass the gradient back: it is doubled."""
    return 2 * library.gumbel_softmax_hard_gradient(logits, temperature, cotangent, gumbels)


@mistake("through_centred_at_hard", port=THROUGH, source="classic: hard rows in the backward pass")
def _(logits, temperature, cotangent, gumbels):
    """The normaliser's derivative is weighted by the hard row."""
    hard = library.gumbel_softmax_hard(logits, temperature, gumbels)
    y = _soft(logits, temperature, gumbels)
    return y * (cotangent - _inner(hard, cotangent)) / temperature


@mistake("through_at_temperature_one", port=THROUGH, source="classic: softmax without tau")
def _(logits, temperature, cotangent, gumbels):
    """The soft row behind has temperature 1."""
    return library.gumbel_softmax_hard_gradient(logits, 1.0, cotangent, gumbels)


def _heated(logits, temperature, cotangent, gumbels):
    y = _soft(logits, temperature, gumbels)
    return y, cotangent, np.where(y > 0, _possible(logits + gumbels), 0.0)


@mistake("heat_sign", port=HEAT, source="classic: d(1/tau)")
def _(logits, temperature, cotangent, gumbels):
    """The minus sign of the derivative of 1/tau is missing."""
    return -library.gumbel_softmax_temperature_gradient(logits, temperature, cotangent, gumbels)


@mistake("heat_of_inverse", port=HEAT, source="classic: 1/tau learned for tau")
def _(logits, temperature, cotangent, gumbels):
    """The derivative is in 1/tau, negated: the factor 1/tau^2 is missing."""
    right = library.gumbel_softmax_temperature_gradient(logits, temperature, cotangent, gumbels)
    return right * temperature**2


@mistake("heat_of_logarithm", port=HEAT, source="classic: log tau learned for tau")
def _(logits, temperature, cotangent, gumbels):
    """The derivative is in log tau: the factor 1/tau is missing."""
    right = library.gumbel_softmax_temperature_gradient(logits, temperature, cotangent, gumbels)
    return right * temperature


@mistake("heat_not_centred", port=HEAT, source="classic: the normaliser's derivative")
def _(logits, temperature, cotangent, gumbels):
    """The derivative of the normaliser is missing."""
    y, c, z = _heated(logits, temperature, cotangent, gumbels)
    return -(c * y * z).sum(-1) / temperature**2


@mistake("heat_of_logits_alone", port=HEAT, source="classic: the noise left out")
def _(logits, temperature, cotangent, gumbels):
    """The temperature is taken to divide the logits alone."""
    y, c, z = _heated(logits, temperature, cotangent, 0 * gumbels)
    y = _soft(logits, temperature, gumbels)
    return -(c * y * (z - _inner(y, z))).sum(-1) / temperature**2
