"""Estimates of gradients of expectations over discrete variables: derivatives by complex steps.

A function f is described: "quadratic" ½ yᵀMy + b·y + c or "exponential_sum" Σ_j a_j exp(w_j·y).
"""

from __future__ import annotations

import itertools

import numpy as np

STEP = 1e-30


def value(f, y):
    """f(y) of vectors along the last axis, complex ones too."""
    y = np.asarray(y)
    if f.kind == "quadratic":
        return np.einsum("...i,ij,...j->...", y, f.matrix, y) / 2 + y @ f.linear + f.constant
    return sum(a * np.exp(y @ w) for a, w in zip(f.amplitudes, f.directions))


def derivative(function, at):
    """The gradient of function at `at` (K,), by complex steps, derivative index last."""
    at = np.asarray(at, dtype=float)
    steps = 1j * STEP * np.eye(len(at))
    return np.stack([np.imag(function(at + step)) / STEP for step in steps], axis=-1)


def slope(f, y):
    """∇f(y)."""
    return derivative(lambda a: value(f, a), y)


def softmax(logits):
    """e^l / Σ e^l of complex or -inf logits (K,)."""
    raised = np.exp(logits - np.max(np.real(logits)))
    return raised / raised.sum()


def sigmoid(logits):
    """1/(1 + e^-l), of complex logits too."""
    return 1 / (1 + np.exp(-np.asarray(logits)))


def expectation_gradient(logits, f):
    """The derivative of Σ_k π_k f(e_k)."""
    at_codes = np.array([value(f, e) for e in np.eye(len(logits))])
    return derivative(lambda l: softmax(l) @ at_codes, logits)


def bernoulli_expectation_gradient(logits, f):
    """θ_i (1-θ_i) times the mean, over the other bits, of f with bit i one minus f with it zero."""
    theta, gradient = sigmoid(logits), np.zeros(len(logits))
    for b in itertools.product((0, 1), repeat=len(logits)):
        b = np.array(b)
        weights = np.where(b == 1, theta, 1 - theta)
        for i in range(len(b)):
            sign = 1 if b[i] else -1
            others = np.delete(weights, i).prod()
            gradient[i] += theta[i] * (1 - theta[i]) * others * sign * value(f, b)
    return gradient


def log_slope(logits, k):
    """The derivative of log π_k."""
    return derivative(lambda l: np.log(softmax(l)[k]), logits)


def _hot(scores):
    return np.eye(len(scores))[int(np.argmax(scores))]


def score_function(logits, f, baseline, gumbels):
    """Mean over draws of (f(b) - baseline) times the derivative of log π(b)."""
    codes = [int(np.argmax(logits + g)) for g in gumbels]
    hot = np.eye(len(logits))
    return np.mean([(value(f, hot[k]) - baseline) * log_slope(logits, k) for k in codes], axis=0)


def leave_one_out(logits, f, gumbels):
    """Σ_{i<j} (f_i - f_j)(s_i - s_j)/(m(m-1)), s the derivative of log π."""
    codes, hot, m = [int(np.argmax(logits + g)) for g in gumbels], np.eye(len(logits)), len(gumbels)
    total = np.zeros(len(logits))
    for i, j in itertools.combinations(codes, 2):
        apart = value(f, hot[i]) - value(f, hot[j])
        total += apart * (log_slope(logits, i) - log_slope(logits, j))
    return total / (m * (m - 1))


def control_variate(logits, f, surrogate, gumbels):
    """Mean of (f(b) - c(b)) times the derivative of log π(b), plus that of Σ_k π_k c(e_k), with c
    the tangent of the surrogate at π."""
    mean, hot = softmax(logits), np.eye(len(logits))
    tangent = [value(surrogate, mean) + slope(surrogate, mean) @ (e - mean) for e in hot]
    exact = derivative(lambda l: softmax(l) @ np.array(tangent), logits)
    codes = [int(np.argmax(logits + g)) for g in gumbels]
    terms = [(value(f, hot[k]) - tangent[k]) * log_slope(logits, k) for k in codes]
    return np.mean(terms, axis=0) + exact


def straight_through(logits, f, gumbels):
    """Mean of the derivative of π·v, v = ∇f(b) held fixed."""
    terms = [slope(f, _hot(logits + g)) for g in gumbels]
    return derivative(lambda l: softmax(l) @ np.mean(terms, axis=0), logits)


def relaxed(logits, f, temperature, gumbels):
    """Mean of the derivative of f(softmax((l + g)/τ))."""
    return np.mean([_relaxed_once(logits + g, f, temperature) for g in gumbels], axis=0)


def _relaxed_once(noisy, f, temperature):
    return derivative(lambda z: value(f, softmax(z / temperature)), noisy)


def straight_through_relaxed(logits, f, temperature, gumbels):
    """Mean of the derivative of softmax((l + g)/τ)·v, v = ∇f(b) held fixed."""
    total = 0
    for noisy in logits + gumbels:
        held = slope(f, _hot(noisy))
        total = total + derivative(lambda z, v=held: softmax(z / temperature) @ v, noisy)
    return total / len(gumbels)


def relax(logits, f, surrogate, gumbels, uniforms):
    """RELAX; `surrogate` a function of a vector z, complex ones too."""
    e, total = -np.log(uniforms), 0
    for g, own in zip(gumbels, e):
        k = int(np.argmax(logits + g))

        def given_code(l, own=own, k=k):
            w = own / softmax(l) + own[k] * (np.arange(len(l)) != k)
            w = np.where(np.arange(len(l)) == k, own[k], w)
            return -np.log(w)

        def free(l, g=g):
            return np.log(softmax(l)) + g

        left = value(f, np.eye(len(logits))[k]) - np.real(surrogate(given_code(logits)))
        total = total + left * log_slope(logits, k)
        total = total + derivative(lambda l: surrogate(free(l)) - surrogate(given_code(l)), logits)
    return total / len(gumbels)


def rebar(logits, f, temperature, scale, gumbels, uniforms):
    """RELAX with the surrogate scale f(softmax(z/τ))."""

    def surrogate(z):
        return scale * value(f, softmax(z / temperature))

    return relax(logits, f, surrogate, gumbels, uniforms)


def bernoulli_relaxed(logits, f, temperature, uniforms):
    """Mean of the derivative of f(y), y = w^(1/τ)/(1 + w^(1/τ)), w = e^l u/(1-u)."""
    odds = np.log(uniforms / (1 - uniforms))
    each = [
        derivative(lambda l, o=o: value(f, sigmoid((l + o) / temperature)), logits) for o in odds
    ]
    return np.mean(each, axis=0)


def _pair(logits, u):
    theta = sigmoid(logits)
    return 1.0 * (u > 1 - theta), 1.0 * (u < theta)


def arm(logits, f, uniforms):
    """Mean of (f(1[u > 1-θ]) - f(1[u < θ]))(u - ½)."""
    pairs = [_pair(logits, u) for u in uniforms]
    terms = [(value(f, a) - value(f, b)) * (u - 0.5) for (a, b), u in zip(pairs, uniforms)]
    return np.mean(terms, axis=0)


def disarm(logits, f, uniforms):
    """Mean of ½ (f(b) - f(c)) (b - c) max(θ, 1-θ)."""
    theta = sigmoid(logits)
    larger = np.maximum(theta, 1 - theta)
    pairs = [_pair(logits, u) for u in uniforms]
    return np.mean([(value(f, a) - value(f, b)) / 2 * (a - b) * larger for a, b in pairs], axis=0)
