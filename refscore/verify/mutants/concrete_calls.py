"""Mistakes of calls around relaxed rows and bits: temperatures inverted or handed on twice, means
for sums, exponents of a density."""

from __future__ import annotations

from math import lgamma

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.concrete_densities import BIT, BIT_DENSITY, DENSITY, SCORE
from refscore.verify.mutants.gumbel import shares, total


@mistake("density_of_inverse_temperature", port=DENSITY, source="classic: 1/tau for tau")
def _(y, logits, temperature):
    """The temperature is handed on inverted."""
    return library.concrete_log_density(y, logits, 1 / temperature)


@mistake("density_sum_counted_once", port=DENSITY, source="classic: the power K left out")
def _(y, logits, temperature):
    """The sum has the power 1, not K."""
    spared = (y.shape[1] - 1) * total(logits - temperature * np.log(y))[:, 0]
    return library.concrete_log_density(y, logits, temperature) + spared


@mistake("density_temperature_power_sign", port=DENSITY, source="classic: sign")
def _(y, logits, temperature):
    """The factor tau^(K-1) divides."""
    twice = 2 * (y.shape[1] - 1) * np.log(temperature)
    return library.concrete_log_density(y, logits, temperature) - twice


@mistake("density_factor_for_factorial", port=DENSITY, source="classic: log(K-1) for log (K-1)!")
def _(y, logits, temperature):
    """K - 1 stands for its factorial."""
    k = y.shape[1]
    return library.concrete_log_density(y, logits, temperature) - lgamma(k) + np.log(k - 1)


@mistake("density_of_sigmoids", port=DENSITY, source="classic: probs=sigmoid(logits)")
def _(y, logits, temperature):
    """Sigmoids of the logits stand for the weights."""
    return library.concrete_log_density(y, -np.logaddexp(0, -logits), temperature)


@mistake("concrete_score_averaged", port=SCORE, source="classic: mean().backward()")
def _(y, logits, temperature):
    """The gradient is that of the mean over the rows."""
    return library.concrete_log_density_gradient(y, logits, temperature) / len(y)


@mistake("concrete_score_exponent_sign", port=SCORE, source="classic: y^tau for y^-tau")
def _(y, logits, temperature):
    """Entries are raised to the temperature, not to minus it."""
    return 1 - y.shape[1] * shares(logits + temperature * np.log(y))


@mistake("concrete_score_count_less_one", port=SCORE, source="classic: K - 1 for K")
def _(y, logits, temperature):
    """The share is multiplied by K - 1."""
    return 1 - (y.shape[1] - 1) * shares(logits - temperature * np.log(y))


@mistake("bit_logit_divided_twice", port=BIT,
         source="classic: RelaxedBernoulli(tau, logits=logit / tau)")  # fmt: skip
def _(logit, temperature, uniforms):
    """The logit is divided by the temperature before it is handed on."""
    return library.binary_concrete(logit / temperature, temperature, uniforms)


@mistake("bit_density_jacobian_inverted", port=BIT_DENSITY, source="classic: a Jacobian's sign")
def _(values, logit, temperature):
    """The density of the log odds is multiplied by y (1 - y), not divided."""
    right = library.binary_concrete_log_density(values, logit, temperature)
    return right + 2 * (np.log(values) + np.log1p(-values))
