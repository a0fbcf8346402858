"""All ways to share m draws among K codes, and what a bound is worth on each."""

from __future__ import annotations

from itertools import combinations_with_replacement, islice
from math import comb

import numpy as np

MOST = 10**6
_AT_ONCE = 4096


def compositions(m: int, n_codes: int):
    """Blocks (b, K) of counts that sum to m, all of them once.

    Checked by: importance_bound_by_enumeration
    """
    if comb(m + n_codes - 1, m) > MOST:
        raise ValueError(
            f"n_draws must leave at most {MOST} ways to share it among {n_codes} codes, got {m}"
        )
    ways = combinations_with_replacement(range(n_codes), m)
    while block := list(islice(ways, _AT_ONCE)):
        drawn = np.array(block)
        yield np.stack([(drawn == k).sum(-1) for k in range(n_codes)], -1).astype(float)


def counted_bound(counts, log_q, log_w) -> np.ndarray:
    """Σ over the block of Multinomial(n; q) log (1/m) Σ_k n_k w_k; counts (b, K), logs (..., K).

    Checked by: importance_bound_by_enumeration
    """
    from scipy.special import gammaln, logsumexp

    m = counts[0].sum()
    total = np.zeros(log_q.shape[:-1])
    ways = gammaln(m + 1) - gammaln(counts + 1).sum(-1)
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        for n, log_ways in zip(counts, ways):
            drawn = n > 0
            chance = np.exp(log_ways + (n[drawn] * log_q[..., drawn]).sum(-1))
            bound = logsumexp(log_w[..., drawn] + np.log(n[drawn]), axis=-1) - np.log(m)
            total += np.where(chance > 0, chance * bound, 0.0)
    return total
