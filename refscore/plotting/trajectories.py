"""Paths of points in time, and the densities they run through."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array
from refscore.plotting.figures import COLOURS, drawable


def density_map(times, x, densities, *, ax=None):
    """A density of the line over time, shaded: each time against its own highest value.

        darkness at (t, x):  p_t(x) / max_x p_t(x)

    Arguments: times (k,) in order; x (m,) in order; densities (k, m), at least 0, somewhere
    positive at every time.
    Raises: ValueError for other shapes, NaN, times or x out of order, a density below 0.
    """
    from matplotlib.colors import LinearSegmentedColormap

    times, x = (_ordered(a, n) for a, n in ((times, "times"), (x, "x")))
    densities = as_array(densities, "densities", (len(times), len(x)))
    tops = densities.max(axis=1, keepdims=True)
    if densities.min() < 0 or tops.min() <= 0:
        raise ValueError("densities must be at least 0, and positive somewhere at every time")
    ax = drawable(ax)
    colours = LinearSegmentedColormap.from_list("density", ("#ffffff", "#d3dae6", "#8797b5"))
    ax.pcolormesh(
        times, x, (densities / tops).T, cmap=colours, shading="gouraud", vmin=0, vmax=1, zorder=0
    )
    ax.set(xlim=(times[0], times[-1]), ylim=(x.min(), x.max()))
    return ax


def trajectories(times, paths, *, name: str = "paths", colour: str = COLOURS[0], ax=None):
    """Paths of points on the line, one thin line each, a dot where it ends.

    Arguments: times (k,); paths (k, n), n points at every time, as `diffusion.sample` with
    `trajectory` gives them for d = 1 less its last axis; name, for the legend.
    Raises: ValueError for other shapes, NaN, no point.
    """
    times = as_array(times, "times", (None,))
    paths = as_array(paths, "paths", (len(times), None))
    if not paths.size:
        raise ValueError("paths must hold at least one point at one time")
    ax = drawable(ax)
    for j, path in enumerate(paths.T):
        shown = None if j else name
        ax.plot(times, path, color=colour, linewidth=1.1, alpha=0.9, label=shown, zorder=2)
    ends = np.full(paths.shape[1], times[-1])
    ax.plot(ends, paths[-1], "o", color=colour, markersize=4, clip_on=False, zorder=3)
    return ax


def _ordered(values, name: str) -> np.ndarray:
    array = as_array(values, name, (None,))
    steps = np.diff(array)
    if len(array) < 2 or not ((steps > 0).all() or (steps < 0).all()):
        raise ValueError(f"{name} must be at least two numbers that rise, or that fall")
    return array
