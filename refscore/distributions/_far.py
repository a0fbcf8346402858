"""Mixture responsibilities where every component is far and two of them still compete.

There q_k ≈ 1e300 leaves no digits for the difference of two. With t the leading component,
u = x − m_t and δ = m_k − m_t, the same difference is also

    ℓ_k − ℓ_t = −½ uᵀ (P_k−P_t) u + uᵀ P_k δ − ½ δᵀ P_k δ + const_k − const_t
    s_k − s_t = −(P_k−P_t) u + P_k δ

in which equal precisions cancel exactly. For each pair of a point and a competing component
the form with the smaller rounding bound is used. What stays ill-conditioned:
uᵀ (P_k−P_t) u near 0 with P_k ≠ P_t.
"""

from __future__ import annotations

import numpy as np

from refscore.distributions._blocks import BLOCK_BYTES
from refscore.distributions._spread import apply

FAR = 4000.0  # ε q is 1e-12 here
RELEVANT = 60.0  # e⁻⁶⁰ is below rounding


class FarMixture:
    """Finds the contested far points of a mixture and works them out pair by pair."""

    def __init__(self, constants, means, spread):
        self.constants, self.means, self.spread = constants, np.ascontiguousarray(means.T), spread

    def contested(self, nearest, logits):
        """Columns of `logits` (K, n) not decided to rounding, and who competes there (m, K)."""
        rows = np.flatnonzero(~(nearest <= FAR))
        if not rows.size:
            return rows, np.empty((0, len(logits)), dtype=bool), rows
        candidates = logits[:, rows]
        top = candidates.max(axis=0)
        competes = ~(top - candidates > RELEVANT + 1e-12 * nearest[rows])
        undecided = competes.sum(axis=0) > 1
        leader = np.where(np.isfinite(top), candidates.argmax(axis=0), -1)
        return rows[undecided], competes[:, undecided].T, leader[undecided]

    def groups(self, x, contested):
        """Pairs (columns of x, FarPoints), so many at a time that workspace stays bounded."""
        rows, competes, leader = contested
        if not rows.size:
            return
        overflowed = leader < 0
        if overflowed.any():
            leader[overflowed] = self._leader(x[:, rows[overflowed]])
        most = int(competes.sum(axis=1).max())
        size = max(1, BLOCK_BYTES // (8 * most * len(x)))
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            yield rows[part], FarPoints(self, x[:, rows[part]], competes[part], leader[part])

    def _leader(self, x):
        """argmin_k of q_k where q_k itself overflows."""
        scale = np.abs(x).max(axis=0)
        best, leader = np.full(x.shape[1], np.inf), np.zeros(x.shape[1], dtype=int)
        for k, g in enumerate(self.spread.index):
            q = _form(self.spread.whitener[g], (x - self.means[:, k, None]) / scale)
            leader[q < best] = k
            best = np.minimum(best, q)
        return leader


class FarPoints:
    """Points x (d, m) with competitors (m, K) and leaders (m,), as one list of pairs."""

    def __init__(self, law: FarMixture, x, competes, leader):
        self.law, self.spread = law, law.spread
        self.point, self.component = np.nonzero(competes)  # sorted by point
        self.starts = np.searchsorted(self.point, np.arange(x.shape[1]))
        self.group, own = self.spread.index[self.component], self.spread.index[leader]
        self.u = x - law.means[:, leader]
        self.leading_score = -self._each(self.spread.precision, own, self.u)
        logits, deviation = self._pairs(x[:, self.point], leader[self.point], own[self.point])
        logits -= np.maximum.reduceat(logits, self.starts)[self.point]
        weight = np.exp(logits)
        self.r = weight / self._sum(weight)[self.point]
        self.mean = self._sum(self.r * deviation)  # s − s_t
        deviation -= self.mean[:, self.point]
        deviation *= np.sqrt(self.r)
        self.deviation = deviation  # √r_k (s_k − s)

    def _sum(self, pairs):
        return np.add.reduceat(pairs, self.starts, axis=-1)

    def _pairs(self, x, leader, own):
        """ℓ_k − ℓ_t and s_k − s_t for every pair, each by its better conditioned form."""
        law, group, p = self.law, self.group, self.spread.precision
        from_mean, u = x - law.means[:, self.component], self.u[:, self.point]
        delta = law.means[:, self.component] - law.means[:, leader]
        scale = np.abs(u).max(axis=0)
        v = u / np.where(scale > 0, scale, 1.0)
        dp_v, p_delta = self._differences(group, own, v), self._each(p, group, delta)
        curved = scale * (scale * (v * dp_v).sum(axis=0))
        linear, constant = (u * p_delta).sum(axis=0), (delta * p_delta).sum(axis=0)
        bound = scale * (scale * np.abs(v * dp_v).sum(axis=0)) + np.abs(linear) + constant
        expanded = linear - 0.5 * np.clip(curved, -1e306, 1e306) - 0.5 * constant
        q_k = (self._each(self.spread.whitener, group, from_mean) ** 2).sum(axis=0)
        q_t = (self._each(self.spread.whitener, own, u) ** 2).sum(axis=0)
        direct = (bound > q_k + q_t) & np.isfinite(q_k + q_t)
        logits = np.where(direct, -0.5 * (q_k - q_t), expanded)
        s_k, s_t = -self._each(p, group, from_mean), self.leading_score[:, self.point]
        deviation = np.where(direct, s_k - s_t, p_delta - scale * dp_v)
        return logits + law.constants[self.component] - law.constants[leader], deviation

    def _each(self, matrices, group, columns):
        """Matrix group[i] on column i."""
        if not self.spread.full:
            return matrices[group].T * columns
        out = np.empty(columns.shape)
        for g in np.unique(group):
            out[:, group == g] = matrices[g] @ columns[:, group == g]
        return out

    def _differences(self, group, own, columns):
        """(P_k − P_t) on each column, exactly 0 where the two are one matrix."""
        p = self.spread.precision
        if not self.spread.full:
            return (p[group] - p[own]).T * columns
        out = np.zeros(columns.shape)
        for g, t in np.unique(np.stack([group, own]), axis=1).T:
            if g != t:
                mine = (group == g) & (own == t)
                out[:, mine] = (p[g] - p[t]) @ columns[:, mine]
        return out

    def score(self):
        """The scores s_t + Σ_k r_k (s_k − s_t), (d, m)."""
        return self.mean + self.leading_score

    def divergence(self):
        """(m,)."""
        squares = (self.deviation**2).sum(axis=0)
        return self._sum(squares - self.r * self.spread.precision_trace[self.group])

    def jvp(self, v):
        """(d, m)."""
        along = (self.deviation * v[:, self.point]).sum(axis=0)
        precision = self._each(self.spread.precision, self.group, v[:, self.point])
        return self._sum(along * self.deviation - self.r * precision)

    def jacobian(self):
        """(m, d, d)."""
        columns = [self.jvp(np.broadcast_to(e[:, None], self.u.shape)) for e in np.eye(len(self.u))]
        return np.stack(columns, axis=-1).swapaxes(0, 1)


def _form(w, u):
    z = apply(w, u)
    return np.einsum("dn,dn->n", z, z)
