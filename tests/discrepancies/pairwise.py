"""Discrepancies as loops over pairs, in the order of their definitions."""

import math

import numpy as np


def stein(s, x, kernel, h, exponent, statistic, weights=None):
    """KSD² and the sum of the sizes of all terms, which rounding errors are compared with."""
    n, d = x.shape
    w = np.full(n, 1 / n) if weights is None else weights / math.fsum(weights)
    values, sizes = [], []
    for i in range(n):
        gap = x[i] - x
        q = (gap * gap).sum(axis=1)
        if kernel == "rbf":
            k = np.exp(-q / 2 / h**2)
            slope, trace = k / h**2, (d / h**2 - q / h**4) * k
        else:
            k = (h * h + q) ** -exponent
            slope = 2 * exponent * k / (h * h + q)
            trace = d * slope - 4 * exponent * (exponent + 1) * q * k / (h * h + q) ** 2
        terms = np.array([k * (s @ s[i]), slope * ((s[i] - s) * gap).sum(axis=1), trace])
        if statistic == "U":
            terms[:, i] = 0
        values.append(w[i] * (terms.sum(axis=0) @ w))
        sizes.append(w[i] * (np.abs(terms).sum(axis=0) @ w))
    pairs = 1 if statistic == "V" else 1 - w @ w
    return math.fsum(values) / pairs, math.fsum(sizes) / pairs


def kernel_matrix(x, y, kernel, h, exponent=0.5):
    """k(x_i, y_j) from differences."""
    q = sum((x[:, None, i] - y[:, i]) ** 2 for i in range(x.shape[1]))
    if kernel == "energy":
        return -np.sqrt(q)
    return np.exp(-q / 2 / h**2) if kernel == "rbf" else (h * h + q) ** -exponent


def mmd(x, y, kernel, h, exponent, statistic, x_weights=None, y_weights=None):
    """MMD² and the sum of the sizes of its three means."""
    means = []
    for a, b, v, w in ((x, x, x_weights, x_weights), (y, y, y_weights, y_weights),
                       (x, y, x_weights, y_weights)):  # fmt: skip
        v, w = (np.full(len(p), 1 / len(p)) if u is None else u / math.fsum(u)
                for p, u in ((a, v), (b, w)))  # fmt: skip
        pairs = np.outer(v, w)
        if a is b and statistic == "U":
            np.fill_diagonal(pairs, 0)
            pairs /= 1 - v @ v
        means.append(math.fsum((pairs * kernel_matrix(a, b, kernel, h, exponent)).ravel()))
    return means[0] + means[1] - 2 * means[2], sum(map(abs, means))
