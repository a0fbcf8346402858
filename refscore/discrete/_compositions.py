"""All ways to share m draws among K codes, and what a bound is worth on each."""

from __future__ import annotations

from itertools import chain, combinations, combinations_with_replacement, islice
from math import comb, lgamma

import numpy as np

MOST = 10**6
BLOCK = 1 << 15  # numbers held at a time


def add_counted(bound, m: int, log_q, log_w) -> None:
    """Σ_n Multinomial(n; m, q) log (1/m) Σ_k n_k w_k for every row, into a bound of 0.

    logs (rows, K), bound (rows,). The chances are divided by their sum, 1 but for the rounding of
    factorials.

    Checked by: importance_bound_by_enumeration
    """
    whole = np.zeros(bound.shape)
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        for log_ways, codes, counts in compositions(m, log_q.shape[1]):
            drawn, log_n, step = counts > 0, np.log(counts), max(1, BLOCK // counts.size)
            for rows in (slice(i, i + step) for i in range(0, len(bound), step)):
                q, terms = log_q[rows, codes], log_w[rows, codes] + log_n
                terms = np.where(drawn, terms, -np.inf)
                chance = np.exp(log_ways + np.where(drawn, counts * q, 0.0).sum(-1))
                top = terms.max(-1)
                value = top + np.log(np.exp(terms - top[..., None]).sum(-1)) - np.log(m)
                value = np.where(np.isneginf(top), -np.inf, value)
                bound[rows] += np.where(chance > 0, chance * value, 0.0).sum(-1)
                whole[rows] += chance.sum(-1)
    bound /= whole


def compositions(m: int, n_codes: int):
    """Blocks of ways: log of how many draws each is, (b,); codes and their counts, (b, w).

    As the m draws in order, each code counted once, or as the counts of all codes, which K - 1
    bars among the draws divide: whichever is shorter.

    Checked by: importance_bound_by_enumeration
    """
    by_draws, short = m < n_codes - 1, min(m, n_codes - 1)
    if short > 20 or comb(m + n_codes - 1, short) > MOST:  # C(42, 21) is more
        raise ValueError(
            f"n_draws must leave at most {MOST} ways to share it among {n_codes} codes, got {m}"
        )
    if n_codes == 1:
        yield np.zeros(1), np.zeros((1, 1), int), np.array([[float(m)]])
        return
    draws, bars = combinations_with_replacement, combinations
    ways = draws(range(n_codes), m) if by_draws else bars(range(m + n_codes - 1), n_codes - 1)
    numbers, rows = chain.from_iterable(ways), max(1, BLOCK // (short + 1))
    while len(block := np.fromiter(islice(numbers, rows * short), int)):
        block = block.reshape(-1, short)
        yield _of_draws(block, m) if by_draws else _of_bars(block, m)


def _of_draws(codes, m):
    """In rising order; log n! of every code is the sum of the logarithms of 1 ... n."""
    place = np.ones(codes.shape)
    for i in range(1, m):
        place[:, i] += np.where(codes[:, i] == codes[:, i - 1], place[:, i - 1], 0.0)
    return lgamma(m + 1) - np.log(place).sum(-1), codes, np.ones(codes.shape)


def _of_bars(bars, m):
    """Stars between bars at these places of m + K - 1."""
    from scipy.special import gammaln

    first, last = (np.full((len(bars), 1), at) for at in (-1, m + bars.shape[1]))
    counts = np.diff(np.concatenate([first, bars, last], 1), axis=1) - 1.0
    codes = np.broadcast_to(np.arange(counts.shape[1]), counts.shape)
    return gammaln(m + 1) - gammaln(counts + 1).sum(-1), codes, counts
