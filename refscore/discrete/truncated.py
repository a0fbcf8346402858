"""Gumbel draws given which is the largest, and several codes without replacement."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_count, as_rng, require_one
from refscore.discrete._logits import (
    as_index,
    as_logits,
    given_or_drawn,
    log_softmax,
    log_sum_exp,
)


def posterior_gumbels(logits, index, gumbels=None, *, rng=None, n=None) -> np.ndarray:
    """Draws of the perturbed logits l + G given that the largest of them stands at `index`.

    T = log Σ_j e^{l_j} + g_k at k = index (the largest does not depend on its place), and
    elsewhere -log(e^{-T} + e^{-l_j - g_j}): the Gumbel law of location l_j below T.

    logits (..., K), index (...,) whole numbers of positive probability; gumbels of the logits'
    shape, or with axes of draws before it; or rng, n draws a row, one where n is None, from a
    stream of its own: `index` may come from the same seed. Returns perturbed logits
    (..., K), axes of draws first, -inf where the logit is; none exceeds T. Raises ValueError for
    codes outside 0 ... K - 1 or of probability 0. Cost O(K) a row.
    Source: Maddison, Tarlow and Minka 2014; seed 000.

    Checked by: posterior_gumbels_given, posterior_gumbels_draws
    """
    logits = as_logits(logits)
    codes = as_index(index, logits)[..., None]
    require_one("gumbels", gumbels, rng)
    if rng is not None:
        rng = as_rng(rng, "posterior gumbels")
    g = given_or_drawn(logits, gumbels, rng, n)
    codes = np.broadcast_to(codes, (*g.shape[:-1], 1))
    top = log_sum_exp(logits) + np.take_along_axis(g, codes, -1)
    with np.errstate(over="ignore"):
        below = -np.logaddexp(-top, -(logits + g))
    np.put_along_axis(below, codes, top, -1)
    return below


def top_k(logits, k, gumbels=None, *, rng=None, n=None) -> np.ndarray:
    """k codes without replacement: the places of the k largest l + G, the largest first.

    P(i_1, ..., i_k) = Π_t e^{l_{i_t}} / Σ_{j not among i_1 ... i_{t-1}} e^{l_j}

    logits (..., K); gumbels of that shape, or with axes of draws before it, or rng and n as in
    `gumbel_max`. On ties the first index. Returns whole numbers (..., k). Raises ValueError
    where a row has fewer than k codes of positive probability. Cost O(K + k log k) a row.
    Source: Yellott 1977; Kool, van Hoof and Welling 2019.

    Checked by: top_k_given, top_k_draws
    """
    logits, k = as_logits(logits), as_count(k, "k")
    fewest = int(np.isfinite(logits).sum(-1).min(initial=logits.shape[-1]))
    if k > fewest:
        raise ValueError(f"k must be at most the number of possible codes, {fewest}; got {k}")
    z = logits + given_or_drawn(logits, gumbels, rng, n)
    if 2 * k >= z.shape[-1]:
        return (-z).argsort(-1, kind="stable")[..., :k]
    return _largest(z, k)


def _largest(z, k):
    """Places of the k largest, from the largest down, the first on ties: sorts few of many."""
    bound = np.partition(z, -k, axis=-1)[..., -k, None]
    kept = np.argpartition(z, -k, axis=-1)[..., -k:]
    if ((z == bound).sum(-1) > 1).any():  # which of the equal ones are kept is then undefined
        return (-z).argsort(-1, kind="stable")[..., :k]
    kept.sort(-1)
    order = (-np.take_along_axis(z, kept, -1)).argsort(-1, kind="stable")
    return np.take_along_axis(kept, order, -1)


def top_k_log_probability(logits, index) -> np.ndarray:
    """log P(i_1, ..., i_k) of `top_k`: Σ_t l_{i_t} - log Σ_{j not among i_1 ... i_{t-1}} e^{l_j}.

    logits (..., K), index (..., k) whole numbers, all different in a row (ValueError), of
    positive probability. Returns (...,). Cost O(k K) a row: each sum is taken afresh, since
    subtracting from the first would cancel. Source: Plackett 1975; Kool et al. 2019.

    Checked by: top_k_probabilities
    """
    logits = as_logits(logits)
    shape = as_array(index, "index").shape
    if len(shape) != logits.ndim or shape[-1] == 0:
        raise ValueError(f"index must have shape {(*logits.shape[:-1], 'k')}, got shape {shape}")
    codes = as_index(index, logits, shape=(*logits.shape[:-1], shape[-1]))
    if (np.diff(np.sort(codes, -1), axis=-1) == 0).any():
        raise ValueError("index must hold different codes in a row")
    left, total = logits.copy(), np.zeros(logits.shape[:-1])
    for t in range(codes.shape[-1]):
        place = codes[..., t, None]
        total += np.take_along_axis(log_softmax(left), place, -1)[..., 0]
        np.put_along_axis(left, place, -np.inf, -1)
    return total
