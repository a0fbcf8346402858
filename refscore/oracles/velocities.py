"""Paths of velocities, and what they keep: Picard's iterates, many solutions, conservation.

The closed forms of flows are those of `flows`; here they are differentiated, by complex steps
in points and in time, or undone.
"""

from __future__ import annotations

import math

import numpy as np

from . import flows


def continuity(density, velocity, x, t):
    """d log p/dt + tr f_x + f.grad log p at points (n, d), p carried by the density's own
    velocity from its law at t0."""
    return terms(density, velocity, x, t).sum(axis=0)


def terms(density, velocity, x, t):
    """The three terms of the residual, (3, n), in that order."""
    h = flows.STEP
    back = (density.velocity, density.law, density.t0)
    rate = _log_density(*back, x + 0j, t + 1j * h).imag / h
    score = np.stack(
        [_log_density(*back, x + 1j * h * e, t).imag / h for e in np.eye(x.shape[1])], axis=-1
    )
    value, slope = flows.slope(velocity, x, t)
    return np.stack([rate, np.trace(slope, axis1=-2, axis2=-1), np.sum(value * score, axis=-1)])


def _log_density(velocity, law, t0, x, t):
    z = flows.carried(velocity, x, t, t0)
    return flows.log_base(law, z) + flows.rates(velocity, x, t, t0).sum(-1)


def picard(velocity, x0, times, n):
    """The n-th iterate for W z + b: sum_{k<=n} (T W)^k x0/k! + sum_{1<=k<=n} T^k W^{k-1} b/k!."""
    if velocity.kind == "forced":
        return _driven(velocity, np.asarray(times), x0, n)
    T = np.asarray(times)[:, None, None] - times[0]
    path, power = np.zeros((len(times), *x0.shape)), np.array(x0)
    path += power
    for k in range(1, n + 1):
        power = (power @ velocity.matrix.T) + (velocity.offset if k == 1 else 0.0)
        path += T**k / math.factorial(k) * power
    return path


def _driven(velocity, times, x0, n):
    """That of a z + b cos(w t): sum_{k<=n} (a T)^k x0/k! + sum_{k<n} int (a (t - s))^k/k!
    b cos(w s) ds, by Gauss's rule on every [t0, t]."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    T = (times - times[0])[:, None]
    ahead = T * (1 - nodes) / 2
    driven = np.cos((times[0] + T - ahead)[..., None] * velocity.frequency) * velocity.force
    powers = [(ahead[..., None] * velocity.rate) ** k / math.factorial(k) for k in range(n)]
    forced = np.einsum("j,mji->mi", weights, driven * sum(powers)) * T / 2
    grown = sum((T * velocity.rate) ** k / math.factorial(k) for k in range(n + 1))
    return grown[:, None, :] * x0 + forced[:, None, :]


def square_root_path(times, wait):
    """x' = sqrt|x| from 0: s + s^2/4 ... in half steps u = t - wait >= 0, x = (u/2)^2."""
    return np.array([(max(t - wait, 0.0) / 2) ** 2 for t in np.ravel(times)]).reshape(
        np.shape(times)
    )


def sine_path(rate, x0, T):
    """z' = r sin z by its cosine, which falls like a hyperbolic tangent: cos z = tanh(c - r T)."""
    turns = np.floor((x0 + np.pi) / (2 * np.pi))
    u = x0 - 2 * np.pi * turns
    c = np.arctanh(np.cos(u)) - rate * T
    return 2 * np.pi * turns + np.sign(u) * np.arctan2(1 / np.cosh(c), np.tanh(c))
