"""Mistakes of what draws by itself: another row's law, laws of the right means, and overflow."""

from __future__ import annotations

from math import factorial

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.concrete_densities import BIT, BIT_DENSITY, DENSITY, LOG, SCORE

FIRST = "classic: logits[0], as a loop over rows leaves it"
OVERFLOWS = "classic: exponentials and powers as the formula has them"


def _first(logits):
    """The first row's logits for every row."""
    return np.broadcast_to(logits[:1], logits.shape)


@mistake("gumbel_max_first_logits", port="gumbel_max", source=FIRST)
def _(logits, gumbels):
    """Every row is drawn from the first row's logits."""
    return (logits[0] + gumbels).argmax(-1)


@mistake("tempered_first_logits", port="gumbel_max_given_temperature", source=FIRST)
def _(logits, temperature, gumbels):
    """Every row is drawn from the first row's logits."""
    return (logits[0] / temperature + gumbels).argmax(-1)


@mistake("tempered_by_root", port="gumbel_max_given_temperature", source="classic: a variance")
def _(logits, temperature, gumbels):
    """The square root of the temperature divides."""
    return (logits / np.sqrt(temperature) + gumbels).argmax(-1)


@mistake("top_k_first_logits", port="top_k", source=FIRST)
def _(logits, k, gumbels):
    """Every row is drawn from the first row's logits."""
    return library.top_k(_first(logits), k, gumbels)


@mistake("top_k_third_with_replacement", port="top_k", source="classic: independent draws")
def _(logits, k, gumbels=None, *, rng=None):
    """From the third code on codes are drawn with replacement, from given numbers turned."""
    rng = None if gumbels is not None else np.random.default_rng(rng)
    g = gumbels if rng is None else rng.gumbel(size=logits.shape)
    codes = [library.top_k(logits, min(k, 2), g)]
    for t in range(2, k):
        g = np.roll(gumbels, t, -1) if rng is None else rng.gumbel(size=logits.shape)
        codes.append((logits + g).argmax(-1)[:, None])
    return np.hstack(codes)


@mistake("top_k_partitioned", port="top_k", source="classic: a partition is not sorted")
def _(logits, k, gumbels):
    """The k largest come as a partition leaves them: of few codes, in order all the same."""
    return (-(logits + gumbels)).argpartition(k - 1, -1)[:, :k]


@mistake("posterior_first_logits", port="posterior_gumbels", source=FIRST)
def _(logits, index, gumbels):
    """Every row has the first row's logits."""
    return library.posterior_gumbels(_first(logits), index, gumbels)


@mistake("posterior_first_index", port="posterior_gumbels", source="classic: index[0]")
def _(logits, index, gumbels):
    """In every row the largest stands where it does in the first."""
    return library.posterior_gumbels(logits, np.full(len(index), index[0]), gumbels)


@mistake("posterior_noise_shared", port="posterior_gumbels", source="classic: one draw a batch")
def _(logits, index, gumbels):
    """Every row is given the Gumbel numbers of the first."""
    return library.posterior_gumbels(logits, index, _first(gumbels))


@mistake("concrete_first_logits", port="gumbel_softmax", source=FIRST)
def _(logits, temperature, gumbels):
    """Every row is drawn from the first row's logits."""
    return library.gumbel_softmax(_first(logits), temperature, gumbels)


@mistake("concrete_temperature_squared", port="gumbel_softmax", source="classic: divided twice")
def _(logits, temperature, gumbels):
    """The temperature divides twice."""
    return library.gumbel_softmax(logits, temperature**2, gumbels)


@mistake("concrete_hard_rows", port="gumbel_softmax", source="classic: the flag left on")
def _(logits, temperature, gumbels):
    """The hard row is returned."""
    return library.gumbel_softmax_hard(logits, temperature, gumbels)


@mistake("hard_first_logits", port="gumbel_softmax_hard", source=FIRST)
def _(logits, temperature, gumbels):
    """Every row is drawn from the first row's logits."""
    return library.gumbel_softmax_hard(_first(logits), temperature, gumbels)


@mistake("hard_noise_shared", port="gumbel_softmax_hard", source="classic: one draw a batch")
def _(logits, temperature, gumbels):
    """Every row is given the Gumbel numbers of the first."""
    return library.gumbel_softmax_hard(logits, temperature, _first(gumbels))


@mistake("hard_averaged", port="gumbel_softmax_hard", source="classic: a mean over draws")
def _(logits, temperature, gumbels=None, *, rng=None):
    """Four hard rows are averaged, from given numbers turned by one code: the mean is right."""
    if gumbels is None:
        g = np.random.default_rng(rng).gumbel(size=(4, *logits.shape))
    else:
        g = np.stack([np.roll(gumbels, i, -1) for i in range(4)])
    return np.mean([library.gumbel_softmax_hard(logits, temperature, row) for row in g], 0)


@mistake("bit_first_logit", port=BIT, source=FIRST)
def _(logit, temperature, uniforms):
    """Every bit is drawn from the first one's logit."""
    return library.binary_concrete(np.full(len(logit), logit[0]), temperature, uniforms)


@mistake("bit_noise_shared", port=BIT, source="classic: one draw a batch")
def _(logit, temperature, uniforms):
    """Every bit is given the uniform number of the first."""
    return library.binary_concrete(logit, temperature, _first(uniforms))


@mistake("bit_hard", port=BIT, source="classic: a Bernoulli draw")
def _(logit, temperature, uniforms):
    """The bit is 0 or 1: the relaxed one rounded, with the same mean at temperature 0 alone."""
    return (library.binary_concrete(logit, temperature, uniforms) > 0.5).astype(float)


@mistake("bit_temperature_squared", port=BIT, source="classic: divided twice")
def _(logit, temperature, uniforms):
    """The temperature divides twice."""
    return library.binary_concrete(logit, temperature**2, uniforms)


@mistake("bit_without_temperature", port=BIT, source="classic: the temperature forgotten")
def _(logit, temperature, uniforms):
    """The temperature is 1."""
    return library.binary_concrete(logit, 1.0, uniforms)


@mistake("max_gumbel_overflows", port="max_gumbel_log_density", source=OVERFLOWS)
def _(logits, values):
    """The logarithm is taken of a sum of exponentials that overflow."""
    with np.errstate(all="ignore"):
        below = np.log(np.exp(logits).sum(-1)) - values
        return below - np.exp(below)


@mistake("ordered_overflows", port="top_k_log_probability", source=OVERFLOWS)
def _(logits, index):
    """The weights are exponentials that overflow."""
    with np.errstate(all="ignore"):
        weights, found = np.exp(logits), np.zeros(len(logits))
        for codes in index.T.astype(int):
            one = np.take_along_axis(weights, codes[:, None], 1)[:, 0]
            found += np.log(one / weights.sum(1))
            weights[range(len(weights)), codes] = 0.0
    return found


@mistake("density_overflows", port=DENSITY, source=OVERFLOWS)
def _(y, logits, temperature):
    """The logarithm is taken of products and powers that overflow or vanish."""
    k, w = y.shape[1], np.exp(logits)
    with np.errstate(all="ignore"):
        product = (w * y ** (-temperature - 1)).prod(1)
        below = (w * y**-temperature).sum(1) ** k
        return np.log(factorial(k - 1) * temperature ** (k - 1) * product / below)


@mistake("density_clipped", port=DENSITY, source="classic: clamped probabilities")
def _(y, logits, temperature):
    """Entries below 1e-7 count as 1e-7."""
    return library.concrete_log_density(np.maximum(y, 1e-7), logits, temperature)


@mistake("log_density_overflows", port=LOG, source=OVERFLOWS)
def _(log_y, logits, temperature):
    """The weights are exponentials that overflow."""
    k = log_y.shape[1]
    with np.errstate(all="ignore"):
        s = np.exp(logits - temperature * log_y)
        shares = np.log(s / s.sum(1, keepdims=True)).sum(1)
    return np.log(factorial(k - 1)) + (k - 1) * np.log(temperature) + shares


@mistake("concrete_score_overflows", port=SCORE, source=OVERFLOWS)
def _(y, logits, temperature):
    """The weights are exponentials that overflow."""
    with np.errstate(all="ignore"):
        w = np.exp(logits) * y**-temperature
        return 1 - y.shape[1] * w / w.sum(1, keepdims=True)


@mistake("concrete_score_clipped", port=SCORE, source="classic: clamped probabilities")
def _(y, logits, temperature):
    """Entries below 1e-7 count as 1e-7."""
    return library.concrete_log_density_gradient(np.maximum(y, 1e-7), logits, temperature)


@mistake("bit_density_overflows", port=BIT_DENSITY, source=OVERFLOWS)
def _(values, logit, temperature):
    """The logarithm is taken of exponentials and powers that overflow or vanish."""
    y, off, odds = values, 1 - values, np.exp(logit)
    with np.errstate(all="ignore"):
        top = temperature * odds * (y * off) ** (-temperature - 1)
        return np.log(top / (odds * y**-temperature + off**-temperature) ** 2)


@mistake("bit_density_clipped", port=BIT_DENSITY, source="classic: clamped probabilities")
def _(values, logit, temperature):
    """Values nearer to 0 or 1 than .02 count as .02 or .98."""
    return library.binary_concrete_log_density(np.clip(values, 0.02, 0.98), logit, temperature)


@mistake("heat_at_impossible_codes", port="gumbel_softmax_temperature_gradient",
         source="classic: autograd of -inf / tau")  # fmt: skip
def _(logits, temperature, cotangent, gumbels):
    """Logits of -inf are divided and multiplied by 0: a row with one has no number."""
    right = library.gumbel_softmax_temperature_gradient(logits, temperature, cotangent, gumbels)
    return np.where(np.isneginf(logits).any(-1), np.nan, right)
