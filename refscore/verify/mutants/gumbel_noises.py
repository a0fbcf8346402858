"""Mistakes around relaxed draws: noise of another law or none, rows that are not one-hot, the
largest located at 0, the temperature squared on the way back."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake, spelling
from refscore.verify.mutants.concrete_densities import BIT
from refscore.verify.mutants.gumbel import _cut, _own, _with, shares, total

SOFT, HARD, LOG_ODDS = "gumbel_softmax", "gumbel_softmax_hard", "logit_binary_concrete"
UNIFORM, NORMAL = "classic: rand_like for Gumbel", "classic: randn_like for Gumbel"
EXPONENTIAL = "classic: -log(rand), one logarithm"


def _uniform(gumbels):
    return np.exp(-np.exp(-gumbels))


def _normal(gumbels):
    from scipy.special import ndtri

    return ndtri(_uniform(gumbels))


def _hot(scores):
    return np.eye(scores.shape[1])[scores.argmax(1)]


@mistake("concrete_uniform_noise", port=SOFT, source=UNIFORM)
def _(logits, temperature, gumbels):
    """Uniform numbers are added."""
    return shares((logits + _uniform(gumbels)) / temperature)


@mistake("concrete_normal_noise", port=SOFT, source=NORMAL)
def _(logits, temperature, gumbels):
    """Normal numbers are added."""
    return shares((logits + _normal(gumbels)) / temperature)


@mistake("concrete_exponential_noise", port=SOFT, source=EXPONENTIAL)
def _(logits, temperature, gumbels):
    """Exponential numbers are added, the logarithm taken once."""
    return shares((logits + np.exp(-gumbels)) / temperature)


@mistake("hard_uniform_noise", port=HARD, source=UNIFORM)
def _(logits, temperature, gumbels):
    """Uniform numbers are added."""
    return _hot(logits + _uniform(gumbels))


@mistake("hard_normal_noise", port=HARD, source=NORMAL)
def _(logits, temperature, gumbels):
    """Normal numbers are added."""
    return _hot(logits + _normal(gumbels))


@mistake("hard_exponential_noise", port=HARD, source=EXPONENTIAL)
def _(logits, temperature, gumbels):
    """Exponential numbers are added, the logarithm taken once."""
    return _hot(logits + np.exp(-gumbels))


@mistake("hard_class_by_class", port=HARD, source="classic: torch.bernoulli(softmax(logits))")
def _(logits, temperature, gumbels):
    """Every class is drawn by itself, with its probability: a row may have no one, or several."""
    return 1.0 * (_uniform(gumbels) < shares(logits))


@mistake("hard_smoothed", port=HARD, source="classic: label smoothing left on, of 0.1")
def _(logits, temperature, gumbels):
    """A tenth of the one is shared among all classes."""
    return 0.9 * _hot(logits + gumbels) + 0.1 / logits.shape[1]


@mistake("hard_of_sparsemax", port=HARD, source="classic: sparsemax for argmax")
def _(logits, temperature, gumbels):
    """The nearest point of the simplex is returned: zeros, but seldom a one."""
    z = (logits + gumbels) / temperature
    ordered = -np.sort(-z, 1)
    with np.errstate(invalid="ignore"):  # -inf from -inf
        over = np.cumsum(ordered, 1) - 1
        kept = (ordered * np.arange(1, z.shape[1] + 1) > over).sum(1, keepdims=True)
        return np.maximum(z - np.take_along_axis(over, kept - 1, 1) / kept, 0.0)


@mistake("hard_over_the_batch", port=HARD, source="classic: the axis of the argmax")
def _(logits, temperature, gumbels):
    """Every class has its one in the row where it is largest."""
    return _hot((logits + gumbels).T).T


@mistake("bit_uniform_noise", port=BIT, source="classic: rand_like for a logistic number")
def _(logit, temperature, uniforms):
    """The uniform number itself is added."""
    return library.binary_concrete(logit + uniforms, temperature, _half(uniforms))


@mistake("bit_normal_noise", port=BIT, source="classic: randn_like for a logistic number")
def _(logit, temperature, uniforms):
    """A normal number is added."""
    from scipy.special import ndtri

    return library.binary_concrete(logit + ndtri(uniforms), temperature, _half(uniforms))


@mistake("bit_without_noise", port=BIT, source="classic: sigmoid alone, or one key twice")
def _(logit, temperature, uniforms):
    """The sigmoid of the logit over the temperature: no draw at all."""
    return library.binary_concrete(logit, temperature, _half(uniforms))


def _half(uniforms):
    """Where the logistic number is 0."""
    return np.full(len(uniforms), 0.5)


@mistake("bit_of_zero", port=BIT, source="classic: 1 - b, or zeros for ones")
def _(logit, temperature, uniforms):
    """Ones have the odds of zeros."""
    return library.binary_concrete(-logit, temperature, uniforms)


@spelling("bit_of_zero")
def _(logit, temperature, uniforms):
    """The same law by 1 - b."""
    return library.binary_concrete(-logit, temperature, 1 - uniforms)


@mistake("bit_temperature_on_logit_alone", port=BIT, source="D06 reversed")
def _(logit, temperature, uniforms):
    """The temperature divides the logit, not the noise."""
    return library.binary_concrete(logit / temperature, 1.0, uniforms)


@mistake("log_odds_normal_noise", port=LOG_ODDS, source="classic: randn_like")
def _(logit, temperature, uniforms):
    """A normal number is added."""
    from scipy.special import ndtri

    return (logit + ndtri(uniforms)) / temperature


@mistake("log_odds_temperature_on_logit_alone", port=LOG_ODDS, source="D06 reversed")
def _(logit, temperature, uniforms):
    """The temperature divides the logit, not the noise."""
    return library.logit_binary_concrete(logit / temperature, 1.0, uniforms)


POSTERIOR = "posterior_gumbels"


def _standard(logits, index, gumbels):
    top = _own(gumbels, index)
    return _with(_cut(logits, top, np.exp(-logits - gumbels)), index, top)


@mistake("posterior_without_log_sum", port=POSTERIOR, source="classic: logits taken as normalised")
def _(logits, index, gumbels):
    """The largest is a standard Gumbel number: the log of the sum is not added."""
    return _standard(logits, index, gumbels)


@mistake("posterior_of_normalised", port=POSTERIOR, source="classic: log_softmax first")
def _(logits, index, gumbels):
    """Logits are normalised first: everything stands lower by the log of their sum."""
    return _standard(logits - total(logits), index, gumbels)


@mistake("concrete_gradient_temperature_twice", port="gumbel_softmax_gradient",
         source="classic: 1/tau outside and inside")  # fmt: skip
def _(logits, temperature, cotangent, gumbels):
    """The factor is 1/tau^2."""
    right = library.gumbel_softmax_gradient(logits, temperature, cotangent, gumbels)
    return right / temperature


@mistake("through_temperature_twice", port="gumbel_softmax_hard_gradient",
         source="classic: 1/tau outside and inside")  # fmt: skip
def _(logits, temperature, cotangent, gumbels):
    """The factor is 1/tau^2."""
    right = library.gumbel_softmax_hard_gradient(logits, temperature, cotangent, gumbels)
    return right / temperature


@spelling("log_density_of_simplex")
def _(log_y, logits, temperature):
    """By RelaxedOneHotCategorical.log_prob(log_y.exp()): no number where a row underflows."""
    right = library.exp_concrete_log_density(log_y, logits, temperature)
    return np.where((np.exp(log_y) == 0).any(1), np.nan, right - log_y.sum(1))
