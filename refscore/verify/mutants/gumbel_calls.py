"""Mistakes of calls around Gumbel numbers: other noise, arguments left out, numbers shared."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake, spelling
from refscore.verify.mutants.gumbel import _cut, _own, _with, shares, total


def _uniform(gumbels):
    return np.exp(-np.exp(-gumbels))


@mistake("gumbel_clamped_at_single_epsilon", port="gumbel_numbers",
         source="classic: u.clamp(eps, 1 - eps) with the eps of float32")  # fmt: skip
def _(uniforms):
    """Uniform numbers are kept 1.2e-7 from 0 and 1: no Gumbel number exceeds 16."""
    eps = np.finfo(np.float32).eps
    return -np.log(-np.log(np.clip(uniforms, eps, 1 - eps)))


@mistake("gumbel_is_logistic", port="gumbel_numbers", source="classic: log u - log(1 - u)")
def _(uniforms):
    """Logistic numbers, as a relaxed bit takes: the difference of two Gumbel numbers."""
    u = np.maximum(uniforms, 1e-300)
    return np.log(u) - np.log1p(-u)


@mistake("gumbel_max_logistic_noise", port="gumbel_max", source="classic: noise of a relaxed bit")
def _(logits, gumbels):
    """Logistic numbers are added."""
    u = _uniform(gumbels)
    with np.errstate(divide="ignore"):
        return (logits + np.log(u) - np.log1p(-u)).argmax(-1)


@mistake("gumbel_max_normal_noise", port="gumbel_max", source="classic: randn_like for rand_like")
def _(logits, gumbels):
    """Normal numbers are added."""
    from scipy.special import ndtri

    return (logits + ndtri(_uniform(gumbels))).argmax(-1)


@mistake("top_k_rest_of_any", port="top_k", source="classic: filled up by integers")
def _(logits, k, gumbels=None, *, rng=None):
    """From the third on codes are any of all, whatever their logits, drawn before or not."""
    rng = None if gumbels is not None else np.random.default_rng(rng)
    g = gumbels if rng is None else rng.gumbel(size=logits.shape)
    first, (n, codes) = library.top_k(logits, min(k, 2), g), logits.shape
    if rng is None:
        rest = (_uniform(gumbels)[:, : max(k - 2, 0)] * codes).astype(int)
    else:
        rest = rng.integers(codes, size=(n, max(k - 2, 0)))
    return np.hstack([first, rest])


@mistake("ordered_last_alone_left", port="top_k_log_probability", source="classic: 1 - p of one")
def _(logits, index):
    """Only the code drawn just before is taken out, not all before it."""
    p = np.take_along_axis(shares(logits), index.astype(int), -1)
    return np.log(p).sum(-1) - np.log1p(-p[:, :-1]).sum(-1)


@mistake("posterior_index_ignored", port="posterior_gumbels", source="classic: argmax drawn anew")
def _(logits, index, gumbels):
    """The largest stands where logits + gumbels are largest, not where it is given to be."""
    return library.posterior_gumbels(logits, (logits + gumbels).argmax(-1), gumbels)


@mistake("posterior_top_cut_too", port="posterior_gumbels", source="classic: no mask")
def _(logits, index, gumbels):
    """The largest is cut off at itself like the others."""
    top = total(logits) + _own(gumbels, index)
    return _cut(logits, top, np.exp(-logits - gumbels))


@mistake("posterior_top_at_largest_logit", port="posterior_gumbels", source="classic: max for sum")
def _(logits, index, gumbels):
    """The largest has the location of the largest logit, not of the log of the sum."""
    top = logits.max(-1, keepdims=True) + _own(gumbels, index)
    return _with(_cut(logits, top, np.exp(-logits - gumbels)), index, top)


def _one_a_row(logits, index, top, one):
    return _with(_cut(logits, top, np.exp(-logits - one)), index, top)


@mistake("posterior_one_number_for_others", port="posterior_gumbels",
         source="classic: noise of shape (n, 1), broadcast")  # fmt: skip
def _(logits, index, gumbels):
    """All others of a row share one Gumbel number."""
    other = (index[:, None].astype(int) + 1) % logits.shape[1]
    one = np.take_along_axis(gumbels, other, 1)
    return _one_a_row(logits, index, total(logits) + _own(gumbels, index), one)


@mistake("posterior_number_of_the_top", port="posterior_gumbels",
         source="classic: noise of shape (n, 1), used again")  # fmt: skip
def _(logits, index, gumbels):
    """The others of a row are made of the Gumbel number of the largest."""
    one = _own(gumbels, index)
    return _one_a_row(logits, index, total(logits) + one, one)


@mistake("max_gumbel_distribution_function", port="max_gumbel_log_density",
         source="classic: logcdf for logpdf")  # fmt: skip
def _(logits, values):
    """The log of the distribution function, without the density's first term."""
    return -np.exp(total(logits)[:, 0] - values)


@spelling("max_gumbel_distribution_function")
def _(logits, values):
    """The logarithm of a distribution function that underflows."""
    with np.errstate(all="ignore"):
        return np.log(np.exp(-np.exp(total(logits)[:, 0] - values)))


@spelling("gumbel_clamped_at_single_epsilon")
def _(uniforms):
    """1e-7 for 1.2e-7."""
    return -np.log(-np.log(np.clip(uniforms, 1e-7, 1 - 1e-7)))


SOFT = "gumbel_softmax"


@mistake("concrete_without_temperature", port=SOFT, source="classic: F.gumbel_softmax(logits)")
def _(logits, temperature, gumbels):
    """The temperature is not handed on: it is 1."""
    return library.gumbel_softmax(logits, 1.0, gumbels)


@mistake("concrete_left_logarithmic", port=SOFT, source="classic: log_softmax")
def _(logits, temperature, gumbels):
    """Logarithms of the entries are returned."""
    z = (logits + gumbels) / temperature
    return z - total(z)


@mistake("hard_of_tempered_logits", port="gumbel_softmax_hard", source="D06 reversed")
def _(logits, temperature, gumbels):
    """The temperature divides the logits alone, and so tempers the law of the hard row."""
    return np.eye(logits.shape[1])[(logits / temperature + gumbels).argmax(1)]


BACK = "gumbel_softmax_gradient"


@mistake("concrete_gradient_averaged", port=BACK, source="classic: mean().backward()")
def _(logits, temperature, cotangent, gumbels):
    """The gradient is that of the mean over the rows."""
    return library.gumbel_softmax_gradient(logits, temperature, cotangent, gumbels) / len(logits)


@mistake("concrete_gradient_over_the_batch", port=BACK, source="classic: softmax(dim=0)")
def _(logits, temperature, cotangent, gumbels):
    """The softmax runs over the rows."""
    inputs = (np.ascontiguousarray(a.T) for a in (logits, cotangent, gumbels))
    logits, cotangent, gumbels = inputs
    with np.errstate(invalid="ignore"):
        return library.gumbel_softmax_gradient(logits, temperature, cotangent, gumbels).T


@mistake("concrete_gradient_in_probabilities", port=BACK, source="classic: probs for logits")
def _(logits, temperature, cotangent, gumbels):
    """The derivative is that in the probabilities: their reciprocals are left in, NaN for none."""
    p = shares(logits)
    with np.errstate(all="ignore"):
        inner = library.gumbel_softmax_gradient(np.log(p), temperature, cotangent, gumbels)
        return np.where(p > 0, inner / p, np.nan)


@mistake("through_without_noise", port="gumbel_softmax_hard_gradient",
         source="classic: the soft row made of logits alone")  # fmt: skip
def _(logits, temperature, cotangent, gumbels):
    """The soft row behind the hard one has no noise."""
    return library.gumbel_softmax_hard_gradient(logits, temperature, cotangent, 0 * gumbels)


@mistake("heat_summed_over_rows", port="gumbel_softmax_temperature_gradient",
         source="classic: one temperature for the batch")  # fmt: skip
def _(logits, temperature, cotangent, gumbels):
    """Every row is given the sum over all rows, the derivative in their common temperature."""
    each = library.gumbel_softmax_temperature_gradient(logits, temperature, cotangent, gumbels)
    return np.full(len(each), each.sum())
