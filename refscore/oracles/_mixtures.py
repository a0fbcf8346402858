"""Gaussian mixtures and kernel densities: log-sum-exp by pairwise differences of exact forms."""

from __future__ import annotations

import numpy as np

from ._elliptical import forms, precision, square_matrix
from ._exact import LOG_2PI, extended, ratio


class mixture:
    """sum_k pi_k N(m_k, S_k), by pairwise differences against the heaviest component at x."""

    @staticmethod
    def parameters(law):
        means = np.asarray(law.means, dtype=extended)
        covariances = [square_matrix(c, means.shape[1]) for c in law.covariances]
        weights = np.asarray(law.weights, dtype=extended)
        return weights / weights.sum(), means, covariances

    @staticmethod
    def parts(law, x):
        """log densities relative to the reference component (n, K), the reference's own log
        density (n,), scores relative to it (n, K, d), its score (n, d), precisions (K, d, d)."""
        weights, means, covariances = mixture.parameters(law)
        components = [forms(x, m, c) for m, c in zip(means, covariances)]
        with np.errstate(divide="ignore"):
            logs = np.log(weights) - np.array([c.log_det for c in components]) / 2
        alone = [lw - ratio(c.q, c.det, c.q_shift) / 2 for c, lw in zip(components, logs)]
        reference = np.argmax(np.array(alone), axis=0)
        for _ in range(len(components)):
            relative, steps = mixture._against(components, logs, reference)
            better = np.argmax(relative, axis=1)
            better = np.where(relative[np.arange(len(x)), better] > 0, better, reference)
            if np.array_equal(better, reference):
                break
            reference = better
        own = np.array(alone)[reference, np.arange(len(x))] - x.shape[1] * LOG_2PI / 2
        scores = np.array([-ratio(c.u, c.det, c.u_shift) for c in components])
        own_score = scores[reference, np.arange(len(x))]
        return relative, own, steps, own_score, np.array([precision(c) for c in components])

    @staticmethod
    def _against(components, logs, reference):
        n, d = components[0].u.shape
        relative = np.zeros((n, len(logs)), dtype=extended)
        steps = np.zeros((n, len(logs), d), dtype=extended)
        for r in np.unique(reference):
            rows, b = reference == r, components[r]
            for k, a in enumerate(components):
                if k == r:
                    continue
                (s, t), f = align((a.q[rows], a.q_shift), (b.q[rows], b.q_shift))
                q = ratio(s * b.det - t * a.det, a.det * b.det, f)
                relative[rows, k] = logs[k] - logs[r] - q / 2
                (s, t), f = align((a.u[rows], a.u_shift), (b.u[rows], b.u_shift))
                steps[rows, k] = ratio(t * a.det - s * b.det, a.det * b.det, f)
        return relative, steps

    @staticmethod
    def responsibilities(law, x):
        """P(component k | x), (n, K)."""
        return _normalise(mixture.parts(law, x)[0])[0]

    @staticmethod
    def log_density(law, x):
        relative, own, *_ = mixture.parts(law, x)
        return own + _normalise(relative)[1]

    @staticmethod
    def score(law, x):
        """sum_k r_k s_k = s_ref + sum_k r_k (s_k - s_ref)."""
        relative, _, steps, own_score, _ = mixture.parts(law, x)
        return own_score + np.einsum("nk,nki->ni", _normalise(relative)[0], steps)

    @staticmethod
    def score_jacobian(law, x):
        """-sum_k r_k P_k + sum_k r_k (s_k - s)(s_k - s)^T."""
        relative, _, steps, _, precisions = mixture.parts(law, x)
        r = _normalise(relative)[0]
        centred = steps - np.einsum("nk,nki->ni", r, steps)[:, None]
        spread = np.einsum("nk,nki,nkj->nij", r, centred, centred)
        return spread - np.einsum("nk,kij->nij", r, precisions)

    @staticmethod
    def mean(law):
        weights, means, _ = mixture.parameters(law)
        return weights @ means

    @staticmethod
    def covariance(law):
        """sum_k pi_k [S_k + (m_k - m)(m_k - m)^T]."""
        weights, means, covariances = mixture.parameters(law)
        gap = means - weights @ means
        return sum(w * (c + np.outer(g, g)) for w, c, g in zip(weights, covariances, gap))


def align(a, b):
    """Two (integers, shift) pairs on the smaller of their shifts."""
    shift = min(a[1], b[1])
    return [n * (1 << (s - shift)) for n, s in (a, b)], shift


def _normalise(relative):
    """Softmax and log-sum-exp of log weights whose largest is (nearly) zero."""
    with np.errstate(under="ignore"):
        terms = np.exp(relative)
    total = terms.sum(-1)
    return terms / total[:, None], np.log1p(_sum_without_largest(terms))


def _sum_without_largest(terms):
    order = np.sort(terms, axis=-1)
    return (order[:, -1] - 1) + order[:, :-1].sum(-1)


class empirical:
    """Gaussian kernel density: mean over i of N(x; data_i, h^2 I), in extended precision."""

    @staticmethod
    def parts(law, x):
        """Weights r (n, m), log of the kernel sum over its largest term, largest term, gaps."""
        data = np.asarray(law.data, dtype=extended)
        h = extended(law.bandwidth)
        nearest = np.argmin(_squares(x, data), axis=1)
        for _ in range(3):  # the nearest point, decided by differences, not by squares
            gap = data[None] - data[nearest][:, None]
            middle = 2 * (x - data[nearest])[:, None] - gap
            relative = np.einsum("nmi,nmi->nm", gap, middle) / (2 * h * h)
            nearest = np.where(relative.max(-1) > 0, np.argmax(relative, -1), nearest)
        r, log_sum = _normalise(relative)
        return r, log_sum, x - data[nearest], gap, h

    @staticmethod
    def log_density(law, x):
        _, log_sum, y, gap, h = empirical.parts(law, x)
        own = -(y * y).sum(-1) / (2 * h * h) - x.shape[1] * (LOG_2PI / 2 + np.log(h))
        return own + log_sum - np.log(extended(gap.shape[1]))

    @staticmethod
    def score(law, x):
        """(weighted mean of data - x) / h^2."""
        r, _, y, gap, h = empirical.parts(law, x)
        return (np.einsum("nm,nmi->ni", r, gap) - y) / (h * h)

    @staticmethod
    def score_jacobian(law, x):
        """(weighted covariance of data / h^2 - I) / h^2."""
        r, _, _, gap, h = empirical.parts(law, x)
        centred = gap - np.einsum("nm,nmi->ni", r, gap)[:, None]
        spread = np.einsum("nm,nmi,nmj->nij", r, centred, centred)
        return (spread / (h * h) - np.eye(x.shape[1])) / (h * h)

    @staticmethod
    def mean(law):
        return np.asarray(law.data, dtype=extended).mean(0)

    @staticmethod
    def covariance(law):
        data = np.asarray(law.data, dtype=extended)
        gap = data - data.mean(0)
        return gap.T @ gap / len(data) + extended(law.bandwidth) ** 2 * np.eye(data.shape[1])


def _squares(x, data):
    return np.square(x[:, None] - data[None]).sum(-1)
