"""Means and variances of estimates of gradients over discrete variables: by enumeration, and by the
trapezoid rule on the whole line or plane of log ratios.
"""

from __future__ import annotations

import itertools

import numpy as np

from ._memory import remembered
from .discrete_gradients import (
    STEP,
    derivative,
    leave_one_out,
    log_slope,
    sigmoid,
    slope,
    softmax,
    value,
)


def _mean_and_variance(weights, terms):
    mean = weights @ terms
    return mean, weights @ (terms - mean) ** 2


def score_function_moments(logits, f, baseline):
    """Mean and variance of one draw, every class visited."""
    hot, n = np.eye(len(logits)), range(len(logits))
    terms = [(value(f, hot[k]) - baseline) * log_slope(logits, k) for k in n]
    return _mean_and_variance(softmax(logits), np.array(terms))


def best_baseline(logits, f):
    """Where the parabola of the total variance in the baseline is least."""
    at = np.array([-1.0, 0.0, 1.0])
    low, middle, high = (score_function_moments(logits, f, b)[1].sum() for b in at)
    return (low - high) / (2 * (low - 2 * middle + high))


@remembered
def leave_one_out_moments(logits, f, n):
    """Mean and variance of n draws, every tuple of n classes visited."""
    codes = np.array(list(itertools.product(range(len(logits)), repeat=n)))
    weights = softmax(logits)[codes].prod(1)
    far = np.eye(len(logits)) * 1e6  # Gumbels that choose the class
    terms = np.array([leave_one_out(logits, f, far[c]) for c in codes])
    return _mean_and_variance(weights, terms)


def straight_through_mean(logits, f):
    """Every class visited."""
    mean = softmax(logits) @ np.array([slope(f, e) for e in np.eye(len(logits))])
    return derivative(lambda l: softmax(l) @ mean, logits)


@remembered
def relaxed_moments(logits, f, temperature):
    """Mean and variance of one draw of the relaxed estimate: the trapezoid rule in s_i =
    (z_i - z_K)/τ, two or three classes; spectrally accurate, everything there is analytic."""
    step, reach = 0.4 * min(1, 1 / temperature), (45 + np.ptp(logits)) / temperature
    line = np.arange(-np.ceil(reach / step), np.ceil(reach / step) + 1) * step
    grid = np.array(np.meshgrid(*[line] * (len(logits) - 1))).reshape(len(logits) - 1, -1).T
    z = np.column_stack([grid, np.zeros(len(grid))])
    raised = np.column_stack([-temperature * grid, np.zeros(len(grid))]) + logits - logits[-1]
    top = raised.max(1, keepdims=True)
    log_p = raised.sum(1) - len(logits) * (top[:, 0] + np.log(np.exp(raised - top).sum(1)))
    weights = (step * temperature) ** (len(logits) - 1) * max(1, len(logits) - 1) * np.exp(log_p)
    keep = weights > 1e-25
    y = np.exp(z[keep] - z[keep].max(1, keepdims=True))
    y /= y.sum(1, keepdims=True)
    slopes = _slopes(f, y)
    terms = (y * slopes - y * np.einsum("ni,ni->n", y, slopes)[:, None]) / temperature
    return _mean_and_variance(weights[keep], terms)


def _slopes(f, y):
    """∇f of rows, by complex steps."""
    steps = 1j * STEP * np.eye(y.shape[1])
    return np.stack([np.imag(value(f, y + step)) / STEP for step in steps], axis=1)


@remembered
def straight_through_relaxed_mean(logits, f, temperature):
    """Of two classes: the mean of ∂y/∂l is (e_2 - e_1) times ∂y_2/∂(l_2 - l_1), integrated from
    y_2 = 0 to ½ and from ½ to 1 against the slope of the winner."""
    from scipy.integrate import quad

    apart = logits[1] - logits[0]
    sides = []
    for e, low, high in ((np.eye(2)[0], 0, 0.5), (np.eye(2)[1], 0.5, 1)):
        pull = slope(f, e)[1] - slope(f, e)[0]

        def mass(y):
            """The density of y_2 times y_2 (1 - y_2)/τ: that of a logistic number at log odds."""
            p = sigmoid(temperature * np.log(y / (1 - y)) - apart)
            return p * (1 - p)

        sides.append(pull * quad(mass, low, high, epsabs=1e-14, epsrel=1e-13, limit=400)[0])
    return sum(sides) * np.array([-1.0, 1.0])


def antithetic_moments(logits, f, estimate):
    """Mean and variance of one draw of `arm` or `disarm`: two Gauss-Legendre nodes on each of the
    pieces of every uniform number where both bits stay what they are, which is exact."""
    node, rules = np.array([-1, 1]) / np.sqrt(3), []
    for theta in sigmoid(logits):
        edges = np.sort([0, theta, 1 - theta, 1])
        middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
        rules.append([(m + h * x, h) for m, h in zip(middle, half) for x in node])
    points = list(itertools.product(*rules))
    u, w = (np.array([[pair[i] for pair in point] for point in points]) for i in (0, 1))
    return _mean_and_variance(w.prod(1), np.array([estimate(logits, f, one[None]) for one in u]))
