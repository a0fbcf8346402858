"""Many draws of one categorical law: Walker's table, two numbers a draw whatever K."""

from __future__ import annotations

import numpy as np

from refscore.distributions.discrete import Categorical

BLOCK = 1 << 15


def alias_draws(logits, n, rng):
    """n draws (n,) of softmax(logits), logits (K,); few of many codes by the cumulative table."""
    if n < 4 * len(logits):
        return Categorical(logits).sample(n, rng=rng)
    with np.errstate(over="ignore", under="ignore"):
        p = np.exp(logits - logits.max())
    kept, other = alias_table(p / p.sum())
    edge = np.arange(len(p)) + kept
    out = np.empty(n, dtype=np.intp)
    for start in range(0, n, BLOCK):
        u = rng.random(min(BLOCK, n - start)) * len(p)
        cell = u.astype(np.intp)
        np.minimum(cell, len(p) - 1, out=cell)  # u K may round to K
        out[start : start + len(u)] = np.where(u < edge[cell], cell, other[cell])
    return out


def alias_table(p):
    """Of K equal cells the part that keeps its own code, and the code of the rest (Vose 1991)."""
    k, scaled = len(p), (p * len(p)).tolist()
    kept, other = np.ones(k), np.arange(k)
    low = [i for i, s in enumerate(scaled) if s < 1]
    high = [i for i, s in enumerate(scaled) if s >= 1]
    while low and high:
        i, j = low.pop(), high[-1]
        kept[i], other[i] = scaled[i], j
        scaled[j] -= 1 - scaled[i]
        if scaled[j] < 1:
            low.append(high.pop())
    best = int(np.argmax(p))
    for i in low:  # what rounding left: almost full, or empty and never to be drawn
        kept[i], other[i] = (1.0, i) if p[i] > 0 else (0.0, best)
    return kept, other
