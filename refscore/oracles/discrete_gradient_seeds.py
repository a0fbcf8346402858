"""What estimates over discrete variables that draw by themselves amount to: how often each class
was drawn, read off estimates by the same draws; mean and variance of RELAX."""

from __future__ import annotations

import numpy as np

from ._memory import remembered
from .discrete_gradients import expectation_gradient, softmax, value

_NODES, _ROOM = 150, 1.1  # middles of equally likely cells; they lose the far tails


def leave_one_out(each, f, resolved=1e-8):
    """The leave-one-out estimate of f (K,) from those of single classes, each (K, K) = m/(m-1)
    (diag p - p p^T); None where a class was not drawn, or fewer than three are known.

    A factor within `resolved` of one is that of no number of draws."""
    dim = len(each)
    i, j = np.triu_indices(dim, 1)
    off = -(each[i, j] + each[j, i]) / 2
    seen = off > resolved / 100 * np.abs(off).max(initial=0.0)  # rounding leaves 1e-17 for none
    if dim < 3 or not (np.isfinite(off).all() and seen.all()):
        return None
    # log of the off-diagonal is u_i + u_j, e^u = p times the root of m/(m-1)
    pairs = np.eye(dim)[i] + np.eye(dim)[j]
    roots = np.exp(np.linalg.lstsq(pairs, np.log(off), rcond=None)[0])
    shares, factor = roots / roots.sum(), roots.sum() ** 2
    values = value(f, np.eye(dim))
    return _of_draws(factor, shares, resolved) * shares * (values - shares @ values)


def _of_draws(factor, shares, resolved):
    """m/(m-1) of whole m near this; of the least m that gives such shares where none is near."""
    if factor - 1 > resolved:
        m = max(2.0, np.round(factor / (factor - 1)))
        return m / (m - 1)
    counts = np.arange(2, 4097)[:, None] * shares
    off = np.abs(counts - np.round(counts)).max(1)
    m = 2 + int(np.argmax(off < 1e-3) if (off < 1e-3).any() else np.argmin(off))
    return m / (m - 1)


@remembered
def relax(logits, f, surrogate):
    """Mean (K,) of the RELAX estimate with a linear surrogate, and its variance with some room.

    Class b and the largest T, a Gumbel number, are independent; given them the others are, so that
    what they add to the estimate has a mean and a variance each."""
    pi, slope, hot = softmax(logits), np.asarray(surrogate.linear), np.eye(len(logits))
    middles = (np.arange(_NODES) + 0.5) / _NODES
    top, e = -np.log(-np.log(middles)), -np.log(middles)
    free = slope - pi * slope.sum()
    mean, second = np.zeros(len(pi)), np.zeros(len(pi))
    for b, values in enumerate(value(f, hot) - surrogate.constant):
        given = np.multiply.outer(values - slope[b] * top, hot[b] - pi) + free
        spread = np.zeros(given.shape)
        for i in np.flatnonzero(hot[b] == 0):
            apart = np.exp(-top)[:, None] + e / pi[i]
            moved = 1 - np.exp(-top)[:, None] / apart
            added = np.multiply.outer(slope[i] * np.log(apart), hot[b] - pi)
            added -= np.multiply.outer(slope[i] * moved, hot[i] - pi)
            given, spread = given + added.mean(1), spread + added.var(1)
        mean += pi[b] * given.mean(0)
        second += pi[b] * (given**2 + spread).mean(0)
    return expectation_gradient(logits, f), _ROOM * (second - mean**2)
