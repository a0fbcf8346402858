"""Radial kernels on tiles of pairs, and how the tiles are walked through.

A tile holds z = c₀ + c₁ q, q = ‖x_i − y_j‖²/h², of 320 points against 320: with the points
taken from the mean of the tile's rows one product of matrices gives it, to within 1e-13 of
1 + q while both lie within 32 h of that mean; farther out it comes from differences.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_positive
from refscore.discrepancies.samples import Sample, as_pair, as_sample

TILE = 320
_NEAR = 1024.0  # (32 h)²: 4 eps times this is 1e-12 of a unit, and what is wrong is random


class Gaussian:
    """φ(q) = e^{-q/2}; z = −q/2."""

    offset, slope, shift, factor = 0.0, -0.5, 0.0, 2.0
    size, by_products = 1.0, True

    def value(self, z: np.ndarray) -> np.ndarray:
        """φ, in the place of z."""
        return np.exp(z, out=z)

    def derivatives(self, z, k, p):
        """(φ, −2φ′, g), where −4φ″q − 2dφ′ = −2φ′ (d − shift + factor g)."""
        np.exp(z, out=k)
        return k, k, z


class InverseMultiquadric:
    """φ(q) = (1 + q)^-β; z = 1 + q."""

    offset, slope, by_products = 1.0, 1.0, True

    def __init__(self, exponent: float, bandwidth: float):
        self.beta = exponent
        self.shift = self.factor = 2 * (exponent + 1)
        with np.errstate(all="ignore"):
            self.size = float(np.float64(bandwidth) ** (-2 * exponent))

    def value(self, z: np.ndarray) -> np.ndarray:
        """φ, in the place of z."""
        if self.beta == 0.5:
            return np.sqrt(np.reciprocal(z, out=z), out=z)
        return np.power(z, -self.beta, out=z)

    def derivatives(self, z, k, p):
        """(φ, −2φ′, g), where −4φ″q − 2dφ′ = −2φ′ (d − shift + factor g)."""
        g = np.reciprocal(z, out=z)
        if self.beta == 0.5:
            np.multiply(np.sqrt(g, out=k), g, out=p)
        else:
            np.power(g, self.beta, out=k)
            np.multiply(k, g, out=p)
            p *= 2 * self.beta
        return k, p, g


def as_kernel(name, bandwidth: float, exponent):
    """The kernel of a name: "rbf" e^{-r²/2h²} or "imq" (h² + r²)^-β."""
    exponent = as_positive(exponent, "exponent")
    if not isinstance(name, str) or name not in ("rbf", "imq"):
        raise ValueError(f'kernel must be "rbf" or "imq", got {name!r}')
    return Gaussian() if name == "rbf" else InverseMultiquadric(exponent, bandwidth)


def as_bandwidth(value) -> float:
    """A bandwidth whose square is a float."""
    h = as_positive(value, "bandwidth")
    if not 1e-150 < h < 1e150:
        raise ValueError(f"bandwidth must lie between 1e-150 and 1e150, got {h:g}")
    return h


def median_bandwidth(x, y=None) -> float:
    """The median distance of two different points of x, or of x and y pooled.

        h = median of ‖z_i − z_j‖, i < j

    Of more than 1,000 points, 1,000 evenly spaced ones are taken: the answer needs no random
    numbers, and its memory (12 MB) does not grow. Weights play no part.
    x, y (..., n, d). Returns h > 0. Raises: ValueError naming the argument, and where half of
    all distances are 0. Cost: O(1000² d).
    Source: Gretton et al., A kernel two-sample test (2012), section 8, where h is the σ of
    exp(−r²/2σ²).
    Tested in: tests/discrepancies/test_mmd.py
    """
    samples = (as_sample(x, "x"),) if y is None else as_pair(x, y, None, None)
    return median_distance(*(s.points for s in samples))


def median_distance(*samples: np.ndarray) -> float:
    """The median distance of at most 1,000 evenly spaced rows of all."""
    from scipy.spatial.distance import pdist

    total = sum(map(len, samples))
    rows, before = np.linspace(0, total - 1, min(total, 1000)).round().astype(int), 0
    taken = []
    for points in samples:
        taken.append(points[rows[(rows >= before) & (rows < before + len(points))] - before])
        before += len(points)
    with np.errstate(all="ignore"):
        some = np.concatenate(taken)
        some = some - some[0]
        size = float(np.abs(some).max()) or 1.0
        h = size * float(np.median(pdist(some / size))) if len(rows) > 1 else 0.0
    if not 0 < h < np.inf:
        raise ValueError(
            "x and y must have a median distance that is positive and finite for a bandwidth"
            f" to follow from it, got {h}; give bandwidth"
        )
    return h


class Block:
    """Some rows of a sample from a point `origin`, in units of h, with their weights times n.

    `features` are [u; 1; ‖u‖²], one column a point: with `left` one product gives distances.
    """

    def __init__(self, sample: Sample, rows: slice, origin: np.ndarray | None, h: float):
        points = sample.points[rows]
        d = points.shape[1]
        self.features = np.empty((d + 2, len(points)))
        self.u, self.squares = self.features[:d], self.features[d + 1]
        self.origin = points.mean(axis=0) if origin is None else origin
        np.subtract(points.T, self.origin[:, None], out=self.u)
        self.u /= h
        self.features[d] = 1.0
        np.einsum("in,in->n", self.u, self.u, out=self.squares)
        self.reach = self.squares.max()
        if not self.reach < 1e300:
            raise ValueError(
                f"bandwidth must be above 1e-150 of the distances between points, got {h:g}"
            )
        self.points, self.h, self.rows, self.w = points, h, rows, sample.weight(rows)

    def __len__(self):
        return len(self.points)

    def left(self, kernel) -> np.ndarray:
        """[−2 c₁ u, c₁ ‖u‖² + c₀, c₁], one row a point."""
        c = kernel.slope
        last = c * self.squares + kernel.offset, np.full(len(self), c)
        return np.column_stack([-2 * c * self.u.T, *last])

    def gaps(self, other: Block, i: int) -> np.ndarray:
        """The differences of coordinate i in units of h, which no offset makes wrong."""
        return (self.points[:, i, None] - other.points[:, i]) * (1 / self.h)


def blocks(sample: Sample, h: float, origin=None, start: int = 0):
    """The blocks of a sample from row `start` on, around their own means without an origin."""
    for i in range(start, len(sample.points), TILE):
        yield Block(sample, slice(i, i + TILE), origin, h)


def is_near(a: Block, b: Block) -> bool:
    """Whether products of matrices keep the digits of the distances."""
    return a.reach + b.reach <= _NEAR


def corner(room: np.ndarray, a: Block, b: Block) -> np.ndarray:
    """A tile's own part of a workspace."""
    return room[: len(a) * len(b)].reshape(len(a), len(b))


def tile(kernel, left: np.ndarray, a: Block, b: Block, room: np.ndarray) -> np.ndarray:
    """z = c₀ + c₁ ‖u_i − v_j‖² of two blocks with one origin; left = a.left(kernel)."""
    z = corner(room, a, b)
    if kernel.by_products and is_near(a, b):
        return np.matmul(left, b.features, out=z)
    from scipy.spatial.distance import cdist

    whole = 2.0 ** np.round(np.log2(a.h))  # scaled by a power of two, no point is rounded
    cdist(a.points / whole, b.points / whole, "sqeuclidean", out=z)
    z *= kernel.slope * (whole / a.h) ** 2
    z += kernel.offset
    return z
