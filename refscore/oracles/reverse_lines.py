"""Samplers on data on the line: densities after steps on given noise, the flow by quantiles."""

from __future__ import annotations

import numpy as np

from . import diffusion
from .reverse import ancestral, ddim, euler, heun


def density_after(law, process, sampler, times, mean, covariance, points, width=14.0, n=1401):
    """The density at points (k,) of a sampler on data on the line, from N(mean, covariance).

    Noisy steps by the trapezoid rule on one grid, all of its kernel; without noise by the inverse
    of the whole map, by Newton's method from a table."""
    grid = np.linspace(-width, width, n)
    kernel, noisy = _line_step(law, process, sampler)

    def start(x):
        gap = x - float(np.ravel(mean)[0])
        v = float(np.ravel(covariance)[0])
        return np.exp(-gap * gap / (2 * v)) / np.sqrt(2 * np.pi * v)

    if not noisy:
        return _pulled_back(kernel, start, times, np.asarray(points, float), width)
    density = start(grid)
    for k, (t, s) in enumerate(zip(times[:-1], times[1:])):
        m, b = kernel(grid, t, s)
        at = grid if k < len(times) - 2 else np.asarray(points, float)
        gap = (at[:, None] - m) / b
        density = np.exp(-gap * gap / 2) @ density * (grid[1] - grid[0]) / (b * np.sqrt(2 * np.pi))
    return density


def _line_step(law, process, sampler):
    """(x, t, s) -> (mean, standard deviation) of a step on the line, and whether it has noise."""
    step = {
        "euler_maruyama": lambda x, t, s, z: euler(law, process, x, t, s, z),
        "flow_heun": lambda x, t, s, z: heun(law, process, x, t, s, z, 0.0),
        "flow_euler": lambda x, t, s, z: euler(law, process, x, t, s, z, 0.0),
        "ancestral_small": lambda x, t, s, z: ancestral(law, process, x, t, s, z),
        "ddim": lambda x, t, s, z: ddim(law, process, x, t, s, 0.0, z),
        "ddim_half": lambda x, t, s, z: ddim(law, process, x, t, s, 0.5, z),
    }[sampler]

    def kernel(x, t, s):
        mean = step(x[:, None], t, s, 0.0)[:, 0]
        return mean, float(step(x[:1, None], t, s, 1.0)[0, 0] - mean[0])

    return kernel, sampler not in ("flow_heun", "flow_euler", "ddim")


def _pulled_back(kernel, start, times, points, width):
    """rho(x)/F'(x) at F(x) = point, F increasing, its slope by differences of order 4."""

    def image(x):
        for t, s in zip(times[:-1], times[1:]):
            x = kernel(x, t, s)[0]
        return x

    grid = np.linspace(-width, width, 401)
    x, h = np.interp(points, image(grid), grid), 1e-3
    for _ in range(5):
        far, near, here, up, beyond = (image(x + k * h) for k in (-2, -1, 0, 1, 2))
        slope = (8 * (up - near) - (beyond - far)) / (12 * h)
        x = x + (points - here) / slope
    return start(x) / slope


def flow_on_line(law, process, x, t, s):
    """The probability flow on the line from t to s: it keeps quantiles. x: (n, 1)."""
    before, after = (diffusion.law_at(law, process, float(u)) for u in (t, s))
    level = _distribution(before, np.asarray(x)[:, 0])
    low, high = np.full(len(level), -40.0), np.full(len(level), 40.0)
    for _ in range(70):
        middle = (low + high) / 2
        above = _distribution(after, middle) > level
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return ((low + high) / 2)[:, None]


def _distribution(law, x):
    """P(X <= x) of a gaussian or mixture on the line."""
    from scipy.special import ndtr

    if law.kind == "gaussian":
        return ndtr((x - law.mean[0]) / np.sqrt(law.covariance[0, 0]))
    sd = np.sqrt(np.asarray(law.covariances)[:, 0, 0])
    return ndtr((x[:, None] - np.asarray(law.means)[:, 0]) / sd) @ np.asarray(law.weights)
