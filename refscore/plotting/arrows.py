"""Arrows of a field over the density of a law."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import as_array, as_count, as_like, as_positive, as_real
from refscore.plotting.figures import COLOURS, INK, drawable

_DENSITY = ("#ffffff", "#d3dae6", "#98a7c0")


def score_arrows(
    field: Callable, low, high, *, law=None, n: int = 19, limit: float | None = None,
    labels: Callable | None = None, ax=None,
):  # fmt: skip
    """Arrows of a score or any field of the plane, over the density of a law.

        drawn at x:  s(x),  or with a limit L on the length  s / √(1 + ‖s‖²/L²)

    Arguments: field, points (m, 2) -> (m, 2); low, high (2,), the corners; law with
    `log_density`, shaded relative to its highest value in view (it may be unnormalised); n
    arrows along x, as dense along y; labels, points (m, 2) -> whole numbers (m,), which
    colour the arrows. The longest arrow spans 1.6 cells; a row of NaN (outside a support)
    has none.
    Raises: ValueError for corners out of order, arrows not finite, a law without mass in view.
    Cost: about n² values of the field, 160² of the density.
    """
    low, high = as_array(low, "low", (2,)), as_array(high, "high", (2,))
    if not (low < high).all():
        raise ValueError(f"high must exceed low in both coordinates, got {low} and {high}")
    ax = drawable(ax)
    if law is not None:
        _shade(ax, law, low, high)
    cell = (high[0] - low[0]) / as_count(n, "n", minimum=2)
    rows = max(1, round((high[1] - low[1]) / cell))
    points = _lattice(low + cell / 2, high - cell / 2, (n, rows))
    arrows = as_real(field(points), "field(points)")
    if arrows.shape == points.shape:
        inside = ~np.isnan(arrows).all(axis=-1)
        points, arrows = points[inside], arrows[inside]
    arrows = as_like(arrows, "field(points)", points, "points")
    if limit is not None:
        size = np.linalg.norm(arrows, axis=-1, keepdims=True)
        arrows = arrows / np.hypot(1, size / as_positive(limit, "limit"))
    longest = np.linalg.norm(arrows, axis=-1).max(initial=0) or 1.0
    ax.quiver(
        *points.T, *arrows.T, color=_colours_of(labels, points), angles="xy", pivot="mid",
        scale_units="xy", scale=longest / (1.6 * cell), width=0.0038, headwidth=3.6,
        headlength=4.2, headaxislength=3.8, zorder=3,
    )  # fmt: skip
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    return ax


def _shade(ax, law, low, high) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    points = _lattice(low, high, (160, 160))
    logs = law.log_density(points)
    if not np.isfinite(logs.max()):
        raise ValueError(f"law must have a positive, finite density between {low} and {high}")
    x, y, shades = np.r_[points.T, [np.exp(logs - logs.max())]].reshape(3, 160, 160)
    colours = LinearSegmentedColormap.from_list("density", _DENSITY)
    ax.pcolormesh(x, y, shades, cmap=colours, shading="gouraud", vmin=0, vmax=1, zorder=0)
    levels = [level for level in (0.05, 0.2, 0.5, 0.8) if level > shades.min()]
    if levels:
        ax.contour(x, y, shades, levels=levels, colors="white", linewidths=0.7)


def _lattice(low, high, counts) -> np.ndarray:
    sides = [np.linspace(a, b, count) for a, b, count in zip(low, high, counts)]
    return np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)


def _colours_of(labels, points):
    if labels is None:
        return INK
    chosen = as_array(labels(points), "labels(points)", (len(points),)).astype(int)
    return [COLOURS[i % len(COLOURS)] for i in chosen]
