"""The standard normal seen through a window [b, b + w]: mass, moments, exact draws.

Windows are mirrored so that |b| ≤ b + w, and lengths are measured from r = max(b, 0), the
point of the window where the density peaks.
"""

from __future__ import annotations

import math

import numpy as np

N_NODES, CUT = 64, 80.0  # quadrature nodes; tails are cut at e^{−CUT/2} of the peak


def moments(b, w):
    """M = ∫ e^{(r² − t²)/2} dt over the window, m = E[T] − r and v = Var[T], T in the window.

    b, w arrays of one shape, w and −b may be inf; returns (r, M, m, v), each of that shape.
    Gauss-Legendre on the part of the window within e^{−40} of the peak: positive terms
    only, so neither far tails (b = 1e150) nor narrow windows (w = 1e-12) lose digits; about
    1e-13 relative. Cost 64 exponentials a value.
    """
    r = np.maximum(b, 0.0)
    reach = CUT / (r + np.hypot(r, math.sqrt(CUT)))
    left = np.maximum(np.minimum(b, 0.0), -40.0)
    low = np.maximum(left, -reach)
    half = 0.5 * (np.minimum(left + w, reach) - low)
    mass, first, second = (np.zeros_like(half) for _ in range(3))
    for node, weight in zip(*np.polynomial.legendre.leggauss(N_NODES)):
        t = low + half * (1 + node)
        f = weight * np.exp(-t * (r + 0.5 * t))
        mass += f
        first += f * t
        second += f * t * t
    m = first / mass
    return r, half * mass, m, second / mass - m * m


def draw(b, w, rng):
    """Exact draws of T − r, one for each entry of b and w (arrays of one shape).

    Rejection: from the exponential tangent at b (a uniform for b < 0) if b ≥ 1 or w ≤ 1,
    else from the normal itself; every acceptance probability exceeds 0.13.
    """
    draws = np.empty(b.size)
    pending, b, w = np.arange(b.size), b.ravel(), w.ravel()
    while pending.size:
        t, log_accept = _propose(b[pending], w[pending], rng)
        accepted = -rng.standard_exponential(pending.size) <= log_accept
        draws[pending[accepted]] = t[accepted]
        pending = pending[~accepted]
    return draws


def _propose(b, w, rng):
    """Proposals for T − r, and the logarithm of the probability of accepting each."""
    r, left = np.maximum(b, 0.0), np.minimum(b, 0.0)
    u, z = rng.random(b.size), rng.standard_normal(b.size)
    tangent = (b >= 1) | (w <= 1)
    with np.errstate(all="ignore"):
        curved = -np.log1p(u * np.expm1(-r * w)) / r
        t = left + np.where(r * w > 1e-14, curved, u * w)
        inside = (z >= b) & (z - np.maximum(b, -40.0) <= w)
        log_accept = np.where(tangent, -0.5 * t * t, np.where(inside, 0.0, -np.inf))
    return np.where(tangent, t, z - r), log_accept
