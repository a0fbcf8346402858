"""Distances of samples pair by pair, and their closed forms for Gaussians.

Kernels are written for complex points, their derivatives are complex steps; transport on the
line is a linear programme or a search over all permutations, never a sort.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from ._elliptical import square_matrix

_STEP = 1e-30


def kernel(name, x, y, bandwidth, exponent=0.5):
    """k(x, y) of broadcast points, complex where they are: rbf, imq or energy (real only)."""
    r2 = ((x - y) ** 2).sum(-1)
    if name == "rbf":
        return np.exp(-r2 / (2 * bandwidth**2))
    if name == "imq":
        return (bandwidth**2 + r2) ** -exponent
    return -np.sqrt(r2)


def _slope(name, x, y, bandwidth, exponent):
    """grad_y k, written as k times the slope of log k."""
    gap, k = x - y, kernel(name, x, y, bandwidth, exponent)[..., None]
    if name == "rbf":
        return gap / bandwidth**2 * k
    return 2 * exponent * gap / (bandwidth**2 + (gap * gap).sum(-1)[..., None]) * k


def stein_kernel(scores, x, name, bandwidth, exponent):
    """h(x_i, x_j): the Stein operator in y, then in x by complex steps. (n, n)."""
    n, d = x.shape

    def in_y(z):  # A_y k = k s(y) + grad_y k, a vector, at points z for x
        k = kernel(name, z[:, None], x, bandwidth, exponent)[..., None]
        return k * scores + _slope(name, z[:, None], x, bandwidth, exponent)

    total = np.einsum("ia,ija->ij", scores, in_y(x))
    for a in range(d):
        total = total + in_y(x + 1j * _STEP * np.eye(d)[a])[..., a].imag / _STEP
    return total


def kernel_stein(scores, x, name, bandwidth, exponent, statistic="V", weights=None):
    """sum w_i w_j h(x_i, x_j); statistic U: over pairs i != j, divided by their weight."""
    h = stein_kernel(np.asarray(scores), np.asarray(x), name, bandwidth, exponent)
    return _paired(h, weights, statistic)


def _paired(matrix, weights, statistic):
    n = len(matrix)
    w = np.full(n, 1 / n) if weights is None else np.asarray(weights)
    pairs = np.outer(w, w) * (1.0 if statistic == "V" else 1 - np.eye(n))
    return math.fsum((pairs * matrix).ravel()) / math.fsum(pairs.ravel())


def mmd(x, y, name, bandwidth=1.0, statistic="V", x_weights=None, y_weights=None):
    """Mean of k over pairs of x, plus of y, less twice the mean over pairs of both."""
    x, y = np.asarray(x), np.asarray(y)
    v = np.full(len(x), 1 / len(x)) if x_weights is None else np.asarray(x_weights)
    w = np.full(len(y), 1 / len(y)) if y_weights is None else np.asarray(y_weights)
    inside = [
        _paired(kernel(name, z[:, None], z, bandwidth), u, statistic) for z, u in ((x, v), (y, w))
    ]
    across = np.outer(v, w) * kernel(name, x[:, None], y, bandwidth)
    return sum(inside) - 2 * math.fsum(across.ravel())


def kernel_stein_gaussian(target, law, bandwidth):
    """KSD^2 with the RBF kernel from N(m, S) to N(n, T), by tilting the pair of draws.

    With Q = T^-1, A = Q - S^-1 and delta(x) = A x + b the difference of scores it is
    E k(x, y) delta(x).delta(y). The kernel only shrinks x - y, from 2 T to D = (Q/2 + I/l^2)^-1:
    det(I + 2 T/l^2)^-1/2 (|delta(n)|^2 + tr A (2 T - D)/4 A^T)."""
    d = len(law.mean)
    S, T = square_matrix(target.covariance, d), square_matrix(law.covariance, d)
    S, T = np.asarray(S, dtype=float), np.asarray(T, dtype=float)
    A = np.linalg.inv(T) - np.linalg.inv(S)
    shrunk = np.linalg.inv(np.linalg.inv(T) / 2 + np.eye(d) / bandwidth**2)
    at_mean = np.linalg.solve(S, law.mean - target.mean)
    size = np.linalg.det(np.eye(d) + 2 * T / bandwidth**2) ** -0.5
    return size * (at_mean @ at_mean + np.trace(A @ (2 * T - shrunk) / 4 @ A.T))


def mmd_gaussian(p, q, bandwidth):
    """MMD^2 with the RBF kernel of two Gaussians: E k(x, y) is a Gaussian density of the gap."""
    d = len(p.mean)

    def mean(a, b):
        spread = np.asarray(square_matrix(a.covariance, d), dtype=float)
        spread = np.eye(d) + (spread + square_matrix(b.covariance, d).astype(float)) / bandwidth**2
        gap = (a.mean - b.mean) / bandwidth
        return np.linalg.det(spread) ** -0.5 * np.exp(-gap @ np.linalg.solve(spread, gap) / 2)

    return mean(p, p) + mean(q, q) - 2 * mean(p, q)


def energy_gaussian(mean_p, sd_p, mean_q, sd_q):
    """2 E|X - Y| - E|X - X'| - E|Y - Y'| on the line: folded normals."""

    def folded(mean, variance):
        normal = math.exp(-(mean**2) / (2 * variance)) * math.sqrt(2 * variance / math.pi)
        return normal + mean * math.erf(mean / math.sqrt(2 * variance))

    across = folded(mean_p - mean_q, sd_p**2 + sd_q**2)
    return 2 * across - folded(0.0, 2 * sd_p**2) - folded(0.0, 2 * sd_q**2)


def wasserstein_pairings(x, y, power):
    """W_p of two samples of one size, as the best of all n! pairings."""
    cost = np.abs(np.subtract.outer(x, y)) ** power
    n = len(cost)
    best = min(math.fsum(cost[range(n), list(s)]) for s in itertools.permutations(range(n)))
    return (best / n) ** (1 / power)


def wasserstein_programme(x, y, power, x_weights=None, y_weights=None):
    """W_p of two weighted samples as a linear programme over transport plans."""
    from scipy.optimize import linprog

    n, m = len(x), len(y)
    v = np.full(n, 1 / n) if x_weights is None else np.asarray(x_weights)
    w = np.full(m, 1 / m) if y_weights is None else np.asarray(y_weights)
    cost = np.abs(np.subtract.outer(x, y)) ** power
    sums = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    found = linprog(cost.ravel(), A_eq=sums[:-1], b_eq=np.concatenate([v, w])[:-1])
    return math.fsum((found.x * cost.ravel()).ravel()) ** (1 / power)


def kolmogorov_smirnov(x, y):
    """The largest gap of two empirical distribution functions, counted at every point."""
    return max(abs(np.mean(x <= z) - np.mean(y <= z)) for z in np.concatenate([x, y]))


def kolmogorov_smirnov_uniform(u):
    """The largest gap to the uniform law, at every point and just before it."""
    after = max(np.mean(u <= z) - z for z in u)
    return max(after, max(z - np.mean(u < z) for z in u), 0.0)
