"""The law of a one-dimensional Langevin chain, backwards.

u_k(x) = P(X_k <= c | X_0 = x) satisfies u_{k+1}(x) = int N(y; m(x), eta) u_k(y) dy with
m(x) = x + (eta/2) s(x), and u_1 is a normal distribution function; integrals by Gauss-Legendre
panels.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from ._memory import remembered


@remembered
def uniform_chain(law, low, high, step_size, n_steps, points):
    """P(X_n <= c), X_0 uniform on (low, high), n >= 1, law a gaussian or mixture on the line."""
    stages = [(law, float(step_size))] * int(n_steps)
    return _backwards(stages, low, high, points)


@remembered
def annealed_chain(law, low, high, sigmas, step_size, n_each, points):
    """The same through the levels of a ladder, with the exact noised scores."""
    stages = []
    for sigma in sigmas:
        stages += [(noised(law, sigma), float(step_size) * (sigma / sigmas[-1]) ** 2)] * int(n_each)
    return _backwards(stages, low, high, points)


def distribution_function(chain, law, low, high, *more):
    """P(X_n <= c) as a function of c, by cubic interpolation: to 1e-5.

    chain: `uniform_chain` or `annealed_chain`; more: its arguments before the points."""
    from scipy.interpolate import CubicSpline

    _, means, variances = mixture_on_a_line(law)
    far = 12 * np.sqrt(variances.max())
    c = np.linspace(min(low, means.min() - far), max(high, means.max() + far), 500)
    fitted = CubicSpline(c, chain(law, low, high, *more, c))
    return lambda x: np.clip(fitted(np.clip(x, c[0], c[-1])), 0.0, 1.0)


def noised(law, sigma):
    """The law with noise of variance sigma^2 added."""
    weights, means, variances = mixture_on_a_line(law)
    return SimpleNamespace(
        kind="mixture", weights=weights, means=means[:, None],
        covariances=(variances + sigma**2)[:, None, None],
    )  # fmt: skip


def mixture_on_a_line(law):
    """(weights, means, variances) of a one-dimensional gaussian or mixture."""
    if law.kind == "gaussian":
        return np.ones(1), np.ravel(law.mean), np.ravel(law.covariance)
    weights = np.asarray(law.weights, dtype=float)
    return weights / weights.sum(), np.ravel(law.means), np.ravel(law.covariances)


def _backwards(stages, low, high, points):
    from scipy.special import ndtr

    c = np.asarray(points, dtype=float)
    kept = _Kernels(stages, low, high)
    law, eta = stages[-1]
    u = ndtr((c - kept.means(len(stages) - 1)[:, None]) / np.sqrt(eta))
    for k in range(len(stages) - 2, -1, -1):
        u = kept.kernel(k) @ u
    return kept.mass @ u / (high - low)


class _Kernels:
    """Nodes of every stage, and the kernel that leads from those of one to those of the next."""

    def __init__(self, stages, low, high):
        self.stages, self.ends = stages, (low, high)
        self.first, self.mass = _legendre(low, high, max(20, int(12 * (high - low))))
        self.nodes, self.known = {}, {}

    def entering(self, k):
        """(points, weights) where the chain may be before step k."""
        if k == 0:
            return self.first, self.mass
        pair = id(self.stages[k - 1][0]), id(self.stages[k][0])
        if pair not in self.nodes:
            self.nodes[pair] = _nodes(self.stages[k - 1 : k + 1], *self.ends)
        return self.nodes[pair]

    def means(self, k):
        law, eta = self.stages[k]
        x = self.entering(k)[0]
        return x + eta / 2 * _score(*mixture_on_a_line(law), x)

    def kernel(self, k):
        y, weight = self.entering(k + 1)
        key = id(self.entering(k)[0]), id(y)
        if key not in self.known:
            eta = self.stages[k][1]
            gap = y - self.means(k)[:, None]
            scaled = weight / np.sqrt(2 * np.pi * eta)
            self.known[key] = np.exp(-gap * gap / (2 * eta)) * scaled
        return self.known[key]


def _nodes(stages, low, high):
    """Panels narrow beside the kernel, over all that the chain reaches before the later stage."""
    ends, width = [], np.inf
    for law, size in stages:
        weights, means, variances = mixture_on_a_line(law)
        reach = 9 * np.sqrt(np.maximum(variances, 1.2 * size))
        ends += [means - reach, means + reach]
        x = np.linspace(means.min() - 1, means.max() + 1, 4001)
        slope = 1 + size / 2 * np.gradient(_score(weights, means, variances, x), x)
        width = min(width, 5 * np.sqrt(size) / max(1.0, np.abs(slope).max()))
    if stages[0][0] is stages[-1][0]:  # one level alone: it may still be where it started
        ends.append(np.array([low, high]))
    low, high = np.concatenate(ends).min(), np.concatenate(ends).max()
    return _legendre(low, high, int(np.ceil((high - low) / width)))


def _legendre(low, high, panels, order=16):
    x, w = np.polynomial.legendre.leggauss(order)
    edges = np.linspace(low, high, panels + 1)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + x)).ravel(), (half * w).ravel()


def _score(weights, means, variances, x):
    gap = means - x[:, None]
    logs = np.log(weights) - np.log(variances) / 2 - gap * gap / (2 * variances)
    parts = np.exp(logs - logs.max(1, keepdims=True))
    return (parts * gap / variances).sum(1) / parts.sum(1)
