"""Mistakes in dead codes, Lloyd's steps, perplexities."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _grouped(x, codebook):
    """Numbers (K,) and sums (K, d) of the points by code."""
    one_hot = library.quantise(x, codebook)[0] == np.arange(len(codebook))[:, None]
    return one_hot.sum(1).astype(float), one_hot @ x


def _wrong_dead(x, codebook, counts, sums, threshold, rows, *, dead=None, values=None, reset=None):
    """The replacement with one of its parts replaced."""
    places = np.flatnonzero(counts < threshold if dead is None else dead)[: len(rows)]
    found = x[rows[: len(places)]] if values is None else values(x, rows[: len(places)], places)
    reset = threshold if reset is None else reset
    codebook, counts, sums = codebook.copy(), counts.copy(), sums.copy()
    codebook[places], counts[places], sums[places] = found, reset, reset * found
    return codebook, counts, sums


@mistake(
    "dead_codes_unit_length",
    port="replace_dead_codes",
    source="D19: vector-quantize-pytorch 4467f8d",
)
def _(*inputs):
    """The new codes are made unit vectors, in a Euclidean book."""

    def unit(x, rows, places):
        return x[rows] / np.linalg.norm(x[rows], axis=1, keepdims=True)

    return _wrong_dead(*inputs, values=unit)


@mistake("dead_codes_at_threshold", port="replace_dead_codes", source="classic: <= for <")
def _(x, codebook, counts, sums, threshold, rows):
    """Codes that stand for just the threshold are replaced too."""
    dead = counts <= threshold
    return _wrong_dead(x, codebook, counts, sums, threshold, rows, dead=dead)


@mistake("dead_codes_the_living", port="replace_dead_codes", source="classic: the mask turned over")
def _(x, codebook, counts, sums, threshold, rows):
    """Codes above the threshold are replaced."""
    dead = counts > threshold
    return _wrong_dead(x, codebook, counts, sums, threshold, rows, dead=dead)


@mistake("dead_codes_sums_kept", port="replace_dead_codes",
         source="classic: the next update brings the old code back")  # fmt: skip
def _(x, codebook, counts, sums, threshold, rows):
    """Counts and sums stay: the next update brings the old code back."""
    new = library.replace_dead_codes(x, codebook, counts, sums, threshold, rows)[0]
    return new, counts.copy(), sums.copy()


@mistake("dead_codes_sums_of_one", port="replace_dead_codes", source="D14: a mean for a sum")
def _(x, codebook, counts, sums, threshold, rows):
    """Sums are the code itself while its count is the threshold."""
    book, n, _ = library.replace_dead_codes(x, codebook, counts, sums, threshold, rows)
    dead = (book != codebook).any(1)
    return book, n, np.where(dead[:, None], book, sums)


@mistake("dead_codes_count_one", port="replace_dead_codes", source="classic: counts reset to one")
def _(*inputs):
    """The new codes stand for one point, and are dead at once."""
    return _wrong_dead(*inputs, reset=1.0)


@mistake("dead_codes_by_own_index", port="replace_dead_codes",
         source="classic: x[rows][dead] for x[rows]")  # fmt: skip
def _(*inputs):
    """A code takes the point of its own number, not of its place among the dead."""
    return _wrong_dead(*inputs, values=lambda x, rows, places: x[places % len(x)])


@mistake("dead_codes_same_point", port="replace_dead_codes", source="classic: one draw for all")
def _(*inputs):
    """All dead codes become one point."""
    return _wrong_dead(*inputs, values=lambda x, rows, places: x[rows[:1]].repeat(len(rows), 0))


@mistake("lloyd_empty_code_to_origin", port="lloyd_step", source="classic: 0 / max(n, 1)")
def _(x, codebook):
    """A code without points goes to the origin."""
    n, total = _grouped(x, codebook)
    return total / np.maximum(n, 1)[:, None]


@mistake("lloyd_empty_code_to_farthest", port="lloyd_step",
         source="scikit-learn: KMeans relocates clusters without points")  # fmt: skip
def _(x, codebook):
    """A code without points takes the point farthest from its own code, which loses it."""
    codes, values = library.quantise(x, codebook)
    n, total = _grouped(x, codebook)
    far = np.argsort(-((x - values) ** 2).sum(1), kind="stable")
    for k, i in zip(np.flatnonzero(n == 0), far):
        total[codes[i]] -= x[i]
        n[codes[i]] -= 1
        total[k], n[k] = x[i], 1
    means = total / np.maximum(n, 1)[:, None]
    return np.where(n[:, None] > 0, means, means[n.argmax()])


@mistake("lloyd_sums_over_all", port="lloyd_step", source="classic: the mean over all points")
def _(x, codebook):
    """Sums are divided by the number of all points over that of codes."""
    n, total = _grouped(x, codebook)
    return np.where(n[:, None] > 0, total * len(codebook) / len(x), codebook)


@mistake("lloyd_medians", port="lloyd_step", source="classic: k-medians")
def _(x, codebook):
    """Codes become medians, coordinate by coordinate."""
    codes = library.quantise(x, codebook)[0]
    return np.array([
        np.median(x[codes == k], axis=0) if (codes == k).any() else old
        for k, old in enumerate(codebook)
    ])  # fmt: skip


@mistake("lloyd_old_code_counted", port="lloyd_step", source="classic: sums started from the code")
def _(x, codebook):
    """The old code counts as one more point."""
    n, total = _grouped(x, codebook)
    return (total + codebook) / (n + 1)[:, None]


@mistake("lloyd_overshoots", port="lloyd_step", source="classic: a gradient step without its 1/2")
def _(x, codebook):
    """A code goes twice as far as to the mean of its points and a tenth more."""
    return codebook + 2.1 * (library.lloyd_step(x, codebook) - codebook)


def _frequencies(index, n_codes):
    return np.bincount(index, minlength=n_codes) / len(index)


@mistake("perplexity_base_two_of_nats", port="perplexity", source="classic: 2^H with H in nats")
def _(index, n_codes):
    """Two to the entropy in nats."""
    return 2 ** np.log(library.perplexity(index, n_codes))


@mistake("perplexity_entropy", port="perplexity", source="classic: exp forgotten")
def _(index, n_codes):
    """The entropy itself."""
    return np.log(library.perplexity(index, n_codes))


@mistake("perplexity_sign", port="perplexity", source="classic: sign of p log p")
def _(index, n_codes):
    """exp(Σ p log p), its inverse."""
    return 1 / library.perplexity(index, n_codes)


@mistake("perplexity_log_of_small_added", port="perplexity",
         source="van den Oord et al.: log(p + 1e-10), here with 1e-2")  # fmt: skip
def _(index, n_codes):
    """A hundredth is added to every frequency in the logarithm."""
    p = _frequencies(index, n_codes)
    return np.exp(-(p * np.log(p + 1e-2)).sum())


@mistake(
    "perplexity_used_codes", port="perplexity", source="classic: how many codes are used at all"
)
def _(index, n_codes):
    """The number of codes used at all."""
    return float((_frequencies(index, n_codes) > 0).sum())


@mistake("perplexity_laplace", port="perplexity", source="classic: smoothed counts")
def _(index, n_codes):
    """Every count is one higher."""
    p = np.bincount(index, minlength=n_codes) + 1.0
    p /= p.sum()
    return np.exp(-(p * np.log(p)).sum())


@mistake("perplexity_inverse_simpson", port="perplexity", source="classic: 1 / sum p^2")
def _(index, n_codes):
    """One over the sum of squared frequencies."""
    return 1 / (_frequencies(index, n_codes) ** 2).sum()
