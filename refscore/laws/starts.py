"""Laws that a one-dimensional chain starts from, as weighted points."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_count, as_offering, as_scalar
from refscore.laws._grid import as_ends
from refscore.nodes import Nodes


def uniform_start(low, high, n: int = 600) -> Nodes:
    """Gauss-Legendre points of the uniform law on (low, high), to start a chain from.

    Arguments: low < high; n >= 1, rounded down to a multiple of ten (at least ten): the number of
    points, in panels of ten, enough where the first step's standard deviation √η is above a
    fiftieth of the interval. Returns: Nodes. Raises: ValueError naming
    the argument. Cost: n.
    Checked by: chain_distribution
    """
    low, high = as_ends(low, high)
    panels = max(1, as_count(n, "n") // 10)
    x, w = np.polynomial.legendre.leggauss(10)
    edges = np.linspace(low, high, panels + 1)
    half = np.diff(edges)[:, None] / 2
    points = (edges[:-1, None] + half * (1 + x)).reshape(-1, 1)
    return Nodes(points, (half * w).ravel() / (high - low))


def point_start(x) -> Nodes:
    """The law of a chain that starts at the number x.

    Returns: Nodes. Raises: ValueError naming the argument.
    Tested in: tests/test_laws_transfer.py
    """
    return Nodes(np.full((1, 1), as_scalar(x, "x")), np.ones(1))


def weighted(start) -> tuple[np.ndarray, np.ndarray]:
    """(points (m,), weights (m,)) of nodes on the line, a sum within 1e-6 of one made one."""
    start = as_offering(start, "start", "points", "weights")
    points = as_array(start.points, "start.points", (None, 1))[:, 0]
    weights = as_array(start.weights, "start.weights", points.shape)
    total = weights.sum()
    if not abs(total - 1) < 1e-6:
        raise ValueError(f"start.weights must sum to 1, as a law's do, got a sum of {total:.12g}")
    return points, weights / total
