"""Formulas at one point, in plain loops, by another route than the library's: products of
matrices for derivatives in x, complex steps for derivatives in the parameters."""

import numpy as np


def mlp(weights, biases, x):
    """The value and the Jacobian of a tanh network at one point x (d,)."""
    h, jacobian = x, np.eye(len(x))
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        h, jacobian = weight @ h + bias, weight @ jacobian
        if layer < len(weights) - 1:
            jacobian = np.diag(1 / np.cosh(h) ** 2) @ jacobian
            h = np.tanh(h)
    return h, jacobian


def affine(matrix, offset, x):
    """The value and the Jacobian of an affine field at one point."""
    return matrix @ x + offset, matrix


def unflatten_mlp(theta, widths):
    """The weights and biases laid out as W₁ row-major, b₁, W₂, b₂, ..."""
    weights, biases, start = [], [], 0
    for k, m in zip(widths[:-1], widths[1:], strict=True):
        weights.append(theta[start : start + m * k].reshape(m, k))
        biases.append(theta[start + m * k : start + m * k + m])
        start += m * k + m
    return weights, biases


def complex_step(function, theta):
    """∂f/∂θ of an analytic number-valued function, to rounding: Im f(θ + i h e)/h."""
    h = 1e-30
    units = np.eye(len(theta))
    return np.array([np.imag(function(theta + 1j * h * unit)) / h for unit in units])


def mean_over_points(loss, field_at, *rows):
    """θ → mean of loss(s, J, row...) over the points, s and J from field_at(θ, x)."""

    def mean(theta):
        return sum(
            loss(*field_at(theta, row[0]), *row[1:]) for row in zip(*rows, strict=True)
        ) / len(rows[0])

    return mean


def implicit(s, jacobian):
    return 0.5 * sum(s * s) + np.trace(jacobian)


def sliced(s, jacobian, probes):
    return sum(v @ jacobian @ v + 0.5 * (v @ s) ** 2 for v in probes) / len(probes)


def variance_reduced(s, jacobian, probes):
    return sum(v @ jacobian @ v for v in probes) / len(probes) + 0.5 * sum(s * s)


def against(s, jacobian, target):
    return 0.5 * sum((s - target) ** 2)
