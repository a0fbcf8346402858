"""Mistakes in gradients over independent bits: relaxed bits, ARM, DisARM."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.discrete_gradients import jacobian_times, sigmoid, softmax

SOFT, ARM, DISARM = "bernoulli_relaxed_gradient", "arm_gradient", "disarm_gradient"


def _odds(u):
    return np.log(u) - np.log(1 - u)


def _through(f, y, temperature):
    return (y * (1 - y) * f.gradient(y) / temperature).mean(0)


@mistake("bits_relaxed_temperature_lost_backward", port=SOFT, source="classic: chain rule")
def _(logits, f, temperature, uniforms):
    """The derivative lacks the factor 1/τ."""
    return temperature * library.bernoulli_relaxed_gradient(logits, f, temperature, uniforms)


@mistake("bits_relaxed_temperature_ignored", port=SOFT, source="D05")
def _(logits, f, temperature, uniforms):
    """The relaxation has τ = 1."""
    return library.bernoulli_relaxed_gradient(logits, f, 1.0, uniforms)


@mistake("bits_relaxed_noise_divided_alone", port=SOFT, source="classic: temperature on one side")
def _(logits, f, temperature, uniforms):
    """The temperature divides the noise, not the logits."""
    return _through(f, sigmoid(logits + _odds(uniforms) / temperature), 1.0)


@mistake("bits_relaxed_logits_divided_alone", port=SOFT, source="classic: temperature on one side")
def _(logits, f, temperature, uniforms):
    """The temperature divides the logits, not the noise."""
    return _through(f, sigmoid(logits / temperature + _odds(uniforms)), temperature)


@mistake("bits_relaxed_one_logarithm", port=SOFT, source="classic: log u for log u - log(1-u)")
def _(logits, f, temperature, uniforms):
    """The noise is log u: an exponential number, not a logistic one."""
    return _through(f, sigmoid((logits + np.log(uniforms)) / temperature), temperature)


@mistake("bits_relaxed_one_gumbel", port=SOFT, source="classic: Gumbel for logistic noise")
def _(logits, f, temperature, uniforms):
    """The noise is one Gumbel number, not the difference of two."""
    noisy = logits - np.log(-np.log(uniforms))
    return _through(f, sigmoid(noisy / temperature), temperature)


@mistake("bits_relaxed_noise_sign", port=SOFT, source="classic: sign")
def _(logits, f, temperature, uniforms):
    """The noise is subtracted."""
    return library.bernoulli_relaxed_gradient(logits, f, temperature, 1 - uniforms)


@mistake("bits_relaxed_hard_forward", port=SOFT, source="classic: hard=True left on")
def _(logits, f, temperature, uniforms):
    """f is differentiated at the hard bits."""
    y = sigmoid((logits + _odds(uniforms)) / temperature)
    return (y * (1 - y) * f.gradient(np.round(y)) / temperature).mean(0)


@mistake("bits_relaxed_half_a_slope", port=SOFT, source="classic: σ' = σ")
def _(logits, f, temperature, uniforms):
    """The sigmoid's derivative is taken for y, not y (1 - y)."""
    y = sigmoid((logits + _odds(uniforms)) / temperature)
    return (y * f.gradient(y) / temperature).mean(0)


@mistake("bits_relaxed_softmax", port=SOFT, source="classic: softmax over bits")
def _(logits, f, temperature, uniforms):
    """The bits compete in a softmax."""
    y = softmax((logits + _odds(uniforms)) / temperature)
    return (jacobian_times(y, f.gradient(y)) / temperature).mean(0)


@mistake("bits_relaxed_tanh", port=SOFT, source="conventions: bits of -1 and 1")
def _(logits, f, temperature, uniforms):
    """The bits are relaxed between -1 and 1."""
    y = np.tanh((logits + _odds(uniforms)) / temperature)
    return ((1 - y**2) * f.gradient(y) / temperature).mean(0)


def _merged(f, above, below, factor):
    return ((f(above) - f(below))[:, None] * factor).mean(0)


def _pair(logits, u):
    return 1.0 * (u > sigmoid(-logits)), 1.0 * (u < sigmoid(logits))


@mistake("arm_order", port=ARM, source="classic: sign")
def _(logits, f, uniforms):
    """The values of f are subtracted the other way."""
    return -library.arm_gradient(logits, f, uniforms)


@mistake("arm_centre_left_out", port=ARM, source="classic: u for u - 1/2")
def _(logits, f, uniforms):
    """The difference is multiplied by u."""
    return _merged(f, *_pair(logits, uniforms), uniforms)


@mistake("arm_doubled", port=ARM, source="classic: 2u - 1 for u - 1/2")
def _(logits, f, uniforms):
    """The difference is multiplied by 2u - 1."""
    return 2 * library.arm_gradient(logits, f, uniforms)


@mistake("arm_one_value", port=ARM, source="classic: antithetic value left out")
def _(logits, f, uniforms):
    """The second value of f is left out."""
    above, _ = _pair(logits, uniforms)
    return (f(above)[:, None] * (uniforms - 0.5)).mean(0)


@mistake("arm_not_mirrored", port=ARM, source="classic: 1[u < σ(-l)]")
def _(logits, f, uniforms):
    """The second vector is the first one's complement."""
    above, _ = _pair(logits, uniforms)
    return _merged(f, above, 1 - above, uniforms - 0.5)


@mistake("arm_probabilities_exchanged", port=ARM, source="classic: θ for 1 - θ")
def _(logits, f, uniforms):
    """Bits are one with probability 1 - θ."""
    return library.arm_gradient(-logits, f, uniforms)


@mistake("arm_with_score", port=ARM, source="classic: REINFORCE for ARM")
def _(logits, f, uniforms):
    """The difference is multiplied by the score b - θ."""
    above, below = _pair(logits, uniforms)
    return _merged(f, above, below, above - sigmoid(logits))


@mistake("arm_summed", port=ARM, source="T01")
def _(logits, f, uniforms):
    """Draws are summed, not averaged."""
    return len(uniforms) * library.arm_gradient(logits, f, uniforms)


@mistake("arm_one_number_for_all_bits", port=ARM, source="O26: noise shared")
def _(logits, f, uniforms):
    """All bits of a draw are made from its first uniform number."""
    return library.arm_gradient(logits, f, np.tile(uniforms[:, :1], uniforms.shape[1]))


def _disarm(logits, f, u, factor):
    above, below = _pair(logits, u)
    return _merged(f, above, below, (above - below) * factor)


@mistake("disarm_half_left_out", port=DISARM, source="classic: factor")
def _(logits, f, uniforms):
    """The factor 1/2 is left out."""
    return 2 * library.disarm_gradient(logits, f, uniforms)


@mistake("disarm_order", port=DISARM, source="classic: sign")
def _(logits, f, uniforms):
    """The values of f are subtracted the other way."""
    return -library.disarm_gradient(logits, f, uniforms)


@mistake("disarm_without_modulus", port=DISARM, source="classic: σ(l) for σ(|l|)")
def _(logits, f, uniforms):
    """The factor is σ(l)."""
    return _disarm(logits, f, uniforms, sigmoid(logits) / 2)


@mistake("disarm_smaller_probability", port=DISARM, source="classic: σ(-|l|)")
def _(logits, f, uniforms):
    """The factor is the smaller probability, not the larger one."""
    return _disarm(logits, f, uniforms, sigmoid(-np.abs(logits)) / 2)


@mistake("disarm_factor_left_out", port=DISARM, source="classic: σ(|l|) lost")
def _(logits, f, uniforms):
    """The factor σ(|l|) is left out."""
    return _disarm(logits, f, uniforms, 0.5)


@mistake("disarm_differing_bits_only_by_first", port=DISARM, source="classic: (-1)^b for b - b'")
def _(logits, f, uniforms):
    """Bits that agree count too: the sign of b stands for b - b'."""
    above, below = _pair(logits, uniforms)
    return _merged(f, above, below, (2 * above - 1) * sigmoid(np.abs(logits)) / 2)


@mistake("disarm_not_averaged", port=DISARM, source="classic: ARM for DisARM")
def _(logits, f, uniforms):
    """The uniform number is not averaged out: this is ARM."""
    return library.arm_gradient(logits, f, uniforms)
