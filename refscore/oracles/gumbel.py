"""Gumbel draws and what is made of them, code by code in extended precision.

Argmax and order by comparing one by one, softmax by ratios, its derivatives as sums over pairs,
the law of the largest as a sum over who it is, densities of relaxed rows by integrating the
largest out, truncated Gumbels by their distribution function.
"""

from __future__ import annotations

import math

import numpy as np

from ._memory import remembered

EULER = 0.57721566490153286061


def numbers(uniforms):
    """-log(-log u) of u in (0, 1)."""
    return np.array([float(-np.log(-np.log(np.longdouble(u)))) for u in uniforms])


def probabilities(logits):
    """Weights over their sum, (..., K)."""
    weights = np.exp(np.asarray(logits, dtype=np.longdouble) - np.max(logits))
    return np.asarray(weights / weights.sum(-1, keepdims=True), dtype=float)


def _order(row):
    """The codes from the largest down, the first of equals first, by comparing one by one."""
    left, found = list(range(len(row))), []
    while left:
        best = left[0]
        for k in left:
            best = k if row[k] > row[best] else best
        found.append(best)
        left.remove(best)
    return found


def places(logits, gumbels, k=1):
    """The k codes of largest logits + gumbels, (n, k), the largest first."""
    return np.array([_order([a + b for a, b in zip(*rows)])[:k] for rows in zip(logits, gumbels)])


def ordered_log_probability(logits, index):
    """log of the product of each code's share of what is left, (n,)."""
    found = []
    for row, codes in zip(np.exp(np.asarray(logits, dtype=np.longdouble)), index):
        left, total = set(range(len(row))), np.longdouble(1)
        for code in (int(c) for c in codes):
            total *= row[code] / sum(row[j] for j in left)
            left.remove(code)
        found.append(float(np.log(total)))
    return np.array(found)


def relaxed(logits, temperature, gumbels):
    """1 / sum_j exp((z_j - z_k) / temperature), z = logits + gumbels, (n, K)."""
    z = np.asarray(logits, dtype=np.longdouble) + gumbels
    found = np.zeros(z.shape)
    for i, row in enumerate(z):
        for k in np.flatnonzero(np.isfinite(row)):
            with np.errstate(over="ignore"):
                found[i, k] = 1 / np.exp((row - row[k]) / temperature).sum()
    return found


def relaxed_gradient(logits, temperature, cotangent, gumbels):
    """sum over pairs: the derivative of y_k in logit j is y_k (1[j = k] - y_j) / temperature."""
    y = relaxed(logits, temperature, gumbels)
    n, codes = y.shape
    found = np.zeros((n, codes))
    for i in range(n):
        for j in range(codes):
            terms = [cotangent[i, k] * y[i, k] * ((j == k) - y[i, j]) for k in range(codes)]
            found[i, j] = math.fsum(terms) / temperature
    return found


def temperature_gradient(logits, temperature, cotangent, gumbels):
    """The derivative of cotangent . y in the temperature, (n,): dz/dt = -z/t, pair by pair."""
    y = relaxed(logits, temperature, gumbels)
    z = np.where(y > 0, logits + gumbels, 0.0)
    pairs = y[:, :, None] * y[:, None, :] * (z[:, :, None] - z[:, None, :])
    return -(cotangent[:, :, None] * pairs).sum((1, 2)) / temperature**2


def largest_log_density(logits, values):
    """log of the sum over k: k stands at the value, all others below, (n,)."""
    found = []
    for row, x in zip(np.asarray(logits, dtype=np.longdouble), values):
        possible = row[np.isfinite(row)]
        below = np.exp(-np.exp(possible - x))
        density = np.exp(possible - x) * below
        each = [density[k] * np.prod(np.delete(below, k)) for k in range(len(possible))]
        found.append(float(np.log(sum(each))))
    return np.array(found)


def truncated(logits, index, gumbels):
    """Perturbed logits, given which is largest, by inverting P(X <= x | X <= T), (n, K)."""
    logits, found = np.asarray(logits, dtype=np.longdouble), np.full(np.shape(logits), -np.inf)
    for i, best in enumerate(np.asarray(index, dtype=int)):
        top = np.log(np.exp(logits[i]).sum()) + gumbels[i, best]
        for j in np.flatnonzero(np.isfinite(logits[i])):
            u = np.exp(-np.exp(-np.longdouble(gumbels[i, j])))
            inside = u * np.exp(-np.exp(logits[i, j] - top))
            found[i, j] = top if j == best else logits[i, j] - np.log(-np.log(inside))
    return found


def log_density(y, logits, temperature):
    """log density of relaxed rows y in their first K - 1 coordinates, (n,)."""
    log_y = np.log(np.asarray(y, dtype=np.longdouble))
    return np.asarray(ratio_log_density(log_y, logits, temperature) - log_y.sum(1), dtype=float)


def ratio_log_density(log_y, logits, temperature):
    """That of log y in log(y_k / y_K), (n,): with z = temperature log y + s for the row's own s,
    Gumbel densities of z - logits over all s by the trapezoid rule, times temperature^(K-1)."""
    shift = temperature * np.asarray(log_y, dtype=np.longdouble) - logits
    s = np.arange(-6, 44, 0.125, dtype=np.longdouble)
    found = []
    for row in shift:
        top = np.log(np.exp(row.min() - row).mean()) - row.min()  # where the integrand is largest
        g = row + (top + s)[:, None]
        # below -11400 the exponential overflows, and the density of the others is 0
        with np.errstate(over="ignore"):
            each = -(g + np.exp(-g)).sum(1)
        most = each.max()
        found.append(most + np.log(np.exp(each - most).sum() * np.longdouble(0.125)))
    volume = (shift.shape[1] - 1) * np.log(np.longdouble(temperature))
    return np.asarray(np.array(found) + volume, dtype=float)


def log_ratio(logits, prior_logits, temperature, prior_temperature, gumbels):
    """log of both laws' densities in the log ratios, at relaxed rows of the first, (n,)."""
    z = (np.asarray(logits, dtype=np.longdouble) + gumbels) / temperature
    log_y = z - z.max(1, keepdims=True)
    log_y = log_y - np.log(np.exp(log_y).sum(1, keepdims=True))
    own = ratio_log_density(log_y, logits, temperature)
    return own - ratio_log_density(log_y, prior_logits, prior_temperature)


def divergence(logits, prior_logits):
    """That of two logistic laws a apart, a (1 + e^-a) / (1 - e^-a) - 2: two codes, a > 0."""
    a = abs(logits[0] - logits[1] - prior_logits[0] + prior_logits[1])
    return a * (1 + math.exp(-a)) / -math.expm1(-a) - 2


def log_density_gradient(y, logits, temperature):
    """Its gradient in the logits, by central differences, extrapolated once, (n, K)."""
    found = np.zeros(y.shape)
    for k in range(y.shape[1]):
        step = np.zeros(y.shape[1])

        def difference(h, step=step, k=k):
            step[k] = h
            up, down = (log_density(y, logits + side * step, temperature) for side in (1, -1))
            return (up - down) / (2 * h)

        coarse, fine = difference(0.02), difference(0.01)
        found[:, k] = (4 * fine - coarse) / 3
    return found


@remembered
def mean(logits, temperature):
    """E y of one row of logits, K = 2 or 3: quadrature over the differences z_k - z_K, whose
    joint density is (K-1)! prod_k w_k / (sum_k w_k)^K, w_k = e^(logits_k - z_k)."""
    k, (x, w) = len(logits), np.polynomial.legendre.leggauss(80)
    t = 18 * np.stack(np.meshgrid(*[x] * (k - 1), indexing="ij"), -1).reshape(-1, k - 1)
    volume = np.prod(np.stack(np.meshgrid(*[18 * w] * (k - 1), indexing="ij"), -1), -1).ravel()
    z = np.column_stack([t, np.zeros(len(t))])
    scaled = np.exp(logits - z)
    density = math.factorial(k - 1) * np.prod(scaled, 1) / scaled.sum(1) ** k
    powers = np.exp(z / temperature)
    return (volume * density) @ (powers / powers.sum(1, keepdims=True))


def bit(logit, temperature, uniforms):
    """1 / (1 + ((1 - u) e^-logit / u)^(1/temperature)) with powers, (n,)."""
    u, l = np.asarray(uniforms, dtype=np.longdouble), np.asarray(logit, dtype=np.longdouble)
    return np.asarray(1 / (1 + ((1 - u) / u * np.exp(-l)) ** (1 / temperature)), dtype=float)


def bit_log_odds(logit, temperature, uniforms):
    """logit plus the quantile of a logistic number, over the temperature, (n,)."""
    u, l = np.asarray(uniforms, dtype=np.longdouble), np.asarray(logit, dtype=np.longdouble)
    return np.asarray((l + np.log(u / (1 - u))) / temperature, dtype=float)


def bit_log_odds_below(z, logit, temperature):
    """P(z <= x) = 1 / (1 + e^(logit - temperature x))."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(logit - temperature * z))


def bit_log_odds_density(z, logit, temperature):
    """log of the slope of that: temperature / (4 cosh^2((logit - temperature x) / 2)), (n,)."""
    a = np.asarray(logit, dtype=np.longdouble) - np.longdouble(temperature) * z
    with np.errstate(over="ignore"):
        found = np.log(np.longdouble(temperature)) - 2 * np.log(2 * np.cosh(a / 2))
    return np.asarray(found, dtype=float)


def bit_below(y, logit, temperature):
    """P(b <= y) = 1 / (1 + e^logit ((1 - y)/y)^temperature): 0 at 0, 1 at 1."""
    with np.errstate(divide="ignore", over="ignore"):
        return 1 / (1 + np.exp(logit) * ((1 - y) / y) ** temperature)


def bit_log_density(y, logit, temperature):
    """log of the derivative of P(b <= y), by a complex step in proportion to y, (n,)."""
    y, l = np.asarray(y, dtype=np.longdouble), np.asarray(logit, dtype=np.longdouble)
    step = y * np.longdouble(1e-30)
    below = bit_below(y + 1j * step, l, np.longdouble(temperature))
    return np.asarray(np.log(below.imag / step), dtype=float)
