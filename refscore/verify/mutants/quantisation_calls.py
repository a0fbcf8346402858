"""Mistakes of calls around codebooks: lengths, what is detached and when, averages kept."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.quantisation import FAR
from refscore.verify.mutants.quantisation_codebooks import _smoothed, _wrong_update
from refscore.verify.mutants.quantisation_gradients import _along, _plane
from refscore.verify.mutants.quantisation_usage import _frequencies, _wrong_dead


def _unit(rows):
    with np.errstate(all="ignore"):
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


@mistake("quantise_unit_codes", port="quantise", source="D19: use_cosine_sim, in a Euclidean book",
         rounding=FAR)  # fmt: skip
def _(x, codebook):
    """Codes are made unit vectors, and the nearest of these is returned, the points unit or not."""
    return library.quantise(x, _unit(codebook))


@mistake("commitment_gradient_after_straight_through", port="vq_point_gradient",
         source="classic: q = x + (q - x).detach() before the losses")  # fmt: skip
def _(x, codebook, beta):
    """Both losses are of the straight-through output: they pull the points by beta - 1."""
    return library.vq_point_gradient(x, codebook, 1.0) * (beta - 1)


@mistake("codebook_gradient_no_path", port="vq_codebook_gradient",
         source="classic: q = x + (q - x).detach() before the losses")  # fmt: skip
def _(x, codebook, beta):
    """Nothing reaches the codes: their loss is of the straight-through output, or detached."""
    return np.zeros_like(codebook)


@mistake("straight_through_codes_averaged", port="vq_straight_through_gradient",
         source="classic: mean().backward()")  # fmt: skip
def _(x, codebook, cotangent):
    """The gradient is that of the mean over the points."""
    return cotangent / len(x)


@mistake("rotation_not_detached", port="vq_rotation_gradient",
         source="classic: rotation and scale differentiated")  # fmt: skip
def _(x, codebook, cotangent):
    """What takes every point to its code is differentiated whole: the code does not move."""
    return np.zeros_like(x)


@mistake("rotation_scale_not_detached", port="vq_rotation_gradient",
         source="classic: the ratio of norms differentiated")  # fmt: skip
def _(x, codebook, cotangent):
    """The ratio of the lengths is differentiated: nothing is left along the point."""
    right, one = library.vq_rotation_gradient(x, codebook, cotangent), _plane(x, codebook)[1]
    return right - _along(right, one)


@mistake("ema_smoothed_kept", port="codebook_update",
         source="classic: smoothed counts stored back, from step to step")  # fmt: skip
def _(x, codebook, counts, sums, decay, epsilon):
    """Smoothed counts are kept for the next update, not the counts themselves."""
    codes, n, total = library.codebook_update(x, codebook, counts, sums, decay, epsilon)
    return codes, _smoothed(n, epsilon), total


@mistake("ema_clamped", port="codebook_update", source="classic: counts.clamp(min=eps)")
def _(*inputs):
    """Counts below epsilon count as epsilon, and nothing else is smoothed."""
    return _wrong_update(*inputs, smooth=lambda counts, epsilon: np.maximum(counts, epsilon))


@mistake("ema_total_of_the_batch", port="codebook_update", source="classic: n = len(x)")
def _(x, codebook, counts, sums, decay, epsilon):
    """Counts are smoothed with the number of points at hand for their total."""

    def smooth(c, e):
        return (c + e) / (len(x) + len(c) * e) * len(x)

    return _wrong_update(x, codebook, counts, sums, decay, epsilon, smooth=smooth)


@mistake("ema_total_before", port="codebook_update", source="classic: order of two lines")
def _(x, codebook, counts, sums, decay, epsilon):
    """Counts are smoothed with their total before the update."""
    before = counts.sum()

    def smooth(c, e):
        return (c + e) / (before + len(c) * e) * before

    return _wrong_update(x, codebook, counts, sums, decay, epsilon, smooth=smooth)


@mistake("dead_codes_first_points", port="replace_dead_codes", source="classic: x[:n_dead]")
def _(*inputs):
    """The first points are taken, not those drawn."""
    return _wrong_dead(*inputs, values=lambda x, rows, places: x[: len(rows)])


@mistake("dead_codes_all_reset", port="replace_dead_codes", source="classic: counts.fill_")
def _(x, codebook, counts, sums, threshold, rows):
    """The counts and sums of living codes are reset too."""
    new = library.replace_dead_codes(x, codebook, counts, sums, threshold, rows)[0]
    return new, np.full_like(counts, threshold), threshold * new


@mistake("perplexity_of_bits", port="perplexity", source="classic: e^H with H in bits")
def _(index, n_codes):
    """e to the entropy in bits."""
    return library.perplexity(index, n_codes) ** (1 / np.log(2))


@mistake("perplexity_over_codes", port="perplexity", source="classic: usage, a fraction")
def _(index, n_codes):
    """The perplexity is divided by the number of codes."""
    return library.perplexity(index, n_codes) / n_codes


@mistake("perplexity_of_used_share", port="perplexity", source="classic: len(unique) / K")
def _(index, n_codes):
    """The share of the codes that are used at all."""
    return (_frequencies(index, n_codes) > 0).mean()


@mistake("lookup_free_on_the_sphere", port="lookup_free",
         source="Zhao et al. 2024: signs over the root of d")  # fmt: skip
def _(x):
    """Signs are divided by the root of their number: values of length one."""
    codes, values = library.lookup_free(x)
    return codes, values / np.sqrt(x.shape[1])
