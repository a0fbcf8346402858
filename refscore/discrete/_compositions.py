"""All ways to share m draws among K codes, and what a bound is worth on each."""

from __future__ import annotations

from itertools import chain, combinations, combinations_with_replacement, islice
from math import comb

import numpy as np

MOST = 10**6
BLOCK = 1 << 15  # numbers held at a time


def compositions(m: int, n_codes: int):
    """Blocks (b, K) of counts that sum to m, all of them once.

    As the codes of m draws, or as the places of K - 1 bars among them, whichever are fewer.

    Checked by: importance_bound_by_enumeration
    """
    short = min(m, n_codes - 1)
    if short > 20 or comb(m + n_codes - 1, short) > MOST:  # C(42, 21) is more
        raise ValueError(
            f"n_draws must leave at most {MOST} ways to share it among {n_codes} codes, got {m}"
        )
    if short == 0:
        yield np.array([[float(m)]])
        return
    by_draws = m < n_codes - 1
    ways = combinations_with_replacement(range(n_codes), m) if by_draws else None
    ways = ways or combinations(range(m + n_codes - 1), n_codes - 1)
    numbers, rows = chain.from_iterable(ways), max(1, BLOCK // n_codes)
    while len(block := np.fromiter(islice(numbers, rows * short), int)):
        block = block.reshape(-1, short)
        yield _of_draws(block, n_codes) if by_draws else _of_bars(block, m)


def _of_draws(codes, n_codes):
    counts = np.zeros((len(codes), n_codes))
    np.add.at(counts, (np.arange(len(codes))[:, None], codes), 1.0)
    return counts


def _of_bars(bars, m):
    """Stars between bars at these places of m + K - 1."""
    first = np.full((len(bars), 1), -1)
    last = np.full((len(bars), 1), m + bars.shape[1])
    return np.diff(np.concatenate([first, bars, last], 1), axis=1) - 1.0


def add_counted(bound, counts, log_q, log_w) -> None:
    """Adds Σ over the block of Multinomial(n; q) log (1/m) Σ_k n_k w_k to every row's bound.

    counts (b, K), logs (rows, K), bound (rows,).

    Checked by: importance_bound_by_enumeration
    """
    from scipy.special import gammaln

    m = counts[0].sum()
    log_ways = gammaln(m + 1) - gammaln(counts + 1).sum(-1)
    step = max(1, BLOCK // counts.size)
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        drawn, log_n = counts > 0, np.log(counts)
        for rows in (slice(i, i + step) for i in range(0, len(bound), step)):
            q, w = log_q[rows, None], log_w[rows, None]
            chance = np.exp(log_ways + np.where(drawn, counts * q, 0.0).sum(-1))
            terms = np.where(drawn, w + log_n, -np.inf)
            top = terms.max(-1)
            value = top + np.log(np.exp(terms - top[..., None]).sum(-1)) - np.log(m)
            value = np.where(np.isneginf(top), -np.inf, value)
            bound[rows] += np.where(chance > 0, chance * value, 0.0).sum(-1)
