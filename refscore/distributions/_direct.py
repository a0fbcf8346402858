"""Mixtures with any covariances, each component taken from its own mean.

    q_k = (x−m_k)ᵀ P_k (x−m_k)            ℓ_k = log π_k + ½ log det P_k − ½ q_k
    s(x) = Σ_k r_k s_k,                   s_k = −P_k (x−m_k),  r = softmax(ℓ)
    ∇s(x) = −Σ_k r_k P_k + Σ_k r_k (s_k−s)(s_k−s)ᵀ

Differences x − m_k lose nothing at an offset of 1e8. Where every q_k is large and two
components still compete, their difference would be lost in q_k; those few points are
handed to `_far.py`. Near enough to the data, matrix products (`_products.py`) are as good
and many times faster; farther out they still find the few components that matter.
"""

from __future__ import annotations

import numpy as np

from refscore.distributions._blocks import blockwise, softmax
from refscore.distributions._far import RELEVANT, FarMixture
from refscore.distributions._products import EXACT, SCREENED, products_of
from refscore.distributions._spread import LOG_2PI, apply

PAIR_COST = 100  # a competing pair worked out on its own, over a coordinate of any pair here


class DirectMixture:
    """log density and score derivatives of Σ_k π_k N(m_k, S_k)."""

    def __init__(self, log_weights, means, spread):
        self.count, self.dim = means.shape
        self.means, self.spread = np.ascontiguousarray(means.T), spread  # (d, K)
        self.constants = (log_weights - 0.5 * spread.log_det[spread.index])[:, None]
        self.log_constant = -0.5 * self.dim * LOG_2PI
        self.traces = spread.precision_trace[spread.index]
        self.far = FarMixture(self.constants[:, 0], means, spread)
        self.products = products_of(self.constants[:, 0], means, spread)
        self.size = max(2 * (self.count + self.dim), self.products.size if self.products else 0)
        if not spread.full:
            self.w = np.ascontiguousarray(spread.whitener[spread.index].T)  # (d, K)
            self.p = np.ascontiguousarray(spread.precision[spread.index].T)

    def _quadratics(self, x):
        q = np.zeros((self.count, x.shape[1]))
        if self.spread.full:
            for k, g in enumerate(self.spread.index):
                z = apply(self.spread.whitener[g], x - self.means[:, k, None])
                q[k] = np.einsum("dn,dn->n", z, z)
            return q
        for x_i, m_i, w_i in zip(x, self.means, self.w, strict=True):
            z = x_i - m_i[:, None]
            z *= w_i[:, None]
            z *= z
            q += z
        return q

    def _component_scores(self, x):
        """s_k one after the other: pairs (which, s) with s (d, n) of component `which`."""
        for k, g in enumerate(self.spread.index):
            yield k, -apply(self.spread.precision[g], x - self.means[:, k, None])

    def _near(self, x):
        """The products' features of x, None unless all columns are within their reach."""
        if self.products:
            features, square = self.products.features(x)
            return features if self.products.reach(square.max()) <= EXACT else None

    def _responsibilities(self, x):
        features = self._near(x)
        if features is not None:
            none_far = self.far.contested(np.zeros(x.shape[1]), self.constants)
            return softmax(self.products.logits(features))[0], none_far
        return self._direct_responsibilities(x)

    def _direct_responsibilities(self, x):
        q = self._quadratics(x)
        nearest = q.min(axis=0)
        q *= -0.5
        q += self.constants
        far = self.far.contested(nearest, q)
        return softmax(q)[0], far

    def log_density(self, x):
        def block(columns):
            features = self._near(columns)
            if features is not None:
                return softmax(self.products.logits(features))[1] + self.products.highest
            q = self._quadratics(columns)
            q *= -0.5
            q += self.constants
            return softmax(q)[1]

        return blockwise(block, x, (), self.size) + self.log_constant

    def score(self, x):
        return blockwise(self._score_block, x, (self.dim,), self.size)

    def _score_block(self, x):
        if not self.products:
            return self._direct_score(x)
        features, square = self.products.features(x)
        if self.products.reach(square.max()) <= EXACT:
            return self.products.score(features)
        reach = self.products.reach(square)
        many = self.count * self.dim >= PAIR_COST
        near, there = reach <= EXACT, (reach <= SCREENED) & many
        s = np.empty(x.shape)
        for columns, score in (
            (near, lambda x, features: self.products.score(features)),
            (there & ~near, self._screened_score),
            (~there & ~near, self._direct_score),
        ):
            if columns.all():
                return score(x, features)
            if columns.any():
                s[:, columns] = score(x[:, columns], features[:, columns])
        return s

    def _screened_score(self, x, features):
        """The score from those pairs of a point and a component that matter."""
        logits = self.products.logits(features)
        competes = logits > logits.max(axis=0) - (RELEVANT + 1.0)
        if PAIR_COST * competes.sum() > competes.size * self.dim:
            return self._direct_score(x)
        s, everywhere = np.empty(x.shape), np.arange(x.shape[1])
        for rows, at in self.far.groups(x, (everywhere, competes.T, logits.argmax(axis=0))):
            s[:, rows] = at.score()
        return s

    def _direct_score(self, x, features=None):
        r, far = self._direct_responsibilities(x)
        s = self._sparse_mean_score(x, r) if self.spread.full else self._mean_score(x, r)
        for rows, at in self.far.groups(x, far):
            s[:, rows] = at.score()
        return s

    def _sparse_mean_score(self, x, r):
        """Σ_k r_k s_k without the terms below rounding."""
        s = np.zeros(x.shape)
        for k, g in enumerate(self.spread.index):
            at = np.flatnonzero(r[k] > 1e-18)
            s[:, at] -= r[k, at] * apply(
                self.spread.precision[g], x[:, at] - self.means[:, k, None]
            )
        return s

    def _mean_score(self, x, r):
        s = np.zeros(x.shape)
        if self.spread.full:
            for k, s_k in self._component_scores(x):
                s += r[k] * s_k
            return s
        for i, (x_i, m_i, p_i) in enumerate(zip(x, self.means, self.p, strict=True)):
            s_k = m_i[:, None] - x_i
            s_k *= p_i[:, None]
            s_k *= r
            s[i] = s_k.sum(axis=0)
        return s

    def _coordinate_deviations(self, x, s, root):
        """√r_k (s_k − s)_i for i = 1..d, each (K, n); diagonal covariances."""
        for x_i, m_i, p_i, s_i in zip(x, self.means, self.p, s, strict=True):
            deviation = m_i[:, None] - x_i
            deviation *= p_i[:, None]
            deviation -= s_i
            deviation *= root
            yield deviation

    def divergence(self, x):
        """Σ_k r_k (|s_k − s|² − tr P_k)."""
        return blockwise(self._divergence_block, x, (), 3 * self.count + 4 * self.dim)

    def _divergence_block(self, x):
        r, far = self._responsibilities(x)
        s = self._mean_score(x, r)
        value, root = -(self.traces @ r), np.sqrt(r)
        if self.spread.full:
            for k, s_k in self._component_scores(x):
                s_k -= s
                s_k *= root[k]
                value += np.einsum("dn,dn->n", s_k, s_k)
        else:
            for deviation in self._coordinate_deviations(x, s, root):
                deviation *= deviation
                value += deviation.sum(axis=0)
        for rows, at in self.far.groups(x, far):
            value[rows] = at.divergence()
        return value

    def jvp(self, x, v):
        """∇s v = Σ_k r_k [(s_k − s)(s_k − s)·v − P_k v]."""

        def block(x, v):
            r, far = self._responsibilities(x)
            s, root, value = self._mean_score(x, r), np.sqrt(r), self._mean_precision(r, v)
            if self.spread.full:
                for k, s_k in self._component_scores(x):
                    s_k -= s
                    s_k *= root[k]
                    s_k *= np.einsum("dn,dn->n", s_k, v)
                    value += s_k
            else:
                along = sum(
                    a * v_i
                    for a, v_i in zip(self._coordinate_deviations(x, s, root), v, strict=True)
                )
                for i, deviation in enumerate(self._coordinate_deviations(x, s, root)):
                    value[i] += np.einsum("kn,kn->n", deviation, along)
            for rows, at in self.far.groups(x, far):
                value[:, rows] = at.jvp(v[:, rows])
            return value

        return blockwise(block, x, (self.dim,), 5 * self.count + 5 * self.dim, v)

    def _mean_precision(self, r, v):
        """−Σ_k r_k P_k v."""
        value = np.zeros(v.shape)
        for g, precision in enumerate(self.spread.precision):
            value -= r[self.spread.index == g].sum(axis=0) * apply(precision, v)
        return value

    def jacobian(self, x):
        per_point = (2 * self.count + self.dim) * self.dim + 2 * self.count
        return blockwise(self._jacobian_block, x, (self.dim, self.dim), per_point)

    def _jacobian_block(self, x):
        r, far = self._responsibilities(x)
        s, root = self._mean_score(x, r), np.sqrt(r)
        deviation = np.empty((x.shape[1], self.count, self.dim))
        if self.spread.full:
            for k, s_k in self._component_scores(x):
                s_k -= s
                s_k *= root[k]
                deviation[:, k] = s_k.T
        else:
            for i, by_component in enumerate(self._coordinate_deviations(x, s, root)):
                deviation[:, :, i] = by_component.T
        value = np.matmul(deviation.swapaxes(1, 2), deviation)
        for g, precision in enumerate(self.spread.precision):
            share = r[self.spread.index == g].sum(axis=0)
            value -= share[:, None, None] * (precision if self.spread.full else np.diag(precision))
        for rows, at in self.far.groups(x, far):
            value[rows] = at.jacobian()
        return np.moveaxis(value, 0, -1)
