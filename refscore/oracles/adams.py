"""Multistep samplers with Adams-Bashforth weights, in the scaled coordinate of `exponential`."""

from __future__ import annotations

import numpy as np

from . import diffusion
from ._interval import legendre
from .exponential import _back, _scaled, heun, noise, ratio

PSEUDO = ((1,), (3, -1), (23, -16, 5), (55, -59, 37, -9))


def adams_bashforth(law, process, x, times, order, variable="sigma"):
    """Adams-Bashforth for y over rho, the polynomial in rho ("sigma") or in time."""
    past = []
    for t, s in zip(times[:-1], times[1:]):
        past = [*past, (t, noise(law, process, x, t))][-order:]
        node, weight = legendre(16)
        if variable == "time":
            at = t + (s - t) * (node + 1) / 2
            nodes = [u for u, _ in past]
            rate = np.array([_ratio_slope(process, u) for u in at]) * (s - t) / 2
        else:
            nodes, end = [ratio(process, u) for u, _ in past], ratio(process, s)
            at = nodes[-1] + (end - nodes[-1]) * (node + 1) / 2
            rate = np.full(len(at), (end - nodes[-1]) / 2)
        share = [weight @ (rate * _lagrange(nodes, j, at)) for j in range(len(nodes))]
        y = _scaled(process, x, t) + sum(c * m for c, (_, m) in zip(share, past))
        x = _back(process, y, s)
    return x


def plms(law, process, x, times):
    """Pseudo linear multistep: uniform weights on eps, a Heun step first."""
    past = []
    for t, s in zip(times[:-1], times[1:]):
        if not past:
            past, x = [noise(law, process, x, t)], heun(law, process, x, t, s)
            continue
        past = [*past, noise(law, process, x, t)][-4:]
        weights = PSEUDO[len(past) - 1]
        mean = sum(w * m for w, m in zip(weights, past[::-1])) / sum(weights)
        y = _scaled(process, x, t) + (ratio(process, s) - ratio(process, t)) * mean
        x = _back(process, y, s)
    return x


def _lagrange(nodes, j, at):
    """The polynomial that is 1 at nodes[j] and 0 at the others."""
    out = np.ones_like(at)
    for k, node in enumerate(nodes):
        if k != j:
            out = out * (at - node) / (nodes[j] - node)
    return out


def _ratio_slope(process, t):
    """d rho/dt = g^2 / (2 alpha sigma)."""
    alpha, sigma = diffusion.marginal(process, t)
    return diffusion.rates(process, t)[1] / (2 * alpha * sigma)
