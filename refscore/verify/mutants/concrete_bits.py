"""Mistakes in relaxed bits that are kept as log odds, and in their density."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.gumbel import sigmoid

DRAW, DENSITY = "logit_binary_concrete", "logit_binary_concrete_log_density"


def _noise(uniforms):
    return np.log(uniforms) - np.log1p(-uniforms)


@mistake("log_odds_of_one_logarithm", port=DRAW, source="classic: log u alone")
def _(logit, temperature, uniforms):
    """log(1 - u) is missing."""
    return (logit + np.log(uniforms)) / temperature


@mistake("log_odds_of_one_gumbel", port=DRAW, source="classic: a Gumbel for the difference of two")
def _(logit, temperature, uniforms):
    """One Gumbel number stands for the difference of two."""
    return (logit - np.log(-np.log(uniforms))) / temperature


@mistake("log_odds_temperature_multiplies", port=DRAW, source="classic: the wrong side")
def _(logit, temperature, uniforms):
    """The temperature multiplies."""
    return (logit + _noise(uniforms)) * temperature


@mistake("log_odds_temperature_on_noise_alone", port=DRAW, source="classic: parentheses")
def _(logit, temperature, uniforms):
    """The temperature divides the noise, not the logit."""
    return logit + _noise(uniforms) / temperature


@mistake("log_odds_temperature_ignored", port=DRAW, source="classic: divided later, or never")
def _(logit, temperature, uniforms):
    """The temperature does not divide."""
    return logit + _noise(uniforms)


@mistake("log_odds_logit_sign", port=DRAW, source="classic: zeros for ones")
def _(logit, temperature, uniforms):
    """Ones have the odds of zeros."""
    return (_noise(uniforms) - logit) / temperature


@mistake("log_odds_of_probability", port=DRAW, source="D07")
def _(logit, temperature, uniforms):
    """The probability stands where the logit is meant."""
    return (sigmoid(logit) + _noise(uniforms)) / temperature


@mistake("log_odds_probability_clamped", port=DRAW, source="torch clamp_probs(probs)")
def _(logit, temperature, uniforms):
    """The logit is taken from its probability, clamped to [eps, 1 - eps], eps = 2.2e-16."""
    eps = np.finfo(float).eps
    p = np.clip(sigmoid(logit), eps, 1 - eps)
    return (np.log(p) - np.log1p(-p) + _noise(uniforms)) / temperature


@mistake("log_odds_squashed", port=DRAW, source="classic: the bit for its log odds")
def _(logit, temperature, uniforms):
    """The bit itself is returned."""
    return sigmoid((logit + _noise(uniforms)) / temperature)


@mistake("log_odds_from_bits", port=DRAW, source="classic: logit(sigmoid(z)), clipped at 1e-6")
def _(logit, temperature, uniforms):
    """The bit is formed, clipped to [1e-6, 1 - 1e-6], and its log odds taken again."""
    b = np.clip(sigmoid((logit + _noise(uniforms)) / temperature), 1e-6, 1 - 1e-6)
    return np.log(b) - np.log1p(-b)


@mistake("log_odds_density_of_bits", port=DENSITY, source="classic: a Jacobian too many")
def _(values, logit, temperature):
    """The density of the bits is returned: over b (1 - b)."""
    right = library.logit_binary_concrete_log_density(values, logit, temperature)
    return right + np.logaddexp(0, values) + np.logaddexp(0, -values)


@mistake("log_odds_density_without_temperature", port=DENSITY, source="classic: tau forgotten")
def _(values, logit, temperature):
    """The factor tau is missing."""
    return library.logit_binary_concrete_log_density(values, logit, temperature) - np.log(
        temperature
    )


@mistake("log_odds_density_scale", port=DENSITY, source="classic: z, not tau z")
def _(values, logit, temperature):
    """z is not multiplied by tau in the exponent."""
    right = library.logit_binary_concrete_log_density(values, logit, 1.0)
    return right + np.log(temperature)


@mistake("log_odds_density_location", port=DENSITY, source="classic: l for l/tau")
def _(values, logit, temperature):
    """The location is l, not l/tau."""
    return library.logit_binary_concrete_log_density(values, temperature * logit, temperature)


@mistake("log_odds_density_logit_sign", port=DENSITY, source="classic: zeros for ones")
def _(values, logit, temperature):
    """Ones have the odds of zeros."""
    return library.logit_binary_concrete_log_density(values, -logit, temperature)


@mistake("log_odds_density_sum_power", port=DENSITY, source="classic: 1 for 2")
def _(values, logit, temperature):
    """The sum is not squared."""
    right = library.logit_binary_concrete_log_density(values, logit, temperature)
    return right + np.logaddexp(0, logit - temperature * values)


@mistake("log_odds_density_overflows", port=DENSITY, source="torch LogitRelaxedBernoulli.log_prob")
def _(values, logit, temperature):
    """log tau + a - 2 log(1 + e^a), a = l - tau z, is formed as it stands, and e^a overflows."""
    a = logit - temperature * values
    with np.errstate(over="ignore"):
        return np.log(temperature) + a - 2 * np.log1p(np.exp(a))


@mistake("log_odds_density_of_normal", port=DENSITY, source="classic: a normal for a logistic law")
def _(values, logit, temperature):
    """A normal law of the logistic one's mean and variance."""
    a = (temperature * values - logit) * np.sqrt(3) / np.pi
    return np.log(temperature) + 0.5 * np.log(3 / np.pi**2) - 0.5 * np.log(2 * np.pi) - a**2 / 2
