"""What chains leave: histograms of their points, ellipses of their laws, evidence on them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from refscore._arguments import as_array, as_count, as_covariance, as_positive, as_real, as_scalar
from refscore.plotting.figures import COLOURS, INK, drawable


def histogram(
    draws, low, high, *, n_bins: int = 60, name: str = "draws", colour: str = COLOURS[0],
    bars: float = 2.0, ax=None,
):  # fmt: skip
    """The share of draws in every bin over its width, to be held against a density.

        height: p̂/w,  p̂ = count/n,  w = (high − low)/n_bins;   bar: `bars` · √(p̂(1 − p̂)/n) / w

    Arguments: draws (n,), n counts those outside too; low < high; n_bins; name, for the legend;
    bars, in standard errors of independent draws.
    Raises: ValueError for other shapes, NaN, no draws, ends out of order.
    """
    draws = as_array(draws, "draws", (None,))
    low, high = as_scalar(low, "low"), as_scalar(high, "high")
    if not low < high:
        raise ValueError(f"high must exceed low, got {low:g} and {high:g}")
    if not draws.size:
        raise ValueError("draws must hold at least one number")
    edges = np.linspace(low, high, as_count(n_bins, "n_bins") + 1)
    shares, width = np.histogram(draws, edges)[0] / len(draws), edges[1] - edges[0]
    reach = as_positive(bars, "bars") * np.sqrt(shares * (1 - shares) / len(draws)) / width
    ax = drawable(ax)
    ax.stairs(shares / width, edges, fill=True, color=colour, alpha=0.3, label=name, zorder=1)
    middles = (edges[1:] + edges[:-1]) / 2
    ax.errorbar(middles, shares / width, yerr=reach, fmt="none", color=colour, elinewidth=0.9)
    ax.set_xlim(low, high)
    return ax


def ellipse(
    mean, covariance, *, radius: float = 1.0, name: str = "", colour: str = INK,
    dashed: bool = False, ax=None,
):  # fmt: skip
    """The points at a given distance from the mean of a law of the plane.

        {x : (x − m)ᵀ C⁻¹ (x − m) = r²},  drawn as m + r C^{1/2} (cos t, sin t)

    Arguments: mean m (2,); covariance C (2, 2), which may be singular; radius r > 0, of 1
    standard deviation unless given; name, for the legend.
    Raises: ValueError for other shapes, or a covariance that is none.
    """
    mean = as_array(mean, "mean", (2,))
    values, vectors = np.linalg.eigh(as_covariance(covariance, "covariance", 2, singular=True))
    t = np.linspace(0, 2 * np.pi, 201)
    circle = as_positive(radius, "radius") * np.stack([np.cos(t), np.sin(t)])
    x, y = mean[:, None] + vectors @ (np.sqrt(np.maximum(values, 0))[:, None] * circle)
    ax = drawable(ax)
    style = (0, (4, 2.5)) if dashed else "-"
    ax.plot(x, y, color=colour, linestyle=style, linewidth=1.7, label=name or None, zorder=2)
    ax.set_aspect("equal")
    return ax


def evidence_paths(paths: Mapping[str, Any], *, level: float = 1e-6, ax=None):
    """Evidence against laws as draws come in, beside the height at which it decides.

        log₁₀ E against the draws so far;  P(sup E >= 1/level) <= level if the law holds

    Arguments: paths, name -> (k, 2 or more), whose columns are the draws so far, positive, and
    log E, as `verify.evidence.Sequence.path` keeps them; level in (0, 1).
    Raises: ValueError for other shapes, NaN, infinite evidence, a level out of range.
    Source: Ville 1939.
    """
    level = as_positive(level, "level")
    if level >= 1:
        raise ValueError(f"level must be below 1, got {level:g}")
    ax = drawable(ax)
    for (name, path), colour in zip(paths.items(), COLOURS * len(paths)):
        rows = as_real(path, f"paths[{name!r}]")
        n, height = as_array(rows.T[:2].T, f"paths[{name!r}]", (None, 2)).T
        if not len(n) or n.min() <= 0:
            raise ValueError(f"paths[{name!r}] must have rows (draws, log E), draws positive")
        height = height / math.log(10)
        ax.plot(n, height, color=colour, linewidth=1.7, label=name, zorder=2)
        ax.plot(n[-1:], height[-1:], "o", color=colour, markersize=5, markeredgecolor="white")
    at = f"decides at level {level:g}"
    ax.axhline(-math.log10(level), color=INK, linestyle=(0, (4, 2.5)), linewidth=1.2, label=at)
    ax.set_xscale("log")
    return ax
