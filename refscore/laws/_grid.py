"""Grids for the transfer operator: how fine they must be, and that they are even."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_scalar

MOST = 8192  # points of a grid


def as_ends(low, high) -> tuple[float, float]:
    """Two numbers in order."""
    low, high = as_scalar(low, "low"), as_scalar(high, "high")
    if not low < high:
        raise ValueError(f"low must be below high, got {low:g} and {high:g}")
    return low, high


def as_grid(grid) -> np.ndarray:
    """An increasing, equally spaced grid (n,)."""
    grid = as_array(grid, "grid", (None,))
    gaps = np.diff(grid)
    if len(grid) < 2 or not (gaps > 0).all() or np.ptp(gaps) > 1e-8 * gaps.max():
        raise ValueError("grid must be increasing and equally spaced, two points at least")
    if len(grid) > MOST:
        raise ValueError(f"grid must have at most {MOST} points, got {len(grid)}")
    return grid.copy()


def slopes(score, x) -> np.ndarray:
    """s(x) (n,), checked."""
    return as_array(score(x[:, None].copy()), "score(x)", (len(x), 1))[:, 0]


def require_fine(grid, score, eta: float) -> None:
    """√η over the spacing must be at least 2, and 1.5 seen through the steepest drift.

    The trapezoid rule then errs by about 1e-9, measured on mixtures."""
    low, high, spacing = grid[0], grid[-1], grid[1] - grid[0]
    steep = _steepest(score, eta, low, high)
    widest = eta**0.5 / max(2.0, 1.5 * steep)
    if spacing > widest * (1 + 1e-9):
        raise ValueError(
            "grid must have a spacing of at most sqrt(step_size) / max(2, 1.5 max|m'|) ="
            f" {widest:.6g}, m(x) the mean of a step from x and max|m'| = {steep:.4g};"
            f" got {spacing:.6g}, take {int(np.ceil((high - low) / widest)) + 1} points or more"
            " or a narrower grid"
        )


def chain_grid(levels, low: float, high: float) -> np.ndarray:
    """Three points for a standard deviation of each kernel, 2 seen through the steepest drift.

    The trapezoid rule then errs by less than e^{-2π² 2²}, and by what the score's nearest
    complex pole allows."""
    widths = [  # the next level's kernel acts on this grid too
        eta**0.5 / max(3.0, 2.0 * _steepest(score, eta, low, high)) for score, eta in levels
    ]
    count = (high - low) / min(widths) + 2
    if not count <= MOST:
        raise ValueError(
            f"low, high and step_size must allow a grid of at most {MOST} points, got {count:.3g}"
        )
    return np.linspace(low, high, int(np.ceil(count)))


def _steepest(score, eta: float, low: float, high: float) -> float:
    """max |m'|, m = x + (η/2) s(x), where m stays in the interval: else the mass is lost anyway."""
    x = np.linspace(low, high, 4001)
    m = x + 0.5 * eta * slopes(score, x)
    middle = (m[1:] + m[:-1]) / 2
    inside = (low <= middle) & (middle <= high)
    return float(np.abs(np.diff(m) / np.diff(x))[inside].max(initial=0.0))
