"""Generalised score matching, ratio matching, and asymptotic variances on the half-line.

Weights are descriptions of kind power (exponent), capped (cap), log, box (low, high) or distance
(low, high). Losses are built on `fields` alone and accept complex parameters; binary laws are
tables of log probabilities over all states, first bit slowest.
"""

from __future__ import annotations

import numpy as np

from . import fields, scores
from ._interval import panels


def weight(description, x):
    """h of every coordinate. x: (..., d). Returns (..., d)."""
    return _weight(description, np.asarray(x))[0]


def weight_derivative(description, x):
    """h' of every coordinate. x: (..., d). Returns (..., d)."""
    return _weight(description, np.asarray(x))[1]


def _weight(description, x):
    kind = description.kind
    if kind == "power":
        a = description.exponent
        h = np.exp(a * np.log(x))
        return h, a * h / x
    if kind == "capped":
        return np.where(x > description.cap, description.cap, x), np.where(
            x < description.cap, 1, 0
        )
    if kind == "log":
        return np.log(1 + x), 1 / (1 + x)
    middle, reach = (
        (description.low + description.high) / 2,
        (description.high - description.low) / 2,
    )
    if kind == "box":
        return reach**2 - (x - middle) ** 2, -2 * (x - middle)
    if kind == "distance":
        return reach - abs(x - middle), np.where(x > middle, -1, 1)
    raise ValueError(f"weight kind must be power, capped, log, box or distance, got {kind!r}")


def loss(field, x, description):
    """sum_i d_i(h_i s_i) + 1/2 h_i s_i^2. x: (..., d). Returns (...,)."""
    h, slope = _weight(description, np.asarray(x))
    s = fields.value(field, x)
    own = np.einsum("...ii->...i", fields.jacobian(field, x))
    return (h * (s * s / 2 + own) + slope * s).sum(-1)


def fisher(field, law, x, description):
    """1/2 sum_i h_i (s_i - s*_i)^2. x: (..., d). Returns (...,)."""
    gap = fields.value(field, x) - score(law, x)
    return (weight(description, x) * gap * gap).sum(-1) / 2


def constant(law, x, description):
    """1/2 sum_i h_i (s*_i)^2: what the loss leaves out. x: (..., d). Returns (...,)."""
    return (weight(description, x) * score(law, x) ** 2).sum(-1) / 2


def score(law, x):
    """grad log p, also of kind exponential (rate): -rate."""
    if law.kind == "exponential":
        return np.broadcast_to(-np.asarray(law.rate), np.shape(x)).copy()
    return scores.score(law, x)


def log_density(law, x):
    """log p(x), also of kind exponential (rate)."""
    if law.kind == "exponential":
        rate = np.asarray(law.rate)
        return (np.log(rate) - rate * np.asarray(x)).sum(-1)
    return scores.log_density(law, x)


def simplex(field, x):
    """div(h s) + 1/2 h |s|^2 with h = x_0 x_1 ... x_d, x_0 = 1 - sum x. x: (..., d), inside."""
    s, h, logs = fields.value(field, x), simplex_weight(x), _log_slope(x)
    return h * ((s * s).sum(-1) / 2 + fields.divergence(field, x) + (logs * s).sum(-1))


def simplex_weight(x):
    """h = x_0 x_1 ... x_d. x: (..., d). Returns (...,)."""
    x = np.asarray(x)
    return np.exp(np.log(x).sum(-1) + np.log1p(-x.sum(-1)))


def dirichlet_log_density(law, x):
    """log p in the free coordinates (x_1, ..., x_d); concentration (d + 1,), that of x_0 first."""
    from scipy.special import gammaln

    a, x = np.asarray(law.concentration), np.asarray(x)
    log_p = (a[0] - 1) * np.log1p(-x.sum(-1)) + np.log(x) @ (a[1:] - 1)
    return log_p + gammaln(a.sum()) - gammaln(a).sum()


def dirichlet_score(law, x):
    """(a_i - 1)/x_i - (a_0 - 1)/x_0. x: (..., d). Returns (..., d)."""
    a, x = np.asarray(law.concentration), np.asarray(x)
    return (a[1:] - 1) / x - (a[0] - 1) / (1 - x.sum(-1, keepdims=True))


def _log_slope(x):
    """grad log h = 1/x_i - 1/x_0."""
    x = np.asarray(x)
    return 1 / x - 1 / (1 - x.sum(-1, keepdims=True))


def boundary_term(field, law):
    """p(high) s(high) - p(low) s(low) on the line; an infinite end leaves nothing."""
    low, high = _support(law)
    ends = [(sign, np.array([e])) for sign, e in ((1, high), (-1, low)) if np.isfinite(e)]
    terms = (c * np.exp(log_density(law, e)) * fields.value(field, e)[0] for c, e in ends)
    return float(sum(terms))


def _support(law):
    """The ends of a law's interval, in its first coordinate."""
    if law.kind in ("half_normal", "exponential"):
        return 0.0, np.inf
    return float(np.ravel(law.low)[0]), float(np.ravel(law.high)[0])


def ratio(log_p, x):
    """sum_i [p(x^i)/(p(x) + p(x^i))]^2 from the table log p (2,)*d. x: (..., d) of 0, 1."""
    x = np.asarray(x).astype(int)
    here = np.asarray(log_p)[tuple(np.moveaxis(x, -1, 0))]
    total = np.zeros(here.shape)
    for i in range(x.shape[-1]):
        there = np.asarray(log_p)[tuple(np.moveaxis(flipped(x, i), -1, 0))]
        total += np.exp(2 * (there - np.logaddexp(here, there)))
    return total


def ratio_matching(log_p, log_q):
    """E_q sum_i [g(p(x)/p(x^i)) - g(q(x)/q(x^i))]^2 and E_q sum_i g(q(x)/q(x^i))^2, by enumeration,
    g(r) = 1/(1 + r)."""
    q = np.exp(np.asarray(log_q) - np.logaddexp.reduce(np.ravel(log_q)))
    p = np.exp(np.asarray(log_p) - np.max(log_p))
    distance = floor = 0.0
    for i in range(q.ndim):
        model, data = (a_ / (a_ + a) for a, a_ in ((p, np.flip(p, i)), (q, np.flip(q, i))))
        distance += (q * (model - data) ** 2).sum()
        floor += (q * data**2).sum()
    return float(distance), float(floor)


def flipped(x, i):
    """x with bit i flipped."""
    other = np.array(x)
    other[..., i] = 1 - other[..., i]
    return other


def boltzmann_table(weights, biases):
    """sum_{i<j} W_ij x_i x_j + b.x at all states, (2,)*d; real or complex."""
    d = len(biases)
    x = np.indices((2,) * d)
    total = sum(biases[i] * x[i] for i in range(d))
    pairs = ((i, j) for i in range(d) for j in range(i + 1, d))
    return total + sum(weights[i, j] * x[i] * x[j] for i, j in pairs)


def ratio_gradient(weights, biases, x):
    """Gradient of the mean ratio loss of a Boltzmann law in W_ij (i < j, row by row), then b.

    Complex steps through p(x^i)/(p(x) + p(x^i)) = 1/(1 + exp(log p(x) - log p(x^i)))."""
    d, h = len(biases), 1e-40
    upper = np.triu_indices(d, 1)
    theta = np.concatenate([np.asarray(weights)[upper], biases])
    x = np.asarray(x).astype(int)
    gradient = np.zeros(len(theta))
    for k in range(len(theta)):
        moved = theta + 1j * h * (np.arange(len(theta)) == k)
        matrix = np.zeros((d, d), complex)
        matrix[upper] = moved[: len(upper[0])]
        table = boltzmann_table(matrix, moved[len(upper[0]) :])
        here = table[tuple(x.T)]
        there = (table[tuple(flipped(x, i).T)] for i in range(d))
        gradient[k] = np.imag(sum(1 / (1 + np.exp(here - t)) ** 2 for t in there).mean()) / h
    return gradient


# --- the half-line: asymptotic variances of n^(1/2) (estimate - truth) ----------------------------


def variance_of_mean(description, mean=0.0, sd=1.0):
    """Of mu in N(mu, sd^2) on [0, inf), sd known: E[s^2 h^2 + s^4 h'^2]/E[h]^2, s = sd.

    The minimiser is mean(h x - s^2 h')/mean(h); its variance by parts (Yu et al. 2019). Weight
    x^2 gives 7, x gives pi at mu = 0, sd = 1."""
    h, slope, _, expect = _half_line(description, mean, sd)
    return expect(sd**2 * h**2 + sd**4 * slope**2) / expect(h) ** 2


def variance_of_variance(description, mean=0.0, sd=1.0):
    """Of sigma^2 in N(mu, sigma^2) on [0, inf), mu known: the delta method on
    1/sigma^2 = mean(h + h'(x - mu))/mean(h (x - mu)^2). Weight x^2 gives 14/3 at (0, 1)."""
    h, slope, x, expect = _half_line(description, mean, sd)
    residual = h * (x - mean) ** 2 - sd**2 * (h + slope * (x - mean))
    return expect(residual**2) / (expect(h * (x - mean) ** 2) / sd**2) ** 2


def variance_of_rate(description, rate=1.0):
    """Of the rate of an exponential law: rate = mean(h')/mean(h). Weight x gives the MLE's
    rate^2, x^2 twice that."""
    x, p = _nodes(description, 120 / rate, lambda x: -rate * x)
    h, slope = _weight(description, x)
    return float(p @ (slope - rate * h) ** 2 / (p @ h) ** 2)


def bound_on_mean(mean=0.0, sd=1.0):
    """1/Fisher information of mu: sd^4/Var X; 1/(1 - 2/pi) = 2.7519 at (0, 1)."""
    _, _, x, expect = _half_line(None, mean, sd)
    return sd**4 / (expect(x**2) - expect(x) ** 2)


def bound_on_variance(mean=0.0, sd=1.0):
    """1/Fisher information of sigma^2: 4 sd^8/Var (X - mu)^2; 2 at (0, 1)."""
    _, _, x, expect = _half_line(None, mean, sd)
    square = (x - mean) ** 2
    return 4 * sd**8 / (expect(square**2) - expect(square) ** 2)


def _half_line(description, mean, sd):
    """h, h', nodes, and the expectation under N(mean, sd^2) restricted to [0, inf)."""
    x, p = _nodes(description, max(mean, 0) + 14 * sd, lambda x: -((x - mean) ** 2) / (2 * sd**2))
    h, slope = (None, None) if description is None else _weight(description, x)
    return h, slope, x, lambda values: float(p @ values)


def _nodes(description, end, log_q):
    """Panels split where the weight has its kink; weights of the density normalised to one."""
    cap = getattr(description, "cap", end / 16)
    parts = [panels(a, b, count=12) for a, b in ((0, cap), (cap, end))]
    x, w = (np.concatenate(pair) for pair in zip(*parts))
    log_p = log_q(x)
    p = w * np.exp(log_p - log_p.max())
    return x, p / p.sum()
