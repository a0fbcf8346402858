"""The standard normal restricted to an interval: mass, mean and variance by quadrature.

Every integrand is positive and centred at its mode, so nothing cancels in the far tails, for
narrow intervals or for wide ones.
"""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace

import numpy as np

from ._exact import LOG_2PI, extended


def interval(lower, width, upper):
    """Moments of z ~ N(0, 1) given lower <= z <= upper.

    All three are given because in a far tail upper - lower is not the width. Ends may be
    infinite. Returns .log_mass = log(Phi(upper) - Phi(lower)), .mean, .variance, .mode and
    .integral with log_mass = -mode^2/2 - log(2 pi)/2 + log integral."""
    lower, width, upper = np.broadcast_arrays(*(extended(1) * a for a in (lower, width, upper)))
    mode = np.where(lower >= 0, lower, np.where(upper <= 0, upper, extended(0)))
    reach = 120 / (abs(mode) + np.sqrt(mode * mode + 120))  # |mode| t + t^2/2 = 60 there
    below = np.where(lower >= 0, 0, np.where(upper <= 0, width, -lower))
    above = np.where(lower >= 0, width, np.where(upper <= 0, 0, upper))
    start, stop = -np.minimum(below, reach), np.minimum(above, reach)
    t, weight = panels(start, stop)
    density = np.exp(-mode[..., None] * t - t * t / 2) * weight
    integral = density.sum(-1)
    shift = (density * t).sum(-1) / integral
    variance = (density * np.square(t - shift[..., None])).sum(-1) / integral
    log_mass = np.log(integral) - mode * mode / 2 - LOG_2PI / 2
    names = {"mean": mode + shift, "variance": variance, "mode": mode, "integral": integral}
    return SimpleNamespace(log_mass=log_mass, **names)


@lru_cache
def legendre(order):
    """Gauss-Legendre nodes and weights on [-1, 1], found once."""
    pair = np.polynomial.legendre.leggauss(order)
    for array in pair:
        array.flags.writeable = False
    return pair


def panels(start, stop, count=8, order=24):
    """Nodes and weights of composite Gauss-Legendre quadrature on [start, stop]."""
    start, stop = np.asarray(start, dtype=extended), np.asarray(stop, dtype=extended)
    node, weight = legendre(order)
    unit = ((np.arange(count)[:, None] + (node + 1) / 2) / count).ravel()
    length = (stop - start)[..., None]
    return start[..., None] + length * unit, length * np.tile(weight, count) / (2 * count)
