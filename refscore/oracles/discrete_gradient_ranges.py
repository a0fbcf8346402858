"""What one draw of an estimate of a gradient over discrete variables can be: the mean, and bounds
(low, high) of every entry, which hold for averages of draws as well.
"""

from __future__ import annotations

import itertools

import numpy as np

from ._memory import remembered
from .discrete_gradient_moments import (
    _slopes,
    leave_one_out_moments,
    relaxed_moments,
    score_function_moments,
    straight_through_mean,
    straight_through_relaxed_mean,
)
from .discrete_gradients import (
    bernoulli_expectation_gradient,
    control_variate,
    expectation_gradient,
    log_slope,
    sigmoid,
    softmax,
    straight_through,
    value,
)

_CELLS = 60  # of a side of the simplex
_SLACK = 0.02  # of a range: for extremes between cells, and for rounding


def _hull(mean, terms):
    """(mean, low, high) of terms (m, K), with some room."""
    low, high = np.min(terms, axis=0), np.max(terms, axis=0)
    room = _SLACK * (high - low) + 1e-9
    return mean, low - room, high + room


def _at_codes(logits, f):
    hot = np.eye(len(logits))
    return np.array([value(f, e) for e in hot]), [log_slope(logits, k) for k in range(len(hot))]


def score_function(logits, f, baseline):
    """Every class visited, with the baseline and, where it is a matter of variance, without."""
    values, slopes = _at_codes(logits, f)
    terms = [(v - b) * s for v, s in zip(values, slopes) for b in (baseline, 0.0)]
    return _hull(score_function_moments(logits, f, baseline)[0], terms)


def of_frequencies(logits, f, baseline, excess):
    """The estimate of draws whose frequencies are pi + excess: sum of (f - baseline) times them
    times scores."""
    values, slopes = _at_codes(logits, f)
    shares = softmax(logits) + excess
    return ((values - baseline) * shares) @ np.array(slopes)


def leave_one_out(logits, f):
    """Every pair of classes visited: the estimate is a mean over pairs of draws."""
    values, slopes = _at_codes(logits, f)
    pairs = itertools.product(range(len(logits)), repeat=2)
    terms = [(values[i] - values[j]) * (slopes[i] - slopes[j]) / 2 for i, j in pairs]
    return _hull(leave_one_out_moments(logits, f, 2)[0], terms)


def _chosen(logits):
    """Gumbel numbers (1, K) that choose every class in turn."""
    return 1e6 * np.eye(len(logits))[:, None]


def control_variates(logits, f, surrogate):
    """Every class visited."""
    terms = [control_variate(logits, f, surrogate, g) for g in _chosen(logits)]
    return _hull(expectation_gradient(logits, f), terms)


def straight_throughs(logits, f):
    """Every class visited."""
    terms = [straight_through(logits, f, g) for g in _chosen(logits)]
    return _hull(straight_through_mean(logits, f), terms)


def _simplex(dim):
    """A grid of the simplex (m, K)."""
    counts = itertools.product(range(_CELLS + 1), repeat=dim - 1)
    inner = np.array([c for c in counts if sum(c) <= _CELLS]) / _CELLS
    return np.column_stack([inner, 1 - inner.sum(1)])


def _pulled(y, slopes):
    """(diag y - y y^T) slope, row by row."""
    return y * slopes - y * np.einsum("ni,ni->n", y, slopes)[:, None]


@remembered
def relaxed(logits, f, temperature):
    """Two or three classes; the range over a grid of the simplex."""
    y = _simplex(len(logits))
    return _hull(
        relaxed_moments(logits, f, temperature)[0], _pulled(y, _slopes(f, y)) / temperature
    )


@remembered
def straight_through_relaxed(logits, f, temperature):
    """Two classes; the range over a grid of the simplex."""
    y = _simplex(len(logits))
    hard = np.eye(len(logits))[np.argmax(y, axis=1)]
    mean = straight_through_relaxed_mean(logits, f, temperature)
    return _hull(mean, _pulled(y, _slopes(f, hard)) / temperature)


@remembered
def rebar(logits, f, temperature, scale):
    """Class after class: (f(b) - c(w)) (b - pi) less dc(w), which is linear in the factors between
    0 and 1 by which log pi moves w, and dc(z); both w and z are largest at b."""
    y, pi, hot = _simplex(len(logits)), softmax(logits), np.eye(len(logits))
    inside = scale * value(f, y)
    pulls = scale / temperature * _pulled(y, _slopes(f, y))
    terms = []
    for b, there in enumerate(y[:, k] >= y.max(1) for k in range(len(pi))):
        left = (value(f, hot[b]) - inside[there])[:, None] * (hot[b] - pi)
        for moved in itertools.product((0, 1), repeat=len(pi)):
            moved = pulls[there] * moved * (1 - hot[b])
            one, two = left - moved + pi * moved.sum(1, keepdims=True), pulls[there]
            terms += [one.min(0) + two.min(0), one.max(0) + two.max(0)]
    return _hull(expectation_gradient(logits, f), terms)


def _values_of_bits(f, dim):
    return np.array([value(f, np.array(b)) for b in itertools.product((0, 1), repeat=dim)])


def arm(logits, f):
    """A difference of two values times a number between -1/2 and 1/2."""
    reach = np.ptp(_values_of_bits(f, len(logits))) / 2 * np.ones(len(logits))
    return _hull(bernoulli_expectation_gradient(logits, f), np.array([-reach, reach]))


def disarm(logits, f):
    """Half a difference of two values times at most the larger probability."""
    theta = sigmoid(logits)
    reach = np.ptp(_values_of_bits(f, len(logits))) / 2 * np.maximum(theta, 1 - theta)
    return _hull(bernoulli_expectation_gradient(logits, f), np.array([-reach, reach]))


@remembered
def bernoulli_relaxed(logits, f, temperature):
    """Two bits: the trapezoid rule in the log odds of both, over a grid for the range."""
    s = np.arange(-60, 60.01, 0.4)
    p = sigmoid(s)
    weights = np.multiply.outer(0.4 * p * (1 - p), 0.4 * p * (1 - p)).ravel()
    noise = np.array(list(itertools.product(s, repeat=2)))
    y = sigmoid((logits + noise) / temperature)
    terms = y * (1 - y) * _slopes(f, y) / temperature
    side = np.linspace(0, 1, _CELLS + 1)
    grid = np.array(list(itertools.product(side, repeat=2)))
    return _hull(weights @ terms, grid * (1 - grid) * _slopes(f, grid) / temperature)
