"""Mistakes in Gumbel numbers, in who is the largest, and in the others given that."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def total(logits):
    """log sum exp, keeping the axis."""
    top = logits.max(-1, keepdims=True)
    return top + np.log(np.exp(logits - top).sum(-1, keepdims=True))


def sigmoid(z):
    """1/(1 + e^-z)."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))


def shares(logits):
    """softmax."""
    return np.exp(logits - total(logits))


@mistake("gumbel_log_of_zero", port="gumbel_numbers",
         source="D01: pytorch #20179, #22442; google/jax 52fa63af4; chainer #1839")  # fmt: skip
def _(uniforms):
    """The logarithm is taken of a uniform number that may be 0."""
    return -np.log(-np.log(uniforms))


@mistake("gumbel_epsilon_in_both_logarithms", port="gumbel_numbers", source="classic: eps = 1e-10")
def _(uniforms):
    """1e-10 is added inside both logarithms: nothing exceeds 23, and near 1 it decides."""
    return -np.log(-np.log(uniforms + 1e-10) + 1e-10)


@mistake("gumbel_one_logarithm", port="gumbel_numbers", source="classic: exponentials")
def _(uniforms):
    """The logarithm is taken once: exponential numbers."""
    return -np.log(np.maximum(uniforms, 1e-300))


@mistake("gumbel_of_minimum", port="gumbel_numbers", source="classic: the law of minima")
def _(uniforms):
    """The law of minima: the outer sign is missing."""
    return np.log(-np.log(np.maximum(uniforms, 1e-300)))


@mistake("gumbel_max_noise_subtracted", port="gumbel_max", source="D04: chainerrl 35f1fb81 (#104)")
def _(logits, gumbels):
    """The Gumbel numbers are subtracted."""
    return (logits - gumbels).argmax(-1)


@mistake("gumbel_max_of_probabilities", port="gumbel_max",
         source="D07: pytorch #97851, ericjang/gumbel-softmax #9")  # fmt: skip
def _(logits, gumbels):
    """Probabilities stand where logits are meant."""
    return (shares(logits) + gumbels).argmax(-1)


@mistake("gumbel_max_noise_shared", port="gumbel_max", source="classic: one draw for the batch")
def _(logits, gumbels):
    """Every row is given the Gumbel numbers of the first."""
    return (logits + gumbels[0]).argmax(-1)


@mistake("gumbel_max_without_noise", port="gumbel_max", source="classic: the mode, not a draw")
def _(logits, gumbels):
    """The largest logit is taken: no draw at all."""
    return logits.argmax(-1)


@mistake("gumbel_max_last_of_equals", port="gumbel_max", source="classic: reversed search")
def _(logits, gumbels):
    """Of equal sums the last is taken."""
    return logits.shape[-1] - 1 - (logits + gumbels)[:, ::-1].argmax(-1)


@mistake("gumbel_max_uniform_noise", port="gumbel_max", source="classic: rand for Gumbel")
def _(logits, gumbels):
    """Uniform numbers are added."""
    return (logits + np.exp(-np.exp(-gumbels))).argmax(-1)


@mistake("gumbel_max_exponential_noise", port="gumbel_max", source="classic: one logarithm")
def _(logits, gumbels):
    """Exponential numbers are added, the logarithm taken once."""
    return (logits + np.exp(-gumbels)).argmax(-1)


@mistake("gumbel_max_counted_from_one", port="gumbel_max", source="classic: other languages")
def _(logits, gumbels):
    """Codes are counted from 1."""
    return library.gumbel_max(logits, gumbels) + 1


@mistake("tempered_noise_too", port="gumbel_max_given_temperature",
         source="D06: cf. google-research/electra #87")  # fmt: skip
def _(logits, temperature, gumbels):
    """The sum is divided: its argmax, and so the law, knows no temperature."""
    return ((logits + gumbels) / temperature).argmax(-1)


@mistake("tempered_by_product", port="gumbel_max_given_temperature", source="classic: inverse")
def _(logits, temperature, gumbels):
    """Logits are multiplied by the temperature, or the noise is divided by it."""
    return (logits * temperature + gumbels).argmax(-1)


@mistake("tempered_probabilities", port="gumbel_max_given_temperature", source="classic: D07")
def _(logits, temperature, gumbels):
    """Probabilities are divided by the temperature."""
    return (shares(logits) / temperature + gumbels).argmax(-1)


@mistake("max_gumbel_at_largest_logit", port="max_gumbel_log_density", source="classic: max")
def _(logits, values):
    """The law stands at the largest logit, not at the log of the sum."""
    below = logits.max(-1) - values
    return below - np.exp(below)


@mistake("max_gumbel_at_mean", port="max_gumbel_log_density", source="classic: mean for location")
def _(logits, values):
    """The mean, .577 above, stands for the location."""
    return library.max_gumbel_log_density(logits + 0.5772156649015329, values)


@mistake("max_gumbel_of_minimum", port="max_gumbel_log_density", source="classic: scipy gumbel_l")
def _(logits, values):
    """The density is that of minima, mirrored."""
    above = values - total(logits)[:, 0]
    return above - np.exp(above)


@mistake("max_gumbel_of_mean_weight", port="max_gumbel_log_density", source="classic: log mean exp")
def _(logits, values):
    """The location is the log of the mean of the weights: log K is lost."""
    return library.max_gumbel_log_density(logits - np.log(logits.shape[-1]), values)


@mistake("max_gumbel_of_normalised", port="max_gumbel_log_density", source="classic: location 0")
def _(logits, values):
    """Logits are taken as normalised: the location is 0."""
    return -values - np.exp(-values)


@mistake("top_k_smallest", port="top_k", source="classic: ascending sort")
def _(logits, k, gumbels):
    """The k smallest are taken."""
    return (logits + gumbels).argsort(-1)[:, :k]


@mistake("top_k_ascending", port="top_k", source="classic: ascending sort")
def _(logits, k, gumbels):
    """The right codes come from the smallest up."""
    return (logits + gumbels).argsort(-1)[:, -k:]


@mistake("top_k_by_number", port="top_k", source="classic: argpartition")
def _(logits, k, gumbels):
    """The right codes come in the order of their numbers."""
    return np.sort((-(logits + gumbels)).argsort(-1)[:, :k], -1)


@mistake("top_k_of_logits", port="top_k", source="classic: the mode, not a draw")
def _(logits, k, gumbels):
    """The k largest logits: no draw at all."""
    return (-logits).argsort(-1)[:, :k]


@mistake("top_k_with_replacement", port="top_k", source="classic: independent draws")
def _(logits, k, gumbels=None, *, rng=None):
    """Codes are drawn one by one with replacement, from given numbers shifted by one code."""
    if gumbels is None:
        g = np.random.default_rng(rng).gumbel(size=(k, *logits.shape))
    else:
        g = np.stack([np.roll(gumbels, i, -1) for i in range(k)])
    return (logits + g).argmax(-1).T


@mistake("top_k_noise_shared", port="top_k", source="classic: one draw for the batch")
def _(logits, k, gumbels):
    """Every row is given the Gumbel numbers of the first."""
    return library.top_k(logits, k, np.broadcast_to(gumbels[0], gumbels.shape))


@mistake("ordered_with_replacement", port="top_k_log_probability", source="classic: p_i p_j")
def _(logits, index):
    """Probabilities are multiplied as if all codes were left at every draw."""
    return np.take_along_axis(np.log(shares(logits)), index.astype(int), -1).sum(-1)


@mistake("ordered_backwards", port="top_k_log_probability", source="classic: reversed order")
def _(logits, index):
    """The codes count from the last drawn to the first."""
    return library.top_k_log_probability(logits, index[:, ::-1])


@mistake("ordered_as_a_set", port="top_k_log_probability", source="classic: k! for one order")
def _(logits, index):
    """k! is counted for the order, as if all orders were as likely."""
    from math import factorial

    return library.top_k_log_probability(logits, index) + np.log(factorial(index.shape[-1]))


@mistake("ordered_left_too_soon", port="top_k_log_probability", source="classic: off by one")
def _(logits, index):
    """A code leaves before its own share is taken: odds in place of shares."""
    p, found = shares(logits), 0.0
    for t in range(index.shape[-1]):
        codes = index[:, : t + 1].astype(int)
        left = 1 - np.take_along_axis(p, codes, -1).sum(-1)
        found = found + np.log(np.take_along_axis(p, codes[:, -1:], -1)[:, 0] / np.abs(left))
    return found


def _cut(logits, top, e):
    """-log(e^-top + e), with the numbers e of the others."""
    with np.errstate(divide="ignore", over="ignore"):
        return -np.log(np.exp(-top) + e)


def _with(x, index, top):
    x = np.array(x)
    np.put_along_axis(x, index.astype(int)[:, None], top, -1)
    return x


def _own(gumbels, index):
    return np.take_along_axis(gumbels, index.astype(int)[:, None], -1)


@mistake("posterior_top_of_own_logit", port="posterior_gumbels", source="classic: l_k + g_k")
def _(logits, index, gumbels):
    """The largest has the location of its own logit, as if nothing were given."""
    top = _own(logits + gumbels, index)
    return _with(_cut(logits, top, np.exp(-logits - gumbels)), index, top)


@mistake("posterior_others_free", port="posterior_gumbels", source="classic: no truncation")
def _(logits, index, gumbels):
    """The others are not cut off at the largest."""
    return _with(logits + gumbels, index, total(logits) + _own(gumbels, index))


@mistake("posterior_others_clipped", port="posterior_gumbels", source="classic: minimum")
def _(logits, index, gumbels):
    """The others are clipped at the largest, which several then equal."""
    top = total(logits) + _own(gumbels, index)
    return _with(np.minimum(logits + gumbels, top), index, top)


@mistake("posterior_others_without_logits", port="posterior_gumbels", source="classic: location 0")
def _(logits, index, gumbels):
    """The others are cut off at the largest with no logits of their own."""
    top = total(logits) + _own(gumbels, index)
    return _with(_cut(logits, top, np.exp(-gumbels)), index, top)


@mistake("posterior_cut_at_zero", port="posterior_gumbels", source="classic: T - l forgotten")
def _(logits, index, gumbels):
    """The others are cut off at the largest before their logits are added."""
    top = total(logits) + _own(gumbels, index)
    return _with(logits + _cut(logits, top, np.exp(-gumbels)), index, top)


@mistake("posterior_numbers_alone", port="posterior_gumbels", source="classic: l + G for G")
def _(logits, index, gumbels):
    """The Gumbel numbers come without their logits."""
    with np.errstate(invalid="ignore"):
        x = library.posterior_gumbels(logits, index, gumbels) - logits
    return np.where(np.isneginf(logits), -np.inf, x)
