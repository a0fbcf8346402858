"""Mistakes in codebooks that learn by moving averages."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _grouped(x, codebook):
    """Numbers (K,) and sums (K, d) of the points by code."""
    one_hot = library.quantise(x, codebook)[0] == np.arange(len(codebook))[:, None]
    return one_hot.sum(1).astype(float), one_hot @ x


def _averaged(new, old, decay):
    return decay * old + (1 - decay) * new


def _smoothed(counts, epsilon):
    return (counts + epsilon) / (counts.sum() + len(counts) * epsilon) * counts.sum()


def _wrong_update(
    x, codebook, counts, sums, decay, epsilon, *, mix_counts=_averaged, mix_sums=_averaged,
    smooth=_smoothed, grouped=_grouped,
):  # fmt: skip
    """The update with one of its parts replaced."""
    n, total = grouped(x, codebook)
    counts, sums = mix_counts(n, counts, decay), mix_sums(total, sums, decay)
    return sums / smooth(counts, epsilon)[:, None], counts, sums


def _swapped(new, old, decay):
    return (1 - decay) * old + decay * new


def _added(new, old, decay):
    return decay * old + new


@mistake(
    "ema_sums_not_updated", port="codebook_update", source="D13: vector-quantize-pytorch db1c1d9"
)
def _(*inputs):
    """Sums stay as they were: codes keep their direction, their lengths follow the counts."""
    return _wrong_update(*inputs, mix_sums=lambda new, old, decay: old.copy())


@mistake("ema_counts_not_updated", port="codebook_update", source="classic: D13's other half")
def _(*inputs):
    """Counts stay as they were."""
    return _wrong_update(*inputs, mix_counts=lambda new, old, decay: old.copy())


@mistake(
    "ema_decay_on_new", port="codebook_update", source="classic: decay read as momentum of the new"
)
def _(*inputs):
    """Decay multiplies what is new, in counts and in sums."""
    return _wrong_update(*inputs, mix_counts=_swapped, mix_sums=_swapped)


@mistake("ema_counts_decay_on_new", port="codebook_update", source="classic: one of two lines")
def _(*inputs):
    """Decay multiplies the new counts; sums are right."""
    return _wrong_update(*inputs, mix_counts=_swapped)


@mistake("ema_new_not_weighted", port="codebook_update", source="classic: 1 - decay forgotten")
def _(*inputs):
    """What is new is added whole."""
    return _wrong_update(*inputs, mix_counts=_added, mix_sums=_added)


@mistake(
    "ema_sums_not_weighted", port="codebook_update", source="classic: 1 - decay forgotten once"
)
def _(*inputs):
    """The new sums are added whole; counts are right."""
    return _wrong_update(*inputs, mix_sums=_added)


@mistake("ema_old_kept_whole", port="codebook_update", source="classic: no decay of the old")
def _(*inputs):
    """What is old is kept whole."""

    def kept(new, old, decay):
        return old + (1 - decay) * new

    return _wrong_update(*inputs, mix_counts=kept, mix_sums=kept)


@mistake("ema_not_smoothed", port="codebook_update", source="classic: no Laplace smoothing")
def _(*inputs):
    """Sums are divided by counts as they are."""
    return _wrong_update(*inputs, smooth=lambda counts, epsilon: counts)


@mistake("ema_epsilon_added_alone", port="codebook_update", source="classic: counts + epsilon")
def _(*inputs):
    """Epsilon is added, but the sum is not brought back to what it was."""
    return _wrong_update(*inputs, smooth=lambda counts, epsilon: counts + epsilon)


@mistake(
    "ema_epsilon_once", port="codebook_update", source="classic: N + epsilon for N + K epsilon"
)
def _(*inputs):
    """The smoothed frequencies are divided by N + epsilon, not N + K epsilon."""
    return _wrong_update(
        *inputs, smooth=lambda c, e: (c + e) / (c.sum() + e) * c.sum()
    )  # fmt: skip


@mistake("ema_frequencies_for_counts", port="codebook_update",
         source="classic: smoothing without its factor N")  # fmt: skip
def _(*inputs):
    """Smoothed frequencies stand for counts: codes are N times too long."""
    return _wrong_update(*inputs, smooth=lambda c, e: (c + e) / (c.sum() + len(c) * e))


@mistake(
    "ema_means_for_sums", port="codebook_update", source="D14: vector-quantize-pytorch da2fb35"
)
def _(*inputs):
    """Means of points are averaged where sums are."""

    def means(x, codebook):
        n, total = _grouped(x, codebook)
        return n, total / np.maximum(n, 1)[:, None]

    return _wrong_update(*inputs, grouped=means)


@mistake("ema_codes_averaged", port="codebook_update", source="classic: an average of means")
def _(x, codebook, counts, sums, decay, epsilon):
    """Codes themselves are averaged with the means of their points, whatever the counts."""
    _, new_counts, new_sums = library.codebook_update(x, codebook, counts, sums, decay, epsilon)
    n, total = _grouped(x, codebook)
    means = np.where(n[:, None] > 0, total / np.maximum(n, 1)[:, None], codebook)
    return _averaged(means, codebook, decay), new_counts, new_sums


@mistake("ema_counts_as_frequencies", port="codebook_update", source="classic: one_hot.mean(0)")
def _(*inputs):
    """Numbers of points are frequencies."""

    def frequencies(x, codebook):
        n, total = _grouped(x, codebook)
        return n / len(x), total

    return _wrong_update(*inputs, grouped=frequencies)


@mistake("ema_codes_of_old_averages", port="codebook_update", source="classic: order of two lines")
def _(x, codebook, counts, sums, decay, epsilon):
    """Codes are made of the averages before the update."""
    _, new_counts, new_sums = library.codebook_update(x, codebook, counts, sums, decay, epsilon)
    return sums / _smoothed(counts, epsilon)[:, None], new_counts, new_sums
