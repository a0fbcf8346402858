"""What a network may predict: each kind from the data and the noise themselves.

x = alpha x0 + sigma eps; kinds data x0, noise eps, score -eps/sigma, velocity alpha eps - sigma x0,
flow alpha' x0 + sigma' eps with alpha' = f alpha, sigma' = (2 f sigma^2 + g^2) / (2 sigma).
"""

from __future__ import annotations

import numpy as np

from . import bayes, diffusion

KINDS = ("score", "noise", "data", "velocity", "flow")


def point(process, t, data, noise):
    """X_t from the data and the noise."""
    alpha, sigma = diffusion.marginal(process, t)
    return alpha * np.asarray(data) + sigma * np.asarray(noise)


def prediction(process, t, data, noise, kind):
    """The perfect prediction of a kind, from the data and the noise."""
    alpha, sigma = diffusion.marginal(process, t)
    if kind == "data":
        return np.array(data)
    if kind == "noise":
        return np.array(noise)
    if kind == "score":
        return -np.asarray(noise) / sigma
    if kind == "velocity":
        return alpha * np.asarray(noise) - sigma * np.asarray(data)
    if kind != "flow":
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
    f, g2 = diffusion.rates(process, t)
    return f * alpha * np.asarray(data) + (2 * f * sigma**2 + g2) / (2 * sigma) * np.asarray(noise)


def expected(law, process, x, t, kind):
    """E[prediction | X_t = x], by the posterior of the data given x."""
    alpha, sigma = diffusion.marginal(process, t)
    data, _ = bayes.tweedie(law, x, alpha, sigma)
    noise = (np.asarray(x) - alpha * data) / sigma
    return prediction(process, t, data, noise, kind)
