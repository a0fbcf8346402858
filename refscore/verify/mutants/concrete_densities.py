"""Mistakes in the densities of relaxed one-hot rows and bits, and in relaxed bits."""

from __future__ import annotations

from math import lgamma

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.gumbel import shares, sigmoid, total

DENSITY, LOG = "concrete_log_density", "exp_concrete_log_density"
SCORE, BIT, BIT_DENSITY = (
    "concrete_log_density_gradient", "binary_concrete", "binary_concrete_log_density"
)  # fmt: skip


def _right(y, logits, temperature):
    return library.concrete_log_density(y, logits, temperature)


@mistake("density_without_factorial", port=DENSITY, source="classic: (K-1)! forgotten")
def _(y, logits, temperature):
    """The factor (K-1)! is missing."""
    return _right(y, logits, temperature) - lgamma(y.shape[1])


@mistake("density_factorial_of_codes", port=DENSITY, source="classic: K! for (K-1)!")
def _(y, logits, temperature):
    """K! stands for (K-1)!."""
    return _right(y, logits, temperature) + np.log(y.shape[1])


@mistake("density_temperature_power", port=DENSITY, source="classic: tau^K")
def _(y, logits, temperature):
    """The temperature has the power K, not K - 1."""
    return _right(y, logits, temperature) + np.log(temperature)


@mistake("density_without_temperature_power", port=DENSITY, source="classic: the volume of z/tau")
def _(y, logits, temperature):
    """The factor tau^(K-1) is missing."""
    return _right(y, logits, temperature) - (y.shape[1] - 1) * np.log(temperature)


@mistake("density_without_jacobian", port=DENSITY, source="classic: that of the logarithms")
def _(y, logits, temperature):
    """The Jacobian 1 / prod y is missing: the density of the logarithms."""
    return _right(y, logits, temperature) + np.log(y).sum(1)


@mistake("density_jacobian_inverted", port=DENSITY, source="classic: the sign of a Jacobian")
def _(y, logits, temperature):
    """The logarithms' density is multiplied by prod y, not divided."""
    return _right(y, logits, temperature) + 2 * np.log(y).sum(1)


@mistake("density_jacobian_of_first_coordinates", port=DENSITY, source="classic: K - 1 factors")
def _(y, logits, temperature):
    """The Jacobian has K - 1 of its K factors."""
    return _right(y, logits, temperature) + np.log(y[:, -1])


@mistake("density_exponent_sign", port=DENSITY, source="classic: y^tau")
def _(y, logits, temperature):
    """Powers are y^tau, not y^-tau."""
    k, s = y.shape[1], logits + temperature * np.log(y)
    constant = lgamma(k) + (k - 1) * np.log(temperature)
    return constant + (s - total(s)).sum(1) - np.log(y).sum(1)


@mistake("density_exponent_inverted", port=DENSITY, source="classic: y^(-1/tau)")
def _(y, logits, temperature):
    """Powers are y^(-1/tau)."""
    k, s = y.shape[1], logits - np.log(y) / temperature
    constant = lgamma(k) + (k - 1) * np.log(temperature)
    return constant + (s - total(s)).sum(1) - np.log(y).sum(1)


@mistake("density_sum_power", port=DENSITY, source="classic: K - 1 for K")
def _(y, logits, temperature):
    """The sum has the power K - 1, not K."""
    return _right(y, logits, temperature) + total(logits - temperature * np.log(y))[:, 0]


@mistake("density_of_probabilities", port=DENSITY, source="D07")
def _(y, logits, temperature):
    """Probabilities stand where logits are meant."""
    return _right(y, shares(logits), temperature)


@mistake("density_logits_not_normalised", port=DENSITY, source="classic: weights over no sum")
def _(y, logits, temperature):
    """The product has the weights as they are, the sum has them normalised."""
    return _right(y, logits, temperature) + y.shape[1] * total(logits)[:, 0]


@mistake("density_logits_without_product", port=DENSITY, source="classic: prod pi forgotten")
def _(y, logits, temperature):
    """The product of the probabilities is missing, that of the sum is not."""
    return _right(y, logits, temperature) - np.log(shares(logits)).sum(1)


@mistake("density_summed_over_rows", port=DENSITY, source="D08: pytorch #37162, #171641")
def _(y, logits, temperature):
    """A temperature of shape (n, 1) spreads the result: every row has the sum of all."""
    return np.full(len(y), _right(y, logits, temperature).sum())


@mistake("density_averaged_over_codes", port=DENSITY, source="classic: mean for sum")
def _(y, logits, temperature):
    """The terms of the codes are averaged, not summed."""
    k = y.shape[1]
    constant = lgamma(k) + (k - 1) * np.log(temperature)
    return constant + (_right(y, logits, temperature) - constant) / k


@mistake("log_density_without_factorial", port=LOG, source="classic: (K-1)! forgotten")
def _(log_y, logits, temperature):
    """The factor (K-1)! is missing."""
    return library.exp_concrete_log_density(log_y, logits, temperature) - lgamma(log_y.shape[1])


@mistake("log_density_temperature_power", port=LOG, source="classic: tau^K")
def _(log_y, logits, temperature):
    """The temperature has the power K, not K - 1."""
    return library.exp_concrete_log_density(log_y, logits, temperature) + np.log(temperature)


@mistake("log_density_of_simplex", port=LOG, source="classic: a Jacobian too many")
def _(log_y, logits, temperature):
    """The density of the rows is returned, not that of their logarithms."""
    return library.exp_concrete_log_density(log_y, logits, temperature) - log_y.sum(1)


@mistake("log_density_of_first_coordinates", port=LOG, source="classic: d log y_1 ... d log y_K-1")
def _(log_y, logits, temperature):
    """With respect to the logarithms of the first coordinates: the factor y_K is missing."""
    return library.exp_concrete_log_density(log_y, logits, temperature) - log_y[:, -1]


@mistake("log_density_exponent_sign", port=LOG, source="classic: y^tau")
def _(log_y, logits, temperature):
    """Powers are y^tau, not y^-tau."""
    return library.exp_concrete_log_density(-log_y + _level(log_y), logits, temperature)


def _level(log_y):
    """What makes the mirrored logarithms those of a row of the simplex."""
    return -total(-log_y)


@mistake("log_density_through_rows", port=LOG, source="classic: exp, then log")
def _(log_y, logits, temperature):
    """The rows are formed and their logarithms taken again, floored at 1e-30."""
    y = np.maximum(np.exp(log_y), 1e-30)
    return library.exp_concrete_log_density(np.log(y), logits, temperature)


@mistake("log_density_of_probabilities", port=LOG, source="D07")
def _(log_y, logits, temperature):
    """Probabilities stand where logits are meant."""
    return library.exp_concrete_log_density(log_y, shares(logits), temperature)


def _share(y, logits, temperature):
    return shares(logits - temperature * np.log(y))


@mistake("concrete_score_without_count", port=SCORE, source="classic: K forgotten")
def _(y, logits, temperature):
    """The factor K is missing, as for a hard code."""
    return 1 - _share(y, logits, temperature)


@mistake("concrete_score_sign", port=SCORE, source="classic: minus the gradient")
def _(y, logits, temperature):
    """The gradient of minus the log density."""
    return y.shape[1] * _share(y, logits, temperature) - 1


@mistake("concrete_score_of_hard_row", port=SCORE, source="classic: the score of a code")
def _(y, logits, temperature):
    """The score of the rounded row's code: one-hot minus probabilities."""
    return np.eye(y.shape[1])[y.argmax(1)] - shares(logits)


@mistake("concrete_score_of_row", port=SCORE, source="classic: y - pi")
def _(y, logits, temperature):
    """The row minus the probabilities, as if it were a code."""
    return y - shares(logits)


@mistake("concrete_score_over_temperature", port=SCORE, source="classic: a factor 1/tau")
def _(y, logits, temperature):
    """A factor 1/tau too many."""
    return library.concrete_log_density_gradient(y, logits, temperature) / temperature


@mistake("concrete_score_without_one", port=SCORE, source="classic: the product's derivative")
def _(y, logits, temperature):
    """The derivative of the product of probabilities is missing."""
    return -y.shape[1] * _share(y, logits, temperature)


@mistake("bit_logistic_of_one_logarithm", port=BIT, source="classic: log u alone")
def _(logit, temperature, uniforms):
    """log(1 - u) is missing."""
    return sigmoid((logit + np.log(uniforms)) / temperature)


@mistake("bit_one_gumbel", port=BIT, source="classic: a Gumbel for the difference of two")
def _(logit, temperature, uniforms):
    """One Gumbel number stands for the difference of two."""
    return sigmoid((logit - np.log(-np.log(uniforms))) / temperature)


@mistake("bit_temperature_multiplies", port=BIT, source="classic: the wrong side")
def _(logit, temperature, uniforms):
    """The temperature multiplies."""
    return sigmoid((logit + np.log(uniforms) - np.log1p(-uniforms)) * temperature)


@mistake("bit_temperature_on_noise_alone", port=BIT, source="classic: parentheses")
def _(logit, temperature, uniforms):
    """The temperature divides the noise, not the logit."""
    return sigmoid(logit + (np.log(uniforms) - np.log1p(-uniforms)) / temperature)


@mistake("bit_of_probability", port=BIT, source="D07")
def _(logit, temperature, uniforms):
    """The probability stands where the logit is meant."""
    return sigmoid((sigmoid(logit) + np.log(uniforms) - np.log1p(-uniforms)) / temperature)


@mistake("bit_density_without_jacobian", port=BIT_DENSITY, source="classic: that of the logit")
def _(values, logit, temperature):
    """The Jacobian 1 / (y (1 - y)) is missing."""
    right = library.binary_concrete_log_density(values, logit, temperature)
    return right + np.log(values) + np.log1p(-values)


@mistake("bit_density_without_temperature", port=BIT_DENSITY, source="classic: tau forgotten")
def _(values, logit, temperature):
    """The factor tau is missing."""
    return library.binary_concrete_log_density(values, logit, temperature) - np.log(temperature)


@mistake("bit_density_logit_sign", port=BIT_DENSITY, source="classic: zeros for ones")
def _(values, logit, temperature):
    """Ones have the odds of zeros."""
    return library.binary_concrete_log_density(values, -logit, temperature)


@mistake("bit_density_without_logit", port=BIT_DENSITY, source="classic: the weights' product")
def _(values, logit, temperature):
    """The factor e^l is missing."""
    return library.binary_concrete_log_density(values, logit, temperature) - logit


@mistake("bit_density_sum_power", port=BIT_DENSITY, source="classic: 1 for 2")
def _(values, logit, temperature):
    """The sum is not squared."""
    right = library.binary_concrete_log_density(values, logit, temperature)
    on, off = np.log(values), np.log1p(-values)
    return right + np.logaddexp(logit - temperature * on, -temperature * off)
